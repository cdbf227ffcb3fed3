//! A span that is no line: its timeslots carry bridges of calls without a circuit.

use std::io;

use tdm::{Due, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick};

/// Timeslots that lead nowhere: what is sent on them is heard by nobody, and nothing comes. It has
/// no clock, and moves with the lines of its thread.
#[derive(Debug)]
pub struct WithoutLine(pub SpanId);

impl SpanIo for WithoutLine {
    fn id(&self) -> SpanId {
        self.0
    }

    fn wait(&mut self) -> io::Result<Due> {
        // Of a thread that has lost its lines it must not become the clock.
        Err(io::Error::other("no line is left to take the clock from"))
    }

    /// `rx` stays as it is, idle from the beginning.
    fn carry(&mut self, _due: Due, _tx: &SpanTick, _rx: &mut SpanTick) -> io::Result<()> {
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        None
    }

    fn counters(&self) -> SpanCounters {
        SpanCounters::default()
    }
}
