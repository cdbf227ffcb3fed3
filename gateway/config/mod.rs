//! The gateway's configuration: what the file may say.
//!
//! Every table refuses unknown keys. Names are resolved and ranges checked by the reader, so a
//! [`Config`] that was read is one that can run.

mod announcement;
mod check;
pub mod lab;
mod listen;
mod media;
mod place;
mod problem;
pub mod profile;
mod read;
mod routing;
mod sip_trunk;
mod tdm;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

pub use self::announcement::{Announcement, Announcements};
pub use self::listen::Listen;
pub use self::media::Media;
pub(crate) use self::problem::nearest;
pub use self::problem::{Problem, Refusal};
pub use self::read::{Environment, process_environment};
pub use self::routing::{Nature, Rule};
pub use self::sip_trunk::{
    Authenticate, Codec, Credentials, IsupMode, Redirect, Register, Reliable, Ringback, SipTrunk,
    Srtp, SrtpSuite, Suspend, TrunkTls, Verify,
};
pub use self::tdm::{Echo, Hunt, Overlap, Prefer, TrunkGroup};
use ::lab::config::duration;
pub use ::lab::config::{
    CheckRate, Correction, Driver, Law, Link, Linkset, NetworkIndicator, Return, Role,
    SignallingRoute, Span, Standard, Timeslots, ValueError, WrittenPointCode,
};

use crate::sip::Strangers;

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
    /// The threads that move the lines.
    #[serde(default)]
    pub media: Media,
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
    /// Ways to signalling points that are not adjacent, beside those of the trunk groups.
    #[serde(rename = "signalling_route", default)]
    pub signalling_routes: Vec<SignallingRoute>,
    /// Circuits to exchanges.
    #[serde(rename = "trunk_group", default)]
    pub trunk_groups: Vec<TrunkGroup>,
    /// SIP peers.
    #[serde(rename = "sip_trunk", default)]
    pub sip_trunks: Vec<SipTrunk>,
    /// The dial plan.
    #[serde(rename = "rule", default)]
    pub rules: Vec<Rule>,
    /// Recorded sound for callers whose call fails.
    #[serde(rename = "announcement", default)]
    pub announcements: Vec<Announcement>,
    /// Interworking tables beside those that come with the gateway.
    #[serde(rename = "profile", default)]
    pub profiles: Vec<profile::ProfileTable>,
    /// The files that profiles were read from, by the paths that name them.
    #[serde(skip)]
    pub profile_files: BTreeMap<PathBuf, String>,
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
    /// UNIX socket for `isthmus circuits`, `links` and `maintain`; none when absent.
    pub control: Option<PathBuf>,
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            name: "isthmus".to_owned(),
            drain: Duration::from_secs(60),
            mask_numbers: true,
            seed: None,
            control: None,
        }
    }
}

/// `[sip]`: the SIP endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sip {
    /// Addresses that requests arrive at and leave from.
    pub listen: Listen,
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
    /// How long a connection lives without a message.
    #[serde(deserialize_with = "duration")]
    pub idle: Duration,
    /// What requests from addresses that are no trunk's are told.
    pub strangers: Strangers,
    /// The name server for trunks that are host names; those of the system when absent.
    pub name_server: Option<SocketAddr>,
    /// Our certificate, and whose certificates we believe.
    pub tls: Option<Tls>,
}

/// `[sip.tls]`: what we show to TLS peers and whom we believe. All files hold PEM.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Our certificate and those between it and the authority, ours first.
    pub certificate: PathBuf,
    /// The private key of our certificate.
    pub key: PathBuf,
    /// Certificates of the authorities that peers are verified by.
    pub authorities: PathBuf,
}

impl Default for Sip {
    fn default() -> Self {
        Self {
            listen: Listen::at(SocketAddr::from(([127, 0, 0, 1], 5060))),
            user_agent: concat!("isthmus/", env!("CARGO_PKG_VERSION")).to_owned(),
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            idle: Duration::from_secs(600),
            strangers: Strangers::Refuse,
            name_server: None,
            tls: None,
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
    /// Delay of the buffer of calls that carry data: clear channel, and modems once heard.
    #[serde(deserialize_with = "duration")]
    pub jitter_data: Duration,
    /// How DTMF crosses to the SIP side.
    pub dtmf: Dtmf,
    /// Listen for fax machines and modems, and carry data once one answers.
    pub modems: bool,
    /// Exchange RTCP reports with the peers.
    pub rtcp: bool,
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
            jitter_data: Duration::from_millis(60),
            dtmf: Dtmf::Rfc4733,
            modems: true,
            rtcp: true,
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

impl PortRange {
    /// How many RTP ports there are: even ones whose next one, for RTCP, is in the range too.
    #[must_use]
    pub fn pairs(self) -> usize {
        self.rtp_ports().count()
    }

    /// The RTP ports, ascending.
    pub fn rtp_ports(self) -> impl Iterator<Item = u16> {
        let first = u32::from(self.first).next_multiple_of(2);
        let ports = (first..u32::from(self.last)).step_by(2);
        ports.filter_map(|port| u16::try_from(port).ok())
    }
}

/// A key whose value does not fit what the configuration is to run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The key, as "sip.tls.key" or "sip_trunk.0.address".
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub expected: String,
}

impl Config {
    /// Reads and checks a file, with this process's `ISTHMUS__SECTION__KEY` variables over it.
    ///
    /// # Errors
    /// [`Refusal`] when the file cannot be read, or with everything wrong in it.
    pub fn load(path: &Path) -> Result<Self, Refusal> {
        let text = std::fs::read_to_string(path).map_err(|source| Refusal::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse_at(path, &text, &process_environment())
    }

    /// [`Config::load`] for the text of that file and another environment; files of profiles and
    /// announcements are looked for beside it.
    ///
    /// # Errors
    /// [`Refusal`] with everything wrong in it.
    pub fn parse_at(path: &Path, text: &str, environment: &Environment) -> Result<Self, Refusal> {
        Self::parse_fit(path, text, environment, |_| None)
    }

    /// [`Config::parse_at`] with one more check of a configuration that is right by itself: whether
    /// it fits what it is to run on.
    ///
    /// # Errors
    /// [`Refusal`] with everything wrong in it.
    pub fn parse_fit(
        path: &Path,
        text: &str,
        environment: &Environment,
        fits: impl FnOnce(&Self) -> Option<Misfit>,
    ) -> Result<Self, Refusal> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut files = |file: &Path| std::fs::read_to_string(folder.join(file));
        read::parse(
            &path.to_string_lossy(),
            text,
            environment,
            |config, complaints| {
                check::gateway(config, &mut files, Some(folder), complaints);
                if complaints.is_empty()
                    && let Some(misfit) = fits(config)
                {
                    let place = misfit
                        .key
                        .split('.')
                        .fold(place::Place::root(), |place, key| match key.parse() {
                            Ok(index) => place.index(index),
                            Err(_) => place.key(key),
                        });
                    complaints.add(place, misfit.message, misfit.expected);
                }
            },
        )
    }

    /// [`Config::load`] for text that came from elsewhere and names no files; `file` is what
    /// problems call it.
    ///
    /// # Errors
    /// [`Refusal`] with everything wrong in it.
    pub fn parse(file: &str, text: &str, environment: &Environment) -> Result<Self, Refusal> {
        Self::parse_with(file, text, environment, &BTreeMap::new())
    }

    /// [`Config::parse`] with the texts of the files that profiles are read from, by their paths.
    /// Files of announcements are not read: they are silent.
    ///
    /// # Errors
    /// [`Refusal`] with everything wrong in it.
    pub fn parse_with(
        file: &str,
        text: &str,
        environment: &Environment,
        files: &BTreeMap<PathBuf, String>,
    ) -> Result<Self, Refusal> {
        let mut files = |path: &Path| {
            let missing = || io::Error::new(io::ErrorKind::NotFound, "it was not kept");
            files.get(path).cloned().ok_or_else(missing)
        };
        read::parse(file, text, environment, |config, complaints| {
            check::gateway(config, &mut files, None, complaints);
        })
    }
}
