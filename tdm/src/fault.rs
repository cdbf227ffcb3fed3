//! A span with a bad line, from a seed.

use std::{collections::VecDeque, io};

use crate::{
    Alarm, BitErrors, Content, DeviceCounters, Due, SignallingIo, SpanCounters, SpanEvent, SpanId,
    SpanIo, SpanTick, TICK_OCTETS, TIMESLOTS, Timeslot,
};

/// Frames that the elastic store holds: slips move the reading point inside it.
const ROOM: usize = 4 * TICK_OCTETS;

/// A span around `S` whose line has bit errors, slips, drift and cuts, all from a seed: the same seed
/// and the same calls give the same octets.
///
/// What arrives is handed out one tick later than by `S`, so that a frame can be left out or repeated.
/// Faults strike behind the framer of `S`: errors raise no LOF, and a cut is reported as LOS from here.
/// Errors are set for each direction; slips concern what arrives; a cut concerns both.
pub struct FaultInjector<S> {
    inner: S,
    transmit: BitErrors,
    receive: BitErrors,
    cut: bool,
    /// Frames per frame by which the far clock is ahead.
    drift: f64,
    /// Fraction of a frame that the drift has come to.
    drifted: f64,
    store: Box<[[u8; ROOM]; TIMESLOTS]>,
    /// Frames written to and read from the store.
    written: usize,
    read: usize,
    /// What is sent instead of the caller's tick, and what arrived.
    tx: Box<SpanTick>,
    rx: Box<SpanTick>,
    events: VecDeque<SpanEvent>,
    counted: SpanCounters,
}

impl<S: SpanIo> FaultInjector<S> {
    /// A line without faults until one is set.
    pub fn new(inner: S, seed: u64) -> Self {
        let silence = Box::new(SpanTick([[0xff; TICK_OCTETS]; TIMESLOTS]));
        Self {
            inner,
            transmit: BitErrors::new(seed),
            receive: BitErrors::new(!seed),
            cut: false,
            drift: 0.0,
            drifted: 0.0,
            store: Box::new([[0xff; ROOM]; TIMESLOTS]),
            written: ROOM + TICK_OCTETS,
            read: ROOM,
            tx: silence.clone(),
            rx: silence,
            events: VecDeque::with_capacity(16),
            counted: SpanCounters::default(),
        }
    }

    /// Errors per bit, 0.0..=1.0, of what is sent and of what arrives.
    pub fn set_error_rate(&mut self, transmit: f64, receive: f64) {
        self.transmit.set_rate(transmit);
        self.receive.set_rate(receive);
    }

    /// Cuts the line: nothing is sent, all ones arrive, LOS is raised.
    pub fn cut(&mut self) {
        self.set_cut(true);
    }

    /// Mends the line.
    pub fn mend(&mut self) {
        self.set_cut(false);
    }

    fn set_cut(&mut self, cut: bool) {
        if self.cut != cut {
            self.cut = cut;
            self.report(SpanEvent::Alarm {
                alarm: Alarm::Los,
                on: cut,
            });
        }
    }

    /// Repeats (positive) or leaves out (negative) this many frames of what arrives, at most 80.
    pub fn slip(&mut self, frames: i32) {
        let octets = frames.clamp(-(TICK_OCTETS as i32), TICK_OCTETS as i32);
        if octets == 0 {
            return;
        }
        self.read = self.read.wrapping_add_signed(-(octets as isize));
        self.report(SpanEvent::Slip { octets });
    }

    /// Lets the far clock run fast by this many parts per million (slow when negative): a slip of one
    /// frame whenever the difference comes to one.
    pub const fn set_drift(&mut self, parts_per_million: f64) {
        self.drift = parts_per_million / 1e6;
    }

    /// The span inside.
    pub fn into_inner(self) -> S {
        self.inner
    }

    fn report(&mut self, event: SpanEvent) {
        self.counted.count(event);
        self.events.push_back(event);
    }

    fn drift(&mut self) {
        self.drifted += self.drift * TICK_OCTETS as f64;
        let frames = self.drifted.trunc();
        self.drifted -= frames;
        // Ahead: more frames come than are wanted, so that some are left out.
        self.slip(-(frames as i32));
    }

    /// Brings the reading point back when slips in one direction have used up the room. This is itself
    /// a slip, of a whole tick: a span that is clocked in lock step cannot really drift for ever.
    fn recentre(&mut self) {
        let waiting = self.written.wrapping_sub(self.read) as isize;
        if waiting < TICK_OCTETS as isize {
            self.slip(TICK_OCTETS as i32);
        } else if waiting > ROOM as isize {
            self.slip(-(TICK_OCTETS as i32));
        }
    }

    fn store(&mut self) {
        for (row, octets) in self.store.iter_mut().zip(&self.rx.0) {
            for (n, &octet) in octets.iter().enumerate() {
                if let Some(slot) = row.get_mut(self.written.wrapping_add(n) % ROOM) {
                    *slot = octet;
                }
            }
        }
        self.written = self.written.wrapping_add(TICK_OCTETS);
    }

    fn hand_out(&mut self, rx: &mut SpanTick) {
        for (octets, row) in rx.0.iter_mut().zip(self.store.iter()) {
            for (n, octet) in octets.iter_mut().enumerate() {
                *octet = row
                    .get(self.read.wrapping_add(n) % ROOM)
                    .copied()
                    .unwrap_or(0xff);
            }
        }
        self.read = self.read.wrapping_add(TICK_OCTETS);
    }
}

impl<S: SpanIo> SpanIo for FaultInjector<S> {
    fn id(&self) -> SpanId {
        self.inner.id()
    }

    fn wait(&mut self) -> io::Result<Due> {
        self.inner.wait()
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        if self.cut {
            self.tx.fill(0xff);
            self.inner.carry(due, &self.tx, &mut self.rx)?;
        } else if self.transmit.rate() > 0.0 {
            (*self.tx).clone_from(tx);
            self.transmit.corrupt(self.tx.0.as_flattened_mut());
            self.inner.carry(due, &self.tx, &mut self.rx)?;
        } else {
            self.inner.carry(due, tx, &mut self.rx)?;
        }
        self.receive.corrupt(self.rx.0.as_flattened_mut());
        if self.cut {
            self.rx.fill(0xff);
        }
        self.store();
        self.drift();
        self.recentre();
        self.hand_out(rx);
        if self.cut {
            rx.fill(0xff);
        }
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.events.pop_front().or_else(|| self.inner.poll_event())
    }

    fn counters(&self) -> SpanCounters {
        let inner = self.inner.counters();
        SpanCounters {
            slips: inner.slips + self.counted.slips,
            octets_lost: inner.octets_lost + self.counted.octets_lost,
            octets_inserted: inner.octets_inserted + self.counted.octets_inserted,
            los: inner.los + self.counted.los,
            ..inner
        }
    }

    fn device_counters(&self) -> DeviceCounters {
        self.inner.device_counters()
    }

    fn signalling(&mut self, timeslot: Timeslot) -> Option<&mut dyn SignallingIo> {
        self.inner.signalling(timeslot)
    }

    fn set_content(&mut self, timeslot: Timeslot, content: Content) -> io::Result<()> {
        self.inner.set_content(timeslot, content)
    }

    fn trouble(&self) -> Option<&str> {
        self.inner.trouble()
    }
}

#[cfg(test)]
mod tests;
