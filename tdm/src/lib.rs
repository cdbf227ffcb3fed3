//! What every TDM interface has in common: spans, timeslots, alarms, software HDLC and companding.
//!
//! A span moves in ticks of [`TICK`]: [`SpanIo::exchange`] sends one [`SpanTick`] and returns the one
//! that arrived. A card, the emulator and a serial line are the same thing to the rest of the gateway;
//! [`Tracer`] and [`FaultInjector`] are spans around a span. Nothing here sees a clock, a socket or a
//! source of chance: time and seeds come from the caller.
//!
//! Octets of a timeslot are as G.704 and G.711 number them: bit 1 is the most significant and the first
//! on the line. [`hdlc`] therefore puts the first bit of a signal unit into the most significant bit.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

use std::time::Duration;

mod chance;
mod fault;
pub mod g711;
pub mod hdlc;
pub mod signalling;
mod span;
mod tracer;

pub use chance::BitErrors;
pub use fault::FaultInjector;
pub use g711::Law;
pub use span::{
    Alarm, AlarmSet, Content, DeviceCounters, Due, Framing, SignallingIo, SpanCounters, SpanEvent,
    SpanId, SpanIo, SpanTick, Timeslot,
};
pub use tracer::{Trace, Tracer};

/// The time one [`SpanTick`] takes on the line.
pub const TICK: Duration = Duration::from_millis(10);
/// Octets of one timeslot in one tick: 10 ms at 64 kbit/s, that is 80 frames of 125 microseconds.
pub const TICK_OCTETS: usize = 80;
/// Timeslots of a [`SpanTick`]: those of an E1 (G.704 §2.3). A T1 uses the first 25 of them.
pub const TIMESLOTS: usize = 32;
