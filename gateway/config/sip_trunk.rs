//! `[[sip_trunk]]`: a SIP peer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use media_bridge::srtp::Suite;
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use super::Announcements;
use crate::sip::digest::{Account, Hash, Protection, Secret};
use crate::sip::location::Target;
use crate::sip::peers::{Certificate, Network, PeerConfig};
use crate::sip::sdp::crypto;
use crate::sip::{Hop, RegistrationConfig, Transport};

/// `[[sip_trunk]]`: a SIP peer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SipTrunk {
    /// The name that rules use.
    pub name: String,
    /// Where requests to the peer go.
    #[serde(deserialize_with = "target")]
    pub address: Target,
    /// By which transport requests go to the peer. A trunk with TLS takes requests by TLS alone.
    /// When absent: UDP for an address, and for a host name what the name server says.
    #[serde(default)]
    pub transport: Option<Transport>,
    /// Above how many octets an INVITE goes by TCP instead of UDP; never when absent.
    #[serde(default)]
    pub tcp_above: Option<usize>,
    /// How the certificate of the peer is verified.
    #[serde(default)]
    pub tls: TrunkTls,
    /// Networks that requests of the peer come from; the addresses of `address` when empty.
    #[serde(default, deserialize_with = "networks")]
    pub sources: Vec<Network>,
    /// How often OPTIONS asks whether the peer is there; never when absent.
    #[serde(default, deserialize_with = "interval")]
    pub options: Option<Duration>,
    /// Most calls at the same time, in both directions together.
    #[serde(default)]
    pub most_calls: Option<u32>,
    /// Most new calls in one second, in both directions together.
    #[serde(default)]
    pub calls_per_second: Option<u32>,
    /// What we answer the challenges of the peer with.
    #[serde(default)]
    pub credentials: Option<Credentials>,
    /// What the peer has to answer ours with.
    #[serde(default)]
    pub authenticate: Option<Authenticate>,
    /// Our registration with the peer.
    #[serde(default)]
    pub register: Option<Register>,
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
    /// Whether media are protected by SRTP (RFC 3711), with keys in SDP (RFC 4568).
    #[serde(default)]
    pub srtp: Srtp,
    /// Suites offered and accepted, best first.
    #[serde(default = "SipTrunk::default_srtp_suites")]
    pub srtp_suites: Vec<SrtpSuite>,
    /// The keys may travel without TLS, where everybody on the way reads them.
    #[serde(default)]
    pub srtp_keys_in_clear: bool,
    /// Whose ringback callers hear, on either side of the trunk.
    #[serde(default)]
    pub ringback: Ringback,
    /// How long the peer may send no RTP, while it should, before the call is ended; for ever
    /// when absent.
    #[serde(default, deserialize_with = "interval")]
    pub rtp_timeout: Option<Duration>,
    /// Announcements that callers of the trunk hear before a final response, by the cause of the
    /// release.
    #[serde(default)]
    pub announcements: Announcements,
    /// Offer comfort noise (RFC 3389), and send it in place of silence to a peer that takes it.
    #[serde(default)]
    pub comfort_noise: bool,
    /// How many earlier packets each one repeats (RFC 2198) to a peer that takes them: 0 to 2.
    #[serde(default)]
    pub redundancy: u8,
    /// Name of the interworking tables; those of the trunk group when absent.
    #[serde(default)]
    pub profile: Option<String>,
    /// How long a caller from the PSTN may hear nothing when the trunk promised early media; then
    /// `ringback = "auto"` plays ringback until media come.
    #[serde(
        default = "SipTrunk::default_early_media_wait",
        deserialize_with = "super::duration"
    )]
    pub early_media_wait: Duration,
    /// Whether several INVITEs, each with more digits than the last, make one call (RFC 3578): those
    /// of the peer are joined, and where the circuits do `overlap = "pass"` ours are sent so.
    #[serde(default)]
    pub overlap: bool,
    /// What suspension and hold in the PSTN become for a peer that speaks no ISUP.
    #[serde(default)]
    pub suspend: Suspend,
    /// What happens when the trunk redirects a call (3xx).
    #[serde(default)]
    pub redirect: Redirect,
}

impl SipTrunk {
    fn default_isup_version() -> String {
        "itu-t92+".to_owned()
    }
    fn default_early_media_wait() -> Duration {
        Duration::from_secs(3)
    }
    fn default_srtp_suites() -> Vec<SrtpSuite> {
        vec![
            SrtpSuite::AesCm128HmacSha1_80,
            SrtpSuite::AesCm256HmacSha1_80,
            SrtpSuite::AesCm128HmacSha1_32,
        ]
    }
    fn default_codecs() -> Vec<Codec> {
        vec![Codec::Pcma, Codec::Pcmu]
    }

    /// How its media are protected, with keys derived from this secret; `None` when they are not.
    #[must_use]
    pub fn protection(&self, secret: crypto::Secret) -> Option<crypto::Srtp> {
        let mut suites = self.srtp_suites.iter().map(|suite| Suite::from(*suite));
        (self.srtp != Srtp::Off).then(|| crypto::Srtp {
            required: self.srtp == Srtp::Required,
            suites: std::array::from_fn(|_| suites.next()),
            secret,
        })
    }

    /// Whether its address is what a name server says.
    #[must_use]
    pub fn is_named(&self) -> bool {
        matches!(self.address, Target::Name { .. })
    }

    /// The hop when the address is one; otherwise one that only says by which transport.
    #[must_use]
    pub fn hop(&self) -> Hop {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let address = match self.address {
            Target::Address(address) => address,
            Target::Name { .. } => nowhere,
        };
        Hop::new(self.transport.unwrap_or(Transport::Udp), address)
    }

    /// Names of which the peer's certificate has to hold one.
    #[must_use]
    pub fn tls_names(&self) -> Vec<String> {
        match self.tls.names.as_slice() {
            [] => vec![match &self.address {
                Target::Address(address) => address.ip().to_string(),
                Target::Name { host, .. } => host.clone(),
            }],
            names => names.to_vec(),
        }
    }
}

fn interval<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    super::duration(deserializer).map(Some)
}

impl From<&SipTrunk> for PeerConfig {
    fn from(trunk: &SipTrunk) -> Self {
        let host = match &trunk.address {
            Target::Address(address) => address.ip().to_string(),
            Target::Name { host, .. } => host.clone(),
        };
        Self {
            target: trunk.address.clone(),
            transport: trunk.transport,
            sources: trunk.sources.clone(),
            certificate: match trunk.tls.verify {
                Verify::Name => Certificate::Named(trunk.tls_names()),
                Verify::Authority => Certificate::Signed,
                Verify::Off => Certificate::Any,
            },
            account: trunk.credentials.as_ref().map(|account| Account {
                username: account.username.clone(),
                password: account.password.clone(),
            }),
            protection: trunk.authenticate.as_ref().map(|asked| Protection {
                account: Account {
                    username: asked.username.clone(),
                    password: asked.password.clone(),
                },
                realm: asked.realm.clone(),
                hashes: asked.algorithms.clone(),
            }),
            registration: trunk.register.as_ref().map(|register| RegistrationConfig {
                user: register.user.clone(),
                domain: register.domain.clone().unwrap_or(host),
                expires: register.expires,
            }),
            options: trunk.options,
            tcp_above: trunk.tcp_above,
        }
    }
}

/// An address with a port, or a host name with or without one.
fn target<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Target, D::Error> {
    let text = String::deserialize(deserializer)?;
    if let Ok(address) = text.parse() {
        return Ok(Target::Address(address));
    }
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text.as_str(), None),
    };
    let port = port.map(|port| port.parse::<u16>().ok().filter(|port| *port > 0));
    let is_label = |label: &str| {
        let ends = [label.bytes().next(), label.bytes().last()];
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
            && ends.iter().all(|octet| *octet != Some(b'-'))
    };
    // An address without its port is no name.
    let is_name = host.len() <= 253
        && host.split('.').all(is_label)
        && host.bytes().any(|octet| octet.is_ascii_alphabetic());
    if !is_name || port == Some(None) {
        return Err(D::Error::custom(format!(
            "no address of a peer: `{text}`, expected an IP address and port, as \"192.0.2.1:5060\", or a host name, as \"sip.example.net\""
        )));
    }
    Ok(Target::Name {
        host: host.to_owned(),
        port: port.flatten(),
    })
}

fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Network>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let networks = texts.iter().map(|text| text.parse());
    networks.collect::<Result<_, _>>().map_err(D::Error::custom)
}

/// The password in a file of its own: the configuration is copied into recordings, and the
/// password is not. A newline at its end is not part of it.
fn password<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    let wrong = |why: String| {
        let path = path.display();
        D::Error::custom(format!(
            "no password in {path}: {why}, expected a file with one line of text"
        ))
    };
    let about = std::fs::metadata(&path).map_err(|error| wrong(error.to_string()))?;
    if !about.is_file() || about.len() > LONGEST_PASSWORD {
        return Err(wrong("no file, or a large one".to_owned()));
    }
    let text = std::fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.chars().any(char::is_control) {
        return Err(wrong("empty, or more than one line".to_owned()));
    }
    Ok(Secret::new(password))
}

/// Octets of a file with a password.
const LONGEST_PASSWORD: u64 = 4096;

/// `credentials` of `[[sip_trunk]]`: our account with the peer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// User name.
    pub username: String,
    /// The file that holds the password.
    #[serde(rename = "password_file", deserialize_with = "password")]
    pub password: Secret,
}

/// `authenticate` of `[[sip_trunk]]`: the account of the peer with us.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Authenticate {
    /// User name.
    pub username: String,
    /// The file that holds the password.
    #[serde(rename = "password_file", deserialize_with = "password")]
    pub password: Secret,
    /// What we call ourselves in the challenge.
    #[serde(default = "Authenticate::default_realm")]
    pub realm: String,
    /// Hashes that are taken, the best first.
    #[serde(default = "Authenticate::default_algorithms")]
    pub algorithms: Vec<Hash>,
}

impl Authenticate {
    fn default_realm() -> String {
        "isthmus".to_owned()
    }

    fn default_algorithms() -> Vec<Hash> {
        vec![Hash::Sha256, Hash::Md5]
    }
}

/// `register` of `[[sip_trunk]]`: our registration with the peer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// The user that is registered.
    pub user: String,
    /// The domain; the host of `address` when absent.
    #[serde(default)]
    pub domain: Option<String>,
    /// How long a registration is asked for.
    #[serde(
        default = "Register::default_expires",
        deserialize_with = "super::duration"
    )]
    pub expires: Duration,
}

impl Register {
    fn default_expires() -> Duration {
        Duration::from_secs(3600)
    }
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
    /// Never sent; a received body is ignored, or refused with 415 where it is required. The default: an IAM tells a peer what SIP would
    /// hide from it (RFC 3372 section 7), and some softphones refuse a multipart body.
    #[default]
    Off,
    /// Sent with `handling=optional`, used when it arrives.
    Optional,
    /// Sent with `handling=required`; a peer that cannot read it says so (415) and is invited once
    /// more without. Used when it arrives.
    Preferred,
    /// Sent with `handling=required`; when the peer cannot read it, the next trunk is tried. An
    /// INVITE of the peer without it is refused.
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

/// Whether media are protected by SRTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Srtp {
    /// Never: RTP/AVP alone is offered and accepted, keys beside it are ignored.
    #[default]
    Off,
    /// When the peer can: RTP/AVP with keys is offered (RFC 8643), RTP/SAVP and RTP/AVP accepted.
    Optional,
    /// Always: RTP/SAVP is offered, and a call that would go unprotected is refused with 488.
    Required,
}

/// A crypto-suite of `srtp_suites`, by its name in `a=crypto`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum SrtpSuite {
    /// AES with 128 bits, tags of 80 (RFC 4568 section 6.2.1).
    #[serde(rename = "AES_CM_128_HMAC_SHA1_80")]
    AesCm128HmacSha1_80,
    /// AES with 128 bits, tags of 32 on RTP (RFC 4568 section 6.2.2).
    #[serde(rename = "AES_CM_128_HMAC_SHA1_32")]
    AesCm128HmacSha1_32,
    /// AES with 256 bits, tags of 80 (RFC 6188).
    #[serde(rename = "AES_256_CM_HMAC_SHA1_80")]
    AesCm256HmacSha1_80,
    /// AES with 256 bits, tags of 32 on RTP (RFC 6188).
    #[serde(rename = "AES_256_CM_HMAC_SHA1_32")]
    AesCm256HmacSha1_32,
}

impl From<SrtpSuite> for Suite {
    fn from(suite: SrtpSuite) -> Self {
        match suite {
            SrtpSuite::AesCm128HmacSha1_80 => Self::AesCm128HmacSha1_80,
            SrtpSuite::AesCm128HmacSha1_32 => Self::AesCm128HmacSha1_32,
            SrtpSuite::AesCm256HmacSha1_80 => Self::AesCm256HmacSha1_80,
            SrtpSuite::AesCm256HmacSha1_32 => Self::AesCm256HmacSha1_32,
        }
    }
}

/// Whose ringback a caller hears while the called user is being alerted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Ringback {
    /// That of the called side where it sends any, else that of the calling side. To SIP: 183 with
    /// SDP when the exchange speaks of in-band information, else 180 (RFC 3398 section 7.2.6). To
    /// the PSTN: early media when they come, else the gateway's tone; never both.
    #[default]
    Auto,
    /// That of the called side. To SIP: 183 with SDP for every ACM. To the PSTN: no tone of the
    /// gateway.
    Network,
    /// That of the calling side. To SIP: 180 for every user who is being alerted. To the PSTN: the
    /// gateway's tone from 180 on, whatever early media come.
    Terminal,
}

/// What suspension (SUS, RES) and hold (CPG) in the PSTN become for a peer that speaks no ISUP
/// (RFC 3398 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Suspend {
    /// A re-INVITE with held media.
    #[default]
    Hold,
    /// Nothing.
    Ignore,
}

/// What happens when a trunk redirects a call (RFC 3398 section 8.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redirect {
    /// The Contacts are invited, the best first.
    #[default]
    Follow,
    /// The same, and the exchange is told by CPG that the call is forwarded.
    Notify,
    /// The call is released with cause 23 and the new number.
    Release,
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
