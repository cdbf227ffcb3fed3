//! Data from one line to another, with two gateways and SIP in between.

use std::time::Duration;

use isup::TransmissionMediumRequirement as Medium;
use lab::audio::Play;
use lab::network::NetworkConfig;

use super::super::settings::{self, numbers};
use super::base;
use super::two_exchanges::TwoExchanges;

/// The network of the proof: packets take 10 to 30 ms, none is lost.
const NETWORK: NetworkConfig = NetworkConfig {
    delay: Duration::from_millis(10),
    jitter: Duration::from_millis(20),
    loss: 0,
    reorder: 0,
    duplication: 0,
    seed: 5,
};

/// Ten minutes of the pattern of O.150, there through one gateway's clear channel (RFC 4040) to the
/// echo at the other's line and back: 9.6 million octets cross SIP twice, and none is wrong, lost
/// or doubled.
#[test]
fn ten_minutes_of_the_pattern_cross_sip_without_a_bit_error() {
    let lab = settings::lab_config().unwrap();
    let mut pair = TwoExchanges::new(base(), NETWORK, &lab, &|text| text);
    let (now, exchange) = (pair.now, &mut pair.sides[0].exchange);
    let circuit = exchange
        .place_call_over(now, numbers::CALLER, numbers::ECHO, Medium::Unrestricted64)
        .unwrap();
    let talks = |pair: &TwoExchanges| pair.sides.iter().all(|side| side.talks().is_some());
    assert!(
        pair.until(Duration::from_secs(30), talks),
        "{:#?}",
        pair.sides[0].traces
    );
    // Once around: the first octets are those of the buffers.
    pair.pass(Duration::from_millis(500));
    pair.sides[0].exchange.play(circuit, Play::Pattern).unwrap();
    pair.pass(Duration::from_secs(601));
    let report = pair.sides[0].exchange.pattern(circuit).unwrap();
    assert!(report.locked && report.seconds >= 600, "{report:?}");
    assert_eq!(report.error_free_seconds, report.seconds, "{report:?}");
    assert_eq!((report.bit_errors, report.locks, report.slips), (0, 1, 0));
    let now = pair.now;
    pair.sides[0].exchange.release(now, circuit, 16).unwrap();
    let over = |pair: &TwoExchanges| pair.sides.iter().all(|side| !side.records.is_empty());
    assert!(pair.until(Duration::from_secs(5), over));
    for side in &pair.sides {
        let media = side.records[0].media.as_ref().unwrap();
        assert_eq!(
            (media.packets_lost, media.underruns, media.overruns),
            (0, 0, 0),
            "{media:?}"
        );
    }
}
