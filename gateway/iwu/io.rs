//! What goes into the interworking unit and what comes out of it. Every input is recordable.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use isup::CircuitId;
use media_bridge::continuity::Heard;
use media_bridge::{BridgeId, Command, Digit, OneWay, Side, Statistics, modem};
use mtp::{LineEvent, LinkId};
use serde::{Deserialize, Serialize};
use tdm::{SpanEvent, SpanId, Timeslot};

use super::maintenance::Maintenance;
use crate::cdr::CallRecord;
use crate::ladder::Trace;
use crate::sip::location::{Answer, Question};
use crate::sip::{Flow, Identity, PeerNews};

/// Everything that can happen to the interworking unit besides time passing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Input {
    /// A SIP message: a datagram, or a whole message of a connection.
    Sip(Flow, #[serde(with = "hex")] Bytes),
    /// A datagram could not be sent there.
    Unreachable(SocketAddr),
    /// A SIP connection stands, opened by either side.
    Connected(Flow, Identity),
    /// A SIP connection is closed or could not be opened, and why.
    Disconnected(Flow, String),
    /// What a name server said; nothing when it did not answer.
    Resolved(Question, Option<Answer>),
    /// A signal unit of a link, from BSN on, without flags and FCS.
    SignalUnit(LinkId, #[serde(with = "hex")] Bytes),
    /// What the line of a link saw besides signal units.
    Line(LinkId, LineEvent),
    /// From the media bridge.
    Media(MediaEvent),
    /// From a span.
    Span(SpanId, SpanEvent),
    /// From whoever runs the gateway.
    Admin(Admin),
    /// A time asked for by `poll_timeout` has come.
    Timeout,
    /// The first input: brings links into service and resets the circuits (Q.764 §2.9.3.3).
    Start,
}

/// What the interworking unit hears of the media bridge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum MediaEvent {
    /// A DTMF digit was seen and passed on.
    Digit {
        /// The bridge.
        bridge: BridgeId,
        /// Where it came from.
        from: Side,
        /// Which.
        digit: Digit,
        /// How long it lasted.
        duration: Duration,
    },
    /// The first RTP packet of the peer.
    FirstPacket {
        /// The bridge.
        bridge: BridgeId,
    },
    /// No RTP for the configured time.
    RtpTimeout {
        /// The bridge.
        bridge: BridgeId,
    },
    /// A tone or an announcement that ends has ended.
    ToneEnded {
        /// The bridge.
        bridge: BridgeId,
    },
    /// The call is heard one way only, or no longer so.
    OneWay {
        /// The bridge.
        bridge: BridgeId,
        /// What is missing.
        fault: OneWay,
        /// Whether it is missing now.
        on: bool,
    },
    /// A fax machine or a modem was heard.
    Modem {
        /// The bridge.
        bridge: BridgeId,
        /// Where.
        from: Side,
        /// What it says.
        signal: modem::Signal,
    },
    /// The bridge is closed.
    Closed {
        /// The bridge.
        bridge: BridgeId,
        /// What it counted.
        statistics: Box<Statistics>,
    },
    /// The check tone came back on a timeslot, or its check ended before it did.
    Continuity {
        /// The span.
        span: SpanId,
        /// The timeslot.
        timeslot: Timeslot,
        /// What came back.
        heard: Heard,
    },
    /// The bridge could not be opened or changed.
    Refused {
        /// The bridge.
        bridge: BridgeId,
        /// Why.
        why: String,
    },
}

/// Requests of whoever runs the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Admin {
    /// Take no new calls, let those that talk finish, end the rest after the limit.
    Drain {
        /// The limit.
        limit: Duration,
    },
    /// Do something to a circuit.
    Maintain {
        /// Which.
        circuit: CircuitId,
        /// What.
        action: Maintenance,
    },
}

/// What the interworking unit asks of the outside, in order.
#[derive(Debug, Clone)]
pub enum Output {
    /// Open a SIP connection: what is sent on its flow next waits for it.
    Connect(Flow),
    /// Send a SIP message, as a datagram or on the connection of its flow.
    Sip(Flow, Bytes),
    /// Ask a name server.
    Resolve(Question),
    /// A SIP trunk has changed what it can do.
    Trunk(TrunkNews),
    /// Put a signal unit on a link; its line repeats the last FISU or LSSU by itself.
    SignalUnit(LinkId, Bytes),
    /// To the bridge that serves a span.
    Media(SpanId, Command),
    /// An attempt is over.
    Record(Box<CallRecord>),
    /// Something worth a rung of a ladder.
    Trace(Trace),
    /// Drained: no call is left, the gateway may exit.
    Drained,
}

/// What has become of a SIP trunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrunkNews {
    /// Its name.
    pub trunk: String,
    /// What.
    pub news: PeerNews,
}

/// Octets as hexadecimal text, so that a recording can be read.
mod hex {
    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(octets: &Bytes, to: S) -> Result<S::Ok, S::Error> {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(octets.len() * 2);
        for octet in octets {
            // Writing into a String cannot fail.
            let _ = write!(text, "{octet:02x}");
        }
        to.serialize_str(&text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Bytes, D::Error> {
        let text = String::deserialize(from)?;
        let digit = |octet: u8| {
            char::from(octet)
                .to_digit(16)
                .map(|d| d as u8)
                .ok_or_else(|| D::Error::custom("expected pairs of hexadecimal digits"))
        };
        text.as_bytes()
            .chunks(2)
            .map(|pair| match pair {
                [high, low] => Ok(digit(*high)? << 4 | digit(*low)?),
                _ => Err(D::Error::custom("expected pairs of hexadecimal digits")),
            })
            .collect()
    }
}
