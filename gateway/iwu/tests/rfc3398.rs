//! The call flows of RFC 3398, by its sections: calls from SIP (§7), and what belongs to several.

mod from_a_circuit;
mod while_talking;

use isup::{
    AutomaticCongestionLevel, CalledPartysStatus, Cause, Event, EventInformation, Location,
    Message, MessageType, OptionalBackwardCallIndicators,
};

use super::flows;
use super::sip_far_end::{Dialog, With};
use super::stand::{Settings, Stand};
use crate::config::Standard;

pub(super) use from_a_circuit::cancelled;

flows! { "rfc3398":
    s7_1_1_en_bloc,
    s7_1_2_auto_answer,
    s7_1_3_t7_expires,
    s7_1_4_sip_timeout,
    s7_1_5_call_setup_failure,
    s7_1_5_the_exchange_is_overloaded,
    s7_1_6_cause_in_acm,
    s7_1_7_cancelled_by_sip,
    a_congested_exchange,
    early_media_told_to_sip,
    early_media_that_never_comes,
    early_media_that_is_not_allowed,
}

fn cpg(stand: &Stand, event: Event) -> Message {
    stand
        .message(MessageType::Cpg)
        .with(EventInformation::new(event))
}

/// A call from SIP, answered.
pub(super) fn from_sip(stand: &mut Stand, with: With) -> Dialog {
    let mut caller = stand.invite(with);
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&stand.acm(CalledPartysStatus::SubscriberFree));
    stand.expect("180");
    stand.seconds(1);
    stand.exchange_says(MessageType::Anm);
    let ok = stand.expect("200");
    caller.learn(&ok);
    stand.request(&mut caller, "ACK", &With::nothing());
    stand.seconds(1);
    caller
}

/// A call from the circuit, answered.
pub(super) fn from_isup(stand: &mut Stand) -> Dialog {
    let iam = stand.iam();
    from_isup_with(stand, &iam)
}

/// The same, by this IAM.
pub(super) fn from_isup_with(stand: &mut Stand, iam: &Message) -> Dialog {
    stand.exchange_calls(iam);
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.seconds(1);
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(MessageType::Anm);
    stand.seconds(1);
    Dialog::called(&invite, "called")
}

/// The SIP user hangs up.
pub(super) fn hang_up(mut stand: Stand, mut dialog: Dialog) -> String {
    stand.request_answered(&mut dialog, "BYE", &With::nothing(), "200");
    stand.expect_release(16);
    stand.over()
}

fn s7_1_1_en_bloc(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let mut caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&stand.acm(CalledPartysStatus::NoIndication));
    stand.expect("183");
    stand.exchange(&cpg(&stand, Event::Progress));
    stand.expect("183");
    stand.exchange(&cpg(&stand, Event::ForwardedOnNoReply));
    stand.expect("181");
    stand.exchange(&cpg(&stand, Event::Alerting));
    stand.expect("180");
    stand.exchange_says(MessageType::Anm);
    let ok = stand.expect("200");
    caller.learn(&ok);
    stand.request(&mut caller, "ACK", &With::nothing());
    hang_up(stand, caller)
}

fn s7_1_2_auto_answer(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let mut caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange_says(match standard {
        Standard::Itu => MessageType::Con,
        Standard::Ansi => MessageType::Anm,
    });
    let ok = stand.expect("200");
    caller.learn(&ok);
    stand.request(&mut caller, "ACK", &With::nothing());
    hang_up(stand, caller)
}

fn s7_1_3_t7_expires(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.seconds(20);
    let refusal = stand.expect("504");
    stand.acknowledge(&caller, &refusal);
    stand.expect_release(102);
    stand.over()
}

/// The 200 is sent until 64*T1 have passed; then both legs are released.
fn s7_1_4_sip_timeout(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange_says(MessageType::Anm);
    stand.seconds(32);
    let mut sent = 0;
    let bye = loop {
        let heard = stand.expect("");
        if heard.line().starts_with("BYE") {
            break heard;
        }
        assert!(heard.line().starts_with("200 "), "{}", heard.line());
        sent += 1;
    };
    // At 0, 0.5, 1.5, 3.5 s, and each T2 of 4 s from there (RFC 3261 §13.3.1.4).
    assert_eq!(sent, 11);
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.expect_release(102);
    stand.over()
}

fn s7_1_5_call_setup_failure(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&stand.rel(17));
    stand.expect_isup(MessageType::Rlc);
    let refusal = stand.expect("486");
    stand.acknowledge(&caller, &refusal);
    stand.over()
}

/// OLM (Q.764 §2.9.9): the caller is refused at once, the circuit is released when T3 ends.
fn s7_1_5_the_exchange_is_overloaded(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange_says(MessageType::Olm);
    let refusal = stand.expect("503");
    stand.acknowledge(&caller, &refusal);
    stand.seconds(120);
    stand.expect_release(42);
    stand.over()
}

fn s7_1_6_cause_in_acm(standard: Standard) -> String {
    let settings = Settings {
        group: "announcement = \"10s\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    let caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    let acm = stand
        .acm(CalledPartysStatus::NoIndication)
        .with(Cause::new(1, Location::PublicNetworkRemoteUser))
        .with(OptionalBackwardCallIndicators::IN_BAND_INFORMATION);
    stand.exchange(&acm);
    assert!(stand.expect("183").sdp().is_some());
    stand.seconds(10);
    let refusal = stand.expect("404");
    stand.acknowledge(&caller, &refusal);
    stand.expect_release(1);
    stand.over()
}

fn s7_1_7_cancelled_by_sip(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let mut caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&stand.acm(CalledPartysStatus::SubscriberFree));
    stand.expect("180");
    let reason = With::nothing().field("Reason: Q.850;cause=31");
    stand.request_answered(&mut caller, "CANCEL", &reason, "200");
    let refusal = stand.expect("487");
    stand.acknowledge(&caller, &refusal);
    stand.expect_release(31);
    stand.over()
}

/// The exchange asks for less traffic: a share of new calls is refused here, with a time to wait.
fn a_congested_exchange(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    let rel = stand.rel(42).with(AutomaticCongestionLevel::Level2);
    stand.exchange(&rel);
    stand.expect_isup(MessageType::Rlc);
    let refusal = stand.expect("503");
    stand.acknowledge(&caller, &refusal);
    // Three new calls of five.
    let caller = from_sip(&mut stand, With::sdp());
    let refused = stand.invite(With::sdp());
    let refusal = stand.expect("503");
    assert!(refusal.field("Reason").contains("cause=42"));
    assert_eq!(refusal.field("Retry-After"), "10");
    stand.acknowledge(&refused, &refusal);
    hang_up(stand, caller)
}

/// A trusted caller that reads P-Early-Media is told that there is something to hear.
fn early_media_told_to_sip(standard: Standard) -> String {
    let settings = Settings {
        trunk: "trusted = true",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    let mut caller = stand.invite(With::sdp().field("P-Early-Media: supported"));
    stand.expect_isup(MessageType::Iam);
    let acm = stand
        .acm(CalledPartysStatus::SubscriberFree)
        .with(OptionalBackwardCallIndicators::IN_BAND_INFORMATION);
    stand.exchange(&acm);
    let progress = stand.expect("183");
    assert_eq!(progress.field("P-Early-Media"), "sendonly");
    stand.exchange_says(MessageType::Anm);
    let ok = stand.expect("200");
    caller.learn(&ok);
    stand.request(&mut caller, "ACK", &With::nothing());
    hang_up(stand, caller)
}

/// A promise that is not kept: ringback after three seconds, until media come after all.
fn early_media_that_never_comes(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "183 Session Progress", "called", &With::sdp());
    stand.expect_isup(MessageType::Acm);
    stand.seconds(5);
    stand.rtp_comes();
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(MessageType::Anm);
    hang_up(stand, Dialog::called(&invite, "called"))
}

/// RFC 5009: what may not be heard is not let through.
fn early_media_that_is_not_allowed(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    let inactive = With::sdp().field("P-Early-Media: inactive");
    stand.respond(&invite, "180 Ringing", "called", &inactive);
    stand.expect_isup(MessageType::Acm);
    stand.rtp_comes();
    stand.seconds(5);
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(MessageType::Anm);
    hang_up(stand, Dialog::called(&invite, "called"))
}
