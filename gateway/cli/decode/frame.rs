//! What a captured frame carries: an ISUP message, other signalling, or nothing of either.

use std::fmt::Write;

use bytes::Bytes;
use etherparse::{EtherType, NetSlice, SlicedPacket, TransportSlice};
use isup::{Begins, Variant};
use mtp::mtp2::{LARGEST_MESSAGE, SignalUnit};
use mtp::mtp3::{LinkTestMessage, Management};
use mtp::{PointCodeFormat, Standard, service};
use pcap_file::DataLink;

use crate::sip;

/// A frame of signalling.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Where it was: "mtp2", "udp".
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

/// What a frame is good for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    Signalling(Frame),
    /// A fill-in signal unit: there are hundreds a second.
    Filler,
    /// No signalling that is looked into.
    Other,
}

/// A frame that should carry signalling and cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FrameError {
    #[error("link type {0:?} is not looked into")]
    LinkType(DataLink),
    #[error("{found} octets, expected the {expected} of the {what} at least")]
    Short {
        what: &'static str,
        found: usize,
        expected: usize,
    },
    #[error("signal unit with the sequence numbers of Q.703 Annex A, expected the basic ones")]
    Extended,
    #[error("signal unit of {found} octets does not fit its length indicator {indicator}")]
    SignalUnit { found: usize, indicator: u8 },
    #[error(transparent)]
    Label(#[from] mtp::Truncated),
    #[error("packet cannot be taken apart: {0}")]
    Packet(String),
    #[error("looks like SIP and cannot be read")]
    Sip,
}

/// Takes a frame apart. `variant` is what the MTP links and SIP bodies without a known version
/// carry.
pub(super) fn read(link: DataLink, octets: &[u8], variant: Variant) -> Result<Content, FrameError> {
    match link {
        DataLink::MTP2 => mtp2(octets, variant),
        DataLink::MTP2_WITH_PHDR => {
            let Some((&[_sent, annex_a, _, _], unit)) = octets.split_first_chunk() else {
                return Err(short("pseudo header", octets, 4));
            };
            // 0 basic, 1 extended, 2 not known.
            if annex_a == 1 {
                return Err(FrameError::Extended);
            }
            mtp2(unit, variant)
        }
        DataLink::MTP3 => mtp3("mtp3", &Bytes::copy_from_slice(octets), variant),
        DataLink::ETHERNET => ip(SlicedPacket::from_ethernet(octets), variant),
        DataLink::RAW | DataLink::IPV4 | DataLink::IPV6 => {
            ip(SlicedPacket::from_ip(octets), variant)
        }
        DataLink::LINUX_SLL => ip(SlicedPacket::from_linux_sll(octets), variant),
        DataLink::LINUX_SLL2 => {
            // Protocol type first, then what says where the packet was seen: 20 octets.
            let Some((header, packet)) = octets.split_first_chunk::<20>() else {
                return Err(short("cooked header", octets, 20));
            };
            let [high, low, ..] = *header;
            let kind = EtherType(u16::from_be_bytes([high, low]));
            ip(SlicedPacket::from_ether_type(kind, packet), variant)
        }
        other => Err(FrameError::LinkType(other)),
    }
}

fn short(what: &'static str, octets: &[u8], expected: usize) -> FrameError {
    FrameError::Short {
        what,
        found: octets.len(),
        expected,
    }
}

/// Some captures keep the two octets of the check sequence at the end of a signal unit.
fn without_check_sequence(unit: &[u8]) -> &[u8] {
    let indicator = unit.get(2).map_or(0, |indicator| indicator & 0x3F);
    let exact = match indicator {
        63 => 3 + LARGEST_MESSAGE,
        shorter => 3 + usize::from(shorter),
    };
    match unit.len() == exact + 2 {
        true => unit.get(..exact).unwrap_or(unit),
        false => unit,
    }
}

fn mtp2(unit: &[u8], variant: Variant) -> Result<Content, FrameError> {
    let &[_, _, indicator, ..] = unit else {
        return Err(short("signal unit", unit, 3));
    };
    match SignalUnit::parse(without_check_sequence(unit)) {
        None => Err(FrameError::SignalUnit {
            found: unit.len(),
            indicator: indicator & 0x3F,
        }),
        Some(SignalUnit::Fisu(_)) => Ok(Content::Filler),
        Some(SignalUnit::Lssu(_, status)) => Ok(Content::Signalling(Frame {
            link: "mtp2",
            path: String::new(),
            what: format!("{status:?}").to_uppercase(),
            isup: None,
        })),
        Some(SignalUnit::Msu(_, message)) => mtp3("mtp2", &message, variant),
    }
}

fn mtp3(link: &'static str, octets: &Bytes, variant: Variant) -> Result<Content, FrameError> {
    let standard = match variant {
        Variant::Itu => Standard::Itu,
        Variant::Ansi => Standard::Ansi,
    };
    let format = PointCodeFormat::of(standard);
    let message = mtp::Message::decode(standard, octets)?;
    let label = message.label;
    let path = format!(
        "{} > {} sls {}",
        format.write(label.opc),
        format.write(label.dpc),
        label.sls
    );
    let (what, isup) = match message.sio.service {
        service::ISUP => {
            let isup = Isup {
                octets: message.body,
                variant,
                begins: Begins::Cic,
            };
            (String::new(), Some(isup))
        }
        service::MANAGEMENT => {
            let management = Management::decode(standard, label.sls, &message.body);
            let acronym = management.map(|management| management.acronym().to_owned());
            (
                acronym.unwrap_or_else(|| "network management".to_owned()),
                None,
            )
        }
        service::TESTING | service::TESTING_SPECIAL => {
            let test = LinkTestMessage::decode(label.sls, &message.body);
            let acronym = match test.map(|test| test.acknowledgement) {
                Some(false) => "SLTM",
                Some(true) => "SLTA",
                None => "network testing",
            };
            (acronym.to_owned(), None)
        }
        other => (format!("service indicator {other}"), None),
    };
    Ok(Content::Signalling(Frame {
        link,
        path,
        what,
        isup,
    }))
}

fn ip(
    packet: Result<SlicedPacket<'_>, etherparse::err::packet::SliceError>,
    variant: Variant,
) -> Result<Content, FrameError> {
    let packet = packet.map_err(|error| FrameError::Packet(error.to_string()))?;
    let Some(TransportSlice::Udp(udp)) = &packet.transport else {
        return Ok(Content::Other);
    };
    let Some(summary) = sip::summary(udp.payload()) else {
        return match looks_like_sip(udp.payload()) {
            true => Err(FrameError::Sip),
            false => Ok(Content::Other),
        };
    };
    let mut path = String::new();
    let (from, to): (std::net::IpAddr, std::net::IpAddr) = match &packet.net {
        Some(NetSlice::Ipv4(ip)) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        ),
        Some(NetSlice::Ipv6(ip)) => (
            ip.header().source_addr().into(),
            ip.header().destination_addr().into(),
        ),
        _ => return Ok(Content::Other),
    };
    let from = std::net::SocketAddr::new(from, udp.source_port());
    let to = std::net::SocketAddr::new(to, udp.destination_port());
    // A `String` takes every line.
    let _ = write!(path, "{from} > {to}");
    let what = summary.to_string();
    let isup = summary.bodies.isup.map(|body| Isup {
        variant: variant_of(&body, variant),
        octets: body.octets,
        begins: Begins::MessageType,
    });
    Ok(Content::Signalling(Frame {
        link: "udp",
        path,
        what,
        isup,
    }))
}

/// The first line of a request ends, that of a response begins with the version.
fn looks_like_sip(datagram: &[u8]) -> bool {
    let line = datagram.split(|&octet| octet == b'\n').next();
    let line = line.map_or(&b""[..], <[u8]>::trim_ascii);
    line.ends_with(b"SIP/2.0") || line.starts_with(b"SIP/2.0 ")
}

/// The base and the version of a body name the specification (RFC 3204 §3.1).
fn variant_of(body: &sip::IsupBody, otherwise: Variant) -> Variant {
    let named = [body.base.as_deref(), Some(body.version.as_str())];
    let known = named.into_iter().flatten().find_map(|name| {
        let name = name.to_ascii_lowercase();
        match name.split(|c: char| !c.is_ascii_alphabetic()).next() {
            Some("ansi") => Some(Variant::Ansi),
            Some("itu" | "etsi") => Some(Variant::Itu),
            _ => None,
        }
    });
    known.unwrap_or(otherwise)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(link: DataLink, octets: &[u8]) -> Frame {
        match read(link, octets, Variant::Itu).unwrap() {
            Content::Signalling(frame) => frame,
            other => panic!("{other:?}"),
        }
    }

    fn refused(link: DataLink, octets: &[u8]) -> String {
        read(link, octets, Variant::Itu).unwrap_err().to_string()
    }

    const RLC: [u8; 12] = [0x80, 0x81, 9, 0x85, 0x02, 0x40, 0x00, 0x50, 5, 0, 0x10, 0];

    #[test]
    fn one_message_in_each_link_of_the_mtp() {
        let found = frame(DataLink::MTP2, &RLC);
        assert_eq!(
            (found.link, found.path.as_str()),
            ("mtp2", "0-0-1 > 0-0-2 sls 5")
        );
        let isup = found.isup.unwrap();
        assert_eq!(
            (&isup.octets[..], isup.begins),
            (&[5, 0, 0x10, 0][..], Begins::Cic)
        );
        let with_header = [&[1, 0, 0, 3], &RLC[..]].concat();
        assert_eq!(
            frame(DataLink::MTP2_WITH_PHDR, &with_header).isup,
            Some(isup.clone())
        );
        let with_check_sequence = [&RLC[..], &[0xAA, 0xBB]].concat();
        assert_eq!(
            frame(DataLink::MTP2, &with_check_sequence).isup,
            Some(isup.clone())
        );
        let found = frame(DataLink::MTP3, &RLC[3..]);
        assert_eq!((found.link, found.isup), ("mtp3", Some(isup)));
    }

    #[test]
    fn what_is_no_message_is_named() {
        assert_eq!(frame(DataLink::MTP2, &[0x80, 0x80, 1, 3]).what, "SIOS");
        let filler = read(DataLink::MTP2, &[0x80, 0x80, 0], Variant::Itu);
        assert_eq!(filler.unwrap(), Content::Filler);
        let test = [0x81, 0x02, 0x40, 0x00, 0x00, 0x11, 0x20, 0xAA, 0xBB];
        assert_eq!(frame(DataLink::MTP3, &test).what, "SLTM");
        let restart = [0x80, 0x02, 0x40, 0x00, 0x00, 0x17];
        assert_eq!(frame(DataLink::MTP3, &restart).what, "TRA");
        assert_eq!(
            frame(DataLink::MTP3, &[0x83, 2, 0x40, 0, 0, 9]).what,
            "service indicator 3"
        );
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        assert!(refused(DataLink::MTP2, &[0x80]).contains("expected the 3"));
        assert!(refused(DataLink::MTP2, &RLC[..11]).contains("length indicator 9"));
        assert!(refused(DataLink::MTP2_WITH_PHDR, &[0, 1, 0, 0, 1]).contains("Annex A"));
        assert!(refused(DataLink::MTP3, &[0x85, 1]).contains("routing label"));
        assert!(refused(DataLink::ETHERNET, &[0; 5]).contains("taken apart"));
        assert!(refused(DataLink::USER0, &[]).contains("not looked into"));
    }

    #[test]
    fn versions_of_bodies() {
        let body = |version: &str, base: Option<&str>| {
            let body = sip::IsupBody::new(version, base.map(str::to_owned), Vec::new());
            variant_of(&body, Variant::Itu)
        };
        assert_eq!(body("ansi00", None), Variant::Ansi);
        assert_eq!(body("itu-t92+", None), Variant::Itu);
        assert_eq!(body("X-Ours", Some("ansi88")), Variant::Ansi);
        assert_eq!(body("X-Ours", None), Variant::Itu);
    }
}
