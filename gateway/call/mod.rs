//! A call: two legs and what happens on one when the other says something.
//!
//! The two halves of Q.1912.5 and RFC 3398 are two leaf machines, pure steps without clock or
//! I/O: [`sip_to_isup`] (the gateway is user agent server and outgoing exchange) and
//! [`isup_to_sip`] (incoming exchange and user agent client). What the messages look like is
//! [`crate::interwork`]'s.

pub mod isup_to_sip;
pub mod sip_to_isup;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::cdr::ReleasedBy;
use crate::config::{SipTrunk, TrunkGroup};
use crate::interwork::profile::{Fault, Profile};
use crate::sip::{self, sdp::MediaPlan};

pub use isup_to_sip::IsupToSip;
pub use sip_to_isup::SipToIsup;

/// Counts the calls of one run from 1.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct CallId(pub u64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "call {}", self.0)
    }
}

/// Timers of call control; those of Q.764 run in the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    /// An ACM named a cause: how long the announcement may go on (RFC 3398 §7.1.6).
    Interworking,
    /// No 18x yet: the early ACM keeps the preceding exchange waiting (RFC 3398 §8.2.8).
    T11,
}

impl Timer {
    /// How long it runs. T11 is 15-20 s (Q.764 Annex A); the announcement timer is the RFC's
    /// "interworking timer", whose length it leaves to the operator.
    #[must_use]
    pub const fn duration(self) -> Duration {
        match self {
            Self::Interworking => Duration::from_secs(30),
            Self::T11 => Duration::from_secs(15),
        }
    }
}

/// What a call hears.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// From the SIP endpoint.
    Sip(sip::Indication),
    /// From the circuit.
    Isup(isup::circuit::Indication),
    /// A timer of this call ran out.
    Expired(Timer),
    /// No circuit and no trunk is left to try, for this reason.
    Exhausted(Fault),
    /// The peer's offer holds nothing to agree on.
    Unacceptable(sip::sdp::Refusal),
    /// The gateway ends the call: shutdown.
    Shutdown,
}

/// What a call asks for, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A request to the SIP endpoint.
    Sip(sip::Request),
    /// A request to the circuit.
    Isup(isup::circuit::Request),
    /// Something of the media bridge.
    Bridge(Bridge),
    /// Start a timer.
    Start(Timer),
    /// Stop a timer.
    Stop(Timer),
    /// Try the next circuit or trunk; [`Event::Exhausted`] answers when there is none.
    Reattempt,
    /// Something for the record.
    Mark(Mark),
    /// Both legs are done.
    Finish,
}

/// What a call asks of its bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bridge {
    /// Through-connection each way.
    Path {
        /// From the timeslot to RTP: backward for a call from SIP.
        to_rtp: bool,
        /// From RTP to the timeslot.
        to_timeslot: bool,
    },
    /// The peer's SDP: where RTP goes from now on.
    Remote(Bytes),
    /// Media that the endpoint has agreed on within the call.
    Agreed(MediaPlan),
    /// Ringback of the trunk group's country towards the timeslot.
    Ringback(bool),
}

/// What goes into the call record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// The called user is being alerted.
    Alerting,
    /// The called user answered.
    Answer,
    /// The call is being released.
    Release {
        /// By whom.
        by: ReleasedBy,
        /// Q.850 cause.
        cause: u8,
        /// Final SIP status, for a call that was not answered.
        status: Option<u16>,
        /// The row that mapped one to the other.
        mapped_by: Option<String>,
    },
}

/// What a step may look at besides the call itself.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Interworking tables of the call.
    pub profile: &'a Profile,
    /// The SIP trunk.
    pub trunk: &'a SipTrunk,
    /// Our SDP: the answer to the peer's offer, or our offer.
    pub sdp: Option<&'a Bytes>,
    /// The trunk group, whose codes numbers have.
    pub group: Option<&'a TrunkGroup>,
    /// Our host and port in URIs.
    pub own_host: &'a str,
}

/// Either half.
#[derive(Debug, Clone, PartialEq)]
pub enum Call {
    /// From SIP to a circuit.
    SipToIsup(SipToIsup),
    /// From a circuit to SIP.
    IsupToSip(IsupToSip),
}

impl Call {
    /// The next state, and what is to be done.
    #[must_use]
    pub fn step(self, context: &Context<'_>, event: Event) -> (Self, Vec<Action>) {
        match self {
            Self::SipToIsup(call) => {
                let (call, actions) = call.step(context, event);
                (Self::SipToIsup(call), actions)
            }
            Self::IsupToSip(call) => {
                let (call, actions) = call.step(context, event);
                (Self::IsupToSip(call), actions)
            }
        }
    }

    /// The name of the state.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self {
            Self::SipToIsup(call) => call.state(),
            Self::IsupToSip(call) => call.state(),
        }
    }

    /// Answered and not being released.
    #[must_use]
    pub fn talks(&self) -> bool {
        match self {
            Self::SipToIsup(call) => call.talks(),
            Self::IsupToSip(call) => call.talks(),
        }
    }
}

/// Points the bridge at what the endpoint answered to an offer within the call.
fn agreed(answered: Option<sip::sdp::Answer>) -> Vec<Action> {
    answered
        .map(|answer| Action::Bridge(Bridge::Agreed(answer.plan)))
        .into_iter()
        .collect()
}
