//! The dial plan: which trunks a call is offered to, and with which number.
//!
//! Rules are found by the digits of the called number: the longest prefix first, and within one
//! prefix in the order of the configuration. The first that takes the call decides. Pure: the
//! same plan and query always give the same decision, and [`DialPlan::explain`] says why.
//!
//! What decides besides the prefix stands in `Rule::takes`, so that a further condition, such as
//! the time of day, is a further field of the rule and of the [`Query`].

mod rule;
#[cfg(test)]
mod tests;
mod trie;

use std::fmt;
use std::sync::Arc;

use self::rule::Rule;
pub use self::rule::{Mismatch, Number, Trunk};
use self::trie::Trie;
use crate::config::{Config, Nature};

/// A call that looks for its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Query<'a> {
    /// The called number.
    pub called: &'a Number,
    /// The trunk that the call came from.
    pub from: Trunk,
}

/// What the dial plan made of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Name of the rule that decided; none did when absent.
    pub rule: Option<Arc<str>>,
    /// The number that goes out.
    pub number: Number,
    /// Nature of address that goes out, where the rule sets it; else by the form of the number
    /// and the trunk group's codes (RFC 3398 section 12).
    pub nature: Option<Nature>,
    /// What happens to the call.
    pub route: Route,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// It is offered to these trunks, in this order; never empty.
    To(Arc<[Trunk]>),
    /// It is refused with this Q.850 cause value.
    Reject(u8),
    /// Digits are missing: the rule that it would go by wants more.
    Incomplete,
    /// No rule takes it.
    None,
}

/// Whether more digits may follow a number (RFC 3578 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digits {
    /// Too few to route by.
    TooFew,
    /// Enough to route by; more may follow.
    Enough,
    /// No number of the plan is longer, or none will fit any more.
    All,
}

/// One rule that was looked at for a call, and why it did or did not take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Name of the rule.
    pub rule: Arc<str>,
    /// Prefix of the rule as the configuration writes it.
    pub prefix: Arc<str>,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It took the call.
    Taken,
    /// It fits the prefix and something else keeps it from taking the call.
    Mismatch(Mismatch),
    /// It would have been looked at after the one that took the call.
    NotReached,
    /// The called number does not begin with its prefix.
    OtherPrefix,
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken => formatter.write_str("takes the call"),
            Self::Mismatch(mismatch) => mismatch.fmt(formatter),
            Self::NotReached => formatter.write_str("not reached: an earlier rule took the call"),
            Self::OtherPrefix => formatter.write_str("the number does not begin with its prefix"),
        }
    }
}

/// A rule names a trunk that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule `{rule}` names trunk `{trunk}`, expected a trunk group or SIP trunk that there is")]
pub struct UnknownTrunk {
    /// The rule.
    pub rule: String,
    /// The name.
    pub trunk: String,
}

/// The rule that decides.
enum Taken<'a> {
    /// It takes the call, and makes this of the number.
    By(&'a Rule, Number),
    /// It will when there are more digits.
    Awaited(&'a Rule),
}

/// All rules, in the form that finds them fast.
#[derive(Debug)]
pub struct DialPlan {
    /// In the order of the configuration.
    rules: Vec<Rule>,
    trie: Trie,
    /// Names by trunk: groups, then SIP trunks.
    names: [Vec<Arc<str>>; 2],
}

impl DialPlan {
    /// The plan of a configuration.
    ///
    /// # Errors
    /// [`UnknownTrunk`] where a rule names one; a configuration that was read has none.
    pub fn new(config: &Config) -> Result<Self, UnknownTrunk> {
        let groups = config
            .trunk_groups
            .iter()
            .map(|group| Arc::from(group.name.as_str()));
        let sip_trunks = config
            .sip_trunks
            .iter()
            .map(|trunk| Arc::from(trunk.name.as_str()));
        let mut plan = Self {
            rules: Vec::with_capacity(config.rules.len()),
            trie: Trie::default(),
            names: [groups.collect(), sip_trunks.collect()],
        };
        for rule in &config.rules {
            let rule = Rule::new(rule, |name| {
                let unknown = || UnknownTrunk {
                    rule: rule.name.clone(),
                    trunk: name.to_owned(),
                };
                plan.trunk(name).ok_or_else(unknown)
            })?;
            plan.rules.push(rule);
        }
        plan.trie = Trie::new(plan.rules.iter().map(|rule| &*rule.prefix));
        Ok(plan)
    }

    /// The trunk of that name.
    #[must_use]
    pub fn trunk(&self, name: &str) -> Option<Trunk> {
        let [groups, sip_trunks] = &self.names;
        let place = |names: &[Arc<str>]| names.iter().position(|known| &**known == name);
        place(groups)
            .map(Trunk::Group)
            .or_else(|| place(sip_trunks).map(Trunk::Sip))
    }

    /// The names of all trunks, groups first.
    pub fn trunks(&self) -> impl Iterator<Item = &str> {
        self.names.iter().flatten().map(|name| &**name)
    }

    /// The name of a trunk.
    #[must_use]
    pub fn name(&self, trunk: Trunk) -> &str {
        let [groups, sip_trunks] = &self.names;
        let name = match trunk {
            Trunk::Group(index) => groups.get(index),
            Trunk::Sip(index) => sip_trunks.get(index),
        };
        name.map_or("", |name| name)
    }

    /// Which way a call goes.
    #[must_use]
    pub fn route(&self, query: Query<'_>) -> Decision {
        let fitting = self.trie.fitting(query.called);
        let mut candidates = fitting.filter_map(|index| self.rules.get(index));
        let taken = candidates.find_map(|rule| match rule.takes(query) {
            Ok(number) => Some(Taken::By(rule, number)),
            Err(Mismatch::Incomplete { .. }) => Some(Taken::Awaited(rule)),
            Err(_) => None,
        });
        Self::decision(query, taken)
    }

    /// Whether more digits may follow, when the plan has decided so.
    #[must_use]
    pub fn digits(&self, query: Query<'_>, decision: &Decision) -> Digits {
        let awaited = self.rules.iter().any(|rule| rule.awaits(query));
        match (&decision.route, awaited) {
            (Route::Incomplete, _) | (Route::None, true) => Digits::TooFew,
            (_, true) => Digits::Enough,
            (Route::None | Route::Reject(_), false) => Digits::All,
            (Route::To(_), false) => {
                let found = query.called.digits.len();
                let rule = self
                    .rules
                    .iter()
                    .find(|rule| decision.rule.as_ref() == Some(&rule.name));
                match rule.is_some_and(|rule| rule.is_complete(found)) {
                    true => Digits::All,
                    false => Digits::Enough,
                }
            }
        }
    }

    fn decision(query: Query<'_>, taken: Option<Taken<'_>>) -> Decision {
        let (rule, number) = match taken {
            Some(Taken::By(rule, number)) => (rule, number),
            Some(Taken::Awaited(rule)) => {
                return Decision {
                    rule: Some(rule.name.clone()),
                    number: query.called.clone(),
                    nature: None,
                    route: Route::Incomplete,
                };
            }
            None => {
                return Decision {
                    rule: None,
                    number: query.called.clone(),
                    nature: None,
                    route: Route::None,
                };
            }
        };
        let route = match rule.reject {
            Some(cause) => Route::Reject(cause),
            None => Route::To(rule.to.clone()),
        };
        Decision {
            rule: Some(rule.name.clone()),
            number,
            nature: rule.nature,
            route,
        }
    }

    /// [`DialPlan::route`], and what was looked at: the rules whose prefix fits in the order they
    /// are tried, then up to `others` of the rest in the order of the configuration.
    #[must_use]
    pub fn explain(&self, query: Query<'_>, others: usize) -> (Decision, Vec<Step>) {
        let fitting: Vec<usize> = self.trie.fitting(query.called).collect();
        let mut taken = None;
        let mut steps = Vec::new();
        for rule in fitting.iter().filter_map(|index| self.rules.get(*index)) {
            let verdict = match (&taken, rule.takes(query)) {
                (Some(_), _) => Verdict::NotReached,
                (None, Err(mismatch)) => {
                    if let Mismatch::Incomplete { .. } = mismatch {
                        taken = Some(Taken::Awaited(rule));
                    }
                    Verdict::Mismatch(mismatch)
                }
                (None, Ok(number)) => {
                    taken = Some(Taken::By(rule, number));
                    Verdict::Taken
                }
            };
            steps.push(rule.step(verdict));
        }
        let rest = self
            .rules
            .iter()
            .enumerate()
            .filter(|(index, _)| !fitting.contains(index));
        let rest = rest.take(others);
        steps.extend(rest.map(|(_, rule)| rule.step(Verdict::OtherPrefix)));
        (Self::decision(query, taken), steps)
    }
}
