//! The flags of V.21 channel 2, as T.30 begins every message with: for a second, 0x7E at
//! 300 bit/s, 1650 Hz for a one and 1850 Hz for a zero.
//!
//! From quarter block to quarter block the phase at the channel's middle turns a quarter
//! backwards for a one, forwards for a zero: a frequency discriminator. Flags make it a wave
//! that repeats every eight bits, three quarters of the time below: its mean and its first three
//! harmonics hold nearly all of its power, which no sound but flags brings about for long.

use std::f32::consts::TAU;
use std::sync::LazyLock;

use super::waves::{QUARTER, QUARTERS};
use crate::correlate::Complex;

/// Middle of the channel, in Hz.
pub(super) const CENTRE: f32 = 1_750.0;
/// Quarter blocks looked at together: 80 ms, three flags.
const WINDOW: usize = 32;
/// Flags in a window.
const FLAGS: usize = 3;
/// Quarter blocks from one look to the next.
const HOP: usize = 8;
/// Looks in a row that must see flags: with the window, 140 ms of them.
const CONFIRM: u8 = 4;
/// Least mean share of the energy near the channel's middle. The tones, 100 Hz off it, show 0.8
/// of theirs.
const SHARE: f32 = 0.6;
/// What is remembered of a quarter block is rounded to this: far less than what noise brings.
const STEP: f32 = 1.0 / 127.0;
/// Least part of the power in the mean and three harmonics.
const EXPLAINED: f32 = 0.75;

/// Cosines and sines of the three harmonics over a window.
static HARMONICS: LazyLock<[[(f32, f32); WINDOW]; 3]> = LazyLock::new(|| {
    let mut harmonics = [[(0.0, 0.0); WINDOW]; 3];
    for (number, harmonic) in (1..).zip(&mut harmonics) {
        for (n, wave) in harmonic.iter_mut().enumerate() {
            *wave = (TAU * (number * FLAGS * n) as f32 / WINDOW as f32).sin_cos();
        }
    }
    harmonics
});

/// The nearest number of steps, of what is above -1: without a call, as rounding would be.
fn steps(value: f32) -> i32 {
    (value * (1.0 / STEP) + 128.5) as i32 - 128
}

/// Looks for flags in one direction.
#[derive(Debug, Clone)]
pub(super) struct Flags {
    previous: Complex,
    /// Sums of the shares between looks, in steps of [`STEP`].
    shares: [u16; WINDOW / HOP],
    /// Sines of the turns of the last window, in steps; the oldest at `next`.
    turns: [i8; WINDOW],
    next: u8,
    looks: u8,
}

impl Flags {
    pub(super) fn new() -> Self {
        Self {
            previous: Complex::default(),
            shares: [0; WINDOW / HOP],
            turns: [0; WINDOW],
            next: 0,
            looks: 0,
        }
    }

    /// Takes a block's quarters: the sums at the channel's middle, by cosines and by sines, what
    /// brings each to the phase of the first, and their energies. Quarters of less than `min` hold
    /// none. Says, once, how many samples ago flags began.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "k is below the length of each")]
    pub(super) fn push(
        &mut self,
        [re, im]: [[f32; QUARTERS]; 2],
        turns: &[Complex; QUARTERS],
        energies: [f32; QUARTERS],
        min: f32,
    ) -> Option<u64> {
        let mut sums = [self.previous; QUARTERS + 1];
        for k in 0..QUARTERS {
            sums[k + 1] = Complex {
                re: re[k],
                im: im[k],
            }
            .times(turns[k]);
        }
        self.previous = sums[QUARTERS];
        let (mut sines, mut shares) = ([0.0; QUARTERS], [0.0; QUARTERS]);
        for k in 0..QUARTERS {
            let (before, now) = (sums[k], sums[k + 1]);
            let step = now.times(before.conjugate());
            let size = (now.power() * before.power()).sqrt();
            let sine = if size > 0.0 { step.im / size } else { 0.0 };
            // Where a block begins, the wave's phase begins anew, half a turn off.
            sines[k] = if k == 0 { -sine } else { sine };
            let share = now.power() / (10.0 * energies[k]);
            shares[k] = if energies[k] >= min { share } else { 0.0 };
        }
        let at = usize::from(self.next);
        if let Some(turns) = self
            .turns
            .as_chunks_mut::<QUARTERS>()
            .0
            .get_mut(at / QUARTERS)
        {
            *turns = sines.map(|sine| steps(sine) as i8);
        }
        let shares: i32 = shares.map(steps).iter().sum();
        if let Some(sum) = self.shares.get_mut(at / HOP) {
            let before = if at.is_multiple_of(HOP) { 0 } else { *sum };
            *sum = before + shares as u16;
        }
        let next = (at + QUARTERS) % WINDOW;
        self.next = next as u8;
        if next.is_multiple_of(HOP) {
            self.look()
        } else {
            None
        }
    }

    fn look(&mut self) -> Option<u64> {
        let shares: u32 = self.shares.iter().copied().map(u32::from).sum();
        if (shares as f32) * STEP < SHARE * WINDOW as f32 || !self.periodic() {
            self.looks = 0;
            return None;
        }
        // Once said, they are not said again.
        self.looks = (self.looks + 1).min(CONFIRM + 1);
        let looks = usize::from(CONFIRM) - 1;
        (self.looks == CONFIRM).then_some(((WINDOW + looks * HOP) * QUARTER) as u64)
    }

    /// Whether the window holds the wave of flags. Where it begins does not matter.
    fn periodic(&self) -> bool {
        let turns = self.turns.map(|turn| f32::from(turn) * STEP);
        let power: f32 = turns.iter().map(|t| t * t).sum();
        let mean = turns.iter().sum::<f32>() / WINDOW as f32;
        if power < 0.3 * WINDOW as f32 || !(-0.75..=-0.25).contains(&mean) {
            return false;
        }
        let mut explained = mean * mean * WINDOW as f32;
        let mut first = 0.0;
        for harmonic in HARMONICS.iter() {
            let (mut re, mut im) = (0.0, 0.0);
            for (turn, (sin, cos)) in turns.iter().zip(harmonic) {
                re += turn * cos;
                im += turn * sin;
            }
            let part = 2.0 * (re * re + im * im) / WINDOW as f32;
            if first == 0.0 {
                first = part;
            }
            explained += part;
        }
        explained >= EXPLAINED * power && first >= 0.25 * power
    }
}
