//! Route sets: the linksets that lead to a signalling point, and what is known of each
//! (Q.704 §4.3, §11).

use std::collections::VecDeque;

use bytes::Bytes;

use super::linkset::LinksetIndex;
use crate::PointCode;

/// Status of a signalling route (Q.704 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RouteStatus {
    Allowed,
    Restricted,
    Prohibited,
}

/// One way to a destination.
#[derive(Clone, Copy, Debug)]
pub(super) struct RouteEntry {
    pub(super) linkset: LinksetIndex,
    pub(super) priority: u8,
    pub(super) status: RouteStatus,
}

/// A signalling point that traffic can be sent to.
#[derive(Debug)]
pub(super) struct Destination {
    pub(super) point: PointCode,
    pub(super) routes: Vec<RouteEntry>,
    /// Linksets that share the traffic now; none when the point is not accessible.
    pub(super) current: Vec<LinksetIndex>,
    /// Messages held while controlled rerouting waits for T6.
    pub(super) rerouting: Option<VecDeque<Bytes>>,
    /// Congestion level last told to the users.
    pub(super) congestion: u8,
    /// Messages sent since the users were last told of congestion.
    pub(super) sent_congested: u8,
}

impl Destination {
    pub(super) const fn new(point: PointCode) -> Self {
        Self {
            point,
            routes: Vec::new(),
            current: Vec::new(),
            rerouting: None,
            congestion: 0,
            sent_congested: 0,
        }
    }

    /// The best linksets of those that `up` says carry traffic: allowed before restricted, then by
    /// priority.
    pub(super) fn best(&self, up: impl Fn(LinksetIndex) -> bool) -> Vec<LinksetIndex> {
        let usable = || {
            self.routes
                .iter()
                .filter(|route| route.status != RouteStatus::Prohibited && up(route.linkset))
        };
        let rank = |route: &RouteEntry| (route.status, route.priority);
        let Some(best) = usable().map(rank).min() else {
            return Vec::new();
        };
        usable()
            .filter(|route| rank(route) == best)
            .map(|route| route.linkset)
            .collect()
    }

    pub(super) fn accessible(&self) -> bool {
        !self.current.is_empty()
    }

    pub(super) fn route(&mut self, linkset: LinksetIndex) -> Option<&mut RouteEntry> {
        self.routes
            .iter_mut()
            .find(|route| route.linkset == linkset)
    }
}
