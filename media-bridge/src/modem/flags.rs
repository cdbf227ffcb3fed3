//! The flags of V.21 channel 2, as T.30 begins every message with: for a second, 0x7E at
//! 300 bit/s, 1650 Hz for a one and 1850 Hz for a zero.
//!
//! From quarter block to quarter block the phase at the channel's middle turns a quarter
//! backwards for a one, forwards for a zero: a frequency discriminator. Flags make it a wave
//! that repeats every eight bits, three quarters of the time below: its mean and its first three
//! harmonics hold nearly all of its power, which no sound but flags brings about for long.

use std::f32::consts::TAU;
use std::sync::LazyLock;

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
    min_energy: f32,
    previous: Complex,
    /// Sines of the turns, and shares, of the last window, in steps of [`STEP`]; the oldest at
    /// `next`.
    turns: [i8; WINDOW],
    shares: [u8; WINDOW],
    next: u8,
    looks: u8,
    said: bool,
}

impl Flags {
    /// Quarter blocks of less energy than `min_energy` hold none.
    pub(super) fn new(min_energy: f32) -> Self {
        Self {
            min_energy,
            previous: Complex::default(),
            turns: [0; WINDOW],
            shares: [0; WINDOW],
            next: 0,
            looks: 0,
            said: false,
        }
    }

    /// Takes a quarter block: the sum at the channel's middle, the energy, and whether it is the
    /// first of a block, where the wave's phase begins anew, half a turn off. Says, once, how many
    /// samples ago flags began.
    pub(super) fn push(&mut self, sum: Complex, energy: f32, first: bool) -> Option<u64> {
        let step = sum.times(self.previous.conjugate());
        let size = (sum.power() * self.previous.power()).sqrt();
        self.previous = sum;
        let mut turn = if size > 0.0 { step.im / size } else { 0.0 };
        if first {
            turn = -turn;
        }
        let share = if energy >= self.min_energy {
            sum.power() / (10.0 * energy)
        } else {
            0.0
        };
        let at = usize::from(self.next);
        if let (Some(t), Some(s)) = (self.turns.get_mut(at), self.shares.get_mut(at)) {
            (*t, *s) = (steps(turn) as i8, steps(share) as u8);
        }
        let next = (at + 1) % WINDOW;
        self.next = next as u8;
        if !next.is_multiple_of(HOP) {
            return None;
        }
        let shares: u32 = self.shares.iter().copied().map(u32::from).sum();
        let seen = shares as f32 * STEP >= SHARE * WINDOW as f32 && self.periodic();
        if !seen {
            (self.looks, self.said) = (0, false);
            return None;
        }
        self.looks += 1;
        if self.looks < CONFIRM || self.said {
            return None;
        }
        self.said = true;
        Some((WINDOW + (usize::from(CONFIRM) - 1) * HOP) as u64 * 20)
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
