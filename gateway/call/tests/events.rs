//! What both halves can hear, by name, and what they stand in.

use bytes::Bytes;
use isup::circuit::{Failure as CircuitFailure, Indication as Isup, RepeatReason, Timer as Q764};
use isup::{
    BackwardCallIndicators, CalledPartysStatus, Cause, Event as Alerted, EventInformation,
    ForwardCallIndicators, GenericNotification, Location, Message, MessageType, Notification,
    SuspendResumeIndicators, Variant,
};

use crate::call::{Context, Event, Timer};
use crate::config::{IsupMode, SipTrunk};
use crate::dialplan::Digits;
use crate::interwork::profile::{Fault, RFC3398};
use crate::sip::sdp::{self, Answer, Capabilities, Codec, Direction, Refusal};
use crate::sip::{
    Bodies, EarlyMedia, Failure, Headers, Indication as Sip, PEarlyMedia, RenegotiationMethod,
};

const SDP: &str = "v=0\r\n";

/// The surroundings of a call: the demo's SIP trunk and a description of our media.
pub(super) struct Surroundings {
    trunk: SipTrunk,
    sdp: Bytes,
}

impl Surroundings {
    pub(super) fn new() -> Self {
        Self::of("isup = \"optional\"\nredirect = \"notify\"")
    }

    /// With these lines about the trunk.
    pub(super) fn of(lines: &str) -> Self {
        let text = format!(
            "name = \"user\"\naddress = \"127.0.0.1:5070\"\nreliable = \"supported\"\n{lines}\n"
        );
        Self {
            trunk: toml::from_str(&text).unwrap(),
            sdp: Bytes::from_static(SDP.as_bytes()),
        }
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context {
            profile: &RFC3398,
            trunk: &self.trunk,
            variant: Variant::Itu,
            isup: self.trunk.isup != IsupMode::Off,
            parallel: false,
            sdp: Some(&self.sdp),
            group: None,
            own_host: "192.0.2.1",
        }
    }
}

fn bodies(sdp: bool) -> Bodies {
    Bodies {
        sdp: sdp.then(|| Bytes::from_static(SDP.as_bytes())),
        ..Bodies::default()
    }
}

fn with_isup(message: &Message) -> Bodies {
    let surroundings = Surroundings::new();
    Bodies {
        isup: crate::interwork::encapsulation::body(&surroundings.trunk, message),
        ..Bodies::default()
    }
}

fn cause(value: u8) -> Cause {
    Cause::new(value, Location::PublicNetworkRemoteUser)
}

fn acm(status: CalledPartysStatus) -> Message {
    Message::new(MessageType::Acm)
        .with(BackwardCallIndicators::ISUP_ALL_THE_WAY.with_called_partys_status(status))
}

fn received(message: Message) -> Event {
    Event::Isup(Isup::Received(message))
}

/// What a circuit can say, to either half.
fn of_the_circuit() -> Vec<(&'static str, Event)> {
    let rel = Message::new(MessageType::Rel).with(cause(17));
    let failed = |reason| {
        Event::Isup(Isup::Failed {
            cause: cause(31),
            reason,
        })
    };
    vec![
        ("USR", received(Message::new(MessageType::Usr))),
        ("REL", Event::Isup(Isup::Released(rel))),
        ("Failed RSC", failed(CircuitFailure::Reset)),
        ("Failed T7", failed(CircuitFailure::Expired(Q764::T7))),
        ("Idle", Event::Isup(Isup::Idle)),
    ]
}

fn refused(announcement: Option<&str>) -> Event {
    Event::Refused(Box::new(crate::call::Refusal {
        cause: 3,
        status: Some(404),
        why: "the dial plan".to_owned(),
        headers: Vec::new(),
        announcement: announcement.map(str::to_owned),
    }))
}

fn failed(what: Failure) -> Event {
    Event::Sip(Sip::Failed { what })
}

fn bye() -> Event {
    Event::Sip(Sip::Bye {
        cause: None,
        bodies: Bodies::default(),
        headers: Headers::new(),
    })
}

fn info() -> Event {
    Event::Sip(Sip::Info {
        bodies: with_isup(&Message::new(MessageType::Usr)),
        fork: 0,
    })
}

/// What the endpoint answered to an offer within the call.
fn answer(direction: Direction) -> Answer {
    let rtp = ([127, 0, 0, 1], 16384).into();
    let local = Capabilities::new(rtp, vec![Codec::Pcma], 1);
    let mut peer = Capabilities::new(rtp, vec![Codec::Pcma], 2);
    peer.direction = direction;
    sdp::negotiate(&local, &sdp::offer(&peer)).unwrap()
}

fn renegotiate(method: RenegotiationMethod, direction: Direction) -> Event {
    Event::Sip(Sip::Renegotiate {
        method,
        fork: 0,
        bodies: bodies(true),
        headers: Headers::new(),
        answered: Some(answer(direction)),
        answer_due: false,
    })
}

/// Hold and suspension, within the conversation (RFC 3398 §9).
pub(super) fn of_hold() -> Vec<(&'static str, Event)> {
    let by =
        |kind, indicators: SuspendResumeIndicators| received(Message::new(kind).with(indicators));
    let network = SuspendResumeIndicators::NETWORK_INITIATED;
    let user = SuspendResumeIndicators::empty();
    let notified = |what| {
        received(
            Message::new(MessageType::Cpg)
                .with(EventInformation::new(Alerted::Progress))
                .with(GenericNotification::new(what)),
        )
    };
    let renegotiated = |status| {
        Event::Sip(Sip::Renegotiated {
            status,
            bodies: bodies(status == 200),
        })
    };
    vec![
        ("SUS", by(MessageType::Sus, network)),
        ("RES", by(MessageType::Res, network)),
        ("SUS of a user", by(MessageType::Sus, user)),
        ("RES of a user", by(MessageType::Res, user)),
        ("CPG remote hold", notified(Notification::RemoteHold)),
        (
            "CPG remote retrieval",
            notified(Notification::RemoteRetrieval),
        ),
        ("200 to the offer", renegotiated(200)),
        ("488 to the offer", renegotiated(488)),
        (
            "re-INVITE that holds",
            renegotiate(RenegotiationMethod::Invite, Direction::SendOnly),
        ),
        (
            "re-INVITE that retrieves",
            renegotiate(RenegotiationMethod::Invite, Direction::SendRecv),
        ),
    ]
}

/// What decides what the caller on the circuit hears before the answer.
pub(super) fn of_ringing() -> Vec<(&'static str, Event)> {
    let progress = |status, sdp, permission: Option<EarlyMedia>| {
        Event::Sip(Sip::Progress {
            status,
            reason: String::new(),
            bodies: bodies(sdp),
            headers: Headers::new(),
            early_media: permission.map(|direction| PEarlyMedia {
                direction: Some(direction),
                ..PEarlyMedia::default()
            }),
            reliable: false,
            fork: 0,
            answer_due: false,
        })
    };
    vec![
        ("180", progress(180, false, None)),
        ("183 SDP", progress(183, true, None)),
        ("180 SDP", progress(180, true, None)),
        (
            "183 SDP, early media inactive",
            progress(183, true, Some(EarlyMedia::Inactive)),
        ),
        ("RTP", Event::MediaCame),
        ("early media timer", Event::Expired(Timer::EarlyMedia)),
    ]
}

/// Digits one after the other (RFC 3578).
pub(super) fn of_overlap() -> Vec<(&'static str, Event)> {
    let said = |digits, pass| Event::Digits { digits, pass };
    vec![
        ("SAM", received(Message::new(MessageType::Sam))),
        ("too few digits", said(Digits::TooFew, false)),
        ("enough digits", said(Digits::Enough, false)),
        ("enough digits, passed on", said(Digits::Enough, true)),
        ("all digits", said(Digits::All, false)),
    ]
}

/// An IAM; with the mark that the call has met another kind of network.
pub(super) fn iam(interworking: bool) -> Message {
    let indicators = match interworking {
        true => ForwardCallIndicators::INTERWORKING_ENCOUNTERED,
        false => ForwardCallIndicators::ISUP_ALL_THE_WAY,
    };
    Message::new(MessageType::Iam).with(indicators)
}

fn timers_and_shutdown() -> Vec<(&'static str, Event)> {
    vec![
        ("T10", Event::Expired(Timer::T10)),
        ("T35", Event::Expired(Timer::T35)),
        ("Superseded", Event::Superseded),
        ("interworking timer", Event::Expired(Timer::Interworking)),
        ("T11", Event::Expired(Timer::T11)),
        ("treatment timer", Event::Expired(Timer::Treatment)),
        ("announcement over", Event::Announced),
        ("Exhausted", Event::Exhausted(Fault::NoCircuit)),
        ("Refused", refused(None)),
        ("Refused, told", refused(Some("sorry"))),
        (
            "Unacceptable",
            Event::Unacceptable {
                refusal: Refusal::NoAudio,
                accepted: false,
            },
        ),
        ("Shutdown", Event::Shutdown),
    ]
}

/// What the half from SIP to a circuit can hear.
pub(super) fn of_sip_to_isup() -> Vec<(&'static str, Event)> {
    let announcement = acm(CalledPartysStatus::NoIndication).with(cause(31));
    let alerting = Message::new(MessageType::Cpg).with(EventInformation::new(Alerted::Alerting));
    let progress = Message::new(MessageType::Cpg).with(EventInformation::new(Alerted::Progress));
    let pracked = Sip::Pracked {
        status: 183,
        bodies: bodies(true),
    };
    let acknowledged = Sip::Acknowledged {
        bodies: bodies(false),
    };
    let cancelled = Sip::Cancelled {
        cause: None,
        headers: Headers::new(),
    };
    let mut events = vec![
        ("ACM", received(acm(CalledPartysStatus::NoIndication))),
        (
            "ACM free",
            received(acm(CalledPartysStatus::SubscriberFree)),
        ),
        ("ACM cause", received(announcement)),
        ("CPG", received(progress)),
        ("CPG alerting", received(alerting)),
        ("ANM", received(Message::new(MessageType::Anm))),
        ("CON", received(Message::new(MessageType::Con))),
    ];
    let reason = RepeatReason::DualSeizure;
    events.extend(of_the_circuit());
    events.push(("Repeat", Event::Isup(Isup::Repeat { reason })));
    events.extend([
        ("CANCEL", Event::Sip(cancelled)),
        ("BYE", bye()),
        ("ACK", Event::Sip(acknowledged)),
        ("PRACK", Event::Sip(pracked)),
        ("INFO", info()),
        (
            "UPDATE",
            renegotiate(RenegotiationMethod::Update, Direction::SendRecv),
        ),
        ("no PRACK", failed(Failure::NoPrack)),
        ("no ACK", failed(Failure::NoAck)),
    ]);
    events.extend(timers_and_shutdown());
    events
}

/// What the half from a circuit to SIP can hear.
pub(super) fn of_isup_to_sip() -> Vec<(&'static str, Event)> {
    let progress = |status, sdp, fork| {
        Event::Sip(Sip::Progress {
            status,
            reason: String::new(),
            bodies: bodies(sdp),
            headers: Headers::new(),
            reliable: false,
            fork,
            answer_due: false,
            early_media: None,
        })
    };
    let rejected = |status| {
        Event::Sip(Sip::Rejected {
            status,
            reason: String::new(),
            cause: None,
            bodies: Bodies::default(),
            contacts: match status {
                302 => vec!["sip:+49305550102@127.0.0.1:5090".to_owned()],
                _ => Vec::new(),
            },
            retry_after: None,
            isup_refused: status == 415,
            headers: Headers::new(),
        })
    };
    let accepted = |sdp, fork| {
        Event::Sip(Sip::Accepted {
            bodies: bodies(sdp),
            headers: Headers::new(),
            fork,
            answer_due: false,
        })
    };
    let mut events = of_the_circuit();
    events.extend([
        ("180", progress(180, false, 0)),
        ("183 SDP", progress(183, true, 0)),
        ("180 SDP of a fork", progress(180, true, 1)),
        ("200", accepted(true, 0)),
        ("200 of a fork", accepted(false, 1)),
        ("302", rejected(302)),
        ("415", rejected(415)),
        ("486", rejected(486)),
        ("503", rejected(503)),
        ("no response", failed(Failure::Timeout)),
        ("dialog gone", failed(Failure::DialogGone)),
        ("BYE", bye()),
        ("INFO", info()),
        (
            "UPDATE",
            renegotiate(RenegotiationMethod::Update, Direction::SendRecv),
        ),
    ]);
    events.extend(timers_and_shutdown());
    events
}
