//! Transfers: REFER towards the gateway, and INVITE with Replaces.

use super::scripted::{SDP, Scripted, field, find, raw, reply, within};
use super::*;

/// A confirmed call of the peer, where transfers are allowed or not: the session and our 200.
fn confirmed(peer: &mut Scripted, transfer: bool) -> (SessionId, String) {
    peer.hear(&raw("INVITE", "1", SDP, OFFER));
    let id = peer.told[0].0;
    let policy = Policy {
        transfer,
        ..Policy::default()
    };
    peer.ask(id, Request::Policy(policy));
    peer.ask(id, accept(ANSWER));
    let ok = peer.last().to_owned();
    peer.hear(&within(&ok, "ACK", 1, "", ""));
    peer.sent.clear();
    peer.told.clear();
    (id, ok)
}

fn refer(ok: &str, number: u32, more: &str) -> String {
    within(ok, "REFER", number, more, "")
}

const TO: &str = "Refer-To: <sip:+493055500003@192.0.2.9;user=phone>\r\n";

fn told(peer: &Scripted) -> &Refer {
    let Some((_, Indication::Refer(refer))) = peer.told.last() else {
        panic!("{:?}", peer.told);
    };
    refer
}

/// The NOTIFY sent last: Subscription-State and body.
fn notified(peer: &Scripted) -> (String, String) {
    let notify = peer.last();
    assert!(
        notify.starts_with("NOTIFY sip:a@192.0.2.1 SIP/2.0"),
        "{notify}"
    );
    assert_eq!(field(notify, "Content-Type"), "message/sipfrag;version=2.0");
    assert!(find(notify, "Contact").is_some());
    let body = notify.split_once("\r\n\r\n").unwrap().1;
    (field(notify, "Subscription-State"), body.to_owned())
}

fn tell(peer: &mut Scripted, id: SessionId, status: u16) {
    let reason = None;
    peer.ask(id, Request::ReferProgress { status, reason });
}

fn agree(peer: &mut Scripted) {
    let notify = peer.last().to_owned();
    peer.hear(&reply(&notify, "200 OK", "", "", ""));
}

#[test]
fn a_transfer_is_declined_unless_the_trunk_allows_it() {
    let mut peer = Scripted::new();
    let (_, ok) = confirmed(&mut peer, false);
    assert!(!field(&ok, "Allow").contains("REFER"));
    peer.hear(&refer(&ok, 2, TO));
    assert_eq!(peer.lines(), ["603"]);
    assert!(peer.told.is_empty());
    // Nor is anybody called for a REFER of no call.
    peer.hear(&raw("REFER", "x", TO, ""));
    assert_eq!(peer.lines(), ["403"]);
}

#[test]
fn a_transfer_is_told_from_trying_to_its_end() {
    let mut peer = Scripted::new();
    let (id, ok) = confirmed(&mut peer, true);
    assert!(field(&ok, "Allow").contains("REFER"));
    let by = "Referred-By: <sip:a@192.0.2.1>\r\n";
    peer.hear(&refer(&ok, 2, &format!("{TO}{by}")));
    assert!(peer.sent[0].1.starts_with("SIP/2.0 202 Accepted"));
    assert_eq!(field(peer.last(), "Event"), "refer");
    let (state, body) = notified(&peer);
    assert_eq!(
        (state.as_str(), body.as_str()),
        ("active;expires=180", "SIP/2.0 100 Trying\r\n")
    );
    let asked = told(&peer);
    assert_eq!(asked.target, "sip:+493055500003@192.0.2.9;user=phone");
    assert_eq!(asked.referred_by.as_deref(), Some("<sip:a@192.0.2.1>"));
    assert!(asked.subscribed && asked.replaces.is_none());
    // What happens before that NOTIFY is answered waits, and only the latest counts.
    let first = peer.last().to_owned();
    tell(&mut peer, id, 183);
    tell(&mut peer, id, 180);
    peer.hear(&reply(&first, "200 OK", "", "", ""));
    assert_eq!(notified(&peer).1, "SIP/2.0 180 Ringing\r\n");
    agree(&mut peer);
    let sent = peer.sent.len();
    tell(&mut peer, id, 180);
    assert_eq!(peer.sent.len(), sent, "nothing new");
    tell(&mut peer, id, 200);
    let (state, body) = notified(&peer);
    assert_eq!(
        (state.as_str(), body.as_str()),
        ("terminated;reason=noresource", "SIP/2.0 200 OK\r\n")
    );
    agree(&mut peer);
    let sent = peer.sent.len();
    tell(&mut peer, id, 200);
    assert_eq!(peer.sent.len(), sent, "the subscription is over");
    // The next REFER of this dialog has an id.
    peer.hear(&refer(&ok, 7, TO));
    assert_eq!(field(peer.last(), "Event"), "refer;id=7");
    agree(&mut peer);
    // A call that is over takes no subscription along (RFC 5057 §4.1).
    peer.hear(&within(&ok, "BYE", 8, "", ""));
    peer.run(Duration::from_secs(100));
    assert_eq!(peer.endpoint.sessions(), 1);
    tell(&mut peer, id, 180);
    assert_eq!(notified(&peer).1, "SIP/2.0 180 Ringing\r\n");
    agree(&mut peer);
    tell(&mut peer, id, 486);
    assert_eq!(notified(&peer).0, "terminated;reason=noresource");
    agree(&mut peer);
    peer.run(Duration::from_secs(100));
    assert_eq!(peer.endpoint.sessions(), 0);
    assert_eq!(peer.endpoint.poll_timeout(), None);
}

#[test]
fn one_transfer_at_a_time() {
    let mut peer = Scripted::new();
    let (_, ok) = confirmed(&mut peer, true);
    peer.hear(&refer(&ok, 2, TO));
    peer.sent.clear();
    peer.hear(&refer(&ok, 3, TO));
    assert_eq!(peer.lines(), ["491"]);
}

#[test]
fn a_transfer_whose_progress_nobody_wants_to_hear() {
    let mut peer = Scripted::new();
    let (id, ok) = confirmed(&mut peer, true);
    let more = format!("{TO}Refer-Sub: false\r\nRequire: norefersub\r\n");
    peer.hear(&refer(&ok, 2, &more));
    assert_eq!(field(peer.last(), "Refer-Sub"), "false");
    assert_eq!(peer.lines(), ["200"]);
    assert!(!told(&peer).subscribed);
    tell(&mut peer, id, 200);
    assert!(peer.sent.is_empty());
}

#[test]
fn what_cannot_be_referred_to_is_refused() {
    for (to, status) in [
        ("", "400"),
        ("Refer-To: <sip:a@x>\r\nRefer-To: <sip:b@x>\r\n", "400"),
        ("Refer-To: <sip:a@x>, <sip:b@x>\r\n", "400"),
        ("Refer-To: <http://example.net>\r\n", "416"),
        ("Refer-To: <sip:a@x;method=SUBSCRIBE>\r\n", "501"),
        ("Refer-To: <sip:a@x?Replaces=none>\r\n", "400"),
        ("Refer-To: <sip:a@x?Replaces=1%3Bto-tag%3D%GG>\r\n", "400"),
    ] {
        let mut peer = Scripted::new();
        let (_, ok) = confirmed(&mut peer, true);
        peer.hear(&refer(&ok, 2, to));
        assert_eq!(peer.lines(), [status], "{to}");
        assert!(peer.told.is_empty());
    }
}

#[test]
fn an_attended_transfer_names_the_call_to_replace() {
    let mut peer = Scripted::new();
    let (id, ok) = confirmed(&mut peer, true);
    let more = "Refer-To: <sip:c@192.0.2.9;method=INVITE?Replaces=12%40192.0.2.7%3Bto-tag%3D1%3Bfrom-tag%3D2&Subject=x>\r\n";
    peer.hear(&refer(&ok, 2, more));
    let asked = told(&peer);
    assert_eq!(asked.target, "sip:c@192.0.2.9");
    let replaces = asked.replaces.as_ref().unwrap();
    assert_eq!(replaces.to_string(), "12@192.0.2.7;to-tag=1;from-tag=2");
    assert_eq!(asked.replaces_session, None);
    tell(&mut peer, id, 503);
    agree(&mut peer);
    // A call of this very gateway.
    let (call_id, ours) = (field(&ok, "Call-ID"), field(&ok, "To"));
    let ours = ours.rsplit_once("tag=").unwrap().1;
    let more = format!(
        "Refer-To: <sip:c@192.0.2.2?Replaces={call_id}%3Bto-tag%3D{ours}%3Bfrom-tag%3Da1>\r\n"
    );
    agree(&mut peer);
    peer.hear(&refer(&ok, 3, &more));
    assert_eq!(told(&peer).replaces_session, Some(id));
}

#[test]
fn a_subscription_is_refreshed_ended_and_runs_out() {
    let subscribe = |ok: &str, number, expires: u32| {
        let more = format!("Event: refer\r\nExpires: {expires}\r\n");
        within(ok, "SUBSCRIBE", number, &more, "")
    };
    let mut peer = Scripted::new();
    let (id, ok) = confirmed(&mut peer, true);
    peer.hear(&subscribe(&ok, 2, 60));
    assert_eq!(peer.lines(), ["403"], "no REFER, no subscription");
    peer.hear(&refer(&ok, 3, TO));
    agree(&mut peer);
    peer.sent.clear();
    peer.hear(&within(&ok, "SUBSCRIBE", 4, "Event: presence\r\n", ""));
    assert_eq!(field(peer.last(), "Allow-Events"), "refer");
    peer.hear(&subscribe(&ok, 5, 10));
    assert_eq!(field(peer.last(), "Min-Expires"), "30");
    peer.hear(&subscribe(&ok, 6, 60));
    assert_eq!(notified(&peer).0, "active;expires=60");
    agree(&mut peer);
    assert_eq!(peer.lines(), ["489", "423", "200", "NOTIFY"]);
    peer.run(Duration::from_secs(59));
    assert!(peer.sent.is_empty());
    peer.run(Duration::from_secs(1));
    assert_eq!(notified(&peer).0, "terminated;reason=timeout");
    agree(&mut peer);
    tell(&mut peer, id, 200);
    assert_eq!(peer.lines(), ["NOTIFY"]);
    // Given up by the peer, and by its refusal of a NOTIFY.
    peer.hear(&refer(&ok, 7, TO));
    agree(&mut peer);
    peer.hear(&subscribe(&ok, 8, 0));
    assert_eq!(notified(&peer).0, "terminated;reason=timeout");
    agree(&mut peer);
    peer.hear(&refer(&ok, 9, TO));
    let notify = peer.last().to_owned();
    peer.hear(&reply(&notify, "481 Gone", "", "", ""));
    peer.sent.clear();
    tell(&mut peer, id, 200);
    assert!(peer.sent.is_empty());
    let names = peer.names();
    assert_eq!(names, ["Refer"; 3]);
}

#[test]
fn a_subscription_outlives_our_bye_until_it_is_told_given_up_or_runs_out() {
    type End = fn(&mut Scripted, SessionId, &str);
    let ends: [(&str, End); 4] = [
        ("noresource", |peer, id, _| tell(peer, id, 200)),
        ("timeout", |peer, _, _| peer.run(Duration::from_secs(180))),
        ("timeout", |peer, _, ok| {
            let more = "Event: refer\r\nExpires: 0\r\n";
            peer.hear(&within(ok, "SUBSCRIBE", 3, more, ""));
        }),
        ("timeout", |peer, id, ok| {
            let more = "Event: refer\r\nExpires: 90\r\n";
            peer.hear(&within(ok, "SUBSCRIBE", 3, more, ""));
            agree(peer);
            tell(peer, id, 183);
            agree(peer);
            peer.run(Duration::from_secs(90));
        }),
    ];
    for (reason, end) in ends {
        let mut peer = Scripted::new();
        let (id, ok) = confirmed(&mut peer, true);
        peer.hear(&refer(&ok, 2, TO));
        agree(&mut peer);
        peer.sent.clear();
        peer.ask(id, bye());
        let sent = peer.last().to_owned();
        assert_eq!(peer.lines(), ["BYE"]);
        peer.hear(&reply(&sent, "200 OK", "", "", ""));
        end(&mut peer, id, &ok);
        assert_eq!(notified(&peer).0, format!("terminated;reason={reason}"));
        agree(&mut peer);
        peer.run(Duration::from_secs(100));
        assert_eq!(peer.endpoint.sessions(), 0);
        assert_eq!(peer.endpoint.poll_timeout(), None);
    }
    // A phone that has forgotten all about it says so.
    let mut peer = Scripted::new();
    let (id, ok) = confirmed(&mut peer, true);
    peer.hear(&refer(&ok, 2, TO));
    agree(&mut peer);
    peer.hear(&within(&ok, "BYE", 3, "", ""));
    tell(&mut peer, id, 180);
    let notify = peer.last().to_owned();
    peer.hear(&reply(&notify, "481 Gone", "", "", ""));
    peer.run(Duration::from_secs(100));
    assert_eq!(peer.endpoint.sessions(), 0);
    assert_eq!(peer.endpoint.poll_timeout(), None);
}

/// Replaces that names a dialog by a message of ours in it, as the peer of another call does.
fn replaces(ours: &str, flags: &str) -> String {
    let tag = |name| {
        let value = field(ours, name);
        value
            .rsplit_once("tag=")
            .map(|(_, tag)| tag.to_owned())
            .unwrap_or_default()
    };
    let (to, from) = if ours.starts_with("SIP/") {
        (tag("To"), tag("From"))
    } else {
        (tag("From"), "one".to_owned())
    };
    format!(
        "Replaces: {};to-tag={to};from-tag={from}{flags}\r\n",
        field(ours, "Call-ID")
    )
}

/// An INVITE of another call.
fn another(more: &str) -> String {
    raw("INVITE", "other", &format!("{SDP}{more}"), OFFER)
        .replace("Call-ID: raw@", "Call-ID: other@")
}

#[test]
fn an_invite_may_replace_a_call() {
    let mut peer = Scripted::new();
    let (id, ok) = confirmed(&mut peer, true);
    peer.hear(&another(&replaces(&ok, "")));
    let Some((new, Indication::Incoming(incoming))) = peer.told.pop() else {
        panic!("{:?}", peer.told);
    };
    assert_eq!(incoming.replaces, Some(id));
    peer.ask(new, accept(ANSWER));
    peer.ask(id, bye());
    assert_eq!(peer.lines(), ["100", "200", "BYE"]);
}

#[test]
fn an_invite_may_replace_a_call_of_ours_that_rings() {
    let mut peer = Scripted::new();
    let (id, invite) = peer.calls();
    let contact = "Contact: <sip:a@192.0.2.1>\r\n";
    peer.hear(&reply(&invite, "180 Ringing", "one", contact, ""));
    peer.told.clear();
    peer.hear(&another(&replaces(&invite, ";early-only")));
    let Some((_, Indication::Incoming(incoming))) = peer.told.pop() else {
        panic!("{:?}", peer.told);
    };
    assert_eq!(incoming.replaces, Some(id));
}

#[test]
fn calls_that_cannot_be_replaced() {
    let refused = |peer: &mut Scripted, more: &str| {
        peer.sent.clear();
        peer.told.clear();
        peer.hear(&another(more));
        assert!(peer.told.is_empty());
        peer.lines().pop().unwrap()
    };
    let mut peer = Scripted::new();
    let (id, ok) = confirmed(&mut peer, true);
    let this = replaces(&ok, "");
    assert_eq!(
        refused(&mut peer, "Replaces: x;to-tag=1;from-tag=2\r\n"),
        "481"
    );
    for (more, status) in [
        (format!("{this}{this}"), "400"),
        ("Replaces: x;to-tag=1\r\n".to_owned(), "400"),
        (this.replace("from-tag=a1", "from-tag=a2"), "481"),
        (replaces(&ok, ";early-only"), "486"),
    ] {
        let branch = peer.sent.len() + more.len();
        peer.sent.clear();
        let invite = another(&more).replace("z9hG4bKother", &format!("z9hG4bK{branch}{status}"));
        let invite = invite.replace("other@", &format!("{branch}{status}@"));
        peer.hear(&invite);
        assert_eq!(peer.lines().pop().unwrap(), status, "{more}");
    }
    peer.hear(&within(&ok, "BYE", 2, &this, ""));
    assert_eq!(peer.lines(), ["400"], "Replaces is for INVITE");
    peer.ask(id, bye());
    peer.sent.clear();
    let invite = another(&this)
        .replace("other@", "late@")
        .replace("z9hG4bKother", "z9hG4bKlate");
    peer.hear(&invite);
    assert_eq!(peer.lines(), ["100", "603"]);
    // An early call of the peer's own is not for others to take.
    let mut peer = Scripted::new();
    peer.hear(&raw("INVITE", "1", SDP, OFFER));
    let id = peer.told[0].0;
    peer.ask(id, progress(180, None));
    let early = replaces(peer.last(), "");
    assert_eq!(refused(&mut peer, &early), "481");
}
