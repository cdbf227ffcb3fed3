//! SIPp as caller and as called party, with the scenarios of `tests/sipp`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use isthmus::cdr::{CallRecord, Origin, ReleasedBy};

use crate::peer;
use crate::ports;
use crate::program::Program;
use crate::world::{Changes, World};

/// The subscriber that sends back what it hears.
pub(crate) const ECHO: &str = "+49305550001";
/// The subscriber that rings and never answers.
const RINGS: &str = "+49305550003";
/// The subscriber that calls.
const CALLER: &str = "+49305550007";
/// A number of the SIP side.
const SIP_USER: &str = "+49305550100";
/// What SIPp may take for its calls.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// Starts SIPp at `port` with a scenario of `tests/sipp`.
pub(crate) fn start(world: &World, scenario: &str, port: u16, arguments: &[&str]) -> Program {
    let at = SocketAddr::new(world.sip.ip(), port);
    start_at(world, scenario, at, arguments)
}

/// Starts SIPp at an address with a scenario of `tests/sipp`.
pub(crate) fn start_at(
    world: &World,
    scenario: &str,
    at: SocketAddr,
    arguments: &[&str],
) -> Program {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sipp")
        .join(scenario);
    let media = ports::free(4);
    let mut sipp = Command::new("sipp");
    sipp.current_dir(&world.directory)
        // It draws its screens wherever it is.
        .env("TERM", "dumb")
        .arg(world.sip.to_string())
        .arg("-sf")
        .arg(file)
        .args(["-i", &at.ip().to_string(), "-p", &at.port().to_string()])
        .args(["-mi", &at.ip().to_string(), "-mp", &media.to_string()])
        .args(["-nostdin", "-trace_err", "-error_file", "/dev/stderr"])
        .args(["-timeout", "110s", "-timeout_error"])
        .args(arguments);
    Program::start("SIPp", &mut sipp)
}

/// Starts SIPp as a caller of `number`.
pub(crate) fn call(world: &World, scenario: &str, number: &str, arguments: &[&str]) -> Program {
    let mut all = vec!["-s", number];
    all.extend(arguments);
    start(world, scenario, ports::free(2), &all)
}

/// Starts one call to the echo subscriber and waits until both sides have it answered.
pub(crate) fn talk(world: &mut World, scenario: &str, arguments: &[&str]) -> Program {
    let from = world.gateway().said();
    let mut all = vec!["-m", "1"];
    all.extend(arguments);
    let sipp = call(world, scenario, ECHO, &all);
    world.gateway().wait_for(from, "SIP received ACK", LIMIT);
    sipp
}

/// Waits for SIPp; all its calls went as the scenario says.
pub(crate) fn succeeds(mut sipp: Program) {
    let status = sipp.wait(LIMIT);
    assert!(status.success(), "SIPp ended with {status}");
}

/// What every answered call's record holds.
fn assert_cleared(record: &CallRecord, origin: Origin, by: ReleasedBy) {
    assert_eq!(record.origin, origin, "{record:?}");
    assert_eq!(record.released_by, Some(by), "{record:?}");
    assert_eq!((record.cause, record.sip_status), (Some(16), Some(200)));
    assert!(record.alerting.is_some() && record.answer.is_some());
    assert!(record.cic.is_some() && record.seconds > 0.5, "{record:?}");
}

#[test]
fn a_caller_with_reliable_responses_isup_bodies_and_hold() {
    if !peer::is_here("sipp") {
        return;
    }
    let mut world = World::start(&Changes::default());
    succeeds(call(&world, "caller.xml", ECHO, &["-m", "1"]));
    world.wait_until_idle();
    let records = world.wait_for_records(1);
    assert_cleared(&records[0], Origin::SipToPstn, ReleasedBy::Sip);
    // The number was in the IAM of the INVITE's body, too.
    assert_eq!(records[0].calling_received.as_deref(), Some(SIP_USER));
    world.finish();
}

#[test]
fn a_caller_that_gives_up_while_it_rings() {
    if !peer::is_here("sipp") {
        return;
    }
    let mut world = World::start(&Changes::default());
    succeeds(call(&world, "cancel.xml", RINGS, &["-m", "1"]));
    world.wait_until_idle();
    let records = world.wait_for_records(1);
    assert_eq!(records[0].sip_status, Some(487), "{:?}", records[0]);
    assert_eq!(records[0].cause, Some(16));
    assert_eq!(records[0].released_by, Some(ReleasedBy::Sip));
    assert!(records[0].alerting.is_some() && records[0].answer.is_none());
    world.finish();
}

#[test]
fn a_called_party_hung_up_on_and_one_that_hangs_up() {
    if !peer::is_here("sipp") {
        return;
    }
    let hang_up = ("hang_up_after = \"10s\"", "hang_up_after = \"2s\"");
    let mut world = World::start(&Changes {
        exchange: &[hang_up],
        ..Changes::default()
    });
    for (scenario, by) in [
        ("called.xml", ReleasedBy::Pstn),
        ("called_hangs_up.xml", ReleasedBy::Sip),
    ] {
        let earlier = world.records().len();
        let port = world.peer;
        let sipp = start(&world, scenario, port, &["-m", "1", "-s", SIP_USER]);
        // An INVITE that comes before SIPp listens is sent again (RFC 3261 §17.1.1.2).
        let from = world.exchange().said();
        world.exchange().tell(&format!("call {CALLER} {SIP_USER}"));
        world.exchange().wait_for(from, "answered", LIMIT);
        succeeds(sipp);
        world.wait_until_idle();
        let records = world.wait_for_records(earlier + 1);
        assert_cleared(&records[earlier], Origin::PstnToSip, by);
    }
    world.finish();
}

#[test]
fn a_hundred_calls_at_ten_a_second() {
    if !peer::is_here("sipp") {
        return;
    }
    // 30 circuits at 10 calls a second: a call may last 3 s.
    let mut world = World::start(&Changes {
        exchange: &[("answer_after = \"2s\"", "answer_after = \"200ms\"")],
        ..Changes::default()
    });
    let arguments = ["-m", "100", "-r", "10", "-d", "1000"];
    succeeds(call(&world, "plain_caller.xml", ECHO, &arguments));
    world.wait_until_idle();
    let records = world.wait_for_records(100);
    assert_eq!(records.len(), 100);
    for record in &records {
        assert_cleared(record, Origin::SipToPstn, ReleasedBy::Sip);
    }
    world.finish();
}
