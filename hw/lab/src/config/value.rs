//! Values that a configuration file writes as text: durations, timeslots, point codes.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{self, Deserializer, Unexpected, Visitor};

/// A value that does not stand for what its key needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// A key that another key's value makes necessary.
    #[error("missing field `{key}`, needed by {by}")]
    Missing {
        /// The key that is not there.
        key: &'static str,
        /// What needs it.
        by: &'static str,
    },
    /// A key that another key's value leaves without effect.
    #[error("`{key}` has no effect with {with}, expected it left out")]
    WithoutEffect {
        /// The key that is there.
        key: &'static str,
        /// What takes its effect away.
        with: &'static str,
    },
    /// A serial line that cannot carry what it is to carry.
    #[error(transparent)]
    Layout(#[from] serial::LayoutError),
    /// A number that is too small or too large.
    #[error("`{key}` is {found}, expected {expected}")]
    Range {
        /// The key.
        key: &'static str,
        /// Its value.
        found: i64,
        /// The range.
        expected: &'static str,
    },
    /// Text of the wrong form.
    #[error("expected {expected}")]
    Form {
        /// What the text should have been.
        expected: &'static str,
    },
}

impl ValueError {
    /// `key` is needed by `by`.
    #[must_use]
    pub fn missing(key: &'static str, by: &'static str) -> Self {
        Self::Missing { key, by }
    }

    /// `key` has no effect with `with`.
    #[must_use]
    pub fn without_effect(key: &'static str, with: &'static str) -> Self {
        Self::WithoutEffect { key, with }
    }
}

const DURATION: &str = "a duration with its unit, such as \"20s\", \"500ms\" or \"5min\"";

struct DurationVisitor;

impl Visitor<'_> for DurationVisitor {
    type Value = Duration;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(DURATION)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
        humantime::parse_duration(text).map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Reads a duration with its unit: `"20s"`, `"500ms"`, `"5min"`. For `deserialize_with`.
///
/// # Errors
/// Anything else, a bare number included: it would leave the unit to be guessed.
pub fn duration<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    deserializer.deserialize_str(DurationVisitor)
}

/// [`duration`] for a key that may be absent (with `default`).
///
/// # Errors
/// As [`duration`].
pub fn optional_duration<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration(deserializer).map(Some)
}

/// Reads a table of durations by name: `{ t7 = "20s" }`. For `deserialize_with`.
///
/// # Errors
/// As [`duration`].
pub fn durations<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<String, Duration>, D::Error> {
    #[derive(Deserialize)]
    struct Text(#[serde(deserialize_with = "duration")] Duration);
    let named = BTreeMap::<String, Text>::deserialize(deserializer)?;
    Ok(named
        .into_iter()
        .map(|(name, Text(duration))| (name, duration))
        .collect())
}

/// How many outgoing calls ask for a continuity check of their circuit (Q.764 clause 2.1.8),
/// written as `"off"`, `"always"` or `"1-in-8"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CheckRate(u16);

impl CheckRate {
    const EXPECTED: &'static str =
        "\"off\", \"always\", or a share of the calls such as \"1-in-8\"";

    /// Whether the call is checked that follows `before` others on the same circuits.
    #[must_use]
    pub fn checks(self, before: u64) -> bool {
        self.0 != 0 && before.is_multiple_of(u64::from(self.0))
    }
}

impl FromStr for CheckRate {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        match text {
            "off" => Some(0),
            "always" => Some(1),
            _ => text
                .strip_prefix("1-in-")
                .and_then(|calls| calls.parse().ok())
                .filter(|calls| *calls > 0),
        }
        .map(Self)
        .ok_or(ValueError::Form {
            expected: Self::EXPECTED,
        })
    }
}

impl<'de> Deserialize<'de> for CheckRate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CheckRateVisitor;
        impl Visitor<'_> for CheckRateVisitor {
            type Value = CheckRate;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(CheckRate::EXPECTED)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<CheckRate, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(CheckRateVisitor)
    }
}

/// A set of timeslots of one span, written as ranges: `"1-15,17-31"`. Timeslot 0 carries the
/// frame alignment of an E1 (G.704) and is never among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeslots(u32);

impl Timeslots {
    const EXPECTED: &'static str = "timeslots 1 to 31 in ranges, such as \"1-15,17-31\"";

    /// The timeslots' numbers, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (1..32).filter(move |timeslot| self.contains(*timeslot))
    }

    /// Whether the timeslot with this number is in the set.
    #[must_use]
    pub fn contains(self, timeslot: u8) -> bool {
        timeslot < 32 && self.0 & (1 << timeslot) != 0
    }

    /// How many there are.
    #[must_use]
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there are none. A set that was read from text never is empty.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The timeslots in both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromStr for Timeslots {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let wrong = || ValueError::Form {
            expected: Self::EXPECTED,
        };
        let mut set = 0_u32;
        for range in text.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let number = |text: &str| text.trim().parse::<u8>().map_err(|_| wrong());
            let (first, last) = (number(first)?, number(last)?);
            if first < 1 || last > 31 || first > last {
                return Err(wrong());
            }
            for timeslot in first..=last {
                set |= 1 << timeslot;
            }
        }
        Ok(Self(set))
    }
}

impl fmt::Display for Timeslots {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = 1;
        let mut separator = "";
        while first < 32 {
            if !self.contains(first) {
                first += 1;
                continue;
            }
            let mut last = first;
            while self.contains(last + 1) {
                last += 1;
            }
            match first == last {
                true => write!(formatter, "{separator}{first}")?,
                false => write!(formatter, "{separator}{first}-{last}")?,
            }
            separator = ",";
            first = last + 1;
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Timeslots {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TimeslotsVisitor;
        impl Visitor<'_> for TimeslotsVisitor {
            type Value = Timeslots;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(Timeslots::EXPECTED)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timeslots, E> {
                text.parse()
                    .map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_str(TimeslotsVisitor)
    }
}
