//! Signalling point restart (Q.704 §9).
//!
//! A neighbour of a point that restarts, and a point without transfer function that restarts, sends
//! TRA as soon as a linkset is available and waits for the neighbour's before traffic uses it, no
//! longer than T21. A point with transfer function that was cut off first gathers what its
//! neighbours know (T18), then tells each what cannot be reached over it, and only then sends TRA;
//! T20 bounds the whole.

use std::time::Instant;

use super::destination::RouteStatus;
use super::linkset::{LinksetIndex, Phase};
use super::message::Management;
use super::signalling_point::{Mtp, Owner};
use super::timers::Timer;

/// Where the restart of this point stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// A point with transfer function without any linkset.
    CutOff,
    /// Its first linkset is available: T18 and T20 run.
    Gathering,
    /// It does not restart; always so without transfer function.
    Over,
}

impl Restart {
    pub(super) const fn new(transfer_function: bool) -> Self {
        if transfer_function {
            Self::CutOff
        } else {
            Self::Over
        }
    }
}

impl Mtp {
    /// The first link of a linkset is available.
    pub(super) fn linkset_available(&mut self, now: Instant, linkset: LinksetIndex) {
        self.linkset(linkset).phase = Phase::Restarting;
        match self.restart {
            Restart::CutOff => {
                self.restart = Restart::Gathering;
                self.start_timer(now, Owner::Point, Timer::T18);
                self.start_timer(now, Owner::Point, Timer::T20);
            }
            Restart::Gathering => {}
            Restart::Over => {
                self.tell_inaccessible(now, linkset);
                self.send_to_adjacent(now, linkset, &Management::Tra, None);
            }
        }
        if self.restart == Restart::Over && self.linkset(linkset).tra_received {
            self.traffic_allowed(now, linkset);
        } else {
            self.start_timer(now, Owner::Linkset(linkset), Timer::T21);
            self.all_gathered(now);
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
        if self.linksets.iter().all(|set| set.phase == Phase::Down) {
            self.stop_timer(Owner::Point, Timer::T18);
            self.stop_timer(Owner::Point, Timer::T20);
            self.restart = Restart::new(self.config.transfer_function);
        }
        self.update_destinations(now);
    }

    /// TRA arrived.
    pub(super) fn restart_allowed(&mut self, now: Instant, linkset: LinksetIndex) {
        let gathering = self.restart == Restart::Gathering;
        let set = self.linkset(linkset);
        set.tra_received = true;
        match set.phase {
            // This end's link test has not passed yet; the word counts when it has.
            Phase::Down => {}
            Phase::Restarting if gathering => {
                self.stop_timer(Owner::Linkset(linkset), Timer::T21);
                self.all_gathered(now);
            }
            Phase::Restarting => self.traffic_allowed(now, linkset),
            // The neighbour restarted without losing all links at this end: it waits for an
            // answer (Q.704 §9.5). T19 keeps two such answers from chasing each other.
            Phase::Up => {
                if !self.timer_runs(Owner::Linkset(linkset), Timer::T19) {
                    self.tell_inaccessible(now, linkset);
                    self.send_to_adjacent(now, linkset, &Management::Tra, None);
                    self.start_timer(now, Owner::Linkset(linkset), Timer::T19);
                }
            }
        }
    }

    /// T21 ran out: a neighbour that knows no restart sends no TRA.
    pub(super) fn restart_word_missing(&mut self, now: Instant, linkset: LinksetIndex) {
        if self.restart == Restart::Gathering {
            self.linkset(linkset).tra_received = true;
            self.all_gathered(now);
        } else {
            self.traffic_allowed(now, linkset);
        }
    }

    /// Ends the first phase before T18 when every neighbour has said all it will.
    fn all_gathered(&mut self, now: Instant) {
        let complete = self
            .linksets
            .iter()
            .all(|set| set.phase != Phase::Down && set.tra_received);
        if self.restart == Restart::Gathering && complete {
            self.restart_ends(now);
        }
    }

    /// T18 or T20 ran out, or nothing more can be learnt: tells each neighbour what it must not
    /// send here, then allows traffic.
    pub(super) fn restart_ends(&mut self, now: Instant) {
        self.stop_timer(Owner::Point, Timer::T18);
        self.stop_timer(Owner::Point, Timer::T20);
        for linkset in 0..self.linksets.len() {
            let set = self.linkset(linkset);
            if set.phase == Phase::Restarting && set.tra_received {
                self.traffic_allowed(now, linkset);
            }
        }
        // Until here nobody was told of a way gained or lost.
        self.restart = Restart::Over;
        for linkset in 0..self.linksets.len() {
            if self.linkset(linkset).phase != Phase::Down {
                self.tell_inaccessible(now, linkset);
                self.send_to_adjacent(now, linkset, &Management::Tra, None);
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
