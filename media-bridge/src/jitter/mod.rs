//! The jitter buffer: RTP payloads in, in any order and length, a steady stream of octets out.
//!
//! Octets wait in a ring at the place their timestamp gives them, so packets of any length,
//! reordered or doubled, need no sorting. The line takes octets out at its own pace; what is not
//! there in time is concealed (voice) or idle (data).
//!
//! A gap in the timestamps with unbroken sequence numbers is the sender's silence (RFC 3551
//! §4.1), never loss: it is filled with idle octets as soon as the packet after it arrives.

mod buffer;
mod ring;
mod sequence;
mod target;

pub use buffer::{Arrival, Buffer, Counters};
pub use ring::{LONGEST, Ring};
pub use sequence::{Order, Sequence};

#[cfg(test)]
mod tests;
