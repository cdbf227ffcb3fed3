//! Header fields and parameters: numbers.

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
