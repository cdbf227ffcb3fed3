//! A trunk group between its configuration and its circuits.

use std::collections::BTreeMap;
use std::time::Duration;

use isup::circuit::{Timer, TimerError, Timers, UnknownTimer};
use isup::node::Hunt;

use crate::config;

/// The configured hunt as the node's.
#[must_use]
pub fn hunt(hunt: config::Hunt) -> Hunt {
    match hunt {
        config::Hunt::MostIdle => Hunt::MostIdle,
        config::Hunt::LeastIdle => Hunt::LeastIdle,
        config::Hunt::Ascending => Hunt::Ascending,
        config::Hunt::Descending => Hunt::Descending,
    }
}

/// A timer of the configuration that cannot be set so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongTimer {
    /// No timer of Q.764 has the name.
    #[error(transparent)]
    Name(#[from] UnknownTimer),
    /// Its value is out of range.
    #[error(transparent)]
    Value(#[from] TimerError),
}

/// The ISUP timers of a group: those of the configuration by name, the others by their default.
///
/// # Errors
/// [`WrongTimer`] for the first that is wrong; a configuration that was read has none.
pub fn timers(configured: &BTreeMap<String, Duration>) -> Result<Timers, WrongTimer> {
    let mut timers = Timers::default();
    for (name, duration) in configured {
        timers.set(name.parse::<Timer>()?, Some(*duration))?;
    }
    Ok(timers)
}

/// CIC of a timeslot of a group whose timeslot 0 has `first_cic`; `None` for one that the group
/// does not have.
#[must_use]
pub fn cic(group: &config::TrunkGroup, timeslot: u8) -> Option<isup::Cic> {
    let cic = group.first_cic.checked_add(u16::from(timeslot))?;
    group.timeslots.contains(timeslot).then_some(isup::Cic(cic))
}

/// The timeslot of a CIC of a group; `None` for one that the group does not have.
#[must_use]
pub fn timeslot(group: &config::TrunkGroup, cic: isup::Cic) -> Option<u8> {
    let timeslot = u8::try_from(cic.0.checked_sub(group.first_cic)?).ok()?;
    group.timeslots.contains(timeslot).then_some(timeslot)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group() -> config::TrunkGroup {
        let text = "
[[span]]
name = 'e1'
driver = 'emulator'
path = '/tmp/test.sock'
role = 'listen'
[[linkset]]
name = 'set'
point_code = 1
adjacent = 2
link = [{ span = 'e1', timeslot = 16, slc = 0 }]
[[trunk_group]]
name = 'exchange'
linkset = 'set'
span = 'e1'
timeslots = '1-15,17-31'
first_cic = 32
country_code = '49'
";
        let config = config::Config::parse("test", text, &BTreeMap::new()).unwrap();
        config.trunk_groups[0].clone()
    }

    #[test]
    fn a_cic_and_its_timeslot_are_one() {
        let group = group();
        assert_eq!(cic(&group, 1), Some(isup::Cic(33)));
        assert_eq!(cic(&group, 16), None);
        assert_eq!(timeslot(&group, isup::Cic(33)), Some(1));
        assert_eq!(timeslot(&group, isup::Cic(48)), None);
        assert_eq!(timeslot(&group, isup::Cic(31)), None);
        assert_eq!(timeslot(&group, isup::Cic(u16::MAX)), None);
        for slot in group.timeslots.iter() {
            assert_eq!(timeslot(&group, cic(&group, slot).unwrap()), Some(slot));
        }
    }

    #[test]
    fn timers_by_name() {
        let seconds =
            |name: &str, seconds| BTreeMap::from([(name.to_owned(), Duration::from_secs(seconds))]);
        let set = timers(&seconds("t7", 25)).unwrap();
        assert_eq!(set.get(Timer::T7), Some(Duration::from_secs(25)));
        assert_eq!(set.get(Timer::T1), Some(Timer::T1.default()));
        assert!(matches!(
            timers(&seconds("t7", 5)),
            Err(WrongTimer::Value(_))
        ));
        assert!(matches!(
            timers(&seconds("t40", 5)),
            Err(WrongTimer::Name(_))
        ));
    }
}
