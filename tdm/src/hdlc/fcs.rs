//! The 16 check bits of Q.703 §2.3.3.8: x^16 + x^12 + x^5 + 1, ones complement, least significant bit first.

/// What the register holds before the first octet.
pub(super) const START: u16 = 0xffff;
/// What the register holds after the last check octet of a correct signal unit.
pub(super) const GOOD: u16 = 0xf0b8;

static TABLE: [u16; 256] = table();

/// The register after one more octet.
#[inline]
#[expect(clippy::indexing_slicing, reason = "masked to an octet")]
pub(super) const fn update(register: u16, octet: u8) -> u16 {
    (register >> 8) ^ TABLE[((register ^ octet as u16) & 0xff) as usize]
}

/// The check octets of `octets` in the order they are sent.
pub(super) fn check(octets: &[u8]) -> [u8; 2] {
    (!octets
        .iter()
        .fold(START, |register, &octet| update(register, octet)))
    .to_le_bytes()
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn table() -> [u16; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let mut register = octet as u16;
        let mut bit = 0;
        while bit < 8 {
            register = if register & 1 == 1 {
                (register >> 1) ^ 0x8408
            } else {
                register >> 1
            };
            bit += 1;
        }
        table[octet] = register;
        octet += 1;
    }
    table
}
