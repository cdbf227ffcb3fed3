//! Timers of the MTP, error correction, and ways through signalling transfer points: the same rules
//! for the gateway and for the lab.

use std::collections::BTreeMap;
use std::time::Duration;

use humantime::format_duration;
use lab::config::{Correction, Link, Linkset, SignallingRoute, WrongTimer};

use super::lines::check_point_code;
use crate::config::place::Place;
use crate::config::read::Complaints;

/// A line with less has no message to send again, one with more is no line.
const LOOP_DELAY: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(5));

pub(super) fn check(linksets: &[Linkset], routes: &[SignallingRoute], complaints: &mut Complaints) {
    for (index, linkset) in linksets.iter().enumerate() {
        let place = Place::root().key("linkset").index(index);
        check_timers(&place, linkset, complaints);
        let before = linksets.get(..index).unwrap_or_default();
        check_one_point(&place, linkset, before, complaints);
        for (index, link) in linkset.links.iter().enumerate() {
            check_correction(&place.key("link").index(index), link, complaints);
        }
    }
    check_routes(linksets, routes, complaints);
}

/// Each timer by itself, so that all that is wrong is told.
fn check_timers(place: &Place, linkset: &Linkset, complaints: &mut Complaints) {
    let alone = |level2: BTreeMap<String, Duration>, level3| Linkset {
        mtp2_timers: level2,
        mtp3_timers: level3,
        ..linkset.clone()
    };
    let level2 = linkset.mtp2_timers.iter().map(|(name, value)| {
        let timers = BTreeMap::from([(name.clone(), *value)]);
        ("mtp2_timers", name, value, alone(timers, BTreeMap::new()))
    });
    let level3 = linkset.mtp3_timers.iter().map(|(name, value)| {
        let timers = BTreeMap::from([(name.clone(), *value)]);
        ("mtp3_timers", name, value, alone(BTreeMap::new(), timers))
    });
    for (table, name, value, linkset) in level2.chain(level3) {
        let place = place.key(table);
        match linkset.timers() {
            Ok(_) => {}
            Err(WrongTimer::Name {
                level, expected, ..
            }) => {
                complaints.add(
                    place,
                    format!("there is no {level} timer `{name}`"),
                    expected,
                );
            }
            Err(WrongTimer::Value(range)) => {
                let found = format_duration(*value);
                let (shortest, longest) = (
                    format_duration(range.shortest),
                    format_duration(range.longest),
                );
                complaints.add(
                    place.key(name),
                    format!("{} timer `{name}` of {found}", range.layer),
                    format!("{shortest} to {longest} ({})", range.clause),
                );
            }
        }
    }
}

/// Linksets of one signalling point share its timers.
fn check_one_point(
    place: &Place,
    linkset: &Linkset,
    before: &[Linkset],
    complaints: &mut Complaints,
) {
    let point = |linkset: &Linkset| Some((linkset.network_indicator, linkset.own().ok()?));
    let other =
        point(linkset).and_then(|this| before.iter().position(|other| point(other) == Some(this)));
    let Some((index, other)) = other.and_then(|index| Some((index, before.get(index)?))) else {
        return;
    };
    let first = Place::root().key("linkset").index(index);
    for (table, differs) in [
        ("mtp2_timers", other.mtp2_timers != linkset.mtp2_timers),
        ("mtp3_timers", other.mtp3_timers != linkset.mtp3_timers),
    ] {
        if differs {
            let complaint = complaints.add(
                place.key(table),
                format!(
                    "`{table}` of linkset `{}` differ from those of `{}`, of the same point code",
                    linkset.name, other.name
                ),
                "the same in all linksets of one signalling point",
            );
            complaint
                .others
                .push((first.key(table), "the others".to_owned()));
        }
    }
}

fn check_correction(place: &Place, link: &Link, complaints: &mut Complaints) {
    let Some(delay) = link.loop_delay else { return };
    let (least, most) = LOOP_DELAY;
    if link.error_correction == Correction::Basic {
        complaints.add(
            place.key("loop_delay"),
            "`loop_delay` has no effect on basic error correction",
            "`error_correction = \"preventive\"`, or no `loop_delay`",
        );
    } else if delay < least || delay > most {
        complaints.add(
            place.key("loop_delay"),
            format!("a loop delay of {}", format_duration(delay)),
            format!("{} to {}", format_duration(least), format_duration(most)),
        );
    }
}

fn check_routes(linksets: &[Linkset], routes: &[SignallingRoute], complaints: &mut Complaints) {
    let mut seen = BTreeMap::new();
    for (index, route) in routes.iter().enumerate() {
        let place = Place::root().key("signalling_route").index(index);
        let Some(linkset) = linksets.iter().find(|linkset| linkset.name == route.via) else {
            let known = linksets.iter().map(|linkset| linkset.name.as_str());
            complaints.dangling(place.key("via"), "linkset", &route.via, known);
            continue;
        };
        let Some(destination) = check_point_code(
            place.key("destination"),
            route.destination,
            linkset.standard,
            complaints,
        ) else {
            continue;
        };
        if [linkset.own(), linkset.neighbour()].contains(&Ok(destination)) {
            complaints.add(
                place.key("destination"),
                format!("{destination} is an end of linkset `{}`", linkset.name),
                "a signalling point behind the other end of the linkset",
            );
        }
        if let Some(first) = seen.insert((destination, &route.via), place.key("destination")) {
            let complaint = complaints.add(
                place.key("destination"),
                format!("two ways to {destination} over linkset `{}`", linkset.name),
                "one",
            );
            complaint.others.push((first, "the first one".to_owned()));
        }
    }
}
