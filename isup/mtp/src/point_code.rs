//! Signalling point codes (Q.704 §2.2, Q.708; T1.111.4 §2.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Standard;

/// A signalling point code: 14 bits in ITU networks, 24 bits in ANSI networks.
///
/// It knows its network, so that it is always written in that one's form: zone-area-point as
/// `2-10-5` (Q.708), network-cluster-member as `250-3-17` (T1.111.4). Text becomes a point code by
/// way of [`WrittenPointCode`] and the standard that it is meant in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointCode(u32);

/// Set in the code of an ANSI network.
const ANSI: u32 = 1 << 31;

impl PointCode {
    /// A point code of `standard`; `None` when its routing label cannot carry `value`.
    pub const fn new(standard: Standard, value: u32) -> Option<Self> {
        if value > standard.largest_point_code() {
            return None;
        }
        Some(Self::of_bits(standard, value))
    }

    /// The 14 low bits of `value` as a point code of an ITU network.
    pub const fn itu(value: u16) -> Self {
        Self::of_bits(Standard::Itu, value as u32)
    }

    /// The 24 low bits of `value` as a point code of an ANSI network.
    pub const fn ansi(value: u32) -> Self {
        Self::of_bits(Standard::Ansi, value)
    }

    /// As a routing label holds it: bits that the label does not have are left out.
    pub(crate) const fn of_bits(standard: Standard, bits: u32) -> Self {
        let value = bits & standard.largest_point_code();
        match standard {
            Standard::Itu => Self(value),
            Standard::Ansi => Self(value | ANSI),
        }
    }

    /// The numeric value.
    pub const fn value(self) -> u32 {
        self.0 & !ANSI
    }

    /// Whose network it is in.
    pub const fn standard(self) -> Standard {
        match self.0 & ANSI {
            0 => Standard::Itu,
            _ => Standard::Ansi,
        }
    }
}

/// Bits of the three parts of a written point code, the most significant first.
const fn widths(standard: Standard) -> [u32; 3] {
    match standard {
        Standard::Itu => [3, 8, 3],
        Standard::Ansi => [8, 8, 8],
    }
}

/// How the point codes of a standard are written, for who has to write one.
const fn form(standard: Standard) -> &'static str {
    match standard {
        Standard::Itu => "ITU: zone-area-point, up to 7-255-7, or 0 to 16383",
        Standard::Ansi => "ANSI: network-cluster-member, up to 255-255-255, or 0 to 16777215",
    }
}

impl fmt::Display for PointCode {
    /// In three parts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [_, second, third] = widths(self.standard());
        let low = |bits: u32| (1_u32 << bits) - 1;
        let value = self.value();
        write!(
            f,
            "{}-{}-{}",
            value >> (second + third),
            value >> third & low(second),
            value & low(third)
        )
    }
}

impl fmt::Debug for PointCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PointCode({} = {self})", self.value())
    }
}

impl Serialize for PointCode {
    /// As it is displayed.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A point code as somebody wrote it: a number or three, whose meaning depends on the network.
/// `1-2-3` is another code in an ITU network than in an ANSI one, see [`WrittenPointCode::of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrittenPointCode {
    /// Plain decimal: `4178`.
    Decimal(u32),
    /// In three parts: `2-10-5`.
    Parts([u32; 3]),
}

impl WrittenPointCode {
    /// The point code that this is in a network of `standard`.
    ///
    /// # Errors
    /// [`PointCodeError::TooLarge`] when it is none there.
    pub fn of(self, standard: Standard) -> Result<PointCode, PointCodeError> {
        let value = match self {
            Self::Decimal(value) => Some(value),
            Self::Parts([first, second, third]) => {
                let [one, two, three] = widths(standard);
                let fits = first >> one == 0 && second >> two == 0 && third >> three == 0;
                fits.then_some(first << (two + three) | second << three | third)
            }
        };
        value
            .and_then(|value| PointCode::new(standard, value))
            .ok_or(PointCodeError::TooLarge {
                written: self,
                expected: form(standard),
            })
    }
}

impl From<PointCode> for WrittenPointCode {
    fn from(code: PointCode) -> Self {
        Self::Decimal(code.value())
    }
}

impl fmt::Display for WrittenPointCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal(value) => value.fmt(f),
            Self::Parts([first, second, third]) => write!(f, "{first}-{second}-{third}"),
        }
    }
}

/// A text or a number is no point code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointCodeError {
    /// Neither one number nor three.
    #[error(
        "point code {text:?} has {found} parts, expected 1 (decimal) or 3 (2-10-5, as ANSI 250-3-17)"
    )]
    Parts {
        /// What was read.
        text: String,
        /// How many parts it has.
        found: usize,
    },
    /// A part is no number.
    #[error("point code {text:?}: {part:?} is not a number")]
    Part {
        /// What was read.
        text: String,
        /// The offending part.
        part: String,
    },
    /// The network has no such point code.
    #[error("there is no point code {written}, expected one of {expected}")]
    TooLarge {
        /// What was written.
        written: WrittenPointCode,
        /// The form of the standard.
        expected: &'static str,
    },
}

impl PointCodeError {
    /// What would have been right.
    #[must_use]
    pub fn expected(&self) -> &'static str {
        match self {
            Self::Parts { .. } | Self::Part { .. } => "\"2-10-5\", as ANSI \"250-3-17\", or 4178",
            Self::TooLarge { expected, .. } => expected,
        }
    }
}

impl FromStr for WrittenPointCode {
    type Err = PointCodeError;

    /// Plain decimal, or three decimal parts joined by `-` (or `.`).
    fn from_str(text: &str) -> Result<Self, PointCodeError> {
        let number = |part: &str| {
            part.trim()
                .parse::<u32>()
                .map_err(|_| PointCodeError::Part {
                    text: text.to_owned(),
                    part: part.to_owned(),
                })
        };
        let parts: Vec<&str> = text.trim().split(['-', '.']).collect();
        match parts.as_slice() {
            [whole] => number(whole).map(Self::Decimal),
            [first, second, third] => Ok(Self::Parts([
                number(first)?,
                number(second)?,
                number(third)?,
            ])),
            _ => Err(PointCodeError::Parts {
                text: text.to_owned(),
                found: parts.len(),
            }),
        }
    }
}

impl Serialize for WrittenPointCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Decimal(value) => serializer.serialize_u32(*value),
            Self::Parts(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for WrittenPointCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = WrittenPointCode;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a point code such as \"2-10-5\", as ANSI \"250-3-17\", or 4178")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<WrittenPointCode, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<WrittenPointCode, E> {
                u32::try_from(value)
                    .map(WrittenPointCode::Decimal)
                    .map_err(|_| E::invalid_value(de::Unexpected::Unsigned(value), &self))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<WrittenPointCode, E> {
                u64::try_from(value)
                    .map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
                    .and_then(|value| self.visit_u64(value))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, standard: Standard) -> Result<PointCode, PointCodeError> {
        text.parse::<WrittenPointCode>()?.of(standard)
    }

    #[test]
    fn written_forms() {
        let itu = read("2-10-5", Standard::Itu).unwrap();
        assert_eq!(itu, PointCode::itu(2 << 11 | 10 << 3 | 5));
        let ansi = read("250-3-17", Standard::Ansi).unwrap();
        assert_eq!(ansi, PointCode::ansi(250 << 16 | 3 << 8 | 17));
        assert_eq!(read("4178", Standard::Itu), Ok(PointCode::itu(4178)));
        assert_eq!(read("4178", Standard::Ansi), Ok(PointCode::ansi(4178)));
    }

    /// A small code of an ANSI network is no code of an ITU one, however it is written.
    #[test]
    fn the_network_decides_the_form() {
        for (standard, written) in [(Standard::Itu, "2-10-2"), (Standard::Ansi, "0-16-82")] {
            let code = read("4178", standard).unwrap();
            assert_eq!(code.to_string(), written);
            assert_eq!(read(written, standard), Ok(code));
            assert_eq!(serde_json::to_value(code).unwrap(), written);
            assert_eq!((code.value(), code.standard()), (4178, standard));
            assert_eq!(WrittenPointCode::from(code).of(standard), Ok(code));
        }
        let both = [Standard::Itu, Standard::Ansi].map(|standard| read("1-2-3", standard));
        assert_ne!(both[0], both[1]);
        assert!(both.map(Result::unwrap).map(|code| code.to_string()) == ["1-2-3", "1-2-3"]);
    }

    #[test]
    fn the_largest_codes() {
        for (standard, largest) in [(Standard::Itu, "7-255-7"), (Standard::Ansi, "255-255-255")] {
            let code = read(largest, standard).unwrap();
            assert_eq!(code.value(), standard.largest_point_code());
            assert_eq!(code.to_string(), largest);
            let next = standard.largest_point_code() + 1;
            assert_eq!(PointCode::new(standard, next), None);
        }
    }

    #[test]
    fn refusals_say_what_was_expected() {
        let told = |text, standard| read(text, standard).unwrap_err().to_string();
        assert_eq!(
            told("8-10-5", Standard::Itu),
            "there is no point code 8-10-5, expected one of ITU: zone-area-point, up to 7-255-7, \
             or 0 to 16383"
        );
        assert!(told("1-2-256", Standard::Ansi).contains("up to 255-255-255"));
        assert!(told("16384", Standard::Itu).contains("0 to 16383"));
        assert!(told("16777216", Standard::Ansi).contains("0 to 16777215"));
        assert!(told("1-2", Standard::Itu).contains("has 2 parts"));
        assert!(told("1-x-3", Standard::Itu).contains("\"x\" is not a number"));
        assert!(told("", Standard::Itu).contains("\"\" is not a number"));
    }

    #[test]
    fn a_configuration_has_text_or_a_number() {
        let read = |json: &str| serde_json::from_str::<WrittenPointCode>(json);
        assert_eq!(
            read("\"250-3-17\"").unwrap(),
            WrittenPointCode::Parts([250, 3, 17])
        );
        assert_eq!(read("4178").unwrap(), WrittenPointCode::Decimal(4178));
        for wrong in ["-1", "4294967296", "true", "\"a\""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        for written in ["\"250-3-17\"", "4178"] {
            let code = read(written).unwrap();
            assert_eq!(serde_json::to_string(&code).unwrap(), written);
        }
    }
}
