//! Octets by their place in time, and which of them are there.

use tdm::Law;

/// Octets of the ring: 512 ms. What is kept for concealment and the longest packet are part of
/// it, so that some 400 ms of delay are possible.
pub const CAPACITY: usize = 4_096;
const MASK: i64 = CAPACITY as i64 - 1;

/// The ring. Positions count samples without end.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    octets: [u8; CAPACITY],
    /// A bit for each octet that is there and not yet taken.
    there: [u64; CAPACITY / 64],
}

impl Ring {
    pub(super) const fn new(idle: u8) -> Self {
        Self {
            octets: [idle; CAPACITY],
            there: [0; CAPACITY / 64],
        }
    }

    /// Nothing is there any more.
    pub(super) fn clear(&mut self) {
        self.there = [0; CAPACITY / 64];
    }

    /// Puts octets to their place.
    pub(super) fn write(&mut self, position: i64, octets: &[u8]) {
        self.remember(position, octets);
        self.mark(position, octets.len(), true);
    }

    /// Puts octets to their place without saying that they are there: what was played instead of
    /// missing ones, for whoever looks back.
    pub(super) fn remember(&mut self, position: i64, octets: &[u8]) {
        let start = (position & MASK) as usize;
        let (first, second) = octets.split_at(octets.len().min(CAPACITY - start));
        if let Some(place) = self.octets.get_mut(start..start + first.len()) {
            place.copy_from_slice(first);
        }
        if let Some(place) = self.octets.get_mut(..second.len()) {
            place.copy_from_slice(second);
        }
    }

    /// Copies octets, there or not.
    pub(super) fn look(&self, position: i64, out: &mut [u8]) {
        let start = (position & MASK) as usize;
        let (first, second) = out.split_at_mut(out.len().min(CAPACITY - start));
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
        let there = self.word(position) >> (position & 63) & 1 == 1;
        let mut run = 0;
        while run < most {
            let at = position + run as i64;
            let word = self.word(at);
            let bit = (at & 63) as u32;
            let same = if there { !(word >> bit) } else { word >> bit };
            let alike = same.trailing_zeros().min(64 - bit) as usize;
            run += alike;
            if alike < (64 - bit) as usize {
                break;
            }
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

    fn word(&self, at: i64) -> u64 {
        self.there
            .get((at & MASK) as usize / 64)
            .copied()
            .unwrap_or(0)
    }

    /// Sets or clears the marks of a range, a word at a time.
    fn mark(&mut self, from: i64, count: usize, there: bool) {
        let mut at = from;
        let end = from + count as i64;
        while at < end {
            let bit = (at & 63) as u32;
            let take = (64 - bit).min((end - at) as u32);
            let mask = (u64::MAX >> (64 - take)) << bit;
            if let Some(word) = self.there.get_mut((at & MASK) as usize / 64) {
                *word = if there { *word | mask } else { *word & !mask };
            }
            at += i64::from(take);
        }
    }
}
