//! Timers of Q.764 Annex A that the test groups of Q.784.1 do not play to their end, by number and
//! clause. `docs/timers.md` says where each of the others is.

use super::*;
use crate::circuit::{CircuitAlert, Timer};

fn alerts(world: &World, end: End) -> Vec<String> {
    let of = world.alerts.iter().filter(|(at, _)| *at == end);
    of.map(|(_, alert)| alert.to_string()).collect()
}

#[test]
fn t2_q733_4_the_user_does_not_resume() {
    let mut world = answered(3);
    let sus = Message::new(MessageType::Sus).with(SuspendResumeIndicators::empty());
    world.request(End::B, 3, Request::Send(sus));
    world.settle();
    assert_eq!(world.view(End::A, 3).timers[0].timer, Timer::T2);
    assert_eq!(world.told(End::A), ["3 Received SUS"]);
    world.run(seconds(179));
    assert_eq!(world.told(End::A), [""; 0]);
    world.run(seconds(2));
    assert_eq!(world.told(End::A), ["3 Failed 102 Expired(T2)", "3 Idle"]);
    world.all_idle();
}

/// OLM: the call fails at once, the circuit is kept until T3 ends and then released.
#[test]
fn t3_2_9_9_the_circuit_of_an_overloaded_far_end_is_released() {
    let mut world = World::new();
    world.deaf = [true, false];
    world.request(End::A, 1, setup());
    world.settle();
    world.forget();
    world.inject(End::B, 1, &Message::new(MessageType::Olm));
    assert_eq!(world.told(End::A), ["1 Failed 42 Overload", "1 Idle"]);
    assert_eq!(world.state(End::A, 1), "OutgoingOverloaded");
    assert_eq!(world.view(End::A, 1).timers[0].timer, Timer::T3);
    let again = world.node(End::A).accepts(CircuitId(1), &setup());
    assert!(again.is_err(), "it brings no further call");
    world.deaf = [false, false];
    world.run(seconds(119));
    assert_eq!(world.wire(), [""; 0]);
    world.run(seconds(2));
    assert_eq!(world.wire(), ["A REL 1", "B RLC 1"]);
    assert_eq!(world.told(End::A), [""; 0]);
    world.all_idle();
}

/// The far end takes the call after all, or another: the ends do not agree, RSC makes them.
#[test]
fn a_message_of_a_call_on_a_circuit_that_waits_for_t3_resets_it_2_9_5_1() {
    for kind in [MessageType::Acm, MessageType::Iam] {
        let mut world = World::new();
        world.deaf = [true, false];
        world.request(End::A, 1, setup());
        world.settle();
        world.inject(End::B, 1, &Message::new(MessageType::Olm));
        world.deaf = [false, false];
        world.forget();
        world.inject(End::B, 1, &message(kind));
        assert_eq!(world.wire(), ["A RSC 1", "B RLC 1"], "{kind}");
        world.all_idle();
    }
}

#[test]
fn t36_2_1_8_neither_cot_nor_rel_after_ccr() {
    let mut world = World::new();
    world.inject(End::A, 1, &Message::new(MessageType::Ccr));
    assert_eq!(world.view(End::B, 1).timers[0].timer, Timer::T36);
    assert_eq!(world.told(End::B), ["1 Loop(true)"]);
    world.forget();
    world.run(seconds(14));
    assert_eq!(world.wire(), ["B RSC 1", "A RLC 1"]);
    world.all_idle();
}

/// The caller's identity was asked for: with or without an answer the call goes on.
#[test]
fn t39_q731_7_nobody_identifies_the_caller() {
    let mut world = answered(3);
    world.send(End::B, 3, MessageType::Idr);
    assert_eq!(world.told(End::A), ["3 Received IDR"]);
    assert_eq!(world.view(End::B, 3).timers[0].timer, Timer::T39);
    world.send(End::A, 3, MessageType::Ids);
    assert_eq!(world.told(End::B), ["3 Received IDS"]);
    assert_eq!(world.view(End::B, 3).timers, []);

    world.send(End::B, 3, MessageType::Idr);
    world.run(seconds(11));
    let alert = CircuitAlert::NoAnswer(Timer::T39).to_string();
    let told = alerts(&world, End::B);
    assert!(told.iter().any(|told| told.contains(&alert)), "{told:?}");
    assert_eq!(world.state(End::B, 3), "IncomingAnswered");
    assert_eq!(world.view(End::B, 3).timers, []);
}
