//! How many calls a SIP trunk may have, how many may begin in a second, and none while it is
//! silent.

use isup::{Cause, MessageType};

use super::flows;
use super::rfc3398::{from_isup, from_sip};
use super::sip_far_end::{Dialog, With};
use super::stand::{Settings, Stand};
use crate::config::Standard;

flows! { "limits":
    the_trunk_has_its_calls,
    the_trunk_has_its_calls_of_this_second,
    another_trunk_has_room,
    a_silent_trunk_is_a_temporary_failure,
    another_trunk_is_not_silent,
}

/// A span has 31 timeslots, also one without a line: who calls beyond them is refused at once.
#[test]
fn so_many_callers_hear_an_announcement_without_a_circuit() {
    let settings = Settings {
        trunk: "announcements = { 3 = \"nobody\" }",
        to_pstn: "prefix = \"+49305551\"",
        more: "[[announcement]]\nname = \"nobody\"\nfile = \"nobody.wav\"",
        ..Settings::default()
    };
    let mut stand = Stand::new(Standard::Itu, settings);
    let mut told = Vec::new();
    for _ in 0..31 {
        let caller = stand.invite(With::sdp());
        stand.expect("183");
        told.push(caller);
    }
    let caller = stand.invite(With::sdp());
    let refusal = stand.expect("404");
    stand.acknowledge(&caller, &refusal);
    // No media that could be heard: an INVITE without an offer.
    let caller = stand.invite(With::nothing());
    let refusal = stand.expect("404");
    stand.acknowledge(&caller, &refusal);
    // The length that the trunk group sets for announcements ends them.
    stand.seconds(30);
    for caller in told {
        let refusal = stand.expect("404");
        assert!(refusal.field("Reason").contains("cause=3"));
        stand.acknowledge(&caller, &refusal);
    }
    assert_eq!(stand.records.len(), 33);
    stand.over();
}

const ONE_CALL: Settings = Settings {
    group: "",
    trunk: "most_calls = 1",
    second: "",
    to_pstn: "",
    to_sip: "",
    route: "",
    timeslots: "",
    more: "",
    swapped: false,
};

/// An INVITE that is one too many: 503, when to try again, and why; no circuit is touched.
fn refused(stand: &mut Stand, retry_after: &str) {
    let caller = stand.invite(With::sdp());
    let refusal = stand.expect("503");
    assert_eq!(refusal.field("Retry-After"), retry_after);
    assert!(
        refusal.field("Reason").contains("cause=42"),
        "{}",
        refusal.field("Reason")
    );
    stand.acknowledge(&caller, &refusal);
    stand.quiet();
}

fn ends(stand: &mut Stand, mut dialog: Dialog) {
    stand.request_answered(&mut dialog, "BYE", &With::nothing(), "200");
    stand.expect_release(16);
}

/// Calls of both directions count together; those from the PSTN are released.
fn the_trunk_has_its_calls(standard: Standard) -> String {
    let mut stand = Stand::new(standard, ONE_CALL);
    let first = from_sip(&mut stand, With::sdp());
    refused(&mut stand, "10");
    let busy = stand.cic;
    stand.exchange_calls(&stand.iam());
    let rel = stand.expect_release(42);
    assert_eq!(rel.find::<Cause>().unwrap().value, 42);
    stand.cic = busy;
    ends(&mut stand, first);
    // Room again, and taken by a call of the other direction.
    let second = from_isup(&mut stand);
    refused(&mut stand, "10");
    ends(&mut stand, second);
    stand.over()
}

fn the_trunk_has_its_calls_of_this_second(standard: Standard) -> String {
    let settings = Settings {
        trunk: "calls_per_second = 2",
        ..Settings::default()
    };
    let mut stand = Stand::new(standard, settings);
    let mut calls = Vec::new();
    for _ in 0..2 {
        let caller = stand.invite(With::sdp());
        stand.expect_isup(MessageType::Iam);
        calls.push((caller, stand.cic));
    }
    refused(&mut stand, "1");
    stand.seconds(1);
    let caller = stand.invite(With::sdp());
    stand.expect_isup(MessageType::Iam);
    calls.push((caller, stand.cic));
    for (mut caller, cic) in calls {
        stand.cic = cic;
        stand.request_answered(&mut caller, "CANCEL", &With::nothing(), "200");
        let refusal = stand.expect("487");
        stand.acknowledge(&caller, &refusal);
        stand.expect_isup(MessageType::Rel);
        stand.exchange_says(MessageType::Rlc);
    }
    stand.over()
}

/// A call of the exchange, for which the second SIP user is busy.
fn goes_to_the_second(stand: &mut Stand) {
    stand.exchange_calls(&stand.iam());
    let (to, invite) = stand.expect_at("INVITE");
    assert_eq!(to, super::stand::SECOND);
    stand.second_responds(&invite, "486 Busy Here", "second", &With::nothing());
    stand.expect("ACK");
    stand.expect_release(17);
}

/// The next trunk of the route gets the call.
fn another_trunk_has_room(standard: Standard) -> String {
    let settings = Settings {
        route: "[\"user\", \"second\"]",
        ..ONE_CALL
    };
    let mut stand = Stand::new(standard, settings);
    let first = from_sip(&mut stand, With::sdp());
    let busy = stand.cic;
    goes_to_the_second(&mut stand);
    stand.cic = busy;
    ends(&mut stand, first);
    stand.over()
}

const SILENT: Settings = Settings {
    trunk: "options = \"10min\"",
    ..ONE_CALL
};

/// A unit whose SIP user has left an OPTIONS unanswered until the next.
fn silent(standard: Standard, settings: Settings) -> Stand {
    let mut stand = Stand::new(standard, settings);
    stand.seconds(660);
    let mut asked = 0;
    while let Some(octets) = stand.unheard() {
        asked += usize::from(octets.starts_with(b"OPTIONS "));
    }
    assert!(asked > 1);
    stand
}

/// The exchange may try another way, and should again.
fn a_silent_trunk_is_a_temporary_failure(standard: Standard) -> String {
    let mut stand = silent(standard, SILENT);
    stand.exchange_calls(&stand.iam());
    stand.expect_release(41);
    let record = &stand.records[0];
    assert_eq!((record.cause, record.sip_status), (Some(41), Some(503)));
    assert_eq!(record.mapped_by.as_deref(), Some("RFC 3398 §8.2.6.1"));
    stand.over()
}

/// The next trunk of the route gets the call at once.
fn another_trunk_is_not_silent(standard: Standard) -> String {
    let settings = Settings {
        route: "[\"user\", \"second\"]",
        ..SILENT
    };
    let mut stand = silent(standard, settings);
    goes_to_the_second(&mut stand);
    stand.over()
}
