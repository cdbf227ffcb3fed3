//! ITU-T ISUP and ANSI ISUP: bodies of the one for circuits of the other.

use isup::{
    CarrierIdentification, CodingStandard, GenericNumber, LocationNumber, NumberQualifier,
    NumberingPlan, ParameterCode, Screening, TransferCapability, UserServiceInformation,
    UserToUserInformation,
};

use super::*;
use crate::interwork::convert::{self, Change, Converted};

fn converted(variant: Variant, message: &Message) -> Converted {
    let converted = convert::to(variant, message).expect("it is said there too");
    // Whatever crossed is a message of that variant.
    let octets = converted.message.to_vec();
    let again = Message::decode_variant(&octets, variant).unwrap();
    assert_eq!(again, converted.message);
    converted.message.check().unwrap();
    converted
}

fn generic(qualifier: NumberQualifier) -> GenericNumber {
    GenericNumber {
        qualifier,
        nature: NatureOfAddress::National,
        plan: NumberingPlan::Isdn,
        incomplete: false,
        presentation: Presentation::Allowed,
        screening: Screening::Network,
        digits: digits("2125550199"),
    }
}

fn itu() -> Message {
    Message::new(MessageType::Iam)
        .with(NatureOfConnection::OUTGOING_ECHO_CONTROL)
        .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
        .with(CallingPartysCategory::Ordinary)
        .with(TransmissionMediumRequirement::Unrestricted64)
        .with(CalledPartyNumber::new(
            NatureOfAddress::National,
            digits("2125550100"),
        ))
}

#[test]
fn an_iam_of_itu_becomes_one_of_ansi() {
    let iam = itu()
        .with(CallingPartyNumber::new(
            NatureOfAddress::National,
            digits("2125550199"),
        ))
        .with(LocationNumber {
            nature: NatureOfAddress::National,
            plan: NumberingPlan::Isdn,
            internal_network_not_allowed: false,
            presentation: Presentation::Allowed,
            screening: Screening::Network,
            digits: digits("2125550000"),
        })
        .with(UserToUserInformation(vec![4, 1]));
    let mut iam = iam;
    iam.push(generic(NumberQualifier::AdditionalCalling));
    iam.push(generic(NumberQualifier::DialledDigits));
    let Converted { message, changes } = converted(Variant::Ansi, &iam);
    let bearer = message.find::<UserServiceInformation>().unwrap();
    assert_eq!(bearer.octets(), [0x88, 0x90]);
    assert!(message.find::<TransmissionMediumRequirement>().is_none());
    let same = [
        ParameterCode::NATURE_OF_CONNECTION,
        ParameterCode::FORWARD_CALL_INDICATORS,
        ParameterCode::CALLING_PARTYS_CATEGORY,
        ParameterCode::CALLED_PARTY_NUMBER,
        ParameterCode::CALLING_PARTY_NUMBER,
        ParameterCode::USER_TO_USER_INFORMATION,
    ];
    for code in same {
        assert_eq!(message.content(code), iam.content(code), "{code:?}");
    }
    let kept: Vec<_> = message.all::<GenericNumber>().collect();
    assert_eq!(kept, [generic(NumberQualifier::DialledDigits)]);
    let told: Vec<String> = changes.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "transmission medium requirement as user service information",
            "location number dropped",
            "generic number dropped",
        ]
    );
}

#[test]
fn an_iam_of_ansi_becomes_one_of_itu() {
    let bearer = UserServiceInformation::new(TransferCapability::Speech, None);
    let iam = Message::new_variant(MessageType::Iam, Variant::Ansi)
        .with(NatureOfConnection::default())
        .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
        .with(CallingPartysCategory::Ordinary)
        .with(bearer.clone())
        .with(CalledPartyNumber::new(
            NatureOfAddress::National,
            digits("2125550100"),
        ))
        .with(CarrierIdentification {
            kind: 2,
            plan: 2,
            digits: digits("0288"),
        });
    let Converted { message, changes } = converted(Variant::Itu, &iam);
    let speech = Some(TransmissionMediumRequirement::Speech);
    assert_eq!(message.find::<TransmissionMediumRequirement>(), speech);
    assert_eq!(message.find::<UserServiceInformation>(), Some(bearer));
    assert_eq!(
        changes,
        [Change::Dropped(ParameterCode::CARRIER_IDENTIFICATION)]
    );
}

#[test]
fn bearers_survive_the_way_there_and_back() {
    use TransmissionMediumRequirement as T;
    for medium in [T::Speech, T::Audio3k1, T::Unrestricted64, T::Preferred64] {
        let there = converted(Variant::Ansi, &itu().with(medium)).message;
        let back = converted(Variant::Itu, &there).message;
        assert_eq!(back.find::<T>(), Some(medium));
    }
}

#[test]
fn causes_in_national_coding_are_told_in_that_of_itu() {
    let rel = |coding, value| {
        Message::new_variant(MessageType::Rel, Variant::Ansi).with(Cause {
            coding,
            ..Cause::new(value, Location::TransitNetwork)
        })
    };
    let of = |coding, value| {
        let message = converted(Variant::Itu, &rel(coding, value)).message;
        let cause = message.find::<Cause>().unwrap();
        assert_eq!(
            (cause.coding, cause.location),
            (CodingStandard::Itu, Location::TransitNetwork)
        );
        cause.value
    };
    assert_eq!(of(CodingStandard::Itu, 23), 23);
    assert_eq!(of(CodingStandard::National, 23), 1);
    assert_eq!(of(CodingStandard::National, 45), 8);
    assert_eq!(of(CodingStandard::National, 17), 17, "what both know");
    assert_eq!(of(CodingStandard::National, 67), 79, "else by the class");
}

#[test]
fn messages_that_the_other_variant_lacks() {
    let con = Message::new(MessageType::Con).with(BackwardCallIndicators::ISUP_ALL_THE_WAY);
    let Converted { message, changes } = converted(Variant::Ansi, &con);
    assert_eq!(message.message_type(), MessageType::Anm, "RFC 3398 §13");
    assert_eq!(
        changes[0],
        Change::Message(MessageType::Con, MessageType::Anm)
    );
    let sam = Message::new(MessageType::Sam);
    assert_eq!(convert::to(Variant::Ansi, &sam), None);
    let exit = Message::new_variant(MessageType::Exm, Variant::Ansi);
    assert_eq!(convert::to(Variant::Itu, &exit), None);
}

/// Every message that travels becomes one of the other variant that can be read, and those that
/// both lay out alike come back octet by octet.
#[test]
fn every_message_that_travels_crosses_and_comes_back() {
    for code in 0..=u8::MAX {
        let kind = MessageType::from_code(code);
        if !encapsulation::may_travel(kind) || matches!(kind, MessageType::Other(_)) {
            continue;
        }
        let message = Message::new(kind);
        let Some(there) = convert::to(Variant::Ansi, &message) else {
            assert_eq!(kind, MessageType::Sam);
            continue;
        };
        let octets = there.message.to_vec();
        Message::decode_variant(&octets, Variant::Ansi).unwrap();
        let back = convert::to(Variant::Itu, &there.message).unwrap();
        if !matches!(kind, MessageType::Iam | MessageType::Con) {
            assert_eq!(back.message.to_vec(), message.to_vec(), "{kind}");
        }
    }
}

/// A trunk that speaks ANSI beside a circuit of ITU-T, both ways.
#[test]
fn bodies_are_written_in_the_variant_of_their_version() {
    let (_, trunk) = configured();
    let ansi = SipTrunk {
        isup_version: "ansi00".into(),
        ..trunk.clone()
    };
    let (body, changes) = encapsulation::converted_body(&ansi, &itu()).unwrap();
    assert_eq!((body.version.as_str(), changes.len()), ("ansi00", 1));
    let read = encapsulation::understood(&ansi, &Bodies::isup(body)).unwrap();
    assert_eq!(read.variant(), Variant::Ansi);
    assert!(read.find::<UserServiceInformation>().is_some());
    let agreed = SipTrunk {
        isup_version: "X-carrier".into(),
        isup_base: Some("ansi88".into()),
        ..trunk
    };
    let body = encapsulation::body(&agreed, &itu()).unwrap();
    assert_eq!(body.base.as_deref(), Some("ansi88"));
    assert_eq!(
        encapsulation::decoded(&Bodies::isup(body))
            .unwrap()
            .variant(),
        Variant::Ansi
    );
}

/// What must be understood and cannot be is refused; what may be left is left.
#[test]
fn bodies_of_versions_that_nobody_knows() {
    let (_, trunk) = configured();
    let mut body = IsupBody::new("X-secret", None, itu().to_vec());
    let read = |body: &IsupBody| {
        let bodies = Bodies::isup(body.clone());
        let understood = encapsulation::understood(&trunk, &bodies).is_some();
        (understood, encapsulation::must_be_refused(&trunk, &bodies))
    };
    assert_eq!(read(&body), (false, false));
    body.handling = crate::sip::Handling::Required;
    assert_eq!(read(&body), (false, true));
    body.base = Some("itu-t92+".into());
    assert_eq!(read(&body), (true, false));
}

/// Digits that came one after the other, for a peer whose ISUP has no SAM: one IAM has them all.
#[test]
fn a_trunk_of_ansi_gets_an_iam_with_all_digits() {
    let trunk = |version: &str| -> SipTrunk {
        let text = format!(
            "name = \"peer\"\naddress = \"192.0.2.7:5060\"\nisup = \"preferred\"\n\
             isup_version = \"{version}\""
        );
        toml::from_str(&text).unwrap()
    };
    let whole = itu();
    let mut begun = whole.clone();
    begun.set(CalledPartyNumber::new(
        NatureOfAddress::National,
        digits("2125550"),
    ));
    let sam = Message::new(MessageType::Sam).with(isup::SubsequentNumber {
        digits: digits("100"),
    });
    let received = [begun.clone(), sam.clone()];
    let (iam, sams) = encapsulation::of_invite(&trunk("itu-t92+"), &whole, &received);
    assert_eq!(iam.unwrap().octets, begun.to_vec());
    let sams: Vec<_> = sams.iter().map(|sam| sam.octets.to_vec()).collect();
    assert_eq!(sams, [sam.to_vec()]);
    let (iam, sams) = encapsulation::of_invite(&trunk("ansi00"), &whole, &received);
    let iam = Message::decode_variant(&iam.unwrap().octets, Variant::Ansi).unwrap();
    let called: CalledPartyNumber = iam.find().unwrap();
    assert_eq!(called.digits, digits("2125550100"));
    assert!(sams.is_empty());
}
