//! V.22bis after the answer tone: the modulation is libspandsp's, the characters are ours.

use std::collections::VecDeque;
use std::time::Duration;

use spandsp::{Status, V22bis};
use tdm::{Law, TICK, TICK_OCTETS};

use super::super::fsk::Tone;
use super::super::modulation::Role;
use super::super::start_stop::{BitReceiver, Sender};
use super::{ANSWER, ANSWER_TONE, PAUSE, PumpEvent, SILENCE};

/// Bits that wait for the modulator: more than a tick takes, which is 24.
const AHEAD: usize = 32;
/// After training, the other end may need a little longer.
const SETTLE: u32 = ticks(500);

const fn ticks(ms: u32) -> u32 {
    ms.div_ceil(TICK.as_millis() as u32)
}

#[derive(Debug)]
enum Phase {
    /// Before the answer tone: ticks to go.
    Silence(u32),
    /// The answer tone: ticks to go.
    Answer(u32, Tone),
    /// After it: ticks to go.
    Pause(u32),
    /// The modems train.
    Train,
    /// Trained: ticks until data flow.
    Settle(u32),
    /// Data; ticks without carrier.
    Data {
        lost: u32,
    },
    Over,
}

/// One end of a V.22bis connection.
#[derive(Debug)]
pub(in super::super) struct Pump {
    law: Law,
    phase: Phase,
    /// None when the library had no memory for it.
    modem: Option<V22bis>,
    carrier: bool,
    sender: Sender,
    receiver: BitReceiver,
    tolerated: u32,
    events: VecDeque<PumpEvent>,
}

impl Pump {
    pub(super) fn new(role: Role, law: Law, tolerated: Duration) -> Self {
        Self {
            law,
            phase: match role {
                Role::Calling => Phase::Train,
                Role::Answering => Phase::Silence(ticks(SILENCE)),
            },
            modem: V22bis::new(role == Role::Calling),
            carrier: false,
            sender: Sender::default(),
            receiver: BitReceiver::default(),
            tolerated: u32::try_from(tolerated.as_millis() / TICK.as_millis()).unwrap_or(u32::MAX),
            events: VecDeque::new(),
        }
    }

    pub(super) fn tick(
        &mut self,
        rx: &[u8],
        tx: &mut [u8],
        outgoing: &mut VecDeque<u8>,
        incoming: &mut VecDeque<u8>,
    ) {
        let mut samples = [0_i16; TICK_OCTETS];
        match &mut self.phase {
            Phase::Silence(0) => {
                self.phase = Phase::Answer(ticks(ANSWER), Tone::new(ANSWER_TONE));
            }
            Phase::Answer(0, _) => self.phase = Phase::Pause(ticks(PAUSE)),
            Phase::Pause(0) => self.phase = Phase::Train,
            Phase::Silence(left) | Phase::Pause(left) => *left -= 1,
            Phase::Answer(left, tone) => {
                *left -= 1;
                samples.fill_with(|| tone.sample());
            }
            Phase::Train | Phase::Settle(_) | Phase::Data { .. } => {
                self.work(rx, &mut samples, outgoing, incoming);
            }
            Phase::Over => {}
        }
        for (octet, sample) in tx.iter_mut().zip(samples) {
            *octet = self.law.encode(sample);
        }
    }

    /// One tick with the line in the modulation's hands.
    fn work(
        &mut self,
        rx: &[u8],
        tx: &mut [i16],
        outgoing: &mut VecDeque<u8>,
        incoming: &mut VecDeque<u8>,
    ) {
        let Some(modem) = &mut self.modem else {
            return self.end();
        };
        let mut samples = [0_i16; TICK_OCTETS];
        for (sample, octet) in samples.iter_mut().zip(rx) {
            *sample = self.law.decode(*octet);
        }
        modem.rx(&samples);
        if matches!(self.phase, Phase::Data { .. }) {
            while modem.queued() < AHEAD {
                let bit = self.sender.bit(outgoing);
                modem.queue(bit);
            }
        }
        modem.tx(tx);
        let mut failed = false;
        while let Some(status) = modem.next_status() {
            match status {
                Status::Trained => {
                    self.carrier = true;
                    if matches!(self.phase, Phase::Train) {
                        self.phase = Phase::Settle(SETTLE);
                    }
                }
                Status::CarrierUp => self.carrier = true,
                Status::CarrierDown => self.carrier = false,
                Status::Failed => failed = true,
            }
        }
        while let Some(bit) = modem.next_bit() {
            if !matches!(self.phase, Phase::Train) {
                incoming.extend(self.receiver.push(bit || !self.carrier));
            }
        }
        if failed {
            return self.end();
        }
        self.pass();
    }

    fn pass(&mut self) {
        match &mut self.phase {
            Phase::Settle(0) => {
                self.phase = Phase::Data { lost: 0 };
                self.events.push_back(PumpEvent::Connected);
            }
            Phase::Settle(left) => *left -= 1,
            Phase::Data { lost } => {
                *lost = if self.carrier { 0 } else { *lost + 1 };
                if *lost > self.tolerated {
                    self.end();
                }
            }
            _ => {}
        }
    }

    fn end(&mut self) {
        self.phase = Phase::Over;
        self.events.push_back(PumpEvent::Lost);
    }

    pub(super) fn poll_event(&mut self) -> Option<PumpEvent> {
        self.events.pop_front()
    }

    /// As the modems trained: 2400, or 1200 when the line was bad.
    pub(super) fn rate(&self) -> u16 {
        self.modem.as_ref().map_or(0, V22bis::rate)
    }

    pub(super) const fn framing_errors(&self) -> u64 {
        self.receiver.framing_errors
    }
}
