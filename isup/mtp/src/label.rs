//! Service information octet and routing label (Q.704 §2.2, §14.2; T1.111.4).

use std::fmt;

use bytes::{BufMut, Bytes, BytesMut};
use nom::IResult;
use nom::number::complete::{le_u24, le_u32, u8 as octet};
use serde::{Deserialize, Serialize};

use crate::PointCode;

/// The family of Recommendations a network follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standard {
    /// ITU-T Q.703, Q.704, Q.707: 14-bit point codes, 4-bit SLS.
    #[default]
    Itu,
    /// ANSI T1.111: 24-bit point codes, 5-bit (or 8-bit) SLS, message priorities.
    Ansi,
}

impl Standard {
    /// The largest point code that the routing label can carry.
    pub const fn largest_point_code(self) -> u32 {
        match self {
            Self::Itu => 0x3FFF,
            Self::Ansi => 0xFF_FFFF,
        }
    }

    /// Octets of the routing label.
    pub const fn label_octets(self) -> usize {
        match self {
            Self::Itu => 4,
            Self::Ansi => 7,
        }
    }

    /// The largest SLS that the routing label can carry.
    pub const fn largest_sls(self) -> u8 {
        match self {
            Self::Itu => 0x0F,
            Self::Ansi => 0xFF,
        }
    }
}

impl fmt::Display for Standard {
    /// As in a configuration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Itu => "itu",
            Self::Ansi => "ansi",
        })
    }
}

/// Signalling link selection, the value that keeps messages in sequence and shares the load
/// (Q.704 §2.2.4).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Sls(pub u8);

/// Signalling link code: names a link between two adjacent signalling points (Q.704 §14.2.1),
/// 0 to 15, the same number at both ends.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Slc(pub u8);

/// A signalling link of this node: one signalling timeslot. The number is the node's own.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct LinkId(pub u16);

impl fmt::Display for Sls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Slc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for LinkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Network indicator, bits D and C of the sub-service field (Q.704 §14.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkIndicator {
    /// 0: international network.
    International,
    /// 1: spare, for international use only.
    InternationalSpare,
    /// 2: national network.
    #[default]
    National,
    /// 3: reserved for national use.
    NationalSpare,
}

impl NetworkIndicator {
    /// The two bits as a number, 0 to 3.
    pub const fn code(self) -> u8 {
        match self {
            Self::International => 0,
            Self::InternationalSpare => 1,
            Self::National => 2,
            Self::NationalSpare => 3,
        }
    }

    /// From the two low bits of `code`.
    pub const fn from_code(code: u8) -> Self {
        match code & 3 {
            0 => Self::International,
            1 => Self::InternationalSpare,
            2 => Self::National,
            _ => Self::NationalSpare,
        }
    }
}

impl fmt::Display for NetworkIndicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::International => "international",
            Self::InternationalSpare => "international-spare",
            Self::National => "national",
            Self::NationalSpare => "national-spare",
        })
    }
}

/// Service indicators (Q.704 §14.2.1).
pub mod service {
    /// Signalling network management messages.
    pub const MANAGEMENT: u8 = 0;
    /// Signalling network testing and maintenance messages.
    pub const TESTING: u8 = 1;
    /// Testing and maintenance special messages (ANSI).
    pub const TESTING_SPECIAL: u8 = 2;
    /// ISDN user part.
    pub const ISUP: u8 = 5;
}

/// Service information octet: service indicator and sub-service field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceInformation {
    /// Network indicator.
    pub network_indicator: NetworkIndicator,
    /// Message priority (ANSI; the two bits are spare and 0 in ITU networks), 0 to 3.
    pub priority: u8,
    /// Service indicator, 0 to 15.
    pub service: u8,
}

impl ServiceInformation {
    /// The octet.
    pub const fn octet(self) -> u8 {
        self.network_indicator.code() << 6 | (self.priority & 3) << 4 | self.service & 0x0F
    }

    /// From the octet.
    pub const fn from_octet(octet: u8) -> Self {
        Self {
            network_indicator: NetworkIndicator::from_code(octet >> 6),
            priority: octet >> 4 & 3,
            service: octet & 0x0F,
        }
    }
}

/// Routing label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoutingLabel {
    /// Destination point code.
    pub dpc: PointCode,
    /// Originating point code.
    pub opc: PointCode,
    /// Signalling link selection (holds the SLC in management messages about a link).
    pub sls: Sls,
}

impl RoutingLabel {
    /// The label of a message back to where this one came from.
    pub const fn reversed(self) -> Self {
        Self {
            dpc: self.opc,
            opc: self.dpc,
            sls: self.sls,
        }
    }

    /// Appends the label; values wider than the standard's fields lose their high bits.
    pub fn encode(self, standard: Standard, out: &mut BytesMut) {
        match standard {
            Standard::Itu => out.put_u32_le(
                self.dpc.value() & 0x3FFF
                    | (self.opc.value() & 0x3FFF) << 14
                    | u32::from(self.sls.0 & 0x0F) << 28,
            ),
            Standard::Ansi => {
                out.put_uint_le(u64::from(self.dpc.value()), 3);
                out.put_uint_le(u64::from(self.opc.value()), 3);
                out.put_u8(self.sls.0);
            }
        }
    }

    /// Reads a label.
    ///
    /// # Errors
    /// When fewer octets than [`Standard::label_octets`] are left.
    pub fn parse(standard: Standard, input: &[u8]) -> IResult<&[u8], Self> {
        match standard {
            Standard::Itu => {
                let (rest, word) = le_u32(input)?;
                let label = Self {
                    dpc: PointCode::of_bits(standard, word),
                    opc: PointCode::of_bits(standard, word >> 14),
                    sls: Sls((word >> 28) as u8),
                };
                Ok((rest, label))
            }
            Standard::Ansi => {
                let (rest, dpc) = le_u24(input)?;
                let (rest, opc) = le_u24(rest)?;
                let (rest, sls) = octet(rest)?;
                Ok((
                    rest,
                    Self {
                        dpc: PointCode::of_bits(standard, dpc),
                        opc: PointCode::of_bits(standard, opc),
                        sls: Sls(sls),
                    },
                ))
            }
        }
    }
}

/// A level 3 message: what an MSU carries after its length indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Service information octet.
    pub sio: ServiceInformation,
    /// Routing label.
    pub label: RoutingLabel,
    /// Signalling information field after the label.
    pub body: Bytes,
}

impl Message {
    /// The octets from the SIO on.
    pub fn encode(&self, standard: Standard) -> Bytes {
        let mut out = BytesMut::with_capacity(1 + standard.label_octets() + self.body.len());
        out.put_u8(self.sio.octet());
        self.label.encode(standard, &mut out);
        out.put_slice(&self.body);
        out.freeze()
    }

    /// Reads a message from its SIO on.
    ///
    /// # Errors
    /// When the octets end within the label.
    pub fn decode(standard: Standard, octets: &Bytes) -> Result<Self, Truncated> {
        let (rest, sio) =
            octet::<_, nom::error::Error<&[u8]>>(octets.as_ref()).map_err(|_| Truncated {
                found: octets.len(),
                expected: 1 + standard.label_octets(),
            })?;
        let (rest, label) = RoutingLabel::parse(standard, rest).map_err(|_| Truncated {
            found: octets.len(),
            expected: 1 + standard.label_octets(),
        })?;
        let body = octets.slice(octets.len().saturating_sub(rest.len())..);
        Ok(Self {
            sio: ServiceInformation::from_octet(sio),
            label,
            body,
        })
    }
}

/// A message ends within its SIO or routing label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("level 3 message of {found} octets, expected at least {expected} (SIO and routing label)")]
pub struct Truncated {
    /// Octets there are.
    pub found: usize,
    /// Octets needed.
    pub expected: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn itu_label_octets() {
        let label = RoutingLabel {
            dpc: PointCode::itu(2),
            opc: PointCode::itu(1),
            sls: Sls(5),
        };
        let mut out = BytesMut::new();
        label.encode(Standard::Itu, &mut out);
        assert_eq!(out.as_ref(), [0x02, 0x40, 0x00, 0x50]);
        assert_eq!(
            RoutingLabel::parse(Standard::Itu, &out).unwrap(),
            (&[][..], label)
        );
    }

    #[test]
    fn ansi_label_octets() {
        let label = RoutingLabel {
            dpc: PointCode::ansi(250 << 16 | 3 << 8 | 17),
            opc: PointCode::ansi(1 << 16 | 2 << 8 | 3),
            sls: Sls(21),
        };
        let mut out = BytesMut::new();
        label.encode(Standard::Ansi, &mut out);
        assert_eq!(out.as_ref(), [17, 3, 250, 3, 2, 1, 21]);
        assert_eq!(
            RoutingLabel::parse(Standard::Ansi, &out).unwrap(),
            (&[][..], label)
        );
    }

    #[test]
    fn service_information_round_trip() {
        for octet in 0..=255 {
            assert_eq!(ServiceInformation::from_octet(octet).octet(), octet);
        }
    }

    #[test]
    fn truncated_message_says_so() {
        let octets = Bytes::from_static(&[0x85, 1, 2]);
        let error = Message::decode(Standard::Itu, &octets).unwrap_err();
        assert_eq!(
            error,
            Truncated {
                found: 3,
                expected: 5
            }
        );
    }
}
