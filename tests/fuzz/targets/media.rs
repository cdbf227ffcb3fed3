//! RTP packets, telephone-events among them, into a bridge.

use std::net::SocketAddr;
use std::time::Duration;

use media_bridge::srtp::{MOST_PACKETS, MasterKey, Sender, Srtp, Suite};
use media_bridge::{
    BridgeId, Codec, Command, DtmfDetection, Event, JitterConfig, Open, Path, QueueRtp, Rtp,
    RtpPort, Shard, ShardConfig,
};
use tdm::{Law, SpanId, SpanTick, Timeslot};

const SPAN: SpanId = SpanId(0);

fn key(n: u8) -> MasterKey {
    MasterKey::new(Suite::AesCm128HmacSha1_32, &[n; 30]).expect("16 octets and 14 of salt")
}

pub(super) fn media(octets: &[u8]) {
    let mut now = super::base();
    let mut shard = Shard::new(ShardConfig {
        spans: vec![SPAN],
        ports: 2,
    });
    let peer = SocketAddr::from(([127, 0, 0, 2], 4000));
    let stranger = SocketAddr::from(([127, 0, 0, 3], 4000));
    let flags = octets.first().copied().unwrap_or_default();
    let codec = [Codec::Pcma, Codec::Pcmu, Codec::Clearmode][usize::from(flags % 3)];
    let law = [Law::ALaw, Law::MuLaw][usize::from(flags >> 7)];
    let bridge = BridgeId(1);
    let slot = Timeslot::new(1).expect("timeslot 1");
    let mut rtp = Rtp::new(RtpPort(0), peer, codec, 1);
    rtp.telephone_event = Some(101);
    rtp.dtmf = DtmfDetection::Suppress;
    if flags & 0x20 != 0 {
        rtp.srtp = Some(Box::new(Srtp::new(&key(1), &key(2), MOST_PACKETS, None)));
    }
    if codec == Codec::Clearmode {
        rtp.jitter = JitterConfig::Fixed {
            depth: Duration::from_millis(40),
        };
    }
    let mut events = Vec::new();
    for command in [
        Command::Open(Box::new(Open::new(bridge, SPAN, slot, law, Path::BOTH))),
        Command::Rtp {
            bridge,
            rtp: rtp.boxed(),
        },
    ] {
        shard.command(command, &mut |event| events.push(event));
    }
    let idle = SpanTick::idle(law);
    let (rx, mut tx) = (idle.clone(), idle);
    let mut io = QueueRtp::new();
    let mut work = |shard: &mut Shard, io: &mut QueueRtp, events: &mut Vec<Event>| {
        now += Duration::from_millis(10);
        shard.tick(now, SPAN, &rx, &mut tx, io, &mut |event| events.push(event));
        io.outbound.clear();
    };
    let mut sender = Sender::new(&key(2));
    for (operation, packet) in super::pieces(octets) {
        // Half of what a bridge with SRTP gets is authentic.
        let mut sealed = [0; 2_048];
        let packet = match sender.protect(packet, &mut sealed) {
            Some(sealed) if operation & 0x20 != 0 => sealed,
            _ => packet,
        };
        let from = if operation & 0x40 == 0 {
            peer
        } else {
            stranger
        };
        io.push(RtpPort(u16::from(operation >> 7)), from, packet.to_vec());
        for _ in 0..operation % 4 {
            work(&mut shard, &mut io, &mut events);
        }
    }
    work(&mut shard, &mut io, &mut events);
    shard.command(Command::Close { bridge }, &mut |event| events.push(event));
    work(&mut shard, &mut io, &mut events);
    let closed = events
        .iter()
        .filter(|event| matches!(event, Event::Closed { .. }))
        .count();
    assert_eq!(closed, 1, "a bridge closes once");
    assert_eq!(shard.statistics().bridges, 0);
}
