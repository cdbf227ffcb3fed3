//! Names in Contact and Record-Route.

use super::super::location::{Kind, Question, Record};
use super::super::names::MOST_NAMES;
use super::scripted::{SDP, Scripted, field, raw, reply};
use super::*;

/// phone.example.net is at 192.0.2.9; proxy.example.net at A's address and at 192.0.2.10, by SRV.
fn zone(question: &Question) -> Vec<Record> {
    let addresses = |texts: &[&str]| {
        let parsed = texts.iter().map(|text| text.parse().unwrap());
        parsed.map(Record::Address).collect()
    };
    let srv = |port, target: &str| Record::Srv {
        priority: 1,
        weight: 0,
        port,
        target: target.to_owned(),
    };
    match (question.name.as_str(), question.kind) {
        ("phone.example.net", Kind::A) => addresses(&["192.0.2.9"]),
        ("_sip._udp.proxy.example.net", Kind::Srv) => {
            vec![srv(5074, "one.example.net"), srv(5075, "two.example.net")]
        }
        ("one.example.net", Kind::A) => addresses(&["192.0.2.10"]),
        ("two.example.net", Kind::A) => addresses(&["192.0.2.1"]),
        _ => Vec::new(),
    }
}

/// An INVITE of A with this Contact and further fields, answered by us; where our BYE goes.
fn bye_goes(contact: &str, more: &str, zone: Option<fn(&Question) -> Vec<Record>>) -> String {
    let mut peer = Scripted::new();
    let invite = raw("INVITE", "1", &format!("{more}{SDP}"), OFFER);
    peer.hear(&invite.replace("<sip:a@192.0.2.1>\r\n", &format!("{contact}\r\n")));
    let id = peer.told[0].0;
    if let Some(zone) = zone {
        peer.resolve(zone);
    }
    peer.ask(id, accept());
    let ok = peer.last().to_owned();
    peer.hear(&super::scripted::within(&ok, "ACK", 1, "", "").replace("z9hG4bKACK", "z9hG4bKa"));
    peer.ask(id, bye());
    let (flow, bye) = peer.sent.last().unwrap();
    assert!(bye.starts_with("BYE "), "{bye}");
    flow.hop().to_string()
}

fn accept() -> Request {
    Request::Accept {
        bodies: Bodies::sdp(ANSWER),
        headers: Headers::new(),
    }
}

fn bye() -> Request {
    Request::Bye {
        headers: Headers::new(),
        bodies: Bodies::default(),
    }
}

#[test]
fn a_contact_that_names_a_host_is_where_the_name_server_says() {
    let contact = "<sip:a@phone.example.net:5070>";
    assert_eq!(bye_goes(contact, "", Some(zone)), "udp:192.0.2.9:5070");
    // Until it has said so, and where it knows nothing: the way that the peer's messages came.
    assert_eq!(bye_goes(contact, "", None), "udp:192.0.2.1:5060");
    let nobody = "<sip:a@nobody.example.net:5070>";
    assert_eq!(bye_goes(nobody, "", Some(zone)), "udp:192.0.2.1:5060");
    // A transport that we do not speak.
    let tcp = "<sip:a@phone.example.net:5070;transport=tcp>";
    assert_eq!(bye_goes(tcp, "", Some(zone)), "udp:192.0.2.1:5060");
}

#[test]
fn a_route_that_names_a_host_goes_before_the_contact_and_stays_at_the_same_server() {
    let contact = "<sip:a@phone.example.net:5070>";
    let route = "Record-Route: <sip:proxy.example.net;lr>\r\n";
    // Both servers are as good; the INVITE came from the second.
    assert_eq!(bye_goes(contact, route, Some(zone)), "udp:192.0.2.1:5075");
}

#[test]
fn our_own_call_asks_for_the_callees_name_at_once() {
    let mut peer = Scripted::new();
    let (id, invite) = peer.calls();
    let more = format!("Contact: <sip:b@Phone.Example.net.:5070>\r\n{SDP}");
    peer.hear(&reply(
        &invite,
        "200 OK",
        "t",
        &more.replace(SDP, ""),
        ANSWER,
    ));
    assert_eq!(field(peer.last(), "CSeq"), "1 ACK");
    assert_eq!(
        peer.sent.last().unwrap().0.hop().to_string(),
        "udp:192.0.2.1:5060"
    );
    let asked: Vec<String> = peer.asked.iter().map(ToString::to_string).collect();
    assert_eq!(asked, ["A of phone.example.net"]);
    peer.resolve(zone);
    peer.ask(id, bye());
    assert_eq!(
        peer.sent.last().unwrap().0.hop().to_string(),
        "udp:192.0.2.9:5070"
    );
}

#[test]
fn a_name_is_asked_for_once_and_again_when_it_is_outdated() {
    let mut endpoint = endpoint(BOB, 2);
    let mut now = origin();
    let uri = "sip:a@phone.example.net:5070";
    let asked = |endpoint: &mut Endpoint| {
        let mut count = 0;
        while let Some(output) = endpoint.poll_output() {
            let Output::Resolve(question) = output else {
                panic!("{output:?}")
            };
            let answer = super::super::location::Answer {
                records: zone(&question),
                life: Duration::from_secs(100),
            };
            endpoint.handle_resolved(now, &question, Some(&answer));
            count += 1;
        }
        count
    };
    assert_eq!(endpoint.hops_of_uri(now, uri), None);
    assert_eq!(endpoint.hops_of_uri(now, uri), None);
    assert_eq!(asked(&mut endpoint), 1);
    let found = endpoint.hops_of_uri(now, uri).unwrap();
    assert_eq!(found, ["udp:192.0.2.9:5070".parse().unwrap()]);
    assert_eq!(asked(&mut endpoint), 0);
    now += Duration::from_secs(101);
    assert_eq!(endpoint.hops_of_uri(now, uri), None);
    // Addresses and nonsense need nobody.
    let at = |endpoint: &mut Endpoint, uri| endpoint.hops_of_uri(now, uri);
    let hop = at(&mut endpoint, "<sip:192.0.2.3>").unwrap();
    assert_eq!(hop, ["udp:192.0.2.3:5060".parse().unwrap()]);
    let hop = at(&mut endpoint, "sip:192.0.2.3;transport=tcp").unwrap();
    assert_eq!(hop, ["tcp:192.0.2.3:5060".parse().unwrap()]);
    assert_eq!(at(&mut endpoint, "tel:+4930555"), Some(Vec::new()));
    assert_eq!(
        at(&mut endpoint, "sip:a@x;transport=sctp"),
        Some(Vec::new())
    );
}

#[test]
fn names_are_limited() {
    let mut endpoint = endpoint(BOB, 2);
    let now = origin();
    let of = |n: usize| format!("sip:a@host-{n}.example.net:5070");
    for n in 0..MOST_NAMES {
        assert_eq!(endpoint.hops_of_uri(now, &of(n)), None);
    }
    assert_eq!(endpoint.hops_of_uri(now, &of(MOST_NAMES)), Some(Vec::new()));
    // What was answered and is outdated makes room.
    let mut questions = Vec::new();
    while let Some(Output::Resolve(question)) = endpoint.poll_output() {
        questions.push(question);
    }
    assert_eq!(questions.len(), MOST_NAMES);
    endpoint.handle_resolved(now, &questions[7], Some(&Default::default()));
    let later = now + Duration::from_secs(40);
    assert_eq!(endpoint.hops_of_uri(later, &of(MOST_NAMES)), None);
}
