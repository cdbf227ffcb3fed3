//! What crosses the rings between the control plane and a media thread.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use media_bridge::{Command, Event, Flow, RtpPort};
use mtp::{LineEvent, LinkId};
use tdm::{DeviceCounters, SpanCounters, SpanEvent, SpanId};

use crate::iwu::{Input, MediaEvent};

/// The longest signal unit: BSN, FSN, LI, SIO and 272 octets of signalling information
/// (Q.703 §2.2).
pub const LONGEST_SIGNAL_UNIT: usize = 3 + 1 + 272;

/// A signal unit without allocation.
#[derive(Debug, Clone, Copy)]
pub struct SignalUnit {
    length: u16,
    octets: [u8; LONGEST_SIGNAL_UNIT],
}

impl SignalUnit {
    /// None when it is longer than any signal unit.
    #[must_use]
    pub fn new(octets: &[u8]) -> Option<Self> {
        let mut unit = Self {
            length: 0,
            octets: [0; LONGEST_SIGNAL_UNIT],
        };
        unit.octets.get_mut(..octets.len())?.copy_from_slice(octets);
        unit.length = u16::try_from(octets.len()).ok()?;
        Some(unit)
    }

    /// Its octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets
            .get(..usize::from(self.length))
            .unwrap_or_default()
    }
}

/// From the control plane to a media thread. A ring holds these by value: no box is made for a signal unit.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "allocation costs more than room in a ring"
)]
pub enum Down {
    /// To the bridges.
    Media(Command),
    /// To a link.
    SignalUnit(LinkId, SignalUnit),
}

/// From a media thread to the control plane.
#[derive(Debug)]
pub enum Up {
    /// From the bridges.
    Media(Event),
    /// From a link.
    SignalUnit(LinkId, SignalUnit),
    /// What a link's line saw besides signal units.
    Line(LinkId, LineEvent),
    /// From the line.
    Span(SpanId, SpanEvent),
    /// What a line has counted: once a second.
    Counters(SpanId, SpanCounters, DeviceCounters),
    /// Why a line's device is gone, or nothing any more.
    Trouble(SpanId, Option<String>),
    /// A copy of an RTP packet for the capture.
    Packet {
        /// When.
        at: Instant,
        /// Towards the peer or from it.
        sent: bool,
        /// Our port.
        port: RtpPort,
        /// RTP or RTCP.
        flow: Flow,
        /// The peer.
        peer: SocketAddr,
        /// The packet.
        octets: Vec<u8>,
    },
}

impl Up {
    /// What the interworking unit hears of it.
    #[must_use]
    pub fn into_input(self) -> Option<Input> {
        match self {
            Self::Media(event) => media(event).map(Input::Media),
            Self::SignalUnit(link, unit) => Some(Input::SignalUnit(
                link,
                Bytes::copy_from_slice(unit.octets()),
            )),
            Self::Line(link, event) => Some(Input::Line(link, event)),
            Self::Span(span, event) => Some(Input::Span(span, event)),
            Self::Packet { .. } | Self::Counters(..) | Self::Trouble(..) => None,
        }
    }
}

/// What the unit hears of a bridge's event; boxes that only come back to be freed are dropped.
fn media(event: Event) -> Option<MediaEvent> {
    match event {
        Event::Digit {
            bridge,
            from,
            digit,
            duration,
        } => Some(MediaEvent::Digit {
            bridge,
            from,
            digit,
            duration,
        }),
        Event::FirstPacket { bridge, .. } => Some(MediaEvent::FirstPacket { bridge }),
        Event::OneWay { bridge, fault, on } => Some(MediaEvent::OneWay { bridge, fault, on }),
        Event::Modem {
            bridge,
            from,
            signal,
        } => Some(MediaEvent::Modem {
            bridge,
            from,
            signal,
        }),
        Event::ToneEnded { bridge, .. } => Some(MediaEvent::ToneEnded { bridge }),
        Event::RtpTimeout { bridge } => Some(MediaEvent::RtpTimeout { bridge }),
        Event::Closed { bridge, statistics } => Some(MediaEvent::Closed { bridge, statistics }),
        Event::Refused { bridge, refusal } => Some(MediaEvent::Refused {
            bridge,
            why: refusal.to_string(),
        }),
        Event::Continuity {
            span,
            timeslot,
            heard,
        } => Some(MediaEvent::Continuity {
            span,
            timeslot,
            heard,
        }),
        Event::Opened { .. } | Event::Spent(_) => None,
    }
}
