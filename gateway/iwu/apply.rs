//! What a call asks for is done: requests to its legs, timers, further attempts, its end.

use std::time::Instant;

use isup::{CircuitId, NatureOfAddress};

use super::leg::Origin;
use super::{Iwu, from_sip};
use crate::call::{Action, CallId, Context, Event, Timer};
use crate::dialplan::{Number, Trunk};
use crate::interwork::number;
use crate::interwork::profile::{FailureRow, Profile, RFC3398};
use crate::interwork::{iam, invite};
use crate::sip::sdp;
use crate::sip::{self, Policy, Renegotiation, SessionId};
use crate::trunk_group;

/// Every RTP port of the span is taken.
pub(super) const NO_PORT: FailureRow = FailureRow {
    status: 503,
    cause: 47,
    clause: "no RTP port is free",
};
/// How many circuits one call may try; Q.764 §2.8.1 asks for at least one repeat.
const MOST_ATTEMPTS: u8 = 4;

/// What came of looking for a way out.
enum Way {
    Taken,
    Exhausted(FailureRow),
    Unacceptable(sdp::Refusal),
}

impl Iwu {
    /// Lets a call hear something and does what it asks for.
    pub(super) fn step(&mut self, now: Instant, id: CallId, event: Event) {
        let config = self.config.clone();
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let (Some(trunk), Some(call)) = (config.sip_trunks.get(leg.trunk), leg.call.take()) else {
            return;
        };
        let profile = config
            .trunk_groups
            .get(leg.group)
            .map_or_else(|| &RFC3398, |group| Profile::configured(group.profile));
        let context = Context {
            profile,
            trunk,
            sdp: leg.local.as_ref().map(|(_, octets)| octets),
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
                Action::Start(timer) => {
                    self.stop(id, timer);
                    self.timers.insert((now + timer.duration(), id, timer));
                }
                Action::Stop(timer) => self.stop(id, timer),
                Action::Reattempt => self.reattempt(now, id),
                Action::Mark(mark) => self.mark(now, id, mark),
                Action::Finish => self.finish(now, id),
            }
        }
    }

    /// A request to the endpoint; its misuse would be the gateway's fault and is told.
    pub(super) fn ask_sip(
        &mut self,
        now: Instant,
        call: CallId,
        session: SessionId,
        request: sip::Request,
    ) {
        if let Err(error) = self.sip.request(now, session, request) {
            tracing::warn!(%call, %error, "SIP request");
            self.trace_call(now, call, error.to_string());
        }
    }

    /// A request to a circuit.
    pub(super) fn ask_isup(
        &mut self,
        now: Instant,
        call: CallId,
        circuit: CircuitId,
        request: isup::circuit::Request,
    ) {
        let Some(place) = self.points.circuits.get(&circuit) else {
            return;
        };
        let Some(point) = self.points.points.get_mut(place.point) else {
            return;
        };
        if let Err(error) = point.isup.request(now, circuit, request) {
            tracing::warn!(%call, %error, "ISUP request");
            self.trace_call(now, call, error.to_string());
        }
    }

    /// Takes the next way out of the dial plan's list, and says so when there is none.
    pub(super) fn attempt(&mut self, now: Instant, id: CallId) {
        let way = match self.legs.get(&id).map(|leg| &leg.route.origin) {
            Some(Origin::Sip { .. }) => self.seize_circuit(now, id),
            Some(Origin::Isup { .. }) => self.invite_next(now, id),
            None => return,
        };
        match way {
            Way::Taken => {}
            Way::Exhausted(row) => self.step(now, id, Event::Exhausted(row)),
            Way::Unacceptable(refusal) => {
                self.trace_call(now, id, refusal.to_string());
                self.step(now, id, Event::Unacceptable(refusal));
            }
        }
    }

    fn reattempt(&mut self, now: Instant, id: CallId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        leg.route.attempts += 1;
        match leg.route.origin {
            // Another circuit of the same group comes first: this one is not idle any more.
            Origin::Sip { .. } => {
                if let Some(bridge) = leg.bridge.take() {
                    self.close_bridge(bridge);
                }
            }
            Origin::Isup { .. } => leg.route.next += 1,
        }
        self.attempt(now, id);
    }

    /// SIP to PSTN: a circuit of the first trunk group that has an idle one.
    fn seize_circuit(&mut self, now: Instant, id: CallId) -> Way {
        let config = self.config.clone();
        loop {
            let Some(leg) = self.legs.get(&id) else {
                return Way::Taken;
            };
            let profile = &RFC3398;
            if leg.route.attempts >= MOST_ATTEMPTS {
                return Way::Exhausted(profile.no_circuit);
            }
            let Some(target) = leg.route.targets.get(leg.route.next).copied() else {
                return Way::Exhausted(profile.no_circuit);
            };
            let found = match target {
                Trunk::Group(group) => self.select(group).map(|circuit| (group, circuit)),
                Trunk::Sip(_) => None,
            };
            let Some((index, circuit)) = found else {
                self.skip(now, id, target);
                continue;
            };
            let Some(bridge) = self.open_bridge(now, id, circuit) else {
                return Way::Exhausted(NO_PORT);
            };
            let Some(leg) = self.legs.get_mut(&id) else {
                return Way::Taken;
            };
            leg.bridge = Some(bridge);
            leg.group = index;
            let Some(leg) = self.legs.get(&id) else {
                return Way::Taken;
            };
            let (Some(group), Some(trunk)) = (
                config.trunk_groups.get(index),
                config.sip_trunks.get(leg.trunk),
            ) else {
                return Way::Exhausted(profile.no_circuit);
            };
            let Origin::Sip {
                incoming,
                template,
                caller,
            } = &leg.route.origin
            else {
                return Way::Exhausted(profile.no_circuit);
            };
            let Some(local) = self.capabilities(bridge, trunk) else {
                return Way::Exhausted(NO_PORT);
            };
            let (octets, plan) = match self.agree(incoming, &local) {
                Ok(agreed) => agreed,
                Err(refusal) => return Way::Unacceptable(refusal),
            };
            let (digits, nature) = outgoing(&leg.route.number, leg.route.nature, group);
            let setup = iam::Setup {
                template: template.as_ref(),
                called: &digits,
                nature,
                caller: caller.as_ref(),
                codec: plan.map_or(sdp::Codec::Pcma, |plan| plan.codec),
                group,
            };
            let Ok(iam) = iam::iam(&setup) else {
                return Way::Exhausted(FailureRow {
                    status: 484,
                    cause: 28,
                    clause: "Q.763 §3.9: no address signals",
                });
            };
            let policy = Policy {
                reliable: from_sip::reliable(trunk),
                renegotiation: Renegotiation::Automatic,
            };
            let Some(leg) = self.legs.get_mut(&id) else {
                return Way::Taken;
            };
            leg.circuit = Some(circuit);
            leg.local = Some((local, octets));
            leg.record.to_trunk = Some(group.name.clone());
            leg.record.called_sent = Some(digits);
            leg.record.cic = self.points.circuits.get(&circuit).map(|place| place.cic.0);
            let session = leg.session;
            self.by_circuit.insert(circuit, id);
            if let Some(session) = session {
                self.ask_sip(now, id, session, sip::Request::Policy(policy));
            }
            if let Some(plan) = plan {
                self.agree_on(now, id, plan);
            }
            self.ask_isup(now, id, circuit, isup::circuit::Request::Setup(iam));
            return Way::Taken;
        }
    }

    /// PSTN to SIP: the next SIP trunk.
    fn invite_next(&mut self, now: Instant, id: CallId) -> Way {
        let config = self.config.clone();
        loop {
            let Some(leg) = self.legs.get(&id) else {
                return Way::Taken;
            };
            let profile = &RFC3398;
            let Some(target) = leg.route.targets.get(leg.route.next).copied() else {
                return Way::Exhausted(match leg.route.attempts {
                    0 => profile.no_route,
                    _ => profile.no_response,
                });
            };
            let Trunk::Sip(index) = target else {
                self.skip(now, id, target);
                continue;
            };
            let (Some(trunk), Some(group), Some(bridge)) = (
                config.sip_trunks.get(index),
                config.trunk_groups.get(leg.group),
                leg.bridge,
            ) else {
                return Way::Exhausted(profile.no_route);
            };
            let Some(local) = self.capabilities(bridge, trunk) else {
                return Way::Exhausted(NO_PORT);
            };
            let Origin::Isup { iam } = &leg.route.origin else {
                return Way::Exhausted(profile.no_route);
            };
            let offer = sdp::offer(&local);
            let invite = invite::invite(&invite::Setup {
                iam,
                called: &leg.route.number,
                group,
                trunk,
                own_host: config.sip.listen.to_string(),
                offer: offer.clone(),
            });
            let session = self.sip.new_session();
            let Some(leg) = self.legs.get_mut(&id) else {
                return Way::Taken;
            };
            leg.trunk = index;
            leg.session = Some(session);
            leg.local = Some((local, offer));
            leg.plan = None;
            leg.record.to_trunk = Some(trunk.name.clone());
            leg.record.called_sent = Some(leg.route.number.to_string());
            leg.record
                .calling_sent
                .clone_from(&leg.record.calling_received);
            self.by_session.insert(session, id);
            let policy = Policy {
                reliable: from_sip::reliable(trunk),
                renegotiation: Renegotiation::Automatic,
            };
            self.ask_sip(now, id, session, sip::Request::Invite(Box::new(invite)));
            self.ask_sip(now, id, session, sip::Request::Policy(policy));
            self.inviting = Some(id);
            return Way::Taken;
        }
    }

    /// An idle circuit of a trunk group, by its hunt.
    fn select(&self, group: usize) -> Option<CircuitId> {
        let candidates = self.points.groups.get(group)?;
        let place = self.points.circuits.get(candidates.first()?)?;
        let hunt = trunk_group::hunt(self.config.trunk_groups.get(group)?.hunt);
        self.points
            .points
            .get(place.point)?
            .isup
            .select(candidates, hunt)
    }

    fn skip(&mut self, now: Instant, id: CallId, target: Trunk) {
        let name = match target {
            Trunk::Group(index) => self
                .config
                .trunk_groups
                .get(index)
                .map(|g| format!("{}: no idle circuit", g.name)),
            Trunk::Sip(index) => self
                .config
                .sip_trunks
                .get(index)
                .map(|t| format!("{}: not for this direction", t.name)),
        };
        self.trace_call(now, id, name.unwrap_or_default());
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.route.next += 1;
        }
    }

    fn stop(&mut self, id: CallId, timer: Timer) {
        self.timers
            .retain(|(_, call, running)| !(*call == id && *running == timer));
    }

    /// Both legs are done: the bridge closes, and the record waits for what it counted.
    fn finish(&mut self, now: Instant, id: CallId) {
        let Some(leg) = self.legs.remove(&id) else {
            return;
        };
        self.timers.retain(|(_, call, _)| *call != id);
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

/// Digits and nature of address that go out: the dial plan's nature when it names one, otherwise
/// by the form of the number.
fn outgoing(
    number: &Number,
    nature: Option<NatureOfAddress>,
    group: &crate::config::TrunkGroup,
) -> (String, NatureOfAddress) {
    match nature {
        Some(nature) => (number.digits.clone(), nature),
        None => number::to_parameter(number, group),
    }
}
