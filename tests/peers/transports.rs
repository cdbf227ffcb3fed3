//! SIPp over TCP and over IPv6, in both directions.

use isthmus::cdr::{CallRecord, Origin};

use crate::peer;
use crate::program::Program;
use crate::sipp::{ECHO, LIMIT, call, start, succeeds};
use crate::world::{Changes, World};

const CALLER: &str = "+49305550007";
const SIP_USER: &str = "+49305550100";
const BY_TCP: (&str, &str) = ("transport = \"udp\"", "transport = \"tcp\"");

fn assert_answered(record: &CallRecord, origin: Origin) {
    assert_eq!(record.origin, origin, "{record:?}");
    assert_eq!((record.cause, record.sip_status), (Some(16), Some(200)));
}

fn exchange_calls(world: &mut World, sipp: Program) {
    let from = world.exchange().said();
    world.exchange().tell(&format!("call {CALLER} {SIP_USER}"));
    world.exchange().wait_for(from, "answered", LIMIT);
    succeeds(sipp);
}

#[test]
fn calls_over_tcp_both_ways() {
    if !peer::is_here("sipp") {
        return;
    }
    let hang_up = ("hang_up_after = \"10s\"", "hang_up_after = \"2s\"");
    let mut world = World::start(&Changes {
        gateway: &[BY_TCP],
        exchange: &[hang_up],
        ..Changes::default()
    });
    // Ten calls on one connection.
    let arguments = ["-t", "t1", "-m", "10", "-r", "5", "-d", "500"];
    succeeds(call(&world, "plain_caller.xml", ECHO, &arguments));
    world.wait_until_idle();
    assert_eq!(world.wait_for_records(10).len(), 10);
    // What SIPp retransmits is not its own: reliable responses, INFO, hold.
    succeeds(call(&world, "caller.xml", ECHO, &["-t", "t1", "-m", "1"]));
    world.wait_until_idle();
    let port = world.peer;
    let sipp = start(
        &world,
        "called.xml",
        port,
        &["-t", "t1", "-m", "1", "-s", SIP_USER],
    );
    // A connection that is refused is no INVITE to be sent again: SIPp has to listen first.
    crate::eventually("SIPp listens", LIMIT, || {
        std::net::TcpListener::bind(("127.0.0.1", port)).err()
    });
    exchange_calls(&mut world, sipp);
    world.wait_until_idle();
    let records = world.wait_for_records(12);
    for record in records.iter().take(11) {
        assert_answered(record, Origin::SipToPstn);
    }
    assert_answered(&records[11], Origin::PstnToSip);
    world.finish();
}

#[test]
fn calls_over_ipv6_both_ways() {
    if !peer::is_here("sipp") {
        return;
    }
    let mut world = World::start(&Changes {
        ipv6: true,
        exchange: &[("hang_up_after = \"10s\"", "hang_up_after = \"2s\"")],
        ..Changes::default()
    });
    succeeds(call(&world, "caller.xml", ECHO, &["-m", "1"]));
    world.wait_until_idle();
    let port = world.peer;
    let sipp = start(&world, "called.xml", port, &["-m", "1", "-s", SIP_USER]);
    exchange_calls(&mut world, sipp);
    world.wait_until_idle();
    let records = world.wait_for_records(2);
    assert_answered(&records[0], Origin::SipToPstn);
    assert_answered(&records[1], Origin::PstnToSip);
    // The media went by IPv6, too: SIPp sends none, the gateway does.
    for record in &records {
        let media = record.media.as_ref().expect("the bridge counted");
        assert!(media.packets_sent > 50, "{record:?}");
    }
    world.finish();
}
