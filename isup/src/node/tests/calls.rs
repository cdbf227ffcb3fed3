//! Set-up, talk and release, beyond the cases of Q.784.1 (`q784`).

use super::*;
use crate::circuit::Timer;

/// Q.784.1 2.2, 2.3: en bloc, ACM, CPG, ANM, each side hears what the other says.
#[test]
fn a_call_is_set_up_answered_and_released_by_the_caller() {
    let mut world = World::new();
    world.request(End::A, 1, setup());
    world.settle();
    assert_eq!(world.told(End::B), ["1 Setup"]);
    world.send(End::B, 1, MessageType::Acm);
    world.send(End::B, 1, MessageType::Cpg);
    world.send(End::B, 1, MessageType::Anm);
    assert_eq!(
        world.told(End::A),
        ["1 Received ACM", "1 Received CPG", "1 Received ANM"]
    );
    world.request(End::A, 1, Request::Release(rel(16)));
    world.settle();
    assert_eq!(world.told(End::B), ["1 Released 16", "1 Idle"]);
    assert_eq!(world.told(End::A), ["1 Idle"]);
    assert_eq!(
        world.wire(),
        [
            "A IAM 1", "B ACM 1", "B CPG 1", "B ANM 1", "A REL 1", "B RLC 1"
        ]
    );
    world.all_idle();
}

/// Q.784.1 2.2: overlap; each SAM starts T7 again.
#[test]
fn subsequent_digits_pass_and_restart_t7() {
    let mut world = World::new();
    world.request(End::A, 1, setup());
    world.run(seconds(15));
    world.send(End::A, 1, MessageType::Sam);
    world.run(seconds(15));
    world.send(End::A, 1, MessageType::Sam);
    assert_eq!(
        world.told(End::B),
        ["1 Setup", "1 Received SAM", "1 Received SAM"]
    );
    assert_eq!(world.state(End::A, 1), "OutgoingWaitAcm");
    let starts = world.timers.iter().filter(|(_, _, timer, event)| {
        *timer == Timer::T7 && matches!(event, TimerEvent::Started(_))
    });
    assert_eq!(starts.count(), 3);
}

/// T9 is a matter of the network: without it the phone rings on.
#[test]
fn t9_can_be_off() {
    let mut group = GroupConfig::new(B, vec![(CircuitId(5), Cic(5))]);
    group.timers.set(Timer::T9, None).unwrap();
    let a = NodeConfig {
        variant: Variant::Itu,
        opc: A,
        groups: vec![group],
    };
    let mut world = World::of(a, config(B, A, 5..6));
    world.request(End::A, 5, setup());
    world.settle();
    world.send(End::B, 5, MessageType::Acm);
    world.run(seconds(3600));
    assert_eq!(world.state(End::A, 5), "OutgoingWaitAnm");
}

/// Q.784.1 5.2.3: T1 repeats REL, T5 resets the circuit, T17 goes on until the far end is back.
#[test]
fn no_release_complete_ends_in_supervised_reset() {
    let mut world = answered(3);
    world.deaf = [true, true];
    world.request(End::A, 3, Request::Release(rel(16)));
    world.run(seconds(299));
    let rels = world.wire();
    assert_eq!(rels.len(), 20, "one REL each 15 s: {rels:?}");
    world.run(seconds(2));
    assert_eq!(world.wire(), ["A RSC 3"]);
    assert!(
        world
            .alerts
            .iter()
            .any(|(_, alert)| alert.to_string().contains("T5 ended, no RLC"))
    );
    assert_eq!(world.view(End::A, 3).timers[0].timer, Timer::T17);
    world.run(seconds(300));
    assert_eq!(world.wire(), ["A RSC 3"]);
    world.deaf = [false, false];
    world.run(seconds(300));
    assert_eq!(world.told(End::A), ["3 Idle"]);
    assert_eq!(world.told(End::B), ["3 Failed 31 Reset", "3 Idle"]);
    world.all_idle();
}

/// Q.784.1 6.4, and what passes end to end in both directions.
#[test]
fn messages_of_the_call_pass() {
    let mut world = answered(3);
    for kind in [
        MessageType::Usr,
        MessageType::Fac,
        MessageType::Cpg,
        MessageType::Apm,
    ] {
        world.send(End::A, 3, kind);
        world.send(End::B, 3, kind);
        let received = [format!("3 Received {kind}")];
        assert_eq!(world.told(End::A), received);
        assert_eq!(world.told(End::B), received);
    }
    world.send(End::A, 3, MessageType::Fot);
    assert_eq!(world.told(End::B), ["3 Received FOT"]);
}

/// INR, INF and T33.
#[test]
fn information_is_asked_for() {
    let mut world = World::new();
    world.request(End::A, 1, setup());
    world.settle();
    world.send(End::B, 1, MessageType::Inr);
    assert_eq!(world.view(End::B, 1).timers[0].timer, Timer::T33);
    world.send(End::A, 1, MessageType::Inf);
    assert!(world.view(End::B, 1).timers.is_empty());
    world.send(End::B, 1, MessageType::Inr);
    world.run(seconds(13));
    assert_eq!(
        world.told(End::B),
        [
            "1 Setup",
            "1 Received INF",
            "1 Failed 102 Expired(T33)",
            "1 Idle"
        ]
    );
    world.all_idle();
}

/// T38: the called party hung up and has not come back; the exchange that said so gives up.
#[test]
fn a_call_that_this_end_suspended_ends_by_t38() {
    let mut world = answered(3);
    world.deaf = [false, true];
    world.send(End::B, 3, MessageType::Sus);
    assert_eq!(world.view(End::B, 3).timers[0].timer, Timer::T38);
    world.send(End::B, 3, MessageType::Res);
    assert!(world.view(End::B, 3).timers.is_empty());
    world.send(End::B, 3, MessageType::Sus);
    world.deaf = [false, false];
    world.run(seconds(149));
    assert_eq!(world.told(End::B), [""; 0]);
    world.run(seconds(2));
    assert_eq!(world.told(End::B), ["3 Failed 102 Expired(T38)", "3 Idle"]);
    assert_eq!(world.told(End::A), ["3 Released 102", "3 Idle"]);
    world.all_idle();
}

/// Requests that make no sense are refused and change nothing.
#[test]
fn senseless_requests_are_refused() {
    let mut world = answered(3);
    let now = world.now;
    let node = &mut world.a;
    let error = node.request(now, CircuitId(3), setup()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "circuit 3 is OutgoingAnswered: cannot send IAM"
    );
    let send = Request::Send(message(MessageType::Acm));
    assert!(matches!(
        node.request(now, CircuitId(3), send),
        Err(RequestError::State {
            circuit: CircuitId(3),
            ..
        })
    ));
    let setup = Request::Setup(message(MessageType::Acm));
    assert!(matches!(
        node.request(now, CircuitId(1), setup),
        Err(RequestError::Message { .. })
    ));
    let unset = Request::Setup(Message::new(MessageType::Iam));
    assert!(matches!(
        node.request(now, CircuitId(1), unset),
        Err(RequestError::Incomplete(_))
    ));
    assert!(matches!(
        node.request(now, CircuitId(99), Request::Block),
        Err(RequestError::UnknownCircuit(CircuitId(99)))
    ));
    assert_eq!(node.poll_output(), None);
}
