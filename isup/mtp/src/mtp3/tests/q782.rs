//! Scenarios after the groups of the level 3 tests (Q.782), each with its ladder.

use std::time::Duration;

use super::quasi_associated::{A_S, B_S, B_T, S, network};
use super::world::{A, B, World, point};
use crate::LinkRequest;
use crate::line_model::Fault;
use crate::mtp3::Management;
use crate::{Slc, Status};

fn pair(links: u16) -> World {
    let mut world = World::pair(links);
    world.bring_up();
    world.seconds(3);
    world
}

/// B sends a management message that its own procedures would not send now.
fn say(world: &mut World, node: usize, link: usize, management: &Management) {
    let now = world.now;
    world.nodes[node].send_on_link(now, link, management);
    world.nodes[node].settle(now);
    world.drain(node);
    world.run(Duration::from_millis(50));
}

/// Messages both ways for so long.
fn traffic(world: &mut World, numbers: std::ops::Range<u32>) {
    for number in numbers {
        assert!(world.send(A, B, number) && world.send(B, A, number));
        world.run(Duration::from_millis(6));
    }
}

#[test]
fn signalling_link_management() {
    let mut world = World::pair(1);
    world.ladder.chapter("first activation");
    world.bring_up();
    world.ladder.chapter("deactivation at A");
    world.request(A, 0, LinkRequest::Deactivate);
    world.seconds(1);
    world.ladder.chapter("activation at A");
    world.request(A, 0, LinkRequest::Activate);
    world.until(60, "up", |world| world.all_active());
    world.seconds(1);
    world
        .ladder
        .chapter("the line is lost for 3 s: T17, emergency alignment");
    world.fault(0, Fault::Cut);
    world.seconds(3);
    world.fault(0, Fault::None);
    world.until(60, "up", World::all_active);
    world.seconds(1);
    crate::ladder::reviewed!(world.ladder.take());
}

#[test]
fn changeover() {
    let mut text = String::new();
    let mut world = pair(2);
    world
        .ladder
        .chapter("normal: link 0 is lost under traffic, nothing else is");
    traffic(&mut world, 0..20);
    world.fault(0, Fault::Cut);
    traffic(&mut world, 20..60);
    world.run(Duration::from_millis(200));
    world.assert_complete(A, 60);
    world.assert_complete(B, 60);
    text += &world.ladder.take();

    let mut world = pair(2);
    world
        .ladder
        .chapter("B orders it by COO with a number never sent");
    say(&mut world, B, 1, &Management::Coo(Slc(0), 77));
    text += &world.ladder.take();

    let mut world = pair(2);
    world.ladder.chapter("B orders an emergency changeover");
    say(&mut world, B, 1, &Management::Eco(Slc(0)));
    text += &world.ladder.take();

    let mut world = pair(2);
    world
        .ladder
        .chapter("COA and ECA without an order; an order for a link there is not");
    say(&mut world, B, 1, &Management::Coa(Slc(0), 3));
    say(&mut world, B, 1, &Management::Eca(Slc(0)));
    say(&mut world, B, 1, &Management::Coo(Slc(9), 3));
    text += &world.ladder.take();

    let mut world = pair(2);
    world
        .ladder
        .chapter("time-controlled: processor outage at B for 2 s");
    traffic(&mut world, 0..20);
    world.request(B, 0, LinkRequest::LocalProcessorOutage);
    world.seconds(2);
    world.request(B, 0, LinkRequest::LocalProcessorRecovered);
    world.seconds(2);
    text += &world.ladder.take();
    crate::ladder::reviewed!(text);
}

#[test]
fn changeback() {
    let mut world = pair(2);
    world.fault(0, Fault::Cut);
    world.seconds(2);
    world
        .ladder
        .chapter("link 0 comes back under traffic, nothing is lost");
    world.fault(0, Fault::None);
    let mut number = 0;
    while !(world.state(A, 0).available && world.state(B, 0).available) {
        traffic(&mut world, number..number + 1);
        number += 1;
        assert!(number < 5_000);
    }
    traffic(&mut world, number..number + 50);
    world.run(Duration::from_millis(200));
    world.assert_complete(A, number + 50);
    world.assert_complete(B, number + 50);
    world
        .ladder
        .chapter("CBA with a code that was not declared, and without a declaration");
    say(&mut world, B, 1, &Management::Cba(Slc(0), 9));
    world.ladder.chapter("CBD unasked is acknowledged");
    say(&mut world, B, 1, &Management::Cbd(Slc(0), 5));
    crate::ladder::reviewed!(world.ladder.take());
}

#[test]
fn forced_and_controlled_rerouting() {
    let mut world = network(false);
    world
        .ladder
        .chapter("S loses its link to B: TFP, forced rerouting at A");
    for number in 0..20 {
        assert!(world.send(A, B, number));
        world.run(Duration::from_millis(6));
    }
    world.fault(B_S, Fault::Cut);
    world.seconds(3);
    world
        .ladder
        .chapter("and gets it back: TFA, controlled rerouting at A (T6)");
    world.fault(B_S, Fault::None);
    world.until(60, "active", |world| world.active(S, B_S));
    world.seconds(3);
    world
        .ladder
        .chapter("both ways to B are lost and one comes back");
    world.fault(B_S, Fault::Cut);
    world.fault(B_T, Fault::Cut);
    world.seconds(3);
    world.fault(B_S, Fault::None);
    world.until(60, "accessible", |world| world.accessible(A, B));
    crate::ladder::reviewed!(world.ladder.take());
}

#[test]
fn management_inhibiting() {
    let mut world = pair(2);
    world.ladder.chapter("A inhibits link 0");
    world.request(A, 0, LinkRequest::Inhibit);
    world.seconds(3);
    world.ladder.chapter("and wants link 1 too: denied");
    world.request(A, 1, LinkRequest::Inhibit);
    world.seconds(3);
    world
        .ladder
        .chapter("the tests of an inhibited link, T22 and T23");
    world.seconds(245);
    world.ladder.chapter("A uninhibits link 0");
    world.request(A, 0, LinkRequest::Uninhibit);
    world.seconds(3);
    world
        .ladder
        .chapter("B inhibits link 0, then link 1 is lost: forced uninhibition");
    world.request(B, 0, LinkRequest::Inhibit);
    world.seconds(3);
    world.fault(1, Fault::Cut);
    world.seconds(5);
    crate::ladder::reviewed!(world.ladder.take());
}

#[test]
fn signalling_traffic_flow_control() {
    let mut world = pair(1);
    world
        .ladder
        .chapter("more than the line carries: 200 messages");
    for number in 0..200 {
        assert!(world.send(A, B, number));
    }
    world.seconds(2);
    world.ladder.chapter("TFC arrives about B");
    say(&mut world, B, 0, &Management::Tfc(point(B), 1));
    world
        .ladder
        .chapter("a message for a user part that B lacks");
    let sccp = crate::Transfer {
        si: 3,
        ..super::world::message(A, B, 0)
    };
    world.nodes[A].transfer(world.now, sccp).unwrap();
    world.drain(A);
    world.seconds(1);
    let last = world.logs[A].statuses.last().unwrap().1;
    assert_eq!(last, Status::UserPartUnavailable(point(B)));
    crate::ladder::reviewed!(world.ladder.take());
}

#[test]
fn signalling_route_management() {
    let mut world = network(false);
    world
        .ladder
        .chapter("S loses its link to B: TFP, then RST every T10");
    world.fault(B_S, Fault::Cut);
    world.seconds(100);
    world
        .ladder
        .chapter("TFR and TFA from S about B, TFP about an unknown point");
    world.fault(B_S, Fault::None);
    world.until(60, "active", |world| world.active(S, B_S));
    world.seconds(3);
    say(&mut world, S, 0, &Management::Tfr(point(B)));
    world.seconds(2);
    say(&mut world, S, 0, &Management::Tfa(point(B)));
    world.seconds(2);
    say(&mut world, S, 0, &Management::Tfp(point(99)));
    crate::ladder::reviewed!(world.ladder.take());
}

#[test]
fn signalling_point_restart() {
    let mut world = network(false);
    for link in [A_S, B_S] {
        world.fault(link, Fault::Cut);
    }
    world.seconds(2);
    world
        .ladder
        .chapter("S was cut off and gets its link to A back: T18, TFP, TRA");
    world.fault(A_S, Fault::None);
    world.seconds(30);
    world.ladder.chapter("then that to B");
    world.fault(B_S, Fault::None);
    world.seconds(20);
    crate::ladder::reviewed!(world.ladder.take());
}
