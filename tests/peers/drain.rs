//! SIGTERM: no new calls, those that talk go on up to the limit, then the gateway exits.

use std::time::Duration;

use crate::call::invite;
use crate::peer;
use crate::sipp::{ECHO, succeeds, talk};
use crate::world::{Changes, World};

/// What a gateway without calls may take to exit.
const EXIT: Duration = Duration::from_secs(20);

#[test]
fn a_terminated_gateway_lets_its_calls_finish() {
    if !peer::is_here("sipp") {
        return;
    }
    let mut world = World::start(&Changes::default());
    let mut talks = talk(&mut world, "plain_caller.xml", &["-d", "8000"]);
    world.gateway().terminate();
    let status = invite(world.sip, ECHO, Duration::from_secs(5));
    assert_eq!(status, Some(503));
    assert_eq!(talks.ended(), None, "the call did not go on");
    succeeds(talks);
    let status = world.gateway().wait(EXIT);
    assert!(status.success(), "{status}");
    let records = world.records();
    let talked = records.iter().find(|record| record.answer.is_some());
    assert!(talked.expect("the call").seconds > 7.0, "{records:?}");
}

#[test]
fn a_terminated_gateway_releases_its_calls_at_the_limit() {
    if !peer::is_here("sipp") {
        return;
    }
    let mut world = World::start(&Changes {
        gateway: &[("drain = \"60s\"", "drain = \"2s\"")],
        ..Changes::default()
    });
    let talks = talk(&mut world, "released_caller.xml", &[]);
    world.gateway().terminate();
    succeeds(talks);
    let status = world.gateway().wait(EXIT);
    assert!(status.success(), "{status}");
    assert_eq!(world.records().len(), 1);
}
