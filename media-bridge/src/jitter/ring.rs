//! Octets by their place in time, and which of them are there.

use std::time::Duration;

use tdm::Law;

use crate::SAMPLES_PER_MS;
use crate::command::JitterConfig;
use crate::conceal::HISTORY;
use crate::vector::prefetch;

/// Longest delay that a buffer is made for: 2 s.
pub const LONGEST: Duration = Duration::from_secs(2);
/// Room beyond the greatest delay: for the longest packet, and for a burst that the line has yet
/// to shorten.
const BURST: usize = 120 * SAMPLES_PER_MS as usize;
/// Room at the least, whatever the delay: data may come as far ahead.
const LEAST: usize = 320 * SAMPLES_PER_MS as usize;
/// Octets that share a word of marks.
const WORD: usize = 64;

/// Samples of a delay, [`LONGEST`] at most.
pub(super) fn samples(delay: Duration) -> usize {
    delay.min(LONGEST).as_millis() as usize * SAMPLES_PER_MS as usize
}

/// The memory of a [`Buffer`](super::Buffer): a ring, as long as the greatest delay needs. Positions
/// count samples without end.
#[derive(Debug, Clone)]
pub struct Ring {
    /// In whole words of marks.
    octets: Box<[u8]>,
    /// A bit for each octet that is there and not yet taken.
    there: Box<[u64]>,
}

impl Ring {
    /// For the buffer of a configuration that may be exchanged for a fixed one of `data_depth`.
    #[must_use]
    pub fn new(config: JitterConfig, data_depth: Duration) -> Self {
        let length = Self::length(config, data_depth);
        Self {
            octets: vec![0; length].into(),
            there: vec![0; length / WORD].into(),
        }
    }

    /// No memory at all.
    pub(super) fn none() -> Self {
        Self {
            octets: Box::default(),
            there: Box::default(),
        }
    }

    fn length(config: JitterConfig, data_depth: Duration) -> usize {
        // Data comes as far ahead as its first packet may have been late.
        let fixed = |depth| 2 * samples(depth);
        let delay = match config {
            JitterConfig::Adaptive { min, max, .. } => samples(max.max(min)),
            JitterConfig::Fixed { depth } => fixed(depth),
        };
        let ahead = (delay.max(fixed(data_depth)) + BURST).max(LEAST);
        (ahead + HISTORY).next_multiple_of(WORD)
    }

    /// Whether it is long enough for such a buffer.
    #[must_use]
    pub fn suits(&self, config: JitterConfig, data_depth: Duration) -> bool {
        self.octets.len() >= Self::length(config, data_depth)
    }

    /// Octets of memory.
    #[cfg(test)]
    pub(crate) fn memory(&self) -> usize {
        self.octets.len() + size_of_val(&*self.there)
    }

    /// Octets that may lie ahead of the line, with what concealment looks back on behind it.
    pub(super) fn ahead(&self) -> i64 {
        self.octets.len().saturating_sub(HISTORY) as i64
    }

    /// Longest delay that leaves the room that bursts need.
    pub(super) fn longest_delay(&self) -> i64 {
        (self.ahead() - BURST as i64).max(0)
    }

    /// Nothing was ever there.
    pub(super) fn reset(&mut self, idle: u8) {
        self.octets.fill(idle);
        self.clear();
    }

    /// Nothing is there any more.
    pub(super) fn clear(&mut self) {
        self.there.fill(0);
    }

    /// Asks for the cache lines of the next octets.
    pub(super) fn prefetch(&self, position: i64) {
        let start = self.place(position);
        for octet in self.octets.iter().skip(start).step_by(64).take(2) {
            prefetch(octet);
        }
        if let Some(word) = self.there.get(start / WORD) {
            prefetch(word);
        }
    }

    /// Puts octets to their place.
    pub(super) fn write(&mut self, position: i64, octets: &[u8]) {
        self.remember(position, octets);
        self.mark(position, octets.len(), true);
    }

    /// Puts octets to their place without saying that they are there: what was played instead of
    /// missing ones, for whoever looks back.
    pub(super) fn remember(&mut self, position: i64, octets: &[u8]) {
        let start = self.place(position);
        let (first, second) = octets.split_at(octets.len().min(self.octets.len() - start));
        if let Some(place) = self.octets.get_mut(start..start + first.len()) {
            place.copy_from_slice(first);
        }
        if let Some(place) = self.octets.get_mut(..second.len()) {
            place.copy_from_slice(second);
        }
    }

    /// Copies octets, there or not.
    pub(super) fn look(&self, position: i64, out: &mut [u8]) {
        let start = self.place(position);
        let (first, second) = out.split_at_mut(out.len().min(self.octets.len() - start));
        if let Some(place) = self.octets.get(start..start + first.len()) {
            first.copy_from_slice(place);
        }
        if let Some(place) = self.octets.get(..second.len()) {
            second.copy_from_slice(place);
        }
    }

    /// Takes octets: they are not there any more.
    pub(super) fn take(&mut self, position: i64, out: &mut [u8]) {
        self.look(position, out);
        self.mark(position, out.len(), false);
    }

    /// Lets octets go unheard.
    pub(super) fn drop(&mut self, position: i64, count: usize) {
        self.mark(position, count, false);
    }

    /// How many octets from `position` on, up to `most`, are alike in being there or not; and
    /// which it is.
    pub(super) fn run(&self, position: i64, most: usize) -> (usize, bool) {
        let mut at = self.place(position);
        let there = self.word(at) >> (at % WORD) & 1 == 1;
        let mut run = 0;
        while run < most {
            let (word, bit) = (self.word(at), at % WORD);
            let same = if there { !(word >> bit) } else { word >> bit };
            let alike = (same.trailing_zeros() as usize).min(WORD - bit);
            run += alike;
            if alike < WORD - bit {
                break;
            }
            at = self.after(at, alike);
        }
        (run.clamp(1, most), there)
    }

    /// Whether `count` octets, 160 at most, are all there and below `loudness`.
    pub(super) fn quiet(&self, position: i64, count: usize, law: Law, loudness: u16) -> bool {
        let mut octets = [0; 160];
        let Some(octets) = octets.get_mut(..count) else {
            return false;
        };
        if self.run(position, count) != (count, true) {
            return false;
        }
        self.look(position, octets);
        octets
            .iter()
            .all(|&octet| law.decode(octet).unsigned_abs() < loudness)
    }

    /// Where a position lies.
    fn place(&self, position: i64) -> usize {
        let place = position.checked_rem_euclid(self.octets.len() as i64);
        place.unwrap_or(0) as usize
    }

    /// The place `step` after one, which ends no later than the ring does.
    fn after(&self, place: usize, step: usize) -> usize {
        let next = place + step;
        if next >= self.octets.len() { 0 } else { next }
    }

    fn word(&self, place: usize) -> u64 {
        self.there.get(place / WORD).copied().unwrap_or(0)
    }

    /// Sets or clears the marks of a range, a word at a time.
    fn mark(&mut self, from: i64, count: usize, there: bool) {
        let mut at = self.place(from);
        let mut left = count.min(self.octets.len());
        while left > 0 {
            let bit = at % WORD;
            let take = (WORD - bit).min(left);
            let mask = (u64::MAX >> (WORD - take)) << bit;
            if let Some(word) = self.there.get_mut(at / WORD) {
                *word = if there { *word | mask } else { *word & !mask };
            }
            at = self.after(at, take);
            left -= take;
        }
    }
}
