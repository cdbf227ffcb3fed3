//! User-to-user information in every message that may carry it (RFC 7433 §4.1, Q.763 §3.61).

use isup::circuit::{Indication as Isup, Request};
use isup::{
    BackwardCallIndicators, CalledPartysStatus, Cause, Location, Message, MessageType,
    UserToUserInformation, Variant,
};

use crate::call::{Action, Call, Context, Event, IsupToSip, SipToIsup};
use crate::config::SipTrunk;
use crate::interwork::profile::RFC3398;
use crate::sip::{self, Bodies, Headers, Indication as Sip};

const VALUE: &str = "0468;purpose=isdn-uui;content=isdn-uui;encoding=hex";

fn trunk() -> SipTrunk {
    toml::from_str("name = \"user\"\naddress = \"127.0.0.1:5070\"\n").unwrap()
}

fn context(trunk: &SipTrunk) -> Context<'_> {
    Context {
        profile: &RFC3398,
        trunk,
        variant: Variant::Itu,
        isup: false,
        parallel: false,
        sdp: None,
        group: None,
        own_host: "192.0.2.1",
    }
}

fn said() -> Headers {
    vec![("User-to-User".to_owned(), VALUE.to_owned())]
}

fn users(message: Message) -> Message {
    message.with(UserToUserInformation(vec![4, 0x68]))
}

fn acm() -> Message {
    let free = CalledPartysStatus::SubscriberFree;
    let indicators = BackwardCallIndicators::ISUP_ALL_THE_WAY.with_called_partys_status(free);
    Message::new(MessageType::Acm).with(indicators)
}

fn rel() -> Message {
    Message::new(MessageType::Rel).with(Cause::new(17, Location::User))
}

/// The header fields of the message to SIP that these events end with.
fn to_sip(call: Call, events: Vec<Event>) -> Headers {
    let trunk = trunk();
    let mut call = call;
    let mut headers = None;
    for event in events {
        let (after, actions) = call.step(&context(&trunk), event);
        call = after;
        headers = actions.into_iter().find_map(|action| match action {
            Action::Sip(
                sip::Request::Progress { headers, .. }
                | sip::Request::Reject { headers, .. }
                | sip::Request::Cancel { headers }
                | sip::Request::Bye { headers, .. },
            ) => Some(headers),
            _ => None,
        });
    }
    headers.unwrap()
}

/// The message to the circuit that these events end with.
fn to_isup(call: Call, events: Vec<Event>) -> Message {
    let trunk = trunk();
    let mut call = call;
    let mut sent = None;
    for event in events {
        let (after, actions) = call.step(&context(&trunk), event);
        call = after;
        sent = actions.into_iter().find_map(|action| match action {
            Action::Isup(Request::Send(message) | Request::Release(message)) => Some(message),
            _ => None,
        });
    }
    sent.unwrap()
}

fn received(message: Message) -> Event {
    Event::Isup(Isup::Received(message))
}

fn released() -> Event {
    Event::Isup(Isup::Released(users(rel())))
}

fn from_sip() -> Call {
    Call::SipToIsup(SipToIsup::new(false))
}

fn from_isup() -> Call {
    Call::IsupToSip(IsupToSip::new(&Message::new(MessageType::Iam)).0)
}

fn accepted() -> Event {
    Event::Sip(Sip::Accepted {
        bodies: Bodies::default(),
        headers: Headers::new(),
        fork: 0,
        answer_due: false,
    })
}

fn bye() -> Event {
    Event::Sip(Sip::Bye {
        cause: None,
        bodies: Bodies::default(),
        headers: said(),
    })
}

#[test]
fn users_are_heard_in_18x_refusals_and_bye() {
    let anm = received(Message::new(MessageType::Anm));
    for (call, events) in [
        (from_sip(), vec![received(users(acm()))]),
        (
            from_sip(),
            vec![
                received(acm()),
                received(users(Message::new(MessageType::Cpg))),
            ],
        ),
        (from_sip(), vec![released()]),
        (from_sip(), vec![anm, released()]),
        (from_isup(), vec![accepted(), released()]),
    ] {
        let headers = to_sip(call, events.clone());
        assert_eq!(
            sip::header(&headers, "User-to-User"),
            Some(VALUE),
            "{events:?}"
        );
    }
    // CANCEL has none.
    let headers = to_sip(from_isup(), vec![released()]);
    assert_eq!(sip::header(&headers, "User-to-User"), None);
}

#[test]
fn users_are_heard_in_acm_cpg_and_rel() {
    let progress = |status| {
        Event::Sip(Sip::Progress {
            status,
            reason: String::new(),
            bodies: Bodies::default(),
            headers: said(),
            early_media: None,
            reliable: false,
            fork: 0,
            answer_due: false,
        })
    };
    let rejected = Event::Sip(Sip::Rejected {
        status: 486,
        reason: String::new(),
        cause: None,
        bodies: Bodies::default(),
        contacts: Vec::new(),
        retry_after: None,
        isup_refused: false,
        headers: said(),
    });
    let anm = received(Message::new(MessageType::Anm));
    for (call, events, kind) in [
        (from_isup(), vec![progress(180)], MessageType::Acm),
        (
            from_isup(),
            vec![progress(183), progress(180)],
            MessageType::Cpg,
        ),
        (from_isup(), vec![rejected], MessageType::Rel),
        (from_isup(), vec![accepted(), bye()], MessageType::Rel),
        (from_sip(), vec![bye()], MessageType::Rel),
        (from_sip(), vec![anm, bye()], MessageType::Rel),
    ] {
        let message = to_isup(call, events.clone());
        assert_eq!(message.message_type(), kind);
        let users = message.find::<UserToUserInformation>();
        assert_eq!(
            users,
            Some(UserToUserInformation(vec![4, 0x68])),
            "{events:?}"
        );
    }
}
