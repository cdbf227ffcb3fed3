//! Traffic to a congested exchange (Q.764 §2.10.2, §2.11).

use super::*;
use crate::circuit::Timer;

const ALL: [CircuitId; 5] = [
    CircuitId(1),
    CircuitId(2),
    CircuitId(3),
    CircuitId(4),
    CircuitId(5),
];

/// New calls that get a circuit, out of twenty.
fn accepted(world: &mut World) -> usize {
    let mut select = || world.a.select(&ALL, Hunt::MostIdle, CallClass::Ordinary);
    let chosen = (0..20).filter(|_| match select() {
        Ok(_) => true,
        Err(why) => {
            assert_eq!(why, NoCircuit::Congested);
            false
        }
    });
    chosen.count()
}

fn step(world: &World) -> u8 {
    world.view(End::A, 1).congestion.step
}

fn congested(world: &mut World) {
    let now = world.now;
    world.a.handle_status(now, Status::Congested(B, 1));
    world.drain();
}

/// One step for each indication that counts, one step back for each T30.
#[test]
fn traffic_goes_down_and_up_by_steps() {
    let mut world = World::new();
    assert_eq!(accepted(&mut world), 20);
    for (indications, left) in [(1, 16), (2, 12), (3, 8), (4, 4), (5, 4)] {
        congested(&mut world);
        assert_eq!(accepted(&mut world), left, "{indications} indications");
        world.run(Duration::from_millis(600));
    }
    assert_eq!(
        world.view(End::A, 1).congestion.refused,
        4 + 8 + 12 + 16 + 16
    );
    // T30 counts from the last indication.
    world.run(Duration::from_millis(7_300));
    assert_eq!(step(&world), 4);
    for left in [8, 12, 16, 20] {
        world.run(Duration::from_millis(200));
        assert_eq!(accepted(&mut world), left);
        world.run(Duration::from_millis(7_800));
    }
    world.all_idle();
    let told: Vec<String> = world
        .alerts
        .iter()
        .map(|(_, alert)| alert.to_string())
        .collect();
    assert_eq!(told.len(), 8);
    assert!(
        told[1].ends_with("is congested: 2 of 5 new calls are refused"),
        "{told:?}"
    );
    assert!(told[7].ends_with("all new calls go there"), "{told:?}");
}

/// Indications within T29 are those of the traffic that is already under way.
#[test]
fn indications_within_t29_do_not_count() {
    let mut world = World::new();
    for _ in 0..10 {
        congested(&mut world);
        world.run(Duration::from_millis(40));
    }
    assert_eq!(step(&world), 1);
    let status = Status::Congested(B, 0);
    world.run(Duration::from_millis(200));
    world.status(End::A, status);
    assert_eq!(step(&world), 1, "the end of congestion is no congestion");
}

/// REL with an automatic congestion level; the call itself is released as any other.
#[test]
fn an_overloaded_exchange_is_spared() {
    for (level, steps, left) in [(1, 1, 16), (2, 3, 8), (7, 0, 20)] {
        let mut world = World::new();
        world.request(End::A, 3, setup());
        world.settle();
        let acl = ParameterCode::AUTOMATIC_CONGESTION_LEVEL;
        let rel = rel(42).with_content(acl, &[level]);
        world.request(End::B, 3, Request::Release(rel));
        world.settle();
        // The level was for this exchange alone.
        let passed_on = world
            .told
            .iter()
            .find_map(|(.., indication)| match indication {
                Indication::Released(rel) => Some(rel.has(acl)),
                _ => None,
            });
        assert_eq!(passed_on, Some(false));
        assert_eq!(world.told(End::A), ["3 Released 42", "3 Idle"]);
        assert_eq!(step(&world), steps);
        assert_eq!(accepted(&mut world), left);
        world.run(seconds(8) * steps.into());
        assert_eq!(accepted(&mut world), 20);
        world.all_idle();
    }
}

/// Calls with priority find their circuit, whatever is held back; the others wait their turn.
#[test]
fn calls_with_priority_go_through() {
    let mut world = World::new();
    for _ in 0..4 {
        congested(&mut world);
        world.run(Duration::from_millis(600));
    }
    for (category, class) in [
        (0x0A, CallClass::Ordinary),
        (0x0B, CallClass::Priority),
        (0x0E, CallClass::Priority),
    ] {
        let code = ParameterCode::CALLING_PARTYS_CATEGORY;
        let iam = message(MessageType::Iam).with_content(code, &[category]);
        assert_eq!(CallClass::of(&iam), class);
    }
    for _ in 0..20 {
        world
            .a
            .select(&ALL, Hunt::MostIdle, CallClass::Priority)
            .unwrap();
    }
    assert_eq!(accepted(&mut world), 4);
    for circuit in 1..=5 {
        world.request(End::A, circuit, setup());
    }
    let none = world.a.select(&ALL, Hunt::MostIdle, CallClass::Priority);
    assert_eq!(none, Err(NoCircuit::Busy));
}

/// Only the congested exchange is spared: a call goes to the other one.
#[test]
fn another_exchange_takes_the_calls() {
    let other = PointCode::itu(4180);
    let mut a = config(A, B, 1..2);
    let theirs = vec![(CircuitId(9), Cic(9))];
    a.groups.push(GroupConfig::new(other, theirs));
    let mut world = World::of(a, config(B, A, 1..2));
    for _ in 0..4 {
        congested(&mut world);
        world.run(Duration::from_millis(600));
    }
    let both = [CircuitId(1), CircuitId(9)];
    let chosen: Vec<u32> = (0..5)
        .filter_map(|_| {
            world
                .a
                .select(&both, Hunt::Ascending, CallClass::Ordinary)
                .ok()
        })
        .map(|circuit| circuit.0)
        .collect();
    assert_eq!(chosen.iter().filter(|&&circuit| circuit == 9).count(), 4);
    assert_eq!(chosen.len(), 5);
}

/// The circuit says why it gets no calls.
#[test]
fn the_view_says_so() {
    let mut world = World::new();
    congested(&mut world);
    let view = world.view(End::A, 1);
    let explained = view.explain(world.now);
    assert!(
        explained.contains("far end congested: 1 of 5 new calls are refused"),
        "{explained}"
    );
    assert!(
        view.timers
            .iter()
            .any(|running| running.timer == Timer::T30)
    );
}
