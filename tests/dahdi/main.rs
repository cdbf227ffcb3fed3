//! The gateway on the real driver: `tests/dahdi/machine` is where this runs.
//!
//! The gateway has one of two joined spans, the lab's exchange or libss7 the other one. Nothing here
//! skips: without `/dev/dahdi` every test fails. The driver is shared, so that one test runs at a time.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod ber;
mod capacity;
mod libss7;
mod loss;
mod page;
mod refusals;
mod signalling;
mod t1;
mod unload;

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use isthmus::demo::real_time::Live;
use isthmus::demo::stage::{Stage, until};
use lab::sip_peer::{CallId, CallState, Invitation};

/// Configures the driver by a file that came with the test.
fn configure(file: &str) {
    let done = Command::new("dahdi_cfg").args(["-c", file]).status();
    assert!(done.unwrap().success(), "{file}");
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Takes both ends of the line from the driver under the programs that have them open: the card of one is
/// pulled out, so that the other one hears nothing. Returns the devices in sysfs that they are of.
fn take_away() -> [PathBuf; 2] {
    let devices = [1, 2].map(|span| {
        let span = format!("/sys/bus/dahdi_spans/devices/span-{span}");
        let span = std::fs::canonicalize(span).unwrap();
        span.parent().unwrap().to_owned()
    });
    for device in &devices {
        std::fs::write(device.join("unassign_span"), "1").unwrap();
    }
    devices
}

/// Gives them back, as spans 1 and 2.
fn give_back(devices: &[PathBuf; 2]) {
    for (device, place) in devices.iter().zip(["1:1:1", "1:2:32"]) {
        std::fs::write(device.join("assign_span"), place).unwrap();
    }
}

/// The SIP user calls this number.
fn call(live: &mut Live, number: &str) -> CallId {
    let now = live.now();
    let host = live.user().sip().config().remote;
    let invitation = Invitation::new(&format!("sip:{number}@{host};user=phone"));
    live.user().sip_mut().call(now, invitation).unwrap()
}

fn state(live: &mut Live, call: CallId) -> Option<CallState> {
    live.user().sip().state(call)
}

/// Waits until a call of the SIP user is in this state.
#[track_caller]
fn reaches(live: &mut Live, call: CallId, wanted: CallState) {
    let reached = until(live, Duration::from_secs(15), |live| {
        state(live, call) == Some(wanted)
    });
    assert!(
        reached.unwrap(),
        "{call:?} is {:?}, not {wanted:?}",
        state(live, call)
    );
}

/// Waits until no circuit of the gateway is anything but idle and in service, and no call is left.
#[track_caller]
fn all_idle(live: &mut Live) {
    let idle = until(live, Duration::from_secs(15), |live| {
        let idle = live.gateway(|iwu| {
            let mut views = iwu.circuits().filter_map(|(id, _)| iwu.circuit(id));
            iwu.calls() == 0 && views.all(|view| view.state == "Idle" && view.status.in_service())
        });
        idle.unwrap()
    });
    assert!(idle.unwrap(), "every circuit idle: {}", explained(live));
}

/// Circuits of the gateway that no call can have.
fn blocked(live: &mut Live) -> usize {
    let count = live.gateway(|iwu| {
        let views = iwu.circuits().filter_map(|(id, _)| iwu.circuit(id));
        views.filter(|view| !view.status.in_service()).count()
    });
    count.unwrap()
}

/// What the circuits that are not idle and the links say of themselves at both ends.
fn explained(live: &mut Live) -> String {
    let now = live.now();
    let near = live.gateway(move |iwu| {
        let circuits = iwu.circuits().filter_map(|(id, _)| iwu.circuit(id));
        let busy = circuits.filter(|view| view.state != "Idle" || !view.status.in_service());
        busy.map(|view| view.explain(now)).collect::<String>()
    });
    let far = live.exchange(|now, exchange| {
        let circuits = exchange.circuits().take(1);
        let circuits: String = circuits.map(|view| view.explain(now)).collect();
        let links = exchange.links();
        let links: String = links
            .filter_map(|link| exchange.link_state(link))
            .map(|state| state.to_string())
            .collect();
        format!("{circuits}\n{links}")
    });
    format!("gateway: {}\nexchange: {far}", near.unwrap())
}
