//! Scenarios after the groups of the level 2 tests (Q.781), each with its ladder.

use std::time::Duration;

use super::pair::Pair;
use crate::line_model::Fault;
use crate::mtp2::{ErrorCorrection, Header, Request, State, Status};
use crate::{LineEvent, Standard};

const QUIET: Header = Header {
    bsn: 127,
    bib: true,
    fsn: 127,
    fib: true,
};

fn pair() -> Pair {
    Pair::new(Standard::Itu)
}

fn start(pair: &mut Pair) {
    for end in [0, 1] {
        pair.request(end, Request::Start);
    }
}

fn aligning(milliseconds: u64) -> Pair {
    let mut pair = pair();
    start(&mut pair);
    pair.run(milliseconds);
    pair
}

fn in_service() -> Pair {
    Pair::in_service(Standard::Itu)
}

/// End 1 is ready; end 2 proves anew after errors and takes longer.
fn ready() -> Pair {
    let mut pair = aligning(4_000);
    pair.line(1, LineEvent::Errored(4));
    pair.until(10, |pair| pair.links[0].state() == State::AlignedReady);
    pair
}

#[test]
fn link_state_control_expected() {
    let delay = Duration::from_millis(4);
    let mut pair = Pair::off(Standard::Itu, ErrorCorrection::Basic, delay);
    pair.ladder.chapter("power on");
    for end in [0, 1] {
        pair.request(end, Request::PowerOn);
    }
    pair.run(100);
    pair.ladder.chapter("start, normal alignment, in service");
    start(&mut pair);
    pair.until(20, |pair| pair.both(State::InService));
    pair.run(100);
    pair.ladder.chapter("end 1 stops");
    pair.request(0, Request::Stop);
    pair.run(100);
    pair.ladder.chapter("end 1 starts, end 2 does not: T2");
    pair.request(0, Request::Start);
    pair.run(51_000);
    crate::ladder::reviewed!(pair.ladder.take());
}

#[test]
fn link_state_control_timers() {
    let mut pair = pair();
    pair.ladder.chapter("SIO heard, SIN not: T3");
    pair.lines[1].set_fault(pair.now, Fault::Silent);
    pair.request(0, Request::Start);
    pair.inject(0, &QUIET.lssu(Status::Sio));
    pair.run(1_600);
    let mut text = pair.ladder.take();
    let mut pair = ready();
    pair.ladder
        .chapter("end 1 is ready, and the far end never is: T1");
    pair.lines[1].fault = Fault::Cut;
    pair.until(60, |pair| pair.links[0].state() == State::OutOfService);
    text += &pair.ladder.take();
    crate::ladder::reviewed!(text);
}

#[test]
fn link_state_control_failures_of_the_far_end() {
    let mut text = String::new();
    for (name, make) in [
        ("aligned ready", ready as fn() -> Pair),
        ("in service", in_service as fn() -> Pair),
    ] {
        for status in [Status::Sios, Status::Sio, Status::Sin, Status::Sie] {
            let mut pair = make();
            pair.ladder.chapter(&format!("{name}: {status:?} arrives"));
            pair.inject(0, &QUIET.lssu(status));
            text += &pair.ladder.take();
        }
        let mut pair = make();
        pair.ladder.chapter(&format!("{name}: the line is lost"));
        pair.line(0, LineEvent::OutOfService);
        text += &pair.ladder.take();
    }
    crate::ladder::reviewed!(text);
}

#[test]
fn link_state_control_unexpected() {
    let mut text = String::new();
    let mut pair = pair();
    pair.ladder
        .chapter("out of service: every LSSU, a FISU, an MSU; nothing comes of it");
    for code in 0..6 {
        pair.inject(0, &QUIET.lssu(Status::from_code(code).unwrap()));
    }
    pair.inject(0, &QUIET.fisu());
    pair.inject(0, &QUIET.msu(&[0x85; 20]));
    text += &pair.ladder.take();
    let mut pair = aligning(3_000);
    pair.ladder
        .chapter("proving: SIPO, SIB, FISU, MSU; nothing comes of it");
    for status in [Status::Sipo, Status::Sib] {
        pair.inject(0, &QUIET.lssu(status));
    }
    pair.inject(0, &QUIET.fisu());
    pair.inject(0, &QUIET.msu(&[0x85; 20]));
    text += &pair.ladder.take();
    let mut pair = in_service();
    pair.ladder
        .chapter("in service: power on, start, emergency; wrong lengths and a spare status");
    for request in [Request::PowerOn, Request::Start, Request::Emergency] {
        pair.request(0, request);
    }
    for unit in [
        &[0xFF, 0xFF, 1, 6][..],
        &[0xFF, 0xFF, 9, 1],
        &[0xFF, 0xFF],
        &[],
    ] {
        pair.inject(0, unit);
    }
    text += &pair.ladder.take();
    assert_eq!(pair.links[0].counters().signal_units_malformed, 4);
    crate::ladder::reviewed!(text);
}

#[test]
fn initial_alignment() {
    let mut pair = pair();
    pair.ladder.chapter("emergency at end 1");
    pair.request(0, Request::Emergency);
    start(&mut pair);
    pair.until(20, |pair| pair.both(State::InService));
    let mut text = pair.ladder.take();
    let mut pair = aligning(3_000);
    pair.ladder.chapter("emergency at end 2 while both prove");
    pair.request(1, Request::Emergency);
    pair.until(20, |pair| pair.both(State::InService));
    text += &pair.ladder.take();
    let mut pair = aligning(3_000);
    pair.ladder
        .chapter("SIO arrives while proving: aligned again; then SIOS");
    pair.inject(0, &QUIET.lssu(Status::Sio));
    pair.run(20);
    pair.inject(0, &QUIET.lssu(Status::Sios));
    text += &pair.ladder.take();
    crate::ladder::reviewed!(text);
}

#[test]
fn alignment_error_rate_monitor() {
    let mut text = String::new();
    for (what, errors, times) in [
        ("three errors in the normal proving period are borne", 3, 1),
        ("four, four times: proving begins anew and succeeds", 4, 4),
        ("four, five times: alignment is not possible", 4, 5),
    ] {
        let mut pair = aligning(2_000);
        pair.ladder.chapter(what);
        for _ in 0..times {
            pair.line(0, LineEvent::Errored(errors));
            pair.run(100);
        }
        if times < 5 {
            pair.until(20, |pair| pair.both(State::InService));
        }
        text += &pair.ladder.take();
    }
    crate::ladder::reviewed!(text);
}

#[test]
fn signal_unit_error_rate_monitor() {
    let mut text = String::new();
    for (what, events) in [
        ("63 errors are borne", &[LineEvent::Errored(63)][..]),
        ("64 are not", &[LineEvent::Errored(64)]),
        (
            "256 units make up for one error",
            &[
                LineEvent::Errored(63),
                LineEvent::Good(256),
                LineEvent::Errored(1),
            ],
        ),
        (
            "octet counting: 64 times 16 octets",
            &[LineEvent::OctetCounting(63), LineEvent::OctetCounting(1)],
        ),
    ] {
        let mut pair = in_service();
        pair.ladder.chapter(what);
        for &event in events {
            pair.line(0, event);
        }
        text += &pair.ladder.take();
    }
    crate::ladder::reviewed!(text);
}

#[test]
fn msu_transmission_and_reception() {
    let mut pair = in_service();
    pair.ladder.chapter("one message each way");
    pair.send(0, 0);
    pair.run(30);
    pair.send(1, 0);
    pair.run(30);
    pair.ladder.chapter("the longest and the shortest");
    pair.send_sized(0, crate::mtp2::LARGEST_MESSAGE);
    pair.send_sized(0, 3);
    pair.run(100);
    pair.ladder.chapter("no acknowledgement: T7");
    pair.lines[1].fault = Fault::Cut;
    pair.send(0, 1);
    pair.run(1_300);
    let mut text = pair.ladder.take();
    let mut pair = in_service();
    pair.ladder.chapter("the same message twice is taken once");
    let unit = Header { fsn: 0, ..QUIET }.msu(&[0x85; 10]);
    pair.inject(1, &unit);
    pair.inject(1, &unit);
    text += &pair.ladder.take();
    crate::ladder::reviewed!(text);
}

#[test]
fn negative_acknowledgement() {
    let mut pair = in_service();
    pair.ladder.chapter("the second of three messages is lost");
    pair.send(0, 0);
    pair.run(20);
    pair.lines[0].fault = Fault::Cut;
    pair.send(0, 1);
    pair.run(20);
    pair.lines[0].fault = Fault::None;
    pair.send(0, 2);
    pair.run(100);
    pair.assert_messages(1, 3);
    pair.ladder.chapter("two of three abnormal indicator bits");
    let abnormal = Header {
        bsn: 2,
        fib: false,
        ..QUIET
    };
    pair.inject(0, &abnormal.fisu());
    pair.inject(0, &abnormal.fisu());
    crate::ladder::reviewed!(pair.ladder.take());
}

#[test]
fn processor_outage() {
    let mut pair = in_service();
    pair.ladder
        .chapter("end 2 has an outage while a message comes");
    pair.request(1, Request::LocalProcessorOutage);
    pair.send(0, 0);
    pair.run(100);
    pair.ladder.chapter("end 1 too");
    pair.request(0, Request::LocalProcessorOutage);
    pair.run(100);
    pair.ladder
        .chapter("end 2 recovers, then end 1: everything goes on");
    pair.request(1, Request::LocalProcessorRecovered);
    pair.run(100);
    pair.request(0, Request::LocalProcessorRecovered);
    pair.run(100);
    pair.assert_messages(1, 1);
    pair.ladder
        .chapter("a long outage of end 2: what was sent before it is given up");
    pair.request(1, Request::LocalProcessorOutage);
    pair.send(0, 1);
    pair.run(100);
    pair.request(0, Request::FlushUnacknowledged);
    pair.request(1, Request::LocalProcessorRecovered);
    pair.run(100);
    pair.send(0, 1);
    pair.run(100);
    pair.assert_messages(1, 2);
    pair.ladder.chapter("stopped in processor outage");
    pair.request(1, Request::LocalProcessorOutage);
    pair.run(20);
    pair.request(0, Request::Stop);
    pair.run(20);
    crate::ladder::reviewed!(pair.ladder.take());
}

#[test]
fn congestion_control() {
    let mut pair = in_service();
    pair.ladder
        .chapter("end 2 is congested for a quarter of a second");
    pair.request(1, Request::Congestion);
    pair.send(0, 0);
    pair.run(250);
    pair.request(1, Request::CongestionCeases);
    pair.run(100);
    pair.assert_messages(1, 1);
    pair.ladder.chapter("for longer than T6");
    pair.request(1, Request::Congestion);
    pair.send(0, 1);
    pair.until(10, |pair| pair.failure(0).is_some());
    crate::ladder::reviewed!(pair.ladder.take());
}

#[test]
fn preventive_cyclic_retransmission() {
    let method = ErrorCorrection::Preventive(crate::Thresholds::default());
    let delay = Duration::from_millis(20);
    let mut pair = Pair::over(Standard::Itu, method, delay).into_service();
    pair.ladder
        .chapter("three messages, the second lost at first; 20 ms each way");
    for number in 0..3 {
        pair.lines[0].fault = if number == 1 { Fault::Cut } else { Fault::None };
        pair.send(0, number);
        pair.run(12);
    }
    pair.run(200);
    pair.assert_messages(1, 3);
    crate::ladder::reviewed!(pair.ladder.take());
}
