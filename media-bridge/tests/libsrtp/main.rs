//! libsrtp, by the authors of RFC 3711, as the judge of our protection, and ours of its.
//!
//! `judge.c` beside this file is a separate program: it is built here with the C compiler and
//! Debian's `libsrtp2-dev`. What is missing is said loudly, and fails the test when `CI` or
//! `ISTHMUS_REQUIRE_PEERS` is set.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod judge;
#[path = "../judge/program.rs"]
mod program;

use judge::Judge;
use media_bridge::rtp::Header;
use media_bridge::srtp::{Failure, MasterKey, Receiver, Sender, Suite, TRAILER};

/// Packets of two sources in turn; their sequence numbers go round, the second one's by steps.
fn packets(step: u32) -> Vec<Vec<u8>> {
    let packet = |n: u32| {
        let header = Header {
            marker: n == 0,
            payload_type: 8,
            sequence: if n.is_multiple_of(2) {
                65_000 + n
            } else {
                step * (n / 2)
            } as u16,
            timestamp: n * 160,
            ssrc: 0x1234_5678 + n % 2,
        };
        let mut packet = header.to_octets().to_vec();
        if n.is_multiple_of(5) {
            // A contributing source and an extension.
            packet[0] |= 0x11;
            packet.extend([0, 0, 0, 1, 0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        }
        packet.extend((0..n % 200).map(|k| (k * n) as u8));
        packet
    };
    let mut packets: Vec<_> = (0..1_200).map(packet).collect();
    packets.retain(|packet| packet.len() > 12);
    packets
}

fn reports() -> Vec<Vec<u8>> {
    let report = |n: u32| {
        let mut report = vec![0x80, 201, 0, 1];
        report.extend((n % 3).to_be_bytes());
        report.extend((0..4 * (n % 20)).map(|k| (k + n) as u8));
        report
    };
    (0..300).map(report).collect()
}

fn keying(suite: Suite) -> Vec<u8> {
    let octets = 0..suite.keying_octets() as u32;
    octets.map(|n| (n * 37 + 11) as u8).collect()
}

#[test]
fn packets_are_the_ones_that_libsrtp_makes_octet_by_octet() {
    let Some(judge) = Judge::build() else { return };
    for suite in Suite::ALL {
        let keying = keying(suite);
        let mut sender = Sender::new(&MasterKey::new(suite, &keying).unwrap());
        let mut protect = |packet: &Vec<u8>| {
            let mut buffer = vec![0; packet.len() + TRAILER];
            sender.protect(packet, &mut buffer).unwrap().to_vec()
        };
        // One source: a sender has one.
        let mut clear = packets(1);
        clear.retain(|packet| packet[11] == 0x78);
        let ours: Vec<_> = clear.iter().map(&mut protect).collect();
        let theirs = judge.packets(["protect", "rtp"], suite, &keying, &clear);
        assert_eq!(ours, theirs, "{suite}");
        let read = judge.packets(["unprotect", "rtp"], suite, &keying, &ours);
        assert_eq!(read, clear, "{suite}");

        let clear = reports();
        let protect = |packet: &Vec<u8>| {
            let mut buffer = packet.clone();
            buffer.resize(packet.len() + TRAILER, 0);
            let length = sender.protect_rtcp(&mut buffer, packet.len()).unwrap();
            buffer.truncate(length);
            buffer
        };
        let ours: Vec<_> = clear.iter().map(protect).collect();
        // libsrtp counts from 1, which is as good as from 0: what it makes is compared below.
        let read = judge.packets(["unprotect", "rtcp"], suite, &keying, &ours);
        assert_eq!(read, clear, "{suite}");
    }
}

#[test]
fn packets_of_libsrtp_are_read_in_any_order_and_once() {
    let Some(judge) = Judge::build() else { return };
    for suite in Suite::ALL {
        let keying = keying(suite);
        let clear = packets(1);
        let theirs = judge.packets(["protect", "rtp"], suite, &keying, &clear);
        let mut order: Vec<usize> = (0..theirs.len()).collect();
        for group in order.chunks_mut(10) {
            group.reverse();
        }
        let mut receiver = Receiver::new(&MasterKey::new(suite, &keying).unwrap());
        for &n in &order {
            let length = receiver.unprotect(&mut theirs[n].clone());
            let again = receiver.unprotect(&mut theirs[n].clone());
            assert_eq!(again, Err(Failure::Replayed), "{suite}: {n}");
            assert_eq!(length, Ok(clear[n].len()), "{suite}: {n}");
        }
        let clear = packets(30_000);
        let mut theirs = judge.packets(["protect", "rtp"], suite, &keying, &clear);
        let mut receiver = Receiver::new(&MasterKey::new(suite, &keying).unwrap());
        for (protected, clear) in theirs.iter_mut().zip(&clear) {
            let length = receiver.unprotect(protected).unwrap();
            assert_eq!(protected[..length], clear[..], "{suite}");
        }

        let clear = reports();
        let mut theirs = judge.packets(["protect", "rtcp"], suite, &keying, &clear);
        for (protected, clear) in theirs.iter_mut().zip(&clear) {
            let length = receiver.unprotect_rtcp(protected).unwrap();
            assert_eq!(protected[..length], clear[..], "{suite}");
        }
    }
}
