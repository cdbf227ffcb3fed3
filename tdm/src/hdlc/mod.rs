//! Software HDLC on a raw 64 kbit/s timeslot, as MTP2 uses it (Q.703 §2.2, §2.3.3, §3 and §4.1).
//!
//! Flags, zero insertion and the 16 check bits (FCS-16 of ISO/IEC 13239) around signal units. Within a
//! signal unit each octet goes least significant bit first; within the timeslot the first bit on the
//! line is the most significant of the octet (G.704). Both directions work by table, an octet at a time.

mod fcs;
mod receiver;
mod transmitter;

pub use receiver::{Received, Receiver};
pub use transmitter::{InvalidLength, Transmitter};

/// Shortest signal unit, without flags and check bits: BSN, FSN and length indicator (a FISU).
pub const MIN_SU: usize = 3;
/// Longest signal unit, without flags and check bits: a MSU with 272 octets of signalling information is
/// 276; Q.703 §4.1.4 takes up to 279 with the check bits.
pub const MAX_SU: usize = 277;
/// Longest LSSU: a length indicator of 2. These and the FISU are what the line repeats.
pub const MAX_REPEATED: usize = 5;
/// Octets counted for one errored signal unit in octet counting mode (N of Q.703 §10.2.3).
pub const OCTET_COUNTING: usize = 16;

const FLAG: u8 = 0x7e;

#[cfg(test)]
mod tests;
