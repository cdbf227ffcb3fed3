//! Backward messages: ACM and CPG to 18x (RFC 3398 §7.2.5, §7.2.6, §7.2.9), 18x and 200 to ACM,
//! CPG, ANM and CON (§8.2.3 to §8.2.5).

use isup::{
    BackwardCallIndicators, CalledPartysCategory, CalledPartysStatus, Cause, ChargeIndicator,
    Event, EventInformation, Message, MessageType, OptionalBackwardCallIndicators, Variant,
};

use super::profile::{Profile, Says};
use super::{connected, user_to_user};
use crate::call::Context;
use crate::config::Ringback;
use crate::sip::Headers;

/// What an ACM or CPG is to SIP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backward {
    /// Provisional status.
    pub status: u16,
    /// The backward path carries something the caller is to hear: SDP goes along.
    pub media: bool,
    /// The called user is being alerted.
    pub alerting: bool,
}

/// ACM (RFC 3398 §7.2.5, §7.2.6), by the profile's row for what it says. `ringback`: whether the
/// caller hears the network's ringback or its own terminal's.
#[must_use]
pub fn address_complete(profile: &Profile, acm: &Message, ringback: Ringback) -> Backward {
    let step = by_policy(acm, ringback);
    let indicators = acm.find::<BackwardCallIndicators>().unwrap_or_default();
    // Whose ringback a caller hears is not the profile's: 180 without media, else with.
    let rings = step.status == RINGING;
    let row = profile.acm(|says| match says {
        Says::SubscriberFree => rings,
        _ if rings => false,
        Says::Cause => acm.find::<Cause>().is_some(),
        Says::InBand => in_band(acm),
        Says::Interworking => indicators.contains(BackwardCallIndicators::INTERWORKING_ENCOUNTERED),
        _ => true,
    });
    Backward {
        status: row.status,
        ..step
    }
}

/// 180 Ringing.
const RINGING: u16 = 180;

/// What is to be heard, by the ringback policy.
fn by_policy(acm: &Message, ringback: Ringback) -> Backward {
    let indicators = acm.find::<BackwardCallIndicators>().unwrap_or_default();
    let free = indicators.called_partys_status() == CalledPartysStatus::SubscriberFree;
    let in_band = in_band(acm)
        || indicators.contains(BackwardCallIndicators::INTERWORKING_ENCOUNTERED)
        || acm.find::<Cause>().is_some();
    match (free, in_band, ringback) {
        (true, false, Ringback::Auto) | (true, _, Ringback::Terminal) => Backward {
            status: 180,
            media: false,
            alerting: true,
        },
        (alerting, ..) => Backward {
            status: 183,
            media: true,
            alerting,
        },
    }
}

/// CPG (RFC 3398 §7.2.9), by the profile's row for its event.
#[must_use]
pub fn progress(profile: &Profile, cpg: &Message) -> Backward {
    let event = cpg.find::<EventInformation>().map(EventInformation::event);
    let says = match event {
        Some(Event::Alerting) => Says::Alerting,
        Some(Event::Progress) => Says::Progress,
        Some(Event::InBandInformation) => Says::InBand,
        Some(Event::ForwardedOnBusy) => Says::ForwardedBusy,
        Some(Event::ForwardedOnNoReply) => Says::ForwardedNoReply,
        Some(Event::ForwardedUnconditional) => Says::ForwardedUnconditional,
        _ => Says::Other,
    };
    Backward {
        status: profile.cpg(says).status,
        media: in_band(cpg) || says == Says::InBand,
        alerting: says == Says::Alerting,
    }
}

fn in_band(message: &Message) -> bool {
    message
        .find::<OptionalBackwardCallIndicators>()
        .is_some_and(|o| o.contains(OptionalBackwardCallIndicators::IN_BAND_INFORMATION))
}

/// Backward call indicators of a gateway (RFC 3398 §8.2.3): charge, ordinary subscriber, ISUP
/// all the way.
fn indicators(status: CalledPartysStatus) -> BackwardCallIndicators {
    BackwardCallIndicators::ISUP_ALL_THE_WAY
        .with_charge(ChargeIndicator::Charge)
        .with_called_partys_status(status)
        .with_called_partys_category(CalledPartysCategory::OrdinarySubscriber)
}

/// The ACM that only keeps the preceding exchange waiting (RFC 3398 §8.2.8).
#[must_use]
pub fn early_acm() -> Message {
    Message::new(MessageType::Acm).with(indicators(CalledPartysStatus::NoIndication))
}

/// A provisional response of the called side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// 101 to 199.
    pub status: u16,
    /// The SIP side sends media.
    pub media: bool,
    /// No ACM has been sent yet.
    pub first: bool,
    /// The gateway itself plays ringback towards the circuit.
    pub ringback: bool,
}

/// The messages for a provisional response, in order. `template` is the message that came in its
/// body: it goes on as it is where it fits (RFC 3372 §4).
#[must_use]
pub fn from_progress(
    profile: &Profile,
    progress: Progress,
    template: Option<&Message>,
) -> Vec<Message> {
    let fits = if progress.first {
        MessageType::Acm
    } else {
        MessageType::Cpg
    };
    if let Some(message) = template.filter(|m| m.message_type() == fits) {
        return vec![message.clone()];
    }
    let row = profile.progress(progress.status, progress.media);
    let heard = progress.media || progress.ringback;
    if progress.first {
        let mut acm = Message::new(MessageType::Acm).with(indicators(row.acm));
        if heard {
            acm.set(OptionalBackwardCallIndicators::IN_BAND_INFORMATION);
        }
        let mut messages = vec![acm];
        if row.both {
            messages.push(cpg(row.cpg, false));
        }
        return messages;
    }
    vec![cpg(row.cpg, heard)]
}

fn cpg(event: Event, in_band: bool) -> Message {
    let mut cpg = Message::new(MessageType::Cpg).with(EventInformation::new(event));
    if in_band {
        cpg.set(OptionalBackwardCallIndicators::IN_BAND_INFORMATION);
    }
    cpg
}

/// The message for the answer: CON when no ACM went before it, ANM otherwise (RFC 3398 §8.2.4).
/// ANSI has no CON (§13): ANM stands for it.
#[must_use]
pub fn from_answer(first: bool, variant: Variant, template: Option<&Message>) -> Message {
    let first = first && variant == Variant::Itu;
    let fits = if first {
        MessageType::Con
    } else {
        MessageType::Anm
    };
    if let Some(message) = template.filter(|m| m.message_type() == fits) {
        return message.clone();
    }
    if first {
        Message::new(MessageType::Con).with(indicators(CalledPartysStatus::NoIndication))
    } else {
        Message::new(MessageType::Anm)
    }
}

/// The header fields of the 200 for an ANM or CON: who answered, where the peer is trusted with
/// it, and what the user says (RFC 3325, RFC 7433).
#[must_use]
pub fn fields_of_answer(context: &Context<'_>, message: &Message) -> Headers {
    let mut headers = match context.group {
        Some(group) => {
            let Context { trunk, profile, .. } = context;
            connected::fields(message, group, trunk, profile, context.own_host)
        }
        None => Headers::new(),
    };
    headers.extend(user_to_user::field(message));
    headers
}

/// Puts into the ANM or CON what the header fields of the 200 say of it.
pub fn complete_answer(context: &Context<'_>, headers: &Headers, message: &mut Message) {
    if let Some(group) = context.group {
        let Context { trunk, profile, .. } = context;
        connected::put_into_isup(headers, group, trunk, profile, message);
    }
    user_to_user::put_from(headers, message);
}
