//! Release: REL, the Reason header (RFC 3326, RFC 6432, RFC 8606) and what they become.

use isup::circuit::{Failure as CircuitFailure, Timer};
use isup::{CalledPartyNumber, Cause, Location, Message, MessageType, NatureOfAddress, Parameter};

use super::profile::{Fault, Profile, ReasonReceived, ReasonSent};
use super::{cause, encapsulation, number, user_to_user};
use crate::call::Context;
use crate::config::SipTrunk;
use crate::sip::{Bodies, Failure, Headers, Q850};

/// Normal call clearing.
const NORMAL: u8 = 16;
/// Normal, unspecified: for a REL whose cause cannot be read.
const UNSPECIFIED: u8 = 31;
/// Number changed.
const NUMBER_CHANGED: u8 = 22;
/// Redirection to new destination.
const REDIRECTION: u8 = 23;

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

/// The number that the diagnostics of "number changed" or "redirection to new destination" name:
/// a called party number in its own form (Q.850 §2.2.6).
#[must_use]
pub fn new_number(cause: &Cause) -> Option<CalledPartyNumber> {
    if !matches!(cause.value, NUMBER_CHANGED | REDIRECTION) {
        return None;
    }
    let number = CalledPartyNumber::decode(&cause.diagnostics).ok()?;
    (!number.digits.without_st().is_empty()).then_some(number)
}

/// A REL with nothing but its cause.
#[must_use]
pub fn message(cause: &Cause) -> Message {
    Message::new(MessageType::Rel).with(cause.clone())
}

/// The REL for a BYE or CANCEL: the peer's own REL is the template, the Reason header overrides
/// its cause where the profile says so (RFC 3398 §7.2.3, §10.1), and without either it is normal
/// clearing. What the users say to each other goes along (RFC 7433).
#[must_use]
pub fn rel(
    profile: &Profile,
    trunk: &SipTrunk,
    headers: &Headers,
    bodies: &Bodies,
    reason: Option<&Q850>,
) -> Message {
    let received = profile.conventions().reason_received;
    let reason = reason.filter(|_| received != ReasonReceived::Never);
    let mut rel = match (template(trunk, bodies), reason) {
        (Some(mut rel), Some(q850)) if received == ReasonReceived::BeforeIsup => {
            if cause_of_rel(&rel).value != q850.cause {
                rel.set(cause_of(q850));
            }
            rel
        }
        (Some(rel), _) => rel,
        (None, Some(q850)) => message(&cause_of(q850)),
        (None, None) => message(&Cause::new(NORMAL, Location::BeyondInterworkingPoint)),
    };
    user_to_user::put_from(headers, &mut rel);
    rel
}

/// The REL of a body, where the trunk is trusted with ISUP.
fn template(trunk: &SipTrunk, bodies: &Bodies) -> Option<Message> {
    encapsulation::understood(trunk, bodies).filter(|m| m.message_type() == MessageType::Rel)
}

/// The REL in place of following a redirection: cause 23 with the number of the best Contact that
/// has one (RFC 3398 §8.2.5).
#[must_use]
pub fn redirected(contacts: &[String]) -> Message {
    let mut cause = Cause::new(REDIRECTION, Location::BeyondInterworkingPoint);
    let number = contacts
        .iter()
        .find_map(|contact| number::from_uri(contact));
    if let Some(number) = number
        && let Ok(digits) = number.digits.parse()
    {
        let nature = match number.international {
            true => NatureOfAddress::International,
            false => NatureOfAddress::Unknown,
        };
        CalledPartyNumber::new(nature, digits).encode(&mut cause.diagnostics);
    }
    message(&cause)
}

/// The REL for a final response to the INVITE, and what mapped it: the peer's own REL, else by its
/// Reason header, else by the table (RFC 3398 §8.2.6.1).
#[must_use]
pub fn rel_of_response(
    profile: &Profile,
    trunk: &SipTrunk,
    status: u16,
    reason: Option<&Q850>,
    headers: &Headers,
    bodies: &Bodies,
) -> (Message, String) {
    let ignored = profile.conventions().reason_received == ReasonReceived::Never;
    let (mut rel, mapped) = match (template(trunk, bodies), reason.filter(|_| !ignored)) {
        (Some(rel), _) => (rel, "encapsulated REL (RFC 3398 §8.2.6.1)".to_owned()),
        (None, Some(q850)) => (message(&cause_of(q850)), "Reason (RFC 6432)".to_owned()),
        (None, None) => {
            let (cause, mapped) = cause::cause_of(profile, status, warning(headers));
            (message(&cause), mapped.to_string())
        }
    };
    user_to_user::put_from(headers, &mut rel);
    (rel, mapped)
}

/// What BYE or a final response says of a REL that is its reason: the cause, and what the users say
/// to each other (RFC 7433).
#[must_use]
pub fn fields(profile: &Profile, cause: &Cause, rel: Option<&Message>, isup: bool) -> Headers {
    let mut headers = reason(profile, cause, isup);
    headers.extend(rel.and_then(user_to_user::field));
    headers
}

/// The code of the first Warning header field (RFC 3261 §20.43).
#[must_use]
pub fn warning(headers: &Headers) -> Option<u16> {
    crate::sip::header(headers, "Warning")?
        .split_ascii_whitespace()
        .next()?
        .parse()
        .ok()
}

/// The Reason header field of a cause; none where the profile wants none. `isup`: the message
/// tells the cause in an ISUP body, too.
#[must_use]
pub fn reason(profile: &Profile, cause: &Cause, isup: bool) -> Headers {
    let wanted = match profile.conventions().reason {
        ReasonSent::Always => true,
        ReasonSent::WithoutIsup => !isup,
        ReasonSent::Never => false,
    };
    let field = wanted.then(|| {
        let mut q850 = Q850::new(cause.value).at(cause.location.code());
        if let Some(name) = isup::cause::name(cause.value) {
            q850 = q850.with_text(name);
        }
        q850.to_header()
    });
    field.into_iter().collect()
}

/// The Contact of a 301 for "number changed": the new number, at our own address, from where the
/// call can be made anew (RFC 3398 §7.2.4.1).
#[must_use]
pub fn contact(context: &Context<'_>, cause: &Cause) -> Headers {
    let number = new_number(cause)
        .zip(context.group)
        .and_then(|(new, group)| {
            let (digits, profile) = (&new.digits, context.profile);
            number::from_parameter(digits, new.nature, new.plan, group, profile)
        });
    let field = number.map(|number| {
        let uri = number::to_uri(&number, context.own_host);
        ("Contact".to_owned(), format!("<{uri}>"))
    });
    field.into_iter().collect()
}

/// The failure of a circuit that gave up by itself; none where its cause goes by the table.
#[must_use]
pub fn fault(reason: &CircuitFailure) -> Option<Fault> {
    match reason {
        CircuitFailure::Expired(Timer::T7) => Some(Fault::T7),
        CircuitFailure::Expired(Timer::T9) => Some(Fault::T9),
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
