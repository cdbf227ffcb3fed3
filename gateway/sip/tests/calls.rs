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
