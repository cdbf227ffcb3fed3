//! From RTP to the timeslot: latching the source, sorting packets, jitter buffer, events.

use std::mem::offset_of;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tdm::{Law, TICK_OCTETS};

use crate::SAMPLES_PER_MS;
use crate::command::{Codec, JitterConfig, Rtp};
use crate::dtmf::Digit;
use crate::event;
use crate::io::Pace;
use crate::jitter::{Arrival, Buffer, Counters, Order, Ring, Sequence};
use crate::redundancy;
use crate::rtcp::Seen;
use crate::rtcp::quality::Losses;
use crate::rtp::{Header, InterarrivalJitter};
use crate::statistics::Statistics;
use crate::vector::prefetch_head;

/// Payload type of comfort noise (RFC 3389): the sender is silent.
const COMFORT_NOISE: u8 = 13;

/// A telephone event as the timeslot side hears of it.
pub(super) enum Heard {
    /// A digit was pressed.
    Pressed { digit: Digit, volume: u8 },
    /// It was released after `samples`.
    Released { digit: Digit, samples: u32 },
}

/// The receiving half of an RTP attachment.
///
/// What each tick or packet touches comes first, and of that what the other half asks for; so few
/// cache lines hold it.
#[derive(Debug)]
#[repr(C)]
pub(super) struct ToTimeslot {
    latched: Option<SocketAddr>,
    last_packet: Option<Instant>,
    data: bool,
    payload_type: u8,
    telephone_event: Option<u8>,
    redundancy: Option<u8>,
    /// Whether one of `events`, which lie further on, has not ended.
    event_goes_on: bool,
    /// Octets of audio in the last packet.
    packet: usize,
    ssrc: Option<u32>,
    /// From the payload's law to the timeslot's, when they differ.
    table: Option<&'static [u8; 256]>,
    /// What plays on the timeslot for events that are tones and no digits, and for tone payloads.
    sound: Option<Box<event::Sounds>>,
    /// When the attachment's first tick came: zero of its local clock.
    since: Option<Instant>,
    jitter: InterarrivalJitter,
    accepted: Accepted,
    sequence: Sequence,
    losses: Losses,
    buffer: Buffer,
    events: event::Receiver,
    /// What of the counters is in the statistics already.
    counted: Counters,
    lost_before: u64,
    sequence_restarts: u64,
    /// Bounds of the buffer, as reports tell them.
    bounds: Bounds,
}

/// Packets accepted that are not in the statistics yet: those lie elsewhere in memory.
#[derive(Debug, Default)]
struct Accepted {
    packets: u64,
    octets: u64,
    /// Longest jitter, in microseconds, and longest time between two packets, in milliseconds.
    jitter_max_us: u32,
    gap_max_ms: u32,
}

/// How long the buffer may hold packets back.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    most_ms: u16,
    adaptive: bool,
}

impl Bounds {
    fn of(config: JitterConfig) -> Self {
        let (most, adaptive) = match config {
            JitterConfig::Adaptive { max, .. } => (max, true),
            JitterConfig::Fixed { depth } => (depth, false),
        };
        Self {
            most_ms: u16::try_from(most.as_millis()).unwrap_or(u16::MAX),
            adaptive,
        }
    }
}

/// What became of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Received {
    /// The first of this attachment: its source is latched.
    First,
    /// A packet of the stream.
    Accepted,
    /// The next packet of audio, perhaps after others that were lost.
    Expected(Pace),
    /// Not for this stream; counted.
    Refused,
}

impl ToTimeslot {
    /// Octets at the beginning that each tick or packet touches, and those that the other half asks
    /// for.
    pub(super) const TOUCHED: usize = offset_of!(Self, buffer) + Buffer::TOUCHED;
    pub(super) const ASKED_FOR: usize = offset_of!(Self, payload_type);

    pub(super) fn new(rtp: &mut Rtp, law: Law, ring: Ring, lost_before: u64) -> Self {
        let payload_law = rtp.payload.law().unwrap_or(law);
        let voice = rtp.payload != Codec::Clearmode
            && matches!(rtp.jitter, crate::JitterConfig::Adaptive { .. });
        Self {
            latched: rtp.only_remote.then_some(rtp.remote),
            last_packet: None,
            data: rtp.payload == Codec::Clearmode,
            payload_type: rtp.payload_type,
            telephone_event: rtp.telephone_event,
            redundancy: rtp
                .redundancy
                .as_ref()
                .map(|redundancy| redundancy.payload_type),
            event_goes_on: false,
            packet: 2 * TICK_OCTETS,
            ssrc: None,
            table: (payload_law != law).then(|| payload_law.convert_to(law)),
            sound: rtp.tones.take(),
            since: None,
            jitter: InterarrivalJitter::default(),
            accepted: Accepted::default(),
            sequence: Sequence::new(),
            losses: Losses::default(),
            buffer: Buffer::with_ring(ring, rtp.jitter, payload_law, voice),
            events: event::Receiver::new(),
            counted: Counters::default(),
            lost_before,
            sequence_restarts: 0,
            bounds: Bounds::of(rtp.jitter),
        }
    }

    /// The box that came by command.
    pub(super) fn take_tones(&mut self) -> Option<Box<event::Sounds>> {
        self.sound.take()
    }

    /// Asks for the cache lines of what a tick and a packet touch.
    pub(super) fn prefetch(&self) {
        prefetch_head(self, Self::TOUCHED);
    }

    /// Asks for the cache lines of the octets that the line takes next, and of the place for those
    /// that come.
    pub(super) fn prefetch_octets(&self) {
        self.buffer.prefetch();
    }

    /// The memory that came by command.
    pub(super) fn take_ring(&mut self) -> Ring {
        self.buffer.take_ring()
    }

    /// Whether octets are carried as they are: the clear channel, or a modem was heard.
    pub(super) fn carries_data(&self) -> bool {
        self.data
    }

    /// The source of the stream, once there is one.
    pub(super) fn ssrc(&self) -> Option<u32> {
        self.ssrc
    }

    /// Time of the last packet.
    pub(super) fn last_packet(&self) -> Option<Instant> {
        self.last_packet
    }

    /// What a report says of this direction.
    pub(super) fn seen(&self) -> Seen {
        let (expected, received) = self.sequence.counted();
        let ms = |samples: u32| u16::try_from(samples / SAMPLES_PER_MS).unwrap_or(u16::MAX);
        let Bounds { most_ms, adaptive } = self.bounds;
        Seen {
            ssrc: self.ssrc,
            expected,
            received,
            highest: self.sequence.extended(),
            jitter: self.jitter.samples(),
            delay_ms: (ms(self.buffer.delay()), most_ms),
            adaptive,
            concealed: adaptive && !self.data,
            packet_ms: self.packet as u32 / SAMPLES_PER_MS,
            losses: self.losses,
            ..Seen::default()
        }
    }

    /// Where to send, once a packet has shown it.
    pub(super) fn latched(&self) -> Option<&SocketAddr> {
        self.latched.as_ref()
    }

    /// Whether packets from there are of somebody else than the peer.
    pub(super) fn is_stranger(&self, source: SocketAddr) -> bool {
        self.latched.is_some_and(|latched| latched != source)
    }

    fn clock(&self, now: Instant) -> u64 {
        let since = self.since.map_or(0, |since| {
            now.saturating_duration_since(since).as_micros() as u64
        });
        since * 8 / 1_000
    }

    /// Takes a datagram of the peer, or the first of all.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        datagram: &[u8],
        statistics: &mut Statistics,
        heard: &mut dyn FnMut(Heard),
    ) -> Received {
        let Some((header, payload)) = Header::parse(datagram) else {
            statistics.packets_malformed += 1;
            return Received::Refused;
        };
        let (payload_type, payload) = match self.primary(header, payload) {
            Some(primary) => primary,
            None => {
                statistics.packets_malformed += 1;
                return Received::Refused;
            }
        };
        let is_event = self.telephone_event == Some(payload_type);
        let is_noise = payload_type == COMFORT_NOISE;
        let sound = self.sound.as_ref();
        let is_tone = sound.is_some_and(|sound| sound.is_tone(payload_type));
        if !is_event && !is_noise && !is_tone && payload_type != self.payload_type {
            statistics.packets_malformed += 1;
            return Received::Refused;
        }
        // Before this packet's own payload: the one before it may have been lost with its events.
        if self.redundancy == Some(header.payload_type) {
            self.repair(now, header, datagram, heard);
        }
        let first = self.ssrc.is_none();
        self.latched = Some(source);
        if self.ssrc.is_some_and(|ssrc| ssrc != header.ssrc) {
            self.sequence.restart();
            self.buffer.restart();
            self.jitter.restart();
            statistics.restarts += 1;
        }
        self.ssrc = Some(header.ssrc);
        let order = self.sequence.update(header.sequence);
        let is_audio = !is_event && !is_noise && !is_tone;
        let is_next = matches!(order, Order::Next { .. }) && is_audio;
        let ticks = |octets: usize| u8::try_from(octets / TICK_OCTETS).unwrap_or(0);
        let pace = Pace {
            skipped: ticks(self.buffer.gap(header.timestamp)),
            next: ticks(payload.len()),
        };
        self.count(now, order, payload.len(), first, statistics);
        if let Order::Next { skipped } = order
            && skipped > 0
        {
            self.losses.lost(u32::from(skipped));
        }
        match order {
            Order::Duplicate | Order::Doubtful => {}
            _ if is_event => {
                self.jitter.restart();
                self.event(now, header.timestamp, payload, heard);
            }
            _ if is_tone => {
                self.jitter.restart();
                if let Some(sound) = &mut self.sound {
                    sound.handle_tone(header.marker, header.timestamp, payload);
                }
            }
            _ if is_noise => self.buffer.silence(order, header.timestamp, payload),
            _ => {
                if matches!(order, Order::First) {
                    self.buffer.restart();
                    self.jitter.restart();
                }
                self.jitter.update(self.clock(now), header.timestamp);
                self.packet = payload.len();
                let arrival = self.buffer.push(order, header.timestamp, payload);
                match (order, arrival) {
                    // It was taken for lost when the one after it came.
                    (Order::Old, Arrival::Kept) => self.losses.found(),
                    (Order::Old, Arrival::Late) => {}
                    (_, Arrival::Late) => self.losses.discarded(),
                    (_, Arrival::Kept) => self.losses.received(),
                }
            }
        }
        let jitter = u32::try_from(self.jitter.microseconds()).unwrap_or(u32::MAX);
        self.accepted.jitter_max_us = self.accepted.jitter_max_us.max(jitter);
        if first {
            Received::First
        } else if is_next {
            Received::Expected(pace)
        } else {
            Received::Accepted
        }
    }

    /// The payload that is the packet's own, and its type: that of a redundant packet is its last
    /// block (RFC 2198 §3). `None` when a redundant packet is cut short.
    fn primary<'a>(&self, header: Header, payload: &'a [u8]) -> Option<(u8, &'a [u8])> {
        if self.redundancy != Some(header.payload_type) {
            return Some((header.payload_type, payload));
        }
        let blocks = redundancy::blocks(header.timestamp, payload)?;
        blocks
            .filter(|block| block.primary)
            .map(|block| (block.payload_type, block.octets))
            .last()
    }

    /// Takes what a redundant packet repeats of those before it.
    fn repair(
        &mut self,
        now: Instant,
        header: Header,
        datagram: &[u8],
        heard: &mut dyn FnMut(Heard),
    ) {
        let Some((_, payload)) = Header::parse(datagram) else {
            return;
        };
        let blocks = redundancy::blocks(header.timestamp, payload);
        for block in blocks.into_iter().flatten().filter(|block| !block.primary) {
            if block.payload_type == self.payload_type {
                self.buffer.repair(block.timestamp, block.octets);
            } else if self.telephone_event == Some(block.payload_type) {
                self.event(now, block.timestamp, block.octets, heard);
            } else if let Some(sound) = &mut self.sound
                && sound.is_tone(block.payload_type)
            {
                sound.handle_tone(false, block.timestamp, block.octets);
            }
        }
    }

    /// Takes the payload of an event's packet.
    fn event(
        &mut self,
        now: Instant,
        timestamp: u32,
        payload: &[u8],
        heard: &mut dyn FnMut(Heard),
    ) {
        let at = self.clock(now);
        let Self { events, sound, .. } = self;
        events.handle(at, timestamp, payload, &mut |indication| {
            tell(indication, sound, heard);
        });
        self.event_goes_on = self.events.is_current();
    }

    /// From now on octets are carried as they are, after a delay of `depth`.
    pub(super) fn carry_data(&mut self, depth: Duration) {
        self.data = true;
        let config = JitterConfig::Fixed { depth };
        self.bounds = Bounds::of(config);
        self.buffer.reconfigure(config, false);
    }

    fn count(
        &mut self,
        now: Instant,
        order: Order,
        octets: usize,
        first: bool,
        statistics: &mut Statistics,
    ) {
        if matches!(order, Order::Duplicate) {
            statistics.packets_duplicate += 1;
            return;
        }
        self.accepted.packets += 1;
        self.accepted.octets += octets as u64;
        if matches!(order, Order::Old) {
            statistics.packets_out_of_order += 1;
        }
        if first && statistics.first_packet_ms.is_none() {
            let waited = self.since.map_or_else(Default::default, |since| {
                now.saturating_duration_since(since)
            });
            statistics.first_packet_ms = Some(waited.as_millis() as u64);
        }
        if let Some(last) = self.last_packet {
            let gap = now.saturating_duration_since(last).as_millis();
            let gap = u32::try_from(gap).unwrap_or(u32::MAX);
            self.accepted.gap_max_ms = self.accepted.gap_max_ms.max(gap);
        }
        self.last_packet = Some(now);
    }

    /// One tick begins: the clock of the attachment runs from its first.
    pub(super) fn start(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// The next octets for the timeslot, in its law.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        octets: &mut [u8; TICK_OCTETS],
        heard: &mut dyn FnMut(Heard),
    ) {
        if self.event_goes_on {
            let at = self.clock(now);
            let Self { events, sound, .. } = self;
            events.handle_time(at, &mut |indication| tell(indication, sound, heard));
            self.event_goes_on = self.events.is_current();
        }
        self.buffer.pull(octets);
        if let Some(table) = self.table {
            #[expect(clippy::indexing_slicing, reason = "an octet indexes a table of 256")]
            for octet in &mut *octets {
                *octet = table[usize::from(*octet)];
            }
        }
        if let Some(sound) = &mut self.sound {
            sound.fill(octets);
        }
    }

    /// Brings the statistics up to date: not in every tick, for that would touch memory for
    /// nothing.
    pub(super) fn account(&mut self, statistics: &mut Statistics) {
        let Accepted {
            packets,
            octets,
            jitter_max_us,
            gap_max_ms,
        } = std::mem::take(&mut self.accepted);
        statistics.packets_received += packets;
        statistics.octets_received += octets;
        statistics.jitter_max_us = statistics.jitter_max_us.max(jitter_max_us.into());
        statistics.gap_max_ms = statistics.gap_max_ms.max(gap_max_ms.into());
        let counters = self.buffer.counters();
        if counters != self.counted {
            let Counters {
                late,
                underruns,
                overruns,
                concealed,
                ..
            } = self.counted;
            statistics.packets_late += counters.late - late;
            // An underrun that turned out to be the sender's silence is taken back.
            statistics.underruns =
                (statistics.underruns + counters.underruns).saturating_sub(underruns);
            statistics.overruns += counters.overruns - overruns;
            statistics.concealed_ms += counters.concealed / 8 - concealed / 8;
            self.counted = counters;
        }
        let restarts = self.sequence.restarts();
        statistics.restarts += restarts - self.sequence_restarts;
        self.sequence_restarts = restarts;
        statistics.packets_lost = self.lost_before + self.sequence.lost();
        statistics.delay_ms = u64::from(self.buffer.delay() / 8);
        statistics.jitter_us = self.jitter.microseconds();
    }
}

/// A digit is told; another tone plays, at the usual level when the sender did not say which.
fn tell(
    indication: event::Indication,
    sound: &mut Option<Box<event::Sounds>>,
    heard: &mut dyn FnMut(Heard),
) {
    match indication {
        event::Indication::Started { event, volume } => match Digit::from_event(event) {
            Some(digit) => heard(Heard::Pressed { digit, volume }),
            None => {
                if let Some(sound) = sound {
                    sound.begin(event, volume);
                }
            }
        },
        event::Indication::Ended { event, duration } => match Digit::from_event(event) {
            Some(digit) => heard(Heard::Released {
                digit,
                samples: duration,
            }),
            None => {
                if let Some(sound) = sound {
                    sound.end();
                }
            }
        },
    }
}
