//! Levels in dBm0 on the scale of G.711: a sine of full scale is +3.14 dBm0 in A-law and
//! +3.17 dBm0 in mu-law, on the 16-bit samples of [`tdm::g711`].

use serde::{Deserialize, Serialize};
use tdm::{Law, TICK_OCTETS};

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

/// Ticks quieter than this are pauses.
pub const PAUSE: Dbm0 = Dbm0(-50.0);
/// One tick of so many is looked at: 10 ms in each 160 say what a call's level is, and cost a
/// sixteenth.
const EVERY: u8 = 16;

/// Which ticks meters look at.
#[derive(Clone, Copy, Debug)]
pub struct Looks {
    /// Ticks until the next.
    wait: u8,
}

impl Looks {
    /// With another `phase`, other meters look at other ticks.
    #[must_use]
    pub const fn new(phase: u8) -> Self {
        Self {
            wait: phase % EVERY,
        }
    }

    /// Whether to look at this tick, one in sixteen.
    pub const fn due(&mut self) -> bool {
        let due = self.wait == 0;
        self.wait = if due { EVERY } else { self.wait } - 1;
        due
    }
}

/// A level meter for one direction of a timeslot: the level of what is said, pauses left out.
#[derive(Clone, Copy, Debug)]
pub struct Meter {
    law: Law,
    /// Sum of squares of a tick that is no pause.
    least: u64,
    /// Sum of squares of the ticks that were no pauses, and their number.
    sum: u64,
    ticks: u32,
}

impl Meter {
    /// A meter that has heard nothing.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self {
            law,
            least: (PAUSE.mean_square(law) * TICK_OCTETS as f32) as u64,
            sum: 0,
            ticks: 0,
        }
    }

    /// Takes a tick of octets of its law.
    pub fn push(&mut self, octets: &[u8; TICK_OCTETS]) {
        let squares = octets.iter().map(|&octet| {
            let sample = i32::from(self.law.decode(octet));
            u64::from((sample * sample).unsigned_abs())
        });
        let sum: u64 = squares.sum();
        if sum >= self.least {
            self.sum += sum;
            self.ticks += 1;
        }
    }

    /// The level of what was no pause; none when all was.
    #[must_use]
    pub fn level(&self) -> Option<Dbm0> {
        let samples = f64::from(self.ticks) * TICK_OCTETS as f64;
        (self.ticks > 0).then(|| Dbm0::from_mean_square(self.sum as f64 / samples, self.law))
    }

    /// [`Self::level`] in tenths of a dB, for counters.
    #[must_use]
    pub fn tenths(&self) -> Option<i16> {
        self.level().map(|level| (level.0 * 10.0).round() as i16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second of a sine of 1 kHz at this level, as octets.
    fn sine(level: Dbm0, law: Law) -> Vec<[u8; TICK_OCTETS]> {
        let octet = |n: usize| {
            let phase = n as f32 / 8.0 * std::f32::consts::TAU + 0.3;
            law.encode((level.peak(law) * phase.sin()) as i16)
        };
        (0..100)
            .map(|tick| core::array::from_fn(|n| octet(tick * TICK_OCTETS + n)))
            .collect()
    }

    #[test]
    fn the_meter_reads_the_level_of_what_is_said() {
        for law in [Law::ALaw, Law::MuLaw] {
            for level in [-3.0, -16.0, -30.0, -45.0] {
                let mut meter = Meter::new(law);
                let silence = [law.idle(); TICK_OCTETS];
                for tick in sine(Dbm0(level), law) {
                    meter.push(&tick);
                }
                // Pauses change nothing, however long.
                for _ in 0..1_000 {
                    meter.push(&silence);
                }
                let read = meter.level().unwrap();
                assert!(
                    (read.0 - level).abs() < 0.5,
                    "{law:?}: {level} reads {read}"
                );
                assert_eq!(meter.tenths(), Some((read.0 * 10.0).round() as i16));
            }
        }
    }

    #[test]
    fn a_meter_that_heard_pauses_alone_reads_nothing() {
        let mut meter = Meter::new(Law::ALaw);
        assert_eq!(meter.tenths(), None);
        for tick in sine(Dbm0(-56.0), Law::ALaw) {
            meter.push(&tick);
        }
        assert_eq!(meter.level(), None);
    }

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
