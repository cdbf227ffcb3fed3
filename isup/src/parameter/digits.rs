//! Address signals (Q.763 §3.9 e, §3.10 g): digits in half octets, the first in the lower half.

use core::{fmt, str::FromStr};

use super::ParameterCode;
use crate::error::DecodeError;

/// Most address signals that [`Digits`] holds.
pub const MOST_DIGITS: usize = 32;

/// The address signal ST, end of pulsing: the number is complete (Q.763 §3.9).
pub const ST: u8 = 0xF;

/// Up to [`MOST_DIGITS`] address signals: 0 to 9, code 11 (`B`), code 12 (`C`), ST (`F`) and the
/// spare codes `A`, `D`, `E`.
///
/// Text and [`Display`](fmt::Display) write one hexadecimal figure for each signal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digits {
    signals: [u8; MOST_DIGITS],
    length: u8,
}

impl Digits {
    /// No signals.
    pub const EMPTY: Self = Self {
        signals: [0; MOST_DIGITS],
        length: 0,
    };

    /// The signals, each in an octet of its own, 0 to 15.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        self.signals.get(..self.len()).unwrap_or_default()
    }

    /// How many signals there are, ST included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.length as usize
    }

    /// Whether there is no signal.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Whether the count is odd, so that the last octet has a filler (Q.763 §3.9 a).
    #[must_use]
    pub const fn is_odd(&self) -> bool {
        self.length % 2 == 1
    }

    /// Whether the last signal is ST: no more digits will come.
    #[must_use]
    pub fn ends_with_st(&self) -> bool {
        self.as_slice().last() == Some(&ST)
    }

    /// The signals without an ST at the end.
    #[must_use]
    pub fn without_st(mut self) -> Self {
        if self.ends_with_st() {
            self.pop();
        }
        self
    }

    /// Appends a signal (its low four bits).
    ///
    /// # Errors
    /// [`DigitsError::TooMany`] when [`MOST_DIGITS`] are there already.
    pub fn push(&mut self, signal: u8) -> Result<(), DigitsError> {
        let place = self
            .signals
            .get_mut(usize::from(self.length))
            .ok_or(DigitsError::TooMany)?;
        *place = signal & 0xF;
        self.length += 1;
        Ok(())
    }

    /// Removes and returns the last signal.
    pub fn pop(&mut self) -> Option<u8> {
        let last = *self.as_slice().last()?;
        self.length -= 1;
        // Equality looks at the whole array: no signal stays behind.
        if let Some(place) = self.signals.get_mut(usize::from(self.length)) {
            *place = 0;
        }
        Some(last)
    }

    /// Appends signals, as a subsequent address message does (Q.764 §2.1.2).
    ///
    /// # Errors
    /// [`DigitsError::TooMany`] when not all fit; those that fit are there.
    pub fn append(&mut self, more: &Self) -> Result<(), DigitsError> {
        more.as_slice()
            .iter()
            .try_for_each(|&signal| self.push(signal))
    }

    /// The signals in half octets, with the filler left out when `odd`.
    pub(crate) fn unpack(octets: &[u8], odd: bool) -> Result<Self, DigitsError> {
        let mut digits = Self::EMPTY;
        let halves = octets.iter().flat_map(|octet| [octet & 0xF, octet >> 4]);
        let filler = usize::from(odd && !octets.is_empty());
        for signal in halves.take((octets.len() * 2).saturating_sub(filler)) {
            digits.push(signal)?;
        }
        Ok(digits)
    }

    /// The address signals of a parameter from octet `from` of its content on.
    pub(crate) fn read(
        parameter: ParameterCode,
        content: &[u8],
        from: usize,
        odd: bool,
    ) -> Result<Self, DecodeError> {
        let octets = content.get(from..).unwrap_or_default();
        Self::unpack(octets, odd).map_err(|_| DecodeError::Length {
            parameter,
            offset: from,
            found: octets.len(),
            expected: "at most 16 octets of address signals",
        })
    }

    /// Appends the half octets, the filler 0 last when the count is odd.
    pub(crate) fn pack(&self, to: &mut Vec<u8>) {
        for pair in self.as_slice().chunks(2) {
            let low = pair.first().copied().unwrap_or_default();
            let high = pair.get(1).copied().unwrap_or_default();
            to.push(low | high << 4);
        }
    }

    /// The figures, the last `hidden` of them as `*`; an ST at the end is shown and not counted.
    #[must_use]
    pub fn masked(&self, hidden: usize) -> String {
        let shown = self.without_st().len().saturating_sub(hidden);
        let masked = shown..self.without_st().len();
        let figure = |(place, &signal): (usize, &u8)| {
            if masked.contains(&place) {
                '*'
            } else {
                figure(signal)
            }
        };
        self.as_slice().iter().enumerate().map(figure).collect()
    }
}

impl Default for Digits {
    fn default() -> Self {
        Self::EMPTY
    }
}

fn figure(signal: u8) -> char {
    char::from_digit(u32::from(signal), 16)
        .unwrap_or('?')
        .to_ascii_uppercase()
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice()
            .iter()
            .try_for_each(|&signal| fmt::Write::write_char(f, figure(signal)))
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Why text is not a row of address signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DigitsError {
    /// More than [`MOST_DIGITS`] signals.
    #[error("more than {MOST_DIGITS} digits")]
    TooMany,
    /// A character that is no address signal.
    #[error("{0:?} is no address signal, expected 0-9 or A-F")]
    NoSignal(char),
}

impl FromStr for Digits {
    type Err = DigitsError;

    fn from_str(text: &str) -> Result<Self, DigitsError> {
        let mut digits = Self::EMPTY;
        for character in text.chars() {
            let signal = character
                .to_digit(16)
                .ok_or(DigitsError::NoSignal(character))?;
            digits.push(signal as u8)?;
        }
        Ok(digits)
    }
}
