//! What the types of a profile cannot say: one row for each thing, words of their lists, profiles
//! that are there.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use super::{BackwardMessage, Key, ProfileTable, Says};
use crate::config::place::Place;
use crate::config::read::{Complaints, Environment};
use crate::config::{Config, Refusal};
use crate::interwork::profile::{self, DEFAULT};

/// Reads the files that a configuration names.
pub(in crate::config) type Files<'a> = &'a mut dyn FnMut(&Path) -> io::Result<String>;

/// Checks the file of one profile.
pub(super) fn alone(table: &mut ProfileTable, complaints: &mut Complaints) {
    if table.name.is_empty() {
        complaints.add(
            Place::root().key("name"),
            "the profile has no name",
            "key `name`: the name that trunks use",
        );
    }
    if table.file.is_some() {
        complaints.add(
            Place::root().key("file"),
            "a profile's file that names a file",
            "the rows themselves",
        );
    }
    rows(&Place::root(), table, complaints);
}

/// Puts the files that the configuration names in the place of their `[[profile]]`.
pub(in crate::config) fn gather(
    config: &mut Config,
    files: Files<'_>,
    complaints: &mut Complaints,
) {
    for (index, table) in config.profiles.iter_mut().enumerate() {
        let Some(path) = table.file.clone() else {
            continue;
        };
        let place = Place::root().key("profile").index(index).key("file");
        let stands_alone = ProfileTable {
            file: Some(path.clone()),
            ..ProfileTable::default()
        };
        if *table != stands_alone {
            complaints.add(
                place,
                "a [[profile]] with a file and something else",
                "`file` alone: name and rows stand in the file",
            );
            continue;
        }
        // Until it is read, so that the path is what problems call it.
        table.name = path.display().to_string();
        let text = match files(&path) {
            Ok(text) => text,
            Err(error) => {
                let message = format!("cannot read {}: {error}", path.display());
                complaints.add(place, message, "the file of a profile");
                continue;
            }
        };
        match super::read(&path.to_string_lossy(), &text, &Environment::new()) {
            Ok(read) => {
                *table = read;
                config.profile_files.insert(path, text);
            }
            Err(Refusal::Problems { problems, .. }) => complaints.elsewhere.extend(problems),
            Err(Refusal::Read { .. }) => {}
        }
    }
}

/// Checks the profiles of a configuration together, and that trunks name some that are there.
pub(in crate::config) fn check(config: &Config, complaints: &mut Complaints) {
    if !complaints.elsewhere.is_empty() {
        // What a wrong file would have named is not known.
        return;
    }
    let mine = config.profiles.iter().map(|table| table.name.as_str());
    let shipped: Vec<&str> = profile::builtin_names().collect();
    let known = shipped.iter().copied().chain(mine.clone());
    for (index, table) in config.profiles.iter().enumerate() {
        let place = Place::root().key("profile").index(index);
        if table.file.is_some() {
            continue;
        }
        if shipped.contains(&table.name.as_str()) {
            complaints.add(
                place.key("name"),
                format!("profile `{}` comes with the gateway", table.name),
                "a name of its own, and `inherit` for the rows that stay",
            );
            continue;
        }
        if let Some(name) = &table.inherit
            && !known.clone().any(|known| known == name)
        {
            complaints.dangling(place.key("inherit"), "profile", name, known.clone());
        } else if in_circle(&config.profiles, table) {
            complaints.add(
                place.key("inherit"),
                format!("profile `{}` inherits itself", table.name),
                "a profile that does not inherit this one",
            );
        }
        rows(&place, table, complaints);
    }
    crate::config::check::unique("profile", "name", mine, complaints);
    let groups = config.trunk_groups.iter().map(|group| Some(&group.profile));
    let trunks = config.sip_trunks.iter().map(|trunk| trunk.profile.as_ref());
    let named = [
        ("trunk_group", groups.collect()),
        ("sip_trunk", trunks.collect::<Vec<_>>()),
    ];
    for (table, names) in named {
        for (index, name) in names.into_iter().enumerate() {
            let Some(name) = name.filter(|name| !known.clone().any(|known| known == *name)) else {
                continue;
            };
            let place = Place::root().key(table).index(index).key("profile");
            complaints.dangling(place, "profile", name, known.clone());
        }
    }
}

/// Whether the way up from a profile comes back to it.
fn in_circle(tables: &[ProfileTable], start: &ProfileTable) -> bool {
    let mut here = start;
    for _ in tables {
        let parent = here.inherit.as_deref().unwrap_or(DEFAULT);
        match tables.iter().find(|table| table.name == parent) {
            Some(next) if next.name == start.name => return true,
            Some(next) => here = next,
            None => return false,
        }
    }
    false
}

/// Checks the rows of one profile, which stand at `place`.
fn rows(place: &Place, table: &ProfileTable, complaints: &mut Complaints) {
    let conditional = |complaints: &mut Complaints, list: &str, index: usize, key: &str| {
        complaints.add(
            place.key(list).index(index).key(key),
            format!("a row of `{list}` for \"other\" with a condition"),
            "a condition only beside a value",
        );
    };
    for (index, row) in table.cause.iter().enumerate() {
        if row.cause == Key::Other && row.location.is_some() {
            conditional(complaints, "cause", index, "location");
        }
        if row.cause == Key::Other && row.diagnostics.is_some() {
            conditional(complaints, "cause", index, "diagnostics");
        }
    }
    for (index, row) in table.status.iter().enumerate() {
        if row.status == Key::Other && row.warning.is_some() {
            conditional(complaints, "status", index, "warning");
        }
    }
    for (index, row) in table.backward.iter().enumerate() {
        if !may_say(row.message).contains(&row.is) {
            let words: Vec<&str> = may_say(row.message)
                .iter()
                .map(|says| says.word())
                .collect();
            complaints.add(
                place.key("backward").index(index).key("is"),
                format!("no {} says `{}`", row.message, row.is),
                format!("one of: {}", words.join(", ")),
            );
        }
    }
    for (index, row) in table.convention.iter().enumerate() {
        let words = row.key.values();
        if !words.contains(&row.value.as_str()) {
            let place = place.key("convention").index(index).key("value");
            let complaint = complaints.add(
                place,
                format!("wrong value for convention `{}`", row.key),
                format!("one of: {}", words.join(", ")),
            );
            let meant = crate::config::problem::nearest(&row.value, words.iter().copied());
            complaint.suggestion = meant;
        }
    }
    for (index, row) in table.category.iter().enumerate() {
        let is_token = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.!~*'".contains(&octet);
        if row.cpc.is_empty() || !row.cpc.bytes().all(is_token) {
            complaints.add(
                place.key("category").index(index).key("cpc"),
                format!("no value of `cpc`: `{}`", row.cpc),
                "letters, digits and hyphens",
            );
        }
    }
    once(place, "cause", &table.cause, complaints, |row| {
        let location = row.location.map(isup::Location::code);
        (row.cause, location, row.diagnostics.is_some())
    });
    once(place, "status", &table.status, complaints, |row| {
        (row.status, row.warning)
    });
    once(place, "failure", &table.failure, complaints, |row| {
        row.event
    });
    once(place, "backward", &table.backward, complaints, |row| {
        (row.message, row.is)
    });
    once(place, "progress", &table.progress, complaints, |row| {
        (row.status, row.media)
    });
    once(place, "nature", &table.nature, complaints, |row| row.nature);
    once(place, "number", &table.number, complaints, |row| row.form);
    once(place, "category", &table.category, complaints, |row| {
        row.cpc.to_ascii_lowercase()
    });
    once(
        place,
        "redirection",
        &table.redirection,
        complaints,
        |row| (row.diversion.to_ascii_lowercase(), row.reason.code()),
    );
    once(place, "convention", &table.convention, complaints, |row| {
        row.key
    });
}

fn may_say(message: BackwardMessage) -> &'static [Says] {
    match message {
        BackwardMessage::Acm => &profile::ACM,
        BackwardMessage::Cpg => &profile::CPG,
    }
}

/// No two rows of a list are for the same thing under the same conditions.
fn once<R, K: Ord>(
    place: &Place,
    list: &str,
    rows: &[R],
    complaints: &mut Complaints,
    key: impl Fn(&R) -> K,
) {
    let mut seen = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let here = place.key(list).index(index);
        match seen.entry(key(row)) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(here);
            }
            std::collections::btree_map::Entry::Occupied(entry) => {
                let complaint = complaints.add(
                    here,
                    format!("two rows of `{list}` for the same thing"),
                    "one row for each thing and its conditions",
                );
                let first = Place::clone(entry.get());
                complaint.others.push((first, "the first one".to_owned()));
            }
        }
    }
}
