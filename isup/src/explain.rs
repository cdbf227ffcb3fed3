//! What `isthmus decode` prints: a message as a tree.

use crate::{cic::Cic, error::DecodeError, message::Mask, message::Message, variant::Variant};

/// Where a row of octets begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// At the message type octet, as in a SIP body.
    MessageType,
    /// At the circuit identification code, as after a routing label.
    Cic,
}

/// A message, and its circuit identification code when the octets begin there.
///
/// # Errors
/// When the parts of the message cannot be told apart.
pub fn decode(
    octets: &[u8],
    variant: Variant,
    begins: Begins,
) -> Result<(Option<Cic>, Message), DecodeError> {
    match begins {
        Begins::MessageType => Ok((None, Message::decode_variant(octets, variant)?)),
        Begins::Cic => {
            let (cic, message) = Message::decode_sif_variant(octets, variant)?;
            Ok((Some(cic), message))
        }
    }
}

/// The tree of a message, its circuit identification code in a line before it.
///
/// # Errors
/// As [`decode`].
pub fn decode_tree(
    octets: &[u8],
    variant: Variant,
    begins: Begins,
    mask: Mask,
) -> Result<String, DecodeError> {
    let (cic, message) = decode(octets, variant, begins)?;
    let tree = message.display(mask);
    Ok(match cic {
        Some(cic) => format!("CIC {cic}\n{tree:#}"),
        None => format!("{tree:#}"),
    })
}
