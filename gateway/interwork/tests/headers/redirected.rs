//! Header fields and parameters: redirected.

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
