//! Header fields and parameters, both ways: each as INVITE to IAM and as IAM to INVITE.

mod answered;
mod bearers;
mod caller;
mod hop;
mod numbers;
mod ported;
mod redirected;
mod users;

use isup::{
    CallingPartysCategory, CarrierIdentification, ChargeNumber, ConnectedNumber,
    ForwardCallIndicators, GenericName, GenericNumber, HopCounter, NumberQualifier, NumberingPlan,
    OriginalCalledNumber, OriginatingLineInformation, RedirectingIndicator, RedirectingNumber,
    RedirectingReason, RedirectionInformation, Screening, TransferCapability,
    TransitNetworkSelection, UserServiceInformation, UserToUserInformation,
};

use super::*;
use crate::interwork::profile::{Profile, Q1912_5};
use crate::interwork::redirection::Redirections;
use crate::interwork::{bearer, connected, hops};
use crate::sip::Invite;

/// Two trunks of a trunk group in Berlin, or in New York.
struct Stand {
    group: TrunkGroup,
    trunk: SipTrunk,
    variant: Variant,
    profile: &'static Profile,
}

impl Stand {
    fn berlin() -> Self {
        let (group, trunk) = configured();
        Self {
            group,
            trunk: SipTrunk {
                trusted: true,
                ..trunk
            },
            variant: Variant::Itu,
            profile: &RFC3398,
        }
    }

    fn new_york() -> Self {
        let mut stand = Self::berlin();
        stand.group.country_code = "1".into();
        stand.group.area_code = Some("212".into());
        stand.variant = Variant::Ansi;
        stand
    }

    fn untrusted(mut self) -> Self {
        self.trunk.trusted = false;
        self
    }

    fn by(mut self, profile: &'static Profile) -> Self {
        self.profile = profile;
        self
    }

    /// The IAM for an INVITE.
    fn iam(&self, invite: &Incoming) -> Message {
        let called = number::from_uri(&invite.request_uri).unwrap();
        let (digits, nature) = number::to_parameter(&called, &self.group, self.profile);
        let caller = Caller::of(invite, &self.trunk);
        let setup = iam::Setup {
            template: None,
            called: &digits,
            nature,
            caller: caller.as_ref(),
            incoming: Some((invite, &self.trunk)),
            codec: Codec::Pcma,
            group: &self.group,
            check: false,
            variant: self.variant,
            profile: self.profile,
        };
        iam::iam(&setup).unwrap().0
    }

    /// The INVITE for an IAM.
    fn invite(&self, iam: &Message) -> Invite {
        let called = portability::dialled(iam, &self.group, self.profile).unwrap();
        invite::invite(&invite::Setup {
            iam,
            received: &[],
            called: &called,
            group: &self.group,
            trunk: &self.trunk,
            profile: self.profile,
            own_host: "192.0.2.1".into(),
            offer: "v=0".into(),
        })
    }

    /// An IAM from a circuit, with a called number.
    fn received(&self) -> Message {
        let called = match self.variant {
            Variant::Itu => "305550001",
            Variant::Ansi => "2125550100",
        };
        Message::new_variant(MessageType::Iam, self.variant)
            .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
            .with(CallingPartysCategory::Ordinary)
            .with(CalledPartyNumber::new(
                NatureOfAddress::National,
                digits(called),
            ))
    }
}

use crate::interwork::number;

fn from(text: &str) -> Incoming {
    incoming(&format!("{text};tag=1"))
}

fn field(invite: &Invite, name: &str) -> Vec<String> {
    let fields = invite.headers.iter();
    let found = fields.filter(|(known, _)| known == name);
    found.map(|(_, value)| value.clone()).collect()
}
