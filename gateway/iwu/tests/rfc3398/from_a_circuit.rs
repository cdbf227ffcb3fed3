//! Calls from a circuit (RFC 3398 §8.1).

use isup::{CalledPartysStatus, Cause, Event, EventInformation, MessageType};

use super::super::flows;
use super::super::sip_far_end::{Dialog, Heard, With};
use super::super::stand::{SECOND, Settings, Stand};
use super::hang_up;
use crate::config::Standard;
use crate::sip::location::Record;

flows! { "rfc3398":
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
pub(in crate::iwu::tests) fn cancelled(stand: &mut Stand, invite: &Heard, cancel: &Heard) {
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
