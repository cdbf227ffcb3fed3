//! INVITE to IAM (RFC 3398 §7.2.1.1).
//!
//! An encapsulated IAM is the template, what SIP says overwrites it, and local policy has the
//! last word (RFC 3372 §4).

use isup::{
    CalledPartyNumber, ContinuityCheck, DigitsError, ForwardCallIndicators, HopCounter, Message,
    MessageType, NatureOfAddress, NatureOfConnection, PropagationDelayCounter,
    TransmissionMediumRequirement, Variant,
};

use super::caller::Caller;
use super::convert::{self, Change};
use super::portability::Portability;
use super::profile::Profile;
use super::redirection::{self, Redirections};
use super::{bearer, hops, number, user_to_user};
use crate::config::{SipTrunk, TrunkGroup};
use crate::sip::Incoming;
use crate::sip::sdp::Codec;

/// What the IAM is made from.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The IAM of the INVITE's body, when the trunk is trusted with one and it can be read.
    pub template: Option<&'a Message>,
    /// Digits and nature of address that go out: what the dial plan made of the Request-URI.
    pub called: &'a str,
    /// Nature of address that goes out.
    pub nature: NatureOfAddress,
    /// Who calls.
    pub caller: Option<&'a Caller>,
    /// The INVITE and the trunk it came from, for what else its header fields say.
    pub incoming: Option<(&'a Incoming, &'a SipTrunk)>,
    /// The media agreed on.
    pub codec: Codec,
    /// The trunk group it goes to.
    pub group: &'a TrunkGroup,
    /// The circuit is to be checked before the call goes on (Q.764 §2.1.8).
    pub check: bool,
    /// The variant of the circuit.
    pub variant: Variant,
    /// The interworking tables.
    pub profile: &'a Profile,
}

/// An IAM, and what a conversion of its template changed.
pub type Made = (Message, Vec<Change>);

/// The IAM for an INVITE, en bloc.
///
/// # Errors
/// When the called number holds something that is no address signal, or too much of it.
pub fn iam(setup: &Setup<'_>) -> Result<Made, DigitsError> {
    let Setup { profile, group, .. } = setup;
    let template = setup
        .template
        .filter(|m| m.message_type() == MessageType::Iam)
        .and_then(|template| convert::to(setup.variant, template));
    let has_template = template.is_some();
    let (mut iam, changes) = match template {
        Some(template) => (template.message, template.changes),
        None => (canonical(setup), Vec::new()),
    };
    // The continuity check of the template was of another circuit.
    let connection = iam.find::<NatureOfConnection>().unwrap_or_default();
    let check = match setup.check {
        true => ContinuityCheck::Required,
        false => ContinuityCheck::NotRequired,
    };
    iam.set(connection.with_continuity_check(check));
    bearer::put_into_iam(setup.codec, group.law, &mut iam);
    // A network that counts no delay begins with none here.
    if let Some(PropagationDelayCounter(so_far)) = iam.find() {
        let own = u16::try_from(group.propagation_delay.as_millis()).unwrap_or(u16::MAX);
        if own > 0 {
            iam.set(PropagationDelayCounter(so_far.saturating_add(own)));
        }
    }
    let called = number::signals(setup.called)?;
    let as_before = iam
        .find::<CalledPartyNumber>()
        .is_some_and(|n| n.digits.without_st() == called && n.nature == setup.nature);
    if !as_before {
        iam.set(CalledPartyNumber::new(setup.nature, called));
    }
    // Where SIP names nobody, what the template says of the caller stands (RFC 3398 §7.2.1.1).
    if let Some(caller) = setup.caller {
        caller.put_into_iam(profile, group, &mut iam);
    }
    let Some((incoming, trunk)) = setup.incoming else {
        return Ok((iam, changes));
    };
    let redirections = Redirections::of_invite(incoming, profile);
    redirections.put_into_iam(profile, group, &mut iam);
    if redirections.told.is_empty() {
        redirection::original_of_to(incoming, profile, group, &mut iam);
    }
    Portability::of(&incoming.request_uri, trunk).put_into_iam(profile, group, &mut iam)?;
    user_to_user::put_into_isup(&incoming.user_to_user, &mut iam);
    // A template without a hop counter is of a network that has none.
    if let Some(left) = hops::counter(profile, incoming.max_forwards)
        && (!has_template
            || iam
                .find::<HopCounter>()
                .is_some_and(|there| there.0 > left.0))
    {
        iam.set(left);
    }
    Ok((iam, changes))
}

/// The IAM of a gateway without a template (RFC 3398 §7.2.1.1): no satellite, ISUP all the way,
/// the profile's category for an unknown caller, 3.1 kHz audio.
fn canonical(setup: &Setup<'_>) -> Message {
    let iam = Message::new_variant(MessageType::Iam, setup.variant)
        .with(NatureOfConnection::default())
        .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
        .with(setup.profile.other_category().code);
    match setup.variant {
        Variant::Itu => iam.with(TransmissionMediumRequirement::Audio3k1),
        Variant::Ansi => iam.with(bearer::audio(setup.group.law)),
    }
}
