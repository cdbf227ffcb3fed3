//! Choosing a circuit so that dual seizures are rare (Q.764 §2.9.1.3).

use core::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Line, Node};
use crate::{Cic, CircuitId};

/// The order in which circuits are tried.
///
/// All of them try the circuits that this end controls first, and the others in the opposite
/// order: an exchange at the other end that does the same meets this one only when nearly all
/// circuits are busy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Hunt {
    /// Method 2 of Q.764: of the controlled circuits the one that was idle longest, of the others
    /// the one released last.
    #[default]
    MostIdle,
    /// Of the controlled circuits the one released last, of the others the one idle longest.
    LeastIdle,
    /// Of the controlled circuits the lowest code, of the others the highest.
    Ascending,
    /// Of the controlled circuits the highest code, of the others the lowest.
    Descending,
}

impl Node {
    /// The best of `candidates` for an outgoing call: idle, in service, its far end reachable.
    ///
    /// Each call of this is taken as one new call: when its far end is congested, a share of them
    /// gets no circuit there ([`super::Congestion`]).
    #[must_use]
    pub fn select(&mut self, candidates: &[CircuitId], hunt: Hunt) -> Option<CircuitId> {
        let mut spared = BTreeSet::new();
        loop {
            let lines = candidates
                .iter()
                .filter_map(|id| self.circuits.get(*self.by_id.get(id)?));
            let best = lines
                .filter(|line| line.circuit.is_available() && self.can_reach(line.dpc))
                .filter(|line| !spared.contains(&line.dpc))
                .min_by_key(|line| rank(line, hunt))?;
            let (id, dpc) = (best.id, best.dpc);
            if !self.refuses_call(dpc) {
                return Some(id);
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

/// The least rank is tried first: controlled circuits before others, then in or against the order.
fn rank(line: &Line, hunt: Hunt) -> (bool, Result<u64, Reverse<u64>>) {
    let Cic(cic) = line.cic;
    let (key, up) = match hunt {
        Hunt::MostIdle => (line.idle_order, true),
        Hunt::LeastIdle => (line.idle_order, false),
        Hunt::Ascending => (u64::from(cic), true),
        Hunt::Descending => (u64::from(cic), false),
    };
    let control = line.circuit.is_controlled();
    (
        !control,
        if control == up {
            Ok(key)
        } else {
            Err(Reverse(key))
        },
    )
}
