//! A scripted SIP user agent (RFC 3261) that calls and is called, and remembers all it saw.
//!
//! It has no socket and no clock: feed it with [`SipPeer::handle_datagram`] and
//! [`SipPeer::handle_timeout`], then drain [`SipPeer::poll_output`]. What it saw is in
//! [`SipPeer::events`].

mod body;
mod call;
mod called;
mod caller;
mod event;
mod refer;
mod request;
mod sdp;
#[cfg(test)]
mod tests;
mod transactions;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sipx_sip::{Limits, Message, Method, Timers, TransactionKey, TuEvent, parse_datagram};

pub use self::body::{Bodies, IsupBody, Part};
use self::call::{Call, Step};
pub use self::call::{CallState, Role};
pub use self::event::{PeerEvent, PeerEventKind, SeenMessage, SeenReason, Start};
pub use self::sdp::{Direction, Format, Sdp};
use self::transactions::Transactions;

/// A call of a peer: the n-th Call-ID it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u32);

/// A SIP user agent.
#[derive(Debug, Clone)]
pub struct SipPeerConfig {
    /// What it calls itself in `User-Agent`.
    pub name: String,
    /// Its own URI, as `sip:+49305550100@127.0.0.1`.
    pub uri: String,
    /// Where it receives SIP.
    pub address: SocketAddr,
    /// Where it sends its INVITEs.
    pub remote: SocketAddr,
    /// Where it receives RTP.
    pub media: SocketAddr,
    /// The formats it offers and accepts, best first.
    pub formats: Vec<Format>,
    /// Round trip estimate T1 (RFC 3261 section 17.1.1.1).
    pub t1: Duration,
    /// Makes tags, branches and Call-IDs differ between peers.
    pub seed: u64,
    /// What it does when called.
    pub answering: Answering,
}

impl SipPeerConfig {
    /// A telephone with PCMA and telephone-event that rings and answers at once.
    #[must_use]
    pub fn new(uri: &str, address: SocketAddr, remote: SocketAddr, media: SocketAddr) -> Self {
        Self {
            name: "lab".to_owned(),
            uri: uri.to_owned(),
            address,
            remote,
            media,
            formats: vec![Format::pcma(), Format::telephone_event(101)],
            t1: Duration::from_millis(500),
            seed: 1,
            answering: Answering::default(),
        }
    }
}

/// How a called peer behaves. The bodies of ISUP are those of RFC 3372 section 3: ACM in the
/// 18x, ANM in the 200.
#[derive(Debug, Clone)]
pub struct Answering {
    /// Refuse instead of ringing.
    pub reject: Option<Rejection>,
    /// From the INVITE to the provisional response.
    pub ring_after: Duration,
    /// The provisional response, 180 or 183.
    pub ring_status: u16,
    /// Send it reliably when the caller supports that (RFC 3262).
    pub reliable: bool,
    /// Put the SDP answer into the provisional response too.
    pub early_media: bool,
    /// From the provisional response to the 200; none: never answer.
    pub answer_after: Option<Duration>,
    /// From the ACK to the BYE; none: leave it to the caller.
    pub hang_up_after: Option<Duration>,
    /// ISUP for the provisional response.
    pub ring_isup: Option<IsupBody>,
    /// ISUP for the 200.
    pub answer_isup: Option<IsupBody>,
}

impl Default for Answering {
    fn default() -> Self {
        Self {
            reject: None,
            ring_after: Duration::from_millis(20),
            ring_status: 180,
            reliable: true,
            early_media: false,
            answer_after: Some(Duration::from_secs(1)),
            hang_up_after: None,
            ring_isup: None,
            answer_isup: None,
        }
    }
}

/// A final response that refuses a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// 300 to 699.
    pub status: u16,
    /// Reason phrase.
    pub reason: String,
    /// Value of `Reason: Q.850;cause=`.
    pub cause: Option<u8>,
}

/// What a caller says about reliable provisional responses (RFC 3262 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reliable {
    /// Nothing.
    Off,
    /// `Supported: 100rel`.
    #[default]
    Supported,
    /// `Require: 100rel`.
    Required,
}

/// A call to make.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// Request-URI and To, as `sip:+49305550001@127.0.0.1:5060`.
    pub to: String,
    /// Further headers.
    pub headers: Vec<(String, String)>,
    /// ISUP beside the SDP.
    pub isup: Option<IsupBody>,
    /// Whether the INVITE carries the offer; else the 200 must.
    pub offer: bool,
    /// Reliable provisional responses.
    pub reliable: Reliable,
    /// CANCEL after this time.
    pub cancel_after: Option<Duration>,
    /// BYE this time after the 200.
    pub hang_up_after: Option<Duration>,
}

impl Invitation {
    /// A call with an offer and `Supported: 100rel`.
    #[must_use]
    pub fn new(to: &str) -> Self {
        Self {
            to: to.to_owned(),
            headers: Vec::new(),
            isup: None,
            offer: true,
            reliable: Reliable::Supported,
            cancel_after: None,
            hang_up_after: None,
        }
    }
}

/// What a peer was asked and cannot do.
#[derive(Debug, thiserror::Error)]
pub enum PeerError {
    /// A URI, header or body that SIP does not allow.
    #[error("cannot build the {what}: {source}")]
    Build {
        /// The message.
        what: &'static str,
        /// Why.
        source: sipx_sip::BuildError,
    },
    /// A URI that is none.
    #[error("`{uri}` is not a SIP URI: {source}")]
    Uri {
        /// The text.
        uri: String,
        /// Why.
        source: sipx_sip::UriError,
    },
    /// A call that is not in a state for the request.
    #[error("{call:?} is {state:?}: {expected} is needed")]
    State {
        /// The call.
        call: CallId,
        /// Its state; none when there is no such call.
        state: Option<CallState>,
        /// What the request needs.
        expected: &'static str,
    },
}

/// What a peer wants done.
#[derive(Debug, Clone)]
pub enum Output {
    /// Put this on the wire.
    Datagram {
        /// The destination.
        to: SocketAddr,
        /// The message.
        octets: Bytes,
    },
    /// The other side's session description, when it came or changed.
    Media {
        /// The call.
        call: CallId,
        /// Where and how to send; none when the call is over.
        remote: Option<Sdp>,
    },
}

/// A scripted SIP user agent.
#[derive(Debug)]
pub struct SipPeer {
    config: SipPeerConfig,
    transactions: Transactions,
    calls: BTreeMap<CallId, Call>,
    /// Call-IDs in the order they were seen: the index is the [`CallId`].
    call_ids: Vec<String>,
    /// Which call a client transaction belongs to. Looked up only.
    clients: HashMap<TransactionKey, (CallId, Method)>,
    steps: BTreeMap<(Instant, u64), (CallId, Step)>,
    /// Counts everything that needs a unique name or number.
    serial: u64,
    outputs: VecDeque<Output>,
    events: Vec<PeerEvent>,
    /// Datagrams sent (true) and received (false). Looked up only.
    seen: HashSet<(bool, Bytes)>,
}

impl SipPeer {
    /// A peer without calls.
    #[must_use]
    pub fn new(config: SipPeerConfig) -> Self {
        let timers = Timers {
            t1: config.t1,
            ..Timers::default()
        };
        Self {
            config,
            transactions: Transactions::new(timers),
            calls: BTreeMap::new(),
            call_ids: Vec::new(),
            clients: HashMap::new(),
            steps: BTreeMap::new(),
            serial: 0,
            outputs: VecDeque::new(),
            events: Vec::new(),
            seen: HashSet::new(),
        }
    }

    /// What it was made with.
    #[must_use]
    pub fn config(&self) -> &SipPeerConfig {
        &self.config
    }

    /// Changes what it does when called from now on.
    pub fn set_answering(&mut self, answering: Answering) {
        self.config.answering = answering;
    }

    /// All that was seen, in order.
    #[must_use]
    pub fn events(&self) -> &[PeerEvent] {
        &self.events
    }

    /// The messages of a call, sent (true) and received (false), in order.
    pub fn messages(&self, call: CallId) -> impl Iterator<Item = (Instant, bool, &SeenMessage)> {
        self.events
            .iter()
            .filter(move |event| event.call == Some(call))
            .filter_map(|event| match &event.kind {
                PeerEventKind::Sent(message) => Some((event.at, true, &**message)),
                PeerEventKind::Received(message) => Some((event.at, false, &**message)),
                _ => None,
            })
    }

    /// What went wrong, in order.
    pub fn faults(&self) -> impl Iterator<Item = &str> {
        self.events.iter().filter_map(|event| match &event.kind {
            PeerEventKind::Fault(fault) => Some(fault.as_str()),
            _ => None,
        })
    }

    /// The calls so far, those that are over included.
    pub fn calls(&self) -> impl Iterator<Item = (CallId, Role, CallState)> {
        self.calls
            .iter()
            .map(|(id, call)| (*id, call.role, call.state))
    }

    /// The state of a call.
    #[must_use]
    pub fn state(&self, call: CallId) -> Option<CallState> {
        self.calls.get(&call).map(|call| call.state)
    }

    /// The other side's session description.
    #[must_use]
    pub fn remote_sdp(&self, call: CallId) -> Option<&Sdp> {
        self.calls.get(&call)?.remote_sdp.as_ref()
    }

    /// Takes a datagram from the network.
    pub fn handle_datagram(&mut self, now: Instant, from: SocketAddr, octets: &[u8]) {
        let octets = Bytes::copy_from_slice(octets);
        let message = match parse_datagram(octets.clone(), &Limits::datagram()) {
            Ok(message) => message,
            Err(error) => return self.fault(now, None, format!("from {from}: {error}")),
        };
        let repeated = !self.seen.insert((false, octets.clone()));
        let seen = SeenMessage::new(&message, octets, repeated);
        let call = self.call_of(&seen);
        self.log(now, call, PeerEventKind::Received(Box::new(seen)));
        if let Some(stray) = self.transactions.receive(now, from, message) {
            match stray {
                Message::Request(ack) if ack.method == Method::Ack => self.acknowledged(now, &ack),
                Message::Response(response) => self.stray_response(now, call, &response),
                Message::Request(request) => {
                    let method = request.method;
                    self.fault(now, call, format!("{method} belongs to no transaction"));
                }
            }
        }
        self.work(now, from);
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.transactions.handle_timeout(now);
        self.work(now, self.config.remote);
        while let Some(entry) = self.steps.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let (call, step) = entry.remove();
            self.step(now, call, step);
        }
        self.work(now, self.config.remote);
    }

    /// When [`Self::handle_timeout`] is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let step = self.steps.keys().next().map(|(at, _)| *at);
        step.into_iter()
            .chain(self.transactions.poll_timeout())
            .min()
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Moves what the transactions brought up to the calls, and what they sent to the outputs.
    fn work(&mut self, now: Instant, from: SocketAddr) {
        while let Some((key, event)) = self.transactions.events.pop_front() {
            match event {
                TuEvent::Request(request) => self.requested(now, from, key, *request),
                TuEvent::Response(response) => self.responded(now, &key, &response),
                TuEvent::Ack(ack) => self.acknowledged(now, &ack),
                TuEvent::Timeout | TuEvent::TransportError => self.timed_out(now, &key),
                _ => {}
            }
        }
        self.flush(now);
    }

    /// Logs and outputs the messages that the transactions sent.
    fn flush(&mut self, now: Instant) {
        while let Some((to, message)) = self.transactions.messages.pop_front() {
            let octets = message.to_bytes();
            let repeated = !self.seen.insert((true, octets.clone()));
            let seen = SeenMessage::new(&message, octets.clone(), repeated);
            let call = self.call_of(&seen);
            self.log(now, call, PeerEventKind::Sent(Box::new(seen)));
            self.outputs.push_back(Output::Datagram { to, octets });
        }
    }

    /// The call by Call-ID; a new one for an INVITE with a new Call-ID.
    fn call_of(&mut self, message: &SeenMessage) -> Option<CallId> {
        let known = self.call_ids.iter().position(|id| *id == message.call_id);
        let index = match known {
            Some(index) => index,
            None if message.is_request("INVITE") => {
                self.call_ids.push(message.call_id.clone());
                self.call_ids.len() - 1
            }
            None => return None,
        };
        u32::try_from(index).ok().map(CallId)
    }

    fn log(&mut self, at: Instant, call: Option<CallId>, kind: PeerEventKind) {
        self.events.push(PeerEvent { at, call, kind });
    }

    fn fault(&mut self, now: Instant, call: Option<CallId>, what: String) {
        self.log(now, call, PeerEventKind::Fault(what));
    }

    fn set_state(&mut self, now: Instant, id: CallId, state: CallState) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.state != state) else {
            return;
        };
        call.state = state;
        if state == CallState::Terminated {
            let (call, remote) = (id, None);
            self.outputs.push_back(Output::Media { call, remote });
        }
        self.log(now, Some(id), PeerEventKind::State(state));
    }

    /// Takes the other side's session description, when there is one.
    fn set_remote_sdp(&mut self, now: Instant, id: CallId, sdp: Option<&Bytes>) {
        let Some(octets) = sdp else { return };
        let Some(remote) = Sdp::decode(octets) else {
            return self.fault(now, Some(id), "the SDP has no audio stream".to_owned());
        };
        if let Some(call) = self.calls.get_mut(&id) {
            if call.remote_sdp.as_ref() == Some(&remote) {
                return;
            }
            call.remote_sdp = Some(remote.clone());
            let (call, remote) = (id, Some(remote));
            self.outputs.push_back(Output::Media { call, remote });
        }
    }

    fn schedule(&mut self, at: Instant, call: CallId, step: Step) {
        self.serial += 1;
        self.steps.insert((at, self.serial), (call, step));
    }

    /// A name that no other peer of another seed makes (splitmix64 of seed and count).
    fn unique(&mut self) -> String {
        self.serial += 1;
        let mut word = self
            .config
            .seed
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(self.serial.wrapping_mul(0xBF58_476D_1CE4_E5B9));
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        format!("{:016x}", word ^ (word >> 31))
    }
}
