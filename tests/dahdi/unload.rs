//! The driver is unloaded under an open gateway, as far as the kernel lets it be, and loaded again.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use isthmus::demo::real_time::{Line, Live};
use isthmus::demo::scenario::in_service;
use isthmus::demo::settings::numbers::ECHO;
use isthmus::demo::stage::{pass, until};
use isthmus::iwu::maintenance;
use isthmus::shell::operators;
use lab::sip_peer::CallState;

use super::{blocked, call, configure, explained, folder, reaches, state, take_away};

/// A command of an administrator: whether it succeeded.
fn done(program: &str, arguments: &[&str]) -> bool {
    let output = Command::new(program).args(arguments).output().unwrap();
    println!(
        "{program} {}: {}{}",
        arguments.join(" "),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output.status.success()
}

/// What `isthmus spans` says of the line.
fn line(control: &Path) -> String {
    operators::ask(control, &maintenance::Command::Spans)
        .unwrap()
        .remove(0)
}

#[test]
fn a_driver_that_is_unloaded_is_told_and_everything_comes_back_with_it() {
    configure("channels.conf");
    let folder = folder("unload");
    let control = folder.join("control");
    let socket = format!("[gateway]\ncontrol = \"{}\"", control.display());
    let mut live = Live::start_with(&folder, Line::dahdi(1, 2).unwrap(), |text| {
        *text = text.replacen("[gateway]", &socket, 1);
    })
    .unwrap();
    assert!(in_service(&mut live).unwrap(), "{}", explained(&mut live));
    let talking = call(&mut live, ECHO);
    reaches(&mut live, talking, CallState::Confirmed);

    // The kernel keeps a driver whose channels are open, and the driver the spans that they are of: the call
    // goes on. The spans that nobody uses are gone.
    assert!(!done("rmmod", &["dahdi_dynamic_loc"]), "it was in use");
    assert!(!done("rmmod", &["dahdi"]), "it was in use");
    assert!(
        !done("dahdi_cfg", &["-s", "-c", "spans.conf"]),
        "it was in use"
    );
    pass(&mut live, Duration::from_secs(1)).unwrap();
    assert_eq!(state(&mut live, talking), Some(CallState::Confirmed));
    assert!(
        line(&control).contains(": no alarm; ticks ") && !line(&control).contains("driver has"),
        "{}",
        line(&control)
    );

    // A span can be taken away at any time (`dahdi_span_assignments remove`): the gateway lets go of it.
    take_away();
    reaches(&mut live, talking, CallState::Terminated);
    let all = until(&mut live, Duration::from_secs(5), |live| {
        blocked(live) == 30
    });
    assert!(all.unwrap(), "every circuit is blocked");
    let told = until(&mut live, Duration::from_secs(5), |_| {
        line(&control).contains("; the driver has no span 1, nor any other; `isthmus hardware`")
    });
    assert!(told.unwrap(), "{}", line(&control));

    // Nobody holds the driver now.
    for module in [
        "dahdi_dynamic_loc",
        "dahdi_dynamic",
        "dahdi_echocan_mg2",
        "dahdi",
    ] {
        // The gateway may be looking for its span just now.
        let gone = until(&mut live, Duration::from_secs(2), |_| {
            done("rmmod", &[module])
        });
        assert!(gone.unwrap(), "{module}");
    }
    assert!(!Path::new("/proc/dahdi").exists());
    let told = until(&mut live, Duration::from_secs(5), |_| {
        line(&control).contains("the DAHDI driver is not loaded")
    });
    assert!(told.unwrap(), "{}", line(&control));
    let refused = call(&mut live, ECHO);
    reaches(&mut live, refused, CallState::Terminated);
    assert_eq!(blocked(&mut live), 30);

    assert!(done(
        "insmod",
        &["/modules/dahdi.ko", "auto_assign_spans=1"]
    ));
    for module in ["dahdi_dynamic", "dahdi_dynamic_loc", "dahdi_echocan_mg2"] {
        assert!(done("insmod", &[&format!("/modules/{module}.ko")]));
    }
    configure("spans.conf");
    let back = until(&mut live, Duration::from_secs(90), |live| {
        in_service(live).unwrap_or(false)
    });
    assert!(back.unwrap(), "{}", explained(&mut live));
    let told = line(&control);
    assert!(told.contains(": no alarm; ticks "), "{told}");
    assert!(!told.contains("the DAHDI driver"), "{told}");
    let again = call(&mut live, ECHO);
    reaches(&mut live, again, CallState::Confirmed);
    live.stop();
}
