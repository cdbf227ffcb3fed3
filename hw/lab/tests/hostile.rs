//! Octets from outside never panic, whatever they are.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use lab::exchange::{Exchange, ExchangeConfig};
use lab::rtp_peer::{RtpPeer, RtpPeerConfig};
use lab::run::Command;
use lab::sip_peer::{Sdp, SipPeer, SipPeerConfig};
use proptest::prelude::*;
use tdm::{Law, SpanId, SpanTick};

fn base() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
    Instant::now()
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

/// A request that is nearly right, with a part of it replaced.
fn nearly_sip() -> impl Strategy<Value = Vec<u8>> {
    let whole = "INVITE sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK1\r\n\
                 From: <sip:b@127.0.0.1>;tag=1\r\nTo: <sip:a@127.0.0.1>\r\nCall-ID: 1\r\n\
                 CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:b@127.0.0.1:5061>\r\n\
                 Supported: 100rel\r\nContent-Type: multipart/mixed;boundary=x\r\n\
                 Content-Length: 95\r\n\r\n--x\r\nContent-Type: application/sdp\r\n\r\n\
                 v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 9 RTP/AVP 8\r\n\r\n--x--";
    let at = 0..whole.len();
    (at, prop::collection::vec(any::<u8>(), 0..12)).prop_map(move |(at, with)| {
        let mut octets = whole.as_bytes().to_vec();
        let end = (at + with.len()).min(octets.len());
        octets.splice(at..end, with);
        octets
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn sip(octets in prop_oneof![prop::collection::vec(any::<u8>(), 0..200), nearly_sip()]) {
        let now = base();
        let config = SipPeerConfig::new("sip:a@127.0.0.1", address(1), address(2), address(3));
        let mut peer = SipPeer::new(config);
        peer.handle_datagram(now, address(2), &octets);
        // And the whole script behind it: ringing, answering, repeating, giving up.
        let mut steps = 0;
        while let Some(next) = peer.poll_timeout().filter(|_| steps < 500) {
            peer.handle_timeout(next);
            while peer.poll_output().is_some() {}
            steps += 1;
        }
        prop_assert!(steps < 500, "it never comes to an end");
    }

    #[test]
    fn sdp(text in "(v=0\r\n)?([cma]=[ -~]{0,40}\r\n){0,6}") {
        if let Some(sdp) = Sdp::decode(text.as_bytes()) {
            let _ = sdp.encode(1);
        }
    }

    #[test]
    fn rtp(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 0..20)) {
        let mut now = base();
        let mut peer = RtpPeer::new(RtpPeerConfig::default());
        peer.set_remote(now, Some(address(2)));
        for mut packet in packets {
            // Half of them with a version and a payload type that it takes.
            if let [first, second, ..] = packet.as_mut_slice()
                && *first & 1 == 0
            {
                (*first, *second) = (0x80, if *second & 1 == 0 { 8 } else { 101 });
            }
            peer.handle_packet(now, address(2), &packet);
            now += Duration::from_millis(20);
            peer.tick(now, &mut |_, _| {});
        }
    }

    #[test]
    fn line(ticks in prop::collection::vec(any::<[u8; 32]>(), 1..20)) {
        let mut now = base();
        let codes = [0x1055, 0x1056].map(lab::config::PointCode::itu);
        let config =
            ExchangeConfig::one_span(SpanId(0), codes[0], codes[1], "de", "49", Vec::new());
        let mut exchange = Exchange::new(config.unwrap()).unwrap();
        exchange.start(now);
        let mut tx = SpanTick::idle(Law::ALaw);
        for seed in ticks {
            let mut rx = SpanTick::idle(Law::ALaw);
            for (timeslot, octets) in rx.0.iter_mut().enumerate() {
                for (index, octet) in octets.iter_mut().enumerate() {
                    *octet = seed[(timeslot + index) % 32].rotate_left(index as u32);
                }
            }
            now += tdm::TICK;
            exchange.tick(now, SpanId(0), &rx, &mut tx);
        }
    }

    #[test]
    fn commands(line in "[a-z]{0,8}( [0-9A-D*#+x]{0,6}){0,3}") {
        let _ = line.parse::<Command>();
    }
}
