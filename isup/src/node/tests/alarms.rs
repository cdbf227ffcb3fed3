//! Failures of the line and of the signalling (Q.764 §2.8.2.2, §2.9.2, §2.13, §2.14; Q.784.1
//! groups 1.3.1.1 d-f and 8.2).

use super::*;
use crate::circuit::Timer;

fn span() -> Vec<CircuitId> {
    (1..32)
        .filter(|&circuit| circuit != 16)
        .map(CircuitId)
        .collect()
}

/// The line breaks and comes back: calls end without REL, circuits are blocked and come back.
#[test]
fn a_span_fails_and_returns() {
    let mut world = answered(3);
    let now = world.now;
    world.a.handle_alarm(now, &span(), true);
    world.settle();
    assert_eq!(
        world.wire(),
        ["A CGB 1", "A CGB 17", "B CGBA 1", "B CGBA 17"]
    );
    assert_eq!(world.told(End::A), ["3 Failed 41 LocalHardware", "3 Idle"]);
    assert_eq!(world.told(End::B), ["3 Failed 41 RemoteHardware", "3 Idle"]);
    assert!(world.view(End::A, 3).status.local_hardware);
    assert!(world.view(End::B, 3).status.remote_hardware);
    assert!(
        world
            .a
            .select(&span(), Hunt::MostIdle, CallClass::Ordinary)
            .is_err()
    );
    assert!(
        world
            .b
            .select(&span(), Hunt::MostIdle, CallClass::Ordinary)
            .is_err()
    );
    let now = world.now;
    world.a.handle_alarm(now, &span(), false);
    world.settle();
    assert_eq!(
        world.wire(),
        ["A CGU 1", "A CGU 17", "B CGUA 1", "B CGUA 17"]
    );
    world.all_idle();
}

/// The line of both ends breaks at once, as lines do; the signalling is on another one.
#[test]
fn a_span_fails_at_both_ends() {
    let mut world = answered(3);
    for on in [true, false] {
        for end in End::BOTH {
            let now = world.now;
            world.node(end).handle_alarm(now, &span(), on);
            world.drain();
        }
        world.settle();
        assert_eq!(world.view(End::A, 3).status.remote_hardware, on);
    }
    world.all_idle();
}

/// The alarm flaps before the far end has answered: the last word counts.
#[test]
fn a_flapping_alarm() {
    let mut world = World::new();
    for on in [true, false, true, false] {
        let now = world.now;
        world.a.handle_alarm(now, &span(), on);
        world.drain();
    }
    world.settle();
    world.all_idle();
}

/// Maintenance blocking stays when the line is good again.
#[test]
fn maintenance_and_hardware_are_kept_apart() {
    let mut world = World::new();
    world.request(End::A, 3, Request::Block);
    world.settle();
    for on in [true, false] {
        let now = world.now;
        world.a.handle_alarm(now, &span(), on);
        world.settle();
    }
    assert!(world.view(End::B, 3).status.remote_maintenance);
    assert!(!world.view(End::B, 3).status.remote_hardware);
}

/// GRS from a far end that has started again: it is told once more, before GRA.
#[test]
fn a_far_end_that_starts_again_is_told_of_the_broken_line() {
    let mut world = World::new();
    let now = world.now;
    world
        .a
        .handle_alarm(now, &[CircuitId(2), CircuitId(3)], true);
    world.settle();
    world.forget();
    world.b = Node::new(config(B, A, (1..32).filter(|&cic| cic != 16))).unwrap();
    let now = world.now;
    world.b.start(now);
    world.settle();
    let wire = world.wire();
    assert_eq!(
        wire[..4],
        ["B GRS 1", "B GRS 17", "A CGB 2", "A GRA 1"],
        "{wire:?}"
    );
    assert!(world.view(End::B, 3).status.remote_hardware);
    assert!(world.view(End::B, 3).timers.is_empty());
}

/// MTP-PAUSE: those that talk go on, the others end, new ones are refused; MTP-RESUME: REL goes out.
#[test]
fn the_far_end_cannot_be_reached_for_a_while() {
    let mut world = answered(3);
    world.request(End::A, 5, setup());
    world.settle();
    world.forget();
    world.status(End::A, Status::Pause(B));
    assert_eq!(world.told(End::A), ["5 Failed 38 MtpPause"]);
    assert_eq!(world.wire(), [""; 0]);
    assert_eq!(world.state(End::A, 3), "OutgoingAnswered");
    let now = world.now;
    assert!(matches!(
        world.a.request(now, CircuitId(7), setup()),
        Err(RequestError::Unreachable(B))
    ));
    world.run(seconds(60));
    world.status(End::A, Status::Resume(B));
    assert_eq!(world.wire(), ["A REL 5", "B RLC 5"]);
    assert_eq!(world.told(End::A), ["5 Idle"]);
    assert_eq!(world.told(End::B), ["5 Released 38", "5 Idle"]);
}

/// The signalling breaks with the line: what was sent is lost, and MTP-PAUSE comes later, as it does
/// after a link has failed. When both are back the far end's calls end too, those of one circuit and
/// those of neighbours.
#[test]
fn the_signalling_fails_with_the_span() {
    for paused_first in [false, true] {
        let mut world = answered(3);
        for circuit in [8, 9] {
            world.request(End::A, circuit, setup());
            world.settle();
            world.send(End::B, circuit, MessageType::Acm);
            world.send(End::B, circuit, MessageType::Anm);
        }
        world.forget();
        world.deaf = [true, true];
        if paused_first {
            world.status(End::A, Status::Pause(B));
        }
        let now = world.now;
        world.a.handle_alarm(now, &span(), true);
        world.settle();
        world.status(End::A, Status::Pause(B));
        world.status(End::B, Status::Pause(A));
        world.run(seconds(40));
        assert_eq!(world.state(End::A, 3), "Idle");
        assert_eq!(world.state(End::B, 3), "IncomingAnswered");
        let now = world.now;
        world.a.handle_alarm(now, &span(), false);
        world.settle();
        world.forget();

        world.deaf = [false, false];
        world.status(End::B, Status::Resume(A));
        world.status(End::A, Status::Resume(B));
        let wire = world.wire();
        let resets = |wire: &[String]| -> Vec<String> {
            let reset = |line: &&String| line.contains("RSC") || line.contains("GRS");
            wire.iter().filter(reset).cloned().collect()
        };
        assert_eq!(resets(&wire), ["A RSC 3", "A GRS 8"], "{wire:?}");
        for circuit in [3, 8, 9] {
            assert_eq!(world.state(End::B, circuit), "Idle", "circuit {circuit}");
        }
        world.all_idle();

        // Once is enough.
        world.status(End::A, Status::Pause(B));
        world.status(End::A, Status::Resume(B));
        assert_eq!(world.wire(), [""; 0]);
    }
}

/// The signalling is back before the line: the CGB that waits goes out once more, and that does.
#[test]
fn the_signalling_returns_before_the_span() {
    let mut world = answered(3);
    world.deaf = [true, true];
    let now = world.now;
    world.a.handle_alarm(now, &span(), true);
    world.settle();
    world.status(End::A, Status::Pause(B));
    world.forget();
    world.deaf = [false, false];
    world.status(End::A, Status::Resume(B));
    assert_eq!(
        world.wire(),
        ["A CGB 1", "A CGB 17", "B CGBA 1", "B CGBA 17"]
    );
    assert_eq!(world.state(End::B, 3), "Idle");
    let now = world.now;
    world.a.handle_alarm(now, &span(), false);
    world.settle();
    world.all_idle();
}

/// CGB is lost although the link works, and the line is good again before T18: CGUA alone does not
/// show that the far end ended its call.
#[test]
fn a_lost_cgb_whose_cgu_is_answered_is_followed_by_a_reset() {
    let mut world = answered(3);
    world.deaf = [true, false];
    let now = world.now;
    world.a.handle_alarm(now, &span(), true);
    world.settle();
    assert_eq!(world.state(End::B, 3), "IncomingAnswered");
    world.forget();
    world.deaf = [false, false];
    world.a.handle_alarm(now, &span(), false);
    world.settle();
    assert_eq!(
        world.wire(),
        [
            "A CGU 1",
            "A CGU 17",
            "B CGUA 1",
            "B CGUA 17",
            "A RSC 3",
            "B RLC 3"
        ]
    );
    world.all_idle();
}

/// REL comes in, RLC cannot go out: the far end, which waits for it, is reset when it can be reached.
#[test]
fn an_answer_that_cannot_be_sent_is_followed_by_a_reset() {
    let mut world = answered(3);
    world.status(End::A, Status::Pause(B));
    world.request(End::B, 3, Request::Release(rel(16)));
    world.settle();
    assert_eq!(world.state(End::A, 3), "Idle");
    assert_eq!(world.state(End::B, 3), "WaitRlc");
    world.forget();
    world.status(End::A, Status::Resume(B));
    assert_eq!(world.wire(), ["A RSC 3", "B RLC 3"]);
    world.all_idle();
}

/// Q.784.1 8.2: the user part does not answer: UPT until it does, no new calls meanwhile.
#[test]
fn the_user_part_is_tested() {
    let mut world = World::new();
    world.deaf = [true, false];
    world.status(End::A, Status::UserPartUnavailable(B));
    world.status(End::A, Status::UserPartUnavailable(B));
    assert_eq!(world.wire(), ["A UPT 0"]);
    assert!(!world.view(End::A, 1).reachable);
    assert!(
        world
            .view(End::A, 1)
            .timers
            .iter()
            .any(|running| running.timer == Timer::T4)
    );
    world.deaf = [false, false];
    world.run(seconds(301));
    assert_eq!(world.wire(), ["A UPT 0", "B UPA 0"]);
    assert!(world.view(End::A, 1).reachable);
    world.all_idle();
}
