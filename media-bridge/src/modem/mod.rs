//! Fax machines and modems on the line: their answer and calling tones, and the preamble of
//! V.21 flags before a fax's first message.
//!
//! One [`Detector`] a direction hears them all: 2100 Hz (V.25 ANS; V.8 ANSam by its modulation;
//! both with or without phase reversals), 2225 Hz, CNG of 1100 Hz (T.30), CT of 1300 Hz (V.25),
//! and the flags of V.21 channel 2 (T.30). How to drive it: push every 80 samples of the line;
//! at the first [`Report::Heard`] of a signal that [means data](Signal::means_data) switch the
//! bridge for the rest of the call (echo control off, jitter buffer fixed, concealment and
//! comfort noise off, as V.152 has it for voiceband data). A signal that turns out to be more
//! than it seemed is heard again under its fuller name: ANS, then ANS with phase reversals.

mod answer;
mod detector;
mod flags;
mod listener;
mod pair;
mod track;
pub(crate) mod waves;

pub use detector::{Detector, Report};
pub use pair::Pair;

use serde::{Deserialize, Serialize};

/// What was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signal {
    /// ANS of V.25, CED of T.30: 2100 Hz.
    Ans,
    /// ANS whose phase reverses every 450 ms: echo cancellers are to stand aside (V.25, G.168).
    AnsReversed,
    /// ANSam of V.8: 2100 Hz, modulated by 15 Hz.
    Ansam,
    /// ANSam whose phase reverses every 450 ms.
    AnsamReversed,
    /// CNG of T.30: a fax machine calls; 1100 Hz for half a second every 3.5 s.
    Cng,
    /// CT of V.25: a modem calls; 1300 Hz for 0.6 s every 2.6 s.
    CallingTone,
    /// 2225 Hz: the answer tone of Bell 103 and 212 modems.
    BellAnswer,
    /// Flags at 300 bit/s in channel 2 of V.21: a fax message begins.
    V21Flags,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Ans,
        Self::AnsReversed,
        Self::Ansam,
        Self::AnsamReversed,
        Self::Cng,
        Self::CallingTone,
        Self::BellAnswer,
        Self::V21Flags,
    ];

    /// Its RFC 4733 event code (RFC 4734 §3, table 1 and 2): what a gateway sends in its place.
    #[must_use]
    pub const fn event(self) -> u8 {
        match self {
            Self::Ans => 32,
            Self::AnsReversed => 33,
            Self::Ansam => 34,
            Self::AnsamReversed => 35,
            Self::Cng => 36,
            Self::CallingTone => 49,
            Self::BellAnswer => 52,
            Self::V21Flags => 54,
        }
    }

    /// The signal of an event code; `None` for any other.
    #[must_use]
    pub fn from_event(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|signal| signal.event() == code)
    }

    /// Whether from here on the call carries data: an answer or a message. A calling tone
    /// alone does not say so, since people answer calls of fax machines too.
    #[must_use]
    pub const fn means_data(self) -> bool {
        !matches!(self, Self::Cng | Self::CallingTone)
    }

    /// Whether echo cancellers must be disabled for it, and not only suppressors (G.168).
    #[must_use]
    pub const fn disables_cancellers(self) -> bool {
        matches!(self, Self::AnsReversed | Self::AnsamReversed)
    }
}

#[cfg(test)]
mod tests;
