//! An overloaded exchange is spared, and the caller is told the difference (Q.764 §2.10.2, §2.11).

use std::time::Duration;

use isup::circuit::Request;
use isup::{Cause, CircuitId, Location, Message, MessageType, ParameterCode};
use lab::network::NetworkConfig;
use lab::sip_peer::Invitation;

use super::{World, base};
use crate::demo::scenario;
use crate::demo::settings::numbers;
use crate::demo::stage::{Stage, until};

/// One call to a number that rings for ever; its record, once it is over.
fn call(world: &mut World) -> Option<(Option<u16>, Option<u8>)> {
    let now = world.now();
    let before = world.seen().records.len();
    let host = world.user().sip().config().remote;
    let to = format!("sip:{}@{host};user=phone", numbers::RING);
    world
        .user()
        .sip_mut()
        .call(now, Invitation::new(&to))
        .unwrap();
    let record = |world: &mut World| {
        let record = world.seen().records.get(before)?;
        Some((record.sip_status, record.cause))
    };
    until(world, Duration::from_secs(1), |world| {
        record(world).is_some()
    })
    .unwrap();
    record(world)
}

#[test]
fn a_congested_exchange_is_no_lack_of_circuits() {
    let mut world = World::new(base(), NetworkConfig::default()).unwrap();
    assert!(scenario::in_service(&mut world).unwrap());
    assert_eq!(call(&mut world), None, "it rings");
    let circuit: CircuitId = world.exchange(|_, exchange| exchange.calls().next().unwrap().0);
    let rel = Message::new(MessageType::Rel)
        .with(Cause::new(42, Location::PublicNetworkRemoteUser))
        .with_content(ParameterCode::AUTOMATIC_CONGESTION_LEVEL, &[2]);
    world
        .exchange(|now, exchange| exchange.maintain(now, circuit, Request::Release(rel)))
        .unwrap();
    until(&mut world, Duration::from_secs(1), |world| {
        !world.seen().records.is_empty()
    })
    .unwrap();
    // Level 2: three of five new calls are refused, at once and with a cause of their own.
    let mut outcomes: Vec<_> = (0..5).map(|_| call(&mut world)).collect();
    outcomes.sort_unstable();
    let refused = Some((Some(503), Some(42)));
    assert_eq!(outcomes, [None, None, refused, refused, refused]);
}
