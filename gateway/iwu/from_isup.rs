//! A message of the exchange arrives; a call from a circuit begins.

use std::sync::Arc;
use std::time::Instant;

use isup::circuit::Indication;
use isup::{Cause, CircuitId, Location, Message};

use super::leg::{Leg, Origin, Route};
use super::told::nowhere;
use super::{Iwu, Output};
use crate::call::{Call, CallId, Event, IsupToSip};
use crate::cdr::{self, CallRecord, ReleasedBy};
use crate::config::Overlap;
use crate::dialplan::{Digits, Query, Route as Routed, Trunk};
use crate::interwork::profile::Fault;
use crate::interwork::{caller, hops, portability, release};

impl Iwu {
    pub(super) fn heard_from_mtp(&mut self, now: Instant, point: usize, output: mtp::Output) {
        let Some(at) = self.points.points.get_mut(point) else {
            return;
        };
        match output {
            mtp::Output::SignalUnit(link, octets) => {
                self.outputs.push_back(Output::SignalUnit(link, octets));
            }
            mtp::Output::Transfer(transfer) => {
                at.isup.handle_transfer(now, &transfer);
                self.trace_transfer(now, point, &transfer, false);
            }
            mtp::Output::Status(status) => {
                at.isup.handle_status(now, status);
                self.trace_status(now, status);
            }
            mtp::Output::Link(link, change) => self.trace_link(now, link, &change),
        }
    }

    pub(super) fn heard_from_isup(
        &mut self,
        now: Instant,
        point: usize,
        output: isup::node::Output,
    ) {
        match output {
            isup::node::Output::Transfer(transfer) => {
                self.trace_transfer(now, point, &transfer, true);
                if let Some(at) = self.points.points.get_mut(point)
                    && let Err(error) = at.mtp.transfer(now, transfer)
                {
                    // ISUP's own timers repeat what matters; the ladder says why.
                    self.trace_note(now, format!("MTP: {error}"));
                }
            }
            isup::node::Output::Indication(circuit, Indication::Setup(iam)) => {
                self.setup(now, circuit, iam);
            }
            isup::node::Output::Indication(circuit, Indication::Check(on)) => {
                self.check_circuit(now, circuit, on);
            }
            isup::node::Output::Indication(circuit, Indication::Loop(on)) => {
                self.answer_check(now, circuit, on);
            }
            isup::node::Output::Indication(circuit, indication) => {
                self.indication(now, circuit, indication);
            }
            isup::node::Output::Timer(circuit, timer, event) => {
                self.trace_timer(now, circuit, timer, event);
            }
            isup::node::Output::Alert(alert) => self.trace_note(now, alert.to_string()),
        }
    }

    fn indication(&mut self, now: Instant, circuit: CircuitId, indication: Indication) {
        let Some(call) = self.by_circuit.get(&circuit).copied() else {
            return;
        };
        // From here on the circuit looks after itself, or is idle.
        if matches!(
            indication,
            Indication::Idle | Indication::Failed { .. } | Indication::Repeat { .. }
        ) {
            self.by_circuit.remove(&circuit);
            if let Some(leg) = self.legs.get_mut(&call) {
                leg.circuit = None;
            }
        }
        self.step(now, call, Event::Isup(indication));
    }

    /// An IAM: a call begins, even if it ends at once; every attempt has its record.
    fn setup(&mut self, now: Instant, circuit: CircuitId, iam: Message) {
        let Some(place) = self.points.circuits.get(&circuit).copied() else {
            return;
        };
        let config = self.config.clone();
        let Some(group) = config.trunk_groups.get(place.group) else {
            return;
        };
        let call = CallId(self.next_call);
        self.next_call += 1;
        self.by_circuit.insert(circuit, call);
        self.claim_rung(call);
        let mut record = CallRecord::new(call, cdr::Origin::PstnToSip, &group.name, self.wall(now));
        record.cic = Some(place.cic.0);
        let profile = self.profiles.of(None, Some(place.group)).clone();
        let caller = caller::calling(&iam, group, &profile);
        record.calling_received = caller.as_ref().map(|(number, _)| number.to_string());
        let called = portability::dialled(&iam, group, &profile);
        record.called_received = called.as_ref().map(ToString::to_string).unwrap_or_default();
        let refusal = |cause: u8, why: &str| (cause, why.to_owned());
        let overlaps = group.overlap != Overlap::Off;
        let (digits, _) = self.digits_of(place.group, &iam, called.as_ref());
        let waits = overlaps && digits != Digits::All;
        let verdict = match (&self.drain, &called) {
            (Some(_), _) => Err(refusal(42, "shutting down")),
            // Without a SIP trunk no context could be made for the call.
            (None, Some(_)) if config.sip_trunks.is_empty() => {
                Err(refusal(3, "no SIP trunk is configured"))
            }
            (None, Some(_)) if hops::max_forwards(&profile, &iam).is_none() => {
                let row = profile.failure(Fault::NoHops);
                Err(refusal(row.cause, "the hop counter is used up"))
            }
            // The next digits decide.
            (None, None) if waits => Ok((Arc::from([]), nowhere())),
            (None, None) => Err(refusal(28, "the called party number is none to route by")),
            (None, Some(called)) => {
                let from = Trunk::Group(place.group);
                let decision = self.plan.route(Query { called, from });
                record.rule = decision.rule.as_ref().map(ToString::to_string);
                match &decision.route {
                    Routed::To(targets) => Ok((targets.clone(), decision)),
                    Routed::Reject(cause) => Err(refusal(*cause, "rule of the dial plan")),
                    Routed::Incomplete | Routed::None if waits => Ok((Arc::from([]), decision)),
                    Routed::Incomplete => Err(refusal(28, "the number is incomplete")),
                    Routed::None => Err(refusal(3, "no rule of the dial plan takes it")),
                }
            }
        };
        match verdict {
            Ok((targets, decision)) => {
                let (machine, actions) = match waits {
                    true => (IsupToSip::collecting(&iam), Vec::new()),
                    false => IsupToSip::new(&iam),
                };
                let received = Vec::new();
                let route = Route::new(targets, decision, Origin::Isup { iam, received });
                let machine = Call::IsupToSip(machine);
                let mut leg = Leg::new(machine, 0, place.group, profile, record, route);
                leg.circuit = Some(circuit);
                self.legs.insert(call, leg);
                if let Some(bridge) = self.open_bridge(now, call, circuit) {
                    if let Some(leg) = self.legs.get_mut(&call) {
                        leg.bridge = Some(bridge);
                    }
                    self.apply(now, call, actions);
                    match waits {
                        true => self.tell_digits(now, call, digits),
                        false => self.attempt(now, call),
                    }
                } else {
                    self.step(now, call, Event::Exhausted(Fault::NoPort));
                }
            }
            Err((value, why)) => {
                let told = self.tell_circuit(
                    now,
                    circuit,
                    (place.group, profile),
                    (iam, record),
                    (value, &why),
                );
                let Err(mut record) = told else { return };
                self.by_circuit.remove(&circuit);
                let cause = Cause::new(value, Location::BeyondInterworkingPoint);
                record.cause = Some(value);
                record.mapped_by = Some(why);
                record.end(self.wall(now), ReleasedBy::Gateway);
                let rel = isup::circuit::Request::Release(release::message(&cause));
                self.ask_isup(now, call, circuit, rel);
                self.record(*record);
            }
        }
    }
}
