//! The pool of sockets on the loopback interface. Loopback delivers before the sending call
//! returns, so nothing here waits.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use media_bridge::{BindError, Datagram, Flow, Pace, RtpIo, RtpPort, UdpRtp};

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A pool of `count` ports somewhere in the range where the system hands out none by itself.
fn pool(address: IpAddr, count: u16) -> UdpRtp {
    let start = 20_000 + (std::process::id() % 300) as u16 * 40;
    (0..50)
        .map(|n| start + n * 2 * count)
        .find_map(|first| UdpRtp::bind(address, first..=first + 2 * count - 1).ok())
        .expect("a free range of ports")
}

fn received(pool: &mut UdpRtp) -> Vec<(RtpPort, SocketAddr, Vec<u8>)> {
    let mut packets = Vec::new();
    let mut sink = |datagram: Datagram<'_>| {
        assert_eq!(datagram.flow, Flow::Rtp);
        packets.push((datagram.port, datagram.source, datagram.octets.to_vec()));
        Pace {
            skipped: 0,
            next: 2,
        }
    };
    pool.receive(&mut sink);
    for port in 0..pool.ports() {
        pool.look(RtpPort(port), &mut sink);
    }
    packets
}

#[test]
fn packets_go_out_and_come_in_by_port() {
    let mut pool = pool(HOST, 4);
    assert_eq!(pool.ports(), 4);
    let peer = UdpSocket::bind((HOST, 0)).unwrap();
    peer.set_nonblocking(true).unwrap();
    let to = peer.local_addr().unwrap();
    for n in 0..40u8 {
        pool.send(RtpPort(u16::from(n % 4)), Flow::Rtp, to, &[n; 172]);
    }
    let mut octets = [0; 2_048];
    let mut seen = Vec::new();
    while let Ok((length, source)) = peer.recv_from(&mut octets) {
        assert_eq!(length, 172);
        assert_eq!(Some(source), pool.local(RtpPort(u16::from(octets[0] % 4))));
        seen.push(octets[0]);
    }
    seen.sort_unstable();
    assert_eq!(seen, (0..40).collect::<Vec<u8>>());
    // More than one batch for one port, less for another.
    for n in 0..50u8 {
        let port = RtpPort(if n < 40 { 1 } else { 3 });
        peer.send_to(&[n; 60], pool.local(port).unwrap()).unwrap();
    }
    let packets = received(&mut pool);
    assert_eq!(packets.len(), 50);
    for (port, source, packet) in packets {
        assert_eq!((source, packet.len()), (to, 60));
        assert_eq!(port, RtpPort(if packet[0] < 40 { 1 } else { 3 }));
    }
    assert_eq!(received(&mut pool), []);
    let counters = pool.counters();
    assert_eq!(
        (counters.sent, counters.received, counters.send_errors),
        (40, 50, 0)
    );
}

#[test]
fn opening_a_port_drops_what_waited_for_its_predecessor() {
    let mut pool = pool(HOST, 2);
    let peer = UdpSocket::bind((HOST, 0)).unwrap();
    for n in 0..2 {
        peer.send_to(&[1; 20], pool.local(RtpPort(n)).unwrap())
            .unwrap();
    }
    pool.open(RtpPort(0));
    let packets = received(&mut pool);
    assert_eq!(
        packets.iter().map(|p| p.0).collect::<Vec<_>>(),
        [RtpPort(1)]
    );
}

#[test]
fn a_datagram_longer_than_any_rtp_packet_is_counted_and_dropped() {
    let mut pool = pool(HOST, 1);
    let peer = UdpSocket::bind((HOST, 0)).unwrap();
    peer.send_to(&[1; 4_000], pool.local(RtpPort(0)).unwrap())
        .unwrap();
    assert_eq!(received(&mut pool), []);
    assert_eq!(pool.counters().too_long, 1);
    pool.send(RtpPort(0), Flow::Rtp, peer.local_addr().unwrap(), &[0; 600]);
    assert_eq!(pool.counters().send_errors, 0);
}

#[test]
fn a_taken_port_is_named() {
    let taken = pool(HOST, 1);
    let address = taken.local(RtpPort(0)).unwrap();
    let error = UdpRtp::bind(HOST, address.port()..=address.port() + 1).unwrap_err();
    assert!(matches!(&error, BindError::Port { address: named, .. } if *named == address));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    let error = UdpRtp::bind(HOST, 20_001..=20_001).unwrap_err();
    assert!(matches!(
        error,
        BindError::Empty {
            first: 20_001,
            last: 20_001
        }
    ));
}

#[test]
fn ipv6_works_where_the_system_has_it() {
    let address = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let Ok(peer) = UdpSocket::bind((address, 0)) else {
        return;
    };
    let mut pool = pool(address, 1);
    peer.send_to(&[7; 20], pool.local(RtpPort(0)).unwrap())
        .unwrap();
    let packets = received(&mut pool);
    assert_eq!(packets[0].1, peer.local_addr().unwrap());
    pool.send(RtpPort(0), Flow::Rtp, packets[0].1, &[8; 30]);
    let mut octets = [0; 100];
    assert_eq!(peer.recv(&mut octets).unwrap(), 30);
}

/// A port that has found its peer: the peer is heard and spoken to by a socket of its own, others
/// are still seen, and no other program can have the port.
#[test]
fn a_locked_port_hears_its_peer_and_sees_strangers() {
    let mut pool = pool(HOST, 2);
    let peer = UdpSocket::bind((HOST, 0)).unwrap();
    peer.set_nonblocking(true).unwrap();
    let stranger = UdpSocket::bind((HOST, 0)).unwrap();
    let local = pool.local(RtpPort(1)).unwrap();
    let (here, there) = (peer.local_addr().unwrap(), stranger.local_addr().unwrap());
    peer.send_to(&[0; 172], local).unwrap();
    assert_eq!(received(&mut pool).len(), 1);
    pool.lock(RtpPort(1), here);
    for n in 1..60u8 {
        peer.send_to(&[n; 172], local).unwrap();
        stranger.send_to(&[0x80 | n; 172], local).unwrap();
        pool.send(RtpPort(1), Flow::Rtp, here, &[n; 100]);
        let mut heard = received(&mut pool);
        // The sink said that the next packet comes in two ticks.
        heard.extend(received(&mut pool));
        heard.sort_by_key(|(_, _, packet)| packet[0]);
        let heard: Vec<_> = heard
            .iter()
            .map(|(_, from, packet)| (*from, packet[0]))
            .collect();
        assert_eq!(heard, [(here, n), (there, 0x80 | n)]);
        let mut octets = [0; 200];
        assert_eq!(peer.recv_from(&mut octets).unwrap(), (100, local));
    }
    assert!(UdpSocket::bind(local).is_err(), "the port is taken");
    assert_eq!(pool.counters().not_connected, 0);
    // What is left of the call is not the next one's.
    peer.send_to(&[1; 172], local).unwrap();
    pool.close(RtpPort(1));
    pool.open(RtpPort(1));
    assert_eq!(received(&mut pool), []);
    stranger.send_to(&[2; 172], local).unwrap();
    assert_eq!(received(&mut pool).len(), 1);
}

/// A peer whose port is closed costs packets and nothing else: what is sent next still goes out.
#[test]
fn a_peer_that_is_gone_is_counted() {
    let mut pool = pool(HOST, 1);
    let peer = UdpSocket::bind((HOST, 0)).unwrap();
    let here = peer.local_addr().unwrap();
    pool.lock(RtpPort(0), here);
    drop(peer);
    for _ in 0..4 {
        pool.send(RtpPort(0), Flow::Rtp, here, &[0; 172]);
    }
    let counters = pool.counters();
    assert!(counters.unreachable > 0, "{counters:?}");
    let peer = UdpSocket::bind(here).unwrap();
    pool.send(RtpPort(0), Flow::Rtp, here, &[9; 172]);
    let mut octets = [0; 200];
    assert_eq!(peer.recv(&mut octets).unwrap(), 172);
}

#[test]
fn rtcp_has_the_odd_port_after_rtp() {
    let mut pool = pool(HOST, 2);
    let peer = UdpSocket::bind((HOST, 0)).unwrap();
    let mut local = pool.local(RtpPort(1)).unwrap();
    local.set_port(local.port() + 1);
    pool.send(RtpPort(1), Flow::Rtcp, peer.local_addr().unwrap(), &[1; 28]);
    let mut octets = [0; 100];
    assert_eq!(peer.recv_from(&mut octets).unwrap(), (28, local));
    peer.send_to(&[2; 32], local).unwrap();
    let mut heard = Vec::new();
    pool.receive(&mut |datagram| {
        heard.push((datagram.port, datagram.flow, datagram.octets.len()));
        Pace::default()
    });
    assert_eq!(heard, [(RtpPort(1), Flow::Rtcp, 32)]);
}
