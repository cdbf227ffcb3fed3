//! Finding a check tone: on for 30 ms, off for 20 ms.

use std::sync::LazyLock;

use tdm::Law;

use super::CheckTone;
use crate::SAMPLE_RATE;
use crate::correlate::{Block, Complex, Sums, Waves};
use crate::level::Dbm0;

/// Samples judged together: 10 ms.
const BLOCK: usize = 80;
const QUADS: usize = BLOCK / 4;
/// Q.724 asks to accept from -18 dBm0 and to refuse below -22 dBm0.
const THRESHOLD: Dbm0 = Dbm0(-20.0);
/// Least share of a block's energy in the tone.
const SHARE: f32 = 0.7;
/// A tone of so many samples, less what rounding and noise take, is recognised (Q.724: 30 to
/// 60 ms).
const RECOGNISED: f32 = 232.0;
/// Blocks without the tone that end it.
const RELEASE: u32 = 2;

/// The two frequencies correlated with: a check tone, and the return tone.
const CENTRES: [f32; 2] = [2_000.0, 1_780.0];

static WAVES: LazyLock<Waves<QUADS>> = LazyLock::new(|| Waves::new(&CENTRES));

/// What a detector says. Positions count samples since the first pushed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// The tone is there, for 30 ms at least.
    Recognised {
        /// Where it began, to within 8 ms.
        at: u64,
        /// Its level.
        level: Dbm0,
    },
    /// It is gone.
    Gone {
        /// Where it ended, to within 10 ms.
        at: u64,
    },
}

/// Listens for one tone of the continuity check. Takes samples in any portions, best of 80; each
/// 10 ms cost one correlation.
#[derive(Debug, Clone)]
pub struct Detector {
    law: Law,
    lane: usize,
    /// Of deviations from the centre, in turns a block.
    accepted: (f32, f32),
    /// How far the centre turns over a block, backwards.
    turn: Complex,
    min_power: f32,
    block: Block<BLOCK, QUADS>,
    position: u64,
    previous: Complex,
    /// Samples of it that the block before seemed to hold.
    before: f32,
    /// Samples of the tone so far, until it is recognised.
    found: f32,
    start: u64,
    missed: u32,
    present: bool,
}

impl Detector {
    /// Listens for `tone` in samples of `law`'s scale.
    #[must_use]
    pub fn new(tone: CheckTone, law: Law) -> Self {
        let lane = usize::from(tone == CheckTone::Return1780);
        let centre = CENTRES.get(lane).copied().unwrap_or_default();
        let blocks_a_second = SAMPLE_RATE as f32 / BLOCK as f32;
        let (least, greatest) = tone.accepted();
        let amplitude = THRESHOLD.peak(law) * BLOCK as f32 / 2.0;
        Self {
            law,
            lane,
            // Two hertz for rounding and noise.
            accepted: (
                (least - centre - 2.0) / blocks_a_second,
                (greatest - centre + 2.0) / blocks_a_second,
            ),
            turn: Complex::turn(f64::from(-centre / blocks_a_second)),
            min_power: amplitude * amplitude,
            block: Block::EMPTY,
            position: 0,
            previous: Complex::default(),
            before: 0.0,
            found: 0.0,
            start: 0,
            missed: 0,
            present: false,
        }
    }

    /// Whether the tone is recognised now.
    #[must_use]
    pub fn present(&self) -> bool {
        self.present
    }

    /// Takes samples; says what changed.
    pub fn push(&mut self, samples: &[i16], report: &mut dyn FnMut(Change)) {
        let mut rest = samples;
        let waves = LazyLock::force(&WAVES);
        while let Some(sums) = self.block.take(&mut rest, |sample| sample, waves) {
            self.position += BLOCK as u64;
            self.decide(&sums, report);
        }
    }

    fn decide(&mut self, sums: &Sums, report: &mut dyn FnMut(Change)) {
        let now = sums.bank.get(self.lane);
        let step = now.times(self.previous.conjugate()).times(self.turn);
        // Without enough of the tone in the block before there is no deviation to tell.
        let deviation = (self.previous.power() > self.min_power / 16.0).then(|| step.turns());
        self.previous = now;
        // A tone off the centre shows less in the sum: by the block's transform at that distance.
        let shown = transform(deviation.unwrap_or(0.0));
        let power = now.power() / (shown * shown);
        let share = (2.0 * power / (BLOCK as f32 * sums.energy.max(1.0))).min(1.0);
        let (least, greatest) = self.accepted;
        let on_frequency = deviation.is_none_or(|d| d >= least && d <= greatest);
        let filled = share * BLOCK as f32;
        let matched = on_frequency && share >= SHARE && power >= self.min_power * share;
        let begins = self.position - BLOCK as u64;
        match (matched, self.present) {
            (true, true) => self.missed = 0,
            (true, false) => {
                if self.found == 0.0 {
                    // It began in the block before, which may not have matched.
                    self.found = self.before;
                    self.start = self.position.saturating_sub((filled + self.before) as u64);
                }
                self.found += filled;
                if self.found >= RECOGNISED {
                    self.present = true;
                    self.missed = 0;
                    let mean = power * 4.0 / (BLOCK * BLOCK) as f32 / 2.0;
                    let level = Dbm0::from_mean_square(f64::from(mean), self.law);
                    report(Change::Recognised {
                        at: self.start,
                        level,
                    });
                }
            }
            (false, true) => {
                self.missed += 1;
                if self.missed == RELEASE {
                    self.present = false;
                    self.found = 0.0;
                    let at = begins - BLOCK as u64 * u64::from(RELEASE - 1);
                    report(Change::Gone { at });
                }
            }
            (false, false) => self.found = 0.0,
        }
        self.before = filled;
    }
}

/// Amplitude that a block shows of a sine so many turns a block off the frequency looked at.
fn transform(turns: f32) -> f32 {
    let half = std::f32::consts::PI * turns;
    if half.abs() < 1e-3 {
        1.0
    } else {
        (half.sin() / half).abs().max(0.5)
    }
}
