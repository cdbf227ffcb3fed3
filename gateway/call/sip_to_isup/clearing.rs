//! Either side clears, or the gateway does (RFC 3398 §7.2.4, §7.2.5, §10).

use isup::circuit::Request;
use isup::{Cause, Location, Message};

use super::super::{Action, Bridge, Context, Mark, Refusal, Timer};
use super::{NORMAL, SipToIsup, State};
use crate::cdr::ReleasedBy;
use crate::interwork::profile::Fault;
use crate::interwork::{cause, release};
use crate::sip::{self, Bodies, Headers, sdp};

impl SipToIsup {
    /// A final response to the INVITE by the table of causes; with `rel`, the circuit's own REL
    /// travels in it. `release` where the circuit is still ours to release.
    pub(super) fn refuse(
        &mut self,
        context: &Context<'_>,
        cause: &Cause,
        rel: Option<&Message>,
        release_circuit: bool,
    ) -> Vec<Action> {
        let mapped = cause::status_of(context.profile, cause);
        let mut actions = closed(Mark::Release {
            by: ReleasedBy::Pstn,
            cause: cause.value,
            status: Some(mapped.value),
            mapped_by: Some(mapped.to_string()),
        });
        let isup = rel
            .filter(|_| context.profile.conventions().rel_in_response)
            .and_then(|rel| self.isup_body(context, rel));
        let mut headers = release::fields(context.profile, cause, rel, isup.is_some());
        if mapped.value / 100 == 3 {
            headers.extend(release::contact(context, cause));
        }
        actions.push(reject(mapped.value, headers, isup));
        if release_circuit {
            actions.push(Action::Isup(Request::Release(release::message(cause))));
            self.state = State::Releasing;
        }
        actions
    }

    /// The circuit gave up by itself; the row says what SIP is told.
    pub(super) fn fail(
        &mut self,
        context: &Context<'_>,
        fault: Fault,
        mut headers: Headers,
    ) -> Vec<Action> {
        let mut refusal = Refusal::of(context.profile, fault);
        headers.append(&mut refusal.headers);
        refusal.headers = headers;
        Self::reject_by_gateway(context, &refusal)
    }

    /// The final response of the gateway's own making.
    pub(super) fn reject_by_gateway(context: &Context<'_>, refusal: &Refusal) -> Vec<Action> {
        let cause = gateways(refusal.cause);
        let mapped = cause::status_of(context.profile, &cause);
        let status = refusal.status.unwrap_or(mapped.value);
        let mut headers = refusal.headers.clone();
        headers.extend(release::reason(context.profile, &cause, false));
        let mut actions = closed(Mark::Release {
            by: ReleasedBy::Gateway,
            cause: refusal.cause,
            status: Some(status),
            mapped_by: Some(refusal.why.clone()),
        });
        actions.push(reject(status, headers, None));
        actions
    }

    /// No circuit was taken, or the last one is gone.
    pub(super) fn exhausted(
        &mut self,
        context: &Context<'_>,
        fault: Fault,
        headers: Headers,
    ) -> Vec<Action> {
        if self.state != State::Trying {
            return Vec::new();
        }
        let mut actions = self.fail(context, fault, headers);
        actions.extend(self.over());
        actions
    }

    /// No media to agree on: the Warning says why (RFC 3261 §13.3.1.3, §20.43).
    pub(super) fn unacceptable(
        &mut self,
        context: &Context<'_>,
        refusal: &sdp::Refusal,
    ) -> Vec<Action> {
        // What the peer wrote may stand in it: nothing that would end a quoted string.
        let quotable = |c: char| matches!(c, ' '..='~') && !matches!(c, '"' | '\\');
        let text: String = refusal
            .to_string()
            .chars()
            .map(|c| if quotable(c) { c } else { '?' })
            .collect();
        let warning = format!("{} isthmus \"{text}\"", refusal.warning());
        let headers = vec![("Warning".to_owned(), warning)];
        match self.state {
            State::Trying => self.exhausted(context, Fault::NoMedia, headers),
            // The answer to an offer of ours.
            _ => self.end(context, Fault::NoMedia, headers),
        }
    }

    /// BYE towards SIP for a release from the circuit.
    pub(super) fn hang_up(
        &mut self,
        context: &Context<'_>,
        cause: &Cause,
        rel: Option<&Message>,
        by: ReleasedBy,
    ) -> Vec<Action> {
        let mut actions = closed(Mark::Release {
            by,
            cause: cause.value,
            status: None,
            mapped_by: None,
        });
        let isup = rel.and_then(|rel| self.isup_body(context, rel));
        actions.push(Action::Sip(sip::Request::Bye {
            headers: release::fields(context.profile, cause, rel, isup.is_some()),
            bodies: Bodies {
                isup,
                ..Bodies::default()
            },
        }));
        actions
    }

    /// The SIP side cleared: release the circuit with that REL.
    pub(super) fn give_up(&mut self, rel: Message, status: Option<u16>) -> Vec<Action> {
        let cause = release::cause_of_rel(&rel).value;
        self.release(
            rel,
            Mark::Release {
                by: ReleasedBy::Sip,
                cause,
                status,
                mapped_by: None,
            },
        )
    }

    pub(super) fn release(&mut self, rel: Message, mark: Mark) -> Vec<Action> {
        self.state = State::Releasing;
        let mut actions = closed(mark);
        actions.push(Action::Isup(Request::Release(rel)));
        actions
    }

    /// The number is incomplete, and the exchange takes no more digits of this call
    /// (RFC 3578 §3.5).
    pub(super) fn superseded(&mut self) -> Vec<Action> {
        if self.state != State::Trying {
            return Vec::new();
        }
        let mut actions = vec![reject(484, Vec::new(), None)];
        let mark = Mark::Release {
            by: ReleasedBy::Sip,
            cause: NORMAL,
            status: Some(484),
            mapped_by: Some("RFC 3578 §3.5".to_owned()),
        };
        actions.extend(self.release(release::message(&gateways(NORMAL)), mark));
        actions
    }

    /// The gateway ends the call towards both sides.
    pub(super) fn end(
        &mut self,
        context: &Context<'_>,
        fault: Fault,
        more: Headers,
    ) -> Vec<Action> {
        let row = context.profile.failure(fault);
        let cause = gateways(row.cause);
        let mut headers = release::reason(context.profile, &cause, false);
        headers.extend(more);
        let sip = match self.state {
            State::Releasing | State::Over => return Vec::new(),
            State::WaitAck | State::Connected => Action::Sip(sip::Request::Bye {
                headers,
                bodies: Bodies::default(),
            }),
            State::Treatment(_) => return self.treated(context),
            _ => reject(row.status, headers, None),
        };
        let mark = Mark::Release {
            by: ReleasedBy::Gateway,
            cause: cause.value,
            status: (!self.talks()).then_some(row.status),
            mapped_by: Some(row.clause.to_string()),
        };
        let mut actions = vec![sip];
        actions.extend(self.release(release::message(&cause), mark));
        actions
    }
}

/// What comes before every end: no timer, no audio, a note for the record.
pub(super) fn closed(mark: Mark) -> Vec<Action> {
    let held = Bridge::Path {
        to_rtp: false,
        to_timeslot: false,
    };
    vec![
        Action::Stop(Timer::Interworking),
        Action::Bridge(held),
        Action::Mark(mark),
    ]
}

/// The REL for what the peer says at the end of a call.
pub(super) fn rel_of(
    context: &Context<'_>,
    headers: &Headers,
    bodies: &Bodies,
    cause: Option<&sip::Q850>,
) -> Message {
    release::rel(context.profile, context.trunk, headers, bodies, cause)
}

pub(super) fn reject(status: u16, headers: Headers, isup: Option<sip::IsupBody>) -> Action {
    let bodies = Bodies {
        isup,
        ..Bodies::default()
    };
    Action::Sip(sip::Request::Reject {
        status,
        reason: None,
        headers,
        bodies,
    })
}

/// A cause that the gateway itself names.
pub(super) fn gateways(value: u8) -> Cause {
    Cause::new(value, Location::BeyondInterworkingPoint)
}
