//! Session descriptions of one audio stream: offer and answer (RFC 3264, RFC 8866) for PCMA,
//! PCMU, clear mode (RFC 4040) and telephone-event (RFC 4733), with keys of SRTP (RFC 4568).

pub mod crypto;
mod events;
mod stream;
mod write;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

use crypto::{Line, Profile, Protection, Srtp, Unusable};
use stream::{Stream, parse, streams};
use write::{Extras, audio, refused, write};

pub use events::Events;

/// Packet times that are sent when asked for.
const PTIME: std::ops::RangeInclusive<u64> = 10..=60;

/// A payload format that carries a timeslot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 A-law.
    Pcma,
    /// G.711 mu-law.
    Pcmu,
    /// 64 kbit/s unrestricted (RFC 4040).
    Clearmode,
}

impl Codec {
    /// The encoding name of a=rtpmap.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcma => "PCMA",
            Self::Pcmu => "PCMU",
            Self::Clearmode => "CLEARMODE",
        }
    }

    /// The payload type we offer it with: static for G.711, 97 for clear mode.
    #[must_use]
    pub fn payload_type(self) -> u8 {
        match self {
            Self::Pcma => 8,
            Self::Pcmu => 0,
            Self::Clearmode => 97,
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Pcma, Self::Pcmu, Self::Clearmode]
            .into_iter()
            .find(|codec| codec.name().eq_ignore_ascii_case(name))
    }
}

/// Direction of the stream, seen from the side that says it (RFC 3264 §5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both ways.
    #[default]
    SendRecv,
    /// That side sends only: it holds.
    SendOnly,
    /// That side receives only: it is held.
    RecvOnly,
    /// Neither.
    Inactive,
}

impl Direction {
    fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether that side sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether that side receives.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// What is left of ours when the peer says `peer` (RFC 3264 §6.1).
    #[must_use]
    pub fn answering(self, peer: Self) -> Self {
        Self::new(
            self.sends() && peer.receives(),
            self.receives() && peer.sends(),
        )
    }

    fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [
            Self::SendRecv,
            Self::SendOnly,
            Self::RecvOnly,
            Self::Inactive,
        ]
        .into_iter()
        .find(|direction| direction.name().eq_ignore_ascii_case(name))
    }
}

/// What our side can do, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Where we receive RTP.
    pub rtp: SocketAddr,
    /// Codecs, the preferred first. An offer lists them so; an answer keeps the offer's order.
    pub codecs: Vec<Codec>,
    /// Payload type of telephone-event when we offer; `None` does without.
    pub telephone_event: Option<u8>,
    /// Comfort noise (RFC 3389): offered, and sent in silence when the peer takes it.
    pub comfort_noise: bool,
    /// Payload type of redundant packets (RFC 2198) when we offer; `None` offers none. Those that
    /// the peer offers are taken in any case.
    pub redundancy: Option<u8>,
    /// Packet time we offer, and send when the peer asks for none.
    pub ptime: Duration,
    /// Direction we wish.
    pub direction: Direction,
    /// Session id of o=, the same through a session.
    pub session_id: u64,
    /// Session version of o=, one more with each change (RFC 3264 §8).
    pub version: u64,
    /// Protection by SRTP; without, keys of the peer are ignored and RTP/SAVP is refused.
    pub srtp: Option<Srtp>,
    /// Transport of what we offer; an answer has that of the offer.
    pub profile: Profile,
    /// Our keys that stand: they stay when the suite does (RFC 4568 §7.1.4).
    pub keys: Vec<Line>,
}

impl Capabilities {
    /// Both ways, 20 ms, telephone-event 101.
    #[must_use]
    pub fn new(rtp: SocketAddr, codecs: Vec<Codec>, session_id: u64) -> Self {
        Self {
            rtp,
            codecs,
            telephone_event: Some(101),
            comfort_noise: false,
            redundancy: None,
            ptime: Duration::from_millis(20),
            direction: Direction::SendRecv,
            session_id,
            version: session_id,
            srtp: None,
            profile: Profile::Avp,
            keys: Vec::new(),
        }
    }

    /// Reads what one of our own descriptions promised, so that a later offer can be answered
    /// with the same address and codecs.
    ///
    /// # Errors
    /// [`Refusal`] when it is no description of an audio stream.
    pub fn of(description: &[u8]) -> Result<Self, Refusal> {
        let session = parse(description)?;
        let (index, stream) = streams(&session)
            .find(|(_, s)| s.as_ref().is_ok_and(|s| !s.formats.is_empty()))
            .ok_or(Refusal::NoAudio)?;
        let stream = stream?;
        let media = session.medias.get(index);
        Ok(Self {
            rtp: stream.rtp,
            codecs: stream.formats.iter().map(|(_, codec)| *codec).collect(),
            telephone_event: stream.telephone_event,
            comfort_noise: stream.comfort_noise,
            redundancy: stream.redundancy,
            ptime: stream.ptime.unwrap_or(Duration::from_millis(20)),
            direction: stream.direction,
            session_id: session.origin.sess_id.parse().unwrap_or(0),
            version: session.origin.sess_version,
            srtp: None,
            profile: stream.profile,
            keys: media.map(crypto::ours).unwrap_or_default(),
        })
    }
}

/// How the media runs after an offer was answered, seen from our side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaPlan {
    /// Where we send RTP. Port 9 or address 0 with a direction that does not send.
    pub remote: SocketAddr,
    /// The codec.
    pub codec: Codec,
    /// Payload type we send: the number of the peer's description.
    pub payload_type: u8,
    /// Payload type we receive: the number of ours.
    pub receive_payload_type: u8,
    /// Payload type of the telephone-events we send, when agreed.
    pub telephone_event: Option<u8>,
    /// Which of them the peer takes; all that there are when it takes none by RTP.
    pub events: Events,
    /// Payload type of the telephone-events we receive.
    pub receive_telephone_event: Option<u8>,
    /// Comfort noise may be sent: both sides named it.
    pub comfort_noise: bool,
    /// Payload type of redundant packets, when agreed.
    pub redundancy: Option<u8>,
    /// Payload type of the tones (RFC 4733 §4) that the peer offered to send: taken, never sent.
    pub tone: Option<u8>,
    /// Where RTCP goes: the port after RTP's, or what `a=rtcp` says (RFC 3605).
    pub rtcp: SocketAddr,
    /// RTCP shares the port of RTP (RFC 5761): the peer offered it.
    pub rtcp_mux: bool,
    /// Packet time we send.
    pub ptime: Duration,
    /// Direction as we see it.
    pub direction: Direction,
    /// Transport of the m= line.
    pub profile: Profile,
    /// The keys, when both ways are protected.
    pub protection: Option<Protection>,
}

/// An answer to send, and what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The description.
    pub octets: Bytes,
    /// The media it agrees to.
    pub plan: MediaPlan,
}

/// Why a description is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// It cannot be read.
    #[error("session description cannot be read: {0}")]
    Malformed(String),
    /// No m= line of audio over RTP/AVP with a port other than 0.
    #[error("no audio stream over RTP/AVP")]
    NoAudio,
    /// No codec in common.
    #[error("none of the codecs {0:?} is offered")]
    NoCodec(Vec<Codec>),
    /// No c= line, or an address that is not IPv4 or IPv6.
    #[error("connection address {0:?} is not an IP address")]
    Address(String),
    /// The other address family than ours.
    #[error("address {0} is not of the family of ours")]
    Family(IpAddr),
    /// Every stream goes unprotected, and SRTP is required.
    #[error("SRTP is required: RTP/SAVP with a=crypto")]
    Unprotected,
    /// RTP/SAVP without a key.
    #[error("no a=crypto beside RTP/SAVP")]
    NoKey,
    /// No line of a=crypto can be used; why the last one cannot.
    #[error("a=crypto:{tag} cannot be used: {why}")]
    Crypto {
        /// Its tag; 0 when it has none.
        tag: u32,
        /// What is wrong with it.
        why: Unusable,
    },
    /// An answer with several lines of a=crypto.
    #[error("the answer has more than one line of a=crypto")]
    Lines,
    /// An answer that names no line of ours, or sends our key back.
    #[error("a=crypto:{0} of the answer is no line of our offer")]
    Tag(u32),
    /// The answer does not fit our offer.
    #[error("the answer has {answered} media streams, the offer had {offered}")]
    Mismatch {
        /// m= lines answered.
        answered: usize,
        /// m= lines offered.
        offered: usize,
    },
}

impl Refusal {
    /// The status that refuses the offer: 400 for one that cannot be read, else 488.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            _ => 488,
        }
    }

    /// A Warning header field, name and value, from the agent of this host and port
    /// (RFC 3261 §20.43).
    #[must_use]
    pub fn to_header(&self, agent: &str) -> (String, String) {
        let text: String = self
            .to_string()
            .chars()
            .map(|c| match c {
                '"' | '\\' => '\'',
                c if c.is_control() => ' ',
                c => c,
            })
            .collect();
        let value = format!("{} {agent} \"{text}\"", self.warning());
        ("Warning".to_owned(), value)
    }

    /// The warn-code of a Warning header field (RFC 3261 §20.43).
    #[must_use]
    pub fn warning(&self) -> u16 {
        match self {
            Self::Malformed(_) => 399,
            Self::NoAudio | Self::Mismatch { .. } => 304,
            Self::NoCodec(_) => 305,
            Self::Address(_) | Self::Family(_) => 301,
            Self::Unprotected => 302,
            Self::NoKey | Self::Crypto { .. } | Self::Lines | Self::Tag(_) => 306,
        }
    }
}

/// Writes an offer of everything we can do.
#[must_use]
pub fn offer(local: &Capabilities) -> Bytes {
    let formats: Vec<(u8, Codec)> = local
        .codecs
        .iter()
        .map(|codec| (codec.payload_type(), *codec))
        .collect();
    let extras = Extras {
        telephone_event: local.telephone_event,
        comfort_noise: local.comfort_noise,
        redundancy: local.redundancy,
        tone: None,
        rtcp_mux: false,
    };
    let mut media = audio(
        local.rtp.port(),
        &formats,
        extras,
        local.ptime,
        local.direction,
    );
    local.protect(&mut media, local.profile, &local.lines());
    write(local, vec![media])
}

/// Answers an offer: the first audio stream with a codec of ours is taken in the offer's order
/// of preference, every other stream is refused with port 0 (RFC 3264 §6). A stream with a key
/// that can be used comes before those that would go unprotected.
///
/// # Errors
/// [`Refusal`] when there is nothing to agree on.
pub fn negotiate(local: &Capabilities, offer: &[u8]) -> Result<Answer, Refusal> {
    let session = parse(offer)?;
    let mut refusal = Refusal::NoAudio;
    let mut taken = None;
    for (index, stream) in streams(&session) {
        let agreed = stream.and_then(|mut stream| {
            let lines = std::mem::take(&mut stream.lines);
            let protection = local.accept(stream.profile, lines)?;
            agree(local, stream, protection)
        });
        match agreed {
            Ok(plan) if plan.protection.is_some() || local.srtp.is_none() => {
                taken = Some((index, plan));
                break;
            }
            Ok(plan) => {
                taken.get_or_insert((index, plan));
            }
            // The reason of a stream that came near says more than "no audio".
            Err(reason) if reason != Refusal::NoAudio => refusal = reason,
            Err(_) => {}
        }
    }
    let (chosen, plan) = taken.ok_or(refusal)?;
    let medias = session
        .medias
        .iter()
        .enumerate()
        .map(|(index, offered)| {
            if index == chosen {
                let mut media = audio(
                    local.rtp.port(),
                    &[(plan.receive_payload_type, plan.codec)],
                    Extras {
                        telephone_event: plan.receive_telephone_event,
                        comfort_noise: plan.comfort_noise,
                        redundancy: plan.redundancy,
                        tone: plan.tone,
                        rtcp_mux: plan.rtcp_mux,
                    },
                    plan.ptime,
                    plan.direction,
                );
                let ours = plan.protection.map(|protection| protection.ours);
                local.protect(&mut media, plan.profile, ours.as_slice());
                media
            } else {
                refused(offered)
            }
        })
        .collect();
    Ok(Answer {
        octets: write(local, medias),
        plan,
    })
}

/// Reads the answer to an offer made by [`offer`] with the same capabilities.
///
/// # Errors
/// [`Refusal`] when the answer agrees to nothing we offered.
pub fn conclude(local: &Capabilities, answer: &[u8]) -> Result<MediaPlan, Refusal> {
    let session = parse(answer)?;
    let answered = session.medias.len();
    let (_, stream) = streams(&session).next().ok_or(if answered == 0 {
        Refusal::Mismatch {
            answered,
            offered: 1,
        }
    } else {
        Refusal::NoAudio
    })?;
    let mut stream = stream?;
    let protection = local.conclude(stream.profile, std::mem::take(&mut stream.lines))?;
    let mut plan = agree(local, stream, protection)?;
    // We offered, so we receive with our own numbers whatever the answer calls them.
    plan.receive_payload_type = plan.codec.payload_type();
    plan.receive_telephone_event = plan.telephone_event.and(local.telephone_event);
    // Whoever did not offer them is not sent any.
    plan.redundancy = plan.redundancy.and(local.redundancy);
    plan.tone = None;
    plan.rtcp_mux = false;
    Ok(plan)
}

fn agree(
    local: &Capabilities,
    stream: Stream,
    protection: Option<Protection>,
) -> Result<MediaPlan, Refusal> {
    if stream.rtp.is_ipv4() != local.rtp.is_ipv4() {
        return Err(Refusal::Family(stream.rtp.ip()));
    }
    let (payload_type, codec) = stream
        .formats
        .into_iter()
        .find(|(_, codec)| local.codecs.contains(codec))
        .ok_or_else(|| Refusal::NoCodec(local.codecs.clone()))?;
    // A peer that does not take every key of a telephone gets them as tones.
    let telephone_event = local
        .telephone_event
        .and(stream.telephone_event)
        .filter(|_| stream.events.has_keys());
    let wanted = stream.ptime.unwrap_or(local.ptime);
    let longest = stream.maxptime.unwrap_or(Duration::MAX);
    Ok(MediaPlan {
        remote: stream.rtp,
        codec,
        payload_type,
        receive_payload_type: payload_type,
        telephone_event,
        events: match telephone_event {
            Some(_) => stream.events,
            None => Events::DTMF,
        },
        receive_telephone_event: telephone_event,
        comfort_noise: local.comfort_noise && stream.comfort_noise && codec != Codec::Clearmode,
        redundancy: stream.redundancy,
        tone: stream.tone.filter(|_| codec != Codec::Clearmode),
        rtcp: stream.rtcp,
        rtcp_mux: stream.rtcp_mux,
        ptime: packet_time(wanted.min(longest)).unwrap_or(local.ptime),
        direction: local.direction.answering(stream.direction),
        profile: stream.profile,
        protection,
    })
}

/// A packet time in whole ticks of 10 ms, or `None` outside 10 to 60 ms.
fn packet_time(wanted: Duration) -> Option<Duration> {
    let milliseconds = u64::try_from(wanted.as_millis()).ok()? / 10 * 10;
    PTIME
        .contains(&milliseconds)
        .then(|| Duration::from_millis(milliseconds))
}

#[cfg(test)]
mod tests;
