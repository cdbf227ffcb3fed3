//! What can be wrong with octets from outside, and with what a caller wants to send.

use core::fmt;

use crate::{message::MessageType, parameter::ParameterCode};

/// Why octets are not a message, or the content of a parameter not that parameter.
///
/// Every offset counts octets from the message type octet (offset 0), or, in errors of a
/// parameter decoded by itself, from the first octet of its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// No message type octet, or no circuit identification code before it.
    #[error("{found} octets: too few for {expected}")]
    NoMessage {
        /// What should have been there.
        expected: &'static str,
        /// Octets there are.
        found: usize,
    },
    /// The mandatory fixed part ends early (Q.763 §1.5).
    #[error(
        "{message}: {parameter} (mandatory fixed) at offset {offset} takes {expected} octets, \
         {found} left"
    )]
    FixedPart {
        /// The message.
        message: MessageType,
        /// The parameter that is cut.
        parameter: ParameterCode,
        /// Where it starts.
        offset: usize,
        /// Octets it takes.
        expected: usize,
        /// Octets left in the message.
        found: usize,
    },
    /// A pointer octet is missing (Q.763 §1.6).
    #[error("{message}: no pointer to {to} at offset {offset}, the message ends there")]
    NoPointer {
        /// The message.
        message: MessageType,
        /// What the pointer should point to.
        to: PointsTo,
        /// Where the pointer should be.
        offset: usize,
    },
    /// A pointer is zero or points outside the message (Q.763 §1.6).
    #[error(
        "{message}: pointer to {to} at offset {offset} is {value}, expected 1 to {last} \
         (octets from the pointer to the last of the message)"
    )]
    Pointer {
        /// The message.
        message: MessageType,
        /// What it points to.
        to: PointsTo,
        /// Where the pointer is.
        offset: usize,
        /// Its value.
        value: u8,
        /// The greatest value that would still point into the message.
        last: usize,
    },
    /// Two parts of a message lie on the same octets.
    #[error("{message}: {part} at offset {offset} overlaps {with}")]
    Overlap {
        /// The message.
        message: MessageType,
        /// The part that starts later.
        part: PointsTo,
        /// Where it starts.
        offset: usize,
        /// The part that is already there.
        with: PointsTo,
    },
    /// A parameter is longer than the rest of the message.
    #[error("{parameter} at offset {offset}: length {expected}, but {found} octets are left")]
    Cut {
        /// The parameter.
        parameter: ParameterCode,
        /// Where its length octet is.
        offset: usize,
        /// What the length octet says.
        expected: usize,
        /// Octets left after the length octet.
        found: usize,
    },
    /// The optional part ends without the octet 0 (Q.763 §3.20).
    #[error("optional part ends at offset {offset} without end of optional parameters")]
    NoEndOfOptionalParameters {
        /// Where the octet 0 or a parameter name should be.
        offset: usize,
    },
    /// The content of a parameter has a length that the parameter cannot have.
    #[error("{parameter} at offset {offset}: {found} octets, expected {expected}")]
    Length {
        /// The parameter.
        parameter: ParameterCode,
        /// Where its content starts.
        offset: usize,
        /// Octets of content there are.
        found: usize,
        /// What was expected, in words.
        expected: &'static str,
    },
    /// A field of a parameter has a value that cannot be read.
    #[error("{parameter} at offset {offset}: {field} is {found}, expected {expected}")]
    Value {
        /// The parameter.
        parameter: ParameterCode,
        /// Where the octet of the field is.
        offset: usize,
        /// The field by its name in the Recommendation.
        field: &'static str,
        /// The value found.
        found: u32,
        /// What was expected, in words.
        expected: &'static str,
    },
}

impl DecodeError {
    /// The same error with its offset counted from `base` octets earlier: from the content of a
    /// parameter to the message it stands in.
    #[must_use]
    pub(crate) fn based(mut self, base: usize) -> Self {
        match &mut self {
            Self::NoMessage { .. } => {}
            Self::FixedPart { offset, .. }
            | Self::NoPointer { offset, .. }
            | Self::Pointer { offset, .. }
            | Self::Overlap { offset, .. }
            | Self::Cut { offset, .. }
            | Self::NoEndOfOptionalParameters { offset }
            | Self::Length { offset, .. }
            | Self::Value { offset, .. } => *offset += base,
        }
        self
    }
}

/// A part of a message that has a place of its own in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointsTo {
    /// The pointer octets themselves.
    Pointers,
    /// A mandatory variable parameter.
    Variable(ParameterCode),
    /// The optional part.
    OptionalPart,
}

impl fmt::Display for PointsTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pointers => f.write_str("the pointers"),
            Self::Variable(code) => code.fmt(f),
            Self::OptionalPart => f.write_str("the optional part"),
        }
    }
}

/// Why a message cannot carry what a caller wants it to carry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// A mandatory parameter was never set; the message carries its default instead.
    #[error("{message}: mandatory {parameter} was not set")]
    Missing {
        /// The message.
        message: MessageType,
        /// The parameter.
        parameter: ParameterCode,
    },
    /// The message has no optional part, and the parameter is none of its mandatory ones.
    #[error("{message} cannot carry {parameter}: it has no optional part")]
    NoOptionalPart {
        /// The message.
        message: MessageType,
        /// The parameter.
        parameter: ParameterCode,
    },
    /// A mandatory fixed parameter was given content of another length.
    #[error("{message}: {parameter} takes {expected} octets, not {found}")]
    FixedLength {
        /// The message.
        message: MessageType,
        /// The parameter.
        parameter: ParameterCode,
        /// Octets it takes.
        expected: usize,
        /// Octets given.
        found: usize,
    },
    /// More content than a length octet can tell.
    #[error("{message}: {parameter} of {found} octets, a parameter has at most 255")]
    TooLong {
        /// The message.
        message: MessageType,
        /// The parameter.
        parameter: ParameterCode,
        /// Octets given.
        found: usize,
    },
    /// A pointer would have to be greater than 255.
    #[error("{message}: {parameter} pushes {to} out of reach of its pointer")]
    OutOfReach {
        /// The message.
        message: MessageType,
        /// The parameter that was to be written.
        parameter: ParameterCode,
        /// What the pointer points to.
        to: PointsTo,
    },
    /// The end of optional parameters (0) is not a parameter that can be set.
    #[error("{message}: parameter name 0 ends the optional part and cannot be set")]
    EndOfOptionalParameters {
        /// The message.
        message: MessageType,
    },
}
