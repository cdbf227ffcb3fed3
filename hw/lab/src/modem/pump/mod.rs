//! The data pump: what is on the timeslot, from the answer of the call to the loss of the carrier.
//!
//! The answering modem is silent for 2 s, sends 2100 Hz for 3.3 s so that the network switches its
//! echo control off, and pauses for 75 ms (V.25 clause 3); then the modulation has the line.

mod fsk;
#[cfg(feature = "spandsp")]
mod v22bis;

use std::collections::VecDeque;
use std::time::Duration;

use tdm::Law;

use super::modulation::{Modulation, Role};

/// Answer tone (V.25), in Hz.
const ANSWER_TONE: u16 = 2100;
/// Silence before it, its length, and the pause after it (V.25 clause 3), in ms.
const SILENCE: u32 = 2000;
const ANSWER: u32 = 3300;
const PAUSE: u32 = 75;

/// What the pump tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PumpEvent {
    /// Data flow from now on.
    Connected,
    /// No carrier was heard for the time allowed, or the modems could not train.
    Lost,
}

/// One end of a connection between two modems.
#[derive(Debug)]
pub(super) enum Pump {
    /// Frequency-shift keying.
    Fsk(fsk::Pump),
    /// V.22bis of libspandsp.
    #[cfg(feature = "spandsp")]
    V22bis(v22bis::Pump),
}

impl Pump {
    /// A modem on a circuit that was answered just now. Without carrier for `tolerated` it gives up.
    pub(super) fn new(modulation: Modulation, role: Role, law: Law, tolerated: Duration) -> Self {
        match modulation {
            #[cfg(feature = "spandsp")]
            Modulation::V22bis => Self::V22bis(v22bis::Pump::new(role, law, tolerated)),
            _ => Self::Fsk(fsk::Pump::new(modulation, role, law, tolerated)),
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
        match self {
            Self::Fsk(pump) => pump.tick(rx, tx, outgoing, incoming),
            #[cfg(feature = "spandsp")]
            Self::V22bis(pump) => pump.tick(rx, tx, outgoing, incoming),
        }
    }

    /// What happened, in order.
    pub(super) fn poll_event(&mut self) -> Option<PumpEvent> {
        match self {
            Self::Fsk(pump) => pump.poll_event(),
            #[cfg(feature = "spandsp")]
            Self::V22bis(pump) => pump.poll_event(),
        }
    }

    /// Bits a second, from the other modem.
    pub(super) fn rate(&self) -> u16 {
        match self {
            Self::Fsk(pump) => pump.rate(),
            #[cfg(feature = "spandsp")]
            Self::V22bis(pump) => pump.rate(),
        }
    }

    /// Characters that came without a stop bit.
    pub(super) const fn framing_errors(&self) -> u64 {
        match self {
            Self::Fsk(pump) => pump.framing_errors(),
            #[cfg(feature = "spandsp")]
            Self::V22bis(pump) => pump.framing_errors(),
        }
    }
}
