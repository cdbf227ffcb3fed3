//! Groups 6 to 9: continuity check, repeat attempt, segmentation, congestion, user part.

use super::*;

fn checked() -> Request {
    Request::Setup(iam_with_check(1))
}

#[test]
fn group_6_1_continuity_check() {
    let mut group = Group::default();
    group.case("6.1.1 required on this circuit", |world| {
        world.ask(End::A, 1, checked());
        world.send(End::B, 1, MessageType::Acm);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("6.1.2 performed on a previous circuit", |world| {
        world.ask(End::A, 1, Request::Setup(iam_with_check(2)));
        world.send(End::A, 1, MessageType::Sam);
        world.ask(End::A, 1, Request::Send(cot(true)));
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("6.1.3 the caller clears during the check", |world| {
        world.request(End::A, 1, checked());
        world.run(Duration::from_millis(50));
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("6.1.4 digits wait for the check", |world| {
        world.request(End::A, 1, checked());
        world.send(End::A, 1, MessageType::Sam);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case(
        "6.1.5 the check fails, and the one with CCR, and then is good",
        |world| {
            world.sound = false;
            world.request(End::A, 1, checked());
            world.run(seconds(60));
            world.sound = true;
            world.then(End::A, "the circuit is good again");
            world.run(seconds(70));
        },
    );
    reviewed!(group);
}

#[test]
fn group_6_2_automatic_repeat_attempt() {
    let mut group = Group::default();
    // Circuit 2 is controlled by B.
    group.case(
        "6.2.1 dual seizure, by the end that does not control",
        |world| {
            world.request(End::A, 2, setup());
            world.ask(End::B, 2, setup());
        },
    );
    group.case("6.2.2 blocking after IAM", |world| {
        world.ask(End::A, 1, setup());
        world.ask(End::B, 1, Request::Block);
    });
    group.case("6.2.3 reset after IAM", |world| {
        world.ask(End::A, 1, setup());
        world.ask(End::B, 1, Request::Reset);
    });
    group.case("6.2.4 the continuity check fails", |world| {
        world.sound = false;
        world.request(End::A, 1, checked());
        world.run(seconds(3));
    });
    group.case("6.2.5 an unreasonable message after IAM", |world| {
        world.ask(End::A, 1, setup());
        world.inject(End::B, 1, &message(MessageType::Fot));
    });
    reviewed!(group);
}

#[test]
fn group_6_3_dual_seizure() {
    let mut group = Group::default();
    group.case("6.3.1 by the end that controls", |world| {
        world.request(End::B, 2, setup());
        world.ask(End::A, 2, setup());
        world.send(End::A, 2, MessageType::Acm);
        world.ask(End::B, 2, Request::Release(rel(16)));
    });
    reviewed!(group);
}

#[test]
fn group_6_4_forward_transfer() {
    let mut group = Group::default();
    group.case_in(answered(1), "6.4.1 FOT in a call", |world| {
        world.send(End::A, 1, MessageType::Fot);
    });
    reviewed!(group);
}

#[test]
fn group_6_5_simple_segmentation() {
    let mut group = Group::default();
    // Two elements of one octet and some of four (Q.931 §4.5), so many octets in all.
    let long = |kind, octets: usize| {
        let elements = [vec![0xA1; 2], [0x1E, 2, 0x80, 0x81].repeat(octets / 4)].concat();
        message(kind)
            .with_content(ParameterCode::USER_TO_USER_INFORMATION, &[4; 131])
            .with_content(ParameterCode::ACCESS_TRANSPORT, &elements)
    };
    group.case("6.5.1 a long IAM", |world| {
        world.ask(End::A, 1, Request::Setup(long(MessageType::Iam, 150)));
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("6.5.2 a long ACM and ANM", |world| {
        world.ask(End::A, 1, setup());
        world.ask(End::B, 1, Request::Send(long(MessageType::Acm, 130)));
        world.ask(End::B, 1, Request::Send(long(MessageType::Anm, 130)));
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("6.5.3 T34: the second part never comes", |world| {
        world.inject(End::A, 1, &segmented(MessageType::Iam));
        world.run(seconds(4));
        world.inject(End::A, 1, &rel(16));
    });
    reviewed!(group);
}

#[test]
fn group_6_6_and_7_1_bearers() {
    let mut group = Group::default();
    let medium = |octet| {
        let code = ParameterCode::TRANSMISSION_MEDIUM_REQUIREMENT;
        message(MessageType::Iam).with_content(code, &[octet])
    };
    // 64 kbit/s unrestricted, preferred; 3.1 kHz audio as fallback.
    let preferred =
        medium(2).with_content(ParameterCode::TRANSMISSION_MEDIUM_REQUIREMENT_PRIME, &[3]);
    let used = ParameterCode::TRANSMISSION_MEDIUM_USED;
    group.case("6.6.1 fallback does not occur", |world| {
        world.ask(End::A, 1, Request::Setup(preferred.clone()));
        world.send(End::B, 1, MessageType::Con);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    for kind in [MessageType::Acm, MessageType::Con] {
        group.case(&format!("6.6.2 fallback, told in {kind}"), |world| {
            world.ask(End::A, 1, Request::Setup(preferred.clone()));
            let told = message(kind).with_content(used, &[3]);
            world.ask(End::B, 1, Request::Send(told));
            world.ask(End::A, 1, Request::Release(rel(16)));
        });
    }
    group.case("7.1.1 64 kbit/s unrestricted, successful", |world| {
        world.ask(End::A, 1, Request::Setup(medium(2)));
        world.send(End::B, 1, MessageType::Con);
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case("7.1.2 64 kbit/s unrestricted, refused with 65", |world| {
        world.ask(End::A, 1, Request::Setup(medium(2)));
        world.ask(End::B, 1, Request::Release(rel(65)));
    });
    reviewed!(group);
}

#[test]
fn group_8_1_automatic_congestion_control() {
    let mut group = Group::default();
    for level in [1, 2] {
        group.case(
            &format!("8.1.1 REL with congestion level {level}"),
            |world| {
                world.ask(End::A, 1, setup());
                let acl = ParameterCode::AUTOMATIC_CONGESTION_LEVEL;
                let rel = rel(42).with_content(acl, &[level]);
                world.ask(End::B, 1, Request::Release(rel));
                world.run(seconds(30));
            },
        );
    }
    reviewed!(group);
}

#[test]
fn group_9_1_echo_control() {
    let mut group = Group::default();
    let echo = ParameterCode::ECHO_CONTROL_INFORMATION;
    group.case("9.1.1 a device is included, told in IAM and ACM", |world| {
        let nature = ParameterCode::NATURE_OF_CONNECTION;
        let iam = message(MessageType::Iam).with_content(nature, &[1 << 4]);
        world.ask(End::A, 1, Request::Setup(iam.with_content(echo, &[1])));
        let code = ParameterCode::BACKWARD_CALL_INDICATORS;
        let acm = message(MessageType::Acm).with_content(code, &[0x16, 0x24]);
        world.ask(End::B, 1, Request::Send(acm.with_content(echo, &[4])));
        world.ask(End::A, 1, Request::Release(rel(16)));
    });
    group.case_in(answered(1), "9.1.2 NRM in a call goes through", |world| {
        let nrm = Message::new(MessageType::Nrm).with_content(echo, &[1 << 4]);
        world.ask(End::A, 1, Request::Send(nrm.clone()));
        world.ask(End::B, 1, Request::Send(nrm));
    });
    reviewed!(group);
}

#[test]
fn group_8_2_user_part_availability() {
    let mut group = Group::default();
    group.case(
        "8.2.1 the user part is unavailable, and answers UPT the second time",
        |world| {
            world.deaf = [true, false];
            world.status(End::A, Status::UserPartUnavailable(B));
            world.run(seconds(290));
            world.deaf = [false, false];
            world.run(seconds(20));
        },
    );
    group.case("8.2.1 any message shows that it is there", |world| {
        world.deaf = [true, false];
        world.status(End::A, Status::UserPartUnavailable(B));
        world.inject(End::B, 1, &Message::new(MessageType::Rsc));
    });
    reviewed!(group);
}
