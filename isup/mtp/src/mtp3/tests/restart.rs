//! Signalling point restart (Q.704 §9) of a transfer point.

use std::time::Duration;

use super::quasi_associated::{A_S, A_T, B_S, S, configs, network, still_network, traffic};
use super::world::{A, B, World};
use crate::line_model::Fault;
use crate::{LinkChange, LinkId, Mtp, TimerEvent, TimerName, mtp3};

/// S forgets everything and starts again.
fn restart(world: &mut World, joined: bool) {
    world.nodes[S] = Mtp::new(configs(joined).remove(S)).unwrap();
    world.nodes[S].start(world.now);
    for log in &mut world.logs {
        log.changes.clear();
    }
    world.drain(S);
}

/// When `node` first told `change` of `link`.
fn when(world: &World, node: usize, link: u16, change: LinkChange) -> Option<Duration> {
    let told = &world.logs[node].changes;
    let found = told
        .iter()
        .find(|told| (told.1, told.2) == (LinkId(link), change));
    found.map(|&(at, _, _)| at)
}

fn accessible(world: &World) -> bool {
    world.accessible(A, S) && world.accessible(B, S)
}

#[test]
fn a_transfer_point_whose_neighbours_all_speak_does_not_wait_for_t18() {
    let mut world = network(true);
    restart(&mut world, true);
    world.until(5, "noticed", |world| !accessible(world));
    world.until(20, "traffic allowed", accessible);
    let expired = LinkChange::Timer(TimerName::Level3(mtp3::Timer::T18), TimerEvent::Expired);
    assert!(world.logs[S].changes.iter().all(|told| told.2 != expired));
    traffic(&mut world, 200, |_, _| {});
    world.assert_complete(A, 200);
    world.assert_complete(B, 200);
}

#[test]
fn a_transfer_point_that_cannot_reach_all_tells_so_before_it_allows_traffic() {
    let mut world = network(false);
    world.fault(B_S, Fault::Cut);
    world.seconds(2);
    restart(&mut world, false);
    let mut sent = 0;
    traffic(&mut world, 5_000, |world, number| {
        if number == 500 {
            sent = world.state(A, A_S).counters.messages_sent;
        }
    });
    // While S gathers and after it said TFP, everything goes by the other transfer point.
    world.assert_complete(A, 5_000);
    world.assert_complete(B, 5_000);
    let more = world.state(A, A_S).counters.messages_sent - sent;
    assert!(more < 10, "{more}");
    let up = when(&world, A, A_S, LinkChange::Sent("TRA")).unwrap();
    let prohibited = when(&world, A, A_S, LinkChange::Received("TFP")).unwrap();
    let allowed = when(&world, A, A_S, LinkChange::Received("TRA")).unwrap();
    assert!(prohibited <= allowed);
    let waited = allowed - up;
    assert!((19..21).contains(&waited.as_secs()), "T18: {waited:?}");
}

#[test]
fn transfer_points_that_start_together_do_not_wait_for_each_other_longer_than_t18() {
    let mut world = still_network(true);
    world.start();
    world.until(30, "all links active", World::all_active);
    let active = world.elapsed();
    world.until(25, "all accessible", |world| {
        accessible(world) && world.accessible(A, B) && world.accessible(B, A)
    });
    let took = world.elapsed() - active;
    assert!((15..21).contains(&took.as_secs()), "{took:?}");
}

#[test]
fn a_transfer_point_that_was_cut_off_restarts() {
    let mut world = network(false);
    for link in [A_S, B_S] {
        world.fault(link, Fault::Cut);
    }
    world.seconds(2);
    for log in &mut world.logs {
        log.changes.clear();
    }
    world.fault(A_S, Fault::None);
    world.until(30, "A hears S", |world| {
        when(world, A, A_S, LinkChange::Received("TRA")).is_some()
    });
    let started = |timer| {
        world.logs[S].changes.iter().any(|told| {
            matches!(told.2, LinkChange::Timer(TimerName::Level3(t), TimerEvent::Started(_)) if t == timer)
        })
    };
    assert!(started(mtp3::Timer::T18) && started(mtp3::Timer::T20));
    assert!(when(&world, A, A_S, LinkChange::Received("TFP")).is_some());
    // One linkset of several that fails and comes back is no restart.
    world.fault(B_S, Fault::None);
    world.until(30, "B is back", |world| {
        world.nodes[S].accessible(super::world::point(B))
    });
    for log in &mut world.logs {
        log.changes.clear();
    }
    world.fault(A_S, Fault::Cut);
    world.seconds(2);
    world.fault(A_S, Fault::None);
    world.until(20, "A is back", |world| {
        world.nodes[S].accessible(super::world::point(A))
    });
    let t18 = LinkChange::Timer(
        TimerName::Level3(mtp3::Timer::T18),
        TimerEvent::Started(Duration::from_secs(20)),
    );
    assert!(world.logs[S].changes.iter().all(|told| told.2 != t18));
    assert!(world.active(A, A_T));
}
