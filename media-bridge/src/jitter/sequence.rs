//! Sequence numbers: what is new, old, double or from a restarted sender (RFC 3550 A.1).

use crate::rtp::sequence_distance;

/// A larger step forward is a restart, or nonsense (RFC 3550 A.1).
const MAX_DROPOUT: i16 = 3_000;
/// A larger step back too.
const MAX_MISORDER: i16 = -100;

/// Where a packet stands among those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first of a source, or the second after a restart.
    First,
    /// The newest; `skipped` sequence numbers were passed over, which may still come.
    Next {
        /// How many.
        skipped: u16,
    },
    /// Older than the newest, and not seen before.
    Old,
    /// Seen before.
    Duplicate,
    /// Too far from the others to be believed; if the next packet follows it, the sender has
    /// restarted.
    Doubtful,
}

/// Follows the sequence numbers of one synchronisation source.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C)]
pub struct Sequence {
    /// Bit n: `highest - n` was received.
    seen: u64,
    expected: u64,
    received: u64,
    highest: Option<u16>,
    /// What must follow for a restart to be believed.
    doubtful: Option<u16>,
    /// Times that the sequence numbers of this source began again at 0.
    cycles: u16,
    /// Lost before the last restart.
    lost_before: u64,
    restarts: u64,
}

impl Sequence {
    /// Nothing received yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the sequence number of a packet.
    pub fn update(&mut self, sequence: u16) -> Order {
        let Some(highest) = self.highest else {
            self.begin(sequence);
            return Order::First;
        };
        let distance = sequence_distance(highest, sequence);
        match distance {
            1..MAX_DROPOUT => {
                let step = distance as u32;
                self.seen = self.seen.checked_shl(step).unwrap_or(0) | 1;
                self.cycles = self.cycles.wrapping_add(u16::from(sequence < highest));
                self.highest = Some(sequence);
                self.expected += u64::from(step);
                self.received += 1;
                self.doubtful = None;
                Order::Next {
                    skipped: (distance - 1) as u16,
                }
            }
            MAX_MISORDER..=0 => {
                let bit = 1u64
                    .checked_shl(distance.unsigned_abs().into())
                    .unwrap_or(0);
                if bit != 0 && self.seen & bit != 0 {
                    return Order::Duplicate;
                }
                self.seen |= bit;
                // Before the first packet of all: it was not expected either.
                let before = u64::from(distance.unsigned_abs()) >= self.expected;
                self.expected += u64::from(before);
                self.received += 1;
                Order::Old
            }
            _ if self.doubtful == Some(sequence) => {
                self.restarts += 1;
                self.restart();
                self.begin(sequence);
                // The packet before it was set aside, and came.
                Order::First
            }
            _ => {
                self.doubtful = Some(sequence.wrapping_add(1));
                Order::Doubtful
            }
        }
    }

    /// The source has changed: what follows stands for itself.
    pub fn restart(&mut self) {
        self.lost_before = self.lost();
        (self.highest, self.doubtful) = (None, None);
        (self.expected, self.received, self.seen) = (0, 0, 0);
        self.cycles = 0;
    }

    /// Packets of this source that were expected, and that were received.
    #[must_use]
    pub fn counted(&self) -> (u64, u64) {
        (self.expected, self.received)
    }

    /// Highest sequence number received, the number of its cycles in the upper half (RFC 3550
    /// §6.4.1).
    #[must_use]
    pub fn extended(&self) -> u32 {
        u32::from(self.cycles) << 16 | u32::from(self.highest.unwrap_or(0))
    }

    /// Packets that never came, over all restarts.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost_before + self.expected.saturating_sub(self.received)
    }

    /// Restarts that were told by the numbers alone.
    #[must_use]
    pub fn restarts(&self) -> u64 {
        self.restarts
    }

    fn begin(&mut self, sequence: u16) {
        self.highest = Some(sequence);
        (self.seen, self.expected, self.received) = (1, 1, 1);
        self.doubtful = None;
    }
}
