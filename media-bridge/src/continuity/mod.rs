//! The continuity check of a circuit: check tones, their detector, the transponder (Q.724
//! clauses 7 and 8, T1.113; RFC 3660 §2.4 trunk package for the tolerances).
//!
//! [`Continuity`] is either end of a check on a timeslot, tick by tick. Its parts, in blocks of 80
//! samples:
//!
//! * the side that checks sends [`CheckTone::program`] (a [`crate::tone::Generator`] plays it)
//!   and feeds what comes back to a [`Detector`] of the tone that it expects: the same over a
//!   four-wire circuit, [`CheckTone::Return1780`] over a two-wire one;
//! * the other side of a four-wire circuit loops: it sends the octets that it receives, as they
//!   are ([`Law`] conversion, gain and echo control off);
//! * the other side of a two-wire circuit feeds a [`Transponder`] and sends what it fills.

mod detector;
mod end;
mod transponder;

pub use detector::{Change, Detector};
pub use end::{Continuity, Heard, LOUDEST, Mode, Return, SILENCE};
pub use transponder::Transponder;

use serde::{Deserialize, Serialize};
#[cfg(doc)]
use tdm::Law;

use crate::level::Dbm0;
use crate::tone::{Partial, ToneProgram};

/// Level at which check tones are sent (Q.724 clause 7).
pub const LEVEL: Dbm0 = Dbm0(-12.0);

/// A tone of the continuity check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CheckTone {
    /// 2000 Hz: the check tone of Q.724.
    #[serde(rename = "2000")]
    Check2000,
    /// 2010 Hz: the check tone in North America, and on digital circuits, where 2000 Hz would
    /// fall on four samples that repeat for ever.
    #[serde(rename = "2010")]
    Check2010,
    /// 1780 Hz: what a transponder answers over a two-wire circuit.
    #[serde(rename = "1780")]
    Return1780,
}

impl CheckTone {
    /// Its frequency in Hz.
    #[must_use]
    pub const fn frequency(self) -> f32 {
        match self {
            Self::Check2000 => 2_000.0,
            Self::Check2010 => 2_010.0,
            Self::Return1780 => 1_780.0,
        }
    }

    /// What the detector of this tone accepts, in Hz: either check tone with its tolerance of
    /// 30 Hz, since the far end may send the other one; the return tone within 30 Hz.
    #[must_use]
    pub const fn accepted(self) -> (f32, f32) {
        match self {
            Self::Check2000 | Self::Check2010 => (1_970.0, 2_040.0),
            Self::Return1780 => (1_750.0, 1_810.0),
        }
    }

    /// The tone to send, without end, at [`LEVEL`].
    #[must_use]
    pub fn program(self) -> ToneProgram {
        ToneProgram::endless(vec![Partial::new(self.frequency(), LEVEL)])
    }
}

#[cfg(test)]
mod tests;
