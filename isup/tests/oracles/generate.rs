//! Valid messages from a seed.

use isup::{
    Message, MessageType, ParameterCode, Variant,
    message::{MessageRow, rows},
};

use crate::content;

/// A message on its way between two signalling points.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Generated {
    pub(crate) message: Message,
    pub(crate) cic: u16,
    pub(crate) opc: u32,
    pub(crate) dpc: u32,
    pub(crate) sls: u8,
}

/// `SplitMix64` by Steele, Lea and Flood: small, and the same everywhere.
pub(crate) struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number in 0 to `most`.
    pub(crate) fn up_to(&mut self, most: u32) -> u32 {
        (self.next() % (u64::from(most) + 1)) as u32
    }

    pub(crate) fn octet(&mut self) -> u8 {
        self.next() as u8
    }

    pub(crate) fn octets(&mut self, least: u32, most: u32) -> Vec<u8> {
        let length = least + self.up_to(most - least);
        (0..length).map(|_| self.octet()).collect()
    }

    pub(crate) fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.up_to(of.len() as u32 - 1) as usize]
    }
}

/// `each` messages of every type of the variant.
pub(crate) fn of_every_type(variant: Variant, each: usize, seed: u64) -> Vec<Generated> {
    let mut seeded = Seeded(seed);
    let mut all = Vec::new();
    for row in rows(variant) {
        for _ in 0..each {
            let message = message(variant, row, &mut seeded);
            let (cics, points) = match variant {
                Variant::Itu => (0x0FFF, 0x3FFF),
                Variant::Ansi => (0x3FFF, 0xFF_FFFF),
            };
            let cic = seeded.up_to(cics) as u16;
            all.push(Generated {
                message,
                cic,
                opc: seeded.up_to(points),
                dpc: seeded.up_to(points),
                sls: (cic & 0xF) as u8,
            });
        }
    }
    all
}

fn message(variant: Variant, row: &MessageRow, seeded: &mut Seeded) -> Message {
    if row.message == MessageType::Pam {
        let inner = Message::new_variant(MessageType::Fot, variant);
        return Message::pass_along(&inner);
    }
    let mut message = Message::new_variant(row.message, variant);
    let mandatory = row.fixed.iter().map(|&(code, _)| code);
    for code in mandatory.chain(row.variable.iter().copied()) {
        let content = content::of(code, row.message, seeded);
        message.set_content(code, &content).unwrap();
    }
    let Some(optional) = row.optional.filter(|optional| !optional.is_empty()) else {
        return message;
    };
    for _ in 0..seeded.up_to(7) {
        let code = ParameterCode(seeded.one_of(optional));
        if message.content(code).is_none() {
            let content = content::of(code, row.message, seeded);
            message.push_content(code, &content).unwrap();
        }
    }
    message
}
