//! The shard in virtual time, from the outside: octets on the timeslot, packets in the queue.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

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
            rtp: Box::new(rtp),
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

#[test]
fn the_same_law_is_a_copy_both_ways() {
    for (law, codec) in [
        (Law::ALaw, Codec::Pcma),
        (Law::MuLaw, Codec::Pcmu),
        (Law::ALaw, Codec::Clearmode),
    ] {
        let mut rig = Rig::attached(law, |rtp| {
            let defaults = Rtp::new(PORT, peer(), codec, 1);
            (rtp.payload, rtp.payload_type) = (codec, defaults.payload_type);
        });
        let octets = pattern(80_000);
        let mut line = Vec::new();
        for (n, tick) in octets.as_chunks::<TICK_OCTETS>().0.iter().enumerate() {
            if n % 2 == 0 {
                rig.send(&octets[n * 80..(n + 2) * 80]);
            }
            line.extend(rig.tick(tick));
        }
        assert_eq!(line[..320], [law.idle(); 320]);
        assert!(line[320..] == octets[..79_680], "{codec:?} to the timeslot");
        let sent = rig.sent();
        assert!(sent.concat_payloads() == octets, "{codec:?} to RTP");
        for (n, (header, payload)) in sent.iter().enumerate() {
            assert_eq!(payload.len(), 160);
            assert_eq!(header.sequence, 65_530u16.wrapping_add(n as u16));
            assert_eq!(
                header.timestamp,
                (u32::MAX - 1_000).wrapping_add(n as u32 * 160)
            );
            assert_eq!((header.ssrc, header.marker), (0x1234_5678, n == 0));
        }
        let statistics = rig.close();
        assert_eq!(
            (statistics.packets_received, statistics.packets_sent),
            (500, 500)
        );
        assert_eq!(
            (statistics.octets_received, statistics.octets_sent),
            (80_000, 80_000)
        );
        assert_eq!(statistics.packets_lost + statistics.packets_late, 0);
        assert_eq!(
            statistics.underruns + statistics.overruns + statistics.concealed_ms,
            0
        );
    }
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

#[test]
fn another_law_is_converted_by_table() {
    let mut rig = Rig::attached(Law::MuLaw, |_| {});
    let octets = pattern(16_000);
    let mut line = Vec::new();
    for (n, tick) in octets.as_chunks::<TICK_OCTETS>().0.iter().enumerate() {
        if n % 2 == 0 {
            rig.send(&octets[n * 80..(n + 2) * 80]);
        }
        line.extend(rig.tick(tick));
    }
    let to_rtp: Vec<u8> = octets
        .iter()
        .map(|&o| tdm::g711::mulaw_to_alaw(o))
        .collect();
    let to_line: Vec<u8> = octets
        .iter()
        .map(|&o| tdm::g711::alaw_to_mulaw(o))
        .collect();
    assert!(rig.sent().concat_payloads() == to_rtp);
    assert!(line[320..] == to_line[..15_680]);
}

#[test]
fn packet_times_from_10_to_60_ms() {
    for (ptime, length) in [
        (1, 80),
        (10, 80),
        (20, 160),
        (30, 240),
        (35, 280),
        (60, 480),
        (500, 480),
    ] {
        let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.ptime = ms(ptime));
        let octets = pattern(33_600);
        for tick in octets.as_chunks::<TICK_OCTETS>().0 {
            rig.tick(tick);
        }
        let sent = rig.sent();
        assert!(
            sent.iter().all(|(_, payload)| payload.len() == length),
            "{ptime} ms"
        );
        assert!(sent.concat_payloads() == octets);
    }
}

/// With detection and suppression on, the pattern only comes 102 octets later.
#[test]
fn the_pattern_survives_dtmf_suppression_one_block_later() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| {
        rtp.telephone_event = Some(EVENT_TYPE);
        rtp.dtmf = DtmfDetection::Suppress;
    });
    let octets = pattern(80_000);
    for tick in octets.as_chunks::<TICK_OCTETS>().0 {
        rig.tick(tick);
    }
    let sent = rig.sent().concat_payloads();
    assert_eq!(sent[..dtmf::BLOCK], [Law::ALaw.idle(); dtmf::BLOCK]);
    assert!(sent[dtmf::BLOCK..] == octets[..sent.len() - dtmf::BLOCK]);
}

#[test]
fn closed_paths_carry_nothing() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.command(Command::Path {
        bridge: BRIDGE,
        path: Path::CLOSED,
    });
    let octets = pattern(1_600);
    for (n, tick) in octets.as_chunks::<TICK_OCTETS>().0.iter().enumerate() {
        if n % 2 == 0 {
            rig.send(&octets[..160]);
        }
        assert_eq!(rig.tick(tick), [Law::ALaw.idle(); TICK_OCTETS]);
    }
    assert_eq!(rig.sent(), []);
    // Opened towards RTP: sequence numbers begin, timestamps have gone on, a talkspurt starts.
    rig.command(Command::Path {
        bridge: BRIDGE,
        path: Path::TO_RTP,
    });
    for tick in octets.as_chunks::<TICK_OCTETS>().0 {
        assert_eq!(rig.tick(tick), [Law::ALaw.idle(); TICK_OCTETS]);
    }
    let sent = rig.sent();
    assert_eq!(sent[0].0.sequence, 65_530);
    assert_eq!(sent[0].0.timestamp, (u32::MAX - 1_000).wrapping_add(1_600));
    assert!(sent[0].0.marker && !sent[1].0.marker);
    assert!(sent.concat_payloads() == octets);
}

/// Plays a dialled tone on the timeslot and returns what went out.
fn dial(rig: &mut Rig, digits: &str, on_ms: usize, off_ms: usize) {
    let mut samples = vec![0i16; 1_200];
    for character in digits.chars() {
        let start = samples.len();
        samples.resize(start + on_ms * 8, 0);
        let levels = dtmf::Levels::default();
        dtmf::Generator::new(digit(character), levels, rig.law).fill(&mut samples[start..]);
        samples.resize(samples.len() + off_ms * 8, 0);
    }
    samples.resize(samples.len() + 2_400, 0);
    let octets: Vec<u8> = samples.iter().map(|&s| rig.law.encode(s)).collect();
    for tick in octets.as_chunks::<TICK_OCTETS>().0 {
        rig.tick(tick);
    }
}

#[test]
fn digits_on_the_timeslot_become_events_and_do_not_leak() {
    for law in [Law::ALaw, Law::MuLaw] {
        let mut rig = Rig::attached(law, |rtp| {
            rtp.telephone_event = Some(EVENT_TYPE);
            rtp.dtmf = DtmfDetection::Suppress;
        });
        let dialled = "147*2580369#ABCD";
        dial(&mut rig, dialled, 70, 60);
        let sent = rig.sent();
        let (audio, events) = parted(&sent);
        // One event each, in order; each begun by a marker and ended three times.
        let ends: Vec<_> = events.iter().filter(|(_, p)| p.end).collect();
        assert_eq!(ends.len(), 3 * dialled.len());
        assert_eq!(
            events.iter().filter(|(h, _)| h.marker).count(),
            dialled.len()
        );
        for (n, (thrice, character)) in ends.chunks(3).zip(dialled.chars()).enumerate() {
            assert!(
                thrice
                    .iter()
                    .all(|e| e.1 == thrice[0].1 && e.0.timestamp == thrice[0].0.timestamp)
            );
            assert_eq!(thrice[0].1.event, digit(character).event());
            assert!(
                thrice[0].1.duration.abs_diff(560) <= 48,
                "{:?}",
                thrice[0].1
            );
            // The tone began at 1200 + n * 1040 and comes a block later.
            let began = thrice[0].0.timestamp.wrapping_sub(u32::MAX - 1_000);
            let expected = 1_200 + n as u32 * 1_040 + dtmf::BLOCK as u32;
            assert!(began.abs_diff(expected) <= 24, "{began} not {expected}");
        }
        // Nothing of the tones is in the audio: at most 3 ms at a start.
        let loud = audio
            .iter()
            .flat_map(|(_, payload)| payload)
            .filter(|&&octet| Law::ALaw.decode(octet).unsigned_abs() > 100)
            .count();
        assert!(loud <= 24 * dialled.len(), "{loud} samples leaked");
        // The packets are one sequence.
        for (n, (header, _)) in sent.iter().enumerate() {
            assert_eq!(header.sequence, 65_530u16.wrapping_add(n as u16));
        }
        let heard: String = rig.digits(Side::Timeslot).iter().map(|d| d.0).collect();
        assert_eq!(heard, dialled);
        assert!(
            rig.digits(Side::Timeslot)
                .iter()
                .all(|d| d.1.abs_diff(70) <= 6)
        );
        let statistics = rig.close();
        assert_eq!(statistics.digits_from_timeslot, 16);
        assert_eq!(statistics.digits_to_rtp, 16);
    }
}

/// Digits in quick succession, at the longest packet time: the end of one waits to be sent while
/// the next is heard already.
#[test]
fn quick_digits_are_not_lost_behind_long_packets() {
    for (ptime, on, off) in [(60, 40, 32), (60, 50, 0), (20, 50, 0), (10, 45, 35)] {
        let mut rig = Rig::attached(Law::ALaw, |rtp| {
            rtp.telephone_event = Some(EVENT_TYPE);
            rtp.dtmf = DtmfDetection::Suppress;
            rtp.ptime = ms(ptime);
        });
        let dialled = "1593572846";
        dial(&mut rig, dialled, on, off);
        let sent = rig.sent();
        let (audio, events) = parted(&sent);
        let begun = events.iter().filter(|(header, _)| header.marker);
        let begun: Vec<u8> = begun.map(|(_, payload)| payload.event).collect();
        let expected: Vec<u8> = dialled.chars().map(|c| digit(c).event()).collect();
        assert_eq!(begun, expected, "ptime {ptime}, {on} ms on, {off} ms off");
        let ends = events.iter().filter(|(_, payload)| payload.end).count();
        assert_eq!(ends, 3 * dialled.len());
        let octets = audio.iter().flat_map(|(_, payload)| payload);
        let loud = octets
            .filter(|&&o| Law::ALaw.decode(o).unsigned_abs() > 100)
            .count();
        assert!(loud <= 24 * dialled.len(), "{loud} samples leaked");
    }
}

#[test]
fn durations_of_an_event_never_shrink() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| {
        rtp.telephone_event = Some(EVENT_TYPE);
        rtp.dtmf = DtmfDetection::Detect;
    });
    dial(&mut rig, "1593", 123, 77);
    let sent = rig.sent();
    let (_, events) = parted(&sent);
    let mut last: Option<(u32, u16)> = None;
    for (header, payload) in events {
        if let Some((timestamp, duration)) = last
            && timestamp == header.timestamp
        {
            assert!(payload.duration >= duration);
        }
        last = Some((header.timestamp, payload.duration));
    }
    assert_eq!(rig.digits(Side::Timeslot).len(), 4);
}

/// What the timeslot carries, as a DTMF receiver there hears it.
fn digits_on(line: &[u8], law: Law) -> Vec<(char, u64)> {
    let mut detector = dtmf::Detector::new(dtmf::DetectorConfig::default(), law);
    let mut digits = Vec::new();
    detector.push_octets(law, line, &mut |report| {
        if let dtmf::Report::Ended { digit, samples, .. } = report {
            digits.push((digit.as_char(), u64::from(samples / 8)));
        }
    });
    digits
}

/// The peer presses `character` for `duration` while it sends audio too; some packets are lost.
fn press(rig: &mut Rig, character: char, duration: u16, lost: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut line = Vec::new();
    let timestamp = rig.header.timestamp;
    let updates = usize::from(duration).div_ceil(160);
    for n in 0..updates + 2 {
        let so_far = (n + 1).saturating_mul(160).min(usize::from(duration)) as u16;
        let end = n + 1 >= updates;
        let payload = Payload {
            event: digit(character).event(),
            end,
            volume: 10,
            duration: so_far,
        };
        if lost(n) {
            rig.header.sequence = rig.header.sequence.wrapping_add(1);
        } else {
            rig.send_event(timestamp, payload, n == 0);
        }
        line.extend(rig.idle_ticks(2));
    }
    rig.header.timestamp = timestamp.wrapping_add(updates as u32 * 160 + 320);
    line.extend(rig.idle_ticks(20));
    line
}

#[test]
fn events_become_tones_on_the_timeslot() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.telephone_event = Some(EVENT_TYPE));
    for n in 0..25 {
        let loud = [if n % 2 == 0 { 0x2A } else { 0xAA }; 160];
        rig.send(&loud);
        rig.idle_ticks(2);
    }
    let mut line = Vec::new();
    let pressed = "0123456789*#ABCD";
    for character in pressed.chars() {
        line.extend(press(&mut rig, character, 800, |_| false));
    }
    let heard = digits_on(&line, Law::ALaw);
    assert_eq!(heard.iter().map(|d| d.0).collect::<String>(), pressed);
    assert!(heard.iter().all(|d| (94..=126).contains(&d.1)), "{heard:?}");
    let reported = rig.digits(Side::Rtp);
    assert_eq!(reported.len(), 16);
    assert!(reported.iter().all(|d| d.1 == 100), "{reported:?}");
    let statistics = rig.close();
    assert_eq!(
        (statistics.digits_from_rtp, statistics.digits_to_timeslot),
        (16, 16)
    );
}

/// Short events are lengthened to what receivers must recognise; lost packets, first or last,
/// neither lose the digit nor double it.
#[test]
fn short_events_and_lost_packets_still_make_one_digit() {
    type Lost = fn(usize) -> bool;
    let cases: [(u16, Lost, &str); 6] = [
        (80, |_| false, "10 ms"),
        (160, |_| false, "20 ms"),
        (800, |n| n == 0, "first lost"),
        (800, |n| n >= 4, "all ends lost"),
        (800, |n| n == 2 || n == 3, "two updates lost"),
        (800, |n| n < 6, "all but the last lost"),
    ];
    for (duration, lost, name) in cases {
        let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.telephone_event = Some(EVENT_TYPE));
        rig.send(&[0xD5; 160]);
        rig.idle_ticks(2);
        let line = press(&mut rig, '5', duration, lost);
        let heard = digits_on(&line, Law::ALaw);
        assert_eq!(heard.iter().map(|d| d.0).collect::<String>(), "5", "{name}");
        assert!(heard[0].1 >= 36, "{name}: {heard:?}");
        assert_eq!(rig.digits(Side::Rtp).len(), 1, "{name}");
    }
}

#[test]
fn commanded_digits_go_either_way() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.telephone_event = Some(EVENT_TYPE));
    for (towards, digits) in [(Side::Timeslot, "90*"), (Side::Rtp, "11#")] {
        for character in digits.chars() {
            let (bridge, digit, duration) = (BRIDGE, digit(character), ms(80));
            rig.command(Command::Digit {
                bridge,
                towards,
                digit,
                duration,
            });
        }
    }
    let line = rig.idle_ticks(80);
    let heard: String = digits_on(&line, Law::ALaw).iter().map(|d| d.0).collect();
    assert_eq!(heard, "90*");
    let sent = rig.sent();
    let (_, events) = parted(&sent);
    let markers: Vec<u8> = events
        .iter()
        .filter(|e| e.0.marker)
        .map(|e| e.1.event)
        .collect();
    assert_eq!(markers, [1, 1, 11]);
    let ends: Vec<_> = events.iter().filter(|e| e.1.end).collect();
    assert_eq!(ends.len(), 9);
    assert!(ends.iter().all(|e| e.1.duration == 640));
    // Between two digits there are 50 ms, to the packet.
    let starts: Vec<u32> = events
        .iter()
        .filter(|e| e.0.marker)
        .map(|e| e.0.timestamp)
        .collect();
    assert!(
        starts
            .windows(2)
            .all(|w| w[1].wrapping_sub(w[0]) == 640 + 480),
        "{starts:?}"
    );
    for _ in 0..16 {
        let (bridge, digit) = (BRIDGE, digit('1'));
        rig.command(Command::Digit {
            bridge,
            towards: Side::Rtp,
            digit,
            duration: ms(0),
        });
    }
    assert!(
        !rig.events
            .iter()
            .any(|e| matches!(e, Event::Refused { .. }))
    );
    let (bridge, digit) = (BRIDGE, digit('1'));
    rig.command(Command::Digit {
        bridge,
        towards: Side::Rtp,
        digit,
        duration: ms(0),
    });
    let refused = Refusal::DigitsFull;
    assert!(
        matches!(rig.events.last(), Some(Event::Refused { refusal, .. }) if *refusal == refused)
    );
}

#[test]
fn without_events_commanded_digits_are_tones_in_rtp() {
    let mut rig = Rig::attached(Law::MuLaw, |_| {});
    for character in "42".chars() {
        let (bridge, digit) = (BRIDGE, digit(character));
        rig.command(Command::Digit {
            bridge,
            towards: Side::Rtp,
            digit,
            duration: ms(60),
        });
    }
    rig.idle_ticks(40);
    let sent = rig.sent().concat_payloads();
    assert_eq!(
        digits_on(&sent, Law::ALaw)
            .iter()
            .map(|d| d.0)
            .collect::<String>(),
        "42"
    );
}

#[test]
fn ringback_is_heard_in_rtp_before_the_path_is_open() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.command(Command::Path {
        bridge: BRIDGE,
        path: Path::CLOSED,
    });
    let ringback = Plan::builtin("de").unwrap().ringback();
    let tone = Some(Box::new(media_bridge::tone::Generator::new(
        Arc::clone(&ringback),
        Law::ALaw,
    )));
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Rtp,
        tone,
    });
    rig.idle_ticks(1_090);
    let samples: Vec<i16> = rig
        .sent()
        .concat_payloads()
        .iter()
        .map(|&o| Law::ALaw.decode(o))
        .collect();
    let mut intervals = Vec::new();
    Cadence::new(CadenceConfig::default(), Law::ALaw).push(&samples, &mut |interval| {
        intervals.push((interval.on, interval.ms()))
    });
    assert_eq!(intervals.len(), 4, "{intervals:?}");
    for ((on, length), (expected_on, expected)) in intervals
        .iter()
        .zip([(true, 1_000u64), (false, 4_000)].iter().cycle())
    {
        assert_eq!(on, expected_on);
        assert!(length.abs_diff(*expected) <= 5, "{intervals:?}");
    }
    let measured = Detector::measure(&samples[80..7_900], Law::ALaw);
    assert!(measured.matches(&[425.0], 0.2), "{measured:?}");
    // Stopped: the program comes home, nothing more is sent.
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Rtp,
        tone: None,
    });
    let home = rig.events.iter().any(
        |event| matches!(event, Event::Spent(Spent::Tone(tone)) if Arc::ptr_eq(tone.program(), &ringback)),
    );
    assert!(home);
    rig.idle_ticks(10);
    assert_eq!(rig.sent(), []);
}

#[test]
fn a_tone_on_the_timeslot_replaces_the_audio_and_ends() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    let program = ToneProgram::steady(1_004.0, Dbm0(-16.0)).unwrap();
    let tone = Some(Box::new(media_bridge::tone::Generator::new(
        Arc::new(program),
        Law::ALaw,
    )));
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Timeslot,
        tone,
    });
    let line = rig.idle_ticks(100);
    let samples: Vec<i16> = line.iter().map(|&o| Law::ALaw.decode(o)).collect();
    let measured = Detector::measure(&samples, Law::ALaw);
    assert!(measured.matches(&[1_004.0], 0.1), "{measured:?}");
    assert!((measured.level.0 + 16.0).abs() < 0.2, "{measured:?}");
    let congestion = Plan::builtin("de").unwrap().congestion();
    let once = ToneProgram::new(congestion.segments().to_vec(), false).unwrap();
    let tone = Some(Box::new(media_bridge::tone::Generator::new(
        Arc::new(once),
        Law::ALaw,
    )));
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Timeslot,
        tone,
    });
    rig.idle_ticks(49);
    let side = Side::Timeslot;
    let ended = |rig: &Rig| {
        rig.events
            .iter()
            .any(|e| matches!(e, Event::ToneEnded { towards, .. } if *towards == side))
    };
    assert!(ended(&rig));
}

#[test]
fn the_source_is_latched_and_strangers_are_dropped() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.idle_ticks(4);
    assert!(
        rig.rtp.outbound.iter().all(|queued| queued.peer == peer()),
        "as SDP said"
    );
    rig.rtp.outbound.clear();
    // The peer is behind a translator: its packets come from elsewhere, and so must go there.
    let seen: SocketAddr = "198.51.100.9:61000".parse().unwrap();
    let packet = |header: Header, octet: u8| {
        let mut packet = header.to_octets().to_vec();
        packet.extend([octet; 160]);
        packet
    };
    let mut header = rig.header;
    for _ in 0..10 {
        rig.rtp.push(PORT, seen, packet(header, 0x2A));
        let stranger = Header { ssrc: 99, ..header };
        rig.rtp.push(
            PORT,
            "203.0.113.5:5000".parse().unwrap(),
            packet(stranger, 0x55),
        );
        header.sequence = header.sequence.wrapping_add(1);
        header.timestamp = header.timestamp.wrapping_add(160);
        assert!(rig.idle_ticks(2).iter().all(|o| [0x2A, 0xD5].contains(o)));
    }
    assert!(rig.rtp.outbound.iter().all(|queued| queued.peer == seen));
    let first = rig
        .events
        .iter()
        .filter(|e| matches!(e, Event::FirstPacket { source, .. } if *source == seen));
    assert_eq!(first.count(), 1);
    rig.rtp.push(PORT, seen, vec![0x80; 5]);
    rig.rtp.push(
        PORT,
        seen,
        packet(
            Header {
                payload_type: 3,
                ..header
            },
            0,
        ),
    );
    rig.idle_tick();
    let statistics = rig.close();
    assert_eq!(statistics.packets_stranger, 10);
    assert_eq!(statistics.packets_malformed, 2);
    assert_eq!((statistics.packets_received, statistics.restarts), (10, 0));
    assert_eq!(statistics.first_packet_ms, Some(40));
}

#[test]
fn a_new_source_starts_the_stream_anew() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    let octets = pattern(3_200);
    for change in [0u32, 1] {
        rig.header.ssrc = rig.header.ssrc.wrapping_add(change);
        rig.header.timestamp = rig.header.timestamp.wrapping_mul(77);
        rig.header.sequence = rig.header.sequence.wrapping_mul(77);
        let mut line = Vec::new();
        for payload in octets.chunks(160) {
            rig.send(payload);
            line.extend(rig.idle_ticks(2));
        }
        assert!(line[320..] == octets[..2_880], "source {change}");
    }
    let statistics = rig.close();
    assert_eq!((statistics.restarts, statistics.packets_lost), (1, 0));
}

#[test]
fn a_replaced_side_goes_on_where_the_old_one_stopped() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.idle_ticks(20);
    let mut rtp = Rtp::new(RtpPort(4), peer(), Codec::Pcma, 0x1234_5678);
    rtp.ptime = ms(30);
    rig.command(Command::Rtp {
        bridge: BRIDGE,
        rtp: Box::new(rtp),
    });
    rig.idle_ticks(6);
    let sent: Vec<_> = std::iter::from_fn(|| rig.rtp.pop())
        .map(|queued| (queued.port, Header::parse(&queued.packet).unwrap().0))
        .collect();
    assert_eq!(sent.len(), 12);
    assert_eq!(sent[10].0, RtpPort(4));
    assert_eq!(sent[10].1.sequence, sent[9].1.sequence.wrapping_add(1));
    assert_eq!(sent[10].1.timestamp, sent[9].1.timestamp.wrapping_add(160));
    // The old port is free.
    rig.send(&[0x2A; 160]);
    rig.idle_tick();
    assert_eq!(rig.shard.statistics().packets_unclaimed, 1);
}

/// A digit that was pressed when its RTP side is replaced does not sound for ever.
#[test]
fn a_replaced_side_takes_its_digit_along() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.telephone_event = Some(EVENT_TYPE));
    let payload = Payload {
        event: 5,
        end: false,
        volume: 10,
        duration: 160,
    };
    rig.send_event(rig.header.timestamp, payload, true);
    rig.idle_ticks(5);
    let rtp = Box::new(Rtp::new(PORT, peer(), Codec::Pcma, 1));
    rig.command(Command::Rtp {
        bridge: BRIDGE,
        rtp,
    });
    let line = rig.idle_ticks(50);
    assert!(line[..400].iter().any(|octet| *octet != 0xD5));
    assert!(line[480..].iter().all(|octet| *octet == 0xD5));
}

#[test]
fn silence_on_rtp_is_said_once() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| rtp.timeout = Some(ms(500)));
    let count = |rig: &Rig| {
        rig.events
            .iter()
            .filter(|e| matches!(e, Event::RtpTimeout { .. }))
            .count()
    };
    rig.idle_ticks(50);
    assert_eq!(count(&rig), 0);
    rig.idle_ticks(50);
    assert_eq!(count(&rig), 1);
    rig.send(&[0xD5; 160]);
    rig.idle_ticks(40);
    assert_eq!(count(&rig), 1);
    rig.idle_ticks(40);
    assert_eq!(count(&rig), 2);
}

#[test]
fn statistics_tell_loss_lateness_and_jitter() {
    let mut rig = Rig::attached(Law::ALaw, |rtp| {
        rtp.jitter = JitterConfig::Adaptive {
            initial: ms(40),
            min: ms(20),
            max: ms(100),
        };
    });
    let mut kept = None;
    for n in 0..100 {
        match n {
            30 | 31 => {
                rig.send(&[0x2A; 160]);
                rig.rtp.inbound.pop_back();
            }
            50 => {
                rig.send(&[0x2A; 160]);
                kept = rig.rtp.inbound.pop_back();
            }
            51 => {
                rig.send(&[0x2A; 160]);
                rig.rtp.inbound.extend(kept.clone());
                rig.rtp.inbound.extend(kept.take());
            }
            _ => rig.send(&[0x2A; 160]),
        }
        rig.idle_ticks(2);
    }
    let statistics = rig.close();
    assert_eq!(statistics.packets_lost, 2);
    assert_eq!(
        (
            statistics.packets_out_of_order,
            statistics.packets_duplicate
        ),
        (1, 1)
    );
    assert_eq!(
        (statistics.packets_received, statistics.packets_late),
        (98, 0)
    );
    assert_eq!((statistics.concealed_ms, statistics.gap_max_ms), (40, 60));
    assert!(statistics.jitter_max_us > 0 && statistics.jitter_us < statistics.jitter_max_us);
    let json = serde_json::to_value(statistics).unwrap();
    assert_eq!(json["packets_lost"], 2);
}

#[test]
fn commands_that_cannot_be_obeyed_are_refused_and_boxes_come_home() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    rig.events.clear();
    let other = BridgeId(8);
    let open = |bridge, span, timeslot| {
        Command::Open(Box::new(Open::new(
            bridge,
            span,
            timeslot,
            Law::ALaw,
            Path::BOTH,
        )))
    };
    let free = Timeslot::new(9).unwrap();
    let rtp = |port| Box::new(Rtp::new(port, peer(), Codec::Pcma, 1));
    let cases = [
        (open(BRIDGE, SPAN, free), Refusal::BridgeExists),
        (
            open(other, SpanId(9), free),
            Refusal::UnknownSpan(SpanId(9)),
        ),
        (open(other, SPAN, timeslot()), Refusal::TimeslotBusy(5)),
        (Command::Close { bridge: other }, Refusal::UnknownBridge),
        (
            Command::Path {
                bridge: other,
                path: Path::BOTH,
            },
            Refusal::UnknownBridge,
        ),
        (
            Command::Rtp {
                bridge: other,
                rtp: rtp(PORT),
            },
            Refusal::UnknownBridge,
        ),
        (
            Command::Rtp {
                bridge: BRIDGE,
                rtp: rtp(RtpPort(8)),
            },
            Refusal::UnknownPort(RtpPort(8)),
        ),
    ];
    for (command, expected) in cases {
        let boxed = matches!(command, Command::Open(_) | Command::Rtp { .. });
        rig.command(command);
        let events = std::mem::take(&mut rig.events);
        assert!(
            matches!(&events[0], Event::Refused { refusal, .. } if *refusal == expected),
            "{events:?}"
        );
        assert_eq!(
            matches!(events.get(1), Some(Event::Spent(_))),
            boxed,
            "{events:?}"
        );
    }
    rig.command(open(other, SPAN, free));
    rig.command(Command::Rtp {
        bridge: other,
        rtp: rtp(PORT),
    });
    let refused = rig.events.iter().any(|event| {
        matches!(event, Event::Refused { refusal, .. } if *refusal == Refusal::PortBusy(PORT))
    });
    assert!(refused);
}

#[test]
fn a_closed_bridge_leaves_its_timeslot_idle_and_its_port_free() {
    let mut rig = Rig::attached(Law::ALaw, |_| {});
    let program = ToneProgram::steady(1_004.0, Dbm0(-16.0)).unwrap();
    let tone = Some(Box::new(media_bridge::tone::Generator::new(
        Arc::new(program),
        Law::ALaw,
    )));
    rig.command(Command::Tone {
        bridge: BRIDGE,
        towards: Side::Timeslot,
        tone,
    });
    assert_ne!(rig.idle_tick(), [0xD5; TICK_OCTETS]);
    rig.command(Command::Close { bridge: BRIDGE });
    assert_eq!(rig.idle_tick(), [0xD5; TICK_OCTETS]);
    // It is nobody's now: the shard does not write it again.
    rig.tx.timeslot_mut(timeslot()).fill(0x33);
    assert_eq!(rig.idle_tick(), [0x33; TICK_OCTETS]);
    rig.send(&[0x2A; 160]);
    rig.idle_tick();
    assert_eq!(rig.shard.statistics().packets_unclaimed, 1);
    assert_eq!(rig.shard.statistics().bridges, 0);
    let open = Open::new(BridgeId(9), SPAN, timeslot(), Law::MuLaw, Path::BOTH);
    rig.command(Command::Open(Box::new(open)));
    let rtp = Box::new(Rtp::new(PORT, peer(), Codec::Pcmu, 1));
    rig.command(Command::Rtp {
        bridge: BridgeId(9),
        rtp,
    });
    assert!(
        !rig.events
            .iter()
            .any(|e| matches!(e, Event::Refused { .. }))
    );
    assert_eq!(rig.idle_tick(), [0xFF; TICK_OCTETS]);
}
