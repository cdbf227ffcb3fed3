//! The demo's calls in virtual time, and many more of them at once.

mod announcements;
mod congestion;
mod continuity;
mod data;
mod load;
mod misconfigured;
mod modems;
mod offices;
mod outage;
mod signalling;
mod spans;
mod transfer;
mod two_gateways;

use std::time::Instant;

use lab::network::NetworkConfig;

use super::scenario;
use super::settings::Places;
use super::stage::Stage;
use super::virtual_time::World;
use crate::ladder::{Columns, draw};
use crate::recorder;

#[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
fn base() -> Instant {
    Instant::now()
}

/// Where everything of a world listens.
fn places() -> Places {
    let address = |port: u16| std::net::SocketAddr::from(([127, 0, 0, 1], port));
    Places {
        sip: address(5060),
        user: address(5070),
        rtp: (16384, 16511),
        records: None,
        capture: None,
    }
}

fn failed(report: &super::check::Report) -> Vec<String> {
    let failed = report.checks.iter().filter(|check| !check.passed);
    failed
        .map(|check| {
            let (title, what) = (&report.title, &check.what);
            format!(
                "{title}: {what}: expected {}, measured {}",
                check.expected, check.measured
            )
        })
        .collect()
}

#[test]
fn every_call_of_the_demo_passes_and_the_recording_replays() {
    let base = base();
    let mut world = World::new(base, NetworkConfig::default()).unwrap();
    assert!(
        scenario::in_service(&mut world).unwrap(),
        "{:#?}",
        world.seen().traces
    );
    for (_, play) in scenario::all::<World>() {
        let report = play(&mut world).unwrap();
        eprintln!(
            "{}: {} checks at {:?}",
            report.title,
            report.checks.len(),
            world.now() - base
        );
        let failed = failed(&report);
        assert!(
            failed.is_empty(),
            "{}\n{}",
            failed.join("\n"),
            ladder(&mut world, &report)
        );
    }
    let recording = world.recording();
    let replayed = recorder::replay(recording.as_slice(), base).unwrap();
    assert!(
        replayed.inputs > 500 && replayed.outputs > 500,
        "{replayed:?}"
    );
}

/// The ladder of a report's calls, for a test that fails.
fn ladder(world: &mut World, report: &super::check::Report) -> String {
    let rungs: Vec<_> = world
        .seen()
        .traces
        .iter()
        .filter(|trace| trace.call.is_some_and(|call| report.calls.contains(&call)))
        .cloned()
        .collect();
    draw(&rungs, &Columns::default())
}
