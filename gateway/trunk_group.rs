//! A trunk group between its configuration and its circuits.

use std::collections::BTreeMap;
use std::time::Duration;

use isup::circuit::{Timer, TimerError, Timers, UnknownTimer};
use isup::node::{CallClass, GroupConfig, Hunt, Node, NodeConfig, Prefer, Selection};
use isup::{Cic, CircuitId, Variant};

use crate::config::{self, Config, Standard, TrunkGroup};

/// How the group's circuits are selected, by its hunt and what it prefers.
#[must_use]
pub fn selection(group: &TrunkGroup) -> Selection {
    Selection {
        hunt: match group.hunt {
            config::Hunt::MostIdle => Hunt::MostIdle,
            config::Hunt::LeastIdle => Hunt::LeastIdle,
            config::Hunt::Ascending => Hunt::Ascending,
            config::Hunt::Descending => Hunt::Descending,
        },
        prefer: match group.prefer {
            config::Prefer::Controlled => Prefer::Controlled,
            config::Prefer::Even => Prefer::Even,
            config::Prefer::Odd => Prefer::Odd,
            config::Prefer::None => Prefer::Nothing,
        },
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

/// The timers of a group: those of the configuration by name, none for one that is off, the
/// others by their default.
///
/// # Errors
/// [`WrongTimer`] for the first that is wrong; a configuration that was read has none.
pub fn timers(configured: &BTreeMap<String, Option<Duration>>) -> Result<Timers, WrongTimer> {
    let mut timers = Timers::default();
    for (name, duration) in configured {
        timers.set(name.parse::<Timer>()?, *duration)?;
    }
    Ok(timers)
}

/// The variant of the group's circuits: that of its linkset.
#[must_use]
pub fn variant(config: &Config, group: &TrunkGroup) -> Variant {
    let mut linksets = config.linksets.iter();
    let linkset = linksets.find(|linkset| linkset.name == group.linkset);
    match linkset.map(|linkset| linkset.standard) {
        Some(Standard::Ansi) => Variant::Ansi,
        Some(Standard::Itu) | None => Variant::Itu,
    }
}

/// CIC of a timeslot of a group whose timeslot 0 has `first_cic`; `None` for one that the group
/// does not have.
#[must_use]
pub fn cic(group: &TrunkGroup, timeslot: u8) -> Option<Cic> {
    let cic = group.first_cic.checked_add(u16::from(timeslot))?;
    group.timeslots.contains(timeslot).then_some(Cic(cic))
}

/// The circuit that an outgoing call takes while every circuit of the group is idle and none was
/// used yet: by the group's hunt and what it prefers, which is by default the
/// even or odd circuits that this end controls (Q.764 clause 2.9.1.4). `None` when the group's linkset is not in the configuration, or is
/// none that a node can be made of.
#[must_use]
pub fn first_hunted(config: &Config, group: &TrunkGroup) -> Option<(Cic, u8)> {
    let linkset = config
        .linksets
        .iter()
        .find(|linkset| linkset.name == group.linkset)?;
    let destination = linkset.leads_to(group.destination).ok()?;
    let circuits = group.timeslots.iter().filter_map(|timeslot| {
        let id = CircuitId(u32::from(timeslot));
        Some((id, cic(group, timeslot)?))
    });
    let variant = match linkset.standard {
        Standard::Itu => Variant::Itu,
        Standard::Ansi => Variant::Ansi,
    };
    let groups = vec![GroupConfig::new(destination, circuits.collect())];
    let mut node = Node::new(NodeConfig {
        variant,
        opc: linkset.own().ok()?,
        groups,
    })
    .ok()?;
    let candidates: Vec<CircuitId> = group
        .timeslots
        .iter()
        .map(|timeslot| CircuitId(u32::from(timeslot)))
        .collect();
    let class = CallClass::Ordinary;
    let CircuitId(timeslot) = node.select(&candidates, selection(group), class).ok()?;
    let timeslot = u8::try_from(timeslot).ok()?;
    Some((cic(group, timeslot)?, timeslot))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(own: u16, hunt: &str) -> Config {
        let text = format!(
            "
[[span]]
name = 'e1'
driver = 'emulator'
path = '/tmp/test.sock'
role = 'listen'
[[linkset]]
name = 'set'
point_code = {own}
adjacent = 2
link = [{{ span = 'e1', timeslot = 16, slc = 0 }}]
[[trunk_group]]
name = 'exchange'
linkset = 'set'
span = 'e1'
timeslots = '1-15,17-31'
first_cic = 32
hunt = '{hunt}'
country_code = '49'
"
        );
        Config::parse("test", &text, &BTreeMap::new()).unwrap()
    }

    fn group() -> TrunkGroup {
        config(1, "most-idle").trunk_groups[0].clone()
    }

    /// The higher point code controls the even circuits and takes them first.
    #[test]
    fn the_first_circuit_is_one_that_this_end_controls() {
        let first = |own, hunt| {
            let config = config(own, hunt);
            first_hunted(&config, &config.trunk_groups[0]).unwrap()
        };
        assert_eq!(first(1, "ascending"), (Cic(33), 1));
        assert_eq!(first(1, "descending"), (Cic(63), 31));
        assert_eq!(first(3, "ascending"), (Cic(34), 2));
        assert_eq!(first(3, "descending"), (Cic(62), 30));
        assert_eq!(first(3, "most-idle"), (Cic(34), 2));
        assert_eq!(first(3, "least-idle"), (Cic(62), 30));
    }

    /// What is preferred counts before the point codes; without it the hunt alone decides.
    #[test]
    fn the_first_circuit_is_one_that_the_group_prefers() {
        let first = |own, hunt: &str, prefer| {
            let config = config(own, &format!("{hunt}'\nprefer = '{prefer}"));
            let (Cic(cic), _) = first_hunted(&config, &config.trunk_groups[0]).unwrap();
            cic
        };
        for own in [1, 3] {
            assert_eq!(first(own, "ascending", "even"), 34);
            assert_eq!(first(own, "descending", "even"), 62);
            assert_eq!(first(own, "ascending", "odd"), 33);
            assert_eq!(first(own, "descending", "odd"), 63);
            assert_eq!(first(own, "ascending", "none"), 33);
            assert_eq!(first(own, "descending", "none"), 63);
        }
        assert_eq!(first(3, "ascending", "controlled"), 34);
    }

    /// The point codes of an ANSI network in three parts are compared as numbers, as those of ITU.
    #[test]
    fn point_codes_in_the_form_of_the_standard() {
        let mut config = config(1, "ascending");
        let linkset = &mut config.linksets[0];
        linkset.standard = Standard::Ansi;
        linkset.adjacent = "0-0-2".parse().unwrap();
        linkset.point_code = "1-0-1".parse().unwrap();
        let first = first_hunted(&config, &config.trunk_groups[0]).unwrap();
        assert_eq!(first, (Cic(34), 2));
        let linkset = &mut config.linksets[0];
        let own = linkset.own().unwrap();
        assert_eq!(
            (own.value(), own.to_string().as_str()),
            (0x01_0001, "1-0-1")
        );
        // One that an ITU network has not.
        linkset.point_code = "250-3-17".parse().unwrap();
        assert!(linkset.own().is_ok());
        linkset.standard = Standard::Itu;
        assert!(linkset.own().is_err());
        assert_eq!(first_hunted(&config, &config.trunk_groups[0]), None);
    }

    #[test]
    fn the_cic_of_a_timeslot() {
        let group = group();
        assert_eq!(cic(&group, 1), Some(Cic(33)));
        assert_eq!(cic(&group, 16), None);
    }

    #[test]
    fn timers_by_name() {
        let seconds = |name: &str, seconds| {
            BTreeMap::from([(name.to_owned(), Some(Duration::from_secs(seconds)))])
        };
        let set = timers(&seconds("t7", 25)).unwrap();
        assert_eq!(set.get(Timer::T7), Some(Duration::from_secs(25)));
        assert_eq!(set.get(Timer::T1), Some(Timer::T1.default()));
        assert!(matches!(
            timers(&seconds("t7", 5)),
            Err(WrongTimer::Value(_))
        ));
        let off = |name: &str| BTreeMap::from([(name.to_owned(), None)]);
        assert_eq!(timers(&off("t11")).unwrap().get(Timer::T11), None);
        assert!(matches!(timers(&off("t1")), Err(WrongTimer::Value(_))));
        assert!(matches!(
            timers(&seconds("t40", 5)),
            Err(WrongTimer::Name(_))
        ));
    }
}
