//! Blocking, beyond the cases of Q.784.1 (`q784`).

use super::*;
use crate::{CircuitGroupSupervisionType, RangeAndStatus, circuit::Timer};

/// Q.784.1 1.3.2.1, 1.3.2.2.
#[test]
fn block_and_unblock() {
    let mut world = World::new();
    world.request(End::A, 1, Request::Block);
    world.settle();
    assert!(world.view(End::A, 1).status.local_maintenance);
    assert!(world.view(End::B, 1).status.remote_maintenance);
    assert!(
        world
            .b
            .select(&[CircuitId(1)], Hunt::MostIdle, CallClass::Ordinary)
            .is_err()
    );
    world.request(End::A, 1, Request::Unblock);
    world.settle();
    assert_eq!(world.wire(), ["A BLO 1", "B BLA 1", "A UBL 1", "B UBA 1"]);
    world.all_idle();
}

/// Q.784.1 1.3.2.4: an IAM takes back the blocking of the end that sends it.
#[test]
fn iam_on_a_remotely_blocked_circuit() {
    let mut world = World::new();
    world.deaf[End::B as usize] = true;
    world.inject(End::A, 1, &Message::new(MessageType::Blo));
    assert!(world.view(End::B, 1).status.remote_maintenance);
    world.inject(End::A, 1, &message(MessageType::Iam));
    assert_eq!(world.told(End::B), ["1 Setup"]);
    assert!(world.view(End::B, 1).status.in_service());
}

/// An IAM on a circuit blocked here: the far end has lost the blocking, and is told again.
#[test]
fn iam_on_a_locally_blocked_circuit() {
    let mut world = World::new();
    world.request(End::B, 1, Request::Block);
    world.settle();
    world.forget();
    world.inject(End::A, 1, &message(MessageType::Iam));
    assert_eq!(world.told(End::B), [""; 0]);
    assert_eq!(world.wire(), ["B BLO 1", "A BLA 1"]);
}

/// A call that talks goes on while its circuit is blocked for maintenance.
#[test]
fn blocking_leaves_the_call() {
    let mut world = answered(3);
    world.request(End::B, 3, Request::Block);
    world.settle();
    assert_eq!(world.state(End::A, 3), "OutgoingAnswered");
    world.request(End::A, 3, Request::Release(rel(16)));
    world.settle();
    assert_eq!(world.told(End::A), ["3 Idle"]);
    assert!(
        world
            .a
            .select(&[CircuitId(3)], Hunt::MostIdle, CallClass::Ordinary)
            .is_err()
    );
}

/// Q.784.1 5.2.6, 5.2.7: T12 and T13, T14 and T15.
#[test]
fn blocking_and_unblocking_are_repeated() {
    let mut world = World::new();
    world.deaf = [true, false];
    world.request(End::A, 1, Request::Block);
    world.run(seconds(299));
    assert_eq!(world.wire().len(), 20);
    world.run(seconds(2));
    assert_eq!(world.wire(), ["A BLO 1"]);
    assert_eq!(world.view(End::A, 1).timers[0].timer, Timer::T13);
    world.request(End::A, 1, Request::Unblock);
    world.run(seconds(299));
    assert_eq!(world.wire().len(), 20);
    world.run(seconds(2));
    assert_eq!(world.view(End::A, 1).timers[0].timer, Timer::T15);
    world.deaf = [false, false];
    world.run(seconds(301));
    world.all_idle();
}

/// Q.784.1 1.3.1.1 a-c, 1.3.1.2: groups for maintenance.
#[test]
fn a_group_is_blocked_for_maintenance() {
    let mut world = World::new();
    let now = world.now;
    let circuits = [CircuitId(2), CircuitId(3), CircuitId(4), CircuitId(20)];
    world.a.request_group(now, &circuits, GroupRequest::Block);
    world.settle();
    assert_eq!(
        world.wire(),
        ["A CGB 2", "A CGB 20", "B CGBA 2", "B CGBA 20"]
    );
    for circuit in [2, 3, 4, 20] {
        assert!(world.view(End::B, circuit).status.remote_maintenance);
        assert!(world.view(End::A, circuit).timers.is_empty());
    }
    assert!(world.view(End::B, 21).status.in_service());
    let now = world.now;
    world.a.request_group(now, &circuits, GroupRequest::Unblock);
    world.settle();
    world.all_idle();
}

/// Q.784.1 5.2.9, 5.2.10: T18 to T21; an answer to something else ends nothing.
#[test]
fn group_blocking_is_repeated() {
    let mut world = World::new();
    world.deaf = [true, false];
    let now = world.now;
    let circuits = [CircuitId(2), CircuitId(3)];
    world.a.request_group(now, &circuits, GroupRequest::Block);
    world.drain();
    world.run(seconds(301));
    assert_eq!(world.wire().len(), 21);
    let mut row = RangeAndStatus::cleared(2);
    row.set_status(0, true);
    row.set_status(1, true);
    let cgba = Message::new(MessageType::Cgba)
        .with(CircuitGroupSupervisionType::MAINTENANCE)
        .with(row);
    world.inject(End::B, 2, &cgba);
    assert!(matches!(
        world.alerts.last(),
        Some((End::A, Alert::Acknowledgement { .. }))
    ));
    assert_eq!(world.view(End::A, 2).timers[0].timer, Timer::T19);
    let now = world.now;
    world.a.request_group(now, &circuits, GroupRequest::Unblock);
    world.drain();
    assert_eq!(world.view(End::A, 2).timers[0].timer, Timer::T20);
    world.run(seconds(301));
    assert_eq!(world.view(End::A, 2).timers[0].timer, Timer::T21);
    world.deaf = [false, false];
    world.run(seconds(301));
    world.all_idle();
}

/// CQM is answered with the state of each circuit (Q.764 §2.8.3).
#[test]
fn the_state_of_circuits_is_told() {
    let mut world = answered(3);
    world.request(End::B, 4, Request::Block);
    world.settle();
    let now = world.now;
    let cqm = Message::new(MessageType::Cqm).with(RangeAndStatus::range(16));
    let sif = cqm.encode_sif(Cic(1)).into();
    let (opc, dpc) = (A, B);
    let transfer = Transfer {
        si: SERVICE_INDICATOR,
        opc,
        dpc,
        sls: Sls(1),
        sif,
    };
    world.b.handle_transfer(now, &transfer);
    let Some(Output::Transfer(transfer)) = world.b.poll_output() else {
        panic!("no CQR")
    };
    let (_, cqr) = Message::decode_sif(&transfer.sif).unwrap();
    let states = cqr.find::<crate::CircuitStateIndicator>().unwrap().0;
    let octets: Vec<u8> = states.iter().map(|state| state.0).collect();
    assert_eq!(
        octets,
        [
            12, 12, 4, 13, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 3, 12
        ]
    );
}
