//! Release: REL, the Reason header (RFC 3326, RFC 6432, RFC 8606) and what they become.

use isup::circuit::{Failure as CircuitFailure, Timer};
use isup::{Cause, Location, Message, MessageType};

use super::encapsulation;
use super::profile::{FailureRow, Profile};
use crate::config::SipTrunk;
use crate::sip::{Bodies, Failure, Q850};

/// Normal call clearing.
const NORMAL: u8 = 16;
/// Normal, unspecified: for a REL whose cause cannot be read.
const UNSPECIFIED: u8 = 31;

/// The cause of a REL; 31 when it cannot be read, so that a call is never kept for it.
#[must_use]
pub fn cause_of_rel(rel: &Message) -> Cause {
    rel.find::<Cause>()
        .unwrap_or_else(|| Cause::new(UNSPECIFIED, Location::BeyondInterworkingPoint))
}

/// The cause a Reason header names.
#[must_use]
pub fn cause_of(q850: &Q850) -> Cause {
    let location = q850
        .location
        .map_or(Location::BeyondInterworkingPoint, Location::from_code);
    Cause::new(q850.cause, location)
}

/// A REL with nothing but its cause.
#[must_use]
pub fn message(cause: &Cause) -> Message {
    Message::new(MessageType::Rel).with(cause.clone())
}

/// The REL for a BYE or CANCEL: the peer's own REL is the template, the Reason header overrides
/// its cause (RFC 3398 §7.2.3, §10.1), and without either it is normal clearing.
#[must_use]
pub fn rel(trunk: &SipTrunk, bodies: &Bodies, reason: Option<&Q850>) -> Message {
    let template =
        encapsulation::understood(trunk, bodies).filter(|m| m.message_type() == MessageType::Rel);
    match (template, reason) {
        (Some(mut rel), Some(q850)) => {
            if cause_of_rel(&rel).value != q850.cause {
                rel.set(cause_of(q850));
            }
            rel
        }
        (Some(rel), None) => rel,
        (None, Some(q850)) => message(&cause_of(q850)),
        (None, None) => message(&Cause::new(NORMAL, Location::BeyondInterworkingPoint)),
    }
}

/// The Reason header field of a cause.
#[must_use]
pub fn reason(cause: &Cause) -> (String, String) {
    let mut q850 = Q850::new(cause.value).at(cause.location.code());
    if let Some(name) = isup::cause::name(cause.value) {
        q850 = q850.with_text(name);
    }
    q850.to_header()
}

/// The row for a circuit that gave up by itself; none where its cause goes by the table.
#[must_use]
pub fn failure_row(profile: &Profile, reason: &CircuitFailure) -> Option<FailureRow> {
    match reason {
        CircuitFailure::Expired(Timer::T7) => Some(profile.t7),
        CircuitFailure::Expired(Timer::T9) => Some(profile.t9),
        _ => None,
    }
}

/// The final status the endpoint sent, or would have, when a session failed before the answer.
#[must_use]
pub fn status_of_failure(what: Failure) -> u16 {
    match what {
        Failure::NoPrack => 504,
        Failure::InviteExpired => 487,
        _ => 408,
    }
}
