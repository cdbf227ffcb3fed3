//! The receiving side: one event out of the packets that repeat it (RFC 4733 §2.5.2).

use super::{MAX_DURATION, Payload};

/// What received packets mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Indication {
    /// An event began.
    Started {
        /// Its code.
        event: u8,
        /// Its level without sign in dBm0; 0 when the sender did not say.
        volume: u8,
    },
    /// It ended: by an E bit, by the next event, or for want of updates.
    Ended {
        /// Its code.
        event: u8,
        /// Its whole duration, as far as the packets said: 0 when they did not.
        duration: u32,
    },
}

#[derive(Debug, Clone, Copy)]
struct Current {
    event: u8,
    /// Start of the segment.
    timestamp: u32,
    base: u32,
    duration: u32,
    heard: u64,
    interval: u64,
}

/// Events remembered after their end, to know their late packets again.
const REMEMBERED: usize = 8;
/// An event without updates for three of its intervals has ended (§2.5.2.2). The interval is
/// taken as 50 ms until two packets have shown it, and held within these bounds.
const INTERVAL: u64 = 400;
const INTERVAL_BOUNDS: (u64, u64) = (160, 800);

/// The receiving side: tells events from the repetitions of their packets.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    current: Option<Current>,
    /// Timestamps of segments that are over.
    past: [Option<u32>; REMEMBERED],
    next: usize,
}

impl Receiver {
    /// Nothing received yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether an event goes on, which [`handle_time`](Self::handle_time) may end.
    #[must_use]
    pub fn is_current(&self) -> bool {
        self.current.is_some()
    }

    /// Takes the payload of a packet that arrived at `now`, in samples of a local clock.
    pub fn handle(
        &mut self,
        now: u64,
        timestamp: u32,
        payload: &[u8],
        report: &mut dyn FnMut(Indication),
    ) {
        let mut timestamp = timestamp;
        for payload in Payload::all(payload) {
            self.event(now, timestamp, payload, report);
            timestamp = timestamp.wrapping_add(u32::from(payload.duration));
        }
    }

    /// Ends an event whose updates have stopped. Call it once a tick.
    pub fn handle_time(&mut self, now: u64, report: &mut dyn FnMut(Indication)) {
        if let Some(current) = self.current
            && now.saturating_sub(current.heard) > 3 * current.interval
        {
            self.finish(current, report);
        }
    }

    fn event(
        &mut self,
        now: u64,
        timestamp: u32,
        payload: Payload,
        report: &mut dyn FnMut(Indication),
    ) {
        if self.past.contains(&Some(timestamp)) {
            return;
        }
        let duration = u32::from(payload.duration);
        match &mut self.current {
            Some(current) if current.timestamp == timestamp => {
                if payload.event != current.event {
                    return;
                }
                current.duration = current.duration.max(duration);
                let (min, max) = INTERVAL_BOUNDS;
                if now > current.heard {
                    current.interval = (now - current.heard).clamp(min, max);
                }
                current.heard = now;
            }
            Some(current) if continues(current, timestamp, payload) => {
                let over = current.timestamp;
                let segment = timestamp.wrapping_sub(over);
                current.base = current.base.saturating_add(segment);
                (current.timestamp, current.duration, current.heard) = (timestamp, duration, now);
                self.remember(over);
            }
            Some(current) if crate::rtp::timestamp_distance(current.timestamp, timestamp) < 0 => {
                return;
            }
            _ => {
                if let Some(current) = self.current {
                    self.finish(current, report);
                }
                self.current = Some(Current {
                    event: payload.event,
                    timestamp,
                    base: 0,
                    duration,
                    heard: now,
                    interval: INTERVAL,
                });
                report(Indication::Started {
                    event: payload.event,
                    volume: payload.volume,
                });
            }
        }
        if payload.end
            && let Some(current) = self.current
        {
            self.finish(current, report);
        }
    }

    fn finish(&mut self, current: Current, report: &mut dyn FnMut(Indication)) {
        self.remember(current.timestamp);
        self.current = None;
        let duration = current.base.saturating_add(current.duration);
        report(Indication::Ended {
            event: current.event,
            duration,
        });
    }

    fn remember(&mut self, timestamp: u32) {
        if let Some(slot) = self.past.get_mut(self.next) {
            *slot = Some(timestamp);
        }
        self.next = (self.next + 1) % REMEMBERED;
    }
}

/// Whether a packet begins the next segment of a long event (§2.5.2.3): the same event, not
/// ended, a full segment after the one before (0x3FFF less two packets when sent in RFC 2198
/// redundancy), and no further on than lost packets explain.
fn continues(current: &Current, timestamp: u32, payload: Payload) -> bool {
    const SHORTEST_SEGMENT: u32 = 0x3FFF - 2 * 480;
    let segment = timestamp.wrapping_sub(current.timestamp);
    payload.event == current.event
        && (SHORTEST_SEGMENT..=MAX_DURATION).contains(&segment)
        && u64::from(segment.saturating_sub(current.duration)) <= 3 * current.interval
}
