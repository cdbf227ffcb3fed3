//! An announcement tells the SIP side why the circuit was released, or why there is none, before the
//! final response does.

use isup::Message;
use media_bridge::Side;

use super::super::{Action, Bridge, Context, Mark, Refusal, Timer};
use super::{SipToIsup, State, closed};
use crate::cdr::ReleasedBy;
use crate::interwork::release;
use crate::sip::{self, Bodies};

/// Why a call ends, which the caller is being told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    why: Why,
    /// The circuit is idle: other calls may have it. Or there is none.
    idle: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// The circuit was released.
    Rel(Message),
    /// The gateway has no way, or no circuit.
    Gateway(Refusal),
}

impl Why {
    fn cause(&self) -> u8 {
        match self {
            Self::Rel(rel) => release::cause_of_rel(rel).value,
            Self::Gateway(refusal) => refusal.cause,
        }
    }

    fn by(&self) -> ReleasedBy {
        match self {
            Self::Rel(_) => ReleasedBy::Pstn,
            Self::Gateway(_) => ReleasedBy::Gateway,
        }
    }
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
        let told = Told {
            why: Why::Rel(rel),
            idle: false,
        };
        self.tell(context, told, name)
    }

    /// No way or no circuit: early media with the announcement where there is one, then the
    /// refusal.
    pub(super) fn refused_by_gateway(
        &mut self,
        context: &Context<'_>,
        mut refusal: Refusal,
    ) -> Vec<Action> {
        if self.state != State::Trying {
            return Vec::new();
        }
        match refusal.announcement.take() {
            Some(name) => {
                let told = Told {
                    why: Why::Gateway(refusal),
                    idle: true,
                };
                self.tell(context, told, name)
            }
            None => {
                let mut actions = Self::reject_by_gateway(context, &refusal);
                actions.extend(self.over());
                actions
            }
        }
    }

    fn tell(&mut self, context: &Context<'_>, told: Told, name: String) -> Vec<Action> {
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
        self.state = State::Treatment(Box::new(told));
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
        let mut actions = vec![Action::Stop(Timer::Treatment)];
        actions.extend(match &told.why {
            Why::Rel(rel) => {
                let cause = release::cause_of_rel(rel);
                self.refuse(context, &cause, Some(rel), false)
            }
            Why::Gateway(refusal) => Self::reject_by_gateway(context, refusal),
        });
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
            by: told.why.by(),
            cause: told.why.cause(),
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
