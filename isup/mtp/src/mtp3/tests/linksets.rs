//! Large linksets (Q.704 §2.2.3, §4.5) and point codes of 24 bits (T1.111.4).

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;

use super::world::{A, B, World, config};
use crate::line_model::Fault;
use crate::{
    Config, ConfigError, LINKS_PER_LINKSET, LinkId, NetworkIndicator, PointCode, Sls, Standard,
    Status, Transfer,
};

/// Messages both ways for so long.
fn traffic(world: &mut World, numbers: std::ops::Range<u32>) {
    for number in numbers {
        assert!(world.send(A, B, number), "{number}");
        assert!(world.send(B, A, number), "{number}");
        world.run(Duration::from_millis(2));
    }
}

fn sent(world: &World) -> Vec<u64> {
    let links = world.nodes[A].links().collect::<Vec<_>>();
    let counters = links
        .iter()
        .map(|link| world.state(A, link.0).counters.messages_sent);
    counters.collect()
}

#[test]
fn sixteen_links_carry_a_share_each_and_the_last_one_carries_all() {
    let mut world = World::pair(LINKS_PER_LINKSET as u16);
    world.bring_up();
    world.seconds(3);
    let before = sent(&world);
    traffic(&mut world, 0..320);
    world.run(Duration::from_millis(200));
    let share: BTreeSet<u64> = sent(&world)
        .iter()
        .zip(before)
        .map(|(after, before)| after - before)
        .collect();
    assert_eq!(share, BTreeSet::from([20]), "one SLS each");
    // One after the other is lost under traffic, then all come back.
    let mut number = 320;
    for link in 0..15 {
        world.fault(link, Fault::Cut);
        traffic(&mut world, number..number + 60);
        number += 60;
        world.run(Duration::from_millis(1_500));
    }
    assert!((0..15).all(|link| !world.active(A, link)) && world.active(A, 15));
    for link in 0..15 {
        world.fault(link, Fault::None);
    }
    world.until(90, "all active again", World::all_active);
    world.seconds(3);
    let before = sent(&world);
    traffic(&mut world, number..number + 160);
    world.seconds(1);
    world.assert_complete(A, number + 160);
    world.assert_complete(B, number + 160);
    assert!(
        sent(&world)
            .iter()
            .zip(before)
            .all(|(after, before)| after - before == 10)
    );
    assert!(
        world.logs.iter().all(|log| !log
            .statuses
            .iter()
            .any(|(_, status)| matches!(status, Status::Pause(_)))),
        "one link is enough"
    );
}

#[test]
fn a_seventeenth_link_is_refused() {
    let ids: Vec<LinkId> = (0..17).map(LinkId).collect();
    let config = config(A).with_linkset(super::world::point(B), &ids);
    let refused = crate::Mtp::new(config).map(drop);
    assert!(
        matches!(refused, Err(ConfigError::LinkCount { .. })),
        "{refused:?}"
    );
}

/// ANSI between points whose codes need all 24 bits: link tests, messages by 32 values of SLS, a
/// changeover and the changeback, without loss.
#[test]
fn points_of_24_bits_change_over_and_back() {
    let codes = [PointCode::ansi(0xF5_01_02), PointCode::ansi(0xF5_FE_FD)];
    let of = |node: usize| Config::new(Standard::Ansi, NetworkIndicator::National, codes[node]);
    let mut world = World::pair_of(of(A), of(B), 2);
    world.start();
    world.until(60, "in service", |world| {
        world.all_active()
            && world.nodes[A].accessible(codes[B])
            && world.nodes[B].accessible(codes[A])
    });
    let send = |world: &mut World, number: u32| {
        for (from, to) in [(A, B), (B, A)] {
            let transfer = Transfer {
                si: 5,
                opc: codes[from],
                dpc: codes[to],
                sls: Sls((number % 32) as u8),
                sif: Bytes::copy_from_slice(&number.to_be_bytes()),
            };
            world.nodes[from].transfer(world.now, transfer).unwrap();
            world.drain(from);
        }
        world.run(Duration::from_millis(3));
    };
    let mut number = 0;
    while number < 400 {
        if number == 100 {
            world.fault(0, Fault::Cut);
        }
        send(&mut world, number);
        number += 1;
    }
    assert!(!world.active(A, 0));
    world.fault(0, Fault::None);
    while !world.all_active() {
        send(&mut world, number);
        number += 1;
        assert!(number < 20_000);
    }
    for _ in 0..400 {
        send(&mut world, number);
        number += 1;
    }
    world.seconds(2);
    world.assert_complete(A, number);
    world.assert_complete(B, number);
    let transfer = world.logs[B].transfers.last().unwrap();
    assert_eq!((transfer.opc, transfer.dpc), (codes[A], codes[B]));
    let used: BTreeSet<u8> = world.logs[B].transfers.iter().map(|t| t.sls.0).collect();
    assert_eq!(used.len(), 32);
}
