//! Call transfer by REFER and by Replaces (RFC 3515, RFC 3891, RFC 5589), with a party on a circuit.

mod circuits;
mod joined;
mod pickup;
mod races;

use isup::{
    CallingPartyNumber, GenericNotification, MessageType, Notification, NotificationIndicator,
    Presentation,
};

use super::flows;
use super::rfc3398::{from_isup, from_isup_with, from_sip, hang_up};
use super::sip_far_end::{Dialog, Heard, With};
use super::stand::{SECOND, Settings, Stand};
use crate::config::Standard;

flows! { "rfc5589":
    blind_transfer,
    blind_transfer_of_a_party_on_hold,
    blind_transfer_of_a_party_that_hides,
    blind_transfer_and_gone,
    blind_transfer_and_gone_to_a_busy_user,
    blind_transfer_to_a_busy_user,
    the_party_clears_during_the_transfer,
    transfer_to_where_the_dial_plan_does_not_lead,
    attended_transfer_by_replaces,
    transfer_is_not_allowed,
}

const TRANSFER: Settings = Settings {
    group: "",
    trunk: "transfer = true",
    second: "transfer = true",
    to_pstn: "",
    to_sip: "",
    route: "",
    timeslots: "",
    more: "[[rule]]\nname = \"extension\"\nprefix = \"+1212555014\"\nfrom = [\"user\"]\nto = [\"second\"]",
    swapped: false,
};

/// The user refers the party to the second trunk's number; 202, and the first NOTIFY.
fn refers(stand: &mut Stand, user: &mut Dialog) {
    let with = With::nothing()
        .field("Refer-To: <sip:+12125550142@127.0.0.1>")
        .field("Referred-By: <sip:user@127.0.0.1>");
    stand.request_answered(user, "REFER", &with, "202");
    notified(stand, "100");
}

/// A NOTIFY with this status, and its 200.
fn notified(stand: &mut Stand, status: &str) {
    let notify = stand.expect("NOTIFY");
    let body = String::from_utf8_lossy(&notify.octets()).into_owned();
    assert!(body.contains(&format!("SIP/2.0 {status} ")), "{body}");
    stand.respond(&notify, "200 OK", "", &With::nothing());
}

fn invited(stand: &mut Stand) -> Heard {
    let (to, invite) = stand.expect_at("INVITE");
    assert_eq!(to, SECOND);
    assert!(
        invite.uri().starts_with("sip:+12125550142@"),
        "{}",
        invite.uri()
    );
    invite
}

/// The target answers; the old peer hears of it and is released.
fn answers(stand: &mut Stand, invite: &Heard, gone: bool) -> Dialog {
    stand.second_responds(invite, "200 OK", "target", &With::sdp());
    stand.expect("ACK");
    notified(stand, "200");
    if !gone {
        let bye = stand.expect("BYE");
        stand.respond(&bye, "200 OK", "", &With::nothing());
    }
    stand.seconds(1);
    Dialog::called(invite, "target")
}

/// The target hangs up.
fn target_hangs_up(mut stand: Stand, mut target: Dialog) -> String {
    stand.second_requests(&mut target, "BYE", &With::nothing());
    stand.expect("200");
    stand.expect_release(16);
    stand.over()
}

fn blind_transfer(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    refers(&mut stand, &mut user);
    let invite = invited(&mut stand);
    assert_eq!(invite.field("Referred-By"), "<sip:user@127.0.0.1>");
    assert!(invite.field("From").contains(stand.numbers.pstn.0));
    stand.second_responds(&invite, "180 Ringing", "target", &With::nothing());
    notified(&mut stand, "180");
    let target = answers(&mut stand, &invite, false);
    target_hangs_up(stand, target)
}

/// The exchange is told of hold, and of retrieval by the new peer.
fn blind_transfer_of_a_party_on_hold(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_sip(&mut stand, With::sdp());
    let hold = With::nothing().direction("sendonly");
    stand.request_answered(&mut user, "INVITE", &hold, "200");
    stand.request(&mut user, "ACK", &With::nothing());
    stand.expect_isup(MessageType::Cpg);
    refers(&mut stand, &mut user);
    let invite = invited(&mut stand);
    let target = answers(&mut stand, &invite, false);
    assert_eq!(notification(&mut stand), Notification::RemoteRetrieval);
    target_hangs_up(stand, target)
}

/// What a CPG tells of hold.
fn notification(stand: &mut Stand) -> Notification {
    let cpg = stand.expect_isup(MessageType::Cpg);
    match stand.standard {
        Standard::Itu => cpg.find::<GenericNotification>().unwrap().notification,
        Standard::Ansi => {
            Notification::from_code(cpg.find::<NotificationIndicator>().unwrap().0[0] & 0x7F)
        }
    }
}

/// The user hangs up before the target answers: the party hears ringback.
fn gone(standard: Standard) -> (Stand, Heard) {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    refers(&mut stand, &mut user);
    let invite = invited(&mut stand);
    stand.request_answered(&mut user, "BYE", &With::nothing(), "200");
    // The subscription goes on without the call (RFC 5057 §4.1).
    stand.second_responds(&invite, "180 Ringing", "target", &With::nothing());
    notified(&mut stand, "180");
    stand.seconds(2);
    (stand, invite)
}

fn blind_transfer_and_gone(standard: Standard) -> String {
    let (mut stand, invite) = gone(standard);
    let target = answers(&mut stand, &invite, true);
    target_hangs_up(stand, target)
}

fn blind_transfer_and_gone_to_a_busy_user(standard: Standard) -> String {
    let (mut stand, invite) = gone(standard);
    stand.second_responds(&invite, "486 Busy Here", "target", &With::nothing());
    stand.expect("ACK");
    notified(&mut stand, "486");
    stand.expect_release(17);
    stand.over()
}

/// The call goes on as it was.
fn blind_transfer_to_a_busy_user(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_sip(&mut stand, With::sdp());
    refers(&mut stand, &mut user);
    let invite = invited(&mut stand);
    stand.second_responds(&invite, "486 Busy Here", "target", &With::nothing());
    stand.expect("ACK");
    notified(&mut stand, "486");
    stand.seconds(1);
    hang_up(stand, user)
}

fn the_party_clears_during_the_transfer(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    refers(&mut stand, &mut user);
    let invite = invited(&mut stand);
    stand.second_responds(&invite, "180 Ringing", "target", &With::nothing());
    notified(&mut stand, "180");
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let cancel = stand.expect("CANCEL");
    notified(&mut stand, "487");
    let bye = stand.expect("BYE");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.second_responds(&cancel, "200 OK", "target", &With::nothing());
    stand.second_responds(
        &invite,
        "487 Request Terminated",
        "target",
        &With::nothing(),
    );
    stand.expect("ACK");
    stand.over()
}

fn transfer_to_where_the_dial_plan_does_not_lead(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_sip(&mut stand, With::sdp());
    let with = With::nothing().field("Refer-To: <sip:nobody@far.invalid>");
    stand.request_answered(&mut user, "REFER", &with, "202");
    notified(&mut stand, "100");
    notified(&mut stand, "404");
    hang_up(stand, user)
}

/// The second trunk takes the place of the user by INVITE with Replaces.
fn attended_transfer_by_replaces(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let user = from_sip(&mut stand, With::sdp());
    let replaces = format!("Replaces: {}", user.replaces());
    let mut target = Dialog::calling(stand.numbers.pstn.0, "+12125550142", "target@127.0.0.1");
    stand.second_requests(&mut target, "INVITE", &With::sdp().field(&replaces));
    let ok = stand.expect("200");
    target.learn(&ok);
    let bye = stand.expect("BYE");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.second_requests(&mut target, "ACK", &With::nothing());
    stand.seconds(1);
    target_hangs_up(stand, target)
}

fn transfer_is_not_allowed(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let mut user = from_sip(&mut stand, With::sdp());
    let with = With::nothing().field("Refer-To: <sip:+12125550142@127.0.0.1>");
    stand.request_answered(&mut user, "REFER", &with, "603");
    hang_up(stand, user)
}

/// The target learns no more of the party than of a caller: a trunk that is not trusted gets no
/// number that may not be shown (RFC 3325 §5).
fn blind_transfer_of_a_party_that_hides(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut iam = stand.iam();
    let number = iam.find::<CallingPartyNumber>().unwrap();
    iam.set(CallingPartyNumber {
        presentation: Presentation::Restricted,
        ..number
    });
    let mut user = from_isup_with(&mut stand, &iam);
    refers(&mut stand, &mut user);
    let invite = invited(&mut stand);
    let octets = invite.octets();
    let text = String::from_utf8_lossy(&octets);
    assert!(!text.contains(stand.numbers.pstn.1), "{text}");
    assert_eq!(invite.field("Privacy"), "id");
    let target = answers(&mut stand, &invite, false);
    target_hangs_up(stand, target)
}
