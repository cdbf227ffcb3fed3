//! A serial line as a span.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use tdm::{
    Alarm, AlarmSet, DeviceCounters, Due, SignallingIo, SpanCounters, SpanEvent, SpanId, SpanIo,
    SpanTick, TICK, TICK_OCTETS, Timeslot,
};

use crate::frame::{Deframer, Frame};
use crate::signalling::Signalling;
use crate::store::Store;
use crate::{Layout, LineCounters};

/// Octets to and from a line; neither waits.
pub trait Port: Send {
    /// Takes what arrived, as far as it fits; 0 when nothing did.
    ///
    /// # Errors
    /// The device is gone.
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize>;

    /// Sends all of it, or nothing when there is no room for all; says which.
    ///
    /// # Errors
    /// The device is gone.
    fn write(&mut self, octets: &[u8]) -> io::Result<bool>;
}

/// Ticks that are held back, so that a line that stutters causes no slip: a USB adapter hands over
/// every 16 ms, a busy machine later.
const DELAY: usize = 6;
/// So long without a frame is LOS.
const LOS_AFTER: Duration = Duration::from_millis(200);
/// Frames without a break for so long end it.
const CLEAR_AFTER: Duration = Duration::from_millis(100);
/// Frames that may be missing in a row and are made up for; more is another life of the far end.
const MOST_MISSING: u16 = 8;

/// A span of the timeslots that a serial line carries; the others are idle. It has no clock of its
/// own: [`SpanIo::wait`] returns at once.
#[derive(Debug)]
pub struct Span<P> {
    id: SpanId,
    layout: Layout,
    port: P,
    deframer: Deframer,
    signalling: Signalling,
    store: Store,
    /// The sequence number to be sent next, and the one expected.
    sequence: u16,
    expected: Option<u16>,
    /// Time since a frame arrived, and time for which they have been arriving.
    silent: Duration,
    steady: Duration,
    alarms: AlarmSet,
    events: VecDeque<SpanEvent>,
    counters: SpanCounters,
    line: LineCounters,
    /// The frame being made: its timeslots, its signalling, all of it; and octets being read.
    timeslots: Vec<u8>,
    pieces: Vec<u8>,
    out: Vec<u8>,
    read: Box<[u8]>,
}

/// What a frame changes, while the deframer is borrowed.
struct Receiving<'a> {
    store: &'a mut Store,
    signalling: &'a mut Signalling,
    expected: &'a mut Option<u16>,
    events: &'a mut VecDeque<SpanEvent>,
    counters: &'a mut SpanCounters,
    missing: u64,
    remote_alarm: Option<bool>,
}

impl<P: Port> Span<P> {
    /// A line that nobody has been heard on: LOS stands.
    pub fn new(id: SpanId, layout: Layout, port: P) -> Self {
        let mut span = Self {
            id,
            port,
            deframer: Deframer::new(&layout),
            signalling: Signalling::new(),
            store: Store::new(layout.timeslots().len(), DELAY),
            sequence: 0,
            expected: None,
            silent: LOS_AFTER,
            steady: Duration::ZERO,
            alarms: AlarmSet::default(),
            events: VecDeque::with_capacity(16),
            counters: SpanCounters::default(),
            line: LineCounters::default(),
            timeslots: Vec::with_capacity(layout.timeslots().len() * TICK_OCTETS),
            pieces: Vec::with_capacity(layout.signalling_room()),
            out: Vec::with_capacity(layout.longest_frame()),
            read: Box::default(),
            layout,
        };
        span.read = vec![0; span.deframer.most()].into_boxed_slice();
        span.alarm(Alarm::Los, true);
        span
    }

    /// What the line counted.
    #[must_use]
    pub const fn line_counters(&self) -> LineCounters {
        self.line
    }

    /// The alarms that stand.
    #[must_use]
    pub const fn alarms(&self) -> AlarmSet {
        self.alarms
    }

    fn alarm(&mut self, alarm: Alarm, on: bool) {
        if self.alarms.set(alarm, on) {
            self.report(SpanEvent::Alarm { alarm, on });
        }
    }

    fn report(&mut self, event: SpanEvent) {
        self.counters.count(event);
        self.events.push_back(event);
    }

    fn send(&mut self, tx: &SpanTick) -> io::Result<()> {
        self.timeslots.clear();
        for timeslot in self.layout.timeslots() {
            self.timeslots.extend(tx.timeslot(*timeslot));
        }
        self.pieces.clear();
        self.signalling
            .write(self.layout.signalling_room(), &mut self.pieces);
        self.out.clear();
        let frame = Frame {
            sequence: self.sequence,
            remote_alarm: self.alarms.contains(Alarm::Los),
            timeslots: &self.timeslots,
            signalling: &self.pieces,
        };
        frame.write(&mut self.out);
        self.sequence = self.sequence.wrapping_add(1);
        if self.port.write(&self.out)? {
            self.line.sent += 1;
        } else {
            self.line.not_sent += 1;
            self.counters.overruns += 1;
        }
        Ok(())
    }

    /// Takes what arrived; whether that was a frame or more.
    fn receive(&mut self) -> io::Result<bool> {
        let mut receiving = Receiving {
            store: &mut self.store,
            signalling: &mut self.signalling,
            expected: &mut self.expected,
            events: &mut self.events,
            counters: &mut self.counters,
            missing: 0,
            remote_alarm: None,
        };
        let before = self.line.broken;
        loop {
            let count = self.port.read(&mut self.read)?;
            let octets = self.read.get(..count).unwrap_or_default();
            if octets.is_empty() {
                break;
            }
            self.deframer
                .push(octets, &mut self.line, &mut |frame| receiving.take(&frame));
        }
        let (missing, remote_alarm) = (receiving.missing, receiving.remote_alarm);
        self.line.missing += missing;
        self.counters.framing_errors += self.line.broken - before;
        if let Some(remote_alarm) = remote_alarm {
            // Both complain of the same break: what the far end says counts once it can be heard.
            self.alarm(
                Alarm::Rai,
                remote_alarm && !self.alarms.contains(Alarm::Los),
            );
        }
        Ok(remote_alarm.is_some())
    }

    /// Judges the line by whether frames arrive. A caller that is behind finds those of several ticks
    /// at once.
    fn judge(&mut self, heard: bool, due: Due) {
        if heard {
            self.silent = Duration::ZERO;
            self.steady += TICK;
        } else if due.late == 0 {
            self.silent += TICK;
            if self.silent > DELAY as u32 * TICK {
                self.steady = Duration::ZERO;
            }
        }
        if self.silent >= LOS_AFTER && !self.alarms.contains(Alarm::Los) {
            self.alarm(Alarm::Rai, false);
            self.alarm(Alarm::Los, true);
            self.store.clear();
            self.expected = None;
        } else if self.steady >= CLEAR_AFTER {
            self.alarm(Alarm::Los, false);
        }
    }

    fn hand_out(&mut self, rx: &mut SpanTick) {
        rx.fill(0xff);
        let timeslots = self.layout.timeslots();
        let taken = self.store.take(|tick| {
            for (timeslot, octets) in timeslots.iter().zip(tick.chunks_exact(TICK_OCTETS)) {
                rx.timeslot_mut(*timeslot).copy_from_slice(octets);
            }
        });
        if taken.is_err() && !self.alarms.contains(Alarm::Los) {
            self.report(SpanEvent::Slip {
                octets: TICK_OCTETS as i32,
            });
        }
        if self.alarms.contains(Alarm::Los) {
            rx.fill(0xff);
        }
    }
}

impl Receiving<'_> {
    fn take(&mut self, frame: &Frame<'_>) {
        self.remote_alarm = Some(frame.remote_alarm);
        let missing = self
            .expected
            .map_or(0, |expected| frame.sequence.wrapping_sub(expected));
        *self.expected = Some(frame.sequence.wrapping_add(1));
        if missing > 0 {
            self.missing += u64::from(missing);
            self.signalling.missed();
        }
        if (1..=MOST_MISSING).contains(&missing) {
            self.counters.octets_lost += u64::from(missing) * TICK_OCTETS as u64;
            self.counters.octets_inserted += u64::from(missing) * TICK_OCTETS as u64;
            for _ in 0..missing {
                self.add(None);
            }
        }
        self.add(Some(frame.timeslots));
        self.signalling.read(frame.signalling);
    }

    fn add(&mut self, tick: Option<&[u8]>) {
        let dropped = self.store.add(tick);
        if dropped > 0 {
            let event = SpanEvent::Slip {
                octets: -((dropped * TICK_OCTETS) as i32),
            };
            self.counters.count(event);
            self.events.push_back(event);
        }
    }
}

impl<P: Port> SpanIo for Span<P> {
    fn id(&self) -> SpanId {
        self.id
    }

    fn wait(&mut self) -> io::Result<Due> {
        Ok(Due::default())
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.counters.ticks += 1;
        self.send(tx)?;
        let heard = self.receive()?;
        self.judge(heard, due);
        self.hand_out(rx);
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.events.pop_front()
    }

    fn counters(&self) -> SpanCounters {
        self.counters
    }

    fn device_counters(&self) -> DeviceCounters {
        self.line.into()
    }

    fn signalling(&mut self, timeslot: Timeslot) -> Option<&mut dyn SignallingIo> {
        (self.layout.signalling() == Some(timeslot)).then_some(&mut self.signalling as _)
    }
}
