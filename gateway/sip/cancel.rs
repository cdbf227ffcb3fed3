//! CANCEL (RFC 3261 §9).

use std::time::Instant;

use sipx_sip::HeaderName;
use sipx_sip::message::{Method, Request};
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Purpose, SessionTimer};
use super::endpoint::Endpoint;
use super::session::{Role, Session, State};
use super::{Bodies, Failure, Headers, Indication, Q850, RequestError, message};

impl Session {
    /// UAC: gives up. CANCEL waits for a provisional response.
    pub(super) fn cancel(
        &mut self,
        core: &mut Core,
        now: Instant,
        headers: Headers,
    ) -> Result<(), RequestError> {
        let Role::Uac(uac) = &mut self.role else {
            return Err(self.out_of_place("Cancel"));
        };
        if self.state != State::Inviting {
            return Err(self.out_of_place("Cancel"));
        }
        // What cannot be written is told now, not when the provisional response comes.
        build(&uac.invite, &headers)?;
        uac.cancel = Some(headers);
        let provisional = uac.provisional;
        self.state = State::Cancelling;
        self.infos.clear();
        if provisional {
            self.send_cancel(core, now);
        }
        Ok(())
    }

    /// UAC: sends the CANCEL that waited.
    pub(super) fn send_cancel(&mut self, core: &mut Core, now: Instant) {
        let Role::Uac(uac) = &mut self.role else {
            return;
        };
        let Some(headers) = uac.cancel.take() else {
            return;
        };
        let Ok(cancel) = build(&uac.invite, &headers) else {
            return;
        };
        let flow = uac.flow;
        core.call(now, self.id, Purpose::Cancel, cancel, flow);
        core.start(now + core.timeout(), self.id, SessionTimer::Cancel);
    }

    /// UAC: no final response 64*T1 after CANCEL: the transaction is given up (§9.1).
    pub(super) fn on_cancel_timer(&mut self, core: &mut Core, now: Instant) {
        if let Role::Uac(uac) = &self.role {
            let key = uac.key.clone();
            core.abandon(now, &key);
        }
        self.terminate(core, now);
    }

    /// UAS: CANCEL of the INVITE of this session; its 200 has been sent.
    fn on_cancel(&mut self, core: &mut Core, now: Instant, cancel: &Request) {
        if self.state != State::Invited {
            // A final response is out: the CANCEL has no effect (§9.2).
            return;
        }
        let headers = message::list(&cancel.headers);
        core.indicate(
            self.id,
            Indication::Cancelled {
                cause: Q850::find(&headers),
                headers,
            },
        );
        // 487 has no fields that could be refused.
        let _ = self.refuse(core, now, 487, None, &Headers::new(), &Bodies::default());
    }

    /// UAS: the INVITE expired (§13.3.1).
    pub(super) fn on_expires_timer(&mut self, core: &mut Core, now: Instant) {
        if self.state == State::Invited {
            self.fail(core, Failure::InviteExpired);
            let _ = self.refuse(core, now, 487, None, &Headers::new(), &Bodies::default());
        }
    }
}

impl Endpoint {
    /// CANCEL: it names its INVITE by the branch (§9.2).
    pub(super) fn on_cancel(&mut self, now: Instant, key: &TransactionKey, cancel: &Request) {
        let none = Headers::new();
        let Some(target) = TransactionKey::for_cancelled_invite(cancel) else {
            return self.core.answer(now, key, cancel, 481, None, &none);
        };
        let core = &mut self.core;
        let found = self.invites.get(&target).copied();
        if let Some(session) = found.and_then(|id| self.sessions.get_mut(&id)) {
            let tag = session.local_tag.clone();
            core.answer(now, key, cancel, 200, Some(&tag), &none);
            return session.on_cancel(core, now, cancel);
        }
        // Answered already, or a re-INVITE: 200 all the same while its transaction lives.
        let status = if core.serves(&target) { 200 } else { 481 };
        core.answer(now, key, cancel, status, None, &none);
        if let Some((session, core)) = self.session_of(cancel)
            && let negotiation = session.negotiation()
            && (negotiation.pending.as_ref()).is_some_and(|p| p.key == target)
        {
            let _ = session.refuse_pending(core, now, 487, None, &none);
        }
    }
}

/// CANCEL of an INVITE: its Request-URI, its top Via, its route, one hop (§9.1).
fn build(invite: &Request, headers: &Headers) -> Result<Request, RequestError> {
    use HeaderName as N;
    let mut cancel = Request::new(Method::Cancel, invite.uri.clone());
    for name in [N::Via, N::MaxForwards, N::Route, N::From, N::To, N::CallId] {
        for field in invite.headers.get_all(&name) {
            cancel.headers.push(field.clone());
        }
    }
    let number = super::dialog::sequence(&invite.headers).unwrap_or(1);
    message::put(&mut cancel.headers, N::CSeq, format!("{number} CANCEL"))?;
    message::put_all(&mut cancel.headers, headers)?;
    message::put(&mut cancel.headers, N::ContentLength, "0")?;
    Ok(cancel)
}
