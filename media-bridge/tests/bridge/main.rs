//! The shard in virtual time, from the outside: octets on the timeslot, packets in the queue.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod audio;
mod commands;
mod digits;
mod stream;
mod tones;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media_bridge::event::Payload;
use media_bridge::level::Dbm0;
use media_bridge::rtp::Header;
use media_bridge::tone::{Cadence, CadenceConfig, Detector, Plan, ToneProgram};
use media_bridge::{
    BridgeId, Codec, Command, Digit, DtmfDetection, Event, JitterConfig, Open, Path, QueueRtp,
    Refusal, Rtp, RtpPort, Shard, ShardConfig, Side, Spent, Statistics, dtmf, prbs,
};
use tdm::{Law, SpanId, SpanTick, TICK, TICK_OCTETS, Timeslot};

const BRIDGE: BridgeId = BridgeId(7);
const SPAN: SpanId = SpanId(1);
const PORT: RtpPort = RtpPort(3);
const EVENT_TYPE: u8 = 101;

fn peer() -> SocketAddr {
    "192.0.2.1:4000".parse().unwrap()
}

fn timeslot() -> Timeslot {
    Timeslot::new(5).unwrap()
}

fn digit(character: char) -> Digit {
    Digit::from_char(character).unwrap()
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A packet that was sent: header and payload.
type Packet = (Header, Vec<u8>);

/// A shard with one bridge, the line and the network around it.
struct Rig {
    shard: Shard,
    rtp: QueueRtp,
    now: Instant,
    law: Law,
    rx: SpanTick,
    tx: SpanTick,
    events: Vec<Event>,
    /// The peer's next packet.
    header: Header,
}

impl Rig {
    fn new(law: Law) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
        let now = Instant::now();
        let mut shard = Shard::new(ShardConfig {
            spans: vec![SpanId(0), SPAN],
            ports: 8,
        });
        let mut events = Vec::new();
        let open = Open::new(BRIDGE, SPAN, timeslot(), law, Path::BOTH);
        shard.command(Command::Open(Box::new(open)), &mut |event| {
            events.push(event)
        });
        Self {
            shard,
            rtp: QueueRtp::new(),
            now,
            law,
            rx: SpanTick::idle(law),
            tx: SpanTick::idle(law),
            events,
            header: Header {
                marker: true,
                payload_type: 8,
                sequence: 65_500,
                timestamp: u32::MAX - 500,
                ssrc: 0xABCD,
            },
        }
    }

    fn attached(law: Law, change: impl FnOnce(&mut Rtp)) -> Self {
        let mut rig = Self::new(law);
        let mut rtp = Rtp::new(PORT, peer(), Codec::Pcma, 0x1234_5678);
        rtp.first_sequence = 65_530;
        rtp.first_timestamp = u32::MAX - 1_000;
        rtp.jitter = JitterConfig::Fixed { depth: ms(40) };
        change(&mut rtp);
        rig.header.payload_type = rtp.payload_type;
        rig.command(Command::Rtp {
            bridge: BRIDGE,
            rtp: rtp.boxed(),
        });
        rig
    }

    fn command(&mut self, command: Command) {
        let Self { shard, events, .. } = self;
        shard.command(command, &mut |event| events.push(event));
    }

    /// One tick; returns what the bridge put on its timeslot.
    fn tick(&mut self, received: &[u8; TICK_OCTETS]) -> [u8; TICK_OCTETS] {
        *self.rx.timeslot_mut(timeslot()) = *received;
        let Self {
            shard,
            rtp,
            now,
            rx,
            tx,
            events,
            ..
        } = self;
        shard.tick(*now, SPAN, rx, tx, rtp, &mut |event| events.push(event));
        self.now += TICK;
        *self.tx.timeslot(timeslot())
    }

    fn idle_tick(&mut self) -> [u8; TICK_OCTETS] {
        self.tick(&[self.law.idle(); TICK_OCTETS])
    }

    fn idle_ticks(&mut self, count: usize) -> Vec<u8> {
        (0..count).flat_map(|_| self.idle_tick()).collect()
    }

    /// The peer sends audio.
    fn send(&mut self, payload: &[u8]) {
        let mut packet = self.header.to_octets().to_vec();
        packet.extend(payload);
        self.rtp.push(PORT, peer(), packet);
        self.header.sequence = self.header.sequence.wrapping_add(1);
        self.header.timestamp = self.header.timestamp.wrapping_add(payload.len() as u32);
        self.header.marker = false;
    }

    /// The peer sends an event packet.
    fn send_event(&mut self, timestamp: u32, payload: Payload, marker: bool) {
        let header = Header {
            payload_type: EVENT_TYPE,
            marker,
            timestamp,
            ..self.header
        };
        let mut packet = header.to_octets().to_vec();
        packet.extend(payload.to_octets());
        self.rtp.push(PORT, peer(), packet);
        self.header.sequence = self.header.sequence.wrapping_add(1);
    }

    /// What the shard has sent: headers and payloads.
    fn sent(&mut self) -> Vec<Packet> {
        std::iter::from_fn(|| self.rtp.pop())
            .map(|queued| {
                assert_eq!(queued.port, PORT);
                let (header, payload) = Header::parse(&queued.packet).unwrap();
                (header, payload.to_vec())
            })
            .collect()
    }

    fn digits(&self, from: Side) -> Vec<(char, u64)> {
        self.events
            .iter()
            .filter_map(|event| match event {
                Event::Digit {
                    from: f,
                    digit,
                    duration,
                    ..
                } if *f == from => Some((digit.as_char(), duration.as_millis() as u64)),
                _ => None,
            })
            .collect()
    }

    fn close(mut self) -> Statistics {
        self.command(Command::Close { bridge: BRIDGE });
        let statistics = self.events.iter().find_map(|event| match event {
            Event::Closed { statistics, .. } => Some(**statistics),
            _ => None,
        });
        statistics.expect("the statistics come back")
    }
}

/// Audio and event packets of what was sent.
fn parted(sent: &[Packet]) -> (Vec<&Packet>, Vec<(Header, Payload)>) {
    let (events, audio): (Vec<_>, Vec<_>) = sent
        .iter()
        .partition(|(header, _)| header.payload_type == EVENT_TYPE);
    let events = events
        .iter()
        .map(|(header, octets)| (*header, Payload::parse(octets).unwrap()))
        .collect();
    (audio, events)
}

fn pattern(octets: usize) -> Vec<u8> {
    let mut pattern = vec![0; octets];
    prbs::Source::new().fill(&mut pattern);
    pattern
}

trait Payloads {
    fn concat_payloads(&self) -> Vec<u8>;
}

impl Payloads for Vec<Packet> {
    fn concat_payloads(&self) -> Vec<u8> {
        self.iter()
            .flat_map(|(_, payload)| payload.clone())
            .collect()
    }
}
