//! Two neighbours: one linkset, one or more links.

use std::time::Duration;

use super::world::{A, B, World, config, message, point};
use crate::line_model::{Chance, Fault};
use crate::{
    Activity, Cause, Hint, LinkChange, LinkId, LinkRequest, NetworkIndicator, PointCode, Status,
    TransferError,
};

#[test]
fn a_link_comes_up_and_carries_messages() {
    let mut world = World::pair(1);
    world.bring_up();
    // SIO, SIN exchange, 8.2 s of proving, SLTM, TRA.
    assert!(
        (8..10).contains(&world.elapsed().as_secs()),
        "{:?}",
        world.elapsed()
    );
    assert!(world.send(A, B, 0));
    world.run(Duration::from_millis(100));
    assert_eq!(world.logs[B].transfers, [message(A, B, 0)]);
    for node in [A, B] {
        let statuses: Vec<_> = world.logs[node].statuses.iter().map(|(_, s)| *s).collect();
        assert_eq!(statuses, [Status::Resume(point(1 - node))]);
        assert_eq!(world.state(node, 0).hints, []);
    }
}

#[test]
fn a_transfer_before_the_link_is_up_is_refused() {
    let mut world = World::pair(1);
    let transfer = |to| super::world::message(A, to, 1);
    let now = world.now;
    let refused = world.nodes[A].transfer(now, transfer(B));
    assert_eq!(refused, Err(TransferError::Inaccessible(point(B))));
    assert_eq!(
        world.nodes[A].transfer(now, transfer(7)),
        Err(TransferError::NoRoute(point(7)))
    );
}

#[test]
fn a_thousand_messages_under_bit_errors_arrive_in_order_exactly_once() {
    for (seed, rate) in [(1, 1e-5), (2, 4e-5), (3, 8e-5)] {
        let mut world = World::pair(1);
        world.bring_up();
        world.fault_all(Fault::BitErrors(rate));
        let mut chance = Chance::new(seed);
        for number in 0..1000 {
            assert!(world.send(A, B, number));
            assert!(world.send(B, A, number));
            world.run(Duration::from_millis(chance.below(30)));
        }
        world.until(60, "all delivered", |world| {
            world.logs[A].transfers.len() >= 1000 && world.logs[B].transfers.len() >= 1000
        });
        world.assert_complete(A, 1000);
        world.assert_complete(B, 1000);
        let counters = world.state(A, 0).counters;
        assert!(
            rate < 4e-5 || counters.messages_retransmitted > 0,
            "{counters:?}"
        );
        // The line is never given much more than it can send in the time it takes to ask.
        assert!(world.longest_queue() < 600, "{}", world.longest_queue());
    }
}

#[test]
fn a_burst_is_paced_and_arrives() {
    let mut world = World::pair(1);
    world.bring_up();
    for number in 0..900 {
        assert!(world.send(A, B, number));
    }
    assert!(
        world.logs[A]
            .statuses
            .iter()
            .any(|(_, s)| *s == Status::Congested(point(B), 1))
    );
    world.until(10, "all delivered", |world| {
        world.logs[B].transfers.len() == 900
    });
    world.assert_complete(B, 900);
    assert_eq!(world.state(A, 0).counters.messages_retransmitted, 0);
    let last = world.logs[A].statuses.last().unwrap().1;
    assert_eq!(last, Status::Congested(point(B), 0));
    assert!(world.longest_queue() < 600, "{}", world.longest_queue());
}

#[test]
fn a_full_queue_refuses() {
    let mut world = World::pair(1);
    world.bring_up();
    let taken = (0..2000)
        .take_while(|&number| world.send(A, B, number))
        .count();
    assert!((1024..1060).contains(&taken), "{taken}");
    let refused = world.nodes[A].transfer(world.now, message(A, B, 0));
    assert_eq!(refused, Err(TransferError::QueueFull(point(B))));
}

#[test]
fn a_link_comes_back_after_every_kind_of_failure() {
    for fault in [Fault::Cut, Fault::Silent, Fault::BitErrors(2e-2)] {
        let mut world = World::pair(1);
        world.bring_up();
        for _ in 0..3 {
            world.fault_all(fault);
            world.until(5, "paused at both ends", |world| {
                !world.accessible(A, B) && !world.accessible(B, A)
            });
            world.seconds(60);
            assert!(!world.active(A, 0));
            world.fault_all(Fault::None);
            world.until(60, "back", |world| {
                world.accessible(A, B) && world.accessible(B, A)
            });
        }
        assert!(world.send(A, B, 0));
        world.seconds(1);
        world.assert_complete(B, 1);
    }
}

#[test]
fn a_far_end_that_appears_late_is_found() {
    let mut world = World::pair(1);
    world.nodes[A].start(world.now);
    world.drain(A);
    world.seconds(600);
    assert_eq!(world.state(A, 0).hints, [Hint::Silence]);
    world.nodes[B].start(world.now);
    world.drain(B);
    world.until(60, "up", |world| {
        world.accessible(A, B) && world.accessible(B, A)
    });
    assert_eq!(world.state(A, 0).hints, []);
}

#[test]
fn a_far_end_that_starts_again_is_found_again() {
    let mut world = World::pair(1);
    world.bring_up();
    let ids = [LinkId(0)];
    world.nodes[B] = crate::Mtp::new(config(B).with_linkset(point(A), &ids)).unwrap();
    world.nodes[B].start(world.now);
    world.drain(B);
    world.until(5, "A notices", |world| !world.accessible(A, B));
    world.until(60, "back", |world| {
        world.accessible(A, B) && world.accessible(B, A)
    });
}

#[test]
fn a_wrong_network_indicator_keeps_the_link_from_service_and_says_so() {
    let mut other = config(B);
    other.network_indicator = NetworkIndicator::International;
    let mut world = World::pair_of(config(A), other, 1);
    world.start();
    world.seconds(60);
    assert!(!world.active(A, 0) && !world.active(B, 0));
    let state = world.state(A, 0);
    assert_eq!(
        state.hints,
        [Hint::NetworkIndicator {
            seen: 0,
            configured: 2
        }]
    );
    assert_eq!(state.last_failure, Some(Cause::LinkTest));
    let hint = "the far end sends network indicator international, configured is national";
    assert!(state.to_string().contains(hint), "{state}");
}

#[test]
fn wrong_point_codes_keep_the_link_from_service_and_say_so() {
    let ids = [LinkId(0)];
    let a = config(A).with_linkset(point(B), &ids);
    let mut b = config(B).with_linkset(point(A), &ids);
    b.point_code = PointCode::itu(77);
    let mut world = World::new(vec![a, b], &[(A, B, 0)]);
    world.start();
    world.seconds(60);
    assert!(!world.active(A, 0) && !world.active(B, 0));
    let seen = PointCode::itu(77);
    let hints = world.state(A, 0).hints;
    assert_eq!(
        hints,
        [Hint::AdjacentPointCode {
            seen,
            configured: point(B)
        }]
    );
    let hints = world.state(B, 0).hints;
    assert_eq!(
        hints,
        [Hint::OwnPointCode {
            seen: point(B),
            configured: seen
        }]
    );
}

#[test]
fn crossed_links_say_so() {
    let a = config(A).with_linkset(point(B), &[LinkId(0), LinkId(1)]);
    let b = config(B).with_linkset(point(A), &[LinkId(1), LinkId(0)]);
    let mut world = World::new(vec![a, b], &[(A, B, 0), (A, B, 1)]);
    world.start();
    world.seconds(60);
    assert!(!world.active(A, 0));
    let [Hint::LinkCode { seen, configured }] = world.state(A, 0).hints[..] else {
        panic!("{:?}", world.state(A, 0).hints)
    };
    assert_eq!((seen.0, configured.0), (1, 0));
}

#[test]
fn a_deactivated_link_stays_down_until_activated() {
    let mut world = World::pair(1);
    world.bring_up();
    world.nodes[A]
        .request(world.now, LinkId(0), LinkRequest::Deactivate)
        .unwrap();
    world.drain(A);
    world.seconds(120);
    assert_eq!(world.state(A, 0).activity, Activity::Inactive);
    assert!(!world.accessible(B, A));
    world.nodes[A]
        .request(world.now, LinkId(0), LinkRequest::Activate)
        .unwrap();
    world.drain(A);
    world.until(60, "back", |world| {
        world.accessible(A, B) && world.accessible(B, A)
    });
    assert!(
        world.nodes[A]
            .request(world.now, LinkId(9), LinkRequest::Activate)
            .is_err()
    );
}

#[test]
fn a_message_for_an_absent_user_part_is_answered() {
    let mut world = World::pair(1);
    world.bring_up();
    let sccp = crate::Transfer {
        si: 3,
        ..message(A, B, 0)
    };
    world.nodes[A].transfer(world.now, sccp).unwrap();
    world.drain(A);
    world.seconds(1);
    assert_eq!(world.logs[B].transfers, []);
    let last = world.logs[A].statuses.last().unwrap().1;
    assert_eq!(last, Status::UserPartUnavailable(point(B)));
}

/// Runs traffic both ways over two links while `disturb` is called before every message, then
/// checks that nothing was lost, doubled or reordered.
fn over_two_links(messages: u32, mut disturb: impl FnMut(&mut World, u32)) -> World {
    let mut world = World::pair(2);
    world.bring_up();
    let mut chance = Chance::new(11);
    for number in 0..messages {
        disturb(&mut world, number);
        assert!(world.send(A, B, number), "{number}");
        assert!(world.send(B, A, number), "{number}");
        world.run(Duration::from_millis(chance.below(12)));
    }
    world.seconds(5);
    world.assert_complete(A, messages);
    world.assert_complete(B, messages);
    world
}

#[test]
fn changeover_loses_and_doubles_nothing() {
    for link in [0, 1] {
        for fault in [Fault::Cut, Fault::Silent] {
            let world = over_two_links(600, |world, number| {
                if number == 200 {
                    world.fault(link, fault);
                }
            });
            assert!(!world.active(A, link) && world.active(A, 1 - link));
            assert!(
                world.logs[A].statuses.len() == 1,
                "{:?}",
                world.logs[A].statuses
            );
        }
    }
}

#[test]
fn changeback_loses_and_doubles_nothing() {
    let mut mended = false;
    let world = over_two_links(6000, |world, number| {
        if number == 200 {
            world.fault(0, Fault::Cut);
        }
        if number == 1500 {
            world.fault(0, Fault::None);
        }
        mended |= number > 1500 && world.active(A, 0);
    });
    assert!(mended && world.all_active());
    let sent = world.state(A, 0).counters.messages_sent;
    assert!(sent > 1000, "link 0 took its share back: {sent}");
}

#[test]
fn both_links_share_the_load() {
    let world = over_two_links(400, |_, _| {});
    for link in [0, 1] {
        let sent = world.state(A, link).counters.messages_sent;
        assert!((200..215).contains(&sent), "{link}: {sent}");
    }
}

#[test]
fn links_cut_in_turn_lose_and_double_nothing() {
    let world = over_two_links(12_000, |world, number| match number % 8000 {
        100 => world.fault(0, Fault::Cut),
        1000 => world.fault(0, Fault::None),
        // Link 0 has had the time for a normal alignment and its changeback.
        3500 if world.active(A, 0) && world.active(B, 0) => world.fault(1, Fault::Silent),
        3600 => world.fault(1, Fault::None),
        _ => {}
    });
    assert_eq!(
        world.logs[A].statuses.len(),
        1,
        "{:?}",
        world.logs[A].statuses
    );
}

#[test]
fn an_inhibited_link_carries_no_traffic_until_it_is_uninhibited() {
    let world = over_two_links(900, |world, number| match number {
        100 => world.request(A, 0, LinkRequest::Inhibit),
        400 => {
            let state = world.state(B, 0);
            assert!(state.inhibited && !state.available && world.active(B, 0));
            world.request(A, 0, LinkRequest::Uninhibit);
        }
        _ => {}
    });
    assert!(!world.state(A, 0).inhibited && world.state(A, 0).available);
    let sent = world.state(A, 0).counters.messages_sent;
    assert!((200..450).contains(&sent), "{sent}");
}

#[test]
fn the_only_link_cannot_be_inhibited() {
    let mut world = World::pair(1);
    world.bring_up();
    world.request(A, 0, LinkRequest::Inhibit);
    assert_eq!(
        world.logs[A].changes.last().unwrap().2,
        LinkChange::InhibitionDenied
    );
    assert!(world.accessible(A, B));
}

#[test]
fn an_inhibited_link_comes_back_when_it_is_needed() {
    for inhibitor in [A, B] {
        let mut world = World::pair(2);
        world.bring_up();
        world.seconds(3);
        world.request(inhibitor, 0, LinkRequest::Inhibit);
        world.seconds(3);
        assert!(world.state(A, 0).inhibited && world.state(B, 0).inhibited);
        world.fault(1, Fault::Cut);
        world.until(5, "uninhibited", |world| {
            world.state(A, 0).available && world.state(B, 0).available
        });
        world.until(3, "accessible", |world| {
            world.accessible(A, B) && world.accessible(B, A)
        });
    }
}
