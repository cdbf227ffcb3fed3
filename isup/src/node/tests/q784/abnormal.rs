//! Group 5: abnormal situations in a call.

use super::*;

#[test]
fn group_5_1_inability_to_release() {
    let mut group = Group::default();
    group.case_in(
        answered(1),
        "5.1 the far end never answers REL, and comes back",
        |world| {
            world.deaf = [true, false];
            world.request(End::A, 1, Request::Release(rel(16)));
            world.run(seconds(40));
            world.deaf = [false, false];
            world.run(seconds(10));
        },
    );
    reviewed!(group);
}

/// The repetitions of a message from its first to the answer after the alert to maintenance.
fn repeated(world: &mut World, ask: impl FnOnce(&mut World)) {
    world.deaf = [true, false];
    ask(world);
    world.run(seconds(310));
    world.deaf = [false, false];
    world.then(End::A, "messages of A arrive again");
    world.run(seconds(310));
}

#[test]
fn group_5_2_timers() {
    let mut group = Group::default();
    group.case("5.2.1 T7: no ACM", |world| {
        world.ask(End::A, 1, setup());
        world.run(seconds(21));
    });
    group.case("5.2.2 T9: no ANM", |world| {
        world.ask(End::A, 1, setup());
        world.send(End::B, 1, MessageType::Acm);
        world.run(seconds(121));
    });
    group.case_in(answered(1), "5.2.3 T1 and T5: no RLC", |world| {
        repeated(world, |world| {
            world.request(End::A, 1, Request::Release(rel(16)))
        });
    });
    group.case_in(answered(1), "5.2.4 T6: no RES", |world| {
        world.send(End::B, 1, MessageType::Sus);
        world.run(seconds(121));
    });
    for (part, check) in [("a", 1), ("b", 2)] {
        group.case(
            &format!("5.2.5{part} T8: no COT, check indicator {check}"),
            |world| {
                world.inject(End::A, 1, &iam_with_check(check));
                world.run(seconds(11));
            },
        );
    }
    group.case("5.2.6 T12 and T13: no BLA", |world| {
        repeated(world, |world| world.request(End::A, 1, Request::Block));
    });
    group.case("5.2.7 T14 and T15: no UBA", |world| {
        world.ask(End::A, 1, Request::Block);
        repeated(world, |world| world.request(End::A, 1, Request::Unblock));
    });
    group.case("5.2.8 T16 and T17: no RLC for RSC", |world| {
        repeated(world, |world| world.request(End::A, 1, Request::Reset));
    });
    group.case("5.2.9 T18 and T19: no CGBA", |world| {
        repeated(world, |world| {
            world.ask_group(End::A, 1..=3, GroupRequest::Block)
        });
    });
    group.case("5.2.10 T20 and T21: no CGUA", |world| {
        world.ask_group(End::A, 1..=3, GroupRequest::Block);
        repeated(world, |world| {
            world.ask_group(End::A, 1..=3, GroupRequest::Unblock)
        });
    });
    group.case("5.2.11 T22 and T23: no GRA", |world| {
        repeated(world, |world| {
            world.ask_group(End::A, 1..=3, GroupRequest::Reset)
        });
    });
    reviewed!(group);
}

#[test]
fn group_5_3_reset_of_circuits_with_a_call() {
    let mut group = Group::default();
    group.case_in(answered(1), "5.3.1 RSC on an outgoing circuit", |world| {
        world.ask(End::B, 1, Request::Reset);
    });
    group.case_in(answered(1), "5.3.2 RSC on an incoming circuit", |world| {
        world.ask(End::A, 1, Request::Reset);
    });
    group.case_in(answered(1), "5.3.2 GRS on an incoming circuit", |world| {
        world.ask_group(End::A, 1..=3, GroupRequest::Reset);
    });
    reviewed!(group);
}
