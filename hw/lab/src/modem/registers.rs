//! The S-registers (V.250 clause 5.3.2 and common use).

/// So many registers there are.
const COUNT: usize = 40;

/// S-registers of a modem, one octet each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Registers([u8; COUNT]);

/// Rings before an automatic answer; 0 is never.
pub(super) const AUTOMATIC_ANSWER: usize = 0;
/// Rings so far; cleared when they end.
pub(super) const RINGS: usize = 1;
/// The escape character; above 127 there is none.
pub(super) const ESCAPE: usize = 2;
/// Ends a command line.
pub(super) const LINE_TERMINATION: usize = 3;
/// Is sent after the line termination in a result.
pub(super) const RESPONSE_FORMATTING: usize = 4;
/// Deletes the character before it.
pub(super) const LINE_EDITING: usize = 5;
/// Seconds until a carrier must be there.
pub(super) const WAIT_FOR_CARRIER: usize = 7;
/// Tenths of a second that the carrier may be away.
pub(super) const CARRIER_LOSS: usize = 10;
/// Fiftieths of a second of silence before and after the escape sequence.
pub(super) const GUARD_TIME: usize = 12;

/// Register, default, smallest, largest.
const TABLE: [(usize, u8, u8, u8); 12] = [
    (AUTOMATIC_ANSWER, 0, 0, 255),
    (RINGS, 0, 0, 255),
    (ESCAPE, b'+', 0, 255),
    (LINE_TERMINATION, b'\r', 0, 127),
    (RESPONSE_FORMATTING, b'\n', 0, 127),
    (LINE_EDITING, 8, 0, 127),
    // Blind dialling, pause of a comma: kept, for an exchange takes the number at once.
    (6, 2, 0, 255),
    (WAIT_FOR_CARRIER, 50, 1, 255),
    (8, 2, 0, 255),
    (9, 6, 0, 255),
    (CARRIER_LOSS, 14, 1, 255),
    (GUARD_TIME, 50, 0, 255),
];

impl Default for Registers {
    fn default() -> Self {
        let mut registers = [0; COUNT];
        for (index, default, ..) in TABLE {
            if let Some(register) = registers.get_mut(index) {
                *register = default;
            }
        }
        Self(registers)
    }
}

impl Registers {
    /// What a register holds; 0 for one that does not exist.
    #[must_use]
    pub(super) fn get(&self, index: usize) -> u8 {
        self.0.get(index).copied().unwrap_or(0)
    }

    /// Sets a register; false when there is none of this number or it cannot hold the value.
    pub(super) fn set(&mut self, index: usize, value: u8) -> bool {
        let allowed = TABLE
            .iter()
            .find(|(of, ..)| *of == index)
            .is_none_or(|(_, _, least, most)| (*least..=*most).contains(&value));
        match self.0.get_mut(index) {
            Some(register) if allowed => {
                *register = value;
                true
            }
            _ => false,
        }
    }

    /// Whether there is a register of this number.
    #[must_use]
    pub(super) const fn exists(index: usize) -> bool {
        index < COUNT
    }
}
