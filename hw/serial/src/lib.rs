//! A span over a serial line: a null-modem cable, a USB adapter or a pseudo-terminal between two
//! machines makes a trunk.
//!
//! Each tick of 10 ms goes as one [`frame`]: synchronisation word, sequence number, 80 octets of each
//! timeslot that is carried, whole signal units in the room that is left, and a CRC. What was broken or
//! lost on the way is found by these, counted and made up for, so that what comes after is not
//! displaced; when no frame arrives for a while, LOS is raised, and the far end hears of it as RAI.
//!
//! The line has no clock to follow: [`Span`] wants one around it, and a machine that runs faster than
//! the other slips a tick now and then, which is counted.
//!
//! ```
//! use serial::Layout;
//! // 115,200 bit/s carry one voice timeslot and signalling at a reduced rate, and not two.
//! let layout = Layout::new(115_200, &[1], Some(16))?;
//! assert_eq!(layout.signalling_rate(), 16_000);
//! assert!(Layout::new(115_200, &[1, 2], Some(16)).is_err());
//! # Ok::<(), serial::LayoutError>(())
//! ```

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

mod counters;
pub mod frame;
mod layout;
mod line;
mod signalling;
mod span;
mod store;
#[cfg(test)]
mod tests;

pub use counters::LineCounters;
pub use layout::{Layout, LayoutError};
pub use line::{Line, LineError};
pub use span::{Port, Span};
