//! Announcements: each file is read, and the trunks name those that there are.

use std::path::Path;
use std::time::Duration;

use super::unique;
use crate::config::announcement::{Announcements, Unplayable};
use crate::config::place::Place;
use crate::config::read::Complaints;
use crate::config::{Config, nearest};

/// Most times that one is said.
const MOST_TIMES: u16 = 100;
/// Longest pause between two times.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Reads the files beside the configuration; without a folder they are not at hand.
pub(super) fn gather(config: &mut Config, folder: Option<&Path>, complaints: &mut Complaints) {
    for (index, announcement) in config.announcements.iter_mut().enumerate() {
        let place = Place::root().key("announcement").index(index);
        if !(1..=MOST_TIMES).contains(&announcement.times) {
            complaints.add(
                place.key("times"),
                format!(
                    "announcement `{}` {} times",
                    announcement.name, announcement.times
                ),
                format!("1 to {MOST_TIMES}"),
            );
            continue;
        }
        if announcement.pause < tdm::TICK || announcement.pause > LONGEST_PAUSE {
            complaints.add(
                place.key("pause"),
                format!("a pause of {:?}", announcement.pause),
                "\"10ms\" to \"1min\"",
            );
            continue;
        }
        if let Err(why) = announcement.load(folder) {
            let expected = match &why {
                Unplayable::Extension => {
                    "a file `.wav`, `.alaw` or `.al`, `.ulaw`, `.mulaw` or `.ul`"
                }
                Unplayable::Read(_) => "a file that can be read",
                Unplayable::Recording(_) => {
                    "WAV of one channel and 8000 samples a second: PCM of 16 bits, A-law or mu-law; or \
                     raw G.711"
                }
            };
            let file = announcement.file.display();
            complaints.add(place.key("file"), format!("{file}: {why}"), expected);
        }
    }
}

pub(super) fn check(config: &Config, complaints: &mut Complaints) {
    let names = || config.announcements.iter().map(|a| a.name.as_str());
    unique("announcement", "name", names(), complaints);
    let groups = (0..).zip(&config.trunk_groups);
    let groups = groups.map(|(n, group)| ("trunk_group", n, &group.announcements));
    let trunks = (0..).zip(&config.sip_trunks);
    let trunks = trunks.map(|(n, trunk)| ("sip_trunk", n, &trunk.announcements));
    for (table, index, announcements) in groups.chain(trunks) {
        let place = Place::root().key(table).index(index).key("announcements");
        causes(&place, announcements, complaints);
        for (cause, name) in announcements {
            if names().any(|known| known == name) {
                continue;
            }
            let known: Vec<_> = names().collect();
            let expected = match known.is_empty() {
                true => "the name of an [[announcement]]: there is none".to_owned(),
                false => format!("one of: {}", known.join(", ")),
            };
            let complaint = complaints.add(
                place.key(cause),
                format!("there is no announcement `{name}`"),
                expected,
            );
            complaint.suggestion = nearest(name, names());
        }
    }
}

/// Keys are causes of seven bits that are not zero (Q.850 clause 2.2.5).
fn causes(place: &Place, announcements: &Announcements, complaints: &mut Complaints) {
    for cause in announcements.keys() {
        let value = cause.parse::<u8>().ok();
        let canonical = value.is_some_and(|value| value.to_string() == *cause);
        if !canonical || !value.is_some_and(|value| (1..=127).contains(&value)) {
            complaints.add(
                place.key(cause),
                format!("`{cause}` is no Q.850 cause value"),
                "a whole number from 1 to 127",
            );
        }
    }
}
