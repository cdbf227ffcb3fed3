//! What the driver does to speech when it is asked to, and leaves alone otherwise.

use dahdi::{Circuit, EchoCanceller, Purpose, Span, Taps, report};
use tdm::{Content, Law, SpanIo, SpanTick};

use crate::rig::{config, timeslot};

/// The octet that arrives at `far` when `near` sends `octet` for a while, and the other way round.
fn through(spans: &mut [Span; 2], octet: u8) -> (u8, u8) {
    let mut tx = SpanTick::idle(Law::ALaw);
    tx.0[1].fill(octet);
    let mut rx = [tx.clone(), tx.clone()];
    for _ in 0..12 {
        let due = spans[0].wait().unwrap();
        for (span, rx) in spans.iter_mut().zip(&mut rx) {
            span.carry(due, &tx, rx).unwrap();
        }
    }
    (rx[0].0[1][79], rx[1].0[1][79])
}

/// With either law, whatever system.conf says of the channel.
#[test]
fn gains_are_for_speech_and_data_crosses_as_it_is() {
    for law in [Law::ALaw, Law::MuLaw] {
        gains(law);
    }
}

fn gains(law: Law) {
    let quiet = law.encode(1_000);
    let circuit = |receive_gain, transmit_gain| Circuit {
        receive_gain,
        transmit_gain,
        ..Circuit::new(law)
    };
    let open = |number, circuit| {
        Span::open(config(
            number,
            vec![(timeslot(1), Purpose::Circuit(circuit))],
        ))
        .unwrap()
    };
    let mut spans = [open(1, circuit(6.0, -6.0)), open(2, circuit(0.0, 0.0))];
    assert_eq!(
        through(&mut spans, quiet),
        (quiet, quiet),
        "an idle circuit"
    );
    spans[0].set_content(timeslot(1), Content::Speech).unwrap();
    let (near, far) = through(&mut spans, quiet);
    let level = |octet| f32::from(law.decode(octet)) / f32::from(law.decode(quiet));
    assert!((level(near) - 2.0).abs() < 0.1, "6 dB up: {}", level(near));
    assert!((level(far) - 0.5).abs() < 0.03, "6 dB down: {}", level(far));
    spans[0].set_content(timeslot(1), Content::Data).unwrap();
    assert_eq!(through(&mut spans, quiet), (quiet, quiet), "a data call");
}

#[test]
fn an_echo_canceller_works_while_a_call_speaks() {
    let canceller = EchoCanceller {
        taps: Taps::new(256).unwrap(),
    };
    let circuit = Circuit {
        echo_canceller: Some(canceller),
        ..Circuit::new(Law::ALaw)
    };
    let mut span = Span::open(config(1, vec![(timeslot(1), Purpose::Circuit(circuit))])).unwrap();
    let state = || {
        let spans = report::spans().unwrap();
        spans[0].channel(1).unwrap().echo_canceller.clone().unwrap()
    };
    assert_eq!(state(), ("MG2".to_owned(), false));
    span.set_content(timeslot(1), Content::Speech).unwrap();
    assert_eq!(state(), ("MG2".to_owned(), true));
    span.set_content(timeslot(1), Content::Data).unwrap();
    assert_eq!(state(), ("MG2".to_owned(), false));
    span.set_content(timeslot(1), Content::Speech).unwrap();
    span.set_content(timeslot(1), Content::Idle).unwrap();
    assert_eq!(state(), ("MG2".to_owned(), false));
}
