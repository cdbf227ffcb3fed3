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
