//! Continuity checks of both directions (Q.764 §2.1.8; Q.784.1 groups 1.4, 5.2.5 and 6.1).

use super::*;
use crate::circuit::{CircuitAlert, Timer};

fn check() -> Request {
    Request::Setup(iam_with_check(1))
}

/// Q.784.1 6.1.1: the call is told of only when the check has succeeded; digits wait behind it.
#[test]
fn a_call_waits_for_the_continuity_check() {
    let mut world = World::new();
    world.request(End::A, 1, check());
    world.request(End::A, 1, Request::Send(message(MessageType::Sam)));
    world.run(Duration::from_millis(20));
    assert_eq!(world.told(End::B), ["1 Loop(true)"]);
    assert_eq!(world.view(End::B, 1).timers[0].timer, Timer::T8);
    assert_eq!(world.state(End::A, 1), "OutgoingCheck");
    world.settle();
    assert_eq!(world.told(End::A), ["1 Check(true)", "1 Check(false)"]);
    assert_eq!(world.wire(), ["A IAM 1", "A SAM 1", "A COT 1"]);
    assert_eq!(
        world.told(End::B),
        ["1 Loop(false)", "1 Setup", "1 Received SAM"]
    );
    assert!(world.view(End::B, 1).timers.is_empty());
}

/// Q.784.1 6.1.2: the check is on a circuit before: no loop here.
#[test]
fn a_call_waits_for_the_check_of_the_previous_circuit() {
    let mut world = World::new();
    world.request(End::A, 1, Request::Setup(iam_with_check(2)));
    world.settle();
    assert_eq!(world.told(End::B), [""; 0]);
    world.request(End::A, 1, Request::Send(cot(true)));
    world.settle();
    assert_eq!(world.told(End::B), ["1 Setup"]);
}

/// Q.784.1 6.1.5, 1.4.3, 1.4.5: a failed check is made again with CCR; without one, T27 resets.
#[test]
fn a_failed_check_is_repeated_or_reset() {
    let mut world = World::new();
    world.inject(End::A, 1, &iam_with_check(1));
    world.inject(End::A, 1, &cot(false));
    assert_eq!(world.state(End::B, 1), "IncomingWaitCcr");
    world.inject(End::A, 1, &Message::new(MessageType::Ccr));
    world.inject(End::A, 1, &cot(false));
    assert_eq!(
        world.told(End::B),
        [
            "1 Loop(true)",
            "1 Loop(false)",
            "1 Loop(true)",
            "1 Loop(false)"
        ]
    );
    world.run(seconds(241));
    assert_eq!(world.wire(), ["B RSC 1", "A RLC 1"]);
    world.all_idle();
}

/// Q.784.1 6.1.4, 1.4.2: no tone comes back within T24: the call goes elsewhere, the circuit is
/// checked again when T25 ends, and given back by REL.
#[test]
fn a_circuit_that_failed_its_check_is_checked_again() {
    let mut world = World::new();
    world.sound = false;
    world.request(End::A, 1, check());
    world.run(seconds(3));
    assert_eq!(world.wire(), ["A IAM 1", "A COT 1"]);
    assert_eq!(
        world.told(End::A),
        [
            "1 Check(true)",
            "1 Check(false)",
            "1 Repeat ContinuityFailed",
            "1 Idle"
        ]
    );
    let view = world.view(End::A, 1);
    assert_eq!(view.state, "OutgoingWaitRecheck");
    assert_eq!(view.timers[0].timer, Timer::T25);
    let candidates = [CircuitId(1)];
    assert_eq!(
        world
            .a
            .select(&candidates, Hunt::MostIdle, CallClass::Ordinary),
        Err(NoCircuit::Busy)
    );
    world.sound = true;
    world.run(seconds(5));
    assert_eq!(world.wire(), ["A CCR 1", "A REL 1", "B RLC 1"]);
    assert_eq!(world.told(End::A), ["1 Check(true)", "1 Check(false)"]);
    world.all_idle();
    assert_eq!(
        world
            .a
            .select(&candidates, Hunt::MostIdle, CallClass::Ordinary),
        Ok(CircuitId(1))
    );
}

/// Q.784.1 1.4.4: checked again at each end of T26, for ever, the staff being told each time.
#[test]
fn a_broken_circuit_is_checked_again_and_again() {
    let mut world = World::new();
    world.sound = false;
    world.request(End::A, 1, check());
    world.run(seconds(600));
    let wire = world.wire();
    let ccrs = wire.iter().filter(|sent| **sent == "A CCR 1").count();
    assert_eq!(ccrs, 5, "5 s after the call, then each 2 min: {wire:?}");
    let failed = CircuitAlert::ContinuityFailed;
    let alerts = |end| {
        let mine = world.alerts.iter().filter(|(at, _)| *at == end);
        mine.filter(|(_, alert)| *alert == Alert::Circuit(CircuitId(1), failed))
            .count()
    };
    assert_eq!((alerts(End::A), alerts(End::B)), (6, 6));
    world.sound = true;
    world.run(seconds(130));
    world.all_idle();
}

/// The result that the owner of the circuit gives comes before T24.
#[test]
fn a_failure_that_is_told_does_not_wait_for_t24() {
    let mut world = World::new();
    world.request(End::A, 1, check());
    world.request(End::A, 1, Request::Checked(false));
    assert_eq!(world.state(End::A, 1), "OutgoingWaitRecheck");
    let now = world.now;
    let late = world.a.request(now, CircuitId(1), Request::Checked(true));
    assert!(matches!(late, Err(RequestError::State { .. })));
}

/// The far end acknowledges its loop (national use): nothing changes.
#[test]
fn loop_back_acknowledgement_is_accepted() {
    let mut world = World::new();
    world.sound = false;
    world.request(End::A, 1, check());
    world.inject(End::B, 1, &Message::new(MessageType::Lpa));
    assert_eq!(world.state(End::A, 1), "OutgoingCheck");
    world.run(seconds(8));
    world.inject(End::B, 1, &Message::new(MessageType::Lpa));
    assert_eq!(world.state(End::A, 1), "OutgoingRecheck");
    assert_eq!(world.alerts.len(), 2, "{:?}", world.alerts);
}

/// An ACM before COT: the far end has not understood that the circuit is checked.
#[test]
fn address_complete_before_the_check_is_unreasonable() {
    let mut world = World::new();
    world.request(End::A, 1, check());
    world.inject(End::B, 1, &message(MessageType::Acm));
    assert_eq!(
        world.told(End::A),
        [
            "1 Check(true)",
            "1 Check(false)",
            "1 Repeat Unexpected(Acm)",
            "1 Idle"
        ]
    );
    world.all_idle();
}

/// Both ends seize and check: the one that does not control the circuit loops, the other's tone
/// comes back.
#[test]
fn dual_seizure_with_checks() {
    let mut world = World::new();
    world.request(End::A, 1, check());
    world.request(End::B, 1, check());
    world.settle();
    let (winner, loser) = if world.view(End::A, 1).controlled {
        (End::A, End::B)
    } else {
        (End::B, End::A)
    };
    assert_eq!(world.state(winner, 1), "OutgoingWaitAcm");
    assert_eq!(world.state(loser, 1), "IncomingWaitAcm");
    assert_eq!(
        world.told(loser),
        [
            "1 Check(true)",
            "1 Check(false)",
            "1 Repeat DualSeizure",
            "1 Loop(true)",
            "1 Loop(false)",
            "1 Setup"
        ]
    );
}

/// Both ends check a circuit again at the same moment: the one that does not control it yields.
#[test]
fn checks_that_cross() {
    for end in End::BOTH {
        let mut world = World::new();
        world.sound = false;
        world.request(end, 1, check());
        world.run(seconds(7));
        assert_eq!(world.state(end, 1), "OutgoingRecheck");
        world.inject(end.other(), 1, &Message::new(MessageType::Ccr));
        let expected = if world.view(end, 1).controlled {
            "OutgoingRecheck"
        } else {
            "IncomingCheck"
        };
        assert_eq!(world.state(end, 1), expected);
    }
}

/// Q.784.1 1.4.2 and 1.4.4: maintenance has an idle circuit checked, and hears how it went.
#[test]
fn maintenance_checks_an_idle_circuit() {
    let mut world = World::new();
    world.request(End::A, 1, Request::Check);
    assert_eq!(world.state(End::A, 1), "OutgoingRecheck");
    let now = world.now;
    let again = world.a.request(now, CircuitId(1), Request::Check);
    assert!(matches!(again, Err(RequestError::State { .. })));
    world.settle();
    assert_eq!(world.wire(), ["A CCR 1", "A REL 1", "B RLC 1"]);
    assert_eq!(world.told(End::A), ["1 Check(true)", "1 Check(false)"]);
    assert_eq!(world.told(End::B), ["1 Loop(true)", "1 Loop(false)"]);
    let alerts: Vec<String> = world.alerts.iter().map(|(_, a)| a.to_string()).collect();
    assert_eq!(alerts, ["circuit 1: continuity check succeeded"]);
    world.all_idle();
    world.forget();

    world.sound = false;
    world.request(End::A, 1, Request::Check);
    world.run(seconds(3));
    assert_eq!(world.wire(), ["A CCR 1", "A COT 1"]);
    assert_eq!(world.state(End::A, 1), "OutgoingWaitRecheck");
    assert_eq!(world.state(End::B, 1), "IncomingWaitCcr");
    world.sound = true;
    world.run(seconds(130));
    world.all_idle();
    // Not while there is a call, or nobody to hear of it.
    world.request(End::A, 1, setup());
    let busy = world.a.request(world.now, CircuitId(1), Request::Check);
    assert!(matches!(busy, Err(RequestError::State { .. })));
    world.status(End::A, Status::Pause(B));
    let paused = world.a.request(world.now, CircuitId(3), Request::Check);
    assert!(matches!(paused, Err(RequestError::Unreachable(_))));
}
