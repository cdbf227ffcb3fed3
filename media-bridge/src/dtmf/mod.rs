//! DTMF (Q.23, Q.24): the digits, their tones, and a detector for them.

mod detector;
mod generator;

pub use detector::{BLOCK, Detector, DetectorConfig, LOOK_BACK, Report};
pub use generator::{Generator, Levels};

use serde::{Deserialize, Serialize};

/// Frequencies of the low group, in Hz (Q.23).
pub const LOW_GROUP: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
/// Frequencies of the high group, in Hz (Q.23).
pub const HIGH_GROUP: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];

/// Shortest tone, and shortest pause, that receivers must recognise, in milliseconds (Q.24).
pub const MIN_MS: u32 = 40;
/// Length of a tone whose length nobody said, in milliseconds.
pub const DEFAULT_MS: u32 = 100;

/// One of the sixteen DTMF digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "char", into = "char")]
pub struct Digit(u8);

/// A character that is none of `0`-`9`, `*`, `#`, `A`-`D`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a DTMF digit; expected one of 0-9 * # A-D")]
pub struct NotADigit(pub char);

const CHARACTERS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#', 'A', 'B', 'C', 'D',
];
/// Event codes in the order of the keypad: four rows of the low group by four columns of the
/// high group.
const KEYPAD: [[u8; 4]; 4] = [[1, 2, 3, 12], [4, 5, 6, 13], [7, 8, 9, 14], [10, 0, 11, 15]];
/// (row, column) on the keypad by event code.
const PLACE: [(u8, u8); 16] = [
    (3, 1),
    (0, 0),
    (0, 1),
    (0, 2),
    (1, 0),
    (1, 1),
    (1, 2),
    (2, 0),
    (2, 1),
    (2, 2),
    (3, 0),
    (3, 2),
    (0, 3),
    (1, 3),
    (2, 3),
    (3, 3),
];

impl Digit {
    /// All sixteen, by event code.
    pub const ALL: [Self; 16] = {
        let mut all = [Self(0); 16];
        let mut code = 0;
        while code < 16 {
            #[expect(clippy::indexing_slicing, reason = "code < 16")]
            {
                all[code] = Self(code as u8);
            }
            code += 1;
        }
        all
    };

    /// The digit of an RFC 4733 event code (§3.2, table 3); `None` above 15.
    #[must_use]
    pub const fn from_event(code: u8) -> Option<Self> {
        if code < 16 { Some(Self(code)) } else { None }
    }

    /// Its RFC 4733 event code, 0 to 15.
    #[must_use]
    pub const fn event(self) -> u8 {
        self.0
    }

    /// The digit written `0`-`9`, `*`, `#`, `A`-`D` (or `a`-`d`).
    #[must_use]
    pub fn from_char(character: char) -> Option<Self> {
        let character = character.to_ascii_uppercase();
        let code = CHARACTERS.iter().position(|&c| c == character)?;
        Some(Self(code as u8))
    }

    /// How it is written.
    #[must_use]
    pub fn as_char(self) -> char {
        CHARACTERS.get(usize::from(self.0)).copied().unwrap_or('?')
    }

    /// Its two frequencies, low group first, in Hz.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "a code is below 16, a place below 4"
    )]
    pub fn frequencies(self) -> (f32, f32) {
        let (row, column) = PLACE[usize::from(self.0 & 15)];
        (LOW_GROUP[usize::from(row)], HIGH_GROUP[usize::from(column)])
    }

    /// The digit at a row (low group) and column (high group) of the keypad, each 0 to 3.
    #[must_use]
    pub(crate) fn at(row: usize, column: usize) -> Option<Self> {
        KEYPAD.get(row)?.get(column).copied().map(Self)
    }
}

impl std::fmt::Display for Digit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.as_char())
    }
}

impl TryFrom<char> for Digit {
    type Error = NotADigit;
    fn try_from(character: char) -> Result<Self, NotADigit> {
        Self::from_char(character).ok_or(NotADigit(character))
    }
}

impl From<Digit> for char {
    fn from(digit: Digit) -> Self {
        digit.as_char()
    }
}

#[cfg(test)]
mod tests;
