//! Packet indices: guessed from sequence numbers, and each taken once (RFC 3711 §3.3.1, §3.3.2).

/// Indices that are remembered: the RFC asks for 64 at least.
const WINDOW: u64 = 128;

/// The indices of one source that were received: the highest, and which of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    highest: u64,
    /// Bit n stands for the highest less n.
    seen: u128,
}

impl Window {
    /// Of a source that has sent this index and none before.
    pub(super) fn new(index: u64) -> Self {
        Self {
            highest: index,
            seen: 1,
        }
    }

    /// With nothing received, around an index that is guessed.
    pub(super) fn guess(self) -> Self {
        Self { seen: 0, ..self }
    }

    /// The index of a packet of this sequence number: of all that have it, the one nearest to the
    /// highest (RFC 3711 §3.3.1 and Appendix A). There is none before 0.
    pub(super) fn index(self, sequence: u16) -> u64 {
        let behind = (self.highest as u16).wrapping_sub(sequence);
        let ahead = sequence.wrapping_sub(self.highest as u16);
        if ahead < 1 << 15 {
            self.highest + u64::from(ahead)
        } else {
            let before = self.highest.checked_sub(u64::from(behind));
            before.unwrap_or(self.highest + u64::from(ahead))
        }
    }

    /// Whether this index is new: not received, and not too old to tell.
    pub(super) fn is_new(self, index: u64) -> bool {
        match self.highest.checked_sub(index) {
            None => true,
            Some(age) if age < WINDOW => self.seen >> age & 1 == 0,
            Some(_) => false,
        }
    }

    /// Whether this index comes after all that were noted.
    pub(super) fn is_ahead(self, index: u64) -> bool {
        index > self.highest
    }

    /// Takes note of an index whose packet was authentic.
    pub(super) fn note(&mut self, index: u64) {
        match self.highest.checked_sub(index) {
            None => {
                let step = u32::try_from(index - self.highest).unwrap_or(u32::MAX);
                self.seen = self.seen.checked_shl(step).unwrap_or(0) | 1;
                self.highest = index;
            }
            Some(age) if age < WINDOW => self.seen |= 1 << age,
            Some(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both sides of every boundary of RFC 3711 Appendix A.
    #[test]
    fn an_index_is_the_nearest_of_its_sequence_number() {
        let at = |rollover: u64, sequence: u64| rollover << 16 | sequence;
        for (highest, sequence, index) in [
            (at(0, 0), 0, at(0, 0)),
            (at(0, 0), 32_767, at(0, 32_767)),
            (at(0, 65_535), 0, at(1, 0)),
            (at(1, 0), 65_535, at(0, 65_535)),
            (at(7, 100), 100 + 32_767, at(7, 32_867)),
            (at(7, 100), 100 + 32_768, at(6, 32_868)),
            (at(7, 40_000), 7_233, at(7, 7_233)),
            (at(7, 40_000), 7_231, at(8, 7_231)),
            // Nothing is before the first of all.
            (at(0, 5), 65_530, at(0, 65_530)),
        ] {
            let guessed = Window::new(highest).index(sequence);
            assert_eq!(guessed, index, "{highest} {sequence}");
        }
    }

    #[test]
    fn each_index_is_taken_once() {
        let mut window = Window::new(1_000);
        assert!(!window.is_new(1_000) && window.is_new(999) && window.is_new(1_001));
        window.note(999);
        window.note(1_100);
        assert!(!window.is_new(999) && !window.is_new(1_000) && !window.is_new(1_100));
        assert!(window.is_new(1_050) && window.is_new(973));
        // Too old to tell.
        assert!(!window.is_new(972));
        window.note(1_101 + 128);
        assert!(window.is_new(1_102) && !window.is_new(1_101));
        window.note(1 << 40);
        assert!(window.is_new((1 << 40) - 127) && !window.is_new(1 << 40));
    }
}
