//! Delay that a bridge adds mouth to ear, each way, beyond packet time and buffer: in virtual time,
//! from the places of octets, and in real time, from the clock.
//!
//! A tick is as a media thread has it: what the line takes is made when the tick is due, of the packets
//! that have come. In real time the peer's packets come at every phase of a tick.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use media_bridge::rtp::Header;
use media_bridge::{
    BridgeId, Codec, Command, DtmfDetection, JitterConfig, Open, Path, QueueRtp, Rtp, RtpPort,
    Shard, ShardConfig,
};
use tdm::{Law, SpanId, SpanTick, TICK, TICK_OCTETS, Timeslot};

use crate::median;
use crate::peers::{Peers, packet, socket};

const SPAN: SpanId = SpanId(0);
const PACKET_MS: f64 = 20.0;
const BUFFER_MS: u64 = 30;
/// Packets of a source in real time, and by how much later the next one sends.
const A_SOURCE: usize = 12;
const PHASE: Duration = Duration::from_micros(700);
/// Time that is measured in real time.
const REAL: Duration = Duration::from_secs(5);

pub(crate) fn print() {
    println!();
    println!(
        "| ms added beyond packet time and buffer | virtual time | real time, median (95 %) |"
    );
    println!("|---|---|---|");
    for (name, dtmf) in [
        ("no suppression of DTMF", DtmfDetection::Detect),
        ("suppression of DTMF", DtmfDetection::Suppress),
    ] {
        let (to_rtp, to_timeslot) = in_real_time(dtmf);
        let ways = [
            ("timeslot to RTP", in_virtual_time(dtmf, true), to_rtp),
            ("RTP to timeslot", in_virtual_time(dtmf, false), to_timeslot),
        ];
        for (way, exact, mut real) in ways {
            real.sort_by(f64::total_cmp);
            let most = real[real.len() * 95 / 100];
            let middle = median(real);
            println!("| {way}, {name} | {exact:.1} | {middle:.1} ({most:.1}) |");
        }
    }
}

fn bridge(dtmf: DtmfDetection, peer: SocketAddr) -> Shard {
    let mut shard = Shard::new(ShardConfig {
        spans: vec![SPAN],
        ports: 1,
    });
    let bridge = BridgeId(0);
    let timeslot = Timeslot::new(1).unwrap();
    let open = Open::new(bridge, SPAN, timeslot, Law::ALaw, Path::BOTH);
    let mut rtp = Rtp::new(RtpPort(0), peer, Codec::Pcma, 1);
    rtp.telephone_event = Some(101);
    rtp.dtmf = dtmf;
    rtp.jitter = JitterConfig::Fixed {
        depth: Duration::from_millis(BUFFER_MS),
    };
    let rtp = rtp.boxed();
    for command in [Command::Open(Box::new(open)), Command::Rtp { bridge, rtp }] {
        shard.command(command, &mut drop);
    }
    shard
}

/// Samples of the stream until it repeats.
const PERIOD: usize = 16_000;

/// The octet at a place of the stream, as if by chance, so that eight in a row are found again and
/// no detector takes them for a digit.
fn pattern(at: usize) -> u8 {
    let mixed = ((at % PERIOD) as u32 ^ 0x5bd1).wrapping_mul(0x9E37_79B1);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x85EB_CA77);
    (mixed ^ mixed >> 13) as u8
}

/// Where in the stream `octets` are, at `latest` or before.
fn place(octets: &[u8], latest: usize) -> Option<usize> {
    let octets = octets.get(..16)?;
    (latest.saturating_sub(PERIOD / 2)..=latest)
        .rev()
        .find(|&at| (0..16).all(|k| pattern(at + k) == octets[k]))
}

/// A subscriber's side in real or virtual time: what it says in a tick.
fn speak(rx: &mut SpanTick, tick: usize) {
    for (k, octet) in rx.0[1].iter_mut().enumerate() {
        *octet = pattern(tick * TICK_OCTETS + k);
    }
}

/// By the places of octets, over a network without delay and in step with the line.
fn in_virtual_time(dtmf: DtmfDetection, to_rtp: bool) -> f64 {
    let peer = SocketAddr::from(([192, 0, 2, 1], 4_000));
    let mut shard = bridge(dtmf, peer);
    let (mut now, mut network) = (Instant::now(), QueueRtp::new());
    let (mut rx, mut tx) = (SpanTick::idle(Law::ALaw), SpanTick::idle(Law::ALaw));
    let mut delay = None;
    for tick in 0..200 {
        if !to_rtp && tick % 2 == 1 {
            // Said in this tick and the one before it.
            let start = (tick - 1) * TICK_OCTETS;
            let audio: Vec<u8> = (start..start + 160).map(pattern).collect();
            let packet = packet(8, 1, tick / 2, &audio);
            network.push(RtpPort(0), peer, packet.to_vec());
        } else if to_rtp {
            speak(&mut rx, tick);
        }
        shard.tick(now, SPAN, &rx, &mut tx, &mut network, &mut drop);
        now += TICK;
        let said = (tick + 1) * TICK_OCTETS;
        while let Some(queued) = network.pop() {
            if let (true, Some(at)) = (to_rtp, place(&queued.packet[12..], said)) {
                delay = Some((said - at) as f64 / 8.0 - PACKET_MS);
            }
        }
        if let (false, Some(at)) = (to_rtp, place(&tx.0[1], said)) {
            delay = Some((said - at) as f64 / 8.0 - PACKET_MS - BUFFER_MS as f64);
        }
    }
    delay.unwrap()
}

/// By the clock: a thread with the bridge and its line, and a peer; each way.
fn in_real_time(dtmf: DtmfDetection) -> (Vec<f64>, Vec<f64>) {
    let mut rtp = Peers::pool(1);
    let ours = rtp.local(RtpPort(0)).unwrap();
    let peer = socket(SocketAddr::from(([127, 0, 0, 1], 0)));
    let mut shard = bridge(dtmf, peer.local_addr().unwrap());
    let start = Instant::now() + Duration::from_millis(50);
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let line = scope.spawn(|| {
            let (mut rx, mut tx) = (SpanTick::idle(Law::ALaw), SpanTick::idle(Law::ALaw));
            let mut heard = Vec::new();
            for tick in 0.. {
                // The line is at the end of this tick: it gives what was said in it, and takes what
                // it plays in the next.
                let due = start + TICK * (tick as u32 + 1);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                shard.transmit(due, SPAN, &mut tx, &mut rtp, &mut drop);
                let played = tx.0[1];
                speak(&mut rx, tick);
                shard.receive(due, SPAN, (&rx, &tx), &mut rtp, &mut drop);
                heard.push((due, played));
            }
            heard
        });
        let (to_rtp, said) = play_the_peer(&peer, ours, start);
        stop.store(true, Ordering::Relaxed);
        let heard = line.join().unwrap();
        // What the peer said at which time, by its place in the stream.
        let to_timeslot = heard.iter().filter_map(|(due, octets)| {
            let latest = said.len() * 160;
            let at = place(octets, latest)?;
            let sent = *said.get(at / 160)?;
            // The octet was said its packet's time, less its place there, before that was sent.
            let mouth = PACKET_MS - (at % 160) as f64 / 8.0;
            let ear = due.checked_duration_since(sent)?.as_secs_f64() * 1e3;
            Some(ear + mouth - PACKET_MS - BUFFER_MS as f64)
        });
        (to_rtp, to_timeslot.skip(20).collect())
    })
}

/// Sends a packet every 20 ms; now and then another source takes over at another phase of the tick,
/// and the buffer begins anew. Times what comes. Returns the delays to RTP, and when each packet was sent.
fn play_the_peer(peer: &UdpSocket, ours: SocketAddr, start: Instant) -> (Vec<f64>, Vec<Instant>) {
    let (mut delays, mut sent) = (Vec::new(), Vec::new());
    let mut octets = [0; 2_048];
    let mut due = start;
    while start.elapsed() < REAL {
        let now = Instant::now();
        if now >= due {
            let at = sent.len() * 160;
            let audio: Vec<u8> = (at..at + 160).map(pattern).collect();
            let packet = packet(8, sent.len() / A_SOURCE, sent.len(), &audio);
            peer.send_to(&packet, ours).unwrap();
            sent.push(now);
            due += 2 * TICK;
            if sent.len().is_multiple_of(A_SOURCE) {
                due += PHASE;
            }
        }
        while let Ok(length) = peer.recv(&mut octets) {
            let came = Instant::now();
            let Some((_, audio)) = Header::parse(&octets[..length]) else {
                continue;
            };
            let latest = (came.duration_since(start).as_secs_f64() * 8e3) as usize;
            if let Some(at) = place(audio, latest) {
                let said = at as f64 / 8.0;
                let delay = came.duration_since(start).as_secs_f64() * 1e3 - said - PACKET_MS;
                delays.push(delay);
            }
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    (delays.split_off(10), sent)
}
