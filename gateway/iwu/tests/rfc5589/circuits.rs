//! Two parties on circuits are joined by a SIP user: each flow ends with both circuits idle.

use std::time::Duration;

use isup::{
    CalledPartyNumber, CalledPartysStatus, CallingPartyNumber, Cause, Cic, Event, EventInformation,
    Location, MessageType, Notification, OptionalBackwardCallIndicators, SuspendResumeIndicators,
};

use super::super::flows;
use super::super::rfc3398::{from_isup, from_sip};
use super::super::sip_far_end::{Dialog, With};
use super::super::stand::{Settings, Stand};
use super::{TRANSFER, notification, notified};
use crate::config::Standard;
use crate::iwu::{Admin, Input};

flows! { "rfc5589":
    a_caller_to_a_circuit,
    a_called_party_to_a_circuit,
    a_data_call_to_a_circuit,
    to_a_circuit_and_gone,
    to_a_circuit_and_gone_with_early_media,
    to_a_circuit_and_gone_to_a_busy_party,
    to_a_busy_party_on_a_circuit,
    to_a_circuit_and_the_party_clears,
    to_a_circuit_beyond_the_limit,
    suspended_through_a_junction,
    one_of_two_called_parties_is_suspended,
    shut_down_while_joined,
    silent_while_joined,
    a_circuit_is_reset_while_joined,
}

/// The number of the further party in the PSTN.
fn further(standard: Standard) -> (&'static str, &'static str) {
    match standard {
        Standard::Itu => ("+49305550002", "305550002"),
        Standard::Ansi => ("+12125550102", "2125550102"),
    }
}

/// The user refers the party to another number in the PSTN: the circuits of both.
pub(super) fn refers(stand: &mut Stand, user: &mut Dialog) -> (Cic, Cic) {
    let first = stand.cic;
    let to = format!("Refer-To: <sip:{}@127.0.0.1>", further(stand.standard).0);
    stand.request_answered(user, "REFER", &With::nothing().field(&to), "202");
    notified(stand, "100");
    let iam = stand.expect_isup(MessageType::Iam);
    let called = iam.find::<CalledPartyNumber>().unwrap();
    let digits = called.digits.to_string();
    assert!(digits.contains(further(stand.standard).1), "{digits}");
    let calling = iam.find::<CallingPartyNumber>().unwrap();
    assert_eq!(calling.digits.to_string(), stand.numbers.pstn.1);
    assert_ne!(stand.cic, first);
    (first, stand.cic)
}

pub(super) fn rings(stand: &mut Stand) {
    stand.exchange(&stand.acm(CalledPartysStatus::SubscriberFree));
}

/// The further party answers; the user hears of it and is released.
fn answers(stand: &mut Stand, gone: bool) {
    stand.exchange_says(MessageType::Anm);
    notified(stand, "200");
    if !gone {
        let bye = stand.expect("BYE");
        stand.respond(&bye, "200 OK", "", &With::nothing());
    }
    stand.seconds(1);
}

/// REL of one of two joined parties: its cause, with its location, reaches the other.
pub(super) fn clears(mut stand: Stand, (from, other): (Cic, Cic), value: u8) -> String {
    stand.exchange_on(from, &stand.rel(value));
    stand.expect_isup(MessageType::Rlc);
    let rel = stand.expect_isup(MessageType::Rel);
    let cause = rel.find::<Cause>().unwrap();
    assert_eq!(
        (cause.value, cause.location),
        (value, Location::PublicNetworkRemoteUser)
    );
    let rlc = stand.message(MessageType::Rlc);
    stand.exchange_on(other, &rlc);
    stand.over()
}

fn a_caller_to_a_circuit(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    let (first, second) = refers(&mut stand, &mut user);
    rings(&mut stand);
    notified(&mut stand, "180");
    answers(&mut stand, false);
    clears(stand, (second, first), 16)
}

/// The party that is transferred was called by the user: both circuits are outgoing.
fn a_called_party_to_a_circuit(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_sip(&mut stand, With::sdp());
    let (first, second) = refers(&mut stand, &mut user);
    rings(&mut stand);
    notified(&mut stand, "180");
    answers(&mut stand, false);
    clears(stand, (first, second), 31)
}

/// What was clear goes on clear: the circuit is asked for 64 kbit/s unrestricted.
fn a_data_call_to_a_circuit(standard: Standard) -> String {
    let settings = Settings {
        trunk: "transfer = true\ncodecs = [\"pcma\", \"clearmode\"]",
        ..TRANSFER
    };
    let mut stand = Stand::new(standard, settings);
    let clear = With::nothing().media("RTP/AVP 97\r\na=rtpmap:97 CLEARMODE/8000");
    let mut user = from_sip(&mut stand, clear);
    let (first, second) = refers(&mut stand, &mut user);
    answers(&mut stand, false);
    let ladder = clears(stand, (first, second), 16);
    assert_eq!(ladder.matches("RTP CLEARMODE to 127.0.0.1:163").count(), 2);
    ladder
}

/// The user hangs up at once; its subscription goes on without it.
fn gone(standard: Standard) -> (Stand, (Cic, Cic)) {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    let circuits = refers(&mut stand, &mut user);
    stand.request_answered(&mut user, "BYE", &With::nothing(), "200");
    (stand, circuits)
}

/// Nobody talks to the party: it hears ringback.
fn to_a_circuit_and_gone(standard: Standard) -> String {
    let (mut stand, (first, second)) = gone(standard);
    rings(&mut stand);
    notified(&mut stand, "180");
    stand.seconds(2);
    answers(&mut stand, true);
    clears(stand, (first, second), 16)
}

/// What the exchange plays to the one who calls is heard by the party, and no tone beside it.
fn to_a_circuit_and_gone_with_early_media(standard: Standard) -> String {
    let (mut stand, (first, second)) = gone(standard);
    let acm = stand
        .acm(CalledPartysStatus::SubscriberFree)
        .with(OptionalBackwardCallIndicators::IN_BAND_INFORMATION);
    stand.exchange(&acm);
    notified(&mut stand, "183");
    stand.rtp_comes_on(0);
    let cpg = stand
        .message(MessageType::Cpg)
        .with(EventInformation::new(Event::Alerting));
    stand.exchange(&cpg);
    notified(&mut stand, "180");
    stand.seconds(2);
    answers(&mut stand, true);
    clears(stand, (second, first), 16)
}

fn to_a_circuit_and_gone_to_a_busy_party(standard: Standard) -> String {
    let (mut stand, (first, second)) = gone(standard);
    stand.exchange_on(second, &stand.rel(17));
    stand.expect_isup(MessageType::Rlc);
    notified(&mut stand, "486");
    let rel = stand.expect_isup(MessageType::Rel);
    assert_eq!(rel.find::<Cause>().unwrap().value, 17);
    let rlc = stand.message(MessageType::Rlc);
    stand.exchange_on(first, &rlc);
    stand.over()
}

/// The call goes on as it was.
fn to_a_busy_party_on_a_circuit(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    let (first, _) = refers(&mut stand, &mut user);
    stand.exchange(&stand.rel(17));
    stand.expect_isup(MessageType::Rlc);
    notified(&mut stand, "486");
    stand.seconds(1);
    stand.request_answered(&mut user, "BYE", &With::nothing(), "200");
    stand.cic = first;
    stand.expect_release(16);
    stand.over()
}

fn to_a_circuit_and_the_party_clears(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    let (first, second) = refers(&mut stand, &mut user);
    rings(&mut stand);
    notified(&mut stand, "180");
    stand.exchange_on(first, &stand.rel(16));
    stand.expect_isup(MessageType::Rlc);
    notified(&mut stand, "487");
    let bye = stand.expect("BYE");
    stand.respond(&bye, "200 OK", "", &With::nothing());
    stand.cic = second;
    stand.expect_release(16);
    stand.over()
}

/// Both calls are the trunk's.
fn to_a_circuit_beyond_the_limit(standard: Standard) -> String {
    let settings = Settings {
        trunk: "transfer = true\nmost_calls = 1",
        ..TRANSFER
    };
    let mut stand = Stand::new(standard, settings);
    let mut user = from_isup(&mut stand);
    let to = format!("Refer-To: <sip:{}@127.0.0.1>", further(standard).0);
    stand.request_answered(&mut user, "REFER", &With::nothing().field(&to), "202");
    notified(&mut stand, "100");
    notified(&mut stand, "503");
    stand.request_answered(&mut user, "BYE", &With::nothing(), "200");
    stand.expect_release(16);
    stand.over()
}

/// A caller and a called party: SUS and RES cross as they came.
fn suspended_through_a_junction(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    let (first, second) = refers(&mut stand, &mut user);
    answers(&mut stand, false);
    for (kind, by) in [
        (MessageType::Sus, SuspendResumeIndicators::NETWORK_INITIATED),
        (MessageType::Res, SuspendResumeIndicators::NETWORK_INITIATED),
    ] {
        let message = stand.message(kind).with(by);
        stand.exchange_on(second, &message);
        let passed = stand.expect_isup(kind);
        assert_eq!(passed.to_vec(), message.to_vec());
        stand.seconds(1);
    }
    clears(stand, (first, second), 16)
}

/// Two called parties: forward there is no SUS of the network, so that each hears of the other's as
/// of hold.
fn one_of_two_called_parties_is_suspended(standard: Standard) -> String {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_sip(&mut stand, With::sdp());
    let (first, second) = refers(&mut stand, &mut user);
    answers(&mut stand, false);
    for (kind, heard) in [
        (MessageType::Sus, Notification::RemoteHold),
        (MessageType::Res, Notification::RemoteRetrieval),
    ] {
        let by = SuspendResumeIndicators::NETWORK_INITIATED;
        let message = stand.message(kind).with(by);
        stand.exchange_on(second, &message);
        assert_eq!(notification(&mut stand), heard);
        stand.seconds(1);
    }
    clears(stand, (first, second), 16)
}

/// Two circuits that a junction joins.
fn joined(standard: Standard) -> (Stand, (Cic, Cic)) {
    let mut stand = Stand::new(standard, TRANSFER);
    let mut user = from_isup(&mut stand);
    let circuits = refers(&mut stand, &mut user);
    answers(&mut stand, false);
    (stand, circuits)
}

fn shut_down_while_joined(standard: Standard) -> String {
    let (mut stand, _) = joined(standard);
    let limit = Duration::from_secs(5);
    stand.input(Input::Admin(Admin::Drain { limit }));
    stand.blocks();
    stand.seconds(5);
    for _ in 0..2 {
        let (cic, rel) = stand.expect_isup_on(MessageType::Rel);
        assert_eq!(rel.find::<Cause>().unwrap().value, 41);
        let rlc = stand.message(MessageType::Rlc);
        stand.exchange_on(cic, &rlc);
    }
    stand.drained()
}

fn a_circuit_is_reset_while_joined(standard: Standard) -> String {
    let (mut stand, (first, second)) = joined(standard);
    let rsc = stand.message(MessageType::Rsc);
    stand.exchange_on(second, &rsc);
    let (cic, _) = stand.expect_isup_on(MessageType::Rlc);
    assert_eq!(cic, second);
    let (cic, _) = stand.expect_isup_on(MessageType::Rel);
    assert_eq!(cic, first);
    let rlc = stand.message(MessageType::Rlc);
    stand.exchange_on(first, &rlc);
    stand.over()
}

/// No packet of one bridge reaches the other: both circuits are released.
fn silent_while_joined(standard: Standard) -> String {
    let (mut stand, _) = joined(standard);
    stand.rtp_ends_on(1);
    for _ in 0..2 {
        let (cic, _) = stand.expect_isup_on(MessageType::Rel);
        let rlc = stand.message(MessageType::Rlc);
        stand.exchange_on(cic, &rlc);
    }
    stand.over()
}
