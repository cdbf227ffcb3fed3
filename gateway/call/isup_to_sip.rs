//! A call from a circuit to SIP (RFC 3398 §8.2 and §9 to §11; Q.1912.5 clause 7).
//!
//! The gateway is incoming exchange and user agent client.

use bytes::Bytes;
use isup::circuit::{Indication as Isup, Request};
use isup::{Cause, Location, Message};

use super::{Action, Bridge, Context, Event, Mark, Timer};
use crate::cdr::ReleasedBy;
use crate::interwork::backward::{self, Progress};
use crate::interwork::profile::{FailureRow, Fault};
use crate::interwork::{encapsulation, release};
use crate::sip::{self, Bodies, Failure, Indication as Sip};

/// States of RFC 3398 §8.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// INVITE sent; no ACM yet.
    Trying,
    /// ACM sent, the called user is not being alerted.
    Progressing,
    /// The called user is being alerted.
    Alerting,
    /// Answered.
    Connected,
    /// SIP is done; the circuit is being released.
    Releasing,
    /// Both legs are done.
    Over,
}

/// The machine.
#[derive(Debug, Clone, PartialEq)]
pub struct IsupToSip {
    state: State,
    /// The early dialog whose media is heard: the first that had any.
    fork: Option<u16>,
    /// What other early dialogs said of their media: the 200 of one of them need not repeat it
    /// (RFC 3262 §5).
    others: Vec<(u16, Bytes)>,
    /// The gateway itself plays ringback towards the circuit.
    ringback: bool,
    /// The peer's SDP was seen: early media may come.
    early_media: bool,
    /// What the last trunk refused with, in case there is no further one.
    refused: Option<Refused>,
}

/// A final response of 300 to 699 and what it becomes.
#[derive(Debug, Clone, PartialEq)]
struct Refused {
    rel: Message,
    status: u16,
    mapped_by: String,
}

impl IsupToSip {
    /// A call whose INVITE is being sent.
    #[must_use]
    pub fn new() -> (Self, Vec<Action>) {
        let call = Self {
            state: State::Trying,
            fork: None,
            others: Vec::new(),
            ringback: false,
            early_media: false,
            refused: None,
        };
        (call, vec![Action::Start(Timer::T11)])
    }

    /// The name of the state.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self.state {
            State::Trying => "Trying",
            State::Progressing => "Progressing",
            State::Alerting => "Alerting",
            State::Connected => "Connected",
            State::Releasing => "Releasing",
            State::Over => "Over",
        }
    }

    /// Answered and not being released.
    #[must_use]
    pub fn talks(&self) -> bool {
        self.state == State::Connected
    }

    /// The next state, and what is to be done.
    #[must_use]
    pub fn step(mut self, context: &Context<'_>, event: Event) -> (Self, Vec<Action>) {
        let actions = match event {
            Event::Sip(indication) => self.sip(context, indication),
            Event::Isup(indication) => self.isup(context, indication),
            Event::Expired(Timer::T11) if self.state == State::Trying => {
                self.state = State::Progressing;
                vec![Action::Isup(Request::Send(backward::early_acm()))]
            }
            // The offer is ours: only a call from SIP brings one to refuse.
            Event::Expired(_) | Event::Unacceptable(_) => Vec::new(),
            Event::Exhausted(fault) => self.exhausted(context, fault),
            Event::Shutdown => self.shutdown(context),
        };
        (self, actions)
    }

    fn sip(&mut self, context: &Context<'_>, indication: Sip) -> Vec<Action> {
        use State::{Alerting, Connected, Over, Progressing, Releasing, Trying};
        match (self.state, indication) {
            (
                Trying | Progressing | Alerting,
                Sip::Progress {
                    status,
                    bodies,
                    fork,
                    ..
                },
            ) => self.progress(context, status, bodies, fork),
            (
                Trying | Progressing | Alerting,
                Sip::Accepted {
                    bodies,
                    fork,
                    headers,
                    ..
                },
            ) => self.accepted(context, bodies, fork, &headers),
            (
                Trying | Progressing | Alerting,
                Sip::Rejected {
                    status,
                    cause,
                    bodies,
                    headers,
                    ..
                },
            ) => {
                let refused = refused(context, status, cause.as_ref(), &headers, &bodies);
                if self.state == Trying && matches!(status, 408 | 500 | 502 | 503 | 504) {
                    // RFC 3261 §16.7 step 5 names these as reasons to try the next target.
                    self.refused = Some(refused);
                    return vec![Action::Reattempt];
                }
                self.clear_refused(refused)
            }
            (Trying | Progressing | Alerting, Sip::Failed { what }) => match what {
                Failure::Timeout | Failure::TransportError if self.state == Trying => {
                    vec![Action::Reattempt]
                }
                _ => self
                    .release_circuit(context.profile.failure(Fault::NoResponse), ReleasedBy::Sip),
            },
            (Connected, Sip::Bye { cause, bodies, .. }) => self.clear(
                release::rel(context.profile, context.trunk, &bodies, cause.as_ref()),
                None,
                None,
            ),
            // RFC 3261 §15 does not let the called side do this; some do, and the session is over.
            (Trying | Progressing | Alerting, Sip::Bye { cause, bodies, .. }) => self.clear(
                release::rel(context.profile, context.trunk, &bodies, cause.as_ref()),
                Some(487),
                None,
            ),
            (Connected, Sip::Failed { .. }) => {
                self.release_circuit(context.profile.failure(Fault::NoAck), ReleasedBy::Sip)
            }
            // UPDATE moves media before the answer, too (RFC 3311 §5.1).
            (Trying | Progressing | Alerting | Connected, Sip::Renegotiate { answered, .. }) => {
                super::agreed(answered)
            }
            (Trying | Progressing | Alerting | Connected, Sip::Info { bodies, .. }) => {
                match encapsulation::forwardable(context.trunk, &bodies) {
                    Some(message) => vec![Action::Isup(Request::Send(message))],
                    None => Vec::new(),
                }
            }
            (Releasing | Over, _) => Vec::new(),
            // Nothing else reaches a user agent client.
            _ => Vec::new(),
        }
    }

    fn isup(&mut self, context: &Context<'_>, indication: Isup) -> Vec<Action> {
        use State::{Alerting, Connected, Over, Progressing, Releasing, Trying};
        match (self.state, indication) {
            (Trying | Progressing | Alerting, Isup::Released(rel)) => {
                let cause = release::cause_of_rel(&rel);
                let mut actions = self.abandon(&cause, Some(487));
                actions.push(Action::Sip(sip::Request::Cancel {
                    headers: release::reason(context.profile, &cause, false),
                }));
                self.state = Releasing;
                actions
            }
            (Trying | Progressing | Alerting, Isup::Failed { cause, .. }) => {
                let mut actions = self.abandon(&cause, Some(487));
                actions.push(Action::Sip(sip::Request::Cancel {
                    headers: release::reason(context.profile, &cause, false),
                }));
                actions.extend(self.over());
                actions
            }
            (Connected, Isup::Released(rel)) => {
                let cause = release::cause_of_rel(&rel);
                let mut actions = self.abandon(&cause, None);
                actions.push(bye(
                    context,
                    &cause,
                    encapsulation::body(context.trunk, &rel),
                ));
                self.state = Releasing;
                actions
            }
            (Connected, Isup::Failed { cause, .. }) => {
                let mut actions = self.abandon(&cause, None);
                actions.push(bye(context, &cause, None));
                actions.extend(self.over());
                actions
            }
            (Trying | Progressing | Alerting | Connected, Isup::Received(message)) => {
                match encapsulation::body(context.trunk, &message) {
                    Some(isup) => vec![Action::Sip(sip::Request::Info {
                        bodies: Bodies {
                            isup: Some(isup),
                            ..Bodies::default()
                        },
                    })],
                    None => Vec::new(),
                }
            }
            (Releasing, Isup::Idle | Isup::Failed { .. }) => self.over(),
            // A continuity check is the circuit's own business until media loops are.
            (
                _,
                Isup::Idle
                | Isup::State(_)
                | Isup::Setup(_)
                | Isup::Repeat { .. }
                | Isup::Loop(_)
                | Isup::Check(_),
            )
            | (Releasing | Over, _) => Vec::new(),
        }
    }

    /// 18x: ACM first, CPG after it (RFC 3398 §8.2.3, §8.2.4), with the peer's own message as
    /// template where it sent one.
    fn progress(
        &mut self,
        context: &Context<'_>,
        status: u16,
        bodies: Bodies,
        fork: u16,
    ) -> Vec<Action> {
        // An unreliable 180 that the network doubled, or that the UAS repeats to keep the INVITE
        // alive (RFC 3261 §13.3.1.1), is no second alerting.
        if status == 180 && self.state == State::Alerting && bodies.is_empty() {
            return Vec::new();
        }
        let mut actions = Vec::new();
        let media = bodies.sdp.is_some();
        if let Some(sdp) = bodies.sdp.clone() {
            // The first dialog with media is heard; a second one would only talk across it.
            if *self.fork.get_or_insert(fork) != fork {
                self.others.retain(|(other, _)| *other != fork);
                self.others.push((fork, sdp));
            } else {
                self.early_media = true;
                actions.push(Action::Bridge(Bridge::Remote(sdp)));
                actions.push(Action::Bridge(Bridge::Path {
                    to_rtp: false,
                    to_timeslot: true,
                }));
            }
        }
        if status == 180 && self.state != State::Alerting {
            actions.push(Action::Mark(Mark::Alerting));
        }
        let wants_ringback = status == 180 && !self.early_media;
        if wants_ringback != self.ringback && (wants_ringback || media) {
            self.ringback = wants_ringback;
            actions.push(Action::Bridge(Bridge::Ringback(wants_ringback)));
        }
        let template = encapsulation::understood(context.trunk, &bodies);
        let first = self.state == State::Trying;
        let progress = Progress {
            status,
            media: media || self.early_media,
            first,
            ringback: self.ringback,
        };
        for message in backward::from_progress(context.profile, progress, template.as_ref()) {
            actions.push(Action::Isup(Request::Send(message)));
        }
        if first {
            actions.push(Action::Stop(Timer::T11));
        }
        self.state = match (self.state, status) {
            (State::Alerting, _) | (_, 180) => State::Alerting,
            _ => State::Progressing,
        };
        actions
    }

    fn accepted(
        &mut self,
        context: &Context<'_>,
        bodies: Bodies,
        fork: u16,
        headers: &sip::Headers,
    ) -> Vec<Action> {
        let template = encapsulation::understood(context.trunk, &bodies);
        let mut message = backward::from_answer(self.state == State::Trying, template.as_ref());
        backward::complete_answer(context, headers, &mut message);
        let mut actions = vec![Action::Stop(Timer::T11)];
        let others = std::mem::take(&mut self.others);
        let earlier = || {
            let mut others = others.into_iter();
            others.find_map(|(other, sdp)| (other == fork).then_some(sdp))
        };
        actions.extend(remote(bodies.sdp.or_else(earlier)));
        if std::mem::take(&mut self.ringback) {
            actions.push(Action::Bridge(Bridge::Ringback(false)));
        }
        actions.push(Action::Bridge(Bridge::Path {
            to_rtp: true,
            to_timeslot: true,
        }));
        actions.push(Action::Mark(Mark::Answer));
        actions.push(Action::Isup(Request::Send(message)));
        self.state = State::Connected;
        actions
    }

    fn clear_refused(&mut self, refused: Refused) -> Vec<Action> {
        self.clear(refused.rel, Some(refused.status), Some(refused.mapped_by))
    }

    /// The SIP side is gone: release the circuit with that REL.
    fn clear(
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

    fn release_circuit(&mut self, row: &FailureRow, by: ReleasedBy) -> Vec<Action> {
        let answered = self.talks();
        let cause = Cause::new(row.cause, Location::BeyondInterworkingPoint);
        let mut actions = self.silence();
        actions.push(Action::Mark(Mark::Release {
            by,
            cause: row.cause,
            status: (!answered).then_some(row.status),
            mapped_by: Some(row.clause.to_string()),
        }));
        actions.push(Action::Isup(Request::Release(release::message(&cause))));
        self.state = State::Releasing;
        actions
    }

    /// The circuit cleared first.
    fn abandon(&mut self, cause: &Cause, status: Option<u16>) -> Vec<Action> {
        let mut actions = self.silence();
        actions.push(Action::Mark(Mark::Release {
            by: ReleasedBy::Pstn,
            cause: cause.value,
            status,
            mapped_by: None,
        }));
        actions
    }

    fn exhausted(&mut self, context: &Context<'_>, fault: Fault) -> Vec<Action> {
        match (self.state, self.refused.take()) {
            (State::Releasing | State::Over, _) => Vec::new(),
            (_, Some(refused)) => self.clear_refused(refused),
            (_, None) => self.release_circuit(context.profile.failure(fault), ReleasedBy::Gateway),
        }
    }

    fn shutdown(&mut self, context: &Context<'_>) -> Vec<Action> {
        let row = context.profile.failure(Fault::Shutdown);
        let cause = Cause::new(row.cause, Location::BeyondInterworkingPoint);
        let sip = match self.state {
            State::Releasing | State::Over => return Vec::new(),
            State::Connected => bye(context, &cause, None),
            _ => Action::Sip(sip::Request::Cancel {
                headers: release::reason(context.profile, &cause, false),
            }),
        };
        // The INVITE that is given up ends with 487 (RFC 3261 §9.2).
        let row = FailureRow {
            status: 487,
            ..row.clone()
        };
        let mut actions = vec![sip];
        actions.extend(self.release_circuit(&row, ReleasedBy::Gateway));
        actions
    }

    fn silence(&mut self) -> Vec<Action> {
        let mut actions = vec![Action::Stop(Timer::T11)];
        if std::mem::take(&mut self.ringback) {
            actions.push(Action::Bridge(Bridge::Ringback(false)));
        }
        actions.push(Action::Bridge(Bridge::Path {
            to_rtp: false,
            to_timeslot: false,
        }));
        actions
    }

    fn over(&mut self) -> Vec<Action> {
        self.state = State::Over;
        vec![Action::Finish]
    }
}

/// The REL for a final response: the peer's own, else by its Reason header, else by the table
/// (RFC 3398 §8.2.6.1).
fn refused(
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

fn bye(context: &Context<'_>, cause: &Cause, isup: Option<sip::IsupBody>) -> Action {
    Action::Sip(sip::Request::Bye {
        headers: release::reason(context.profile, cause, isup.is_some()),
        bodies: Bodies {
            isup,
            ..Bodies::default()
        },
    })
}

fn remote(sdp: Option<Bytes>) -> Option<Action> {
    sdp.map(|sdp| Action::Bridge(Bridge::Remote(sdp)))
}
