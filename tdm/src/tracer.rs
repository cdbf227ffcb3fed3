//! A span that shows everything that crosses it.

use std::io;

use crate::{
    Content, DeviceCounters, Due, SignallingIo, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick,
    Timeslot,
};

/// One thing that crossed a [`Tracer`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace<'a> {
    /// A tick was exchanged.
    Tick {
        /// Ticks exchanged before this one.
        number: u64,
        /// What was sent.
        tx: &'a SpanTick,
        /// What arrived.
        rx: &'a SpanTick,
        /// Ticks behind the line.
        late: u32,
    },
    /// The inner span reported an event; `number` ticks were exchanged before.
    Event {
        /// Ticks exchanged before it was taken.
        number: u64,
        /// The event.
        event: SpanEvent,
    },
}

/// A span around `S` that hands every tick and event to `sink` on its way through, unchanged.
///
/// `sink` runs on the media thread: it must not block.
#[derive(Debug)]
pub struct Tracer<S, F> {
    inner: S,
    sink: F,
    number: u64,
}

impl<S: SpanIo, F: FnMut(SpanId, Trace<'_>) + Send> Tracer<S, F> {
    /// Traces `inner` into `sink`.
    pub const fn new(inner: S, sink: F) -> Self {
        Self {
            inner,
            sink,
            number: 0,
        }
    }

    /// The span inside.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: SpanIo, F: FnMut(SpanId, Trace<'_>) + Send> SpanIo for Tracer<S, F> {
    fn id(&self) -> SpanId {
        self.inner.id()
    }

    fn wait(&mut self) -> io::Result<Due> {
        self.inner.wait()
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.inner.carry(due, tx, rx)?;
        (self.sink)(
            self.inner.id(),
            Trace::Tick {
                number: self.number,
                tx,
                rx,
                late: due.behind(),
            },
        );
        self.number += 1;
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        let event = self.inner.poll_event()?;
        (self.sink)(
            self.inner.id(),
            Trace::Event {
                number: self.number,
                event,
            },
        );
        Some(event)
    }

    fn counters(&self) -> SpanCounters {
        self.inner.counters()
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
