//! The lab's configuration: an exchange on the far end of the cable, and its subscribers.
//!
//! The types only; reading a file, and saying where in it something is wrong, is the program's
//! (`isthmus::config::lab`). Every type refuses unknown keys.

mod span;
mod subscriber;
mod value;

use serde::Deserialize;

pub use self::span::{Dahdi, Driver, Role, Span};
pub use self::subscriber::{Behaviour, Subscriber, Terminal};
pub use self::value::{CheckRate, Timeslots, ValueError, duration, optional_duration};
pub use crate::modem::Modulation;
pub use media_bridge::continuity::Return;
pub use mtp::{NetworkIndicator, PointCode, Standard};
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

/// `[[linkset]]`: the links to one adjacent signalling point.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linkset {
    /// The name that circuits use.
    pub name: String,
    /// Whose MTP and ISUP.
    #[serde(default)]
    pub standard: Standard,
    /// Network indicator of every message on the linkset (Q.704 clause 14.2.2).
    #[serde(default)]
    pub network_indicator: NetworkIndicator,
    /// Own point code.
    pub point_code: PointCode,
    /// Point code at the other end of the links.
    pub adjacent: PointCode,
    /// The links.
    #[serde(rename = "link")]
    pub links: Vec<Link>,
}

/// `[[linkset.link]]`: one signalling link on a timeslot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Name of the span.
    pub span: String,
    /// Timeslot of the span, 1 to 31.
    pub timeslot: u8,
    /// Signalling link code, 0 to 15, the same at both ends (Q.704 clause 2.2).
    pub slc: u8,
}

/// `[[circuits]]`: the timeslots of one span that carry speech, and their CICs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circuits {
    /// Name of the linkset that signals for them.
    pub linkset: String,
    /// Point code of the exchange at the other end; the linkset's adjacent one when absent.
    #[serde(default)]
    pub destination: Option<PointCode>,
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
