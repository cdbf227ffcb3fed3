//! What a decoder makes of a message, in the words of either.

use std::collections::BTreeMap;

/// Who decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoder {
    Tshark,
    Pycrate,
}

/// A message as a decoder reads it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// The message type; `None` when the decoder does not know it.
    pub(crate) message: Option<u8>,
    pub(crate) cic: Option<u16>,
    /// Destination, origin, signalling link selection; where the decoder reads them.
    pub(crate) label: Option<(u32, u32, u8)>,
    /// In the order of the octets.
    pub(crate) parameters: Vec<ReadParameter>,
    /// What the decoder finds wrong.
    pub(crate) complaints: Vec<String>,
}

/// A parameter as a decoder reads it.
#[derive(Clone, Debug, Default)]
pub(crate) struct ReadParameter {
    /// Its name octet, where the decoder tells.
    pub(crate) code: Option<u8>,
    /// Its length, where the decoder tells.
    pub(crate) length: Option<usize>,
    /// Every field under it, by the decoder's name; the first of each.
    pub(crate) fields: BTreeMap<String, String>,
}
