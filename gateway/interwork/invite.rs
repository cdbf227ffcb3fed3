//! IAM to INVITE (RFC 3398 §8.2.1.1).

use isup::{CalledPartyNumber, CallingPartyNumber, Message, Presentation, Screening};

use super::encapsulation;
use super::number;
use crate::config::{Reliable, SipTrunk, TrunkGroup};
use crate::dialplan::Number;
use crate::sip::{self, Bodies, Hop, Invite};

/// The called number of an IAM as a number to route by.
#[must_use]
pub fn called(iam: &Message, group: &TrunkGroup) -> Option<Number> {
    let parameter = iam.find::<CalledPartyNumber>()?;
    number::from_parameter(&parameter.digits, parameter.nature, parameter.plan, group)
}

/// The calling number of an IAM, and whether it may be shown; none where there is none.
#[must_use]
pub fn calling(iam: &Message, group: &TrunkGroup) -> Option<(Number, CallingPartyNumber)> {
    let parameter = iam.find::<CallingPartyNumber>()?;
    if parameter.presentation == Presentation::NotAvailable {
        return None;
    }
    let number =
        number::from_parameter(&parameter.digits, parameter.nature, parameter.plan, group)?;
    Some((number, parameter))
}

/// What the INVITE is made from.
#[derive(Debug, Clone)]
pub struct Setup<'a> {
    /// The IAM.
    pub iam: &'a Message,
    /// The number that goes out.
    pub called: &'a Number,
    /// The trunk group it came from.
    pub group: &'a TrunkGroup,
    /// The trunk it goes to.
    pub trunk: &'a SipTrunk,
    /// Our host and port in From.
    pub own_host: String,
    /// Our offer.
    pub offer: bytes::Bytes,
}

/// The INVITE for an IAM.
#[must_use]
pub fn invite(setup: &Setup<'_>) -> Invite {
    let host = setup
        .trunk
        .host
        .clone()
        .unwrap_or_else(|| setup.trunk.address.to_string());
    let caller = calling(setup.iam, setup.group);
    let restricted = caller.as_ref().is_some_and(|(_, number)| {
        matches!(
            number.presentation,
            Presentation::Restricted | Presentation::RestrictedByNetwork
        )
    });
    let from = match &caller {
        Some(_) if restricted => "\"Anonymous\" <sip:anonymous@anonymous.invalid>".to_owned(),
        Some((number, _)) => format!("<{}>", number::to_uri(number, &setup.own_host)),
        // No calling number: a URI without user part (RFC 3398 §8.2.1.1).
        None => format!("<sip:{}>", setup.own_host),
    };
    let mut invite = Invite::new(
        Hop::new(setup.trunk.transport, setup.trunk.address),
        number::to_uri(setup.called, &host),
        from,
    );
    if let Some((number, parameter)) = &caller {
        let by_network = matches!(
            parameter.screening,
            Screening::Network | Screening::UserPassed
        );
        if setup.trunk.trusted && by_network {
            invite
                .p_asserted_identity
                .push(format!("<{}>", number::to_uri(number, &setup.own_host)));
        }
        if restricted {
            invite.privacy = Some("id".to_owned());
        }
    }
    invite.reliable = match setup.trunk.reliable {
        Reliable::Required => sip::Reliable::Required,
        Reliable::Supported => sip::Reliable::Supported,
        Reliable::Off => sip::Reliable::Off,
    };
    invite.session_expires = setup.trunk.session_expires;
    invite.transfer = setup.trunk.transfer;
    let isup = encapsulation::body(setup.trunk, setup.iam);
    invite.accept_isup = isup.is_some();
    invite.bodies = Bodies {
        sdp: Some(setup.offer.clone()),
        isup,
        ..Bodies::default()
    };
    invite
}
