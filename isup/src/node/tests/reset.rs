//! Reset of circuits, alone and in groups, beyond the cases of Q.784.1 (`q784`).

use super::*;

/// Start-up: GRS for each row of codes, GRA; then all circuits are in service.
#[test]
fn both_ends_start() {
    let mut world = World::unstarted();
    let now = world.now;
    world.a.start(now);
    world.drain();
    assert_eq!(world.wire(), ["A GRS 1", "A GRS 17"]);
    assert_eq!(world.state(End::A, 1), "WaitGra");
    assert!(
        world
            .a
            .select(&[CircuitId(1)], Hunt::MostIdle, CallClass::Ordinary)
            .is_err()
    );
    let now = world.now;
    world.b.start(now);
    world.settle();
    assert_eq!(
        world.wire(),
        [
            "B GRS 1", "B GRS 17", "B GRA 1", "B GRA 17", "A GRA 1", "A GRA 17"
        ]
    );
    world.all_idle();
}

/// One end is started long before the other.
#[test]
fn the_far_end_starts_late() {
    let mut world = World::unstarted();
    world.deaf = [true, true];
    let now = world.now;
    world.a.start(now);
    world.drain();
    world.run(seconds(3600));
    assert_eq!(world.state(End::A, 1), "WaitGra");
    assert!(!world.view(End::A, 1).timers.is_empty());
    world.deaf = [false, false];
    world.run(seconds(301));
    world.all_idle();
}

/// What could not be asked while the far end was away is asked when it comes back.
#[test]
fn a_resumed_far_end_is_asked_at_once() {
    let mut world = World::unstarted();
    world.status(End::A, Status::Pause(B));
    let now = world.now;
    world.a.start(now);
    world.settle();
    assert_eq!(world.wire(), [""; 0]);
    world.status(End::A, Status::Resume(B));
    world.all_idle();
}

/// A circuit that stands alone has no row.
#[test]
fn a_lone_circuit_is_reset_alone() {
    let mut world = World::of(config(A, B, 7..8), config(B, A, 7..8));
    let now = world.now;
    world.a.start(now);
    world.settle();
    assert_eq!(world.wire(), ["A RSC 7", "B RLC 7"]);
    assert_eq!(world.state(End::A, 7), "Idle");
}

/// Rows are not longer than a message takes, and CICs beyond 31 work.
#[test]
fn long_rows_are_split() {
    let mut world = World::of(config(A, B, 33..113), config(B, A, 33..113));
    let now = world.now;
    world.a.start(now);
    world.settle();
    assert_eq!(
        world.wire(),
        [
            "A GRS 33", "A GRS 65", "A GRS 97", "B GRA 33", "B GRA 65", "B GRA 97"
        ]
    );
    assert_eq!(world.state(End::A, 112), "Idle");
}

/// Q.784.1 1.2.4: a reset by the end that had blocked removes the blocking.
#[test]
fn reset_on_a_remotely_blocked_circuit() {
    let mut world = World::new();
    world.deaf[End::B as usize] = true;
    world.inject(End::A, 1, &Message::new(MessageType::Blo));
    assert!(world.view(End::B, 1).status.remote_maintenance);
    world.inject(End::A, 1, &Message::new(MessageType::Rsc));
    assert!(world.view(End::B, 1).status.in_service());
}

/// Q.784.1 1.2.5, 1.2.7: GRA tells of what is blocked here; the far end's own blocking is forgotten.
#[test]
fn group_reset_with_blocked_circuits() {
    let mut world = World::new();
    world.request(End::B, 2, Request::Block);
    world.settle();
    world.request(End::A, 3, Request::Block);
    world.settle();
    assert!(world.view(End::B, 3).status.remote_maintenance);
    world.a = Node::new(config(A, B, (1..32).filter(|&cic| cic != 16))).unwrap();
    let now = world.now;
    world.a.start(now);
    world.settle();
    assert!(world.view(End::A, 2).status.remote_maintenance);
    assert!(!world.view(End::B, 3).status.remote_maintenance);
    assert!(world.view(End::A, 3).status.in_service());
}

/// Q.784.1 1.2.5 b, c: ranges that are not allowed are discarded.
#[test]
fn group_reset_with_a_wrong_range() {
    let mut world = World::new();
    for range in [0, 32, 255] {
        let grs = Message::new(MessageType::Grs).with(crate::RangeAndStatus::range(range));
        world.inject(End::A, 1, &grs);
        assert_eq!(world.wire(), [""; 0], "range {range}");
    }
}

/// GRS in calls: all end at once.
#[test]
fn group_reset_in_a_call() {
    let mut world = answered(3);
    let now = world.now;
    world
        .b
        .request_group(now, &[CircuitId(2), CircuitId(3)], GroupRequest::Reset);
    world.settle();
    assert_eq!(world.wire(), ["B GRS 2", "A GRA 2"]);
    assert_eq!(world.told(End::A), ["3 Failed 31 GroupReset", "3 Idle"]);
    assert_eq!(world.told(End::B), ["3 Failed 31 LocalReset", "3 Idle"]);
    world.all_idle();
}

/// Q.784.1 5.2.8: T16, T17.
#[test]
fn reset_is_repeated() {
    let mut world = World::new();
    world.deaf = [true, false];
    world.request(End::A, 1, Request::Reset);
    world.run(seconds(299));
    assert_eq!(world.wire().len(), 20);
    world.run(seconds(2));
    assert!(
        world
            .alerts
            .iter()
            .any(|(_, alert)| alert.to_string().contains("T17"))
    );
    assert_eq!(world.wire(), ["A RSC 1"]);
    world.run(seconds(250));
    assert_eq!(world.wire(), [""; 0]);
}

/// Q.784.1 5.2.11: T22, T23.
#[test]
fn group_reset_is_repeated() {
    let mut world = World::new();
    world.deaf = [true, false];
    let now = world.now;
    world
        .a
        .request_group(now, &[CircuitId(1), CircuitId(2)], GroupRequest::Reset);
    world.drain();
    world.run(seconds(299));
    assert_eq!(world.wire().len(), 20);
    world.run(seconds(2));
    assert!(
        world
            .alerts
            .iter()
            .any(|(_, alert)| alert.to_string().contains("T23"))
    );
    world.deaf = [false, false];
    world.run(seconds(301));
    world.all_idle();
}

/// A reset that waits and one that overlaps it become one: none is left to be repeated into calls.
#[test]
fn overlapping_resets_become_one() {
    let mut world = World::new();
    world.deaf = [true, false];
    for circuits in [[1, 2, 3], [3, 4, 5]] {
        let now = world.now;
        world
            .a
            .request_group(now, &circuits.map(CircuitId), GroupRequest::Reset);
    }
    world.settle();
    world.forget();
    world.deaf = [false, false];
    world.run(seconds(16));
    assert_eq!(world.wire(), ["A GRS 1", "B GRA 1"]);
    world.all_idle();
}

/// Q.784.1 1.1: a code that is not configured: UCIC, and the end that asked learns it and goes on
/// asking; once the circuit is there, it comes into service without a hand.
#[test]
fn an_unequipped_circuit_comes_into_service_later() {
    let mut world = World::of(config(A, B, 1..4), config(B, A, 1..3));
    // A GRS of the other end would tell it at once.
    let now = world.now;
    world.b.start(now);
    world.settle();
    world.forget();
    world.request(End::A, 3, setup());
    world.settle();
    assert_eq!(world.wire(), ["A IAM 3", "B UCIC 3"]);
    assert_eq!(world.told(End::A), ["3 Repeat Unequipped", "3 Idle"]);
    assert!(world.view(End::A, 3).status.unequipped);
    assert!(!world.view(End::A, 3).timers.is_empty());
    world.b = Node::new(config(B, A, 1..4)).unwrap();
    world.run(seconds(301));
    assert!(world.view(End::A, 3).status.in_service());
    assert_eq!(world.state(End::A, 3), "Idle");
}

/// GRS over circuits of which this end has not all: the others are reset, those that are missing
/// are told of, and the far end takes them out of service.
#[test]
fn group_reset_of_circuits_that_are_partly_unequipped() {
    let fewer = (1..6).filter(|cic| ![2, 4].contains(cic));
    let mut world = World::of(config(A, B, 1..6), config(B, A, fewer));
    let now = world.now;
    world.a.start(now);
    world.settle();
    assert_eq!(world.wire(), ["A GRS 1", "B GRA 1", "B UCIC 2", "B UCIC 4"]);
    for (circuit, unequipped) in [(1, false), (2, true), (3, false), (4, true), (5, false)] {
        let status = world.view(End::A, circuit).status;
        assert_eq!(status.unequipped, unequipped, "circuit {circuit}");
        assert_eq!(status.in_service(), !unequipped, "circuit {circuit}");
    }
}

/// In a network without UCIC the missing circuits are told as blocked; a reset, when the far end
/// has equipped them, frees them.
#[test]
fn unequipped_circuits_without_ucic_are_blocked() {
    let mut b = config(B, A, 1..5);
    b.groups[0].unequipped = false;
    let mut world = World::of(config(A, B, 1..6), b);
    let now = world.now;
    world.a.start(now);
    world.settle();
    assert_eq!(world.wire(), ["A GRS 1", "B GRA 1"]);
    assert!(world.view(End::A, 5).status.remote_maintenance);
    assert_eq!(
        world
            .a
            .select(&[CircuitId(5)], Hunt::MostIdle, CallClass::Ordinary),
        Err(NoCircuit::Busy)
    );
    world.b = Node::new(config(B, A, 1..6)).unwrap();
    let now = world.now;
    world.b.start(now);
    world.settle();
    assert!(world.view(End::A, 5).status.in_service());
}
