//! INFO with ISUP (RFC 6086 §3.2.2 legacy usage, RFC 3372 §5.4): one at a time in each
//! direction, and never the end of a call.

use std::time::Instant;

use sipx_sip::HeaderName;
use sipx_sip::message::{Method, Request};
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Purpose};
use super::session::{Role, Session, State};
use super::{Bodies, Headers, Indication, RequestError, message};

impl Session {
    /// Queues an INFO.
    pub(super) fn info(
        &mut self,
        core: &mut Core,
        now: Instant,
        bodies: Bodies,
    ) -> Result<(), RequestError> {
        if self.state.is_over() || self.state == State::Cancelling {
            return Err(self.out_of_place("Info"));
        }
        self.infos.push_back(bodies);
        self.next_info(core, now);
        Ok(())
    }

    /// Sends the next INFO when none is on its way and the peer knows the dialog.
    pub(super) fn next_info(&mut self, core: &mut Core, now: Instant) {
        if self.info_sent || self.infos.is_empty() {
            return;
        }
        let ready = match (&self.role, self.state) {
            (Role::Uas(uas), State::Invited | State::Answered) => uas.early,
            (_, State::Inviting) => self.current.is_some(),
            (_, State::Confirmed) => true,
            _ => false,
        };
        if !ready {
            return;
        }
        let Some(bodies) = self.infos.pop_front() else {
            return;
        };
        let Some(dialog) = self.dialog() else {
            return;
        };
        if let Ok((info, flow)) = dialog.request(core, Method::Info, &Headers::new(), &bodies) {
            self.info_sent = true;
            core.call(now, self.id, Purpose::Info, info, flow);
        }
    }

    /// An INFO of ours was answered, or not: `None` is no answer in 64*T1.
    pub(super) fn on_info_done(&mut self, core: &mut Core, now: Instant, status: Option<u16>) {
        self.info_sent = false;
        if self.state.is_over() {
            return;
        }
        if !status.is_some_and(|s| (200..300).contains(&s)) {
            core.indicate(self.id, Indication::InfoFailed { status });
        }
        self.next_info(core, now);
    }

    /// An INFO of the peer: ISUP is told; nothing at all is answered 200 (RFC 2976 §2.2);
    /// anything else 415, or 469 for a package (RFC 6086 §4.2.2).
    pub(super) fn on_info(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        request: &Request,
        fork: u16,
    ) {
        let tag = self.local_tag.clone();
        let refuse = |core: &mut Core, status: u16, headers: Headers| {
            core.answer(now, key, request, status, Some(&tag), &headers);
        };
        let package = HeaderName::parse(&bytes::Bytes::from_static(b"Info-Package"));
        if request.headers.get(&package).is_some() {
            return refuse(core, 469, vec![("Recv-Info".to_owned(), String::new())]);
        }
        let bodies = match message::bodies(&request.headers, request.body()) {
            Ok(bodies) => bodies,
            Err(e) => return core.refuse_body(now, key, request, e.status()),
        };
        if bodies.has_more_than_understood() {
            return core.refuse_body(now, key, request, 415);
        }
        refuse(core, 200, Headers::new());
        if bodies.isup.is_some() {
            core.indicate(self.id, Indication::Info { bodies, fork });
        }
    }
}
