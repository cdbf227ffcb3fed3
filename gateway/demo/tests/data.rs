//! Data from one line to another, with two gateways and SIP in between.

use std::time::Duration;

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
    let circuit = pair.talk();
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

/// One packet of twenty is lost, and none is missed: each repeats the two before it (RFC 2198).
#[test]
fn redundant_packets_make_up_for_losses() {
    let network = NetworkConfig {
        loss: 50,
        seed: 3,
        ..NETWORK
    };
    let errors = |generations: u8| {
        let key = format!("redundancy = {generations}\ncodecs = [");
        let lab = settings::lab_config().unwrap();
        let edit = |text: String| text.replace("codecs = [", &key);
        let mut pair = TwoExchanges::new(base(), NETWORK, &lab, &edit);
        let circuit = pair.talk();
        pair.pass(Duration::from_millis(500));
        pair.network.configure(network);
        pair.sides[0].exchange.play(circuit, Play::Pattern).unwrap();
        pair.pass(Duration::from_secs(10));
        let report = pair.sides[0].exchange.pattern(circuit).unwrap();
        assert!(report.seconds >= 9, "{report:?}");
        report.seconds - report.error_free_seconds
    };
    assert!(errors(0) > 5);
    assert_eq!(errors(2), 0);
}

/// A caller who says nothing costs a packet now and then, where both trunks want comfort noise.
#[test]
fn silence_is_not_sent_where_both_trunks_agree() {
    let sent = |comfort_noise: bool| {
        let key = format!("comfort_noise = {comfort_noise}\ncodecs = [");
        let lab = settings::lab_config().unwrap();
        let edit = |text: String| text.replace("codecs = [", &key);
        let mut pair = TwoExchanges::new(base(), NETWORK, &lab, &edit);
        let (now, exchange) = (pair.now, &mut pair.sides[0].exchange);
        let circuit = exchange
            .place_call(now, numbers::CALLER, numbers::ECHO)
            .unwrap();
        assert!(pair.until(Duration::from_secs(30), TwoExchanges::talks));
        pair.sides[0].exchange.play(circuit, Play::Idle).unwrap();
        pair.pass(Duration::from_secs(20));
        let now = pair.now;
        pair.sides[0].exchange.release(now, circuit, 16).unwrap();
        let over = |pair: &TwoExchanges| pair.sides.iter().all(|side| !side.records.is_empty());
        assert!(pair.until(Duration::from_secs(5), over));
        pair.sides
            .each_ref()
            .map(|side| side.records[0].media.as_ref().unwrap().packets_sent)
    };
    let [caller, called] = sent(true);
    let [whole, _] = sent(false);
    assert!(whole > 1_000, "{whole}");
    assert!(
        caller < 500 && called < 500,
        "{caller} and {called} of {whole}"
    );
}
