//! Header fields and parameters, both ways: each as INVITE to IAM and as IAM to INVITE.

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

mod numbers {
    use super::*;

    #[test]
    fn tel_and_sip_uris_are_the_same_number() {
        let stand = Stand::berlin();
        for uri in [
            "tel:+49-30-555-0001",
            "sip:+49305550001@gw.invalid;user=phone",
            "sips:+49305550001@gw.invalid",
        ] {
            let mut invite = from("<sip:+12125550199@x>");
            invite.request_uri = uri.into();
            invite.to = format!("<{uri}>");
            let iam = stand.iam(&invite);
            let called = iam.find::<CalledPartyNumber>().unwrap();
            assert_eq!(called.digits.to_string(), "305550001", "{uri}");
            assert_eq!(called.nature, NatureOfAddress::National, "{uri}");
            assert!(iam.find::<OriginalCalledNumber>().is_none(), "{uri}");
        }
    }

    #[test]
    fn every_nature_of_address_has_its_form() {
        let stand = Stand::berlin();
        for (nature, number, expected) in [
            (
                NatureOfAddress::International,
                "12125550100",
                "+12125550100",
            ),
            (NatureOfAddress::National, "305550001", "+49305550001"),
            (NatureOfAddress::Subscriber, "5550001", "+49305550001"),
            (NatureOfAddress::Unknown, "0305550001", "0305550001"),
            (NatureOfAddress::NetworkSpecific, "1150", "1150"),
        ] {
            let iam = stand
                .received()
                .with(CalledPartyNumber::new(nature, digits(number)));
            let invite = stand.invite(&iam);
            let uri = format!("sip:{expected}@192.0.2.7:5060;user=phone");
            assert_eq!(invite.uri, uri, "{nature:?}");
        }
    }

    /// RFC 3398 §7.2.1.1: the number of To, where the call was sent on, and back.
    #[test]
    fn to_is_the_number_that_was_called_first() {
        let stand = Stand::berlin();
        let mut invite = from("<sip:+12125550199@x>");
        invite.to = "<tel:+49305550002>".into();
        let iam = stand.iam(&invite);
        let original = iam.find::<OriginalCalledNumber>().unwrap();
        assert_eq!(original.digits.to_string(), "305550002");
        let back = stand.invite(&iam);
        assert_eq!(
            back.to_header.unwrap(),
            "<sip:+49305550002@192.0.2.7:5060;user=phone>"
        );
    }
}

mod caller {
    use super::*;

    fn asserted(privacy: Option<&str>) -> Incoming {
        let mut invite = from("\"Anonymous\" <sip:anonymous@anonymous.invalid>");
        invite.p_asserted_identity = vec!["\"Berg\" <sip:berg@x>, <tel:+49305550002>".into()];
        invite.privacy = privacy.map(Into::into);
        invite
    }

    #[test]
    fn asserted_identity_and_privacy() {
        let presentation = |privacy| {
            let calling = Stand::berlin().iam(&asserted(privacy));
            let calling = calling.find::<CallingPartyNumber>().unwrap();
            assert_eq!(calling.digits.to_string(), "305550002");
            assert_eq!(calling.screening, Screening::Network);
            calling.presentation
        };
        use Presentation::{Allowed, Restricted};
        for privacy in ["id", "user", "header;session", "critical; ID"] {
            assert_eq!(presentation(Some(privacy)), Restricted, "{privacy}");
        }
        assert_eq!(presentation(None), Restricted, "From is anonymous");
        assert_eq!(presentation(Some("none")), Allowed);
        let iam = Stand::berlin().untrusted().iam(&asserted(None));
        assert!(
            iam.find::<CallingPartyNumber>().is_none(),
            "nobody is believed"
        );
    }

    #[test]
    fn a_number_of_the_user_beside_that_of_the_network() {
        let mut invite = from("\"Berg\" <sip:+49305550009@x>");
        invite.p_asserted_identity = vec!["<tel:+49305550002>".into()];
        let iam = Stand::berlin().by(&Q1912_5).iam(&invite);
        let additional = iam.find::<GenericNumber>().unwrap();
        assert_eq!(additional.qualifier, NumberQualifier::AdditionalCalling);
        assert_eq!(additional.screening, Screening::UserNotVerified);
        assert_eq!(additional.digits.to_string(), "305550009");
        let ignored = Stand::berlin().iam(&invite);
        assert!(ignored.find::<GenericNumber>().is_none(), "not by RFC 3398");
        let back = Stand::berlin().by(&Q1912_5).invite(&iam);
        assert_eq!(back.from, "<sip:+49305550009@192.0.2.1;user=phone>");
        assert_eq!(
            back.p_asserted_identity,
            ["<sip:+49305550002@192.0.2.1;user=phone>"]
        );
    }

    #[test]
    fn category_both_ways_between_those_that_trust() {
        let mut invite = from("<sip:+12125550199;cpc=payphone@x>");
        invite.p_asserted_identity = vec!["<tel:+49305550002;cpc=Priority>".into()];
        let iam = Stand::berlin().iam(&invite);
        let category = |iam: &Message| iam.find::<CallingPartysCategory>().unwrap();
        assert_eq!(category(&iam), CallingPartysCategory::Priority);
        let back = Stand::berlin().invite(&iam);
        let told = "<sip:+49305550002;cpc=priority@192.0.2.1;user=phone>";
        assert_eq!(back.p_asserted_identity, [told]);
        let unbelieved = Stand::berlin().untrusted();
        assert_eq!(
            category(&unbelieved.iam(&invite)),
            CallingPartysCategory::Ordinary
        );
        assert!(!unbelieved.invite(&iam).from.contains("cpc"));
    }

    #[test]
    fn line_charge_number_and_name_of_ansi() {
        let stand = Stand::new_york();
        let mut invite = from("\"Berg, A Very Long Name\" <sip:+12125550199;isup-oli=62@x>");
        invite.headers.push((
            "P-Charge-Info".into(),
            "<sip:+12125550150@x>;npi=ISDN".into(),
        ));
        let iam = stand.iam(&invite);
        assert_eq!(
            iam.find::<OriginatingLineInformation>(),
            Some(OriginatingLineInformation(62))
        );
        let charge = iam.find::<ChargeNumber>().unwrap();
        assert_eq!(charge.digits.to_string(), "2125550150");
        let name = iam.find::<GenericName>().unwrap();
        assert_eq!((name.name.as_str(), name.kind), ("Berg, A Very Lo", 1));
        let back = stand.invite(&iam);
        let told = "\"Berg, A Very Lo\" <sip:+12125550199;isup-oli=62@192.0.2.1;user=phone>";
        assert_eq!(back.from, told);
        let charged = field(&back, "P-Charge-Info");
        assert_eq!(charged, ["<sip:+12125550150@192.0.2.1;user=phone>"]);
        let silent = stand.untrusted().invite(&iam);
        assert!(field(&silent, "P-Charge-Info").is_empty() && !silent.from.contains("oli"));
        let itu = Stand::berlin().iam(&invite);
        assert!(
            itu.find::<OriginatingLineInformation>().is_none(),
            "Q.763 has none"
        );
    }
}

mod redirected {
    use super::*;

    fn information(iam: &Message) -> (RedirectingReason, u8, RedirectingReason) {
        let i = iam.find::<RedirectionInformation>().unwrap();
        (i.original_reason, i.counter, i.reason)
    }

    fn numbers(iam: &Message) -> (String, String) {
        let last = iam.find::<RedirectingNumber>().unwrap().digits.to_string();
        let first = iam
            .find::<OriginalCalledNumber>()
            .unwrap()
            .digits
            .to_string();
        (last, first)
    }

    #[test]
    fn diversion_both_ways() {
        let stand = Stand::berlin();
        let mut invite = from("<sip:+12125550199@x>");
        invite.diversion = vec![
            "<tel:+49305550003>;reason=no-answer;counter=2;privacy=off".into(),
            "<tel:+49305550002>;reason=user-busy;counter=1;privacy=full".into(),
        ];
        let iam = stand.iam(&invite);
        let reasons = (RedirectingReason::UserBusy, 3, RedirectingReason::NoReply);
        assert_eq!(information(&iam), reasons);
        assert_eq!(numbers(&iam), ("305550003".into(), "305550002".into()));
        let hidden = iam.find::<OriginalCalledNumber>().unwrap().presentation;
        assert_eq!(hidden, Presentation::Restricted);
        let back = field(&stand.invite(&iam), "Diversion");
        assert_eq!(
            back,
            [
                "<sip:+49305550003@192.0.2.1;user=phone>;reason=no-answer;counter=2;privacy=full",
                "<sip:+49305550002@192.0.2.1;user=phone>;reason=user-busy;counter=1;privacy=full",
            ]
        );
        let told = format!("{:?}", stand.untrusted().invite(&iam).headers);
        assert!(
            !told.contains("5550002") && told.contains("reason=user-busy"),
            "{told}"
        );
    }

    #[test]
    fn history_info_both_ways() {
        let stand = Stand::berlin().by(&Q1912_5);
        let mut invite = from("<sip:+12125550199@x>");
        invite.request_uri = "sip:+49305550004@x".into();
        invite.to = "<sip:+49305550002@x>".into();
        invite.history_info = vec![
            "<sip:+49305550002@x>;index=1, <sip:+49305550003@x;cause=302>;index=1.1;mp=1".into(),
            "<sip:+49305550003@192.0.2.9>;index=1.1.1;rc=1.1".into(),
            "<sip:+49305550004@x;cause=486>;index=1.1.1.1;mp=1.1".into(),
        ];
        let iam = stand.iam(&invite);
        let reasons = (
            RedirectingReason::Unconditional,
            2,
            RedirectingReason::UserBusy,
        );
        assert_eq!(information(&iam), reasons);
        assert_eq!(numbers(&iam), ("305550003".into(), "305550002".into()));
        let mut onward = stand.received();
        for code in [
            isup::ParameterCode::REDIRECTION_INFORMATION,
            isup::ParameterCode::REDIRECTING_NUMBER,
            isup::ParameterCode::ORIGINAL_CALLED_NUMBER,
        ] {
            onward = onward.with_content(code, iam.content(code).unwrap());
        }
        let back = stand.invite(&onward);
        assert_eq!(
            field(&back, "History-Info"),
            ["<sip:+49305550002@192.0.2.1;user=phone>;index=1, \
              <sip:+49305550003@192.0.2.1;user=phone;cause=302>;index=1.1;mp=1, \
              <sip:+49305550001@192.0.2.7:5060;user=phone;cause=486>;index=1.1.1;mp=1.1"]
        );
        assert!(field(&back, "Diversion").is_empty());
        // Read again it says the same.
        let mut again = from("<sip:+12125550199@x>");
        again.history_info = field(&back, "History-Info");
        assert_eq!(
            Redirections::of_invite(&again, &Q1912_5),
            Redirections::of_iam(&onward, &stand.group, &Q1912_5)
        );
    }

    /// The table of RFC 7544 §5, each reason as Diversion and as History-Info.
    #[test]
    fn every_reason_has_its_row() {
        let stand = Stand::berlin();
        for (word, cause, reason) in [
            ("unknown", 404, 0),
            ("user-busy", 486, 1),
            ("no-answer", 408, 2),
            ("unconditional", 302, 3),
            ("deflection", 480, 5),
            ("unavailable", 503, 6),
            ("time-of-day", 404, 0),
            ("do-not-disturb", 404, 0),
            ("follow-me", 404, 0),
            ("out-of-service", 404, 0),
            ("away", 404, 0),
            ("what-is-new", 404, 0),
        ] {
            let mut by_diversion = from("<sip:+12125550199@x>");
            by_diversion.diversion = vec![format!("<tel:+49305550002>;reason={word}")];
            let mut by_history = from("<sip:+12125550199@x>");
            by_history.history_info = vec![format!(
                "<tel:+49305550002>;index=1, <sip:+49305550001@x;cause={cause}>;index=1.1;mp=1"
            )];
            for invite in [by_diversion, by_history] {
                let (_, counter, found) = information(&stand.iam(&invite));
                assert_eq!((found.code(), counter), (reason, 1), "{word} {cause}");
            }
        }
        let alerting = stand.received().with(RedirectionInformation {
            indicator: RedirectingIndicator::Diverted,
            original_reason: RedirectingReason::Unknown,
            counter: 1,
            reason: RedirectingReason::DeflectionDuringAlerting,
        });
        let told = field(&stand.invite(&alerting), "Diversion");
        assert_eq!(
            told,
            ["<sip:anonymous@anonymous.invalid>;reason=deflection;counter=1;privacy=off"]
        );
    }

    #[test]
    fn what_is_no_redirection_makes_none() {
        let stand = Stand::berlin();
        let mut invite = from("<sip:+12125550199@x>");
        invite.history_info = vec!["<sip:+49305550001@x>;index=1".into()];
        invite.diversion = vec!["no address".into()];
        assert!(
            stand
                .iam(&invite)
                .find::<RedirectionInformation>()
                .is_none()
        );
        assert!(field(&stand.invite(&stand.received()), "Diversion").is_empty());
    }
}

mod ported {
    use super::*;

    fn invite_to(uri: &str) -> Incoming {
        let mut invite = from("<sip:+12125550199@x>");
        invite.request_uri = uri.into();
        invite.to = format!("<{uri}>");
        invite
    }

    fn translated(iam: &Message) -> bool {
        let indicators = iam.find::<ForwardCallIndicators>().unwrap();
        indicators.contains(ForwardCallIndicators::NUMBER_TRANSLATED)
    }

    #[test]
    fn ansi_has_the_routing_number_in_the_called_party_number() {
        let stand = Stand::new_york();
        for uri in [
            "tel:+12125550100;npdi;rn=+1-212-555-0199",
            "sip:+12125550100;npdi=yes;rn=2125550199;rn-context=+1@x;user=phone",
        ] {
            let iam = stand.iam(&invite_to(uri));
            assert!(translated(&iam));
            let called = iam.find::<CalledPartyNumber>().unwrap();
            assert_eq!(called.digits.to_string(), "2125550199", "{uri}");
            let dialled = iam.find::<GenericNumber>().unwrap();
            assert_eq!(dialled.qualifier, portability::PORTED);
            assert_eq!(dialled.digits.to_string(), "2125550100");
            let back = stand.invite(&iam);
            assert_eq!(
                back.uri,
                "sip:+12125550100;npdi;rn=2125550199;rn-context=+1@192.0.2.7:5060;user=phone"
            );
        }
    }

    #[test]
    fn elsewhere_it_stands_before_the_number() {
        let stand = Stand::berlin();
        let iam = stand.iam(&invite_to(
            "tel:+49305550001;npdi;rn=+49D123"
                .replace('D', "1")
                .as_str(),
        ));
        let called = iam.find::<CalledPartyNumber>().unwrap();
        assert_eq!(called.digits.to_string(), "1123305550001");
        let asked = stand.iam(&invite_to("tel:+49305550001;npdi"));
        assert!(translated(&asked), "asked for, not ported");
        assert_eq!(
            asked
                .find::<CalledPartyNumber>()
                .unwrap()
                .digits
                .to_string(),
            "305550001"
        );
        let not_asked = stand.iam(&invite_to("tel:+49305550001;rn=+491123"));
        assert!(!translated(&not_asked));
        let back = stand.invite(&asked);
        assert_eq!(back.uri, "sip:+49305550001;npdi@192.0.2.7:5060;user=phone");
    }

    #[test]
    fn carriers_both_ways_and_from_trusted_peers_alone() {
        let stand = Stand::new_york();
        let iam = stand.iam(&invite_to("tel:+12125550100;cic=+1-0288"));
        let carrier = iam.find::<CarrierIdentification>().unwrap();
        assert_eq!(
            (carrier.plan, carrier.digits.to_string().as_str()),
            (2, "0288")
        );
        let back = stand.invite(&iam);
        assert_eq!(
            back.uri,
            "sip:+12125550100;cic=+1-0288@192.0.2.7:5060;user=phone"
        );
        let abroad = stand.iam(&invite_to("tel:+49305550001;cic=0288;cic-context=+1"));
        assert!(
            abroad.find::<TransitNetworkSelection>().is_some(),
            "RFC 3398 §7.2.1.1"
        );
        let itu = Stand::berlin().iam(&invite_to("tel:+49305550001;cic=+49-123"));
        let transit = itu.find::<TransitNetworkSelection>().unwrap();
        assert_eq!(
            (transit.plan, transit.digits.to_string().as_str()),
            (1, "123")
        );
        let unbelieved = Stand::new_york().untrusted();
        let plain = unbelieved.iam(&invite_to("tel:+12125550100;cic=+1-0288"));
        assert!(plain.find::<CarrierIdentification>().is_none());
        assert!(!unbelieved.invite(&iam).uri.contains("cic"));
    }
}

mod users {
    use super::*;

    #[test]
    fn user_to_user_information_both_ways() {
        let stand = Stand::berlin();
        let read = |value: &str| {
            let mut invite = from("<sip:+12125550199@x>");
            invite.user_to_user = vec![value.into()];
            stand
                .iam(&invite)
                .find::<UserToUserInformation>()
                .map(|information| information.0)
        };
        let said = Some(vec![0x04, b'h', b'i']);
        assert_eq!(read("046869;encoding=hex"), said);
        assert_eq!(
            read("046869;purpose=isdn-uui;content=isdn-uui;encoding=hex"),
            said
        );
        assert_eq!(read("\"046869\""), said);
        assert_eq!(read("0468;purpose=other, 046869"), said);
        for wrong in ["046869;encoding=text", "hello", "0", "", "046869;purpose=x"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(
            read(&"04".repeat(131)).map(|octets| octets.len()),
            Some(131)
        );
        assert_eq!(read(&"04".repeat(132)), None, "too long for the parameter");
        let iam = stand
            .received()
            .with(UserToUserInformation(vec![0x04, 0x68]));
        let value = "0468;purpose=isdn-uui;content=isdn-uui;encoding=hex";
        assert_eq!(field(&stand.invite(&iam), "User-to-User"), [value]);
    }
}

mod hop {
    use super::*;

    #[test]
    fn max_forwards_and_the_hop_counter() {
        let counter = |value| hops::counter(&RFC3398, value).map(|hops| hops.0);
        assert_eq!((counter(0), counter(1), counter(2)), (None, None, None));
        assert_eq!(
            (counter(3), counter(21), counter(70), counter(255)),
            (Some(1), Some(10), Some(31), Some(31))
        );
        let stand = Stand::berlin();
        let back =
            |hops: u8| hops::max_forwards(&RFC3398, &stand.received().with(HopCounter(hops)));
        assert_eq!((back(0), back(1), back(31)), (None, Some(2), Some(62)));
        assert_eq!(hops::max_forwards(&RFC3398, &stand.received()), Some(70));
        let mut invite = from("<sip:+12125550199@x>");
        invite.max_forwards = 21;
        assert_eq!(
            stand.iam(&invite).find::<HopCounter>(),
            Some(HopCounter(10))
        );
        assert_eq!(
            stand
                .invite(&stand.received().with(HopCounter(10)))
                .max_forwards,
            20
        );
    }

    /// A call that goes round and round ends, whatever it meets.
    #[test]
    fn a_loop_through_both_networks_ends() {
        let stand = Stand::berlin();
        let mut invite = from("<sip:+12125550199@x>");
        let mut rounds = 0;
        while hops::counter(&RFC3398, invite.max_forwards).is_some() {
            let iam = stand.iam(&invite);
            let Some(left) = hops::max_forwards(&RFC3398, &iam) else {
                break;
            };
            // One proxy on the way.
            invite.max_forwards = left - 1;
            rounds += 1;
            assert!(rounds < 40);
        }
        assert!(rounds > 10);
    }
}

mod bearers {
    use super::*;
    use crate::config::{Codec as Configured, Law};

    #[test]
    fn what_the_circuit_carries_and_what_is_offered() {
        let all = [Configured::Pcma, Configured::Pcmu, Configured::Clearmode];
        let stand = Stand::berlin();
        let of = |medium| bearer::codecs(&stand.received().with(medium), &all);
        use TransmissionMediumRequirement as T;
        assert_eq!(of(T::Speech), all[..2]);
        assert_eq!(of(T::Audio3k1), all[..2]);
        assert_eq!(of(T::Unrestricted64), all[2..]);
        assert_eq!(of(T::Preferred64), all);
        assert!(of(T::Unrestricted1920).is_empty());
        let stand = Stand::new_york();
        let of = |capability| {
            let information = UserServiceInformation::new(capability, None);
            bearer::codecs(&stand.received().with(information), &all)
        };
        assert_eq!(of(TransferCapability::Speech), all[..2]);
        assert_eq!(of(TransferCapability::UnrestrictedDigital), all[2..]);
        assert!(of(TransferCapability::Video).is_empty());
    }

    #[test]
    fn what_was_agreed_on_is_what_the_circuit_is_to_carry() {
        let say = |codec, mut iam: Message| {
            bearer::put_into_iam(codec, Law::ALaw, &mut iam);
            (
                iam.find::<TransmissionMediumRequirement>(),
                iam.find::<UserServiceInformation>(),
            )
        };
        use TransmissionMediumRequirement as T;
        let itu = || Stand::berlin().received().with(T::Speech);
        assert_eq!(
            say(Codec::Pcma, itu()),
            (Some(T::Speech), None),
            "the template stands"
        );
        assert_eq!(say(Codec::Clearmode, itu()).0, Some(T::Unrestricted64));
        let digital = itu().with(T::Unrestricted64);
        assert_eq!(say(Codec::Pcmu, digital).0, Some(T::Audio3k1));
        let speech = UserServiceInformation::new(TransferCapability::Speech, None);
        let ansi = Stand::new_york().received().with(speech);
        let said = say(Codec::Clearmode, ansi).1.unwrap();
        assert_eq!(said.octets(), [0x88, 0x90]);
    }
}

mod answered {
    use super::*;

    #[test]
    fn who_answered_both_ways_between_those_that_trust() {
        let Stand { group, trunk, .. } = Stand::berlin();
        let number = |presentation| ConnectedNumber {
            nature: NatureOfAddress::National,
            plan: NumberingPlan::Isdn,
            presentation,
            screening: Screening::Network,
            digits: digits("305550002"),
        };
        let fields = |trunk: &SipTrunk, presentation| {
            let anm = Message::new(MessageType::Anm).with(number(presentation));
            connected::fields(&anm, &group, trunk, &RFC3398, "192.0.2.1")
        };
        let identity = (
            "P-Asserted-Identity".to_owned(),
            "<sip:+49305550002@192.0.2.1;user=phone>".to_owned(),
        );
        assert_eq!(
            fields(&trunk, Presentation::Allowed),
            std::slice::from_ref(&identity)
        );
        let hidden = fields(&trunk, Presentation::Restricted);
        assert_eq!(hidden, [identity, ("Privacy".to_owned(), "id".to_owned())]);
        let untrusted = SipTrunk {
            trusted: false,
            ..trunk.clone()
        };
        assert!(fields(&untrusted, Presentation::Allowed).is_empty());

        let read = |trunk: &SipTrunk| {
            let mut anm = Message::new(MessageType::Anm);
            connected::put_into_isup(&hidden, &group, trunk, &RFC3398, &mut anm);
            anm.find::<ConnectedNumber>()
        };
        assert_eq!(read(&trunk), Some(number(Presentation::Restricted)));
        assert_eq!(read(&untrusted), None);
    }
}
