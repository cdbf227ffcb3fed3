//! A media thread allocates and frees nothing: counted by the allocator itself over 10,000 ticks of
//! 480 channels with calls coming and going, on everything that the thread runs: `Worker` with its
//! spans, signalling links and bridges, and `UdpRtp` with real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test runs in real time and fails by panicking"
)]
#![allow(unsafe_code, reason = "a counting allocator is an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use isthmus::shell::word::{Down, SignalUnit, Up};
use isthmus::shell::worker::{Links, Worker};
use media_bridge::rtp::Header;
use media_bridge::{
    BridgeId, Codec, Command, Digit, DtmfDetection, Event, JitterConfig, Open, Path, Redundancy,
    Rtcp, Rtp, RtpPort, Side, UdpRtp, dtmf, modem, realtime,
};
use mtp::LinkId;
use tdm::{
    Due, Law, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick, TICK, TICK_OCTETS, Timeslot,
};

/// Counts what is allocated and freed while it is told to.
struct Counting;

thread_local! {
    static COUNTS: Cell<bool> = const { Cell::new(false) };
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    if COUNTS.get() {
        COUNT.set(COUNT.get() + 1);
    }
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's contract is the same.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count();
        // SAFETY: the caller's contract is the same.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Does what the media thread does, and counts.
fn counted<T>(work: impl FnOnce() -> T) -> T {
    COUNTS.set(true);
    let result = work();
    COUNTS.set(false);
    result
}

const SPANS: usize = 16;
const A_SPAN: usize = 30;
const CHANNELS: usize = SPANS * A_SPAN;
const TICKS: usize = 10_000;
/// Packets of 60 ms, so that ten thousand ticks take seconds.
const PACKET_TICKS: usize = 6;
const AUDIO: usize = PACKET_TICKS * TICK_OCTETS;
/// The link of each span.
const SIGNALLING: usize = 16;

/// A line without a clock, on which every subscriber dials; the link is looped.
struct Line {
    id: SpanId,
    dialled: Vec<u8>,
    tick: usize,
}

impl SpanIo for Line {
    fn id(&self) -> SpanId {
        self.id
    }
    fn wait(&mut self) -> io::Result<Due> {
        Ok(Due::default())
    }
    fn carry(&mut self, _: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.tick += 1;
        for (n, timeslot) in rx.0.iter_mut().enumerate() {
            let ticks = self.dialled.len() / TICK_OCTETS;
            let at = (self.tick + n * 7) % ticks * TICK_OCTETS;
            timeslot.copy_from_slice(&self.dialled[at..at + TICK_OCTETS]);
        }
        rx.0[SIGNALLING] = tx.0[SIGNALLING];
        Ok(())
    }
    fn poll_event(&mut self) -> Option<SpanEvent> {
        None
    }
    fn counters(&self) -> SpanCounters {
        SpanCounters::default()
    }
}

/// Two seconds of a keypad, and silence.
fn dialled() -> Vec<u8> {
    let mut octets = vec![Law::ALaw.idle(); 32_000];
    for (n, digit) in Digit::ALL.into_iter().enumerate() {
        let mut samples = [0; 480];
        dtmf::Generator::new(digit, dtmf::Levels::default(), Law::ALaw).fill(&mut samples);
        for (octet, sample) in octets[n * 1_000..].iter_mut().zip(samples) {
            *octet = Law::ALaw.encode(sample);
        }
    }
    octets
}

/// A call's peer: all of a span's have one socket.
struct Peers {
    sockets: Vec<UdpSocket>,
    targets: Vec<SocketAddr>,
    speech: Vec<u8>,
    /// Of each call: the tick in which it began, and how many there have been.
    calls: Vec<(usize, u32)>,
}

impl Peers {
    fn socket(&self, n: usize) -> &UdpSocket {
        &self.sockets[n / A_SPAN]
    }

    /// The packets of a tick. One of every 29 is lost.
    fn send(&self, tick: usize) {
        for (n, (began, call)) in self.calls.iter().enumerate() {
            let number = (tick - began) / PACKET_TICKS;
            if !(tick - began).is_multiple_of(PACKET_TICKS) || (number + n) % 29 == 28 {
                continue;
            }
            let header = Header {
                marker: number == 0,
                payload_type: 8,
                sequence: number as u16,
                timestamp: (number * AUDIO) as u32,
                ssrc: *call,
            };
            let mut packet = [0; 12 + AUDIO];
            packet[..12].copy_from_slice(&header.to_octets());
            let at = (number * AUDIO + n * 80) % (self.speech.len() - AUDIO);
            packet[12..].copy_from_slice(&self.speech[at..at + AUDIO]);
            self.socket(n).send_to(&packet, self.targets[n]).unwrap();
        }
    }
}

/// What a call is opened with: every function for some.
fn commands(n: usize, call: u32, peer: SocketAddr) -> [Command; 2] {
    let bridge = BridgeId(n as u32);
    // The link has a timeslot of its own.
    let number = n % A_SPAN + 1;
    let timeslot = Timeslot::new((number + usize::from(number >= SIGNALLING)) as u8).unwrap();
    let span = SpanId((n / A_SPAN) as u16);
    let open = Open::new(bridge, span, timeslot, Law::ALaw, Path::BOTH);
    let codec = [Codec::Pcma, Codec::Pcma, Codec::Pcmu, Codec::Clearmode][n % 4];
    let mut rtp = Rtp::new(RtpPort(n as u16), peer, codec, call);
    rtp.payload_type = 8;
    rtp.ptime = TICK * PACKET_TICKS as u32;
    rtp.rtcp = Some(Rtcp {
        remote: SocketAddr::new(peer.ip(), peer.port()),
        mux: n.is_multiple_of(3),
    });
    if codec != Codec::Clearmode {
        rtp.dtmf = DtmfDetection::Suppress;
        rtp.telephone_event = Some(101);
        if n.is_multiple_of(4) {
            rtp.modems = Some(Box::new(modem::Pair::new(Law::ALaw)));
        }
        rtp.jitter = JitterConfig::default();
        if n.is_multiple_of(5) {
            rtp.redundancy = Some(Redundancy::new(121, 1));
        }
    }
    let rtp = rtp.boxed();
    [Command::Open(Box::new(open)), Command::Rtp { bridge, rtp }]
}

fn pool() -> UdpRtp {
    let last = 2 * CHANNELS as u16 - 1;
    (0..30)
        .map(|n| 12_000 + n * 600)
        .find_map(|first| UdpRtp::bind(Ipv4Addr::LOCALHOST.into(), first..=first + last).ok())
        .expect("free UDP ports")
}

#[test]
fn ten_thousand_ticks_of_480_channels_allocate_nothing() {
    realtime::raise_file_limit().unwrap();
    let dialled = dialled();
    let spans = (0..SPANS as u16).map(|span| {
        let line = Line {
            id: SpanId(span),
            dialled: dialled.clone(),
            tick: 0,
        };
        let signalling = Timeslot::new(SIGNALLING as u8).unwrap();
        let links: Links = vec![(LinkId(span), signalling)];
        (Box::new(line) as Box<dyn SpanIo>, links)
    });
    let rtp = pool();
    let targets = (0..CHANNELS as u16).map(|n| rtp.local(RtpPort(n)).unwrap());
    let mut peers = Peers {
        sockets: (0..SPANS)
            .map(|_| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
            .collect(),
        targets: targets.collect(),
        speech: dialled.clone(),
        calls: vec![(0, 0); CHANNELS],
    };
    let mut worker = Worker::new(spans.collect(), rtp, CHANNELS as u16, false);
    // What the thread says comes out of it as it would by its ring, and is dropped out here.
    let mut said: Vec<Up> = Vec::with_capacity(65_536);
    let mut statistics = Vec::new();
    let (mut digits, mut line) = (0u64, 0u64);
    let mut now = Instant::now();
    let mut calls = 0;
    for tick in 0..TICKS {
        // All begin at once; then one ends and another begins in each tick.
        let changing = match tick {
            0 => 0..CHANNELS,
            _ => tick % CHANNELS..tick % CHANNELS + 1,
        };
        for n in changing {
            calls += 1;
            let peer = peers.socket(n).local_addr().unwrap();
            let close = (tick > 0).then_some(Command::Close {
                bridge: BridgeId(n as u32),
            });
            let digit = Command::Digit {
                bridge: BridgeId(n as u32),
                towards: if n.is_multiple_of(2) {
                    Side::Rtp
                } else {
                    Side::Timeslot
                },
                digit: Digit::ALL[n % 16],
                duration: Duration::from_millis(60),
            };
            let opening = commands(n, calls, peer).into_iter().chain([digit]);
            let commands: Vec<Command> = close.into_iter().chain(opening).collect();
            for command in commands {
                counted(|| worker.down(Down::Media(command), &mut |word| said.push(word)));
            }
            peers.calls[n] = (tick, calls);
        }
        if tick.is_multiple_of(100) {
            // A message of twenty octets on each link, then FISUs again.
            for link in 0..SPANS as u16 {
                for unit in [
                    &[
                        0x80, 0x80, 20, 0x85, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
                        16, 17, 18, 19,
                    ][..],
                    &[0x80, 0x80, 0],
                ] {
                    let word = Down::SignalUnit(LinkId(link), SignalUnit::new(unit).unwrap());
                    counted(|| worker.down(word, &mut |word| said.push(word)));
                }
            }
        }
        // A closed port has no one for a tick: its peer begins when the port is open.
        counted(|| {
            let due = worker.wait(&mut |word| said.push(word)).unwrap();
            worker.work(now, due, &mut |word| said.push(word));
        });
        peers.send(tick);
        now += TICK;
        for word in said.drain(..) {
            match word {
                Up::Media(Event::Refused { bridge, refusal }) => panic!("{bridge:?}: {refusal}"),
                Up::Media(Event::Closed {
                    statistics: told, ..
                }) => statistics.push(told),
                Up::Media(Event::Digit { .. }) => digits += 1,
                Up::Line(..) | Up::SignalUnit(..) => line += 1,
                _ => {}
            }
        }
    }
    assert_eq!(COUNT.get(), 0, "allocations and frees on the media thread");

    // And none of it was idle.
    assert_eq!(statistics.len(), TICKS - 1);
    let sum = |of: fn(&media_bridge::Statistics) -> u64| -> u64 {
        statistics.iter().map(|statistics| of(statistics)).sum()
    };
    let packets = (CHANNELS * TICKS / PACKET_TICKS) as u64;
    let received = sum(|s| s.packets_received);
    assert!(
        received > packets * 8 / 10,
        "{received} of {packets} packets"
    );
    assert!(sum(|s| s.packets_sent) > packets * 7 / 10);
    assert!(sum(|s| s.packets_lost) > packets / 40);
    assert!(sum(|s| s.concealed_ms) > 0 && sum(|s| s.rtcp_sent) > 0);
    assert!(
        digits > 1_000 && line > 1_000,
        "{digits} digits, {line} words of the links"
    );
    let counters = worker.rtp().counters();
    assert_eq!((counters.send_errors, counters.not_connected), (0, 0));
}
