//! Listening to samples, in whatever portions they come.

use tdm::Law;

use super::Signal;
use super::listener::{BLOCK, Listener};
use crate::correlate::Block;

/// What the detector says. Positions count samples since the first pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Report {
    /// A signal is there, or is more than it was said to be.
    Heard {
        /// Which.
        signal: Signal,
        /// Where it began, to within 10 ms (flags: to within 100 ms).
        at: u64,
    },
    /// A tone is over. Flags end unsaid: what follows them is the message.
    Ended {
        /// Which, by its fullest name.
        signal: Signal,
        /// How long it was in samples, to within 40 ms.
        samples: u32,
    },
}

/// Listens to one direction of a line. Takes samples in any portions, best of 80.
#[derive(Debug, Clone)]
pub struct Detector {
    under_way: Block<BLOCK, { BLOCK / 4 }>,
    listener: Listener,
}

impl Detector {
    /// For samples of `law`'s scale.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self {
            under_way: Block::EMPTY,
            listener: Listener::new(law),
        }
    }

    /// Takes samples; says what was heard.
    pub fn push(&mut self, samples: &[i16], report: &mut dyn FnMut(Report)) {
        let mut rest = samples;
        while let Some(block) = self.under_way.fill(&mut rest, |sample| sample) {
            self.listener.hear(block, report);
        }
    }
}
