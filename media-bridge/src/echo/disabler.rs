//! The tone disabler (G.168 clause 7, V.25): modems ask cancellers to stand aside.

use tdm::Law;

use crate::level::Dbm0;
use crate::modem::{Detector, Report, Signal};

/// Below that on both sides the line counts as without signal.
const RELEASE: Dbm0 = Dbm0(-36.0);
/// So many samples without signal end the request: 250 ms (G.168: 250 ms, 150 ms more or less).
const PAUSE: u32 = 2_000;

/// Listens to both directions for 2100 Hz with phase reversals.
#[derive(Debug, Clone)]
pub struct ToneDisabler {
    sides: [Detector; 2],
    release: f32,
    disabled: bool,
    quiet: u32,
}

impl ToneDisabler {
    /// For samples of `law`'s scale.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self {
            sides: [Detector::new(law), Detector::new(law)],
            release: RELEASE.mean_square(law),
            disabled: false,
            quiet: 0,
        }
    }

    /// Takes a block of either direction; says whether a canceller may work.
    pub fn push(&mut self, far: &[i16], near: &[i16]) -> bool {
        let mut asked = false;
        for (detector, samples) in self.sides.iter_mut().zip([far, near]) {
            detector.push(samples, &mut |report| {
                asked |= matches!(report, Report::Heard { signal, .. }
                    if Signal::disables_cancellers(signal));
            });
        }
        if asked {
            (self.disabled, self.quiet) = (true, 0);
        }
        if self.disabled {
            let mean = |samples: &[i16]| {
                let sum: f32 = samples.iter().map(|&s| f32::from(s) * f32::from(s)).sum();
                sum / samples.len().max(1) as f32
            };
            if mean(far) < self.release && mean(near) < self.release {
                self.quiet += far.len() as u32;
            } else {
                self.quiet = 0;
            }
            self.disabled = self.quiet < PAUSE;
        }
        !self.disabled
    }
}
