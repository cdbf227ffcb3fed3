//! Inhibition joined with traffic management and the far end (Q.704 §10).

use std::time::Instant;

use super::inhibition::{Action, Event, Word};
use super::linkset::{LinkIndex, LinksetIndex};
use super::message::Management;
use super::signalling_point::{Mtp, Owner};
use crate::link_state::{Activity, LinkChange};

impl Mtp {
    pub(super) fn inhibition(&mut self, now: Instant, index: LinkIndex, event: Event) {
        let link = self.link(index);
        let before = link.inhibition.inhibited();
        let (next, actions) = link.inhibition.step(event);
        link.inhibition = next;
        let (slc, linkset) = (link.slc, link.linkset);
        for action in actions {
            match action {
                Action::Send(word) => {
                    let message = match word {
                        Word::Lin => Management::Lin(slc),
                        Word::Lia => Management::Lia(slc),
                        Word::Lid => Management::Lid(slc),
                        Word::Lun => Management::Lun(slc),
                        Word::Lua => Management::Lua(slc),
                        Word::Lfu => Management::Lfu(slc),
                        Word::Llt => Management::Llt(slc),
                        Word::Lrt => Management::Lrt(slc),
                    };
                    self.send_to_adjacent(now, linkset, &message, None);
                }
                Action::Start(timer) => self.start_timer(now, Owner::Link(index), timer),
                Action::Stop(timer) => self.stop_timer(Owner::Link(index), timer),
                Action::Denied => self.tell(index, LinkChange::InhibitionDenied),
            }
        }
        let after = next.inhibited();
        if before != after {
            self.tell(index, LinkChange::Inhibited(after));
            self.check_availability(now, index);
        }
    }

    /// Whether the traffic of the link has another way: inhibition must not make any destination
    /// inaccessible (Q.704 §10.2.1).
    pub(super) fn spare(&mut self, index: LinkIndex) -> bool {
        if !self.available(index) {
            return true;
        }
        let linkset = self.link(index).linkset;
        let links = self.linkset(linkset).links.clone();
        links
            .iter()
            .any(|&other| other != index && self.available(other))
            || self.all_have_another_route(linkset)
    }

    /// A linkset lost its last link: get inhibited ones back (Q.704 §10.2.3).
    pub(super) fn force_uninhibit(&mut self, now: Instant, linkset: LinksetIndex) {
        for link in self.linkset(linkset).links.clone() {
            let state = self.link(link);
            if state.activity == Activity::Active && state.inhibition.inhibited() {
                self.inhibition(now, link, Event::Needed);
            }
        }
    }
}

impl Word {
    /// The word of a management message about inhibition.
    pub(super) const fn of(message: &Management) -> Option<Self> {
        Some(match message {
            Management::Lin(_) => Self::Lin,
            Management::Lia(_) => Self::Lia,
            Management::Lid(_) => Self::Lid,
            Management::Lun(_) => Self::Lun,
            Management::Lua(_) => Self::Lua,
            Management::Lfu(_) => Self::Lfu,
            Management::Llt(_) => Self::Llt,
            Management::Lrt(_) => Self::Lrt,
            _ => return None,
        })
    }
}
