//! Messages on their way to the MTP.

use bytes::Bytes;
use mtp::{PointCode, Sls, Transfer};

use super::{Node, Output, RequestError, SERVICE_INDICATOR};
use crate::{Cic, Message, Variant, circuit::split};

impl Node {
    /// Gives a message to the MTP. Messages of one circuit stay in sequence: the low bits of its
    /// code select the signalling link (Q.704 §2.2.4; five of them in ANSI T1.111.4).
    pub(super) fn send(&mut self, dpc: PointCode, cic: Cic, message: &Message) {
        if self
            .far_ends
            .get(&dpc)
            .is_some_and(|far_end| !far_end.reachable)
        {
            return;
        }
        let sls = cic.0 & self.variant.row().link_selection;
        let mut put = |message: &Message| {
            self.outputs.push_back(Output::Transfer(Transfer {
                si: SERVICE_INDICATOR,
                opc: self.opc,
                dpc,
                sls: Sls(sls.to_le_bytes()[0]),
                sif: Bytes::from(message.encode_sif(cic)),
            }));
        };
        let own;
        let message = if message.variant() == self.variant {
            message
        } else {
            own = in_variant(message, self.variant);
            &own
        };
        match too_long(message).then(|| split(message, most(message.variant()))) {
            Some(Some((first, segment))) => {
                put(&first);
                put(&segment);
            }
            // One that no two messages hold: the MTP refuses it and says so.
            _ => put(message),
        }
    }

    /// A message that one signalling unit holds, or two.
    pub(super) fn check_length(&self, message: &Message) -> Result<(), RequestError> {
        let own;
        let message = if message.variant() == self.variant {
            message
        } else {
            own = in_variant(message, self.variant);
            &own
        };
        let most = most(self.variant);
        if too_long(message) && split(message, most).is_none() {
            return Err(RequestError::TooLong {
                message: message.message_type(),
                octets: message.octets().len(),
                most,
            });
        }
        Ok(())
    }
}

/// The longest message, from its message type octet on: a signalling information field of 272 octets
/// less routing label and circuit code (Q.703 §2.3.3).
fn most(variant: Variant) -> usize {
    272 - variant.row().label_octets
}

fn too_long(message: &Message) -> bool {
    message.octets().len() > most(message.variant())
}

/// The machines write ITU-T messages; another variant has the same parameters in another frame.
fn in_variant(message: &Message, variant: Variant) -> Message {
    let empty = Message::new_variant(message.message_type(), variant);
    message.parameters().fold(empty, |built, (code, content)| {
        built.with_content(code, content)
    })
}
