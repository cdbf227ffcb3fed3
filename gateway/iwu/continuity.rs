//! Continuity checks (Q.764 §2.1.8): the circuits ask for tones and loops, whether they belong to a
//! call or not, and hear what came back.

use std::time::Instant;

use isup::CircuitId;
use isup::circuit::Request;
use media_bridge::Command;
use media_bridge::continuity::{Continuity, Heard, Mode};
use tdm::{SpanId, Timeslot};

use super::Iwu;
use crate::call::CallId;
use crate::config::TrunkGroup;
use crate::ladder::What;

impl Iwu {
    /// Whether the IAM of this call is to ask for a check: those of a trunk group do by its
    /// configured share, and all of a call's attempts as the first that did.
    pub(super) fn takes_check(&mut self, call: CallId, group: usize, config: &TrunkGroup) -> bool {
        let Some(before) = self.outgoing.get_mut(group) else {
            return false;
        };
        let due = config.continuity_check.checks(*before);
        *before += 1;
        let Some(leg) = self.legs.get_mut(&call) else {
            return false;
        };
        leg.route.checked |= due;
        leg.route.checked
    }

    /// A circuit wants its check tone sent, or stopped.
    pub(super) fn check_circuit(&mut self, now: Instant, circuit: CircuitId, on: bool) {
        let back = self.tone_return(circuit);
        self.continuity(circuit, on.then_some(Mode::Check(back)));
        let text = if on {
            "check tone on"
        } else {
            "check tone off"
        };
        self.trace_check(now, circuit, text.to_owned());
    }

    /// A circuit wants the far end's check tone given back, or no more.
    pub(super) fn answer_check(&mut self, now: Instant, circuit: CircuitId, on: bool) {
        let back = self.tone_return(circuit);
        self.continuity(circuit, on.then_some(Mode::Answer(back)));
        let text = if on {
            "loop for a check tone"
        } else {
            "loop off"
        };
        self.trace_check(now, circuit, text.to_owned());
    }

    /// The media bridge has heard a check tone come back, or has not until it was stopped.
    pub(super) fn checked(&mut self, now: Instant, span: SpanId, timeslot: Timeslot, heard: Heard) {
        let Some(circuit) = self.points.by_timeslot.get(&(span, timeslot)).copied() else {
            return;
        };
        let point = self.points.circuits.get(&circuit).map(|place| place.point);
        let text = match heard.good {
            true => format!("check tone came back at {}", heard.level),
            false => format!("no check tone came back, heard {}", heard.level),
        };
        self.trace_check(now, circuit, text);
        // T24 may have ended meanwhile: the circuit has then decided, and refuses.
        if heard.good
            && let Some(point) = point.and_then(|point| self.points.points.get_mut(point))
            && let Err(late) = point.isup.request(now, circuit, Request::Checked(true))
        {
            self.trace_note(now, late.to_string());
        }
    }

    /// How a check tone comes back on this circuit.
    fn tone_return(&self, circuit: CircuitId) -> media_bridge::continuity::Return {
        self.points
            .circuits
            .get(&circuit)
            .and_then(|place| self.config.trunk_groups.get(place.group))
            .map(|group| group.continuity_return)
            .unwrap_or_default()
    }

    fn continuity(&mut self, circuit: CircuitId, mode: Option<Mode>) {
        let Some(place) = self.points.circuits.get(&circuit).copied() else {
            return;
        };
        let Some(group) = self.config.trunk_groups.get(place.group) else {
            return;
        };
        let (span, timeslot, law) = (place.span, place.timeslot, group.law);
        self.command(
            span,
            Command::Continuity {
                span,
                timeslot,
                check: mode.map(|mode| Box::new(Continuity::new(mode, law))),
            },
        );
    }

    /// A rung of the call that has the circuit, when one has.
    fn trace_check(&mut self, now: Instant, circuit: CircuitId, text: String) {
        let call = self.by_circuit.get(&circuit).copied();
        let text = match (call, self.points.circuits.get(&circuit)) {
            (None, Some(place)) => format!("CIC {}: {text}", place.cic.0),
            _ => text,
        };
        self.rung(now, call, What::Media(text));
    }
}
