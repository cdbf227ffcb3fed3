//! Two peers send to each other through a network in virtual time.

use super::*;
use crate::network::{Network, NetworkConfig};

fn run(config: NetworkConfig, peers: &mut [RtpPeer; 2], seconds: f64) -> Network {
    #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
    let mut now = Instant::now();
    let end = now + Duration::from_secs_f64(seconds);
    let addresses = [1, 2].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
    let mut network = Network::new(config);
    peers[0].set_remote(now, Some(addresses[1]));
    peers[1].set_remote(now, Some(addresses[0]));
    while now < end {
        for (peer, from) in peers.iter_mut().zip(addresses) {
            peer.tick(now, &mut |to, packet| {
                network.send(now, from, to, packet.to_vec().into());
            });
        }
        now += Duration::from_millis(10);
        while let Some(datagram) = network.receive(now) {
            let index = usize::from(datagram.to == addresses[1]);
            peers[index].handle_packet(now, datagram.from, &datagram.octets);
        }
    }
    network
}

fn peers() -> [RtpPeer; 2] {
    [0, 1].map(|_| RtpPeer::new(RtpPeerConfig::default()))
}

fn digits(peer: &RtpPeer) -> Vec<(char, u128)> {
    let digit = |event: &RtpEvent| match &event.kind {
        RtpEventKind::Digit { digit, duration } => Some((digit.as_char(), duration.as_millis())),
        _ => None,
    };
    peer.events().iter().filter_map(digit).collect()
}

#[test]
fn the_pattern_comes_through_bit_exact_and_numbers_wrap() {
    let mut peers = peers();
    peers[0].play(Play::Pattern);
    run(NetworkConfig::default(), &mut peers, 4.0);
    assert_eq!(peers[0].statistics().sent, 200);
    let report = peers[1].pattern();
    assert_eq!((report.locks, report.octet_errors), (1, 0));
    assert!(report.octets > 31_000, "{report:?}");
    let statistics = peers[1].statistics();
    assert_eq!((statistics.lost, statistics.late), (0, 0));
}

#[test]
fn reordered_and_doubled_packets_do_no_harm_and_lost_ones_are_counted() {
    let config = NetworkConfig {
        delay: Duration::from_millis(25),
        reorder: 100,
        duplication: 100,
        ..NetworkConfig::default()
    };
    let mut both = peers();
    both[0].play(Play::Pattern);
    run(config, &mut both, 4.0);
    let (report, statistics) = (both[1].pattern(), both[1].statistics());
    assert_eq!(
        (report.locks, report.octet_errors),
        (1, 0),
        "{statistics:?}"
    );
    assert!(
        statistics.late > 5 && statistics.reordered > 5,
        "{statistics:?}"
    );

    let mut both = peers();
    both[0].play(Play::Pattern);
    let network = run(NetworkConfig { loss: 50, ..config }, &mut both, 4.0);
    assert!(both[1].pattern().locks > 1);
    let statistics = both.map(|peer| peer.statistics().lost);
    let lost = network.statistics().lost;
    let seen: u64 = statistics.iter().sum();
    // One of a doubled pair may be lost without harm; the last ones are not missed yet.
    assert!(seen > 5 && seen <= lost, "{seen} of {lost}");
}

#[test]
fn digits_go_as_events_with_three_final_packets_and_the_audio_pauses() {
    let mut both = peers();
    for digit in "12#".chars() {
        let digit = Digit::from_char(digit).unwrap();
        both[0].send_digit(digit, Duration::from_millis(100));
    }
    run(NetworkConfig::default(), &mut both, 2.0);
    assert_eq!(digits(&both[1]), [('1', 100), ('2', 100), ('#', 100)]);
    // 20, 40, 60, 80 and 100 ms, the last one three times.
    assert_eq!(both[1].statistics().event_packets, 3 * 7);
    assert_eq!(both[0].statistics().sent, 100 + 3 * 2);
    assert!(!both[0].is_dialling());
}

#[test]
fn digits_survive_loss() {
    let config = NetworkConfig {
        loss: 200,
        ..NetworkConfig::default()
    };
    let mut both = peers();
    for digit in Digit::ALL {
        both[0].send_digit(digit, Duration::from_millis(100));
    }
    run(config, &mut both, 5.0);
    let heard: String = digits(&both[1]).iter().map(|(digit, _)| digit).collect();
    assert_eq!(heard, "0123456789*#ABCD");
}

#[test]
fn without_telephone_event_digits_go_as_tones() {
    let config = RtpPeerConfig {
        telephone_event: None,
        ..RtpPeerConfig::default()
    };
    let mut both = [0, 1].map(|_| RtpPeer::new(config.clone()));
    both[0].send_digit(Digit::from_char('7').unwrap(), Duration::from_millis(80));
    run(NetworkConfig::default(), &mut both, 1.0);
    let heard = both[1].events().iter().any(|event| {
        matches!(&event.kind, RtpEventKind::Heard(Heard::Digit { digit, .. }) if digit.as_char() == '7')
    });
    assert!(heard, "{:?}", both[1].events());
}

#[test]
fn what_is_no_rtp_is_counted_and_no_more() {
    #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
    let now = Instant::now();
    let mut peer = RtpPeer::new(RtpPeerConfig::default());
    for packet in [
        &[][..],
        &[0x80; 11],
        &[0x80, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
        peer.handle_packet(now, "127.0.0.1:9".parse().unwrap(), packet);
    }
    assert_eq!(peer.statistics().foreign, 3);
}
