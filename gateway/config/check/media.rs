//! The threads that move the lines, and what is done to the sound of circuits.

use std::time::Duration;

use crate::config::place::Place;
use crate::config::read::Complaints;
use crate::config::{Config, TrunkGroup};

pub(super) fn check(config: &Config, complaints: &mut Complaints) {
    for (index, group) in config.trunk_groups.iter().enumerate() {
        circuits(
            &Place::root().key("trunk_group").index(index),
            group,
            complaints,
        );
    }
    let place = Place::root().key("media");
    if let Some(threads) = config.media.threads
        && !(1..=256).contains(&threads)
    {
        complaints.add(
            place.key("threads"),
            format!("{threads} media threads"),
            "1 to 256; one for each core when absent",
        );
    }
    if config.media.priority > 99 {
        complaints.add(
            place.key("priority"),
            format!("real-time priority {}", config.media.priority),
            "1 to 99, or 0 for none",
        );
    }
}

/// Echo, delay and digits of a trunk group's circuits.
fn circuits(place: &Place, group: &TrunkGroup, complaints: &mut Complaints) {
    let times = [
        ("echo_tail", group.echo_tail, (8, 128)),
        ("echo_delay", group.echo_delay, (0, 500)),
        ("propagation_delay", group.propagation_delay, (0, 2_000)),
        ("dtmf_length", group.dtmf_length, (40, 1_000)),
        ("dtmf_pause", group.dtmf_pause, (40, 1_000)),
    ];
    for (key, time, (least, most)) in times {
        let range = Duration::from_millis(least)..=Duration::from_millis(most);
        if !range.contains(&time) {
            complaints.add(
                place.key(key),
                format!("`{key}` of {time:?} for trunk group `{}`", group.name),
                format!("\"{least}ms\" to \"{most}ms\""),
            );
        }
    }
    if let Some(level) = group.dtmf_level.filter(|level| !(-30..=0).contains(level)) {
        complaints.add(
            place.key("dtmf_level"),
            format!("digits at {level} dBm0 for trunk group `{}`", group.name),
            "-30 to 0, for each of the two frequencies",
        );
    }
}
