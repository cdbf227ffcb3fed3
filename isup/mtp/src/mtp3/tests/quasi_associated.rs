//! Two end points behind a pair of signalling transfer points:
//!
//! ```text
//!      /-- S --\\
//!     A    |    B
//!      \\-- T --/
//! ```

use std::time::Duration;

use super::world::{A, B, World, config, point};
use crate::line_model::Fault;
use crate::{Config, LinkId, Route, Status};

pub(super) const S: usize = 2;
pub(super) const T: usize = 3;

/// Links, by number.
pub(super) const A_S: u16 = 0;
pub(super) const A_T: u16 = 1;
pub(super) const B_S: u16 = 2;
pub(super) const B_T: u16 = 3;
pub(super) const S_T: u16 = 4;

const CABLES: [(usize, usize, u16); 5] = [
    (A, S, A_S),
    (A, T, A_T),
    (B, S, B_S),
    (B, T, B_T),
    (S, T, S_T),
];

fn node(own: usize, cables: &[(usize, usize, u16)], routes: &[(usize, usize, u8)]) -> Config {
    let mut node = config(own);
    node.transfer_function = own >= S;
    for &(a, b, link) in cables {
        for (one, other) in [(a, b), (b, a)] {
            if one == own {
                node = node.with_linkset(point(other), &[LinkId(link)]);
            }
        }
    }
    node.routes = routes
        .iter()
        .map(|&(to, via, priority)| Route {
            destination: point(to),
            via: point(via),
            priority,
        })
        .collect();
    node
}

/// With or without the linkset between the transfer points: not started.
pub(super) fn still_network(joined: bool) -> World {
    World::new(configs(joined), cables(joined))
}

/// The same, with everything up.
pub(super) fn network(joined: bool) -> World {
    let mut world = still_network(joined);
    world.bring_up();
    world.seconds(5);
    world
}

fn cables(joined: bool) -> &'static [(usize, usize, u16)] {
    if joined { &CABLES[..] } else { &CABLES[..4] }
}

pub(super) fn configs(joined: bool) -> Vec<Config> {
    let cables = cables(joined);
    let ends = |far| [(far, S, 1), (far, T, 1), (S, T, 2), (T, S, 2)];
    let around = |other| [(A, other, 2), (B, other, 2)];
    let via = |other| {
        if joined {
            around(other).to_vec()
        } else {
            Vec::new()
        }
    };
    vec![
        node(A, cables, &ends(B)),
        node(B, cables, &ends(A)),
        node(S, cables, &via(T)),
        node(T, cables, &via(S)),
    ]
}

/// Sends from A to B and back without a pause while `disturb` is called before every message.
pub(super) fn traffic(world: &mut World, messages: u32, mut disturb: impl FnMut(&mut World, u32)) {
    for number in 0..messages {
        disturb(world, number);
        assert!(world.send(A, B, number), "{number}");
        assert!(world.send(B, A, number), "{number}");
        world.run(Duration::from_millis(6));
    }
    world.seconds(5);
}

fn sent(world: &World, node: usize, link: u16) -> u64 {
    world.state(node, link).counters.messages_sent
}

#[test]
fn both_transfer_points_share_the_load() {
    let mut world = network(true);
    traffic(&mut world, 400, |_, _| {});
    world.assert_complete(A, 400);
    world.assert_complete(B, 400);
    for link in [A_S, A_T] {
        assert!((200..220).contains(&sent(&world, A, link)), "{link}");
    }
    assert!(sent(&world, S, S_T) < 20, "nothing goes across");
}

#[test]
fn a_failed_linkset_is_left_and_taken_again_without_loss() {
    for link in [A_S, B_S] {
        let mut world = network(true);
        traffic(&mut world, 2500, |world, number| match number {
            300 => world.fault(link, Fault::Cut),
            1500 => world.fault(link, Fault::None),
            _ => {}
        });
        world.assert_complete(A, 2500);
        world.assert_complete(B, 2500);
        assert!(world.all_active());
        for node in [A, B] {
            let pauses = world.logs[node].statuses.iter().filter(|(_, status)| {
                matches!(status, Status::Pause(to) if *to == point(A) || *to == point(B))
            });
            assert_eq!(pauses.count(), 0, "{node}");
        }
    }
}

#[test]
fn transfer_prohibited_moves_traffic_and_transfer_allowed_moves_it_back() {
    let mut world = network(false);
    world.fault(B_S, Fault::Cut);
    world.seconds(2);
    let before = sent(&world, A, A_S);
    traffic(&mut world, 100, |_, _| {});
    world.assert_complete(B, 100);
    assert!(
        sent(&world, A, A_S) - before < 5,
        "all goes by the other transfer point"
    );
    world.fault(B_S, Fault::None);
    world.seconds(20);
    let before = sent(&world, A, A_S);
    for log in &mut world.logs {
        log.transfers.clear();
    }
    traffic(&mut world, 100, |_, _| {});
    world.assert_complete(A, 100);
    world.assert_complete(B, 100);
    assert!(sent(&world, A, A_S) - before >= 50);
}

#[test]
fn a_point_cut_off_is_paused_and_resumed() {
    for joined in [false, true] {
        let mut world = network(joined);
        world.fault(B_S, Fault::Cut);
        world.seconds(2);
        world.fault(B_T, Fault::Cut);
        world.until(5, "A pauses B", |world| !world.accessible(A, B));
        world.seconds(100);
        assert!(!world.accessible(A, B));
        assert!(world.accessible(A, S) && world.accessible(A, T));
        world.fault(B_T, Fault::None);
        world.until(60, "A resumes B", |world| {
            world.accessible(A, B) && world.accessible(B, A)
        });
        traffic(&mut world, 50, |_, _| {});
        world.assert_complete(A, 50);
        world.assert_complete(B, 50);
    }
}
