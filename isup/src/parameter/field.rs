//! The fields of a parameter as a human reads them: names and values, for trees and JSON.

use super::Digits;

/// One field of a parameter under its name in the Recommendation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name of the field.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// An indicator bit.
    Flag(bool),
    /// A number; its unit is in the name of the field.
    Number(u64),
    /// A coded value and its meaning.
    Coded(u32, &'static str),
    /// Address signals; masked where numbers are masked.
    Digits(Digits),
    /// Characters; masked where numbers are masked.
    Text(String),
    /// Octets without a structure of their own.
    Octets(Vec<u8>),
    /// Fields that belong together.
    Group(Vec<Field>),
}

impl Field {
    /// An indicator bit.
    #[must_use]
    pub fn flag(name: &'static str, value: bool) -> Self {
        Self {
            name,
            value: Value::Flag(value),
        }
    }

    /// A number.
    #[must_use]
    pub fn number(name: &'static str, value: impl Into<u64>) -> Self {
        Self {
            name,
            value: Value::Number(value.into()),
        }
    }

    /// A coded value and its meaning.
    #[must_use]
    pub fn coded(name: &'static str, code: impl Into<u32>, meaning: &'static str) -> Self {
        Self {
            name,
            value: Value::Coded(code.into(), meaning),
        }
    }

    /// Address signals.
    #[must_use]
    pub fn digits(name: &'static str, digits: Digits) -> Self {
        Self {
            name,
            value: Value::Digits(digits),
        }
    }

    /// Characters.
    #[must_use]
    pub fn text(name: &'static str, text: String) -> Self {
        Self {
            name,
            value: Value::Text(text),
        }
    }

    /// Octets.
    #[must_use]
    pub fn octets(name: &'static str, octets: &[u8]) -> Self {
        Self {
            name,
            value: Value::Octets(octets.to_vec()),
        }
    }

    /// Fields that belong together.
    #[must_use]
    pub fn group(name: &'static str, fields: Vec<Self>) -> Self {
        Self {
            name,
            value: Value::Group(fields),
        }
    }
}
