//! INVITE sent again in the same session because a final response asked for a change
//! (RFC 3261 §8.1.3.5): the same Call-ID, From and To, the next CSeq.

use std::time::Instant;

use sipx_sip::HeaderName;
use sipx_sip::message::Response;
use sipx_sip::session::MinSe;

use super::core::{Core, Purpose};
use super::invite::build;
use super::session::{Role, Session};
use super::{Indication, Invite, message};

/// How often one INVITE is sent again: enough for every reason once, and no loop.
const MOST: u8 = 4;

impl Session {
    /// Sends the INVITE again when the response asks for something that can be had. Tells
    /// whether it did: the response is then no outcome of the call.
    pub(super) fn invite_again(
        &mut self,
        core: &mut Core,
        now: Instant,
        response: &Response,
    ) -> bool {
        let without_isup = self.isup_refused(response);
        let Role::Uac(uac) = &mut self.role else {
            return false;
        };
        let mut asked = uac.asked.clone();
        let status = response.status.code();
        let changed = match status {
            422 => longer(&mut asked, response),
            _ if without_isup && asked.isup_retry => asked.bodies.isup.take().is_some(),
            _ => false,
        };
        if !changed || uac.again >= MOST {
            return false;
        }
        let fields = &uac.invite.headers;
        let (Some(call_id), Some(sequence)) = (
            message::value(fields, &HeaderName::CallId),
            super::dialog::sequence(fields),
        ) else {
            return false;
        };
        let Ok((request, flow)) = build(core, &asked, &self.local_tag, &call_id, sequence + 1)
        else {
            return false;
        };
        let Some(key) = core.call(now, self.id, Purpose::Invite, request.clone(), flow) else {
            return false;
        };
        let offer = asked.bodies.sdp.clone();
        uac.again += 1;
        uac.asked = asked;
        uac.invite = request;
        uac.key = key;
        uac.flow = flow;
        uac.provisional = false;
        // A final response other than 2xx ends the early dialogs of its INVITE (§12.3).
        for index in 0..self.dialogs.len() {
            self.abandon_pending(core, now, index);
        }
        self.dialogs.clear();
        self.current = None;
        self.offer(offer);
        if without_isup {
            core.indicate(
                self.id,
                Indication::WithoutIsup {
                    status,
                    headers: message::list(&response.headers),
                },
            );
        }
        true
    }

    /// Whether the response refuses the ISUP body of our INVITE and nothing else that we can
    /// tell: 415 whose Accept has no room for it, or 493 (RFC 3204 §3.1, RFC 3261 §21.4.26).
    pub(super) fn isup_refused(&self, response: &Response) -> bool {
        let Role::Uac(uac) = &self.role else {
            return false;
        };
        let Some(isup) = &uac.asked.bodies.isup else {
            return false;
        };
        match response.status.code() {
            493 => true,
            415 => {
                let fields = &response.headers;
                fields.get(&HeaderName::Accept).is_none()
                    || !message::tokens(fields, &HeaderName::Accept)
                        .iter()
                        .any(|range| isup.is_in(range))
            }
            _ => false,
        }
    }
}

/// The session interval that a 422 wants (RFC 4028 §7.3). False when it asks for nothing new.
fn longer(asked: &mut Invite, response: &Response) -> bool {
    let least = response.headers.typed::<MinSe>().and_then(Result::ok);
    let Some(MinSe(least)) = least else {
        return false;
    };
    if asked.session_expires.is_some_and(|asked| asked >= least) {
        return false;
    }
    asked.session_expires = Some(least);
    // It has to stand in the next one as well.
    asked.min_session_expires = Some(least);
    true
}
