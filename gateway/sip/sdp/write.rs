//! Descriptions of ours, as they are written.

use std::time::Duration;

use bytes::Bytes;
use media_bridge::comfort;
use sdp_types::{Attribute, Connection, Media, Origin, Session, Time};

use super::crypto::Profile;
use super::{Capabilities, Codec, Direction};

/// What a stream has beside its codecs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extras {
    pub(super) telephone_event: Option<u8>,
    pub(super) comfort_noise: bool,
    pub(super) redundancy: Option<u8>,
    pub(super) tone: Option<u8>,
    pub(super) rtcp_mux: bool,
}

pub(super) fn audio(
    port: u16,
    formats: &[(u8, Codec)],
    extras: Extras,
    ptime: Duration,
    direction: Direction,
) -> Media {
    let Extras {
        telephone_event,
        comfort_noise,
        redundancy,
        tone,
        rtcp_mux,
    } = extras;
    let numbers: Vec<String> = formats
        .iter()
        .map(|(number, _)| *number)
        .chain(telephone_event)
        .chain(comfort_noise.then_some(comfort::PAYLOAD_TYPE))
        .chain(redundancy)
        .chain(tone)
        .map(|number| number.to_string())
        .collect();
    let mut attributes: Vec<Attribute> = formats
        .iter()
        .map(|(number, codec)| {
            Attribute::with_value("rtpmap", format!("{number} {}/8000", codec.name()))
        })
        .collect();
    if let Some(number) = telephone_event {
        attributes.push(Attribute::with_value(
            "rtpmap",
            format!("{number} telephone-event/8000"),
        ));
        attributes.push(Attribute::with_value("fmtp", format!("{number} 0-15")));
    }
    if comfort_noise {
        let number = comfort::PAYLOAD_TYPE;
        attributes.push(Attribute::with_value("rtpmap", format!("{number} CN/8000")));
    }
    if let (Some(number), Some((codec, _))) = (redundancy, formats.first()) {
        attributes.push(Attribute::with_value(
            "rtpmap",
            format!("{number} red/8000"),
        ));
        // The preferred codec, and up to two repeated packets of it (RFC 2198 §5).
        let levels = format!("{number} {codec}/{codec}/{codec}");
        attributes.push(Attribute::with_value("fmtp", levels));
    }
    if let Some(number) = tone {
        attributes.push(Attribute::with_value(
            "rtpmap",
            format!("{number} tone/8000"),
        ));
    }
    attributes.push(Attribute::with_value("ptime", ptime.as_millis()));
    if rtcp_mux {
        attributes.push(Attribute::new("rtcp-mux"));
    }
    attributes.push(Attribute::new(direction.name()));
    Media {
        media: "audio".to_owned(),
        port,
        num_ports: None,
        proto: Profile::Avp.name().to_owned(),
        fmt: numbers.join(" "),
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes,
    }
}

/// A refused stream: its m= line with port 0 (RFC 3264 §6).
pub(super) fn refused(offered: &Media) -> Media {
    Media {
        port: 0,
        num_ports: None,
        media_title: None,
        connections: Vec::new(),
        bandwidths: Vec::new(),
        key: None,
        attributes: Vec::new(),
        ..offered.clone()
    }
}

pub(super) fn write(local: &Capabilities, medias: Vec<Media>) -> Bytes {
    let session = Session {
        connection: Some(Connection::from_ip_addr(local.rtp.ip())),
        times: vec![Time::new(0, 0)],
        medias,
        ..Session::new(
            Origin::with_ip_addr(local.session_id, local.version, local.rtp.ip()),
            "-",
        )
    };
    Bytes::from(session.to_string())
}
