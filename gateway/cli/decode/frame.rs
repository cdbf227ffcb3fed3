//! What a captured frame carries: ISUP messages and other signalling.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use etherparse::{EtherType, IpNumber, NetSlice, SlicedPacket, TransportSlice, UdpSlice};
use isup::{Begins, Variant};
use pcap_file::DataLink;

use super::packets::{Packet, Place};
use super::sctp::{Fragments, Left};
use super::{m3ua, mtp};
use crate::interwork::encapsulation;
use crate::sip;

/// A message of signalling. A frame has one, or several where it is a packet of SCTP.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Where it was: "mtp2", "m3ua", "udp".
    pub(super) link: &'static str,
    /// From whom to whom; empty when the frame does not say.
    pub(super) path: String,
    /// What it is, in a line; empty when the ISUP message says it all.
    pub(super) what: String,
    /// The ISUP message in it.
    pub(super) isup: Option<Isup>,
}

/// An ISUP message that is still to be decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Isup {
    pub(super) octets: Bytes,
    pub(super) variant: Variant,
    pub(super) begins: Begins,
}

/// A frame that should carry signalling and cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("cut off by the capture: {found} of {original} octets")]
    CutOff { found: usize, original: usize },
    #[error("link type {0:?} is not looked into")]
    LinkType(DataLink),
    #[error("{found} octets, expected the {expected} of the {what} at least")]
    Short {
        what: &'static str,
        found: usize,
        expected: usize,
    },
    #[error("{found} octets at offset {offset}, expected the {expected} of the {what}")]
    Ends {
        what: &'static str,
        offset: usize,
        found: usize,
        expected: usize,
    },
    #[error("{what} at offset {offset} has length {length}, expected {least} to {most}")]
    Length {
        what: &'static str,
        offset: usize,
        length: usize,
        least: usize,
        most: usize,
    },
    #[error("signal unit with the sequence numbers of Q.703 Annex A, expected the basic ones")]
    Extended,
    #[error("signal unit of {found} octets does not fit its length indicator {indicator}")]
    SignalUnit { found: usize, indicator: u8 },
    #[error(transparent)]
    Label(#[from] ::mtp::Truncated),
    #[error("packet cannot be taken apart: {0}")]
    Packet(String),
    #[error("fragment of an IP packet with SCTP, expected whole packets")]
    IpFragment,
    #[error("I-DATA chunk at offset {offset} (RFC 8260), expected DATA chunks")]
    Interleaved { offset: usize },
    #[error("fragment with TSN {tsn}, in frame {frame}, without the rest of its message")]
    Fragment { frame: u64, tsn: u32 },
    #[error("M3UA version {0}, expected 1")]
    Version(u8),
    #[error("M3UA DATA without Protocol Data (0x0210)")]
    NoProtocolData,
    #[error("point code {found} at offset {offset}, expected 0 to {largest} ({variant})")]
    PointCode {
        offset: usize,
        found: u32,
        largest: u32,
        variant: Variant,
    },
    #[error("looks like SIP and cannot be read")]
    Sip,
}

/// Takes the frames of a capture apart, one after the other.
#[derive(Debug)]
pub(super) struct Reader {
    /// What links of the MTP carry, M3UA, and SIP bodies without a known version.
    variant: Variant,
    fragments: Fragments,
}

impl Reader {
    pub(super) fn new(variant: Variant) -> Self {
        Self {
            variant,
            fragments: Fragments::default(),
        }
    }

    /// What there is of signalling in a frame, in its order; nothing in one with other things, a
    /// fill-in signal unit among them.
    pub(super) fn read(&mut self, packet: &Packet<'_>) -> Vec<Result<Frame, FrameError>> {
        let (octets, variant) = (packet.octets, self.variant);
        if octets.len() < packet.original {
            let (found, original) = (octets.len(), packet.original);
            return vec![Err(FrameError::CutOff { found, original })];
        }
        match packet.link {
            DataLink::MTP2 => mtp::signal_unit(octets, variant)
                .transpose()
                .into_iter()
                .collect(),
            DataLink::MTP2_WITH_PHDR => {
                let Some((&[_sent, annex_a, _, _], unit)) = octets.split_first_chunk() else {
                    return vec![Err(short("pseudo header", octets, 4))];
                };
                // 0 basic, 1 extended, 2 not known.
                if annex_a == 1 {
                    return vec![Err(FrameError::Extended)];
                }
                mtp::signal_unit(unit, variant)
                    .transpose()
                    .into_iter()
                    .collect()
            }
            DataLink::MTP3 => {
                vec![mtp::message(
                    "mtp3",
                    &Bytes::copy_from_slice(octets),
                    variant,
                )]
            }
            DataLink::SCTP => self.sctp(packet.place, octets),
            DataLink::ETHERNET => self.ip(packet.place, SlicedPacket::from_ethernet(octets)),
            DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 => {
                self.ip(packet.place, SlicedPacket::from_ip(octets))
            }
            DataLink::LINUX_SLL => self.ip(packet.place, SlicedPacket::from_linux_sll(octets)),
            DataLink::LINUX_SLL2 => {
                // Protocol type first, then what says where the packet was seen: 20 octets.
                let Some((header, rest)) = octets.split_first_chunk::<20>() else {
                    return vec![Err(short("cooked header", octets, 20))];
                };
                let [high, low, ..] = *header;
                let kind = EtherType(u16::from_be_bytes([high, low]));
                self.ip(packet.place, SlicedPacket::from_ether_type(kind, rest))
            }
            other => vec![Err(FrameError::LinkType(other))],
        }
    }

    /// At the end of the capture: fragments of messages that did not become complete.
    pub(super) fn left(self) -> impl Iterator<Item = Left> {
        self.fragments.left()
    }

    fn ip(
        &mut self,
        place: Place,
        packet: Result<SlicedPacket<'_>, etherparse::err::packet::SliceError>,
    ) -> Vec<Result<Frame, FrameError>> {
        let packet = match packet {
            Ok(packet) => packet,
            Err(error) => return vec![Err(FrameError::Packet(error.to_string()))],
        };
        let Some(payload) = packet.net.as_ref().and_then(NetSlice::ip_payload_ref) else {
            return Vec::new();
        };
        if payload.ip_number == IpNumber::SCTP {
            return match payload.fragmented {
                true => vec![Err(FrameError::IpFragment)],
                false => self.sctp(place, payload.payload),
            };
        }
        match (&packet.net, &packet.transport) {
            (_, Some(TransportSlice::Udp(udp)))
                if [udp.source_port(), udp.destination_port()].contains(&SCTP_IN_UDP) =>
            {
                self.sctp(place, udp.payload())
            }
            (Some(net), Some(TransportSlice::Udp(datagram))) => udp(net, datagram, self.variant),
            _ => Vec::new(),
        }
    }

    fn sctp(&mut self, place: Place, packet: &[u8]) -> Vec<Result<Frame, FrameError>> {
        let messages = self.fragments.packet(place, packet).into_iter();
        let frame = |message: Result<_, FrameError>| match message {
            Ok(message) => m3ua::message(&message, self.variant),
            Err(error) => Some(Err(error)),
        };
        messages.filter_map(frame).collect()
    }
}

/// The port of SCTP in UDP (RFC 6951 section 5.2).
const SCTP_IN_UDP: u16 = 9899;

pub(super) fn short(what: &'static str, octets: &[u8], expected: usize) -> FrameError {
    FrameError::Short {
        what,
        found: octets.len(),
        expected,
    }
}

/// A datagram, when it is one of SIP: with its ISUP message, and one more for each further message
/// in it (RFC 3578 §3.2).
fn udp(net: &NetSlice<'_>, udp: &UdpSlice<'_>, variant: Variant) -> Vec<Result<Frame, FrameError>> {
    let Some(summary) = sip::summary(udp.payload()) else {
        let wrong = looks_like_sip(udp.payload()).then_some(Err(FrameError::Sip));
        return wrong.into_iter().collect();
    };
    let (from, to): (IpAddr, IpAddr) = match net {
        NetSlice::Ipv4(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        ),
        NetSlice::Ipv6(ip) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        ),
        NetSlice::Arp(_) => return Vec::new(),
    };
    let from = SocketAddr::new(from, udp.source_port());
    let to = SocketAddr::new(to, udp.destination_port());
    let mut path = String::new();
    // A `String` takes every line.
    let _ = write!(path, "{from} > {to}");
    let what = summary.to_string();
    let isup = |body: sip::IsupBody| Isup {
        variant: variant_of(&body, variant),
        octets: body.octets,
        begins: Begins::MessageType,
    };
    let sip::Bodies {
        isup: first,
        further_isup,
        ..
    } = summary.bodies;
    let frame = |what: String, isup| {
        Ok(Frame {
            link: "udp",
            path: path.clone(),
            what,
            isup,
        })
    };
    let further = further_isup
        .into_iter()
        .map(|body| frame(String::new(), Some(isup(body))));
    std::iter::once(frame(what, first.map(isup)))
        .chain(further)
        .collect()
}

/// The first line of a request ends, that of a response begins with the version.
fn looks_like_sip(datagram: &[u8]) -> bool {
    let line = datagram.split(|&octet| octet == b'\n').next();
    let line = line.map_or(&b""[..], <[u8]>::trim_ascii);
    line.ends_with(b"SIP/2.0") || line.starts_with(b"SIP/2.0 ")
}

/// The base and the version of a body name the specification (RFC 3204 §3.1).
fn variant_of(body: &sip::IsupBody, otherwise: Variant) -> Variant {
    encapsulation::variant(&body.version, body.base.as_deref()).unwrap_or(otherwise)
}

#[cfg(test)]
mod tests;
