//! The aggregate and its verbs.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Flow, Indication, Policy, Request, RequestError, SessionId};

/// Configuration of an [`Endpoint`].
#[derive(Debug, Clone)]
pub struct EndpointConfig {
    /// Our address as peers reach it: it stands in Via and Contact.
    pub listen: SocketAddr,
    /// User-Agent and Server.
    pub user_agent: String,
    /// T1, round-trip time estimate (RFC 3261 §17.1.1.1).
    pub t1: Duration,
    /// T2, longest interval between retransmissions.
    pub t2: Duration,
    /// T4, how long a message stays in the network.
    pub t4: Duration,
    /// Seed of tags, branches, Call-IDs and boundaries. Two endpoints that talk to the same
    /// peers, or two runs of one, need different seeds.
    pub seed: u64,
    /// Policy of new sessions.
    pub policy: Policy,
    /// Shortest session interval accepted (Min-SE), at least 90 s.
    pub min_session_expires: Duration,
}

impl EndpointConfig {
    /// The timers of RFC 3261 and an address.
    #[must_use]
    pub fn new(listen: SocketAddr, seed: u64) -> Self {
        Self {
            listen,
            user_agent: concat!("Isthmus/", env!("CARGO_PKG_VERSION")).to_owned(),
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            seed,
            policy: Policy::default(),
            min_session_expires: Duration::from_secs(90),
        }
    }
}

/// What the endpoint has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A datagram to send.
    Datagram(Flow, Bytes),
    /// News of a session.
    Indication(SessionId, Indication),
}

/// The SIP endpoint: UAS and UAC.
#[derive(Debug)]
pub struct Endpoint {
    config: EndpointConfig,
    outputs: VecDeque<Output>,
    sessions: u32,
}

impl Endpoint {
    /// An endpoint without sessions.
    #[must_use]
    pub fn new(config: EndpointConfig) -> Self {
        Self {
            config,
            outputs: VecDeque::new(),
            sessions: 0,
        }
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &EndpointConfig {
        &self.config
    }

    /// A session for an outgoing [`Request::Invite`].
    pub fn new_session(&mut self) -> SessionId {
        self.sessions = self.sessions.wrapping_add(1);
        SessionId(self.sessions)
    }

    /// Carries out a request.
    ///
    /// # Errors
    /// [`RequestError`] for what cannot be asked now; nothing was sent then.
    pub fn request(
        &mut self,
        _now: Instant,
        session: SessionId,
        _request: Request,
    ) -> Result<(), RequestError> {
        Err(RequestError::NoSession {
            session,
            request: "request",
        })
    }

    /// Takes a datagram.
    pub fn handle_datagram(&mut self, _now: Instant, _flow: Flow, _octets: Bytes) {}

    /// Lets the timers that are due expire.
    pub fn handle_timeout(&mut self, _now: Instant) {}

    /// When [`handle_timeout`](Self::handle_timeout) is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        None
    }

    /// The next output; to be drained before the next input.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}
