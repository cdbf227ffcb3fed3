//! What the far end says and hears, on a timeslot and in RTP alike: octets of G.711.

mod ear;
mod mouth;
#[cfg(test)]
mod tests;

pub use ear::{Ear, Heard, PatternReport};
pub use mouth::{Mouth, Play};
