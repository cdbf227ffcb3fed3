//! What an operator asks of a running gateway: why circuits and links are in their states, and
//! maintenance of circuits (Q.764 §2.8.2, §2.9.3, §2.1.8).

use std::fmt;
use std::str::FromStr;
use std::time::Instant;

use isup::circuit::Request;
use isup::{Cic, CircuitId};
use serde::{Deserialize, Serialize};

use super::Iwu;

/// What may be done to a circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Maintenance {
    /// Take it out of service for new calls: BLO.
    Block,
    /// Give it back: UBL.
    Unblock,
    /// Make it idle at both ends, call or no call: RSC.
    Reset,
    /// Check it for continuity while it is idle: CCR.
    Check,
}

impl Maintenance {
    const ALL: [Self; 4] = [Self::Block, Self::Unblock, Self::Reset, Self::Check];

    const fn name(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Reset => "reset",
            Self::Check => "check",
        }
    }

    const fn request(self) -> Request {
        match self {
            Self::Block => Request::Block,
            Self::Unblock => Request::Unblock,
            Self::Reset => Request::Reset,
            Self::Check => Request::Check,
        }
    }
}

/// A command of an operator: one line of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `circuits [GROUP] [CIC]`: the state of circuits, and why.
    Circuits(Which),
    /// `links`: the state of signalling links, and why.
    Links,
    /// `spans`: the lines, their alarms and what they counted.
    Spans,
    /// `block`, `unblock`, `reset` or `check`, then `[GROUP] CIC`.
    Maintain(Maintenance, Which),
}

/// Circuits by trunk group and code, as far as given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Which {
    /// Name of the trunk group.
    pub group: Option<String>,
    /// Circuit identification code.
    pub cic: Option<u16>,
}

/// Why a command cannot be obeyed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No command.
    #[error("found `{0}`, expected circuits, links, spans, block, unblock, reset or check")]
    Unknown(String),
    /// A command without what it needs, or with something else.
    #[error("found `{found}`, expected `{expected}`")]
    Form {
        /// What came.
        found: String,
        /// Its right form.
        expected: &'static str,
    },
    /// No trunk group has the name.
    #[error("no trunk group `{found}`, expected one of {expected}")]
    Group {
        /// The name given.
        found: String,
        /// Those there are.
        expected: String,
    },
    /// No circuit has the code.
    #[error("no circuit has CIC {0}{1}")]
    Cic(u16, String),
    /// Circuits of several trunk groups have the code.
    #[error("CIC {cic} is in several trunk groups, expected one of {groups} with it")]
    Ambiguous {
        /// The code.
        cic: u16,
        /// The trunk groups.
        groups: String,
    },
    /// The circuit refuses.
    #[error(transparent)]
    Circuit(#[from] isup::node::RequestError),
}

/// As [`FromStr`] reads it: the name of a trunk group comes last, so that it may be any text.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self {
            Self::Links => return f.write_str("links"),
            Self::Spans => return f.write_str("spans"),
            Self::Circuits(which) => {
                f.write_str("circuits")?;
                which
            }
            Self::Maintain(action, which) => {
                f.write_str(action.name())?;
                which
            }
        };
        if let Some(cic) = which.cic {
            write!(f, " {cic}")?;
        }
        match &which.group {
            Some(group) => write!(f, " in {group}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Command {
    type Err = Refusal;

    /// `circuits [CIC] [in GROUP]`, `links`, `block CIC [in GROUP]`; the group is the rest of the
    /// line.
    fn from_str(line: &str) -> Result<Self, Refusal> {
        let line = line.trim();
        let (words, group) = match line.split_once(" in ") {
            Some((words, group)) => (words, Some(group.trim().to_owned())),
            None => (line, None),
        };
        let words: Vec<&str> = words.split_whitespace().collect();
        let form = |expected| Refusal::Form {
            found: line.to_owned(),
            expected,
        };
        let action = match words.first() {
            Some(&"circuits") => None,
            Some(&"links") if words.len() == 1 && group.is_none() => return Ok(Self::Links),
            Some(&"links") => return Err(form("links")),
            Some(&"spans") if words.len() == 1 && group.is_none() => return Ok(Self::Spans),
            Some(&"spans") => return Err(form("spans")),
            word => {
                let named = |action: &Maintenance| word == Some(&action.name());
                let action = Maintenance::ALL.into_iter().find(named);
                Some(action.ok_or_else(|| Refusal::Unknown(line.to_owned()))?)
            }
        };
        let cic = |word: &str, expected| word.parse::<u16>().map_err(|_| form(expected));
        match (action, words.get(1..).unwrap_or_default()) {
            (None, []) => Ok(Self::Circuits(Which { group, cic: None })),
            (None, [word]) => {
                let cic = Some(cic(word, CIRCUITS)?);
                Ok(Self::Circuits(Which { group, cic }))
            }
            (None, _) => Err(form(CIRCUITS)),
            (Some(action), [word]) => {
                let cic = Some(cic(word, ACTION)?);
                Ok(Self::Maintain(action, Which { group, cic }))
            }
            (Some(_), _) => Err(form(ACTION)),
        }
    }
}

const CIRCUITS: &str = "circuits [CIC] [in GROUP]";
const ACTION: &str = "block, unblock, reset or check CIC [in GROUP]";

impl Iwu {
    /// One line for each of the circuits, in the order of the configuration.
    ///
    /// # Errors
    /// When there is no such trunk group or circuit.
    pub fn explain_circuits(&self, now: Instant, which: &Which) -> Result<Vec<String>, Refusal> {
        let lines = self.find(which)?.into_iter().filter_map(|id| {
            let place = self.points.circuits.get(&id)?;
            let group = &self.config.trunk_groups.get(place.group)?.name;
            let view = self.circuit(id)?;
            Some(format!("{group}: {}", view.explain(now)))
        });
        Ok(lines.collect())
    }

    /// One line for each signalling link.
    #[must_use]
    pub fn explain_links(&self) -> Vec<String> {
        let configured = self.config.linksets.iter().flat_map(|linkset| {
            let links = linkset.links.iter();
            links.map(move |link| format!("{}: SLC {}", linkset.name, link.slc))
        });
        // Links have the numbers of their order in the configuration.
        let lines = configured.zip(self.points.links.keys());
        lines
            .filter_map(|(name, id)| Some(format!("{name}: {}", self.link(*id)?)))
            .collect()
    }

    /// The circuit that an action is for, when it would take it now.
    ///
    /// # Errors
    /// When there is none, or more than one, or its state refuses.
    pub fn maintainable(&self, action: Maintenance, which: &Which) -> Result<CircuitId, Refusal> {
        let found = self.find(which)?;
        let (Some(&circuit), cic) = (found.first(), which.cic.unwrap_or_default()) else {
            return Err(Refusal::Cic(which.cic.unwrap_or_default(), String::new()));
        };
        if found.len() > 1 {
            let groups = self.config.trunk_groups.iter().map(|group| &*group.name);
            let groups = groups.collect::<Vec<_>>().join(", ");
            return Err(Refusal::Ambiguous { cic, groups });
        }
        let place = self.points.circuits.get(&circuit);
        if let Some(point) = place.and_then(|place| self.points.points.get(place.point)) {
            point.isup.accepts(circuit, &action.request())?;
        }
        Ok(circuit)
    }

    pub(super) fn maintain(&mut self, now: Instant, circuit: CircuitId, action: Maintenance) {
        let place = self.points.circuits.get(&circuit).map(|place| place.point);
        if let Some(point) = place.and_then(|place| self.points.points.get_mut(place))
            && let Err(error) = point.isup.request(now, circuit, action.request())
        {
            self.trace_note(now, error.to_string());
        }
    }

    fn find(&self, which: &Which) -> Result<Vec<CircuitId>, Refusal> {
        let groups = &self.config.trunk_groups;
        let group = match &which.group {
            None => None,
            Some(name) => {
                let index = groups.iter().position(|group| group.name == *name);
                Some(index.ok_or_else(|| {
                    Refusal::Group {
                        found: name.clone(),
                        expected: groups
                            .iter()
                            .map(|group| &*group.name)
                            .collect::<Vec<_>>()
                            .join(", "),
                    }
                })?)
            }
        };
        let found: Vec<CircuitId> = self
            .points
            .circuits
            .iter()
            .filter(|(_, place)| group.is_none_or(|group| place.group == group))
            .filter(|(_, place)| which.cic.is_none_or(|cic| place.cic == Cic(cic)))
            .map(|(id, _)| *id)
            .collect();
        match (which.cic, found.is_empty()) {
            (Some(cic), true) => {
                let of = which.group.as_deref().map(|group| format!(" in {group}"));
                Err(Refusal::Cic(cic, of.unwrap_or_default()))
            }
            _ => Ok(found),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_they_are_written() {
        for line in [
            "circuits",
            "circuits 5",
            "circuits in exchange 2 of Berlin",
            "circuits 5 in exchange",
            "links",
            "spans",
            "block 5",
            "unblock 5 in exchange",
            "reset 4095",
            "check 1",
        ] {
            assert_eq!(line.parse::<Command>().unwrap().to_string(), line);
        }
        for (line, wrong) in [
            ("", "expected circuits, links, spans, block"),
            ("blok 5", "found `blok 5`"),
            (
                "block",
                "expected `block, unblock, reset or check CIC [in GROUP]`",
            ),
            ("block five", "expected `block"),
            ("block 5 6", "expected `block"),
            ("circuits 70000", "expected `circuits [CIC] [in GROUP]`"),
            ("links 1", "expected `links`"),
        ] {
            let refusal = line.parse::<Command>().unwrap_err().to_string();
            assert!(refusal.contains(wrong), "{refusal}");
        }
    }
}
