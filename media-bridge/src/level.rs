//! Levels in dBm0 on the scale of G.711: a sine of full scale is +3.14 dBm0 in A-law and
//! +3.17 dBm0 in mu-law, on the 16-bit samples of [`tdm::g711`].

use serde::{Deserialize, Serialize};
use tdm::Law;

/// Power at the zero level reference point, in dBm0. Silence is negative infinity.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Dbm0(pub f32);

impl std::fmt::Display for Dbm0 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} dBm0", self.0)
    }
}

/// Peak of a 0 dBm0 sine in 16-bit samples. A-law overloads at 32768, mu-law at 4 * 8159
/// (G.711, tables 1 and 2 scaled to 16 bits).
#[must_use]
#[expect(clippy::approx_constant, reason = "3.14 dB is G.711's figure, not pi")]
pub fn zero_level_peak(law: Law) -> f32 {
    match law {
        Law::ALaw => 32_768.0 * 10f32.powf(-3.14 / 20.0),
        Law::MuLaw => 32_636.0 * 10f32.powf(-3.17 / 20.0),
    }
}

impl Dbm0 {
    /// Peak of a sine of this level, in 16-bit samples.
    #[must_use]
    pub fn peak(self, law: Law) -> f32 {
        zero_level_peak(law) * 10f32.powf(self.0 / 20.0)
    }

    /// Mean square of a signal of this level, in squared 16-bit samples.
    #[must_use]
    pub fn mean_square(self, law: Law) -> f32 {
        let peak = self.peak(law);
        peak * peak / 2.0
    }

    /// Level of a signal by its mean square, in squared 16-bit samples.
    #[must_use]
    pub fn from_mean_square(mean_square: f64, law: Law) -> Self {
        let zero = f64::from(zero_level_peak(law));
        Self((10.0 * (mean_square * 2.0 / (zero * zero)).log10()) as f32)
    }

    /// Level of samples over their whole length; negative infinity when there are none.
    #[must_use]
    pub fn of(samples: &[i16], law: Law) -> Self {
        if samples.is_empty() {
            return Self(f32::NEG_INFINITY);
        }
        let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
        Self::from_mean_square(sum / samples.len() as f64, law)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digital milliwatt of G.711 (tables 5 and 6) is 0 dBm0 by definition.
    #[test]
    fn digital_milliwatt_is_zero_dbm0() {
        let alaw = [0x34, 0x21, 0x21, 0x34, 0xB4, 0xA1, 0xA1, 0xB4];
        let mulaw = [0x1E, 0x0B, 0x0B, 0x1E, 0x9E, 0x8B, 0x8B, 0x9E];
        for (law, octets) in [(Law::ALaw, alaw), (Law::MuLaw, mulaw)] {
            let samples = octets.map(|o| law.decode(o));
            let level = Dbm0::of(&samples, law);
            assert!(level.0.abs() < 0.01, "{law:?}: {level}");
        }
    }

    #[test]
    fn peak_and_mean_square_agree() {
        let level = Dbm0(-16.0);
        let back = Dbm0::from_mean_square(f64::from(level.mean_square(Law::ALaw)), Law::ALaw);
        assert!((back.0 - level.0).abs() < 0.001);
        assert_eq!(Dbm0::of(&[], Law::ALaw).0, f32::NEG_INFINITY);
    }
}
