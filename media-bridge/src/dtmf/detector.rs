//! Finding DTMF in audio.
//!
//! Every half block of 51 samples (6.375 ms) the last block of 102 (12.75 ms) is compared with
//! the eight frequencies. A block *matches* a digit when one frequency of each group stands out,
//! their levels and twist are in range and together they hold most of the block's energy. The
//! share of energy equals the part of the block that the tone fills, so:
//!
//! * a tone of 23 ms makes three matches in a row (a fourth where the share errs, so the first
//!   and last are also asked how long the tone was), one of 40 ms at least four: four make a
//!   digit;
//! * a drop-out of 10 ms makes at most three mismatches, a pause of 30 ms at least five: four
//!   end a digit.
//!
//! From block to block the phase of each frequency turns by its deviation from the nominal one;
//! a digit whose frequencies are off by more than 2.5 % is none (Q.24: 1.5 % shall work, 3.5 %
//! shall not).

use std::sync::LazyLock;

use tdm::Law;

use super::{Digit, HIGH_GROUP, LOW_GROUP};
use crate::SAMPLE_RATE;
use crate::correlate::{Bank, Block, Complex, FREQUENCIES, Sums, Waves};
use crate::level::Dbm0;

/// Samples of a block.
pub const BLOCK: usize = 2 * HOP;
/// Samples that leak suppression keeps back: 11.5 ms. A tone is suspected when it fills between
/// 0.68 and 1.18 of a block, so that 29 samples of it have gone out at most.
pub const LOOK_BACK: usize = 92;
/// Samples from one decision to the next.
const HOP: usize = 51;
/// Fours that hold them.
const QUADS: usize = HOP.div_ceil(4);
/// Matches that make a digit.
const CONFIRM: u32 = 4;
/// Shortest tone, as its first and last block tell, that they make a digit: 25 ms.
const SHORTEST: u64 = 200;
/// Mismatches that end it.
const RELEASE: u32 = 4;
/// Least share of a block's energy in the two frequencies.
const SHARE: f32 = 0.68;
/// How far, in power, the strongest frequency stands above the others of its group: 6 dB.
const PROMINENCE: f32 = 4.0;
/// Largest deviation from the nominal frequency, as a fraction of it.
const DEVIATION: f32 = 0.025;

/// What counts as DTMF.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DetectorConfig {
    /// Each frequency is at least that loud. Default -40 dBm0.
    pub min_level: Dbm0,
    /// Most that the low group may be above the high group, in dB. Default 11.
    pub max_twist_db: f32,
    /// Most that the high group may be above the low group, in dB. Default 7.
    pub max_reverse_twist_db: f32,
}

impl Default for DetectorConfig {
    fn default() -> Self {
        Self {
            min_level: Dbm0(-40.0),
            max_twist_db: 11.0,
            max_reverse_twist_db: 7.0,
        }
    }
}

/// What the detector says. Positions count samples since the first pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// A block looks like a digit: if it is one, it began at about `at`.
    Suspected {
        /// Start of that block.
        at: u64,
    },
    /// It was none after all.
    Dismissed,
    /// A digit has been recognised.
    Started {
        /// Which.
        digit: Digit,
        /// Where its tone began, to within 3 ms.
        at: u64,
    },
    /// The digit's tone is over.
    Ended {
        /// Which.
        digit: Digit,
        /// Where its tone began.
        at: u64,
        /// How long it was in samples, to within 6 ms.
        samples: u32,
    },
}

/// Of the low group's four frequencies, then the high group's.
struct Table {
    /// Waves over a half block.
    waves: Waves<QUADS>,
    /// Each frequency's turn over a half block, backwards.
    turn: Bank,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut frequencies = [0.0; FREQUENCIES];
    let nominal = LOW_GROUP.iter().chain(&HIGH_GROUP);
    for (frequency, nominal) in frequencies.iter_mut().zip(nominal) {
        *frequency = *nominal;
    }
    Table {
        waves: Waves::new(&frequencies),
        turn: Bank::turn(&frequencies, HOP),
    }
});

/// Two frequencies of a keypad place that a block matched.
#[derive(Debug, Clone, Copy)]
struct Match {
    digit: Digit,
    row: usize,
    column: usize,
    /// Share of the block that the tone fills.
    share: f32,
}

/// A run of matching blocks that may become a digit.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    digit: Digit,
    matches: u32,
    /// Where the tone seems to have begun.
    start: u64,
    /// Sums of its two frequencies in the last block.
    last: (Complex, Complex),
    /// Phase turned against the nominal frequencies, summed over the run.
    turned: (Complex, Complex),
}

#[derive(Debug, Clone, Copy)]
struct Active {
    digit: Digit,
    start: u64,
    /// Where the last matching block ended, as far as the tone filled it.
    end: u64,
    mismatches: u32,
}

/// A detector of one line.
#[derive(Clone)]
pub struct Detector {
    table: &'static Table,
    min_power: f32,
    min_energy: f32,
    twist: f32,
    reverse_twist: f32,
    /// The half block under way.
    under_way: Block<HOP, QUADS>,
    /// What was in the half block before it.
    half: Sums,
    position: u64,
    candidate: Option<Candidate>,
    /// The run was long enough but off frequency: nothing until it breaks.
    refused: bool,
    active: Option<Active>,
}

impl std::fmt::Debug for Detector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Detector")
            .field("position", &self.position)
            .field("candidate", &self.candidate)
            .field("active", &self.active)
            .finish_non_exhaustive()
    }
}

impl Detector {
    /// A detector for samples of `law`'s scale.
    #[must_use]
    pub fn new(config: DetectorConfig, law: Law) -> Self {
        // A sine of peak a makes |sum| = a * BLOCK / 2 and energy a^2 * BLOCK / 2.
        let peak = config.min_level.peak(law);
        let scale = BLOCK as f32 / 2.0;
        Self {
            table: LazyLock::force(&TABLE),
            min_power: peak * peak * scale * scale,
            min_energy: peak * peak * scale,
            twist: 10f32.powf(config.max_twist_db / 10.0),
            reverse_twist: 10f32.powf(config.max_reverse_twist_db / 10.0),
            under_way: Block::EMPTY,
            half: Sums::default(),
            position: 0,
            candidate: None,
            refused: false,
            active: None,
        }
    }

    /// Takes samples; says what they mean at each half block.
    pub fn push(&mut self, samples: &[i16], report: &mut dyn FnMut(Report)) {
        self.take(samples, |sample| sample, report);
    }

    /// Takes G.711 octets. Whoever needs their samples for something else too decodes them once
    /// and calls [`push`](Self::push).
    pub fn push_octets(&mut self, law: Law, octets: &[u8], report: &mut dyn FnMut(Report)) {
        let table = law.decode_table();
        #[expect(clippy::indexing_slicing, reason = "an octet indexes a table of 256")]
        self.take(octets, |octet| table[usize::from(octet)], report);
    }

    #[inline(always)]
    fn take<T: Copy>(
        &mut self,
        samples: &[T],
        sample: impl Fn(T) -> i16,
        report: &mut dyn FnMut(Report),
    ) {
        let mut rest = samples;
        loop {
            let before = rest.len();
            let full = self.under_way.take(&mut rest, &sample, &self.table.waves);
            self.position += (before - rest.len()) as u64;
            match full {
                Some(half) => self.decide(half, report),
                None => return,
            }
        }
    }

    /// Samples taken so far.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.position
    }

    /// While a digit lasts: up to where its tone is certain.
    #[must_use]
    pub fn confirmed(&self) -> Option<u64> {
        self.active.map(|active| active.end)
    }

    fn decide(&mut self, half: Sums, report: &mut dyn FnMut(Report)) {
        let energy = self.half.energy + half.energy;
        let block = self.half.bank.plus_turned(&half.bank, &self.table.turn);
        self.half = half;
        match self.compare(&block, energy) {
            None if self.candidate.is_none() && self.active.is_none() => self.refused = false,
            found => self.follow(found, &block, report),
        }
    }

    /// Which digit the block looks like.
    fn compare(&self, block: &Bank, energy: f32) -> Option<Match> {
        let power = block.power();
        let (low, high) = power.split_at(FREQUENCIES / 2);
        let most = |group: &[f32]| group.iter().copied().fold(0.0, f32::max);
        let (best_low, best_high) = (most(low), most(high));
        // Nearly all that is no digit ends here.
        let share = 2.0 * (best_low + best_high);
        if energy < self.min_energy || share < SHARE * BLOCK as f32 * energy {
            return None;
        }
        let in_range = best_low >= self.min_power
            && best_high >= self.min_power
            && best_low <= best_high * self.twist
            && best_high <= best_low * self.reverse_twist;
        let (row, column) = (prominent(low, best_low)?, prominent(high, best_high)?);
        let digit = Digit::at(row, column)?;
        in_range.then(|| Match {
            digit,
            row,
            column,
            share: (share / (BLOCK as f32 * energy)).min(1.0),
        })
    }

    fn follow(&mut self, found: Option<Match>, block: &Bank, report: &mut dyn FnMut(Report)) {
        let block_start = self.position.saturating_sub(BLOCK as u64);
        if let Some(active) = &mut self.active {
            match found {
                Some(found) if found.digit == active.digit => {
                    active.mismatches = 0;
                    active.end = block_start + (found.share * BLOCK as f32).round() as u64;
                    self.candidate = None;
                    return;
                }
                _ => active.mismatches += 1,
            }
            if active.mismatches >= RELEASE {
                let ended = *active;
                self.end(ended, report);
                if self.candidate.is_some() {
                    report(Report::Suspected { at: block_start });
                }
            }
        }
        match found {
            Some(found) => self.extend(found, block, block_start, report),
            None => self.dismiss(report),
        }
    }

    fn extend(
        &mut self,
        found: Match,
        block: &Bank,
        block_start: u64,
        report: &mut dyn FnMut(Report),
    ) {
        let now = (block.get(found.row), block.get(found.column + 4));
        match &mut self.candidate {
            Some(candidate) if candidate.digit == found.digit => {
                let turn = &self.table.turn;
                let turned =
                    |now: Complex, last: Complex, k| now.times(last.conjugate()).times(turn.get(k));
                let (low, high) = &mut candidate.turned;
                *low = low.plus(turned(now.0, candidate.last.0, found.row));
                *high = high.plus(turned(now.1, candidate.last.1, found.column + 4));
                candidate.last = now;
                candidate.matches += 1;
            }
            other => {
                if (other.is_none() || self.refused) && self.active.is_none() {
                    report(Report::Suspected { at: block_start });
                }
                self.refused = false;
                let filled = (found.share * BLOCK as f32).round() as u64;
                *other = Some(Candidate {
                    digit: found.digit,
                    matches: 1,
                    start: self.position.saturating_sub(filled),
                    last: now,
                    turned: Default::default(),
                });
            }
        }
        self.confirm(found, report);
    }

    fn confirm(&mut self, found: Match, report: &mut dyn FnMut(Report)) {
        let Some(candidate) = self.candidate else {
            return;
        };
        let Candidate { digit, start, .. } = candidate;
        let block_start = self.position.saturating_sub(BLOCK as u64);
        let end = block_start + (found.share * BLOCK as f32).round() as u64;
        if candidate.matches < CONFIRM || end < start + SHORTEST || self.refused {
            return;
        }
        let (low, high) = digit.frequencies();
        if off_frequency(candidate.turned.0, low) || off_frequency(candidate.turned.1, high) {
            self.refused = true;
            if self.active.is_none() {
                report(Report::Dismissed);
            }
            return;
        }
        if let Some(active) = self.active {
            self.end(active, report);
        }
        self.candidate = None;
        self.active = Some(Active {
            digit,
            start,
            end,
            mismatches: 0,
        });
        report(Report::Started { digit, at: start });
    }

    fn dismiss(&mut self, report: &mut dyn FnMut(Report)) {
        if self.candidate.take().is_some() && self.active.is_none() && !self.refused {
            report(Report::Dismissed);
        }
        self.refused = false;
    }

    fn end(&mut self, active: Active, report: &mut dyn FnMut(Report)) {
        let samples = active.end.saturating_sub(active.start) as u32;
        self.active = None;
        report(Report::Ended {
            digit: active.digit,
            at: active.start,
            samples,
        });
    }
}

/// Which of a group is the strongest, when it stands out from the others.
fn prominent(group: &[f32], best: f32) -> Option<usize> {
    let rivals = group.iter().filter(|power| *power * PROMINENCE >= best);
    let alone = rivals.count() == 1;
    let strongest = group.iter().position(|power| *power == best);
    strongest.filter(|_| alone)
}

fn off_frequency(turned: Complex, nominal: f32) -> bool {
    let deviation = turned.turns() * SAMPLE_RATE as f32 / HOP as f32;
    deviation.abs() > nominal * DEVIATION
}
