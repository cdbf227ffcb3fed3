//! Changing a session: re-INVITE (RFC 3261 §14) and what it shares with UPDATE.

use std::time::{Duration, Instant};

use bytes::Bytes;
use sipx_sip::message::{Method, Request, Response};
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Purpose, SessionTimer};
use super::sdp::{self, Capabilities};
use super::session::{Exchange, Ours, Pending, Role, Session, State};
use super::session_timer::Interval;
use super::{
    Bodies, Failure, Headers, Indication, Renegotiation, RenegotiationMethod, RequestError, message,
};

impl Session {
    /// Sends a re-INVITE or an UPDATE.
    pub(super) fn renegotiate(
        &mut self,
        core: &mut Core,
        now: Instant,
        ours: Ours,
    ) -> Result<(), RequestError> {
        let name = if ours.update { "Update" } else { "Reinvite" };
        // A re-INVITE without an offer would ask for one, which nobody here answers.
        if !ours.update && ours.bodies.sdp.is_none() {
            return Err(RequestError::SdpMissing { session: self.id });
        }
        let stands = match self.state {
            State::Confirmed => true,
            State::Inviting | State::Invited | State::Answered => ours.update,
            _ => false,
        };
        let free = self.ours.is_none()
            && self.retry.is_none()
            && self.pending.is_none()
            && (ours.update || self.unacknowledged.is_none())
            && (ours.bodies.sdp.is_none() || self.exchange == Exchange::Stable);
        if !stands || !free {
            return Err(self.out_of_place(name));
        }
        let (method, purpose) = if ours.update {
            (Method::Update, Purpose::Update)
        } else {
            (Method::Invite, Purpose::Reinvite)
        };
        let out_of_place = self.out_of_place(name);
        let Some(dialog) = self.dialog() else {
            return Err(out_of_place);
        };
        let (request, flow) = dialog.request(core, method, &ours.headers, &ours.bodies)?;
        if let Some(offer) = &ours.bodies.sdp {
            self.exchange = Exchange::Local;
            self.local_sdp = Some(offer.clone());
        }
        self.ours = Some(ours);
        core.call(now, self.id, purpose, request, flow);
        Ok(())
    }

    /// A response to our re-INVITE or UPDATE.
    pub(super) fn on_renegotiation_response(
        &mut self,
        core: &mut Core,
        now: Instant,
        purpose: Purpose,
        response: &Response,
    ) {
        let status = response.status.code();
        if status < 200 {
            return;
        }
        if status < 300 && purpose == Purpose::Reinvite {
            let number = super::dialog::sequence(&response.headers).unwrap_or(0);
            if let Some(dialog) = self.dialog() {
                dialog.acknowledge(core, number);
            }
        }
        if self.state.is_over() {
            return;
        }
        let Some(ours) = self.ours.take() else {
            return;
        };
        if ours.bodies.sdp.is_some() && self.exchange == Exchange::Local {
            self.exchange = Exchange::Stable;
        }
        if status < 300 {
            if let Some(dialog) = self.dialog() {
                dialog.refresh(&response.headers);
            }
            if self.interval.is_some() {
                let asked = self.interval.as_ref().map(Interval::length);
                self.interval = Interval::adopted(&response.headers, asked);
                self.start_interval(core, now);
            }
            let bodies = message::bodies(&response.headers, response.body()).unwrap_or_default();
            if !ours.refresh {
                core.indicate(self.id, Indication::Renegotiated { status, bodies });
            }
            return;
        }
        self.renegotiation_failed(core, now, ours, status);
    }

    /// No answer to our re-INVITE or UPDATE: as if 408 had come (RFC 3261 §8.1.3.1).
    pub(super) fn on_renegotiation_lost(&mut self, core: &mut Core, now: Instant) {
        if self.state.is_over() {
            return;
        }
        if let Some(ours) = self.ours.take() {
            if ours.bodies.sdp.is_some() && self.exchange == Exchange::Local {
                self.exchange = Exchange::Stable;
            }
            self.renegotiation_failed(core, now, ours, 408);
        }
    }

    fn renegotiation_failed(&mut self, core: &mut Core, now: Instant, ours: Ours, status: u16) {
        self.local_sdp.clone_from(&ours.before);
        match status {
            481 | 408 if self.state == State::Confirmed => self.gone(core, now, status),
            491 if !ours.again => {
                // §14.1: the owner of the Call-ID waits longer, so that one of both comes first.
                let units = if matches!(self.role, Role::Uac(_)) {
                    210 + core.identifiers.below(191)
                } else {
                    core.identifiers.below(201)
                };
                let at = now + Duration::from_millis(units * 10);
                core.start(at, self.id, SessionTimer::Retry);
                self.retry = Some(Ours {
                    again: true,
                    ..ours
                });
            }
            _ if ours.refresh => {}
            _ => core.indicate(
                self.id,
                Indication::Renegotiated {
                    status,
                    bodies: Bodies::default(),
                },
            ),
        }
    }

    /// Another try after 491.
    pub(super) fn on_retry_timer(&mut self, core: &mut Core, now: Instant) {
        let Some(mut ours) = self.retry.take() else {
            return;
        };
        let refresh = ours.refresh;
        ours.before.clone_from(&self.local_sdp);
        if self.renegotiate(core, now, ours).is_err() && !refresh {
            core.indicate(
                self.id,
                Indication::Renegotiated {
                    status: 491,
                    bodies: Bodies::default(),
                },
            );
        }
    }

    /// The peer lost the dialog (481), or does not answer (RFC 3261 §12.2.1.2).
    fn gone(&mut self, core: &mut Core, now: Instant, status: u16) {
        self.fail(core, Failure::DialogGone);
        if status == 481 {
            self.terminate(core);
        } else {
            self.send_bye(core, now, &Headers::new(), &Bodies::default());
        }
    }

    /// A re-INVITE of the peer.
    pub(super) fn on_reinvite(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: Request,
    ) {
        let tag = self.local_tag.clone();
        if self.ours.is_some() {
            return core.answer(now, key, &request, 491, Some(&tag), &Headers::new());
        }
        let waits = self.pending.is_some() || self.unacknowledged.is_some();
        if waits || self.state != State::Confirmed {
            return core.retry_later(now, key, &request, &tag);
        }
        let Some(bodies) = self.readable(core, now, key, &request) else {
            return;
        };
        self.on_offer(core, now, key, request, bodies, RenegotiationMethod::Invite);
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
            Ok(bodies) if bodies.not_understood().is_none() => Some(bodies),
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

    /// A re-INVITE or UPDATE that may be answered now.
    pub(super) fn on_offer(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: Request,
        bodies: Bodies,
        method: RenegotiationMethod,
    ) {
        let tag = self.local_tag.clone();
        let fork = self.dialog().map_or(0, |dialog| dialog.fork);
        let interval = match core.session_interval(&request) {
            Ok(interval) => interval,
            Err(floor) => {
                let min = ("Min-SE".to_owned(), floor.as_secs().to_string());
                return core.answer(now, key, &request, 422, Some(&tag), &vec![min]);
            }
        };
        if let Some(dialog) = self.dialog() {
            dialog.refresh(&request.headers);
        }
        let invite = method == RenegotiationMethod::Invite;
        let offered = bodies.sdp.clone();
        let nothing = offered.is_none() && !invite;
        let headers = message::list(&request.headers);
        if self.policy.renegotiation == Renegotiation::User && !nothing {
            if invite {
                core.answer(now, key, &request, 100, None, &Headers::new());
            }
            if offered.is_some() {
                self.exchange = Exchange::Remote;
            }
            self.pending = Some(Pending {
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
            Some(offer) => match self.answer_again(&offer) {
                Ok(answer) => {
                    ours = Bodies::sdp(answer.octets.clone());
                    self.local_sdp = Some(answer.octets.clone());
                    answered = Some(answer);
                }
                Err(status) => {
                    return core.answer(now, key, &request, status, Some(&tag), &Headers::new());
                }
            },
            None if invite => ours.sdp = self.local_sdp.clone(),
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
            (offer, interval),
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

    /// 200 to a re-INVITE or UPDATE; `terms` are whether it carries an offer of ours, and the
    /// session interval.
    #[expect(clippy::too_many_arguments, reason = "the parts of one response")]
    fn agree(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        headers: &Headers,
        bodies: &Bodies,
        terms: (bool, Option<sipx_sip::session::Accepted>),
    ) -> Result<(), RequestError> {
        let (offer, interval) = terms;
        let mut response = self.response(core, request, 200, None, headers, bodies)?;
        super::session_timer::put(&mut response.headers, interval)?;
        // An UPDATE without an offer leaves the exchange of the INVITE as it is.
        if bodies.sdp.is_some() {
            self.exchange = if offer {
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
        bodies: Bodies,
        headers: &Headers,
    ) -> Result<(), RequestError> {
        let Some(pending) = self.pending.take() else {
            return Err(self.out_of_place("Answer"));
        };
        if bodies.sdp.is_none() {
            self.pending = Some(pending);
            return Err(RequestError::SdpMissing { session: self.id });
        }
        let interval = core.session_interval(&pending.request).unwrap_or(None);
        let terms = (!pending.offer, interval);
        let (key, request) = (pending.key.clone(), pending.request.clone());
        if let Err(e) = self.agree(core, now, &key, &request, headers, &bodies, terms) {
            self.pending = Some(pending);
            return Err(e);
        }
        self.local_sdp = bodies.sdp;
        Ok(())
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
        let Some(pending) = self.pending.take() else {
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
                if self.exchange == Exchange::Remote {
                    self.exchange = Exchange::Stable;
                }
                core.respond(now, &pending.key, response);
                Ok(())
            }
            Err(e) => {
                self.pending = Some(pending);
                Err(e)
            }
        }
    }

    /// Answers a later offer with the address and codecs of the description that stands. The
    /// version of o= moves only when the description does (RFC 3264 §8). `Err` is the status.
    pub(super) fn answer_again(&self, offer: &Bytes) -> Result<sdp::Answer, u16> {
        let stands = self.local_sdp.as_ref().ok_or(488u16)?;
        let mut local = Capabilities::of(stands).map_err(|_| 488u16)?;
        local.direction = sdp::Direction::SendRecv;
        let answer = sdp::negotiate(&local, offer).map_err(|e| e.status())?;
        if answer.octets == *stands {
            return Ok(answer);
        }
        local.version = local.version.wrapping_add(1);
        sdp::negotiate(&local, offer).map_err(|e| e.status())
    }
}

impl Core {
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
