//! White noise of a level, from a seed: for comfort noise and for tests.

use tdm::Law;

use crate::level::Dbm0;

/// An endless source of noise whose samples are nearly normally distributed: each is the sum of
/// four uniform ones (largest value 3.5 times the root mean square).
#[derive(Debug, Clone)]
pub struct Noise {
    state: u64,
    scale: f32,
}

/// Variance of the sum of four numbers uniform over 2^16 values.
const VARIANCE: f32 = 4.0 * 65_536.0 * 65_536.0 / 12.0;

impl Noise {
    /// Noise of `level` on `law`'s scale. The same seed gives the same noise.
    #[must_use]
    pub fn new(seed: u64, level: Dbm0, law: Law) -> Self {
        let mut noise = Self {
            // The register must not be empty, and near seeds must not begin alike.
            state: (seed ^ 0x9E37_79B9_7F4A_7C15).wrapping_mul(0xBF58_476D_1CE4_E5B9) | 1,
            scale: 0.0,
        };
        noise.set_level(level, law);
        noise
    }

    /// Goes on at another level.
    pub fn set_level(&mut self, level: Dbm0, law: Law) {
        self.scale = (level.mean_square(law) / VARIANCE).sqrt();
    }

    /// The next 64 random bits (xorshift, Marsaglia).
    fn next_bits(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    /// The next sample, not rounded.
    pub fn next_value(&mut self) -> f32 {
        let bits = self.next_bits();
        let part = |shift: u32| i32::from((bits >> shift) as i16);
        // The mean of a part is -1/2.
        (part(0) + part(16) + part(32) + part(48) + 2) as f32 * self.scale
    }

    /// The next sample.
    pub fn next_sample(&mut self) -> i16 {
        self.next_value().round() as i16
    }

    /// The next samples.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            *sample = self.next_value() as i16;
        }
    }

    /// A number from 0 to 1.
    pub fn chance(&mut self) -> f32 {
        (self.next_bits() >> 40) as f32 / (1u64 << 24) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_is_as_asked_and_seeds_differ() {
        for (seed, level) in [(0, -10.0), (1, -30.0), (2, -50.0)] {
            let mut samples = vec![0; 80_000];
            let mut noise = Noise::new(seed, Dbm0(level), Law::ALaw);
            samples.fill_with(|| noise.next_sample());
            let measured = Dbm0::of(&samples, Law::ALaw);
            assert!((measured.0 - level).abs() < 0.2, "{measured} for {level}");
            let mean = samples.iter().map(|&s| f64::from(s)).sum::<f64>() / 80_000.0;
            assert!(mean.abs() < 30.0, "{mean}");
        }
        let first = |seed| Noise::new(seed, Dbm0(-10.0), Law::ALaw).next_sample();
        assert_ne!(first(1), first(2));
        assert_eq!(first(3), first(3));
    }
}
