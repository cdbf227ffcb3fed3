//! Continuity checks of the circuits, in both directions (Q.764 clause 2.1.8).

use std::time::Instant;

use isup::circuit::Request;
use isup::{CircuitId, Message, NatureOfConnection};
use media_bridge::continuity::{Continuity, Heard, Mode, Return};
use tdm::{SpanId, SpanTick};

use super::{Exchange, ExchangeEventKind};

impl Exchange {
    /// Starts or ends the tone, or the loop, on a circuit.
    pub(super) fn check(
        &mut self,
        now: Instant,
        circuit: CircuitId,
        mode: Option<fn(Return) -> Mode>,
    ) {
        let Some(trunk) = self.trunks.get_mut(&circuit) else {
            return;
        };
        let new = mode.map(|mode| Continuity::new(mode(trunk.continuity_return), trunk.law));
        let old = std::mem::replace(&mut trunk.check, new);
        let heard = old.and_then(|check| check.heard());
        if let Some(heard) = heard.filter(|heard| !heard.good) {
            self.log(now, Some(circuit), ExchangeEventKind::Continuity(heard));
        }
    }

    /// One tick of the timeslots that are being checked.
    pub(super) fn tick_checks(
        &mut self,
        now: Instant,
        span: SpanId,
        rx: &SpanTick,
        tx: &mut SpanTick,
    ) {
        let circuits = self.on_span.get(&span).into_iter().flatten();
        let passed: Vec<(CircuitId, Heard)> = circuits
            .filter_map(|circuit| {
                let trunk = self.trunks.get_mut(circuit)?;
                let (slot, check) = (trunk.timeslot, trunk.check.as_mut()?);
                let heard = check.receive(rx.timeslot(slot));
                check.transmit(tx.timeslot_mut(slot));
                Some((*circuit, heard?))
            })
            .collect();
        for (circuit, heard) in passed {
            self.log(now, Some(circuit), ExchangeEventKind::Continuity(heard));
            // T24 may have ended meanwhile; the circuit then refuses.
            if let Err(error) = self.node.request(now, circuit, Request::Checked(true)) {
                let alert = ExchangeEventKind::Alert(error.to_string());
                self.log(now, Some(circuit), alert);
            }
            self.pump(now);
        }
    }

    /// The IAM for a circuit: it asks for a check when one is due there.
    pub(super) fn with_check(&mut self, circuit: CircuitId, iam: &Message) -> Message {
        let connection = iam.find::<NatureOfConnection>().unwrap_or_default();
        let mut iam = iam.clone();
        if let Some(trunk) = self.trunks.get_mut(&circuit) {
            if trunk.continuity_check.checks(trunk.outgoing) {
                iam.set(connection.with_continuity_check(isup::ContinuityCheck::Required));
            }
            trunk.outgoing += 1;
        }
        iam
    }
}
