//! The parameters of a message, one after the other.

use nom::{IResult, Parser as _, bytes::complete::take, multi::length_data, number::complete::u8};

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
    fixed: core::slice::Iter<'static, (ParameterCode, u8)>,
    variable: core::slice::Iter<'static, ParameterCode>,
    /// Content of the next fixed parameter, then the pointer of the next variable one.
    at: usize,
    /// Name of the next optional parameter; `None` without an optional part.
    optional: Option<usize>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(octets: &'a [u8], layout: &Layout) -> Self {
        let optional = layout
            .optional_pointer
            .and_then(|pointer| target(octets, pointer));
        Self {
            octets,
            fixed: layout.fixed.iter(),
            variable: layout.variable.iter(),
            at: 1,
            optional,
        }
    }

    fn next_fixed(&mut self) -> Option<Part<'a>> {
        let &(code, length) = self.fixed.next()?;
        let offset = self.at;
        self.at += usize::from(length);
        let content = self.octets.get(offset..self.at)?;
        Some(Part {
            code,
            kind: PartKind::Fixed,
            offset,
            content,
        })
    }

    fn next_variable(&mut self) -> Option<Part<'a>> {
        let &code = self.variable.next()?;
        let start = target(self.octets, self.at)?;
        self.at += 1;
        let (_, content) = length_and_content(self.octets.get(start..)?).ok()?;
        Some(Part {
            code,
            kind: PartKind::Variable,
            offset: start + 1,
            content,
        })
    }

    fn next_optional(&mut self) -> Option<Part<'a>> {
        let at = self.optional.take()?;
        let (_, (code, content)) = name_length_content(self.octets.get(at..)?).ok()?;
        if code == 0 {
            return None;
        }
        let part = Part {
            code: ParameterCode(code),
            kind: PartKind::Optional,
            offset: at + 2,
            content,
        };
        self.optional = Some(part.end());
        Some(part)
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Part<'a>> {
        self.next_fixed()
            .or_else(|| self.next_variable())
            .or_else(|| self.next_optional())
    }
}

/// Where a pointer points to; `None` for 0 (Q.763 §1.6).
pub(super) fn target(octets: &[u8], pointer: usize) -> Option<usize> {
    match octets.get(pointer) {
        None | Some(0) => None,
        Some(&value) => Some(pointer + usize::from(value)),
    }
}

fn length_and_content(input: &[u8]) -> IResult<&[u8], &[u8]> {
    length_data(u8).parse(input)
}

fn name_length_content(input: &[u8]) -> IResult<&[u8], (u8, &[u8])> {
    let (rest, name) = u8(input)?;
    if name == 0 {
        let (rest, none) = take(0_usize)(rest)?;
        return Ok((rest, (name, none)));
    }
    let (rest, content) = length_and_content(rest)?;
    Ok((rest, (name, content)))
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
