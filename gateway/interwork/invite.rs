//! IAM to INVITE (RFC 3398 §8.2.1.1).

use isup::Message;

use super::profile::Profile;
use super::redirection::{self, Redirections};
use super::{caller, encapsulation, hops, number, portability, user_to_user};
use crate::config::{IsupMode, Reliable, SipTrunk, TrunkGroup};
use crate::dialplan::Number;
use crate::sip::{self, Bodies, Invite};

/// What the INVITE is made from.
#[derive(Debug, Clone)]
pub struct Setup<'a> {
    /// The IAM, with the digits of all SAMs so far.
    pub iam: &'a Message,
    /// The IAM and the SAMs as they came, where each goes on at once (RFC 3578 §3.2).
    pub received: &'a [Message],
    /// The number that goes out.
    pub called: &'a Number,
    /// The trunk group it came from.
    pub group: &'a TrunkGroup,
    /// The trunk it goes to.
    pub trunk: &'a SipTrunk,
    /// The interworking tables.
    pub profile: &'a Profile,
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
    let Setup {
        iam,
        group,
        trunk,
        profile,
        ..
    } = setup;
    let parameters = portability::parameters(iam, group, trunk);
    let mut invite = Invite::new(
        setup.trunk.hop(),
        number::to_uri_with(setup.called, &parameters, &host),
        "",
    );
    let own_host = &setup.own_host;
    caller::put_into_invite(iam, group, trunk, profile, own_host, &mut invite);
    // The number that was called first, where it may be told (RFC 3398 §8.2.1.1).
    if let Some((number, presentation)) = redirection::original(iam, group, profile)
        && (trunk.trusted || presentation == isup::Presentation::Allowed)
    {
        invite.to_header = Some(format!("<{}>", number::to_uri(&number, &host)));
    }
    let redirections = Redirections::of_iam(iam, group, profile);
    redirections.put_into_invite(profile, trunk, own_host, &mut invite);
    invite.headers.extend(user_to_user::field(iam));
    if profile.conventions().early_media {
        let field = ("P-Early-Media".to_owned(), "supported".to_owned());
        invite.headers.push(field);
    }
    if let Some(left) = hops::max_forwards(profile, iam) {
        invite.max_forwards = left;
    }
    invite.reliable = match setup.trunk.reliable {
        Reliable::Required => sip::Reliable::Required,
        Reliable::Supported => sip::Reliable::Supported,
        Reliable::Off => sip::Reliable::Off,
    };
    // RFC 3372 §6: only where ISUP is mandatory does the call end without it.
    invite.isup_retry = setup.trunk.isup != IsupMode::Mandatory;
    invite.session_expires = setup.trunk.session_expires;
    invite.transfer = setup.trunk.transfer;
    let (isup, further_isup) = encapsulation::of_invite(trunk, iam, setup.received);
    invite.accept_isup = isup.is_some();
    invite.bodies = Bodies {
        sdp: Some(setup.offer.clone()),
        isup,
        further_isup,
        ..Bodies::default()
    };
    invite
}
