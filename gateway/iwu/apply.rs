//! What a call asks for is done: requests to its legs, timers, its end.

use std::time::{Duration, Instant};

use isup::circuit::{Request, Timer as Q764};
use isup::{CircuitId, Message, Variant};

use super::Iwu;
use super::leg::trunk_of;
use crate::call::{Action, CallId, Context, Event, Timer};
use crate::config::IsupMode;
use crate::interwork::convert;
use crate::sip::{self, SessionId};
use crate::trunk_group;

impl Iwu {
    /// Lets a call hear something and does what it asks for.
    pub(super) fn step(&mut self, now: Instant, id: CallId, event: Event) {
        let config = self.config.clone();
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let inner = leg.inner.clone();
        let trunk = trunk_of(inner.as_deref(), leg.trunk, &config);
        let (Some(trunk), Some(call)) = (trunk, leg.call.take()) else {
            return;
        };
        let profile = leg.profile.clone();
        let own_host = config.sip.listen.address().to_string();
        let context = Context {
            profile: &profile,
            trunk,
            variant: self.points.variant(leg.group),
            isup: trunk.isup != IsupMode::Off && !leg.without_isup,
            parallel: leg.parallel,
            sdp: leg.local.as_ref().map(|(_, octets)| octets),
            group: config.trunk_groups.get(leg.group),
            own_host: &own_host,
        };
        let before = call.state();
        let (call, actions) = call.step(&context, event);
        let after = call.state();
        leg.call = Some(call);
        if before != after {
            self.trace_state(now, id, after);
        }
        self.apply(now, id, actions);
    }

    pub(super) fn apply(&mut self, now: Instant, id: CallId, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Sip(request) => {
                    match &request {
                        sip::Request::Cancel { headers } => self.cancel_earlier(now, id, headers),
                        sip::Request::Bye { .. } => self.drop_transfer(now, id),
                        _ => {}
                    }
                    if let Some(session) = self.legs.get(&id).and_then(|leg| leg.session) {
                        self.ask_sip(now, id, session, request);
                    }
                }
                Action::Isup(request) => {
                    if let Some(circuit) = self.legs.get(&id).and_then(|leg| leg.circuit) {
                        self.ask_isup(now, id, circuit, request);
                    }
                }
                Action::Bridge(request) => self.bridge(now, id, request),
                Action::Start(timer) => match self.length(id, timer) {
                    Some(length) => self.timers.start(id, timer, now + length),
                    None => self.timers.stop(id, timer),
                },
                Action::Stop(timer) => self.timers.stop(id, timer),
                Action::Collect(sam) => self.collect(now, id, &sam),
                Action::Attempt => self.attempt_with_digits(now, id),
                Action::Reattempt => self.reattempt(now, id),
                Action::WithoutIsup => {
                    if let Some(leg) = self.legs.get_mut(&id) {
                        leg.without_isup = true;
                    }
                }
                Action::Redirect(contacts) => self.redirect(now, id, contacts),
                Action::Offer { held } => self.offer(now, id, held),
                Action::Mark(mark) => self.mark(now, id, mark),
                Action::Finish => self.finish(now, id),
            }
        }
    }

    /// A request to the endpoint. One that it refuses is the gateway's fault: a final answer
    /// then goes out bare, so that the peer is never left without one.
    pub(super) fn ask_sip(
        &mut self,
        now: Instant,
        call: CallId,
        session: SessionId,
        request: sip::Request,
    ) -> bool {
        if self.junctions.has(session) {
            return self.ask_junction(now, call, session, request);
        }
        let bare = match &request {
            sip::Request::Reject { status, .. } => Some(sip::Request::Reject {
                status: *status,
                reason: None,
                headers: Vec::new(),
                bodies: sip::Bodies::default(),
            }),
            sip::Request::Bye { .. } => Some(sip::Request::Bye {
                headers: Vec::new(),
                bodies: sip::Bodies::default(),
            }),
            sip::Request::Cancel { .. } => Some(sip::Request::Cancel {
                headers: Vec::new(),
            }),
            _ => None,
        };
        let Err(error) = self.sip.request(now, session, request) else {
            return true;
        };
        tracing::warn!(%call, %error, "SIP request");
        self.trace_call(now, call, error.to_string());
        bare.is_some_and(|bare| self.sip.request(now, session, bare).is_ok())
    }

    /// A request to a circuit; false when it refuses.
    pub(super) fn ask_isup(
        &mut self,
        now: Instant,
        call: CallId,
        circuit: CircuitId,
        request: Request,
    ) -> bool {
        let point = self.points.circuits.get(&circuit).map(|place| place.point);
        let variant = point.and_then(|point| Some(self.points.points.get(point)?.variant));
        let Some(request) = self.in_variant(now, call, variant.unwrap_or_default(), request) else {
            return false;
        };
        let Some(point) = point.and_then(|point| self.points.points.get_mut(point)) else {
            return false;
        };
        let Err(error) = point.isup.request(now, circuit, request) else {
            return true;
        };
        tracing::warn!(%call, %error, "ISUP request");
        self.trace_call(now, call, error.to_string());
        false
    }

    /// A request whose message is one of the circuit's variant; none where that variant has no
    /// message that says it.
    fn in_variant(
        &mut self,
        now: Instant,
        call: CallId,
        variant: Variant,
        request: Request,
    ) -> Option<Request> {
        let (message, again): (_, fn(Message) -> Request) = match request {
            Request::Setup(message) => (message, Request::Setup),
            Request::Send(message) => (message, Request::Send),
            Request::Release(message) => (message, Request::Release),
            other => return Some(other),
        };
        if message.variant() == variant {
            return Some(again(message));
        }
        match convert::to(variant, &message) {
            Some(converted) => {
                self.note_changes(now, call, &converted.changes);
                Some(again(converted.message))
            }
            None => {
                let text = format!("{} is not sent: {variant} has none", message.message_type());
                self.trace_call(now, call, text);
                None
            }
        }
    }

    /// How long a timer runs, by the configuration; none for one that is off.
    fn length(&self, id: CallId, timer: Timer) -> Option<Duration> {
        let leg = self.legs.get(&id)?;
        let group = self.config.trunk_groups.get(leg.group)?;
        match timer {
            Timer::Interworking | Timer::Treatment => Some(group.announcement),
            Timer::EarlyMedia => Some(leg.trunk(&self.config)?.early_media_wait),
            Timer::T10 | Timer::T11 | Timer::T35 => {
                let timers = trunk_group::timers(&group.timers).ok()?;
                match timer {
                    Timer::T11 => timers.get(Q764::T11),
                    Timer::T35 => timers.get(Q764::T35),
                    // Off: nothing is waited for.
                    _ => Some(timers.get(Q764::T10).unwrap_or_default()),
                }
            }
        }
    }

    /// Both legs are done: the bridge closes, and the record waits for what it counted.
    fn finish(&mut self, now: Instant, id: CallId) {
        let Some(leg) = self.legs.remove(&id) else {
            return;
        };
        self.timers.stop_all(id);
        if let Some(circuit) = leg.circuit {
            self.by_circuit.remove(&circuit);
        }
        self.trace_call(now, id, "over".to_owned());
        if let Some(bridge) = leg.bridge {
            self.close_bridge(bridge);
        }
        self.ended(leg.record, leg.bridge);
    }
}
