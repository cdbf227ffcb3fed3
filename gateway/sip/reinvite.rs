//! re-INVITE of the peer, and what it has in common with UPDATE (RFC 3261 §14.2).

use std::time::Instant;

use bytes::Bytes;
use sipx_sip::message::{Method, Request};
use sipx_sip::transaction::TransactionKey;

use super::core::Core;
use super::dialog::Dialog;
use super::sdp::{self, Capabilities};
use super::session::{Exchange, Pending, Session, State};
use super::session_timer::Interval;
use super::{
    Bodies, Headers, Indication, Renegotiation, RenegotiationMethod, RequestError, message,
};

impl Session {
    /// A re-INVITE of the peer.
    pub(super) fn on_reinvite(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: Request,
    ) {
        let tag = self.local_tag.clone();
        let negotiation = self.negotiation();
        if negotiation.ours.is_some() {
            return core.answer(now, key, &request, 491, Some(&tag), &Headers::new());
        }
        let waits = negotiation.pending.is_some() || self.unacknowledged.is_some();
        if waits || self.state != State::Confirmed {
            return core.retry_later(now, key, &request, &tag);
        }
        let Some(bodies) = self.readable(core, now, key, &request) else {
            return;
        };
        let index = self.current.unwrap_or(0);
        let method = RenegotiationMethod::Invite;
        self.on_offer(core, now, key, request, index, (bodies, method));
    }

    /// The bodies of a request within the dialog; `None` when it was refused for them.
    pub(super) fn readable(
        &self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
    ) -> Option<Bodies> {
        match message::bodies(&request.headers, request.body()) {
            Ok(bodies) if !bodies.has_more_than_understood() => Some(bodies),
            Ok(_) => {
                core.refuse_body(now, key, request, 415);
                None
            }
            Err(e) => {
                core.refuse_body(now, key, request, e.status());
                None
            }
        }
    }

    /// A re-INVITE or UPDATE that may be answered now; `what` are its bodies and method.
    pub(super) fn on_offer(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: Request,
        index: usize,
        what: (Bodies, RenegotiationMethod),
    ) {
        let (bodies, method) = what;
        let tag = self.local_tag.clone();
        let fork = self.dialogs.get(index).map_or(0, |dialog| dialog.fork);
        let interval = match core.session_interval(&request) {
            Ok(interval) => interval,
            Err(floor) => {
                let min = ("Min-SE".to_owned(), floor.as_secs().to_string());
                return core.answer(now, key, &request, 422, Some(&tag), &vec![min]);
            }
        };
        if let Some(dialog) = self.dialogs.get_mut(index) {
            dialog.refresh(&request.headers);
            dialog.seek(core, now);
        }
        let invite = method == RenegotiationMethod::Invite;
        let offered = bodies.sdp.clone();
        let nothing = offered.is_none() && !invite;
        let headers = message::list(&request.headers);
        if self.policy.renegotiation == Renegotiation::User && !nothing {
            if invite {
                core.answer(now, key, &request, 100, None, &Headers::new());
            }
            let negotiation = self.negotiation_of(index);
            if offered.is_some() {
                negotiation.exchange = Exchange::Remote;
            }
            negotiation.pending = Some(Pending {
                key: key.clone(),
                request,
                offer: offered.is_some(),
            });
            return core.indicate(
                self.id,
                Indication::Renegotiate {
                    method,
                    fork,
                    bodies,
                    headers,
                    answered: None,
                    answer_due: true,
                },
            );
        }
        let mut ours = Bodies::default();
        let mut answered = None;
        match offered {
            Some(offer) => match self.answer_again(index, &offer) {
                Ok(answer) => {
                    ours = Bodies::sdp(answer.octets.clone());
                    self.negotiation_of(index).local_sdp = Some(answer.octets.clone());
                    answered = Some(answer);
                }
                Err(refusal) => return core.refuse_offer(now, key, &request, &tag, &refusal),
            },
            None if invite => ours.sdp = self.negotiation_of(index).local_sdp.clone(),
            None => {}
        }
        let offer = answered.is_none() && ours.sdp.is_some();
        // Nothing of it comes from the user.
        let _ = self.agree(
            core,
            now,
            key,
            &request,
            &Headers::new(),
            &ours,
            (index, offer, interval),
        );
        core.indicate(
            self.id,
            Indication::Renegotiate {
                method,
                fork,
                bodies,
                headers,
                answered,
                answer_due: false,
            },
        );
    }

    /// 200 to a re-INVITE or UPDATE; `terms` are its dialog, whether it carries an offer of ours,
    /// and the session interval.
    #[expect(clippy::too_many_arguments, reason = "the parts of one response")]
    fn agree(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        headers: &Headers,
        bodies: &Bodies,
        terms: (usize, bool, Option<sipx_sip::session::Accepted>),
    ) -> Result<(), RequestError> {
        let (index, offer, interval) = terms;
        let mut response = self.response(core, request, 200, None, headers, bodies)?;
        super::session_timer::put(&mut response.headers, interval)?;
        // An UPDATE without an offer leaves the exchange of the INVITE as it is.
        if bodies.sdp.is_some() {
            self.negotiation_of(index).exchange = if offer {
                Exchange::Local
            } else {
                Exchange::Stable
            };
        }
        if request.method == Method::Invite {
            self.send_ok(core, now, key.clone(), request, response, offer, true);
        } else {
            core.respond(now, key, response);
        }
        if interval.is_some() || self.interval.is_some() {
            self.interval = interval.map(Interval::accepted);
            self.start_interval(core, now);
        }
        Ok(())
    }

    /// The user answers the re-INVITE or UPDATE that waits.
    pub(super) fn answer_pending(
        &mut self,
        core: &mut Core,
        now: Instant,
        index: usize,
        bodies: Bodies,
        headers: &Headers,
    ) -> Result<(), RequestError> {
        let Some(pending) = self.negotiation_of(index).pending.take() else {
            return Err(self.out_of_place("Answer"));
        };
        if bodies.sdp.is_none() {
            self.negotiation_of(index).pending = Some(pending);
            return Err(RequestError::SdpMissing { session: self.id });
        }
        let interval = core.session_interval(&pending.request).unwrap_or(None);
        let terms = (index, !pending.offer, interval);
        let (key, request) = (pending.key.clone(), pending.request.clone());
        if let Err(e) = self.agree(core, now, &key, &request, headers, &bodies, terms) {
            self.negotiation_of(index).pending = Some(pending);
            return Err(e);
        }
        self.negotiation_of(index).local_sdp = bodies.sdp;
        Ok(())
    }

    /// Whether a re-INVITE or UPDATE waits for the user, in any dialog.
    pub(super) fn has_pending(&self) -> bool {
        let waits = |dialog: &Dialog| dialog.negotiation.pending.is_some();
        self.dialogs.iter().any(waits)
    }

    /// Refuses what waits for a user that will not answer any more.
    pub(super) fn abandon_pending(&mut self, core: &mut Core, now: Instant, index: usize) {
        if let Some(pending) = self.negotiation_of(index).pending.take() {
            let tag = self.local_tag.clone();
            let none = Headers::new();
            core.answer(now, &pending.key, &pending.request, 487, Some(&tag), &none);
        }
    }

    /// A final response of 300 to 699 to the re-INVITE or UPDATE that waits; the session goes
    /// on as it was (RFC 3261 §14.2).
    pub(super) fn refuse_pending(
        &mut self,
        core: &mut Core,
        now: Instant,
        status: u16,
        reason: Option<&str>,
        headers: &Headers,
    ) -> Result<(), RequestError> {
        let waits = |dialog: &Dialog| dialog.negotiation.pending.is_some();
        let index = self.dialogs.iter().position(waits).unwrap_or(0);
        let Some(pending) = self.negotiation_of(index).pending.take() else {
            return Err(self.out_of_place("Reject"));
        };
        let made = self.response(
            core,
            &pending.request,
            status,
            reason,
            headers,
            &Bodies::default(),
        );
        match made {
            Ok(response) => {
                let negotiation = self.negotiation_of(index);
                if negotiation.exchange == Exchange::Remote {
                    negotiation.exchange = Exchange::Stable;
                }
                core.respond(now, &pending.key, response);
                Ok(())
            }
            Err(e) => {
                self.negotiation_of(index).pending = Some(pending);
                Err(e)
            }
        }
    }

    /// Answers a later offer with the address and codecs of the description that stands. The
    /// version of o= moves only when the description does (RFC 3264 §8).
    pub(super) fn answer_again(
        &mut self,
        index: usize,
        offer: &Bytes,
    ) -> Result<sdp::Answer, sdp::Refusal> {
        let stands = self.negotiation_of(index).local_sdp.clone();
        let stands = stands.ok_or(sdp::Refusal::NoAudio)?;
        let mut local = Capabilities::of(&stands)?;
        local.direction = sdp::Direction::SendRecv;
        local.srtp = self.policy.srtp;
        let answer = sdp::negotiate(&local, offer)?;
        if answer.octets == stands {
            return Ok(answer);
        }
        local.version = local.version.wrapping_add(1);
        sdp::negotiate(&local, offer)
    }
}

impl Core {
    /// Refuses an offer with 400 or 488 and the Warning that says why (RFC 3261 §20.43).
    pub(super) fn refuse_offer(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        tag: &str,
        refusal: &sdp::Refusal,
    ) {
        let warning = refusal.to_header(&self.own().local.to_string());
        self.answer(
            now,
            key,
            request,
            refusal.status(),
            Some(tag),
            &vec![warning],
        );
    }

    /// 500 with a Retry-After of 0 to 10 s (RFC 3261 §14.2, RFC 3311 §5.2).
    pub(super) fn retry_later(
        &mut self,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        tag: &str,
    ) {
        let seconds = self.identifiers.below(11).to_string();
        let headers = vec![("Retry-After".to_owned(), seconds)];
        self.answer(now, key, request, 500, Some(tag), &headers);
    }
}
