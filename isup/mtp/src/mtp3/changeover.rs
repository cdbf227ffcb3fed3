//! Changeover (Q.704 §5): the traffic of a link that fails goes on over others, in sequence,
//! without loss or duplication.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::link_activity;
use super::linkset::{LinkIndex, Slot};
use super::message::Management;
use super::signalling_point::{Mtp, Owner};
use super::timers::Timer;
use crate::LinkChange;
use crate::mtp2::Undelivered;

/// Why traffic meant for a link is held.
#[derive(Clone, Debug, Default)]
pub(super) enum Diversion {
    /// It is not.
    #[default]
    None,
    /// Changeover from this link: waiting for the acknowledgement (T2) or, when the link still
    /// works or no acknowledgement can come, for the time T1.
    Changeover(Undelivered),
    /// Changeback to this link from those alternatives.
    Changeback(Vec<Alternative>),
}

/// A link that changeback takes traffic from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Alternative {
    pub(super) link: LinkIndex,
    /// Changeback code; none once the alternative failed and its own changeover is awaited.
    pub(super) code: Option<u8>,
}

/// Who declared the link failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// This end: a changeover order is due.
    OwnEnd,
    /// The far end, by a changeover order.
    FarEnd,
}

/// Messages still to be sent when the far end's last accepted message is `fsn`, and how many are
/// given up: without that number (§5.6), or with one that makes no sense (§5.7.3), nobody knows
/// which of those sent the far end has, and only those never sent are left.
pub(super) fn retrieve(mut undelivered: Undelivered, fsn: Option<u8>) -> (VecDeque<Bytes>, usize) {
    let length = undelivered.unacknowledged.len();
    let accepted = fsn
        .map(|fsn| usize::from(fsn.wrapping_sub(undelivered.acknowledged) & 0x7F))
        .filter(|&accepted| accepted <= length);
    let mut messages = undelivered
        .unacknowledged
        .split_off(accepted.unwrap_or(length));
    messages.append(&mut undelivered.waiting);
    (messages, accepted.map_or(length, |_| 0))
}

impl Mtp {
    /// The link left service.
    pub(super) fn link_failed(&mut self, now: Instant, link: LinkIndex, order: Order) {
        let state = self.link(link);
        state.available = false;
        let mut undelivered = state.level2.take_undelivered(now);
        if let Diversion::Changeover(earlier) = std::mem::take(&mut state.diversion) {
            // It was withdrawn before it failed.
            let mut waiting = earlier.waiting;
            waiting.append(&mut undelivered.waiting);
            undelivered.waiting = waiting;
        }
        self.stop_timer(Owner::Link(link), Timer::T1);
        let linkset = self.link(link).linkset;
        let reachable = self.way_to_adjacent(linkset, Some(link)).is_some();
        self.begin_changeover(link, undelivered);
        match order {
            Order::FarEnd => {}
            Order::OwnEnd if reachable => {
                let slc = self.link(link).slc;
                let fsn = self.link(link).level2.last_accepted();
                let coo = Management::Coo(slc, fsn);
                self.send_to_adjacent(now, linkset, &coo, Some(link));
                self.start_timer(now, Owner::Link(link), Timer::T2);
            }
            Order::OwnEnd if self.another_route(linkset) => {
                self.start_timer(now, Owner::Link(link), Timer::T1);
            }
            Order::OwnEnd => {
                // Nor can one still come for links that failed just before.
                self.complete_hopeless_changeovers(now);
            }
        }
    }

    /// Ends the changeovers whose acknowledgement has no way to come and whose traffic has no way
    /// to go.
    fn complete_hopeless_changeovers(&mut self, now: Instant) {
        for link in 0..self.links.len() {
            let linkset = self.link(link).linkset;
            if matches!(self.link(link).diversion, Diversion::Changeover(_))
                && self.way_to_adjacent(linkset, Some(link)).is_none()
                && !self.another_route(linkset)
            {
                self.complete_changeover(now, link, None);
            }
        }
    }

    /// The link still works, but may not carry traffic (processor outage, inhibition): a
    /// time-controlled changeover (Q.704 §5.6.2).
    pub(super) fn link_withdrawn(&mut self, now: Instant, link: LinkIndex) {
        self.link(link).available = false;
        let linkset = self.link(link).linkset;
        let elsewhere =
            self.way_to_adjacent(linkset, Some(link)).is_some() || self.another_route(linkset);
        let mut undelivered = Undelivered::default();
        let state = self.link(link);
        if elsewhere && (state.local_outage || state.remote_outage) {
            undelivered.waiting = state.level2.take_waiting(now);
        }
        self.begin_changeover(link, undelivered);
        if !elsewhere {
            self.complete_changeover(now, link, None);
        }
        self.start_timer(now, Owner::Link(link), Timer::T1);
    }

    /// T1 ran out: the traffic goes another way. A processor outage that still lasts is a long
    /// one: what was sent before it would come late and out of sequence, and without another way
    /// its destinations are inaccessible by now (§5.3.3), so it is given up; after a shorter one
    /// everything goes on.
    pub(super) fn changeover_delay_over(&mut self, now: Instant, link: LinkIndex) {
        let diverted = matches!(self.link(link).diversion, Diversion::Changeover(_));
        self.complete_changeover(now, link, None);
        let state = self.link(link);
        if !state.local_outage && !state.remote_outage {
            return;
        }
        state
            .level2
            .request(now, crate::mtp2::Request::FlushUnacknowledged);
        if !diverted {
            let discarded = state.level2.take_waiting(now).len();
            self.tell_discarded(link, discarded);
        }
    }

    fn tell_discarded(&mut self, link: LinkIndex, count: usize) {
        if count > 0 {
            self.tell(link, LinkChange::Discarded(count));
        }
    }

    /// Holds the traffic of a link.
    fn begin_changeover(&mut self, link: LinkIndex, undelivered: Undelivered) {
        self.abandon_changebacks(link);
        self.link(link).diversion = Diversion::Changeover(undelivered);
        let linkset = self.link(link).linkset;
        for slot in &mut self.linkset(linkset).slots {
            if *slot == Slot::Link(link) {
                *slot = Slot::Held(link);
            }
        }
    }

    /// Whether some destination that is reached over the linkset can be reached over another.
    fn another_route(&self, linkset: usize) -> bool {
        self.other_routes(linkset).any(|other| other)
    }

    /// Whether every destination that is reached over the linkset can be reached over another.
    pub(super) fn all_have_another_route(&self, linkset: usize) -> bool {
        self.other_routes(linkset).all(|other| other)
    }

    fn other_routes(&self, linkset: usize) -> impl Iterator<Item = bool> {
        let up = move |of: usize| {
            of != linkset
                && self
                    .linksets
                    .get(of)
                    .is_some_and(|set| set.links.iter().any(|&link| self.available(link)))
        };
        self.destinations
            .iter()
            .filter(move |destination| destination.current.contains(&linkset))
            .map(move |destination| !destination.best(up).is_empty())
    }

    /// COO or ECO arrived.
    pub(super) fn changeover_ordered(&mut self, now: Instant, link: LinkIndex, fsn: Option<u8>) {
        self.activity(now, link, link_activity::Event::ChangeoverOrdered);
        let state = self.link(link);
        let slc = state.slc;
        let last_accepted = state
            .last_accepted
            .unwrap_or_else(|| state.level2.last_accepted());
        let linkset = state.linkset;
        let coa = Management::Coa(slc, last_accepted);
        self.send_to_adjacent(now, linkset, &coa, Some(link));
        // An order serves as acknowledgement of one's own (§5.4.2), and ends every delay.
        self.complete_changeover(now, link, fsn);
    }

    /// COA or ECA arrived.
    pub(super) fn changeover_acknowledged(
        &mut self,
        now: Instant,
        link: LinkIndex,
        fsn: Option<u8>,
    ) {
        // Without an order of this end it means nothing (§5.7.4).
        if self.timer_runs(Owner::Link(link), Timer::T2) {
            self.complete_changeover(now, link, fsn);
        }
    }

    /// Moves the traffic of a link to those that are left.
    pub(super) fn complete_changeover(&mut self, now: Instant, link: LinkIndex, fsn: Option<u8>) {
        let state = self.link(link);
        if !matches!(state.diversion, Diversion::Changeover(_)) {
            return;
        }
        let Diversion::Changeover(undelivered) = std::mem::take(&mut state.diversion) else {
            return;
        };
        let held = std::mem::take(&mut state.held);
        let linkset = state.linkset;
        self.stop_timer(Owner::Link(link), Timer::T1);
        self.stop_timer(Owner::Link(link), Timer::T2);
        self.assign_slots(linkset, Slot::Held(link));
        if self.linkset(linkset).is_down() {
            self.force_uninhibit(now, linkset);
            self.linkset_down(now, linkset);
        }
        let (messages, unknown) = retrieve(undelivered, fsn);
        let lost = self.route_retrieved(now, messages) + self.route_retrieved(now, held);
        self.tell_discarded(link, unknown + lost);
        self.alternative_done(now, link);
    }

    /// Gives every slot of a linkset that is in state `from` to a link that is available.
    pub(super) fn assign_slots(&mut self, linkset: usize, from: Slot) {
        let Some(set) = self.linksets.get(linkset) else {
            return;
        };
        let chosen: Vec<(usize, Slot)> = (0..)
            .zip(&set.slots)
            .filter(|&(_, slot)| *slot == from)
            .map(|(slot, _)| {
                let link = set.choose(slot, |link| self.available(link));
                (slot, link.map_or(Slot::Down, Slot::Link))
            })
            .collect();
        let slots = &mut self.linkset(linkset).slots;
        for (index, next) in chosen {
            if let Some(slot) = slots.get_mut(index) {
                *slot = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_far_end_lacks_is_retrieved() {
        let message = |number: u8| Bytes::copy_from_slice(&[number]);
        let undelivered = Undelivered {
            acknowledged: 126,
            unacknowledged: [127, 0, 1].map(message).into(),
            waiting: [2, 3].map(message).into(),
        };
        let numbers = |fsn| {
            let (messages, given_up) = retrieve(undelivered.clone(), fsn);
            let numbers: Vec<u8> = messages.iter().map(|octets| octets[0]).collect();
            (numbers, given_up)
        };
        assert_eq!(numbers(Some(126)), (vec![127, 0, 1, 2, 3], 0));
        assert_eq!(numbers(Some(0)), (vec![1, 2, 3], 0));
        assert_eq!(numbers(Some(1)), (vec![2, 3], 0));
        assert_eq!(numbers(Some(2)), (vec![2, 3], 3), "a number never sent");
        assert_eq!(numbers(None), (vec![2, 3], 3));
    }
}
