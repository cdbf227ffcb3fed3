//! The 200 to an INVITE and its ACK (RFC 3261 §13.3.1.4).

use std::time::Instant;

use sipx_sip::message::{Request, Response};
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, SessionTimer};
use super::session::{Exchange, Role, Session, State, Unacknowledged};
use super::session_timer::{Interval, wish};
use super::{Bodies, Failure, Headers, Indication, RequestError, message};

impl Session {
    /// UAS: 200 to the INVITE, at once or after the PRACK it has to wait for.
    pub(super) fn accept(
        &mut self,
        core: &mut Core,
        now: Instant,
        mut bodies: Bodies,
        headers: &Headers,
    ) -> Result<(), RequestError> {
        let exchange = self.negotiation().exchange;
        let Role::Uas(uas) = &mut self.role else {
            return Err(self.out_of_place("Accept"));
        };
        if self.state != State::Invited || uas.accept.is_some() {
            return Err(self.out_of_place("Accept"));
        }
        if bodies.sdp.is_none() {
            bodies.sdp = uas.shown.clone();
        }
        let settled = matches!(exchange, Exchange::Stable | Exchange::Local);
        if bodies.sdp.is_none() && !settled {
            return Err(RequestError::SdpMissing { session: self.id });
        }
        // RFC 3262 §3: no 2xx while a description waits for its PRACK. Provisional responses
        // that were not sent yet and carry none have nothing left to say.
        let sdp_waits = uas.queue.iter().any(|p| p.has_sdp)
            || uas
                .outstanding
                .as_ref()
                .is_some_and(|o| o.provisional.has_sdp);
        if sdp_waits {
            uas.accept = Some((bodies, headers.clone()));
            return Ok(());
        }
        let interval = uas
            .interval
            .or_else(|| wish(&uas.invite.headers, self.policy.session_expires));
        let (key, request) = (uas.key.clone(), uas.invite.clone());
        let stood = self.negotiation().local_sdp.clone();
        let sdp = self.fit(bodies.sdp.take(), true);
        let offer = self.negotiation().exchange == Exchange::Local && sdp.is_some();
        bodies.sdp = sdp;
        let made = self
            .response(core, &request, 200, None, headers, &bodies)
            .and_then(|mut response| {
                super::session_timer::put(&mut response.headers, interval)?;
                Ok(response)
            });
        let response = match made {
            Ok(response) => response,
            Err(e) => {
                let negotiation = self.negotiation();
                negotiation.exchange = exchange;
                negotiation.local_sdp = stood;
                return Err(e);
            }
        };
        if let Role::Uas(uas) = &mut self.role {
            uas.queue.clear();
            uas.outstanding = None;
        }
        core.stop(self.id, SessionTimer::Provisional);
        core.stop(self.id, SessionTimer::Expires);
        self.state = State::Answered;
        self.interval = interval.map(Interval::accepted);
        self.send_ok(core, now, key, &request, response, offer, false);
        self.start_interval(core, now);
        Ok(())
    }

    /// Sends a 200 to an INVITE or re-INVITE and keeps it until the ACK.
    #[expect(clippy::too_many_arguments, reason = "the parts of one response")]
    pub(super) fn send_ok(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: TransactionKey,
        request: &Request,
        response: Response,
        offer: bool,
        renegotiation: bool,
    ) {
        let interval = core.config.t1;
        core.respond(now, &key, response.clone());
        core.start(now + interval, self.id, SessionTimer::Answer);
        self.unacknowledged = Some(Unacknowledged {
            key,
            response,
            sequence: super::dialog::sequence(&request.headers).unwrap_or(0),
            interval,
            until: now + core.timeout(),
            offer,
            renegotiation,
        });
    }

    /// No ACK yet: T1, doubled up to T2; after 64*T1 the session ends by BYE.
    pub(super) fn on_answer_timer(&mut self, core: &mut Core, now: Instant) {
        let Some(waiting) = &mut self.unacknowledged else {
            return;
        };
        if now >= waiting.until {
            self.unacknowledged = None;
            self.fail(core, Failure::NoAck);
            let (headers, bodies) = self.bye.take().unwrap_or_default();
            if self.state == State::Answered {
                self.state = State::Confirmed;
            }
            self.send_bye(core, now, &headers, &bodies);
            return;
        }
        waiting.interval = (waiting.interval * 2).min(core.config.t2);
        let at = (now + waiting.interval).min(waiting.until);
        core.start(at, self.id, SessionTimer::Answer);
        let (key, response) = (waiting.key.clone(), waiting.response.clone());
        core.respond(now, &key, response);
    }

    /// The ACK of our 200.
    pub(super) fn on_ack(&mut self, core: &mut Core, now: Instant, ack: &Request) {
        let number = super::dialog::sequence(&ack.headers);
        let Some(waiting) = self
            .unacknowledged
            .take_if(|waiting| number == Some(waiting.sequence))
        else {
            return;
        };
        core.stop(self.id, SessionTimer::Answer);
        let bodies = message::bodies(&ack.headers, ack.body()).unwrap_or_default();
        if waiting.offer {
            self.negotiation().exchange = Exchange::Stable;
        }
        if self.state == State::Answered {
            self.state = State::Confirmed;
        }
        if let Some((headers, bodies)) = self.bye.take() {
            self.send_bye(core, now, &headers, &bodies);
        } else if !waiting.renegotiation || waiting.offer {
            core.indicate(self.id, Indication::Acknowledged { bodies });
        }
        self.next_info(core, now);
    }
}
