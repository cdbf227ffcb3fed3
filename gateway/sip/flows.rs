//! Which way messages go: listeners, connections, Via and Contact (RFC 3261 §18).

use std::collections::BTreeMap;
use std::time::Instant;

use bytes::Bytes;
use sipx_sip::{Host, Uri};

use super::core::Core;
use super::endpoint::Endpoint;
use super::{Flow, Hop, Identity, Output, Transport};

/// The connections there are, and those that are being opened.
#[derive(Debug, Default)]
pub(super) struct Connections(BTreeMap<Hop, Identity>);

impl Connections {
    /// Whether a message can go this way without a new connection.
    pub(super) fn leads(&self, flow: Flow) -> bool {
        !flow.transport.is_stream() || self.0.contains_key(&flow.hop())
    }

    /// What the certificate of the peer at the other end says.
    pub(super) fn identity(&self, flow: Flow) -> Option<&[String]> {
        self.0.get(&flow.hop())?.as_deref()
    }
}

impl Core {
    /// The flow from one of our listeners to a hop: one of its transport and address family.
    pub(super) fn flow(&self, hop: Hop) -> Flow {
        let listeners = &self.config.listeners;
        let of_transport = |listener: &&super::Listener| listener.transport == hop.transport;
        let local = listeners
            .iter()
            .filter(of_transport)
            .find(|listener| listener.address.is_ipv4() == hop.address.is_ipv4())
            .or_else(|| listeners.iter().find(of_transport))
            .or_else(|| listeners.first())
            .map_or(hop.address, |listener| listener.address);
        Flow::new(hop.transport, local, hop.address)
    }

    /// A flow from our first listener to itself, for what has no other.
    pub(super) fn own(&self) -> Flow {
        let first = self.config.listeners.first();
        let unspecified = (std::net::Ipv4Addr::UNSPECIFIED, 0).into();
        let address = first.map_or(unspecified, |listener| listener.address);
        let transport = first.map_or(Transport::Udp, |listener| listener.transport);
        Flow::new(transport, address, address)
    }

    /// Whether we can be answered by this transport.
    fn has(&self, transport: Transport) -> bool {
        let mut listeners = self.config.listeners.iter();
        listeners.any(|listener| listener.transport == transport)
    }

    /// Whether this is where a response to us is addressed to (RFC 3261 §18.1.2).
    pub(super) fn is_own(&self, host: &Host, port: u16) -> bool {
        self.config.listeners.iter().any(|listener| {
            listener.address.port() == port && host.equivalent(&Host::Ip(listener.address.ip()))
        })
    }

    /// The way of a request within a dialog: what its URI says. An open connection to the same
    /// host is used before a new one is opened, and `peer`, the way the peer's messages came, when
    /// nobody knows where the host is, or the URI asks for a transport that we do not speak.
    pub(super) fn way(&self, uri: &Uri, peer: Flow) -> Flow {
        let hop = hop_of(uri).or_else(|| self.names.hop(uri, peer));
        let Some(hop) = hop.filter(|hop| self.has(hop.transport)) else {
            return peer;
        };
        let same = (peer.transport, peer.remote.ip()) == (hop.transport, hop.address.ip());
        let flow = self.flow(hop);
        if same && !self.connections.leads(flow) && self.connections.leads(peer) {
            return peer;
        }
        flow
    }

    /// Contact for a peer at this flow. `secure` dialogs have a sips URI (RFC 3261 §12.1.1).
    pub(super) fn contact(&self, flow: Flow, secure: bool) -> String {
        let local = flow.local;
        match flow.transport {
            Transport::Tls if secure => format!("<sips:{local}>"),
            Transport::Udp => format!("<sip:{local}>"),
            transport => format!("<sip:{local};transport={transport}>"),
        }
    }

    /// A Via of ours with a new branch, asking for rport (RFC 3581 §3).
    pub(super) fn via(&mut self, flow: Flow) -> String {
        format!(
            "SIP/2.0/{} {};branch={};rport",
            flow.transport.token(),
            flow.local,
            self.identifiers.branch()
        )
    }

    /// Sends a message, and asks for the connection that it needs first.
    pub(super) fn send(&mut self, flow: Flow, octets: Bytes) {
        if !self.connections.leads(flow) {
            self.connections.0.entry(flow.hop()).or_default();
            self.outputs.push_back(Output::Connect(flow));
        }
        self.outputs.push_back(Output::Datagram(flow, octets));
    }
}

impl Endpoint {
    /// A connection stands, opened by either side.
    pub fn handle_connected(&mut self, flow: Flow, identity: Identity) {
        self.core.connections.0.insert(flow.hop(), identity);
    }

    /// A connection is closed, or could not be opened. Requests that went there and that nobody
    /// answered fail at once (RFC 3261 §17.1.4): a stream has no retransmissions that could
    /// still be answered.
    pub fn handle_disconnected(&mut self, now: Instant, flow: Flow) {
        self.core.connections.0.remove(&flow.hop());
        for (key, _) in self.core.unanswered(flow.hop()) {
            let events = self.core.fail(now, &key);
            self.dispatch(now, flow, events);
        }
        self.sweep();
    }
}

/// The hop that a URI names by its address.
pub(super) fn hop_of(uri: &Uri) -> Option<Hop> {
    let Host::Ip(ip) = uri.host()? else {
        return None;
    };
    let transport = transport_of(uri)?.unwrap_or(Transport::Udp);
    let port = uri.port().unwrap_or(transport.default_port());
    Some(Hop::new(transport, (*ip, port).into()))
}

/// The transport that a URI asks for, `Some(None)` when it asks for none; `None` for one that
/// nobody knows.
#[expect(clippy::option_option, reason = "asked for, not asked for, unknown")]
pub(super) fn transport_of(uri: &Uri) -> Option<Option<Transport>> {
    let named = match uri.transport() {
        Some(name) => Some(Transport::named(std::str::from_utf8(name).ok()?)?),
        None => None,
    };
    // RFC 3261 §26.2.2: sips is TLS over whatever transport it names.
    let secure = uri.scheme().is_secure();
    Some(if secure { Some(Transport::Tls) } else { named })
}
