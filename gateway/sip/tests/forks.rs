//! What a peer or a proxy does to our INVITE: forks, offers in responses, odd provisionals.

use super::scripted::{SDP, Scripted, callee, field, find, reply, within};
use super::*;

const CONTACT: &str = "Contact: <sip:one@192.0.2.1:5070>\r\n";

#[test]
fn the_first_fork_that_answers_wins_and_the_others_are_released() {
    let mut peer = Scripted::new();
    let (id, invite) = peer.calls();
    peer.hear(&reply(&invite, "100 Trying", "", "", ""));
    peer.hear(&reply(&invite, "180 Ringing", "one", CONTACT, ""));
    peer.hear(&reply(
        &invite,
        "183 Session Progress",
        "two",
        CONTACT,
        ANSWER,
    ));
    let forks: Vec<u16> = peer
        .told
        .iter()
        .filter_map(|(_, told)| match told {
            Indication::Progress { fork, .. } => Some(*fork),
            _ => None,
        })
        .collect();
    assert_eq!(forks, [0, 1]);
    peer.sent.clear();
    peer.hear(&reply(&invite, "200 OK", "one", CONTACT, ANSWER));
    assert_eq!(peer.lines(), ["ACK"]);
    // The second fork answers too, and a third that was never heard of.
    for tag in ["two", "three"] {
        peer.hear(&reply(&invite, "200 OK", tag, CONTACT, ANSWER));
        let to = field(peer.last(), "To");
        assert!(to.ends_with(&format!(";tag={tag}")), "{to}");
        assert_eq!(peer.lines(), ["ACK", "BYE"]);
    }
    // A copy of the first 200 gets its ACK again, and so does one of a released fork.
    peer.hear(&reply(&invite, "200 OK", "one", CONTACT, ANSWER));
    peer.hear(&reply(&invite, "200 OK", "two", CONTACT, ANSWER));
    assert_eq!(peer.lines(), ["ACK", "ACK"]);
    peer.ask(id, bye());
    assert!(field(peer.last(), "To").ends_with(";tag=one"));
    assert!(
        peer.last()
            .starts_with("BYE sip:one@192.0.2.1:5070 SIP/2.0")
    );
    // A fork that answers after the end is released as well.
    peer.hear(&reply(&invite, "200 OK", "four", CONTACT, ANSWER));
    assert_eq!(peer.lines(), ["BYE", "ACK", "BYE"]);
    peer.run(Duration::from_secs(100));
    assert_eq!(
        peer.names(),
        ["Progress 180", "Progress 183", "Accepted", "Terminated"]
    );
    assert_eq!(peer.endpoint.sessions(), 0);
}

#[test]
fn reliable_responses_are_acknowledged_in_order_only() {
    let mut peer = Scripted::new();
    let (_, invite) = peer.calls();
    let reliable = |number: u32, status: &str, sdp: &str| {
        let more = format!("{CONTACT}Require: 100rel\r\nRSeq: {number}\r\n");
        reply(&invite, status, "one", &more, sdp)
    };
    peer.sent.clear();
    peer.hear(&reliable(7, "183 Session Progress", ANSWER));
    assert_eq!(field(peer.last(), "RAck"), "7 1 INVITE");
    assert_eq!(field(peer.last(), "CSeq"), "2 PRACK");
    peer.hear(&reliable(9, "180 Ringing", ""));
    peer.hear(&reliable(7, "183 Session Progress", ANSWER));
    assert_eq!(peer.lines(), ["PRACK"]);
    peer.hear(&reliable(8, "180 Ringing", ANSWER));
    assert_eq!(field(peer.last(), "RAck"), "8 1 INVITE");
    // A description behind the answer is none.
    let told = peer.told.last().unwrap();
    assert!(matches!(
        &told.1,
        Indication::Progress { status: 180, bodies, .. } if bodies.sdp.is_none()
    ));
    // Another fork has a sequence of its own.
    let more = format!("{CONTACT}Require: 100rel\r\nRSeq: 1\r\n");
    peer.hear(&reply(&invite, "180 Ringing", "two", &more, ""));
    assert_eq!(field(peer.last(), "RAck"), "1 1 INVITE");
    assert_eq!(
        peer.names(),
        ["Progress 183", "Progress 180", "Progress 180"]
    );
}

#[test]
fn an_offer_in_a_reliable_response_is_answered_in_prack() {
    let mut peer = Scripted::new();
    let id = peer.endpoint.new_session();
    let mut offerless = invite();
    offerless.bodies = Bodies::default();
    offerless.to = ALICE.parse().unwrap();
    peer.ask(id, Request::Invite(Box::new(offerless)));
    let invite = peer.last().to_owned();
    peer.sent.clear();
    let more = format!("{CONTACT}Require: 100rel\r\nRSeq: 1\r\n");
    peer.hear(&reply(
        &invite,
        "183 Session Progress",
        "one",
        &more,
        ANSWER,
    ));
    assert!(peer.lines().is_empty());
    assert!(matches!(
        peer.told.last(),
        Some((
            _,
            Indication::Progress {
                answer_due: true,
                ..
            }
        ))
    ));
    let answer = Request::Answer {
        fork: 0,
        bodies: Bodies::sdp(OFFER),
        headers: Headers::new(),
    };
    peer.ask(id, answer.clone());
    assert_eq!(find(peer.last(), "RAck").as_deref(), Some("1 1 INVITE"));
    assert!(peer.last().ends_with(OFFER));
    peer.hear(&reply(&invite, "200 OK", "one", CONTACT, ""));
    assert_eq!(peer.lines(), ["PRACK", "ACK"]);
}

#[test]
fn an_offer_in_the_200_is_answered_in_ack() {
    let mut peer = Scripted::new();
    let id = peer.endpoint.new_session();
    let mut offerless = invite();
    offerless.bodies = Bodies::default();
    offerless.to = ALICE.parse().unwrap();
    peer.ask(id, Request::Invite(Box::new(offerless)));
    let invite = peer.last().to_owned();
    peer.sent.clear();
    peer.hear(&reply(&invite, "200 OK", "one", CONTACT, ANSWER));
    peer.hear(&reply(&invite, "200 OK", "one", CONTACT, ANSWER));
    assert!(peer.lines().is_empty());
    let answer = Request::Answer {
        fork: 0,
        bodies: Bodies::sdp(OFFER),
        headers: Headers::new(),
    };
    peer.ask(id, answer);
    assert!(peer.last().starts_with("ACK ") && peer.last().ends_with(OFFER));
    peer.hear(&reply(&invite, "200 OK", "one", CONTACT, ANSWER));
    assert!(peer.last().starts_with("ACK ") && peer.last().ends_with(OFFER));
    assert_eq!(peer.lines(), ["ACK", "ACK"]);
    assert_eq!(peer.names(), ["Accepted"]);
}

#[test]
fn route_sets_are_followed() {
    let mut peer = Scripted::new();
    let (id, invite) = peer.calls();
    let more = format!(
        "{CONTACT}Record-Route: <sip:192.0.2.20;lr>, <sip:192.0.2.21:5080;lr>\r\nRecord-Route: <sip:192.0.2.22;lr>\r\n"
    );
    peer.hear(&reply(&invite, "200 OK", "one", &more, ANSWER));
    let (flow, ack) = peer.sent.last().unwrap().clone();
    // Reversed, and the first hop is the last that recorded itself.
    assert_eq!(flow.remote, "192.0.2.22:5060".parse().unwrap());
    assert!(ack.starts_with("ACK sip:one@192.0.2.1:5070 SIP/2.0"));
    let routes: Vec<&str> = ack
        .lines()
        .filter_map(|line| line.strip_prefix("Route: "))
        .collect();
    assert_eq!(
        routes,
        [
            "<sip:192.0.2.22;lr>",
            "<sip:192.0.2.21:5080;lr>",
            "<sip:192.0.2.20;lr>"
        ]
    );
    peer.ask(id, bye());
    assert_eq!(
        peer.sent.last().unwrap().0.remote,
        "192.0.2.22:5060".parse().unwrap()
    );
}

#[test]
fn a_strict_router_gets_its_own_request_uri() {
    let mut peer = Scripted::new();
    let (_, invite) = peer.calls();
    let more = format!("{CONTACT}Record-Route: <sip:192.0.2.20>\r\n");
    peer.hear(&reply(&invite, "200 OK", "one", &more, ANSWER));
    assert!(peer.last().starts_with("ACK sip:192.0.2.20 SIP/2.0"));
    assert_eq!(field(peer.last(), "Route"), "<sip:one@192.0.2.1:5070>");
}

#[test]
fn challenges_and_refused_media_types_are_told() {
    for (status, more, name, value) in [
        (
            "401 Unauthorized",
            "WWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n",
            "WWW-Authenticate",
            "Digest realm=\"x\", nonce=\"y\"",
        ),
        (
            "415 Unsupported Media Type",
            "Accept: application/sdp\r\n",
            "Accept",
            "application/sdp",
        ),
    ] {
        let mut peer = Scripted::new();
        let (_, invite) = peer.calls();
        peer.sent.clear();
        peer.hear(&reply(&invite, status, "one", more, ""));
        peer.hear(&reply(&invite, status, "one", more, ""));
        assert_eq!(peer.lines(), ["ACK", "ACK"]);
        let (_, Indication::Rejected { headers, .. }) = &peer.told[0] else {
            panic!("{:?}", peer.told);
        };
        assert_eq!(header(headers, name), Some(value));
    }
}

#[test]
fn responses_that_went_astray_are_dropped() {
    let mut peer = Scripted::new();
    let (_, invite) = peer.calls();
    let astray = reply(&invite, "486 Busy Here", "one", "", "");
    peer.sent.clear();
    peer.hear(&astray.replace("192.0.2.2:5060;branch", "192.0.2.3:5060;branch"));
    peer.hear(&astray.replace(";branch=z9hG4bK", ";branch=z9hG4bKx"));
    peer.hear(&astray.replace("1 INVITE", "1 BYE"));
    assert!(peer.told.is_empty() && peer.sent.is_empty());
    peer.hear(&astray);
    assert_eq!(peer.names(), ["Rejected 486", "Terminated"]);
}

#[test]
fn a_bye_in_an_early_dialog_of_ours_ends_the_call() {
    let mut peer = Scripted::new();
    peer.hear(&super::scripted::raw(
        "INVITE",
        "1",
        super::scripted::SDP,
        OFFER,
    ));
    let id = peer.told[0].0;
    peer.ask(id, progress(180, None));
    let ringing = peer.last().to_owned();
    peer.sent.clear();
    peer.hear(&within(&ringing, "BYE", 2, "", ""));
    assert_eq!(peer.lines(), ["200", "487"]);
    assert_eq!(peer.names(), ["Incoming", "Bye", "Terminated"]);
}

#[test]
fn a_peer_that_cannot_be_reached_fails_the_call_at_once() {
    let mut peer = Scripted::new();
    peer.calls();
    let (_, heard) = peer.calls();
    peer.hear(&reply(&heard, "100 Trying", "", "", ""));
    peer.endpoint
        .handle_unreachable(peer.now, ALICE.parse().unwrap());
    peer.run(ms(1));
    // Only the call that nobody answered.
    assert_eq!(peer.endpoint.sessions(), 1);
    peer.hear(&reply(&heard, "486 Busy Here", "one", "", ""));
    assert_eq!(
        peer.names(),
        [
            "Failed TransportError",
            "Terminated",
            "Rejected 486",
            "Terminated"
        ]
    );
}

#[test]
fn a_200_that_cannot_be_read_is_released() {
    let mut peer = Scripted::new();
    let (_, invite) = peer.calls();
    peer.sent.clear();
    let more = format!("{CONTACT}Content-Type: multipart/mixed\r\n");
    let broken = reply(&invite, "200 OK", "one", &more, "x")
        .replace("Content-Type: application/sdp\r\n", "");
    peer.hear(&broken);
    assert_eq!(peer.lines(), ["ACK", "BYE"]);
    assert_eq!(peer.names(), ["Rejected 488", "Terminated"]);
}

#[test]
fn forks_without_end_are_dropped() {
    let mut peer = Scripted::new();
    let (_, invite) = peer.calls();
    for tag in 0..200 {
        let tag = format!("t{tag}");
        peer.hear(&reply(&invite, "180 Ringing", &tag, CONTACT, ""));
    }
    peer.sent.clear();
    peer.hear(&reply(&invite, "200 OK", "t0", CONTACT, ANSWER));
    assert_eq!(peer.lines(), ["ACK"]);
}

/// A reliable 183 of a fork, with a description or without.
fn early(invite: &str, tag: &str, number: u32, sdp: &str) -> String {
    let more = format!("{CONTACT}Require: 100rel\r\nRSeq: {number}\r\nAllow: UPDATE\r\n");
    reply(invite, "183 Session Progress", tag, &more, sdp)
}

fn renegotiated_in(peer: &mut Scripted) -> Vec<u16> {
    peer.told
        .drain(..)
        .filter_map(|(_, told)| match told {
            Indication::Renegotiate { fork, .. } => Some(fork),
            _ => None,
        })
        .collect()
}

#[test]
fn every_fork_has_offers_and_answers_of_its_own() {
    let mut peer = Scripted::new();
    let (id, invite) = peer.calls();
    peer.hear(&early(&invite, "one", 1, ANSWER));
    // The second has acknowledged nothing yet: an offer of it crosses ours.
    peer.hear(&early(&invite, "two", 1, ""));
    peer.sent.clear();
    peer.told.clear();
    peer.hear(&callee(&invite, "two", "UPDATE", 1, SDP, ANSWER));
    assert_eq!(peer.lines(), ["491"]);
    peer.hear(&callee(&invite, "one", "UPDATE", 1, SDP, ANSWER));
    assert_eq!(peer.lines(), ["200"]);
    assert_eq!(renegotiated_in(&mut peer), [0]);
    peer.hear(&early(&invite, "two", 2, ANSWER));
    peer.hear(&callee(&invite, "two", "UPDATE", 2, SDP, ANSWER));
    assert_eq!(peer.lines(), ["PRACK", "200"]);
    assert_eq!(renegotiated_in(&mut peer), [1]);
    // Ours goes to the fork heard last, and waits there; the first one may still offer.
    peer.ask(
        id,
        Request::Update {
            bodies: Bodies::sdp(OFFER),
            headers: Headers::new(),
        },
    );
    let update = peer.last().to_owned();
    assert!(field(&update, "To").ends_with(";tag=two"));
    peer.hear(&callee(&invite, "one", "UPDATE", 2, SDP, ANSWER));
    peer.hear(&callee(&invite, "two", "UPDATE", 3, SDP, ANSWER));
    assert_eq!(peer.lines(), ["UPDATE", "200", "491"]);
    // An INFO tells its fork as well.
    let isup = "Content-Type: application/ISUP;version=itu-t92+\r\n";
    peer.hear(&callee(&invite, "one", "INFO", 3, isup, "x"));
    assert!(matches!(
        peer.told.last(),
        Some((_, Indication::Info { fork: 0, .. }))
    ));
    peer.told.clear();
    // The 200 of the second repeats its answer, which is none to the UPDATE.
    peer.hear(&reply(&invite, "200 OK", "two", CONTACT, ANSWER));
    peer.hear(&reply(&update, "200 OK", "", CONTACT, ANSWER));
    assert_eq!(peer.names(), ["Accepted", "Renegotiated 200"]);
    peer.sent.clear();
    peer.hear(&callee(&invite, "one", "UPDATE", 4, SDP, ANSWER));
    peer.hear(&callee(&invite, "two", "UPDATE", 4, SDP, ANSWER));
    assert_eq!(peer.lines(), ["481", "200"]);
}

#[test]
fn every_fork_may_offer_when_we_did_not() {
    let mut peer = Scripted::new();
    let id = peer.endpoint.new_session();
    let invite = Invite {
        to: ALICE.parse().unwrap(),
        bodies: Bodies::default(),
        ..invite()
    };
    peer.ask(id, Request::Invite(Box::new(invite)));
    let invite = peer.last().to_owned();
    peer.sent.clear();
    peer.hear(&early(&invite, "one", 1, ANSWER));
    peer.hear(&early(&invite, "two", 1, ANSWER));
    let due: Vec<(u16, bool)> = peer
        .told
        .drain(..)
        .map(|(_, told)| match told {
            Indication::Progress {
                fork, answer_due, ..
            } => (fork, answer_due),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(due, [(0, true), (1, true)]);
    let answer = |fork| Request::Answer {
        fork,
        bodies: Bodies::sdp(OFFER),
        headers: Headers::new(),
    };
    for (fork, tag) in [(1, "two"), (0, "one")] {
        peer.ask(id, answer(fork));
        assert!(peer.last().starts_with("PRACK"));
        assert!(field(peer.last(), "To").ends_with(tag));
        assert!(peer.last().ends_with(OFFER));
    }
    let now = peer.now;
    assert!(peer.endpoint.request(now, id, answer(0)).is_err());
    assert!(peer.endpoint.request(now, id, answer(7)).is_err());
}

#[test]
fn what_a_fork_asked_is_answered_when_another_wins() {
    let mut peer = Scripted::new();
    let (id, invite) = peer.calls();
    let policy = Policy {
        renegotiation: Renegotiation::User,
        ..Policy::default()
    };
    peer.ask(id, Request::Policy(policy));
    peer.hear(&early(&invite, "one", 1, ANSWER));
    peer.hear(&early(&invite, "two", 1, ANSWER));
    peer.sent.clear();
    peer.hear(&callee(&invite, "two", "UPDATE", 1, SDP, ANSWER));
    assert!(peer.lines().is_empty());
    peer.hear(&reply(&invite, "200 OK", "one", CONTACT, ""));
    assert_eq!(peer.lines(), ["487", "ACK"]);
    peer.hear(&reply(&invite, "200 OK", "two", CONTACT, ""));
    assert_eq!(peer.lines(), ["ACK", "BYE"]);
}

#[test]
fn what_is_early_media_is_told() {
    let mut peer = Scripted::new();
    let (_, invite) = peer.calls();
    let more = format!("{CONTACT}P-Early-Media: sendonly, gated\r\n");
    peer.hear(&reply(
        &invite,
        "183 Session Progress",
        "one",
        &more,
        ANSWER,
    ));
    let Some((_, Indication::Progress { early_media, .. })) = peer.told.pop() else {
        panic!("{:?}", peer.told);
    };
    let told = early_media.unwrap();
    assert_eq!(told.direction, Some(EarlyMedia::SendOnly));
    assert!(told.gated);
}
