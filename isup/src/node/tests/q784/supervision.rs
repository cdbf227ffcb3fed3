//! Group 1: circuit supervision and signalling supervision.

use super::*;
use crate::{CircuitGroupSupervisionType, RangeAndStatus};

/// A row of circuits, all of them meant.
fn all_of(circuits: u8) -> RangeAndStatus {
    let mut row = RangeAndStatus::cleared(circuits - 1);
    for offset in 0..usize::from(circuits) {
        row.set_status(offset, true);
    }
    row
}

#[test]
fn group_1_1_circuits_that_are_not_allocated() {
    let mut group = Group::default();
    let world = World::of(config(A, B, 1..6), config(B, A, 1..5));
    group.case_in(world, "1.1 IAM on a circuit that is not there", |world| {
        world.ask(End::A, 5, setup());
    });
    reviewed!(group);
}

#[test]
fn group_1_2_reset_of_circuits() {
    let mut group = Group::default();
    group.case("1.2.1 RSC received on an idle circuit", |world| {
        world.inject(End::A, 1, &Message::new(MessageType::Rsc));
    });
    group.case("1.2.2 RSC sent", |world| {
        world.ask(End::A, 1, Request::Reset);
    });
    group.case("1.2.3 RSC on a circuit blocked at this end", |world| {
        world.ask(End::B, 1, Request::Block);
        world.ask(End::A, 1, Request::Reset);
    });
    group.case("1.2.4 RSC on a circuit blocked at the other end", |world| {
        world.ask(End::A, 1, Request::Block);
        world.then(End::A, "it has forgotten");
        world.inject(End::A, 1, &Message::new(MessageType::Rsc));
    });
    group.case(
        "1.2.5a GRS over circuits, one of them blocked here",
        |world| {
            world.ask(End::B, 2, Request::Block);
            world.ask_group(End::A, 1..=4, GroupRequest::Reset);
        },
    );
    for (part, range) in [("b", 0), ("c", 32)] {
        group.case(
            &format!("1.2.5{part} GRS with range {range}: discarded"),
            |world| {
                let grs = Message::new(MessageType::Grs).with(RangeAndStatus::range(range));
                world.inject(End::A, 1, &grs);
            },
        );
    }
    group.case("1.2.6 GRS sent", |world| {
        world.ask_group(End::A, 1..=15, GroupRequest::Reset);
    });
    group.case(
        "1.2.7 GRS over circuits blocked at the other end",
        |world| {
            world.ask(End::A, 3, Request::Block);
            world.then(End::A, "it has forgotten");
            let grs = Message::new(MessageType::Grs).with(RangeAndStatus::range(4));
            world.inject(End::A, 1, &grs);
        },
    );
    reviewed!(group);
}

#[test]
fn group_1_3_blocking_of_circuits() {
    let mut group = Group::default();
    group.case(
        "1.3.1.1a CGB and CGU received, maintenance, on idle circuits and a call",
        |world| {
            world.ask(End::B, 2, setup());
            world.send(End::A, 2, MessageType::Con);
            world.ask_group(End::A, 1..=3, GroupRequest::Block);
            world.ask_group(End::A, 1..=3, GroupRequest::Unblock);
            world.ask(End::B, 2, Request::Release(rel(16)));
        },
    );
    group.case(
        "1.3.1.1d CGB and CGU received, hardware failure, with a call",
        |world| {
            world.ask(End::B, 2, setup());
            world.send(End::A, 2, MessageType::Acm);
            world.alarm(End::A, 1..=3, true);
            world.alarm(End::A, 1..=3, false);
        },
    );
    for (parts, kind) in [
        (["b", "c"], CircuitGroupSupervisionType::MAINTENANCE),
        (["e", "f"], CircuitGroupSupervisionType::HARDWARE_FAILURE),
    ] {
        for (part, row, why) in [
            (parts[0], RangeAndStatus::cleared(0), "range 0"),
            (parts[1], all_of(40), "more than 32 circuits at once"),
        ] {
            group.case(
                &format!(
                    "1.3.1.1{part} CGB with {why}, {}: discarded",
                    kind.kind().name()
                ),
                |world| {
                    let cgb = Message::new(MessageType::Cgb).with(kind).with(row);
                    world.inject(End::A, 1, &cgb);
                },
            );
        }
    }
    group.case("1.3.1.2a CGB and CGU sent, maintenance", |world| {
        world.ask_group(End::A, 1..=15, GroupRequest::Block);
        world.ask_group(End::A, 1..=15, GroupRequest::Unblock);
    });
    group.case("1.3.1.2b CGB and CGU sent, hardware failure", |world| {
        world.alarm(End::A, 1..=15, true);
        world.alarm(End::A, 1..=15, false);
    });
    group.case("1.3.2.1 BLO and UBL received", |world| {
        world.ask(End::B, 1, Request::Block);
        world.ask(End::B, 1, Request::Unblock);
    });
    group.case("1.3.2.2 BLO and UBL sent", |world| {
        world.ask(End::A, 1, Request::Block);
        world.ask(End::A, 1, Request::Unblock);
    });
    group.case(
        "1.3.2.3 blocking from both ends, unblocking from one",
        |world| {
            world.request(End::A, 1, Request::Block);
            world.ask(End::B, 1, Request::Block);
            world.ask(End::A, 1, Request::Unblock);
        },
    );
    group.case(
        "1.3.2.4 IAM on a circuit that its sender had blocked",
        |world| {
            world.ask(End::A, 1, Request::Block);
            world.then(End::A, "it has forgotten");
            world.inject(End::A, 1, &message(MessageType::Iam));
        },
    );
    group.case("1.3.2.5 CGB undone with UBL", |world| {
        world.ask_group(End::A, 2..=3, GroupRequest::Block);
        world.ask(End::A, 2, Request::Unblock);
        world.ask(End::A, 3, Request::Unblock);
    });
    reviewed!(group);
}

#[test]
fn group_1_4_continuity_check_on_idle_circuits() {
    let mut group = Group::default();
    group.case("1.4.1 CCR received, the check succeeds", |world| {
        world.inject(End::A, 1, &Message::new(MessageType::Ccr));
        world.inject(End::A, 1, &rel(16));
    });
    group.case("1.4.2 CCR sent, the check succeeds", |world| {
        world.ask(End::A, 1, Request::Check);
    });
    group.case(
        "1.4.3 CCR received, the check fails and is made again",
        |world| {
            world.inject(End::A, 1, &Message::new(MessageType::Ccr));
            world.inject(End::A, 1, &cot(false));
            world.inject(End::A, 1, &Message::new(MessageType::Ccr));
            world.inject(End::A, 1, &rel(16));
        },
    );
    group.case(
        "1.4.4 CCR sent, the check fails until the circuit is good",
        |world| {
            world.sound = false;
            world.request(End::A, 1, Request::Check);
            world.run(seconds(60));
            world.sound = true;
            world.then(End::A, "the circuit is good again");
            world.run(seconds(65));
        },
    );
    group.case("1.4.5 no CCR after a failure: T27", |world| {
        world.inject(End::A, 1, &iam_with_check(1));
        world.inject(End::A, 1, &cot(false));
        world.run(seconds(241));
    });
    reviewed!(group);
}

#[test]
fn group_1_5_unexpected_messages() {
    let mut group = Group::default();
    for kind in [
        MessageType::Rel,
        MessageType::Rlc,
        MessageType::Acm,
        MessageType::Bla,
    ] {
        group.case(&format!("1.5.1 {kind} on an idle circuit"), |world| {
            let message = if kind == MessageType::Rel {
                rel(16)
            } else {
                message(kind)
            };
            world.inject(End::A, 1, &message);
        });
    }
    for kind in [
        MessageType::Rlc,
        MessageType::Fot,
        MessageType::Sus,
        MessageType::Ccr,
    ] {
        group.case(&format!("1.5.2 {kind} while a call is set up"), |world| {
            world.ask(End::A, 1, setup());
            world.inject(End::B, 1, &message(kind));
        });
    }
    for kind in [MessageType::Acm, MessageType::Rlc, MessageType::Iam] {
        group.case_in(answered(1), &format!("1.5.3 {kind} in a call"), |world| {
            world.inject(End::B, 1, &message(kind));
        });
    }
    reviewed!(group);
}

const RELEASE: u8 = 1 << 1;
const NOTIFY: u8 = 1 << 2;
const DISCARD_MESSAGE: u8 = 1 << 3;
const DISCARD_PARAMETER: u8 = 1 << 4;

fn unknown_message(instructions: Option<u8>) -> Message {
    let message = Message::new(MessageType::Other(0x7E));
    match instructions {
        Some(bits) => message.with_content(
            ParameterCode::MESSAGE_COMPATIBILITY_INFORMATION,
            &[0x80 | bits],
        ),
        None => message,
    }
}

fn unknown_parameter(kind: MessageType, instructions: Option<u8>) -> Message {
    let message = match kind {
        MessageType::Rel => rel(16),
        kind => message(kind),
    };
    let message = message.with_content(ParameterCode(0xF5), &[1, 2, 3]);
    match instructions {
        Some(bits) => message.with_content(
            ParameterCode::PARAMETER_COMPATIBILITY_INFORMATION,
            &[0xF5, 0x80 | bits],
        ),
        None => message,
    }
}

#[test]
fn group_1_6_messages_and_parameters_that_are_not_recognised() {
    let mut group = Group::default();
    group.case_in(
        answered(1),
        "1.6.1 an unknown message without instructions",
        |world| {
            world.inject(End::B, 1, &unknown_message(None));
        },
    );
    group.case_in(
        answered(1),
        "1.6.2 an unknown parameter without instructions",
        |world| {
            world.inject(End::B, 1, &unknown_parameter(MessageType::Cpg, None));
        },
    );
    group.case_in(answered(1), "1.6.2 an unknown parameter in REL", |world| {
        world.inject(
            End::B,
            1,
            &unknown_parameter(MessageType::Rel, Some(RELEASE)),
        );
    });
    group.case("1.6.3 spare values of known parameters are kept", |world| {
        let nature = ParameterCode::NATURE_OF_CONNECTION;
        let iam = message(MessageType::Iam).with_content(nature, &[3 << 2 | 3]);
        world.ask(End::A, 1, Request::Setup(iam));
    });
    reviewed!(group);
}

#[test]
fn group_1_7_instructions_of_compatibility() {
    let mut group = Group::default();
    let messages = [
        ("1.7.1 message: release the call", RELEASE),
        ("1.7.1 message: discard", DISCARD_MESSAGE),
        (
            "1.7.1 message: discard and notify",
            DISCARD_MESSAGE | NOTIFY,
        ),
        ("1.7.1 message: pass on", 0),
    ];
    for (title, bits) in messages {
        group.case_in(answered(1), title, |world| {
            world.inject(End::B, 1, &unknown_message(Some(bits)));
        });
    }
    let parameters = [
        ("1.7.2 parameter: release the call", RELEASE),
        ("1.7.2 parameter: discard the message", DISCARD_MESSAGE),
        (
            "1.7.2 parameter: discard the message and notify",
            DISCARD_MESSAGE | NOTIFY,
        ),
        ("1.7.2 parameter: discard it", DISCARD_PARAMETER),
        (
            "1.7.2 parameter: discard it and notify",
            DISCARD_PARAMETER | NOTIFY,
        ),
        ("1.7.2 parameter: pass on", 0),
    ];
    for (title, bits) in parameters {
        group.case_in(answered(1), title, |world| {
            world.inject(End::B, 1, &unknown_parameter(MessageType::Cpg, Some(bits)));
        });
    }
    group.case(
        "1.7.3 an IAM whose unknown parameter asks for release",
        |world| {
            world.inject(
                End::A,
                1,
                &unknown_parameter(MessageType::Iam, Some(RELEASE)),
            );
        },
    );
    group.case_in(answered(1), "1.7.3 CFN received is not answered", |world| {
        let cfn =
            Message::new(MessageType::Cfn).with(Cause::new(97, Location::PublicNetworkRemoteUser));
        world.inject(End::B, 1, &cfn);
    });
    reviewed!(group);
}
