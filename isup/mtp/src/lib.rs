//! MTP levels 2 and 3 (Q.703, Q.704, Q.707; T1.111), without I/O.
//!
//! [`Mtp`] is a signalling point: it never sees a clock, a socket or a line, is told the time with
//! every input, and its outputs are drained before the next one.
//!
//! ```
//! use std::time::Instant;
//! use mtp::{Config, LineEvent, LinkId, Mtp, NetworkIndicator, Output, Standard};
//! use mtp::WrittenPointCode;
//!
//! # fn run(now: Instant) -> Result<(), Box<dyn std::error::Error>> {
//! let point = |text: &str| text.parse::<WrittenPointCode>()?.of(Standard::Itu);
//! let config = Config::new(Standard::Itu, NetworkIndicator::National, point("2-10-5")?)
//!     .with_linkset(point("2-10-6")?, &[LinkId(0)]);
//! let mut mtp = Mtp::new(config)?;
//! mtp.start(now);
//! mtp.handle_line(now, LinkId(0), LineEvent::InService);
//! while let Some(output) = mtp.poll_output() {
//!     if let Output::SignalUnit(link, unit) = output {
//!         assert_eq!((link, unit.len()), (LinkId(0), 4), "an LSSU: SIOS, then SIO");
//!     }
//! }
//! assert!(mtp.poll_timeout().is_some(), "T2 runs");
//! # Ok(())
//! # }
//! ```
//!
//! What is bounded: a link keeps up to [`QUEUE_LIMIT`] waiting and 127 unacknowledged messages,
//! and as many waiting ones again while its changeover or changeback is under way; the line is
//! given what it can send in 20 to 40 ms.

mod config;
mod label;
#[cfg(test)]
mod ladder;
#[cfg(test)]
mod line_model;
mod link_state;
pub mod mtp2;
pub mod mtp3;
mod point_code;
mod primitives;
#[cfg(test)]
mod state_table;
mod timers;
#[cfg(test)]
mod wire_capture;

pub use config::{Config, ConfigError, LINKS_PER_LINKSET, LinkConfig, LinksetConfig, Route};
pub use label::{
    LinkId, Message, NetworkIndicator, RoutingLabel, ServiceInformation, Slc, Sls, Standard,
    Truncated, service,
};
pub use link_state::{Activity, Cause, Hint, LinkChange, LinkState, TimerEvent, TimerName};
pub use mtp2::{ErrorCorrection, Thresholds};
pub use mtp3::{LinkRequest, Mtp, RequestError};
pub use point_code::{PointCode, PointCodeError, WrittenPointCode};
pub use primitives::{LineEvent, Output, Status, Transfer, TransferError};
pub use timers::{Figures, OutOfRange, Timers};

/// Messages a link's transmission buffer holds before further ones are refused
/// ([`TransferError::QueueFull`]).
pub const QUEUE_LIMIT: usize = 1024;
