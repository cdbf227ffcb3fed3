//! The mappings of RFC 3398, each against what the RFC says.

mod causes;
mod conversion;
mod headers;
mod precedence;
mod users;

use std::collections::BTreeMap;

use isup::{
    BackwardCallIndicators, CalledPartyNumber, CalledPartysStatus, CallingPartyNumber,
    CallingPartysCategory, Cause, Digits, Event, EventInformation, ForwardCallIndicators, Location,
    Message, MessageType, NatureOfAddress, NatureOfConnection, OptionalBackwardCallIndicators,
    Presentation, TransmissionMediumRequirement, Variant,
};

use super::backward::{self, Progress};
use super::caller::Caller;
use super::profile::RFC3398;
use super::{encapsulation, iam, invite, portability, release};
use crate::config::{Config, IsupMode, Ringback, SipTrunk, TrunkGroup};
use crate::dialplan::Number;
use crate::sip::sdp::Codec;
use crate::sip::{Bodies, Flow, Incoming, IsupBody, Q850};

const CONFIG: &str = r#"
[[span]]
name = "e1"
driver = "emulator"
path = "e1"
role = "listen"
[[linkset]]
name = "set"
point_code = 1
adjacent = 2
link = [{ span = "e1", timeslot = 16, slc = 0 }]
[[trunk_group]]
name = "exchange"
linkset = "set"
span = "e1"
timeslots = "1-15,17-31"
country_code = "49"
area_code = "30"
[[sip_trunk]]
name = "peer"
address = "192.0.2.7:5060"
isup = "optional"
"#;

fn configured() -> (TrunkGroup, SipTrunk) {
    let config = Config::parse("test", CONFIG, &BTreeMap::new()).unwrap();
    (config.trunk_groups[0].clone(), config.sip_trunks[0].clone())
}

fn incoming(from: &str) -> Incoming {
    let address = "192.0.2.7:5060".parse().unwrap();
    Incoming {
        peer: None,
        flow: Flow::udp("192.0.2.1:5060".parse().unwrap(), address),
        request_uri: "sip:+49305550001@192.0.2.1".into(),
        from: from.into(),
        to: "<sip:+49305550001@192.0.2.1>".into(),
        from_tag: "1".into(),
        call_id: "1".into(),
        p_asserted_identity: Vec::new(),
        privacy: None,
        diversion: Vec::new(),
        history_info: Vec::new(),
        user_to_user: Vec::new(),
        max_forwards: 70,
        supports_reliable: true,
        requires_reliable: false,
        accepts_isup: true,
        early_media: None,
        replaces: None,
        headers: Vec::new(),
        bodies: Bodies::default(),
    }
}

fn digits(text: &str) -> Digits {
    text.parse().unwrap()
}

#[test]
fn the_template_gives_what_sip_does_not_say() {
    let (group, trunk) = configured();
    let template = Message::new(MessageType::Iam)
        .with(NatureOfConnection::OUTGOING_ECHO_CONTROL)
        .with(ForwardCallIndicators::ORIGINATING_ACCESS_ISDN)
        .with(CallingPartysCategory::Payphone)
        .with(TransmissionMediumRequirement::Speech)
        .with(CalledPartyNumber::new(
            NatureOfAddress::National,
            digits("891110000"),
        ))
        .with(CallingPartyNumber::new(
            NatureOfAddress::National,
            digits("895550009"),
        ));
    let caller = Caller::of(&incoming("<sip:+12125550199@192.0.2.7>;tag=1"), &trunk).unwrap();
    let setup = iam::Setup {
        template: Some(&template),
        called: "305550001",
        nature: NatureOfAddress::National,
        caller: Some(&caller),
        codec: Codec::Pcma,
        group: &group,
        check: false,
        incoming: None,
        variant: Variant::Itu,
        profile: &RFC3398,
    };
    let (iam, _) = iam::iam(&setup).unwrap();
    assert_eq!(
        iam.find::<CallingPartysCategory>(),
        Some(CallingPartysCategory::Payphone)
    );
    let speech = Some(TransmissionMediumRequirement::Speech);
    assert_eq!(iam.find::<TransmissionMediumRequirement>(), speech);
    let called = iam.find::<CalledPartyNumber>().unwrap();
    assert_eq!(
        called.digits.to_string(),
        "305550001",
        "the Request-URI overrides (§7.2.1.1)"
    );
    let calling = iam.find::<CallingPartyNumber>().unwrap();
    assert_eq!(calling.digits.to_string(), "12125550199");
    assert_eq!(calling.nature, NatureOfAddress::International);

    let nobody = iam::Setup {
        caller: None,
        ..setup
    };
    let kept = iam::iam(&nobody)
        .unwrap()
        .0
        .find::<CallingPartyNumber>()
        .unwrap();
    assert_eq!(kept.digits.to_string(), "895550009");
}

#[test]
fn an_iam_that_sip_agrees_with_crosses_unchanged() {
    let (group, _) = configured();
    let template = Message::new(MessageType::Iam)
        .with(NatureOfConnection::default())
        .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
        .with(CallingPartysCategory::Ordinary)
        .with(TransmissionMediumRequirement::Speech)
        .with(CalledPartyNumber {
            internal_network_not_allowed: true,
            ..CalledPartyNumber::new(NatureOfAddress::National, digits("305550001F"))
        });
    let setup = iam::Setup {
        template: Some(&template),
        called: "305550001",
        nature: NatureOfAddress::National,
        caller: None,
        codec: Codec::Pcma,
        group: &group,
        check: false,
        incoming: None,
        variant: Variant::Itu,
        profile: &RFC3398,
    };
    assert_eq!(iam::iam(&setup).unwrap().0.to_vec(), template.to_vec());
}

#[test]
fn a_caller_is_asserted_only_by_a_trusted_peer_and_hidden_on_request() {
    let (group, mut trunk) = configured();
    let mut invite = incoming("<sip:+49305550002@192.0.2.7>;tag=1");
    invite
        .p_asserted_identity
        .push("<sip:+49305550003@192.0.2.7>".into());
    invite.privacy = Some("id".into());
    let number = |trunk: &SipTrunk| Caller::of(&invite, trunk).unwrap().number.to_string();
    assert_eq!(number(&trunk), "+49305550002");
    trunk.trusted = true;
    assert_eq!(number(&trunk), "+49305550003");

    let caller = Caller::of(&invite, &trunk).unwrap();
    let setup = iam::Setup {
        template: None,
        called: "12#*",
        nature: NatureOfAddress::Unknown,
        caller: Some(&caller),
        codec: Codec::Clearmode,
        group: &group,
        check: false,
        incoming: None,
        variant: Variant::Itu,
        profile: &RFC3398,
    };
    let (iam, _) = iam::iam(&setup).unwrap();
    let calling = iam.find::<CallingPartyNumber>().unwrap();
    assert_eq!(calling.presentation, Presentation::Restricted);
    assert_eq!(
        calling.digits.to_string(),
        "305550003",
        "national by the group's country code"
    );
    assert_eq!(
        iam.find::<CalledPartyNumber>().unwrap().digits.to_string(),
        "12CB"
    );
    let unrestricted = Some(TransmissionMediumRequirement::Unrestricted64);
    assert_eq!(
        iam.find::<TransmissionMediumRequirement>(),
        unrestricted,
        "RFC 4040"
    );
}

#[test]
fn an_invite_names_the_caller_unless_the_caller_is_hidden() {
    let (group, mut trunk) = configured();
    trunk.trusted = true;
    let iam = |presentation| {
        Message::new(MessageType::Iam)
            .with(CalledPartyNumber::new(
                NatureOfAddress::Subscriber,
                digits("5550001F"),
            ))
            .with(CallingPartyNumber {
                presentation,
                ..CallingPartyNumber::new(NatureOfAddress::National, digits("895550002"))
            })
    };
    let invite = |iam: &Message| {
        let called = portability::dialled(iam, &group, &RFC3398).unwrap();
        assert_eq!(
            called.to_string(),
            "+49305550001",
            "country and area code of the group"
        );
        invite::invite(&invite::Setup {
            iam,
            received: &[],
            called: &called,
            group: &group,
            trunk: &trunk,
            profile: &RFC3398,
            own_host: "192.0.2.1:5060".into(),
            offer: "v=0".into(),
        })
    };
    let shown = invite(&iam(Presentation::Allowed));
    assert_eq!(shown.uri, "sip:+49305550001@192.0.2.7:5060;user=phone");
    assert_eq!(shown.from, "<sip:+49895550002@192.0.2.1:5060;user=phone>");
    assert_eq!(shown.privacy, None);
    let hidden = invite(&iam(Presentation::Restricted));
    assert_eq!(
        hidden.from,
        "\"Anonymous\" <sip:anonymous@anonymous.invalid>"
    );
    assert_eq!(hidden.privacy.as_deref(), Some("id"));
    assert_eq!(
        hidden.p_asserted_identity,
        ["<sip:+49895550002@192.0.2.1:5060;user=phone>"]
    );
    let unknown = invite(&iam(Presentation::NotAvailable));
    assert_eq!(
        unknown.from, "<sip:192.0.2.1:5060>",
        "no user part (§8.2.1.1)"
    );
    assert!(unknown.p_asserted_identity.is_empty());
}

#[test]
fn an_untrusted_peer_never_learns_a_hidden_number() {
    let (group, trunk) = configured();
    let iam = Message::new(MessageType::Iam)
        .with(CalledPartyNumber::new(
            NatureOfAddress::National,
            digits("305550001"),
        ))
        .with(CallingPartyNumber {
            presentation: Presentation::Restricted,
            ..CallingPartyNumber::new(NatureOfAddress::National, digits("895550002"))
        });
    let invite = invite::invite(&invite::Setup {
        iam: &iam,
        received: &[],
        called: &Number::parse("+49305550001").unwrap(),
        group: &group,
        trunk: &SipTrunk {
            isup: IsupMode::Off,
            ..trunk
        },
        profile: &RFC3398,
        own_host: "192.0.2.1".into(),
        offer: "v=0".into(),
    });
    let everything = format!("{invite:?}");
    assert!(!everything.contains("5550002"), "{everything}");
}

#[test]
fn what_an_acm_and_a_cpg_are_to_sip() {
    let acm = |status, optional: Option<OptionalBackwardCallIndicators>, interworking| {
        let mut indicators = BackwardCallIndicators::default().with_called_partys_status(status);
        indicators.set(
            BackwardCallIndicators::INTERWORKING_ENCOUNTERED,
            interworking,
        );
        let acm = Message::new(MessageType::Acm).with(indicators);
        optional.map_or(acm.clone(), |optional| acm.with(optional))
    };
    let in_band = Some(OptionalBackwardCallIndicators::IN_BAND_INFORMATION);
    let (free, none) = (
        CalledPartysStatus::SubscriberFree,
        CalledPartysStatus::NoIndication,
    );
    let map = |acm: Message, ringback| {
        let step = backward::address_complete(&RFC3398, &acm, ringback);
        (step.status, step.media, step.alerting)
    };
    let (auto, terminal, network) = (Ringback::Auto, Ringback::Terminal, Ringback::Network);
    assert_eq!(map(acm(free, None, false), auto), (180, false, true));
    assert_eq!(map(acm(free, in_band, false), auto), (183, true, true));
    assert_eq!(map(acm(free, None, true), auto), (183, true, true));
    assert_eq!(map(acm(none, None, false), auto), (183, true, false));
    assert_eq!(map(acm(free, None, false), network), (183, true, true));
    assert_eq!(map(acm(free, in_band, false), terminal), (180, false, true));
    assert_eq!(map(acm(none, in_band, false), terminal), (183, true, false));
    let cpg = |event| {
        let cpg = Message::new(MessageType::Cpg).with(EventInformation::new(event));
        backward::progress(&RFC3398, &cpg).status
    };
    let table = [
        (Event::Alerting, 180),
        (Event::Progress, 183),
        (Event::InBandInformation, 183),
        (Event::ForwardedOnBusy, 181),
        (Event::ForwardedOnNoReply, 181),
        (Event::ForwardedUnconditional, 181),
    ];
    for (event, status) in table {
        assert_eq!(cpg(event), status, "{event}");
    }
}

#[test]
fn what_provisional_responses_and_the_answer_are_to_isup() {
    let names = |progress: Progress| {
        let messages = backward::from_progress(&RFC3398, progress, None);
        messages
            .iter()
            .map(|m| m.message_type().acronym())
            .collect::<Vec<_>>()
    };
    let first = Progress {
        status: 180,
        media: false,
        first: true,
        ringback: true,
    };
    assert_eq!(names(first), ["ACM"]);
    assert_eq!(
        names(Progress {
            status: 181,
            ringback: false,
            ..first
        }),
        ["ACM", "CPG"]
    );
    assert_eq!(
        names(Progress {
            status: 183,
            first: false,
            ..first
        }),
        ["CPG"]
    );
    let acm = &backward::from_progress(&RFC3398, first, None)[0];
    let indicators = acm.find::<BackwardCallIndicators>().unwrap();
    assert_eq!(
        indicators.called_partys_status(),
        CalledPartysStatus::SubscriberFree
    );
    assert_eq!(indicators.bits(), 0x0416, "the defaults of §8.2.3");
    let event = |status, media| {
        let later = Progress {
            status,
            media,
            first: false,
            ringback: false,
        };
        let cpg = &backward::from_progress(&RFC3398, later, None)[0];
        cpg.find::<EventInformation>().unwrap().event()
    };
    assert_eq!(event(180, false), Event::Alerting);
    assert_eq!(event(182, false), Event::Progress);
    assert_eq!(event(183, true), Event::InBandInformation);
    assert_eq!(
        backward::from_answer(true, isup::Variant::Itu, None).message_type(),
        MessageType::Con
    );
    assert_eq!(
        backward::from_answer(false, isup::Variant::Itu, None).message_type(),
        MessageType::Anm
    );
}

/// SIP-I has the event of a CPG in its body: 181 is not used.
#[test]
fn events_go_by_the_rows_of_the_profile() {
    let cpg =
        Message::new(MessageType::Cpg).with(EventInformation::new(Event::ForwardedUnconditional));
    let status = |profile| backward::progress(profile, &cpg).status;
    assert_eq!(status(&RFC3398), 181);
    assert_eq!(status(&super::profile::Q1912_5), 183);
    let own = "name = 'own'\nbackward = [{ message = 'ACM', is = 'no-indication', status = 182 }]\n\
               progress = [{ status = 181, acm = 'subscriber-free', cpg = 'progress' }]\n";
    let text = format!("{CONFIG}\n[[profile]]\n{own}");
    let config = Config::parse("test", &text, &BTreeMap::new()).unwrap();
    let profiles = super::profile::Profiles::new(&config).unwrap();
    let own = profiles.get("own").unwrap();
    let acm = Message::new(MessageType::Acm).with(BackwardCallIndicators::default());
    let step = backward::address_complete(own, &acm, Ringback::Terminal);
    assert_eq!(step.status, 182);
    let forwarded = Progress {
        status: 181,
        media: false,
        first: true,
        ringback: false,
    };
    let messages = backward::from_progress(own, forwarded, None);
    let [acm] = messages.as_slice() else {
        panic!("no CPG after it: {messages:?}")
    };
    let indicators = acm.find::<BackwardCallIndicators>().unwrap();
    assert_eq!(
        indicators.called_partys_status(),
        CalledPartysStatus::SubscriberFree
    );
}

#[test]
fn the_peers_own_message_goes_on_where_it_fits() {
    let acm = Message::new(MessageType::Acm)
        .with(BackwardCallIndicators::HOLDING_REQUESTED)
        .with(OptionalBackwardCallIndicators::MLPP_USER);
    let progress = Progress {
        status: 183,
        media: true,
        first: true,
        ringback: false,
    };
    assert_eq!(
        backward::from_progress(&RFC3398, progress, Some(&acm)),
        std::slice::from_ref(&acm)
    );
    let later = Progress {
        first: false,
        ..progress
    };
    assert_ne!(backward::from_progress(&RFC3398, later, Some(&acm)), [acm]);
}

#[test]
fn a_release_from_sip_takes_the_peers_rel_and_then_its_reason() {
    let (_, trunk) = configured();
    let body = |rel: &Message| Bodies::isup(IsupBody::new("itu-t92+", None, rel.to_vec()));
    let rel = release::message(&Cause::new(31, Location::User));
    let value = |bodies: &Bodies, q850: Option<u8>| {
        let q850 = q850.map(Q850::new);
        release::cause_of_rel(&release::rel(
            &RFC3398,
            &trunk,
            &Vec::new(),
            bodies,
            q850.as_ref(),
        ))
        .value
    };
    let none = Bodies::default();
    assert_eq!(value(&none, None), 16);
    assert_eq!(value(&none, Some(17)), 17);
    assert_eq!(value(&body(&rel), None), 31);
    assert_eq!(value(&body(&rel), Some(17)), 17);
    let same = release::rel(
        &RFC3398,
        &trunk,
        &Vec::new(),
        &body(&rel),
        Some(&Q850::new(31)),
    );
    assert_eq!(
        same.to_vec(),
        rel.to_vec(),
        "where they agree the octets stay"
    );
    let anm = Message::new(MessageType::Anm);
    assert_eq!(value(&body(&anm), None), 16, "only a REL is a release");
}

#[test]
fn info_cannot_set_up_or_release_a_call() {
    let (_, trunk) = configured();
    for message in [
        MessageType::Iam,
        MessageType::Rel,
        MessageType::Anm,
        MessageType::Rsc,
    ] {
        let octets = Message::new(message).to_vec();
        let bodies = Bodies::isup(IsupBody::new("itu-t92+", None, octets));
        assert!(
            encapsulation::forwardable(&trunk, &bodies).is_none(),
            "{message}"
        );
    }
    let garbage = Bodies::isup(IsupBody::new("itu-t92+", None, vec![0x2D, 0xFF]));
    assert!(encapsulation::forwardable(&trunk, &garbage).is_none());
}

#[test]
fn a_trunk_without_isup_has_no_say_in_it() {
    let (_, trunk) = configured();
    let off = SipTrunk {
        isup: IsupMode::Off,
        ..trunk.clone()
    };
    let rel = release::message(&Cause::new(31, Location::User)).to_vec();
    let bye = Bodies::isup(IsupBody::new("itu-t92+", None, rel));
    assert_eq!(
        release::cause_of_rel(&release::rel(&RFC3398, &off, &Vec::new(), &bye, None)).value,
        16
    );
    let usr = Message::new(MessageType::Usr).to_vec();
    let info = Bodies::isup(IsupBody::new("itu-t92+", None, usr));
    assert!(encapsulation::forwardable(&trunk, &info).is_some());
    assert!(encapsulation::forwardable(&off, &info).is_none());
}
