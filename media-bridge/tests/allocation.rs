//! A tick allocates nothing: counted by the allocator itself, over thirty bridges with DTMF
//! detection, tones, events, loss and law conversion.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(unsafe_code, reason = "a counting allocator is an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use media_bridge::echo::{self, NlmsConfig};
use media_bridge::event::{Payload, Sounds};
use media_bridge::rtp::Header;
use media_bridge::srtp::{MasterKey, Receiver, Sender, Suite, TRAILER};
use media_bridge::tone::{Plan, Recording, ToneProgram};
use media_bridge::{
    BridgeId, Codec, Command, Datagram, Digit, DtmfDetection, Event, Flow, JitterConfig, Open,
    Path, Rtp, RtpIo, RtpPort, Shard, ShardConfig, Side, Sink, comfort, dtmf,
};
use tdm::{Law, SpanId, SpanTick, TICK, TICK_OCTETS, Timeslot};

/// Counts what the current thread allocates and frees.
struct Counting;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BRIDGES: u8 = 30;
const SPAN: SpanId = SpanId(0);

/// A network without memory: it makes each packet when it is asked, and forgets what is sent.
struct Peers {
    tick: u64,
    sent: u64,
}

impl RtpIo for Peers {
    fn receive(&mut self, sink: &mut Sink<'_>) {
        self.tick += 1;
        let source = SocketAddr::from(([192, 0, 2, 1], 4_000));
        for n in 0..BRIDGES {
            let (number, phase) = (
                (self.tick + u64::from(n)) / 2,
                (self.tick + u64::from(n)) % 2,
            );
            // Every 23rd packet of a bridge is lost.
            if phase != 0 || number % 23 == 11 {
                continue;
            }
            let pressed = number % 100 < 8;
            let header = Header {
                marker: false,
                payload_type: if pressed { 101 } else { 8 },
                sequence: number as u16,
                timestamp: (if pressed { number / 100 * 100 } else { number }) as u32 * 160,
                ssrc: u32::from(n),
            };
            let mut packet = [0x2A; 172];
            packet[..12].copy_from_slice(&header.to_octets());
            let duration = (number % 100 + 1) as u16 * 160;
            let event = Payload {
                event: n % 16,
                end: number % 100 >= 5,
                volume: 10,
                duration,
            };
            packet[12..16].copy_from_slice(&event.to_octets());
            let length = if pressed { 16 } else { 172 };
            sink(Datagram {
                port: RtpPort(n.into()),
                flow: Flow::Rtp,
                source,
                octets: &mut packet[..length],
            });
        }
    }
    fn send(&mut self, _: RtpPort, _: Flow, _: SocketAddr, packet: &[u8]) {
        self.sent += packet.len() as u64;
    }
    fn open(&mut self, _: RtpPort) {}
    fn lock(&mut self, _: RtpPort, _: SocketAddr) {}
    fn close(&mut self, _: RtpPort) {}
}

fn bridge(n: u8) -> BridgeId {
    BridgeId(n.into())
}

fn commands(n: u8) -> [Command; 2] {
    let timeslot = Timeslot::new(n + 1).unwrap();
    let law = if n.is_multiple_of(2) {
        Law::ALaw
    } else {
        Law::MuLaw
    };
    let open = Open::new(bridge(n), SPAN, timeslot, law, Path::BOTH);
    let remote = SocketAddr::from(([192, 0, 2, 1], 4_000));
    let mut rtp = Rtp::new(RtpPort(n.into()), remote, Codec::Pcma, n.into());
    rtp.telephone_event = Some(101);
    rtp.dtmf = DtmfDetection::Suppress;
    rtp.jitter = JitterConfig::default();
    if n.is_multiple_of(3) {
        let echo = echo::Control::new(NlmsConfig::default(), law, true, 3);
        rtp.echo = Some(Box::new(echo));
        rtp.comfort_noise = Some(Box::new(comfort::Gate::new(Law::ALaw)));
        rtp.tones = Some(Box::new(Sounds::new(law, Some(102))));
    }
    [
        Command::Open(Box::new(open)),
        Command::Rtp {
            bridge: bridge(n),
            rtp: rtp.boxed(),
        },
    ]
}

#[test]
fn protecting_and_unprotecting_allocate_nothing() {
    for suite in Suite::ALL {
        let key = MasterKey::new(suite, &vec![7; suite.keying_octets()]).unwrap();
        let (mut sender, mut receiver) = (Sender::new(&key), Receiver::new(&key));
        let mut header = Header {
            marker: false,
            payload_type: 8,
            sequence: 65_000,
            timestamp: 0,
            ssrc: 9,
        };
        let before = COUNT.with(Cell::get);
        for n in 0..1_000 {
            let mut packet = [0x2A; 172];
            header.sequence = header.sequence.wrapping_add(1);
            packet[..12].copy_from_slice(&header.to_octets());
            let mut buffer = [0; 172 + TRAILER];
            let length = sender.protect(&packet, &mut buffer).unwrap().len();
            assert_eq!(receiver.unprotect(&mut buffer[..length]), Ok(172));
            if n % 100 == 0 {
                let mut buffer = [0x81; 32 + TRAILER];
                let length = sender.protect_rtcp(&mut buffer, 32).unwrap();
                assert_eq!(receiver.unprotect_rtcp(&mut buffer[..length]), Ok(32));
                assert!(receiver.unprotect_rtcp(&mut buffer[..length]).is_err());
            }
        }
        let after = COUNT.with(Cell::get);
        assert_eq!(after - before, 0, "{suite}");
    }
}

#[test]
fn a_thousand_ticks_of_thirty_bridges_allocate_nothing() {
    #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
    let mut now = Instant::now();
    let mut shard = Shard::new(ShardConfig {
        spans: vec![SPAN],
        ports: BRIDGES.into(),
    });
    let ringback = Plan::builtin("gb").unwrap().ringback();
    let mut home = Vec::with_capacity(1_000);
    let mut setup: Vec<Command> = (0..BRIDGES).flat_map(commands).collect();
    for n in 0..5 {
        let tone = Some(Box::new(media_bridge::tone::Generator::new(
            Arc::clone(&ringback),
            Law::ALaw,
        )));
        let towards = if n % 2 == 0 {
            Side::Rtp
        } else {
            Side::Timeslot
        };
        setup.push(Command::Tone {
            bridge: bridge(n),
            towards,
            tone,
        });
    }
    let recording = Recording::new("announcement", vec![1_000; 12_345]).unwrap();
    let announcement = Arc::new(ToneProgram::announcement(&recording, 3, 500).unwrap());
    for towards in [Side::Rtp, Side::Timeslot] {
        let player = media_bridge::tone::Generator::new(Arc::clone(&announcement), Law::ALaw);
        setup.push(Command::Tone {
            bridge: bridge(5),
            towards,
            tone: Some(Box::new(player)),
        });
    }
    // Two seconds of dialled digits, again and again.
    let mut dialled = vec![Law::ALaw.idle(); 16_000];
    for (n, digit) in Digit::ALL.into_iter().enumerate() {
        let mut samples = [0; 480];
        dtmf::Generator::new(digit, dtmf::Levels::default(), Law::ALaw).fill(&mut samples);
        for (octet, sample) in dialled[n * 1_000..].iter_mut().zip(samples) {
            *octet = Law::ALaw.encode(sample);
        }
    }
    let mut rx = SpanTick::idle(Law::ALaw);
    let mut tx = SpanTick::idle(Law::ALaw);
    let mut rtp = Peers { tick: 0, sent: 0 };
    let (mut from_timeslot, mut from_rtp) = (0, 0);

    let before = COUNT.with(Cell::get);
    for command in setup.drain(..) {
        shard.command(command, &mut |event| home.push(event));
    }
    for n in 0..1_000 {
        let heard = &dialled[n % 200 * TICK_OCTETS..][..TICK_OCTETS];
        rx.0.iter_mut()
            .for_each(|timeslot| timeslot.copy_from_slice(heard));
        if n % 100 == 50 {
            for to in 0..BRIDGES {
                let towards = if to % 2 == 0 {
                    Side::Rtp
                } else {
                    Side::Timeslot
                };
                let digit = Digit::ALL[usize::from(to % 16)];
                let duration = Duration::from_millis(60);
                let command = Command::Digit {
                    bridge: bridge(to),
                    towards,
                    digit,
                    duration,
                };
                shard.command(command, &mut |event| home.push(event));
            }
        }
        shard.tick(
            now,
            SPAN,
            &rx,
            &mut tx,
            &mut rtp,
            &mut |event| match event {
                Event::Digit {
                    from: Side::Timeslot,
                    ..
                } => from_timeslot += 1,
                Event::Digit {
                    from: Side::Rtp, ..
                } => from_rtp += 1,
                Event::FirstPacket { .. } => {}
                other => home.push(other),
            },
        );
        now += TICK;
    }
    for n in 0..BRIDGES {
        shard.command(Command::Close { bridge: bridge(n) }, &mut |event| {
            home.push(event)
        });
    }
    let after = COUNT.with(Cell::get);

    assert_eq!(
        after - before,
        0,
        "allocations and frees from the first Open to the last Close"
    );
    // And the ticks were not empty. What is dialled is A-law, which half of the timeslots are.
    assert_eq!(from_timeslot, 5 * 16 * u64::from(BRIDGES) / 2);
    assert!(
        from_rtp >= 4 * u64::from(BRIDGES),
        "{from_rtp} digits received as events"
    );
    assert!(rtp.sent > 25 * 400 * 172, "{} octets sent", rtp.sent);
    let closed = home.iter().filter_map(|event| match event {
        Event::Closed { statistics, .. } => Some(statistics),
        _ => None,
    });
    let lost: Vec<u64> = closed.map(|statistics| statistics.packets_lost).collect();
    assert_eq!(lost.len(), usize::from(BRIDGES));
    assert!(lost.iter().all(|lost| (18..=24).contains(lost)), "{lost:?}");
    assert!(
        !home
            .iter()
            .any(|event| matches!(event, Event::Refused { .. }))
    );
}
