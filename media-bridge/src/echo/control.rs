//! A canceller at the timeslot of a bridge: what goes to the line is remembered, and its echo taken
//! off what comes from it.

use tdm::{Law, TICK_OCTETS};

use super::{Canceller, Nlms, NlmsConfig, ToneDisabler};

/// The echo control of a call. Made by call control, since it allocates.
#[derive(Debug, Clone)]
pub struct Control {
    law: Law,
    canceller: Nlms,
    /// Listens for what asks cancellers to stand aside, where nobody else on the bridge does.
    disabler: Option<ToneDisabler>,
    /// What went to the line in the last tick: nothing of this tick can have come back yet.
    sent: [i16; TICK_OCTETS],
}

impl Control {
    /// For a timeslot of this law. `listen`: the call has no detectors of modems, whose tones would
    /// switch it off.
    #[must_use]
    pub fn new(config: NlmsConfig, law: Law, listen: bool) -> Self {
        Self {
            law,
            canceller: Nlms::new(config, law),
            disabler: listen.then(|| ToneDisabler::new(law)),
            sent: [0; TICK_OCTETS],
        }
    }

    /// What the line sends, without the echo.
    #[must_use]
    pub fn cancel(&mut self, received: &[u8; TICK_OCTETS]) -> [u8; TICK_OCTETS] {
        let mut near = received.map(|octet| self.law.decode(octet));
        if let Some(disabler) = &mut self.disabler {
            let on = disabler.push(&self.sent, &near);
            self.canceller.enable(on);
        }
        let before = near;
        self.canceller.cancel(&self.sent, &mut near);
        if near == before {
            return *received;
        }
        near.map(|sample| self.law.encode(sample))
    }

    /// What has gone to the line in this tick.
    pub fn sent(&mut self, octets: &[u8; TICK_OCTETS]) {
        self.sent = octets.map(|octet| self.law.decode(octet));
    }

    /// Loss of echo that it brought lately, in dB.
    #[must_use]
    pub fn loss_db(&self) -> f32 {
        self.canceller.loss_db()
    }
}
