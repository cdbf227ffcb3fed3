//! Changeback (Q.704 §6): a link that is available again takes its traffic back.

use std::time::Instant;

use super::changeover::{Alternative, Diversion};
use super::linkset::{LinkIndex, Phase, Slot};
use super::message::Management;
use super::signalling_point::{Mtp, Owner};
use super::timers::Timer;

impl Mtp {
    /// The link can carry traffic.
    pub(super) fn link_available(&mut self, now: Instant, link: LinkIndex) {
        self.link(link).available = true;
        let linkset = self.link(link).linkset;
        if matches!(self.link(link).diversion, Diversion::Changeover(_)) {
            // It came back before its changeover was done, which will choose it again.
            return;
        }
        self.stop_timer(Owner::Link(link), Timer::T1);
        self.assign_slots(linkset, Slot::Down);
        if self.linkset(linkset).phase == Phase::Down {
            self.linkset_available(now, linkset);
        }
        self.begin_changeback(now, link);
    }

    /// Asks for an acknowledgement over each link that now carries the traffic of this one; what
    /// arrives meanwhile is held.
    fn begin_changeback(&mut self, now: Instant, link: LinkIndex) {
        let linkset = self.link(link).linkset;
        let set = self.linkset(linkset);
        let mut alternatives: Vec<Alternative> = Vec::new();
        for slot in 0..set.slots.len() {
            if set.normal(slot) != Some(link) {
                continue;
            }
            let Some(state) = set.slots.get_mut(slot) else {
                continue;
            };
            if let Slot::Link(alternative) = *state
                && alternative != link
            {
                *state = Slot::Held(link);
                if !alternatives.iter().any(|known| known.link == alternative) {
                    let code = Some(alternatives.len() as u8);
                    alternatives.push(Alternative {
                        link: alternative,
                        code,
                    });
                }
            }
        }
        if alternatives.is_empty() {
            return;
        }
        let slc = self.link(link).slc;
        self.link(link).diversion = Diversion::Changeback(alternatives.clone());
        for Alternative {
            link: alternative,
            code,
        } in alternatives
        {
            let declaration = Management::Cbd(slc, code.unwrap_or(0));
            self.send_on_link(now, alternative, &declaration);
            self.start_timer(now, Owner::Changeback(link, alternative), Timer::T4);
        }
    }

    fn alternatives(&mut self, link: LinkIndex) -> Option<&mut Vec<Alternative>> {
        match &mut self.link(link).diversion {
            Diversion::Changeback(alternatives) => Some(alternatives),
            _ => None,
        }
    }

    /// CBA arrived.
    pub(super) fn changeback_acknowledged(&mut self, now: Instant, link: LinkIndex, code: u8) {
        let Some(alternatives) = self.alternatives(link) else {
            return;
        };
        let known = alternatives
            .iter()
            .find(|alternative| alternative.code == Some(code));
        if let Some(alternative) = known.map(|alternative| alternative.link) {
            self.drop_alternative(now, link, alternative);
        }
    }

    /// T4 or T5 ran out: declare once more, then go on without an answer (Q.704 §6.3.4).
    pub(super) fn changeback_unanswered(
        &mut self,
        now: Instant,
        link: LinkIndex,
        alternative: LinkIndex,
        timer: Timer,
    ) {
        let slc = self.link(link).slc;
        let Some(alternatives) = self.alternatives(link) else {
            return;
        };
        let known = alternatives.iter().find(|known| known.link == alternative);
        let Some(code) = known.and_then(|known| known.code) else {
            return;
        };
        if timer == Timer::T4 {
            self.send_on_link(now, alternative, &Management::Cbd(slc, code));
            self.start_timer(now, Owner::Changeback(link, alternative), Timer::T5);
        } else {
            self.drop_alternative(now, link, alternative);
        }
    }

    fn drop_alternative(&mut self, now: Instant, link: LinkIndex, alternative: LinkIndex) {
        self.stop_timer(Owner::Changeback(link, alternative), Timer::T4);
        self.stop_timer(Owner::Changeback(link, alternative), Timer::T5);
        let Some(alternatives) = self.alternatives(link) else {
            return;
        };
        alternatives.retain(|known| known.link != alternative);
        if alternatives.is_empty() {
            self.complete_changeback(now, link);
        }
    }

    fn complete_changeback(&mut self, now: Instant, link: LinkIndex) {
        let state = self.link(link);
        state.diversion = Diversion::None;
        let held = std::mem::take(&mut state.held);
        let linkset = state.linkset;
        self.assign_slots(linkset, Slot::Held(link));
        self.route_retrieved(now, held);
    }

    /// A link is not available any more: changebacks to it are void (its changeover goes on with
    /// what they hold), changebacks from it wait for its changeover.
    pub(super) fn abandon_changebacks(&mut self, failed: LinkIndex) {
        let links = {
            let linkset = self.link(failed).linkset;
            self.linkset(linkset).links.clone()
        };
        for &other in &links {
            for timer in [Timer::T4, Timer::T5] {
                self.stop_timer(Owner::Changeback(failed, other), timer);
                self.stop_timer(Owner::Changeback(other, failed), timer);
            }
            for known in self.alternatives(other).into_iter().flatten() {
                if known.link == failed {
                    known.code = None;
                }
            }
        }
    }

    /// The changeover of a link is done: changebacks from it need not wait any longer.
    pub(super) fn alternative_done(&mut self, now: Instant, done: LinkIndex) {
        let linkset = self.link(done).linkset;
        for link in self.linkset(linkset).links.clone() {
            let waits = self
                .alternatives(link)
                .is_some_and(|known| known.iter().any(|known| known.link == done));
            if waits {
                self.drop_alternative(now, link, done);
            }
        }
    }
}
