//! ISUP messages (Q.763 §1): the octets as they came, and typed access to their parameters.

mod build;
mod display;
mod edit;
mod kind;
mod layout;
mod parts;
pub(crate) mod table;

#[cfg(test)]
mod tests;

use core::fmt;

pub use display::{Display, Mask};
pub use kind::MessageType;
pub use parts::{Part, PartKind, Parts};
pub use table::{MessageRow, row, rows};

use self::layout::Layout;
use crate::{
    cic::Cic,
    error::{DecodeError, EncodeError},
    parameter::{Parameter, ParameterCode},
    variant::Variant,
};

/// An ISUP message, lossless.
///
/// It holds the octets from the message type octet on, exactly as they came: parameters in their
/// order, unknown ones, repeated ones, spare bits, octets after the end. Parameters are read from
/// them on demand. [`set`](Self::set) changes the octets of that one parameter and the pointers
/// that must follow, nothing else.
///
/// Moving a message is cheap, cloning copies its octets once.
#[derive(Clone)]
pub struct Message {
    octets: Vec<u8>,
    layout: Layout,
    variant: Variant,
    /// One bit for each mandatory parameter of a message built here that was not set yet.
    unset: u8,
    fault: Option<Box<EncodeError>>,
}

impl Message {
    /// Decodes a message of ITU-T Q.763 from its message type octet on, as a SIP body carries it
    /// (RFC 3204 §3.1).
    ///
    /// # Errors
    /// When the parts of the message cannot be told apart. The content of a parameter is not
    /// judged here but when it is read.
    pub fn decode(octets: &[u8]) -> Result<Self, DecodeError> {
        Self::decode_variant(octets, Variant::Itu)
    }

    /// Decodes a message of a given variant from its message type octet on.
    ///
    /// # Errors
    /// As [`Message::decode`].
    pub fn decode_variant(octets: &[u8], variant: Variant) -> Result<Self, DecodeError> {
        let layout = Layout::of(octets, variant)?;
        let mut kept = Vec::with_capacity(octets.len() + ROOM);
        kept.extend_from_slice(octets);
        Ok(Self {
            octets: kept,
            layout,
            variant,
            unset: 0,
            fault: None,
        })
    }

    /// Decodes into this message again, keeping its buffer: no allocation when the octets fit.
    ///
    /// # Errors
    /// As [`Message::decode`]; the message then stays as it was.
    pub fn decode_into(&mut self, octets: &[u8], variant: Variant) -> Result<(), DecodeError> {
        self.layout = Layout::of(octets, variant)?;
        self.octets.clear();
        self.octets.extend_from_slice(octets);
        self.variant = variant;
        self.unset = 0;
        self.fault = None;
        Ok(())
    }

    /// Decodes an ITU-T message from its circuit identification code on: what follows the routing
    /// label in a message signal unit (Q.763 §1.2).
    ///
    /// # Errors
    /// As [`Message::decode`]; offsets count from the message type octet.
    pub fn decode_sif(sif: &[u8]) -> Result<(Cic, Self), DecodeError> {
        Self::decode_sif_variant(sif, Variant::Itu)
    }

    /// Decodes a message of a given variant from its circuit identification code on.
    ///
    /// # Errors
    /// As [`Message::decode`]; offsets count from the message type octet.
    pub fn decode_sif_variant(sif: &[u8], variant: Variant) -> Result<(Cic, Self), DecodeError> {
        let (cic, octets) = sif.split_first_chunk::<2>().ok_or(DecodeError::NoMessage {
            expected: "a circuit identification code and a message type",
            found: sif.len(),
        })?;
        Ok((
            Cic::from_octets(*cic),
            Self::decode_variant(octets, variant)?,
        ))
    }

    /// The message type.
    #[must_use]
    pub fn message_type(&self) -> MessageType {
        self.layout.message
    }

    /// The variant that the message was decoded or built by.
    #[must_use]
    pub fn variant(&self) -> Variant {
        self.variant
    }

    /// The octets from the message type octet on.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// The octets from the message type octet on, as a SIP body carries them.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.octets.clone()
    }

    /// Appends the octets from the message type octet on.
    pub fn encode(&self, to: &mut Vec<u8>) {
        to.extend_from_slice(&self.octets);
    }

    /// The octets from the circuit identification code on: what follows the routing label.
    #[must_use]
    pub fn encode_sif(&self, cic: Cic) -> Vec<u8> {
        let mut sif = Vec::with_capacity(2 + self.octets.len());
        sif.extend_from_slice(&cic.to_octets());
        self.encode(&mut sif);
        sif
    }

    /// The first parameter of this type, decoded; `None` when the message does not have it.
    #[must_use]
    pub fn get<P: Parameter>(&self) -> Option<Result<P, DecodeError>> {
        let part = self.part(P::CODE)?;
        Some(P::decode(part.content).map_err(|error| error.based(part.offset)))
    }

    /// The first parameter of this type whose content can be decoded.
    #[must_use]
    pub fn find<P: Parameter>(&self) -> Option<P> {
        let mut parts = self.parts().filter(|part| part.code == P::CODE);
        parts.find_map(|part| P::decode(part.content).ok())
    }

    /// All parameters of this type whose content can be decoded, in the order of the message.
    pub fn all<P: Parameter>(&self) -> impl Iterator<Item = P> + '_ {
        self.parts()
            .filter(|part| part.code == P::CODE)
            .filter_map(|part| P::decode(part.content).ok())
    }

    /// Whether the message has this parameter.
    #[must_use]
    pub fn has(&self, code: ParameterCode) -> bool {
        self.part(code).is_some()
    }

    /// The content of the first parameter with this name.
    #[must_use]
    pub fn content(&self, code: ParameterCode) -> Option<&[u8]> {
        self.part(code).map(|part| part.content)
    }

    /// Name and content of every parameter: the mandatory fixed ones, the mandatory variable ones,
    /// the optional ones in the order of the message.
    pub fn parameters(&self) -> impl Iterator<Item = (ParameterCode, &[u8])> {
        self.parts().map(|part| (part.code, part.content))
    }

    /// Every parameter with its place in the message, in the order of
    /// [`parameters`](Self::parameters).
    #[must_use]
    pub fn parts(&self) -> Parts<'_> {
        Parts::new(&self.octets, &self.layout)
    }

    /// The first parameter with this name.
    #[must_use]
    pub fn part(&self, code: ParameterCode) -> Option<Part<'_>> {
        self.parts().find(|part| part.code == code)
    }

    /// The octets after the end of the message: tolerated, never read, sent on as they came.
    #[must_use]
    pub fn trailing(&self) -> &[u8] {
        self.octets.get(self.layout.end..).unwrap_or_default()
    }

    /// What follows the message type octet of a message without parameters in the sense of Q.763:
    /// of PAM, of CRG, and of an unknown message that has not the format of §1.8.
    #[must_use]
    pub fn opaque(&self) -> Option<&[u8]> {
        if self.layout.opaque {
            self.octets.get(1..)
        } else {
            None
        }
    }

    /// The message inside a pass-along message (Q.763 §4, PAM); `None` for any other message.
    #[must_use]
    pub fn passed_along(&self) -> Option<Result<Self, DecodeError>> {
        (self.message_type() == MessageType::Pam)
            .then(|| Self::decode_variant(self.opaque().unwrap_or_default(), self.variant))
    }
}

/// Spare capacity beside the octets of a decoded message, so that setting a parameter or two
/// needs no second buffer.
const ROOM: usize = 48;

impl PartialEq for Message {
    /// The same octets read by the same variant.
    fn eq(&self, other: &Self) -> bool {
        self.variant == other.variant && self.octets == other.octets
    }
}

impl Eq for Message {}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.message_type())?;
        for octet in self.octets.iter().skip(1) {
            write!(f, " {octet:02X}")?;
        }
        Ok(())
    }
}
