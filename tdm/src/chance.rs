//! Seeded chance: the same seed gives the same faults.

/// Bit errors at a given rate, from a seed, independent of one another.
///
/// The distance to the next error is drawn, not every bit: a clean line costs nothing.
#[derive(Clone, Debug)]
pub struct BitErrors {
    state: u64,
    rate: f64,
    /// Bits that still pass before the next error.
    distance: u64,
}

impl BitErrors {
    /// A line without errors until a rate is set.
    pub const fn new(seed: u64) -> Self {
        Self {
            state: seed,
            rate: 0.0,
            distance: u64::MAX,
        }
    }

    /// Errors per bit, 0.0..=1.0 (taken to the nearest of them when outside).
    pub const fn rate(&self) -> f64 {
        self.rate
    }

    /// Sets the errors per bit; a rate that stays the same disturbs nothing.
    #[expect(clippy::float_cmp, reason = "only the very same rate is no change")]
    pub fn set_rate(&mut self, rate: f64) {
        let rate = if rate.is_nan() {
            0.0
        } else {
            rate.clamp(0.0, 1.0)
        };
        if rate != self.rate {
            self.rate = rate;
            self.distance = self.draw();
        }
    }

    /// Puts errors into `octets` and returns how many.
    #[expect(
        clippy::indexing_slicing,
        reason = "the distance was compared with the bits there are"
    )]
    pub fn corrupt(&mut self, octets: &mut [u8]) -> u64 {
        if self.rate == 0.0 {
            return 0;
        }
        let bits = octets.len() as u64 * 8;
        let mut errors = 0;
        while self.distance < bits {
            octets[(self.distance / 8) as usize] ^= 0x80 >> (self.distance % 8);
            errors += 1;
            self.distance = self.distance.saturating_add(1).saturating_add(self.draw());
        }
        self.distance -= bits;
        errors
    }

    /// Bits without error before the next one: geometrically distributed.
    fn draw(&mut self) -> u64 {
        if self.rate == 0.0 {
            u64::MAX
        } else if self.rate == 1.0 {
            0
        } else {
            // A float too large for an integer is taken to the largest: no error in sight.
            ((1.0 - self.fraction()).ln() / (-self.rate).ln_1p()) as u64
        }
    }

    /// The next of a SplitMix64 sequence, in 0.0..1.0, never 1.0.
    fn fraction(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        (z >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_at_their_rate_and_from_the_seed() {
        let run = |seed| {
            let mut errors = BitErrors::new(seed);
            errors.set_rate(1e-3);
            let mut octets = vec![0; 125_000];
            let counted: u64 = octets
                .chunks_mut(77)
                .map(|chunk| errors.corrupt(chunk))
                .sum();
            assert_eq!(
                counted,
                octets
                    .iter()
                    .map(|octet| u64::from(octet.count_ones()))
                    .sum::<u64>()
            );
            octets
        };
        let octets = run(7);
        let errors: u32 = octets.iter().map(|octet| octet.count_ones()).sum();
        assert!(
            (850..1150).contains(&errors),
            "{errors} errors in a million bits at 1e-3"
        );
        assert_eq!(octets, run(7));
        assert_ne!(octets, run(8));
    }

    #[test]
    fn the_extremes_hold() {
        let mut octets = [0x5a; 16];
        let mut errors = BitErrors::new(1);
        assert_eq!(errors.corrupt(&mut octets), 0);
        errors.set_rate(7.0);
        assert_eq!(errors.corrupt(&mut octets), 128);
        assert_eq!(octets, [0xa5; 16]);
        errors.set_rate(f64::NAN);
        assert_eq!(errors.corrupt(&mut octets), 0);
    }
}
