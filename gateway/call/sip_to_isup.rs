//! A call from SIP to a circuit (RFC 3398 §7.2 and §9 to §11; Q.1912.5 clause 6).
//!
//! The gateway is user agent server and outgoing exchange. The circuit sees its own release
//! through (T1, T5); the call only waits until it says that it is idle.

mod clearing;
mod treatment;

use isup::circuit::{Indication as Isup, Request};
use isup::{Cause, Message, MessageType};

use self::clearing::{closed, gateways, rel_of};
use self::treatment::Told;
use super::hold::Hold;
use super::{Action, Bridge, Context, Event, Mark, Timer};
use crate::cdr::ReleasedBy;
use crate::config::Suspend;
use crate::interwork::backward::{self, Backward};
use crate::interwork::profile::Fault;
use crate::interwork::{encapsulation, release, user_to_user};
use crate::sip::{self, Bodies, EarlyMedia, Headers, Indication as Sip};

/// Normal call clearing.
const NORMAL: u8 = 16;

/// States of RFC 3398 §7.2.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// IAM sent; no backward message yet.
    Trying,
    /// ACM received, the called user is not being alerted.
    NotAlerting,
    /// The called user is being alerted.
    Alerting,
    /// ACM with a cause: an announcement explains it, then this is the release (§7.1.6).
    Announcement(Cause),
    /// 200 sent, ACK not received.
    WaitAck,
    /// Answered and acknowledged.
    Connected,
    /// The circuit was released with a cause that an announcement explains: then this is the final
    /// response.
    Treatment(Box<Told>),
    /// SIP is done; the circuit is being released.
    Releasing,
    /// Both legs are done.
    Over,
}

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SipToIsup {
    state: State,
    /// The INVITE carried ISUP that was understood, so responses may too (RFC 3398 §7.2.4).
    isup_peer: bool,
    /// The INVITE says that it reads P-Early-Media (RFC 5009 §8).
    early_media_field: bool,
    /// The backward path is through: what the exchange sends is heard.
    path: bool,
    hold: Hold,
}

impl SipToIsup {
    /// A call whose IAM is being sent. `isup_peer`: the INVITE carried ISUP that was understood.
    #[must_use]
    pub fn new(isup_peer: bool) -> Self {
        Self {
            state: State::Trying,
            isup_peer,
            early_media_field: false,
            path: false,
            hold: Hold::default(),
        }
    }

    /// The same for an INVITE that says that it reads P-Early-Media (RFC 5009 §8).
    #[must_use]
    pub fn with_early_media_field(mut self, reads: bool) -> Self {
        self.early_media_field = reads;
        self
    }

    pub(super) fn meets_isup(&mut self) {
        self.isup_peer = true;
    }

    /// The name of the state.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self.state {
            State::Trying => "Trying",
            State::NotAlerting => "NotAlerting",
            State::Alerting => "Alerting",
            State::Announcement(_) => "Announcement",
            State::Treatment(_) => "Treatment",
            State::WaitAck => "WaitAck",
            State::Connected => "Connected",
            State::Releasing => "Releasing",
            State::Over => "Over",
        }
    }

    /// Answered and not being released.
    #[must_use]
    pub fn talks(&self) -> bool {
        matches!(self.state, State::WaitAck | State::Connected)
    }

    /// The next state, and what is to be done.
    #[must_use]
    pub fn step(mut self, context: &Context<'_>, event: Event) -> (Self, Vec<Action>) {
        let actions = match event {
            Event::Isup(indication) => self.isup(context, indication),
            Event::Sip(indication) => self.sip(context, indication),
            Event::Expired(Timer::Interworking) => match self.state.clone() {
                State::Announcement(cause) => self.refuse(context, &cause, None, true),
                _ => Vec::new(),
            },
            Event::Announced | Event::Expired(Timer::Treatment) => self.treated(context),
            // The other timers belong to the other direction, and so does early media of SIP.
            Event::Expired(_) | Event::MediaCame | Event::Digits { .. } => Vec::new(),
            Event::Superseded => self.superseded(),
            Event::Exhausted(fault) => self.exhausted(context, fault, Vec::new()),
            Event::Refused(refusal) => self.refused_by_gateway(context, *refusal),
            Event::Unacceptable { refusal, .. } => self.unacceptable(context, &refusal),
            Event::Shutdown => self.end(context, Fault::Shutdown, Vec::new()),
        };
        (self, actions)
    }

    fn isup(&mut self, context: &Context<'_>, indication: Isup) -> Vec<Action> {
        use State::{
            Alerting, Announcement, Connected, NotAlerting, Over, Releasing, Treatment, Trying,
            WaitAck,
        };
        match (&self.state, indication) {
            (Trying | NotAlerting | Alerting, Isup::Received(message)) => {
                match message.message_type() {
                    MessageType::Acm => self.address_complete(context, &message),
                    MessageType::Cpg => self.backward(
                        context,
                        &message,
                        &backward::progress(context.profile, &message),
                    ),
                    MessageType::Anm | MessageType::Con => self.answer(context, &message),
                    _ => self.pass_to_sip(context, &message),
                }
            }
            (Announcement(_), Isup::Received(message)) => match message.message_type() {
                MessageType::Anm | MessageType::Con => {
                    let mut actions = vec![Action::Stop(Timer::Interworking)];
                    actions.extend(self.answer(context, &message));
                    actions
                }
                _ => self.pass_to_sip(context, &message),
            },
            (WaitAck | Connected, Isup::Received(message)) => self.while_talking(context, &message),
            (Trying, Isup::Repeat { .. }) => vec![Action::Reattempt],
            (NotAlerting | Alerting | Announcement(_), Isup::Repeat { .. }) => {
                // A backward message was seen: a second attempt would be a second call.
                let mut actions = self.fail(context, Fault::CircuitLost, Vec::new());
                actions.extend(self.over());
                actions
            }
            (Treatment(_), Isup::Idle | Isup::Failed { .. } | Isup::Repeat { .. }) => {
                self.idle_while_told();
                Vec::new()
            }
            (Trying | NotAlerting | Alerting | Announcement(_), Isup::Released(rel)) => {
                if let (false, Some(name)) = (
                    matches!(self.state, Announcement(_)),
                    Self::announcement(context, &rel),
                ) {
                    return self.treat(context, rel, name);
                }
                let cause = release::cause_of_rel(&rel);
                let actions = self.refuse(context, &cause, Some(&rel), false);
                self.state = Releasing;
                actions
            }
            (Trying | NotAlerting | Alerting | Announcement(_), Isup::Failed { cause, reason }) => {
                let mut actions = match release::fault(&reason) {
                    Some(fault) => self.fail(context, fault, Vec::new()),
                    None => self.refuse(context, &cause, None, false),
                };
                actions.extend(self.over());
                actions
            }
            (WaitAck | Connected, Isup::Released(rel)) => {
                let cause = release::cause_of_rel(&rel);
                self.state = Releasing;
                self.hang_up(context, &cause, Some(&rel), ReleasedBy::Pstn)
            }
            (WaitAck | Connected, Isup::Failed { cause, .. }) => {
                let mut actions = self.hang_up(context, &cause, None, ReleasedBy::Pstn);
                actions.extend(self.over());
                actions
            }
            (Releasing, Isup::Idle | Isup::Failed { .. } | Isup::Repeat { .. }) => self.over(),
            // Circuit supervision and the far end's last words are not the call's concern. No IAM
            // of this call asks for a check of its circuit.
            (_, Isup::State(_) | Isup::Idle | Isup::Loop(_) | Isup::Check(_))
            | (Releasing | Over, _) => Vec::new(),
            // An IAM never comes up on a circuit that this call holds (dual seizure is Repeat).
            (_, Isup::Setup(_))
            | (WaitAck | Connected, Isup::Repeat { .. })
            | (Treatment(_), Isup::Received(_) | Isup::Released(_)) => Vec::new(),
        }
    }

    fn sip(&mut self, context: &Context<'_>, indication: Sip) -> Vec<Action> {
        use State::{
            Alerting, Announcement, Connected, NotAlerting, Over, Releasing, Treatment, Trying,
            WaitAck,
        };
        match (&self.state, indication) {
            (WaitAck, Sip::Acknowledged { bodies }) => {
                self.state = Connected;
                let mut actions = remote(bodies);
                actions.extend(self.hold.offer());
                actions
            }
            // Of a session that took the place of the first one (RFC 3891).
            (Connected, Sip::Acknowledged { bodies }) => remote(bodies),
            (_, Sip::Pracked { bodies, .. }) => remote(bodies),
            (WaitAck | Connected, Sip::Renegotiate { answered, .. }) => {
                let held = answered
                    .as_ref()
                    .map(|answer| !answer.plan.direction.sends());
                let mut actions = super::agreed(answered);
                if let Some(held) = held {
                    actions.extend(self.hold.by_peer(held, context.variant));
                }
                actions
            }
            (_, Sip::Renegotiate { answered, .. }) => super::agreed(answered),
            (Connected, Sip::Renegotiated { bodies, .. }) => {
                let mut actions = super::concluded(bodies);
                actions.extend(self.hold.answered());
                actions
            }
            (Trying | NotAlerting | Alerting | Announcement(_), Sip::Cancelled { cause, .. }) => {
                // CANCEL has no User-to-User (RFC 7433 §4.1).
                let (headers, bodies) = (Headers::new(), Bodies::default());
                let rel = rel_of(context, &headers, &bodies, cause.as_ref());
                self.give_up(rel, Some(487))
            }
            (
                Trying | NotAlerting | Alerting | Announcement(_) | WaitAck | Connected,
                Sip::Bye {
                    cause,
                    bodies,
                    headers,
                },
            ) => {
                let rel = rel_of(context, &headers, &bodies, cause.as_ref());
                self.give_up(rel, (!self.talks()).then_some(487))
            }
            (
                Trying | NotAlerting | Alerting | Announcement(_) | WaitAck | Connected,
                Sip::Failed { what },
            ) => {
                let row = context.profile.failure(Fault::NoAck);
                let mark = Mark::Release {
                    by: ReleasedBy::Sip,
                    cause: row.cause,
                    status: (!self.talks()).then_some(release::status_of_failure(what)),
                    mapped_by: Some(row.clause.to_string()),
                };
                self.release(release::message(&gateways(row.cause)), mark)
            }
            (
                Trying | NotAlerting | Alerting | Announcement(_) | WaitAck | Connected,
                Sip::Info { bodies, .. },
            ) => match encapsulation::forwardable(context.trunk, &bodies) {
                Some(message) => vec![Action::Isup(Request::Send(message))],
                None => Vec::new(),
            },
            (Treatment(_), Sip::Cancelled { .. } | Sip::Bye { .. }) => self.untold(487),
            (Treatment(_), Sip::Failed { what }) => self.untold(release::status_of_failure(what)),
            (Releasing | Over, _) => Vec::new(),
            // Nothing else reaches a user agent server.
            _ => Vec::new(),
        }
    }

    fn address_complete(&mut self, context: &Context<'_>, acm: &Message) -> Vec<Action> {
        let step = backward::address_complete(context.profile, acm, context.trunk.ringback);
        let mut actions = self.backward(context, acm, &step);
        if let Some(cause) = acm.find::<Cause>() {
            self.state = State::Announcement(cause);
            actions.push(Action::Start(Timer::Interworking));
        }
        actions
    }

    /// ACM or CPG: open the backward path first, then say so.
    fn backward(
        &mut self,
        context: &Context<'_>,
        message: &Message,
        step: &Backward,
    ) -> Vec<Action> {
        let mut actions = Vec::new();
        // What the caller's terminal makes itself is not spoilt by what the exchange sends.
        if step.media && !self.path {
            self.path = true;
            actions.push(Action::Bridge(Bridge::Path {
                to_rtp: true,
                to_timeslot: false,
            }));
        }
        if step.alerting && self.state != State::Alerting {
            self.state = State::Alerting;
            actions.push(Action::Mark(Mark::Alerting));
        } else if self.state == State::Trying {
            self.state = State::NotAlerting;
        }
        let mut headers = self.permission(context, step);
        headers.extend(user_to_user::field(message));
        actions.push(Action::Sip(sip::Request::Progress {
            status: step.status,
            reason: None,
            bodies: Bodies {
                sdp: step.media.then(|| context.sdp.cloned()).flatten(),
                isup: self.isup_body(context, message),
                ..Bodies::default()
            },
            headers,
        }));
        actions
    }

    /// P-Early-Media asks for the backward path where the peer reads it and is of one trust domain
    /// with us (RFC 5009 §8).
    fn permission(&self, context: &Context<'_>, step: &Backward) -> Headers {
        let asks = self.early_media_field && context.trunk.trusted && step.media;
        asks.then(|| EarlyMedia::SendOnly.to_header())
            .into_iter()
            .collect()
    }

    /// A message of the circuit within the conversation. Hold goes to SIP by re-INVITE, or in INFO
    /// to a peer that speaks ISUP (RFC 3398 §9.1).
    fn while_talking(&mut self, context: &Context<'_>, message: &Message) -> Vec<Action> {
        let speaks_isup = self.isup_peer && context.isup && !context.parallel;
        if speaks_isup || context.trunk.suspend == Suspend::Ignore || !self.hold.hear(message) {
            return self.pass_to_sip(context, message);
        }
        match self.state {
            State::Connected => self.hold.offer(),
            // The ACK comes first.
            _ => Vec::new(),
        }
    }

    fn answer(&mut self, context: &Context<'_>, message: &Message) -> Vec<Action> {
        self.state = State::WaitAck;
        vec![
            Action::Bridge(Bridge::Path {
                to_rtp: true,
                to_timeslot: true,
            }),
            Action::Mark(Mark::Answer),
            Action::Sip(sip::Request::Accept {
                bodies: Bodies {
                    sdp: context.sdp.cloned(),
                    isup: self.isup_body(context, message),
                    ..Bodies::default()
                },
                headers: backward::fields_of_answer(context, message),
            }),
        ]
    }

    /// Messages that have no SIP counterpart cross in INFO, when the peer speaks ISUP.
    fn pass_to_sip(&self, context: &Context<'_>, message: &Message) -> Vec<Action> {
        match self.isup_body(context, message) {
            Some(isup) => vec![Action::Sip(sip::Request::Info {
                bodies: Bodies {
                    isup: Some(isup),
                    ..Bodies::default()
                },
            })],
            None => Vec::new(),
        }
    }

    fn isup_body(&self, context: &Context<'_>, message: &Message) -> Option<sip::IsupBody> {
        self.isup_peer.then(|| context.body(message)).flatten()
    }

    fn over(&mut self) -> Vec<Action> {
        self.state = State::Over;
        vec![Action::Finish]
    }
}

/// The peer's SDP, where there is one.
fn remote(bodies: Bodies) -> Vec<Action> {
    bodies
        .sdp
        .map(|sdp| Action::Bridge(Bridge::Remote(sdp)))
        .into_iter()
        .collect()
}
