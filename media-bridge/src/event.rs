//! Telephone events in RTP (RFC 4733): the payload, sending and receiving. Usable for any event
//! code; positions and durations are in timestamp units of 8000 per second.

/// Octets of one event in a payload.
pub const PAYLOAD_OCTETS: usize = 4;
/// Longest duration one segment can report (§2.5.1.3).
pub const MAX_DURATION: u32 = 0xFFFF;
/// Times the final packet of an event or segment is sent (§2.5.1.4).
pub const FINAL_PACKETS: u8 = 3;

/// One event as a packet carries it (§2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    /// Event code: 0 to 15 are the DTMF digits.
    pub event: u8,
    /// E bit: the event has ended.
    pub end: bool,
    /// Level of the tone without its sign, in dBm0: 0 to 63.
    pub volume: u8,
    /// How long the event, or this segment of it, has lasted.
    pub duration: u16,
}

impl Payload {
    /// Reads the first event of a payload. Further events (§2.5.1.5) are read by
    /// [`Payload::all`].
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let [event, flags, high, low] = *octets.first_chunk()?;
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// All events of a payload, in order.
    pub fn all(octets: &[u8]) -> impl Iterator<Item = Self> + '_ {
        octets.chunks_exact(PAYLOAD_OCTETS).filter_map(Self::parse)
    }

    /// As octets; the R bit is zero.
    #[must_use]
    pub const fn to_octets(self) -> [u8; PAYLOAD_OCTETS] {
        let [high, low] = self.duration.to_be_bytes();
        [
            self.event,
            (self.end as u8) << 7 | (self.volume & 0x3F),
            high,
            low,
        ]
    }
}

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
            again: None,
            ended: false,
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
        while duration.saturating_sub(self.base) > MAX_DURATION {
            // The full segment, without E; the next begins where it ended.
            let full = self.report(MAX_DURATION, false);
            send(full);
            self.again = Some((
                Report {
                    marker: false,
                    ..full
                },
                FINAL_PACKETS - 1,
            ));
            self.base += MAX_DURATION;
            self.timestamp = self.timestamp.wrapping_add(MAX_DURATION);
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
                current.base = current.base.saturating_add(current.duration);
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

/// Whether a packet begins the next segment of a long event (§2.5.2.3): the same event, just
/// where the segment before ended, and that one was long enough to be a full segment (0x3FFF
/// less two packets when sent in RFC 2198 redundancy).
fn continues(current: &Current, timestamp: u32, payload: Payload) -> bool {
    const SHORTEST_SEGMENT: u32 = 0x3FFF - 2 * 480;
    payload.event == current.event
        && current.duration >= SHORTEST_SEGMENT
        && timestamp == current.timestamp.wrapping_add(current.duration)
}

#[cfg(test)]
mod tests;
