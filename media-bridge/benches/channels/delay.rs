//! Delay mouth to ear through two bridges, in virtual time over a network without delay.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media_bridge::{
    BridgeId, Codec, Command, DtmfDetection, JitterConfig, Open, Path, QueueRtp, Rtp, RtpPort,
    Shard, ShardConfig,
};
use tdm::{Law, SpanId, SpanTick, TICK, TICK_OCTETS, Timeslot};

const SPAN: SpanId = SpanId(0);
const PACKET_MS: f64 = 20.0;
const BUFFER_MS: u64 = 30;

pub(crate) fn print() {
    for (name, dtmf) in [
        ("without suppression of DTMF", DtmfDetection::Detect),
        ("with suppression of DTMF", DtmfDetection::Suppress),
    ] {
        println!(
            "Added delay, {name}: {:.2} ms beyond packet time and buffer.",
            added(dtmf)
        );
    }
}

fn end(dtmf: DtmfDetection) -> Shard {
    let mut shard = Shard::new(ShardConfig {
        spans: vec![SPAN],
        ports: 1,
    });
    let bridge = BridgeId(0);
    let timeslot = Timeslot::new(1).unwrap();
    let open = Open::new(bridge, SPAN, timeslot, Law::ALaw, Path::BOTH);
    let peer = SocketAddr::from(([192, 0, 2, 1], 4000));
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

/// The octet at a place of the stream, as if by chance.
fn pattern(at: u32) -> u8 {
    let mixed = (at ^ 0x5bd1).wrapping_mul(0x9E37_79B1);
    let mixed = (mixed ^ mixed >> 15).wrapping_mul(0x85EB_CA77);
    (mixed ^ mixed >> 13) as u8
}

/// Octets that count up cross both; how many lie between what goes in and what comes out.
fn added(dtmf: DtmfDetection) -> f64 {
    let (mut near, mut far) = (end(dtmf), end(dtmf));
    let mut now = Instant::now();
    let (mut from_near, mut from_far) = (QueueRtp::new(), QueueRtp::new());
    let mut line = SpanTick::idle(Law::ALaw);
    let mut out = SpanTick::idle(Law::ALaw);
    let mut sent: u32 = 0;
    let mut delay = 0;
    for _ in 0..200 {
        for octet in &mut line.0[1] {
            // A pattern that no detector takes for a digit and that repeats after 1.6 s.
            *octet = pattern(sent);
            sent = (sent + 1) % 12_800;
        }
        let came_in: Vec<u8> = line.0[1].to_vec();
        near.tick(now, SPAN, &line, &mut out, &mut from_near, &mut drop);
        while let Some(queued) = from_near.pop() {
            from_far.push(RtpPort(0), queued.peer, queued.packet);
        }
        let idle = SpanTick::idle(Law::ALaw);
        far.tick(now, SPAN, &idle, &mut out, &mut from_far, &mut drop);
        now += TICK;
        // Where in the stream is what goes out now?
        let heard: [u8; 16] = out.0[1][..16].try_into().unwrap();
        let past = |back: u32| {
            let at = (sent + 12_800 - back) % 12_800;
            (0..16).all(|k| pattern((at + k) % 12_800) == heard[k as usize])
        };
        // What came in last tick was on the line for that tick; what goes out begins now.
        if let Some(back) = (1..8_000).find(|&back| past(back)) {
            delay = back;
        }
        assert_eq!(came_in.len(), TICK_OCTETS);
    }
    assert!(delay > 0, "what goes in comes out");
    f64::from(delay) / 8.0 - PACKET_MS - BUFFER_MS as f64
}
