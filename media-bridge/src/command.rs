//! What call control tells the media thread, and what it hears back.
//!
//! Boxes go in by [`Command`] and come back by [`Event`], so that the media thread neither
//! allocates nor frees: whoever reads the events drops what they carry.

mod rtp;

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tdm::{Law, SpanId, Timeslot};

use crate::comfort;
use crate::continuity::{Continuity, Heard};
use crate::dtmf::Digit;
use crate::echo;
use crate::event;
use crate::modem;
use crate::redundancy;
use crate::srtp::Srtp;
use crate::statistics::Statistics;
use crate::tone::Generator;

pub use rtp::{DigitTones, Redundancy, Room, Rtcp, Rtp};

/// A bridge: one timeslot and, once attached, one RTP stream. Chosen by call control, unique
/// among the bridges open at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BridgeId(pub u32);

/// Index into the pool of bound RTP sockets ([`crate::UdpRtp`]), not a UDP port number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RtpPort(pub u16);

/// The two sides of a bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The TDM line.
    Timeslot,
    /// The IP network.
    Rtp,
}

/// Payload format of the audio on the RTP side, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 A-law, `PCMA/8000` (RFC 3551 §4.5.14).
    Pcma,
    /// G.711 mu-law, `PCMU/8000` (RFC 3551 §4.5.14).
    Pcmu,
    /// 64 kbit/s unrestricted, `CLEARMODE/8000` (RFC 4040): octets are copied and never
    /// converted, concealed or examined.
    Clearmode,
}

impl Codec {
    /// The companding law of the payload; `None` when it is not companded audio.
    #[must_use]
    pub const fn law(self) -> Option<Law> {
        match self {
            Self::Pcma => Some(Law::ALaw),
            Self::Pcmu => Some(Law::MuLaw),
            Self::Clearmode => None,
        }
    }
}

/// How long received audio waits before it goes to the timeslot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JitterConfig {
    /// For voice: the delay follows the observed jitter, grows at once when packets come late
    /// and shrinks in silence.
    Adaptive {
        /// Delay of the first packet.
        initial: Duration,
        /// Never below.
        min: Duration,
        /// Never above.
        max: Duration,
    },
    /// For data (modems, clear channel): the delay stays; without loss, every octet comes out
    /// once and in order. Missing octets are idle, never concealed. When the sender's clock has
    /// drifted past the depth, or too far ahead for the buffer (320 ms at least), the buffer starts anew at the depth: a slip,
    /// counted as overrun.
    Fixed {
        /// Delay of the first packet, and so the longest pause of the sender that is bridged.
        depth: Duration,
    },
}

impl Default for JitterConfig {
    /// Adaptive from 30 ms, within 10 and 200 ms.
    fn default() -> Self {
        Self::Adaptive {
            initial: Duration::from_millis(30),
            min: Duration::from_millis(10),
            max: Duration::from_millis(200),
        }
    }
}

/// What happens to DTMF heard on the timeslot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DtmfDetection {
    /// Not looked for. Octets pass undelayed.
    Off,
    /// Reported by [`Event::Digit`] and sent as RFC 4733 events where these were agreed, while
    /// the audio passes undelayed and unchanged until the digit is recognised; then the events
    /// take the place of the audio until the tone has ended.
    Detect,
    /// As `Detect`, and the tone does not leak into the audio: audio to RTP is delayed by one
    /// detection block (92 octets, 11.5 ms, the first of them idle), and from the first block
    /// that looks like a digit it is replaced by silence, as far back as it waits: 4 ms of a tone
    /// have gone out at most. When
    /// the following blocks do not confirm the digit, audio resumes and what was replaced stays
    /// silent; octets that never look like a digit pass unchanged.
    #[default]
    Suppress,
}

/// Through-connection, each way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Path {
    /// Audio and digits from the timeslot go out as RTP. While closed, nothing is sent except a
    /// tone or a commanded digit.
    pub to_rtp: bool,
    /// Audio and digits from RTP go to the timeslot. While closed, the timeslot is idle except
    /// for a tone or a commanded digit.
    pub to_timeslot: bool,
}

impl Path {
    /// Neither way.
    pub const CLOSED: Self = Self {
        to_rtp: false,
        to_timeslot: false,
    };
    /// From the timeslot to RTP only.
    pub const TO_RTP: Self = Self {
        to_rtp: true,
        to_timeslot: false,
    };
    /// From RTP to the timeslot only.
    pub const TO_TIMESLOT: Self = Self {
        to_rtp: false,
        to_timeslot: true,
    };
    /// Both ways.
    pub const BOTH: Self = Self {
        to_rtp: true,
        to_timeslot: true,
    };
}

/// What [`Command::Open`] carries. Make it with [`Open::new`]: it brings the box in which the
/// statistics will come back.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// Name of the new bridge.
    pub bridge: BridgeId,
    /// Span of its timeslot; one of [`crate::ShardConfig::spans`].
    pub span: SpanId,
    /// Its timeslot.
    pub timeslot: Timeslot,
    /// Companding law of the timeslot.
    pub law: Law,
    /// Through-connection to start with.
    pub path: Path,
    /// Where the bridge keeps its statistics; taken at open, returned by [`Event::Closed`].
    pub statistics: Option<Box<Statistics>>,
}

impl Open {
    /// A bridge on `timeslot` of `span`, without RTP as yet.
    #[must_use]
    pub fn new(bridge: BridgeId, span: SpanId, timeslot: Timeslot, law: Law, path: Path) -> Self {
        Self {
            bridge,
            span,
            timeslot,
            law,
            path,
            statistics: Some(Box::default()),
        }
    }
}

/// From call control to the media thread.
#[derive(Debug, Clone)]
pub enum Command {
    /// Makes a bridge on a timeslot.
    Open(Box<Open>),
    /// Attaches or replaces the RTP side. Source latching and the jitter buffer start anew;
    /// statistics go on. When it keeps the [`Rtp::ssrc`] of the side it replaces, sequence
    /// numbers and timestamps go on too, whatever the new side says they begin with.
    Rtp {
        /// Which bridge.
        bridge: BridgeId,
        /// Its new RTP side.
        rtp: Box<Rtp>,
    },
    /// Changes the through-connection.
    Path {
        /// Which bridge.
        bridge: BridgeId,
        /// Its new through-connection.
        path: Path,
    },
    /// Starts a tone in place of the audio, or stops it.
    Tone {
        /// Which bridge.
        bridge: BridgeId,
        /// Who hears it.
        towards: Side,
        /// The tone, of any law: it plays at that of the side, from its beginning. `None` stops the
        /// one that plays.
        tone: Option<Box<Generator>>,
    },
    /// Sends a digit: a DTMF tone on the timeslot; an RFC 4733 event on RTP, or a DTMF tone
    /// there when events were not agreed. Digits queue; between two there is a pause of 50 ms.
    Digit {
        /// Which bridge.
        bridge: BridgeId,
        /// Who hears it.
        towards: Side,
        /// Which digit.
        digit: Digit,
        /// How long; shorter than 40 ms is lengthened to that, zero means 100 ms.
        duration: Duration,
    },
    /// Ends the bridge; its timeslot is idle from the next tick.
    Close {
        /// Which bridge.
        bridge: BridgeId,
    },
    /// Takes part in a continuity check of a timeslot, whether it has a bridge or not; while it
    /// does, what its bridge would send is replaced. A timeslot of another shard is left alone.
    Continuity {
        /// Span of the timeslot.
        span: SpanId,
        /// The timeslot.
        timeslot: Timeslot,
        /// What to do, in the law of the timeslot; `None` ends it. [`Event::Spent`] brings it back.
        check: Option<Box<Continuity>>,
    },
}

/// From the media thread to call control.
#[derive(Debug, Clone)]
pub enum Event {
    /// The bridge exists; its audio flows from the next tick of its span.
    Opened {
        /// Which bridge.
        bridge: BridgeId,
    },
    /// A digit has ended: heard as DTMF on the timeslot, or received as RFC 4733 event.
    Digit {
        /// Which bridge.
        bridge: BridgeId,
        /// Where it came from.
        from: Side,
        /// Which digit.
        digit: Digit,
        /// How long it was, as measured or as the events said.
        duration: Duration,
    },
    /// The first RTP packet of this attachment arrived and its source was latched.
    FirstPacket {
        /// Which bridge.
        bridge: BridgeId,
        /// Its source, where we send from now on.
        source: SocketAddr,
    },
    /// Nothing was received for [`Rtp::timeout`]. Said once per outage.
    RtpTimeout {
        /// Which bridge.
        bridge: BridgeId,
    },
    /// The call is heard one way only, or no longer so.
    OneWay {
        /// Which bridge.
        bridge: BridgeId,
        /// What is missing.
        fault: OneWay,
        /// Whether it is missing now.
        on: bool,
    },
    /// A fax machine or a modem was heard.
    Modem {
        /// Which bridge.
        bridge: BridgeId,
        /// On which side.
        from: Side,
        /// What it says.
        signal: modem::Signal,
    },
    /// A tone that does not repeat has ended.
    ToneEnded {
        /// Which bridge.
        bridge: BridgeId,
        /// Who heard it.
        towards: Side,
    },
    /// The bridge is gone; nothing more will be said about it.
    Closed {
        /// Which bridge.
        bridge: BridgeId,
        /// What it saw.
        statistics: Box<Statistics>,
    },
    /// A command could not be obeyed and changed nothing.
    Refused {
        /// Which bridge it named.
        bridge: BridgeId,
        /// Why.
        refusal: Refusal,
    },
    /// The check tone came back on a timeslot; or the check was ended before it did.
    Continuity {
        /// Span of the timeslot.
        span: SpanId,
        /// The timeslot.
        timeslot: Timeslot,
        /// What came back.
        heard: Heard,
    },
    /// A box that the media thread has no further use for: drop it.
    Spent(Spent),
}

/// What is missing of a call whose path is open both ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OneWay {
    /// No packet came for 5 s.
    NothingFromRtp,
    /// The timeslot has delivered one and the same octet for 10 s: nobody is on the line.
    NothingFromTimeslot,
    /// The peer's reports say that it receives nothing of what we send.
    PeerHearsNothing,
}

/// Boxes on their way home.
#[derive(Debug, Clone)]
pub enum Spent {
    /// From [`Command::Open`].
    Open(Box<Open>),
    /// From [`Command::Rtp`].
    Rtp(Box<Rtp>),
    /// From [`Command::Tone`].
    Tone(Box<Generator>),
    /// From [`Redundancy::sender`].
    Redundancy(Box<redundancy::Sender>),
    /// From [`Rtp::srtp`].
    Srtp(Box<Srtp>),
    /// From [`Rtp::modems`].
    Modems(Box<modem::Pair>),
    /// From [`Rtp::echo`].
    Echo(Box<echo::Control>),
    /// From [`Rtp::comfort_noise`].
    ComfortNoise(Box<comfort::Gate>),
    /// From [`Rtp::tones`].
    Tones(Box<event::Sounds>),
    /// From [`Rtp::room`].
    Room(Room),
    /// From [`Command::Continuity`].
    Continuity(Box<Continuity>),
}

/// Why a command was not obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No open bridge has this name.
    #[error("no bridge of this name is open")]
    UnknownBridge,
    /// An open bridge has this name already.
    #[error("a bridge of this name is open already")]
    BridgeExists,
    /// The span is not one of this shard's.
    #[error("span {0} is not served by this shard")]
    UnknownSpan(SpanId),
    /// Another bridge has the timeslot.
    #[error("timeslot {0} carries another bridge")]
    TimeslotBusy(u8),
    /// [`ShardConfig::ports`](crate::ShardConfig::ports) does not reach that far.
    #[error("RTP port {} is beyond the pool", .0.0)]
    UnknownPort(RtpPort),
    /// Another bridge has the RTP port.
    #[error("RTP port {} belongs to another bridge", .0.0)]
    PortBusy(RtpPort),
    /// A digit towards RTP, and no RTP side is attached.
    #[error("no RTP side is attached to send the digit to")]
    NotAttached,
    /// Too many digits wait to be sent.
    #[error("too many digits wait to be sent")]
    DigitsFull,
}
