//! Messages in two parts (Q.764 §2.1.12; Q.784.1 group 1.6 for SGM out of place).

use super::*;
use crate::{AccessTransport, OptionalBackwardCallIndicators, OptionalForwardCallIndicators};

const ACCESS: [u8; 3] = [0x1E, 0x80, 0x81];

fn segment() -> Message {
    Message::new(MessageType::Sgm).with_content(ParameterCode::ACCESS_TRANSPORT, &ACCESS)
}

fn send(world: &mut World, end: End, message: Message) {
    world.request(end, 1, Request::Send(message));
    world.run(Duration::from_millis(50));
}

/// The last message of a call that this end was told of.
fn last(world: &World, end: End) -> Message {
    let mut told = world.told.iter().rev().filter(|(at, ..)| *at == end);
    told.find_map(|(.., indication)| match indication {
        Indication::Setup(message) | Indication::Received(message) => Some(message.clone()),
        _ => None,
    })
    .unwrap()
}

/// Both parts come: call control sees one message that announces no other.
#[test]
fn the_parts_are_joined() {
    let mut world = World::new();
    world.request(End::A, 1, Request::Setup(segmented(MessageType::Iam)));
    world.run(Duration::from_millis(50));
    assert_eq!(world.told(End::B), [""; 0]);
    let view = world.view(End::B, 1);
    assert_eq!(
        (view.state, view.awaited),
        ("IncomingWaitSgm", "SGM from the far end")
    );
    assert_eq!(view.timers[0].timer, Timer::T34);
    let now = world.now;
    let seized = world.b.request(now, CircuitId(1), setup());
    assert!(matches!(seized, Err(RequestError::State { .. })));
    send(&mut world, End::A, segment());
    let iam = last(&world, End::B);
    assert_eq!(
        iam.content(ParameterCode::ACCESS_TRANSPORT),
        Some(&ACCESS[..])
    );
    assert_eq!(iam.find(), Some(OptionalForwardCallIndicators::empty()));
    assert_eq!(Message::decode(&iam.to_vec()).unwrap(), iam);
    assert_eq!(world.told(End::B), ["1 Setup"]);

    for (kind, state) in [
        (MessageType::Acm, "OutgoingWaitAnm"),
        (MessageType::Cpg, "OutgoingWaitAnm"),
        (MessageType::Anm, "OutgoingAnswered"),
    ] {
        send(&mut world, End::B, segmented(kind));
        assert_eq!(world.told(End::A), [""; 0]);
        send(&mut world, End::B, segment());
        let joined = last(&world, End::A);
        assert!(joined.find::<AccessTransport>().is_some());
        assert_eq!(joined.find(), Some(OptionalBackwardCallIndicators::empty()));
        assert_eq!(world.told(End::A), [format!("1 Received {kind}")]);
        assert_eq!(world.state(End::A, 1), state);
    }
    assert!(world.view(End::A, 1).timers.is_empty());
}

/// T34: the call goes on without the second part, which is discarded when it comes late.
#[test]
fn a_lost_part_delays_the_call_only() {
    let mut world = World::new();
    world.request(End::A, 1, Request::Setup(segmented(MessageType::Iam)));
    world.run(Duration::from_millis(2_900));
    assert_eq!(world.told(End::B), [""; 0]);
    world.run(Duration::from_millis(200));
    let iam = last(&world, End::B);
    assert_eq!(iam.find(), Some(OptionalForwardCallIndicators::empty()));
    assert_eq!(world.told(End::B), ["1 Setup"]);
    send(&mut world, End::A, segment());
    assert_eq!(world.told(End::B), [""; 0]);
    let told: Vec<String> = world
        .alerts
        .iter()
        .map(|(_, alert)| alert.to_string())
        .collect();
    assert_eq!(
        told,
        [
            "circuit 1: T34 ended, no SGM",
            "circuit 1: unexpected SGM, discarded"
        ]
    );
}

/// Nothing overtakes the first part.
#[test]
fn another_message_ends_the_wait() {
    let mut world = World::new();
    world.request(End::A, 1, Request::Setup(segmented(MessageType::Iam)));
    world.request(End::A, 1, Request::Send(message(MessageType::Sam)));
    world.settle();
    assert_eq!(world.told(End::B), ["1 Setup", "1 Received SAM"]);
    send(&mut world, End::B, segmented(MessageType::Acm));
    world.request(End::B, 1, Request::Release(rel(17)));
    world.settle();
    assert_eq!(
        world.told(End::A),
        ["1 Received ACM", "1 Released 17", "1 Idle"]
    );
    world.all_idle();
}

/// T7 ends while the rest of ACM is awaited: the far end has answered in time.
#[test]
fn the_first_part_counts_as_an_answer() {
    let mut world = World::new();
    world.request(End::A, 1, setup());
    world.run(Duration::from_millis(19_500));
    send(&mut world, End::B, segmented(MessageType::Acm));
    world.run(seconds(2));
    assert_eq!(world.told(End::A), ["1 Received ACM"]);
    assert_eq!(world.state(End::A, 1), "OutgoingWaitAnm");
}

/// Call control gives the call up: what is held goes with it.
#[test]
fn a_release_drops_what_is_held() {
    let mut world = World::new();
    world.request(End::A, 1, setup());
    world.settle();
    send(&mut world, End::B, segmented(MessageType::Acm));
    world.request(End::A, 1, Request::Release(rel(16)));
    world.settle();
    assert_eq!(world.told(End::A), ["1 Idle"]);
    world.all_idle();
}

/// SGM that nothing announced is discarded in every state.
#[test]
fn unexpected_segments_are_discarded() {
    let mut world = World::new();
    world.inject(End::A, 1, &segment());
    assert_eq!(world.wire(), [""; 0]);
    world.request(End::A, 1, setup());
    world.settle();
    world.inject(End::B, 1, &segment());
    assert_eq!(world.told(End::A), [""; 0]);
    assert_eq!(world.state(End::A, 1), "OutgoingWaitAcm");
    assert_eq!(world.alerts.len(), 2);
}

fn with(kind: MessageType, parameters: &[(ParameterCode, usize)]) -> Message {
    let mut long = message(kind);
    for &(code, octets) in parameters {
        let content: Vec<u8> = (0..octets).map(|n| n as u8).collect();
        long.push_content(code, &content).unwrap();
    }
    long
}

/// Own messages over 272 octets go in two, whatever the parameters that make them long; the far
/// end's call control sees them whole.
#[test]
fn a_long_message_goes_in_two() {
    use ParameterCode as P;
    let mut world = World::new();
    let iam = with(
        MessageType::Iam,
        &[
            (P::USER_TO_USER_INFORMATION, 131),
            (P::ACCESS_TRANSPORT, 90),
            (P::GENERIC_NUMBER, 10),
            (P::GENERIC_NUMBER, 9),
            (P::LOCATION_NUMBER, 8),
        ],
    );
    world.request(End::A, 1, Request::Setup(iam.clone()));
    world.settle();
    assert_eq!(world.wire(), ["A IAM 1", "A SGM 1"]);
    let mut seen = last(&world, End::B);
    assert!(seen.remove(P::OPTIONAL_FORWARD_CALL_INDICATORS));
    let sorted = |message: &Message| {
        let all = message.parameters();
        let mut all: Vec<_> = all.map(|(code, octets)| (code, octets.to_vec())).collect();
        all.sort();
        all
    };
    assert_eq!(sorted(&seen), sorted(&iam));
    assert_eq!(world.told(End::B), ["1 Setup"]);

    for kind in [MessageType::Acm, MessageType::Cpg, MessageType::Anm] {
        let long = with(
            kind,
            &[
                (P::ACCESS_TRANSPORT, 250),
                (P::USER_TO_USER_INFORMATION, 30),
            ],
        );
        world.request(End::B, 1, Request::Send(long));
        world.settle();
        assert_eq!(world.wire(), [format!("B {kind} 1"), "B SGM 1".to_owned()]);
        assert!(last(&world, End::A).has(P::ACCESS_TRANSPORT));
        assert_eq!(world.told(End::A), [format!("1 Received {kind}")]);
    }
}

/// 272 octets of signalling information field go in one; one more makes two.
#[test]
fn the_longest_message_goes_in_one() {
    use ParameterCode as P;
    let rest = 266 - message(MessageType::Iam).octets().len();
    // Name and length octets of the parameters, and the end of the optional part.
    for (more, wire) in [(0, &["A IAM 1"][..]), (1, &["A IAM 1", "A SGM 1"][..])] {
        let mut world = World::new();
        let first = rest - 2 - 2 - 1 - 100 + more;
        let iam = with(
            MessageType::Iam,
            &[
                (P::USER_TO_USER_INFORMATION, 100),
                (P::ACCESS_TRANSPORT, first),
            ],
        );
        assert_eq!(iam.octets().len(), 266 + more);
        world.request(End::A, 1, Request::Setup(iam));
        world.settle();
        assert_eq!(world.wire(), wire);
    }
}

/// What two messages cannot hold is refused, and nothing has happened.
#[test]
fn a_message_too_long_for_two_is_refused() {
    use ParameterCode as P;
    let mut world = World::new();
    let now = world.now;
    let unmovable = with(MessageType::Iam, &[(P::APPLICATION_TRANSPORT, 250)]);
    let both = with(
        MessageType::Iam,
        &[
            (P::USER_TO_USER_INFORMATION, 250),
            (P::ACCESS_TRANSPORT, 250),
            (P::GENERIC_DIGITS, 60),
        ],
    );
    for iam in [unmovable, both] {
        let error = world
            .a
            .request(now, CircuitId(1), Request::Setup(iam))
            .unwrap_err();
        assert!(
            matches!(error, RequestError::TooLong { most: 266, .. }),
            "{error}"
        );
    }
    let long = with(MessageType::Usr, &[]).with_content(P::USER_TO_USER_INFORMATION, &[4; 255]);
    assert_eq!(world.state(End::A, 1), "Idle");
    world.request(End::A, 1, setup());
    world.settle();
    world.request(End::A, 1, Request::Send(long));
    let longer = with(
        MessageType::Fac,
        &[(P::REMOTE_OPERATIONS, 200), (P::ACCESS_TRANSPORT, 200)],
    );
    let error = world
        .a
        .request(now, CircuitId(1), Request::Send(longer))
        .unwrap_err();
    assert!(
        error.to_string().contains("expected at most 266"),
        "{error}"
    );
}
