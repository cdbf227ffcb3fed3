//! Says what happens, one line each: as text, or as JSON.

use std::io::{self, Write};
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::{CommandError, Options};
use crate::audio::Heard;
use crate::exchange::{CallEvent, ExchangeEvent, ExchangeEventKind, Party};

/// Writes events and answers.
#[derive(Debug)]
pub struct Report<W> {
    options: Options,
    start: Option<Instant>,
    to: W,
}

impl<W: Write> Report<W> {
    /// Writes to `to`.
    pub fn new(options: Options, to: W) -> Self {
        Self {
            options,
            start: None,
            to,
        }
    }

    /// Times count from here.
    pub fn begin(&mut self, start: Instant) {
        self.start = Some(start);
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.to
    }

    /// The events that are of interest.
    ///
    /// # Errors
    /// When writing fails.
    pub fn events(&mut self, events: Vec<ExchangeEvent>) -> io::Result<()> {
        let mut written = false;
        for event in events {
            if !self.options.verbose && !is_of_interest(&event.kind) {
                continue;
            }
            let seconds = self.seconds(event.at);
            match self.options.json {
                true => writeln!(self.to, "{}", line(seconds, &event))?,
                false => writeln!(self.to, "{seconds:10.3} {event}")?,
            }
            written = true;
        }
        if written {
            self.to.flush()?;
        }
        Ok(())
    }

    /// The answer to a command.
    ///
    /// # Errors
    /// When writing fails.
    pub fn answer(
        &mut self,
        now: Instant,
        answer: Result<Vec<String>, CommandError>,
    ) -> io::Result<()> {
        let seconds = self.seconds(now);
        let (name, lines) = match answer {
            Ok(lines) => ("answer", lines),
            Err(error) => ("error", vec![error.to_string()]),
        };
        for text in lines {
            match self.options.json {
                true => {
                    let line = json!({ "at": seconds, "event": name, "text": text });
                    writeln!(self.to, "{line}")?;
                }
                false if name == "error" => writeln!(self.to, "error: {text}")?,
                false => writeln!(self.to, "{text}")?,
            }
        }
        self.to.flush()
    }

    fn seconds(&self, at: Instant) -> f64 {
        let start = self.start.unwrap_or(at);
        let ms = at.saturating_duration_since(start).as_millis();
        u32::try_from(ms).map_or(f64::INFINITY, f64::from) / 1000.0
    }
}

/// Without `verbose`: calls, what is heard, and what is wrong.
fn is_of_interest(kind: &ExchangeEventKind) -> bool {
    match kind {
        ExchangeEventKind::Call(_)
        | ExchangeEventKind::Continuity(_)
        | ExchangeEventKind::Mtp(_)
        | ExchangeEventKind::Span(..)
        | ExchangeEventKind::Alert(_) => true,
        ExchangeEventKind::Heard(heard) => !matches!(heard, Heard::Silence { .. }),
        ExchangeEventKind::Link(_, change) => matches!(
            change,
            mtp::LinkChange::Activity { .. } | mtp::LinkChange::Hint(_)
        ),
        ExchangeEventKind::Sent(_)
        | ExchangeEventKind::Received(_)
        | ExchangeEventKind::Timer(..)
        | ExchangeEventKind::Circuit(_) => false,
    }
}

/// An event as a JSON object: `at` (seconds), `event` (the kind), `text`, and as far as there is
/// one `circuit`, `cic`, `message` (acronym), `octets` (hexadecimal, from the message type on),
/// `call`, `called`, `calling`, `cause`, `by`, `digit`, `hz`, `dbm0`, `ms`.
#[must_use]
pub fn line(seconds: f64, event: &ExchangeEvent) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| {
        object.insert(key.to_owned(), value);
    };
    put("at", json!(seconds));
    put("event", json!(event.kind_name()));
    put("text", json!(event.to_string()));
    if let Some(circuit) = event.circuit {
        put("circuit", json!(circuit.0));
    }
    if let Some(cic) = event.cic {
        put("cic", json!(cic.0));
    }
    if let Some((_, message)) = event.message() {
        put("message", json!(message.message_type().acronym()));
        let octets: String = message
            .to_vec()
            .iter()
            .map(|octet| format!("{octet:02x}"))
            .collect();
        put("octets", json!(octets));
    }
    if let Some(heard) = event.heard() {
        put_heard(heard, &mut put);
    }
    if let Some(call) = event.call() {
        put_call(call, &mut put);
    }
    Value::Object(object)
}

fn put_heard(heard: &Heard, put: &mut dyn FnMut(&str, Value)) {
    let name = match heard {
        Heard::Tones { .. } => "tones",
        Heard::Sound { .. } => "sound",
        Heard::Silence { .. } => "silence",
        Heard::Digit { .. } => "digit",
        Heard::Pattern(_) => "pattern",
    };
    put("heard", json!(name));
    match heard {
        Heard::Tones { tones, level, .. } | Heard::Sound { tones, level, .. } => {
            let tenths = |value: f64| (value * 10.0).round() / 10.0;
            let frequencies: Vec<_> = tones.iter().map(|tone| tenths(tone.frequency)).collect();
            put("hz", json!(frequencies));
            put("dbm0", json!(tenths(f64::from(level.0))));
        }
        Heard::Digit { digit, .. } => put("digit", json!(digit.as_char())),
        Heard::Pattern(found) => put("found", json!(found)),
        Heard::Silence { .. } => {}
    }
    match heard {
        Heard::Sound { duration, .. }
        | Heard::Silence { duration, .. }
        | Heard::Digit { duration, .. } => {
            let ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
            put("ms", json!(ms));
        }
        Heard::Tones { .. } | Heard::Pattern(_) => {}
    }
}

fn put_call(call: &CallEvent, put: &mut dyn FnMut(&str, Value)) {
    let name = match call {
        CallEvent::Incoming { .. } => "incoming",
        CallEvent::Outgoing { .. } => "outgoing",
        CallEvent::Alerting => "alerting",
        CallEvent::Answered => "answered",
        CallEvent::Released { .. } => "released",
        CallEvent::Failed { .. } => "failed",
        CallEvent::Repeated { .. } => "repeated",
        CallEvent::Idle => "idle",
    };
    put("call", json!(name));
    match call {
        CallEvent::Incoming { called, calling } | CallEvent::Outgoing { called, calling } => {
            put("called", json!(called));
            put("calling", json!(calling));
        }
        CallEvent::Released { cause, by } => {
            put("cause", json!(cause));
            let by = match by {
                Party::Here => "here",
                Party::FarEnd => "far-end",
            };
            put("by", json!(by));
        }
        CallEvent::Failed { cause, reason } => {
            put("cause", json!(cause));
            put("reason", json!(reason));
        }
        CallEvent::Repeated { reason } => put("reason", json!(reason)),
        CallEvent::Alerting | CallEvent::Answered | CallEvent::Idle => {}
    }
}
