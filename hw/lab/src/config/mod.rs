//! The lab's configuration: an exchange on the far end of the cable, and its subscribers.
//!
//! The types only; reading a file, and saying where in it something is wrong, is the program's
//! (`isthmus::config::lab`). Every type refuses unknown keys.

mod linkset;
mod span;
mod subscriber;
mod value;

use serde::Deserialize;

pub use self::linkset::{Correction, Link, Linkset, SignallingRoute, WrongTimer};
pub use self::span::{Dahdi, Driver, Role, Span};
pub use self::subscriber::{Behaviour, Subscriber, Terminal};
pub use self::value::{CheckRate, Timeslots, ValueError, duration, durations, optional_duration};
pub use crate::modem::Modulation;
pub use media_bridge::continuity::Return;
pub use mtp::{NetworkIndicator, PointCode, PointCodeError, Standard, WrittenPointCode};
pub use serial::Layout;
pub use tdm::Law;

/// A lab file: `[lab]`, spans, linksets, circuits and subscribers.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The exchange as a whole.
    #[serde(default)]
    pub lab: Lab,
    /// Lines to the gateway.
    #[serde(rename = "span", default)]
    pub spans: Vec<Span>,
    /// Signalling towards the gateway.
    #[serde(rename = "linkset", default)]
    pub linksets: Vec<Linkset>,
    /// Ways to signalling points that are not adjacent, beside those of the circuits.
    #[serde(rename = "signalling_route", default)]
    pub signalling_routes: Vec<SignallingRoute>,
    /// The exchange's side of the trunk groups.
    #[serde(rename = "circuits", default)]
    pub circuits: Vec<Circuits>,
    /// Who answers, and how.
    #[serde(rename = "subscriber", default)]
    pub subscribers: Vec<Subscriber>,
}

/// `[lab]`: the exchange as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lab {
    /// What the exchange calls itself in logs.
    pub name: String,
    /// Tone plan of the exchange: the stem of a file in `config/tones`, as `de`.
    pub country: String,
    /// E.164 country code without `+`: a called number of nature national is taken as being in it.
    pub country_code: String,
}

impl Default for Lab {
    fn default() -> Self {
        Self {
            name: "exchange".to_owned(),
            country: "de".to_owned(),
            country_code: "49".to_owned(),
        }
    }
}

/// `[[circuits]]`: the timeslots of one span that carry speech, and their CICs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuits {
    /// Name of the linkset that signals for them.
    pub linkset: String,
    /// Point code of the exchange at the other end; the linkset's adjacent one when absent.
    #[serde(default)]
    pub destination: Option<WrittenPointCode>,
    /// Name of the span.
    pub span: String,
    /// The timeslots.
    pub timeslots: Timeslots,
    /// CIC of timeslot 0: the CIC of a timeslot is `first_cic` + timeslot.
    #[serde(default)]
    pub first_cic: u16,
    /// Companding of the speech.
    #[serde(default = "Circuits::default_law")]
    pub law: Law,
    /// Which outgoing calls ask for a continuity check.
    #[serde(default)]
    pub continuity_check: CheckRate,
    /// How check tones come back, at both ends.
    #[serde(default)]
    pub continuity_return: Return,
}

impl Circuits {
    fn default_law() -> Law {
        Law::ALaw
    }
}
