//! What a type cannot say: names that stand for something, ranges, timeslots used once.

mod announcement;
mod lines;
mod media;
mod plan;
mod signalling;
mod sip;

use std::collections::BTreeMap;
use std::path::Path;

use media_bridge::tone::Plan;

use super::place::Place;
use super::read::Complaints;
use super::{Config, profile};

/// Checks a gateway's configuration. `folder` is where the files of announcements are looked for.
pub(super) fn gateway(
    config: &mut Config,
    files: profile::Files<'_>,
    folder: Option<&Path>,
    complaints: &mut Complaints,
) {
    profile::gather(config, files, complaints);
    announcement::gather(config, folder, complaints);
    let config = &*config;
    profile::check(config, complaints);
    announcement::check(config, complaints);
    let groups = config.trunk_groups.iter().map(lines::Circuits::from);
    lines::check(
        "trunk_group",
        &config.spans,
        &config.linksets,
        groups,
        complaints,
    );
    signalling::check(&config.linksets, &config.signalling_routes, complaints);
    sip::check(config, complaints);
    media::check(config, complaints);
    plan::check(config, complaints);
}

/// Checks a lab's configuration.
pub(super) fn lab(config: &mut lab::config::Config, complaints: &mut Complaints) {
    let circuits = config.circuits.iter().map(lines::Circuits::from);
    lines::check(
        "circuits",
        &config.spans,
        &config.linksets,
        circuits,
        complaints,
    );
    signalling::check(&config.linksets, &config.signalling_routes, complaints);
    let place = Place::root().key("lab").key("country_code");
    country_code(place, &config.lab.country_code, complaints);
    tones(
        Place::root().key("lab").key("country"),
        &config.lab.country,
        complaints,
    );
    let place = |index: usize| Place::root().key("subscriber").index(index);
    let numbers = config
        .subscribers
        .iter()
        .map(|subscriber| subscriber.number.as_str());
    unique("subscriber", "number", numbers, complaints);
    for (index, subscriber) in config.subscribers.iter().enumerate() {
        use lab::config::Behaviour;
        international(place(index).key("number"), &subscriber.number, complaints);
        match &subscriber.behaviour {
            Behaviour::Announcement { cause, .. } => {
                cause_value(place(index).key("cause"), *cause, complaints);
            }
            Behaviour::Caller { calls, .. } => {
                international(place(index).key("calls"), calls, complaints);
            }
            _ => {}
        }
    }
}

/// Each of `names`, the `key` of the tables called `table`, is there once and is not empty.
pub(super) fn unique<'a>(
    table: &str,
    key: &str,
    names: impl Iterator<Item = &'a str>,
    complaints: &mut Complaints,
) {
    let mut seen = BTreeMap::new();
    for (index, name) in names.enumerate() {
        let place = Place::root().key(table).index(index).key(key);
        if name.is_empty() {
            complaints.add(
                place,
                format!("empty {key} of a [[{table}]]"),
                format!("a {key}"),
            );
        } else if let Some(first) = seen.get(name) {
            let complaint = complaints.add(
                place,
                format!("two [[{table}]] with {key} `{name}`"),
                format!("a {key} that no other [[{table}]] has"),
            );
            complaint
                .others
                .push((Place::clone(first), "the first one".to_owned()));
        } else {
            seen.insert(name, place);
        }
    }
}

/// E.164 country codes have one to three digits and begin with 1 to 9 (E.164 clause 6.2.1).
fn country_code(place: Place, code: &str, complaints: &mut Complaints) {
    let is_digits = code.bytes().all(|digit| digit.is_ascii_digit());
    if !is_digits || !(1..=3).contains(&code.len()) || code.starts_with('0') {
        complaints.add(
            place,
            "no country code",
            "one to three digits without `+`, as \"49\"",
        );
    }
}

/// There is a tone plan of that country.
fn tones(place: Place, country: &str, complaints: &mut Complaints) {
    if Plan::builtin(country).is_none() {
        let countries: Vec<&str> = Plan::countries().collect();
        complaints.add(
            place,
            format!("there is no tone plan `{country}`"),
            format!("one of: {}", countries.join(", ")),
        );
    }
}

/// A number in the international form: at most 15 digits (E.164 clause 6.2.1) after `+`.
fn international(place: Place, number: &str, complaints: &mut Complaints) {
    let digits = number.strip_prefix('+').unwrap_or("+");
    let is_digits = digits.bytes().all(|digit| digit.is_ascii_digit());
    if !is_digits || !(1..=15).contains(&digits.len()) {
        complaints.add(
            place,
            format!("no international number: `{number}`"),
            "`+` and up to 15 digits, as \"+49305550001\"",
        );
    }
}

/// A cause value of seven bits that is not zero (Q.850 clause 2.2.5).
fn cause_value(place: Place, cause: u8, complaints: &mut Complaints) {
    if !(1..=127).contains(&cause) {
        complaints.add(
            place,
            "no Q.850 cause value",
            "a whole number from 1 to 127",
        );
    }
}
