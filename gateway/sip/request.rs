//! What the user of the endpoint asks of it.

use std::time::Duration;

use thiserror::Error;

use super::sdp::crypto::Srtp;
use super::{Bodies, Headers, Hop, PeerId, SessionId};

/// A request of the endpoint's user for one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// UAC: call. The session comes from [`Endpoint::new_session`](super::Endpoint::new_session).
    Invite(Box<Invite>),
    /// UAS: a provisional response, 101 to 199. Sent reliably when the peer and the session's
    /// [`Policy`] allow it; reliable ones go out one at a time, in this order (RFC 3262 §3).
    Progress {
        /// 101 to 199.
        status: u16,
        /// Reason phrase; the standard one of the status when `None`.
        reason: Option<String>,
        /// SDP is dropped once an answer went out reliably; before that the first SDP given is
        /// the answer and is repeated unchanged (RFC 3261 §13.2.1).
        bodies: Bodies,
        /// Further header fields.
        headers: Headers,
    },
    /// UAS: 200 to the INVITE, retransmitted until the ACK. It waits for the PRACK of a
    /// provisional response that carries SDP (RFC 3262 §3). The answer is added when an
    /// unreliable provisional response already showed it.
    Accept {
        /// Bodies of the 200.
        bodies: Bodies,
        /// Further header fields.
        headers: Headers,
    },
    /// UAS: a final response of 300 to 699 to the INVITE, or to the re-INVITE or UPDATE that
    /// waits for the user.
    Reject {
        /// 300 to 699.
        status: u16,
        /// Reason phrase; the standard one of the status when `None`.
        reason: Option<String>,
        /// Further header fields: Reason, Contact, Retry-After, Warning.
        headers: Headers,
        /// An ISUP REL, for example.
        bodies: Bodies,
    },
    /// INFO in either direction, early or confirmed dialog; queued and sent one at a time. A
    /// failed INFO never ends the session (RFC 3372 §5.4).
    Info {
        /// The ISUP message.
        bodies: Bodies,
    },
    /// Ends the session. Waits for the ACK of our 200 where RFC 3261 §15 says so; before the
    /// answer it is [`Request::Cancel`] as UAC and out of place as UAS, which rejects.
    Bye {
        /// Further header fields: Reason.
        headers: Headers,
        /// An ISUP REL, for example.
        bodies: Bodies,
    },
    /// UAC: gives up before the answer. Sent once a provisional response has been seen
    /// (RFC 3261 §9.1); a 200 that crosses is acknowledged and released by the endpoint.
    Cancel {
        /// Further header fields: Reason.
        headers: Headers,
    },
    /// Offers new SDP within the session by re-INVITE.
    Reinvite {
        /// The offer.
        bodies: Bodies,
        /// Further header fields.
        headers: Headers,
    },
    /// Offers new SDP, or refreshes, by UPDATE (RFC 3311), early dialogs too.
    Update {
        /// The offer, or nothing.
        bodies: Bodies,
        /// Further header fields.
        headers: Headers,
    },
    /// Answers the offer that waits for the user: in PRACK or ACK for an offer that came in a
    /// response, in 200 for a re-INVITE or UPDATE under [`Renegotiation::User`].
    Answer {
        /// The dialog the offer came in, as the indication said.
        fork: u16,
        /// The answer.
        bodies: Bodies,
        /// Further header fields.
        headers: Headers,
    },
    /// How the call that a REFER asked for goes: sent as NOTIFY with message/sipfrag
    /// (RFC 3515 §2.4.5), the latest one at a time. A final status is the last word. Nothing
    /// is sent, and nothing wrong, when nobody listens any more: no subscription was wanted, it
    /// ran out or was given up. May be asked after [`Indication::Terminated`](super::Indication), too,
    /// when the peer has hung up: its subscription goes on.
    ReferProgress {
        /// 100 to 699: the status of the new call.
        status: u16,
        /// Reason phrase; the standard one of the status when `None`.
        reason: Option<String>,
    },
    /// Replaces the session's policy.
    Policy(Policy),
}

impl Request {
    /// The request's name, for errors and traces.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invite(_) => "Invite",
            Self::Progress { .. } => "Progress",
            Self::Accept { .. } => "Accept",
            Self::Reject { .. } => "Reject",
            Self::Info { .. } => "Info",
            Self::Bye { .. } => "Bye",
            Self::Cancel { .. } => "Cancel",
            Self::Reinvite { .. } => "Reinvite",
            Self::Update { .. } => "Update",
            Self::Answer { .. } => "Answer",
            Self::ReferProgress { .. } => "ReferProgress",
            Self::Policy(_) => "Policy",
        }
    }
}

/// What a session does by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Provisional responses as UAS: `Off` never reliable (an INVITE that requires 100rel is
    /// refused with 420), otherwise reliable whenever the peer supports it.
    pub reliable: Reliable,
    /// Who answers offers within the session.
    pub renegotiation: Renegotiation,
    /// Whether the peer may transfer: REFER is declined with 603 otherwise, and not named in
    /// Allow. An INVITE with Replaces is indicated all the same: whose call it is to replace
    /// and whether its sender may is for the user to judge.
    pub transfer: bool,
    /// UAS: the session interval asked for in the 200 when the peer supports timers and did not
    /// ask itself (RFC 4028 §9); none of its own accord when `None`.
    pub session_expires: Option<Duration>,
    /// How offers within the session are protected; the keys that stand are in our descriptions.
    pub srtp: Option<Srtp>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            reliable: Reliable::Supported,
            renegotiation: Renegotiation::Automatic,
            transfer: false,
            session_expires: None,
            srtp: None,
        }
    }
}

/// RFC 3262 as UAC and UAS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reliable {
    /// `Require: 100rel` in the INVITE.
    Required,
    /// `Supported: 100rel`.
    #[default]
    Supported,
    /// Not offered, not used.
    Off,
}

/// Who answers an offer that comes within a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Renegotiation {
    /// The endpoint: the same codec, address and port as before, the direction that fits the
    /// offer; the user is told what was answered.
    #[default]
    Automatic,
    /// The user, by [`Request::Answer`] or [`Request::Reject`].
    User,
}

/// An INVITE to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// Where the first hop listens.
    pub to: Hop,
    /// Further hops of the peer, tried in this order when there is no way to the one before, no
    /// answer in 64*T1 or a 503 (RFC 3263 §4.3).
    pub further: Vec<Hop>,
    /// The peer, whose account answers challenges.
    pub peer: Option<PeerId>,
    /// Request-URI: sip, sips or tel.
    pub uri: String,
    /// From, as name-addr or URI, without tag.
    pub from: String,
    /// To, as name-addr or URI; the Request-URI when `None`.
    pub to_header: Option<String>,
    /// P-Asserted-Identity values, one a field (RFC 3325).
    pub p_asserted_identity: Vec<String>,
    /// Privacy value (RFC 3323).
    pub privacy: Option<String>,
    /// Further header fields, sent as given. A Route here is followed by the request.
    pub headers: Headers,
    /// Offer and ISUP.
    pub bodies: Bodies,
    /// 100rel.
    pub reliable: Reliable,
    /// Whether Accept names application/ISUP.
    pub accept_isup: bool,
    /// Max-Forwards.
    pub max_forwards: u8,
    /// Asks for a session timer of this interval (RFC 4028), at least 90 s. A 422 is answered
    /// by the INVITE with the interval it wants.
    pub session_expires: Option<Duration>,
    /// Min-SE beside it; the endpoint's own when `None`.
    pub min_session_expires: Option<Duration>,
    /// When the peer refuses the ISUP body, the endpoint sends the INVITE again without it and
    /// tells [`Indication::WithoutIsup`](super::Indication::WithoutIsup): "ISUP preferred" of
    /// RFC 3372 §6. The body itself then carries `handling=required`.
    pub isup_retry: bool,
    /// Whether Allow names REFER, and the peer may transfer: [`Policy::transfer`].
    pub transfer: bool,
    /// The session whose INVITE this one repeats with more digits: it gets the same Call-ID and
    /// From with its tag, and a higher CSeq (RFC 3578 §3.2).
    pub continues: Option<SessionId>,
}

impl Invite {
    /// An INVITE without bodies, 100rel supported, Max-Forwards 70.
    #[must_use]
    pub fn new(to: Hop, uri: impl Into<String>, from: impl Into<String>) -> Self {
        Self {
            to,
            further: Vec::new(),
            peer: None,
            uri: uri.into(),
            from: from.into(),
            to_header: None,
            p_asserted_identity: Vec::new(),
            privacy: None,
            headers: Headers::new(),
            bodies: Bodies::default(),
            reliable: Reliable::Supported,
            accept_isup: true,
            max_forwards: 70,
            session_expires: None,
            min_session_expires: None,
            isup_retry: false,
            transfer: false,
            continues: None,
        }
    }
}

/// A request the endpoint cannot carry out: the caller's mistake, never the peer's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The session does not exist or has been terminated.
    #[error("{session}: no such session for {request}")]
    NoSession {
        /// The session named.
        session: SessionId,
        /// The request's name.
        request: &'static str,
    },
    /// The session is not in a state in which this can be asked.
    #[error("{session}: {request} is out of place while the session is {state}")]
    OutOfPlace {
        /// The session named.
        session: SessionId,
        /// The request's name.
        request: &'static str,
        /// The state of the session.
        state: &'static str,
    },
    /// A status outside the range of the request.
    #[error("status {status} is not {expected}")]
    Status {
        /// The status given.
        status: u16,
        /// The range expected.
        expected: &'static str,
    },
    /// A URI, address or header field that cannot be written.
    #[error("{field} cannot be written: {detail}")]
    Field {
        /// The header field or element.
        field: String,
        /// What was wrong with it.
        detail: String,
    },
    /// No SDP where the exchange of offer and answer needs one: in the 200 to an INVITE whose
    /// offer was not answered yet or which had none, in [`Request::Reinvite`] and
    /// [`Request::Answer`].
    #[error("{session}: an offer or answer is due and there is no SDP")]
    SdpMissing {
        /// The session named.
        session: SessionId,
    },
}
