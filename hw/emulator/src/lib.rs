//! An emulated line: the 32 timeslots of an E1 or the 24 of a T1, of 64 kbit/s each, in frames of 125
//! microseconds, eight frames to a chunk of 1 ms, ten chunks to a tick.
//!
//! Two ends are joined in-process by [`pair`], which has no clock and so runs in virtual time, or over a
//! UNIX socket by [`Socket`], between two processes in real time; [`Clocked`] gives a clock to an end of
//! a pair. What is between them is a [`Cable`] that can be cut, mended, filled with ones, slipped and
//! given bit errors, each direction by itself.
//!
//! There is no side channel for alarms: the line carries the frame alignment signal of its kind and is
//! judged by what arrives (G.706, G.775), and the far end is told by bit A of timeslot 0 or by the data
//! link of a T1 (G.704).
//!
//! ```
//! use emulator::pair;
//! use tdm::{Law, SpanId, SpanIo, SpanTick};
//!
//! let (mut here, mut there) = pair(SpanId(0), SpanId(1));
//! let mut tx = SpanTick::idle(Law::ALaw);
//! let mut rx = tx.clone();
//! tx.0[1] = [0x2a; 80];
//! here.exchange(&tx, &mut rx)?;
//! there.exchange(&SpanTick::idle(Law::ALaw), &mut rx)?; // what the cable held at the start
//! here.exchange(&tx, &mut rx)?;
//! there.exchange(&SpanTick::idle(Law::ALaw), &mut rx)?; // the first tick of `here`
//! assert_eq!(rx.0[1], [0x2a; 80]);
//! # Ok::<(), std::io::Error>(())
//! ```

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

use std::time::Duration;

use tdm::Framing;

mod alignment;
mod cable;
mod clocked;
mod elastic;
mod events;
mod frame;
mod framer;
mod pair;
mod port;
mod socket;

pub use cable::{Cable, Line};
pub use clocked::Clocked;
pub use pair::{End, pair, pair_with};
pub use socket::{Socket, SocketError};

/// How an end judges and buffers what arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// E1 or T1, the same at both ends.
    pub framing: Framing,
    /// Parts per million by which this end's clock runs fast, slow when negative: a frame is left out at
    /// the far end and repeated at this one, or the other way round, whenever it comes to one. Two ends
    /// that both drift drift from each other by the difference.
    pub drift: i32,
    /// Where its bit errors begin: the same seed and the same span give the same errors.
    pub seed: u64,
    /// How much of what arrives is held back before it is handed out (rounded up to ticks). A far end
    /// that sends late by less than this causes no slip.
    pub delay: Duration,
    /// Nothing may arrive for so long before LOS is raised.
    pub los_after: Duration,
    /// LOF, AIS and RAI must stand for so long before they are raised.
    pub raise_after: Duration,
    /// A raised alarm must be gone for so long before it is cleared.
    pub clear_after: Duration,
}

impl Config {
    /// For two ends that exchange in turns, in virtual time: a delay of one tick.
    pub const LOCK_STEP: Self = Self {
        framing: Framing::E1,
        drift: 0,
        seed: 0,
        delay: tdm::TICK,
        los_after: Duration::from_millis(30),
        raise_after: Duration::from_millis(30),
        clear_after: Duration::from_millis(50),
    };

    /// For two ends with their own wake-ups on a busy machine: no slip while
    /// these come less than 80 ms late, and no LOS while less than 300 ms.
    pub const REAL_TIME: Self = Self {
        framing: Framing::E1,
        drift: 0,
        seed: 0,
        delay: Duration::from_millis(80),
        los_after: Duration::from_millis(300),
        raise_after: Duration::from_millis(30),
        clear_after: Duration::from_millis(100),
    };
}
