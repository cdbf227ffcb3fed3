//! Names of a circuit: on the line ([`Cic`]) and inside this exchange ([`CircuitId`]).

use core::fmt;

use serde::{Deserialize, Serialize};

/// Circuit identification code: names a circuit between two point codes (Q.763 §1.2).
///
/// 12 bits in ITU-T networks, 14 bits in ANSI ones; both fit the two octets on the line, which
/// carry the low octet first. The spare bits above are kept as they came.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Cic(pub u16);

impl Cic {
    /// The code from its two octets, low octet first (Q.763 §1.2).
    #[must_use]
    pub const fn from_octets(octets: [u8; 2]) -> Self {
        Self(u16::from_le_bytes(octets))
    }

    /// The two octets on the line, low octet first (Q.763 §1.2).
    #[must_use]
    pub const fn to_octets(self) -> [u8; 2] {
        self.0.to_le_bytes()
    }
}

impl fmt::Display for Cic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A circuit of this exchange, by a number that configuration gives and that never goes on the line.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct CircuitId(pub u32);

impl fmt::Display for CircuitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
