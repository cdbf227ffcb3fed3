//! Where the parts of a message lie (Q.763 §1.4 to §1.8), found once when it is decoded.

use super::{
    MessageType,
    parts::parameter_length,
    table::{self, MessageRow},
};
use crate::{
    error::{DecodeError, PointsTo},
    parameter::ParameterCode,
    variant::Variant,
};

/// The places of the parts of one message, in octets from the message type octet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) message: MessageType,
    pub(super) fixed: &'static [(ParameterCode, u8)],
    pub(super) variable: &'static [ParameterCode],
    /// The first pointer octet; the pointers to the variable parameters stand here in order.
    pub(super) pointers: usize,
    /// The pointer to the optional part, when there is one.
    pub(super) optional_pointer: Option<usize>,
    /// One past the last octet of the message; what follows is ignored (Q.763 §1.8).
    pub(super) end: usize,
    pub(super) opaque: bool,
}

impl Layout {
    /// Finds the parts and checks that each lies within the octets and on octets of its own.
    pub(super) fn of(octets: &[u8], variant: Variant) -> Result<Self, DecodeError> {
        let &code = octets.first().ok_or(DecodeError::NoMessage {
            expected: "a message type",
            found: 0,
        })?;
        let message = MessageType::from_code(code);
        match table::row(message, variant) {
            Some(row) if row.opaque => Ok(Self::opaque(message, octets)),
            Some(row) => Self::of_row(octets, row),
            // Every message added after 1988 that an exchange may not know has only an optional
            // part, so that its compatibility information can be found (Q.764 §2.9.5.2).
            None => Ok(Self::of_parts(octets, message, &[], &[], true)
                .unwrap_or_else(|_| Self::opaque(message, octets))),
        }
    }

    fn opaque(message: MessageType, octets: &[u8]) -> Self {
        Self {
            message,
            fixed: &[],
            variable: &[],
            pointers: 1,
            optional_pointer: None,
            end: octets.len(),
            opaque: true,
        }
    }

    fn of_row(octets: &[u8], row: &MessageRow) -> Result<Self, DecodeError> {
        Self::of_parts(
            octets,
            row.message,
            row.fixed,
            row.variable,
            row.optional.is_some(),
        )
    }

    fn of_parts(
        octets: &[u8],
        message: MessageType,
        fixed: &'static [(ParameterCode, u8)],
        variable: &'static [ParameterCode],
        may_have_optional_part: bool,
    ) -> Result<Self, DecodeError> {
        let mut pointers = 1;
        for &(parameter, length) in fixed {
            let expected = usize::from(length);
            if octets.len() < pointers + expected {
                return Err(DecodeError::FixedPart {
                    message,
                    parameter,
                    offset: pointers,
                    expected,
                    found: octets.len() - pointers,
                });
            }
            pointers += expected;
        }
        let mut layout = Self {
            message,
            fixed,
            variable,
            pointers,
            optional_pointer: None,
            end: pointers + variable.len(),
            opaque: false,
        };
        let mut taken = Taken::default();
        let mut first_variable = usize::MAX;
        for (place, &parameter) in variable.iter().enumerate() {
            let to = PointsTo::Variable(parameter);
            let start = layout
                .follow(octets, pointers + place, to)?
                .ok_or_else(|| layout.bad_pointer(octets, pointers + place, to))?;
            let length = parameter_length(octets, start, parameter)?;
            layout.take(&mut taken, to, start, start + 1 + length)?;
            first_variable = first_variable.min(start);
        }
        let after_pointers = pointers + variable.len();
        // Some senders leave out the pointer of a message that never uses it (SAM, RLC): then the
        // message ends or its first variable parameter starts where the pointer should be.
        let pointer_there = after_pointers < octets.len() && first_variable > after_pointers;
        if may_have_optional_part && pointer_there {
            layout.optional_pointer = Some(after_pointers);
            layout.end = layout.end.max(after_pointers + 1);
            if let Some(start) = layout.follow(octets, after_pointers, PointsTo::OptionalPart)? {
                let end = optional_end(octets, start)?;
                layout.take(&mut taken, PointsTo::OptionalPart, start, end)?;
            }
        }
        Ok(layout)
    }

    /// The place that a pointer points to, `None` for pointer 0 (Q.763 §1.6: it counts from
    /// itself, 1 is the next octet).
    fn follow(
        &self,
        octets: &[u8],
        pointer: usize,
        to: PointsTo,
    ) -> Result<Option<usize>, DecodeError> {
        let &value = octets.get(pointer).ok_or(DecodeError::NoPointer {
            message: self.message,
            to,
            offset: pointer,
        })?;
        match usize::from(value) {
            0 => Ok(None),
            value if pointer + value < octets.len() => Ok(Some(pointer + value)),
            _ => Err(self.bad_pointer(octets, pointer, to)),
        }
    }

    fn bad_pointer(&self, octets: &[u8], pointer: usize, to: PointsTo) -> DecodeError {
        DecodeError::Pointer {
            message: self.message,
            to,
            offset: pointer,
            value: octets.get(pointer).copied().unwrap_or_default(),
            last: octets.len().saturating_sub(pointer + 1),
        }
    }

    /// Claims the octets `start..end` for a part, unless another part has some of them.
    fn take(
        &mut self,
        taken: &mut Taken,
        part: PointsTo,
        start: usize,
        end: usize,
    ) -> Result<(), DecodeError> {
        let overlaps = |with| DecodeError::Overlap {
            message: self.message,
            part,
            offset: start,
            with,
        };
        let pointers_end =
            self.pointers + self.variable.len() + usize::from(self.optional_pointer.is_some());
        if start < pointers_end {
            return Err(overlaps(PointsTo::Pointers));
        }
        for &(with, from, to) in taken.0.iter().flatten() {
            if start < to && from < end {
                return Err(overlaps(with));
            }
        }
        if let Some(free) = taken.0.iter_mut().find(|place| place.is_none()) {
            *free = Some((part, start, end));
        }
        self.end = self.end.max(end);
        Ok(())
    }
}

/// The octets that parts have claimed: at most two variable parameters and the optional part.
#[derive(Default)]
struct Taken([Option<(PointsTo, usize, usize)>; 3]);

/// One past the octet 0 that ends an optional part (Q.763 §1.7, §3.20).
fn optional_end(octets: &[u8], start: usize) -> Result<usize, DecodeError> {
    let mut at = start;
    loop {
        match octets.get(at) {
            None => return Err(DecodeError::NoEndOfOptionalParameters { offset: at }),
            Some(0) => return Ok(at + 1),
            Some(&code) => at += 2 + parameter_length(octets, at + 1, ParameterCode(code))?,
        }
    }
}
