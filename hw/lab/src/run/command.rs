//! What people type.

use std::str::FromStr;
use std::time::Instant;

use emulator::Cable;
use isup::circuit::Request;
use isup::{Cic, CircuitId};
use media_bridge::dtmf::Digit;
use tdm::SpanIo;

use crate::audio::Play;
use crate::exchange::{Exchange, RequestError};

use super::fault::{self, Fault};

/// A command to the exchange.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// `call FROM TO`, or `call FROM` for a caller of the configuration.
    Call {
        /// The calling number.
        from: String,
        /// The called number.
        to: Option<String>,
    },
    /// `digits CIC DIGITS`: DTMF on the timeslot.
    Digits(Cic, Vec<Digit>),
    /// `release CIC [CAUSE]`.
    Release(Cic, u8),
    /// `pattern CIC`: the test pattern on the timeslot.
    Pattern(Cic),
    /// `block CIC`, `unblock CIC`, `reset CIC`, `check CIC`.
    Maintain(Cic, Maintenance),
    /// `line SPAN ...`: something done to an emulated line, by its place in the file from 0.
    Line(usize, Fault),
    /// `circuits`: all of them.
    Circuits,
    /// `calls`: those there are.
    Calls,
    /// `links`: the signalling links.
    Links,
    /// `spans`: the lines and what they counted.
    Spans,
    /// `help`.
    Help,
    /// `quit`.
    Quit,
    /// An empty line.
    Nothing,
}

/// What maintenance may ask of a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Maintenance {
    /// BLO.
    Block,
    /// UBL.
    Unblock,
    /// RSC.
    Reset,
    /// CCR.
    Check,
}

/// A command that says nothing, or cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Not one of the commands.
    #[error("`{found}` is no command; expected one of {COMMANDS}")]
    Unknown {
        /// What was typed.
        found: String,
    },
    /// A command without what it needs, or with something else.
    #[error("expected `{expected}`")]
    Form {
        /// The right form.
        expected: &'static str,
    },
    /// No circuit has this code.
    #[error("no circuit has CIC {0}")]
    Cic(Cic),
    /// No span has this number, or what carries it cannot be disturbed.
    #[error("no emulated line {0}, expected one of those in the file, counted from 0")]
    Line(usize),
    /// The exchange refuses.
    #[error(transparent)]
    Request(#[from] RequestError),
}

const COMMANDS: &str = "call, digits, release, pattern, block, unblock, reset, check, line, \
                        circuits, calls, links, spans, help, quit";

/// Normal call clearing (Q.850).
const NORMAL_CLEARING: u8 = 16;

impl FromStr for Command {
    type Err = CommandError;

    fn from_str(line: &str) -> Result<Self, CommandError> {
        let words: Vec<_> = line.split_whitespace().collect();
        let Some((name, words)) = words.split_first() else {
            return Ok(Self::Nothing);
        };
        let form = |expected| CommandError::Form { expected };
        let cic = |word: &str, expected| {
            let number = word.parse().map_err(|_| form(expected))?;
            Ok::<_, CommandError>(Cic(number))
        };
        match (*name, words) {
            ("call", [from]) => Ok(Self::Call {
                from: (*from).to_owned(),
                to: None,
            }),
            ("call", [from, to]) => Ok(Self::Call {
                from: (*from).to_owned(),
                to: Some((*to).to_owned()),
            }),
            ("call", _) => Err(form("call FROM [TO]")),
            ("digits", [circuit, digits]) => {
                let digits = digits.chars().map(Digit::from_char).collect::<Option<_>>();
                let digits = digits.ok_or(form(DIGITS))?;
                Ok(Self::Digits(cic(circuit, DIGITS)?, digits))
            }
            ("digits", _) => Err(form(DIGITS)),
            ("release", [circuit]) => Ok(Self::Release(cic(circuit, RELEASE)?, NORMAL_CLEARING)),
            ("release", [circuit, cause]) => {
                let cause = cause.parse().ok().filter(|cause| (1..128).contains(cause));
                Ok(Self::Release(
                    cic(circuit, RELEASE)?,
                    cause.ok_or(form(RELEASE))?,
                ))
            }
            ("release", _) => Err(form(RELEASE)),
            ("pattern", [circuit]) => Ok(Self::Pattern(cic(circuit, "pattern CIC")?)),
            ("pattern", _) => Err(form("pattern CIC")),
            ("block", [circuit]) => Ok(Self::Maintain(
                cic(circuit, "block CIC")?,
                Maintenance::Block,
            )),
            ("unblock", [circuit]) => Ok(Self::Maintain(
                cic(circuit, "unblock CIC")?,
                Maintenance::Unblock,
            )),
            ("reset", [circuit]) => Ok(Self::Maintain(
                cic(circuit, "reset CIC")?,
                Maintenance::Reset,
            )),
            ("check", [circuit]) => Ok(Self::Maintain(
                cic(circuit, "check CIC")?,
                Maintenance::Check,
            )),
            ("block" | "unblock" | "reset" | "check", _) => {
                Err(form("block CIC, unblock CIC, reset CIC, check CIC"))
            }
            ("line", [span, what @ ..]) => {
                let span = span.parse().map_err(|_| form(fault::FORM))?;
                Ok(Self::Line(span, Fault::read(what)?))
            }
            ("line", _) => Err(form(fault::FORM)),
            ("circuits", []) => Ok(Self::Circuits),
            ("calls", []) => Ok(Self::Calls),
            ("links", []) => Ok(Self::Links),
            ("spans", []) => Ok(Self::Spans),
            ("help", []) => Ok(Self::Help),
            ("quit" | "exit", []) => Ok(Self::Quit),
            _ => Err(CommandError::Unknown {
                found: line.trim().to_owned(),
            }),
        }
    }
}

const DIGITS: &str = "digits CIC DIGITS, of 0-9 * # A-D";
const RELEASE: &str = "release CIC [CAUSE], a cause of 1 to 127";

impl Command {
    /// Does it; the lines to answer.
    ///
    /// # Errors
    /// When the exchange refuses.
    pub fn execute(
        self,
        now: Instant,
        exchange: &mut Exchange,
        spans: &[Box<dyn SpanIo>],
        cables: &[Option<Cable>],
    ) -> Result<Vec<String>, CommandError> {
        let circuit = |exchange: &Exchange, cic: Cic| -> Result<CircuitId, CommandError> {
            exchange.circuit_of(cic).ok_or(CommandError::Cic(cic))
        };
        match self {
            Self::Call { from, to } => {
                match to {
                    Some(to) => exchange.place_call(now, &from, &to)?,
                    None => exchange.place_configured_call(now, &from)?,
                };
            }
            Self::Digits(cic, digits) => exchange.dial(circuit(exchange, cic)?, &digits)?,
            Self::Release(cic, cause) => {
                exchange.release(now, circuit(exchange, cic)?, cause)?;
            }
            Self::Pattern(cic) => exchange.play(circuit(exchange, cic)?, Play::Pattern)?,
            Self::Maintain(cic, maintenance) => {
                let request = match maintenance {
                    Maintenance::Block => Request::Block,
                    Maintenance::Unblock => Request::Unblock,
                    Maintenance::Reset => Request::Reset,
                    Maintenance::Check => Request::Check,
                };
                exchange.maintain(now, circuit(exchange, cic)?, request)?;
            }
            Self::Line(span, fault) => {
                let cable = cables.get(span).and_then(Option::as_ref);
                fault.apply(cable.ok_or(CommandError::Line(span))?);
            }
            Self::Circuits => return Ok(circuits(now, exchange)),
            Self::Calls => return Ok(calls(exchange)),
            Self::Links => {
                let links = exchange.links().filter_map(|link| {
                    let state = exchange.link_state(link)?;
                    Some(format!("link {link}: {state}"))
                });
                return Ok(links.collect());
            }
            Self::Spans => return Ok(spans.iter().map(|line| span(&**line)).collect()),
            Self::Help => return Ok(vec![format!("commands: {COMMANDS}")]),
            Self::Quit | Self::Nothing => {}
        }
        Ok(Vec::new())
    }
}

/// One line for each circuit.
fn circuits(now: Instant, exchange: &Exchange) -> Vec<String> {
    let line = |view: isup::node::CircuitView| {
        let mut line = format!("CIC {:>4}  {}", view.cic, view.state);
        if let Some(since) = view.since {
            let since = now.saturating_duration_since(since).as_secs();
            line.push_str(&format!(" for {since} s"));
        }
        if !view.status.in_service() {
            line.push_str(&format!(", out of service: {:?}", view.status));
        }
        if !view.reachable {
            line.push_str(&format!(", {} cannot be reached", view.dpc));
        }
        if !view.awaited.is_empty() {
            line.push_str(&format!(", waits for {}", view.awaited));
        }
        for hint in &view.hints {
            line.push_str(&format!("; {hint}"));
        }
        line
    };
    exchange.circuits().map(line).collect()
}

/// What a line counted, as far as it is not 0.
fn span(span: &dyn SpanIo) -> String {
    let (counters, device) = (span.counters(), span.device_counters());
    let told = counters
        .iter()
        .chain(device.iter())
        .filter(|(_, count)| *count > 0);
    let told: Vec<_> = told
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    format!("{}: {}", span.id(), told.join(", "))
}

/// One line for each call.
fn calls(exchange: &Exchange) -> Vec<String> {
    let line = |(circuit, incoming, phase, called, calling)| {
        let view = exchange.circuits().find(|view| view.id == circuit);
        let cic = view.map_or_else(String::new, |view| view.cic.to_string());
        let way = if incoming { "incoming" } else { "outgoing" };
        format!("CIC {cic:>4}  {way} {phase:?}, {calling} calls {called}")
    };
    exchange.calls().map(line).collect()
}
