//! The signalling links on a span's timeslots: signal units out of the octets and into them.

use mtp::{LineEvent, LinkId};
use tdm::hdlc::Received;
use tdm::signalling::SignallingTimeslot;
use tdm::{SpanTick, Timeslot};

use super::word::{SignalUnit, Up};

/// Ticks after which good signal units are told that were only counted: the error rate monitor
/// counts in blocks of 256 (Q.703 §10.2), about 200 ms.
const TELL_AFTER: u8 = 5;

/// A link's HDLC, and what is to be told of its line.
pub(super) struct Link {
    pub(super) id: LinkId,
    hdlc: SignallingTimeslot,
    good: u32,
    ticks: u8,
}

impl Link {
    pub(super) fn new(id: LinkId, timeslot: Timeslot) -> Self {
        Self {
            id,
            hdlc: SignallingTimeslot::new(timeslot),
            good: 0,
            ticks: 0,
        }
    }

    /// Queues a signal unit for the line.
    pub(super) fn queue(&mut self, unit: &SignalUnit) {
        if let Err(error) = self.hdlc.queue(unit.octets()) {
            tracing::error!(link = self.id.0, %error, "signal unit refused by the line");
        }
    }

    /// Writes its timeslot's next octets.
    pub(super) fn transmit(&mut self, tx: &mut SpanTick) {
        self.hdlc.transmit(tx);
    }

    /// Reads its timeslot's octets.
    pub(super) fn receive(&mut self, rx: &SpanTick, up: &mut dyn FnMut(Up)) {
        let (id, good) = (self.id, &mut self.good);
        let tell_good = |good: &mut u32, up: &mut dyn FnMut(Up)| {
            if *good > 0 {
                up(Up::Line(id, LineEvent::Good(std::mem::take(good))));
            }
        };
        self.hdlc.receive(rx, &mut |received| match received {
            Received::SignalUnit(octets) => {
                if let Some(unit) = SignalUnit::new(octets) {
                    up(Up::SignalUnit(id, unit));
                }
            }
            Received::Repeated => *good += 1,
            // Good ones that came before an error count before it.
            Received::Errored => {
                tell_good(good, up);
                up(Up::Line(id, LineEvent::Errored(1)));
            }
            Received::OctetCounting => {
                tell_good(good, up);
                up(Up::Line(id, LineEvent::OctetCounting(1)));
            }
        });
        self.ticks += 1;
        if self.ticks >= TELL_AFTER {
            self.ticks = 0;
            tell_good(good, up);
        }
    }
}
