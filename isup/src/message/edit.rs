//! Changing one parameter and leaving every other octet as it came.

use core::ops::Range;

use super::{
    Message,
    build::mandatory_bit,
    layout::Layout,
    parts::{PartKind, target},
};
use crate::{
    error::{EncodeError, PointsTo},
    parameter::{Parameter, ParameterCode},
};

impl Message {
    /// Sets a parameter: the first one of its type takes the new content in its place; a message
    /// without one gets it at the end of its optional part.
    ///
    /// When the message cannot carry the parameter it stays as it was, and
    /// [`check`](Self::check) tells why.
    pub fn set<P: Parameter>(&mut self, parameter: P) {
        let tail = self.octets.len();
        parameter.encode(&mut self.octets);
        let _ = self.place(P::CODE, tail, Repeat::No);
    }

    /// Appends a parameter to the optional part, also when the message already has one of its
    /// type (generic number, generic notification and other parameters that may be repeated).
    pub fn push<P: Parameter>(&mut self, parameter: P) {
        let tail = self.octets.len();
        parameter.encode(&mut self.octets);
        let _ = self.place(P::CODE, tail, Repeat::Yes);
    }

    /// Sets the content of a parameter by its name, as [`set`](Self::set) does.
    ///
    /// # Errors
    /// When the message cannot carry the parameter; it then stays as it was.
    pub fn set_content(&mut self, code: ParameterCode, content: &[u8]) -> Result<(), EncodeError> {
        let tail = self.octets.len();
        self.octets.extend_from_slice(content);
        self.place(code, tail, Repeat::No)
    }

    /// Appends a parameter by its name, as [`push`](Self::push) does.
    ///
    /// # Errors
    /// When the message cannot carry the parameter; it then stays as it was.
    pub fn push_content(&mut self, code: ParameterCode, content: &[u8]) -> Result<(), EncodeError> {
        let tail = self.octets.len();
        self.octets.extend_from_slice(content);
        self.place(code, tail, Repeat::Yes)
    }

    /// Removes every optional parameter with this name; with the last one goes the whole optional
    /// part, and its pointer becomes 0. Tells whether there was one. Mandatory parameters stay.
    pub fn remove(&mut self, code: ParameterCode) -> bool {
        let mut removed = false;
        while let Some(range) = self.optional_range(code) {
            // Name and length octet go with the content.
            self.splice(range.start - 2..range.end, self.octets.len(), range.end);
            removed = true;
        }
        if removed {
            self.drop_empty_optional_part();
        }
        removed
    }

    fn optional_range(&self, code: ParameterCode) -> Option<Range<usize>> {
        self.parts()
            .find(|part| part.kind == PartKind::Optional && part.code == code)
            .map(|part| part.offset..part.end())
    }

    fn drop_empty_optional_part(&mut self) {
        let Some(pointer) = self.layout.optional_pointer else {
            return;
        };
        let Some(start) = target(&self.octets, pointer) else {
            return;
        };
        if self.octets.get(start) == Some(&0) {
            self.write(pointer, 0);
            self.splice(start..start + 1, self.octets.len(), start + 1);
        }
    }

    /// Brings the content that stands from `tail` on, behind the message, to its place in it.
    fn place(
        &mut self,
        code: ParameterCode,
        tail: usize,
        repeat: Repeat,
    ) -> Result<(), EncodeError> {
        let placed = self.try_place(code, tail, repeat);
        if let Err(error) = &placed {
            self.octets.truncate(tail);
            self.fault.get_or_insert_with(|| Box::new(error.clone()));
        }
        placed
    }

    fn try_place(
        &mut self,
        parameter: ParameterCode,
        tail: usize,
        repeat: Repeat,
    ) -> Result<(), EncodeError> {
        let message = self.message_type();
        let new = self.octets.len() - tail;
        if parameter == ParameterCode::END_OF_OPTIONAL_PARAMETERS {
            return Err(EncodeError::EndOfOptionalParameters { message });
        }
        let found = self
            .parts_of(tail)
            .enumerate()
            .find(|(_, part)| {
                part.code == parameter && (part.kind != PartKind::Optional || repeat == Repeat::No)
            })
            .map(|(place, part)| (place, part.kind, part.offset..part.end()));
        let Some((place, kind, range)) = found else {
            return self.append(parameter, tail);
        };
        if kind == PartKind::Fixed && new != range.len() {
            let expected = range.len();
            return Err(EncodeError::FixedLength {
                message,
                parameter,
                expected,
                found: new,
            });
        }
        if new > usize::from(u8::MAX) {
            return Err(EncodeError::TooLong {
                message,
                parameter,
                found: new,
            });
        }
        self.reachable(parameter, range.end, new as isize - range.len() as isize)?;
        if kind != PartKind::Fixed {
            self.write(range.start - 1, new as u8);
        }
        let after = range.end;
        self.splice(range, tail, after);
        if kind != PartKind::Optional {
            self.unset &= !mandatory_bit(place);
        }
        Ok(())
    }

    /// Appends an optional parameter whose content stands from `tail` on.
    fn append(&mut self, parameter: ParameterCode, tail: usize) -> Result<(), EncodeError> {
        let message = self.message_type();
        let content = self.octets.len() - tail;
        if content > usize::from(u8::MAX) {
            return Err(EncodeError::TooLong {
                message,
                parameter,
                found: content,
            });
        }
        let Some(pointer) = self.layout.optional_pointer else {
            return Err(EncodeError::NoOptionalPart { message, parameter });
        };
        let header = [parameter.0, content as u8];
        match target(&self.octets, pointer) {
            Some(start) => {
                let last = self
                    .parts_of(tail)
                    .filter(|part| part.kind == PartKind::Optional)
                    .last();
                let end_octet = last.map_or(start, |part| part.end());
                self.reachable(parameter, end_octet + 1, content as isize + 2)?;
                self.octets.splice(tail..tail, header);
                self.splice(end_octet..end_octet, tail, end_octet + 1);
            }
            None => {
                let start = self.layout.end;
                let Ok(value) = u8::try_from(start - pointer) else {
                    let to = PointsTo::OptionalPart;
                    return Err(EncodeError::OutOfReach {
                        message,
                        parameter,
                        to,
                    });
                };
                self.octets.splice(tail..tail, header);
                self.octets.push(0);
                self.splice(start..start, tail, start);
                self.write(pointer, value);
            }
        }
        Ok(())
    }

    /// The parameters of the message, whose octets end at `tail`.
    fn parts_of(&self, tail: usize) -> super::Parts<'_> {
        super::Parts::new(self.octets.get(..tail).unwrap_or_default(), &self.layout)
    }

    /// Whether every pointer to octet `from` or later can still point there after `change` more
    /// octets before it.
    fn reachable(
        &self,
        parameter: ParameterCode,
        from: usize,
        change: isize,
    ) -> Result<(), EncodeError> {
        for (pointer, to) in pointers(&self.layout) {
            let Some(there) = target(&self.octets, pointer).filter(|&there| there >= from) else {
                continue;
            };
            let value = (there - pointer) as isize + change;
            if value > isize::from(u8::MAX) {
                return Err(EncodeError::OutOfReach {
                    message: self.message_type(),
                    parameter,
                    to,
                });
            }
        }
        Ok(())
    }

    /// Replaces the octets of `range` by those from `tail` on, which then are no longer behind
    /// the message, and moves the pointers to octet `after` and later ones.
    fn splice(&mut self, range: Range<usize>, tail: usize, after: usize) {
        let new = self.octets.len() - tail;
        let change = new as isize - range.len() as isize;
        if change == 0 {
            self.octets.copy_within(tail.., range.start);
            self.octets.truncate(tail);
            return;
        }
        if let Some(moved) = self.octets.get_mut(range.start..) {
            moved.rotate_right(new);
        }
        self.octets.drain(range.start + new..range.end + new);
        for (pointer, _) in pointers(&self.layout) {
            let moves = |there: &usize| *there >= after;
            if let Some(there) = target(&self.octets, pointer).filter(moves) {
                self.write(pointer, (there - pointer).wrapping_add_signed(change) as u8);
            }
        }
        self.layout.end = self.layout.end.wrapping_add_signed(change);
    }

    fn write(&mut self, at: usize, value: u8) {
        if let Some(octet) = self.octets.get_mut(at) {
            *octet = value;
        }
    }
}

/// Whether a parameter that is already there is replaced or gets a neighbour of its own type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeat {
    No,
    Yes,
}

/// The pointer octets of a message with what each points to.
fn pointers(layout: &Layout) -> impl Iterator<Item = (usize, PointsTo)> + use<> {
    let first = layout.pointers;
    let variable = layout.variable.iter().enumerate();
    variable
        .map(move |(place, &code)| (first + place, PointsTo::Variable(code)))
        .chain(
            layout
                .optional_pointer
                .map(|pointer| (pointer, PointsTo::OptionalPart)),
        )
}
