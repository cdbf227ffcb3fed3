//! The rule of RFC 3372 §4.4: the encapsulated message is the template, header fields of SIP
//! overwrite it, local policy has the last word.

use isup::{HopCounter, OriginalCalledNumber, ParameterCode, UserToUserInformation};

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
    let (group, trunk) = configured();
    let caller = Caller::of(invite, &trunk);
    let template = template();
    let setup = iam::Setup {
        template: Some(&template),
        called,
        nature,
        caller: caller.as_ref(),
        incoming: Some((invite, &trunk)),
        codec: Codec::Pcma,
        group: &group,
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
