//! `[[linkset]]`, its links and timers, and `[[signalling_route]]`: the MTP.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::{
    NetworkIndicator, PointCode, PointCodeError, Standard, WrittenPointCode, durations,
    optional_duration,
};

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
    /// Own point code, in the form of the standard.
    pub point_code: WrittenPointCode,
    /// Point code at the other end of the links.
    pub adjacent: WrittenPointCode,
    /// Level 2 timers that differ from their default, by name: `t7 = "1s"` (Q.703 clause 12.3).
    #[serde(default, deserialize_with = "durations")]
    pub mtp2_timers: BTreeMap<String, Duration>,
    /// Level 3 timers that differ from their default, by name: `t17 = "1s"` (Q.704 clause 16.8);
    /// those of Q.707 are `q707_t1` and `q707_t2`.
    #[serde(default, deserialize_with = "durations")]
    pub mtp3_timers: BTreeMap<String, Duration>,
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
    /// Method of error correction, the same at both ends (Q.703 clause 1.4).
    #[serde(default)]
    pub error_correction: Correction,
    /// Time from sending a message to its acknowledgement over the line, for preventive cyclic
    /// retransmission (Q.703 clause 6.4).
    #[serde(default, deserialize_with = "optional_duration")]
    pub loop_delay: Option<Duration>,
}

/// A link's method of error correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Correction {
    /// Basic (Q.703 clause 5).
    #[default]
    Basic,
    /// Preventive cyclic retransmission (Q.703 clause 6).
    Preventive,
}

/// `[[signalling_route]]`: a way to a signalling point that is not adjacent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignallingRoute {
    /// The signalling point, in the form of the standard of the linkset that leads there.
    pub destination: WrittenPointCode,
    /// Name of the linkset that leads there, to a signalling transfer point.
    pub via: String,
    /// Lower is preferred; ways of one priority share the load. That of a linkset's own circuits
    /// is 0.
    #[serde(default)]
    pub priority: u8,
}

/// A timer of the MTP that cannot be set so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WrongTimer {
    /// There is none of that name.
    #[error("there is no {level} timer `{name}`, expected one of {expected}")]
    Name {
        /// "MTP2" or "MTP3".
        level: &'static str,
        /// The name given.
        name: String,
        /// Those there are.
        expected: String,
    },
    /// Its value is out of range.
    #[error(transparent)]
    Value(#[from] mtp::OutOfRange),
}

impl Link {
    /// The link as the MTP takes it, at 64 kbit/s.
    #[must_use]
    pub fn configured(&self, id: mtp::LinkId) -> mtp::LinkConfig {
        let mut link = mtp::LinkConfig::new(id, mtp::Slc(self.slc));
        if self.error_correction == Correction::Preventive {
            let thresholds = self
                .loop_delay
                .map(|delay| mtp::Thresholds::for_line(delay, link.bit_rate));
            link.error_correction =
                mtp::ErrorCorrection::Preventive(thresholds.unwrap_or_default());
        }
        link
    }
}

impl Linkset {
    /// The own point code.
    ///
    /// # Errors
    /// When the standard has no such point code, as with the others.
    pub fn own(&self) -> Result<PointCode, PointCodeError> {
        self.point_code.of(self.standard)
    }

    /// The point code at the other end of the links.
    ///
    /// # Errors
    /// As [`own`](Self::own).
    pub fn neighbour(&self) -> Result<PointCode, PointCodeError> {
        self.adjacent.of(self.standard)
    }

    /// The point code that circuits or a route of the linkset lead to: the neighbour's where
    /// nothing is written.
    ///
    /// # Errors
    /// As [`own`](Self::own).
    pub fn leads_to(
        &self,
        destination: Option<WrittenPointCode>,
    ) -> Result<PointCode, PointCodeError> {
        destination.unwrap_or(self.adjacent).of(self.standard)
    }

    /// The timers of both levels.
    ///
    /// # Errors
    /// The first that has no such name, or is out of its range.
    pub fn timers(&self) -> Result<mtp::Timers, WrongTimer> {
        let mut timers = mtp::Timers::default();
        for (name, value) in &self.mtp2_timers {
            let timer = mtp::mtp2::Timer::by_name(name).ok_or_else(|| WrongTimer::Name {
                level: "MTP2",
                name: name.clone(),
                expected: names(mtp::mtp2::Timer::ALL.iter().map(|timer| timer.name())),
            })?;
            timers.level2.set(timer, *value);
        }
        for (name, value) in &self.mtp3_timers {
            let timer = mtp::mtp3::Timer::ALL
                .iter()
                .find(|timer| key(timer.name()) == key(name));
            let timer = timer.ok_or_else(|| WrongTimer::Name {
                level: "MTP3",
                name: name.clone(),
                expected: names(mtp::mtp3::Timer::ALL.iter().map(|timer| timer.name())),
            })?;
            timers.level3.set(*timer, *value);
        }
        timers.check(self.standard)?;
        Ok(timers)
    }
}

/// "Q.707 T1" is `q707_t1` in a file.
fn key(name: &str) -> String {
    name.replace('.', "").replace(' ', "_").to_ascii_lowercase()
}

fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = all.map(key).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linkset(text: &str) -> Linkset {
        let text = format!("name = 'a'\npoint_code = 1\nadjacent = 2\n{text}\nlink = []");
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn timers_by_name() {
        let text = "mtp2_timers = { T4n = '8s' }\nmtp3_timers = { t17 = '1s', q707_t2 = '45s' }";
        let timers = linkset(text).timers().unwrap();
        let itu = Standard::Itu;
        assert_eq!(
            timers.level2.get(mtp::mtp2::Timer::T4n, itu),
            Duration::from_secs(8)
        );
        assert_eq!(
            timers.level3.get(mtp::mtp3::Timer::T17, itu),
            Duration::from_secs(1)
        );
        assert_eq!(
            timers.level3.get(mtp::mtp3::Timer::TestT2, itu),
            Duration::from_secs(45)
        );
        for (text, wrong) in [
            (
                "mtp2_timers = { t9 = '1s' }",
                "there is no MTP2 timer `t9`, expected one of t1, t2",
            ),
            ("mtp3_timers = { t7 = '1s' }", "there is no MTP3 timer `t7`"),
            (
                "mtp2_timers = { t7 = '9s' }",
                "MTP2 timer T7 is 9s, expected 500ms to 2s",
            ),
            // ANSI has other ranges.
            (
                "standard = 'ansi'\nmtp2_timers = { t1 = '45s' }",
                "expected 12.9s to 16s",
            ),
        ] {
            let error = linkset(text).timers().unwrap_err().to_string();
            assert!(error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn a_link_over_a_satellite() {
        let link = |text: &str| -> Link {
            toml::from_str(&format!("span = 'e1'\ntimeslot = 16\nslc = 3\n{text}")).unwrap()
        };
        let basic = link("").configured(mtp::LinkId(7));
        assert_eq!(basic, mtp::LinkConfig::new(mtp::LinkId(7), mtp::Slc(3)));
        let far = link("error_correction = 'preventive'\nloop_delay = '600ms'");
        let expected = mtp::Thresholds { n1: 127, n2: 4801 };
        let found = far.configured(mtp::LinkId(7)).error_correction;
        assert_eq!(found, mtp::ErrorCorrection::Preventive(expected));
    }
}
