//! A span that is lost under calls.

use std::time::Duration;

use isthmus::demo::real_time::{Line, Live};
use isthmus::demo::scenario::in_service;
use isthmus::demo::settings::numbers::{ECHO, RING};
use isthmus::demo::stage::{Stage, pass, until};
use lab::sip_peer::{CallId, CallState, SeenMessage};

use super::{blocked, call, configure, explained, folder, give_back, reaches, state, take_away};

/// Q.850: temporary failure, for a line that broke under a call: another may do. As a response it is a 503
/// (RFC 3398 §7.2.4.1).
const FAILED: u16 = 41;

/// What the gateway ended a call of the SIP user with.
fn end_of(live: &mut Live, call: CallId) -> SeenMessage {
    let messages = live.user().sip().messages(call);
    let end = messages.filter(|(_, sent, message)| {
        let is_final = message.status().is_some_and(|status| status >= 300);
        !sent && (is_final || message.is_request("BYE"))
    });
    end.last().unwrap().2.clone()
}

/// The driver repeats and filters signal units of the gateway's link. Under calls that talk and ring, the
/// line's spans are taken away: the gateway's circuits are blocked, the calls are cleared, and when the span is
/// back everything comes into service by itself.
#[test]
fn a_span_that_is_lost_under_calls_is_blocked_and_comes_back_by_itself() {
    configure("channels.conf");
    let mut live = Live::start(&folder("loss"), Line::dahdi(1, 2).unwrap()).unwrap();
    assert!(in_service(&mut live).unwrap(), "{}", explained(&mut live));
    // One after the other: a debug build on the machine's slow processor is busy with a call for some
    // 50 ms, and its signalling link must not wait for a crowd.
    let mut calls = |number, count: u8| -> Vec<_> {
        let mut one = || {
            pass(&mut live, Duration::from_millis(150)).unwrap();
            call(&mut live, number)
        };
        (0..count).map(|_| one()).collect()
    };
    let (talking, ringing) = (calls(ECHO, 20), calls(RING, 4));
    for call in &talking {
        reaches(&mut live, *call, CallState::Confirmed);
    }
    assert_eq!(blocked(&mut live), 0);

    let devices = take_away();
    let calls = [talking, ringing].concat();
    for call in &calls {
        reaches(&mut live, *call, CallState::Terminated);
    }
    let all = until(&mut live, Duration::from_secs(5), |live| {
        blocked(live) == 30
    });
    assert!(
        all.unwrap(),
        "every circuit is blocked, not only {}",
        blocked(&mut live)
    );
    let causes: Vec<_> = live
        .seen()
        .records
        .iter()
        .map(|record| record.cause)
        .collect();
    assert_eq!(causes, vec![Some(FAILED as u8); calls.len()]);
    for (place, call) in calls.iter().enumerate() {
        let end = end_of(&mut live, *call);
        assert_eq!(end.q850(), Some(FAILED), "{}", end.name());
        // Those that rang.
        let refused = (place >= 20).then_some(503);
        assert_eq!(end.status(), refused, "{}", end.name());
    }
    // It goes on without a span, and takes no call.
    pass(&mut live, Duration::from_secs(2)).unwrap();
    let refused = call(&mut live, ECHO);
    reaches(&mut live, refused, CallState::Terminated);

    give_back(&devices);
    configure("channels.conf");
    let back = until(&mut live, Duration::from_secs(90), |live| {
        in_service(live).unwrap_or(false)
    });
    assert!(
        back.unwrap(),
        "everything is in service again: {}",
        explained(&mut live)
    );
    assert_eq!(blocked(&mut live), 0);
    let again = call(&mut live, ECHO);
    reaches(&mut live, again, CallState::Confirmed);
    assert_eq!(state(&mut live, again), Some(CallState::Confirmed));
    live.stop();
}
