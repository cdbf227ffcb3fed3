//! Listeners for fax machines and modems on both sides of a call.

use tdm::{Law, TICK_OCTETS};

use super::listener::Listener;
use super::{Report, Signal};
use crate::command::Side;

/// A listener for each side of a bridge.
#[derive(Debug, Clone)]
pub struct Pair {
    timeslot: Listener,
    rtp: Listener,
}

impl Pair {
    /// Both sides are heard in the law of the timeslot.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self {
            timeslot: Listener::new(law),
            rtp: Listener::new(law),
        }
    }

    /// One tick of what came from the timeslot and of what goes to it; says what was heard and on
    /// which side.
    pub fn push(
        &mut self,
        received: &[u8; TICK_OCTETS],
        sent: &[u8; TICK_OCTETS],
        heard: &mut dyn FnMut(Side, Signal),
    ) {
        let sides = [
            (&mut self.timeslot, received, Side::Timeslot),
            (&mut self.rtp, sent, Side::Rtp),
        ];
        for (listener, octets, side) in sides {
            listener.hear_octets(octets, &mut |report| {
                if let Report::Heard { signal, .. } = report {
                    heard(side, signal);
                }
            });
        }
    }
}
