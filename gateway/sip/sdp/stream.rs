//! What a description says of its audio streams.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use media_bridge::comfort;
use sdp_types::{Media, Session};

use super::crypto::{self, Offered, Profile, Unusable};
use super::{Codec, Direction, Events, Refusal};

/// One audio stream of a description.
pub(super) struct Stream {
    pub(super) rtp: SocketAddr,
    pub(super) formats: Vec<(u8, Codec)>,
    pub(super) telephone_event: Option<u8>,
    pub(super) events: Events,
    pub(super) comfort_noise: bool,
    pub(super) redundancy: Option<u8>,
    pub(super) tone: Option<u8>,
    pub(super) rtcp: SocketAddr,
    pub(super) rtcp_mux: bool,
    pub(super) ptime: Option<Duration>,
    pub(super) maxptime: Option<Duration>,
    pub(super) direction: Direction,
    pub(super) profile: Profile,
    pub(super) lines: Vec<Result<Offered, (u32, Unusable)>>,
}

pub(super) fn parse(description: &[u8]) -> Result<Session, Refusal> {
    Session::parse(description).map_err(|e| Refusal::Malformed(e.to_string()))
}

/// The audio streams that are not refused, with their m= line index.
pub(super) fn streams(session: &Session) -> impl Iterator<Item = (usize, Result<Stream, Refusal>)> {
    session
        .medias
        .iter()
        .enumerate()
        .filter(|(_, media)| {
            media.media.eq_ignore_ascii_case("audio")
                && Profile::named(&media.proto).is_some()
                && media.port != 0
        })
        .map(|(index, media)| (index, stream(session, media)))
}

fn stream(session: &Session, media: &Media) -> Result<Stream, Refusal> {
    let connection = media
        .connections
        .first()
        .or(session.connection.as_ref())
        .ok_or_else(|| Refusal::Address(String::new()))?;
    let address: IpAddr = connection
        .connection_address
        .parse()
        .map_err(|_| Refusal::Address(connection.connection_address.clone()))?;
    let rtpmap = |payload_type: u8| {
        media
            .get_attribute_values("rtpmap")
            .flatten()
            .filter_map(|value| value.trim().split_once(' '))
            .find(|(number, _)| number.parse() == Ok(payload_type))
            .map(|(_, encoding)| encoding.trim())
    };
    let mut formats = Vec::new();
    let (mut telephone_event, mut comfort_noise) = (None, false);
    let (mut redundancy, mut tone) = (None, None);
    for payload_type in media
        .fmt
        .split_ascii_whitespace()
        .filter_map(|fmt| fmt.parse::<u8>().ok())
    {
        let Some(encoding) = rtpmap(payload_type) else {
            match payload_type {
                0 => formats.push((0, Codec::Pcmu)),
                8 => formats.push((8, Codec::Pcma)),
                comfort::PAYLOAD_TYPE => comfort_noise = true,
                _ => {}
            }
            continue;
        };
        let mut elements = encoding.split('/');
        let name = elements.next().unwrap_or_default().trim();
        // A clock rate other than 8000 or a second channel is another format.
        let narrow = elements.next().is_some_and(|rate| rate.trim() == "8000")
            && elements
                .next()
                .is_none_or(|channels| channels.trim() == "1");
        if !narrow {
            continue;
        }
        if name.eq_ignore_ascii_case("telephone-event") {
            telephone_event = telephone_event.or(Some(payload_type));
        } else if name.eq_ignore_ascii_case("CN") {
            comfort_noise |= payload_type == comfort::PAYLOAD_TYPE;
        } else if name.eq_ignore_ascii_case("red") {
            redundancy = redundancy.or(Some(payload_type));
        } else if name.eq_ignore_ascii_case("tone") {
            tone = tone.or(Some(payload_type));
        } else if let Some(codec) = Codec::named(name) {
            formats.push((payload_type, codec));
        }
    }
    let events = media
        .get_attribute_values("fmtp")
        .flatten()
        .filter_map(|value| value.trim().split_once(' '))
        .find(|(number, _)| number.parse().ok() == telephone_event && telephone_event.is_some())
        .map_or(Events::DTMF, |(_, list)| Events::parse(list));
    let milliseconds = |name| {
        media
            .get_attribute_values(name)
            .flatten()
            .find_map(|value| value.trim().parse::<u64>().ok())
            .map(Duration::from_millis)
    };
    let stated = media
        .attributes
        .iter()
        .chain(&session.attributes)
        .find_map(|attribute| Direction::named(&attribute.attribute))
        .unwrap_or_default();
    Ok(Stream {
        rtp: SocketAddr::new(address, media.port),
        formats,
        telephone_event,
        events,
        comfort_noise,
        redundancy,
        tone,
        rtcp: rtcp(media, SocketAddr::new(address, media.port)),
        rtcp_mux: media.has_attribute("rtcp-mux"),
        ptime: milliseconds("ptime"),
        maxptime: milliseconds("maxptime"),
        // The hold of RFC 2543: address 0 receives nothing (RFC 3264 §8.4).
        direction: Direction::new(
            stated.sends(),
            stated.receives() && !address.is_unspecified(),
        ),
        profile: Profile::named(&media.proto).unwrap_or_default(),
        lines: crypto::lines(media),
    })
}

/// Where RTCP of a stream goes: the port after RTP's, unless `a=rtcp` names another, with an address
/// or without (RFC 3605 §2.1).
fn rtcp(media: &Media, rtp: SocketAddr) -> SocketAddr {
    let next = SocketAddr::new(rtp.ip(), rtp.port().wrapping_add(1));
    let stated = media.get_attribute_values("rtcp").flatten().next();
    let mut words = stated.unwrap_or_default().split_ascii_whitespace();
    let Some(port) = words.next().and_then(|port| port.parse().ok()) else {
        return next;
    };
    // After the port: IN, IP4 or IP6, and the address.
    let address = words.nth(2).and_then(|address| address.parse().ok());
    SocketAddr::new(address.unwrap_or(rtp.ip()), port)
}
