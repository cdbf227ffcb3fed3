//! A signalling timeslot of a span: HDLC in both directions on the octets of a tick.

use crate::{
    SpanTick, Timeslot,
    hdlc::{InvalidLength, Received, Receiver, Transmitter},
};

/// Sends and receives signal units on one timeslot of a span.
#[derive(Clone, Debug)]
pub struct SignallingTimeslot {
    timeslot: Timeslot,
    transmitter: Transmitter,
    receiver: Receiver,
}

impl SignallingTimeslot {
    /// Signalling on `timeslot`: flags are sent until the first signal unit is queued.
    pub fn new(timeslot: Timeslot) -> Self {
        Self {
            timeslot,
            transmitter: Transmitter::new(),
            receiver: Receiver::new(),
        }
    }

    /// The timeslot it works on.
    pub const fn timeslot(&self) -> Timeslot {
        self.timeslot
    }

    /// Queues one signal unit, from BSN on, without flags and check bits.
    ///
    /// # Errors
    /// When its length is not 3 to 277 octets.
    pub fn queue(&mut self, su: &[u8]) -> Result<(), InvalidLength> {
        self.transmitter.queue(su)
    }

    /// Signal units queued and not begun.
    pub fn queued(&self) -> usize {
        self.transmitter.queued()
    }

    /// Writes the timeslot's octets into the tick that is about to be sent.
    pub fn transmit(&mut self, tx: &mut SpanTick) {
        self.transmitter.fill(tx.timeslot_mut(self.timeslot));
    }

    /// Reads the timeslot's octets from the tick that arrived.
    pub fn receive(&mut self, rx: &SpanTick, sink: &mut impl FnMut(Received<'_>)) {
        self.receiver.push(rx.timeslot(self.timeslot), sink);
    }

    /// The sending half, for what this type does not pass on.
    pub const fn transmitter(&mut self) -> &mut Transmitter {
        &mut self.transmitter
    }

    /// The receiving half, for what this type does not pass on.
    pub const fn receiver(&mut self) -> &mut Receiver {
        &mut self.receiver
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Law;

    #[test]
    fn two_ends_talk_on_their_timeslot_and_leave_the_others_alone() {
        let timeslot = Timeslot::new(16).unwrap();
        let (mut a, mut b) = (
            SignallingTimeslot::new(timeslot),
            SignallingTimeslot::new(timeslot),
        );
        let idle = SpanTick::idle(Law::ALaw);
        let mut tick = idle.clone();
        a.queue(&[0xff, 0xff, 0x01, 0x00]).unwrap();
        a.transmit(&mut tick);
        assert!(
            tick.0
                .iter()
                .enumerate()
                .all(|(n, octets)| n == 16 || *octets == idle.0[n])
        );
        let (mut signal_units, mut repeated) = (Vec::new(), 0);
        b.receive(&tick, &mut |received| match received {
            Received::SignalUnit(su) => signal_units.push(su.to_vec()),
            Received::Repeated => repeated += 1,
            other => panic!("{other:?}"),
        });
        assert_eq!(signal_units, [[0xff, 0xff, 0x01, 0x00]]);
        assert!(repeated > 5);
    }
}
