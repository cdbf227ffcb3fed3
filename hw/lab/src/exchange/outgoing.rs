//! Calls from a subscriber to the line (Q.764 clause 2.1.1).

use std::time::Instant;

use isup::circuit::Request;
use isup::node::{CallClass, Hunt};
use isup::{
    CallingPartysCategory, CircuitId, ForwardCallIndicators, Message, MessageType,
    NatureOfConnection, TransmissionMediumRequirement,
};

use super::number::{called, calling};
use super::{Call, CallEvent, Exchange, ExchangeEventKind, Phase, RequestError, Step, Voice};
use crate::config::Behaviour;

/// Normal call clearing (Q.850).
const NORMAL_CLEARING: u8 = 16;

impl Exchange {
    /// Places a call from one number to another, written with `+` or as dialled; the circuit it
    /// takes. A caller among the subscribers hangs up as configured.
    ///
    /// # Errors
    /// When a number is none or no circuit is free.
    pub fn place_call(
        &mut self,
        now: Instant,
        from: &str,
        to: &str,
    ) -> Result<CircuitId, RequestError> {
        self.place_call_over(now, from, to, TransmissionMediumRequirement::Speech)
    }

    /// [`Self::place_call`] over a circuit that can carry what is asked for.
    ///
    /// # Errors
    /// As there.
    pub fn place_call_over(
        &mut self,
        now: Instant,
        from: &str,
        to: &str,
        medium: TransmissionMediumRequirement,
    ) -> Result<CircuitId, RequestError> {
        let wrong = |number: &str| RequestError::Number(number.to_owned());
        let called_party =
            called(to, &self.country_code, self.sending_finished).ok_or_else(|| wrong(to))?;
        let calling_party = calling(from, &self.country_code).ok_or_else(|| wrong(from))?;
        let iam = Message::new(MessageType::Iam)
            .with(NatureOfConnection::empty())
            .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
            .with(CallingPartysCategory::Ordinary)
            .with(medium)
            .with(called_party)
            .with(calling_party);
        let own = self.subscribers.iter().find(|subscriber| {
            calling(&subscriber.number, &self.country_code) == Some(calling_party)
        });
        let behaviour = own.map(|subscriber| subscriber.behaviour.clone());
        let hang_up_after = match behaviour {
            Some(Behaviour::Caller { hang_up_after, .. }) => hang_up_after,
            _ => None,
        };
        self.serial += 1;
        let call = Call {
            serial: self.serial,
            incoming: false,
            phase: Phase::Setup,
            called: called_party.digits.to_string(),
            calling: calling_party.digits.to_string(),
            behaviour,
            number: Some(called_party),
            iam,
            repeated: false,
            hang_up_after,
            collected: String::new(),
        };
        let circuit = self.seize(now, call)?;
        self.pump(now);
        Ok(circuit)
    }

    /// Lets a subscriber call the number configured for it.
    ///
    /// # Errors
    /// When there is no such caller, or as [`Self::place_call`].
    pub fn place_configured_call(
        &mut self,
        now: Instant,
        from: &str,
    ) -> Result<CircuitId, RequestError> {
        let number = calling(from, &self.country_code);
        let calls = self.subscribers.iter().find_map(|subscriber| {
            let same = calling(&subscriber.number, &self.country_code) == number;
            match &subscriber.behaviour {
                Behaviour::Caller { calls, .. } if same && number.is_some() => Some(calls.clone()),
                _ => None,
            }
        });
        let calls = calls.ok_or_else(|| RequestError::Number(from.to_owned()))?;
        self.place_call(now, from, &calls)
    }

    fn seize(&mut self, now: Instant, call: Call) -> Result<CircuitId, RequestError> {
        let candidates: Vec<_> = self.trunks.keys().copied().collect();
        let circuit = self
            .node
            .select(&candidates, Hunt::MostIdle, CallClass::of(&call.iam))?;
        let iam = self.with_check(circuit, &call.iam);
        self.node.request(now, circuit, Request::Setup(iam))?;
        let event = CallEvent::Outgoing {
            called: call.called.clone(),
            calling: call.calling.clone(),
        };
        if let Some(trunk) = self.trunks.get_mut(&circuit) {
            trunk.voice = Some(Voice::new(trunk.law));
            trunk.call = Some(call);
        }
        self.log_call(now, circuit, event);
        Ok(circuit)
    }

    /// ACM: the far end rings.
    pub(super) fn alerted(&mut self, now: Instant, circuit: CircuitId) {
        if let Some(call) = self.call_mut(circuit) {
            call.phase = Phase::Alerting;
        }
        self.log_call(now, circuit, CallEvent::Alerting);
    }

    /// ANM or CON: the caller speaks, a tone, and hangs up first when so configured.
    pub(super) fn answered(&mut self, now: Instant, circuit: CircuitId) {
        let tone = self.milliwatt.clone();
        let Some(trunk) = self.trunks.get_mut(&circuit) else {
            return;
        };
        let Some(call) = &mut trunk.call else { return };
        if call.phase == Phase::Answered {
            return;
        }
        call.phase = Phase::Answered;
        let hang_up_after = call.hang_up_after;
        if let Some(voice) = &mut trunk.voice {
            voice.play_tone(&tone);
        }
        self.connect_modem(circuit);
        self.log_call(now, circuit, CallEvent::Answered);
        if let Some(after) = hang_up_after {
            self.schedule(now + after, circuit, Step::Release(NORMAL_CLEARING));
        }
    }

    /// The attempt must be repeated on another circuit: once (Q.764 clause 2.8.1).
    pub(super) fn repeat(&mut self, now: Instant, circuit: CircuitId, reason: &str) {
        let Some(trunk) = self.trunks.get_mut(&circuit) else {
            return;
        };
        trunk.voice = None;
        let Some(mut call) = trunk.call.take() else {
            return;
        };
        let reason = reason.to_owned();
        if call.repeated {
            let cause = NO_CIRCUIT;
            self.move_modem(circuit, None);
            return self.log_call(now, circuit, CallEvent::Failed { cause, reason });
        }
        call.repeated = true;
        self.log_call(now, circuit, CallEvent::Repeated { reason });
        let seized = self.seize(now, call);
        self.move_modem(circuit, seized.as_ref().ok().copied());
        if let Err(error) = seized {
            let alert = ExchangeEventKind::Alert(error.to_string());
            self.log(now, Some(circuit), alert);
        }
    }
}

/// No circuit or channel available (Q.850).
const NO_CIRCUIT: u8 = 34;
