//! What both halves can hear, by name, and what they stand in.

use bytes::Bytes;
use isup::circuit::{Failure as CircuitFailure, Indication as Isup, RepeatReason, Timer as Q764};
use isup::{
    BackwardCallIndicators, CalledPartysStatus, Cause, Event as Alerted, EventInformation,
    Location, Message, MessageType,
};

use crate::call::{Context, Event, Timer};
use crate::config::SipTrunk;
use crate::interwork::profile::{Fault, RFC3398};
use crate::sip::sdp::{self, Answer, Capabilities, Codec, Refusal};
use crate::sip::{Bodies, Failure, Headers, Indication as Sip, RenegotiationMethod};

const SDP: &str = "v=0\r\n";

/// The surroundings of a call: the demo's SIP trunk and a description of our media.
pub(super) struct Surroundings {
    trunk: SipTrunk,
    sdp: Bytes,
}

impl Surroundings {
    pub(super) fn new() -> Self {
        let text = "name = \"user\"\naddress = \"127.0.0.1:5070\"\nreliable = \"supported\"\nisup = \"optional\"\n";
        Self {
            trunk: toml::from_str(text).unwrap(),
            sdp: Bytes::from_static(SDP.as_bytes()),
        }
    }

    pub(super) fn context(&self) -> Context<'_> {
        Context {
            profile: &RFC3398,
            trunk: &self.trunk,
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
fn answer() -> Answer {
    let rtp = ([127, 0, 0, 1], 16384).into();
    let local = Capabilities::new(rtp, vec![Codec::Pcma], 1);
    let offer = sdp::offer(&Capabilities::new(rtp, vec![Codec::Pcma], 2));
    sdp::negotiate(&local, &offer).unwrap()
}

fn renegotiate() -> Event {
    Event::Sip(Sip::Renegotiate {
        method: RenegotiationMethod::Invite,
        fork: 0,
        bodies: bodies(true),
        headers: Headers::new(),
        answered: Some(answer()),
        answer_due: false,
    })
}

fn timers_and_shutdown() -> Vec<(&'static str, Event)> {
    vec![
        ("interworking timer", Event::Expired(Timer::Interworking)),
        ("T11", Event::Expired(Timer::T11)),
        ("Exhausted", Event::Exhausted(Fault::NoCircuit)),
        ("Unacceptable", Event::Unacceptable(Refusal::NoAudio)),
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
        ("re-INVITE", renegotiate()),
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
            contacts: Vec::new(),
            retry_after: None,
            isup_refused: false,
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
        ("486", rejected(486)),
        ("503", rejected(503)),
        ("no response", failed(Failure::Timeout)),
        ("dialog gone", failed(Failure::DialogGone)),
        ("BYE", bye()),
        ("INFO", info()),
        ("re-INVITE", renegotiate()),
    ]);
    events.extend(timers_and_shutdown());
    events
}
