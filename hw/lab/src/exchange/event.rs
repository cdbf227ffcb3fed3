//! What the exchange saw and did.

use std::fmt;
use std::time::Instant;

use isup::circuit::{CircuitStatus, Timer};
use isup::node::TimerEvent;
use isup::{Cic, CircuitId, Message};
use media_bridge::continuity;
use mtp::{LinkChange, LinkId};
use tdm::{SpanEvent, SpanId};

use crate::audio::Heard;

/// Something that the exchange saw or did.
#[derive(Debug, Clone, PartialEq)]
pub struct ExchangeEvent {
    /// When.
    pub at: Instant,
    /// The circuit it belongs to.
    pub circuit: Option<CircuitId>,
    /// That circuit's code on the line, or the code in the message.
    pub cic: Option<Cic>,
    /// What.
    pub kind: ExchangeEventKind,
}

/// What the exchange saw or did.
#[derive(Debug, Clone, PartialEq)]
pub enum ExchangeEventKind {
    /// An ISUP message went out.
    Sent(Message),
    /// An ISUP message arrived.
    Received(Message),
    /// A call went on.
    Call(CallEvent),
    /// Something was heard on the timeslot of a call.
    Heard(Heard),
    /// What came back of a check tone.
    Continuity(continuity::Heard),
    /// A timer of ISUP changed.
    Timer(Timer, TimerEvent),
    /// Something happened at a signalling link.
    Link(LinkId, LinkChange),
    /// The MTP tells of a destination.
    Mtp(mtp::Status),
    /// What maintenance sees of the circuit changed.
    Circuit(CircuitStatus),
    /// An alarm or a slip of a span.
    Span(SpanId, SpanEvent),
    /// Something that should not happen, in words.
    Alert(String),
}

/// How a call goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallEvent {
    /// IAM arrived.
    Incoming {
        /// Digits of the called party number so far.
        called: String,
        /// Digits of the calling party number; empty when there is none.
        calling: String,
    },
    /// IAM was sent.
    Outgoing {
        /// Digits of the called party number.
        called: String,
        /// Digits of the calling party number.
        calling: String,
    },
    /// ACM was sent or arrived.
    Alerting,
    /// ANM or CON was sent or arrived.
    Answered,
    /// REL was sent or arrived.
    Released {
        /// Cause value (Q.850); none when it could not be read.
        cause: Option<u8>,
        /// Who sent it.
        by: Party,
    },
    /// The call ended without REL.
    Failed {
        /// Cause value (Q.850).
        cause: u8,
        /// Why.
        reason: String,
    },
    /// The outgoing call is tried again on another circuit.
    Repeated {
        /// Why.
        reason: String,
    },
    /// The circuit is idle again.
    Idle,
}

/// An end of the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// This exchange.
    Here,
    /// The other end of the cable.
    FarEnd,
}

impl ExchangeEvent {
    /// The ISUP message, and whether it was sent.
    #[must_use]
    pub fn message(&self) -> Option<(bool, &Message)> {
        match &self.kind {
            ExchangeEventKind::Sent(message) => Some((true, message)),
            ExchangeEventKind::Received(message) => Some((false, message)),
            _ => None,
        }
    }

    /// What was heard.
    #[must_use]
    pub fn heard(&self) -> Option<&Heard> {
        match &self.kind {
            ExchangeEventKind::Heard(heard) => Some(heard),
            _ => None,
        }
    }

    /// How a call went on.
    #[must_use]
    pub fn call(&self) -> Option<&CallEvent> {
        match &self.kind {
            ExchangeEventKind::Call(event) => Some(event),
            _ => None,
        }
    }

    /// One word for the kind, for filters: "sent", "received", "call", "heard", "timer" ...
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self.kind {
            ExchangeEventKind::Sent(_) => "sent",
            ExchangeEventKind::Received(_) => "received",
            ExchangeEventKind::Call(_) => "call",
            ExchangeEventKind::Heard(_) => "heard",
            ExchangeEventKind::Continuity(_) => "continuity",
            ExchangeEventKind::Timer(..) => "timer",
            ExchangeEventKind::Link(..) => "link",
            ExchangeEventKind::Mtp(_) => "mtp",
            ExchangeEventKind::Circuit(_) => "circuit",
            ExchangeEventKind::Span(..) => "span",
            ExchangeEventKind::Alert(_) => "alert",
        }
    }
}

impl fmt::Display for ExchangeEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(cic) = self.cic {
            write!(f, "CIC {cic}: ")?;
        }
        match &self.kind {
            ExchangeEventKind::Sent(message) => write!(f, "-> {message}"),
            ExchangeEventKind::Received(message) => write!(f, "<- {message}"),
            ExchangeEventKind::Call(event) => event.fmt(f),
            ExchangeEventKind::Heard(heard) => write!(f, "heard {heard}"),
            ExchangeEventKind::Continuity(heard) => match heard.good {
                true => write!(f, "check tone came back at {}", heard.level),
                false => write!(f, "no check tone came back, heard {}", heard.level),
            },
            ExchangeEventKind::Timer(timer, TimerEvent::Started(duration)) => {
                write!(f, "{timer} started ({duration:?})")
            }
            ExchangeEventKind::Timer(timer, TimerEvent::Stopped) => write!(f, "{timer} stopped"),
            ExchangeEventKind::Timer(timer, TimerEvent::Expired) => write!(f, "{timer} expired"),
            ExchangeEventKind::Link(link, change) => write!(f, "link {link}: {change}"),
            ExchangeEventKind::Mtp(status) => match status {
                mtp::Status::Pause(point) => write!(f, "MTP-PAUSE {point}"),
                mtp::Status::Resume(point) => write!(f, "MTP-RESUME {point}"),
                mtp::Status::Congested(point, level) => {
                    write!(f, "MTP-STATUS {point}: congestion level {level}")
                }
                mtp::Status::UserPartUnavailable(point) => {
                    write!(f, "MTP-STATUS {point}: user part unavailable")
                }
            },
            ExchangeEventKind::Circuit(status) => match status.in_service() {
                true => f.write_str("in service"),
                false => write!(f, "out of service: {status:?}"),
            },
            ExchangeEventKind::Span(span, event) => write!(f, "{span}: {event}"),
            ExchangeEventKind::Alert(text) => f.write_str(text),
        }
    }
}

impl fmt::Display for CallEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incoming { called, calling } => write!(f, "call for {called} from {calling}"),
            Self::Outgoing { called, calling } => write!(f, "calls {called} from {calling}"),
            Self::Alerting => f.write_str("alerting"),
            Self::Answered => f.write_str("answered"),
            Self::Released { cause, by } => {
                let by = match by {
                    Party::Here => "released here",
                    Party::FarEnd => "released by the far end",
                };
                match cause {
                    Some(cause) => {
                        let name = isup::cause::name(*cause).unwrap_or("unknown");
                        write!(f, "{by}, cause {cause} ({name})")
                    }
                    None => write!(f, "{by}, cause unreadable"),
                }
            }
            Self::Failed { cause, reason } => write!(f, "failed: {reason}, cause {cause}"),
            Self::Repeated { reason } => write!(f, "tried again on another circuit: {reason}"),
            Self::Idle => f.write_str("idle"),
        }
    }
}
