//! ANSI: messages for groups count from the second copy on (T1.113.4).

use super::*;
use crate::{CircuitGroupSupervisionType, RangeAndStatus};

fn ansi(opc: PointCode, dpc: PointCode) -> NodeConfig {
    NodeConfig {
        variant: Variant::Ansi,
        ..config(opc, dpc, 1..6)
    }
}

const ANSI_A: PointCode = PointCode::ansi(4178);
const ANSI_B: PointCode = PointCode::ansi(4179);

fn world() -> World {
    World::of(ansi(ANSI_A, ANSI_B), ansi(ANSI_B, ANSI_A))
}

fn block(range: u8) -> Message {
    let mut status = RangeAndStatus::cleared(range);
    status.set_status(0, true);
    Message::new(MessageType::Cgb)
        .with(CircuitGroupSupervisionType::MAINTENANCE)
        .with(status)
}

/// Two ends that send each message twice answer each pair once.
#[test]
fn both_ends_send_twice() {
    let mut world = world();
    let now = world.now;
    world.a.start(now);
    world.settle();
    assert_eq!(world.wire(), ["A GRS 1", "A GRS 1", "B GRA 1"]);
    let circuits = [CircuitId(1), CircuitId(2)];
    world.a.request_group(now, &circuits, GroupRequest::Block);
    world.settle();
    assert_eq!(world.wire(), ["A CGB 1", "A CGB 1", "B CGBA 1"]);
    assert!(world.view(End::B, 2).status.remote_maintenance);
    world.a.request_group(now, &circuits, GroupRequest::Unblock);
    world.settle();
    assert_eq!(world.wire(), ["A CGU 1", "A CGU 1", "B CGUA 1"]);
    world.a.request_group(now, &circuits, GroupRequest::Query);
    world.settle();
    assert_eq!(world.wire(), ["A CQM 1", "B CQR 1"]);
    for circuit in 1..6 {
        assert!(world.view(End::A, circuit).status.in_service());
        assert!(world.view(End::B, circuit).status.in_service());
    }
    assert_eq!(world.alerts, []);
}

/// One copy does nothing; the second counts within 5 s, both included.
#[test]
fn copies_that_come_late_do_not_count() {
    let mut world = world();
    world.inject(End::A, 1, &block(1));
    assert_eq!(world.wire(), [""; 0]);
    world.run(Duration::from_millis(4_801));
    world.inject(End::A, 1, &block(1));
    assert_eq!(world.wire(), [""; 0], "5001 ms");
    world.run(Duration::from_millis(4_800));
    world.inject(End::A, 1, &block(1));
    assert_eq!(world.wire(), ["B CGBA 1"], "5000 ms");
    world.inject(End::A, 1, &block(1));
    assert_eq!(
        world.wire(),
        [""; 0],
        "the third is the first of a new pair"
    );
}

/// Copies that differ are none; others in between do not matter.
#[test]
fn copies_must_be_alike() {
    let mut world = world();
    world.inject(End::A, 1, &block(1));
    world.inject(End::A, 1, &block(2));
    assert_eq!(world.wire(), [""; 0]);
    let grs = Message::new(MessageType::Grs).with(RangeAndStatus::range(1));
    world.inject(End::A, 1, &grs);
    world.inject(End::A, 3, &block(2));
    world.inject(End::A, 1, &block(2));
    assert_eq!(world.wire(), ["B CGBA 1"]);
    world.inject(End::A, 1, &grs);
    assert_eq!(world.wire(), ["B GRA 1"]);
}
