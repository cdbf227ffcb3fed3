//! One call of a peer: its dialog, its script and what both roles share.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sipx_sip::headers::{Contact, From, RecordRoute, To};
use sipx_sip::rel::{Numbering, Sequence};
use sipx_sip::{HeaderName, Headers, Host, Method, Request, Response, TransactionKey};

use super::{Bodies, CallId, PeerError, Sdp, SipPeer};

/// Who began a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// This peer sent the INVITE.
    Caller,
    /// This peer received the INVITE.
    Called,
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallState {
    /// INVITE sent or received, nothing else yet.
    Calling,
    /// 100 sent or received.
    Proceeding,
    /// 101 to 199 sent or received.
    Early,
    /// 200 sent, ACK not yet there.
    Accepted,
    /// 200 and ACK are through.
    Confirmed,
    /// BYE sent, no response yet.
    Leaving,
    /// Over.
    Terminated,
}

/// What a call does when its time comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Ring,
    Answer,
    HangUp,
    Cancel,
    /// Send the outstanding reliable provisional response again (RFC 3262 section 3).
    RepeatProvisional(u32),
    /// Send the 200 again (RFC 3261 section 13.3.1.4).
    RepeatAccept,
    /// No final response 64*T1 after CANCEL (RFC 3261 section 9.1).
    GiveUpCancelled,
}

/// A response that its sender repeats until it is acknowledged.
#[derive(Debug)]
pub(super) struct Repeated {
    pub(super) response: Response,
    pub(super) interval: Duration,
    pub(super) give_up: Instant,
}

/// Where a caller is with CANCEL (RFC 3261 section 9.1: not before a provisional response).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cancel {
    No,
    Wanted(Option<u8>),
    Sent,
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) role: Role,
    pub(super) state: CallState,
    pub(super) call_id: String,
    /// Own side of the dialog: address with tag, and the tag alone.
    pub(super) local: String,
    pub(super) local_tag: String,
    /// The other side's address, with its tag as soon as that is known.
    pub(super) remote: String,
    pub(super) remote_tag: Option<String>,
    /// The other side's Contact.
    pub(super) target: String,
    pub(super) routes: Vec<String>,
    /// Where requests go.
    pub(super) next_hop: SocketAddr,
    pub(super) cseq: u32,
    pub(super) remote_cseq: u32,
    pub(super) invite: Request,
    pub(super) invite_key: Option<TransactionKey>,
    pub(super) hang_up_after: Option<Duration>,
    pub(super) local_sdp: Option<Sdp>,
    pub(super) remote_sdp: Option<Sdp>,
    pub(super) sdp_version: u32,
    /// Caller: order of reliable provisional responses, CANCEL, and the ACK to repeat.
    pub(super) sequence: Sequence,
    pub(super) cancel: Cancel,
    pub(super) ack: Option<Request>,
    /// Called: numbering of reliable provisional responses and what is being repeated.
    pub(super) numbering: Numbering,
    pub(super) provisional: Option<(u32, Repeated)>,
    pub(super) accept: Option<Repeated>,
    /// The answer waits for the PRACK (RFC 3262 section 3).
    pub(super) answer_waits: bool,
    /// INFO goes one at a time: it has no order of its own.
    pub(super) infos: VecDeque<Bodies>,
    pub(super) info: Option<TransactionKey>,
}

impl Call {
    /// Takes tag, target and routes of the other side from a dialog-forming message: a response
    /// for the caller, the INVITE for the called (RFC 3261 section 12.1).
    pub(super) fn learn_dialog(&mut self, headers: &Headers) {
        let tag = match self.role {
            Role::Caller => headers
                .typed::<To>()
                .and_then(Result::ok)
                .and_then(|to| to.tag().map(text)),
            Role::Called => headers
                .typed::<From>()
                .and_then(Result::ok)
                .and_then(|from| from.tag().map(text)),
        };
        let name = match self.role {
            Role::Caller => HeaderName::To,
            Role::Called => HeaderName::From,
        };
        if tag.is_some() {
            self.remote_tag = tag;
            if let Some(value) = headers.value(&name) {
                self.remote = text(&value);
            }
        }
        let mut routes: Vec<_> = headers
            .typed_all::<RecordRoute>()
            .filter_map(Result::ok)
            .map(|route| text(&route.uri.to_bytes()))
            .collect();
        if self.role == Role::Caller {
            routes.reverse();
        }
        self.routes = routes;
        self.refresh_target(headers);
    }

    /// Takes the Contact, and with it the next hop when that is an address.
    pub(super) fn refresh_target(&mut self, headers: &Headers) {
        let Some(Ok(contact)) = headers.typed::<Contact>() else {
            return;
        };
        self.target = text(&contact.uri.to_bytes());
        if !self.routes.is_empty() {
            return; // the first proxy of the route is the one that already answered
        }
        let port = contact.uri.port().unwrap_or(5060);
        self.next_hop = match contact.uri.host() {
            Some(Host::Ip(address)) => SocketAddr::new(*address, port),
            _ => self.next_hop,
        };
    }
}

impl SipPeer {
    /// Sends an INFO, or queues it behind the one that is not answered yet.
    ///
    /// # Errors
    /// When there is no dialog yet or no longer.
    pub fn info(&mut self, now: Instant, id: CallId, bodies: Bodies) -> Result<(), PeerError> {
        let call = self.dialog(id, "a dialog")?;
        call.infos.push_back(bodies);
        self.next_info(now, id);
        self.flush(now);
        Ok(())
    }

    /// Ends an answered call with BYE; `cause` goes into `Reason: Q.850`.
    ///
    /// # Errors
    /// When the call is not answered.
    pub fn bye(&mut self, now: Instant, id: CallId, cause: Option<u8>) -> Result<(), PeerError> {
        let bodies = Bodies::default();
        self.bye_with(now, id, cause, &bodies)
    }

    /// As [`Self::bye`], with bodies: a REL, as of RFC 3372.
    ///
    /// # Errors
    /// When the call is not answered.
    pub fn bye_with(
        &mut self,
        now: Instant,
        id: CallId,
        cause: Option<u8>,
        bodies: &Bodies,
    ) -> Result<(), PeerError> {
        let call = self.dialog(id, "an answered call")?;
        if !matches!(call.state, CallState::Accepted | CallState::Confirmed) {
            return Err(self.wrong_state(id, "an answered call"));
        }
        let headers = reason_header(cause);
        let bye = self
            .in_dialog(id, Method::Bye, &headers, bodies)
            .map_err(|source| PeerError::Build {
                what: "BYE",
                source,
            })?;
        self.start(now, id, bye);
        self.set_state(now, id, CallState::Leaving);
        self.flush(now);
        Ok(())
    }

    pub(super) fn wrong_state(&self, call: CallId, expected: &'static str) -> PeerError {
        PeerError::State {
            call,
            state: self.state(call),
            expected,
        }
    }

    fn dialog(&mut self, id: CallId, expected: &'static str) -> Result<&mut Call, PeerError> {
        let error = self.wrong_state(id, expected);
        self.calls
            .get_mut(&id)
            .filter(|call| call.remote_tag.is_some() && call.state < CallState::Leaving)
            .ok_or(error)
    }

    /// Starts a client transaction of a call.
    pub(super) fn start(
        &mut self,
        now: Instant,
        id: CallId,
        request: Request,
    ) -> Option<TransactionKey> {
        let to = self.calls.get(&id)?.next_hop;
        let method = request.method.clone();
        let key = self.transactions.request(now, to, request)?;
        self.clients.insert(key.clone(), (id, method));
        Some(key)
    }

    pub(super) fn next_info(&mut self, now: Instant, id: CallId) {
        let Some(call) = self.calls.get_mut(&id).filter(|call| call.info.is_none()) else {
            return;
        };
        if call.state >= CallState::Leaving {
            return;
        }
        let Some(bodies) = call.infos.pop_front() else {
            return;
        };
        match self.in_dialog(id, Method::Info, &[], &bodies) {
            Ok(request) => {
                let key = self.start(now, id, request);
                if let Some(call) = self.calls.get_mut(&id) {
                    call.info = key;
                }
            }
            Err(error) => self.fault(now, Some(id), format!("cannot build the INFO: {error}")),
        }
    }

    /// A response to one of this peer's requests.
    pub(super) fn responded(&mut self, now: Instant, key: &TransactionKey, response: &Response) {
        let Some((id, method)) = self.clients.get(key).cloned() else {
            return;
        };
        match method {
            Method::Invite => self.invite_responded(now, id, response),
            _ if response.status.is_provisional() => {}
            Method::Bye => {
                self.clients.remove(key);
                self.set_state(now, id, CallState::Terminated);
            }
            Method::Info => {
                // 405, 501 and their like do not end the call (RFC 6086 section 4.2.2).
                self.clients.remove(key);
                self.info_done(now, id);
            }
            other => {
                self.clients.remove(key);
                if !response.status.is_success() {
                    let status = response.status;
                    self.fault(now, Some(id), format!("{other} answered with {status}"));
                }
            }
        }
    }

    fn info_done(&mut self, now: Instant, id: CallId) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.info = None;
        }
        self.next_info(now, id);
    }

    /// A transaction ended without what it waited for (timers B, F and H).
    pub(super) fn timed_out(&mut self, now: Instant, key: &TransactionKey) {
        let Some((id, method)) = self.clients.remove(key) else {
            let call = self
                .calls
                .iter()
                .find(|(_, call)| call.invite_key.as_ref() == Some(key))
                .map(|(id, _)| *id);
            return self.fault(now, call, "no ACK for the final response".to_owned());
        };
        self.fault(now, Some(id), format!("no final response to {method}"));
        match method {
            Method::Invite | Method::Bye => self.set_state(now, id, CallState::Terminated),
            Method::Info => self.info_done(now, id),
            _ => {}
        }
    }

    pub(super) fn step(&mut self, now: Instant, id: CallId, step: Step) {
        let Some(state) = self.state(id) else { return };
        match step {
            Step::Ring => self.ring(now, id),
            Step::Answer if state <= CallState::Early => self.accept(now, id),
            Step::HangUp if state == CallState::Confirmed => {
                if let Err(error) = self.bye(now, id, Some(16)) {
                    self.fault(now, Some(id), error.to_string());
                }
            }
            Step::Cancel if state <= CallState::Early => {
                if let Err(error) = self.cancel(now, id, None) {
                    self.fault(now, Some(id), error.to_string());
                }
            }
            Step::RepeatProvisional(rseq) => self.repeat_provisional(now, id, rseq),
            Step::RepeatAccept => self.repeat_accept(now, id),
            Step::GiveUpCancelled if state < CallState::Confirmed => {
                self.fault(now, Some(id), "no final response after CANCEL".to_owned());
                self.set_state(now, id, CallState::Terminated);
            }
            _ => {}
        }
    }
}

/// `Reason: Q.850;cause=` when there is a cause (RFC 3326).
pub(super) fn reason_header(cause: Option<u8>) -> Vec<(String, String)> {
    cause
        .map(|cause| ("Reason".to_owned(), format!("Q.850;cause={cause}")))
        .into_iter()
        .collect()
}

pub(super) fn text(octets: &[u8]) -> String {
    String::from_utf8_lossy(octets).into_owned()
}
