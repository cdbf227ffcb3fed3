//! The peer as caller (RFC 3261 sections 9.1 and 13.2, RFC 3262 section 4).

use std::collections::VecDeque;
use std::time::Instant;

use sipx_sip::rel::{Numbering, RSeq, Received, Sequence};
use sipx_sip::{HeaderName, Method, Request, RequestBuilder, Response};

use super::call::{Call, Cancel, Step, reason_header};
use super::request::{invite_cseq, parse_uri};
use super::{Bodies, CallId, CallState, Invitation, PeerError, Reliable, Role, Sdp, SipPeer};

impl SipPeer {
    /// Calls.
    ///
    /// # Errors
    /// When a URI or a header is not allowed in SIP.
    pub fn call(&mut self, now: Instant, invitation: Invitation) -> Result<CallId, PeerError> {
        let uri = parse_uri(&invitation.to)?;
        parse_uri(&self.config.uri)?;
        let tag = self.unique();
        let call_id = format!("{}@{}", self.unique(), self.config.address.ip());
        let local = format!("<{}>;tag={tag}", self.config.uri);
        let remote = format!("<{}>", invitation.to);
        let mut headers = invitation.headers.clone();
        match invitation.reliable {
            Reliable::Off => {}
            Reliable::Supported => headers.push(("Supported".to_owned(), "100rel".to_owned())),
            Reliable::Required => headers.push(("Require".to_owned(), "100rel".to_owned())),
        }
        let offer = invitation
            .offer
            .then(|| Sdp::offer(self.config.media, self.config.formats.clone()));
        let bodies = Bodies {
            sdp: offer.as_ref().map(|sdp| sdp.encode(1).into()),
            isup: invitation.isup.clone(),
            others: Vec::new(),
        };
        let invite = self
            .request(
                &Method::Invite,
                uri,
                &local,
                &remote,
                &call_id,
                1,
                &headers,
                &bodies,
            )
            .map_err(|source| PeerError::Build {
                what: "INVITE",
                source,
            })?;
        let id = CallId(u32::try_from(self.call_ids.len()).unwrap_or(u32::MAX));
        self.call_ids.push(call_id.clone());
        let call = Call {
            role: Role::Caller,
            state: CallState::Terminated,
            call_id,
            local,
            local_tag: tag,
            remote,
            remote_tag: None,
            target: invitation.to.clone(),
            routes: Vec::new(),
            next_hop: self.config.remote,
            cseq: 1,
            remote_cseq: 0,
            invite: invite.clone(),
            invite_key: None,
            hang_up_after: invitation.hang_up_after,
            local_sdp: offer,
            remote_sdp: None,
            sdp_version: 1,
            sequence: Sequence::default(),
            cancel: Cancel::No,
            ack: None,
            numbering: Numbering::starting_at(1),
            provisional: None,
            accept: None,
            answer_waits: false,
            infos: VecDeque::new(),
            info: None,
        };
        self.calls.insert(id, call);
        self.set_state(now, id, CallState::Calling);
        let key = self.start(now, id, invite);
        if let Some(call) = self.calls.get_mut(&id) {
            call.invite_key = key;
        }
        if let Some(after) = invitation.cancel_after {
            self.schedule(now + after, id, Step::Cancel);
        }
        self.flush(now);
        Ok(id)
    }

    /// Gives the call up before it is answered; `cause` goes into `Reason: Q.850`. The CANCEL
    /// waits for a provisional response; a 200 that crosses it is answered with BYE.
    ///
    /// # Errors
    /// When this peer is not the caller or the call is answered or over.
    pub fn cancel(&mut self, now: Instant, id: CallId, cause: Option<u8>) -> Result<(), PeerError> {
        const EXPECTED: &str = "a call of its own that is not answered";
        let error = self.wrong_state(id, EXPECTED);
        let call = self
            .calls
            .get_mut(&id)
            .filter(|call| call.role == Role::Caller && call.state <= CallState::Early)
            .ok_or(error)?;
        if call.cancel == Cancel::No {
            call.cancel = Cancel::Wanted(cause);
        }
        self.send_cancel(now, id);
        self.flush(now);
        Ok(())
    }

    fn send_cancel(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        let Cancel::Wanted(cause) = call.cancel else {
            return;
        };
        if !matches!(call.state, CallState::Proceeding | CallState::Early) {
            return;
        }
        call.cancel = Cancel::Sent;
        let cancel = cancel_request(&call.invite, cause);
        match cancel {
            Ok(cancel) => {
                self.start(now, id, cancel);
                self.schedule(now + self.config.t1 * 64, id, Step::GiveUpCancelled);
            }
            Err(error) => self.fault(now, Some(id), format!("cannot build the CANCEL: {error}")),
        }
    }

    /// A response to the INVITE.
    pub(super) fn invite_responded(&mut self, now: Instant, id: CallId, response: &Response) {
        let bodies = Bodies::decode(&response.headers, response.body());
        match response.status.code() {
            100 => {
                if self.state(id) == Some(CallState::Calling) {
                    self.set_state(now, id, CallState::Proceeding);
                }
                self.send_cancel(now, id);
            }
            101..200 => self.progressed(now, id, response, &bodies),
            200..300 => self.accepted(now, id, response, &bodies),
            _ => self.set_state(now, id, CallState::Terminated),
        }
    }

    fn progressed(&mut self, now: Instant, id: CallId, response: &Response, bodies: &Bodies) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if call.state > CallState::Early {
            return;
        }
        call.learn_dialog(&response.headers);
        let has_tag = call.remote_tag.is_some();
        let requires = response
            .headers
            .get_all(&HeaderName::Require)
            .any(|header| header.value().windows(6).any(|tag| tag == b"100rel"));
        let rseq = response.headers.typed::<RSeq>().and_then(Result::ok);
        if !has_tag {
            self.fault(now, Some(id), "a provisional response has no tag".into());
        }
        if requires != rseq.is_some() {
            let what = "RSeq and Require: 100rel do not come together";
            self.fault(now, Some(id), what.into());
        }
        if let Some(RSeq(rseq)) = rseq.filter(|_| requires)
            && !self.acknowledge_provisional(now, id, rseq, response, bodies)
        {
            return;
        }
        self.set_remote_sdp(now, id, bodies.sdp.as_ref());
        self.set_state(now, id, CallState::Early);
        self.send_cancel(now, id);
    }

    /// PRACK, when the response is the next one in order. False when it is not (RFC 3262
    /// section 4: then it is not processed further).
    fn acknowledge_provisional(
        &mut self,
        now: Instant,
        id: CallId,
        rseq: u32,
        response: &Response,
        bodies: &Bodies,
    ) -> bool {
        let Some(call) = self.calls.get_mut(&id) else {
            return false;
        };
        match call.sequence.accept(rseq) {
            Received::Acknowledge => {}
            Received::Duplicate | Received::OutOfOrder => return false,
        }
        let cseq = match response.headers.typed::<sipx_sip::CSeq>() {
            Some(Ok(cseq)) => cseq.sequence,
            _ => invite_cseq(&call.invite),
        };
        let rack = ("RAck".to_owned(), format!("{rseq} {cseq} INVITE"));
        // An offer in the response is answered in its PRACK (RFC 3262 section 5).
        let answer = match (call.local_sdp.is_none(), &bodies.sdp) {
            (true, Some(_)) => {
                self.set_remote_sdp(now, id, bodies.sdp.as_ref());
                self.answer_offer(now, id)
            }
            _ => Bodies::default(),
        };
        match self.in_dialog(id, Method::Prack, &[rack], &answer) {
            Ok(prack) => {
                self.start(now, id, prack);
            }
            Err(error) => self.fault(now, Some(id), format!("cannot build the PRACK: {error}")),
        }
        true
    }

    fn accepted(&mut self, now: Instant, id: CallId, response: &Response, bodies: &Bodies) {
        let Some(call) = self.calls.get_mut(&id) else {
            return;
        };
        if let Some(ack) = call.ack.clone() {
            // The 200 again: the ACK was lost.
            return self.send_plain(id, ack);
        }
        call.learn_dialog(&response.headers);
        let cancelled = call.cancel != Cancel::No;
        let late_offer = call.local_sdp.is_none();
        let hang_up_after = call.hang_up_after;
        self.set_remote_sdp(now, id, bodies.sdp.as_ref());
        let answer = match late_offer {
            true => self.answer_offer(now, id),
            false => Bodies::default(),
        };
        match self.in_dialog(id, Method::Ack, &[], &answer) {
            Ok(ack) => {
                if let Some(call) = self.calls.get_mut(&id) {
                    call.ack = Some(ack.clone());
                }
                self.send_plain(id, ack);
            }
            Err(error) => self.fault(now, Some(id), format!("cannot build the ACK: {error}")),
        }
        self.set_state(now, id, CallState::Confirmed);
        if cancelled {
            if let Err(error) = self.bye(now, id, Some(16)) {
                self.fault(now, Some(id), error.to_string());
            }
        } else if let Some(after) = hang_up_after {
            self.schedule(now + after, id, Step::HangUp);
        }
    }

    /// The answer to the offer that is in `remote_sdp`.
    pub(super) fn answer_offer(&mut self, now: Instant, id: CallId) -> Bodies {
        let (media, formats) = (self.config.media, self.config.formats.clone());
        let Some(call) = self.calls.get_mut(&id) else {
            return Bodies::default();
        };
        let remote = call.remote_sdp.as_ref();
        let answer = remote.and_then(|offer| Sdp::answer(offer, media, &formats));
        call.local_sdp = answer.clone();
        let version = call.sdp_version;
        match answer {
            Some(sdp) => Bodies::sdp(sdp.encode(version)),
            None => {
                self.fault(now, Some(id), "no format in common with the offer".into());
                Bodies::default()
            }
        }
    }

    /// A response that no transaction waits for: a 200 that comes again after timer M.
    pub(super) fn stray_response(
        &mut self,
        now: Instant,
        call: Option<CallId>,
        response: &Response,
    ) {
        let cseq = response
            .headers
            .typed::<sipx_sip::CSeq>()
            .and_then(Result::ok);
        let to_invite = cseq.is_some_and(|cseq| cseq.method == Method::Invite);
        let known = call.and_then(|id| self.calls.get(&id).map(|call| (id, call.ack.clone())));
        match known {
            Some((id, Some(ack))) if to_invite && response.status.is_success() => {
                self.send_plain(id, ack);
            }
            _ => {
                let status = response.status;
                self.fault(now, call, format!("{status} belongs to no transaction"));
            }
        }
    }
}

/// The CANCEL of an INVITE: same Request-URI, topmost Via, From, To, Call-ID and number
/// (RFC 3261 section 9.1).
fn cancel_request(invite: &Request, cause: Option<u8>) -> Result<Request, sipx_sip::BuildError> {
    let mut builder = RequestBuilder::new(Method::Cancel, invite.uri.clone());
    for name in [
        HeaderName::Via,
        HeaderName::From,
        HeaderName::To,
        HeaderName::CallId,
        HeaderName::Route,
    ] {
        for header in invite.headers.get_all(&name) {
            builder = builder.header(name.clone(), header.value().into_owned())?;
        }
    }
    builder = builder
        .max_forwards(70)
        .cseq(invite_cseq(invite), &Method::Cancel)?;
    for (_, value) in reason_header(cause) {
        builder = builder.header(HeaderName::Reason, value)?;
    }
    Ok(builder.build())
}
