//! A call from a circuit that rings at one phone is picked up at another by INVITE with Replaces
//! (RFC 3891 §1, §3).

use isup::MessageType;

use super::super::flows;
use super::super::rfc3398::from_sip;
use super::super::sip_far_end::{Dialog, Heard, With};
use super::super::stand::{Settings, Stand};
use super::{TRANSFER, target_hangs_up};
use crate::config::Standard;

flows! { "rfc5589":
    a_call_that_rings_is_picked_up,
    a_call_that_rings_nowhere_yet_is_picked_up,
    picked_up_with_an_offer_in_the_200,
    the_phone_answers_while_another_picks_up,
    the_caller_clears_when_picked_up,
    only_a_call_that_rings_is_picked_up,
    a_call_of_the_peers_own_is_not_picked_up,
    who_may_not_transfer_picks_nothing_up,
    a_call_without_common_media_is_not_picked_up,
    replaces_without_an_offer,
}

/// A call from the circuit rings at the user.
fn rings(standard: Standard, settings: Settings) -> (Stand, Heard) {
    let mut stand = Stand::new(standard, settings);
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.seconds(1);
    (stand, invite)
}

/// An INVITE of the second trunk's phone in the place of a call.
fn invites(stand: &mut Stand, replaces: &str, with: With) -> Dialog {
    let field = format!("Replaces: {replaces}");
    let mut phone = Dialog::calling(stand.numbers.pstn.0, "+12125550142", "phone@127.0.0.1");
    stand.second_requests(&mut phone, "INVITE", &with.field(&field));
    phone
}

/// The user's phone stops: it is told that somebody else has the call.
fn stops(stand: &mut Stand, invite: &Heard) {
    let cancel = stand.expect("CANCEL");
    assert_eq!(
        cancel.field("Reason"),
        "SIP;cause=200;text=\"Call completed elsewhere\""
    );
    stand.respond(&cancel, "200 OK", "called", &With::nothing());
    let gone = With::nothing();
    stand.respond(invite, "487 Request Terminated", "called", &gone);
    stand.expect("ACK");
}

fn is_answered(stand: &mut Stand, phone: &mut Dialog) {
    let ok = stand.expect("200");
    phone.learn(&ok);
}

fn a_call_that_rings_is_picked_up(standard: Standard) -> String {
    let (mut stand, invite) = rings(standard, TRANSFER);
    let early = format!(
        "{};early-only",
        Dialog::called(&invite, "called").replaces()
    );
    let mut phone = invites(&mut stand, &early, With::sdp());
    is_answered(&mut stand, &mut phone);
    stops(&mut stand, &invite);
    stand.expect_isup(MessageType::Anm);
    stand.second_requests(&mut phone, "ACK", &With::nothing());
    stand.seconds(1);
    target_hangs_up(stand, phone)
}

/// 183 makes an early dialog, too; the party has heard its media.
fn a_call_that_rings_nowhere_yet_is_picked_up(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "183 Session Progress", "called", &With::sdp());
    stand.expect_isup(MessageType::Acm);
    stand.rtp_comes();
    let early = Dialog::called(&invite, "called").replaces();
    let mut phone = invites(&mut stand, &early, With::sdp());
    is_answered(&mut stand, &mut phone);
    stops(&mut stand, &invite);
    stand.expect_isup(MessageType::Anm);
    stand.second_requests(&mut phone, "ACK", &With::nothing());
    target_hangs_up(stand, phone)
}

fn picked_up_with_an_offer_in_the_200(standard: Standard) -> String {
    let (mut stand, invite) = rings(standard, TRANSFER);
    let early = Dialog::called(&invite, "called").replaces();
    let mut phone = invites(&mut stand, &early, With::nothing());
    let ok = stand.expect("200");
    assert!(ok.sdp().is_some());
    phone.learn(&ok);
    stops(&mut stand, &invite);
    stand.expect_isup(MessageType::Anm);
    stand.second_requests(&mut phone, "ACK", &With::sdp());
    stand.seconds(1);
    target_hangs_up(stand, phone)
}

/// The 200 crosses the CANCEL: that phone is released at once.
fn the_phone_answers_while_another_picks_up(standard: Standard) -> String {
    let (mut stand, invite) = rings(standard, TRANSFER);
    let early = Dialog::called(&invite, "called").replaces();
    let mut phone = invites(&mut stand, &early, With::sdp());
    is_answered(&mut stand, &mut phone);
    let cancel = stand.expect("CANCEL");
    stand.expect_isup(MessageType::Anm);
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    let bye = stand.expect("BYE");
    stand.respond(&cancel, "200 OK", "called", &With::nothing());
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.second_requests(&mut phone, "ACK", &With::nothing());
    target_hangs_up(stand, phone)
}

fn the_caller_clears_when_picked_up(standard: Standard) -> String {
    let (mut stand, invite) = rings(standard, TRANSFER);
    let early = Dialog::called(&invite, "called").replaces();
    let mut phone = invites(&mut stand, &early, With::sdp());
    is_answered(&mut stand, &mut phone);
    stops(&mut stand, &invite);
    stand.expect_isup(MessageType::Anm);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    // The BYE waits for the ACK (RFC 3261 §15).
    stand.second_requests(&mut phone, "ACK", &With::nothing());
    let bye = stand.expect("BYE");
    stand.second_responds(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

fn refused(stand: &mut Stand, phone: &Dialog, status: &str) {
    let refusal = stand.expect(status);
    stand.second_acknowledges(phone, &refusal);
}

/// It was answered already, and the phone wanted none that is.
fn only_a_call_that_rings_is_picked_up(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_sip(&mut stand, With::sdp());
    let early = format!("{};early-only", user.replaces());
    let phone = invites(&mut stand, &early, With::sdp());
    refused(&mut stand, &phone, "486");
    stand.request_answered(&mut user, "BYE", &With::nothing(), "200");
    stand.expect_release(16);
    stand.over()
}

fn a_call_of_the_peers_own_is_not_picked_up(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&stand.acm(isup::CalledPartysStatus::SubscriberFree));
    let ringing = stand.expect("180");
    caller.learn(&ringing);
    let phone = invites(&mut stand, &caller.replaces(), With::sdp());
    refused(&mut stand, &phone, "481");
    stand.request_answered(&mut caller, "CANCEL", &With::nothing(), "200");
    let refusal = stand.expect("487");
    stand.acknowledge(&caller, &refusal);
    stand.expect_release(16);
    stand.over()
}

/// The call goes on ringing, and ends as its caller wants.
fn rings_on(mut stand: Stand, invite: &Heard) -> String {
    stand.seconds(1);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let cancel = stand.expect("CANCEL");
    stand.respond(&cancel, "200 OK", "called", &With::nothing());
    let gone = With::nothing();
    stand.respond(invite, "487 Request Terminated", "called", &gone);
    stand.expect("ACK");
    let released = stand.records.iter().filter_map(|record| record.cause);
    assert_eq!(released.count(), stand.records.len());
    stand.over()
}

fn who_may_not_transfer_picks_nothing_up(standard: Standard) -> String {
    let settings = Settings {
        second: "",
        ..TRANSFER
    };
    let (mut stand, invite) = rings(standard, settings);
    let early = Dialog::called(&invite, "called").replaces();
    let phone = invites(&mut stand, &early, With::sdp());
    refused(&mut stand, &phone, "403");
    rings_on(stand, &invite)
}

fn a_call_without_common_media_is_not_picked_up(standard: Standard) -> String {
    let (mut stand, invite) = rings(standard, TRANSFER);
    let early = Dialog::called(&invite, "called").replaces();
    let media = With::nothing().media("RTP/AVP 9");
    let phone = invites(&mut stand, &early, media);
    refused(&mut stand, &phone, "488");
    rings_on(stand, &invite)
}

/// A conversation is taken over by a peer that answers our offer in its ACK: the bridge follows.
fn replaces_without_an_offer(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let user = from_sip(&mut stand, With::sdp());
    let mut phone = invites(&mut stand, &user.replaces(), With::nothing());
    is_answered(&mut stand, &mut phone);
    let bye = stand.expect("BYE");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.second_requests(&mut phone, "ACK", &With::sdp());
    stand.seconds(1);
    target_hangs_up(stand, phone)
}
