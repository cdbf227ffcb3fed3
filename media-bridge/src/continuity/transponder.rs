//! The far end of a check over a two-wire circuit (Q.724 clause 8): while the check tone comes
//! in, the return tone goes out.

use tdm::Law;

use super::{CheckTone, Detector, LEVEL};
use crate::tone::Oscillator;

/// Answers a check tone by 1780 Hz.
#[derive(Debug, Clone)]
pub struct Transponder {
    detector: Detector,
    tone: Oscillator,
}

impl Transponder {
    /// For a timeslot of `law`.
    #[must_use]
    pub fn new(law: Law) -> Self {
        let tone = CheckTone::Return1780.frequency();
        Self {
            detector: Detector::new(CheckTone::Check2010, law),
            tone: Oscillator::new(tone, LEVEL.peak(law)),
        }
    }

    /// Whether the check tone is there and answered.
    #[must_use]
    pub fn answering(&self) -> bool {
        self.detector.present()
    }

    /// Takes what was received.
    pub fn receive(&mut self, received: &[i16]) {
        self.detector.push(received, &mut |_| {});
    }

    /// Fills what is to be sent: the return tone, or silence.
    pub fn transmit(&mut self, sent: &mut [i16]) {
        if self.detector.present() {
            for sample in sent {
                *sample = self.tone.next_sample().round() as i16;
            }
        } else {
            sent.fill(0);
        }
    }
}
