//! What happens within a dialog: INFO, re-INVITE, UPDATE, session timers.

use super::*;

const HOLD: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendonly\r\n";

fn info(octet: u8) -> Request {
    Request::Info {
        bodies: Bodies::isup(isup(&[octet])),
    }
}

fn reinvite(sdp: &'static str) -> Request {
    Request::Reinvite {
        bodies: Bodies::sdp(sdp),
        headers: Headers::new(),
    }
}

fn update(sdp: Option<&'static str>) -> Request {
    Request::Update {
        bodies: sdp.map(Bodies::sdp).unwrap_or_default(),
        headers: Headers::new(),
    }
}

/// The first octets of the ISUP that one side got by INFO.
fn infos(pair: &Pair, side: Side) -> Vec<u8> {
    pair.told
        .iter()
        .filter(|(to, ..)| *to == side)
        .filter_map(|(_, _, told)| match told {
            Indication::Info { bodies, .. } => bodies.isup.as_ref().map(|i| i.octets[0]),
            _ => None,
        })
        .collect()
}

#[test]
fn infos_go_one_at_a_time_and_in_order() {
    let mut pair = Pair::new();
    let (a, b) = pair.established();
    let mut count = 0;
    // The first INFO of each direction is lost: the later ones must not overtake it.
    pair.lose = Box::new(move |_, line| {
        count += u32::from(line == "INFO");
        line == "INFO" && count <= 2
    });
    for octet in [13, 14, 45] {
        pair.ask(Side::A, a, info(octet));
        pair.ask(Side::B, b, info(octet + 100));
    }
    pair.run(ms(10));
    assert_eq!(pair.lines(Side::A), ["INFO"]);
    pair.run(Duration::from_secs(2));
    assert_eq!(infos(&pair, Side::B), [13, 14, 45]);
    assert_eq!(infos(&pair, Side::A), [113, 114, 145]);
}

#[test]
fn infos_run_in_an_early_dialog_both_ways() {
    let mut pair = Pair::new();
    let (a, b, _) = pair.call(invite());
    // Neither side knows the dialog yet: 100 has no tag.
    pair.ask(Side::A, a, info(1));
    pair.ask(Side::B, b, info(2));
    pair.run(ms(100));
    assert_eq!(pair.lines(Side::A), ["INVITE"]);
    pair.ask(Side::B, b, progress(183, None));
    pair.run(ms(100));
    assert_eq!(infos(&pair, Side::B), [1]);
    assert_eq!(infos(&pair, Side::A), [2]);
    pair.ask(Side::A, a, cancel());
    pair.assert_clean();
}

#[test]
fn a_failed_info_never_ends_the_call() {
    let mut pair = Pair::new();
    let (a, _) = pair.established();
    pair.ask(
        Side::A,
        a,
        Request::Info {
            bodies: Bodies {
                others: vec![Part {
                    content_type: "application/x-unknown".to_owned(),
                    disposition: None,
                    handling: Handling::Required,
                    octets: Bytes::from_static(b"?"),
                }],
                ..Bodies::default()
            },
        },
    );
    pair.run(ms(100));
    assert_eq!(pair.lines(Side::B), ["415"]);
    pair.lose = Box::new(|_, line| line == "INFO");
    pair.ask(Side::A, a, info(13));
    pair.run(Duration::from_secs(33));
    pair.lose = Box::new(|_, _| false);
    assert!(
        pair.told
            .iter()
            .any(|(_, _, told)| matches!(told, Indication::InfoFailed { status: Some(415) }))
    );
    assert!(
        pair.told
            .iter()
            .any(|(_, _, told)| matches!(told, Indication::InfoFailed { status: None }))
    );
    pair.ask(Side::A, a, info(14));
    pair.run(ms(100));
    assert_eq!(infos(&pair, Side::B), [14]);
}

#[test]
fn hold_and_resume_are_answered_by_the_endpoint() {
    let mut pair = Pair::new();
    let (a, b) = pair.established();
    for (method, wire) in [(reinvite(HOLD), "INVITE"), (update(Some(OFFER)), "UPDATE")] {
        pair.ask(Side::A, a, method);
        pair.run(ms(100));
        assert!(pair.lines(Side::A).iter().any(|line| line == wire));
    }
    assert_eq!(pair.lines(Side::A), ["INVITE", "ACK", "UPDATE"]);
    assert_eq!(pair.lines(Side::B), ["200", "200"]);
    assert_eq!(
        pair.names(Side::A),
        ["Renegotiated 200", "Renegotiated 200"]
    );
    let answers: Vec<_> = pair
        .told
        .iter()
        .filter_map(|(_, _, told)| match told {
            Indication::Renegotiate {
                answered: Some(answer),
                answer_due: false,
                ..
            } => Some((
                answer.plan.direction,
                String::from_utf8_lossy(&answer.octets)
                    .lines()
                    .find(|line| line.starts_with("o="))
                    .unwrap()
                    .to_owned(),
            )),
            _ => None,
        })
        .collect();
    assert_eq!(
        answers,
        [
            (
                sdp::Direction::RecvOnly,
                "o=- 2 3 IN IP4 192.0.2.2".to_owned()
            ),
            (
                sdp::Direction::SendRecv,
                "o=- 2 4 IN IP4 192.0.2.2".to_owned()
            )
        ]
    );
    pair.ask(Side::B, b, bye());
    pair.assert_clean();
}

#[test]
fn the_user_may_answer_or_refuse() {
    let mut pair = Pair::new();
    let (a, b) = pair.established();
    let policy = Policy {
        renegotiation: Renegotiation::User,
        ..Policy::default()
    };
    pair.ask(Side::B, b, Request::Policy(policy));
    pair.ask(Side::A, a, reinvite(HOLD));
    pair.run(ms(700));
    assert_eq!(pair.lines(Side::B), ["100"]);
    pair.ask(
        Side::B,
        b,
        Request::Answer {
            fork: 0,
            bodies: Bodies::sdp(ANSWER),
            headers: Headers::new(),
        },
    );
    pair.run(ms(100));
    assert_eq!(pair.names(Side::A), ["Renegotiated 200"]);
    pair.ask(Side::A, a, update(Some(OFFER)));
    pair.run(ms(100));
    pair.ask(Side::B, b, reject(488));
    pair.run(ms(100));
    assert_eq!(
        pair.names(Side::A),
        ["Renegotiated 200", "Renegotiated 488"]
    );
    pair.ask(Side::A, a, bye());
    pair.assert_clean();
}

#[test]
fn offers_that_cross_are_both_refused_and_tried_again() {
    let mut pair = Pair::new();
    let (a, b) = pair.established();
    pair.ask(Side::A, a, reinvite(HOLD));
    pair.ask(Side::B, b, reinvite(ANSWER));
    pair.run(ms(100));
    assert_eq!(pair.lines(Side::A), ["INVITE", "491", "ACK"]);
    assert_eq!(pair.lines(Side::B), ["INVITE", "491", "ACK"]);
    pair.run(Duration::from_secs(5));
    // The callee first (0 to 2 s), then the owner of the Call-ID (2.1 to 4 s).
    let again = (
        pair.times(Side::B, "INVITE")[1],
        pair.times(Side::A, "INVITE")[1],
    );
    assert!(again.0 < again.1, "{again:?}");
    assert_eq!(pair.names(Side::A), ["Renegotiate", "Renegotiated 200"]);
    assert_eq!(pair.names(Side::B), ["Renegotiated 200", "Renegotiate"]);
    pair.ask(Side::A, a, bye());
    pair.assert_clean();
}

#[test]
fn an_update_with_an_offer_waits_for_the_first_answer() {
    let mut pair = Pair::new();
    let (a, b, _) = pair.call(invite());
    pair.ask(Side::B, b, progress(180, None));
    pair.run(ms(100));
    // Our offer is not answered yet: there is nothing to change.
    assert!(matches!(
        pair.try_ask(Side::A, a, update(Some(HOLD))),
        Err(RequestError::OutOfPlace { .. })
    ));
    pair.ask(Side::A, a, update(None));
    pair.run(ms(100));
    pair.ask(Side::B, b, progress(183, Some(ANSWER)));
    pair.run(ms(100));
    pair.ask(Side::A, a, update(Some(HOLD)));
    pair.run(ms(100));
    assert_eq!(
        pair.names(Side::A),
        [
            "Progress 180",
            "Renegotiated 200",
            "Progress 183",
            "Renegotiated 200"
        ]
    );
    pair.ask(Side::A, a, cancel());
    pair.assert_clean();
}

#[test]
fn a_lost_200_to_a_reinvite_comes_again() {
    let mut pair = Pair::new();
    let (a, _) = pair.established();
    let mut first = true;
    pair.lose = Box::new(move |_, line| line == "ACK" && std::mem::take(&mut first));
    pair.ask(Side::A, a, reinvite(HOLD));
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.lines(Side::A), ["INVITE", "ACK", "ACK"]);
    assert_eq!(pair.lines(Side::B), ["200", "200"]);
    assert_eq!(pair.names(Side::A), ["Renegotiated 200"]);
    // No `Acknowledged`: that is for the call.
    assert_eq!(pair.names(Side::B), ["Renegotiate"]);
    pair.ask(Side::A, a, bye());
    pair.assert_clean();
}

#[test]
fn a_peer_that_lost_the_dialog_ends_the_session() {
    let mut pair = Pair::new();
    let (a, _) = pair.established();
    pair.b = endpoint(BOB, 3);
    pair.ask(Side::A, a, update(None));
    pair.run(ms(100));
    assert_eq!(pair.lines(Side::B), ["481"]);
    assert_eq!(pair.names(Side::A), ["Failed DialogGone", "Terminated"]);
}

#[test]
fn session_timers_refresh_by_update() {
    let mut pair = Pair::new();
    let mut invite = invite();
    invite.session_expires = Some(Duration::from_secs(120));
    let (a, b, _) = pair.call(invite);
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(Duration::from_secs(300));
    // The callee took the refreshing: at half of 120 s, by UPDATE.
    let times = pair.times(Side::B, "UPDATE");
    assert_eq!(times.len(), 4, "{times:?}");
    assert!(times[0].abs_diff(60_100) < 50, "{times:?}");
    pair.ask(Side::A, a, bye());
    pair.assert_clean();
}

#[test]
fn a_session_without_refresh_expires() {
    let mut pair = Pair::new();
    let mut invite = invite();
    invite.session_expires = Some(Duration::from_secs(120));
    let (_, b, _) = pair.call(invite);
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(ms(100));
    pair.lose = Box::new(|side, _| side == Side::B);
    pair.run(Duration::from_secs(200));
    // 32 s before the end of the interval (RFC 4028 §10).
    let times = pair.times(Side::A, "BYE");
    assert!(times[0].abs_diff(88_120) < 50, "{times:?}");
    assert!(
        pair.names(Side::A)
            .contains(&"Failed SessionExpired".to_owned())
    );
    pair.assert_clean();
}

#[test]
fn an_invite_that_expires_is_answered_487() {
    let mut pair = Pair::new();
    let mut invite = invite();
    invite.headers = vec![("Expires".to_owned(), "5".to_owned())];
    pair.call(invite);
    pair.run(Duration::from_secs(5));
    assert_eq!(
        pair.names(Side::B),
        ["Incoming", "Failed InviteExpired", "Terminated"]
    );
    assert_eq!(pair.names(Side::A), ["Rejected 487", "Terminated"]);
}

#[test]
fn an_info_that_was_overtaken_goes_again() {
    let mut pair = Pair::new();
    let (a, b, _) = pair.call(invite());
    pair.ask(Side::B, b, progress(183, Some(ANSWER)));
    pair.run(ms(100));
    let mut first = true;
    pair.lose = Box::new(move |_, line| line == "INFO" && std::mem::take(&mut first));
    pair.ask(Side::A, a, info(13));
    // The PRACK of the 180 has the higher CSeq and comes first.
    pair.ask(Side::B, b, progress(180, None));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.times(Side::B, "500").len(), 1);
    assert_eq!(infos(&pair, Side::B), [13]);
    assert!(!pair.names(Side::A).contains(&"InfoFailed".to_owned()));
    pair.ask(Side::A, a, cancel());
    pair.assert_clean();
}

#[test]
fn a_request_that_waits_for_the_user_is_not_left_behind() {
    for ends_itself in [true, false] {
        let mut pair = Pair::new();
        let (a, b) = pair.established();
        let policy = Policy {
            renegotiation: Renegotiation::User,
            ..Policy::default()
        };
        pair.ask(Side::B, b, Request::Policy(policy));
        pair.ask(Side::A, a, update(Some(HOLD)));
        pair.run(ms(100));
        if ends_itself {
            pair.ask(Side::B, b, bye());
        } else {
            pair.ask(Side::A, a, bye());
        }
        pair.run(ms(100));
        assert!(pair.lines(Side::B).contains(&"487".to_owned()));
        pair.assert_clean();
    }
}

#[test]
fn a_session_interval_of_ages_does_no_harm() {
    for seconds in ["18446744073709551615", "4294967295"] {
        let mut peer = super::scripted::Scripted::new();
        let more = format!(
            "Supported: timer\r\nSession-Expires: {seconds};refresher=uac\r\n{}",
            super::scripted::SDP
        );
        peer.hear(&super::scripted::raw("INVITE", "1", &more, OFFER));
        let id = peer.told[0].0;
        peer.ask(id, accept(ANSWER));
        assert!(peer.last().contains(seconds));
        peer.run(Duration::from_secs(10));
    }
}

#[test]
fn an_update_that_fails_early_leaves_the_call_alone() {
    let mut pair = Pair::new();
    let (a, b, _) = pair.call(invite());
    pair.ask(Side::B, b, progress(183, Some(ANSWER)));
    pair.run(ms(100));
    pair.lose = Box::new(|_, line| line == "UPDATE");
    pair.ask(Side::B, b, update(Some(ANSWER)));
    pair.run(Duration::from_secs(33));
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(ms(100));
    assert_eq!(pair.names(Side::A), ["Progress 183", "Accepted"]);
    assert!(pair.names(Side::B).contains(&"Renegotiated 408".to_owned()));
    // Confirmed, the same silence ends it (RFC 3261 §12.2.1.2).
    pair.ask(Side::A, a, update(None));
    pair.run(Duration::from_secs(33));
    assert_eq!(
        pair.names(Side::A)[2..],
        ["Failed DialogGone", "Terminated"]
    );
    pair.assert_clean();
}

/// A call with a session timer of 300 s that the scripted peer granted us to refresh.
fn refreshed_by_us(more: &str) -> (super::scripted::Scripted, SessionId, String) {
    let mut peer = super::scripted::Scripted::new();
    let id = peer.endpoint.new_session();
    let invite = Invite {
        to: ALICE.parse().unwrap(),
        session_expires: Some(Duration::from_secs(300)),
        ..invite()
    };
    peer.ask(id, Request::Invite(Box::new(invite)));
    let invite = peer.last().to_owned();
    let more = format!(
        "Contact: <sip:a@192.0.2.1>\r\nRequire: timer\r\nSession-Expires: 300;refresher=uac\r\n{more}"
    );
    peer.hear(&super::scripted::reply(
        &invite, "200 OK", "one", &more, ANSWER,
    ));
    peer.sent.clear();
    peer.told.clear();
    (peer, id, invite)
}

#[test]
fn a_refresh_that_fails_is_tried_again_until_the_session_expires() {
    use super::scripted::{field, reply};
    let (mut peer, _, _) = refreshed_by_us("Allow: INVITE, UPDATE\r\n");
    let start = peer.now;
    peer.run(Duration::from_secs(150));
    let update = peer.last().to_owned();
    assert!(update.starts_with("UPDATE"));
    assert_eq!(field(&update, "Session-Expires"), "300;refresher=uac");
    // A peer that takes no UPDATE after all is asked by re-INVITE.
    peer.hear(&reply(&update, "405 Method Not Allowed", "", "", ""));
    peer.run(Duration::from_millis(18_800));
    let again = peer.last().to_owned();
    assert!(again.starts_with("INVITE") && again.ends_with(OFFER));
    peer.hear(&reply(&again, "500 Server Internal Error", "", "", ""));
    peer.sent.clear();
    peer.run(Duration::from_millis(18_800));
    // One that wants a longer interval is asked for it.
    let third = peer.last().to_owned();
    peer.hear(&reply(&third, "422 Too Small", "", "Min-SE: 400\r\n", ""));
    peer.run(Duration::from_millis(18_800));
    let fourth = peer.last().to_owned();
    assert_eq!(field(&fourth, "Session-Expires"), "400;refresher=uac");
    peer.hear(&reply(&fourth, "500 Server Internal Error", "", "", ""));
    while peer.told.is_empty() {
        let last = peer.last().to_owned();
        if last.starts_with("INVITE") {
            peer.hear(&reply(&last, "500 Server Internal Error", "", "", ""));
        }
        peer.run(ms(100));
    }
    // 300 s less the 32 s before the end that RFC 4028 section 10 asks for.
    let lasted = peer.now.duration_since(start);
    assert!(
        lasted >= Duration::from_secs(267) && lasted <= Duration::from_secs(269),
        "{lasted:?}"
    );
    assert!(peer.last().starts_with("BYE"));
    assert_eq!(peer.names(), ["Failed SessionExpired"]);
}

#[test]
fn a_timer_of_our_own_accord_is_ours_to_refresh() {
    for (supported, asked, written) in [
        ("timer", true, Some("1800;refresher=uas")),
        ("100rel", true, None),
        ("timer", false, None),
    ] {
        let mut peer = super::scripted::Scripted::new();
        let more = format!("{}Supported: {supported}\r\n", super::scripted::SDP);
        peer.hear(&super::scripted::raw("INVITE", "1", &more, OFFER));
        let id = peer.told[0].0;
        let policy = Policy {
            session_expires: asked.then_some(Duration::from_secs(1800)),
            ..Policy::default()
        };
        peer.ask(id, Request::Policy(policy));
        peer.ask(id, accept(ANSWER));
        let ok = peer.last().to_owned();
        assert_eq!(
            super::scripted::find(&ok, "Session-Expires").as_deref(),
            written
        );
        let required = super::scripted::find(&ok, "Require");
        assert_eq!(required.as_deref(), written.map(|_| "timer"));
        peer.hear(&super::scripted::within(&ok, "ACK", 1, "", ""));
        peer.sent.clear();
        peer.run(Duration::from_secs(900));
        assert_eq!(peer.sent.is_empty(), written.is_none());
    }
}

#[test]
fn a_fax_offered_is_refused_and_the_call_goes_on() {
    const T38: &str = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=image 20000 udptl t38\r\na=T38FaxVersion:0\r\n";
    let mut pair = Pair::new();
    let (a, b) = pair.established();
    pair.ask(Side::A, a, reinvite(T38));
    pair.run(ms(100));
    assert_eq!(pair.names(Side::A), ["Renegotiated 488"]);
    assert!(pair.names(Side::B).is_empty());
    let refusal = pair
        .octets
        .iter()
        .map(|o| String::from_utf8_lossy(o).into_owned());
    let refusal = refusal
        .filter(|text| text.starts_with("SIP/2.0 488"))
        .collect::<Vec<_>>();
    assert_eq!(
        super::scripted::field(&refusal[0], "Warning"),
        "304 192.0.2.2:5060 \"no audio stream over RTP/AVP\""
    );
    // Audio beside it is taken, and the fax refused by its port.
    let both: &'static str =
        Box::leak(format!("{OFFER}m=image 20002 udptl t38\r\n").into_boxed_str());
    pair.ask(Side::A, a, reinvite(both));
    pair.run(ms(100));
    let Some((
        _,
        _,
        Indication::Renegotiated {
            status: 200,
            bodies,
        },
    )) = pair.told.iter().rfind(|(side, ..)| *side == Side::A)
    else {
        panic!("{:?}", pair.told);
    };
    let answer = String::from_utf8_lossy(bodies.sdp.as_ref().unwrap()).into_owned();
    assert!(answer.contains("m=audio 30000 ") && answer.contains("m=image 0 udptl t38"));
    pair.ask(Side::B, b, bye());
    pair.assert_clean();
}
