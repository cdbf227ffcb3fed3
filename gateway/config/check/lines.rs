//! Spans, linksets and circuits: the same rules for the gateway and for the lab.

use std::collections::BTreeMap;

use lab::config::{Driver, Linkset, PointCode, Span, Standard, Timeslots, WrittenPointCode};

use super::unique;
use crate::config::TrunkGroup;
use crate::config::place::Place;
use crate::config::read::Complaints;

/// What a trunk group of the gateway and circuits of the lab have in common.
pub(super) struct Circuits<'a> {
    linkset: &'a str,
    destination: Option<WrittenPointCode>,
    span: &'a str,
    timeslots: Timeslots,
    first_cic: u16,
}

impl<'a> From<&'a TrunkGroup> for Circuits<'a> {
    fn from(group: &'a TrunkGroup) -> Self {
        Self {
            linkset: &group.linkset,
            destination: group.destination,
            span: &group.span,
            timeslots: group.timeslots,
            first_cic: group.first_cic,
        }
    }
}

impl<'a> From<&'a lab::config::Circuits> for Circuits<'a> {
    fn from(circuits: &'a lab::config::Circuits) -> Self {
        Self {
            linkset: &circuits.linkset,
            destination: circuits.destination,
            span: &circuits.span,
            timeslots: circuits.timeslots,
            first_cic: circuits.first_cic,
        }
    }
}

/// Where each timeslot and each CIC was used first.
#[derive(Default)]
struct Used<'a> {
    timeslots: BTreeMap<(&'a str, u8), (Place, &'static str)>,
    cics: BTreeMap<(PointCode, PointCode, u16), Place>,
}

/// Checks spans, linksets and the circuits of the tables called `table`.
pub(super) fn check<'a>(
    table: &str,
    spans: &'a [Span],
    linksets: &'a [Linkset],
    circuits: impl Iterator<Item = Circuits<'a>>,
    complaints: &mut Complaints,
) {
    unique(
        "span",
        "name",
        spans.iter().map(|span| span.name.as_str()),
        complaints,
    );
    unique(
        "linkset",
        "name",
        linksets.iter().map(|linkset| linkset.name.as_str()),
        complaints,
    );
    dahdi_numbers(spans, complaints);
    let mut used = Used::default();
    for (index, linkset) in linksets.iter().enumerate() {
        let place = Place::root().key("linkset").index(index);
        check_linkset(&place, linkset, spans, &mut used, complaints);
    }
    for (index, circuits) in circuits.enumerate() {
        let place = Place::root().key(table).index(index);
        check_circuits(&place, &circuits, spans, linksets, &mut used, complaints);
    }
}

/// No span of the DAHDI driver is configured twice: its channels can be opened only once.
fn dahdi_numbers(spans: &[Span], complaints: &mut Complaints) {
    let mut numbers = BTreeMap::new();
    for (index, span) in spans.iter().enumerate() {
        let Driver::Dahdi(dahdi) = &span.driver else {
            continue;
        };
        let place = Place::root().key("span").index(index).key("number");
        if let Some(first) = numbers.insert(dahdi.number, place.clone()) {
            let number = dahdi.number;
            let complaint = complaints.add(
                place,
                format!("span {number} of the DAHDI driver is used twice"),
                "another of the driver's spans",
            );
            complaint.others.push((first, "the first one".to_owned()));
        }
    }
}

fn check_span(place: Place, name: &str, spans: &[Span], complaints: &mut Complaints) {
    let known = spans.iter().map(|span| span.name.as_str());
    if !known.clone().any(|known| known == name) {
        complaints.dangling(place, "span", name, known);
    }
}

/// The point code that a written one is by the standard of its linkset.
pub(super) fn check_point_code(
    place: Place,
    written: WrittenPointCode,
    standard: Standard,
    complaints: &mut Complaints,
) -> Option<PointCode> {
    let code = written.of(standard);
    code.map_err(|error| {
        let what =
            format!("there is no point code {written} in a network of standard `{standard}`");
        complaints.add(place, what, error.expected());
    })
    .ok()
}

fn check_linkset<'a>(
    place: &Place,
    linkset: &'a Linkset,
    spans: &[Span],
    used: &mut Used<'a>,
    complaints: &mut Complaints,
) {
    let own = check_point_code(
        place.key("point_code"),
        linkset.point_code,
        linkset.standard,
        complaints,
    );
    let adjacent = check_point_code(
        place.key("adjacent"),
        linkset.adjacent,
        linkset.standard,
        complaints,
    );
    if own.is_some() && own == adjacent {
        let complaint = complaints.add(
            place.key("adjacent"),
            format!("linkset `{}` has one point code at both ends", linkset.name),
            "the point code of the other end",
        );
        complaint
            .others
            .push((place.key("point_code"), "the own point code".to_owned()));
    }
    if !(1..=16).contains(&linkset.links.len()) {
        complaints.add(
            place.key("link"),
            format!(
                "linkset `{}` has {} links",
                linkset.name,
                linkset.links.len()
            ),
            "1 to 16 links (Q.704 clause 2.3)",
        );
    }
    let mut slcs = BTreeMap::new();
    for (index, link) in linkset.links.iter().enumerate() {
        let place = place.key("link").index(index);
        check_span(place.key("span"), &link.span, spans, complaints);
        if link.slc > 15 {
            complaints.add(
                place.key("slc"),
                format!("signalling link code {} is too large", link.slc),
                "0 to 15 (Q.704 clause 14.2.1)",
            );
        }
        if let Some(first) = slcs.insert(link.slc, place.key("slc")) {
            let complaint = complaints.add(
                place.key("slc"),
                format!(
                    "two links of linkset `{}` with SLC {}",
                    linkset.name, link.slc
                ),
                "a signalling link code that no other link of the linkset has",
            );
            complaint.others.push((first, "the first one".to_owned()));
        }
        if !(1..=31).contains(&link.timeslot) {
            complaints.add(
                place.key("timeslot"),
                format!("timeslot {} cannot carry a link", link.timeslot),
                "1 to 31: timeslot 0 carries the frame alignment",
            );
            continue;
        }
        if let Some(span) = spans.iter().find(|span| span.name == link.span)
            && !span.signals(link.timeslot)
        {
            complaints.add(
                place.key("timeslot"),
                format!(
                    "span `{}` does not carry timeslot {}",
                    link.span, link.timeslot
                ),
                "its `signalling`, or one of its `timeslots`",
            );
        }
        let key = (link.span.as_str(), link.timeslot);
        let mine = (place.key("timeslot"), "a link");
        if let Some((first, what)) = used.timeslots.insert(key, mine) {
            let complaint = complaints.add(
                place.key("timeslot"),
                format!(
                    "timeslot {} of span `{}` is used twice",
                    link.timeslot, link.span
                ),
                "a timeslot of its own",
            );
            complaint.others.push((first, format!("{what} already")));
        }
    }
}

fn check_circuits<'a>(
    place: &Place,
    circuits: &Circuits<'a>,
    spans: &[Span],
    linksets: &'a [Linkset],
    used: &mut Used<'a>,
    complaints: &mut Complaints,
) {
    check_span(place.key("span"), circuits.span, spans, complaints);
    check_timeslots(place, circuits, spans, used, complaints);
    let Some(linkset) = linksets
        .iter()
        .find(|linkset| linkset.name == circuits.linkset)
    else {
        let known = linksets.iter().map(|linkset| linkset.name.as_str());
        complaints.dangling(place.key("linkset"), "linkset", circuits.linkset, known);
        return;
    };
    let destination = match circuits.destination {
        Some(written) => {
            let place = place.key("destination");
            check_point_code(place, written, linkset.standard, complaints)
        }
        None => linkset.neighbour().ok(),
    };
    let (largest, clause) = match linkset.standard {
        Standard::Itu => (0x0FFF, "Q.763 clause 1.2"),
        Standard::Ansi => (0x3FFF, "T1.113.3 clause 1.2"),
    };
    let last = circuits.timeslots.iter().last().unwrap_or_default();
    if u32::from(circuits.first_cic) + u32::from(last) > largest {
        let most = largest - u32::from(last);
        complaints.add(
            place.key("first_cic"),
            format!("timeslot {last} would have a CIC above {largest}"),
            format!("0 to {most} with these timeslots ({clause})"),
        );
        return;
    }
    // One that is none has been told.
    let (Ok(own), Some(destination)) = (linkset.own(), destination) else {
        return;
    };
    let taken = circuits.timeslots.iter().find_map(|timeslot| {
        let cic = circuits.first_cic + u16::from(timeslot);
        used.cics
            .get(&(own, destination, cic))
            .map(|first| (timeslot, cic, first.clone()))
    });
    if let Some((timeslot, cic, first)) = taken {
        let complaint = complaints.add(
            place.key("first_cic"),
            format!("timeslot {timeslot} would have CIC {cic} a second time towards {destination}"),
            "CICs that no other circuit between the two point codes has",
        );
        complaint
            .others
            .push((first, format!("CIC {cic} is one of these")));
    }
    for timeslot in circuits.timeslots.iter() {
        let cic = circuits.first_cic + u16::from(timeslot);
        used.cics
            .entry((own, destination, cic))
            .or_insert_with(|| place.key("timeslots"));
    }
}

fn check_timeslots<'a>(
    place: &Place,
    circuits: &Circuits<'a>,
    spans: &[Span],
    used: &mut Used<'a>,
    complaints: &mut Complaints,
) {
    let place = place.key("timeslots");
    if let Some(span) = spans.iter().find(|span| span.name == circuits.span)
        && let Some(timeslot) = circuits.timeslots.iter().find(|slot| !span.carries(*slot))
    {
        complaints.add(
            place.clone(),
            format!("span `{}` does not carry timeslot {timeslot}", span.name),
            "timeslots among those of the span",
        );
    }
    let taken = circuits.timeslots.iter().find_map(|timeslot| {
        used.timeslots
            .get(&(circuits.span, timeslot))
            .map(|first| (timeslot, first.clone()))
    });
    if let Some((timeslot, (first, what))) = taken {
        let span = circuits.span;
        let complaint = complaints.add(
            place.clone(),
            format!("timeslot {timeslot} of span `{span}` is used twice"),
            "timeslots that neither a link nor another circuit has",
        );
        complaint.others.push((first, format!("{what} already")));
    }
    for timeslot in circuits.timeslots.iter() {
        let mine = (place.clone(), "circuits");
        used.timeslots
            .entry((circuits.span, timeslot))
            .or_insert(mine);
    }
}
