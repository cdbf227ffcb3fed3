//! The call flows of RFC 3666 that have an ISUP side, without the proxies between the gateway and
//! its user.

use isup::{
    CalledPartyNumber, CalledPartysStatus, CallingPartyNumber, ForwardCallIndicators, Message,
    MessageType, NatureOfAddress, OptionalBackwardCallIndicators,
};

use super::flows;
use super::pair::Pair;
use super::rfc3398::cancelled;
use super::sip_far_end::{Dialog, With};
use super::stand::{Settings, Stand};
use crate::config::Standard;

flows! { "rfc3666":
    s2_1_sip_to_isup,
    s2_3_overflow,
    s2_5_treatment_from_pstn,
    s2_6_rel_with_cause,
    s2_7_anm_timeout,
    s3_1_pstn_to_sip,
    s3_2_fast_answer,
    s3_4_sip_error_to_rel,
    s3_5_busy_to_rel,
    s3_6_error_with_interworking,
    s3_6_nobody_clears_the_tone,
    s3_7_acm_timeout_stateful_proxy,
    s3_8_acm_timeout_stateless_proxy,
    s3_9_caller_abandons,
    s3_9_caller_abandons_while_200_crosses,
    s4_1_isup_to_isup,
}

/// An ACM that says nothing of the called party and that there is something to be heard.
fn in_band(stand: &Stand) -> Message {
    stand
        .acm(CalledPartysStatus::NoIndication)
        .with(OptionalBackwardCallIndicators::IN_BAND_INFORMATION)
}

/// §2.1 up to the conversation.
fn answered(stand: &mut Stand) -> Dialog {
    let mut caller = stand.invite(With::sdp());
    let iam = stand.expect_isup(MessageType::Iam);
    let called: CalledPartyNumber = iam.find().unwrap();
    assert_eq!(called.digits.without_st().to_string(), stand.numbers.pstn.1);
    assert_eq!(called.nature, NatureOfAddress::National);
    let calling: CallingPartyNumber = iam.find().unwrap();
    assert_eq!(calling.digits.to_string(), stand.numbers.sip.1);
    assert_eq!(calling.nature, NatureOfAddress::National);
    stand.seconds(1);
    stand.exchange(&in_band(stand));
    let progress = stand.expect("183");
    assert!(progress.sdp().is_some());
    stand.seconds(1);
    stand.exchange_says(MessageType::Anm);
    let ok = stand.expect("200");
    assert!(
        ok.field("Contact").contains("127.0.0.1:5060"),
        "{}",
        ok.field("Contact")
    );
    caller.learn(&ok);
    stand.request(&mut caller, "ACK", &With::nothing());
    stand.seconds(1);
    caller
}

fn s2_1_sip_to_isup(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let mut caller = answered(&mut stand);
    stand.request_answered(&mut caller, "BYE", &With::nothing(), "200");
    stand.expect_release(16);
    stand.over()
}

/// The first gateway of the RFC's flow: all its circuits are busy.
fn s2_3_overflow(standard: Standard) -> String {
    let settings = Settings {
        timeslots: "1",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    let mut first = answered(&mut stand);
    let second = stand.invite(With::sdp());
    let refusal = stand.expect("503");
    assert!(refusal.field("Reason").contains("cause=34"));
    stand.acknowledge(&second, &refusal);
    stand.request_answered(&mut first, "BYE", &With::nothing(), "200");
    stand.expect_release(16);
    stand.over()
}

/// The RFC shows cause 18; RFC 3398 §7.2.3 says 16.
fn s2_5_treatment_from_pstn(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let mut caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&in_band(&stand));
    assert!(stand.expect("183").sdp().is_some());
    stand.seconds(5);
    stand.request_answered(&mut caller, "CANCEL", &With::nothing(), "200");
    let refusal = stand.expect("487");
    stand.acknowledge(&caller, &refusal);
    stand.expect_release(16);
    stand.over()
}

fn s2_6_rel_with_cause(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let (number, digits) = match standard {
        Standard::Itu => ("+12125550101", "12125550101"),
        Standard::Ansi => ("+49305550001", "49305550001"),
    };
    let caller = stand.invite_to(number, With::sdp());
    let iam = stand.expect_isup(MessageType::Iam);
    let called: CalledPartyNumber = iam.find().unwrap();
    assert_eq!(called.digits.without_st().to_string(), digits);
    assert_eq!(called.nature, NatureOfAddress::International);
    stand.exchange(&stand.rel(1));
    stand.expect_isup(MessageType::Rlc);
    let refusal = stand.expect("404");
    assert!(refusal.field("Reason").contains("cause=1"));
    stand.acknowledge(&caller, &refusal);
    stand.over()
}

/// The RFC shows cause 18; RFC 3398 §7.2.8 says 19.
fn s2_7_anm_timeout(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&in_band(&stand));
    stand.expect("183");
    stand.seconds(120);
    // RFC 3261 §13.3.1.1: an unreliable provisional response is repeated each minute.
    let refusal = loop {
        let heard = stand.expect("");
        if !heard.line().starts_with("183 ") {
            break heard;
        }
    };
    assert!(refusal.line().starts_with("480 "), "{}", refusal.line());
    stand.acknowledge(&caller, &refusal);
    stand.expect_release(19);
    stand.over()
}

fn s3_1_pstn_to_sip(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    assert_eq!(
        invite.uri(),
        format!("sip:{}@127.0.0.1:5070;user=phone", stand.numbers.sip.0)
    );
    stand.respond(&invite, "100 Trying", "", &With::nothing());
    stand.seconds(1);
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.seconds(1);
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(MessageType::Anm);
    stand.seconds(1);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let bye = stand.expect("BYE");
    assert!(bye.field("Reason").contains("cause=16"));
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

fn s3_2_fast_answer(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(match standard {
        Standard::Itu => MessageType::Con,
        Standard::Ansi => MessageType::Anm,
    });
    stand.seconds(1);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let bye = stand.expect("BYE");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

fn refused(standard: Standard, status: &str, cause: u8) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, status, "called", &With::nothing());
    stand.expect("ACK");
    stand.expect_release(cause);
    stand.over()
}

fn s3_4_sip_error_to_rel(standard: Standard) -> String {
    refused(standard, "604 Does Not Exist Anywhere", 1)
}

fn s3_5_busy_to_rel(standard: Standard) -> String {
    refused(standard, "600 Busy Everywhere", 17)
}

/// An IAM that has met another kind of network is refused: the caller hears a busy tone.
fn hears_a_busy_tone(settings: Settings, standard: Standard) -> Stand {
    let mut stand = Stand::new(standard, settings);
    let iam = stand
        .iam()
        .with(ForwardCallIndicators::INTERWORKING_ENCOUNTERED);
    stand.exchange_calls(&iam);
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "600 Busy Everywhere", "called", &With::nothing());
    stand.expect("ACK");
    let acm = stand.expect_isup(MessageType::Acm);
    let optional: OptionalBackwardCallIndicators = acm.find().unwrap();
    assert!(optional.contains(OptionalBackwardCallIndicators::IN_BAND_INFORMATION));
    stand
}

fn s3_6_error_with_interworking(standard: Standard) -> String {
    let mut stand = hears_a_busy_tone(Settings::default(), standard);
    stand.seconds(5);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    stand.over()
}

/// What the RFC leaves out: the tone has an end.
fn s3_6_nobody_clears_the_tone(standard: Standard) -> String {
    let settings = Settings {
        group: "announcement = \"20s\"",
        ..Settings::default()
    };
    let mut stand = hears_a_busy_tone(settings, standard);
    stand.seconds(20);
    stand.expect_release(17);
    stand.over()
}

fn s3_7_acm_timeout_stateful_proxy(standard: Standard) -> String {
    let mut stand = Stand::new(
        standard,
        Settings {
            group: "timers = { t11 = \"off\" }",
            ..Settings::default()
        },
    );
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "100 Trying", "", &With::nothing());
    stand.seconds(25);
    stand.exchange(&stand.rel(102));
    stand.expect_isup(MessageType::Rlc);
    let cancel = stand.expect("CANCEL");
    assert!(cancel.field("Reason").contains("cause=102"));
    cancelled(&mut stand, &invite, &cancel);
    stand.over()
}

/// No provisional response: no CANCEL (RFC 3261 §9.1).
fn s3_8_acm_timeout_stateless_proxy(standard: Standard) -> String {
    let mut stand = Stand::new(
        standard,
        Settings {
            group: "timers = { t11 = \"off\" }",
            ..Settings::default()
        },
    );
    stand.exchange_calls(&stand.iam());
    stand.expect("INVITE");
    stand.seconds(20);
    for _ in 0..5 {
        stand.expect("INVITE");
    }
    stand.exchange(&stand.rel(102));
    stand.expect_isup(MessageType::Rlc);
    stand.seconds(15);
    stand.expect("INVITE");
    stand.over()
}

fn s3_9_caller_abandons(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.seconds(5);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let cancel = stand.expect("CANCEL");
    cancelled(&mut stand, &invite, &cancel);
    stand.over()
}

fn s3_9_caller_abandons_while_200_crosses(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.seconds(5);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let cancel = stand.expect("CANCEL");
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    let bye = stand.expect("BYE");
    stand.respond(
        &cancel,
        "481 No Such Transaction",
        "called",
        &With::nothing(),
    );
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

fn s4_1_isup_to_isup(standard: Standard) -> String {
    let mut pair = Pair::new(standard);
    let iam = pair.near.iam();
    pair.near.exchange_calls(&iam);
    pair.carry();
    assert_eq!(
        pair.far.expect_isup(MessageType::Iam).to_vec(),
        iam.to_vec()
    );
    let acm = in_band(&pair.far);
    pair.far.exchange(&acm);
    pair.carry();
    assert_eq!(
        pair.near.expect_isup(MessageType::Acm).to_vec(),
        acm.to_vec()
    );
    pair.far.exchange_says(MessageType::Anm);
    pair.carry();
    pair.near.expect_isup(MessageType::Anm);
    // The called side hangs up.
    let rel = pair.far.rel(16);
    pair.far.exchange(&rel);
    pair.far.expect_isup(MessageType::Rlc);
    pair.carry();
    assert_eq!(pair.near.expect_release(16).to_vec(), rel.to_vec());
    pair.carry();
    pair.over()
}
