use super::*;
use crate::chance::Chance;

const A: SessionId = SessionId(1);
const B: SessionId = SessionId(2);

fn address(port: u16) -> std::net::SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn capabilities(port: u16) -> Capabilities {
    Capabilities::new(address(port), vec![sdp::Codec::Pcma], 1)
}

fn own() -> Flow {
    Flow::udp(address(5060), address(5060))
}

/// A has called B with an offer.
fn invited() -> Junctions {
    let mut junctions = Junctions::default();
    let mut invite = Invite::new(own().hop(), "sip:+4930555500002@127.0.0.1", "<sip:x@y>");
    invite.bodies = Bodies::sdp(sdp::offer(&capabilities(4000)));
    let entry = Entry {
        peer: PeerId(0),
        own: own(),
        call_id: "junction-1@127.0.0.1".to_owned(),
        replaces: None,
    };
    junctions.invite(A, B, invite, entry);
    junctions
}

fn told(junctions: &mut Junctions) -> Vec<(SessionId, Indication)> {
    std::iter::from_fn(|| junctions.poll_output()).collect()
}

fn names(told: &[(SessionId, Indication)]) -> Vec<(u32, String)> {
    let name = |indication: &Indication| {
        let text = format!("{indication:?}");
        let end = text.find([' ', '(', '{']).unwrap_or(text.len());
        text[..end].to_owned()
    };
    told.iter().map(|(id, it)| (id.0, name(it))).collect()
}

fn named(of: &[(u32, &str)]) -> Vec<(u32, String)> {
    of.iter().map(|(id, it)| (*id, (*it).to_owned())).collect()
}

fn answer(junctions: &mut Junctions) {
    let offer = sdp::offer(&capabilities(4000));
    let answer = sdp::negotiate(&capabilities(4002), &offer).unwrap();
    let bodies = Bodies::sdp(answer.octets);
    let headers = Headers::new();
    junctions
        .request(B, Request::Accept { bodies, headers })
        .unwrap();
}

fn bye() -> Request {
    Request::Bye {
        headers: vec![Q850::new(17).to_header()],
        bodies: Bodies::default(),
    }
}

fn cancel() -> Request {
    let headers = Headers::new();
    Request::Cancel { headers }
}

#[test]
fn a_call_through_a_junction() {
    let mut junctions = invited();
    let Some((B, Indication::Incoming(incoming))) = junctions.poll_output() else {
        panic!("no call");
    };
    assert_eq!(incoming.request_uri, "sip:+4930555500002@127.0.0.1");
    assert!(incoming.bodies.sdp.is_some());
    let ringing = Request::Progress {
        status: 180,
        reason: None,
        bodies: Bodies::default(),
        headers: Headers::new(),
    };
    junctions.request(B, ringing).unwrap();
    answer(&mut junctions);
    junctions.request(B, bye()).unwrap();
    let told = told(&mut junctions);
    let expected = named(&[
        (1, "Progress"),
        (1, "Accepted"),
        (2, "Acknowledged"),
        (1, "Bye"),
        (2, "Terminated"),
        (1, "Terminated"),
    ]);
    assert_eq!(names(&told), expected);
    let Indication::Bye { cause, .. } = &told[3].1 else {
        unreachable!()
    };
    assert_eq!(cause.as_ref().unwrap().cause, 17);
    assert_eq!(junctions.ends(), 0);
}

/// Hold and retrieval: the other end answers with the direction that fits, and its own address.
#[test]
fn an_offer_within_the_call_is_answered_at_once() {
    let mut junctions = invited();
    answer(&mut junctions);
    told(&mut junctions);
    for direction in [sdp::Direction::Inactive, sdp::Direction::SendRecv] {
        let mut local = capabilities(4000);
        local.direction = direction;
        let offer = Request::Reinvite {
            bodies: Bodies::sdp(sdp::offer(&local)),
            headers: Headers::new(),
        };
        junctions.request(A, offer).unwrap();
        let told = told(&mut junctions);
        assert_eq!(
            names(&told),
            named(&[(2, "Renegotiate"), (1, "Renegotiated")])
        );
        let Indication::Renegotiate { answered, .. } = &told[0].1 else {
            unreachable!()
        };
        let theirs = answered.as_ref().unwrap().plan;
        assert_eq!(
            (theirs.direction, theirs.remote),
            (direction, address(4000))
        );
        let Indication::Renegotiated { bodies, .. } = &told[1].1 else {
            unreachable!()
        };
        let ours = sdp::conclude(&local, bodies.sdp.as_ref().unwrap()).unwrap();
        assert_eq!((ours.direction, ours.remote), (direction, address(4002)));
    }
}

/// Both ends are told that it is over, whoever ends it and when, and an end that does not know yet
/// may still ask for anything.
#[test]
fn every_end() {
    let refuse = || Request::Reject {
        status: 486,
        reason: None,
        headers: Headers::new(),
        bodies: Bodies::default(),
    };
    let ends: [(bool, SessionId, Request, &str); 6] = [
        (false, A, cancel(), "Cancelled"),
        (false, A, bye(), "Cancelled"),
        (false, B, refuse(), "Rejected"),
        (true, A, bye(), "Bye"),
        (true, B, bye(), "Bye"),
        (true, A, cancel(), "Bye"),
    ];
    for (answered, by, request, name) in ends {
        let mut junctions = invited();
        if answered {
            answer(&mut junctions);
        }
        told(&mut junctions);
        let other = junctions.other(by).unwrap();
        junctions.request(by, request).unwrap();
        junctions.request(other, bye()).unwrap();
        junctions.request(by, cancel()).unwrap();
        assert_eq!(
            names(&told(&mut junctions)),
            named(&[
                (other.0, name),
                (by.0, "Terminated"),
                (other.0, "Terminated")
            ])
        );
        assert_eq!(junctions.ends(), 0);
        assert!(junctions.request(by, bye()).is_err());
    }
}

/// Whatever is asked in whatever order: no panic, and when both ends have hung up nothing is left.
#[test]
fn nothing_is_left_whatever_was_asked_for() {
    let mut chance = Chance::new(&7.into(), "junction");
    for _ in 0..2000 {
        let mut junctions = invited();
        for _ in 0..8 {
            let draw = chance.draw();
            let session = if draw & 1 == 0 { A } else { B };
            let (bodies, headers) = (Bodies::default(), Headers::new());
            let request = match draw >> 1 & 7 {
                0 => cancel(),
                1 => Request::Accept { bodies, headers },
                2 => Request::Update { bodies, headers },
                3 => Request::Info { bodies },
                4 => Request::Progress {
                    status: 183,
                    reason: None,
                    bodies,
                    headers,
                },
                5 => Request::ReferProgress {
                    status: 200,
                    reason: None,
                },
                6 => Request::Reinvite {
                    bodies: Bodies::sdp("v=0"),
                    headers,
                },
                _ => Request::Policy(crate::sip::Policy::default()),
            };
            let _ = junctions.request(session, request);
            if draw & 0x100 == 0 {
                junctions.poll_output();
            }
        }
        for session in [A, B] {
            let _ = junctions.request(session, bye());
            let _ = junctions.request(session, cancel());
        }
        let told = told(&mut junctions);
        assert_eq!(junctions.ends(), 0, "{:?}", names(&told));
    }
}
