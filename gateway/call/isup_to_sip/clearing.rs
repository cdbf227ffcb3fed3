//! Either side clears, or the gateway does (RFC 3398 §8.2.7, §10).

use isup::circuit::Request;
use isup::{Cause, Location, Message};

use super::super::{Action, Bridge, Context, Mark, Refusal, Timer};
use super::{IsupToSip, State};
use crate::cdr::ReleasedBy;
use crate::interwork::profile::{FailureRow, Fault};
use crate::interwork::release;
use crate::sip::{self, Bodies};

impl IsupToSip {
    /// The SIP side is gone: release the circuit with that REL.
    pub(super) fn clear(
        &mut self,
        rel: Message,
        status: Option<u16>,
        mapped_by: Option<String>,
    ) -> Vec<Action> {
        let mut actions = self.silence();
        actions.push(Action::Mark(Mark::Release {
            by: ReleasedBy::Sip,
            cause: release::cause_of_rel(&rel).value,
            status,
            mapped_by,
        }));
        actions.push(Action::Isup(Request::Release(rel)));
        self.state = State::Releasing;
        actions
    }

    pub(super) fn release_circuit(&mut self, row: &FailureRow, by: ReleasedBy) -> Vec<Action> {
        let cause = Cause::new(row.cause, Location::BeyondInterworkingPoint);
        let status = (!self.talks()).then_some(row.status);
        self.release_with(&cause, (by, status, Some(row.clause.to_string())))
    }

    fn release_with(
        &mut self,
        cause: &Cause,
        (by, status, mapped_by): (ReleasedBy, Option<u16>, Option<String>),
    ) -> Vec<Action> {
        let mut actions = self.silence();
        actions.push(Action::Mark(Mark::Release {
            by,
            cause: cause.value,
            status,
            mapped_by,
        }));
        actions.push(Action::Isup(Request::Release(release::message(cause))));
        self.state = State::Releasing;
        actions
    }

    /// The circuit cleared first.
    pub(super) fn abandon(&mut self, cause: &Cause, status: Option<u16>) -> Vec<Action> {
        let mut actions = self.silence();
        actions.push(Action::Mark(Mark::Release {
            by: ReleasedBy::Pstn,
            cause: cause.value,
            status,
            mapped_by: None,
        }));
        actions
    }

    pub(super) fn exhausted(&mut self, context: &Context<'_>, fault: Fault) -> Vec<Action> {
        match (self.state, self.refused.take()) {
            (State::Releasing | State::Over, _) => Vec::new(),
            (_, Some(refused)) => self.clear_refused(context, *refused),
            (_, None) => self.fail(context, fault, ReleasedBy::Gateway),
        }
    }

    /// A call that got nowhere: the circuit is released by the row, after the announcement where
    /// the trunk group has one for its cause.
    pub(super) fn fail(
        &mut self,
        context: &Context<'_>,
        fault: Fault,
        by: ReleasedBy,
    ) -> Vec<Action> {
        let row = context.profile.failure(fault);
        match announcement(context, row.cause) {
            Some(name) if self.is_early() || self.state == State::Collecting => {
                let cause = Cause::new(row.cause, Location::BeyondInterworkingPoint);
                let release = (by, Some(row.status), Some(row.clause.to_string()));
                self.treat(context, &cause, release, Some(name))
            }
            _ => self.release_circuit(row, by),
        }
    }

    /// The dial plan, or the gateway's state, refuses the call.
    pub(super) fn refused_by_gateway(
        &mut self,
        context: &Context<'_>,
        refusal: Refusal,
    ) -> Vec<Action> {
        if self.state != State::Trying {
            return Vec::new();
        }
        let cause = Cause::new(refusal.cause, Location::BeyondInterworkingPoint);
        let release = (ReleasedBy::Gateway, refusal.status, Some(refusal.why));
        match refusal.announcement {
            Some(name) => self.treat(context, &cause, release, Some(name)),
            None => self.release_with(&cause, release),
        }
    }

    /// The gateway ends the call towards both sides. The session may stand already, although the
    /// call does not (RFC 3261 §13.2.2.4).
    pub(super) fn give_up(
        &mut self,
        context: &Context<'_>,
        fault: Fault,
        accepted: bool,
    ) -> Vec<Action> {
        let row = context.profile.failure(fault);
        let cause = Cause::new(row.cause, Location::BeyondInterworkingPoint);
        let sip = match self.state {
            State::Releasing | State::Over => return Vec::new(),
            State::Connected => Some(bye(context, &cause, None)),
            _ if accepted => Some(bye(context, &cause, None)),
            State::Treatment => return self.treated(ReleasedBy::Gateway),
            State::Collecting => {
                return self.release_circuit(row, ReleasedBy::Gateway);
            }
            _ => self.cancel(context, &cause),
        };
        // The INVITE that is given up ends with 487 (RFC 3261 §9.2).
        let row = FailureRow {
            status: 487,
            ..row.clone()
        };
        let mut actions: Vec<Action> = sip.into_iter().collect();
        actions.extend(self.release_circuit(&row, ReleasedBy::Gateway));
        actions
    }

    /// Gives up the INVITE, when one is out.
    pub(super) fn cancel(&self, context: &Context<'_>, cause: &Cause) -> Option<Action> {
        let headers = release::reason(context.profile, cause, false);
        let cancel = Action::Sip(sip::Request::Cancel { headers });
        self.overlap.is_out().then_some(cancel)
    }

    pub(super) fn silence(&mut self) -> Vec<Action> {
        let mut actions = vec![Action::Stop(Timer::T11)];
        actions.extend(self.overlap.end());
        actions.extend(self.ringing.end());
        if self.state == State::Treatment {
            actions.push(Action::Stop(Timer::Treatment));
            actions.push(Action::Bridge(Bridge::Tone(None)));
        }
        actions.push(Action::Bridge(Bridge::Path {
            to_rtp: false,
            to_timeslot: false,
        }));
        actions
    }

    pub(super) fn over(&mut self) -> Vec<Action> {
        self.state = State::Over;
        vec![Action::Finish]
    }
}

/// What the trunk group has callers told of a cause.
pub(super) fn announcement(context: &Context<'_>, cause: u8) -> Option<String> {
    let announcements = &context.group?.announcements;
    announcements.get(&cause.to_string()).cloned()
}

/// BYE, for this REL where one came.
pub(super) fn bye(context: &Context<'_>, cause: &Cause, rel: Option<&Message>) -> Action {
    let isup = rel.and_then(|rel| context.body(rel));
    Action::Sip(sip::Request::Bye {
        headers: release::fields(context.profile, cause, rel, isup.is_some()),
        bodies: Bodies {
            isup,
            ..Bodies::default()
        },
    })
}
