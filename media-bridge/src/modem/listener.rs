//! What all signals share: the sums of a tick, and the tones' tracks.
//!
//! An ordinary tick holds none of the signals. It is seen by four comparisons, and costs no more than
//! the sums: no tone can begin in a block with so small a share of its energy, whatever the phase.

use std::sync::LazyLock;

use tdm::{Law, TICK_OCTETS};

use super::Signal;
use super::answer::Answer;
use super::detector::Report;
use super::flags::{self, Flags};
use super::track::{NOTHING, RELEASE, SHARE, Step, Track, transform};
use super::waves::{FREQUENCIES, QUARTER, QUARTERS, Waves};
use crate::SAMPLES_PER_MS;
use crate::correlate::{Complex, ENERGY_UNIT, UNIT};
use crate::level::Dbm0;
use crate::vector::g711::{Tick, decode};
use crate::vector::tick;

/// Samples of a block: 10 ms, in which a tone's share and phase are taken. Quarters of it, 2.5 ms,
/// are fine enough for the bits of V.21.
pub(super) const BLOCK: usize = TICK_OCTETS;
/// T.30 and V.25 have receivers respond down to -43 dBm0.
const THRESHOLD: Dbm0 = Dbm0(-43.0);
/// What is compared before the phase is known is this much below the least that counts: far more
/// than what rounding does.
const MARGIN: f32 = 0.99;

/// A single tone: which, how far off in turns a block, how long until it is believed.
struct Kind {
    signal: Signal,
    frequency: f32,
    deviation: f32,
    ms: u32,
}

/// CNG may be 38 Hz off (T.30), the others 15 Hz and as much again for the network. ANS waits for
/// six turns of the modulation that would make it ANSam.
const KINDS: [Kind; FREQUENCIES] = [
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

struct Table {
    waves: Waves,
    /// What brings each quarter's sum at the middle of V.21's channel to the phase of the first.
    turns: [Complex; QUARTERS],
    alaw: Limits,
    mulaw: Limits,
}

/// What counts on the scale of a law.
struct Limits {
    /// Least power of a tone that shows all of its own.
    power: f32,
    /// Least power of each tone in the block in which it begins, as far off as it may be.
    begins: [f32; FREQUENCIES],
    /// The same for a block's energy of 1.
    shares: [f32; FREQUENCIES],
    /// Least energy of a quarter that may hold flags.
    quarter: f32,
}

impl Limits {
    fn new(law: Law) -> Self {
        let amplitude = THRESHOLD.peak(law) * BLOCK as f32 / 2.0;
        let power = amplitude * amplitude;
        let shown = KINDS.map(|kind| MARGIN * transform(kind.deviation));
        Self {
            power,
            begins: shown.map(|shown| shown * power),
            shares: shown.map(|shown| shown * SHARE * BLOCK as f32 / 2.0),
            quarter: THRESHOLD.mean_square(law) * QUARTER as f32,
        }
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
    waves: Waves::new(&KINDS.map(|kind| kind.frequency), flags::CENTRE),
    turns: std::array::from_fn(|quarter| {
        let samples = (quarter * QUARTER) as f64;
        Complex::turn(-f64::from(flags::CENTRE) / f64::from(crate::SAMPLE_RATE) * samples)
    }),
    alaw: Limits::new(Law::ALaw),
    mulaw: Limits::new(Law::MuLaw),
});

/// Listens to one direction of a line, tick by tick.
#[derive(Debug, Clone)]
#[repr(C)]
pub(super) struct Listener {
    front: Front,
    /// What each track was said to be, and where it began.
    at: [u64; FREQUENCIES],
    said: [Option<Signal>; FREQUENCIES],
    answer: Answer,
}

/// What every tick touches: two cache lines.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct Front {
    position: u64,
    /// The sums that the next block's are compared with.
    previous: Sums,
    law: Law,
    tracks: [Track; FREQUENCIES],
    flags: Flags,
}

/// A sum for each tone.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    re: [f32; FREQUENCIES],
    im: [f32; FREQUENCIES],
}

impl Sums {
    fn get(&self, k: usize) -> Complex {
        Complex {
            re: self.re.get(k).copied().unwrap_or(0.0),
            im: self.im.get(k).copied().unwrap_or(0.0),
        }
    }

    fn set(&mut self, k: usize, sum: Complex) {
        if let (Some(re), Some(im)) = (self.re.get_mut(k), self.im.get_mut(k)) {
            (*re, *im) = (sum.re, sum.im);
        }
    }
}

impl Listener {
    /// For samples of `law`'s scale.
    pub(super) fn new(law: Law) -> Self {
        Self {
            front: Front {
                position: 0,
                previous: Sums::default(),
                law,
                tracks: [Track::default(); FREQUENCIES],
                flags: Flags::new(),
            },
            at: [0; FREQUENCIES],
            said: [None; FREQUENCIES],
            answer: Answer::default(),
        }
    }

    /// Takes a tick of G.711; says what was heard.
    pub(super) fn hear_octets(
        &mut self,
        octets: &[u8; TICK_OCTETS],
        report: &mut dyn FnMut(Report),
    ) {
        self.hear(&decode(self.front.law, octets), report);
    }

    /// Takes a tick of samples with 14 bits; says what was heard.
    pub(super) fn hear(&mut self, samples: &Tick, report: &mut dyn FnMut(Report)) {
        let table = LazyLock::force(&TABLE);
        let limits = match self.front.law {
            Law::ALaw => &table.alaw,
            Law::MuLaw => &table.mulaw,
        };
        let sums = tick::sums(samples, &table.waves);
        self.front.position += BLOCK as u64;
        let energies = sums.energy.map(|sum| sum as f32 * ENERGY_UNIT);
        let middle = sums.middle.map(|sums| sums.map(|sum| sum as f32 * UNIT));
        let flags = &mut self.front.flags;
        if let Some(before) = flags.push(middle, &table.turns, energies, limits.quarter) {
            report(Report::Heard {
                signal: Signal::V21Flags,
                at: self.front.position.saturating_sub(before),
            });
        }
        let [re, im] = sums.tones.map(|sums| sums.map(|sum| sum as f32 * UNIT));
        self.decide(&Sums { re, im }, energies.iter().sum(), limits, report);
    }

    #[expect(clippy::indexing_slicing, reason = "k is below the length of each")]
    fn decide(&mut self, now: &Sums, energy: f32, limits: &Limits, report: &mut dyn FnMut(Report)) {
        let mut ordinary = self.front.tracks.iter().all(|track| track.run == 0);
        let mut next = Sums::default();
        for k in 0..FREQUENCIES {
            let power = now.re[k] * now.re[k] + now.im[k] * now.im[k];
            let share = limits.shares[k] * energy.max(1.0);
            ordinary &= power < limits.begins[k] || power < share;
            let some = power >= limits.power * NOTHING;
            next.re[k] = if some { now.re[k] } else { 0.0 };
            next.im[k] = if some { now.im[k] } else { 0.0 };
        }
        if ordinary {
            self.front.previous = next;
        } else {
            self.follow(now, energy, limits.power, report);
        }
    }

    /// Takes a block in which a tone may begin, or while one runs.
    #[cold]
    fn follow(&mut self, now: &Sums, energy: f32, min: f32, report: &mut dyn FnMut(Report)) {
        let Front {
            position,
            previous: sums,
            tracks,
            ..
        } = &mut self.front;
        let said = self.said.iter_mut().zip(&mut self.at);
        let tracks = tracks.iter_mut().zip(said);
        for (k, ((track, (said, at)), kind)) in tracks.zip(&KINDS).enumerate() {
            let mut previous = sums.get(k);
            // 2225 Hz makes 22.25 turns a block, the others whole ones.
            if kind.signal == Signal::BellAnswer {
                // What was seen before turns along, and so stands still for the comparison.
                previous = Complex {
                    re: -previous.im,
                    im: previous.re,
                };
            }
            let step = track.take(now.get(k), &mut previous, energy, min, kind.deviation);
            sums.set(k, previous);
            if k == ANSWER {
                self.answer.take(step);
            }
            if step == Step::Absent {
                if let Some(signal) = said.take() {
                    let samples = position.saturating_sub(*at) as u32;
                    let pause = u32::from(RELEASE) * BLOCK as u32;
                    report(Report::Ended {
                        signal,
                        samples: samples.saturating_sub(pause),
                    });
                }
                continue;
            }
            let samples = u32::from(track.run) * BLOCK as u32;
            if samples < kind.ms * SAMPLES_PER_MS || !matches!(step, Step::There { .. }) {
                continue;
            }
            let signal = if k == ANSWER {
                self.answer.signal()
            } else {
                kind.signal
            };
            if said.is_none() {
                *at = position.saturating_sub(u64::from(samples));
            }
            if said.replace(signal) != Some(signal) {
                report(Report::Heard { signal, at: *at });
            }
        }
    }
}

const _: () = assert!(size_of::<Front>() == 128 && size_of::<Listener>() <= 256);
