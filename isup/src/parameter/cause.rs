//! Cause indicators (§3.12; Q.850).

use super::{Describe, Field, Parameter, ParameterCode, coded::coded};
use crate::{
    cause::{self, Location},
    error::DecodeError,
};

coded! {
    /// Coding standard of a cause (Q.850 §2.2.2, bits 7 and 6).
    CodingStandard {
        Itu = 0 => "ITU-T",
        Iso = 1 => "ISO/IEC",
        National = 2 => "national",
        LocationSpecific = 3 => "specific to the location",
    }
}

/// Cause indicators (§3.12): why a call is released or a message refused, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Where the cause was generated.
    pub location: Location,
    /// Whose values these are.
    pub coding: CodingStandard,
    /// The recommendation octet 1a, absent in ISUP; kept when it comes.
    pub recommendation: Option<u8>,
    /// The cause value, 7 bits.
    pub value: u8,
    /// The diagnostics, empty when there are none.
    pub diagnostics: Vec<u8>,
}

impl Cause {
    /// A cause of Q.850 without diagnostics.
    #[must_use]
    pub const fn new(value: u8, location: Location) -> Self {
        Self {
            location,
            coding: CodingStandard::Itu,
            recommendation: None,
            value,
            diagnostics: Vec::new(),
        }
    }

    /// This cause with diagnostics.
    #[must_use]
    pub fn with_diagnostics(mut self, diagnostics: impl Into<Vec<u8>>) -> Self {
        self.diagnostics = diagnostics.into();
        self
    }

    /// The meaning of the value, or that of its class's "unspecified" value.
    #[must_use]
    pub fn name(&self) -> &'static str {
        cause::name(cause::known_or_unspecified(self.value)).unwrap_or("unspecified")
    }
}

/// The extension bit: set in the last octet of a group (Q.850 §2.1).
const EXTENSION: u8 = 0x80;

impl Parameter for Cause {
    const CODE: ParameterCode = ParameterCode::CAUSE;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let short = |expected| DecodeError::Length {
            parameter: Self::CODE,
            offset: 0,
            found: content.len(),
            expected,
        };
        let (&first, rest) = content.split_first().ok_or(short("at least 2"))?;
        let (recommendation, rest) = if first & EXTENSION != 0 {
            (None, rest)
        } else {
            let (&octet, rest) = rest.split_first().ok_or(short("at least 3 (octet 1a)"))?;
            (Some(octet & !EXTENSION), rest)
        };
        let (&value, diagnostics) = rest.split_first().ok_or(short("a cause value"))?;
        Ok(Self {
            location: Location::from_code(first & 0xF),
            coding: CodingStandard::from_code(first >> 5 & 3),
            recommendation,
            value: value & !EXTENSION,
            diagnostics: diagnostics.to_vec(),
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let first = (self.coding.code() & 3) << 5 | self.location.code() & 0xF;
        match self.recommendation {
            None => to.push(EXTENSION | first),
            Some(recommendation) => to.extend([first, EXTENSION | recommendation]),
        }
        to.push(EXTENSION | self.value);
        to.extend_from_slice(&self.diagnostics);
    }
}

impl Describe for Cause {
    fn describe(&self) -> Vec<Field> {
        let mut fields = vec![
            Field::coded("coding standard", self.coding.code(), self.coding.name()),
            Field::coded("location", self.location.code(), self.location.name()),
        ];
        fields.extend(
            self.recommendation
                .map(|octet| Field::number("recommendation", octet)),
        );
        fields.push(Field::coded("cause value", self.value, self.name()));
        if !self.diagnostics.is_empty() {
            fields.push(Field::octets("diagnostics", &self.diagnostics));
        }
        fields
    }
}
