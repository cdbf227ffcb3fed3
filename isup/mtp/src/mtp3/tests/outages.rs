//! What a changeover may lose, and what not: processor outage (Q.704 §5.6.2), no acknowledgement
//! (§5.7.2), no way left (§5.3.3).

use std::time::Duration;

use super::world::{A, B, World, config, point};
use crate::line_model::Fault;
use crate::{Activity, LinkChange, LinkId, LinkRequest, Status, mtp2, mtp3};

/// Sends `count` messages both ways, 6 ms apart, calling `disturb` before each.
fn traffic(world: &mut World, count: u32, mut disturb: impl FnMut(&mut World, u32)) {
    for number in 0..count {
        disturb(world, number);
        assert!(world.send(A, B, number), "{number}");
        assert!(world.send(B, A, number), "{number}");
        world.run(Duration::from_millis(6));
    }
    world.seconds(5);
}

#[test]
fn a_short_processor_outage_of_the_only_link_loses_nothing() {
    let mut world = World::pair(1);
    world.bring_up();
    world.request(B, 0, LinkRequest::LocalProcessorOutage);
    for number in 0..10 {
        assert!(world.send(A, B, number), "A has not heard of the outage");
    }
    world.until(1, "A pauses", |world| !world.accessible(A, B));
    let state = world.state(A, 0);
    assert!(state.blocked && !state.available);
    assert_eq!(state.level2, mtp2::State::ProcessorOutage);
    // T1 is 0.8 s.
    world.run(Duration::from_millis(600));
    world.request(B, 0, LinkRequest::LocalProcessorRecovered);
    world.until(5, "both resume", |world| {
        world.accessible(A, B) && world.accessible(B, A)
    });
    world.seconds(1);
    world.assert_complete(B, 10);
}

#[test]
fn after_a_long_processor_outage_of_the_only_link_nothing_comes_late() {
    let mut world = World::pair(1);
    world.bring_up();
    world.request(B, 0, LinkRequest::LocalProcessorOutage);
    for number in 0..10 {
        assert!(world.send(A, B, number));
    }
    // Longer than two signalling link tests would take to fail.
    world.seconds(200);
    assert_eq!(world.state(A, 0).activity, Activity::Active);
    world.request(B, 0, LinkRequest::LocalProcessorRecovered);
    world.until(5, "both resume", |world| {
        world.accessible(A, B) && world.accessible(B, A)
    });
    for number in 10..20 {
        assert!(world.send(A, B, number));
        assert!(world.send(B, A, number));
    }
    world.seconds(100);
    assert_eq!(world.missing(B, 20), (0..10).collect::<Vec<_>>());
    assert_eq!(world.missing(A, 20), (0..10).collect::<Vec<_>>());
    assert_eq!(world.discarded(A), 10);
    assert!(world.all_active());
    assert_eq!(world.logs[A].statuses.len(), 3, "resume, pause, resume");
}

#[test]
fn a_short_processor_outage_beside_another_link_loses_nothing() {
    for end in [A, B] {
        let mut world = World::pair(2);
        world.bring_up();
        traffic(&mut world, 1_000, |world, number| match number {
            100 => world.request(end, 0, LinkRequest::LocalProcessorOutage),
            200 => world.request(end, 0, LinkRequest::LocalProcessorRecovered),
            _ => {}
        });
        world.assert_complete(A, 1_000);
        world.assert_complete(B, 1_000);
        assert_eq!((world.discarded(A), world.discarded(B)), (0, 0));
    }
}

#[test]
fn a_long_processor_outage_beside_another_link_loses_only_what_was_on_the_way() {
    for end in [A, B] {
        let mut world = World::pair(2);
        world.bring_up();
        traffic(&mut world, 2_000, |world, number| match number {
            100 => world.request(end, 0, LinkRequest::LocalProcessorOutage),
            800 => world.request(end, 0, LinkRequest::LocalProcessorRecovered),
            _ => {}
        });
        for node in [A, B] {
            // 4 ms of line and as much of terminals, a message every 12 ms and link.
            let missing = world.missing(1 - node, 2_000);
            assert_eq!(missing.len(), world.discarded(node), "{missing:?}");
            assert!(missing.len() < 8, "{missing:?}");
            assert!(missing.iter().all(|number| (90..110).contains(number)));
            let sent = world.state(node, 0).counters.messages_sent;
            assert!(sent > 500, "the link has its traffic back: {sent}");
        }
        assert!(world.all_active());
    }
}

#[test]
fn a_failure_during_a_long_processor_outage_brings_nothing_late() {
    let mut world = World::pair(2);
    world.bring_up();
    traffic(&mut world, 1_000, |world, number| match number {
        100 => world.request(B, 0, LinkRequest::LocalProcessorOutage),
        400 => world.fault(0, Fault::Cut),
        _ => {}
    });
    for node in [A, B] {
        let missing = world.missing(node, 1_000);
        assert!(missing.iter().all(|number| (90..110).contains(number)));
    }
    assert!(!world.active(A, 0));
}

/// A and B with two links and a T2 shorter than level 2's T7.
fn impatient() -> World {
    let with_t2 = |node| {
        let mut config = config(node);
        let t2 = Duration::from_millis(700);
        config.timers.level3.set(mtp3::Timer::T2, t2);
        config
    };
    let mut world = World::pair_of(with_t2(A), with_t2(B), 2);
    world.bring_up();
    world
}

#[test]
fn without_a_changeover_acknowledgement_new_traffic_starts_after_t2() {
    let mut world = impatient();
    let mut failed_at = 0;
    traffic(&mut world, 1_000, |world, number| match number {
        100 => {
            // B hears what A sends over link 1, but cannot answer for more than T2.
            world.mute(B, 1, true);
            world.fault(0, Fault::Cut);
            failed_at = number;
        }
        230 => world.mute(B, 1, false),
        _ => {}
    });
    let acknowledged_late = world.logs[A].changes.iter().filter(|(_, _, change)| {
        matches!(
            change,
            LinkChange::Received("COA") | LinkChange::Received("COO")
        )
    });
    assert!(
        acknowledged_late.count() > 0,
        "and is ignored (Q.704 §5.7.4)"
    );
    let missing = world.missing(B, 1_000);
    assert!(missing.len() <= world.discarded(A), "{missing:?}");
    assert!(
        missing
            .iter()
            .all(|number| (90..=failed_at).contains(number))
    );
    assert!(world.active(A, 1) && !world.active(A, 0));
}

#[test]
fn when_the_last_link_fails_the_destination_is_paused_at_once() {
    let mut world = World::pair(2);
    world.bring_up();
    for number in 0..40 {
        assert!(world.send(A, B, number));
        assert!(world.send(B, A, number));
    }
    world.fault(0, Fault::Cut);
    world.run(Duration::from_millis(10));
    // The changeover of link 0 waits for its acknowledgement, which cannot come any more.
    world.fault(1, Fault::Cut);
    world.run(Duration::from_millis(20));
    for node in [A, B] {
        let (_, last) = world.logs[node].statuses.last().unwrap();
        assert_eq!(*last, Status::Pause(point(1 - node)));
        let refused =
            world.nodes[node].transfer(world.now, super::world::message(node, 1 - node, 0));
        assert!(refused.is_err());
    }
    world.fault_all(Fault::None);
    world.until(60, "back", |world| {
        world.accessible(A, B) && world.accessible(B, A)
    });
    world.seconds(30);
    for node in [A, B] {
        let missing = world.missing(1 - node, 40);
        let discarded = world.discarded(node);
        assert!(missing.len() <= discarded, "{missing:?} {discarded}");
        assert!(!missing.is_empty());
    }
}

#[test]
fn a_changeover_order_for_a_link_under_test_is_only_acknowledged() {
    let mut world = World::pair(2);
    world.bring_up();
    world.fault(0, Fault::Cut);
    world.seconds(1);
    world.fault(0, Fault::None);
    world.until(20, "under test", |world| {
        world.state(A, 0).activity == Activity::Testing
    });
    // COO for SLC 0 from B, over link 1 in sequence.
    let bsn = world.nodes[A].links[1].level2.last_accepted();
    let fsn = bsn.wrapping_add(1) & 0x7F;
    let unit = [
        0x80 | 127,
        0x80 | fsn,
        7,
        0x80,
        0x00,
        0x41,
        0x40,
        0x00,
        0x11,
        0x05,
    ];
    let acknowledged = world.nodes[A].links[1].level2.backlog();
    assert_eq!(acknowledged, 0);
    let bsn = world.nodes[B].links[1].level2.last_accepted();
    let unit = [&[0x80 | bsn][..], &unit[1..]].concat();
    world.nodes[A].handle_signal_unit(world.now, LinkId(1), &unit);
    let mut sent = Vec::new();
    while let Some(output) = world.nodes[A].poll_output() {
        if let crate::Output::Link(_, LinkChange::Sent(acronym)) = output {
            sent.push(acronym);
        }
    }
    assert_eq!(sent, ["COA"]);
    assert_eq!(world.state(A, 0).activity, Activity::Testing);
}
