//! Calls from the line to the subscribers (Q.764 clauses 2.1 and 2.2).

use std::time::{Duration, Instant};

use isup::circuit::Request;
use isup::parameter::call::{CalledPartysCategory, CalledPartysStatus, ChargeIndicator};
use isup::{
    BackwardCallIndicators, CalledPartyNumber, CallingPartyNumber, CircuitId, Message, MessageType,
    OptionalBackwardCallIndicators, SubsequentNumber,
};

use super::number::{Analysis, analyse};
use super::{Call, CallEvent, Exchange, ExchangeEventKind, Phase, Step, Voice};
use crate::audio::Play;
use crate::config::{Behaviour, Subscriber};

/// How long more digits are awaited (Q.764 Annex A: T35, 15 to 20 s).
const T35: Duration = Duration::from_secs(15);
/// Causes of Q.850.
const UNALLOCATED: u8 = 1;
const USER_BUSY: u8 = 17;
const INVALID_FORMAT: u8 = 28;

impl Exchange {
    pub(super) fn incoming(&mut self, now: Instant, circuit: CircuitId, iam: Message) {
        let digits = iam.find::<CalledPartyNumber>();
        let calling = iam.find::<CallingPartyNumber>();
        let called = digits.map_or_else(String::new, |number| number.digits.to_string());
        let calling = calling.map_or_else(String::new, |number| number.digits.to_string());
        self.serial += 1;
        let Some(trunk) = self.trunks.get_mut(&circuit) else {
            return;
        };
        trunk.voice = Some(Voice::new(trunk.law));
        let event = CallEvent::Incoming {
            called: called.clone(),
            calling: calling.clone(),
        };
        trunk.call = Some(Call {
            serial: self.serial,
            incoming: true,
            phase: Phase::Setup,
            called,
            calling,
            behaviour: None,
            number: digits,
            iam,
            repeated: false,
            hang_up_after: None,
            collected: String::new(),
        });
        self.log_call(now, circuit, event);
        self.analyse(now, circuit);
    }

    /// SAM: more digits.
    pub(super) fn more_digits(&mut self, now: Instant, circuit: CircuitId, sam: &Message) {
        let Some(more) = sam.find::<SubsequentNumber>() else {
            return;
        };
        let Some(call) = self.call_mut(circuit) else {
            return;
        };
        if call.phase != Phase::Setup || call.behaviour.is_some() {
            return;
        }
        let Some(number) = &mut call.number else {
            return;
        };
        let fits = number.digits.append(&more.digits).is_ok();
        call.called = number.digits.to_string();
        match fits {
            true => self.analyse(now, circuit),
            false => self.hang_up(now, circuit, INVALID_FORMAT),
        }
    }

    fn analyse(&mut self, now: Instant, circuit: CircuitId) {
        let Some(number) = self.call(circuit).and_then(|call| call.number) else {
            return self.hang_up(now, circuit, INVALID_FORMAT);
        };
        let numbers = self.subscribers.iter().map(|s| s.number.as_str());
        match analyse(&number, &self.country_code, numbers) {
            Analysis::Found(index) => {
                if let Some(subscriber) = self.subscribers.get(index).cloned() {
                    self.behave(now, circuit, subscriber);
                }
            }
            Analysis::Incomplete => self.schedule(now + T35, circuit, Step::Incomplete),
            Analysis::Unallocated => self.hang_up(now, circuit, UNALLOCATED),
        }
    }

    fn behave(&mut self, now: Instant, circuit: CircuitId, subscriber: Subscriber) {
        let behaviour = subscriber.behaviour;
        if let Some(call) = self.call_mut(circuit) {
            call.behaviour = Some(behaviour.clone());
        }
        match behaviour {
            Behaviour::Busy => self.hang_up(now, circuit, USER_BUSY),
            Behaviour::Unallocated => self.hang_up(now, circuit, UNALLOCATED),
            Behaviour::Ring => self.ring(now, circuit),
            Behaviour::Modem { .. } => self.ring_modem(now, circuit, &subscriber.number),
            Behaviour::Announcement { duration, cause } => {
                self.announce(now, circuit);
                self.schedule(now + duration, circuit, Step::Release(cause));
            }
            Behaviour::Echo { answer_after }
            | Behaviour::Milliwatt { answer_after }
            | Behaviour::Pattern { answer_after }
            | Behaviour::Dtmf { answer_after }
            | Behaviour::Caller { answer_after, .. } => {
                self.ring(now, circuit);
                self.schedule(now + answer_after, circuit, Step::Answer);
            }
        }
    }

    /// ACM, subscriber free; the exchange plays ringback backwards (Q.764 clause 2.1.4.1), and says
    /// so: the access is analogue.
    pub(super) fn ring(&mut self, now: Instant, circuit: CircuitId) {
        let indicators = backward().with_called_partys_status(CalledPartysStatus::SubscriberFree);
        let acm = Message::new(MessageType::Acm)
            .with(indicators)
            .with(OptionalBackwardCallIndicators::IN_BAND_INFORMATION);
        let ringback = self.ringback.clone();
        self.alert(now, circuit, acm, &ringback);
    }

    /// ACM with in-band information, and the announcement.
    fn announce(&mut self, now: Instant, circuit: CircuitId) {
        let acm = Message::new(MessageType::Acm)
            .with(backward().with_called_partys_status(CalledPartysStatus::NoIndication))
            .with(OptionalBackwardCallIndicators::IN_BAND_INFORMATION);
        let announcement = self.announcement.clone();
        self.alert(now, circuit, acm, &announcement);
    }

    fn alert(
        &mut self,
        now: Instant,
        circuit: CircuitId,
        acm: Message,
        tone: &std::sync::Arc<media_bridge::tone::ToneProgram>,
    ) {
        if !self.ask(now, circuit, acm) {
            return;
        }
        if let Some(trunk) = self.trunks.get_mut(&circuit) {
            if let Some(voice) = &mut trunk.voice {
                voice.play_tone(tone);
            }
            if let Some(call) = &mut trunk.call {
                call.phase = Phase::Alerting;
            }
        }
        self.log_call(now, circuit, CallEvent::Alerting);
    }

    /// ANM, and what the subscriber says after it.
    pub(super) fn answer(&mut self, now: Instant, circuit: CircuitId) {
        if !self.ask(now, circuit, Message::new(MessageType::Anm)) {
            return;
        }
        let milliwatt = self.milliwatt.clone();
        let Some(trunk) = self.trunks.get_mut(&circuit) else {
            return;
        };
        let (Some(call), Some(voice)) = (&mut trunk.call, &mut trunk.voice) else {
            return;
        };
        call.phase = Phase::Answered;
        match &call.behaviour {
            Some(Behaviour::Milliwatt { .. }) => voice.play_tone(&milliwatt),
            Some(Behaviour::Pattern { .. }) => voice.play(Play::Pattern),
            Some(Behaviour::Echo { .. } | Behaviour::Caller { .. }) => voice.set_echo(),
            _ => voice.play(crate::audio::Play::Idle),
        }
        self.connect_modem(circuit);
        self.log_call(now, circuit, CallEvent::Answered);
    }

    /// Sends a message of a call; false, and an alert, when ISUP has no place for it.
    fn ask(&mut self, now: Instant, circuit: CircuitId, message: Message) -> bool {
        let asked = self.node.request(now, circuit, Request::Send(message));
        if let Err(error) = &asked {
            let alert = ExchangeEventKind::Alert(error.to_string());
            self.log(now, Some(circuit), alert);
        }
        asked.is_ok()
    }
}

fn backward() -> BackwardCallIndicators {
    BackwardCallIndicators::ISUP_ALL_THE_WAY
        .with_charge(ChargeIndicator::Charge)
        .with_called_partys_category(CalledPartysCategory::OrdinarySubscriber)
}
