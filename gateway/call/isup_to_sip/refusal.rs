//! SIP refuses: other targets, a release, or a tone in its place (RFC 3398 §8.2.5, §8.2.6).

use isup::circuit::Request;
use isup::{Cause, Location, Message};
use media_bridge::Side;

use super::super::{Action, Bridge, Context, Mark, Timer, Tone};
use super::clearing::announcement;
use super::{IsupToSip, State};
use crate::cdr::ReleasedBy;
use crate::config::Redirect;
use crate::interwork::backward::{self, Progress};
use crate::interwork::release;
use crate::sip::{self, Bodies};

/// A final response of 300 to 699 and what it becomes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refused {
    pub(super) rel: Message,
    pub(super) status: u16,
    pub(super) mapped_by: String,
}

impl IsupToSip {
    /// A final response of 300 to 699 (RFC 3398 §8.2.5, §8.2.6).
    pub(super) fn rejected(
        &mut self,
        context: &Context<'_>,
        refused: Refused,
        contacts: Vec<String>,
        isup_refused: bool,
    ) -> Vec<Action> {
        if self.waits_for_others() {
            return self.keep_best(refused);
        }
        let refused = self.overlap.best_with(refused);
        match refused.status {
            // RFC 3372 §6: the peer does not read ISUP, which it must; another trunk may.
            _ if isup_refused => {
                self.refused = Some(Box::new(refused));
                self.next_target()
            }
            300..=399 if context.trunk.redirect == Redirect::Release => {
                let refused = Refused {
                    rel: release::redirected(&contacts),
                    mapped_by: "redirection to new destination (RFC 3398 §8.2.5)".to_owned(),
                    ..refused
                };
                self.clear_refused(context, refused)
            }
            300..=399 if !contacts.is_empty() => {
                self.refused = Some(Box::new(refused));
                self.redirected = true;
                let mut actions = self.forget_target();
                if context.trunk.redirect == Redirect::Notify {
                    actions.extend(self.diverted(context));
                }
                actions.push(Action::Redirect(contacts));
                actions
            }
            // RFC 3261 §16.7 step 5 names these as reasons to try the next target.
            408 | 500 | 502 | 503 | 504 if !self.heard => {
                self.refused = Some(Box::new(refused));
                self.next_target()
            }
            // Contacts that were followed in vain: the next one, or the next trunk.
            _ if self.redirected && !self.heard => {
                self.refused = Some(Box::new(refused));
                self.next_target()
            }
            _ => self.clear_refused(context, refused),
        }
    }

    /// Another target gets its own INVITE: what the last one said of media is void.
    pub(super) fn forget_target(&mut self) -> Vec<Action> {
        self.heard = false;
        self.fork = None;
        self.others.clear();
        self.ringing.again()
    }

    pub(super) fn next_target(&mut self) -> Vec<Action> {
        let mut actions = self.forget_target();
        actions.push(Action::Reattempt);
        actions
    }

    /// CPG with "call forwarded unconditional", after an ACM where none went yet
    /// (RFC 3398 §8.2.5).
    fn diverted(&mut self, context: &Context<'_>) -> Vec<Action> {
        let first = self.state == State::Trying;
        let progress = Progress {
            status: 181,
            media: false,
            first,
            ringback: false,
        };
        let mut actions = Vec::new();
        if first {
            self.state = State::Progressing;
            actions.push(Action::Stop(Timer::T11));
        }
        let messages = backward::from_progress(context.profile, progress, None);
        actions.extend(messages.into_iter().map(|m| Action::Isup(Request::Send(m))));
        actions
    }

    pub(super) fn clear_refused(&mut self, context: &Context<'_>, refused: Refused) -> Vec<Action> {
        let cause = release::cause_of_rel(&refused.rel);
        let name = announcement(context, cause.value);
        if self.is_early() && (self.interworking || name.is_some()) {
            let release = (
                ReleasedBy::Sip,
                Some(refused.status),
                Some(refused.mapped_by),
            );
            return self.treat(context, &cause, release, name);
        }
        self.clear(refused.rel, Some(refused.status), Some(refused.mapped_by))
    }

    /// An announcement before REL; or a tone in its place, where the network before us may not tell
    /// the caller what a cause means (RFC 3666 §3.6).
    pub(super) fn treat(
        &mut self,
        context: &Context<'_>,
        cause: &Cause,
        (by, status, mapped_by): (ReleasedBy, Option<u16>, Option<String>),
        announcement: Option<String>,
    ) -> Vec<Action> {
        let mut actions = vec![Action::Stop(Timer::T11)];
        actions.extend(self.overlap.end());
        actions.extend(self.ringing.end());
        actions.push(Action::Mark(Mark::Release {
            by,
            cause: cause.value,
            status,
            mapped_by,
        }));
        actions.push(Action::Bridge(match (announcement, cause.value) {
            (Some(name), _) => Bridge::Announce {
                towards: Side::Timeslot,
                name,
            },
            (None, 17) => Bridge::Tone(Some(Tone::Busy)),
            (None, _) => Bridge::Tone(Some(Tone::Congestion)),
        }));
        let progress = Progress {
            status: 183,
            media: true,
            first: matches!(self.state, State::Trying | State::Collecting),
            ringback: true,
        };
        let messages = backward::from_progress(context.profile, progress, None);
        actions.extend(messages.into_iter().map(|m| Action::Isup(Request::Send(m))));
        actions.push(Action::Start(Timer::Treatment));
        self.treatment = Some(cause.clone());
        self.state = State::Treatment;
        actions
    }

    /// The tone has been heard long enough, or the announcement to its end.
    pub(super) fn treated(&mut self, by: ReleasedBy) -> Vec<Action> {
        let cause = self
            .treatment
            .take()
            .unwrap_or_else(|| Cause::new(31, Location::BeyondInterworkingPoint));
        let mut actions = self.silence();
        actions.push(Action::Mark(Mark::Release {
            by,
            cause: cause.value,
            status: None,
            mapped_by: None,
        }));
        actions.push(Action::Isup(Request::Release(release::message(&cause))));
        self.state = State::Releasing;
        actions
    }
}

/// The REL for a final response: the peer's own, else by its Reason header, else by the table
/// (RFC 3398 §8.2.6.1).
pub(super) fn refused(
    context: &Context<'_>,
    status: u16,
    reason: Option<&sip::Q850>,
    headers: &sip::Headers,
    bodies: &Bodies,
) -> Refused {
    let (rel, mapped_by) = release::rel_of_response(
        context.profile,
        context.trunk,
        status,
        reason,
        headers,
        bodies,
    );
    Refused {
        rel,
        status,
        mapped_by,
    }
}
