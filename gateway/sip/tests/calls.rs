//! Calls that go as they should, and those that the network or a party spoils.

use super::*;

#[test]
fn a_call_with_isup_early_media_and_release() {
    let mut pair = Pair::new();
    let mut invite = invite();
    invite.bodies = invite.bodies.with_isup(isup(&[1, 0, 13, 10, 45, 45]));
    invite.p_asserted_identity = vec!["<tel:+493055500002>".to_owned()];
    invite.privacy = Some("id".to_owned());
    let (a, b, incoming) = pair.call(invite);
    assert_eq!(
        incoming.request_uri,
        "sip:+493055500001@192.0.2.2;user=phone"
    );
    assert_eq!(incoming.p_asserted_identity, ["<tel:+493055500002>"]);
    assert_eq!(incoming.privacy.as_deref(), Some("id"));
    assert_eq!(incoming.max_forwards, 70);
    assert!(incoming.supports_reliable && !incoming.requires_reliable && incoming.accepts_isup);
    assert_eq!(incoming.bodies.sdp.as_deref(), Some(OFFER.as_bytes()));
    assert_eq!(
        &incoming.bodies.isup.as_ref().unwrap().octets[..],
        [1, 0, 13, 10, 45, 45]
    );
    assert_eq!(incoming.flow.remote, ALICE.parse().unwrap());

    pair.ask(
        Side::B,
        b,
        Request::Progress {
            status: 183,
            reason: None,
            bodies: Bodies::sdp(ANSWER).with_isup(isup(&[6, 0, 0])),
            headers: Headers::new(),
        },
    );
    pair.run(ms(100));
    pair.ask(Side::B, b, progress(180, None));
    pair.run(ms(100));
    pair.ask(
        Side::B,
        b,
        Request::Accept {
            bodies: Bodies::isup(isup(&[9, 0])),
            headers: Headers::new(),
        },
    );
    pair.run(ms(100));
    pair.ask(
        Side::A,
        a,
        Request::Bye {
            headers: vec![Q850::new(16).at(0).to_header()],
            bodies: Bodies::isup(isup(&[12, 2, 0])),
        },
    );
    pair.run(ms(100));
    assert_eq!(
        pair.lines(Side::A),
        ["INVITE", "PRACK", "PRACK", "ACK", "BYE"]
    );
    assert_eq!(
        pair.lines(Side::B),
        ["100", "183", "200", "180", "200", "200", "200"]
    );
    assert_eq!(
        pair.names(Side::A),
        ["Progress 183", "Progress 180", "Accepted", "Terminated"]
    );
    assert_eq!(
        pair.names(Side::B),
        [
            "Incoming",
            "Pracked 183",
            "Pracked 180",
            "Acknowledged",
            "Bye",
            "Terminated"
        ]
    );
    for (_, _, told) in &pair.told {
        match told {
            Indication::Progress {
                status: 183,
                bodies,
                reliable,
                ..
            } => {
                assert!(*reliable);
                assert_eq!(bodies.sdp.as_deref(), Some(ANSWER.as_bytes()));
                assert_eq!(&bodies.isup.as_ref().unwrap().octets[..], [6, 0, 0]);
            }
            // The answer went reliably: it is not repeated.
            Indication::Accepted { bodies, .. } => assert_eq!(bodies.sdp, None),
            Indication::Bye { cause, bodies, .. } => {
                assert_eq!(*cause, Some(Q850::new(16).at(0)));
                assert_eq!(&bodies.isup.as_ref().unwrap().octets[..], [12, 2, 0]);
            }
            _ => {}
        }
    }
    pair.assert_clean();
}

#[test]
fn without_100rel_the_answer_is_shown_and_repeated() {
    let mut pair = Pair::new();
    let mut invite = invite();
    invite.reliable = Reliable::Off;
    let (_, b, incoming) = pair.call(invite);
    assert!(!incoming.supports_reliable);
    pair.ask(Side::B, b, progress(183, Some(ANSWER)));
    pair.ask(Side::B, b, progress(180, None));
    // The user says nothing of SDP: the answer shown is the answer.
    pair.ask(
        Side::B,
        b,
        Request::Accept {
            bodies: Bodies::default(),
            headers: Headers::new(),
        },
    );
    pair.run(ms(100));
    assert_eq!(pair.lines(Side::A), ["INVITE", "ACK"]);
    assert_eq!(pair.lines(Side::B), ["100", "183", "180", "200"]);
    let Some((_, _, Indication::Accepted { bodies, .. })) = pair
        .told
        .iter()
        .find(|(side, ..)| *side == Side::A)
        .into_iter()
        .chain(pair.told.iter())
        .find(|(_, _, told)| matches!(told, Indication::Accepted { .. }))
    else {
        panic!("accepted");
    };
    assert_eq!(bodies.sdp.as_deref(), Some(ANSWER.as_bytes()));
}

#[test]
fn a_lost_invite_is_sent_again_until_there_is_an_answer() {
    let mut pair = Pair::new();
    let mut lost = 0;
    pair.lose = Box::new(move |_, line| {
        lost += u32::from(line == "INVITE");
        line == "INVITE" && lost <= 3
    });
    let a = pair.a.new_session();
    pair.ask(Side::A, a, Request::Invite(Box::new(invite())));
    pair.run(Duration::from_secs(20));
    assert_eq!(pair.times(Side::A, "INVITE"), [0, 500, 1500, 3500]);
    // Copies are absorbed: one indication, however often it came.
    assert_eq!(pair.names(Side::B), ["Incoming"]);
}

#[test]
fn timer_b_ends_a_call_nobody_answers() {
    let mut pair = Pair::new();
    pair.lose = Box::new(|_, _| true);
    let a = pair.a.new_session();
    pair.ask(Side::A, a, Request::Invite(Box::new(invite())));
    pair.run(ms(31_999));
    assert_eq!(
        pair.times(Side::A, "INVITE"),
        [0, 500, 1500, 3500, 7500, 15_500, 31_500]
    );
    assert!(pair.told.is_empty());
    pair.run(ms(1));
    assert_eq!(pair.names(Side::A), ["Failed Timeout", "Terminated"]);
    pair.assert_clean();
}

#[test]
fn a_reliable_response_is_sent_again_until_its_prack() {
    let mut pair = Pair::new();
    let mut pracks = 0;
    pair.lose = Box::new(move |side, line| {
        pracks += u32::from(line == "PRACK");
        // The first PRACK is lost, and two copies of the 183.
        side == Side::A && line == "PRACK" && pracks == 1
    });
    let (_, b, _) = pair.call(invite());
    pair.ask(Side::B, b, progress(183, Some(ANSWER)));
    pair.ask(Side::B, b, progress(180, None));
    pair.run(Duration::from_secs(5));
    // 100 ms; its copy at T1 meets the PRACK that is sent again at T1 too.
    assert_eq!(pair.times(Side::B, "183"), [100, 600]);
    assert_eq!(pair.times(Side::A, "PRACK")[..2], [110, 610]);
    // The 180 waits for the PRACK of the 183.
    assert_eq!(pair.times(Side::B, "180"), [620]);
    assert_eq!(pair.names(Side::A), ["Progress 183", "Progress 180"]);
    assert_eq!(
        pair.names(Side::B),
        ["Incoming", "Pracked 183", "Pracked 180"]
    );
}

#[test]
fn without_prack_the_invite_is_rejected_after_64_t1() {
    let mut pair = Pair::new();
    pair.lose = Box::new(|_, line| line == "PRACK");
    let (_, b, _) = pair.call(invite());
    pair.ask(Side::B, b, progress(183, Some(ANSWER)));
    pair.run(Duration::from_secs(33));
    assert_eq!(
        pair.times(Side::B, "183"),
        [100, 600, 1600, 3600, 7600, 15_600, 31_600]
    );
    assert_eq!(pair.times(Side::B, "504"), [32_100]);
    assert_eq!(
        pair.names(Side::B),
        ["Incoming", "Failed NoPrack", "Terminated"]
    );
    assert_eq!(
        pair.names(Side::A),
        ["Progress 183", "Rejected 504", "Terminated"]
    );
    pair.assert_clean();
}

#[test]
fn the_200_waits_for_the_prack_of_an_answer() {
    let mut pair = Pair::new();
    let mut first = true;
    pair.lose = Box::new(move |_, line| line == "183" && std::mem::take(&mut first));
    let (_, b, _) = pair.call(invite());
    pair.ask(Side::B, b, progress(183, Some(ANSWER)));
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.times(Side::B, "183"), [100, 600]);
    let ok = pair.times(Side::B, "200");
    assert_eq!(ok, [620, 620], "to PRACK, then to INVITE");
    assert_eq!(
        pair.names(Side::B),
        ["Incoming", "Pracked 183", "Acknowledged"]
    );
}

#[test]
fn a_200_is_sent_again_until_its_ack() {
    let mut pair = Pair::new();
    let mut acks = 0;
    pair.lose = Box::new(move |_, line| {
        acks += u32::from(line == "ACK");
        line == "ACK" && acks <= 4
    });
    let (_, b, _) = pair.call(invite());
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(Duration::from_secs(30));
    // T1, doubled up to T2.
    assert_eq!(pair.times(Side::B, "200"), [100, 600, 1600, 3600, 7600]);
    assert_eq!(pair.times(Side::A, "ACK").len(), 5);
    assert_eq!(pair.names(Side::A), ["Accepted"]);
    assert_eq!(pair.names(Side::B), ["Incoming", "Acknowledged"]);
}

#[test]
fn without_ack_the_session_ends_by_bye() {
    let mut pair = Pair::new();
    pair.lose = Box::new(|_, line| line == "ACK");
    let (_, b, _) = pair.call(invite());
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(Duration::from_secs(40));
    let times = pair.times(Side::B, "200");
    assert_eq!(times.len(), 11, "{times:?}");
    assert_eq!(pair.times(Side::B, "BYE"), [32_100]);
    assert_eq!(
        pair.names(Side::B),
        ["Incoming", "Failed NoAck", "Terminated"]
    );
    assert_eq!(pair.names(Side::A), ["Accepted", "Bye", "Terminated"]);
    pair.assert_clean();
}

#[test]
fn cancel_waits_for_a_provisional_response() {
    let mut pair = Pair::new();
    let mut first = true;
    pair.lose = Box::new(move |_, line| line == "100" && std::mem::take(&mut first));
    let a = pair.a.new_session();
    pair.ask(Side::A, a, Request::Invite(Box::new(invite())));
    pair.run(ms(100));
    pair.ask(
        Side::A,
        a,
        Request::Cancel {
            headers: vec![Q850::new(16).to_header()],
        },
    );
    pair.run(ms(300));
    assert_eq!(pair.lines(Side::A), ["INVITE"]);
    pair.run(Duration::from_secs(1));
    // The copy of the INVITE at T1 brings the 100 again.
    assert_eq!(pair.lines(Side::A), ["INVITE", "INVITE", "CANCEL", "ACK"]);
    assert_eq!(pair.lines(Side::B), ["100", "100", "200", "487"]);
    assert_eq!(pair.names(Side::A), ["Terminated"]);
    assert_eq!(pair.names(Side::B), ["Incoming", "Cancelled", "Terminated"]);
    assert!(pair.told.iter().any(|(_, _, told)| matches!(
        told,
        Indication::Cancelled { cause: Some(cause), .. } if cause.cause == 16
    )));
    pair.assert_clean();
}

#[test]
fn a_200_that_crosses_cancel_is_acknowledged_and_released() {
    let mut pair = Pair::new();
    let (a, b, _) = pair.call(invite());
    pair.ask(Side::A, a, cancel());
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.lines(Side::A), ["INVITE", "CANCEL", "ACK", "BYE"]);
    assert_eq!(pair.names(Side::A), ["Terminated"]);
    assert_eq!(
        pair.names(Side::B),
        ["Incoming", "Acknowledged", "Bye", "Terminated"]
    );
    // The CANCEL came too late and is answered 200 all the same.
    assert_eq!(pair.lines(Side::B), ["100", "200", "200", "200"]);
    pair.assert_clean();
}

#[test]
fn a_cancelled_invite_without_final_response_is_given_up() {
    let mut pair = Pair::new();
    pair.lose = Box::new(|side, line| side == Side::B && line != "100");
    let (a, _, _) = pair.call(invite());
    pair.ask(Side::A, a, cancel());
    pair.run(ms(31_999));
    assert!(pair.names(Side::A).is_empty());
    pair.run(ms(2));
    assert_eq!(pair.names(Side::A), ["Terminated"]);
    pair.assert_clean();
}

#[test]
fn a_rejection_carries_cause_and_rel() {
    let mut pair = Pair::new();
    let (_, b, _) = pair.call(invite());
    pair.ask(
        Side::B,
        b,
        Request::Reject {
            status: 486,
            reason: None,
            headers: vec![Q850::new(17).at(4).with_text("busy").to_header()],
            bodies: Bodies::isup(isup(&[12, 2, 0, 2, 0x84, 0x91])),
        },
    );
    pair.run(ms(100));
    let rejected = pair.told.iter().find_map(|(_, _, told)| match told {
        Indication::Rejected {
            status,
            reason,
            cause,
            bodies,
            contacts,
            ..
        } => Some((
            *status,
            reason.clone(),
            cause.clone(),
            bodies.clone(),
            contacts.clone(),
        )),
        _ => None,
    });
    let (status, reason, cause, bodies, contacts) = rejected.unwrap();
    assert_eq!((status, reason.as_str()), (486, "Busy Here"));
    assert_eq!(cause, Some(Q850::new(17).at(4).with_text("busy")));
    assert_eq!(&bodies.isup.unwrap().octets[..], [12, 2, 0, 2, 0x84, 0x91]);
    assert!(contacts.is_empty());
    assert_eq!(pair.lines(Side::A), ["INVITE", "ACK"]);
    pair.assert_clean();
}

#[test]
fn a_redirection_tells_its_contacts_best_first() {
    let mut pair = Pair::new();
    let (_, b, _) = pair.call(invite());
    pair.ask(
        Side::B,
        b,
        Request::Reject {
            status: 302,
            reason: None,
            headers: vec![(
                "Contact".to_owned(),
                "<sip:c@192.0.2.9>;q=0.5, <sip:d@192.0.2.9>, <sip:e@192.0.2.9>;q=0.7".to_owned(),
            )],
            bodies: Bodies::default(),
        },
    );
    pair.run(ms(100));
    assert!(pair.told.iter().any(|(_, _, told)| matches!(
        told,
        Indication::Rejected { status: 302, contacts, .. }
            if *contacts == ["sip:d@192.0.2.9", "sip:e@192.0.2.9", "sip:c@192.0.2.9"]
    )));
}

#[test]
fn bye_waits_for_the_ack_of_our_200() {
    let mut pair = Pair::new();
    let mut acks = 0;
    pair.lose = Box::new(move |_, line| {
        acks += u32::from(line == "ACK");
        line == "ACK" && acks == 1
    });
    let (_, b, _) = pair.call(invite());
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(ms(100));
    pair.ask(Side::B, b, bye());
    pair.run(ms(100));
    assert!(pair.times(Side::B, "BYE").is_empty());
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.times(Side::B, "BYE"), [620]);
    assert_eq!(pair.names(Side::A), ["Accepted", "Bye", "Terminated"]);
    assert_eq!(pair.names(Side::B), ["Incoming", "Terminated"]);
    pair.assert_clean();
}

#[test]
fn byes_may_cross_and_be_lost() {
    let mut pair = Pair::new();
    let (a, b) = pair.established();
    pair.ask(Side::A, a, bye());
    pair.ask(Side::B, b, bye());
    pair.run(ms(100));
    assert_eq!(pair.names(Side::A), ["Terminated"]);
    assert_eq!(pair.names(Side::B), ["Terminated"]);
    pair.assert_clean();

    let mut pair = Pair::new();
    let (a, _) = pair.established();
    pair.lose = Box::new(|_, _| true);
    pair.ask(Side::A, a, bye());
    pair.run(Duration::from_secs(40));
    // Timer E: T1 doubled up to T2, until timer F.
    assert_eq!(pair.times(Side::A, "BYE").len(), 11);
    assert_eq!(pair.names(Side::A), ["Terminated"]);
}

#[test]
fn requests_out_of_place_are_errors() {
    let mut pair = Pair::new();
    let (a, b, _) = pair.call(invite());
    let out_of_place = |done: Result<(), RequestError>| {
        assert!(
            matches!(done, Err(RequestError::OutOfPlace { .. })),
            "{done:?}"
        );
    };
    out_of_place(pair.try_ask(Side::A, a, progress(180, None)));
    out_of_place(pair.try_ask(Side::A, a, accept(ANSWER)));
    out_of_place(pair.try_ask(Side::A, a, reject(486)));
    out_of_place(pair.try_ask(Side::B, b, bye()));
    out_of_place(pair.try_ask(Side::B, b, cancel()));
    out_of_place(pair.try_ask(Side::A, a, Request::Invite(Box::new(invite()))));
    assert!(matches!(
        pair.try_ask(Side::B, b, progress(200, None)),
        Err(RequestError::Status { status: 200, .. })
    ));
    assert!(matches!(
        pair.try_ask(Side::B, b, reject(200)),
        Err(RequestError::Status { status: 200, .. })
    ));
    assert!(matches!(
        pair.try_ask(
            Side::B,
            b,
            Request::Accept {
                bodies: Bodies::default(),
                headers: Headers::new()
            }
        ),
        Err(RequestError::SdpMissing { .. })
    ));
    let injected = Request::Accept {
        bodies: Bodies::sdp(ANSWER),
        headers: vec![("Subject".to_owned(), "x\r\nVia: y".to_owned())],
    };
    assert!(matches!(
        pair.try_ask(Side::B, b, injected),
        Err(RequestError::Field { .. })
    ));
    // The mistake left nothing behind.
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(ms(100));
    assert_eq!(pair.names(Side::A), ["Accepted"]);
    pair.ask(Side::A, a, bye());
    pair.run(ms(100));
    assert!(matches!(
        pair.try_ask(Side::A, a, bye()),
        Err(RequestError::NoSession { .. })
    ));
    let mut bad = invite();
    bad.uri = "not a uri".to_owned();
    let id = pair.a.new_session();
    assert!(matches!(
        pair.try_ask(Side::A, id, Request::Invite(Box::new(bad))),
        Err(RequestError::Field { .. })
    ));
}

#[test]
fn a_call_over_ipv6() {
    let (one, two) = ("[2001:db8::1]:5060", "[2001:db8::2]:5070");
    let mut pair = Pair::of(endpoint(one, 1), endpoint(two, 2));
    let mut invite = invite();
    invite.to = two.parse().unwrap();
    let (a, b, incoming) = pair.call(invite);
    assert_eq!(incoming.flow.remote, one.parse().unwrap());
    pair.ask(Side::B, b, progress(183, Some(ANSWER)));
    pair.run(ms(100));
    pair.ask(Side::B, b, accept(ANSWER));
    pair.run(ms(100));
    pair.ask(Side::B, b, bye());
    pair.run(ms(100));
    assert_eq!(pair.lines(Side::A), ["INVITE", "PRACK", "ACK", "200"]);
    assert_eq!(
        pair.names(Side::A),
        ["Progress 183", "Accepted", "Bye", "Terminated"]
    );
    assert!(matches!(
        pair.try_ask(Side::A, a, bye()),
        Err(RequestError::NoSession { .. })
    ));
    pair.assert_clean();
}

#[test]
fn bye_waits_for_a_200_that_waits_for_a_prack() {
    let mut pair = Pair::new();
    let mut first = true;
    pair.lose = Box::new(move |_, line| line == "183" && std::mem::take(&mut first));
    let (_, b, _) = pair.call(invite());
    pair.ask(Side::B, b, progress(183, Some(ANSWER)));
    pair.ask(Side::B, b, accept(ANSWER));
    pair.ask(Side::B, b, bye());
    pair.run(Duration::from_secs(2));
    assert_eq!(
        pair.lines(Side::B),
        ["100", "183", "183", "200", "200", "BYE"]
    );
    assert_eq!(
        pair.names(Side::A),
        ["Progress 183", "Accepted", "Bye", "Terminated"]
    );
    pair.assert_clean();
}
