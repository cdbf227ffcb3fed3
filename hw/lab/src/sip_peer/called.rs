//! The peer as called party (RFC 3261 sections 9.2, 13.3 and 15.1.2, RFC 3262 section 3).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use sipx_sip::headers::{From, To};
use sipx_sip::rel::{Numbering, Offered, RAck, Sequence};
use sipx_sip::{CSeq, HeaderName, Method, Request, TransactionKey};

use super::call::{Call, Cancel, Repeated, Step, reason_header, text};
use super::request::invite_cseq;
use super::{Bodies, CallId, CallState, PeerError, Rejection, Role, Sdp, SipPeer};

impl SipPeer {
    /// Answers a ringing call now.
    ///
    /// # Errors
    /// When the call is not one that rings here.
    pub fn answer(&mut self, now: Instant, id: CallId) -> Result<(), PeerError> {
        self.ringing(id)?;
        self.accept(now, id);
        self.flush(now);
        Ok(())
    }

    /// Refuses a ringing call now.
    ///
    /// # Errors
    /// When the call is not one that rings here.
    pub fn reject(
        &mut self,
        now: Instant,
        id: CallId,
        rejection: &Rejection,
    ) -> Result<(), PeerError> {
        self.ringing(id)?;
        self.refuse(now, id, rejection);
        self.flush(now);
        Ok(())
    }

    fn ringing(&self, id: CallId) -> Result<(), PeerError> {
        match self.calls.get(&id) {
            Some(call) if call.role == Role::Called && call.state <= CallState::Early => Ok(()),
            _ => Err(self.wrong_state(id, "a call that rings here")),
        }
    }

    /// A new request.
    pub(super) fn requested(
        &mut self,
        now: Instant,
        from: SocketAddr,
        key: TransactionKey,
        request: Request,
    ) {
        let to_tag = request.headers.typed::<To>().and_then(Result::ok);
        let to_tag = to_tag.and_then(|to| to.tag().map(text));
        if request.method == Method::Cancel {
            return self.cancelled(now, &key, &request);
        }
        let Some(to_tag) = to_tag else {
            return match request.method {
                Method::Invite => self.invited(now, from, key, request),
                Method::Options => self.reply(now, &key, &request, (200, "OK"), &[]),
                _ => self.reply(now, &key, &request, (481, NO_CALL), &[]),
            };
        };
        let Some(id) = self.dialog_of(&request, &to_tag) else {
            return self.reply(now, &key, &request, (481, NO_CALL), &[]);
        };
        if !self.in_order(id, &request) {
            return self.reply(now, &key, &request, (500, "Out Of Order"), &[]);
        }
        match request.method {
            Method::Bye => {
                self.reply(now, &key, &request, (200, "OK"), &[]);
                self.bye_before_answer(now, id);
                self.set_state(now, id, CallState::Terminated);
            }
            Method::Info | Method::Options | Method::Notify => {
                self.reply(now, &key, &request, (200, "OK"), &[]);
            }
            Method::Prack => self.pracked(now, id, &key, &request),
            Method::Invite => self.reinvited(now, id, key, &request),
            _ => {
                let allow = [("Allow".to_owned(), "INVITE, ACK, CANCEL, BYE".to_owned())];
                self.reply(now, &key, &request, (405, "Method Not Allowed"), &allow);
            }
        }
    }

    fn dialog_of(&self, request: &Request, local_tag: &str) -> Option<CallId> {
        let call_id = text(&request.headers.value(&HeaderName::CallId)?);
        let from = request.headers.typed::<From>()?.ok()?;
        let remote_tag = from.tag().map(text);
        self.calls
            .iter()
            .find(|(_, call)| {
                call.call_id == call_id
                    && call.local_tag == local_tag
                    && call.remote_tag == remote_tag
                    && call.state < CallState::Terminated
            })
            .map(|(id, _)| *id)
    }

    /// RFC 3261 section 12.2.2: numbers of one direction only grow.
    fn in_order(&mut self, id: CallId, request: &Request) -> bool {
        let Some(Ok(CSeq { sequence, .. })) = request.headers.typed::<CSeq>() else {
            return false;
        };
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        if sequence <= call.remote_cseq {
            return false;
        }
        call.remote_cseq = sequence;
        true
    }

    /// Answers a request outside of the INVITE's procedures.
    pub(super) fn reply(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        status: (u16, &str),
        headers: &[(String, String)],
    ) {
        let tag = self.unique();
        match self.response(request, status, Some(&tag), headers, &Bodies::default()) {
            Ok(response) => self.transactions.respond(now, key, response),
            Err(error) => {
                let method = &request.method;
                self.fault(now, None, format!("cannot answer the {method}: {error}"));
            }
        }
    }

    fn invited(&mut self, now: Instant, from: SocketAddr, key: TransactionKey, invite: Request) {
        let call_id = invite.headers.value(&HeaderName::CallId);
        let call_id = call_id.map(|value| text(&value)).unwrap_or_default();
        let index = self.call_ids.iter().position(|known| *known == call_id);
        let Some(id) = index
            .and_then(|index| u32::try_from(index).ok())
            .map(CallId)
        else {
            return;
        };
        if self.calls.contains_key(&id) {
            // The same request over another path (RFC 3261 section 8.2.2.2).
            return self.reply(now, &key, &invite, (482, "Loop Detected"), &[]);
        }
        let tag = self.unique();
        let to = invite.headers.value(&HeaderName::To);
        let to = to.map(|value| text(&value)).unwrap_or_default();
        let first_rseq = 1 + u32::try_from(self.serial % 1000).unwrap_or_default();
        let mut call = Call {
            role: Role::Called,
            state: CallState::Terminated,
            call_id,
            local: format!("{to};tag={tag}"),
            local_tag: tag,
            remote: String::new(),
            remote_tag: None,
            target: String::new(),
            routes: Vec::new(),
            next_hop: from,
            cseq: 0,
            remote_cseq: invite_cseq(&invite),
            invite: invite.clone(),
            invite_key: Some(key),
            hang_up_after: self.config.answering.hang_up_after,
            local_sdp: None,
            remote_sdp: None,
            sdp_version: 1,
            sequence: Sequence::default(),
            cancel: Cancel::No,
            ack: None,
            numbering: Numbering::starting_at(first_rseq),
            provisional: None,
            accept: None,
            answer_waits: false,
            infos: VecDeque::new(),
            info: None,
        };
        call.learn_dialog(&invite.headers);
        self.calls.insert(id, call);
        self.set_state(now, id, CallState::Calling);
        let bodies = Bodies::decode(&invite.headers, invite.body());
        self.set_remote_sdp(now, id, bodies.sdp.as_ref());
        if let Some(rejection) = self.config.answering.reject.clone() {
            return self.refuse(now, id, &rejection);
        }
        self.schedule(now + self.config.answering.ring_after, id, Step::Ring);
    }

    pub(super) fn ring(&mut self, now: Instant, id: CallId) {
        let answering = self.config.answering.clone();
        let Some(call) = self.calls.get(&id) else {
            return;
        };
        if call.state >= CallState::Early {
            return;
        }
        let invite = call.invite.clone();
        let offered = Offered::in_request(&invite);
        let reliable = offered.required || (answering.reliable && offered.supported);
        let mut bodies = match answering.early_media && call.remote_sdp.is_some() {
            true => self.answer_offer(now, id),
            false => Bodies::default(),
        };
        bodies.isup = answering.ring_isup.clone();
        self.set_state(now, id, CallState::Early);
        self.provisional(now, id, answering.ring_status, reliable, &bodies);
        if let Some(after) = answering.answer_after {
            self.schedule(now + after, id, Step::Answer);
        }
    }

    fn provisional(
        &mut self,
        now: Instant,
        id: CallId,
        status: u16,
        reliable: bool,
        bodies: &Bodies,
    ) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let rseq = reliable.then(|| call.numbering.allocate()).flatten();
        let headers: Vec<_> = rseq
            .into_iter()
            .flat_map(|rseq| {
                [
                    ("Require".to_owned(), "100rel".to_owned()),
                    ("RSeq".to_owned(), rseq.to_string()),
                ]
            })
            .collect();
        let reason = match status {
            180 => "Ringing",
            181 => "Call Is Being Forwarded",
            182 => "Queued",
            _ => "Session Progress",
        };
        let response = self.call_response(now, id, (status, reason), &headers, bodies);
        if let (Some(rseq), Some(response)) = (rseq, response) {
            let (interval, give_up) = (self.config.t1, now + self.config.t1 * 64);
            let repeated = Repeated {
                response,
                interval,
                give_up,
            };
            if let Some(call) = self.calls.get_mut(&id) {
                call.provisional = Some((rseq, repeated));
            }
            self.schedule(now + interval, id, Step::RepeatProvisional(rseq));
        }
    }

    /// Builds and sends a response to the call's INVITE.
    fn call_response(
        &mut self,
        now: Instant,
        id: CallId,
        status: (u16, &str),
        headers: &[(String, String)],
        bodies: &Bodies,
    ) -> Option<sipx_sip::Response> {
        let call = self.calls.get(&id)?;
        let key = call.invite_key.clone()?;
        match self.response(&call.invite, status, Some(&call.local_tag), headers, bodies) {
            Ok(response) => {
                self.transactions.respond(now, &key, response.clone());
                Some(response)
            }
            Err(error) => {
                self.fault(now, Some(id), format!("cannot build the response: {error}"));
                None
            }
        }
    }

    pub(super) fn repeat_provisional(&mut self, now: Instant, id: CallId, rseq: u32) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let open = call.state == CallState::Early;
        let Some((_, repeated)) = call.provisional.as_mut().filter(|p| open && p.0 == rseq) else {
            return;
        };
        if now >= repeated.give_up {
            call.provisional = None;
            self.fault(now, Some(id), format!("no PRACK for RSeq {rseq}"));
            // RFC 3262 section 3: the INVITE should be rejected with a 5xx.
            let rejection = Rejection {
                status: 504,
                reason: "No PRACK".to_owned(),
                cause: None,
            };
            return self.refuse(now, id, &rejection);
        }
        repeated.interval *= 2;
        let (response, at) = (repeated.response.clone(), now + repeated.interval);
        if let Some(key) = call.invite_key.clone() {
            self.transactions.respond(now, &key, response);
        }
        self.schedule(at, id, Step::RepeatProvisional(rseq));
    }

    fn pracked(&mut self, now: Instant, id: CallId, key: &TransactionKey, request: &Request) {
        let rack = request.headers.typed::<RAck>().and_then(Result::ok);
        let acknowledged = self.calls.get_mut(&id).is_some_and(|call| {
            let cseq = invite_cseq(&call.invite);
            rack.is_some_and(|rack| call.numbering.acknowledge(&rack, cseq, b"INVITE"))
        });
        if !acknowledged {
            return self.reply(now, key, request, (481, NO_CALL), &[]);
        }
        self.reply(now, key, request, (200, "OK"), &[]);
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.provisional = None;
        if std::mem::take(&mut call.answer_waits) {
            self.accept(now, id);
        }
    }

    /// 200 to the INVITE; it waits for the PRACK of a provisional response.
    pub(super) fn accept(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.provisional.is_some() {
            call.answer_waits = true;
            return;
        }
        let answered = call.local_sdp.as_ref().map(|sdp| sdp.encode(1));
        let offered = call.remote_sdp.is_some();
        let mut bodies = match (answered, offered) {
            (Some(sdp), _) => Bodies::sdp(sdp),
            (None, true) => self.answer_offer(now, id),
            (None, false) => {
                let offer = Sdp::offer(self.config.media, self.config.formats.clone());
                Bodies::sdp(offer.encode(1))
            }
        };
        if offered && bodies.sdp.is_none() {
            let rejection = Rejection {
                status: 488,
                reason: "Not Acceptable Here".to_owned(),
                cause: None,
            };
            return self.refuse(now, id, &rejection);
        }
        bodies.isup = self.config.answering.answer_isup.clone();
        let response = self.call_response(now, id, (200, "OK"), &[], &bodies);
        self.set_state(now, id, CallState::Accepted);
        if let Some(response) = response {
            self.await_ack(now, id, response);
        }
    }

    fn await_ack(&mut self, now: Instant, id: CallId, response: sipx_sip::Response) {
        let interval = self.config.t1;
        let give_up = now + interval * 64;
        if let Some(call) = self.calls.get_mut(&id) {
            call.accept = Some(Repeated {
                response,
                interval,
                give_up,
            });
        }
        self.schedule(now + interval, id, Step::RepeatAccept);
    }

    pub(super) fn repeat_accept(&mut self, now: Instant, id: CallId) {
        let t2 = sipx_sip::Timers::default().t2;
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Some(repeated) = &mut call.accept else {
            return;
        };
        if now >= repeated.give_up {
            call.accept = None;
            self.fault(now, Some(id), "no ACK for the 200".to_owned());
            if let Err(error) = self.bye(now, id, None) {
                self.fault(now, Some(id), error.to_string());
            }
            return;
        }
        repeated.interval = (repeated.interval * 2).min(t2);
        let (response, at) = (repeated.response.clone(), now + repeated.interval);
        if let Some(key) = call.invite_key.clone() {
            self.transactions.respond(now, &key, response);
        }
        self.schedule(at, id, Step::RepeatAccept);
    }

    /// The ACK for a 200, which is a transaction of its own.
    pub(super) fn acknowledged(&mut self, now: Instant, ack: &Request) {
        let to = ack.headers.typed::<To>().and_then(Result::ok);
        let id = to
            .and_then(|to| to.tag().map(text))
            .and_then(|tag| self.dialog_of(ack, &tag));
        let Some(id) = id else { return };
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.accept.take().is_none() {
            return;
        }
        let hang_up_after = call.hang_up_after;
        let initial = call.state == CallState::Accepted;
        let bodies = Bodies::decode(&ack.headers, ack.body());
        self.set_remote_sdp(now, id, bodies.sdp.as_ref());
        if !initial {
            return;
        }
        self.set_state(now, id, CallState::Confirmed);
        if let Some(after) = hang_up_after {
            self.schedule(now + after, id, Step::HangUp);
        }
    }

    /// re-INVITE: accepted, with the same media again (RFC 3261 section 14.2).
    fn reinvited(&mut self, now: Instant, id: CallId, key: TransactionKey, request: &Request) {
        let offer = Bodies::decode(&request.headers, request.body()).sdp;
        self.set_remote_sdp(now, id, offer.as_ref());
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        call.refresh_target(&request.headers);
        call.sdp_version += 1;
        call.invite = request.clone();
        call.invite_key = Some(key);
        let bodies = match offer {
            Some(_) => self.answer_offer(now, id),
            None => {
                let offer = Sdp::offer(self.config.media, self.config.formats.clone());
                Bodies::sdp(offer.encode(2))
            }
        };
        if let Some(response) = self.call_response(now, id, (200, "OK"), &[], &bodies) {
            self.await_ack(now, id, response);
        }
    }

    pub(super) fn refuse(&mut self, now: Instant, id: CallId, rejection: &Rejection) {
        let headers = reason_header(rejection.cause);
        let status = (rejection.status, rejection.reason.as_str());
        self.call_response(now, id, status, &headers, &Bodies::default());
        self.set_state(now, id, CallState::Terminated);
    }

    fn cancelled(&mut self, now: Instant, key: &TransactionKey, cancel: &Request) {
        let invite_key = TransactionKey::for_cancelled_invite(cancel);
        let found = self.calls.iter().find(|(_, call)| {
            call.invite_key.is_some() && call.invite_key == invite_key && call.role == Role::Called
        });
        let Some(id) = found.map(|(id, _)| *id) else {
            return self.reply(now, key, cancel, (481, NO_CALL), &[]);
        };
        self.reply(now, key, cancel, (200, "OK"), &[]);
        self.terminate_request(now, id);
    }

    /// BYE on an early dialog ends the INVITE as CANCEL does (RFC 3261 section 15.1.2).
    fn bye_before_answer(&mut self, now: Instant, id: CallId) {
        self.terminate_request(now, id);
    }

    /// 487 to an INVITE that has no final response yet.
    fn terminate_request(&mut self, now: Instant, id: CallId) {
        let pending = self
            .calls
            .get(&id)
            .is_some_and(|call| call.role == Role::Called && call.state <= CallState::Early);
        if pending {
            let rejection = Rejection {
                status: 487,
                reason: "Request Terminated".to_owned(),
                cause: None,
            };
            self.refuse(now, id, &rejection);
        }
    }
}

const NO_CALL: &str = "Call/Transaction Does Not Exist";
