//! The blocks that all signals share, and single tones by share of energy and phase.

use std::sync::LazyLock;

use tdm::Law;

use super::Signal;
use super::answer::Answer;
use super::flags::{self, Flags};
use crate::SAMPLES_PER_MS;
use crate::correlate::{Bank, Block, Complex, Sums, Waves};
use crate::level::Dbm0;

/// Samples of a block: 10 ms, in which a tone's share and phase are taken.
const BLOCK: usize = QUARTERS * QUARTER;
const QUARTERS: usize = 4;
/// Samples of a quarter block: 2.5 ms, fine enough for the bits of V.21.
const QUARTER: usize = 20;
const QUADS: usize = QUARTER / 4;
/// T.30 and V.25 have receivers respond down to -43 dBm0.
const THRESHOLD: Dbm0 = Dbm0(-43.0);
/// Least share of a block's energy in the tone.
const SHARE: f32 = 0.7;
/// Blocks without the tone that end it; a phase reversal spoils one or two.
const RELEASE: u8 = 4;
/// Turns by which the phase may stray from its trend within a block.
const STEADY: f32 = 0.12;
/// Turns by which a reversal may miss half a turn.
const REVERSAL: f32 = 0.14;

/// The frequencies looked at: single tones, then the middle of V.21's channel 2.
const FREQUENCIES: [f32; 5] = [1_100.0, 1_300.0, 2_100.0, 2_225.0, flags::CENTRE];

struct Table {
    /// Waves over a quarter block.
    waves: Waves<QUADS>,
    /// What brings each quarter's sums to the phase of the first.
    turns: [Bank; QUARTERS],
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    waves: Waves::new(&FREQUENCIES),
    turns: std::array::from_fn(|quarter| Bank::turn(&FREQUENCIES, quarter * QUARTER)),
});

/// A single tone: which, how far off in turns a block, how long until it is believed.
struct Kind {
    signal: Signal,
    frequency: f32,
    deviation: f32,
    ms: u32,
}

/// In the order of [`FREQUENCIES`]. CNG may be 38 Hz off (T.30), the others 15 Hz and as much
/// again for the network. ANS waits for six turns of the modulation that would make it ANSam.
const KINDS: [Kind; 4] = [
    Kind {
        signal: Signal::Cng,
        frequency: 1_100.0,
        deviation: 0.40,
        ms: 350,
    },
    Kind {
        signal: Signal::CallingTone,
        frequency: 1_300.0,
        deviation: 0.30,
        ms: 400,
    },
    Kind {
        signal: Signal::Ans,
        frequency: 2_100.0,
        deviation: 0.30,
        ms: 400,
    },
    Kind {
        signal: Signal::BellAnswer,
        frequency: 2_225.0,
        deviation: 0.30,
        ms: 400,
    },
];
const ANSWER: usize = 2;

/// What the detector says. Positions count samples since the first pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// A signal is there, or is more than it was said to be.
    Heard {
        /// Which.
        signal: Signal,
        /// Where it began, to within 10 ms (flags: to within 100 ms).
        at: u64,
    },
    /// A tone is over. Flags end unsaid: what follows them is the message.
    Ended {
        /// Which, by its fullest name.
        signal: Signal,
        /// How long it was in samples, to within 40 ms.
        samples: u32,
    },
}

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
struct Track {
    previous: Complex,
    /// Blocks since `previous`.
    gap: u8,
    /// Turns a block, against the nominal frequency.
    trend: f32,
    /// Blocks of the run, those missed included; 0 when there is none.
    run: u32,
    missed: u8,
}

/// A turn between -1/2 and 1/2.
fn wrap(turns: f32) -> f32 {
    turns - turns.round()
}

/// Power that a block shows of a sine so many turns a block off the frequency looked at.
fn transform(turns: f32) -> f32 {
    let half = std::f32::consts::PI * turns;
    if half.abs() < 1e-3 {
        1.0
    } else {
        (half.sin() / half).powi(2)
    }
}

impl Track {
    fn take(&mut self, now: Complex, energy: f32, min: f32, deviation: f32) -> Step {
        let power = now.power();
        if power < min / 4.0 && self.run == 0 {
            *self = Self::default();
            return Step::Absent;
        }
        let share = 2.0 * power / (BLOCK as f32 * energy.max(1.0));
        let known = self.previous.power() > min / 16.0;
        let turned = if known {
            now.times(self.previous.conjugate()).turns()
        } else {
            0.0
        };
        self.gap = self.gap.saturating_add(1);
        if self.run == 0 {
            // The tone's first block shows its frequency, its second confirms it.
            let trend = if known { turned } else { 0.0 };
            let shown = transform(trend);
            let begins = share >= SHARE * shown && power >= min * shown && trend.abs() <= deviation;
            *self = Self {
                previous: now,
                gap: 0,
                trend,
                run: u32::from(begins && known),
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
        self.run += 1;
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
            (self.previous, self.gap, self.missed) = (now, 0, 0);
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
            (self.previous, self.gap) = (now, 0);
        }
        self.missed += 1;
        if self.missed < RELEASE {
            return Step::Missed;
        }
        *self = Self::default();
        Step::Absent
    }
}

/// Listens to one direction of a line. Takes samples in any portions, best of 80.
#[derive(Debug, Clone)]
pub struct Detector {
    min_power: f32,
    /// The quarter block under way.
    under_way: Block<QUARTER, QUADS>,
    quarter: u8,
    /// Of the quarters before it.
    block: Sums,
    position: u64,
    tracks: [Track; KINDS.len()],
    /// What each track was said to be, and where it began.
    said: [Option<(Signal, u64)>; KINDS.len()],
    answer: Answer,
    flags: Flags,
}

impl Detector {
    /// For samples of `law`'s scale.
    #[must_use]
    pub fn new(law: Law) -> Self {
        let amplitude = THRESHOLD.peak(law) * BLOCK as f32 / 2.0;
        Self {
            min_power: amplitude * amplitude,
            under_way: Block::EMPTY,
            quarter: 0,
            block: Sums::default(),
            position: 0,
            tracks: [Track::default(); KINDS.len()],
            said: [None; KINDS.len()],
            answer: Answer::default(),
            flags: Flags::new(THRESHOLD.mean_square(law) * QUARTER as f32),
        }
    }

    /// Takes samples; says what was heard.
    pub fn push(&mut self, samples: &[i16], report: &mut dyn FnMut(Report)) {
        let table = LazyLock::force(&TABLE);
        let mut rest = samples;
        while let Some(sums) = self
            .under_way
            .take(&mut rest, |sample| sample, &table.waves)
        {
            self.quarter(&sums, &table.turns, report);
        }
    }

    fn quarter(&mut self, sums: &Sums, turns: &[Bank; QUARTERS], report: &mut dyn FnMut(Report)) {
        self.position += QUARTER as u64;
        let first = self.quarter == 0;
        let turn = turns.get(usize::from(self.quarter));
        let turned = Bank::default().plus_turned(&sums.bank, turn.unwrap_or(&Bank::default()));
        let middle = turned.get(KINDS.len());
        if let Some(before) = self.flags.push(middle, sums.energy, first) {
            let at = self.position.saturating_sub(before);
            report(Report::Heard {
                signal: Signal::V21Flags,
                at,
            });
        }
        self.block.bank.add(&turned);
        self.block.energy += sums.energy;
        self.quarter += 1;
        if usize::from(self.quarter) == QUARTERS {
            self.decide(report);
            (self.quarter, self.block) = (0, Sums::default());
        }
    }

    fn decide(&mut self, report: &mut dyn FnMut(Report)) {
        let tracks = self.tracks.iter_mut().zip(&mut self.said);
        for (k, ((track, said), kind)) in tracks.zip(&KINDS).enumerate() {
            // 2225 Hz makes 22.25 turns a block, the others whole ones.
            let now = self.block.bank.get(k);
            let quarter = kind.signal == Signal::BellAnswer;
            if quarter {
                // What was seen before turns along, and so stands still for the comparison.
                track.previous = Complex {
                    re: -track.previous.im,
                    im: track.previous.re,
                };
            }
            let step = track.take(now, self.block.energy, self.min_power, kind.deviation);
            if k == ANSWER {
                self.answer.take(step);
            }
            if step == Step::Absent {
                if let Some((signal, at)) = said.take() {
                    let samples = self.position.saturating_sub(at) as u32;
                    let pause = u32::from(RELEASE) * BLOCK as u32;
                    report(Report::Ended {
                        signal,
                        samples: samples.saturating_sub(pause),
                    });
                }
                continue;
            }
            let samples = track.run * BLOCK as u32;
            if samples < kind.ms * SAMPLES_PER_MS || !matches!(step, Step::There { .. }) {
                continue;
            }
            let signal = if k == ANSWER {
                self.answer.signal()
            } else {
                kind.signal
            };
            let at = said.map_or_else(
                || self.position.saturating_sub(u64::from(samples)),
                |(_, at)| at,
            );
            if said
                .replace((signal, at))
                .is_none_or(|(old, _)| old != signal)
            {
                report(Report::Heard { signal, at });
            }
        }
    }
}

const _: () = {
    // The table of kinds and the frequencies correlated with go together.
    let mut k = 0;
    while k < KINDS.len() {
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
        {
            assert!(KINDS[k].frequency == FREQUENCIES[k]);
        }
        k += 1;
    }
};
