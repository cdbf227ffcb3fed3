//! The aggregate and its verbs.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sipx_sip::HeaderName;
use sipx_sip::message::Request as SipRequest;
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Expiry, Owner, Purpose, SessionTimer};
use super::location::Question;
use super::session::{Ours, Role, Session, State};
use super::{
    Bodies, Flow, Headers, Indication, Listener, PeerConfig, PeerId, PeerNews, Policy, Request,
    RequestError, SessionId, Strangers, Transport, message,
};
use crate::chance::Seed;

/// Configuration of an [`Endpoint`].
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Our addresses as peers reach them: they stand in Via and Contact. The first one of a
    /// transport and address family is used.
    pub listeners: Vec<Listener>,
    /// The peers that are known by name.
    pub peers: Vec<PeerConfig>,
    /// What becomes of requests of others.
    pub strangers: Strangers,
    /// User-Agent and Server.
    pub user_agent: String,
    /// T1, round-trip time estimate (RFC 3261 §17.1.1.1).
    pub t1: Duration,
    /// T2, longest interval between retransmissions.
    pub t2: Duration,
    /// T4, how long a message stays in the network.
    pub t4: Duration,
    /// Seed of tags, branches, Call-IDs, nonces and boundaries. Two endpoints that talk to the
    /// same peers, or two runs of one, need different seeds; peers must not know it.
    pub seed: Seed,
    /// Policy of new sessions.
    pub policy: Policy,
    /// Shortest session interval accepted (Min-SE), at least 90 s.
    pub min_session_expires: Duration,
}

impl EndpointConfig {
    /// The timers of RFC 3261 and an address, by UDP.
    #[must_use]
    pub fn new(listen: SocketAddr, seed: impl Into<Seed>) -> Self {
        Self {
            listeners: vec![Listener::new(Transport::Udp, listen)],
            peers: Vec::new(),
            strangers: Strangers::Accept,
            user_agent: concat!("Isthmus/", env!("CARGO_PKG_VERSION")).to_owned(),
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            seed: seed.into(),
            policy: Policy::default(),
            min_session_expires: Duration::from_secs(90),
        }
    }
}

/// What the endpoint has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "taken out one by one, and most are indications or datagrams"
)]
pub enum Output {
    /// A connection is needed for what follows: it is to be opened, and
    /// [`Endpoint::handle_connected`] or [`Endpoint::handle_disconnected`] told about it.
    Connect(Flow),
    /// A message to send, as one datagram or on the connection of its flow.
    Datagram(Flow, Bytes),
    /// News of a session.
    Indication(SessionId, Indication),
    /// A name server is to be asked; [`Endpoint::handle_resolved`] takes what it says.
    Resolve(Question),
    /// News of a peer.
    Peer(PeerId, PeerNews),
}

/// The sessions by our tag. Overlap signalling: several INVITEs of ours share one, and its Call-ID
/// (RFC 3578 §3.2).
#[derive(Debug, Default)]
pub(super) struct Tags(BTreeSet<(String, SessionId)>);

impl Tags {
    pub(super) fn insert(&mut self, tag: String, session: SessionId) {
        self.0.insert((tag, session));
    }

    fn remove(&mut self, tag: String, session: SessionId) {
        self.0.remove(&(tag, session));
    }

    /// The sessions with this tag, the first one begun first.
    pub(super) fn of(&self, tag: &str) -> impl Iterator<Item = SessionId> {
        let first = (tag.to_owned(), SessionId(0));
        let last = (tag.to_owned(), SessionId(u32::MAX));
        self.0.range(first..=last).map(|(_, session)| *session)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The SIP endpoint: UAS and UAC.
#[derive(Debug)]
pub struct Endpoint {
    pub(super) core: Core,
    pub(super) sessions: BTreeMap<SessionId, Session>,
    pub(super) tags: Tags,
    // Looked up by key only; their order reaches no output.
    pub(super) invites: HashMap<TransactionKey, SessionId>,
    last: u32,
}

impl Endpoint {
    /// An endpoint without sessions.
    #[must_use]
    pub fn new(config: EndpointConfig) -> Self {
        Self {
            core: Core::new(config),
            sessions: BTreeMap::new(),
            tags: Tags::default(),
            invites: HashMap::new(),
            last: 0,
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &EndpointConfig {
        &self.core.config
    }

    /// Sessions that live, those that only wait for late responses included.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.len()
    }

    /// A session for an outgoing [`Request::Invite`].
    pub fn new_session(&mut self) -> SessionId {
        self.last = self.last.wrapping_add(1);
        SessionId(self.last)
    }

    /// Carries out a request.
    ///
    /// # Errors
    /// [`RequestError`] for what cannot be asked now; nothing was sent then.
    pub fn request(
        &mut self,
        now: Instant,
        session: SessionId,
        request: Request,
    ) -> Result<(), RequestError> {
        let done = self.carry_out(now, session, request);
        self.sweep();
        done
    }

    fn carry_out(
        &mut self,
        now: Instant,
        id: SessionId,
        request: Request,
    ) -> Result<(), RequestError> {
        let name = request.name();
        let request = match request {
            Request::Invite(invite) if !self.sessions.contains_key(&id) => {
                return self.invite(now, id, *invite);
            }
            request => request,
        };
        let core = &mut self.core;
        let session = self
            .sessions
            .get_mut(&id)
            .filter(|session| {
                let told = matches!(request, Request::ReferProgress { .. });
                session.state != State::Terminated || told
            })
            .ok_or(RequestError::NoSession {
                session: id,
                request: name,
            })?;
        match request {
            Request::Invite(_) => Err(session.out_of_place(name)),
            Request::Progress {
                status,
                reason,
                bodies,
                headers,
            } => session.progress(core, now, status, reason, bodies, &headers),
            Request::Accept { bodies, headers } => session.accept(core, now, bodies, &headers),
            Request::Reject {
                status,
                reason,
                headers,
                bodies,
            } => session.reject(core, now, status, reason.as_deref(), &headers, &bodies),
            Request::Info { bodies } => session.info(core, now, bodies),
            Request::Bye { headers, bodies } => session.release(core, now, headers, bodies),
            Request::Cancel { headers } => session.cancel(core, now, headers),
            Request::Reinvite { bodies, headers } => {
                let ours = session.ours(false, bodies, headers);
                session.renegotiate(core, now, ours)
            }
            Request::Update { bodies, headers } => {
                let ours = session.ours(true, bodies, headers);
                session.renegotiate(core, now, ours)
            }
            Request::ReferProgress { status, reason } => {
                session.refer_progress(core, now, status, reason.as_deref())
            }
            Request::Answer {
                fork,
                bodies,
                headers,
            } => {
                let index = usize::from(fork);
                if session.owes_answer(index) {
                    session.answer_response(core, now, index, bodies, &headers)
                } else {
                    session.answer_pending(core, now, index, bodies, &headers)
                }
            }
            Request::Policy(policy) => {
                session.policy = policy;
                for dialog in &mut session.dialogs {
                    dialog.transfer = policy.transfer;
                }
                Ok(())
            }
        }
    }

    /// Takes a message: a datagram, or what [`framing`](super::framing) found on a connection.
    pub fn handle_datagram(&mut self, now: Instant, flow: Flow, octets: Bytes) {
        self.receive(now, flow, octets);
        self.sweep();
    }

    /// Takes the news that datagrams to this address do not get there: calls to it that nobody
    /// answered yet fail at once (RFC 3261 §8.1.3.1) instead of after 64*T1. Every other
    /// transaction goes on: its peer has been heard before.
    pub fn handle_unreachable(&mut self, now: Instant, remote: SocketAddr) {
        for (key, client) in self.core.unanswered(remote.into()) {
            if matches!(client.owner, Owner::Session(_, Purpose::Invite)) {
                let events = self.core.fail(now, &key);
                self.dispatch(now, client.flow, events);
            }
        }
        self.sweep();
    }

    /// Lets the timers that are due expire.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(expiry) = self.core.expired(now) {
            match expiry {
                Expiry::Transaction(key, timer) => {
                    let events = self.core.expire(now, &key, timer);
                    // A timer brings no message, so the flow is not looked at.
                    let flow = self.core.own();
                    self.dispatch(now, flow, events);
                }
                Expiry::Peer(id, timer) => self.core.on_peer_timer(now, id, timer),
                Expiry::Session(id, timer) => {
                    if let Some(session) = self.sessions.get_mut(&id) {
                        session.on_timer(&mut self.core, now, timer);
                    }
                }
            }
            self.sweep();
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.core.next_expiry()
    }

    /// The next output; to be drained before the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.core.outputs.pop_front()
    }

    /// The session of a request within a dialog: our tag names it, the Call-ID has to agree.
    pub(super) fn session_of(&mut self, request: &SipRequest) -> Option<(&mut Session, &mut Core)> {
        let tag = message::tag(&request.headers, &HeaderName::To);
        let call_id = message::value(&request.headers, &HeaderName::CallId)?;
        let from = message::tag(&request.headers, &HeaderName::From);
        let of_call = |id: &SessionId| {
            let session = self.sessions.get(id)?;
            let mut dialogs = session.dialogs.iter();
            dialogs.any(|d| d.call_id == call_id).then_some(session)
        };
        let is_peer = |id: &SessionId| of_call(id).is_some_and(|of| of.find(&from).is_some());
        // Where none has such a peer, the one that was begun last says so.
        let id = self.tags.of(&tag).find(is_peer).or_else(|| {
            let sessions = self.tags.of(&tag).filter(|id| of_call(id).is_some());
            sessions.last()
        })?;
        let session = self.sessions.get_mut(&id)?;
        Some((session, &mut self.core))
    }

    /// Forgets sessions that have nothing left to do.
    pub(super) fn sweep(&mut self) {
        while let Some(id) = self.core.ended.pop() {
            if self.core.is_live(id) {
                continue;
            }
            if let Some(session) = self.sessions.get(&id)
                && session.state == State::Terminated
                && session.subscription.is_none()
            {
                if let Role::Uas(uas) = &session.role {
                    self.invites.remove(&uas.key);
                }
                let Some(gone) = self.sessions.remove(&id) else {
                    continue;
                };
                self.tags.remove(gone.local_tag, id);
            }
        }
    }
}

impl Session {
    fn on_timer(&mut self, core: &mut Core, now: Instant, timer: SessionTimer) {
        match timer {
            SessionTimer::Provisional => self.on_provisional_timer(core, now),
            SessionTimer::Answer => self.on_answer_timer(core, now),
            SessionTimer::Cancel => self.on_cancel_timer(core, now),
            SessionTimer::Expires => self.on_expires_timer(core, now),
            SessionTimer::Retry => self.on_retry_timer(core, now),
            SessionTimer::Interval => self.on_interval_timer(core, now),
            SessionTimer::Subscription => self.on_subscription_timer(core, now),
        }
    }

    fn ours(&self, update: bool, bodies: Bodies, headers: Headers) -> Ours {
        Ours {
            update,
            bodies,
            headers,
            key: None,
            before: None,
            refresh: false,
            again: false,
        }
    }
}
