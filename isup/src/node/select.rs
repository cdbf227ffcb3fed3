//! Choosing a circuit so that dual seizures are rare (Q.764 §2.9.1.3).

use core::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Line, Node};
use crate::{CallingPartysCategory, Cic, CircuitId, Message};

/// The order in which circuits are tried.
///
/// All of them try the circuits that are preferred first ([`Prefer`]), and the others in the
/// opposite order: an exchange at the other end that prefers the others meets this one only when
/// nearly all circuits are busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Hunt {
    /// Method 2 of Q.764: of the preferred circuits the one that was idle longest, of the others
    /// the one released last.
    #[default]
    MostIdle,
    /// Of the preferred circuits the one released last, of the others the one idle longest.
    LeastIdle,
    /// Of the preferred circuits the lowest code, of the others the highest.
    Ascending,
    /// Of the preferred circuits the highest code, of the others the lowest.
    Descending,
}

/// Which circuits are tried before the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Prefer {
    /// Those whose call stays after a dual seizure: the even ones at the end with the higher point
    /// code, the odd ones at the other (Q.764 §2.9.1.4).
    #[default]
    Controlled,
    /// Those with an even code, whatever the point codes are.
    Even,
    /// Those with an odd code.
    Odd,
    /// None: one order for all.
    Nothing,
}

/// How a circuit is selected. A [`Hunt`] alone prefers the controlled circuits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Selection {
    /// The order.
    pub hunt: Hunt,
    /// The circuits that come first.
    pub prefer: Prefer,
}

impl From<Hunt> for Selection {
    fn from(hunt: Hunt) -> Self {
        Self {
            hunt,
            prefer: Prefer::default(),
        }
    }
}

/// Whether a congested far end is to be spared a new call (Q.764 §2.10.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CallClass {
    /// It may be.
    #[default]
    Ordinary,
    /// Never: it goes through while circuits are there.
    Priority,
}

impl CallClass {
    /// By the calling party's category of an IAM (Q.763 §3.11): a subscriber with priority, or a
    /// call of the emergency preference scheme.
    #[must_use]
    pub fn of(iam: &Message) -> Self {
        match iam.find() {
            Some(CallingPartysCategory::Priority | CallingPartysCategory::Ieps) => Self::Priority,
            _ => Self::Ordinary,
        }
    }
}

/// Why there is no circuit for a new call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NoCircuit {
    /// None is idle, in service and reachable.
    #[error("no circuit is idle and in service")]
    Busy,
    /// There are some, and their far end is to be spared this call (Q.764 §2.10.2, §2.11).
    #[error("the far end is congested")]
    Congested,
}

impl Node {
    /// The best of `candidates` for an outgoing call: idle, in service, its far end reachable.
    ///
    /// Each call of this is taken as one new call: when its far end is congested, a share of the
    /// ordinary ones gets no circuit there ([`super::Congestion`]).
    ///
    /// # Errors
    /// [`NoCircuit`] says why there is none.
    pub fn select(
        &mut self,
        candidates: &[CircuitId],
        selection: impl Into<Selection>,
        class: CallClass,
    ) -> Result<CircuitId, NoCircuit> {
        let selection = selection.into();
        let mut spared = BTreeSet::new();
        loop {
            let lines = candidates
                .iter()
                .filter_map(|id| self.circuits.get(*self.by_id.get(id)?));
            let best = lines
                .filter(|line| line.circuit.is_available() && self.can_reach(line.dpc))
                .filter(|line| !spared.contains(&line.dpc))
                .min_by_key(|line| rank(line, selection));
            let Some((id, dpc)) = best.map(|line| (line.id, line.dpc)) else {
                return Err(match spared.is_empty() {
                    true => NoCircuit::Busy,
                    false => NoCircuit::Congested,
                });
            };
            if class == CallClass::Priority || !self.refuses_call(dpc) {
                return Ok(id);
            }
            spared.insert(dpc);
        }
    }

    /// How many of `candidates` could be selected now.
    #[must_use]
    pub fn available(&self, candidates: &[CircuitId]) -> usize {
        let lines = candidates
            .iter()
            .filter_map(|id| self.circuits.get(*self.by_id.get(id)?));
        lines
            .filter(|line| line.circuit.is_available() && self.can_reach(line.dpc))
            .count()
    }
}

/// The least rank is tried first: preferred circuits before others, then in or against the order.
fn rank(line: &Line, selection: Selection) -> (bool, Result<u64, Reverse<u64>>) {
    let Cic(cic) = line.cic;
    let (key, up) = match selection.hunt {
        Hunt::MostIdle => (line.idle_order, true),
        Hunt::LeastIdle => (line.idle_order, false),
        Hunt::Ascending => (u64::from(cic), true),
        Hunt::Descending => (u64::from(cic), false),
    };
    let preferred = match selection.prefer {
        Prefer::Controlled => line.circuit.is_controlled(),
        Prefer::Even => cic.is_multiple_of(2),
        Prefer::Odd => !cic.is_multiple_of(2),
        Prefer::Nothing => true,
    };
    (
        !preferred,
        if preferred == up {
            Ok(key)
        } else {
            Err(Reverse(key))
        },
    )
}
