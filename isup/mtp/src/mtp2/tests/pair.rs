//! Two links joined by a line.

use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::ladder::Ladder;
use crate::line_model::{Arrival, Chance, Fault, Line, TICK, epoch};
use crate::mtp2::{
    ErrorCorrection, FailureReason, Indication, Link, Output, Request, SignalUnit, State, Status,
    Timer, Timers,
};
use crate::{LineEvent, Standard, TimerEvent};

pub(super) struct Pair {
    pub(super) links: [Link; 2],
    pub(super) lines: [Line; 2],
    pub(super) messages: [Vec<Bytes>; 2],
    pub(super) indications: [Vec<Indication>; 2],
    pub(super) units: [Vec<SignalUnit>; 2],
    pub(super) expired: [Vec<Timer>; 2],
    pub(super) ladder: Ladder,
    start: Instant,
    pub(super) now: Instant,
}

impl Pair {
    pub(super) fn new(standard: Standard) -> Self {
        Self::over(standard, ErrorCorrection::Basic, Duration::from_millis(4))
    }

    /// A powered pair with a method of error correction, over lines of this delay each way.
    pub(super) fn over(standard: Standard, method: ErrorCorrection, delay: Duration) -> Self {
        let mut pair = Self::off(standard, method, delay);
        for end in [0, 1] {
            pair.request(end, Request::PowerOn);
        }
        pair
    }

    pub(super) fn off(standard: Standard, method: ErrorCorrection, delay: Duration) -> Self {
        let link = || Link::new(standard, &Timers::default(), 64_000, method);
        let line = |seed| Line::new(seed, delay);
        let start = epoch();
        Self {
            links: [link(), link()],
            lines: [line(1), line(2)],
            messages: Default::default(),
            indications: Default::default(),
            units: Default::default(),
            expired: Default::default(),
            ladder: Ladder::new(["1", "2"]),
            start,
            now: start,
        }
    }

    pub(super) fn in_service(standard: Standard) -> Self {
        Self::new(standard).into_service()
    }

    pub(super) fn into_service(mut self) -> Self {
        for end in [0, 1] {
            self.request(end, Request::Start);
        }
        self.until(30, |pair| pair.both(State::InService));
        self
    }

    pub(super) fn both(&self, state: State) -> bool {
        self.links.iter().all(|link| link.state() == state)
    }

    pub(super) fn drain(&mut self, end: usize) {
        while let Some(output) = self.links[end].poll_output() {
            self.ladder.level2(self.now - self.start, end, &output);
            match output {
                Output::SignalUnit(unit) => {
                    self.units[end].push(SignalUnit::parse(&unit).unwrap());
                    self.lines[end].send(unit);
                }
                Output::Message(message) => self.messages[end].push(message),
                Output::Indication(indication) => self.indications[end].push(indication),
                Output::Timer(timer, TimerEvent::Expired) => self.expired[end].push(timer),
                Output::Timer(..) | Output::State { .. } | Output::Congested(_) => {}
            }
        }
    }

    pub(super) fn request(&mut self, end: usize, request: Request) {
        self.links[end].request(self.now, request);
        self.drain(end);
    }

    pub(super) fn send(&mut self, end: usize, number: u32) {
        let message = Bytes::copy_from_slice(&number.to_be_bytes());
        assert!(self.links[end].send(self.now, message));
        self.drain(end);
    }

    /// Sends a message of so many octets, which tells nothing but its length.
    pub(super) fn send_sized(&mut self, end: usize, octets: usize) {
        assert!(self.links[end].send(self.now, vec![0x85; octets].into()));
        self.drain(end);
    }

    /// The line of `end` tells something.
    pub(super) fn line(&mut self, end: usize, event: LineEvent) {
        self.links[end].handle_line(self.now, event);
        self.drain(end);
    }

    /// `end` receives a unit that the other end never sent.
    pub(super) fn inject(&mut self, end: usize, unit: &[u8]) {
        self.links[end].handle_signal_unit(self.now, unit);
        self.drain(end);
    }

    pub(super) fn tick(&mut self) {
        self.now += TICK;
        for end in [0, 1] {
            self.links[end].handle_timeout(self.now);
            self.drain(end);
        }
        for from in [0, 1] {
            let to = 1 - from;
            self.lines[from].tick(self.now);
            while let Some(arrival) = self.lines[from].arrival(self.now) {
                match arrival {
                    Arrival::Unit(unit) => self.links[to].handle_signal_unit(self.now, &unit),
                    Arrival::Line(event) => self.links[to].handle_line(self.now, event),
                }
                self.drain(to);
            }
        }
    }

    pub(super) fn run(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        while self.now < end {
            self.tick();
        }
    }

    #[track_caller]
    pub(super) fn until(&mut self, seconds: u64, done: impl Fn(&Self) -> bool) -> Duration {
        let begin = self.now;
        while !done(self) {
            assert!(
                self.now < begin + Duration::from_secs(seconds),
                "not in time"
            );
            self.tick();
        }
        self.now - begin
    }

    pub(super) fn failure(&self, end: usize) -> Option<FailureReason> {
        match self.indications[end].last() {
            Some(Indication::OutOfService(reason)) => Some(*reason),
            _ => None,
        }
    }

    #[track_caller]
    pub(super) fn assert_messages(&self, end: usize, count: u32) {
        let numbers: Vec<u32> = self.messages[end]
            .iter()
            .map(|message| u32::from_be_bytes(message.as_ref().try_into().unwrap()))
            .collect();
        assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn normal_alignment_takes_the_normal_proving_period() {
    let pair = Pair::in_service(Standard::Itu);
    let took = pair.now - pair.start;
    assert!((8_200..8_300).contains(&took.as_millis()), "{took:?}");
    assert!(
        pair.units[0]
            .iter()
            .all(|unit| !matches!(unit, SignalUnit::Lssu(_, Status::Sie)))
    );
}

#[test]
fn ansi_alignment_takes_its_own_proving_period() {
    let pair = Pair::in_service(Standard::Ansi);
    let took = pair.now - pair.start;
    assert!((2_300..2_400).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn emergency_at_one_end_shortens_proving_at_both() {
    let mut pair = Pair::new(Standard::Itu);
    pair.request(0, Request::Emergency);
    pair.request(0, Request::Start);
    pair.request(1, Request::Start);
    let took = pair.until(30, |pair| pair.both(State::InService));
    assert!((500..600).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn emergency_during_proving_begins_a_short_proving() {
    let mut pair = Pair::new(Standard::Itu);
    for end in [0, 1] {
        pair.request(end, Request::Start);
    }
    pair.run(3_000);
    pair.request(1, Request::Emergency);
    let took = pair.until(30, |pair| pair.both(State::InService));
    assert!((500..600).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn nobody_there_ends_after_t2() {
    let mut pair = Pair::new(Standard::Itu);
    pair.lines[1].set_fault(pair.now, Fault::Silent);
    pair.request(0, Request::Start);
    let took = pair.until(60, |pair| pair.failure(0).is_some());
    assert_eq!(took.as_secs(), 50);
    assert_eq!(pair.expired[0], [Timer::T2]);
}

#[test]
fn proving_fails_after_five_attempts() {
    let mut pair = Pair::new(Standard::Itu);
    for end in [0, 1] {
        pair.request(end, Request::Start);
    }
    pair.run(1_000);
    for attempt in 0..5 {
        assert_eq!(pair.links[0].state(), State::InitialAlignment, "{attempt}");
        for _ in 0..4 {
            pair.links[0].handle_line(pair.now, LineEvent::Errored(1));
            pair.drain(0);
        }
        pair.run(100);
    }
    assert_eq!(pair.failure(0), Some(FailureReason::AlignmentNotPossible));
}

#[test]
fn messages_under_heavy_errors_arrive_once_in_order() {
    for seed in 0..4 {
        let mut pair = Pair::in_service(Standard::Itu);
        let mut chance = Chance::new(seed);
        // Signal units are lost by the tenth, but the monitors do not hear of it: this is about
        // error correction alone.
        for number in 0..1000 {
            pair.send(0, number);
            pair.send(1, number);
            for line in &mut pair.lines {
                let fault = if chance.happens(0.1) {
                    Fault::Cut
                } else {
                    Fault::None
                };
                line.fault = fault;
            }
            pair.run(chance.below(20));
        }
        for line in &mut pair.lines {
            line.fault = Fault::None;
        }
        pair.run(10_000);
        pair.assert_messages(0, 1000);
        pair.assert_messages(1, 1000);
        assert!(pair.links[0].counters().messages_retransmitted > 0);
        assert!(pair.both(State::InService));
    }
}

#[test]
fn an_error_rate_above_the_threshold_fails_the_link() {
    let mut pair = Pair::in_service(Standard::Itu);
    pair.lines[0].set_fault(pair.now, Fault::BitErrors(1e-3));
    pair.until(10, |pair| pair.failure(1).is_some());
    assert_eq!(pair.failure(1), Some(FailureReason::ErrorRate));
    pair.run(100);
    assert_eq!(pair.failure(0), Some(FailureReason::ReceivedSios));
}

#[test]
fn an_error_rate_below_the_threshold_does_not() {
    let mut pair = Pair::in_service(Standard::Itu);
    pair.lines[0].set_fault(pair.now, Fault::BitErrors(2e-5));
    pair.run(200_000);
    assert!(pair.both(State::InService));
    assert!(pair.links[1].counters().signal_units_errored > 50);
}

#[test]
fn idle_line_fails_the_link_by_octet_counting_in_128_ms() {
    let mut pair = Pair::in_service(Standard::Itu);
    pair.lines[0].set_fault(pair.now, Fault::Silent);
    let took = pair.until(5, |pair| pair.failure(1).is_some());
    assert_eq!(pair.failure(1), Some(FailureReason::ErrorRate));
    // T = 64 errors, one every N = 16 octets of 125 microseconds.
    assert!((126..=140).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn missing_acknowledgements_fail_the_link_after_t7() {
    let mut pair = Pair::in_service(Standard::Itu);
    // The far end's units vanish without a trace.
    pair.lines[1].fault = Fault::Cut;
    pair.send(0, 0);
    let took = pair.until(5, |pair| pair.failure(0).is_some());
    assert_eq!(pair.failure(0), Some(FailureReason::AcknowledgementDelay));
    assert!((1_250..1_260).contains(&took.as_millis()), "{took:?}");
    let undelivered = pair.links[0].take_undelivered(pair.now);
    assert_eq!(
        (undelivered.acknowledged, undelivered.unacknowledged.len()),
        (127, 1)
    );
}

#[test]
fn congestion_makes_the_far_end_wait_and_loses_nothing() {
    let mut pair = Pair::in_service(Standard::Itu);
    pair.request(1, Request::Congestion);
    for number in 0..50 {
        pair.send(0, number);
    }
    pair.run(2_450);
    assert_eq!(pair.messages[1].len(), 0);
    let sibs = pair.units[1]
        .iter()
        .filter(|u| matches!(u, SignalUnit::Lssu(_, Status::Sib)));
    assert_eq!(sibs.count(), 25, "one at once and one every T5");
    pair.request(1, Request::CongestionCeases);
    pair.run(1_000);
    pair.assert_messages(1, 50);
    assert!(pair.both(State::InService));
}

#[test]
fn congestion_for_too_long_fails_the_link_after_t6() {
    let mut pair = Pair::in_service(Standard::Itu);
    pair.request(1, Request::Congestion);
    pair.send(0, 0);
    let took = pair.until(10, |pair| pair.failure(0).is_some());
    assert_eq!(pair.failure(0), Some(FailureReason::RemoteCongestion));
    assert!((4_000..4_050).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn two_of_three_abnormal_sequence_numbers_fail_the_link() {
    let fisu = |bsn: u8, fib: u8| [0x80 | bsn, fib << 7 | 127, 0];
    for (units, expected) in [
        ([fisu(50, 1), fisu(127, 1), fisu(127, 1)], None),
        (
            [fisu(50, 1), fisu(127, 1), fisu(50, 1)],
            Some(FailureReason::AbnormalBsn),
        ),
        (
            [fisu(50, 1), fisu(50, 1), fisu(127, 1)],
            Some(FailureReason::AbnormalBsn),
        ),
        ([fisu(127, 0), fisu(127, 1), fisu(127, 1)], None),
        (
            [fisu(127, 0), fisu(127, 1), fisu(127, 0)],
            Some(FailureReason::AbnormalFib),
        ),
    ] {
        let mut pair = Pair::in_service(Standard::Itu);
        for unit in units {
            pair.inject(0, &unit);
        }
        assert_eq!(pair.failure(0), expected, "{units:?}");
    }
}

#[test]
fn an_abnormal_fisu_that_repeats_fails_the_link() {
    let mut pair = Pair::in_service(Standard::Itu);
    pair.inject(0, &[0x80 | 50, 0x80 | 127, 0]);
    pair.links[0].handle_line(pair.now, LineEvent::Good(1));
    pair.drain(0);
    assert_eq!(pair.failure(0), Some(FailureReason::AbnormalBsn));
}

#[test]
fn processor_outage_at_both_ends_keeps_messages() {
    let mut pair = Pair::in_service(Standard::Itu);
    for number in 0..20 {
        pair.send(0, number);
    }
    pair.request(1, Request::LocalProcessorOutage);
    pair.run(50);
    pair.request(0, Request::LocalProcessorOutage);
    pair.run(5_000);
    assert!(pair.both(State::ProcessorOutage));
    pair.request(0, Request::LocalProcessorRecovered);
    pair.run(1_000);
    assert!(pair.both(State::ProcessorOutage));
    pair.request(1, Request::LocalProcessorRecovered);
    pair.run(1_000);
    assert!(pair.both(State::InService));
    pair.assert_messages(1, 20);
    let heard = [
        Indication::RemoteProcessorOutage,
        Indication::RemoteProcessorRecovered,
    ];
    assert_eq!(pair.indications[0][1..], heard);
    assert_eq!(pair.indications[1][1..], heard);
}

#[test]
fn alignment_with_processor_outage_comes_into_service_when_it_ends() {
    let mut pair = Pair::new(Standard::Itu);
    pair.request(1, Request::LocalProcessorOutage);
    for end in [0, 1] {
        pair.request(end, Request::Start);
    }
    pair.run(12_000);
    assert!(pair.both(State::ProcessorOutage));
    pair.request(1, Request::LocalProcessorRecovered);
    pair.run(100);
    assert!(pair.both(State::InService));
    pair.send(0, 0);
    pair.send(1, 0);
    pair.run(100);
    pair.assert_messages(0, 1);
    pair.assert_messages(1, 1);
}

#[test]
fn the_line_is_kept_busy_by_a_long_queue() {
    let mut pair = Pair::in_service(Standard::Itu);
    for number in 0..700 {
        pair.send(0, number);
    }
    let took = pair.until(20, |pair| pair.messages[1].len() == 700);
    // 10 octets a message, 125 microseconds an octet, and a FISU for every burst.
    assert!((875..1_150).contains(&took.as_millis()), "{took:?}");
    pair.assert_messages(1, 700);
}
