//! The parameters of a message, one after the other.

use nom::{IResult, Parser as _, multi::length_data, number::complete::u8};

use super::layout::Layout;
use crate::{error::DecodeError, parameter::ParameterCode};

/// The part of a message that a parameter stands in (Q.763 §1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartKind {
    /// Mandatory, fixed length: no name, no length octet.
    Fixed,
    /// Mandatory, variable length: a pointer and a length octet, no name.
    Variable,
    /// Optional: name, length octet, content.
    Optional,
}

impl PartKind {
    /// "mandatory fixed", "mandatory variable" or "optional".
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fixed => "mandatory fixed",
            Self::Variable => "mandatory variable",
            Self::Optional => "optional",
        }
    }
}

/// One parameter in its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part<'a> {
    /// Its name.
    pub code: ParameterCode,
    /// The part of the message it stands in.
    pub kind: PartKind,
    /// Where its content starts, in octets from the message type octet.
    pub offset: usize,
    /// Its content, without name and length octet.
    pub content: &'a [u8],
}

impl Part<'_> {
    /// One past the last octet of the content.
    pub(super) fn end(&self) -> usize {
        self.offset + self.content.len()
    }
}

/// Iterator over the parameters of a message: the fixed ones, the variable ones in the order of
/// their pointers, the optional ones in the order of their octets.
#[derive(Clone, Debug)]
pub struct Parts<'a> {
    octets: &'a [u8],
    fixed: &'static [(ParameterCode, u8)],
    variable: &'static [ParameterCode],
    /// Content of the next fixed parameter, then the pointer of the next variable one.
    at: usize,
    /// Name of the next optional parameter; 0, where the message type is, without one.
    optional: usize,
}

impl<'a> Parts<'a> {
    pub(super) fn new(octets: &'a [u8], layout: &Layout) -> Self {
        let Layout {
            fixed,
            variable,
            optional_pointer,
            ..
        } = *layout;
        let optional = optional_pointer
            .and_then(|pointer| target(octets, pointer))
            .unwrap_or(0);
        Self {
            octets,
            fixed,
            variable,
            at: 1,
            optional,
        }
    }

    fn next_optional(&mut self) -> Option<Part<'a>> {
        let at = core::mem::take(&mut self.optional);
        if at == 0 {
            return None;
        }
        let (_, (code, content)) = name_length_content(self.octets.get(at..)?).ok()?;
        if code == 0 {
            return None;
        }
        let offset = at + 2;
        self.optional = offset + content.len();
        Some(Part {
            code: ParameterCode(code),
            kind: PartKind::Optional,
            offset,
            content,
        })
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    #[inline]
    fn next(&mut self) -> Option<Part<'a>> {
        if let [(code, length), fixed @ ..] = self.fixed {
            self.fixed = fixed;
            let offset = self.at;
            self.at += usize::from(*length);
            let content = self.octets.get(offset..self.at)?;
            return Some(Part {
                code: *code,
                kind: PartKind::Fixed,
                offset,
                content,
            });
        }
        if let [code, variable @ ..] = self.variable {
            self.variable = variable;
            let start = target(self.octets, self.at)?;
            self.at += 1;
            let (_, content) = length_and_content(self.octets.get(start..)?).ok()?;
            let offset = start + 1;
            return Some(Part {
                code: *code,
                kind: PartKind::Variable,
                offset,
                content,
            });
        }
        self.next_optional()
    }
}

/// Where a pointer points to; `None` for 0 (Q.763 §1.6).
pub(super) fn target(octets: &[u8], pointer: usize) -> Option<usize> {
    match octets.get(pointer) {
        None | Some(0) => None,
        Some(&value) => Some(pointer + usize::from(value)),
    }
}

#[inline]
fn length_and_content(input: &[u8]) -> IResult<&[u8], &[u8]> {
    length_data(u8).parse_complete(input)
}

/// A parameter of the optional part; the octet 0 that ends it is a name without content.
#[inline]
fn name_length_content(input: &[u8]) -> IResult<&[u8], (u8, &[u8])> {
    match u8.parse_complete(input)? {
        (rest, 0) => Ok((rest, (0, &[]))),
        (rest, name) => {
            let (rest, content) = length_and_content(rest)?;
            Ok((rest, (name, content)))
        }
    }
}

/// The length of the parameter whose length octet is at `offset`, if its content is all there.
pub(super) fn parameter_length(
    octets: &[u8],
    offset: usize,
    parameter: ParameterCode,
) -> Result<usize, DecodeError> {
    let cut = |expected, found| DecodeError::Cut {
        parameter,
        offset,
        expected,
        found,
    };
    let Some(&length) = octets.get(offset) else {
        return Err(cut(1, 0));
    };
    let left = octets.len() - offset - 1;
    if usize::from(length) > left {
        return Err(cut(usize::from(length), left));
    }
    Ok(usize::from(length))
}
