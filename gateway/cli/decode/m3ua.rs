//! M3UA messages (RFC 4666): MTP3 messages over SCTP, and what the two ends say about them.

use std::fmt::Write;

use bytes::Bytes;
use isup::Variant;
use mtp::{Message, NetworkIndicator, PointCode, RoutingLabel, ServiceInformation, Sls};

use super::frame::{Frame, FrameError, short};
use super::mtp as level3;
use super::sctp::UserMessage;

/// Payload protocol identifier (section 1.4.8).
const PROTOCOL: u32 = 3;
/// The same from an end that did not put it into network byte order.
const PROTOCOL_REVERSED: u32 = PROTOCOL.swap_bytes();

/// Tags of parameters (section 3.2).
const AFFECTED_POINT_CODE: u16 = 0x0012;
const PROTOCOL_DATA: u16 = 0x0210;

/// What a user message of SCTP is, when it is one of M3UA.
pub(super) fn message(
    message: &UserMessage,
    variant: Variant,
) -> Option<Result<Frame, FrameError>> {
    let octets = &message.octets;
    match message.protocol {
        PROTOCOL | PROTOCOL_REVERSED => Some(read(octets, variant)),
        // Unspecified: looked into when the header is one.
        0 if looks_like_m3ua(octets) => Some(read(octets, variant)),
        _ => None,
    }
}

/// Version 1, the reserved octet, and a length that is that of the message.
fn looks_like_m3ua(octets: &[u8]) -> bool {
    let Some((&[1, 0, class, _, a, b, c, d], rest)) = octets.split_first_chunk() else {
        return false;
    };
    class <= 9 && u32::from_be_bytes([a, b, c, d]) as usize == rest.len() + 8
}

fn read(octets: &[u8], variant: Variant) -> Result<Frame, FrameError> {
    let Some((&[version, _, class, kind, a, b, c, d], rest)) = octets.split_first_chunk() else {
        return Err(short("header of M3UA", octets, 8));
    };
    if version != 1 {
        return Err(FrameError::Version(version));
    }
    let length = u32::from_be_bytes([a, b, c, d]);
    // The length counts the padding of the last parameter, and not all count it (section 3.1.4).
    let parameters = (length as usize)
        .checked_sub(8)
        .and_then(|parameters| rest.get(..parameters))
        .ok_or(FrameError::Length {
            what: "M3UA message",
            offset: 4,
            length: length as usize,
            least: 8,
            most: octets.len(),
        })?;
    let parameters = parameters_of(parameters)?;
    let data = parameters.iter().find(|(tag, ..)| *tag == PROTOCOL_DATA);
    match (name(class, kind), data) {
        ("DATA", Some(&(_, offset, value))) => protocol_data(offset, value, variant),
        ("DATA", None) => Err(FrameError::NoProtocolData),
        ("", _) => Ok(frame(format!("class {class} type {kind}"))),
        (name, _) => Ok(frame(management(name, &parameters, variant))),
    }
}

fn frame(what: String) -> Frame {
    Frame {
        link: "m3ua",
        path: String::new(),
        what,
        isup: None,
    }
}

/// Names of the messages by class and type (section 3.1.2); "" for others.
fn name(class: u8, kind: u8) -> &'static str {
    match (class, kind) {
        (0, 0) => "ERR",
        (0, 1) => "NTFY",
        (1, 1) => "DATA",
        (2, 1) => "DUNA",
        (2, 2) => "DAVA",
        (2, 3) => "DAUD",
        (2, 4) => "SCON",
        (2, 5) => "DUPU",
        (2, 6) => "DRST",
        (3, 1) => "ASPUP",
        (3, 2) => "ASPDN",
        (3, 3) => "BEAT",
        (3, 4) => "ASPUP ACK",
        (3, 5) => "ASPDN ACK",
        (3, 6) => "BEAT ACK",
        (4, 1) => "ASPAC",
        (4, 2) => "ASPIA",
        (4, 3) => "ASPAC ACK",
        (4, 4) => "ASPIA ACK",
        (9, 1) => "REG REQ",
        (9, 2) => "REG RSP",
        (9, 3) => "DEREG REQ",
        (9, 4) => "DEREG RSP",
        _ => "",
    }
}

/// Tag, offset in the message, value.
type Parameter<'a> = (u16, usize, &'a [u8]);

/// The parameters after the header (section 3.2): tag, length without the padding, value.
fn parameters_of(octets: &[u8]) -> Result<Vec<Parameter<'_>>, FrameError> {
    let mut parameters = Vec::new();
    let mut rest = octets;
    while !rest.is_empty() {
        let offset = 8 + octets.len() - rest.len();
        let Some((&[t, u, a, b], after)) = rest.split_first_chunk() else {
            return Err(FrameError::Ends {
                what: "header of an M3UA parameter",
                offset,
                found: rest.len(),
                expected: 4,
            });
        };
        let length = u16::from_be_bytes([a, b]);
        let value = usize::from(length)
            .checked_sub(4)
            .and_then(|value| after.get(..value));
        let Some(value) = value else {
            return Err(FrameError::Length {
                what: "M3UA parameter",
                offset,
                length: length.into(),
                least: 4,
                most: rest.len(),
            });
        };
        parameters.push((u16::from_be_bytes([t, u]), offset, value));
        rest = rest
            .get(usize::from(length).next_multiple_of(4)..)
            .unwrap_or_default();
    }
    Ok(parameters)
}

/// The MTP-TRANSFER of a DATA message (section 3.3.1).
fn protocol_data(offset: usize, value: &[u8], variant: Variant) -> Result<Frame, FrameError> {
    let Some((head, body)) = value.split_first_chunk::<12>() else {
        return Err(FrameError::Length {
            what: "Protocol Data of M3UA",
            offset,
            length: value.len() + 4,
            least: 16,
            most: usize::from(u16::MAX),
        });
    };
    let [o, p, q, r, d, e, f, g, service, network, priority, sls] = *head;
    let standard = level3::standard(variant);
    let code = |offset: usize, word: u32| {
        PointCode::new(standard, word).ok_or(FrameError::PointCode {
            offset,
            found: word,
            largest: standard.largest_point_code(),
            variant,
        })
    };
    let message = Message {
        sio: ServiceInformation {
            network_indicator: NetworkIndicator::from_code(network),
            priority: priority & 3,
            service: service & 0x0F,
        },
        label: RoutingLabel {
            opc: code(offset + 4, u32::from_be_bytes([o, p, q, r]))?,
            dpc: code(offset + 8, u32::from_be_bytes([d, e, f, g]))?,
            sls: Sls(sls),
        },
        body: Bytes::copy_from_slice(body),
    };
    Ok(level3::of_user("m3ua", message, variant))
}

/// A message about destinations names them (section 3.4.1): a mask, how many low bits do not
/// count, then 24 bits.
fn management(name: &str, parameters: &[Parameter<'_>], variant: Variant) -> String {
    let standard = level3::standard(variant);
    let mut what = name.to_owned();
    let affected = parameters
        .iter()
        .filter(|(tag, ..)| *tag == AFFECTED_POINT_CODE);
    for (_, _, value) in affected {
        for &[mask, a, b, c] in value.as_chunks().0 {
            let word = u32::from_be_bytes([0, a, b, c]);
            // A `String` takes every line.
            let _ = match PointCode::new(standard, word) {
                Some(code) => write!(what, " {code}"),
                None => write!(what, " {word}"),
            };
            if mask > 0 {
                let _ = write!(what, " (last {mask} bits any)");
            }
        }
    }
    what
}
