//! Finds the pattern in received octets, and judges them by it.

use serde::Serialize;

use super::step;
use crate::SAMPLE_RATE;

/// Octets that must match without an error before the checker believes it is in step.
const LOCK_OCTETS: u32 = 8;
/// Length of the windows in which the errors of a locked checker are judged.
const WINDOW_OCTETS: u32 = 64;
/// Bit errors in one window that mean the pattern was lost, not just disturbed: a quarter;
/// two unrelated patterns differ in half of the bits.
const LOSS_ERRORS: u32 = WINDOW_OCTETS * 8 / 4;

/// Octets after which the pattern begins again: eight whole periods.
const PERIOD: i32 = 32_767;
/// Bit errors of a second that make it severely errored: a ratio of 1 in 1,000 (G.821 clause 3).
const SEVERE_ERRORS: u64 = SAMPLE_RATE as u64 * 8 / 1_000;

/// What a checker has seen since it found the pattern for the first time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether the pattern is followed now.
    pub locked: bool,
    /// Times it was found: once when undisturbed.
    pub locks: u64,
    /// Octets compared.
    pub octets: u64,
    /// Wrong ones among them.
    pub bit_errors: u64,
    /// Octets with at least one wrong bit.
    pub octet_errors: u64,
    /// Times the pattern was lost.
    pub losses: u64,
    /// Times it was found again at another place: octets were lost or inserted on the way.
    pub slips: u64,
    /// Octets by which it was: positive were inserted, negative lost. Half a period, two seconds,
    /// is the most that can be told.
    pub slipped_octets: i64,
    /// Whole seconds of received octets, 8,000 each.
    pub seconds: u64,
    /// Those without a wrong bit in which the pattern was always followed.
    pub error_free_seconds: u64,
    /// Those with one wrong bit in 1,000 or more, or in which it was not followed.
    pub severely_errored_seconds: u64,
}

impl Report {
    /// Wrong bits in proportion to all; none when none were compared.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.octets > 0).then(|| self.bit_errors as f64 / self.bits() as f64)
    }

    /// Bits compared.
    #[must_use]
    pub fn bits(&self) -> u64 {
        self.octets * 8
    }
}

/// A second of received octets.
#[derive(Debug, Clone, Copy, Default)]
struct Second {
    octets: u32,
    errors: u64,
    lost: bool,
}

/// Checks received octets against the pattern. It finds the phase by itself, on octet
/// boundaries, and then runs freely, so that each bit error counts once.
#[derive(Debug, Clone, Default)]
pub struct Checker {
    register: u16,
    /// Where the pattern would be, had nothing slipped since it was last followed.
    running: u16,
    matched: u32,
    locked: bool,
    window: u32,
    window_errors: u32,
    window_errored: [u64; 2],
    locks: u64,
    octets: u64,
    bit_errors: u64,
    octet_errors: u64,
    losses: u64,
    slips: u64,
    slipped_octets: i64,
    second: Second,
    seconds: u64,
    error_free_seconds: u64,
    severely_errored_seconds: u64,
}

impl Checker {
    /// A checker that has not found the pattern yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes received octets.
    pub fn push(&mut self, octets: &[u8]) {
        for &octet in octets {
            let octet = !octet;
            let (register, expected) = step(self.register);
            if self.locked {
                self.register = register;
                self.count(octet ^ expected);
            } else {
                self.search(octet, expected);
            }
            self.pass();
        }
    }

    /// An octet more of the second.
    fn pass(&mut self) {
        if self.locks == 0 {
            return;
        }
        self.second.octets += 1;
        self.second.lost |= !self.locked;
        if self.second.octets == SAMPLE_RATE {
            let Second { errors, lost, .. } = std::mem::take(&mut self.second);
            self.seconds += 1;
            self.error_free_seconds += u64::from(errors == 0 && !lost);
            self.severely_errored_seconds += u64::from(lost || errors >= SEVERE_ERRORS);
        }
    }

    fn search(&mut self, octet: u8, expected: u8) {
        self.matched = if octet == expected {
            self.matched + 1
        } else {
            0
        };
        self.register = (self.register << 8 | u16::from(octet)) & 0x7FFF;
        self.running = step(self.running).0;
        if self.register == 0 {
            // An unbroken idle of ones fits the recursion and is not the pattern.
            self.matched = 0;
        }
        // Two octets fill the register before a match means anything.
        if self.matched >= LOCK_OCTETS {
            if self.locks > 0 {
                let slipped = self.slipped();
                self.slips += u64::from(slipped != 0);
                self.slipped_octets += i64::from(slipped);
            }
            self.locked = true;
            self.locks += 1;
            self.matched = 0;
            self.window = 0;
            self.window_errors = 0;
            self.window_errored = [0; 2];
        }
    }

    /// How many octets were inserted (lost, when negative) since the pattern was last followed.
    fn slipped(&self) -> i32 {
        let mut register = self.running;
        let lost = (0..PERIOD).find(|_| {
            let found = register == self.register;
            register = step(register).0;
            found
        });
        match lost {
            Some(lost) if lost <= PERIOD / 2 => -lost,
            Some(lost) => PERIOD - lost,
            None => 0,
        }
    }

    fn count(&mut self, difference: u8) {
        let errors = difference.count_ones();
        self.octets += 1;
        self.second.errors += u64::from(errors);
        self.bit_errors += u64::from(errors);
        self.octet_errors += u64::from(difference != 0);
        self.window_errored[0] += u64::from(errors);
        self.window_errored[1] += u64::from(difference != 0);
        self.window += 1;
        self.window_errors += errors;
        if self.window == WINDOW_OCTETS {
            if self.window_errors >= LOSS_ERRORS {
                // A slip: what this window counted was the pattern at another phase.
                self.bit_errors -= self.window_errored[0];
                self.octet_errors -= self.window_errored[1];
                self.octets -= u64::from(WINDOW_OCTETS);
                self.locked = false;
                self.losses += 1;
                self.running = self.register;
            }
            self.window = 0;
            self.window_errors = 0;
            self.window_errored = [0; 2];
        }
    }

    /// Whether the pattern is followed now.
    #[must_use]
    pub fn locked(&self) -> bool {
        self.locked
    }

    /// Times the pattern was found: 1 for an undisturbed run; each slip adds one.
    #[must_use]
    pub fn locks(&self) -> u64 {
        self.locks
    }

    /// All there is to say so far.
    #[must_use]
    pub fn report(&self) -> Report {
        Report {
            locked: self.locked,
            locks: self.locks,
            octets: self.octets,
            bit_errors: self.bit_errors,
            octet_errors: self.octet_errors,
            losses: self.losses,
            slips: self.slips,
            slipped_octets: self.slipped_octets,
            seconds: self.seconds,
            error_free_seconds: self.error_free_seconds,
            severely_errored_seconds: self.severely_errored_seconds,
        }
    }

    /// Octets checked while locked.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// Wrong bits among them.
    #[must_use]
    pub fn bit_errors(&self) -> u64 {
        self.bit_errors
    }

    /// Octets among them with at least one wrong bit.
    #[must_use]
    pub fn octet_errors(&self) -> u64 {
        self.octet_errors
    }
}
