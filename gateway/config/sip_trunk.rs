//! `[[sip_trunk]]`: a SIP peer.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use crate::sip::Transport;

/// `[[sip_trunk]]`: a SIP peer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SipTrunk {
    /// The name that rules use.
    pub name: String,
    /// Where requests to the peer go.
    pub address: SocketAddr,
    /// By which transport requests go to the peer. A trunk with TLS takes requests by TLS alone.
    #[serde(default = "SipTrunk::default_transport")]
    pub transport: Transport,
    /// How the certificate of the peer is verified.
    #[serde(default)]
    pub tls: TrunkTls,
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
    /// `base` parameter of `application/ISUP`: a well-known version that reads the body, too.
    #[serde(default)]
    pub isup_base: Option<String>,
    /// Reliable provisional responses (RFC 3262).
    #[serde(default)]
    pub reliable: Reliable,
    /// Session interval asked for (RFC 4028); no session timer of our own accord when absent.
    #[serde(default, deserialize_with = "interval")]
    pub session_expires: Option<Duration>,
    /// Whether the peer may transfer its calls: REFER, and INVITE with Replaces.
    #[serde(default)]
    pub transfer: bool,
    /// Whether the peer's P-Asserted-Identity is believed and ours is sent to it (RFC 3325).
    #[serde(default)]
    pub trusted: bool,
    /// Codecs offered and accepted, best first.
    #[serde(default = "SipTrunk::default_codecs")]
    pub codecs: Vec<Codec>,
    /// Whose ringback a caller of this trunk hears.
    #[serde(default)]
    pub ringback: Ringback,
    /// Name of the interworking tables; those of the trunk group when absent.
    #[serde(default)]
    pub profile: Option<String>,
}

impl SipTrunk {
    fn default_transport() -> Transport {
        Transport::Udp
    }
    fn default_isup_version() -> String {
        "itu-t92+".to_owned()
    }
    fn default_codecs() -> Vec<Codec> {
        vec![Codec::Pcma, Codec::Pcmu]
    }

    /// Names of which the peer's certificate has to hold one.
    #[must_use]
    pub fn tls_names(&self) -> Vec<String> {
        match self.tls.names.as_slice() {
            [] => vec![self.address.ip().to_string()],
            names => names.to_vec(),
        }
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

fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    super::duration(deserializer).map(Some)
}

/// `tls` of `[[sip_trunk]]`: how the certificate of the peer is verified, in both directions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrunkTls {
    /// What has to be right about it.
    pub verify: Verify,
    /// Names of which the certificate has to hold one; the host of `address` when empty.
    pub names: Vec<String>,
}

/// What has to be right about a peer's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verify {
    /// It is of an authority that we believe, and holds one of the names.
    #[default]
    Name,
    /// It is of an authority that we believe.
    Authority,
    /// Nothing: the peer may be anybody. Its requests need no certificate.
    Off,
}

/// Whether ISUP travels in SIP bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IsupMode {
    /// Never sent; a received body is ignored. The default: an IAM tells a peer what SIP would
    /// hide from it (RFC 3372 section 7), and some softphones refuse a multipart body.
    #[default]
    Off,
    /// Sent with `handling=optional`, used when it arrives.
    Optional,
    /// Sent with `handling=required`, so that a peer that cannot read it refuses the call; used
    /// when it arrives.
    Preferred,
    /// As `preferred`, and an INVITE of the peer without it is refused.
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

/// Whose ringback a caller hears while the called user is being alerted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ringback {
    /// The called exchange's, passed on as early media: 183 with SDP for every ACM.
    #[default]
    Network,
    /// The terminal's own: 180 without SDP, unless the exchange says that in-band information is
    /// there to be heard (RFC 3398 section 7.2.6).
    Terminal,
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
