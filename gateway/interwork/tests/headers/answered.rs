//! Header fields and parameters: answered.

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
