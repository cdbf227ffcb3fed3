//! Frequency-shift keying after the answer tone: the answering modem sends its mark, the calling modem
//! answers a steady mark with its own, and both are connected once they have heard the other and have
//! been heard for a while.

use std::collections::VecDeque;
use std::time::Duration;

use tdm::Law;

use super::super::fsk::{Demodulator, Modulator, SAMPLE_RATE, Tone};
use super::super::modulation::{Modulation, Role};
use super::super::start_stop::{Receiver, Sender};
use super::{ANSWER, ANSWER_TONE, PAUSE, PumpEvent, SILENCE};

/// The calling modem sends when the other's mark has been heard for so long.
const HEARD_BEFORE_SENDING: u32 = samples(300);
/// Connected when the mark has been heard for so long, and sent for so long by either role. The
/// calling modem waits for longer: what it sends is heard only after the delay of the network.
const HEARD: u32 = samples(600);
const SENT_ANSWERING: u32 = samples(600);
const SENT_CALLING: u32 = samples(1200);

const fn samples(ms: u32) -> u32 {
    ms * (SAMPLE_RATE / 1000)
}

/// What the pump does.
#[derive(Debug)]
enum Phase {
    /// Before the answer tone: samples to go.
    Silence(u32),
    /// The answer tone: samples to go.
    Answer(u32, Tone),
    /// After it: samples to go.
    Pause(u32),
    /// Calling: samples of steady mark heard.
    Listen(u32),
    /// Carrier is sent, data are not: samples of steady mark heard, samples sent.
    Train { heard: u32, sent: u32 },
    /// Data; samples since the carrier was heard.
    Data { lost: u32 },
    /// The carrier is gone.
    Over,
}

/// One end of a connection between two modems.
#[derive(Debug)]
pub(in super::super) struct Pump {
    role: Role,
    /// Bits a second.
    receives: u16,
    law: Law,
    phase: Phase,
    modulator: Modulator,
    demodulator: Demodulator,
    sender: Sender,
    receiver: Receiver,
    /// The carrier may be away for so many samples.
    tolerated: u32,
    events: VecDeque<PumpEvent>,
}

impl Pump {
    /// A modem on a circuit that was answered just now. Without carrier for `tolerated` it gives up.
    #[must_use]
    pub(super) fn new(modulation: Modulation, role: Role, law: Law, tolerated: Duration) -> Self {
        let receives = modulation.receives(role);
        Self {
            role,
            receives: receives.rate,
            law,
            phase: match role {
                Role::Calling => Phase::Listen(0),
                Role::Answering if modulation.has_answer_tone() => Phase::Silence(samples(SILENCE)),
                Role::Answering => Phase::Pause(samples(SILENCE)),
            },
            modulator: Modulator::new(modulation.sends(role)),
            demodulator: Demodulator::new(receives),
            sender: Sender::default(),
            receiver: Receiver::new(receives.rate),
            tolerated: samples(u32::try_from(tolerated.as_millis()).unwrap_or(u32::MAX / 8)),
            events: VecDeque::new(),
        }
    }

    /// Takes what came on the timeslot and fills what goes out; takes octets to send from `outgoing`
    /// and adds those received to `incoming`.
    pub(super) fn tick(
        &mut self,
        rx: &[u8],
        tx: &mut [u8],
        outgoing: &mut VecDeque<u8>,
        incoming: &mut VecDeque<u8>,
    ) {
        for (rx, tx) in rx.iter().zip(tx) {
            let reading = self.demodulator.push(self.law.decode(*rx));
            let steady = reading.carrier && reading.mark;
            match &mut self.phase {
                Phase::Silence(0) => {
                    self.phase = Phase::Answer(samples(ANSWER), Tone::new(ANSWER_TONE))
                }
                Phase::Answer(0, _) => self.phase = Phase::Pause(samples(PAUSE)),
                Phase::Pause(0) => self.phase = Phase::Train { heard: 0, sent: 0 },
                Phase::Listen(heard) => {
                    *heard = if steady { *heard + 1 } else { 0 };
                    if *heard >= HEARD_BEFORE_SENDING {
                        let heard = *heard;
                        self.phase = Phase::Train { heard, sent: 0 };
                    }
                }
                Phase::Silence(left) | Phase::Answer(left, _) | Phase::Pause(left) => *left -= 1,
                Phase::Train { .. } => self.train(reading.carrier, steady),
                Phase::Data { .. } => self.watch(reading.carrier),
                Phase::Over => {}
            }
            if let Phase::Train { .. } | Phase::Data { .. } = self.phase {
                // Without carrier the line to the terminal stands at mark.
                let mark = reading.mark || !reading.carrier;
                incoming.extend(self.receiver.push(mark));
            }
            *tx = self.law.encode(self.sample(outgoing));
        }
    }

    fn train(&mut self, carrier: bool, steady: bool) {
        let Phase::Train { heard, sent } = &mut self.phase else {
            return;
        };
        *sent += 1;
        // Once it was steady the other may send data already: it need not stay at mark.
        *heard = if steady || (carrier && *heard >= HEARD) {
            *heard + 1
        } else {
            0
        };
        let enough = match self.role {
            Role::Calling => SENT_CALLING,
            Role::Answering => SENT_ANSWERING,
        };
        if *heard >= HEARD && *sent >= enough {
            self.phase = Phase::Data { lost: 0 };
            self.events.push_back(PumpEvent::Connected);
        }
    }

    fn watch(&mut self, carrier: bool) {
        let Phase::Data { lost } = &mut self.phase else {
            return;
        };
        *lost = if carrier { 0 } else { *lost + 1 };
        if *lost > self.tolerated {
            self.phase = Phase::Over;
            self.events.push_back(PumpEvent::Lost);
        }
    }

    fn sample(&mut self, outgoing: &mut VecDeque<u8>) -> i16 {
        match &mut self.phase {
            Phase::Silence(_) | Phase::Pause(_) | Phase::Listen(_) | Phase::Over => 0,
            Phase::Answer(_, tone) => tone.sample(),
            Phase::Train { .. } => self.modulator.sample(&mut || true),
            Phase::Data { .. } => {
                let sender = &mut self.sender;
                self.modulator.sample(&mut || sender.bit(outgoing))
            }
        }
    }

    /// What happened, in order.
    pub(super) fn poll_event(&mut self) -> Option<PumpEvent> {
        self.events.pop_front()
    }

    /// Who placed the call.
    #[must_use]
    pub(super) const fn rate(&self) -> u16 {
        self.receives
    }

    /// Characters that came without a stop bit.
    #[must_use]
    pub(super) const fn framing_errors(&self) -> u64 {
        self.receiver.framing_errors
    }
}
