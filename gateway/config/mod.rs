//! The gateway's configuration: what the file may say.
//!
//! Every table refuses unknown keys. Names are resolved and ranges checked by the reader, so a
//! [`Config`] that was read is one that can run.

mod routing;
mod tdm;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

pub use self::routing::{Nature, Rule};
pub use self::tdm::{Hunt, Profile, TrunkGroup};
use lab::config::duration;
pub use lab::config::{
    Driver, Law, Link, Linkset, NetworkIndicator, PointCode, Role, Span, Standard, Timeslots,
    ValueError,
};

/// A gateway file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The gateway as a whole.
    #[serde(default)]
    pub gateway: Gateway,
    /// The SIP endpoint.
    #[serde(default)]
    pub sip: Sip,
    /// RTP towards every SIP peer.
    #[serde(default)]
    pub rtp: Rtp,
    /// Call records.
    #[serde(default)]
    pub records: Records,
    /// Capture of signalling and media.
    #[serde(default)]
    pub capture: Capture,
    /// E1 lines, in the order that gives them their number.
    #[serde(rename = "span", default)]
    pub spans: Vec<Span>,
    /// Signalling towards adjacent signalling points.
    #[serde(rename = "linkset", default)]
    pub linksets: Vec<Linkset>,
    /// Circuits to exchanges.
    #[serde(rename = "trunk_group", default)]
    pub trunk_groups: Vec<TrunkGroup>,
    /// SIP peers.
    #[serde(rename = "sip_trunk", default)]
    pub sip_trunks: Vec<SipTrunk>,
    /// The dial plan.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
}

/// `[gateway]`: the gateway as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Gateway {
    /// What the gateway calls itself in logs and records.
    pub name: String,
    /// After SIGTERM, how long calls that talk may go on.
    #[serde(deserialize_with = "duration")]
    pub drain: Duration,
    /// Hide the last digits of numbers in logs.
    pub mask_numbers: bool,
    /// Seed of everything chosen by chance (tags, branches, SSRCs); from the system when absent.
    pub seed: Option<u64>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            name: "isthmus".to_owned(),
            drain: Duration::from_secs(60),
            mask_numbers: true,
            seed: None,
        }
    }
}

/// `[sip]`: the SIP endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sip {
    /// Address and UDP port that requests arrive on and leave from.
    pub listen: SocketAddr,
    /// User-Agent and Server header.
    pub user_agent: String,
    /// Round-trip estimate (RFC 3261 section 17.1.1.1).
    #[serde(deserialize_with = "duration")]
    pub t1: Duration,
    /// Longest interval between retransmissions of anything but INVITE.
    #[serde(deserialize_with = "duration")]
    pub t2: Duration,
    /// Longest time a message stays in the network.
    #[serde(deserialize_with = "duration")]
    pub t4: Duration,
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 5060)),
            user_agent: concat!("isthmus/", env!("CARGO_PKG_VERSION")).to_owned(),
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        }
    }
}

/// `[rtp]`: media towards every SIP peer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rtp {
    /// Address of the RTP sockets, and the one written into SDP.
    pub address: IpAddr,
    /// UDP ports; RTP takes the even ones (RFC 3550 section 11).
    pub ports: PortRange,
    /// Time of speech in one packet sent: 10 ms to 60 ms in steps of 10 ms.
    #[serde(deserialize_with = "duration")]
    pub ptime: Duration,
    /// Least delay of the jitter buffer.
    #[serde(deserialize_with = "duration")]
    pub jitter_min: Duration,
    /// Greatest delay of the jitter buffer.
    #[serde(deserialize_with = "duration")]
    pub jitter_max: Duration,
    /// How DTMF crosses to the SIP side.
    pub dtmf: Dtmf,
}

impl Default for Rtp {
    fn default() -> Self {
        Self {
            address: IpAddr::from([127, 0, 0, 1]),
            ports: PortRange {
                first: 16384,
                last: 16511,
            },
            ptime: Duration::from_millis(20),
            jitter_min: Duration::from_millis(20),
            jitter_max: Duration::from_millis(200),
            dtmf: Dtmf::Rfc4733,
        }
    }
}

/// How DTMF crosses to the SIP side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dtmf {
    /// As telephone-event where the peer takes it; the tone is then taken out of the audio.
    Rfc4733,
    /// As tones in the audio.
    Inband,
}

/// `[records]`: call records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Records {
    /// File that one line of JSON per call attempt is appended to; none are kept when absent.
    pub file: Option<PathBuf>,
}

/// `[capture]`: signalling and media as pcapng.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Capture {
    /// File to write; nothing is captured when absent.
    pub file: Option<PathBuf>,
}

/// UDP ports, both ends included: `"16384-16511"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortRange {
    /// Lowest port.
    pub first: u16,
    /// Highest port.
    pub last: u16,
}

/// `[[sip_trunk]]`: a SIP peer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SipTrunk {
    /// The name that rules use.
    pub name: String,
    /// Where requests to the peer go.
    pub address: SocketAddr,
    /// Addresses that requests of the peer come from; the host of `address` when empty.
    #[serde(default)]
    pub sources: Vec<IpAddr>,
    /// Host of the URIs we write for the peer; the host of `address` when absent.
    #[serde(default)]
    pub host: Option<String>,
    /// Whether ISUP travels in the bodies (RFC 3372).
    #[serde(default)]
    pub isup: IsupMode,
    /// `version` parameter of `application/ISUP` (RFC 3204 section 3.1).
    #[serde(default = "SipTrunk::default_isup_version")]
    pub isup_version: String,
    /// Reliable provisional responses (RFC 3262).
    #[serde(default)]
    pub reliable: Reliable,
    /// Whether the peer's P-Asserted-Identity is believed and ours is sent to it (RFC 3325).
    #[serde(default)]
    pub trusted: bool,
    /// Codecs offered and accepted, best first.
    #[serde(default = "SipTrunk::default_codecs")]
    pub codecs: Vec<Codec>,
}

impl SipTrunk {
    fn default_isup_version() -> String {
        "itu-t92+".to_owned()
    }
    fn default_codecs() -> Vec<Codec> {
        vec![Codec::Pcma, Codec::Pcmu]
    }

    /// Whether a request from this address is one of the peer's.
    #[must_use]
    pub fn accepts(&self, source: IpAddr) -> bool {
        match self.sources.as_slice() {
            [] => source == self.address.ip(),
            sources => sources.contains(&source),
        }
    }
}

/// Whether ISUP travels in SIP bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IsupMode {
    /// Never sent; a received body is ignored.
    Off,
    /// Sent with `handling=optional`, used when it arrives.
    #[default]
    Optional,
    /// As `optional`, and a received body overrides what the SIP headers say where they differ
    /// only by what SIP cannot say.
    Preferred,
    /// Sent with `handling=required`; an INVITE without it is refused.
    Mandatory,
}

/// Reliable provisional responses (RFC 3262) with a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reliable {
    /// `Require: 100rel`.
    Required,
    /// `Supported: 100rel`; used when the peer can.
    #[default]
    Supported,
    /// Not used; an INVITE that requires it is refused with 420.
    Off,
}

/// An audio codec of a SIP peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Codec {
    /// G.711 A-law, payload type 8.
    Pcma,
    /// G.711 mu-law, payload type 0.
    Pcmu,
    /// 64 kbit/s transparent (RFC 4040).
    Clearmode,
}
