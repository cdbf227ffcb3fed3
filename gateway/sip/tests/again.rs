//! INVITE sent again because a final response asked for a change.

use super::scripted::{Scripted, field, find, reply};
use super::*;

/// The endpoint calls with ISUP; the INVITE as text.
fn calls(peer: &mut Scripted, isup_retry: bool, session_expires: Option<u64>) -> String {
    let id = peer.endpoint.new_session();
    let mut body = isup(&[1, 2]);
    body.handling = Handling::Required;
    let invite = Invite {
        to: ALICE.parse().unwrap(),
        bodies: Bodies::sdp(OFFER).with_isup(body),
        isup_retry,
        session_expires: session_expires.map(Duration::from_secs),
        ..invite()
    };
    peer.ask(id, Request::Invite(Box::new(invite)));
    peer.sent.remove(0).1
}

/// The same call: everything that stays, and the next CSeq.
fn assert_same_call(first: &str, second: &str) {
    for name in ["From", "To", "Call-ID"] {
        assert_eq!(field(first, name), field(second, name));
    }
    assert_ne!(field(first, "Via"), field(second, "Via"));
    assert_eq!(field(first, "CSeq"), "1 INVITE");
    assert_eq!(field(second, "CSeq"), "2 INVITE");
}

#[test]
fn a_refused_isup_body_is_left_out() {
    for (status, more) in [
        ("415 Unsupported Media Type", "Accept: application/sdp\r\n"),
        ("415 Unsupported Media Type", ""),
        (
            "415 Unsupported Media Type",
            "Accept: application/sdp, application/isup;version=ansi00\r\n",
        ),
        ("493 Undecipherable", ""),
    ] {
        let mut peer = Scripted::new();
        let first = calls(&mut peer, true, None);
        assert!(field(&first, "Content-Type").starts_with("multipart/mixed"));
        peer.hear(&reply(&first, status, "one", more, ""));
        let again = peer.last().to_owned();
        assert_eq!(peer.lines(), ["ACK", "INVITE"], "{status}");
        assert_same_call(&first, &again);
        assert_eq!(field(&again, "Content-Type"), "application/sdp");
        assert!(again.ends_with(OFFER));
        peer.hear(&reply(&again, "200 OK", "two", "", ANSWER));
        assert_eq!(field(peer.last(), "CSeq"), "2 ACK");
        assert_eq!(peer.names(), ["WithoutIsup", "Accepted"]);
    }
}

#[test]
fn a_refused_isup_body_is_told_where_the_endpoint_may_not_leave_it_out() {
    for (status, more, refused) in [
        (
            "415 Unsupported Media Type",
            "Accept: application/sdp\r\n",
            true,
        ),
        (
            "415 Unsupported Media Type",
            "Accept: application/isup, multipart/mixed\r\n",
            false,
        ),
        ("415 Unsupported Media Type", "Accept: */*\r\n", false),
        ("493 Undecipherable", "", true),
        ("488 Not Acceptable Here", "", false),
        ("606 Not Acceptable", "", false),
    ] {
        let mut peer = Scripted::new();
        let first = calls(&mut peer, false, None);
        peer.hear(&reply(&first, status, "one", more, ""));
        assert_eq!(peer.lines(), ["ACK"]);
        let (_, Indication::Rejected { isup_refused, .. }) = &peer.told[0] else {
            panic!("{:?}", peer.told);
        };
        assert_eq!(*isup_refused, refused, "{status} {more}");
    }
}

#[test]
fn without_isup_a_415_is_the_end() {
    let mut peer = Scripted::new();
    let first = calls(&mut peer, true, None);
    let status = "415 Unsupported Media Type";
    peer.hear(&reply(&first, status, "one", "", ""));
    let again = peer.last().to_owned();
    peer.hear(&reply(&again, status, "one", "", ""));
    assert_eq!(peer.names(), ["WithoutIsup", "Rejected 415", "Terminated"]);
    peer.run(Duration::from_secs(100));
    assert_eq!(peer.endpoint.sessions(), 0);
}

#[test]
fn a_session_interval_too_small_is_asked_for_longer() {
    let mut peer = Scripted::new();
    let first = calls(&mut peer, false, Some(90));
    assert_eq!(field(&first, "Session-Expires"), "90");
    let status = "422 Session Interval Too Small";
    peer.hear(&reply(&first, status, "one", "Min-SE: 600\r\n", ""));
    let again = peer.last().to_owned();
    assert_same_call(&first, &again);
    assert_eq!(field(&again, "Session-Expires"), "600");
    assert_eq!(field(&again, "Min-SE"), "600");
    // A further hop wants more; one that asks for what it has is not followed.
    peer.hear(&reply(&again, status, "one", "Min-SE: 1200\r\n", ""));
    let third = peer.last().to_owned();
    assert_eq!(field(&third, "Session-Expires"), "1200");
    assert_eq!(field(&third, "CSeq"), "3 INVITE");
    assert!(peer.names().is_empty());
    peer.hear(&reply(&third, status, "one", "Min-SE: 1200\r\n", ""));
    assert_eq!(peer.names(), ["Rejected 422", "Terminated"]);
}

#[test]
fn a_peer_that_always_wants_more_is_left() {
    let mut peer = Scripted::new();
    let mut invite = calls(&mut peer, false, Some(90));
    for least in 1.. {
        let more = format!("Min-SE: {}\r\n", 100 * least);
        peer.hear(&reply(&invite, "422 Too Small", "one", &more, ""));
        if peer.last().starts_with("ACK") {
            break;
        }
        invite = peer.last().to_owned();
        assert!(least < 10, "no end");
    }
    assert_eq!(field(&invite, "CSeq"), "5 INVITE");
    assert_eq!(peer.names(), ["Rejected 422", "Terminated"]);
}

#[test]
fn the_second_invite_begins_anew() {
    let mut peer = Scripted::new();
    let first = calls(&mut peer, false, Some(90));
    let reliable = "Contact: <sip:a@192.0.2.1>\r\nRequire: 100rel\r\nRSeq: 9\r\n";
    peer.hear(&reply(
        &first,
        "183 Session Progress",
        "one",
        reliable,
        ANSWER,
    ));
    peer.hear(&reply(
        &first,
        "422 Too Small",
        "one",
        "Min-SE: 600\r\n",
        "",
    ));
    let again = peer.last().to_owned();
    // CANCEL waits for a provisional response to this one.
    let id = peer.told[0].0;
    peer.sent.clear();
    peer.ask(id, cancel());
    assert!(peer.lines().is_empty());
    let reliable = "Contact: <sip:a@192.0.2.1>\r\nRequire: 100rel\r\nRSeq: 1\r\n";
    peer.hear(&reply(
        &again,
        "183 Session Progress",
        "two",
        reliable,
        ANSWER,
    ));
    assert_eq!(field(peer.last(), "CSeq"), "2 CANCEL");
    assert_eq!(field(peer.last(), "Via"), field(&again, "Via"));
    assert_eq!(find(peer.last(), "RAck"), None);
    peer.hear(&reply(&again, "487 Request Terminated", "two", "", ""));
    peer.run(Duration::from_secs(100));
    assert_eq!(peer.endpoint.sessions(), 0);
}

#[test]
fn when_to_try_again_is_told() {
    for (value, seconds) in [
        ("Retry-After: 120\r\n", Some(120)),
        ("Retry-After: 18000;duration=3600\r\n", Some(18_000)),
        ("Retry-After: 5 (I'm in a meeting)\r\n", Some(5)),
        ("Retry-After: soon\r\n", None),
        ("", None),
    ] {
        let mut peer = Scripted::new();
        let (_, invite) = peer.calls();
        peer.hear(&reply(&invite, "503 Service Unavailable", "", value, ""));
        let (_, Indication::Rejected { retry_after, .. }) = &peer.told[0] else {
            panic!("{:?}", peer.told);
        };
        assert_eq!(*retry_after, seconds.map(Duration::from_secs), "{value}");
    }
}
