//! Echo of a hybrid behind the timeslot: what the network sends to the line comes back from it,
//! late and quieter, and is taken off what the line sends.
//!
//! Cards with a canceller of their own, or DAHDI's, are steered per call; this is for lines
//! without one. [`Control`] is what a bridge has where its trunk group asks for it; it lasts until a
//! modem or fax machine makes the call one of data. [`Canceller`] is what it talks to, [`Nlms`] the
//! implementation. How to drive it alone, in blocks of 80 samples:
//!
//! * `cancel(far, near)`: `far` is what goes to the timeslot in this tick, `near` what comes from
//!   it; `near` is replaced by what is left without the echo;
//! * feed both directions to a [`ToneDisabler`] and call [`Canceller::enable`] with what it says
//!   (2100 Hz with phase reversals, G.168 clause 7), or do so from what the bridge's
//!   [`crate::modem::Detector`]s heard already.
//!
//! The measure are tests in the manner of G.168: convergence, double talk, a path that changes,
//! narrow-band signals, the tone disabler; and spandsp's canceller on the same signals.

mod control;
mod disabler;
mod nlms;

pub use control::Control;
pub use disabler::ToneDisabler;
pub use nlms::{Nlms, NlmsConfig};

/// An echo canceller of one line.
pub trait Canceller {
    /// Takes the echo of `far` off `near`. Both are as long, 160 samples at most; nothing
    /// happens to what is longer.
    fn cancel(&mut self, far: &[i16], near: &mut [i16]);

    /// Cancels, or lets pass unchanged. What was learned is kept.
    fn enable(&mut self, on: bool);

    /// Forgets what was learned: another call.
    fn reset(&mut self);

    /// Loss of echo that it brought lately, in dB, while there was any; for records.
    fn loss_db(&self) -> f32;
}

#[cfg(test)]
mod tests;
