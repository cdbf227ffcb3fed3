//! Message routing (Q.704 §2.3) and rerouting (§7, §8): which linkset, which link.

use std::collections::VecDeque;
use std::time::Instant;

use bytes::Bytes;

use super::linkset::{LinkIndex, LinksetIndex, Phase, Slot};
use super::message::Management;
use super::signalling_point::{Mtp, Owner};
use super::timers::Timer;
use crate::label::service;
use crate::link_state::{Activity, LinkChange};
use crate::{
    Message, Output, PointCode, QUEUE_LIMIT, RoutingLabel, ServiceInformation, Slc, Sls, Standard,
    Status, Transfer, TransferError,
};

/// Messages to a congested destination after which its users are told again (Q.704 §11.2.3.1).
const CONGESTION_REMINDER: u8 = 8;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Routed {
    /// A link has it, or will.
    Taken,
    /// The queue is full.
    Full,
    /// No linkset leads there now.
    Nowhere,
}

impl Mtp {
    /// MTP-TRANSFER request.
    ///
    /// # Errors
    /// When the message cannot be sent; nothing of it is kept then.
    pub fn transfer(&mut self, now: Instant, transfer: Transfer) -> Result<(), TransferError> {
        let standard = self.config.standard;
        let largest = Transfer::LARGEST + 4 - standard.label_octets();
        if transfer.sif.len() > largest {
            return Err(TransferError::TooLong {
                found: transfer.sif.len(),
                largest,
            });
        }
        if !(3..=15).contains(&transfer.si) {
            return Err(TransferError::ServiceIndicator(transfer.si));
        }
        let point = transfer.dpc;
        let index = *self
            .by_point
            .get(&point)
            .ok_or(TransferError::NoRoute(point))?;
        let message = Message {
            sio: ServiceInformation {
                network_indicator: self.config.network_indicator,
                priority: 0,
                service: transfer.si,
            },
            label: RoutingLabel {
                dpc: point,
                opc: transfer.opc,
                sls: transfer.sls,
            },
            body: transfer.sif,
        };
        let octets = message.encode(standard);
        let routed = self.route(now, index, transfer.sls, octets);
        self.settle(now);
        match routed {
            Routed::Taken => {
                self.remind_of_congestion(index);
                Ok(())
            }
            Routed::Full => Err(TransferError::QueueFull(point)),
            Routed::Nowhere => Err(TransferError::Inaccessible(point)),
        }
    }

    /// The signalling transfer function: a message for another point goes on as it came.
    pub(super) fn transfer_message(&mut self, now: Instant, message: &Message, octets: Bytes) {
        let point = message.label.dpc;
        let routed = self
            .by_point
            .get(&point)
            .copied()
            .map_or(Routed::Nowhere, |index| {
                self.route(now, index, message.label.sls, octets)
            });
        if routed == Routed::Nowhere {
            self.tell_prohibited(now, point, message.label.opc);
        }
    }

    /// Sends an encoded message on the way that its destination and SLS have now.
    pub(super) fn route(
        &mut self,
        now: Instant,
        destination: usize,
        sls: Sls,
        octets: Bytes,
    ) -> Routed {
        let destination = self.destination(destination);
        if let Some(held) = &mut destination.rerouting {
            return hold(held, octets);
        }
        let Some((linkset, share)) = share(&destination.current, sls) else {
            return Routed::Nowhere;
        };
        match self.linkset(linkset).slot(share) {
            Slot::Down => Routed::Nowhere,
            Slot::Held(link) => hold(&mut self.link(link).held, octets),
            Slot::Link(link) => {
                if self.link(link).level2.send(now, octets) {
                    Routed::Taken
                } else {
                    Routed::Full
                }
            }
        }
    }

    /// Routes messages again that were retrieved from a link, before any that were held since.
    /// Returns how many had no way any more.
    pub(super) fn route_retrieved(&mut self, now: Instant, messages: VecDeque<Bytes>) -> usize {
        let mut lost = 0;
        let mut before: Vec<(LinkIndex, VecDeque<Bytes>)> = Vec::new();
        for octets in messages {
            let Ok(message) = Message::decode(self.config.standard, &octets) else {
                continue;
            };
            if message.sio.service < 3 {
                self.send_management_again(now, &message);
                continue;
            }
            let Some(&index) = self.by_point.get(&message.label.dpc) else {
                lost += 1;
                continue;
            };
            let current = &self.destination(index).current;
            let Some((linkset, share)) = share(current, message.label.sls) else {
                lost += 1;
                continue;
            };
            if let Slot::Held(link) = self.linkset(linkset).slot(share) {
                match before.iter_mut().find(|(of, _)| *of == link) {
                    Some((_, messages)) => messages.push_back(octets),
                    None => before.push((link, VecDeque::from([octets]))),
                }
            } else if self.route(now, index, message.label.sls, octets) != Routed::Taken {
                lost += 1;
            }
        }
        for (link, mut messages) in before {
            let held = &mut self.link(link).held;
            messages.append(held);
            *held = messages;
        }
        lost
    }

    /// Of the MTP's own messages only those about routes and restart still mean something on
    /// another link, and those of a changeover that is under way.
    fn send_management_again(&mut self, now: Instant, message: &Message) {
        if message.sio.service != service::MANAGEMENT {
            return;
        }
        let sls = message.label.sls;
        let Some(management) = Management::decode(self.config.standard, sls, &message.body) else {
            return;
        };
        let changeover = match management {
            Management::Coo(slc, _) => self.changeover_waits(message.label.dpc, slc, true),
            Management::Coa(slc, _) => self.changeover_waits(message.label.dpc, slc, false),
            _ => false,
        };
        if changeover {
            self.send_to_point(now, message.label.dpc, &management);
        }
        if matches!(
            management,
            Management::Tfp(_)
                | Management::Tfr(_)
                | Management::Tfa(_)
                | Management::Tfc(..)
                | Management::Tra
                | Management::Upu(..)
        ) {
            self.send_to_point(now, message.label.dpc, &management);
        }
    }

    /// Whether an order for a link to `adjacent` still waits for its acknowledgement, or an
    /// acknowledgement is still true: the link is not in use again.
    fn changeover_waits(&self, adjacent: PointCode, slc: Slc, order: bool) -> bool {
        self.links.iter().enumerate().any(|(index, link)| {
            let set = self.linksets.get(link.linkset);
            link.slc == slc
                && set.is_some_and(|set| set.adjacent == adjacent)
                && if order {
                    self.timer_runs(Owner::Link(index), Timer::T2)
                } else {
                    link.activity != Activity::Active
                }
        })
    }

    /// Encodes a management message to `dpc`.
    pub(super) fn management(&self, dpc: PointCode, management: &Management) -> Bytes {
        let standard = self.config.standard;
        let message = Message {
            sio: ServiceInformation {
                network_indicator: self.config.network_indicator,
                priority: if standard == Standard::Ansi { 3 } else { 0 },
                service: service::MANAGEMENT,
            },
            label: RoutingLabel {
                dpc,
                opc: self.config.point_code,
                sls: management.sls(),
            },
            body: management.encode(standard),
        };
        message.encode(standard)
    }

    /// Sends a management message on one link.
    pub(super) fn send_on_link(&mut self, now: Instant, link: LinkIndex, management: &Management) {
        let linkset = self.link(link).linkset;
        let dpc = self.linkset(linkset).adjacent;
        let octets = self.management(dpc, management);
        self.tell(link, LinkChange::Sent(management.acronym()));
        self.link(link).level2.send(now, octets);
    }

    /// Sends a management message to a neighbour: over an available link of its linkset other
    /// than `avoid`, else over another linkset that leads there. Says whether there was a way.
    pub(super) fn send_to_adjacent(
        &mut self,
        now: Instant,
        linkset: LinksetIndex,
        management: &Management,
        avoid: Option<LinkIndex>,
    ) -> bool {
        let Some(link) = self.way_to_adjacent(linkset, avoid) else {
            return false;
        };
        let adjacent = self.linkset(linkset).adjacent;
        let octets = self.management(adjacent, management);
        self.tell(link, LinkChange::Sent(management.acronym()));
        self.link(link).level2.send(now, octets)
    }

    /// A link that leads to a neighbour.
    pub(super) fn way_to_adjacent(
        &self,
        linkset: LinksetIndex,
        avoid: Option<LinkIndex>,
    ) -> Option<LinkIndex> {
        let usable = |of: LinksetIndex| {
            let links = self
                .linksets
                .get(of)
                .map_or(&[][..], |linkset| &linkset.links);
            links
                .iter()
                .copied()
                .find(|&link| Some(link) != avoid && self.available(link))
        };
        let indirect = || {
            let adjacent = self.linksets.get(linkset)?.adjacent;
            let destination = self.destinations.get(*self.by_point.get(&adjacent)?)?;
            let up = |of: LinksetIndex| {
                of != linkset
                    && self
                        .linksets
                        .get(of)
                        .is_some_and(|set| set.phase == Phase::Up)
            };
            destination.best(up).into_iter().find_map(usable)
        };
        // Management messages may use an inhibited link (Q.704 §10.1).
        let inhibited = || {
            let links = self
                .linksets
                .get(linkset)
                .map_or(&[][..], |linkset| &linkset.links);
            links.iter().copied().find(|&link| {
                Some(link) != avoid
                    && self.links.get(link).is_some_and(|link| {
                        link.activity == Activity::Active && link.inhibition.inhibited()
                    })
            })
        };
        usable(linkset).or_else(indirect).or_else(inhibited)
    }

    /// Sends a management message to any point.
    pub(super) fn send_to_point(&mut self, now: Instant, point: PointCode, message: &Management) {
        let neighbour = self
            .linksets
            .iter()
            .position(|linkset| linkset.adjacent == point);
        if let Some(linkset) = neighbour {
            self.send_to_adjacent(now, linkset, message, None);
        } else if let Some(&index) = self.by_point.get(&point) {
            let octets = self.management(point, message);
            self.route(now, index, message.sls(), octets);
        }
    }

    /// The links or routes changed: find every destination's way anew.
    pub(super) fn update_destinations(&mut self, now: Instant) {
        for index in 0..self.destinations.len() {
            self.update_destination(now, index);
        }
    }

    pub(super) fn update_destination(&mut self, now: Instant, index: usize) {
        let up: Vec<bool> = self
            .linksets
            .iter()
            .map(|set| set.phase == Phase::Up)
            .collect();
        let up = |linkset: LinksetIndex| up.get(linkset).copied().unwrap_or(false);
        let destination = self.destination(index);
        let next = destination.best(up);
        let before = std::mem::replace(&mut destination.current, next.clone());
        if before == next {
            return;
        }
        let point = destination.point;
        match (before.is_empty(), next.is_empty()) {
            (false, true) => {
                destination.rerouting = None;
                destination.congestion = 0;
                self.stop_timer(Owner::Destination(index), Timer::T6);
                self.outputs.push_back(Output::Status(Status::Pause(point)));
            }
            (true, false) => {
                self.outputs
                    .push_back(Output::Status(Status::Resume(point)));
            }
            _ => {
                // Forced rerouting moves at once (Q.704 §7); when the way before still works, the
                // change is made after a pause so that messages do not overtake (§8).
                let destination = self.destination(index);
                let works = destination
                    .routes
                    .iter()
                    .filter(|route| before.contains(&route.linkset))
                    .any(|route| {
                        route.status != super::destination::RouteStatus::Prohibited
                            && up(route.linkset)
                    });
                if works && destination.rerouting.is_none() {
                    destination.rerouting = Some(VecDeque::new());
                    self.start_timer(now, Owner::Destination(index), Timer::T6);
                }
            }
        }
        self.tell_neighbours(now, point, &before, &next);
    }

    /// T6 of controlled rerouting ran out.
    pub(super) fn rerouted(&mut self, now: Instant, index: usize) {
        let held = self.destination(index).rerouting.take().unwrap_or_default();
        for octets in held {
            if let Ok(message) = Message::decode(self.config.standard, &octets) {
                self.route(now, index, message.label.sls, octets);
            }
        }
    }

    /// A link's queue passed a threshold: tell of the destinations that it leads to
    /// (Q.704 §11.2.3).
    pub(super) fn link_congestion(&mut self, link: LinkIndex, on: bool) {
        let linkset = self.link(link).linkset;
        let links = self.linkset(linkset).links.clone();
        let others = links.iter().any(|&other| {
            other != link
                && self
                    .links
                    .get(other)
                    .is_some_and(|other| other.level2.congested())
        });
        for index in 0..self.destinations.len() {
            let destination = self.destination(index);
            if destination.current.contains(&linkset) && (on || !others) {
                self.set_congestion(index, u8::from(on));
            }
        }
    }

    pub(super) fn set_congestion(&mut self, index: usize, level: u8) {
        let destination = self.destination(index);
        if destination.congestion != level {
            destination.congestion = level;
            destination.sent_congested = 0;
            let status = Status::Congested(destination.point, level);
            self.outputs.push_back(Output::Status(status));
        }
    }

    fn remind_of_congestion(&mut self, index: usize) {
        let destination = self.destination(index);
        if destination.congestion == 0 {
            return;
        }
        destination.sent_congested += 1;
        if destination.sent_congested == CONGESTION_REMINDER {
            destination.sent_congested = 0;
            let status = Status::Congested(destination.point, destination.congestion);
            self.outputs.push_back(Output::Status(status));
        }
    }
}

fn hold(held: &mut VecDeque<Bytes>, octets: Bytes) -> Routed {
    if held.len() >= QUEUE_LIMIT {
        return Routed::Full;
    }
    held.push_back(octets);
    Routed::Taken
}

/// Shares the load over the linksets by the low part of the SLS and over the links of each by what
/// is left (Q.704 §2.3.2).
fn share(linksets: &[LinksetIndex], sls: Sls) -> Option<(LinksetIndex, usize)> {
    let count = linksets.len().max(1);
    let sls = usize::from(sls.0);
    linksets
        .get(sls % count)
        .map(|&linkset| (linkset, sls / count))
}
