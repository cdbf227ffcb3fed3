//! Subscribers that are modems: their terminals, their calls.

use std::time::Instant;

use isup::CircuitId;
use tdm::{TICK, TICK_OCTETS};

use super::{Behaviour, CallEvent, Exchange, ExchangeEventKind, Phase, RequestError};
use crate::modem::{Action, Modem, Network};

/// A subscriber's modem, and the circuit that it is on.
#[derive(Debug)]
pub(super) struct ModemLine {
    number: String,
    modem: Modem,
    circuit: Option<CircuitId>,
}

/// Causes of Q.850.
const NORMAL_CLEARING: u8 = 16;
const USER_BUSY: u8 = 17;
const INVALID_FORMAT: u8 = 28;

impl ModemLine {
    /// The modem of a subscriber, if it is one.
    pub(super) fn of(subscriber: &crate::config::Subscriber) -> Option<Self> {
        let Behaviour::Modem { modulation, .. } = subscriber.behaviour else {
            return None;
        };
        Some(Self {
            number: subscriber.number.clone(),
            modem: Modem::new(modulation),
            circuit: None,
        })
    }

    pub(super) fn is_on(&self, circuit: CircuitId) -> bool {
        self.circuit == Some(circuit)
    }

    /// One tick of its timeslot.
    pub(super) fn tick(&mut self, rx: &[u8; TICK_OCTETS], tx: &mut [u8; TICK_OCTETS]) {
        self.modem.tick(rx, tx);
    }
}

impl Exchange {
    /// The modem of the subscriber with this number, for its terminal.
    #[must_use]
    pub fn modem(&mut self, number: &str) -> Option<&mut Modem> {
        let line = self.modems.iter_mut().find(|line| line.number == number);
        line.map(|line| &mut line.modem)
    }

    /// The numbers of the subscribers that are modems.
    pub fn modems(&self) -> impl Iterator<Item = &str> {
        self.modems.iter().map(|line| line.number.as_str())
    }

    /// A call has come for the modem of `number`.
    pub(super) fn ring_modem(&mut self, now: Instant, circuit: CircuitId, number: &str) {
        let line = self.modems.iter_mut().find(|line| line.number == number);
        match line {
            Some(line) if line.circuit.is_none() => {
                line.circuit = Some(circuit);
                line.modem.network(Network::Rings);
                self.ring(now, circuit);
            }
            _ => self.hang_up(now, circuit, USER_BUSY),
        }
    }

    /// The call is through: from now on the modem has the timeslot, and nobody else speaks on it.
    /// Whether the circuit is a modem's.
    pub(super) fn connect_modem(&mut self, circuit: CircuitId) -> bool {
        let Some(line) = self.modems.iter_mut().find(|l| l.is_on(circuit)) else {
            return false;
        };
        if let Some(trunk) = self.trunks.get_mut(&circuit) {
            trunk.voice = None;
            line.modem.network(Network::Answered(trunk.law));
        }
        true
    }

    /// The call on the circuit is over.
    pub(super) fn disconnect_modem(&mut self, circuit: CircuitId, event: &CallEvent) {
        let cause = match event {
            CallEvent::Released { cause, .. } => *cause,
            CallEvent::Failed { cause, .. } => Some(*cause),
            _ => None,
        };
        if let Some(line) = self.modems.iter_mut().find(|l| l.is_on(circuit)) {
            line.circuit = None;
            line.modem.network(Network::Released(cause));
        }
    }

    /// The attempt goes on on another circuit, or nowhere.
    pub(super) fn move_modem(&mut self, from: CircuitId, to: Option<CircuitId>) {
        if let Some(line) = self.modems.iter_mut().find(|l| l.is_on(from)) {
            line.circuit = to;
            if to.is_none() {
                line.modem.network(Network::NoLine);
            }
        }
    }

    /// Lets the modems have the time that has passed, and does what they want.
    pub(super) fn serve_modems(&mut self, now: Instant) {
        if self.modems.is_empty() {
            return;
        }
        let at = self.modems_at.get_or_insert(now);
        while *at <= now {
            *at += TICK;
            for line in &mut self.modems {
                line.modem.pass();
            }
        }
        for index in 0..self.modems.len() {
            while let Some(action) = self
                .modems
                .get_mut(index)
                .and_then(|line| line.modem.poll_action())
            {
                self.act(now, index, action);
                self.pump(now);
            }
        }
    }

    fn act(&mut self, now: Instant, index: usize, action: Action) {
        let Some(line) = self.modems.get(index) else {
            return;
        };
        let (number, circuit) = (line.number.clone(), line.circuit);
        match action {
            Action::Dial(called) => {
                let placed = self.place_call(now, &number, &called);
                let Some(line) = self.modems.get_mut(index) else {
                    return;
                };
                match placed {
                    Ok(circuit) => line.circuit = Some(circuit),
                    Err(RequestError::Number(_)) => {
                        line.modem.network(Network::Released(Some(INVALID_FORMAT)));
                    }
                    Err(_) => line.modem.network(Network::NoLine),
                }
            }
            Action::Answer => {
                let waits = circuit.filter(|circuit| {
                    self.call(*circuit)
                        .is_some_and(|call| call.phase == Phase::Alerting)
                });
                match waits {
                    Some(circuit) => self.answer(now, circuit),
                    None => {
                        if let Some(line) = self.modems.get_mut(index) {
                            line.modem.network(Network::Released(None));
                        }
                    }
                }
            }
            Action::HangUp => {
                let Some(circuit) = circuit else { return };
                // The modem knows already.
                if let Some(line) = self.modems.get_mut(index) {
                    line.circuit = None;
                }
                if let Err(error) = self.clear(now, circuit, NORMAL_CLEARING) {
                    let alert = ExchangeEventKind::Alert(error.to_string());
                    self.log(now, Some(circuit), alert);
                }
            }
        }
    }
}
