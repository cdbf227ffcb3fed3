//! The rule of RFC 3372 §4.4: the encapsulated message is the template, header fields of SIP
//! overwrite it, local policy has the last word.

use isup::{
    HopCounter, OriginalCalledNumber, ParameterCode, PropagationDelayCounter, UserToUserInformation,
};

use super::*;
use crate::interwork::number;

/// An IAM with an optional parameter of every kind that SIP could speak of, and some it cannot.
fn template() -> Message {
    Message::new(MessageType::Iam)
        .with(NatureOfConnection::OUTGOING_ECHO_CONTROL)
        .with(ForwardCallIndicators::ORIGINATING_ACCESS_ISDN)
        .with(CallingPartysCategory::Payphone)
        .with(TransmissionMediumRequirement::Speech)
        .with(CalledPartyNumber {
            internal_network_not_allowed: true,
            ..CalledPartyNumber::new(NatureOfAddress::National, digits("305550001F"))
        })
        .with(CallingPartyNumber::new(
            NatureOfAddress::National,
            digits("305550009"),
        ))
        .with(HopCounter(12))
        .with(UserToUserInformation(vec![4, 1, 2]))
        .with_content(ParameterCode::ACCESS_TRANSPORT, &[0x7D, 0x02, 0x91, 0x81])
        .with_content(ParameterCode::PROPAGATION_DELAY_COUNTER, &[0, 7])
        .with_content(ParameterCode(0xA7), &[1, 2, 3])
}

fn onward(invite: &Incoming, nature: NatureOfAddress, called: &str) -> Message {
    onward_by(&configured().0, template(), invite, nature, called)
}

fn onward_by(
    group: &TrunkGroup,
    template: Message,
    invite: &Incoming,
    nature: NatureOfAddress,
    called: &str,
) -> Message {
    let (_, trunk) = configured();
    let caller = Caller::of(invite, &trunk);
    let setup = iam::Setup {
        template: Some(&template),
        called,
        nature,
        caller: caller.as_ref(),
        incoming: Some((invite, &trunk)),
        codec: Codec::Pcma,
        group,
        check: false,
        variant: Variant::Itu,
        profile: &RFC3398,
    };
    iam::iam(&setup).unwrap().0
}

/// SIP says the same: not an octet changes, of known and unknown parameters alike.
#[test]
fn where_sip_agrees_the_template_crosses_octet_by_octet() {
    let mut invite = incoming("<sip:+49305550009@x>;tag=1");
    // What a peer of ours makes of hop counter 12, through no proxy: 11 are left.
    invite.max_forwards = 24;
    let expected = {
        let mut expected = template();
        expected.set(HopCounter(11));
        expected
    };
    let iam = onward(&invite, NatureOfAddress::National, "305550001");
    assert_eq!(iam.to_vec(), expected.to_vec());
}

#[test]
fn header_fields_overwrite_and_nothing_else_changes() {
    let mut invite = incoming("<sip:+12125550199@x>;tag=1");
    invite.request_uri = "sip:+49305550004@x".into();
    invite.to = "<sip:+49305550001@x>".into();
    invite.user_to_user = vec!["0403;encoding=hex".into()];
    invite.max_forwards = 70;
    let iam = onward(&invite, NatureOfAddress::National, "305550004");
    let calling = iam.find::<CallingPartyNumber>().unwrap();
    assert_eq!(calling.digits.to_string(), "12125550199");
    let called = iam.find::<CalledPartyNumber>().unwrap();
    assert_eq!(called.digits.to_string(), "305550004");
    let original = iam.find::<OriginalCalledNumber>().unwrap();
    assert_eq!(original.digits.to_string(), "305550001");
    let users = iam.find::<UserToUserInformation>().unwrap();
    assert_eq!(users.0, [4, 3]);
    assert_eq!(
        iam.find::<HopCounter>(),
        Some(HopCounter(12)),
        "no more than before"
    );
    let changed = [
        ParameterCode::CALLING_PARTY_NUMBER,
        ParameterCode::CALLED_PARTY_NUMBER,
        ParameterCode::ORIGINAL_CALLED_NUMBER,
        ParameterCode::USER_TO_USER_INFORMATION,
    ];
    for (code, content) in template()
        .parameters()
        .filter(|(code, _)| !changed.contains(code))
    {
        assert_eq!(iam.content(code), Some(content), "{code:?}");
    }
}

/// A call's delay grows by that of the circuits it goes out on, where its network counts it: Q.784.1
/// 2.4.4 and 2.4.5 at a transit exchange (Q.764 §2.6).
#[test]
fn the_circuits_add_their_own_to_the_propagation_delay() {
    let invite = incoming("<sip:+49305550009@x>;tag=1");
    let (mut group, _) = configured();
    let counter = |group: &TrunkGroup, template| {
        let iam = onward_by(
            group,
            template,
            &invite,
            NatureOfAddress::National,
            "305550001",
        );
        iam.find::<PropagationDelayCounter>()
    };
    assert_eq!(
        counter(&group, template()),
        Some(PropagationDelayCounter(7))
    );
    group.propagation_delay = std::time::Duration::from_millis(35);
    assert_eq!(
        counter(&group, template()),
        Some(PropagationDelayCounter(42))
    );
    let nearly = template().with(PropagationDelayCounter(65_530));
    assert_eq!(
        counter(&group, nearly),
        Some(PropagationDelayCounter(65_535))
    );
    let mut without = template();
    without.remove(ParameterCode::PROPAGATION_DELAY_COUNTER);
    assert_eq!(counter(&group, without), None);
}

/// Policy: what the dial plan makes of the number, and the check of the own circuit.
#[test]
fn the_dial_plan_has_the_last_word() {
    let invite = incoming("<sip:+49305550009@x>;tag=1");
    let iam = onward(&invite, NatureOfAddress::Unknown, "01305550001");
    let called = iam.find::<CalledPartyNumber>().unwrap();
    assert_eq!(called.digits.to_string(), "01305550001");
    assert_eq!(called.nature, NatureOfAddress::Unknown);
    let mut of_another_circuit = template();
    let connection = of_another_circuit.find::<NatureOfConnection>().unwrap();
    of_another_circuit.set(connection.with_continuity_check(isup::ContinuityCheck::Required));
    let (group, _) = configured();
    let setup = iam::Setup {
        template: Some(&of_another_circuit),
        called: "305550001",
        nature: NatureOfAddress::National,
        caller: None,
        incoming: None,
        codec: Codec::Pcma,
        group: &group,
        check: false,
        variant: Variant::Itu,
        profile: &RFC3398,
    };
    let connection = iam::iam(&setup)
        .unwrap()
        .0
        .find::<NatureOfConnection>()
        .unwrap();
    assert_eq!(
        connection.continuity_check(),
        isup::ContinuityCheck::NotRequired
    );
    assert!(connection.contains(NatureOfConnection::OUTGOING_ECHO_CONTROL));
}

proptest::proptest! {
    /// IAM to INVITE to IAM through two gateways: every parameter survives that SIP does not
    /// speak of, in its place and with its octets, whatever is in it.
    #[test]
    fn parameters_survive_two_gateways(
        extra in proptest::collection::vec((0x80_u8..=0xBF, proptest::collection::vec(0_u8..=255, 1..6)), 0..5)
    ) {
        let (group, trunk) = configured();
        let mut iam = template();
        iam.remove(ParameterCode::HOP_COUNTER);
        for (code, content) in &extra {
            iam.push_content(ParameterCode(*code), content).unwrap();
        }
        let called = portability::dialled(&iam, &group, &RFC3398).unwrap();
        let sent = invite::invite(&invite::Setup {
            iam: &iam,
            received: &[],
            called: &called,
            group: &group,
            trunk: &trunk,
            profile: &RFC3398,
            own_host: "192.0.2.1".into(),
            offer: "v=0".into(),
        });
        let mut received = incoming(&format!("{};tag=1", sent.from));
        received.request_uri = sent.uri.clone();
        received.to = format!("<{}>", sent.uri);
        received.max_forwards = sent.max_forwards;
        received.user_to_user = sent.headers.iter().filter(|(name, _)| name == "User-to-User").map(|(_, value)| value.clone()).collect();
        received.bodies = sent.bodies;
        let body = encapsulation::understood(&trunk, &received.bodies).unwrap();
        let number = number::from_uri(&received.request_uri).unwrap();
        let (digits, nature) = number::to_parameter(&number, &group, &RFC3398);
        let caller = Caller::of(&received, &trunk);
        let setup = iam::Setup {
            template: Some(&body),
            called: &digits,
            nature,
            caller: caller.as_ref(),
            incoming: Some((&received, &trunk)),
            codec: Codec::Pcma,
            group: &group,
            check: false,
            variant: Variant::Itu,
            profile: &RFC3398,
        };
        let onward = iam::iam(&setup).unwrap().0;
        proptest::prop_assert_eq!(onward.to_vec(), iam.to_vec());
    }
}

/// Optional parameters that a generated message carries: codes that no standard has, and contents.
fn extra() -> impl proptest::strategy::Strategy<Value = Vec<(u8, Vec<u8>)>> {
    use proptest::prelude::*;
    proptest::collection::vec(
        (0x90_u8..=0xBF, proptest::collection::vec(any::<u8>(), 0..6)),
        0..5,
    )
}

/// A message through the body of a SIP message to a trusted peer.
fn through_a_body(trunk: &SipTrunk, message: &Message) -> (Bodies, Message) {
    let isup = encapsulation::body(trunk, message);
    let bodies = Bodies {
        isup,
        ..Bodies::default()
    };
    let read = encapsulation::understood(trunk, &bodies).unwrap();
    (bodies, read)
}

proptest::proptest! {
    /// ACM, CPG, ANM, CON and REL through two gateways, octet by octet.
    #[test]
    fn backward_messages_survive_two_gateways(
        kind in proptest::sample::select(vec![
            MessageType::Acm, MessageType::Cpg, MessageType::Anm, MessageType::Con, MessageType::Rel,
        ]),
        fixed in proptest::prelude::any::<[u8; 2]>(),
        extra in extra(),
    ) {
        let (_, trunk) = configured();
        let mut message = Message::new(kind);
        match kind {
            MessageType::Cpg => message.set_content(ParameterCode::EVENT_INFORMATION, &[fixed[0]]).unwrap(),
            MessageType::Rel => message.set(Cause::new(fixed[0] & 0x7F, Location::from_code(fixed[1] & 0xF))),
            MessageType::Anm => {}
            _ => message.set_content(ParameterCode::BACKWARD_CALL_INDICATORS, &fixed).unwrap(),
        }
        for (code, content) in &extra {
            message.push_content(ParameterCode(*code), content).unwrap();
        }
        let (bodies, read) = through_a_body(&trunk, &message);
        let onward = match kind {
            MessageType::Acm | MessageType::Cpg => {
                let progress = Progress {
                    status: 183,
                    media: true,
                    first: kind == MessageType::Acm,
                    ringback: false,
                };
                backward::from_progress(&RFC3398, progress, Some(&read)).remove(0)
            }
            MessageType::Rel => release::rel(&RFC3398, &trunk, &Vec::new(), &bodies, None),
            _ => backward::from_answer(kind == MessageType::Con, read.variant(), Some(&read)),
        };
        proptest::prop_assert_eq!(onward.to_vec(), message.to_vec());
    }

    /// Whatever an IAM holds, an INVITE is made of it or none, and nothing breaks.
    #[test]
    fn no_iam_harms_the_mapping(octets in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
        let (group, trunk) = configured();
        let octets: Vec<u8> = std::iter::once(1).chain(octets).collect();
        for variant in [Variant::Itu, Variant::Ansi] {
            let Ok(iam) = Message::decode_variant(&octets, variant) else {
                continue;
            };
            let other = match variant {
                Variant::Itu => Variant::Ansi,
                Variant::Ansi => Variant::Itu,
            };
            if let Some(converted) = crate::interwork::convert::to(other, &iam) {
                let octets = converted.message.to_vec();
                proptest::prop_assert!(Message::decode_variant(&octets, other).is_ok());
            }
            let called = portability::dialled(&iam, &group, &RFC3398);
            let trusted = SipTrunk { trusted: true, ..trunk.clone() };
            for trunk in [&trunk, &trusted] {
                let _ = invite::invite(&invite::Setup {
                    iam: &iam,
                    received: &[],
                    called: &called.clone().unwrap_or_default(),
                    group: &group,
                    trunk,
                    profile: &crate::interwork::profile::Q1912_5,
                    own_host: "192.0.2.1".into(),
                    offer: "v=0".into(),
                });
            }
        }
    }

    /// Whatever header fields hold, an IAM is made of them or none, and it can be read.
    #[test]
    fn no_header_field_harms_the_mapping(
        text in "[ -~]{0,50}",
        number in "[0-9+;=a-z%@:.-]{0,40}",
        variant in proptest::sample::select(vec![Variant::Itu, Variant::Ansi]),
    ) {
        let (group, trunk) = configured();
        let trunk = SipTrunk { trusted: true, ..trunk };
        let mut invite = incoming(&text);
        invite.request_uri = format!("sip:{number}");
        invite.to = text.clone();
        invite.p_asserted_identity = vec![text.clone(), format!("\"{text}\" <tel:{number}>")];
        invite.privacy = Some(text.clone());
        invite.diversion = vec![format!("<sip:{number}>;{text}")];
        invite.history_info = vec![format!("<tel:{number}>;index=1, <sip:{number};cause=302>;{text}")];
        invite.user_to_user = vec![text.clone()];
        let caller = Caller::of(&invite, &trunk);
        let setup = iam::Setup {
            template: None,
            called: "305550001",
            nature: NatureOfAddress::National,
            caller: caller.as_ref(),
            incoming: Some((&invite, &trunk)),
            codec: Codec::Pcma,
            group: &group,
            check: false,
            variant,
            profile: &crate::interwork::profile::Q1912_5,
        };
        if let Ok((iam, _)) = iam::iam(&setup) {
            let octets = iam.to_vec();
            proptest::prop_assert!(Message::decode_variant(&octets, variant).is_ok());
        }
    }
}
