//! Callers who are told why the gateway itself refuses their call: no way, no number, no circuit.
//!
//! A caller on a circuit hears it there. One from SIP has no circuit: the bridge is on a timeslot
//! of a span without a line, which the media thread of the first span moves along with its own.

use std::sync::Arc;
use std::time::Instant;

use isup::{CircuitId, Message};
use media_bridge::BridgeId;
use tdm::{Framing, Law, SpanId, Timeslot};

use super::leg::{Leg, Origin, Route};
use super::{Iwu, attempt};
use crate::call::{Call, CallId, Event, IsupToSip, Refusal, SipToIsup};
use crate::cdr::CallRecord;
use crate::config::Config;
use crate::dialplan::{Decision, Number, Route as Routed};
use crate::interwork::profile::{Fault, Profile};
use crate::sip::{Headers, Incoming, Request, SessionId};

/// The way of a number without digits.
pub(super) fn nowhere() -> Decision {
    Decision {
        rule: None,
        number: Number::default(),
        nature: None,
        route: Routed::Incomplete,
    }
}

impl Iwu {
    /// The span without a line on which callers from SIP are told why there is no circuit: none
    /// where no SIP trunk has announcements. It is moved with the first span of the configuration,
    /// whose RTP ports it uses, and clocks nobody.
    #[must_use]
    pub fn span_without_line(&self) -> Option<SpanId> {
        span_without_line(&self.config)
    }

    /// A call from a circuit that is refused, where its trunk group has an announcement of the
    /// cause; the record comes back where it has none.
    pub(super) fn tell_circuit(
        &mut self,
        now: Instant,
        circuit: CircuitId,
        (group, profile): (usize, Arc<Profile>),
        (iam, record): (Message, CallRecord),
        (cause, why): (u8, &str),
    ) -> Result<(), Box<CallRecord>> {
        let announcements = self.config.trunk_groups.get(group);
        let announcements = announcements.map(|group| &group.announcements);
        let announcement = announcements.and_then(|of| of.get(&cause.to_string()).cloned());
        // Without a SIP trunk no context could be made for the call.
        if announcement.is_none() || self.drain.is_some() || self.config.sip_trunks.is_empty() {
            return Err(Box::new(record));
        }
        let call = record.call;
        let Some(bridge) = self.open_bridge(now, call, circuit) else {
            return Err(Box::new(record));
        };
        let machine = Call::IsupToSip(IsupToSip::new(&iam).0);
        let received = Vec::new();
        let route = Route::new(Arc::from([]), nowhere(), Origin::Isup { iam, received });
        let mut leg = Leg::new(machine, 0, group, profile, record, route);
        leg.circuit = Some(circuit);
        leg.bridge = Some(bridge);
        self.legs.insert(call, leg);
        let refusal = Refusal {
            cause,
            status: None,
            why: why.to_owned(),
            headers: Headers::new(),
            announcement,
        };
        self.step(now, call, Event::Refused(Box::new(refusal)));
        Ok(())
    }

    /// A call from SIP that the dial plan refuses, where its trunk has an announcement of the
    /// cause; the record comes back where it has none, or where it cannot be heard.
    pub(super) fn tell_sip(
        &mut self,
        now: Instant,
        session: SessionId,
        (index, profile): (usize, Arc<Profile>),
        (incoming, record): (&Incoming, CallRecord),
        mut refusal: Refusal,
    ) -> Result<(), Box<CallRecord>> {
        refusal.announcement = self.announcement_to_sip(index, refusal.cause);
        let joined = self.junctions.has(session);
        if refusal.announcement.is_none() || incoming.bodies.sdp.is_none() || joined {
            return Err(Box::new(record));
        }
        let call = record.call;
        let origin = Origin::Sip {
            incoming: Box::new(incoming.clone()),
            template: None,
            caller: None,
        };
        let route = Route::new(Arc::from([]), nowhere(), origin);
        let machine = Call::SipToIsup(SipToIsup::new(false));
        let mut leg = Leg::new(machine, index, 0, profile, record, route);
        leg.session = Some(session);
        self.legs.insert(call, leg);
        self.by_session.insert(session, call);
        self.refuse_told(now, call, refusal);
        Ok(())
    }

    /// No circuit for a call from SIP: whether the caller is told, or is to be refused at once.
    pub(super) fn tell_no_circuit(&mut self, now: Instant, call: CallId, fault: Fault) -> bool {
        let Some(leg) = self.legs.get(&call) else {
            return false;
        };
        let mut refusal = Refusal::of(&leg.profile, fault);
        refusal.announcement = self.announcement_to_sip(leg.trunk, refusal.cause);
        let offered = match &leg.route.origin {
            Origin::Sip { incoming, .. } => incoming.bodies.sdp.is_some(),
            Origin::Isup { .. } => false,
        };
        // A party that is joined to another call is nobody who called.
        if refusal.announcement.is_none() || !offered || leg.inner.is_some() {
            return false;
        }
        self.refuse_told(now, call, refusal);
        true
    }

    fn announcement_to_sip(&self, trunk: usize, cause: u8) -> Option<String> {
        let trunk = self.config.sip_trunks.get(trunk)?;
        trunk.announcements.get(&cause.to_string()).cloned()
    }

    /// Refuses a call from SIP, with its announcement where media can be had for it.
    fn refuse_told(&mut self, now: Instant, call: CallId, mut refusal: Refusal) {
        if self.open_to_tell(now, call).is_none() {
            refusal.announcement = None;
        }
        self.step(now, call, Event::Refused(Box::new(refusal)));
    }

    /// A bridge without a circuit, with the media that the caller offers.
    fn open_to_tell(&mut self, now: Instant, call: CallId) -> Option<()> {
        let config = self.config.clone();
        let leg = self.legs.get_mut(&call)?;
        let trunk = config.sip_trunks.get(leg.trunk)?;
        leg.plan = None;
        if let Some(bridge) = leg.bridge.take() {
            self.close_bridge(bridge);
        }
        let bridge = self.open_bridge_without_line(now, call)?;
        self.legs.get_mut(&call)?.bridge = Some(bridge);
        let local = self.capabilities(bridge, trunk)?;
        let leg = self.legs.get(&call)?;
        let Origin::Sip { incoming, .. } = &leg.route.origin else {
            return None;
        };
        let (octets, plan) = self.agree(incoming, &local).ok()?;
        let (plan, session) = (plan?, leg.session?);
        let policy = attempt::policy(trunk, local.srtp);
        self.legs.get_mut(&call)?.local = Some((local, octets));
        self.ask_sip(now, call, session, Request::Policy(policy));
        self.agree_on(now, call, plan);
        Some(())
    }

    /// A bridge on the span without a line; none where all its timeslots are taken, or no more RTP
    /// ports are free than the circuits of the first span may need.
    fn open_bridge_without_line(&mut self, now: Instant, call: CallId) -> Option<BridgeId> {
        let span = self.span_without_line()?;
        let ports = SpanId(0);
        let idle = self.points.circuits.iter();
        let idle =
            idle.filter(|(id, place)| place.span == ports && !self.by_circuit.contains_key(id));
        if self.ports.first()?.free() <= idle.count() {
            return None;
        }
        let taken = |timeslot: &Timeslot| {
            let bridges = (span, *timeslot, BridgeId(0))..=(span, *timeslot, BridgeId(u32::MAX));
            self.bridged.range(bridges).next().is_some()
        };
        let mut timeslots = (1..=Framing::E1.timeslots()).filter_map(Timeslot::new);
        let timeslot = timeslots.find(|timeslot| !taken(timeslot))?;
        self.open_on(now, call, (span, timeslot), ports, Law::ALaw)
    }
}

fn span_without_line(config: &Config) -> Option<SpanId> {
    let mut trunks = config.sip_trunks.iter();
    let announces = trunks.any(|trunk| !trunk.announcements.is_empty());
    let next = u16::try_from(config.spans.len()).ok()?;
    (announces && next > 0).then_some(SpanId(next))
}
