//! What the endpoint tells its user.

use std::time::Duration;

use super::early_media::PEarlyMedia;
use super::reason::Q850;
use super::replaces::Replaces;
use super::sdp::Answer;
use super::{Bodies, Flow, Headers, PeerId, SessionId};

/// Something that happened in one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Indication {
    /// UAS: an INVITE; 100 has been sent. Answer with [`Request`](super::Request)s.
    Incoming(Box<Incoming>),
    /// UAC: a provisional response of 101 to 199; a reliable one has been acknowledged by PRACK
    /// unless `answer_due`.
    Progress {
        /// Status, 101 to 199.
        status: u16,
        /// Reason phrase.
        reason: String,
        /// SDP and ISUP.
        bodies: Bodies,
        /// All header fields.
        headers: Headers,
        /// Whether it came reliably (RFC 3262).
        reliable: bool,
        /// Which early dialog: 0 for the first To tag, 1 for the next.
        fork: u16,
        /// The SDP is an offer: the PRACK waits for [`Request::Answer`](super::Request::Answer)
        /// with the same `fork`.
        answer_due: bool,
        /// P-Early-Media, where the response has it: whether the caller is to hear what comes
        /// before the answer (RFC 5009). Without it the last one said in this dialog stands.
        early_media: Option<PEarlyMedia>,
    },
    /// UAC: the peer does not take the ISUP of the INVITE (415, or 493 for what it cannot open);
    /// the INVITE has been sent again without it, in the same call, because
    /// [`Invite::isup_retry`](super::Invite::isup_retry) asked for it. The call goes on without
    /// ISUP (RFC 3372 §6 "ISUP preferred", RFC 3261 §8.1.3.5).
    WithoutIsup {
        /// The status that refused it.
        status: u16,
        /// All header fields of the refusal.
        headers: Headers,
    },
    /// UAC: 200; ACK has been sent unless `answer_due`.
    Accepted {
        /// SDP and ISUP. No SDP when the answer already came reliably.
        bodies: Bodies,
        /// All header fields.
        headers: Headers,
        /// Which dialog was chosen, as in `Progress`.
        fork: u16,
        /// The SDP is an offer: the ACK waits for [`Request::Answer`](super::Request::Answer).
        answer_due: bool,
    },
    /// UAC: a final response of 300 to 699; ACK has been sent. `Terminated` follows.
    Rejected {
        /// Status, 300 to 699.
        status: u16,
        /// Reason phrase.
        reason: String,
        /// Q.850 cause of the Reason header (RFC 6432).
        cause: Option<Q850>,
        /// An ISUP REL, for example.
        bodies: Bodies,
        /// URIs of Contact by descending q, as they came where it is the same (3xx and 485;
        /// RFC 3261 §8.1.3.4). To follow one, send an INVITE of a new session to it.
        contacts: Vec<String>,
        /// Retry-After: nothing more to this peer before (503; RFC 3261 §21.5.4), or to this
        /// user (404, 413, 480, 486, 500, 600, 603).
        retry_after: Option<Duration>,
        /// What was refused is the ISUP body of our INVITE, not the call: 415 whose Accept has
        /// no application/ISUP, or 493. The trunk has no ISUP: try the next one where ISUP is
        /// mandatory, or without it; [`Invite::isup_retry`](super::Invite::isup_retry) does the
        /// latter by itself.
        isup_refused: bool,
        /// All header fields: Accept of a 415, the challenges of a 401 or 407, Warning of a 488
        /// or 606, Unsupported of a 420, Require of a 421.
        headers: Headers,
    },
    /// Our 200 was acknowledged.
    Acknowledged {
        /// The answer, when our 200 carried the offer.
        bodies: Bodies,
    },
    /// Our reliable provisional response was acknowledged by PRACK.
    Pracked {
        /// Status of the response.
        status: u16,
        /// The answer, when our response carried the offer.
        bodies: Bodies,
    },
    /// INFO with an ISUP body; 200 has been sent.
    Info {
        /// The ISUP message.
        bodies: Bodies,
        /// Which early dialog it came in, as in `Progress`; 0 as UAS.
        fork: u16,
    },
    /// An INFO of ours failed; the session goes on.
    InfoFailed {
        /// The status, or `None` for no answer in 64*T1.
        status: Option<u16>,
    },
    /// BYE; 200 has been sent. `Terminated` follows.
    Bye {
        /// Q.850 cause of the Reason header.
        cause: Option<Q850>,
        /// An ISUP REL, for example.
        bodies: Bodies,
        /// All header fields.
        headers: Headers,
    },
    /// UAS: CANCEL; 200 and 487 have been sent. `Terminated` follows.
    Cancelled {
        /// Q.850 cause of the Reason header.
        cause: Option<Q850>,
        /// All header fields of the CANCEL.
        headers: Headers,
    },
    /// The peer offers new SDP, asks for an offer or refreshes the session.
    Renegotiate {
        /// By which request.
        method: RenegotiationMethod,
        /// Which early dialog it came in, as in `Progress`; 0 as UAS.
        fork: u16,
        /// The offer.
        bodies: Bodies,
        /// All header fields.
        headers: Headers,
        /// The answer given by [`Renegotiation::Automatic`](super::Renegotiation::Automatic);
        /// `None` when the user is to answer, or when there was nothing to answer.
        answered: Option<Answer>,
        /// The request waits for [`Request::Answer`](super::Request::Answer) or
        /// [`Request::Reject`](super::Request::Reject).
        answer_due: bool,
    },
    /// The peer answered our re-INVITE or UPDATE.
    Renegotiated {
        /// Status: 2xx, or what refused it; 408 for no answer. The session goes on as it was.
        status: u16,
        /// The answer.
        bodies: Bodies,
    },
    /// REFER: the peer asks that its call be transferred; 202 and the first NOTIFY have been
    /// sent. Only where [`Policy::transfer`](super::Policy::transfer) allows it: elsewhere the
    /// endpoint declines with 603. Call the target, tell how that goes by
    /// [`Request::ReferProgress`](super::Request::ReferProgress), and end this session or keep
    /// it: the peer hangs up when the transfer succeeded.
    Refer(Box<Refer>),
    /// The session failed; the endpoint has sent what the RFC asks for. `Terminated` follows.
    Failed {
        /// What failed.
        what: Failure,
    },
    /// Last word of a session: the id will not be used again.
    Terminated,
}

/// Why a session failed without the peer saying so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// No ACK to our 200 in 64*T1; BYE is being sent (RFC 3261 §13.3.1.4).
    NoAck,
    /// No PRACK to a reliable provisional response in 64*T1; 504 was sent (RFC 3262 §3).
    NoPrack,
    /// No response to our INVITE in 64*T1 (timer B).
    Timeout,
    /// The session interval passed without a refresh; BYE is being sent (RFC 4028 §10).
    SessionExpired,
    /// The INVITE expired before it was answered; 487 was sent (RFC 3261 §13.3.1).
    InviteExpired,
    /// The peer no longer knows the dialog (481 or 408 within it, RFC 3261 §12.2.1.2).
    DialogGone,
    /// The transport could not deliver.
    TransportError,
}

/// The request that carried an offer within a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenegotiationMethod {
    /// re-INVITE.
    Invite,
    /// UPDATE.
    Update,
    /// PRACK with a further offer (RFC 3262 §5).
    Prack,
}

/// A REFER received (RFC 3515, RFC 3892).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refer {
    /// Whom to call: a sip, sips or tel URI without method and header fields.
    pub target: String,
    /// The new INVITE is to carry this as its Replaces: an attended transfer (RFC 3891).
    pub replaces: Option<Replaces>,
    /// The session of ours that `replaces` names, when the call to be replaced is on this very
    /// gateway: both can be joined without an INVITE.
    pub replaces_session: Option<SessionId>,
    /// Referred-By as it came; the new INVITE should repeat it (RFC 3892 §2.2).
    pub referred_by: Option<String>,
    /// The peer wants to hear of the progress; without, `ReferProgress` is taken and not sent
    /// (Refer-Sub: false, RFC 4488).
    pub subscribed: bool,
    /// All header fields.
    pub headers: Headers,
}

/// An INVITE received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// Which way it came: `remote` is the peer's source address.
    pub flow: Flow,
    /// Whose it is, where peers are configured.
    pub peer: Option<PeerId>,
    /// Request-URI.
    pub request_uri: String,
    /// From, the whole value with its tag.
    pub from: String,
    /// To, the whole value.
    pub to: String,
    /// Tag of From; with the Call-ID it joins the INVITEs of overlap signalling (RFC 3578 §3.5).
    pub from_tag: String,
    /// Call-ID.
    pub call_id: String,
    /// P-Asserted-Identity values in order (RFC 3325).
    pub p_asserted_identity: Vec<String>,
    /// Privacy (RFC 3323).
    pub privacy: Option<String>,
    /// Diversion fields as they came (RFC 5806).
    pub diversion: Vec<String>,
    /// History-Info fields as they came (RFC 7044).
    pub history_info: Vec<String>,
    /// User-to-User fields as they came (RFC 7433).
    pub user_to_user: Vec<String>,
    /// Max-Forwards; 70 when missing.
    pub max_forwards: u8,
    /// Supported or Require names 100rel.
    pub supports_reliable: bool,
    /// Require names 100rel.
    pub requires_reliable: bool,
    /// Accept names application/ISUP, or the INVITE carried it.
    pub accepts_isup: bool,
    /// P-Early-Media, where the INVITE has it: a caller that supports it wants to be told in
    /// each 18x whether there is something to hear (RFC 5009 §4.2.2).
    pub early_media: Option<PEarlyMedia>,
    /// Replaces named this session of ours, and may: accept the INVITE and end that session, or
    /// reject it with 403 where the peer is not allowed to. Impossible ones were refused with
    /// 400, 481, 486 or 603 and are not indicated (RFC 3891 §3).
    pub replaces: Option<SessionId>,
    /// All header fields.
    pub headers: Headers,
    /// Offer and ISUP.
    pub bodies: Bodies,
}
