//! The call flows of RFC 3398, by its sections.

use isup::{
    AutomaticCongestionLevel, CalledPartysStatus, Cause, Event, EventInformation,
    GenericNotification, Location, Message, MessageType, Notification, NotificationIndicator,
    OptionalBackwardCallIndicators, ParameterCode, SuspendResumeIndicators,
};

use super::flows;
use super::sip_far_end::{Dialog, Heard, With};
use super::stand::{SECOND, Settings, Stand};
use crate::config::Standard;
use crate::sip::location::Record;

flows! { "rfc3398":
    s7_1_1_en_bloc,
    s7_1_2_auto_answer,
    s7_1_3_t7_expires,
    s7_1_4_sip_timeout,
    s7_1_5_call_setup_failure,
    s7_1_5_the_exchange_is_overloaded,
    s7_1_6_cause_in_acm,
    s7_1_7_cancelled_by_sip,
    s8_1_1_en_bloc,
    s8_1_2_auto_answer,
    s8_1_3_sip_timeout,
    s8_1_3_next_trunk_after_timeout,
    s8_1_4_isup_t9_expires,
    s8_1_5_sip_error_response,
    s8_1_6_redirection,
    s8_1_6_redirection_to_a_name,
    s8_1_6_redirection_to_a_name_that_nobody_tells,
    s8_1_6_redirection_to_a_name_and_gone,
    s8_1_6_redirection_told_by_cpg,
    s8_1_6_redirection_released,
    s8_1_7_cancelled_by_isup,
    s9_1_sus_and_res_by_reinvite,
    s9_1_sus_and_res_by_info,
    s9_2_hold_from_sip,
    s9_2_hold_from_isup,
    s10_1_sip_initiated_release,
    s10_2_2_callee_hangs_up,
    s11_1_reset_circuit,
    s11_2_group_reset,
    s11_2_hardware_blocking,
    s11_2_blocking_keeps_the_call,
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

fn s8_1_1_en_bloc(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(
        &invite,
        "181 Call Is Being Forwarded",
        "called",
        &With::nothing(),
    );
    stand.expect_isup(MessageType::Acm);
    stand.expect_isup(MessageType::Cpg);
    stand.respond(&invite, "183 Session Progress", "called", &With::sdp());
    let cpg = stand.expect_isup(MessageType::Cpg);
    let event = cpg.find::<EventInformation>().unwrap().event();
    assert_eq!(event, Event::InBandInformation);
    stand.rtp_comes();
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    let cpg = stand.expect_isup(MessageType::Cpg);
    assert_eq!(
        cpg.find::<EventInformation>().unwrap().event(),
        Event::Alerting
    );
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(MessageType::Anm);
    hang_up(stand, Dialog::called(&invite, "called"))
}

fn s8_1_2_auto_answer(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "200 OK", "called", &With::sdp());
    stand.expect("ACK");
    stand.expect_isup(match standard {
        Standard::Itu => MessageType::Con,
        Standard::Ansi => MessageType::Anm,
    });
    hang_up(stand, Dialog::called(&invite, "called"))
}

/// INVITEs until timer B; T11 has sent an early ACM meanwhile.
fn s8_1_3_sip_timeout(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    stand.expect("INVITE");
    stand.seconds(15);
    let acm = stand.expect_isup(MessageType::Acm);
    let indicators: isup::BackwardCallIndicators = acm.find().unwrap();
    assert_eq!(
        indicators.called_partys_status(),
        CalledPartysStatus::NoIndication
    );
    stand.seconds(17);
    for _ in 0..6 {
        stand.expect("INVITE");
    }
    stand.expect_release(18);
    stand.over()
}

fn s8_1_3_next_trunk_after_timeout(standard: Standard) -> String {
    let settings = Settings {
        route: "[\"user\", \"second\"]",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    stand.exchange_calls(&stand.iam());
    stand.expect("INVITE");
    stand.seconds(32);
    stand.expect_isup(MessageType::Acm);
    for _ in 0..6 {
        stand.expect("INVITE");
    }
    let (to, invite) = stand.expect_at("INVITE");
    assert_eq!(to, SECOND);
    stand.second_responds(
        &invite,
        "503 Service Unavailable",
        "second",
        &With::nothing(),
    );
    stand.expect("ACK");
    stand.expect_release(41);
    stand.over()
}

fn s8_1_4_isup_t9_expires(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "180 Ringing", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.seconds(90);
    stand.exchange(&stand.rel(19));
    stand.expect_isup(MessageType::Rlc);
    let cancel = stand.expect("CANCEL");
    assert!(cancel.field("Reason").contains("cause=19"));
    cancelled(&mut stand, &invite, &cancel);
    stand.over()
}

/// The called side ends an INVITE that was cancelled.
pub(super) fn cancelled(stand: &mut Stand, invite: &Heard, cancel: &Heard) {
    stand.respond(cancel, "200 OK", "called", &With::nothing());
    stand.respond(invite, "487 Request Terminated", "called", &With::nothing());
    stand.expect("ACK");
}

fn s8_1_5_sip_error_response(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    let warning = With::nothing().field("Warning: 305 far \"incompatible media format\"");
    stand.respond(&invite, "488 Not Acceptable Here", "called", &warning);
    stand.expect("ACK");
    stand.expect_release(65);
    stand.over()
}

/// A call that the user redirects to the second trunk's address and to nobody.
fn redirected(stand: &mut Stand) {
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    let contacts = With::nothing()
        .field("Contact: <sip:nobody@far.invalid>;q=0.9, <sip:+12125550142@127.0.0.1:5080>;q=0.5");
    stand.respond(&invite, "302 Moved Temporarily", "called", &contacts);
    stand.expect("ACK");
}

/// Nobody knows the first Contact's host.
fn nobody_is_found(stand: &mut Stand) {
    stand.name_server(&["Naptr of far.invalid"], Some(&[]));
    let services = [
        "Srv of _sip._tcp.far.invalid",
        "Srv of _sip._udp.far.invalid",
    ];
    stand.name_server(&services, Some(&[]));
    stand.name_server(&["A of far.invalid"], Some(&[]));
}

fn answered_by_second(mut stand: Stand) -> String {
    let (to, invite) = stand.expect_at("INVITE");
    assert_eq!(to, SECOND, "{}", stand.ladder());
    assert!(
        invite.uri().starts_with("sip:+12125550142@"),
        "{}",
        invite.uri()
    );
    assert!(invite.field("To").contains(stand.numbers.sip.0));
    stand.second_responds(&invite, "200 OK", "second", &With::sdp());
    stand.expect("ACK");
    let answer = match stand.message_is_due() {
        MessageType::Con => MessageType::Con,
        _ => MessageType::Anm,
    };
    stand.expect_isup(answer);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let bye = stand.expect("BYE");
    stand.second_responds(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

fn s8_1_6_redirection(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    redirected(&mut stand);
    nobody_is_found(&mut stand);
    answered_by_second(stand)
}

/// A Contact whose host is a name: the call waits for the name server.
fn s8_1_6_redirection_to_a_name(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    to_a_name(&mut stand);
    let there = Record::Address("127.0.0.1".parse().unwrap());
    stand.name_server(&["A of second.example.net"], Some(&[there]));
    answered_by_second(stand)
}

fn to_a_name(stand: &mut Stand) {
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    let contact = With::nothing().field("Contact: <sip:+12125550142@second.example.net:5080>");
    stand.respond(&invite, "302 Moved Temporarily", "called", &contact);
    stand.expect("ACK");
    stand.seconds(1);
    stand.quiet();
}

/// The name server does not answer: the call ends as the redirection says.
fn s8_1_6_redirection_to_a_name_that_nobody_tells(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    to_a_name(&mut stand);
    stand.name_server(&["A of second.example.net"], None);
    stand.expect_release(31);
    stand.over()
}

/// The caller clears while the name server is being asked: nobody is called by its answer.
fn s8_1_6_redirection_to_a_name_and_gone(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    to_a_name(&mut stand);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let there = Record::Address("127.0.0.1".parse().unwrap());
    stand.name_server(&["A of second.example.net"], Some(&[there]));
    stand.over()
}

fn s8_1_6_redirection_told_by_cpg(standard: Standard) -> String {
    let settings = Settings {
        trunk: "redirect = \"notify\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    redirected(&mut stand);
    stand.expect_isup(MessageType::Acm);
    nobody_is_found(&mut stand);
    let cpg = stand.expect_isup(MessageType::Cpg);
    let event = cpg.find::<EventInformation>().unwrap().event();
    assert_eq!(event, Event::ForwardedUnconditional);
    answered_by_second(stand)
}

fn s8_1_6_redirection_released(standard: Standard) -> String {
    let settings = Settings {
        trunk: "redirect = \"release\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    redirected(&mut stand);
    let rel = stand.expect_release(23);
    let cause: Cause = rel.find().unwrap();
    // International, odd number of digits: 12125550142.
    assert_eq!(
        cause.diagnostics,
        [0x84, 0x10, 0x21, 0x21, 0x55, 0x05, 0x41, 0x02]
    );
    stand.over()
}

fn s8_1_7_cancelled_by_isup(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    stand.exchange_calls(&stand.iam());
    let invite = stand.expect("INVITE");
    stand.respond(&invite, "183 Session Progress", "called", &With::nothing());
    stand.expect_isup(MessageType::Acm);
    stand.exchange(&stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    let cancel = stand.expect("CANCEL");
    cancelled(&mut stand, &invite, &cancel);
    stand.over()
}

fn by_network(stand: &Stand, kind: MessageType) -> Message {
    stand
        .message(kind)
        .with(SuspendResumeIndicators::NETWORK_INITIATED)
}

/// A re-INVITE of the gateway with this direction, and the user's answer.
fn reinvited(stand: &mut Stand, direction: &str, answer: &str) {
    let reinvite = stand.expect("INVITE");
    let sdp = reinvite.sdp().unwrap();
    assert!(sdp.contains(&format!("a={direction}\r\n")), "{sdp}");
    stand.respond(&reinvite, "200 OK", "", &With::nothing().direction(answer));
    stand.expect("ACK");
}

fn s9_1_sus_and_res_by_reinvite(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = from_sip(&mut stand, With::sdp());
    stand.exchange(&by_network(&stand, MessageType::Sus));
    reinvited(&mut stand, "inactive", "inactive");
    stand.seconds(10);
    stand.exchange(&by_network(&stand, MessageType::Res));
    reinvited(&mut stand, "sendrecv", "sendrecv");
    hang_up(stand, caller)
}

fn s9_1_sus_and_res_by_info(standard: Standard) -> String {
    let settings = Settings {
        trunk: "isup = \"optional\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    let iam = stand.iam();
    let caller = from_sip(&mut stand, With::sdp().isup(&iam));
    for kind in [MessageType::Sus, MessageType::Res] {
        let message = by_network(&stand, kind);
        stand.exchange(&message);
        let info = stand.expect("INFO");
        assert_eq!(info.isup().unwrap(), message.to_vec());
        stand.respond(&info, "200 OK", "", &With::nothing());
        stand.seconds(5);
    }
    hang_up(stand, caller)
}

fn hold_notified(stand: &mut Stand, notification: Notification) {
    let cpg = stand.expect_isup(MessageType::Cpg);
    let found = match stand.standard {
        Standard::Itu => cpg.find::<GenericNotification>().unwrap().notification,
        Standard::Ansi => {
            Notification::from_code(cpg.find::<NotificationIndicator>().unwrap().0[0] & 0x7F)
        }
    };
    assert_eq!(found, notification);
}

fn s9_2_hold_from_sip(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let mut caller = from_sip(&mut stand, With::sdp());
    for (direction, notification) in [
        ("sendonly", Notification::RemoteHold),
        ("sendrecv", Notification::RemoteRetrieval),
    ] {
        let offer = With::nothing().direction(direction);
        let answer = stand.request_answered(&mut caller, "INVITE", &offer, "200");
        assert!(answer.sdp().is_some());
        stand.request(&mut caller, "ACK", &With::nothing());
        hold_notified(&mut stand, notification);
        stand.seconds(3);
    }
    hang_up(stand, caller)
}

/// The exchange holds a call that came from it, and retrieves it.
fn s9_2_hold_from_isup(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let called = from_isup(&mut stand);
    for (notification, direction) in [
        (Notification::RemoteHold, "inactive"),
        (Notification::RemoteRetrieval, "sendrecv"),
    ] {
        let message = cpg(&stand, Event::Progress);
        let message = match standard {
            Standard::Itu => message.with(GenericNotification::new(notification)),
            Standard::Ansi => message.with(NotificationIndicator(vec![0x80 | notification.code()])),
        };
        stand.exchange(&message);
        reinvited(&mut stand, direction, direction);
        stand.seconds(3);
    }
    hang_up(stand, called)
}

/// With a REL in the BYE, its cause goes on.
fn s10_1_sip_initiated_release(standard: Standard) -> String {
    let settings = Settings {
        trunk: "isup = \"optional\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    let iam = stand.iam();
    let mut caller = from_sip(&mut stand, With::sdp().isup(&iam));
    let rel = stand.rel(31);
    stand.request_answered(&mut caller, "BYE", &With::nothing().isup(&rel), "200");
    let sent = stand.expect_release(31);
    assert_eq!(sent.to_vec(), rel.to_vec());
    stand.over()
}

fn s10_2_2_callee_hangs_up(standard: Standard) -> String {
    let settings = Settings {
        group: "timers = { t6 = \"30s\" }",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    from_sip(&mut stand, With::sdp());
    stand.exchange(&by_network(&stand, MessageType::Sus));
    reinvited(&mut stand, "inactive", "inactive");
    stand.seconds(30);
    let bye = stand.expect("BYE");
    assert!(bye.field("Reason").contains("cause=16"));
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.expect_release(16);
    stand.over()
}

fn s11_1_reset_circuit(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    from_sip(&mut stand, With::sdp());
    stand.exchange_says(MessageType::Rsc);
    stand.expect_isup(MessageType::Rlc);
    let bye = stand.expect("BYE");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

/// A message about the circuits from the flow's on; ANSI sends each twice.
fn about_group(stand: &mut Stand, kind: MessageType, supervision: Option<u8>) {
    let content = match kind {
        MessageType::Grs => vec![2],
        _ => vec![2, 0b111],
    };
    let mut message = stand
        .message(kind)
        .with_content(ParameterCode::RANGE_AND_STATUS, &content);
    if let Some(supervision) = supervision {
        message = message.with_content(
            ParameterCode::CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE,
            &[supervision],
        );
    }
    stand.exchange(&message);
    if stand.is_ansi() {
        stand.exchange(&message);
    }
}

fn s11_2_group_reset(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    from_sip(&mut stand, With::sdp());
    about_group(&mut stand, MessageType::Grs, None);
    stand.expect_isup(MessageType::Gra);
    let bye = stand.expect("BYE");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.over()
}

fn s11_2_hardware_blocking(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    stand.exchange(&stand.acm(CalledPartysStatus::SubscriberFree));
    stand.expect("180");
    about_group(&mut stand, MessageType::Cgb, Some(1));
    let refusal = stand.expect("5");
    stand.acknowledge(&caller, &refusal);
    stand.expect_isup(MessageType::Cgba);
    stand.over()
}

/// BLO takes the circuit from new calls; the one that talks goes on.
fn s11_2_blocking_keeps_the_call(standard: Standard) -> String {
    let mut stand = Stand::new(standard, Settings::default());
    let caller = from_sip(&mut stand, With::sdp());
    stand.exchange_says(MessageType::Blo);
    stand.expect_isup(MessageType::Bla);
    stand.seconds(5);
    hang_up(stand, caller)
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
