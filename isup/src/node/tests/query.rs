//! CQM and CQR: the ends compare what they believe (Q.764 §2.8.3; Q.784.1 group 1.3).

use super::*;
use crate::{
    BlockingState, CallProcessingState, CircuitState, CircuitStateIndicator, RangeAndStatus,
};

fn query(world: &mut World, circuits: core::ops::RangeInclusive<u32>) {
    let circuits: Vec<CircuitId> = circuits.map(CircuitId).collect();
    let now = world.now;
    world.a.request_group(now, &circuits, GroupRequest::Query);
    world.drain();
}

/// A CQR of B for circuits 1 and 2.
fn response(first: CircuitState, second: CircuitState) -> Message {
    Message::new(MessageType::Cqr)
        .with(RangeAndStatus::range(1))
        .with(CircuitStateIndicator(vec![first, second]))
}

const fn state(call: CallProcessingState) -> CircuitState {
    CircuitState::new(call, BlockingState::None, BlockingState::None)
}

const IDLE: CircuitState = state(CallProcessingState::Idle);

/// Asks for circuits 1 and 2 and gets this answer for 1.
fn told_of_the_first(world: &mut World, first: CircuitState) {
    world.deaf = [true, false];
    query(world, 1..=2);
    world.deaf = [false, false];
    world.forget();
    world.inject(End::B, 1, &response(first, IDLE));
}

/// Q.784.1 1.3.2: both ends agree, nothing happens.
#[test]
fn ends_that_agree_change_nothing() {
    let mut world = answered(1);
    world.request(End::B, 3, Request::Block);
    world.settle();
    world.forget();
    query(&mut world, 1..=15);
    world.settle();
    assert_eq!(world.wire(), ["A CQM 1", "B CQR 1"]);
    assert_eq!(world.told(End::A), [""; 0]);
    assert_eq!(world.state(End::A, 1), "OutgoingAnswered");
    assert!(world.view(End::A, 3).status.remote_maintenance);
    assert!(world.view(End::A, 1).timers.is_empty());
    assert_eq!(world.alerts, []);
}

/// The far end is busy, here nothing is known of a call: reset.
#[test]
fn a_call_that_only_the_far_end_knows_is_reset() {
    for call in [
        CallProcessingState::IncomingBusy,
        CallProcessingState::OutgoingBusy,
    ] {
        let mut world = World::new();
        told_of_the_first(&mut world, state(call));
        assert_eq!(world.wire(), ["A RSC 1", "B RLC 1"]);
        world.all_idle();
    }
}

/// The far end has lost the call: it is released here.
#[test]
fn a_call_that_only_this_end_knows_is_released() {
    let mut world = answered(1);
    world.run(seconds(1));
    told_of_the_first(&mut world, IDLE);
    assert_eq!(
        world.told(End::A),
        ["1 Failed 41 Unexpected(Cqr)", "1 Idle"]
    );
    assert_eq!(world.wire(), ["A REL 1", "B RLC 1"]);
    world.all_idle();
}

/// Both ends believe that the other one called.
#[test]
fn two_calls_on_one_circuit_are_reset() {
    let mut world = answered(1);
    world.run(seconds(1));
    told_of_the_first(&mut world, state(CallProcessingState::OutgoingBusy));
    assert_eq!(
        world.told(End::A),
        ["1 Failed 41 Unexpected(Cqr)", "1 Idle"]
    );
    assert_eq!(world.wire(), ["A RSC 1", "B RLC 1"]);
    world.all_idle();
}

/// A call that began after the query is not in its answer, and not ended by it.
#[test]
fn a_call_younger_than_the_query_lives() {
    let mut world = World::new();
    world.deaf = [true, false];
    query(&mut world, 1..=2);
    world.deaf = [false, false];
    world.request(End::A, 1, setup());
    world.settle();
    world.inject(End::B, 1, &response(IDLE, IDLE));
    assert_eq!(world.state(End::A, 1), "OutgoingWaitAcm");
    assert_eq!(world.told(End::A), [""; 0]);
}

/// What the far end blocks and unblocks while it is asked is told by its own messages.
#[test]
fn blocking_that_crosses_the_query_is_left_alone() {
    let mut world = World::new();
    world.request(End::B, 3, Request::Block);
    query(&mut world, 1..=5);
    world.request(End::B, 3, Request::Unblock);
    world.settle();
    world.all_idle();
}

/// Each end is believed about what it has blocked itself.
#[test]
fn differences_in_blocking_are_put_right() {
    let blocked =
        |maintenance, hardware| CircuitState::new(CallProcessingState::Idle, maintenance, hardware);
    let mut world = World::new();
    let there = blocked(BlockingState::Local, BlockingState::Local);
    told_of_the_first(&mut world, there);
    let status = world.view(End::A, 1).status;
    assert!(status.remote_maintenance && status.remote_hardware);
    told_of_the_first(&mut world, IDLE);
    assert!(world.view(End::A, 1).status.in_service());

    world.run(seconds(1));
    let here = blocked(BlockingState::Remote, BlockingState::Remote);
    told_of_the_first(&mut world, here);
    assert_eq!(world.wire(), ["A UBL 1", "A CGU 1", "B UBA 1", "B CGUA 1"]);
    world.all_idle();

    world.request(End::A, 1, Request::Block);
    world.settle();
    told_of_the_first(&mut world, IDLE);
    assert_eq!(world.wire(), ["A BLO 1", "B BLA 1"]);
    assert_eq!(world.view(End::A, 1).blocking, "Blocked");
}

/// A line that failed here, of which the far end does not know, is told again.
#[test]
fn hardware_blocking_is_told_again() {
    let mut world = World::new();
    let now = world.now;
    world
        .a
        .handle_alarm(now, &[CircuitId(1), CircuitId(2)], true);
    world.settle();
    told_of_the_first(&mut world, IDLE);
    assert_eq!(world.wire()[..1], ["A CGB 1"]);
}

/// The far end has not equipped the circuit: as with UCIC, it is out of service.
#[test]
fn an_unequipped_circuit_goes_out_of_service() {
    let mut world = World::new();
    told_of_the_first(&mut world, CircuitState::UNEQUIPPED);
    assert!(world.view(End::A, 1).status.unequipped);
    assert_eq!(world.a.available(&[CircuitId(1), CircuitId(2)]), 1);
}

/// T28: the staff is told, nothing is repeated.
#[test]
fn no_answer_is_told() {
    let mut world = World::new();
    world.deaf = [true, false];
    query(&mut world, 1..=2);
    world.run(seconds(3_600));
    assert_eq!(world.wire(), ["A CQM 1"]);
    let told: Vec<String> = world
        .alerts
        .iter()
        .map(|(_, alert)| alert.to_string())
        .collect();
    assert_eq!(told, ["circuits from 1: T28 ended, no CQR for CQM"]);
    world.all_idle();
}

/// An answer that nobody asked for, or with too few states, changes nothing.
#[test]
fn answers_that_do_not_fit() {
    let mut world = answered(1);
    world.run(seconds(1));
    world.inject(End::B, 1, &response(IDLE, IDLE));
    assert_eq!(world.alerts.len(), 1);
    world.deaf = [true, false];
    query(&mut world, 1..=2);
    world.deaf = [false, false];
    let short = Message::new(MessageType::Cqr)
        .with(RangeAndStatus::range(1))
        .with(CircuitStateIndicator(Vec::new()));
    world.inject(End::B, 1, &short);
    assert_eq!(world.state(End::A, 1), "OutgoingAnswered");
    assert_eq!(world.told(End::A), [""; 0]);
}
