//! What comes in, before a procedure sees it (RFC 3261 §8.2, §18).

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use sipx_sip::message::{Header, Message, Method, Request, Response};
use sipx_sip::parser::{Limits, parse_datagram};
use sipx_sip::transaction::{TransactionKey, TuEvent};
use sipx_sip::{Finding, HeaderName, Host, Scheme, Via, validate};

use super::core::{Client, Event, Owner, Purpose};
use super::endpoint::Endpoint;
use super::invite::merge_key;
use super::session::{Role, State};
use super::{Failure, Flow, Headers, Strangers, message, unreadable};

impl Endpoint {
    pub(super) fn receive(&mut self, now: Instant, flow: Flow, octets: Bytes) {
        // RFC 3261 §7.5: empty lines before the start line are ignored; alone they keep a
        // binding alive.
        let blank = octets
            .iter()
            .take_while(|b| matches!(b, b'\r' | b'\n'))
            .count();
        let octets = octets.slice(blank..);
        if octets.is_empty() {
            return;
        }
        match parse_datagram(octets.clone(), &Limits::datagram()) {
            Ok(Message::Request(request)) => self.receive_request(now, flow, request),
            Ok(Message::Response(response)) => self.receive_response(now, flow, response),
            Err(error) => {
                let status = unreadable::status(&error);
                unreadable::refuse(&mut self.core, flow, &octets, status);
            }
        }
    }

    fn receive_response(&mut self, now: Instant, flow: Flow, response: Response) {
        // §18.1.2: a top Via that is not ours is a response that went astray.
        let via = response.headers.typed::<Via>().and_then(Result::ok);
        let default = flow.transport.default_port();
        let ours = via.is_some_and(|via| self.core.is_own(&via.host, via.port.unwrap_or(default)));
        if !ours || !validate::validate_response(&response).is_empty() {
            return;
        }
        if let Ok(events) = self
            .core
            .receive(now, (flow, flow), Message::Response(response), None)
        {
            self.dispatch(now, flow, events);
        }
    }

    fn receive_request(&mut self, now: Instant, flow: Flow, mut request: Request) {
        let Some(back) = stamp(&mut request, flow) else {
            // A Via that cannot be read still has a source to answer to.
            if request.method != Method::Ack {
                unreadable::answer(&mut self.core, flow, &request.headers, 400);
            }
            return;
        };
        // On a stream a response goes back on the connection (RFC 3261 §18.2.2).
        let way = if flow.transport.is_stream() {
            flow
        } else {
            back
        };
        let findings = validate::validate_request(&request);
        let fault = findings
            .iter()
            .filter(|finding| !finding.is_repairable())
            .map(Finding::status)
            .max();
        if let Some(status) = fault {
            if request.method != Method::Ack {
                unreadable::answer(&mut self.core, way, &request.headers, status);
            }
            return;
        }
        // Who is nobody's peer may only speak within a dialog that we have with him.
        let strangers = self.core.config.strangers;
        if strangers != Strangers::Accept
            && self.core.peer_of(flow).is_none()
            && self.session_of(&request).is_none()
        {
            if strangers == Strangers::Refuse && request.method != Method::Ack {
                unreadable::answer(&mut self.core, way, &request.headers, 403);
            }
            return;
        }
        let merge = merge_key(&request);
        match self
            .core
            .receive(now, (way, back), Message::Request(request), merge)
        {
            Ok(events) => self.dispatch(now, flow, events),
            Err(message) => {
                if let Message::Request(ack) = *message {
                    self.on_ack(now, &ack);
                }
            }
        }
    }

    /// Hands the events of transactions to the procedures. `flow` is where they came from.
    pub(super) fn dispatch(&mut self, now: Instant, flow: Flow, events: Vec<Event>) {
        for event in events {
            let Event {
                key,
                client,
                sent,
                event,
            } = event;
            match (event, client) {
                (TuEvent::Request(request), _) => self.on_request(now, flow, &key, *request),
                (TuEvent::Ack(ack), _) => self.on_ack(now, &ack),
                (TuEvent::Response(response), Some(client)) => {
                    self.on_response(now, &key, client, sent.as_ref(), &response);
                }
                (TuEvent::Timeout, Some(client)) => {
                    self.on_lost(now, &key, client, Failure::Timeout);
                }
                (TuEvent::TransportError, Some(client)) => {
                    self.on_lost(now, &key, client, Failure::TransportError);
                }
                // Our final response was never acknowledged: the session is long over.
                _ => {}
            }
        }
    }

    fn on_ack(&mut self, now: Instant, ack: &Request) {
        if let Some(session) = self.session_of(ack) {
            session.0.on_ack(session.1, now, ack);
        }
    }

    fn on_response(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        client: Client,
        sent: Option<&Request>,
        response: &Response,
    ) {
        let (core, status) = (&mut self.core, response.status);
        let (session, purpose) = match client.owner {
            Owner::Session(session, purpose) => (session, purpose),
            Owner::Peer(peer, purpose) => {
                let hop = client.flow.hop();
                return core.on_peer_response(now, peer, purpose, hop, key, sent, response);
            }
        };
        let Some(session) = self.sessions.get_mut(&session) else {
            return;
        };
        if let Some(sent) = sent
            && session.authorize(core, now, key, purpose, sent, response)
        {
            return;
        }
        if status.code() == 500 && session.send_again(core, now, key, purpose) {
            return;
        }
        match purpose {
            Purpose::Invite => session.on_invite_response(core, now, key, response),
            Purpose::Reinvite | Purpose::Update => {
                session.on_renegotiation_response(core, now, key, purpose, response);
            }
            Purpose::Info if status.is_final() => {
                session.on_info_done(core, now, Some(status.code()));
            }
            Purpose::Notify if status.is_final() => {
                session.on_notify_done(core, now, Some(status.code()));
            }
            Purpose::Bye if status.is_final() => session.on_bye_done(core, now),
            _ => {}
        }
    }

    fn on_lost(&mut self, now: Instant, key: &TransactionKey, client: Client, what: Failure) {
        let core = &mut self.core;
        let (session, purpose) = match client.owner {
            Owner::Session(session, purpose) => (session, purpose),
            Owner::Peer(peer, purpose) => {
                return core.on_peer_lost(now, peer, purpose, client.flow.hop(), key);
            }
        };
        let Some(session) = self.sessions.get_mut(&session) else {
            return;
        };
        match purpose {
            Purpose::Invite => session.on_invite_lost(core, now, key, what),
            Purpose::Reinvite | Purpose::Update => session.on_renegotiation_lost(core, now, key),
            Purpose::Info => session.on_info_done(core, now, None),
            Purpose::Notify => session.on_notify_done(core, now, None),
            Purpose::Bye => session.on_bye_done(core, now),
            _ => {}
        }
    }

    /// A request of a new server transaction.
    fn on_request(&mut self, now: Instant, flow: Flow, key: &TransactionKey, request: Request) {
        let core = &mut self.core;
        let fields = &request.headers;
        let none = Headers::new();
        // §8.2.1
        let known = matches!(
            request.method,
            Method::Invite
                | Method::Bye
                | Method::Cancel
                | Method::Options
                | Method::Prack
                | Method::Update
                | Method::Info
                | Method::Refer
                | Method::Subscribe
        );
        if !known {
            let status = if matches!(request.method, Method::Other(_)) {
                501
            } else {
                405
            };
            let allow = vec![("Allow".to_owned(), message::ALLOW.to_owned())];
            return core.answer(now, key, &request, status, None, &allow);
        }
        // §8.2.2.1
        let scheme = request.uri.scheme();
        if !scheme.is_sip() && !matches!(scheme, Scheme::Tel) {
            return core.answer(now, key, &request, 416, None, &none);
        }
        if request.method == Method::Cancel {
            return self.on_cancel(now, key, &request);
        }
        // §8.2.2.2
        if merge_key(&request).is_some_and(|merge| core.is_merged(&merge, key)) {
            return core.answer(now, key, &request, 482, None, &none);
        }
        // §8.2.2.3
        if request.method != Method::Invite && fields.get(&HeaderName::Replaces).is_some() {
            // RFC 3891 §3
            return core.answer(now, key, &request, 400, None, &none);
        }
        let unsupported: Vec<String> = message::tokens(fields, &HeaderName::Require)
            .into_iter()
            .filter(|tag| {
                !message::EXTENSIONS
                    .iter()
                    .any(|known| tag.eq_ignore_ascii_case(known))
            })
            .collect();
        if !unsupported.is_empty() {
            let headers = vec![("Unsupported".to_owned(), unsupported.join(", "))];
            return core.answer(now, key, &request, 420, None, &headers);
        }
        // §8.2.3
        let encodings = message::tokens(fields, &HeaderName::ContentEncoding);
        if encodings
            .iter()
            .any(|e| !e.eq_ignore_ascii_case("identity"))
        {
            let headers = vec![
                ("Accept-Encoding".to_owned(), "identity".to_owned()),
                ("Accept".to_owned(), message::ACCEPT.to_owned()),
            ];
            return core.answer(now, key, &request, 415, None, &headers);
        }
        if message::tag(fields, &HeaderName::To).is_empty() {
            let peer = core.peer_of(flow);
            // OPTIONS tells nothing that a peer might not know.
            if request.method != Method::Options && !core.admit(now, key, &request, peer) {
                return;
            }
            match request.method {
                Method::Invite => self.on_invite(now, key, request, flow, peer),
                Method::Options => core.on_options(now, key, &request, None, flow),
                // A REFER that belongs to no call would have us call on anyone's behalf.
                Method::Refer => core.answer(now, key, &request, 403, None, &none),
                Method::Subscribe => {
                    let known = vec![("Allow-Events".to_owned(), "refer".to_owned())];
                    core.answer(now, key, &request, 489, None, &known);
                }
                _ => core.answer(now, key, &request, 481, None, &none),
            }
        } else {
            self.on_dialog_request(now, key, request, flow);
        }
    }

    /// A request within a dialog (§12.2.2).
    fn on_dialog_request(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: Request,
        flow: Flow,
    ) {
        let none = Headers::new();
        let Some((session, core)) = self.session_of(&request) else {
            return self.core.answer(now, key, &request, 481, None, &none);
        };
        let id = session.id;
        let tag = session.local_tag.clone();
        let remote = message::tag(&request.headers, &HeaderName::From);
        let index = session.find(&remote);
        let dialog = index.and_then(|index| session.dialogs.get_mut(index));
        let Some(dialog) = dialog else {
            return core.answer(now, key, &request, 481, Some(&tag), &none);
        };
        if !dialog.in_order(&request) {
            return core.answer(now, key, &request, 500, Some(&tag), &none);
        }
        let fork = dialog.fork;
        let at = usize::from(fork);
        if let Role::Uas(uas) = &mut session.role {
            uas.early = true;
        }
        let bye = request.method == Method::Bye;
        // Nothing is agreed on any more once BYE or CANCEL is out.
        let ending = matches!(session.state, State::Releasing | State::Cancelling);
        // A subscription lives on when the call is over (RFC 5057 §4.1).
        let subscribes = request.method == Method::Subscribe && session.subscription.is_some();
        if !subscribes && (session.state == State::Terminated || (ending && !bye)) {
            let status = if bye { 200 } else { 481 };
            return core.answer(now, key, &request, status, Some(&tag), &none);
        }
        // A fork that was not chosen has nothing to say but goodbye.
        let confirmed = !matches!(session.state, State::Inviting | State::Cancelling);
        if confirmed && index != session.current {
            let status = if bye { 200 } else { 481 };
            return core.answer(now, key, &request, status, Some(&tag), &none);
        }
        match request.method {
            Method::Invite => session.on_reinvite(core, now, key, request),
            Method::Update => session.on_update(core, now, key, request, at),
            Method::Prack => session.on_prack(core, now, key, &request),
            Method::Info => session.on_info(core, now, key, &request, fork),
            Method::Bye => session.on_bye(core, now, key, &request),
            Method::Subscribe => session.on_subscribe(core, now, key, &request),
            Method::Refer => self.on_refer(now, key, &request),
            _ => core.on_options(now, key, &request, Some(&tag), flow),
        }
        // What waited for the peer to know the dialog.
        if let Some(session) = self.sessions.get_mut(&id) {
            session.next_info(&mut self.core, now);
        }
    }
}

/// Writes received and rport into the top Via (RFC 3261 §18.2.1, RFC 3581 §4) and tells where
/// responses go, on a stream once its connection is closed (RFC 3261 §18.2.2). `None` when there is no Via to answer by.
pub(super) fn stamp(request: &mut Request, flow: Flow) -> Option<Flow> {
    let source = flow.remote;
    let via = request.headers.typed::<Via>()?.ok()?;
    let value = message::value(&request.headers, &HeaderName::Via)?;
    let end = sipx_sip::headers::first_hop_end(value.as_bytes());
    let (top, rest) = (value.get(..end)?, value.get(end..)?);
    let rport = via.rport().is_some();
    let mut elements = super::reason::split_outside_quotes(top, ';').map(str::trim);
    let mut stamped = elements.next()?.to_owned();
    for element in elements {
        let name = element.split('=').next().unwrap_or_default().trim();
        // What a client writes there itself is not to be trusted.
        if name.eq_ignore_ascii_case("received") {
            continue;
        }
        if name.eq_ignore_ascii_case("rport") {
            stamped.push_str(&format!(";rport={}", source.port()));
        } else {
            stamped.push(';');
            stamped.push_str(element);
        }
    }
    if rport || !via.host.equivalent(&Host::Ip(source.ip())) {
        stamped.push_str(&format!(";received={}", source.ip()));
    }
    stamped.push_str(rest);
    let place = request
        .headers
        .iter()
        .position(|field| *field.name() == HeaderName::Via)?;
    let field = Header::build(HeaderName::Via, stamped).ok()?;
    request.headers.remove_first(&HeaderName::Via);
    request.headers.insert(place, field);
    let maddr = via
        .maddr()
        .and_then(|maddr| std::str::from_utf8(maddr).ok()?.parse().ok());
    let stated = via.port.unwrap_or(flow.transport.default_port());
    let remote = match maddr {
        // Where to connect to, once the connection of the request is closed.
        _ if flow.transport.is_stream() => SocketAddr::new(source.ip(), stated),
        Some(ip) => SocketAddr::new(ip, stated),
        None if rport => source,
        None => SocketAddr::new(source.ip(), stated),
    };
    Some(Flow { remote, ..flow })
}
