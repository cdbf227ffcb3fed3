//! The sending side of an event (RFC 4733 §2.5.1).

use super::{FINAL_PACKETS, MAX_DURATION, Payload};

/// A packet to send: the caller adds payload type, sequence number and source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// M bit: the first packet of an event.
    pub marker: bool,
    /// RTP timestamp: where the event, or this segment of it, began.
    pub timestamp: u32,
    /// What it says.
    pub payload: Payload,
}

/// The sending side of one event.
#[derive(Debug, Clone, Copy)]
pub struct Sender {
    event: u8,
    volume: u8,
    /// Start of the segment.
    timestamp: u32,
    /// Duration of the segments before it.
    base: u32,
    reported: bool,
    /// Longest duration of a segment.
    longest: u32,
    /// Final packet of this event or of its last full segment, and how often it is still due.
    again: Option<(Report, u8)>,
    ended: bool,
}

impl Sender {
    /// An event that began at RTP `timestamp`; `volume` is its level without sign, 0 to 63.
    #[must_use]
    pub const fn new(event: u8, volume: u8, timestamp: u32) -> Self {
        Self {
            event,
            volume,
            timestamp,
            base: 0,
            reported: false,
            longest: MAX_DURATION,
            again: None,
            ended: false,
        }
    }

    /// Segments short enough to be repeated in redundant packets (RFC 4733 §2.5.1.3.1): the
    /// events go out as `generations` of redundancy, in packets `period` timestamp units apart.
    #[must_use]
    pub const fn redundant(self, generations: u32, period: u32) -> Self {
        let before = generations.saturating_sub(1).saturating_mul(period);
        Self {
            longest: crate::redundancy::MAX_OFFSET.saturating_sub(before),
            ..self
        }
    }

    /// What to send now, once an update interval: `duration` is the whole duration so far and
    /// never shrinks, `end` says that it is final. After the end, call on until
    /// [`finished`](Self::finished).
    pub fn update(&mut self, duration: u32, end: bool, send: &mut dyn FnMut(Report)) {
        self.repeat(send);
        if self.ended {
            return;
        }
        while duration.saturating_sub(self.base) > self.longest {
            // The full segment, without E; the next begins where it ended.
            let full = self.report(self.longest, false);
            send(full);
            self.again = Some((
                Report {
                    marker: false,
                    ..full
                },
                FINAL_PACKETS - 1,
            ));
            self.base += self.longest;
            self.timestamp = self.timestamp.wrapping_add(self.longest);
        }
        let report = self.report(duration.saturating_sub(self.base), end);
        send(report);
        if end {
            self.ended = true;
            self.again = Some((
                Report {
                    marker: false,
                    ..report
                },
                FINAL_PACKETS - 1,
            ));
        }
    }

    /// Whether the end has been sent at least once.
    #[must_use]
    pub const fn ended(&self) -> bool {
        self.ended
    }

    /// Whether everything has been sent as often as it must be.
    #[must_use]
    pub const fn finished(&self) -> bool {
        self.ended && self.again.is_none()
    }

    fn repeat(&mut self, send: &mut dyn FnMut(Report)) {
        if let Some((report, left)) = self.again {
            send(report);
            self.again = if left > 1 {
                Some((report, left - 1))
            } else {
                None
            };
        }
    }

    fn report(&mut self, duration: u32, end: bool) -> Report {
        let marker = !self.reported;
        self.reported = true;
        let duration = duration.min(MAX_DURATION) as u16;
        let Self {
            event,
            volume,
            timestamp,
            ..
        } = *self;
        Report {
            marker,
            timestamp,
            payload: Payload {
                event,
                end,
                volume,
                duration,
            },
        }
    }
}
