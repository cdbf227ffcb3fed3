//! A call: two legs and what happens on one when the other says something.
//!
//! The two halves of Q.1912.5 and RFC 3398 are two leaf machines, pure steps without clock or
//! I/O: [`sip_to_isup`] (the gateway is user agent server and outgoing exchange) and
//! [`isup_to_sip`] (incoming exchange and user agent client). What the messages look like is
//! [`crate::interwork`]'s.

mod hold;
pub mod isup_to_sip;
mod ringing;
pub mod sip_to_isup;
#[cfg(test)]
mod tests;

use std::fmt;

use bytes::Bytes;
use media_bridge::Side;
use serde::{Deserialize, Serialize};

use crate::cdr::ReleasedBy;
use crate::config::{SipTrunk, TrunkGroup};
use crate::dialplan::Digits;
use crate::interwork::profile::{Fault, Profile};
use crate::sip::{self, Headers, sdp::MediaPlan};

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

/// Timers of call control; those of the circuit run there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Timer {
    /// An ACM named a cause: how long the announcement may go on (RFC 3398 §7.1.6). Configured as
    /// `announcement`.
    Interworking,
    /// No 18x yet: the early ACM keeps the preceding exchange waiting (RFC 3398 §8.2.8).
    T11,
    /// Enough digits: how long further ones are waited for (RFC 3578 §2.2).
    T10,
    /// Too few digits: how long the next one is waited for (RFC 3578 §2.1).
    T35,
    /// SIP promised early media: how long the caller may hear nothing. Configured as
    /// `early_media_wait`.
    EarlyMedia,
    /// A tone tells the caller why the call failed, and the preceding exchange is to clear
    /// (RFC 3666 §3.6); or an announcement does. As long as an announcement may be.
    Treatment,
}

/// What a call hears.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "it is passed on and never kept")]
pub enum Event {
    /// From the SIP endpoint.
    Sip(sip::Indication),
    /// From the circuit.
    Isup(isup::circuit::Indication),
    /// A timer of this call ran out.
    Expired(Timer),
    /// No circuit and no trunk is left to try, for this reason.
    Exhausted(Fault),
    /// The gateway itself refuses a call that has got nowhere.
    Refused(Box<Refusal>),
    /// The first RTP packet of the peer.
    MediaCame,
    /// An announcement was heard to its end.
    Announced,
    /// What the dial plan says of the digits so far.
    Digits {
        /// Whether more may follow.
        digits: Digits,
        /// Each may go on at once: all trunks of the way take several INVITEs.
        pass: bool,
    },
    /// The same caller dials on where the exchange takes no further digits: the call is made anew
    /// (RFC 3578 §3.5).
    Superseded,
    /// The peer's offer, or its answer, holds nothing to agree on.
    Unacceptable {
        /// What is wrong with it.
        refusal: sip::sdp::Refusal,
        /// It came in a 200, which has been acknowledged: the session stands.
        accepted: bool,
    },
    /// The gateway ends the call: shutdown.
    Shutdown,
}

/// Why the gateway itself refuses a call, and the announcement of it that the caller can hear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Q.850 cause towards the circuit, and in Reason.
    pub cause: u8,
    /// Final status towards SIP; of a call from a circuit, for its record, where there is one.
    pub status: Option<u16>,
    /// What said so.
    pub why: String,
    /// What the final response says besides Reason.
    pub headers: Headers,
    /// By its name; the caller's media stand.
    pub announcement: Option<String>,
}

impl Refusal {
    /// By the row of a failure, without an announcement.
    #[must_use]
    pub fn of(profile: &Profile, fault: Fault) -> Self {
        let row = profile.failure(fault);
        let mut headers = Headers::new();
        if fault == Fault::Congested {
            // RFC 3398 §7.2.4.1: when the exchange may take more again (T30, Q.764 §2.10.2).
            headers.push(("Retry-After".to_owned(), "10".to_owned()));
        }
        Self {
            cause: row.cause,
            status: Some(row.status),
            why: row.clause.to_string(),
            headers,
            announcement: None,
        }
    }
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
    /// Add the digits of a SAM to the number; [`Event::Digits`] answers.
    Collect(isup::Message),
    /// Send the INVITE with the digits so far.
    Attempt,
    /// Try the next circuit or trunk; [`Event::Exhausted`] answers when there is none.
    Reattempt,
    /// The peer has refused ISUP and is being called without: none travels from now on
    /// (RFC 3372 §6).
    WithoutIsup,
    /// Invite these Contacts, the best first, then the next trunk (RFC 3398 §8.2.5).
    Redirect(Vec<String>),
    /// Offer the peer media that are held, or not, by a re-INVITE (RFC 3398 §9).
    Offer {
        /// Neither side sends.
        held: bool,
    },
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
    /// The peer's answer to an offer of ours within the call.
    Concluded(Bytes),
    /// Media that the endpoint has agreed on within the call.
    Agreed(Box<MediaPlan>),
    /// A tone of the trunk group's country towards the timeslot in place of audio; none ends it.
    Tone(Option<Tone>),
    /// An announcement by its name, in place of audio.
    Announce {
        /// Who hears it.
        towards: Side,
        /// Which.
        name: String,
    },
}

/// A tone for the caller on the circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The called user is being alerted.
    Ringback,
    /// The called user is busy.
    Busy,
    /// The call cannot be completed.
    Congestion,
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ringback => "ringback",
            Self::Busy => "busy tone",
            Self::Congestion => "congestion tone",
        })
    }
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
    /// The standard of the circuit.
    pub variant: isup::Variant,
    /// ISUP may travel to the peer: the trunk is for it, and the peer has not refused it.
    pub isup: bool,
    /// The peer is a circuit of ours in the same direction, called or calling as this one: what
    /// only one direction says goes on as hold, and not as it came.
    pub parallel: bool,
    /// Our SDP: the answer to the peer's offer, or our offer.
    pub sdp: Option<&'a Bytes>,
    /// The trunk group, whose codes numbers have.
    pub group: Option<&'a TrunkGroup>,
    /// Our host and port in URIs.
    pub own_host: &'a str,
}

impl Context<'_> {
    /// The body that carries a message to the peer, when it may.
    fn body(&self, message: &isup::Message) -> Option<sip::IsupBody> {
        self.isup
            .then(|| crate::interwork::encapsulation::body(self.trunk, message))
            .flatten()
    }
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

    /// The peer is another one, which takes ISUP whatever the first one took.
    pub(crate) fn meets_isup(&mut self) {
        if let Self::SipToIsup(call) = self {
            call.meets_isup();
        }
    }

    /// From a circuit, with no final response of the peer yet.
    #[must_use]
    pub fn is_early(&self) -> bool {
        match self {
            Self::SipToIsup(_) => false,
            Self::IsupToSip(call) => call.is_early(),
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

/// Takes the peer's answer to our offer within the call.
fn concluded(bodies: sip::Bodies) -> Vec<Action> {
    bodies
        .sdp
        .map(|answer| Action::Bridge(Bridge::Concluded(answer)))
        .into_iter()
        .collect()
}

/// Points the bridge at what the endpoint answered to an offer within the call.
fn agreed(answered: Option<sip::sdp::Answer>) -> Vec<Action> {
    answered
        .map(|answer| Action::Bridge(Bridge::Agreed(Box::new(answer.plan))))
        .into_iter()
        .collect()
}
