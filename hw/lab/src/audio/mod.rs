//! What the far end says and hears, on a timeslot and in RTP alike: octets of G.711.

mod ear;
mod mouth;
#[cfg(test)]
mod tests;

pub use ear::{Ear, Heard};
/// What became of the test pattern.
pub use media_bridge::prbs::Report as PatternReport;
pub use mouth::{Mouth, Play};
