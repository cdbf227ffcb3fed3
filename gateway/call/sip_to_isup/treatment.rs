//! An announcement tells the SIP side why the circuit was released, before the final response does.

use isup::Message;
use media_bridge::Side;

use super::super::{Action, Bridge, Context, Mark, Timer};
use super::{SipToIsup, State, closed};
use crate::cdr::ReleasedBy;
use crate::interwork::release;
use crate::sip::{self, Bodies};

/// A release of the circuit that the caller is being told about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    rel: Message,
    /// The circuit is idle: other calls may have it.
    idle: bool,
}

impl SipToIsup {
    /// The announcement for a REL, where the caller's media are known.
    pub(super) fn announcement(context: &Context<'_>, rel: &Message) -> Option<String> {
        context.sdp?;
        let cause = release::cause_of_rel(rel).value.to_string();
        context.trunk.announcements.get(&cause).cloned()
    }

    /// Early media with the announcement; the REL waits.
    pub(super) fn treat(
        &mut self,
        context: &Context<'_>,
        rel: Message,
        name: String,
    ) -> Vec<Action> {
        let mut actions = vec![Action::Bridge(Bridge::Path {
            to_rtp: false,
            to_timeslot: false,
        })];
        actions.push(Action::Bridge(Bridge::Announce {
            towards: Side::Rtp,
            name,
        }));
        if !self.path {
            actions.push(Action::Sip(sip::Request::Progress {
                status: 183,
                reason: None,
                bodies: Bodies {
                    sdp: context.sdp.cloned(),
                    ..Bodies::default()
                },
                headers: Vec::new(),
            }));
        }
        actions.push(Action::Start(Timer::Treatment));
        self.state = State::Treatment(Box::new(Told { rel, idle: false }));
        actions
    }

    /// The circuit is idle, and other calls may take it, while the announcement goes on.
    pub(super) fn idle_while_told(&mut self) {
        if let State::Treatment(told) = &mut self.state {
            told.idle = true;
        }
    }

    /// The announcement was heard to its end, or for long enough.
    pub(super) fn treated(&mut self, context: &Context<'_>) -> Vec<Action> {
        let State::Treatment(told) = self.state.clone() else {
            return Vec::new();
        };
        let cause = release::cause_of_rel(&told.rel);
        let mut actions = vec![Action::Stop(Timer::Treatment)];
        actions.extend(self.refuse(context, &cause, Some(&told.rel), false));
        actions.extend(self.after_treatment(told.idle));
        actions
    }

    /// The caller has gone before the end of it.
    pub(super) fn untold(&mut self, status: u16) -> Vec<Action> {
        let State::Treatment(told) = self.state.clone() else {
            return Vec::new();
        };
        let mut actions = vec![Action::Stop(Timer::Treatment)];
        actions.extend(closed(Mark::Release {
            by: ReleasedBy::Pstn,
            cause: release::cause_of_rel(&told.rel).value,
            status: Some(status),
            mapped_by: None,
        }));
        actions.extend(self.after_treatment(told.idle));
        actions
    }

    fn after_treatment(&mut self, idle: bool) -> Vec<Action> {
        self.state = State::Releasing;
        match idle {
            true => self.over(),
            false => Vec::new(),
        }
    }
}
