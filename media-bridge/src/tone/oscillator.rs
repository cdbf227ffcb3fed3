//! A sine by phase accumulator: exact in frequency for ever, continuous in phase from tick to
//! tick, and without a table.

use crate::SAMPLE_RATE;
use crate::vector::add_sine;

/// One sine.
#[derive(Debug, Clone, Copy)]
pub struct Oscillator {
    phase: u32,
    step: u32,
    peak: f32,
}

impl Oscillator {
    /// A sine of `frequency` Hz (0 to 4000) and `peak` in 16-bit samples, from phase zero.
    #[must_use]
    pub fn new(frequency: f32, peak: f32) -> Self {
        let turns = f64::from(frequency) / f64::from(SAMPLE_RATE);
        Self {
            phase: 0,
            step: (turns * 4_294_967_296.0).round() as u32,
            peak,
        }
    }

    /// Takes over the phase of another: its frequency may differ.
    #[must_use]
    pub fn continuing(self, other: Self) -> Self {
        Self {
            phase: other.phase,
            ..self
        }
    }

    /// Adds the next samples to `sums`, all at once: nothing waits for the sample before it.
    pub fn add_to(&mut self, sums: &mut [f32]) {
        add_sine(sums, self.phase, self.step, self.peak);
        let count = sums.len() as u32;
        self.phase = self.phase.wrapping_add(self.step.wrapping_mul(count));
    }

    /// The next sample, in 16-bit units but not yet rounded.
    pub fn next_sample(&mut self) -> f32 {
        let value = sine(self.phase) * self.peak;
        self.phase = self.phase.wrapping_add(self.step);
        value
    }
}

/// Nearest sample to a value, within their range.
pub(crate) fn nearest(value: f32) -> i16 {
    (value + 0.5f32.copysign(value)) as i16
}

/// Sine of a phase in units of 2^-32 turns, to within 4e-6: the odd Taylor polynomial of degree
/// nine on a quarter turn.
#[inline(always)]
pub(crate) fn sine(phase: u32) -> f32 {
    // Signed turns in [-1/2, 1/2), folded to a quarter turn either side of zero, where the sine
    // takes every value it has.
    let turns = phase as i32;
    let folded = if turns.wrapping_add(0x4000_0000) < 0 {
        0x8000_0000u32.wrapping_sub(phase) as i32
    } else {
        turns
    };
    let x = folded as f32 * (std::f32::consts::PI / 2_147_483_648.0);
    let s = x * x;
    x * (1.0 + s * (-1.0 / 6.0 + s * (1.0 / 120.0 + s * (-1.0 / 5_040.0 + s * (1.0 / 362_880.0)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sine_is_the_sine() {
        for n in 0..=65_535u32 {
            let phase = n << 16;
            let exact = (f64::from(phase) / 4_294_967_296.0 * std::f64::consts::TAU).sin();
            assert!((f64::from(sine(phase)) - exact).abs() < 5e-6, "{phase:#X}");
        }
    }

    #[test]
    fn a_minute_later_the_phase_still_fits() {
        let mut oscillator = Oscillator::new(425.0, 1.0);
        for _ in 0..480_000 {
            oscillator.next_sample();
        }
        // 425 Hz for 60 s is a whole number of turns; the step is rounded to 2^-33 turns.
        let off = i64::from(oscillator.phase as i32).abs() as f64 / 4_294_967_296.0;
        assert!(off < 480_000.0 / 8_589_934_592.0 + 1e-9, "{off}");
    }
}
