//! Header fields and parameters: caller.

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
