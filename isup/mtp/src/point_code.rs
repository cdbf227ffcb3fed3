//! Signalling point codes (Q.704 §2.2, Q.708; T1.111.4 §2.2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::Standard;

/// A signalling point code: 14 bits in ITU networks, 24 bits in ANSI networks.
///
/// Written as plain decimal (`"4178"`) or in three parts: [`FromStr`], [`fmt::Display`] and serde
/// use the ITU 3-8-3 form (`"2-10-5"`); [`PointCodeFormat`] reads and writes the ANSI 8-8-8 form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PointCode(u32);

impl PointCode {
    /// A point code from its numeric value. Codes wider than a standard's label are refused where
    /// a configuration is checked, see [`crate::ConfigError`].
    pub const fn new(value: u32) -> Self {
        Self(value)
    }

    /// The numeric value.
    pub const fn value(self) -> u32 {
        self.0
    }

    /// Whether the code fits the routing label of `standard`.
    pub const fn fits(self, standard: Standard) -> bool {
        self.0 <= standard.largest_point_code()
    }
}

/// How the three parts of a written point code divide its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointCodeFormat {
    /// 14 bits, zone-area-point (Q.708).
    Itu383,
    /// 24 bits, network-cluster-member (T1.111.4).
    Ansi888,
}

impl PointCodeFormat {
    /// The usual format of a standard.
    pub const fn of(standard: Standard) -> Self {
        match standard {
            Standard::Itu => Self::Itu383,
            Standard::Ansi => Self::Ansi888,
        }
    }

    const fn widths(self) -> [u32; 3] {
        match self {
            Self::Itu383 => [3, 8, 3],
            Self::Ansi888 => [8, 8, 8],
        }
    }

    /// Reads plain decimal or three decimal parts joined by `-` (or `.`).
    ///
    /// # Errors
    /// [`PointCodeError`] says which part was not understood.
    pub fn parse(self, text: &str) -> Result<PointCode, PointCodeError> {
        let widths = self.widths();
        let bits: u32 = widths.iter().sum();
        let parts: Vec<&str> = text.trim().split(['-', '.']).collect();
        match parts.as_slice() {
            [whole] => number(whole, bits, text).map(PointCode),
            [a, b, c] => {
                let [wa, wb, wc] = widths;
                let (a, b, c) = (
                    number(a, wa, text)?,
                    number(b, wb, text)?,
                    number(c, wc, text)?,
                );
                Ok(PointCode(a << (wb + wc) | b << wc | c))
            }
            _ => Err(PointCodeError::Parts {
                text: text.to_owned(),
                found: parts.len(),
            }),
        }
    }

    /// Writes `code` in three parts.
    pub fn write(self, code: PointCode) -> String {
        let [_, wb, wc] = self.widths();
        let low = |bits: u32| (1_u32 << bits) - 1;
        let (a, b, c) = (
            code.0 >> (wb + wc),
            code.0 >> wc & low(wb),
            code.0 & low(wc),
        );
        format!("{a}-{b}-{c}")
    }
}

fn number(part: &str, bits: u32, text: &str) -> Result<u32, PointCodeError> {
    let largest = (1_u32 << bits) - 1;
    match part.trim().parse::<u32>() {
        Ok(value) if value <= largest => Ok(value),
        _ => Err(PointCodeError::Part {
            text: text.to_owned(),
            part: part.to_owned(),
            largest,
        }),
    }
}

/// A text is not a point code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PointCodeError {
    /// Neither one number nor three.
    #[error("point code {text:?} has {found} parts, expected 1 (decimal) or 3 (such as 2-10-5)")]
    Parts {
        /// What was read.
        text: String,
        /// How many parts it has.
        found: usize,
    },
    /// A part is no number or too large.
    #[error("point code {text:?}: {part:?} is not a number from 0 to {largest}")]
    Part {
        /// What was read.
        text: String,
        /// The offending part.
        part: String,
        /// The largest value the part can have.
        largest: u32,
    },
}

impl FromStr for PointCode {
    type Err = PointCodeError;

    /// ITU 3-8-3 or plain decimal of up to 24 bits.
    fn from_str(text: &str) -> Result<Self, PointCodeError> {
        if text.contains(['-', '.']) {
            PointCodeFormat::Itu383.parse(text)
        } else {
            PointCodeFormat::Ansi888.parse(text)
        }
    }
}

impl fmt::Display for PointCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = if self.fits(Standard::Itu) {
            PointCodeFormat::Itu383
        } else {
            PointCodeFormat::Ansi888
        };
        f.write_str(&format.write(*self))
    }
}

impl fmt::Debug for PointCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PointCode({} = {self})", self.0)
    }
}

impl Serialize for PointCode {
    /// The ITU form as text; codes above 14 bits as an integer, because their text would be
    /// read back as 3-8-3.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.fits(Standard::Itu) {
            serializer.collect_str(self)
        } else {
            serializer.serialize_u32(self.0)
        }
    }
}

impl<'de> Deserialize<'de> for PointCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = PointCode;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a point code such as \"2-10-5\" or 4178")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<PointCode, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<PointCode, E> {
                u32::try_from(value)
                    .ok()
                    .map(PointCode)
                    .filter(|code| code.fits(Standard::Ansi))
                    .ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(value), &self))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<PointCode, E> {
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

    #[test]
    fn written_forms() {
        let code: PointCode = "2-10-5".parse().unwrap();
        assert_eq!(code.value(), 2 << 11 | 10 << 3 | 5);
        assert_eq!("4178".parse(), Ok(PointCode::new(4178)));
        assert_eq!(PointCode::new(4178).to_string(), "2-10-2");
        let ansi = PointCodeFormat::Ansi888.parse("250-3-17").unwrap();
        assert_eq!(ansi.value(), 250 << 16 | 3 << 8 | 17);
        assert_eq!(ansi.to_string(), "250-3-17");
    }

    #[test]
    fn refusals_name_the_part() {
        assert_eq!(
            "8-10-5".parse::<PointCode>().unwrap_err().to_string(),
            "point code \"8-10-5\": \"8\" is not a number from 0 to 7"
        );
        assert!(matches!(
            "1-2".parse::<PointCode>(),
            Err(PointCodeError::Parts { found: 2, .. })
        ));
        assert!("".parse::<PointCode>().is_err());
    }
}
