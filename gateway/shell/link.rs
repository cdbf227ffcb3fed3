//! The signalling links on a span's timeslots: signal units out of the octets and into them.

use std::io;

use mtp::{LineEvent, LinkId};
use tdm::hdlc::Received;
use tdm::signalling::SignallingTimeslot;
use tdm::{SpanIo, SpanTick, Timeslot};

use super::word::{SignalUnit, Up};

/// Ticks after which good signal units are told that were only counted: the error rate monitor
/// counts in blocks of 256 (Q.703 §10.2), about 200 ms.
const TELL_AFTER: u8 = 5;

/// A link, and what is to be told of its line. The device frames its signal units, or the HDLC
/// here does.
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
    pub(super) fn queue(&mut self, span: &mut dyn SpanIo, unit: &SignalUnit) {
        let queued = match span.signalling(self.hdlc.timeslot()) {
            Some(device) => device.queue(unit.octets()),
            None => self.hdlc.queue(unit.octets()),
        };
        if let Err(error) = queued {
            tracing::error!(link = self.id.0, %error, "signal unit refused by the line");
        }
    }

    /// Writes its timeslot's next octets, or gives the device what is queued.
    ///
    /// # Errors
    /// The device is gone or refuses.
    pub(super) fn transmit(&mut self, span: &mut dyn SpanIo, tx: &mut SpanTick) -> io::Result<()> {
        match span.signalling(self.hdlc.timeslot()) {
            Some(device) => device.transmit(),
            None => {
                self.hdlc.transmit(tx);
                Ok(())
            }
        }
    }

    /// Reads its timeslot's octets, or takes what the device made of them.
    ///
    /// # Errors
    /// The device is gone or refuses.
    pub(super) fn receive(
        &mut self,
        span: &mut dyn SpanIo,
        rx: &SpanTick,
        up: &mut dyn FnMut(Up),
    ) -> io::Result<()> {
        let (id, good) = (self.id, &mut self.good);
        let tell_good = |good: &mut u32, up: &mut dyn FnMut(Up)| {
            if *good > 0 {
                up(Up::Line(id, LineEvent::Good(std::mem::take(good))));
            }
        };
        let mut sink = |received: Received<'_>| match received {
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
        };
        let taken = match span.signalling(self.hdlc.timeslot()) {
            Some(device) => device.receive(&mut sink),
            None => {
                self.hdlc.receive(rx, &mut sink);
                Ok(())
            }
        };
        self.ticks += 1;
        if self.ticks >= TELL_AFTER {
            self.ticks = 0;
            tell_good(good, up);
        }
        taken
    }
}
