//! Building a message from its type and its parameters.

use super::{Message, MessageType, layout::Layout, parts::PartKind, table};
use crate::{
    error::EncodeError,
    parameter::{self, Parameter, ParameterCode},
    variant::Variant,
};

impl Message {
    /// An ITU-T message with its mandatory parameters at their defaults and no optional ones.
    ///
    /// A mandatory fixed parameter starts with all bits zero, a mandatory variable one with the
    /// shortest content that it can have ([`parameter::ParameterRow::shortest`]), so that the
    /// octets are a well-formed message at any time. [`check`](Self::check) tells which mandatory
    /// parameter was not set yet.
    #[must_use]
    pub fn new(message: MessageType) -> Self {
        Self::new_variant(message, Variant::Itu)
    }

    /// A message of a given variant, as [`Message::new`].
    #[must_use]
    pub fn new_variant(message: MessageType, variant: Variant) -> Self {
        let mut octets = Vec::with_capacity(INITIAL);
        octets.push(message.code());
        let row = table::row(message, variant);
        let (fixed, variable): (&'static [_], &'static [ParameterCode]) =
            row.map_or((&[], &[]), |row| (row.fixed, row.variable));
        let optional = row.is_none_or(|row| row.optional.is_some());
        let opaque = row.is_some_and(|row| row.opaque);
        octets.resize(1 + row.map_or(0, |row| row.fixed_length()), 0);
        let pointers = octets.len();
        let pointers_end = pointers + variable.len() + usize::from(optional);
        octets.resize(pointers_end, 0);
        for (place, &code) in variable.iter().enumerate() {
            let content = parameter::row(code).map_or(&[][..], |row| row.shortest);
            let start = octets.len();
            if let Some(pointer) = octets.get_mut(pointers + place) {
                *pointer = (start - pointers - place) as u8;
            }
            octets.push(content.len() as u8);
            octets.extend_from_slice(content);
        }
        let layout = Layout {
            message,
            fixed,
            variable,
            pointers,
            optional_pointer: optional.then_some(pointers + variable.len()),
            end: octets.len(),
            opaque,
        };
        let mandatory = fixed.len() + variable.len();
        let unset = ((1_u16 << mandatory) - 1) as u8;
        Self {
            octets,
            layout,
            variant,
            unset,
            fault: None,
        }
    }

    /// A pass-along message (Q.763 §4, PAM) that carries another message from its type octet on.
    #[must_use]
    pub fn pass_along(inner: &Self) -> Self {
        let mut message = Self::new_variant(MessageType::Pam, inner.variant);
        message.octets.extend_from_slice(&inner.octets);
        message.layout.end = message.octets.len();
        message
    }

    /// This message with one more parameter: [`set`](Self::set) for a chain.
    #[must_use]
    pub fn with<P: Parameter>(mut self, parameter: P) -> Self {
        self.set(parameter);
        self
    }

    /// This message with the content of one more parameter: [`set_content`](Self::set_content)
    /// for a chain.
    #[must_use]
    pub fn with_content(mut self, code: ParameterCode, content: &[u8]) -> Self {
        let _ = self.set_content(code, content);
        self
    }

    /// Whether the message carries all that it was told to, and all that it must.
    ///
    /// # Errors
    /// The first parameter that could not be set, else the first mandatory parameter of a message
    /// built by [`Message::new`] that was not set. Never an error for a decoded message that was
    /// not changed.
    pub fn check(&self) -> Result<(), EncodeError> {
        if let Some(fault) = &self.fault {
            return Err(EncodeError::clone(fault));
        }
        match self.missing().next() {
            Some(parameter) => Err(EncodeError::Missing {
                message: self.message_type(),
                parameter,
            }),
            None => Ok(()),
        }
    }

    /// The mandatory parameters of a message built by [`Message::new`] that were not set yet.
    pub fn missing(&self) -> impl Iterator<Item = ParameterCode> + '_ {
        self.parts()
            .take_while(|part| part.kind != PartKind::Optional)
            .enumerate()
            .filter(|&(place, _)| self.unset & mandatory_bit(place) != 0)
            .map(|(_, part)| part.code)
    }
}

/// Octets of a new message before its first growth: an IAM with a few optional parameters.
const INITIAL: usize = 96;

/// The bit in [`Message::unset`] of the mandatory parameter at this place.
pub(super) fn mandatory_bit(place: usize) -> u8 {
    1_u8.checked_shl(place as u32).unwrap_or(0)
}
