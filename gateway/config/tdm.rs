//! `[[trunk_group]]`: circuits to an exchange.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer, Unexpected, Visitor};

use super::{
    Announcements, CheckRate, Law, Nature, PortRange, Return, Timeslots, WrittenPointCode,
};

/// `[[trunk_group]]`: circuits to an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrunkGroup {
    /// The name that rules use.
    pub name: String,
    /// Name of the linkset that signals for it.
    pub linkset: String,
    /// Point code of the exchange, in the form of the linkset's standard; the linkset's adjacent
    /// one when absent.
    #[serde(default)]
    pub destination: Option<WrittenPointCode>,
    /// Name of the span.
    pub span: String,
    /// Timeslots of the span that are circuits of the group.
    pub timeslots: Timeslots,
    /// CIC of timeslot 0: the CIC of a timeslot is `first_cic` + timeslot.
    #[serde(default)]
    pub first_cic: u16,
    /// Companding on the circuits.
    #[serde(default = "TrunkGroup::default_law")]
    pub law: Law,
    /// Which idle circuit an outgoing call takes.
    #[serde(default)]
    pub hunt: Hunt,
    /// Which circuits it takes before the others.
    #[serde(default)]
    pub prefer: Prefer,
    /// E.164 country code without `+`: numbers in it go out as national (RFC 3398 section 12).
    pub country_code: String,
    /// Area code that completes a subscriber number; such numbers stay local when absent.
    #[serde(default)]
    pub area_code: Option<String>,
    /// Nature of address of numbers that go out without `+`.
    #[serde(default = "TrunkGroup::default_number_nature")]
    pub number_nature: Nature,
    /// Tone plan: the stem of a file in `config/tones`.
    #[serde(default = "TrunkGroup::default_tones")]
    pub tones: String,
    /// Name of the interworking tables.
    #[serde(default = "TrunkGroup::default_profile")]
    pub profile: String,
    /// Timers of Q.764 that differ from their default, by name: `t7 = "25s"`; none for one that
    /// is off: `t11 = "off"`.
    #[serde(default, deserialize_with = "timers")]
    pub timers: BTreeMap<String, Option<Duration>>,
    /// How long an announcement, or a tone in its place, may go on before a release
    /// (RFC 3398 section 7.1.6).
    #[serde(
        default = "TrunkGroup::default_announcement",
        deserialize_with = "super::duration"
    )]
    pub announcement: Duration,
    /// Announcements that callers on the circuits hear before a release, by its cause.
    #[serde(default)]
    pub announcements: Announcements,
    /// Whether digits come and go one after the other on these circuits.
    #[serde(default)]
    pub overlap: Overlap,
    /// Whether echo of the circuits is cancelled for SIP peers.
    #[serde(default)]
    pub echo: Echo,
    /// Longest echo path of the circuits.
    #[serde(
        default = "TrunkGroup::default_echo_tail",
        deserialize_with = "super::duration"
    )]
    pub echo_tail: Duration,
    /// What the line is known to take there and back, before any echo path begins.
    #[serde(default, deserialize_with = "super::duration")]
    pub echo_delay: Duration,
    /// What these circuits add to the propagation delay of a call, in whole milliseconds (Q.764
    /// section 2.6).
    #[serde(default, deserialize_with = "super::duration")]
    pub propagation_delay: Duration,
    /// Level of each frequency of digits that are played into the circuits, in dBm0; the level that
    /// an event tells, when absent.
    #[serde(default)]
    pub dtmf_level: Option<i8>,
    /// Shorter digits are lengthened to this.
    #[serde(
        default = "TrunkGroup::default_dtmf_length",
        deserialize_with = "super::duration"
    )]
    pub dtmf_length: Duration,
    /// Silence after a digit.
    #[serde(
        default = "TrunkGroup::default_dtmf_pause",
        deserialize_with = "super::duration"
    )]
    pub dtmf_pause: Duration,
    /// Which outgoing calls ask for a continuity check of their circuit (Q.764 clause 2.1.8).
    #[serde(default)]
    pub continuity_check: CheckRate,
    /// How check tones come back, at both ends (Q.724 clauses 7 and 8).
    #[serde(default)]
    pub continuity_return: Return,
}

impl TrunkGroup {
    fn default_law() -> Law {
        Law::ALaw
    }
    fn default_announcement() -> Duration {
        Duration::from_secs(30)
    }
    fn default_echo_tail() -> Duration {
        Duration::from_millis(32)
    }
    fn default_dtmf_length() -> Duration {
        Duration::from_millis(40)
    }
    fn default_dtmf_pause() -> Duration {
        Duration::from_millis(50)
    }
    fn default_number_nature() -> Nature {
        Nature::National
    }
    fn default_tones() -> String {
        "de".to_owned()
    }
    fn default_profile() -> String {
        crate::interwork::profile::DEFAULT.to_owned()
    }
}

/// Overlap signalling on the circuits of a group (Q.764 clause 2.1.2.2, RFC 3578).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Overlap {
    /// En bloc: an IAM has the whole number.
    #[default]
    Off,
    /// Calls from the circuits: digits are collected until the number is complete, or none has come
    /// for T10. Calls to them go en bloc.
    Collect,
    /// Calls from the circuits: each further digit goes on at once, as a new INVITE. Calls to them:
    /// further digits go in SAM.
    Pass,
}

/// Whether echo of the circuits is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Echo {
    /// By nobody here.
    #[default]
    Off,
    /// By the canceller of the span's driver where it has one, else by ours.
    On,
}

/// Which idle circuit of a group an outgoing call takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hunt {
    /// The one that has been idle for longest.
    #[default]
    MostIdle,
    /// The one that became idle last.
    LeastIdle,
    /// The lowest CIC.
    Ascending,
    /// The highest CIC.
    Descending,
}

/// Which circuits of a group an outgoing call takes first; the others are taken in the opposite
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Prefer {
    /// Those whose call stays after a dual seizure, by the point codes (Q.764 clause 2.9.1.4).
    #[default]
    Controlled,
    /// Those with an even CIC.
    Even,
    /// Those with an odd CIC.
    Odd,
    /// None: all in one order.
    None,
}

fn timers<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Option<Duration>>, D::Error> {
    let timers = BTreeMap::<String, Length>::deserialize(deserializer)?;
    Ok(timers
        .into_iter()
        .map(|(name, Length(duration))| (name, duration))
        .collect())
}

/// A duration, or "off".
struct Length(Option<Duration>);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LengthVisitor;
        impl Visitor<'_> for LengthVisitor {
            type Value = Length;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a duration with its unit, as \"20s\", or \"off\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Length, E> {
                if text == "off" {
                    return Ok(Length(None));
                }
                let text = de::value::StrDeserializer::<E>::new(text);
                super::duration(text).map(|duration| Length(Some(duration)))
            }
        }
        deserializer.deserialize_str(LengthVisitor)
    }
}

impl<'de> Deserialize<'de> for PortRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PortRangeVisitor;
        impl Visitor<'_> for PortRangeVisitor {
            type Value = PortRange;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("UDP ports, first to last, such as \"16384-16511\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<PortRange, E> {
                text.split_once('-')
                    .and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)))
                    .filter(|(first, last)| *first >= 1 && first <= last)
                    .map(|(first, last)| PortRange { first, last })
                    .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(PortRangeVisitor)
    }
}
