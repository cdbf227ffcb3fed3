//! Signalling point restart as a point without transfer function, or a neighbour of one that
//! restarts, sees it (Q.704 §9): traffic waits for the neighbour's TRA.

use std::time::Instant;

use super::destination::RouteStatus;
use super::linkset::{LinksetIndex, Phase};
use super::message::Management;
use super::signalling_point::{Mtp, Owner};
use super::timers::Timer;

impl Mtp {
    /// The first link of a linkset is available.
    pub(super) fn linkset_available(&mut self, now: Instant, linkset: LinksetIndex) {
        self.linkset(linkset).phase = Phase::Restarting;
        self.tell_inaccessible(now, linkset);
        self.send_to_adjacent(now, linkset, &Management::Tra, None);
        if self.linkset(linkset).tra_received {
            self.traffic_allowed(now, linkset);
        } else {
            self.start_timer(now, Owner::Linkset(linkset), Timer::T21);
        }
    }

    /// No link of a linkset is available any more; what the neighbour said of routes is void.
    pub(super) fn linkset_down(&mut self, now: Instant, linkset: LinksetIndex) {
        let set = self.linkset(linkset);
        set.phase = Phase::Down;
        set.tra_received = false;
        self.stop_timer(Owner::Linkset(linkset), Timer::T21);
        self.stop_timer(Owner::Linkset(linkset), Timer::T19);
        for index in 0..self.destinations.len() {
            self.stop_timer(Owner::Route(index, linkset), Timer::T10);
            if let Some(route) = self.destination(index).route(linkset) {
                route.status = RouteStatus::Allowed;
            }
        }
        self.update_destinations(now);
    }

    /// TRA arrived.
    pub(super) fn restart_allowed(&mut self, now: Instant, linkset: LinksetIndex) {
        let set = self.linkset(linkset);
        set.tra_received = true;
        match set.phase {
            // This end's link test has not passed yet; the word counts when it has.
            Phase::Down => {}
            Phase::Restarting => self.traffic_allowed(now, linkset),
            // The neighbour restarted without losing all links at this end: it waits for an
            // answer (Q.704 §9.5). T19 keeps two such answers from chasing each other.
            Phase::Up => {
                if !self.timer_runs(Owner::Linkset(linkset), Timer::T19) {
                    self.send_to_adjacent(now, linkset, &Management::Tra, None);
                    self.start_timer(now, Owner::Linkset(linkset), Timer::T19);
                }
            }
        }
    }

    /// User traffic may use the linkset from now on.
    pub(super) fn traffic_allowed(&mut self, now: Instant, linkset: LinksetIndex) {
        self.stop_timer(Owner::Linkset(linkset), Timer::T21);
        self.start_timer(now, Owner::Linkset(linkset), Timer::T19);
        self.linkset(linkset).phase = Phase::Up;
        self.update_destinations(now);
    }
}
