//! Selection and dual seizure (Q.764 §2.9.1; Q.784.1 2.1, 6.2.1, 6.3.1).

use super::*;

fn circuits() -> Vec<CircuitId> {
    (1..=6).map(CircuitId).collect()
}

/// B has the higher point code: it controls the even circuits and its call stays.
#[test]
fn dual_seizure() {
    let mut world = World::new();
    world.request(End::A, 2, setup());
    world.request(End::B, 2, setup());
    world.settle();
    assert_eq!(world.told(End::A), ["2 Repeat DualSeizure", "2 Setup"]);
    assert_eq!(world.told(End::B), [""; 0]);
    assert_eq!(world.state(End::A, 2), "IncomingWaitAcm");
    world.send(End::A, 2, MessageType::Acm);
    world.send(End::A, 2, MessageType::Anm);
    assert_eq!(world.told(End::B), ["2 Received ACM", "2 Received ANM"]);
    world.request(End::B, 2, Request::Release(rel(16)));
    world.settle();
    assert_eq!(world.told(End::A), ["2 Released 16", "2 Idle"]);
    world.all_idle();
}

/// On odd circuits the lower point code wins.
#[test]
fn dual_seizure_on_an_odd_circuit() {
    let mut world = World::new();
    world.request(End::A, 3, setup());
    world.request(End::B, 3, setup());
    world.settle();
    assert_eq!(world.told(End::B), ["3 Repeat DualSeizure", "3 Setup"]);
    assert_eq!(world.told(End::A), [""; 0]);
}

/// The two ends take circuits from opposite sides and meet only at the end.
#[test]
fn the_ends_hunt_apart() {
    for hunt in [
        Hunt::MostIdle,
        Hunt::LeastIdle,
        Hunt::Ascending,
        Hunt::Descending,
    ] {
        let mut world = World::new();
        for round in 0..3 {
            for end in End::BOTH {
                let circuit = world
                    .node(end)
                    .select(&circuits(), hunt, CallClass::Ordinary)
                    .unwrap();
                world.request(end, circuit.0, setup());
                assert_eq!(
                    circuit.0.is_multiple_of(2),
                    end == End::B,
                    "{hunt:?} round {round}"
                );
            }
            world.settle();
        }
        assert_eq!(
            world.a.select(&circuits(), hunt, CallClass::Ordinary),
            Err(NoCircuit::Busy)
        );
        let told = world.told(End::A);
        assert!(
            !told.iter().any(|told| told.contains("Repeat")),
            "{hunt:?}: {told:?}"
        );
    }
}

/// Method 2: controlled circuits by the longest idle, the others by the latest released.
#[test]
fn method_two() {
    let mut world = World::new();
    let use_and_release = |world: &mut World, circuit| {
        world.request(End::A, circuit, setup());
        world.settle();
        world.request(End::A, circuit, Request::Release(rel(16)));
        world.settle();
    };
    for circuit in [1, 5, 3, 4, 2, 6] {
        use_and_release(&mut world, circuit);
    }
    let mut order = Vec::new();
    while let Ok(circuit) = world
        .a
        .select(&circuits(), Hunt::MostIdle, CallClass::Ordinary)
    {
        order.push(circuit.0);
        world.request(End::A, circuit.0, setup());
    }
    assert_eq!(order, [1, 5, 3, 6, 2, 4]);
}

/// Many dual seizures point at a wrong configuration.
#[test]
fn dual_seizures_are_counted() {
    let mut world = World::new();
    assert!(world.view(End::A, 1).hints.is_empty());
    for circuit in [2, 4, 6] {
        world.request(End::A, circuit, setup());
        world.request(End::B, circuit, setup());
        world.settle();
    }
    assert_eq!(world.view(End::A, 1).hints, [Hint::DualSeizures(3)]);
}

/// Codes that lie beside the configured ones are recognised.
#[test]
fn an_offset_of_the_codes_is_recognised() {
    let mut world = World::of(config(A, B, 1..32), config(B, A, 33..64));
    let now = world.now;
    world.b.start(now);
    world.settle();
    for cic in [33, 63] {
        world.inject(End::B, cic, &message(MessageType::Iam));
    }
    let hints = world.view(End::A, 1).hints;
    assert_eq!(
        hints,
        [Hint::CicOffset {
            offset: 32,
            seen: (Cic(33), Cic(63))
        }]
    );
    assert!(hints[0].to_string().contains("32 too low"), "{}", hints[0]);
}

/// What is preferred, each by each hunt: A, with the lower point code, controls the odd circuits.
#[test]
fn preferred_circuits_come_first_and_the_others_from_the_far_side() {
    let order = |hunt, prefer| {
        let mut world = World::new();
        // The order in which they become idle.
        for circuit in [1, 5, 3, 4, 2, 6] {
            world.request(End::A, circuit, setup());
            world.settle();
            world.request(End::A, circuit, Request::Release(rel(16)));
            world.settle();
        }
        let mut order = Vec::new();
        let selection = Selection { hunt, prefer };
        while let Ok(circuit) = world.a.select(&circuits(), selection, CallClass::Ordinary) {
            order.push(circuit.0);
            world.request(End::A, circuit.0, setup());
        }
        order
    };
    let even = |hunt| order(hunt, Prefer::Even);
    assert_eq!(even(Hunt::MostIdle), [4, 2, 6, 3, 5, 1]);
    assert_eq!(even(Hunt::LeastIdle), [6, 2, 4, 1, 5, 3]);
    assert_eq!(even(Hunt::Ascending), [2, 4, 6, 5, 3, 1]);
    assert_eq!(even(Hunt::Descending), [6, 4, 2, 1, 3, 5]);
    let odd = |hunt| order(hunt, Prefer::Odd);
    assert_eq!(odd(Hunt::MostIdle), [1, 5, 3, 6, 2, 4]);
    assert_eq!(odd(Hunt::LeastIdle), [3, 5, 1, 4, 2, 6]);
    assert_eq!(odd(Hunt::Ascending), [1, 3, 5, 6, 4, 2]);
    assert_eq!(odd(Hunt::Descending), [5, 3, 1, 2, 4, 6]);
    let nothing = |hunt| order(hunt, Prefer::Nothing);
    assert_eq!(nothing(Hunt::MostIdle), [1, 5, 3, 4, 2, 6]);
    assert_eq!(nothing(Hunt::LeastIdle), [6, 2, 4, 3, 5, 1]);
    assert_eq!(nothing(Hunt::Ascending), [1, 2, 3, 4, 5, 6]);
    assert_eq!(nothing(Hunt::Descending), [6, 5, 4, 3, 2, 1]);
    for hunt in [
        Hunt::MostIdle,
        Hunt::LeastIdle,
        Hunt::Ascending,
        Hunt::Descending,
    ] {
        assert_eq!(order(hunt, Prefer::Controlled), odd(hunt));
        assert_eq!(Selection::from(hunt).prefer, Prefer::Controlled);
    }
}
