//! Keys of the MTP, from the files of both ends to the line between them.

use std::time::Duration;

use lab::network::NetworkConfig;

use super::{World, base, failed, places};
use crate::demo::scenario;
use crate::demo::settings;
use crate::demo::stage::Stage;

/// Until everything is in service, and whether the first call passes.
fn run(link: &str, linkset: &str) -> Duration {
    let place = "link = [{ span = \"e1\", timeslot = 16, slc = 0 }]";
    let changed = format!("{linkset}\nlink = [{{ span = \"e1\", timeslot = 16, slc = 0{link} }}]");
    let mut source = settings::gateway(&places());
    assert!(source.text.contains(place));
    source.text = source.text.replace(place, &changed);
    let config = settings::gateway_config(&source).unwrap();
    let mut lab = settings::lab_config().unwrap();
    lab.linksets[0].mtp2_timers = config.linksets[0].mtp2_timers.clone();
    lab.linksets[0].mtp3_timers = config.linksets[0].mtp3_timers.clone();
    lab.linksets[0].links = config.linksets[0].links.clone();
    let (start, network) = (base(), NetworkConfig::default());
    let mut world = World::with(start, network, &source, config, &lab, &places()).unwrap();
    assert!(scenario::in_service(&mut world).unwrap());
    let ready = world.now() - start;
    let (_, play) = scenario::all::<World>()[0];
    let failed = failed(&play(&mut world).unwrap());
    assert!(failed.is_empty(), "{failed:?}");
    ready
}

#[test]
fn a_longer_proving_period_and_link_test_are_obeyed() {
    let usual = run("", "");
    let longer = run("", "mtp2_timers = { t4n = \"9500ms\" }");
    let difference = (longer - usual).as_millis();
    assert!((1_290..=1_310).contains(&difference), "{difference} ms");
}

#[test]
fn calls_over_preventive_cyclic_retransmission() {
    run(
        ", error_correction = \"preventive\", loop_delay = \"100ms\"",
        "",
    );
}
