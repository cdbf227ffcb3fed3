//! DTMF tones as samples.

use tdm::{Law, TICK_OCTETS};

use super::Digit;
use crate::level::Dbm0;
use crate::tone::{Oscillator, nearest};

/// Levels of the two groups.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Of the low group's tone.
    pub low: Dbm0,
    /// Of the high group's tone.
    pub high: Dbm0,
}

impl Default for Levels {
    /// -10 dBm0 each.
    fn default() -> Self {
        Self {
            low: Dbm0(-10.0),
            high: Dbm0(-10.0),
        }
    }
}

/// Samples of one digit, as long as they are asked for.
#[derive(Debug, Clone, Copy)]
pub struct Generator {
    low: Oscillator,
    high: Oscillator,
}

impl Generator {
    /// Both tones begin at a zero crossing.
    #[must_use]
    pub fn new(digit: Digit, levels: Levels, law: Law) -> Self {
        let (low, high) = digit.frequencies();
        Self {
            low: Oscillator::new(low, levels.low.peak(law)),
            high: Oscillator::new(high, levels.high.peak(law)),
        }
    }

    /// The next samples.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for samples in samples.chunks_mut(TICK_OCTETS) {
            let mut sums = [0.0; TICK_OCTETS];
            let sums = sums.get_mut(..samples.len()).unwrap_or_default();
            self.low.add_to(sums);
            self.high.add_to(sums);
            for (sample, &sum) in samples.iter_mut().zip(&*sums) {
                *sample = nearest(sum);
            }
        }
    }
}
