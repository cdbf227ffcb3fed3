//! What each of the two ends knows of ISUP (RFC 3372 §6; RFC 3204 §3.1).

use isup::MessageType;

use super::flows;
use super::rfc3398::{from_sip, hang_up};
use super::sip_far_end::{Dialog, With};
use super::stand::{SECOND, Settings, Stand};
use crate::config::Standard;

flows! { "rfc3372":
    case_1_isup_optional,
    case_2_isup_preferred,
    case_3_isup_mandatory,
    case_3_isup_mandatory_and_no_other_trunk,
    isup_off_and_required_by_the_caller,
    isup_mandatory_and_missing,
}

fn with_isup(mode: &'static str) -> Settings {
    Settings {
        trunk: mode,
        second: "isup = \"mandatory\"",
        ..Settings::default()
    }
}

/// The peer ignores the ISUP and answers.
fn case_1_isup_optional(standard: Standard) -> String {
    let mut stand = Stand::new(standard, with_isup("isup = \"optional\""));
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    assert_eq!(invite.isup().unwrap(), stand.iam().to_vec());
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(MessageType::Anm);
    hang_up(stand, Dialog::called(&invite, "called"))
}

fn refuse(stand: &mut Stand) {
    let invite = stand.expect("INVITE");
    assert!(invite.isup().is_some());
    let accept = With::nothing().field("Accept: application/sdp");
    stand.respond(&invite, "415 Unsupported Media Type", "called", &accept);
    stand.expect("ACK");
}

/// The peer refuses the ISUP and gets the call without.
fn case_2_isup_preferred(standard: Standard) -> String {
    let mut stand = Stand::new(standard, with_isup("isup = \"preferred\""));
    stand.exchange_calls(&stand.iam());
    refuse(&mut stand);
    let invite = stand.expect("INVITE");
    assert!(invite.isup().is_none());
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(MessageType::Anm);
    // No ISUP in what follows either.
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let bye = stand.expect("BYE");
    assert!(bye.isup().is_none());
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

/// The next trunk reads ISUP.
fn case_3_isup_mandatory(standard: Standard) -> String {
    let settings = Settings {
        route: "[\"user\", \"second\"]",
        ..with_isup("isup = \"mandatory\"")
    };
    let mut stand = Stand::new(standard, settings);
    stand.exchange_calls(&stand.iam());
    refuse(&mut stand);
    let (to, invite) = stand.expect_at("INVITE");
    assert_eq!(to, SECOND);
    assert!(invite.isup().is_some());
    let rel = stand.rel(17);
    stand.second_responds(
        &invite,
        "486 Busy Here",
        "second",
        &With::nothing().isup(&rel),
    );
    stand.expect("ACK");
    let sent = stand.expect_release(17);
    assert_eq!(sent.to_vec(), rel.to_vec());
    stand.over()
}

fn case_3_isup_mandatory_and_no_other_trunk(standard: Standard) -> String {
    let mut stand = Stand::new(standard, with_isup("isup = \"mandatory\""));
    stand.exchange_calls(&stand.iam());
    refuse(&mut stand);
    stand.expect_release(79);
    stand.over()
}

/// A caller that wants its ISUP understood is told that it is not; without, it is a call.
fn isup_off_and_required_by_the_caller(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let iam = stand.iam();
    let caller = stand.invite(With::sdp().isup(&iam).handling("required"));
    let refusal = stand.expect("415");
    assert!(!refusal.field("Accept").contains("isup"));
    stand.acknowledge(&caller, &refusal);
    let caller = from_sip(&mut stand, With::sdp());
    hang_up(stand, caller)
}

fn isup_mandatory_and_missing(standard: Standard) -> String {
    let mut stand = Stand::new(standard, with_isup("isup = \"mandatory\""));
    let caller = stand.invite(With::sdp());
    let refusal = stand.expect("403");
    stand.acknowledge(&caller, &refusal);
    stand.over()
}
