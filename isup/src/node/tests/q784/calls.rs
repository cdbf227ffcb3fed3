//! Groups 2 to 4: set-up, normal release, unsuccessful set-up.

use super::*;

const SAM: MessageType = MessageType::Sam;

fn iam(parameter: ParameterCode, content: &[u8]) -> Request {
    Request::Setup(message(MessageType::Iam).with_content(parameter, content))
}

/// Up to the answer.
fn through(world: &mut World) {
    world.ask(End::A, 1, setup());
    world.send(End::B, 1, MessageType::Acm);
    world.send(End::B, 1, MessageType::Anm);
}

#[test]
fn group_2_1_both_way_circuit_selection() {
    let mut group = Group::default();
    for (title, end) in [
        (
            "2.1.1 IAM sent by the end that controls the even circuits",
            End::B,
        ),
        (
            "2.1.2 IAM sent by the end that controls the odd circuits",
            End::A,
        ),
    ] {
        group.case(title, |world| {
            let all: Vec<CircuitId> = world.node(end).circuits().collect();
            for _ in 0..3 {
                let node = world.node(end);
                let circuit = node
                    .select(&all, Hunt::MostIdle, CallClass::Ordinary)
                    .unwrap();
                world.ask(end, circuit.0, setup());
                world.ask(end, circuit.0, Request::Release(rel(16)));
            }
        });
    }
    reviewed!(group);
}

#[test]
fn group_2_2_called_address_sending() {
    let mut group = Group::default();
    group.case("2.2.1 en bloc", |world| {
        world.ask(End::A, 1, setup());
        world.send(End::B, 1, MessageType::Acm);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("2.2.2 overlap: each SAM starts T7 anew", |world| {
        world.ask(End::A, 1, setup());
        for _ in 0..3 {
            world.run(seconds(15));
            world.send(End::A, 1, SAM);
        }
        world.send(End::B, 1, MessageType::Acm);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("2.2.2 overlap: ST ends the address", |world| {
        world.ask(End::A, 1, setup());
        let last = Message::new(SAM).with_content(ParameterCode::SUBSEQUENT_NUMBER, &[0, 0xF7]);
        world.ask(End::A, 1, Request::Send(last));
        world.send(End::B, 1, MessageType::Con);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("2.2.2 overlap: the caller dials no further, T7", |world| {
        world.ask(End::A, 1, setup());
        world.send(End::A, 1, SAM);
        world.run(seconds(21));
    });
    group.case("2.2.2 overlap: the number is incomplete, REL 28", |world| {
        world.ask(End::A, 1, setup());
        world.send(End::A, 1, SAM);
        world.ask(End::B, 1, Request::Release(rel(28)));
    });
    group.case("2.2.2 overlap: SAM after ACM is discarded", |world| {
        world.ask(End::A, 1, setup());
        world.send(End::B, 1, MessageType::Acm);
        world.inject(End::A, 1, &message(SAM));
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    reviewed!(group);
}

#[test]
fn group_2_4_propagation_delay() {
    let mut group = Group::default();
    let delay = ParameterCode::PROPAGATION_DELAY_COUNTER;
    let history = ParameterCode::CALL_HISTORY_INFORMATION;
    let with =
        |kind, code, content: &[u8]| Request::Send(message(kind).with_content(code, content));
    group.case("2.4.1 counter in IAM, history in ANM", |world| {
        world.ask(End::A, 1, iam(delay, &[0, 20]));
        world.send(End::B, 1, MessageType::Acm);
        world.ask(End::B, 1, with(MessageType::Anm, history, &[0, 35]));
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("2.4.2 counter in IAM, history in CON", |world| {
        world.ask(End::A, 1, iam(delay, &[0, 20]));
        world.ask(End::B, 1, with(MessageType::Con, history, &[0, 35]));
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("2.4.3 counter in IAM, no history comes back", |world| {
        world.ask(End::A, 1, iam(delay, &[0, 20]));
        world.send(End::B, 1, MessageType::Con);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    reviewed!(group);
}

#[test]
fn group_2_3_successful_calls() {
    let mut group = Group::default();
    let clear = |world: &mut World| world.ask(End::A, 1, Request::Release(rel(16)));
    group.case("2.3.1 ordinary call", |world| {
        through(world);
        clear(world);
    });
    group.case("2.3.2 ordinary call with CPG", |world| {
        world.ask(End::A, 1, setup());
        world.send(End::B, 1, MessageType::Acm);
        world.send(End::B, 1, MessageType::Cpg);
        world.send(End::B, 1, MessageType::Anm);
        clear(world);
    });
    group.case("2.3.3 CON in place of ACM and ANM", |world| {
        world.ask(End::A, 1, setup());
        world.send(End::B, 1, MessageType::Con);
        clear(world);
    });
    group.case("2.3.4 by satellite", |world| {
        world.ask(End::A, 1, iam(ParameterCode::NATURE_OF_CONNECTION, &[1]));
        world.send(End::B, 1, MessageType::Acm);
        world.send(End::B, 1, MessageType::Anm);
        clear(world);
    });
    group.case(
        "2.3.5 blocking and unblocking in a call, by this end",
        |world| {
            through(world);
            world.ask(End::A, 1, Request::Block);
            world.ask(End::A, 1, Request::Unblock);
            clear(world);
        },
    );
    group.case(
        "2.3.6 blocking and unblocking in a call, by the other end",
        |world| {
            through(world);
            world.ask(End::B, 1, Request::Block);
            clear(world);
            world.ask(End::B, 1, Request::Unblock);
        },
    );
    reviewed!(group);
}

#[test]
fn group_3_normal_release() {
    let mut group = Group::default();
    group.case(
        "3.1 the caller clears before an address complete",
        |world| {
            world.ask(End::A, 1, setup());
            world.ask(End::A, 1, Request::Release(rel(16)));
        },
    );
    group.case("3.2 the caller clears before the answer", |world| {
        world.ask(End::A, 1, setup());
        world.send(End::B, 1, MessageType::Acm);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("3.3 the caller clears after the answer", |world| {
        through(world);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("3.4 the called clears", |world| {
        through(world);
        world.ask(End::B, 1, Request::Release(rel(16)));
    });
    group.case("3.5 suspended by the network, resumed, released", |world| {
        through(world);
        world.send(End::B, 1, MessageType::Sus);
        world.run(seconds(30));
        world.send(End::B, 1, MessageType::Res);
        world.ask(End::B, 1, Request::Release(rel(16)));
    });
    for (title, end) in [
        ("3.6 suspended and resumed by the calling user", End::A),
        ("3.7 suspended and resumed by the called user", End::B),
    ] {
        group.case(title, |world| {
            let by_user = |kind| Message::new(kind).with(SuspendResumeIndicators::empty());
            through(world);
            world.ask(end, 1, Request::Send(by_user(MessageType::Sus)));
            world.run(seconds(30));
            world.ask(end, 1, Request::Send(by_user(MessageType::Res)));
            world.ask(end, 1, Request::Release(rel(16)));
        });
    }
    for (title, held) in [
        ("3.8a REL crosses REL in a call", true),
        ("3.8b REL crosses REL before the answer", false),
    ] {
        group.case(title, |world| {
            if held {
                through(world);
            } else {
                world.ask(End::A, 1, setup());
            }
            world.request(End::A, 1, Request::Release(rel(16)));
            world.ask(End::B, 1, Request::Release(rel(17)));
        });
    }
    reviewed!(group);
}

#[test]
fn group_4_1_unsuccessful_set_up() {
    let mut group = Group::default();
    for (part, cause) in [
        ("a", 1),
        ("b", 17),
        ("c", 34),
        ("d", 38),
        ("e", 44),
        ("f", 127),
    ] {
        group.case(
            &format!("4.1{part} REL with cause {cause} in place of an ACM"),
            |world| {
                world.ask(End::A, 1, setup());
                world.ask(End::B, 1, Request::Release(rel(cause)));
            },
        );
    }
    reviewed!(group);
}
