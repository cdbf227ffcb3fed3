//! PRACK (RFC 3262).

use std::time::Instant;

use sipx_sip::HeaderName;
use sipx_sip::message::{Method, Request};
use sipx_sip::rel::RAck;
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Purpose, SessionTimer};
use super::session::{Exchange, Role, Session, State};
use super::{Bodies, Headers, Indication, RenegotiationMethod, RequestError, message};

impl Session {
    /// UAC: acknowledges a reliable provisional response.
    pub(super) fn send_prack(
        &mut self,
        core: &mut Core,
        now: Instant,
        index: usize,
        rack: String,
        headers: &Headers,
        bodies: &Bodies,
    ) {
        let Some(dialog) = self.dialogs.get_mut(index) else {
            return;
        };
        let Ok((mut prack, flow)) = dialog.request(core, Method::Prack, headers, bodies) else {
            return;
        };
        // The value is digits and the CSeq the peer sent, which was parsed.
        if message::put(&mut prack.headers, HeaderName::RAck, rack).is_ok() {
            core.call(now, self.id, Purpose::Prack, prack, flow);
        }
    }

    /// UAC: whether an offer of a response waits for the user in this dialog.
    pub(super) fn owes_answer(&self, index: usize) -> bool {
        let ack_due = self.state == State::AckDue && self.current == Some(index);
        self.dialogs.get(index).is_some_and(|dialog| {
            let negotiation = &dialog.negotiation;
            negotiation.exchange == Exchange::Remote && (negotiation.prack.is_some() || ack_due)
        })
    }

    /// UAC: the user's answer to an offer in a reliable provisional response or in a 2xx.
    pub(super) fn answer_response(
        &mut self,
        core: &mut Core,
        now: Instant,
        index: usize,
        bodies: Bodies,
        headers: &Headers,
    ) -> Result<(), RequestError> {
        if bodies.sdp.is_none() {
            return Err(RequestError::SdpMissing { session: self.id });
        }
        let Some(dialog) = self.dialogs.get_mut(index) else {
            return Err(self.out_of_place("Answer"));
        };
        let waiting = dialog.negotiation.prack.take();
        dialog.negotiation.local_sdp = bodies.sdp.clone();
        dialog.negotiation.exchange = Exchange::Stable;
        dialog.answered = true;
        if let Some(rack) = waiting {
            self.send_prack(core, now, index, rack, headers, &bodies);
        } else {
            self.state = State::Confirmed;
            self.acknowledge(core, index, headers, &bodies);
            self.next_info(core, now);
        }
        Ok(())
    }

    /// UAS: a PRACK. One that matches nothing outstanding is refused with 481.
    pub(super) fn on_prack(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
    ) {
        let tag = Some(self.local_tag.as_str());
        let rack = match request.headers.typed::<RAck>() {
            Some(Ok(rack)) => rack,
            _ => return core.answer(now, key, request, 400, tag, &Headers::new()),
        };
        let bodies = match message::bodies(&request.headers, request.body()) {
            Ok(bodies) => bodies,
            Err(e) => return core.refuse_body(now, key, request, e.status()),
        };
        let Role::Uas(uas) = &mut self.role else {
            return core.answer(now, key, request, 481, tag, &Headers::new());
        };
        let number = super::dialog::sequence(&uas.invite.headers).unwrap_or(0);
        if !uas.numbering.acknowledge(&rack, number, b"INVITE") {
            return core.answer(now, key, request, 481, tag, &Headers::new());
        }
        let status = uas.outstanding.take().map(|o| o.provisional.status);
        core.stop(self.id, SessionTimer::Provisional);
        let mut answered = None;
        let mut ours = Bodies::default();
        let mut told = bodies;
        if let Some(offer) = &told.sdp {
            match self.negotiation().exchange {
                Exchange::Local => self.negotiation().exchange = Exchange::Stable,
                // A further offer (RFC 3262 §5) is answered in the 200.
                _ => match self.answer_again(0, offer) {
                    Ok(answer) => {
                        ours = Bodies::sdp(answer.octets.clone());
                        self.negotiation().local_sdp = Some(answer.octets.clone());
                        answered = Some((told.clone(), answer));
                        told.sdp = None;
                    }
                    Err(refusal) => {
                        let tag = self.local_tag.clone();
                        core.refuse_offer(now, key, request, &tag, &refusal);
                        return self.after_prack(core, now);
                    }
                },
            }
        }
        if let Ok(ok) = self.response(core, request, 200, None, &Headers::new(), &ours) {
            core.respond(now, key, ok);
        }
        // None when a final response has ended the waiting (RFC 3262 §3).
        if let Some(status) = status {
            core.indicate(
                self.id,
                Indication::Pracked {
                    status,
                    bodies: told,
                },
            );
        }
        if let Some((bodies, answer)) = answered {
            core.indicate(
                self.id,
                Indication::Renegotiate {
                    method: RenegotiationMethod::Prack,
                    fork: 0,
                    bodies,
                    headers: message::list(&request.headers),
                    answered: Some(answer),
                    answer_due: false,
                },
            );
        }
        self.after_prack(core, now);
    }

    /// What waited for the PRACK: the next provisional response, then the 200.
    fn after_prack(&mut self, core: &mut Core, now: Instant) {
        self.next_provisional(core, now);
        let Role::Uas(uas) = &mut self.role else {
            return;
        };
        if uas.outstanding.is_none()
            && let Some((bodies, headers)) = uas.accept.take()
        {
            // Checked when the user asked.
            let _ = self.accept(core, now, bodies, &headers);
        }
    }
}
