//! INVITE as user agent client and as user agent server (RFC 3261 §13).

use std::time::{Duration, Instant};

use sipx_sip::message::{Method, Request as SipRequest, Response};
use sipx_sip::rel::{Numbering, Offered};
use sipx_sip::session::{MinSe, SessionExpires};
use sipx_sip::transaction::TransactionKey;
use sipx_sip::{HeaderName, session};

use super::core::{Core, MergeKey, Purpose, SessionTimer};
use super::dialog::{Dialog, route_uri};
use super::endpoint::Endpoint;
use super::flows::hop_of;
use super::session::{Exchange, Negotiation, Role, Session, State, Uac, Uas};
use super::session_timer::Interval;
use super::{
    Bodies, Failure, Flow, Headers, Incoming, Indication, Invite, PEarlyMedia, PeerId, Q850,
    Reliable, RequestError, SessionId, header, message,
};

/// Dialogs that one INVITE may make; responses of further forks are dropped.
const MAX_FORKS: u16 = 64;

impl Endpoint {
    /// Sends the INVITE of a new session.
    pub(super) fn invite(
        &mut self,
        now: Instant,
        id: SessionId,
        invite: Invite,
    ) -> Result<(), RequestError> {
        let peer = invite.peer;
        let earlier = invite
            .continues
            .and_then(|earlier| self.sessions.get(&earlier)?.overlap());
        let core = &mut self.core;
        let (local_tag, call_id, sequence) = match earlier {
            Some(identity) => identity,
            None => {
                let local_tag = core.identifiers.tag();
                let host = core.flow(invite.to).local.ip();
                let call_id = format!("{:016x}@{host}", core.identifiers.next());
                (local_tag, call_id, 1)
            }
        };
        let mut invite = invite;
        let (mut request, mut flow) = build(core, &invite, &local_tag, &call_id, sequence)?;
        if let Some(hop) = core.too_large(invite.peer, &request, flow) {
            // RFC 3261 §18.1.1: the datagram is what is left when there is no connection.
            invite
                .further
                .insert(0, std::mem::replace(&mut invite.to, hop));
            (request, flow) = build(core, &invite, &local_tag, &call_id, sequence)?;
        }
        let Some(key) = core.call(now, id, Purpose::Invite, request.clone(), flow) else {
            return Err(RequestError::Field {
                field: "Via".to_owned(),
                detail: "no transaction can be made of it".to_owned(),
            });
        };
        let uac = Uac {
            invite: request,
            key,
            flow,
            provisional: false,
            cancel: None,
            again: 0,
            asked: invite,
        };
        let mut policy = core.config.policy;
        policy.reliable = uac.asked.reliable;
        policy.transfer = uac.asked.transfer;
        let offer = uac.asked.bodies.sdp.clone();
        let mut session = Session::new(id, local_tag.clone(), Role::Uac(Box::new(uac)), policy);
        session.peer = peer;
        session.offer(offer);
        self.tags.insert(local_tag, id);
        self.sessions.insert(id, session);
        Ok(())
    }

    /// An INVITE outside a dialog: 100, a session, an indication.
    pub(super) fn on_invite(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: SipRequest,
        flow: Flow,
        peer: Option<PeerId>,
    ) {
        let core = &mut self.core;
        core.answer(now, key, &request, 100, None, &Headers::new());
        let bodies = match message::bodies(&request.headers, request.body()) {
            Ok(bodies) => bodies,
            Err(e) => {
                return core.refuse_body(now, key, &request, e.status());
            }
        };
        if bodies.not_understood().is_some() {
            return core.refuse_body(now, key, &request, 415);
        }
        // §21.4.7: without a type for descriptions there is no session to speak of.
        if !message::accepts(&request.headers, "application/sdp") {
            return core.answer(now, key, &request, 406, None, &Headers::new());
        }
        let offered = Offered::in_request(&request);
        let policy = core.config.policy;
        if offered.required && policy.reliable == Reliable::Off {
            let unsupported = ("Unsupported".to_owned(), "100rel".to_owned());
            return core.answer(now, key, &request, 420, None, &vec![unsupported]);
        }
        let interval = match core.session_interval(&request) {
            Ok(interval) => interval,
            Err(floor) => {
                let min = ("Min-SE".to_owned(), floor.as_secs().to_string());
                return core.answer(now, key, &request, 422, None, &vec![min]);
            }
        };
        let replaces = match self.replaced(&request) {
            Ok(replaces) => replaces,
            Err(status) => {
                let none = Headers::new();
                return self.core.answer(now, key, &request, status, None, &none);
            }
        };
        let core = &mut self.core;
        let local_tag = core.identifiers.tag();
        let Some(mut dialog) = Dialog::of_request(&request, &local_tag, flow) else {
            return core.answer(now, key, &request, 400, None, &Headers::new());
        };
        dialog.seek(core, now);
        let first = core.identifiers.below(0x7fff) as u32 + 1;
        let incoming = Incoming {
            replaces,
            ..incoming(&request, (flow, peer), offered, bodies)
        };
        let uas = Uas {
            key: key.clone(),
            offered,
            numbering: Numbering::starting_at(first),
            queue: Default::default(),
            outstanding: None,
            accept: None,
            shown: None,
            early: false,
            interval,
            invite: request,
        };
        let id = self.new_session();
        let mut session = Session::new(id, local_tag.clone(), Role::Uas(Box::new(uas)), policy);
        if incoming.bodies.sdp.is_some() {
            dialog.negotiation.exchange = Exchange::Remote;
        }
        session.dialogs.push(dialog);
        session.current = Some(0);
        session.peer = peer;
        let core = &mut self.core;
        let expires = header(&incoming.headers, "Expires").and_then(|e| e.trim().parse().ok());
        if let Some(seconds) = expires {
            core.start(
                now + Duration::from_secs(u64::from(u32::min(seconds, 86_400))),
                id,
                SessionTimer::Expires,
            );
        }
        self.tags.insert(local_tag, id);
        self.invites.insert(key.clone(), id);
        self.sessions.insert(id, session);
        core.indicate(id, Indication::Incoming(Box::new(incoming)));
    }
}

impl Core {
    /// 400 or 415 with what would be accepted (RFC 3261 §8.2.3).
    pub(super) fn refuse_body(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: &SipRequest,
        status: u16,
    ) {
        let accept = ("Accept".to_owned(), message::ACCEPT.to_owned());
        let headers = if status == 415 { vec![accept] } else { vec![] };
        self.answer(now, key, request, status, None, &headers);
    }

    /// The session interval of a request (RFC 4028 §9); `Err` is the Min-SE of a 422.
    pub(super) fn session_interval(
        &self,
        request: &SipRequest,
    ) -> Result<Option<session::Accepted>, Duration> {
        let fields = &request.headers;
        let asked = fields.typed::<SessionExpires>().and_then(Result::ok);
        // A timer nobody asked for is not started: what ends the call is the circuit.
        if asked.is_none() {
            return Ok(None);
        }
        let supported = message::lists(fields, &HeaderName::Supported, "timer");
        let peer_min = fields.typed::<MinSe>().and_then(Result::ok).map(|m| m.0);
        match session::answer(supported, asked, peer_min, self.config.min_session_expires) {
            session::Answer::None => Ok(None),
            session::Answer::Accept(accepted) => Ok(Some(accepted)),
            session::Answer::TooBrief(floor) if supported => Err(floor),
            // Without support for timers a 422 would mean nothing to the peer.
            session::Answer::TooBrief(_) => Ok(None),
        }
    }
}

/// What joins the copies of a request outside a dialog; `None` within one.
pub(super) fn merge_key(request: &SipRequest) -> Option<MergeKey> {
    let fields = &request.headers;
    if matches!(request.method, Method::Ack | Method::Cancel)
        || !message::tag(fields, &HeaderName::To).is_empty()
    {
        return None;
    }
    Some((
        message::value(fields, &HeaderName::CallId)?,
        message::tag(fields, &HeaderName::From),
        message::value(fields, &HeaderName::CSeq)?,
    ))
}

fn incoming(
    request: &SipRequest,
    (flow, peer): (Flow, Option<PeerId>),
    offered: Offered,
    bodies: Bodies,
) -> Incoming {
    let fields = &request.headers;
    let named = |name: &'static str| {
        let name = HeaderName::parse(&bytes::Bytes::from_static(name.as_bytes()));
        message::values(fields, &name)
    };
    let field = |name| message::value(fields, name).unwrap_or_default();
    let accepts_isup = bodies.isup.is_some()
        || message::values(fields, &HeaderName::Accept)
            .iter()
            .any(|row| row.to_ascii_lowercase().contains("application/isup"));
    Incoming {
        flow,
        peer,
        request_uri: request.uri.to_string(),
        from: field(&HeaderName::From),
        to: field(&HeaderName::To),
        from_tag: message::tag(fields, &HeaderName::From),
        call_id: field(&HeaderName::CallId),
        p_asserted_identity: message::values(fields, &HeaderName::PAssertedIdentity),
        privacy: message::value(fields, &HeaderName::Privacy),
        diversion: named("Diversion"),
        history_info: message::values(fields, &HeaderName::HistoryInfo),
        user_to_user: named("User-to-User"),
        max_forwards: fields
            .typed::<sipx_sip::headers::MaxForwards>()
            .and_then(Result::ok)
            .map_or(70, |m| m.0),
        supports_reliable: offered.supported || offered.required,
        requires_reliable: offered.required,
        accepts_isup,
        early_media: PEarlyMedia::find(&message::list(fields)),
        replaces: None,
        headers: message::list(fields),
        bodies,
    }
}

/// The INVITE of a user's request.
pub(super) fn build(
    core: &mut Core,
    invite: &Invite,
    local_tag: &str,
    call_id: &str,
    sequence: u32,
) -> Result<(SipRequest, Flow), RequestError> {
    use HeaderName as N;
    let uri = message::uri(&invite.uri, "Request-URI")?;
    let from = message::name_addr(&invite.from, "From")?;
    let to = message::name_addr(invite.to_header.as_deref().unwrap_or(&invite.uri), "To")?;
    let route = header(&invite.headers, "Route").and_then(route_uri);
    let hop = route.as_ref().and_then(hop_of);
    let flow = core.flow(hop.unwrap_or(invite.to));
    let secure = uri.scheme().is_secure();

    let mut request = SipRequest::new(Method::Invite, uri);
    let fields = &mut request.headers;
    message::put(fields, N::Via, core.via(flow))?;
    message::put(fields, N::MaxForwards, invite.max_forwards.to_string())?;
    message::put(fields, N::From, format!("{from};tag={local_tag}"))?;
    message::put(fields, N::To, to)?;
    message::put(fields, N::CallId, call_id.to_owned())?;
    message::put(fields, N::CSeq, format!("{sequence} INVITE"))?;
    message::put(fields, N::Contact, core.contact(flow, secure))?;
    message::put(fields, N::Allow, message::allow(invite.transfer))?;
    match invite.reliable {
        Reliable::Required => {
            message::put(fields, N::Require, "100rel")?;
            message::put(fields, N::Supported, "100rel, timer, replaces")?;
        }
        Reliable::Supported => message::put(fields, N::Supported, "100rel, timer, replaces")?,
        Reliable::Off => message::put(fields, N::Supported, "timer, replaces")?,
    }
    let accept = if invite.accept_isup {
        message::ACCEPT
    } else {
        "application/sdp, multipart/mixed"
    };
    message::put(fields, N::Accept, accept)?;
    if let Some(interval) = invite.session_expires {
        let least = invite
            .min_session_expires
            .unwrap_or(core.config.min_session_expires);
        let interval = interval.max(least);
        message::put(fields, N::SessionExpires, interval.as_secs().to_string())?;
        message::put(fields, N::MinSe, least.as_secs().to_string())?;
    }
    message::put(fields, N::UserAgent, core.config.user_agent.clone())?;
    for identity in &invite.p_asserted_identity {
        message::put(fields, N::PAssertedIdentity, identity.clone())?;
    }
    if let Some(privacy) = &invite.privacy {
        message::put(fields, N::Privacy, privacy.clone())?;
    }
    message::put_all(fields, &invite.headers)?;
    let octets = message::put_bodies(fields, &invite.bodies, core.identifiers.next())?;
    request.set_body(octets);
    Ok((request, flow))
}

impl Session {
    /// From tag, Call-ID and next CSeq for an INVITE with more digits (RFC 3578 §3.2).
    fn overlap(&self) -> Option<(String, String, u32)> {
        let Role::Uac(uac) = &self.role else {
            return None;
        };
        let fields = &uac.invite.headers;
        let call_id = message::value(fields, &HeaderName::CallId)?;
        let sequence = super::dialog::sequence(fields)?;
        // Requests within early dialogs have numbers of their own.
        let used = self.dialogs.iter().map(|dialog| dialog.local_sequence);
        let next = used.max().unwrap_or(sequence).max(sequence) + 1;
        Some((self.local_tag.clone(), call_id, next))
    }

    /// The exchange as the INVITE begins it.
    pub(super) fn offer(&mut self, offer: Option<bytes::Bytes>) {
        let exchange = match offer {
            Some(_) => Exchange::Local,
            None => Exchange::None,
        };
        self.begun = Negotiation::begun(exchange, offer);
    }

    /// A response to our INVITE. One to an INVITE that was sent again since is none.
    pub(super) fn on_invite_response(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        response: &Response,
    ) {
        if !matches!(&self.role, Role::Uac(uac) if uac.key == *key) {
            return;
        }
        match response.status.code() {
            100..=199 => self.on_provisional(core, now, response),
            200..=299 => self.on_success(core, now, response),
            _ => self.on_failure(core, now, response),
        }
    }

    /// The dialog of a response with a To tag; made when it is new.
    pub(super) fn dialog_of(&mut self, response: &Response) -> Option<usize> {
        let tag = message::tag(&response.headers, &HeaderName::To);
        if tag.is_empty() && !response.status.is_success() {
            return None;
        }
        if let Some(index) = self.find(&tag) {
            return Some(index);
        }
        let Role::Uac(uac) = &self.role else {
            return None;
        };
        let fork = u16::try_from(self.dialogs.len()).ok()?;
        if fork >= MAX_FORKS {
            return None;
        }
        let mut dialog = Dialog::of_response(&uac.invite, response, uac.flow, fork)?;
        dialog.transfer = self.policy.transfer;
        dialog.negotiation = Negotiation::begun(self.begun.exchange, self.begun.local_sdp.clone());
        self.dialogs.push(dialog);
        Some(self.dialogs.len() - 1)
    }

    fn on_success(&mut self, core: &mut Core, now: Instant, response: &Response) {
        let Some(index) = self.dialog_of(response) else {
            return;
        };
        let known = self.dialogs.get(index).is_some_and(|d| d.ack.is_some());
        if known {
            // A copy of a 2xx that was acknowledged: the same ACK (RFC 3261 §13.2.2.4).
            let number = super::dialog::sequence(&response.headers).unwrap_or(0);
            let ack = self.dialogs.get(index).and_then(|d| d.ack.clone());
            if let Some((_, flow, ack)) = ack.filter(|(acked, ..)| *acked == number) {
                core.send(flow, ack);
            }
            return;
        }
        match self.state {
            State::Inviting => {}
            State::AckDue if self.current == Some(index) => return,
            // Another fork, or one that crossed our CANCEL: acknowledged and released.
            _ => return self.release_stray(core, now, index, response),
        }
        let Ok(mut bodies) = message::bodies(&response.headers, response.body()) else {
            return self.release_unreadable(core, now, index, response);
        };
        let Some(dialog) = self.dialogs.get_mut(index) else {
            return;
        };
        dialog.confirm(response);
        dialog.seek(core, now);
        if dialog.answered {
            bodies.sdp = None;
        }
        let fork = dialog.fork;
        self.current = Some(index);
        let asked = match &self.role {
            Role::Uac(uac) => uac.asked.session_expires,
            Role::Uas(_) => None,
        };
        self.interval = Interval::adopted(&response.headers, asked);
        self.start_interval(core, now);
        for other in (0..self.dialogs.len()).filter(|other| *other != index) {
            self.abandon_pending(core, now, other);
        }
        let negotiation = self.negotiation();
        let answer_due = negotiation.exchange == Exchange::None && bodies.sdp.is_some();
        if answer_due {
            negotiation.exchange = Exchange::Remote;
            self.state = State::AckDue;
        } else {
            // An exchange of UPDATE or PRACK goes on; that of the INVITE is over by now.
            if negotiation.is_quiet() {
                negotiation.exchange = Exchange::Stable;
            }
            self.state = State::Confirmed;
            self.acknowledge(core, index, &Headers::new(), &Bodies::default());
        }
        core.indicate(
            self.id,
            Indication::Accepted {
                bodies,
                headers: message::list(&response.headers),
                fork,
                answer_due,
            },
        );
        self.next_info(core, now);
    }

    /// ACK of the 2xx of our INVITE.
    pub(super) fn acknowledge(
        &mut self,
        core: &mut Core,
        index: usize,
        headers: &Headers,
        bodies: &Bodies,
    ) {
        let Role::Uac(uac) = &self.role else {
            return;
        };
        let number = super::dialog::sequence(&uac.invite.headers).unwrap_or(1);
        if let Some(dialog) = self.dialogs.get_mut(index) {
            // Only a user's header can fail, and a user is told of those by the request.
            let _ = dialog.ack(core, number, headers, bodies);
        }
    }

    fn release_stray(&mut self, core: &mut Core, now: Instant, index: usize, response: &Response) {
        if let Some(dialog) = self.dialogs.get_mut(index) {
            dialog.confirm(response);
        }
        self.acknowledge(core, index, &Headers::new(), &Bodies::default());
        let sent = self.dialogs.get_mut(index).and_then(|d| {
            d.request(core, Method::Bye, &Headers::new(), &Bodies::default())
                .ok()
        });
        if let Some((bye, flow)) = sent {
            core.call(now, self.id, Purpose::StrayBye, bye, flow);
        }
        if self.state == State::Cancelling {
            self.terminate(core, now);
        }
    }

    /// A 2xx whose bodies cannot be read ends the call: there is no session to speak of.
    fn release_unreadable(
        &mut self,
        core: &mut Core,
        now: Instant,
        index: usize,
        response: &Response,
    ) {
        core.indicate(
            self.id,
            Indication::Rejected {
                status: 488,
                reason: "the 2xx has bodies that cannot be read".to_owned(),
                cause: None,
                bodies: Bodies::default(),
                contacts: Vec::new(),
                retry_after: None,
                isup_refused: false,
                headers: message::list(&response.headers),
            },
        );
        self.release_stray(core, now, index, response);
        self.terminate(core, now);
    }

    fn on_failure(&mut self, core: &mut Core, now: Instant, response: &Response) {
        if self.state == State::Inviting && self.invite_again(core, now, response) {
            return;
        }
        match self.state {
            State::Inviting => {
                let headers = message::list(&response.headers);
                let contacts = match response.status.code() {
                    300..=399 | 485 => message::contacts(&response.headers),
                    _ => Vec::new(),
                };
                core.indicate(
                    self.id,
                    Indication::Rejected {
                        status: response.status.code(),
                        reason: message::text(&response.reason),
                        cause: Q850::find(&headers),
                        bodies: message::bodies(&response.headers, response.body())
                            .unwrap_or_default(),
                        contacts,
                        retry_after: message::retry_after(&response.headers),
                        isup_refused: self.isup_refused(response),
                        headers,
                    },
                );
                self.terminate(core, now);
            }
            State::Cancelling => self.terminate(core, now),
            _ => {}
        }
    }

    /// No response to our INVITE, or no way for it.
    pub(super) fn on_invite_lost(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        what: Failure,
    ) {
        if !matches!(&self.role, Role::Uac(uac) if uac.key == *key) {
            return;
        }
        if self.state == State::Inviting && self.invite_elsewhere(core, now) {
            return;
        }
        match self.state {
            State::Inviting => {
                self.fail(core, what);
                self.terminate(core, now);
            }
            State::Cancelling => self.terminate(core, now),
            _ => {}
        }
    }
}
