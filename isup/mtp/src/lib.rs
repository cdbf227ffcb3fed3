//! MTP levels 2 and 3 (Q.703, Q.704, Q.707; T1.111), without I/O.
//!
//! A signalling point never sees a clock, a socket or a line: it is told the time with
//! every input, and its outputs are drained before the next one.

mod config;
mod label;
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

pub use config::{
    Config, ConfigError, ErrorCorrection, LINKS_PER_LINKSET, LinkConfig, LinksetConfig, Route,
};
pub use label::{
    LinkId, Message, NetworkIndicator, RoutingLabel, ServiceInformation, Slc, Sls, Standard,
    Truncated, service,
};
pub use link_state::{Activity, Cause, Hint, LinkChange, LinkState, TimerEvent, TimerName};
pub use mtp3::{LinkRequest, Mtp, RequestError};
pub use point_code::{PointCode, PointCodeError, PointCodeFormat};
pub use primitives::{LineEvent, Output, Status, Transfer, TransferError};
pub use timers::{Figures, OutOfRange, Timers};

/// Messages a link's transmission buffer holds before further ones are refused
/// ([`TransferError::QueueFull`]).
pub const QUEUE_LIMIT: usize = 1024;
