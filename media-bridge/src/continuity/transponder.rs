//! The far end of a check over a two-wire circuit (Q.724 clause 8): while the check tone comes
//! in, the return tone goes out.

use std::sync::Arc;

use tdm::Law;

use super::{CheckTone, Detector};
use crate::tone::Generator;

/// Answers a check tone by 1780 Hz.
#[derive(Debug, Clone)]
pub struct Transponder {
    detector: Detector,
    generator: Generator,
}

impl Transponder {
    /// For a timeslot of `law`.
    #[must_use]
    pub fn new(law: Law) -> Self {
        let tone = Arc::new(CheckTone::Return1780.program());
        Self {
            detector: Detector::new(CheckTone::Check2010, law),
            generator: Generator::new(tone, law),
        }
    }

    /// Whether the check tone is there and answered.
    #[must_use]
    pub fn answering(&self) -> bool {
        self.detector.present()
    }

    /// Takes what was received and fills what is to be sent: the return tone, or silence.
    pub fn tick(&mut self, received: &[i16], sent: &mut [i16]) {
        self.detector.push(received, &mut |_| {});
        if self.detector.present() {
            self.generator.fill(sent);
        } else {
            sent.fill(0);
        }
    }
}
