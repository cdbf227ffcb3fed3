//! The pseudo-random pattern 2^15 - 1 of O.150 clause 5.3: a fifteen-stage shift register whose
//! 14th and 15th stages are added modulo two and fed back, the output inverted. Bits fill octets
//! from the most significant on, the order of a timeslot (G.704).

/// Adds eight bits to the register; returns it and the eight bits, not yet inverted.
const fn step(mut register: u16) -> (u16, u8) {
    let mut octet = 0;
    let mut bit = 0;
    while bit < 8 {
        let next = ((register >> 13) ^ (register >> 14)) & 1;
        register = ((register << 1) | next) & 0x7FFF;
        octet = octet << 1 | next as u8;
        bit += 1;
    }
    (register, octet)
}

/// Endless source of the pattern.
#[derive(Debug, Clone)]
pub struct Source {
    register: u16,
}

impl Default for Source {
    fn default() -> Self {
        Self { register: 0x7FFF }
    }
}

impl Source {
    /// Starts with all stages set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Fills `octets` with the next of the pattern.
    pub fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            *octet = self.next_octet();
        }
    }

    /// The next eight bits.
    pub fn next_octet(&mut self) -> u8 {
        let (register, octet) = step(self.register);
        self.register = register;
        !octet
    }
}

/// Octets that must match without an error before the checker believes it is in step.
const LOCK_OCTETS: u32 = 8;
/// Length of the windows in which the errors of a locked checker are judged.
const WINDOW_OCTETS: u32 = 64;
/// Bit errors in one window that mean the pattern was lost, not just disturbed: a quarter;
/// two unrelated patterns differ in half of the bits.
const LOSS_ERRORS: u32 = WINDOW_OCTETS * 8 / 4;

/// Checks received octets against the pattern. It finds the phase by itself, on octet
/// boundaries, and then runs freely, so that each bit error counts once.
#[derive(Debug, Clone, Default)]
pub struct Checker {
    register: u16,
    matched: u32,
    locked: bool,
    window: u32,
    window_errors: u32,
    window_errored: [u64; 2],
    locks: u64,
    octets: u64,
    bit_errors: u64,
    octet_errors: u64,
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
        }
    }

    fn search(&mut self, octet: u8, expected: u8) {
        self.matched = if octet == expected {
            self.matched + 1
        } else {
            0
        };
        self.register = (self.register << 8 | u16::from(octet)) & 0x7FFF;
        if self.register == 0 {
            // An unbroken idle of ones fits the recursion and is not the pattern.
            self.matched = 0;
        }
        // Two octets fill the register before a match means anything.
        if self.matched >= LOCK_OCTETS {
            self.locked = true;
            self.locks += 1;
            self.matched = 0;
            self.window = 0;
            self.window_errors = 0;
            self.window_errored = [0; 2];
        }
    }

    fn count(&mut self, difference: u8) {
        let errors = difference.count_ones();
        self.octets += 1;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn period_and_longest_runs_are_those_of_o150() {
        let mut source = Source::new();
        let mut octets = vec![0; 32_767 * 2];
        source.fill(&mut octets);
        assert_eq!(
            octets[..32_767],
            octets[32_767..],
            "2^15 - 1 octets are 8 whole periods"
        );
        let bits: Vec<u8> = octets
            .iter()
            .flat_map(|o| (0..8).rev().map(move |b| o >> b & 1))
            .collect();
        let run = |value| bits.split(|&b| b != value).map(<[u8]>::len).max().unwrap();
        // Inverted: the longest run of zeros is 15, of ones 14.
        assert_eq!(run(0), 15);
        assert_eq!(run(1), 14);
        assert_eq!(bits[..32_767].iter().filter(|&&b| b == 1).count(), 16_383);
    }

    #[test]
    fn clean_pattern_locks_once_without_errors() {
        let mut octets = vec![0; 80_000];
        Source::new().fill(&mut octets);
        let mut checker = Checker::new();
        checker.push(&[0xD5; 100]);
        checker.push(&octets);
        assert!(checker.locked());
        assert_eq!((checker.locks(), checker.bit_errors()), (1, 0));
        assert!(checker.octets() >= 80_000 - 16);
    }

    #[test]
    fn errors_are_counted_bit_by_bit_and_a_slip_is_a_new_lock() {
        let mut octets = vec![0; 20_000];
        Source::new().fill(&mut octets);
        octets[1_000] ^= 0x81;
        octets[2_000] ^= 0x01;
        octets.remove(10_000);
        let mut checker = Checker::new();
        checker.push(&octets);
        // The window in which the slip falls is discarded: it adds nothing.
        assert_eq!((checker.bit_errors(), checker.octet_errors()), (3, 2));
        assert_eq!(checker.locks(), 2);
    }

    #[test]
    fn idle_never_locks() {
        for idle in [0x00, 0xFF, 0xD5, 0x54, 0x7F] {
            let mut checker = Checker::new();
            checker.push(&[idle; 5_000]);
            assert!(!checker.locked(), "{idle:#04X}");
        }
    }
}
