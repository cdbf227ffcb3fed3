//! Ladders of test scenarios as text, for reviewed files: one line for each thing that two or more
//! ends send, do or indicate, with the time in milliseconds.

use std::cell::RefCell;
use std::fmt::Write;
use std::time::Duration;

use crate::mtp2::{self, Header, SignalUnit};
use crate::wire_capture::{self, LinkType};
use crate::{LinkChange, Output, Status, TimerEvent};

/// A ladder in the making.
#[derive(Debug)]
pub(crate) struct Ladder {
    ends: Vec<&'static str>,
    on: bool,
    text: String,
    /// What an end does several times in a row is told with its number: time, text, number.
    rows: Vec<Option<(Duration, String, u32)>>,
}

thread_local! {
    /// What went over lines while a ladder was drawn, since it was last reviewed: a test has one
    /// ladder, and may draw it with several pairs of ends.
    static WIRE: RefCell<Vec<(Duration, Vec<u8>)>> = const { RefCell::new(Vec::new()) };
}

fn on_wire(at: Duration, unit: &[u8]) {
    WIRE.with_borrow_mut(|wire| wire.push((at, unit.to_vec())));
}

/// Keeps what went over the lines as the capture of a scenario.
pub(crate) fn write_wire(function: &str) {
    wire_capture::write(function, LinkType::Mtp2, &WIRE.take());
}

/// Compares a ladder with the reviewed one, and keeps its capture.
macro_rules! reviewed {
    ($ladder:expr) => {
        insta::assert_snapshot!($ladder);
        crate::ladder::write_wire(crate::wire_capture::this_function!());
    };
}

pub(crate) use reviewed;

impl Ladder {
    pub(crate) fn new<const N: usize>(ends: [&'static str; N]) -> Self {
        Self {
            ends: ends.to_vec(),
            on: false,
            text: String::new(),
            rows: vec![None; N],
        }
    }

    /// Begins to record under a heading.
    pub(crate) fn chapter(&mut self, heading: &str) {
        self.close_rows();
        self.on = true;
        writeln!(self.text, "-- {heading}").unwrap();
    }

    /// The whole text.
    pub(crate) fn take(&mut self) -> String {
        self.close_rows();
        self.on = false;
        std::mem::take(&mut self.text)
    }

    fn close_rows(&mut self) {
        let mut rows: Vec<_> = (0..)
            .zip(&mut self.rows)
            .filter_map(|(end, row)| row.take().map(|(at, text, count)| (at, end, text, count)))
            .collect();
        rows.sort();
        for (at, end, text, count) in rows {
            let times = if count > 1 {
                format!(" x {count}")
            } else {
                String::new()
            };
            self.line(at, end, &format!("{text}{times}"));
        }
    }

    fn line(&mut self, at: Duration, end: usize, text: &str) {
        let indent = end * 28;
        writeln!(
            self.text,
            "{:>7} {:indent$}{} {text}",
            at.as_millis(),
            "",
            self.ends[end]
        )
        .unwrap();
    }

    pub(crate) fn say(&mut self, at: Duration, end: usize, text: &str) {
        if self.on {
            self.close_rows();
            self.line(at, end, text);
        }
    }

    fn row(&mut self, at: Duration, end: usize, text: String) {
        match &mut self.rows[end] {
            Some((_, known, count)) if *known == text => *count += 1,
            Some(_) => {
                self.close_rows();
                self.rows[end] = Some((at, text, 1));
            }
            row => *row = Some((at, text, 1)),
        }
    }

    /// What a link of level 2 gives out.
    pub(crate) fn level2(&mut self, at: Duration, end: usize, output: &mtp2::Output) {
        if !self.on {
            return;
        }
        match output {
            mtp2::Output::SignalUnit(unit) => {
                on_wire(at, unit);
                let numbers = |header: Header| {
                    format!(
                        "BSN {}/{} FSN {}/{}",
                        header.bsn,
                        u8::from(header.bib),
                        header.fsn,
                        u8::from(header.fib)
                    )
                };
                match SignalUnit::parse(unit).unwrap() {
                    SignalUnit::Fisu(header) => {
                        self.row(at, end, format!("> FISU {}", numbers(header)));
                    }
                    SignalUnit::Lssu(header, status) => {
                        self.row(at, end, format!("> {status:?} {}", numbers(header)));
                    }
                    SignalUnit::Msu(header, _) => {
                        self.say(at, end, &format!("> MSU {}", numbers(header)));
                    }
                }
            }
            mtp2::Output::Message(message) => {
                self.say(at, end, &format!("message of {} octets", message.len()));
            }
            mtp2::Output::Indication(indication) => {
                self.say(at, end, &format!("indicates {indication:?}"));
            }
            mtp2::Output::State { to, .. } => self.say(at, end, &format!("[{to}]")),
            mtp2::Output::Congested(on) => self.say(at, end, &format!("congested: {on}")),
            mtp2::Output::Timer(timer, TimerEvent::Expired) => {
                self.say(at, end, &format!("{timer} expired"));
            }
            mtp2::Output::Timer(..) => {}
        }
    }

    /// What a signalling point gives out: messages of user parts by their number, management
    /// messages by name.
    pub(crate) fn level3(&mut self, at: Duration, end: usize, output: &Output) {
        if !self.on {
            return;
        }
        match output {
            Output::SignalUnit(_, unit) => on_wire(at, unit),
            Output::Transfer(transfer) => {
                self.row(at, end, format!("MTP-TRANSFER from {}", transfer.opc));
            }
            Output::Status(status) => self.say(at, end, &status_text(*status)),
            Output::Link(link, change) => {
                let text = match change {
                    LinkChange::Sent(acronym) => format!("> {acronym}"),
                    LinkChange::Received(acronym) => format!("< {acronym}"),
                    LinkChange::Timer(_, TimerEvent::Started(_) | TimerEvent::Stopped)
                    | LinkChange::Level2 { .. } => return,
                    change => change.to_string(),
                };
                self.say(at, end, &format!("link {link}: {text}"));
            }
        }
    }
}

fn status_text(status: Status) -> String {
    match status {
        Status::Pause(point) => format!("MTP-PAUSE {point}"),
        Status::Resume(point) => format!("MTP-RESUME {point}"),
        Status::Congested(point, level) => format!("MTP-STATUS {point} congested, level {level}"),
        Status::UserPartUnavailable(point) => {
            format!("MTP-STATUS {point} user part unavailable")
        }
    }
}
