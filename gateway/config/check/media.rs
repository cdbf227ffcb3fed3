//! The threads that move the lines.

use crate::config::Config;
use crate::config::place::Place;
use crate::config::read::Complaints;

pub(super) fn check(config: &Config, complaints: &mut Complaints) {
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
