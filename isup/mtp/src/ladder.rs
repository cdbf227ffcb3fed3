//! Ladders of test scenarios as text, for reviewed files: one line for each thing that two or more
//! ends send, do or indicate, with the time in milliseconds.

use std::fmt::Write;
use std::time::Duration;

use crate::TimerEvent;
use crate::mtp2::{self, Header, SignalUnit};

/// A ladder in the making.
#[derive(Debug)]
pub(crate) struct Ladder {
    ends: Vec<&'static str>,
    on: bool,
    text: String,
    /// Messages of one kind in a row are told as their number.
    row: Option<(Duration, usize, String, u32)>,
}

impl Ladder {
    pub(crate) fn new<const N: usize>(ends: [&'static str; N]) -> Self {
        Self {
            ends: ends.to_vec(),
            on: false,
            text: String::new(),
            row: None,
        }
    }

    /// Begins to record under a heading.
    pub(crate) fn chapter(&mut self, heading: &str) {
        self.close_row();
        self.on = true;
        writeln!(self.text, "-- {heading}").unwrap();
    }

    /// The whole text.
    pub(crate) fn take(&mut self) -> String {
        self.close_row();
        self.on = false;
        std::mem::take(&mut self.text)
    }

    fn close_row(&mut self) {
        if let Some((at, end, text, count)) = self.row.take() {
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
            self.close_row();
            self.line(at, end, text);
        }
    }

    fn row(&mut self, at: Duration, end: usize, text: String) {
        match &mut self.row {
            Some((_, of, known, count)) if (*of, known.as_str()) == (end, text.as_str()) => {
                *count += 1;
            }
            _ => {
                self.close_row();
                self.row = Some((at, end, text, 1));
            }
        }
    }

    /// What a link of level 2 gives out.
    pub(crate) fn level2(&mut self, at: Duration, end: usize, output: &mtp2::Output) {
        if !self.on {
            return;
        }
        match output {
            mtp2::Output::SignalUnit(unit) => {
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
}
