//! The pattern over an emulated line without a clock, looped at its far end.

use std::io;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use emulator::{Cable, End};
use tdm::{Due, Law, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick, Timeslot};

use super::{Outcome, Times, line};

/// An end whose far end sends back what it receives.
struct Looped {
    near: End,
    far: End,
    held: SpanTick,
    ticks: u32,
    /// In this tick each direction repeats a frame.
    slip_in: Option<u32>,
}

impl Looped {
    fn new() -> (Self, Cable) {
        let (near, far) = emulator::pair(SpanId(0), SpanId(1));
        let cable = near.cable();
        let held = SpanTick::idle(Law::ALaw);
        let looped = Self {
            near,
            far,
            held,
            ticks: 0,
            slip_in: None,
        };
        (looped, cable)
    }
}

impl SpanIo for Looped {
    fn id(&self) -> SpanId {
        self.near.id()
    }

    fn wait(&mut self) -> io::Result<Due> {
        self.near.wait()
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.ticks += 1;
        if self.slip_in == Some(self.ticks) {
            self.near.cable().slip(1);
        }
        self.near.carry(due, tx, rx)?;
        let held = self.held.clone();
        self.far.carry(due, &held, &mut self.held)
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.near.poll_event()
    }

    fn counters(&self) -> SpanCounters {
        self.near.counters()
    }
}

fn measure(span: &mut dyn SpanIo, seconds: u64) -> Outcome {
    let times = Times {
        seconds,
        wait: Duration::from_secs(2),
    };
    let timeslot = Timeslot::new(7).unwrap();
    line::measure(
        span,
        timeslot,
        "timeslot 7".to_owned(),
        times,
        &AtomicBool::new(false),
    )
    .unwrap()
}

fn told(outcome: &Outcome) -> String {
    let mut out = Vec::new();
    outcome.tell(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn a_clean_timeslot_has_no_errors() {
    let (mut span, _) = Looped::new();
    let outcome = measure(&mut span, 20);
    assert!(outcome.judge().is_ok());
    assert!(outcome.bits >= 20 * 64_000 - 1_000);
    insta::assert_snapshot!(told(&outcome));
    let json = serde_json::to_value(&outcome).unwrap();
    for (key, value) in [("bit_errors", 0), ("error_free_seconds", 20), ("slips", 0)] {
        assert_eq!(json[key], value, "{json}");
    }
}

#[test]
fn bit_errors_of_the_line_are_counted_at_their_ratio() {
    let (mut span, cable) = Looped::new();
    cable.error_rate(1e-4);
    let outcome = measure(&mut span, 100);
    let refused = outcome.judge().unwrap_err().to_string();
    assert!(refused.contains("wrong bits"), "{refused}");
    // Both directions have them.
    let ratio = outcome.ratio.unwrap();
    assert!((1.8e-4..2.2e-4).contains(&ratio), "{ratio}");
    assert!(outcome.pattern.error_free_seconds < 10);
}

#[test]
fn a_slip_and_a_silent_line_are_told() {
    let (mut span, cable) = Looped::new();
    span.slip_in = Some(200);
    let outcome = measure(&mut span, 5);
    let (pattern, line) = (outcome.pattern, outcome.line.as_ref().unwrap());
    assert_eq!(pattern.slipped_octets, 2, "one frame each way: {pattern:?}");
    assert!(pattern.slips > 0 && told(&outcome).contains("+2 octets"));
    assert!(told(&outcome).contains("line      1 slips"), "{line:?}");
    assert!(outcome.judge().is_err());
    cable.cut();
    let outcome = measure(&mut span, 5);
    assert_eq!(outcome.found_after_ms, None);
    let refused = outcome.judge().unwrap_err().to_string();
    assert_eq!(refused, "the pattern did not come");
    assert!(told(&outcome).contains("not found"));
}
