//! The peers that are known by name: where they are, what they may, how they are.
//!
//! Who nobody knows is refused before anything is kept of it. The procedures of a peer that
//! belong to no call have files of their own: [`location`](super::location), `registration`,
//! `keep_alive`.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use sipx_sip::HeaderName;
use sipx_sip::message::{Method, Request, Response};
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Expiry};
use super::digest::{Account, Answers, Nonces, Protection, Verdict};
use super::endpoint::Endpoint;
use super::keep_alive::Health;
use super::location::{Answer, Location, Question, Target, Way};
use super::registration::{Registration, RegistrationConfig};
use super::{Flow, Headers, Hop, Output, Transport, message};

/// A peer, by its place in [`EndpointConfig::peers`](super::EndpointConfig::peers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PeerId(pub u16);

/// What is known of a peer.
#[derive(Debug, Clone)]
pub struct PeerConfig {
    /// Where it is.
    pub target: Target,
    /// By which transport; by NAPTR and SRV when `None`, by UDP when those know nothing.
    pub transport: Option<Transport>,
    /// Where its requests come from; its own addresses when empty.
    pub sources: Vec<Network>,
    /// What its certificate has to show.
    pub certificate: Certificate,
    /// What we answer its challenges with.
    pub account: Option<Account>,
    /// What it has to answer to ours.
    pub protection: Option<Protection>,
    /// Our registration with it.
    pub registration: Option<RegistrationConfig>,
    /// How often it is asked by OPTIONS whether it is there.
    pub options: Option<Duration>,
    /// A request of more octets goes by TCP instead of UDP (RFC 3261 §18.1.1).
    pub tcp_above: Option<usize>,
}

impl PeerConfig {
    /// A peer at this place that has to show nothing.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            transport: None,
            sources: Vec::new(),
            certificate: Certificate::Any,
            account: None,
            protection: None,
            registration: None,
            options: None,
            tcp_above: None,
        }
    }
}

/// What the certificate of a TLS peer has to show for its requests to be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// Nothing.
    Any,
    /// That an authority that we believe has signed it.
    Signed,
    /// That it is also right for one of these names.
    Named(Vec<String>),
}

/// What becomes of requests from addresses that are no peer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strangers {
    /// They are taken: an endpoint without peers.
    #[serde(skip)]
    Accept,
    /// 403, without a transaction.
    #[default]
    Refuse,
    /// Nothing, as if nobody was there.
    Drop,
}

/// Addresses with a prefix in common: `192.0.2.0/24`, `2001:db8::/32`, `192.0.2.7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address is one of them.
    #[must_use]
    pub fn contains(self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differ = u32::from(own) ^ u32::from(other);
                differ.checked_shr(32 - u32::from(self.prefix)).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differ = u128::from(own) ^ u128::from(other);
                differ
                    .checked_shr(128 - u32::from(self.prefix))
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        let prefix = if address.is_ipv4() { 32 } else { 128 };
        Self { address, prefix }
    }
}

/// Text that names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no network: `{0}`, expected an IP address, or one with a prefix, as \"192.0.2.0/24\" or \"2001:db8::/32\""
)]
pub struct NoNetwork(pub String);

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let wrong = || NoNetwork(text.to_owned());
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let whole = Self::from(address.parse::<IpAddr>().map_err(|_| wrong())?);
        let Some(prefix) = prefix else {
            return Ok(whole);
        };
        let prefix = prefix.parse().map_err(|_| wrong())?;
        if prefix > whole.prefix {
            return Err(wrong());
        }
        Ok(Self { prefix, ..whole })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// News of a peer that belong to no call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PeerNews {
    /// It answers again, or an address of it was found.
    Available,
    /// No hop of it answers, or no address is known.
    Unavailable {
        /// Why.
        why: String,
    },
    /// We are registered with it for this time.
    Registered(Duration),
    /// We are not, and why; it is tried again after the time.
    NotRegistered {
        /// Why.
        why: String,
        /// When.
        again: Duration,
    },
    /// We are not any more, as we asked.
    Deregistered,
}

impl fmt::Display for PeerNews {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Available => f.write_str("available"),
            Self::Unavailable { why } => write!(f, "unavailable: {why}"),
            Self::Registered(life) => write!(f, "registered for {life:?}"),
            Self::NotRegistered { why, again } => {
                write!(f, "not registered: {why}; again in {again:?}")
            }
            Self::Deregistered => f.write_str("deregistered"),
        }
    }
}

/// A timer of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum PeerTimer {
    /// What the name server said has grown old.
    Location,
    /// OPTIONS is due.
    Options,
    /// REGISTER is due.
    Registration,
}

/// A client transaction of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PeerPurpose {
    Options,
    Register,
}

#[derive(Debug)]
pub(super) struct Peer {
    pub(super) config: PeerConfig,
    pub(super) location: Location,
    pub(super) answers: Answers,
    pub(super) nonces: Nonces,
    /// The hops that OPTIONS went to.
    pub(super) health: BTreeMap<Hop, Health>,
    pub(super) registration: Option<Registration>,
    pub(super) available: bool,
}

impl Peer {
    pub(super) fn new(config: PeerConfig, ways: Vec<Way>) -> Self {
        let known = matches!(config.target, Target::Address(_));
        Self {
            location: Location::new(config.target.clone(), config.transport, ways),
            registration: config.registration.clone().map(Registration::new),
            config,
            answers: Answers::default(),
            nonces: Nonces::default(),
            health: BTreeMap::new(),
            available: known,
        }
    }

    fn is_alive(&self, hop: Hop) -> bool {
        self.health.get(&hop).is_none_or(|health| health.alive)
    }

    fn accepts(&self, source: IpAddr) -> bool {
        match self.config.sources.as_slice() {
            [] => self.location.hops().any(|hop| hop.address.ip() == source),
            sources => sources.iter().any(|network| network.contains(source)),
        }
    }

    /// A peer that is reached by TLS is one by TLS alone, with the certificate it has to have.
    fn is_proven(&self, flow: Flow, identity: Option<&[String]>) -> bool {
        let secure = self.config.transport == Some(Transport::Tls);
        if flow.transport != Transport::Tls {
            return !secure;
        }
        match (&self.config.certificate, identity) {
            _ if !secure => true,
            (Certificate::Any, _) => true,
            (Certificate::Signed, identity) => identity.is_some(),
            (Certificate::Named(names), Some(shown)) => {
                names.iter().any(|name| shown.contains(name))
            }
            (Certificate::Named(_), None) => false,
        }
    }
}

impl Core {
    pub(super) fn peer(&mut self, id: PeerId) -> Option<&mut Peer> {
        self.peers.get_mut(usize::from(id.0))
    }

    /// Whose request comes this way: of several peers at one host, the one that has the port.
    pub(super) fn peer_of(&self, flow: Flow) -> Option<PeerId> {
        let source = flow.remote.ip();
        let identity = self.connections.identity(flow);
        let mut found = self
            .peers
            .iter()
            .enumerate()
            .filter(|(_, peer)| peer.accepts(source) && peer.is_proven(flow, identity));
        let first = found.clone().next();
        let exact = found.find(|(_, peer)| peer.location.hops().any(|hop| hop == flow.hop()));
        let (index, _) = exact.or(first)?;
        Some(PeerId(u16::try_from(index).ok()?))
    }

    /// Tells the user, when it is news.
    pub(super) fn assess(&mut self, id: PeerId, why: &str) {
        let Some(peer) = self.peer(id) else { return };
        let available = peer.location.hops().any(|hop| peer.is_alive(hop));
        if std::mem::replace(&mut peer.available, available) == available {
            return;
        }
        let news = match available {
            true => PeerNews::Available,
            false => PeerNews::Unavailable {
                why: why.to_owned(),
            },
        };
        self.outputs.push_back(Output::Peer(id, news));
    }

    /// A request of ours outside any call, with an empty body.
    pub(super) fn plain(
        &mut self,
        method: Method,
        uri: &str,
        hop: Hop,
        headers: Headers,
    ) -> Option<(Request, Flow)> {
        use HeaderName as N;
        let flow = self.flow(hop);
        let mut request = Request::new(method, message::uri(uri, "Request-URI").ok()?);
        let fields = &mut request.headers;
        message::put(fields, N::Via, self.via(flow)).ok()?;
        message::put(fields, N::MaxForwards, "70").ok()?;
        for (name, value) in headers {
            let name = N::parse(&bytes::Bytes::from(name));
            message::put(fields, name, value).ok()?;
        }
        message::put(fields, N::UserAgent, self.config.user_agent.clone()).ok()?;
        message::put(fields, N::ContentLength, "0").ok()?;
        Some((request, flow))
    }

    /// 401 when the request needs credentials and has none that are right (RFC 3261 §22.2).
    /// Tells whether it may go on.
    pub(super) fn admit(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        peer: Option<PeerId>,
    ) -> bool {
        let core = &mut *self;
        let Some(peer) = peer.and_then(|id| core.peers.get_mut(usize::from(id.0))) else {
            return true;
        };
        let Some(protection) = &peer.config.protection else {
            return true;
        };
        let stale = match peer.nonces.judge(now, protection, request) {
            Verdict::Right => return true,
            Verdict::Wrong => false,
            Verdict::Stale => true,
        };
        let nonce = core.identifiers.nonce();
        let challenge = peer.nonces.challenge(now, protection, nonce, stale);
        self.answer(now, key, request, 401, None, &challenge);
        false
    }

    /// Where a request goes that is too large for a datagram to this peer (RFC 3261 §18.1.1).
    pub(super) fn too_large(
        &self,
        peer: Option<PeerId>,
        request: &Request,
        flow: Flow,
    ) -> Option<Hop> {
        let limit = self.peers.get(usize::from(peer?.0))?.config.tcp_above?;
        let mut octets = Vec::new();
        request.write_to(&mut octets);
        (flow.transport == Transport::Udp && octets.len() > limit)
            .then(|| Hop::new(Transport::Tcp, flow.remote))
    }

    fn search(&mut self, now: Instant, id: PeerId) {
        let Some(peer) = self.peer(id) else { return };
        let questions = peer.location.search(now);
        self.ask(id, questions.into_iter());
    }

    /// Asks the name server, and sees to it that it is asked again.
    fn ask(&mut self, id: PeerId, questions: impl Iterator<Item = Question>) {
        self.outputs.extend(questions.map(Output::Resolve));
        if let Some(at) = self.peer(id).and_then(|peer| peer.location.due) {
            self.arm(at, Expiry::Peer(id, PeerTimer::Location));
        }
    }

    fn ids(&self) -> impl Iterator<Item = PeerId> + use<> {
        (0..u16::try_from(self.peers.len()).unwrap_or(u16::MAX)).map(PeerId)
    }

    #[expect(clippy::too_many_arguments, reason = "a response and what it answers")]
    pub(super) fn on_peer_response(
        &mut self,
        now: Instant,
        id: PeerId,
        purpose: PeerPurpose,
        hop: Hop,
        key: &TransactionKey,
        sent: Option<&Request>,
        response: &Response,
    ) {
        if !response.status.is_final() {
            return;
        }
        match purpose {
            PeerPurpose::Options => {
                self.on_options_done(id, hop, key, Some(response.status.code()));
            }
            PeerPurpose::Register => {
                self.on_register_done(now, id, hop, key, Some((sent, response)));
            }
        }
    }

    pub(super) fn on_peer_lost(
        &mut self,
        now: Instant,
        id: PeerId,
        purpose: PeerPurpose,
        hop: Hop,
        key: &TransactionKey,
    ) {
        match purpose {
            PeerPurpose::Options => self.on_options_done(id, hop, key, None),
            PeerPurpose::Register => self.on_register_done(now, id, hop, key, None),
        }
    }

    pub(super) fn on_peer_timer(&mut self, now: Instant, id: PeerId, timer: PeerTimer) {
        match timer {
            PeerTimer::Location => self.search(now, id),
            PeerTimer::Options => self.keep_alive(now, id),
            PeerTimer::Registration => self.register(now, id),
        }
    }
}

impl Endpoint {
    /// Begins to look after the peers: finds them, registers with them, asks whether they live.
    pub fn start(&mut self, now: Instant) {
        for id in self.core.ids() {
            self.core.search(now, id);
            self.core.keep_alive(now, id);
            self.core.register(now, id);
        }
    }

    /// Takes what a name server said; `None` when it did not answer.
    pub fn handle_resolved(&mut self, now: Instant, question: &Question, answer: Option<&Answer>) {
        let further = self.core.names.answered(now, question, answer);
        self.core
            .outputs
            .extend(further.into_iter().map(Output::Resolve));
        for id in self.core.ids() {
            let Some(peer) = self.core.peer(id) else {
                continue;
            };
            let before = peer.location.hops().next().is_some();
            let questions = peer.location.answered(now, question, answer);
            let after = peer.location.hops().next().is_some();
            let known: Vec<Hop> = peer.location.hops().collect();
            peer.health.retain(|hop, _| known.contains(hop));
            self.core.ask(id, questions.into_iter());
            self.core.assess(id, "the name server knows no address");
            if after && !before {
                self.core.keep_alive(now, id);
                self.core.register(now, id);
            }
        }
    }

    /// The hops of a peer in the order in which a call tries them; those that do not answer
    /// OPTIONS are left out.
    pub fn hops(&mut self, id: PeerId) -> Vec<Hop> {
        let core = &mut self.core;
        let Some(peer) = core.peers.get(usize::from(id.0)) else {
            return Vec::new();
        };
        let mut hops = peer.location.order(&mut core.identifiers);
        hops.retain(|hop| peer.is_alive(*hop));
        hops
    }

    /// Whether a call can be sent to the peer.
    #[must_use]
    pub fn is_available(&self, id: PeerId) -> bool {
        let peer = self.core.peers.get(usize::from(id.0));
        peer.is_some_and(|peer| peer.available)
    }

    /// Whether anybody at this address may speak with us: what a listener asks before it takes a
    /// connection.
    #[must_use]
    pub fn hears(&self, source: IpAddr) -> bool {
        self.core.config.strangers == Strangers::Accept
            || self.core.peers.iter().any(|peer| peer.accepts(source))
    }

    /// The peer to whom a new connection is opened: it says what the certificate has to show.
    #[must_use]
    pub fn peer_at(&self, hop: Hop) -> Option<PeerId> {
        let has = |peer: &Peer| peer.location.hops().any(|own| own == hop);
        let index = self.core.peers.iter().position(has).or_else(|| {
            // Within a dialog the port of Contact may be another one.
            let ip = hop.address.ip();
            let same = |peer: &Peer| {
                let mut hops = peer.location.hops();
                hops.any(|own| (own.transport, own.address.ip()) == (hop.transport, ip))
            };
            self.core.peers.iter().position(same)
        })?;
        Some(PeerId(u16::try_from(index).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_of_its_prefix() {
        let cases = [
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
            ("0.0.0.0/0", "198.51.100.1", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "::1", true),
        ];
        for (network, address, within) in cases {
            let network: Network = network.parse().unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                within,
                "{network} {address}"
            );
        }
        for text in [
            "",
            "192.0.2.0/33",
            "2001:db8::/129",
            "192.0.2.0/",
            "example.net",
            "192.0.2.0/-1",
        ] {
            assert!(text.parse::<Network>().is_err(), "{text}");
        }
    }
}
