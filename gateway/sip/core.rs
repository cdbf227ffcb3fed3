//! Transactions, timers and outputs: the part of the endpoint that every procedure uses.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::{Duration, Instant};

use sipx_sip::message::{Message, Request, Response};
use sipx_sip::transaction::{
    ClientState, Dispatch, Output as Step, Reliability, Timer, Timers, TransactionKey,
    TransactionLayer, TuEvent,
};
use sipx_sip::{HeaderName, StatusCode};

use super::flows::Connections;
use super::identifiers::Identifiers;
use super::location::Way;
use super::names::Names;
use super::peers::{Peer, PeerId, PeerPurpose, PeerTimer};
use super::{EndpointConfig, Flow, Headers, Hop, Indication, Output, SessionId, message};

/// What a client transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Invite,
    Reinvite,
    Update,
    Prack,
    Info,
    Notify,
    Bye,
    /// BYE in a dialog that was not chosen, or after CANCEL.
    StrayBye,
    Cancel,
}

/// Whose a client transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Session(SessionId, Purpose),
    Peer(PeerId, PeerPurpose),
}

/// A client transaction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Client {
    pub(super) owner: Owner,
    pub(super) flow: Flow,
    /// The order in which they began.
    order: u64,
}

/// What joins copies of one request that took different ways (RFC 3261 §8.2.2.2).
pub(super) type MergeKey = (String, String, String);

#[derive(Debug)]
struct Server {
    flow: Flow,
    /// Where responses go when the connection of the request is closed (RFC 3261 §18.2.2).
    back: Flow,
    merge: Option<MergeKey>,
}

/// A timer of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum SessionTimer {
    /// Retransmission of a reliable provisional response (RFC 3262 §3).
    Provisional,
    /// Retransmission of our 200 (RFC 3261 §13.3.1.4).
    Answer,
    /// No final response after CANCEL (RFC 3261 §9.1).
    Cancel,
    /// Expires of the INVITE (RFC 3261 §13.3.1).
    Expires,
    /// Another try after 491 (RFC 3261 §14.1).
    Retry,
    /// Refresh of the session, or its end (RFC 4028 §10).
    Interval,
    /// End of the subscription of a REFER (RFC 3515 §2.4.4).
    Subscription,
}

impl SessionTimer {
    const ALL: [Self; 7] = [
        Self::Provisional,
        Self::Answer,
        Self::Cancel,
        Self::Expires,
        Self::Retry,
        Self::Interval,
        Self::Subscription,
    ];
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Expiry {
    Transaction(TransactionKey, Timer),
    Session(SessionId, SessionTimer),
    Peer(PeerId, PeerTimer),
}

/// A transaction user event with the client transaction it belongs to.
pub(super) struct Event {
    pub(super) key: TransactionKey,
    pub(super) client: Option<Client>,
    /// The request that a final response may want changed: on a stream the transaction that had
    /// it is over already.
    pub(super) sent: Option<Request>,
    pub(super) event: TuEvent,
}

/// Whether the network retransmits.
fn reliability(flow: Flow) -> Reliability {
    if flow.transport.is_stream() {
        Reliability::Reliable
    } else {
        Reliability::Unreliable
    }
}

#[derive(Debug)]
pub(super) struct Core {
    pub(super) config: EndpointConfig,
    pub(super) identifiers: Identifiers,
    pub(super) outputs: VecDeque<Output>,
    /// Sessions that may have come to their end.
    pub(super) ended: Vec<SessionId>,
    pub(super) connections: Connections,
    pub(super) peers: Vec<Peer>,
    pub(super) names: Names,
    layer: TransactionLayer,
    // Looked up by key only; their order reaches no output.
    clients: HashMap<TransactionKey, Client>,
    /// The client transactions of each hop in the order of their beginning.
    by_hop: BTreeMap<(Hop, u64), TransactionKey>,
    servers: HashMap<TransactionKey, Server>,
    merged: HashMap<MergeKey, TransactionKey>,
    /// Live client transactions of each session.
    live: BTreeMap<SessionId, usize>,
    queue: BTreeMap<(Instant, u64), Expiry>,
    armed: HashMap<Expiry, (Instant, u64)>,
    order: u64,
}

impl Core {
    pub(super) fn new(config: EndpointConfig) -> Self {
        let timers = Timers {
            t1: config.t1,
            t2: config.t2,
            t4: config.t4,
        };
        let ways: Vec<Way> = config
            .listeners
            .iter()
            .map(|listener| (listener.transport, listener.address.is_ipv4()))
            .collect();
        Self {
            identifiers: Identifiers::new(&config.seed),
            outputs: VecDeque::new(),
            ended: Vec::new(),
            connections: Connections::default(),
            peers: config
                .peers
                .iter()
                .map(|peer| Peer::new(peer.clone(), ways.clone()))
                .collect(),
            names: Names::new(ways),
            layer: TransactionLayer::new(timers),
            clients: HashMap::new(),
            by_hop: BTreeMap::new(),
            servers: HashMap::new(),
            merged: HashMap::new(),
            live: BTreeMap::new(),
            queue: BTreeMap::new(),
            armed: HashMap::new(),
            order: 0,
            config,
        }
    }

    // --- timers ---

    /// 64*T1.
    pub(super) fn timeout(&self) -> Duration {
        self.config.t1 * 64
    }

    pub(super) fn arm(&mut self, at: Instant, expiry: Expiry) {
        self.disarm(&expiry);
        self.order += 1;
        let place = (at, self.order);
        self.queue.insert(place, expiry.clone());
        self.armed.insert(expiry, place);
    }

    pub(super) fn disarm(&mut self, expiry: &Expiry) {
        if let Some(place) = self.armed.remove(expiry) {
            self.queue.remove(&place);
        }
    }

    pub(super) fn start(&mut self, at: Instant, session: SessionId, timer: SessionTimer) {
        self.arm(at, Expiry::Session(session, timer));
    }

    pub(super) fn stop(&mut self, session: SessionId, timer: SessionTimer) {
        self.disarm(&Expiry::Session(session, timer));
    }

    /// Stops what runs for the call; a subscription goes on without it (RFC 5057 §4.1).
    pub(super) fn stop_all(&mut self, session: SessionId) {
        for timer in SessionTimer::ALL {
            if timer != SessionTimer::Subscription {
                self.stop(session, timer);
            }
        }
    }

    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    /// The next timer that is due, and when it was.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Expiry> {
        if self.next_expiry()? > now {
            return None;
        }
        let (_, expiry) = self.queue.pop_first()?;
        self.armed.remove(&expiry);
        Some(expiry)
    }

    // --- outputs ---

    pub(super) fn indicate(&mut self, session: SessionId, indication: Indication) {
        self.outputs
            .push_back(Output::Indication(session, indication));
    }

    // --- client transactions ---

    /// Sends a request by a new client transaction.
    pub(super) fn call(
        &mut self,
        now: Instant,
        session: SessionId,
        purpose: Purpose,
        request: Request,
        flow: Flow,
    ) -> Option<TransactionKey> {
        self.call_for(now, Owner::Session(session, purpose), request, flow)
    }

    /// The same for a request that may belong to no session.
    pub(super) fn call_for(
        &mut self,
        now: Instant,
        owner: Owner,
        request: Request,
        flow: Flow,
    ) -> Option<TransactionKey> {
        let (key, steps) = self.layer.send_request(request, reliability(flow))?;
        self.order += 1;
        let client = Client {
            owner,
            flow,
            order: self.order,
        };
        self.clients.insert(key.clone(), client);
        self.by_hop.insert((flow.hop(), self.order), key.clone());
        if let Owner::Session(session, _) = owner {
            *self.live.entry(session).or_default() += 1;
        }
        self.run(now, &key, steps);
        Some(key)
    }

    /// The request of a client transaction.
    pub(super) fn sent(&self, key: &TransactionKey) -> Option<&Request> {
        self.layer.client_request(key)
    }

    /// Whether the session has client transactions that may still bring responses.
    pub(super) fn is_live(&self, session: SessionId) -> bool {
        self.live.contains_key(&session)
    }

    /// The client transactions of a hop that nobody has answered yet, the oldest first.
    pub(super) fn unanswered(&self, hop: Hop) -> Vec<(TransactionKey, Client)> {
        let of_hop = self.by_hop.range((hop, 0)..=(hop, u64::MAX));
        let waits = |key: &&TransactionKey| {
            matches!(
                self.layer.client_state(key),
                Some(ClientState::Calling | ClientState::Trying)
            )
        };
        of_hop
            .map(|(_, key)| key)
            .filter(waits)
            .filter_map(|key| Some((key.clone(), *self.clients.get(key)?)))
            .collect()
    }

    /// The transport failed for a client transaction.
    pub(super) fn fail(&mut self, now: Instant, key: &TransactionKey) -> Vec<Event> {
        let steps = self.layer.on_transport_error(key);
        self.run(now, key, steps)
    }

    /// Gives a client transaction up without waiting for its end.
    pub(super) fn abandon(&mut self, now: Instant, key: &TransactionKey) {
        let steps = self.layer.on_transport_error(key);
        for timer in Timer::ALL {
            self.disarm(&Expiry::Transaction(key.clone(), timer));
        }
        self.run(now, key, steps);
    }

    // --- server transactions ---

    /// Hands a message to the layer; `Err` gives back an ACK that belongs to a 2xx. Responses to a
    /// request go `flow`, or `back` when that is a connection that is closed.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        (flow, back): (Flow, Flow),
        message: Message,
        merge: Option<MergeKey>,
    ) -> Result<Vec<Event>, Box<Message>> {
        let sent = match &message {
            Message::Response(response) if matches!(response.status.code(), 401 | 407 | 423) => {
                TransactionKey::from_response(response).and_then(|key| self.sent(&key).cloned())
            }
            _ => None,
        };
        match self.layer.receive(message, reliability(flow)) {
            Dispatch::Matched { key, outputs } => {
                let mut events = self.run(now, &key, outputs);
                if let Some(event) = events.first_mut() {
                    event.sent = sent;
                }
                Ok(events)
            }
            Dispatch::Created { key, outputs } => {
                if let Some(merge) = &merge {
                    self.merged
                        .entry(merge.clone())
                        .or_insert_with(|| key.clone());
                }
                self.servers
                    .insert(key.clone(), Server { flow, back, merge });
                Ok(self.run(now, &key, outputs))
            }
            Dispatch::Unmatched(message) => Err(message),
        }
    }

    /// Whether another transaction carries the same request (RFC 3261 §8.2.2.2).
    pub(super) fn is_merged(&self, merge: &MergeKey, key: &TransactionKey) -> bool {
        self.merged.get(merge).is_some_and(|first| first != key)
    }

    /// Whether a server transaction of this key lives.
    pub(super) fn serves(&self, key: &TransactionKey) -> bool {
        self.servers.contains_key(key)
    }

    /// Sends a response by its server transaction.
    pub(super) fn respond(&mut self, now: Instant, key: &TransactionKey, response: Response) {
        let steps = self.layer.send_response(key, response);
        self.run(now, key, steps);
    }

    /// Answers a request without bodies, with a tag of its own unless `to_tag` is given.
    pub(super) fn answer(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        status: u16,
        to_tag: Option<&str>,
        headers: &Headers,
    ) {
        let fresh;
        let to_tag = match to_tag {
            Some(tag) => tag,
            None => {
                fresh = self.identifiers.tag();
                &fresh
            }
        };
        let tag = (status > 100).then_some(to_tag);
        let Ok(mut response) = message::response(request, status, None, tag) else {
            return;
        };
        if message::put_all(&mut response.headers, headers)
            .and_then(|()| self.put_server(&mut response))
            .and_then(|()| message::put(&mut response.headers, HeaderName::ContentLength, "0"))
            .is_ok()
        {
            self.respond(now, key, response);
        }
    }

    /// Adds Server, except to 100.
    pub(super) fn put_server(&self, response: &mut Response) -> Result<(), super::RequestError> {
        if StatusCode::new(100) == Some(response.status) {
            return Ok(());
        }
        message::put(
            &mut response.headers,
            HeaderName::Server,
            self.config.user_agent.clone(),
        )
    }

    // --- the driver of the transaction layer ---

    pub(super) fn expire(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        timer: Timer,
    ) -> Vec<Event> {
        let steps = self.layer.on_timer(key, timer);
        self.run(now, key, steps)
    }

    fn run(&mut self, now: Instant, key: &TransactionKey, steps: Vec<Step>) -> Vec<Event> {
        let client = self.clients.get(key).copied();
        let flow = client
            .map(|client| client.flow)
            .or_else(|| self.servers.get(key).map(|server| self.way_back(server)));
        let mut events = Vec::new();
        for step in steps {
            match step {
                Step::Send(message) => {
                    if let Some(flow) = flow {
                        self.send(flow, message.to_bytes());
                    }
                }
                Step::SetTimer { timer, after } => {
                    self.arm(now + after, Expiry::Transaction(key.clone(), timer));
                }
                Step::ClearTimer(timer) => {
                    self.disarm(&Expiry::Transaction(key.clone(), timer));
                }
                Step::ToTu(event) => events.push(Event {
                    key: key.clone(),
                    client,
                    sent: None,
                    event: *event,
                }),
                Step::Terminated(_) => self.forget(key),
                // The enum is open; what this version of the layer emits is above.
                _ => {}
            }
        }
        events
    }

    fn way_back(&self, server: &Server) -> Flow {
        if self.connections.leads(server.flow) {
            server.flow
        } else {
            server.back
        }
    }

    fn forget(&mut self, key: &TransactionKey) {
        for timer in Timer::ALL {
            self.disarm(&Expiry::Transaction(key.clone(), timer));
        }
        let client = self.clients.remove(key);
        if let Some(client) = client {
            self.by_hop.remove(&(client.flow.hop(), client.order));
        }
        if let Some(Owner::Session(session, _)) = client.map(|client| client.owner) {
            if let Some(count) = self.live.get_mut(&session) {
                *count -= 1;
                if *count == 0 {
                    self.live.remove(&session);
                }
            }
            self.ended.push(session);
        }
        if let Some(Server {
            merge: Some(merge), ..
        }) = self.servers.remove(key)
            && self.merged.get(&merge) == Some(key)
        {
            self.merged.remove(&merge);
        }
    }

    /// How many transactions are alive, clients and servers.
    #[cfg(test)]
    pub(super) fn transactions(&self) -> (usize, usize) {
        self.layer.len()
    }
}
