//! Parameters (Q.763 §3; ANSI T1.113), typed.

mod code;
pub(crate) mod coded;
mod digits;
mod field;
mod table;

pub mod address;
pub mod ansi;
pub mod application;
pub mod bearer;
pub mod call;
pub mod cause;
pub mod circuit;
pub mod compatibility;
pub mod network;
pub mod number;
pub mod redirection;
pub mod service;
pub mod user;

pub use code::ParameterCode;
pub use digits::{Digits, DigitsError, MOST_DIGITS, ST};
pub use field::{Field, Value};
pub use table::{ParameterRow, row, rows};

use crate::error::DecodeError;

/// A parameter with a type of its own.
pub trait Parameter: Sized {
    /// Its name on the line.
    const CODE: ParameterCode;

    /// Decodes the content: the octets after name and length. Octets beyond those that the
    /// parameter is known to have are ignored, so that a later edition's parameter can be read.
    ///
    /// # Errors
    /// When the content is too short for the parameter or a field cannot be read; offsets count
    /// from the first octet of the content.
    fn decode(content: &[u8]) -> Result<Self, DecodeError>;

    /// Appends the content.
    fn encode(&self, to: &mut Vec<u8>);
}

/// A parameter that tells its fields by name.
pub trait Describe {
    /// The fields, in the order of the octets.
    fn describe(&self) -> Vec<Field>;
}

/// The first octets of a content that must have at least so many.
pub(crate) fn first_octets<const N: usize>(
    parameter: ParameterCode,
    content: &[u8],
) -> Result<[u8; N], DecodeError> {
    content
        .first_chunk::<N>()
        .copied()
        .ok_or(DecodeError::Length {
            parameter,
            offset: 0,
            found: content.len(),
            expected: AT_LEAST.get(N).copied().unwrap_or("more"),
        })
}

const AT_LEAST: [&str; 9] = [
    "any number of octets",
    "at least 1",
    "at least 2",
    "at least 3",
    "at least 4",
    "at least 5",
    "at least 6",
    "at least 7",
    "at least 8",
];
