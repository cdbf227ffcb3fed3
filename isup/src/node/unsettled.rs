//! Circuits whose call ended here while the far end could not hear of it.
//!
//! A call that a failure of the line ends is ended without REL: CGB tells the far end (Q.764
//! §2.8.2.2). When the signalling fails with the line, CGB is lost, and once the line is good again
//! CGU takes its place: the far end keeps its call for ever. Nor does an RLC get there that goes
//! out in MTP-PAUSE. The state of such a circuit is ambiguous, and a reset makes both ends agree
//! (§2.9.3) as soon as the far end can be reached, or answers CGU where it never answered CGB.

use std::time::Instant;

use mtp::PointCode;

use super::{FarEnd, Node};
use crate::{
    Cic, MessageType,
    circuit::{Blocking, Event},
};

/// What an event says of whether both ends know that a circuit is idle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// It comes from the far end, which has made the circuit idle.
    Settled,
    /// A call that it ends must be told, and what tells it may be lost.
    Doubtful,
    /// What it makes this end say is heard.
    Sure,
}

impl Hearing {
    pub(super) fn of(event: &Event, far_end: Option<&FarEnd>) -> Self {
        match event {
            Event::Message(message)
                if matches!(message.message_type(), MessageType::Rlc | MessageType::Rsc) =>
            {
                Self::Settled
            }
            Event::GroupReset
            | Event::GroupResetAcknowledged { .. }
            | Event::GroupBlocked {
                kind: Blocking::Hardware,
                on: true,
            } => Self::Settled,
            // MTP-PAUSE comes some time after the line broke: only CGBA is certain.
            Event::GroupBlock {
                kind: Blocking::Hardware,
                on: true,
            } => Self::Doubtful,
            _ if far_end.is_some_and(|far_end| !far_end.reachable || !far_end.user_part) => {
                Self::Doubtful
            }
            _ => Self::Sure,
        }
    }

    /// Whether the circuit is unsettled after the event: it `was`, and it was and is idle or not.
    pub(super) const fn leaves_unsettled(self, was: bool, was_idle: bool, is_idle: bool) -> bool {
        match self {
            Self::Settled => false,
            // A new call, or a reset, is known to both.
            _ if !is_idle => false,
            Self::Doubtful => was || !was_idle,
            Self::Sure => was,
        }
    }
}

impl Node {
    /// The far end can be reached again: circuits that are unsettled are reset. Those for which CGB
    /// still waits are not: it goes out once more, and ends the far end's calls.
    pub(super) fn reset_unsettled(&mut self, now: Instant, dpc: PointCode) {
        let range = (dpc, Cic(0))..=(dpc, Cic(u16::MAX));
        let unsettled = self.by_cic.range(range).map(|(_, &place)| place);
        let unsettled = unsettled.filter(|&place| {
            let line = self.circuits.get(place);
            let mut procedures = self.procedures.values();
            line.is_some_and(|line| line.unsettled)
                && !procedures.any(|procedure| procedure.blocks_hardware(place))
        });
        let places: Vec<usize> = unsettled.collect();
        self.reset_group(now, &places);
    }

    /// CGBA: the far end has ended its calls.
    pub(super) fn hardware_blocked(&mut self, places: &[usize]) {
        for &place in places {
            if let Some(line) = self.circuits.get_mut(place) {
                line.unsettled = false;
            }
        }
    }

    /// CGUA: the far end hears, and where CGBA never came nobody knows whether it heard of CGB.
    pub(super) fn hardware_unblocked(&mut self, now: Instant, places: &[usize]) {
        let doubtful = places.iter().copied().filter(|&place| {
            let line = self.circuits.get(place);
            line.is_some_and(|line| line.unsettled)
        });
        let doubtful: Vec<usize> = doubtful.collect();
        self.reset_group(now, &doubtful);
    }
}
