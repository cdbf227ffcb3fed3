//! Final responses of 300 to 699 of ours (RFC 3261 §13.3.1.2, §13.3.1.3).

use std::time::Instant;

use super::core::{Core, SessionTimer};
use super::session::{Role, Session, State};
use super::{Bodies, Headers, RequestError};

impl Session {
    /// The user rejects the INVITE, or the offer that waits.
    pub(super) fn reject(
        &mut self,
        core: &mut Core,
        now: Instant,
        status: u16,
        reason: Option<&str>,
        headers: &Headers,
        bodies: &Bodies,
    ) -> Result<(), RequestError> {
        if !(300..=699).contains(&status) {
            return Err(RequestError::Status {
                status,
                expected: "a final status of 300 to 699",
            });
        }
        if self.has_pending() {
            return self.refuse_pending(core, now, status, reason, headers);
        }
        self.refuse(core, now, status, reason, headers, bodies)
    }

    /// A final response to the INVITE; the session ends. Reliable provisional responses that
    /// wait are given up (RFC 3262 §3).
    pub(super) fn refuse(
        &mut self,
        core: &mut Core,
        now: Instant,
        status: u16,
        reason: Option<&str>,
        headers: &Headers,
        bodies: &Bodies,
    ) -> Result<(), RequestError> {
        let Role::Uas(uas) = &self.role else {
            return Err(self.out_of_place("Reject"));
        };
        if self.state != State::Invited {
            return Err(self.out_of_place("Reject"));
        }
        let (key, request) = (uas.key.clone(), uas.invite.clone());
        let response = self.response(core, &request, status, reason, headers, bodies)?;
        if let Role::Uas(uas) = &mut self.role {
            uas.queue.clear();
            uas.outstanding = None;
            uas.accept = None;
        }
        core.stop(self.id, SessionTimer::Provisional);
        core.respond(now, &key, response);
        self.terminate(core, now);
        Ok(())
    }
}
