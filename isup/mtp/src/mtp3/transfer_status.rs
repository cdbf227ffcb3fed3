//! Signalling route management (Q.704 §13): transfer prohibited, restricted, allowed, controlled,
//! and route set test.

use std::time::Instant;

use super::destination::RouteStatus;
use super::linkset::{LinksetIndex, Phase};
use super::message::Management;
use super::restart::Restart;
use super::signalling_point::{Mtp, Owner};
use super::timers::Timer;
use crate::PointCode;

impl Mtp {
    pub(super) fn transfer_prohibited(
        &mut self,
        now: Instant,
        linkset: LinksetIndex,
        point: PointCode,
    ) {
        self.set_route(now, linkset, point, RouteStatus::Prohibited);
    }

    pub(super) fn transfer_restricted(
        &mut self,
        now: Instant,
        linkset: LinksetIndex,
        point: PointCode,
    ) {
        self.set_route(now, linkset, point, RouteStatus::Restricted);
    }

    pub(super) fn transfer_allowed(
        &mut self,
        now: Instant,
        linkset: LinksetIndex,
        point: PointCode,
    ) {
        self.set_route(now, linkset, point, RouteStatus::Allowed);
    }

    /// The neighbour of `linkset` tells how its way to `point` is. What it says of itself makes no
    /// sense: its own linkset leads there.
    fn set_route(
        &mut self,
        now: Instant,
        linkset: LinksetIndex,
        point: PointCode,
        status: RouteStatus,
    ) {
        if self.linkset(linkset).adjacent == point {
            return;
        }
        let Some(&index) = self.by_point.get(&point) else {
            return;
        };
        let Some(route) = self.destination(index).route(linkset) else {
            return;
        };
        route.status = status;
        let owner = Owner::Route(index, linkset);
        if status == RouteStatus::Allowed {
            self.stop_timer(owner, Timer::T10);
        } else if !self.timer_runs(owner, Timer::T10) {
            self.start_timer(now, owner, Timer::T10);
        }
        self.update_destination(now, index);
    }

    /// T10 ran out: ask whether the route works again (Q.704 §13.5).
    pub(super) fn test_route(&mut self, now: Instant, index: usize, linkset: LinksetIndex) {
        let destination = self.destination(index);
        let point = destination.point;
        let test = match destination.route(linkset).map(|route| route.status) {
            Some(RouteStatus::Prohibited) => Management::Rst(point),
            Some(RouteStatus::Restricted) => Management::Rsr(point),
            Some(RouteStatus::Allowed) | None => return,
        };
        self.send_to_adjacent(now, linkset, &test, None);
        self.start_timer(now, Owner::Route(index, linkset), Timer::T10);
    }

    /// RST or RSR arrived: answer with how `point` is reached other than over the asker.
    pub(super) fn route_tested(&mut self, now: Instant, linkset: LinksetIndex, point: PointCode) {
        if self.config.transfer_function && self.restart == Restart::Over {
            let answer = self.transfer_word(linkset, point);
            self.send_to_adjacent(now, linkset, &answer, None);
        }
    }

    /// TFP or TFA as a neighbour is to hear it.
    fn transfer_word(&self, asker: LinksetIndex, point: PointCode) -> Management {
        let known = self
            .by_point
            .get(&point)
            .and_then(|&index| self.destinations.get(index));
        let current = known.map_or(&[][..], |destination| &destination.current);
        word(current, asker, point)
    }

    /// The linksets that lead to `point` changed: a point with transfer function tells each
    /// neighbour whether it can still send messages for it here, which it cannot when they would
    /// come back (Q.704 §13.2.2, §13.3.2).
    pub(super) fn tell_neighbours(
        &mut self,
        now: Instant,
        point: PointCode,
        before: &[LinksetIndex],
        next: &[LinksetIndex],
    ) {
        if !self.config.transfer_function || self.restart != Restart::Over {
            return;
        }
        for linkset in 0..self.linksets.len() {
            let set = self.linkset(linkset);
            if set.phase == Phase::Down || set.adjacent == point {
                continue;
            }
            let word_now = word(next, linkset, point);
            if word_now != word(before, linkset, point) {
                self.send_to_adjacent(now, linkset, &word_now, None);
            }
        }
    }

    /// Tells a neighbour that comes up of everything that cannot be reached, before TRA.
    pub(super) fn tell_inaccessible(&mut self, now: Instant, linkset: LinksetIndex) {
        if !self.config.transfer_function {
            return;
        }
        let adjacent = self.linkset(linkset).adjacent;
        let points: Vec<PointCode> = self
            .destinations
            .iter()
            .map(|destination| destination.point)
            .collect();
        for point in points {
            let word = self.transfer_word(linkset, point);
            if point != adjacent && word == Management::Tfp(point) {
                self.send_to_adjacent(now, linkset, &word, None);
            }
        }
    }

    /// A message arrived that cannot be transferred: say so to the neighbour it may have come
    /// over (response method, Q.704 §13.2.2), at most every T8.
    pub(super) fn tell_prohibited(&mut self, now: Instant, point: PointCode, opc: PointCode) {
        // A point that restarts does not know yet.
        if self.restart != Restart::Over {
            return;
        }
        let Some(linkset) = self.linksets.iter().position(|set| set.adjacent == opc) else {
            return;
        };
        let Some(&index) = self.by_point.get(&point) else {
            return;
        };
        let owner = Owner::Route(index, linkset);
        if !self.timer_runs(owner, Timer::T8) {
            self.start_timer(now, owner, Timer::T8);
            self.send_to_adjacent(now, linkset, &Management::Tfp(point), None);
        }
    }

    /// TFC arrived: a point on the way to `point` is congested (Q.704 §13.7).
    pub(super) fn transfer_controlled(&mut self, point: PointCode, level: u8) {
        if let Some(&index) = self.by_point.get(&point) {
            // The international network has one level and sends 0.
            let status = crate::Status::Congested(point, level.max(1));
            if self.destination(index).accessible() {
                self.outputs.push_back(crate::Output::Status(status));
            }
        }
    }
}

/// What a neighbour may send here for `point` when it is reached over `current`.
fn word(current: &[LinksetIndex], neighbour: LinksetIndex, point: PointCode) -> Management {
    if current.iter().any(|&via| via != neighbour) {
        Management::Tfa(point)
    } else {
        Management::Tfp(point)
    }
}
