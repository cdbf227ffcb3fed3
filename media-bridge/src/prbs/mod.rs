//! The pseudo-random pattern 2^15 - 1 of O.150 clause 5.3: a fifteen-stage shift register whose
//! 14th and 15th stages are added modulo two and fed back, the output inverted. Bits fill octets
//! from the most significant on, the order of a timeslot (G.704).
//!
//! [`Source`] makes it; [`Checker`] finds it in what comes back, counts the wrong bits, and tells
//! slips and lost seconds of the rest.

mod checker;

pub use checker::{Checker, Report};

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
    fn slips_are_told_with_their_octets() {
        for (at, insert, remove) in [(9_000, 0, 80), (9_000, 80, 0), (9_001, 0, 1), (9_000, 0, 0)] {
            let mut octets = vec![0; 40_000];
            Source::new().fill(&mut octets);
            octets.splice(at..at + remove, vec![0xD5; insert]);
            // Two tenths of a second of noise, octet for octet.
            octets[20_000..21_600].fill(0x2A);
            let mut checker = Checker::new();
            checker.push(&octets);
            let report = checker.report();
            let slipped = insert as i64 - remove as i64;
            let slips = u64::from(slipped != 0);
            assert_eq!((report.slips, report.slipped_octets), (slips, slipped));
            assert_eq!(report.losses, slips + 1);
            assert!(report.locked && report.bit_errors < 128, "{report:?}");
        }
    }

    #[test]
    fn seconds_are_free_of_errors_errored_and_severely_so() {
        let mut octets = vec![0; 8 * 8_000 + 100];
        Source::new().fill(&mut octets);
        octets[8_500] ^= 1;
        for octet in octets[24_500..].iter_mut().step_by(50).take(64) {
            *octet ^= 0x10;
        }
        // A slip, and a break.
        octets.remove(40_500);
        octets[56_500..57_500].fill(0xFF);
        let mut checker = Checker::new();
        checker.push(&octets);
        let report = checker.report();
        assert_eq!(report.seconds, 8);
        assert_eq!(report.error_free_seconds, 4);
        assert_eq!(report.severely_errored_seconds, 3);
        assert!(report.ratio().unwrap() > 0.0);
        assert_eq!(Checker::new().report().ratio(), None);
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
