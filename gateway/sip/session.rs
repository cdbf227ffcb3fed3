//! A session: an INVITE, the dialogs it made, and where its procedures stand.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;
use sipx_sip::message::{Request, Response};
use sipx_sip::rel::{Numbering, Offered};
use sipx_sip::transaction::TransactionKey;

use super::core::{Core, Purpose};
use super::dialog::Dialog;
use super::refer::Subscription;
use super::session_timer::Interval;
use super::{
    Bodies, Failure, Flow, Headers, Indication, Invite, PeerId, Policy, RequestError, SessionId,
    message,
};

/// Where a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// UAC: INVITE sent, no final response.
    Inviting,
    /// UAC: given up by the user; CANCEL sent or waiting for a provisional response.
    Cancelling,
    /// UAC: a 2xx carried an offer, ACK waits for the user's answer.
    AckDue,
    /// UAS: no final response sent.
    Invited,
    /// UAS: 200 sent, no ACK yet.
    Answered,
    /// Both: the dialog stands.
    Confirmed,
    /// BYE sent.
    Releasing,
    /// `Terminated` was indicated; only transactions are left.
    Terminated,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Inviting => "inviting",
            Self::Cancelling => "cancelling",
            Self::AckDue => "waiting for the answer to the peer's offer",
            Self::Invited => "invited",
            Self::Answered => "answered",
            Self::Confirmed => "confirmed",
            Self::Releasing => "releasing",
            Self::Terminated => "terminated",
        }
    }

    pub(super) fn is_over(self) -> bool {
        matches!(self, Self::Releasing | Self::Terminated)
    }
}

/// Where offer and answer stand (RFC 3264, RFC 3261 §13.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Exchange {
    /// No offer yet.
    #[default]
    None,
    /// Ours waits for an answer.
    Local,
    /// The peer's waits for an answer.
    Remote,
    /// Answered.
    Stable,
}

/// UAC: the INVITE.
#[derive(Debug)]
pub(super) struct Uac {
    /// What the user asked for, as far as the peer has taken it.
    pub(super) asked: Invite,
    /// How often the INVITE was sent again for a final response.
    pub(super) again: u8,
    pub(super) invite: Request,
    pub(super) key: TransactionKey,
    pub(super) flow: Flow,
    /// A provisional response came: CANCEL may go (RFC 3261 §9.1).
    pub(super) provisional: bool,
    /// CANCEL waits for that.
    pub(super) cancel: Option<Headers>,
}

/// A provisional response that waits for its turn.
#[derive(Debug)]
pub(super) struct Provisional {
    pub(super) status: u16,
    pub(super) response: Response,
    pub(super) has_sdp: bool,
}

/// A reliable provisional response without its PRACK.
#[derive(Debug)]
pub(super) struct Outstanding {
    pub(super) provisional: Provisional,
    pub(super) interval: Duration,
    pub(super) until: Instant,
}

/// UAS: the INVITE and the responses to it.
#[derive(Debug)]
pub(super) struct Uas {
    pub(super) invite: Request,
    pub(super) key: TransactionKey,
    pub(super) offered: Offered,
    pub(super) numbering: Numbering,
    pub(super) queue: VecDeque<Provisional>,
    pub(super) outstanding: Option<Outstanding>,
    /// The 200 that waits for a PRACK.
    pub(super) accept: Option<(Bodies, Headers)>,
    /// The answer an unreliable provisional response showed.
    pub(super) shown: Option<Bytes>,
    /// The peer knows the early dialog: it acknowledged a response with our tag, or sent a
    /// request with it. Of an unreliable response we hope so.
    pub(super) early: bool,
    /// The session interval agreed, for the 200.
    pub(super) interval: Option<sipx_sip::session::Accepted>,
}

/// A 200 to an INVITE or re-INVITE without its ACK.
#[derive(Debug)]
pub(super) struct Unacknowledged {
    pub(super) key: TransactionKey,
    pub(super) response: Response,
    pub(super) sequence: u32,
    pub(super) interval: Duration,
    pub(super) until: Instant,
    /// The 200 carried the offer: the ACK brings the answer.
    pub(super) offer: bool,
    /// It answered a re-INVITE.
    pub(super) renegotiation: bool,
}

impl Ours {
    /// The request of the user that it carries out.
    pub(super) fn name(&self) -> &'static str {
        if self.update { "Update" } else { "Reinvite" }
    }
}

#[derive(Debug)]
pub(super) enum Role {
    Uac(Box<Uac>),
    Uas(Box<Uas>),
}

/// A re-INVITE or UPDATE of the peer that waits for the user.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) key: TransactionKey,
    pub(super) request: Request,
    pub(super) offer: bool,
}

/// A re-INVITE or UPDATE of ours.
#[derive(Debug)]
pub(super) struct Ours {
    /// Its transaction, once it was sent.
    pub(super) key: Option<TransactionKey>,
    pub(super) update: bool,
    pub(super) bodies: Bodies,
    pub(super) headers: Headers,
    /// What stands again when it is refused.
    pub(super) before: Option<Bytes>,
    /// It only refreshes the session: its outcome is no news to the user.
    pub(super) refresh: bool,
    /// It was tried again after 491.
    pub(super) again: bool,
}

/// Offer and answer in one dialog: each early dialog of an INVITE has its own
/// (RFC 3261 §13.2.1, RFC 3960 §3.1).
#[derive(Debug, Default)]
pub(super) struct Negotiation {
    pub(super) exchange: Exchange,
    /// The description of ours that stands.
    pub(super) local_sdp: Option<Bytes>,
    /// What the peer asked and the user is to answer.
    pub(super) pending: Option<Pending>,
    /// What we asked.
    pub(super) ours: Option<Ours>,
    /// What was refused with 491 and waits to be tried again.
    pub(super) retry: Option<Ours>,
    /// UAC: RAck of the PRACK that waits for the user's answer.
    pub(super) prack: Option<String>,
}

impl Negotiation {
    /// As the INVITE begins it, with an offer or without.
    pub(super) fn begun(exchange: Exchange, local_sdp: Option<Bytes>) -> Self {
        Self {
            exchange,
            local_sdp,
            ..Self::default()
        }
    }

    /// Nothing but the exchange of the INVITE is under way.
    pub(super) fn is_quiet(&self) -> bool {
        self.ours.is_none() && self.pending.is_none() && self.prack.is_none()
    }
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) id: SessionId,
    pub(super) local_tag: String,
    pub(super) role: Role,
    pub(super) state: State,
    pub(super) policy: Policy,
    /// Whose account answers challenges.
    pub(super) peer: Option<PeerId>,
    pub(super) dialogs: Vec<Dialog>,
    /// The dialog that stands, or the latest early one.
    pub(super) current: Option<usize>,
    /// UAC: what the INVITE began, and every dialog begins with.
    pub(super) begun: Negotiation,
    pub(super) unacknowledged: Option<Unacknowledged>,
    /// An INFO is on its way; the others wait.
    pub(super) info_sent: bool,
    pub(super) infos: VecDeque<Bodies>,
    /// BYE waits for the ACK of our 200.
    pub(super) bye: Option<(Headers, Bodies)>,
    pub(super) interval: Option<Interval>,
    pub(super) subscription: Option<Subscription>,
    /// A REFER was taken in this dialog.
    pub(super) referred: bool,
}

impl Session {
    pub(super) fn new(id: SessionId, local_tag: String, role: Role, policy: Policy) -> Self {
        let state = match role {
            Role::Uac(_) => State::Inviting,
            Role::Uas(_) => State::Invited,
        };
        Self {
            id,
            local_tag,
            role,
            state,
            policy,
            peer: None,
            dialogs: Vec::new(),
            current: None,
            begun: Negotiation::default(),
            unacknowledged: None,
            info_sent: false,
            infos: VecDeque::new(),
            bye: None,
            interval: None,
            subscription: None,
            referred: false,
        }
    }

    pub(super) fn out_of_place(&self, request: &'static str) -> RequestError {
        RequestError::OutOfPlace {
            session: self.id,
            request,
            state: self.state.name(),
        }
    }

    pub(super) fn dialog(&mut self) -> Option<&mut Dialog> {
        self.dialogs.get_mut(self.current?)
    }

    /// Offer and answer in the dialog that stands, or the latest early one.
    pub(super) fn negotiation(&mut self) -> &mut Negotiation {
        match self.current.and_then(|index| self.dialogs.get_mut(index)) {
            Some(dialog) => &mut dialog.negotiation,
            None => &mut self.begun,
        }
    }

    /// Offer and answer in this dialog.
    pub(super) fn negotiation_of(&mut self, index: usize) -> &mut Negotiation {
        match self.dialogs.get_mut(index) {
            Some(dialog) => &mut dialog.negotiation,
            None => &mut self.begun,
        }
    }

    /// The index of the dialog with this remote tag.
    pub(super) fn find(&self, remote_tag: &str) -> Option<usize> {
        self.dialogs.iter().position(|d| d.remote_tag == remote_tag)
    }

    /// A response of this session to a request of the peer: our tag, Contact and what a
    /// response that makes or refreshes a dialog carries (RFC 3261 §12.1.1).
    pub(super) fn response(
        &self,
        core: &mut Core,
        request: &Request,
        status: u16,
        reason: Option<&str>,
        headers: &Headers,
        bodies: &Bodies,
    ) -> Result<Response, RequestError> {
        use sipx_sip::HeaderName as N;
        let mut response = message::response(request, status, reason, Some(&self.local_tag))?;
        let fields = &mut response.headers;
        if status < 300 {
            for route in request.headers.get_all(&N::RecordRoute) {
                fields.push(route.clone());
            }
            message::put(fields, N::Contact, self.contact(core, request))?;
            message::put(fields, N::Allow, message::allow(self.policy.transfer))?;
            message::put(fields, N::Supported, message::EXTENSIONS.join(", "))?;
            message::put(fields, N::Accept, message::ACCEPT)?;
        }
        message::put_all(fields, headers)?;
        core.put_server(&mut response)?;
        let octets = message::put_bodies(&mut response.headers, bodies, core.identifiers.next())?;
        response.set_body(octets);
        Ok(response)
    }

    /// Our Contact in a response to a request of the peer.
    pub(super) fn contact(&self, core: &Core, request: &Request) -> String {
        let tag = message::tag(&request.headers, &sipx_sip::HeaderName::From);
        let dialog = self.find(&tag).and_then(|index| self.dialogs.get(index));
        match (dialog, &self.role) {
            (Some(dialog), _) => core.contact(dialog.peer, dialog.secure),
            (None, Role::Uac(uac)) => core.contact(uac.flow, false),
            (None, Role::Uas(_)) => core.contact(core.own(), false),
        }
    }

    /// Sends a request of this session again that a later one overtook. Tells whether it did.
    pub(super) fn send_again(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        purpose: Purpose,
    ) -> bool {
        if self.state.is_over()
            || !matches!(purpose, Purpose::Info | Purpose::Prack | Purpose::Update)
        {
            return false;
        }
        let Some(sent) = core.sent(key).cloned() else {
            return false;
        };
        self.repeat(core, now, key, purpose, &sent, None)
    }

    /// Sends a request within a dialog once more, with an answer to a challenge, or when a later
    /// one overtook it. Tells whether it did.
    pub(super) fn repeat(
        &mut self,
        core: &mut Core,
        now: Instant,
        key: &TransactionKey,
        purpose: Purpose,
        sent: &Request,
        credentials: Option<(sipx_sip::HeaderName, String)>,
    ) -> bool {
        let tag = message::tag(&sent.headers, &sipx_sip::HeaderName::To);
        let index = self.find(&tag);
        let dialog = index.and_then(|index| self.dialogs.get_mut(index));
        let again = dialog.and_then(|dialog| match credentials {
            None => dialog.overtaken(core, sent),
            Some(credentials) => {
                let (mut request, flow) = dialog.again(core, sent)?;
                super::digest::put(&mut request.headers, credentials)?;
                Some((request, flow))
            }
        });
        if let (Some((request, flow)), Some(index)) = (again, index) {
            let sent = core.call(now, self.id, purpose, request, flow);
            let ours = self.negotiation_of(index).ours.as_mut();
            if let Some(ours) = ours.filter(|ours| ours.key.as_ref() == Some(key)) {
                ours.key = sent;
            }
            return true;
        }
        false
    }

    /// The session failed: tells why.
    pub(super) fn fail(&mut self, core: &mut Core, what: Failure) {
        if !self.state.is_over() {
            core.indicate(self.id, Indication::Failed { what });
        }
    }

    /// The last word to the user. What is left are transactions, late forks and the subscription of
    /// a REFER.
    /// Whatever of the peer's still waits for the user is answered first.
    pub(super) fn terminate(&mut self, core: &mut Core, now: Instant) {
        if self.state == State::Terminated {
            return;
        }
        for index in 0..self.dialogs.len() {
            self.abandon_pending(core, now, index);
        }
        self.state = State::Terminated;
        core.stop_all(self.id);
        self.unacknowledged = None;
        core.indicate(self.id, Indication::Terminated);
        core.ended.push(self.id);
    }
}
