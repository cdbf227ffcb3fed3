//! What a peer saw, so that checks can be made on it afterwards.

use std::time::Instant;

use bytes::Bytes;
use sipx_sip::headers::{From, To};
use sipx_sip::rel::RSeq;
use sipx_sip::{CSeq, Header, HeaderName, Message, Reason};

use super::{Bodies, CallId, CallState};

/// Something that a peer saw, did or found wrong.
#[derive(Debug, Clone)]
pub struct PeerEvent {
    /// When.
    pub at: Instant,
    /// The call it belongs to; none for messages outside of any call.
    pub call: Option<CallId>,
    /// What.
    pub kind: PeerEventKind,
}

/// What a peer saw, did or found wrong.
#[derive(Debug, Clone)]
pub enum PeerEventKind {
    /// A message arrived.
    Received(Box<SeenMessage>),
    /// A message was sent.
    Sent(Box<SeenMessage>),
    /// The call changed its state.
    State(CallState),
    /// The other side broke a rule, or something expected did not come: what and why.
    Fault(String),
}

/// A request's method or a response's status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// A request with this method.
    Request(String),
    /// A response with this status and reason phrase.
    Response(u16, String),
}

/// A Reason header (RFC 3326).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenReason {
    /// The protocol, as `Q.850` or `SIP`.
    pub protocol: String,
    /// The cause.
    pub cause: u16,
}

/// A message as seen on the wire.
#[derive(Debug, Clone)]
pub struct SeenMessage {
    /// Method or status.
    pub start: Start,
    /// Number of the CSeq.
    pub cseq: u32,
    /// Method of the CSeq.
    pub method: String,
    /// Call-ID.
    pub call_id: String,
    /// Tag of From.
    pub from_tag: Option<String>,
    /// Tag of To.
    pub to_tag: Option<String>,
    /// RSeq of a reliable provisional response (RFC 3262).
    pub rseq: Option<u32>,
    /// Reason headers.
    pub reasons: Vec<SeenReason>,
    /// Every header in order.
    pub headers: Vec<(String, String)>,
    /// The bodies.
    pub bodies: Bodies,
    /// Whether the same octets went the same way before: a retransmission.
    pub repeated: bool,
    /// The datagram.
    pub octets: Bytes,
}

impl SeenMessage {
    pub(super) fn new(message: &Message, octets: Bytes, repeated: bool) -> Self {
        let headers = message.headers();
        let cseq = headers.typed::<CSeq>().and_then(Result::ok);
        let tag = |tag: Option<&[u8]>| tag.map(lossy);
        Self {
            start: match message {
                Message::Request(request) => Start::Request(lossy(request.method.as_bytes())),
                Message::Response(response) => {
                    Start::Response(response.status.code(), lossy(&response.reason))
                }
            },
            cseq: cseq.as_ref().map_or(0, |cseq| cseq.sequence),
            method: cseq.map_or_else(String::new, |cseq| lossy(cseq.method.as_bytes())),
            call_id: headers
                .value(&HeaderName::CallId)
                .map_or_else(String::new, |value| lossy(&value)),
            from_tag: headers
                .typed::<From>()
                .and_then(Result::ok)
                .and_then(|from| tag(from.tag())),
            to_tag: headers
                .typed::<To>()
                .and_then(Result::ok)
                .and_then(|to| tag(to.tag())),
            rseq: headers
                .typed::<RSeq>()
                .and_then(Result::ok)
                .map(|rseq| rseq.0),
            reasons: headers
                .typed_all::<Reason>()
                .filter_map(Result::ok)
                .flat_map(|reason| reason.0)
                .map(|reason| SeenReason {
                    protocol: lossy(reason.protocol()),
                    cause: reason.cause(),
                })
                .collect(),
            headers: headers.iter().map(pair).collect(),
            bodies: Bodies::decode(headers, message.body()),
            repeated,
            octets,
        }
    }

    /// The status of a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.start {
            Start::Response(status, _) => Some(status),
            Start::Request(_) => None,
        }
    }

    /// Whether it is a request with this method.
    #[must_use]
    pub fn is_request(&self, method: &str) -> bool {
        matches!(&self.start, Start::Request(found) if found == method)
    }

    /// The value of the first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The cause of the `Reason: Q.850` header.
    #[must_use]
    pub fn q850(&self) -> Option<u16> {
        self.reasons
            .iter()
            .find(|reason| reason.protocol.eq_ignore_ascii_case("Q.850"))
            .map(|reason| reason.cause)
    }

    /// Name for a ladder: "INVITE", "183 Session Progress".
    #[must_use]
    pub fn name(&self) -> String {
        match &self.start {
            Start::Request(method) => method.clone(),
            Start::Response(status, reason) => format!("{status} {reason}"),
        }
    }
}

fn pair(header: &Header) -> (String, String) {
    (lossy(header.name().canonical()), lossy(&header.value()))
}

fn lossy(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
