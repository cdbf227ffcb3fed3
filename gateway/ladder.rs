//! A call as a ladder: SIP on the left, ISUP on the right, timers, media and the call's own
//! steps between them, on one time axis.

use std::fmt::{self, Write as _};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::call::CallId;

/// Something that happened, with its time since the interworking unit started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Since start.
    pub at: Duration,
    /// The call it belongs to; none for circuit supervision and links.
    pub call: Option<CallId>,
    /// What it was.
    pub what: What,
}

/// The kinds of rung.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A SIP message.
    Sip {
        /// Towards the peer or from it.
        sent: bool,
        /// Start line and bodies in short.
        text: String,
    },
    /// An ISUP message.
    Isup {
        /// Towards the exchange or from it.
        sent: bool,
        /// Acronym and what matters of its parameters.
        text: String,
    },
    /// An ISUP or call timer started, stopped or expired.
    Timer(String),
    /// The media bridge opened, closed, through-connected; tones and digits.
    Media(String),
    /// Routing and state.
    Call(String),
    /// What a whole line, link or destination can do has changed.
    Service(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way = |sent: &bool| if *sent { "sent" } else { "received" };
        match self {
            Self::Sip { sent, text } => write!(f, "SIP {} {text}", way(sent)),
            Self::Isup { sent, text } => write!(f, "ISUP {} {text}", way(sent)),
            Self::Timer(text) => write!(f, "timer {text}"),
            Self::Media(text) => write!(f, "media: {text}"),
            Self::Call(text) | Self::Service(text) => f.write_str(text),
        }
    }
}

/// Names of the two outer columns.
#[derive(Debug, Clone)]
pub struct Columns {
    /// The SIP peer.
    pub sip: String,
    /// The far exchange.
    pub isup: String,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            sip: "SIP".into(),
            isup: "ISUP".into(),
        }
    }
}

/// Width of the space between two lifelines.
const LANE: usize = 46;

/// Draws the rungs in order. Times are in milliseconds from the first rung.
#[must_use]
pub fn draw(rungs: &[Trace], columns: &Columns) -> String {
    let mut out = String::new();
    let origin = rungs.first().map_or(Duration::ZERO, |r| r.at);
    // Writing into a String cannot fail.
    let _ = writeln!(
        out,
        "{:>8}  {:<left$}{:^9}{:>right$}",
        "ms",
        columns.sip,
        "isthmus",
        columns.isup,
        left = LANE - 3,
        right = LANE - 3
    );
    for rung in rungs {
        let ms = rung.at.saturating_sub(origin).as_secs_f64() * 1000.0;
        let _ = writeln!(out, "{ms:>8.0}  {}", Rung(&rung.what));
    }
    out
}

struct Rung<'a>(&'a What);

impl fmt::Display for Rung<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            What::Sip { sent, text } => write!(f, "|{}|{:LANE$}|", arrow(*sent, true, text), ""),
            What::Isup { sent, text } => write!(f, "|{:LANE$}|{}|", "", arrow(*sent, false, text)),
            What::Timer(text) => write!(
                f,
                "|{:LANE$}|  ~ {:<width$}|",
                "",
                clip(text, LANE - 4),
                width = LANE - 4
            ),
            What::Media(text) => write!(
                f,
                "|{:LANE$}|  ♪ {:<width$}|",
                "",
                clip(text, LANE - 4),
                width = LANE - 4
            ),
            What::Call(text) | What::Service(text) => write!(
                f,
                "|{:LANE$}|  * {:<width$}|",
                "",
                clip(text, LANE - 4),
                width = LANE - 4
            ),
        }
    }
}

/// An arrow of the lane's width with its text: SIP is left of the gateway, ISUP right of it.
fn arrow(sent: bool, left_lane: bool, text: &str) -> String {
    let text = clip(text, LANE - 5);
    let fill = "-".repeat(LANE - 4 - text.chars().count());
    if sent == left_lane {
        format!("<- {text} {fill}")
    } else {
        format!("- {text} {fill}>")
    }
}

/// Cuts to a number of characters, marking the cut.
fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut cut: String = text.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rung_has_the_same_width() {
        let long = "x".repeat(200);
        let rungs: Vec<Trace> = [
            What::Sip {
                sent: false,
                text: "INVITE (SDP)".into(),
            },
            What::Sip {
                sent: true,
                text: long.clone(),
            },
            What::Isup {
                sent: true,
                text: "IAM".into(),
            },
            What::Isup {
                sent: false,
                text: String::new(),
            },
            What::Timer("T7 started 20 s".into()),
            What::Media(long.clone()),
            What::Call(long),
        ]
        .into_iter()
        .enumerate()
        .map(|(i, what)| Trace {
            at: Duration::from_millis(i as u64),
            call: None,
            what,
        })
        .collect();
        let drawn = draw(&rungs, &Columns::default());
        let widths: Vec<usize> = drawn.lines().skip(1).map(|l| l.chars().count()).collect();
        assert!(widths.iter().all(|w| *w == widths[0]), "{drawn}");
        assert!(drawn.contains("- INVITE (SDP) ---") && drawn.contains("- IAM ---"));
    }
}
