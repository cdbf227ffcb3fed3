//! INVITE sent again in the same session because a final response asked for a change
//! (RFC 3261 §8.1.3.5): the same Call-ID, From and To, the next CSeq.

use std::time::Instant;

use sipx_sip::HeaderName;
use sipx_sip::message::{Request, Response};
use sipx_sip::session::MinSe;
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Purpose};
use super::invite::build;
use super::session::{Role, Session, State};
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
        if response.status.code() == 503 && self.invite_elsewhere(core, now) {
            return true;
        }
        let without_isup = self.isup_refused(response);
        let Role::Uac(uac) = &mut self.role else {
            return false;
        };
        let mut asked = uac.asked.clone();
        let status = response.status.code();
        let changed = match status {
            422 => longer(&mut asked, response),
            _ if without_isup && asked.isup_retry => asked.bodies.take_isup(),
            _ => false,
        };
        if !changed || uac.again >= MOST {
            return false;
        }
        if !self.send_invite(core, now, asked, 1) {
            return false;
        }
        if let Role::Uac(uac) = &mut self.role {
            uac.again += 1;
        }
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

    /// The same INVITE to the next hop of the peer (RFC 3263 §4.3). Tells whether there was one.
    pub(super) fn invite_elsewhere(&mut self, core: &mut Core, now: Instant) -> bool {
        let Role::Uac(uac) = &self.role else {
            return false;
        };
        // Who has rung already is not to ring twice.
        if uac.provisional && !self.dialogs.is_empty() {
            return false;
        }
        let mut asked = uac.asked.clone();
        if asked.further.is_empty() {
            return false;
        }
        asked.to = asked.further.remove(0);
        self.send_invite(core, now, asked, 0)
    }

    /// The INVITE with the answer to a challenge (RFC 3261 §22.2, §22.3). Tells whether there
    /// is an answer.
    pub(super) fn authorize(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        purpose: Purpose,
        sent: &Request,
        response: &Response,
    ) -> bool {
        let status = response.status.code();
        if !matches!(status, 401 | 407) || self.state == State::Terminated {
            return false;
        }
        let cnonce = core.identifiers.nonce();
        let Some(peer) = self.peer.and_then(|peer| core.peer(peer)) else {
            return false;
        };
        let Some(account) = &peer.config.account else {
            return false;
        };
        let Some((name, value)) = peer.answers.answer(account, sent, response, &cnonce) else {
            return false;
        };
        if purpose == Purpose::Invite {
            return self.authorize_invite(core, now, key, (name, value));
        }
        self.repeat(core, now, key, purpose, sent, Some((name, value)))
    }

    fn authorize_invite(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        (name, value): (HeaderName, String),
    ) -> bool {
        let Role::Uac(uac) = &self.role else {
            return false;
        };
        let waiting = self.state == State::Inviting && uac.key == *key;
        if !waiting || uac.again >= MOST {
            return false;
        }
        let mut asked = uac.asked.clone();
        let name = message::text(name.canonical());
        asked.headers.retain(|(other, _)| *other != name);
        asked.headers.push((name, value));
        // Whose challenge it is, is asked: the hop that has answered.
        asked.to = uac.flow.hop();
        if !self.send_invite(core, now, asked, 1) {
            return false;
        }
        if let Role::Uac(uac) = &mut self.role {
            uac.again += 1;
        }
        true
    }

    /// Sends an INVITE in the place of the one that failed: the same Call-ID, From and To, the
    /// CSeq further by `step`.
    fn send_invite(&mut self, core: &mut Core, now: Instant, asked: Invite, step: u32) -> bool {
        let Role::Uac(uac) = &mut self.role else {
            return false;
        };
        let fields = &uac.invite.headers;
        let (Some(call_id), Some(sequence)) = (
            message::value(fields, &HeaderName::CallId),
            super::dialog::sequence(fields),
        ) else {
            return false;
        };
        let Ok((request, flow)) = build(core, &asked, &self.local_tag, &call_id, sequence + step)
        else {
            return false;
        };
        let Some(key) = core.call(now, self.id, Purpose::Invite, request.clone(), flow) else {
            return false;
        };
        let offer = asked.bodies.sdp.clone();
        uac.asked = asked;
        uac.invite = request;
        uac.key = key;
        uac.flow = flow;
        uac.provisional = false;
        for index in 0..self.dialogs.len() {
            self.abandon_pending(core, now, index);
        }
        // A final response other than 2xx ends the early dialogs of its INVITE (§12.3).
        self.dialogs.clear();
        self.current = None;
        self.offer(offer);
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
