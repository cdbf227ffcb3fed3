//! Data and silence from one line to another, with two gateways and SIP in between.

use std::time::Duration;

use isup::{CircuitId, TransmissionMediumRequirement as Medium};
use lab::audio::Play;
use lab::exchange::Phase;
use lab::network::NetworkConfig;

use super::base;
use super::offices::Offices;

/// The network of the proof: packets take 10 to 30 ms, none is lost.
const NETWORK: NetworkConfig = NetworkConfig {
    delay: Duration::from_millis(10),
    jitter: Duration::from_millis(20),
    loss: 0,
    reorder: 0,
    duplication: 0,
    seed: 5,
};

/// Who calls at the first exchange, and who sends back what he hears at the second.
const CALLER: &str = "+49305550108";
const ECHO: &str = "+49305550109";

/// Two offices whose SIP trunks have the clear channel, and this key.
fn offices(key: &str) -> Offices {
    let echo = format!("[[subscriber]]\nnumber = \"{ECHO}\"\nbehaviour = \"echo\"\n");
    let codecs = format!("{key}\ncodecs = [\"pcma\", \"clearmode\"]");
    let edit = |text: String| text.replace("codecs = [\"pcma\"]", &codecs);
    Offices::edited(base(), NETWORK, ["", &echo], &edit)
}

/// A call from the caller to the echo; its circuit at the first exchange.
fn talk(offices: &mut Offices, medium: Medium) -> CircuitId {
    let (now, office) = (offices.now, &mut offices.offices[0]);
    let exchange = &mut office.exchange;
    let circuit = exchange.place_call_over(now, CALLER, ECHO, medium).unwrap();
    let talks = |offices: &mut Offices| {
        let mut calls = offices.offices[0].exchange.calls();
        calls.any(|(_, _, phase, ..)| phase == Phase::Answered)
    };
    let answered = offices.until(Duration::from_secs(30), talks);
    assert!(answered, "{}", offices.offices[0].ladder());
    // The first octets are those of the buffers.
    offices.pass(Duration::from_millis(500));
    circuit
}

/// The first exchange hangs up; both records are written.
fn hang_up(offices: &mut Offices, circuit: CircuitId) {
    let (now, office) = (offices.now, &mut offices.offices[0]);
    office.exchange.release(now, circuit, 16).unwrap();
    let over = |offices: &mut Offices| offices.offices.iter().all(|o| !o.records.is_empty());
    assert!(offices.until(Duration::from_secs(5), over));
}

/// Ten minutes of the pattern of O.150, there through one gateway's clear channel (RFC 4040) to the
/// echo at the other's line and back: 4.8 million octets cross SIP each way, and none is wrong, lost
/// or doubled.
#[test]
fn ten_minutes_of_the_pattern_cross_sip_without_a_bit_error() {
    let mut offices = offices("");
    let circuit = talk(&mut offices, Medium::Unrestricted64);
    let exchange = &mut offices.offices[0].exchange;
    exchange.play(circuit, Play::Pattern).unwrap();
    offices.pass(Duration::from_secs(601));
    let report = offices.offices[0].exchange.pattern(circuit).unwrap();
    assert!(report.locked && report.seconds >= 600, "{report:?}");
    assert_eq!(report.error_free_seconds, report.seconds, "{report:?}");
    assert_eq!((report.bit_errors, report.locks, report.slips), (0, 1, 0));
    hang_up(&mut offices, circuit);
    for office in &offices.offices {
        let media = office.records[0].media.unwrap();
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
    let errored = |generations: u8| {
        let mut offices = offices(&format!("redundancy = {generations}"));
        let circuit = talk(&mut offices, Medium::Unrestricted64);
        offices.network.configure(NetworkConfig {
            loss: 50,
            ..NETWORK
        });
        let exchange = &mut offices.offices[0].exchange;
        exchange.play(circuit, Play::Pattern).unwrap();
        offices.pass(Duration::from_secs(10));
        let report = offices.offices[0].exchange.pattern(circuit).unwrap();
        assert!(report.seconds >= 9, "{report:?}");
        report.seconds - report.error_free_seconds
    };
    assert!(errored(0) > 5);
    assert_eq!(errored(2), 0);
}

/// A caller who says nothing costs a packet now and then, where both trunks want comfort noise.
#[test]
fn silence_is_not_sent_where_both_trunks_agree() {
    let sent = |comfort_noise: bool| {
        let mut offices = offices(&format!("comfort_noise = {comfort_noise}"));
        let circuit = talk(&mut offices, Medium::Speech);
        let exchange = &mut offices.offices[0].exchange;
        exchange.play(circuit, Play::Idle).unwrap();
        offices.pass(Duration::from_secs(20));
        hang_up(&mut offices, circuit);
        let sent = |n: usize| offices.offices[n].records[0].media.unwrap().packets_sent;
        [sent(0), sent(1)]
    };
    let [caller, called] = sent(true);
    let [whole, _] = sent(false);
    assert!(whole > 1_000, "{whole}");
    assert!(
        caller < 500 && called < 500,
        "{caller} and {called} of {whole}"
    );
}
