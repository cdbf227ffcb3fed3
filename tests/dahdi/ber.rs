//! `isthmus ber` over a timeslot of the driver: the far end sends back what it receives, over a good
//! line and over a bad one.

use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lab::config::{Dahdi, Driver, Span};
use lab::line::Use;
use tdm::{FaultInjector, Law, SpanId, SpanIo, SpanTick, Timeslot};

use super::folder;

const TESTED: &str = "7";
/// A file of the lab's with both spans.
const SPANS: &str = "[[span]]\nname = \"near\"\ndriver = \"dahdi\"\nnumber = 1\n\
                     [[span]]\nname = \"far\"\ndriver = \"dahdi\"\nnumber = 2\n";

fn ber(span: &str, arguments: &[&str]) -> Command {
    let folder = folder("ber");
    std::fs::write(folder.join("lab.toml"), SPANS).unwrap();
    let mut command = Command::new("/payload/isthmus");
    command
        .args(["ber", "--config", "lab.toml", "--span", span])
        .args(["--timeslot", TESTED])
        .args(arguments)
        .current_dir(folder);
    command
}

/// What a test of five seconds found.
fn told(output: &Output) -> serde_json::Value {
    let text = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{why}"))
}

fn five_seconds() -> Output {
    ber("near", &["--seconds", "5", "--json"]).output().unwrap()
}

#[test]
fn a_timeslot_carries_every_bit() {
    let far = ber("far", &["--loop"]).stdout(Stdio::null()).spawn();
    let mut far = far.unwrap();
    let output = five_seconds();
    far.kill().unwrap();
    far.wait().unwrap();
    let told = told(&output);
    for (key, value) in [
        ("bit_errors", 0),
        ("losses", 0),
        ("slips", 0),
        ("error_free_seconds", 5),
    ] {
        assert_eq!(told[key], value, "{key} of {told}");
    }
    assert!(told["bits"].as_u64() >= Some(5 * 64_000), "{told}");
    assert_eq!(told["line"]["slips"], 0, "{told}");
    assert!(output.status.success());
}

/// The far end is ours, and one of ten thousand bits that it sends back is wrong.
#[test]
fn errors_on_the_way_are_counted_at_their_ratio() {
    let stop = Arc::new(AtomicBool::new(false));
    let told_to = Arc::clone(&stop);
    let far = std::thread::spawn(move || {
        let timeslot = TESTED.parse().ok().and_then(Timeslot::new).unwrap();
        let span = Span {
            name: "far".to_owned(),
            driver: Driver::Dahdi(Dahdi::new(2)),
        };
        let uses = [(timeslot, Use::Circuit(Law::ALaw))];
        let opened = lab::line::open(SpanId(1), &span, &uses).unwrap();
        let mut span = FaultInjector::new(opened.span, 1);
        span.set_error_rate(1e-4, 0.0);
        let mut rx = SpanTick::idle(Law::ALaw);
        let mut tx = rx.clone();
        while !told_to.load(Ordering::Relaxed) {
            span.exchange(&tx, &mut rx).unwrap();
            *tx.timeslot_mut(timeslot) = *rx.timeslot(timeslot);
        }
    });
    let output = five_seconds();
    stop.store(true, Ordering::Relaxed);
    far.join().unwrap();
    let told = told(&output);
    let ratio = told["ratio"].as_f64().unwrap();
    assert!((0.4e-4..2e-4).contains(&ratio), "{told}");
    assert_eq!(told["slips"], 0, "{told}");
    assert_eq!(output.status.code(), Some(1), "{told}");
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(why.contains(" wrong bits"), "{why}");
}
