//! Load sharing within a linkset (Q.704 §2.3.2, §4.5): which link carries which SLS.

use crate::{PointCode, Standard};

/// Position of a link among all links of the node.
pub(super) type LinkIndex = usize;
/// Position of a linkset among all linksets of the node.
pub(super) type LinksetIndex = usize;

/// Where the traffic of one SLS goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// No link is available.
    Down,
    /// Over this link.
    Link(LinkIndex),
    /// Held until this link's changeover or changeback is done.
    Held(LinkIndex),
}

/// Whether user traffic may use the linkset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No link is available.
    Down,
    /// A link is available; the neighbour has not allowed traffic yet (Q.704 §9.5).
    Restarting,
    /// Traffic flows.
    Up,
}

/// A linkset.
#[derive(Debug)]
pub(super) struct Linkset {
    pub(super) adjacent: PointCode,
    pub(super) links: Vec<LinkIndex>,
    pub(super) slots: Vec<Slot>,
    pub(super) phase: Phase,
    /// TRA arrived, or T21 ran out in its stead, since the linkset was last down.
    pub(super) tra_received: bool,
}

impl Linkset {
    pub(super) fn new(standard: Standard, adjacent: PointCode, links: Vec<LinkIndex>) -> Self {
        let slots = vec![Slot::Down; usize::from(standard.largest_sls()) + 1];
        Self {
            adjacent,
            links,
            slots,
            phase: Phase::Down,
            tra_received: false,
        }
    }

    pub(super) fn slot(&self, share: usize) -> Slot {
        let count = self.slots.len().max(1);
        self.slots.get(share % count).copied().unwrap_or(Slot::Down)
    }

    /// The link that carries the slot when all are available.
    pub(super) fn normal(&self, slot: usize) -> Option<LinkIndex> {
        self.links.get(slot % self.links.len().max(1)).copied()
    }

    /// The normal link when available, else an alternative; the slots of a failed link spread over
    /// all that are left.
    pub(super) fn choose(
        &self,
        slot: usize,
        available: impl Fn(LinkIndex) -> bool,
    ) -> Option<LinkIndex> {
        if let Some(normal) = self.normal(slot).filter(|&link| available(link)) {
            return Some(normal);
        }
        let alternatives: Vec<LinkIndex> = self
            .links
            .iter()
            .copied()
            .filter(|&link| available(link))
            .collect();
        let turn = slot / self.links.len().max(1);
        alternatives.get(turn % alternatives.len().max(1)).copied()
    }

    /// Whether no slot leads anywhere.
    pub(super) fn is_down(&self) -> bool {
        self.slots.iter().all(|&slot| slot == Slot::Down)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_of_a_failed_link_spread_over_the_others() {
        let linkset = Linkset::new(Standard::Itu, PointCode::itu(1), vec![0, 1, 2]);
        let load = |link| {
            (0..16)
                .filter(|&slot| linkset.choose(slot, |link| link != 1) == Some(link))
                .count()
        };
        assert_eq!((load(0), load(1), load(2)), (9, 0, 7));
        assert_eq!(linkset.choose(4, |_| true), Some(1));
        assert_eq!(linkset.choose(4, |_| false), None);
    }
}
