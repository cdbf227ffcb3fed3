//! Two calls of a SIP user become one of two parties on circuits: REFER with Replaces
//! (RFC 5589 §7).

use isup::{Cic, MessageType, Notification};

use super::super::flows;
use super::super::rfc3398::{from_isup, from_sip};
use super::super::sip_far_end::{Dialog, With};
use super::super::stand::{Settings, Stand};
use super::circuits::{clears, rings};
use super::{TRANSFER, notification, notified};
use crate::config::Standard;

flows! { "rfc5589":
    two_calls_joined,
    two_calls_joined_of_which_one_is_held,
    a_call_that_rings_is_joined,
    a_call_that_still_waits_for_its_answer_is_not_joined,
    a_call_of_a_trunk_that_may_not_transfer_is_not_joined,
    a_call_is_not_joined_with_itself,
}

/// `Refer-To` that names another call of the user.
fn to_replace(other: &Dialog) -> With {
    let named = other.replaces();
    let escaped = named
        .replace('@', "%40")
        .replace(';', "%3B")
        .replace('=', "%3D");
    let to = format!("Refer-To: <sip:gateway@127.0.0.1:5060?Replaces={escaped}>");
    With::nothing().field(&to)
}

/// One party called the user, who called another: both calls, with their circuits.
fn two_calls(stand: &mut Stand) -> ((Dialog, Cic), (Dialog, Cic)) {
    let first = from_isup(stand);
    let one = (first, stand.cic);
    let second = from_sip(stand, With::sdp());
    (one, (second, stand.cic))
}

fn two_calls_joined(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let ((mut user, first), (other, second)) = two_calls(&mut stand);
    stand.request_answered(&mut user, "REFER", &to_replace(&other), "202");
    joined_and_told(&mut stand);
    stand.seconds(1);
    clears(stand, (first, second), 16)
}

/// Both calls of the user end at once; the NOTIFYs follow each other all the same.
fn joined_and_told(stand: &mut Stand) {
    let trying = stand.expect("NOTIFY");
    let byes = [stand.expect("BYE"), stand.expect("BYE")];
    stand.respond(&trying, "200 OK", "", &With::nothing());
    notified(stand, "200");
    for bye in byes {
        stand.respond(&bye, "200 OK", "", &With::nothing());
    }
}

/// As most do that consult one party while the other waits: both hear that they are talked to.
fn two_calls_joined_of_which_one_is_held(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    let first = stand.cic;
    let hold = With::nothing().direction("sendonly");
    stand.request_answered(&mut user, "INVITE", &hold, "200");
    stand.request(&mut user, "ACK", &With::nothing());
    stand.expect_isup(MessageType::Cpg);
    let mut other = from_sip(&mut stand, With::sdp());
    let second = stand.cic;
    stand.request_answered(&mut other, "REFER", &to_replace(&user), "202");
    joined_and_told(&mut stand);
    assert_eq!(notification(&mut stand), Notification::RemoteRetrieval);
    stand.seconds(1);
    clears(stand, (second, first), 16)
}

/// A call that rings at the user, who talks to another party: that one gets it.
fn a_call_that_rings_is_joined(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_sip(&mut stand, With::sdp());
    let first = stand.cic;
    stand.exchange_calls(&stand.iam());
    let second = stand.cic;
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    let ringing = Dialog::called(&invite, "called");
    stand.request_answered(&mut user, "REFER", &to_replace(&ringing), "202");
    let trying = stand.expect("NOTIFY");
    let cancel = stand.expect("CANCEL");
    assert!(cancel.field("Reason").contains("cause=200"));
    stand.expect_isup(MessageType::Anm);
    let bye = stand.expect("BYE");
    stand.respond(&trying, "200 OK", "", &With::nothing());
    notified(&mut stand, "200");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.respond(&cancel, "200 OK", "called", &With::nothing());
    let gone = With::nothing();
    stand.respond(&invite, "487 Request Terminated", "called", &gone);
    stand.expect("ACK");
    stand.seconds(1);
    clears(stand, (first, second), 16)
}

/// The user that waits for an answer began that call: nobody else may take it (RFC 3891 §3).
fn a_call_that_still_waits_for_its_answer_is_not_joined(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    let first = stand.cic;
    let mut other = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    rings(&mut stand);
    let ringing = stand.expect("180");
    other.learn(&ringing);
    stand.request_answered(&mut user, "REFER", &to_replace(&other), "202");
    notified(&mut stand, "100");
    notified(&mut stand, "481");
    stand.exchange_says(MessageType::Anm);
    let ok = stand.expect("200");
    other.learn(&ok);
    stand.request(&mut other, "ACK", &With::nothing());
    for (mut dialog, cic) in [(other, stand.cic), (user, first)] {
        stand.request_answered(&mut dialog, "BYE", &With::nothing(), "200");
        stand.cic = cic;
        stand.expect_release(16);
    }
    stand.over()
}

fn a_call_of_a_trunk_that_may_not_transfer_is_not_joined(standard: Standard) -> String {
    let settings = Settings {
        second: "",
        route: "[\"second\"]",
        ..TRANSFER
    };
    let mut stand = Stand::new(standard, settings);
    let mut user = from_sip(&mut stand, With::sdp());
    let first = stand.cic;
    stand.exchange_calls(&stand.iam());
    let second = stand.cic;
    let invite = stand.expect("INVITE");
    stand.second_responds(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(match standard {
        Standard::Itu => MessageType::Con,
        Standard::Ansi => MessageType::Anm,
    });
    let mut other = Dialog::called(&invite, "called");
    stand.request_answered(&mut user, "REFER", &to_replace(&other), "202");
    notified(&mut stand, "100");
    notified(&mut stand, "403");
    stand.second_requests(&mut other, "BYE", &With::nothing());
    stand.expect("200");
    stand.cic = second;
    stand.expect_release(16);
    stand.request_answered(&mut user, "BYE", &With::nothing(), "200");
    stand.cic = first;
    stand.expect_release(16);
    stand.over()
}

fn a_call_is_not_joined_with_itself(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_sip(&mut stand, With::sdp());
    let itself = to_replace(&user);
    stand.request_answered(&mut user, "REFER", &itself, "202");
    notified(&mut stand, "100");
    notified(&mut stand, "481");
    stand.request_answered(&mut user, "BYE", &With::nothing(), "200");
    stand.expect_release(16);
    stand.over()
}
