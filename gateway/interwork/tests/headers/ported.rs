//! Header fields and parameters: ported.

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
