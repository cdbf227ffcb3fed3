//! Spans and channels of the DAHDI driver: Digium's and compatible cards, and the driver's own
//! dynamic spans, which need no card.
//!
//! [`report`] reads what the driver says of itself in `/proc/dahdi`, in every build. With the feature
//! `driver`, `Span` opens the channels of a span and is a [`tdm::SpanIo`] like the emulated and the
//! serial one; `hw/dahdi-sys` binds the driver's header for it.
//!
//! A channel of the driver is a timeslot of a span: channel position *n* of an E1 is timeslot *n*.
//! How a channel may be used is decided in `/etc/dahdi/system.conf`, which `dahdi_cfg` puts into
//! effect; a channel that is configured for something else is refused with the line that mends it.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)
)]

mod purpose;
pub mod report;

pub use purpose::{Circuit, EchoCanceller, LinkMode, Purpose, SpanConfig, Taps};

#[cfg(feature = "driver")]
mod alarm;
#[cfg(feature = "driver")]
mod channel;
#[cfg(feature = "driver")]
mod control;
#[cfg(feature = "driver")]
mod gain;
#[cfg(feature = "driver")]
mod ioctl;
#[cfg(feature = "driver")]
mod line;
#[cfg(feature = "driver")]
mod link;
#[cfg(feature = "driver")]
mod refusal;
#[cfg(feature = "driver")]
mod span;

#[cfg(feature = "driver")]
pub use control::{Control, SpanStatus};
#[cfg(feature = "driver")]
pub use refusal::Refusal;
#[cfg(feature = "driver")]
pub use span::Span;
