//! The pattern over a timeslot.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lab::line::Use;
use media_bridge::prbs::{Checker, Source};
use serde::Serialize;
use tdm::{Law, SpanEvent, SpanId, SpanIo, SpanTick, TICK, Timeslot};

use super::{Outcome, Times};
use crate::config::{self, Config, Refusal, Span};

/// A timeslot of a configuration.
pub(super) struct Place<'a> {
    pub(super) config: &'a Path,
    pub(super) span: &'a str,
    pub(super) timeslot: u8,
}

/// What the line itself told meanwhile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct Told {
    slips: u64,
    alarms: Vec<String>,
}

/// Why a timeslot cannot be tested.
#[derive(Debug, thiserror::Error)]
enum NoTimeslot {
    #[error("no span `{span}` in {file}; expected one of: {expected}")]
    Span {
        span: String,
        file: String,
        expected: String,
    },
    #[error("span `{span}` does not carry timeslot {timeslot} at 64 kbit/s")]
    Timeslot { span: String, timeslot: u8 },
}

impl Place<'_> {
    pub(super) fn name(&self) -> String {
        format!("timeslot {} of span {}", self.timeslot, self.span)
    }
}

/// Opens the span for that timeslot alone.
pub(super) fn open(place: &Place<'_>) -> anyhow::Result<(Box<dyn SpanIo>, Timeslot)> {
    let spans = spans(place.config)?;
    let span = spans.iter().find(|span| span.name == place.span);
    let span = span.ok_or_else(|| NoTimeslot::Span {
        span: place.span.to_owned(),
        file: place.config.display().to_string(),
        expected: names(&spans),
    })?;
    let timeslot = Timeslot::new(place.timeslot).filter(|_| span.carries(place.timeslot));
    let timeslot = timeslot.ok_or_else(|| NoTimeslot::Timeslot {
        span: place.span.to_owned(),
        timeslot: place.timeslot,
    })?;
    // Its law is of no importance: the octets are data.
    let uses = [(timeslot, Use::Circuit(Law::ALaw))];
    Ok((lab::line::open(SpanId(0), span, &uses)?.span, timeslot))
}

fn names(spans: &[Span]) -> String {
    let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
    names.join(", ")
}

/// The spans of a gateway's file, or of a lab's.
fn spans(file: &Path) -> Result<Vec<Span>, Refusal> {
    let read = |source| Refusal::Read {
        path: file.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(file).map_err(read)?;
    match config::lab::is_lab(&text) {
        true => config::lab::load(file).map(|lab| lab.spans),
        false => Config::load(file).map(|config| config.spans),
    }
}

/// Sends back what arrives, until told to stop.
pub(super) fn reflect(
    span: &mut dyn SpanIo,
    timeslot: Timeslot,
    stop: &AtomicBool,
) -> io::Result<()> {
    let (mut tx, mut rx) = (SpanTick::idle(Law::ALaw), SpanTick::idle(Law::ALaw));
    while !stop.load(Ordering::Relaxed) {
        span.exchange(&tx, &mut rx)?;
        *tx.timeslot_mut(timeslot) = *rx.timeslot(timeslot);
        while span.poll_event().is_some() {}
    }
    Ok(())
}

/// Sends the pattern and counts what comes, in the line's own time.
pub(super) fn measure(
    span: &mut dyn SpanIo,
    timeslot: Timeslot,
    over: String,
    times: Times,
    stop: &AtomicBool,
) -> io::Result<Outcome> {
    let (mut tx, mut rx) = (SpanTick::idle(Law::ALaw), SpanTick::idle(Law::ALaw));
    let (mut source, mut checker) = (Source::new(), Checker::new());
    let mut told = Told::default();
    let (mut passed, mut found) = (Duration::ZERO, None);
    while !stop.load(Ordering::Relaxed) {
        source.fill(tx.timeslot_mut(timeslot));
        span.exchange(&tx, &mut rx)?;
        passed += TICK;
        checker.push(rx.timeslot(timeslot));
        if found.is_none() && checker.locked() {
            found = Some(passed);
        }
        while let Some(event) = span.poll_event() {
            // Alarms of a line that has yet to come up are not of the test.
            if found.is_some() {
                told.follow(event);
            }
        }
        let over = match found {
            Some(_) => checker.report().seconds >= times.seconds,
            None => passed >= times.wait,
        };
        if over {
            break;
        }
    }
    let mut outcome = Outcome::new(over, checker.report(), found);
    outcome.line = Some(told);
    Ok(outcome)
}

impl Told {
    fn follow(&mut self, event: SpanEvent) {
        match event {
            SpanEvent::Slip { .. } => self.slips += 1,
            SpanEvent::Alarm { alarm, on: true } => self.alarms.push(alarm.to_string()),
            SpanEvent::Alarm { .. } => {}
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let alarms = match self.alarms.is_empty() {
            true => "none".to_owned(),
            false => self.alarms.join(" "),
        };
        write!(f, "{} slips, alarms: {alarms}", self.slips)
    }
}
