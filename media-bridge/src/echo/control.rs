//! A canceller at the timeslot of a bridge: what goes to the line is remembered, and its echo taken
//! off what comes from it.

use tdm::{Law, TICK_OCTETS};

use super::{Canceller, Nlms, NlmsConfig, ToneDisabler};

/// The longest delay of a line, in ticks: half a second.
const MOST_DELAY: u8 = 50;

/// The echo control of a call. Made by call control, since it allocates.
#[derive(Debug, Clone)]
pub struct Control {
    law: Law,
    canceller: Nlms,
    /// Listens for what asks cancellers to stand aside, where nobody else on the bridge does.
    disabler: Option<ToneDisabler>,
    /// What went to the line in the last ticks, as many as echo is late at least: nothing of this
    /// tick can have come back yet. The oldest is at `oldest`.
    sent: Vec<[i16; TICK_OCTETS]>,
    oldest: usize,
}

impl Control {
    /// For a timeslot of this law. `listen`: the call has no detectors of modems, whose tones would
    /// switch it off. `delay`: ticks of 10 ms that the line is known to take there and back, up to 50,
    /// which are no part of the tail.
    #[must_use]
    pub fn new(config: NlmsConfig, law: Law, listen: bool, delay: u8) -> Self {
        Self {
            law,
            canceller: Nlms::new(config, law),
            disabler: listen.then(|| ToneDisabler::new(law)),
            sent: vec![[0; TICK_OCTETS]; usize::from(delay.min(MOST_DELAY)) + 1],
            oldest: 0,
        }
    }

    /// What the line sends, without the echo.
    #[must_use]
    pub fn cancel(&mut self, received: &[u8; TICK_OCTETS]) -> [u8; TICK_OCTETS] {
        let mut near = received.map(|octet| self.law.decode(octet));
        let far = self.sent.get(self.oldest).copied();
        let far = far.unwrap_or([0; TICK_OCTETS]);
        if let Some(disabler) = &mut self.disabler {
            let on = disabler.push(&far, &near);
            self.canceller.enable(on);
        }
        let before = near;
        self.canceller.cancel(&far, &mut near);
        if near == before {
            return *received;
        }
        near.map(|sample| self.law.encode(sample))
    }

    /// What has gone to the line in this tick.
    pub fn sent(&mut self, octets: &[u8; TICK_OCTETS]) {
        if let Some(slot) = self.sent.get_mut(self.oldest) {
            *slot = octets.map(|octet| self.law.decode(octet));
        }
        self.oldest = (self.oldest + 1) % self.sent.len().max(1);
    }

    /// Loss of echo that it brought lately, in dB.
    #[must_use]
    pub fn loss_db(&self) -> f32 {
        self.canceller.loss_db()
    }
}
