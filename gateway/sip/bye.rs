//! BYE (RFC 3261 §15).

use std::time::Instant;

use sipx_sip::message::{Method, Request};
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Purpose};
use super::session::{Role, Session, State};
use super::{Bodies, Headers, Indication, Q850, RequestError, message};

impl Session {
    /// The user ends the session.
    pub(super) fn release(
        &mut self,
        core: &mut Core,
        now: Instant,
        headers: Headers,
        bodies: Bodies,
    ) -> Result<(), RequestError> {
        match self.state {
            State::Inviting => return self.cancel(core, now, headers),
            State::Invited => {
                // The user has answered; the 200 waits for a PRACK, and the BYE for both.
                let answered = matches!(&self.role, Role::Uas(uas) if uas.accept.is_some());
                if !answered {
                    return Err(self.out_of_place("Bye"));
                }
                self.bye = Some((headers, bodies));
                return Ok(());
            }
            // The session is ending: nothing more is needed.
            State::Cancelling | State::Releasing | State::Terminated => return Ok(()),
            State::AckDue => {
                // The 2xx is acknowledged without the answer that will not come.
                if let Some(index) = self.current {
                    self.acknowledge(core, index, &Headers::new(), &Bodies::default());
                }
                self.state = State::Confirmed;
            }
            State::Answered => {
                // RFC 3261 §15: the callee waits for the ACK, or for its timer.
                self.bye = Some((headers, bodies));
                return Ok(());
            }
            State::Confirmed => {}
        }
        let _ = self.refuse_pending(core, now, 487, None, &Headers::new());
        let Some(dialog) = self.dialog() else {
            return Err(self.out_of_place("Bye"));
        };
        let (bye, flow) = dialog.request(core, Method::Bye, &headers, &bodies)?;
        self.releasing(core);
        core.call(now, self.id, Purpose::Bye, bye, flow);
        Ok(())
    }

    /// The endpoint ends the session by itself.
    pub(super) fn send_bye(
        &mut self,
        core: &mut Core,
        now: Instant,
        headers: &Headers,
        bodies: &Bodies,
    ) {
        if self.state != State::Confirmed {
            return;
        }
        if let Some(dialog) = self.dialog()
            && let Ok((bye, flow)) = dialog.request(core, Method::Bye, headers, bodies)
        {
            self.releasing(core);
            core.call(now, self.id, Purpose::Bye, bye, flow);
        } else {
            self.terminate(core, now);
        }
    }

    fn releasing(&mut self, core: &mut Core) {
        self.state = State::Releasing;
        self.infos.clear();
        let negotiation = self.negotiation();
        negotiation.ours = None;
        negotiation.retry = None;
        core.stop_all(self.id);
    }

    /// A BYE of the peer: 200, and 487 to what of ours still waits (§15.1.2).
    pub(super) fn on_bye(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
    ) {
        let tag = Some(self.local_tag.as_str());
        let no_headers = Headers::new();
        core.answer(now, key, request, 200, tag, &no_headers);
        if self.state.is_over() {
            return self.terminate(core, now);
        }
        // Given up already: the INVITE still has its final response to come.
        if self.state == State::Cancelling {
            return;
        }
        let headers = message::list(&request.headers);
        core.indicate(
            self.id,
            Indication::Bye {
                cause: Q850::find(&headers),
                bodies: message::bodies(&request.headers, request.body()).unwrap_or_default(),
                headers,
            },
        );
        let _ = self.refuse_pending(core, now, 487, None, &no_headers);
        match (self.state, &self.role) {
            (State::Invited, Role::Uas(_)) => {
                let _ = self.refuse(core, now, 487, None, &no_headers, &Bodies::default());
            }
            (State::Inviting, Role::Uac(_)) => {
                // A BYE in an early dialog of ours is not for the callee to send (§15); what is
                // left of the INVITE is given up as by the user, and ends the session.
                let _ = self.cancel(core, now, no_headers);
            }
            (State::AckDue, Role::Uac(_)) => {
                if let Some(index) = self.current {
                    self.acknowledge(core, index, &no_headers, &Bodies::default());
                }
                self.terminate(core, now);
            }
            _ => self.terminate(core, now),
        }
    }

    /// A BYE cannot be refused: any final response, or none, ends the session.
    pub(super) fn on_bye_done(&mut self, core: &mut Core, now: Instant) {
        if self.state == State::Releasing {
            self.terminate(core, now);
        }
    }
}
