//! A single tone from block to block, by its share of the energy and its phase.

use super::listener::BLOCK;
use crate::correlate::Complex;

/// Least share of a block's energy in the tone.
pub(super) const SHARE: f32 = 0.7;
/// Below that part of the least power a block is as good as silent.
pub(super) const NOTHING: f32 = 0.25;
/// Blocks without the tone that end it; a phase reversal spoils one or two.
pub(super) const RELEASE: u8 = 4;
/// Turns by which the phase may stray from its trend within a block.
const STEADY: f32 = 0.12;
/// Turns by which a reversal may miss half a turn.
const REVERSAL: f32 = 0.14;

/// What a block means for a tone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Step {
    /// Nothing of it, now or lately.
    Absent,
    /// A block without it, or out of phase; it may go on.
    Missed,
    /// It goes on, with this amplitude; `reversed` when its phase has jumped by half a turn.
    There { amplitude: f32, reversed: bool },
}

/// A tone as it runs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Track {
    /// Turns a block, against the nominal frequency.
    trend: f32,
    /// Blocks of the run, those missed included; 0 when there is none.
    pub(super) run: u16,
    /// Blocks since the one that it is compared with.
    gap: u8,
    missed: u8,
}

/// A turn between -1/2 and 1/2.
fn wrap(turns: f32) -> f32 {
    turns - turns.round()
}

/// Power that a block shows of a sine so many turns a block off the frequency looked at.
pub(super) fn transform(turns: f32) -> f32 {
    let half = std::f32::consts::PI * turns;
    if half.abs() < 1e-3 {
        1.0
    } else {
        (half.sin() / half).powi(2)
    }
}

impl Track {
    /// Takes a block's sum `now`, of those that hold `energy`; `previous` is the sum that it is
    /// compared with, and becomes the next block's.
    pub(super) fn take(
        &mut self,
        now: Complex,
        previous: &mut Complex,
        energy: f32,
        min: f32,
        deviation: f32,
    ) -> Step {
        let power = now.power();
        if power < min * NOTHING && self.run == 0 {
            *previous = Complex::default();
            return Step::Absent;
        }
        let share = 2.0 * power / (BLOCK as f32 * energy.max(1.0));
        let known = previous.power() > min / 16.0;
        let turned = if known {
            now.times(previous.conjugate()).turns()
        } else {
            0.0
        };
        self.gap = self.gap.saturating_add(1);
        if self.run == 0 {
            // The tone's first block shows its frequency, its second confirms it.
            let trend = if known { turned } else { 0.0 };
            let shown = transform(trend);
            let begins = share >= SHARE * shown && power >= min * shown && trend.abs() <= deviation;
            *previous = now;
            *self = Self {
                trend,
                run: u16::from(begins && known),
                gap: 0,
                missed: 0,
            };
            return if self.run == 1 {
                let amplitude = (power / shown).sqrt();
                Step::There {
                    amplitude,
                    reversed: false,
                }
            } else {
                Step::Absent
            };
        }
        self.run = self.run.saturating_add(1);
        let shown = transform(self.trend);
        let full = share >= SHARE * shown && power >= min * shown;
        if self.run == 2 {
            // The block in which it began shows too little of its deviation.
            self.trend = turned;
        }
        let stray = wrap(turned - self.trend * f32::from(self.gap));
        let steady = stray.abs() <= STEADY;
        let reversed = stray.abs() >= 0.5 - REVERSAL;
        if full && (steady || reversed) {
            if steady && self.gap == 1 {
                self.trend += stray / 4.0;
            }
            (*previous, self.gap, self.missed) = (now, 0, 0);
            if self.trend.abs() <= deviation {
                let amplitude = (power / shown).sqrt();
                return Step::There {
                    amplitude,
                    reversed,
                };
            }
        }
        if full {
            // Its phase has jumped, by a slip perhaps: it goes on from here.
            (*previous, self.gap) = (now, 0);
        }
        self.missed += 1;
        if self.missed < RELEASE {
            return Step::Missed;
        }
        *self = Self::default();
        *previous = Complex::default();
        Step::Absent
    }
}
