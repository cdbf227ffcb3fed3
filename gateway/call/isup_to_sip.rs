//! A call from a circuit to SIP (RFC 3398 §8.2 and §9 to §11; Q.1912.5 clause 7).
//!
//! The gateway is incoming exchange and user agent client.

mod clearing;
mod overlap;
mod progress;
mod refusal;

use bytes::Bytes;
use isup::circuit::{Indication as Isup, Request};
use isup::{Cause, ForwardCallIndicators, Message, MessageType};

use super::hold::Hold;
use super::ringing::Ringing;
use super::{Action, Bridge, Context, Event, Timer};
use crate::cdr::ReleasedBy;
use crate::config::{IsupMode, Suspend};
use crate::interwork::backward;
use crate::interwork::profile::Fault;
use crate::interwork::{encapsulation, release};
use crate::sip::{self, Bodies, Failure, Indication as Sip};

use clearing::bye;
use overlap::Overlap;
use refusal::{Refused, refused};

/// States of RFC 3398 §8.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Digits are missing, or may be; no INVITE yet (RFC 3578 §2).
    Collecting,
    /// INVITE sent; no ACM yet.
    Trying,
    /// ACM sent, the called user is not being alerted.
    Progressing,
    /// The called user is being alerted.
    Alerting,
    /// Answered.
    Connected,
    /// SIP refused; a tone or an announcement tells the caller why, and the preceding exchange is
    /// to clear (RFC 3666 §3.6).
    Treatment,
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
    ringing: Ringing,
    hold: Hold,
    /// The IAM says that the call has met another kind of network, which may not tell the caller
    /// what a cause means (Q.763 §3.23).
    interworking: bool,
    /// The target being tried has sent a provisional response: no other is tried after it.
    heard: bool,
    /// What the last target refused with, in case there is no further one.
    refused: Option<Box<Refused>>,
    /// Contacts are being followed.
    redirected: bool,
    /// The cause of the release that a tone stands for.
    treatment: Option<Cause>,
    overlap: Overlap,
}

impl IsupToSip {
    /// A call whose INVITE is being sent.
    #[must_use]
    pub fn new(iam: &Message) -> (Self, Vec<Action>) {
        let interworking = iam
            .find::<ForwardCallIndicators>()
            .is_some_and(|indicators| {
                indicators.contains(ForwardCallIndicators::INTERWORKING_ENCOUNTERED)
            });
        let call = Self {
            state: State::Trying,
            fork: None,
            others: Vec::new(),
            ringing: Ringing::default(),
            hold: Hold::default(),
            interworking,
            heard: false,
            refused: None,
            redirected: false,
            treatment: None,
            overlap: Overlap::en_bloc(),
        };
        (call, vec![Action::Start(Timer::T11)])
    }

    /// The name of the state.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self.state {
            State::Collecting => "Collecting",
            State::Trying => "Trying",
            State::Progressing => "Progressing",
            State::Alerting => "Alerting",
            State::Connected => "Connected",
            State::Treatment => "Treatment",
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
            Event::Expired(Timer::EarlyMedia) if self.is_early() => {
                self.ringing.waited(context.trunk.ringback)
            }
            Event::MediaCame if self.is_early() => self.ringing.came(context.trunk.ringback),
            Event::Expired(Timer::Treatment) | Event::Announced
                if self.state == State::Treatment =>
            {
                self.treated(ReleasedBy::Gateway)
            }
            Event::Digits { digits, pass } => self.digits(digits, pass),
            Event::Expired(Timer::T10) => self.t10_expired(context),
            Event::Expired(Timer::T35) if self.state == State::Collecting => {
                self.fail(context, Fault::NoNumber, ReleasedBy::Gateway)
            }
            Event::Expired(_) | Event::MediaCame | Event::Announced | Event::Superseded => {
                Vec::new()
            }
            Event::Exhausted(fault) => self.exhausted(context, fault),
            Event::Refused(refusal) => self.refused_by_gateway(context, *refusal),
            Event::Unacceptable { accepted, .. } => self.give_up(context, Fault::NoMedia, accepted),
            Event::Shutdown => self.give_up(context, Fault::Shutdown, false),
        };
        (self, actions)
    }

    /// SIP may still answer or refuse.
    pub(super) fn is_early(&self) -> bool {
        matches!(
            self.state,
            State::Trying | State::Progressing | State::Alerting
        )
    }

    fn sip(&mut self, context: &Context<'_>, indication: Sip) -> Vec<Action> {
        use State::{
            Alerting, Collecting, Connected, Over, Progressing, Releasing, Treatment, Trying,
        };
        match (self.state, indication) {
            (
                Trying | Progressing | Alerting,
                Sip::Progress {
                    status,
                    bodies,
                    early_media,
                    fork,
                    headers,
                    ..
                },
            ) => self.progress(context, status, (bodies, &headers), early_media, fork),
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
                    contacts,
                    isup_refused,
                    headers,
                    ..
                },
            ) => {
                let refused = refused(context, status, cause.as_ref(), &headers, &bodies);
                self.rejected(context, refused, contacts, isup_refused)
            }
            (Trying | Progressing | Alerting, Sip::WithoutIsup { .. }) => {
                let mut actions = self.forget_target();
                actions.push(Action::WithoutIsup);
                actions
            }
            (Trying | Progressing | Alerting, Sip::Failed { .. }) if self.waits_for_others() => {
                self.overlap.answered();
                Vec::new()
            }
            (Trying | Progressing | Alerting, Sip::Failed { what }) => match what {
                Failure::Timeout | Failure::TransportError if !self.heard => self.next_target(),
                _ => self.fail(context, Fault::NoResponse, ReleasedBy::Sip),
            },
            // RFC 3261 §15 does not let the called side hang up before it has answered; some do,
            // and the session is over.
            (
                Trying | Progressing | Alerting | Connected,
                Sip::Bye {
                    cause,
                    bodies,
                    headers,
                },
            ) => {
                let (profile, trunk) = (context.profile, context.trunk);
                let rel = release::rel(profile, trunk, &headers, &bodies, cause.as_ref());
                self.clear(rel, self.is_early().then_some(487), None)
            }
            (Connected, Sip::Failed { .. }) => {
                self.release_circuit(context.profile.failure(Fault::NoAck), ReleasedBy::Sip)
            }
            // UPDATE moves media before the answer, too (RFC 3311 §5.1).
            (Trying | Progressing | Alerting, Sip::Renegotiate { answered, .. }) => {
                super::agreed(answered)
            }
            (Connected, Sip::Renegotiate { answered, .. }) => {
                let held = answered
                    .as_ref()
                    .map(|answer| !answer.plan.direction.sends());
                let mut actions = super::agreed(answered);
                if let Some(held) = held {
                    actions.extend(self.hold.by_peer(held, context.variant));
                }
                actions
            }
            // Of a session that took the place of the first one (RFC 3891).
            (Connected, Sip::Acknowledged { bodies }) => bodies
                .sdp
                .map(|sdp| Action::Bridge(Bridge::Remote(sdp)))
                .into_iter()
                .collect(),
            (Connected, Sip::Renegotiated { bodies, .. }) => {
                let mut actions = super::concluded(bodies);
                actions.extend(self.hold.answered());
                actions
            }
            (Trying | Progressing | Alerting | Connected, Sip::Info { bodies, .. }) => {
                match encapsulation::forwardable(context.trunk, &bodies) {
                    Some(message) => vec![Action::Isup(Request::Send(message))],
                    None => Vec::new(),
                }
            }
            (Collecting | Treatment | Releasing | Over, _) => Vec::new(),
            // Nothing else reaches a user agent client.
            _ => Vec::new(),
        }
    }

    fn isup(&mut self, context: &Context<'_>, indication: Isup) -> Vec<Action> {
        use State::{
            Alerting, Collecting, Connected, Over, Progressing, Releasing, Treatment, Trying,
        };
        match (self.state, indication) {
            (Trying | Progressing | Alerting, Isup::Released(rel)) => {
                let cause = release::cause_of_rel(&rel);
                let mut actions = self.abandon(&cause, Some(487));
                actions.extend(self.cancel(context, &cause));
                self.state = Releasing;
                actions
            }
            (Trying | Progressing | Alerting, Isup::Failed { cause, .. }) => {
                let mut actions = self.abandon(&cause, Some(487));
                actions.extend(self.cancel(context, &cause));
                actions.extend(self.over());
                actions
            }
            (Connected, Isup::Released(rel)) => {
                let cause = release::cause_of_rel(&rel);
                let mut actions = self.abandon(&cause, None);
                actions.push(bye(context, &cause, Some(&rel)));
                self.state = Releasing;
                actions
            }
            (Connected, Isup::Failed { cause, .. }) => {
                let mut actions = self.abandon(&cause, None);
                actions.push(bye(context, &cause, None));
                actions.extend(self.over());
                actions
            }
            // Nobody was called yet.
            (Collecting, Isup::Released(rel)) => {
                let cause = release::cause_of_rel(&rel);
                self.state = Releasing;
                self.abandon(&cause, None)
            }
            (Collecting, Isup::Failed { cause, .. }) => {
                let mut actions = self.abandon(&cause, None);
                actions.extend(self.over());
                actions
            }
            // Q.764 §2.2: the caller has cleared; the tone has told him.
            (Treatment, Isup::Released(_)) => {
                let actions = self.silence();
                self.state = Releasing;
                actions
            }
            (Treatment, Isup::Failed { .. }) => {
                let mut actions = self.silence();
                actions.extend(self.over());
                actions
            }
            // Further digits: never in INFO (RFC 3372 §5.4), and without meaning after the last
            // INVITE (RFC 3578 §2.2).
            (Collecting | Trying | Progressing | Alerting, Isup::Received(message))
                if message.message_type() == MessageType::Sam =>
            {
                match self.state == Collecting || self.overlap.more() {
                    true => vec![Action::Collect(message)],
                    false => Vec::new(),
                }
            }
            (Trying | Progressing | Alerting, Isup::Received(message)) => {
                match self.overlap.is_out() {
                    true => info(context, &message),
                    // Every INVITE so far was refused: nobody is there to hear it.
                    false => Vec::new(),
                }
            }
            (Connected, Isup::Received(message)) => {
                let ignored = context.trunk.suspend == Suspend::Ignore;
                let speaks_isup = context.isup && context.trunk.isup != IsupMode::Off;
                if speaks_isup && !context.parallel || ignored || !self.hold.hear(&message) {
                    return info(context, &message);
                }
                self.hold.offer()
            }
            (Collecting | Treatment, Isup::Received(_)) => Vec::new(),
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
}

/// A message without SIP counterpart crosses in INFO, where ISUP may travel.
fn info(context: &Context<'_>, message: &Message) -> Vec<Action> {
    match context.body(message) {
        Some(isup) => vec![Action::Sip(sip::Request::Info {
            bodies: Bodies {
                isup: Some(isup),
                ..Bodies::default()
            },
        })],
        None => Vec::new(),
    }
}
