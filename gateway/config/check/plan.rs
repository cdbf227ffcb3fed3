//! The dial plan.

use std::collections::BTreeMap;

use super::{cause_value, unique};
use crate::config::place::Place;
use crate::config::read::Complaints;
use crate::config::{Config, Rule};

pub(super) fn check(config: &Config, complaints: &mut Complaints) {
    let groups = config.trunk_groups.iter().map(|group| group.name.as_str());
    let sip_trunks = config.sip_trunks.iter().map(|trunk| trunk.name.as_str());
    unique("trunk_group", "name", groups.clone(), complaints);
    for (index, name) in sip_trunks.clone().enumerate() {
        if let Some(other) = groups.clone().position(|group| group == name) {
            let place = Place::root().key("sip_trunk").index(index).key("name");
            let complaint = complaints.add(
                place,
                format!("a SIP trunk and a trunk group with name `{name}`"),
                "a name that no trunk has: rules would not know which of the two",
            );
            let other = Place::root().key("trunk_group").index(other).key("name");
            complaint.others.push((other, "the trunk group".to_owned()));
        }
    }
    let trunks = groups.chain(sip_trunks);
    unique(
        "rule",
        "name",
        config.rules.iter().map(|rule| rule.name.as_str()),
        complaints,
    );
    for (index, rule) in config.rules.iter().enumerate() {
        let place = Place::root().key("rule").index(index);
        for (key, names) in [("from", &rule.from), ("to", &rule.to)] {
            for (index, name) in names.iter().enumerate() {
                if !trunks.clone().any(|trunk| trunk == name) {
                    let place = place.key(key).index(index);
                    complaints.dangling(place, "trunk group or SIP trunk", name, trunks.clone());
                }
            }
        }
        rule_itself(&place, rule, complaints);
    }
    never_reached(&config.rules, complaints);
}

fn rule_itself(place: &Place, rule: &Rule, complaints: &mut Complaints) {
    let is_digits = |text: &str| {
        let digits = text.strip_prefix('+').unwrap_or(text);
        digits
            .bytes()
            .all(|digit| digit.is_ascii_digit() || b"*#".contains(&digit))
    };
    for (key, text) in [("prefix", &rule.prefix), ("prepend", &rule.prepend)] {
        if !is_digits(text) {
            complaints.add(
                place.key(key),
                format!("no digits: `{text}`"),
                "digits, `*` and `#`, after a `+` or without",
            );
        }
    }
    if let (Some(least), Some(most)) = (rule.min_digits, rule.max_digits)
        && least > most
    {
        let complaint = complaints.add(
            place.key("min_digits"),
            format!(
                "rule `{}` has numbers of at least {least} and at most {most} digits",
                rule.name
            ),
            "no more than `max_digits`",
        );
        complaint
            .others
            .push((place.key("max_digits"), "the most digits".to_owned()));
    }
    match (rule.to.is_empty(), rule.reject) {
        (true, None) => {
            complaints.add(
                place.key("to"),
                format!("rule `{}` leads nowhere", rule.name),
                "`to` with at least one trunk, or `reject` with a cause",
            );
        }
        (false, Some(_)) => {
            let complaint = complaints.add(
                place.key("reject"),
                format!("rule `{}` both routes and refuses", rule.name),
                "either `to` or `reject`",
            );
            complaint
                .others
                .push((place.key("to"), "the trunks".to_owned()));
        }
        (true, Some(cause)) => cause_value(place.key("reject"), cause, complaints),
        (false, None) => {}
    }
}

/// The first rule of a prefix that fits the origin decides; a later one that fits no other origin
/// would only look as if it did something.
fn never_reached(rules: &[Rule], complaints: &mut Complaints) {
    let mut by_prefix: BTreeMap<&str, Vec<(usize, &Rule)>> = BTreeMap::new();
    for (index, rule) in rules.iter().enumerate() {
        let earlier = by_prefix.entry(rule.prefix.as_str()).or_default();
        let hiding = earlier.iter().find(|(_, earlier)| {
            earlier.max_digits.is_none()
                && earlier.min_digits.is_none()
                && (earlier.from.is_empty()
                    || !rule.from.is_empty()
                        && rule.from.iter().all(|from| earlier.from.contains(from)))
        });
        if let Some((first, hiding)) = hiding {
            let place = Place::root().key("rule").index(index).key("prefix");
            let complaint = complaints.add(
                place,
                format!("rule `{}` is never reached", rule.name),
                "another prefix, or an origin that the earlier rule does not take",
            );
            let first = Place::root().key("rule").index(*first).key("prefix");
            complaint
                .others
                .push((first, format!("`{}` takes these calls", hiding.name)));
        }
        earlier.push((index, rule));
    }
}
