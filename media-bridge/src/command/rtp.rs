//! The RTP side of a bridge, as call control describes it.

use std::net::SocketAddr;
use std::time::Duration;

use tdm::TICK_OCTETS;

use super::{Codec, DtmfDetection, JitterConfig, RtpPort};
#[cfg(doc)]
use super::{Command, Event};
use crate::SAMPLES_PER_MS;
use crate::comfort;
use crate::dtmf;
use crate::echo;
use crate::event;
use crate::jitter::Ring;
use crate::level::Dbm0;
use crate::modem;
use crate::redundancy;
use crate::srtp::Srtp;

/// RTCP of a bridge (RFC 3550 §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rtcp {
    /// Where reports go, as SDP says it: the port after RTP's, or that of `a=rtcp` (RFC 3605).
    pub remote: SocketAddr,
    /// On the port of RTP (RFC 5761): `remote` is not used then.
    pub mux: bool,
}

/// How digits sound that are played as tones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DigitTones {
    /// Level of each of the two frequencies; as the event says, or the usual one, when absent.
    pub level: Option<Dbm0>,
    /// Shorter digits are lengthened to this, 40 ms at least.
    pub least: Duration,
    /// Silence after a digit, 40 ms at least (Q.24).
    pub pause: Duration,
}

impl Default for DigitTones {
    /// The level of the event, 40 ms and 50 ms.
    fn default() -> Self {
        Self {
            level: None,
            least: Duration::from_millis(40),
            pause: Duration::from_millis(50),
        }
    }
}

/// Audio in redundant packets (RFC 2198).
#[derive(Debug, Clone)]
pub struct Redundancy {
    /// Payload type of `red/8000`.
    pub payload_type: u8,
    /// What repeats earlier packets in those that are sent; without it, redundant packets are
    /// taken and none are sent. The bridge takes it, and [`Event::Spent`] brings it back.
    pub sender: Option<Box<redundancy::Sender>>,
}

impl Redundancy {
    /// Each packet sent repeats so many before it: 1 or 2; 0 to take redundant packets only.
    #[must_use]
    pub fn new(payload_type: u8, generations: u8) -> Self {
        let sender = || Box::new(redundancy::Sender::new(generations.into()));
        Self {
            payload_type,
            sender: (generations > 0).then(sender),
        }
    }
}

/// The RTP side of a bridge, as offer and answer settled it.
#[derive(Debug, Clone)]
pub struct Rtp {
    /// Our socket.
    pub port: RtpPort,
    /// Where to send before the peer's first packet; after it, to that packet's source
    /// (symmetric RTP, RFC 4961).
    pub remote: SocketAddr,
    /// The peer sends from `remote` and from nowhere else: what comes from elsewhere is a
    /// stranger's even before the first packet, as one that an earlier peer sent late.
    pub only_remote: bool,
    /// Format of the audio both ways.
    pub payload: Codec,
    /// Its payload type number, 0 to 127.
    pub payload_type: u8,
    /// Payload type of `telephone-event/8000` (RFC 4733) when agreed.
    pub telephone_event: Option<u8>,
    /// Audio per packet sent, 10 to 60 ms; others are brought into that range and rounded down
    /// to whole milliseconds. Any length is accepted from the peer.
    pub ptime: Duration,
    /// Synchronisation source of what we send.
    pub ssrc: u32,
    /// Sequence number of the first packet we send.
    pub first_sequence: u16,
    /// RTP timestamp of the first octet we send.
    pub first_timestamp: u32,
    /// Delay of what we receive.
    pub jitter: JitterConfig,
    /// Search for DTMF on the timeslot. Ignored (off) for [`Codec::Clearmode`].
    pub dtmf: DtmfDetection,
    /// [`Event::RtpTimeout`] when nothing was received for so long while the path to the timeslot
    /// was open; `None` never.
    pub timeout: Option<Duration>,
    /// Reports to the peer and from it; `None` without.
    pub rtcp: Option<Rtcp>,
    /// Redundant packets, when agreed.
    pub redundancy: Option<Redundancy>,
    /// Protection of RTP and RTCP both ways (RFC 3711); `None` without. Packets that are not
    /// authentic are counted and dropped, and no source is latched by them. When the side that
    /// this one replaces had it, [`Srtp::go_on_from`] says what goes on. The bridge takes it, and
    /// [`Event::Spent`] brings it back.
    pub srtp: Option<Box<Srtp>>,
    /// Listen for fax machines and modems on both sides, and carry data for the rest of the call
    /// once one answers: buffer fixed, no concealment, no comfort noise, no search for DTMF.
    /// Ignored for [`Codec::Clearmode`], which does so from the start. The bridge takes it, and
    /// [`Event::Spent`] brings it back.
    pub modems: Option<Box<modem::Pair>>,
    /// Depth of the fixed buffer after that.
    pub data_depth: Duration,
    /// When payload type 13 is agreed (RFC 3389): silence from the timeslot is described and not
    /// sent. Ignored for [`Codec::Clearmode`]. What comes is understood in any case. The bridge takes
    /// it, and [`Event::Spent`] brings it back.
    pub comfort_noise: Option<Box<comfort::Gate>>,
    /// Plays events on the timeslot that are tones and no digits (RFC 4734), and tone payloads, by its
    /// law; without it they are not heard. The bridge takes it, and [`Event::Spent`] brings it back.
    pub tones: Option<Box<event::Sounds>>,
    /// Takes the echo of what goes to the timeslot off what comes from it, until the call carries
    /// data. Ignored for [`Codec::Clearmode`]. The bridge takes it, and [`Event::Spent`] brings it
    /// back.
    pub echo: Option<Box<echo::Control>>,
    /// Digits played as tones, to either side.
    pub digits: DigitTones,
    /// Memory for what waits, as [`boxed`](Self::boxed) brings it. The bridge takes it, and
    /// [`Event::Spent`] brings it back.
    pub room: Option<Room>,
}

/// Memory of the RTP side of a bridge, made where allocation does not matter: as much as its
/// buffer and its packets need.
#[derive(Debug, Clone)]
pub struct Room {
    /// What waits for the timeslot.
    pub(crate) ring: Ring,
    /// What waits to be sent: a packet, the look-back of DTMF detection, and a tick.
    pub(crate) pending: Box<[u8]>,
}

impl Room {
    /// For such an RTP side.
    #[must_use]
    pub fn new(rtp: &Rtp) -> Self {
        Self {
            ring: Ring::new(rtp.jitter, rtp.data_depth),
            pending: vec![0; Self::pending(rtp)].into(),
        }
    }

    /// Whether it is enough for `rtp`.
    pub(crate) fn suits(&self, rtp: &Rtp) -> bool {
        self.ring.suits(rtp.jitter, rtp.data_depth) && self.pending.len() >= Self::pending(rtp)
    }

    fn pending(rtp: &Rtp) -> usize {
        rtp.payload_octets() + dtmf::LOOK_BACK + TICK_OCTETS
    }
}

impl Rtp {
    /// As [`Command::Rtp`] takes it, with the memory that its bridge needs: call it last. One that
    /// comes without makes the media thread allocate.
    #[must_use]
    pub fn boxed(mut self) -> Box<Self> {
        self.room = Some(Room::new(&self));
        Box::new(self)
    }

    /// Octets of audio in a packet sent.
    pub(crate) fn payload_octets(&self) -> usize {
        self.ptime.as_millis().clamp(10, 60) as usize * SAMPLES_PER_MS as usize
    }

    /// An RTP side with 20 ms packets, the payload type of RFC 3551 for the codec (97 for
    /// clearmode), no telephone events, default jitter buffer (fixed 40 ms for clearmode), and
    /// DTMF detection off; change the fields that differ.
    #[must_use]
    pub fn new(port: RtpPort, remote: SocketAddr, payload: Codec, ssrc: u32) -> Self {
        let clear = payload == Codec::Clearmode;
        Self {
            port,
            remote,
            only_remote: false,
            payload,
            payload_type: match payload {
                Codec::Pcmu => 0,
                Codec::Pcma => 8,
                Codec::Clearmode => 97,
            },
            telephone_event: None,
            ptime: Duration::from_millis(20),
            ssrc,
            first_sequence: 0,
            first_timestamp: 0,
            jitter: if clear {
                JitterConfig::Fixed {
                    depth: Duration::from_millis(40),
                }
            } else {
                JitterConfig::default()
            },
            dtmf: DtmfDetection::Off,
            timeout: None,
            rtcp: None,
            redundancy: None,
            srtp: None,
            modems: None,
            data_depth: Duration::from_millis(60),
            comfort_noise: None,
            tones: None,
            echo: None,
            digits: DigitTones::default(),
            room: None,
        }
    }
}
