//! SIP progresses and answers (RFC 3398 §8.2.3, §8.2.4).

use bytes::Bytes;
use isup::circuit::Request;

use super::super::{Action, Bridge, Context, Mark, Timer};
use super::{IsupToSip, State};
use crate::interwork::backward::{self, Progress};
use crate::interwork::{encapsulation, user_to_user};
use crate::sip::{self, Bodies, PEarlyMedia};

impl IsupToSip {
    /// 18x: ACM first, CPG after it (RFC 3398 §8.2.3, §8.2.4), with the peer's own message as
    /// template where it sent one.
    pub(super) fn progress(
        &mut self,
        context: &Context<'_>,
        status: u16,
        (bodies, headers): (Bodies, &sip::Headers),
        permission: Option<PEarlyMedia>,
        fork: u16,
    ) -> Vec<Action> {
        // An unreliable 180 that the network doubled, or that the UAS repeats to keep the INVITE
        // alive (RFC 3261 §13.3.1.1), is no second alerting.
        let policy = context.trunk.ringback;
        if status == 180 && self.state == State::Alerting && bodies.is_empty() {
            return self.ringing.progress(policy, status, false, permission);
        }
        self.heard = true;
        let mut actions = Vec::new();
        let mut described = false;
        if let Some(sdp) = bodies.sdp.clone() {
            // The first dialog with media is heard; a second one would only talk across it.
            if *self.fork.get_or_insert(fork) != fork {
                self.others.retain(|(other, _)| *other != fork);
                self.others.push((fork, sdp));
            } else {
                described = true;
                actions.push(Action::Bridge(Bridge::Remote(sdp)));
            }
        }
        if status == 180 && self.state != State::Alerting {
            actions.push(Action::Mark(Mark::Alerting));
        }
        actions.extend(self.ringing.progress(policy, status, described, permission));
        let template = encapsulation::understood(context.trunk, &bodies);
        let first = self.state == State::Trying;
        let progress = Progress {
            status,
            media: self.ringing.expected(),
            first,
            ringback: self.ringing.heard(),
        };
        let mut messages = backward::from_progress(context.profile, progress, template.as_ref());
        if let Some(message) = messages.first_mut() {
            user_to_user::put_from(headers, message);
        }
        let sent = messages.into_iter();
        actions.extend(sent.map(|message| Action::Isup(Request::Send(message))));
        if first {
            actions.push(Action::Stop(Timer::T11));
        }
        self.state = match (self.state, status) {
            (State::Alerting, _) | (_, 180) => State::Alerting,
            _ => State::Progressing,
        };
        actions
    }

    pub(super) fn accepted(
        &mut self,
        context: &Context<'_>,
        bodies: Bodies,
        fork: u16,
        headers: &sip::Headers,
    ) -> Vec<Action> {
        let template = encapsulation::understood(context.trunk, &bodies);
        let first = self.state == State::Trying;
        let mut message = backward::from_answer(first, context.variant, template.as_ref());
        backward::complete_answer(context, headers, &mut message);
        let mut actions = vec![Action::Stop(Timer::T11)];
        actions.extend(self.overlap.end());
        let others = std::mem::take(&mut self.others);
        let earlier = || {
            let mut others = others.into_iter();
            others.find_map(|(other, sdp)| (other == fork).then_some(sdp))
        };
        actions.extend(remote(bodies.sdp.or_else(earlier)));
        actions.extend(self.ringing.end());
        actions.push(Action::Bridge(Bridge::Path {
            to_rtp: true,
            to_timeslot: true,
        }));
        actions.push(Action::Mark(Mark::Answer));
        actions.push(Action::Isup(Request::Send(message)));
        self.state = State::Connected;
        actions
    }
}

fn remote(sdp: Option<Bytes>) -> Option<Action> {
    sdp.map(|sdp| Action::Bridge(Bridge::Remote(sdp)))
}
