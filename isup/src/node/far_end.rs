//! Whether a far end can be reached, and whether its user part answers (Q.764 §2.13, §2.14).

use std::time::Instant;

use mtp::{PointCode, Status};

use super::{Alert, Congestion, Node, Owner};
use crate::{
    Cic, Message, MessageType,
    circuit::{Event, Timer},
};

/// The exchange at the other end of circuits.
#[derive(Debug)]
pub(super) struct FarEnd {
    /// No MTP-PAUSE.
    pub(super) reachable: bool,
    /// Its ISUP answers.
    pub(super) user_part: bool,
    /// What is held back of the traffic to it.
    pub(super) congestion: Congestion,
    /// The first group towards it: its timers are used for T4, T29 and T30.
    pub(super) group: usize,
    /// Something came from it.
    pub(super) heard: bool,
    /// Messages that fit no circuit, for hints at a wrong configuration.
    pub(super) strays: Strays,
}

/// What came for circuits that are not configured.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Strays {
    /// How many messages.
    pub(super) messages: u32,
    /// Lowest and highest code in them.
    pub(super) cics: Option<(Cic, Cic)>,
    /// Outgoing calls that lost, or won, a dual seizure.
    pub(super) dual_seizures: u32,
}

impl FarEnd {
    /// A far end is taken as reachable until the MTP says otherwise.
    pub(super) const fn new(group: usize) -> Self {
        Self {
            reachable: true,
            user_part: true,
            congestion: Congestion {
                step: 0,
                refused: 0,
                credit: 0,
            },
            group,
            heard: false,
            strays: Strays {
                messages: 0,
                cics: None,
                dual_seizures: 0,
            },
        }
    }
}

impl Node {
    /// MTP-PAUSE, MTP-RESUME and MTP-STATUS (Q.764 §2.13, §2.14).
    ///
    /// While a far end is paused nothing is sent there, calls that talk are kept, the others end.
    /// When it resumes, whatever waits for an answer is asked again at once, and circuits whose
    /// call ended meanwhile unheard are reset. Congestion refuses a share of the new calls
    /// ([`Congestion`]).
    pub fn handle_status(&mut self, now: Instant, status: Status) {
        match status {
            Status::Pause(dpc) => {
                if self
                    .far_ends
                    .get(&dpc)
                    .is_some_and(|far_end| far_end.reachable)
                {
                    if let Some(far_end) = self.far_ends.get_mut(&dpc) {
                        far_end.reachable = false;
                    }
                    self.apply_to_all(now, dpc, &Event::Pause);
                }
            }
            Status::Resume(dpc) => {
                self.user_part_answers(dpc);
                if let Some(far_end) = self.far_ends.get_mut(&dpc) {
                    far_end.reachable = true;
                    self.resume(now, dpc);
                }
            }
            Status::UserPartUnavailable(dpc) => {
                let Some(far_end) = self.far_ends.get_mut(&dpc) else {
                    return;
                };
                if core::mem::replace(&mut far_end.user_part, false) {
                    self.alert(Alert::UserPartUnavailable(dpc));
                    self.test_user_part(now, dpc);
                }
            }
            Status::Congested(dpc, level) => self.congested(now, dpc, level),
        }
        self.tell_forgotten(now);
    }

    /// UPT now, and again whenever T4 ends, until the user part answers (§2.13.2).
    pub(super) fn test_user_part(&mut self, now: Instant, dpc: PointCode) {
        self.send(dpc, Cic(0), &Message::new(MessageType::Upt));
        self.start_timer(now, Owner::FarEnd(dpc), Timer::T4);
    }

    /// Any message from it shows that it is there (§2.13.2).
    pub(super) fn far_end_heard(&mut self, now: Instant, dpc: PointCode) {
        if let Some(far_end) = self.far_ends.get_mut(&dpc) {
            far_end.heard = true;
        }
        if self.user_part_answers(dpc) {
            self.resume(now, dpc);
        }
    }

    fn user_part_answers(&mut self, dpc: PointCode) -> bool {
        let Some(far_end) = self.far_ends.get_mut(&dpc) else {
            return false;
        };
        if core::mem::replace(&mut far_end.user_part, true) {
            return false;
        }
        self.stop_timer(Owner::FarEnd(dpc), Timer::T4);
        self.alert(Alert::UserPartAvailable(dpc));
        true
    }

    /// Everything that waits for an answer is asked again, and what is in doubt is reset.
    fn resume(&mut self, now: Instant, dpc: PointCode) {
        self.resume_procedures(now, dpc);
        self.apply_to_all(now, dpc, &Event::Resume);
        self.reset_unsettled(now, dpc);
    }

    fn apply_to_all(&mut self, now: Instant, dpc: PointCode, event: &Event) {
        let range = (dpc, Cic(0))..=(dpc, Cic(u16::MAX));
        let places: Vec<usize> = self.by_cic.range(range).map(|(_, &place)| place).collect();
        for place in places {
            self.apply(now, place, event.clone());
        }
    }

    /// New calls may be set up towards it.
    pub(super) fn can_reach(&self, dpc: PointCode) -> bool {
        self.far_ends
            .get(&dpc)
            .is_some_and(|far_end| far_end.reachable && far_end.user_part)
    }
}
