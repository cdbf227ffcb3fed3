//! TCP, TLS and IPv6: which way messages go, and what a closed connection means
//! (RFC 3261 §18, §17.1.4).

use super::scripted::{Scripted, field, reply, within};
use super::*;

const BOB6: &str = "[2001:db8::2]:5060";
/// Where the peer's connection comes from.
const EPHEMERAL: &str = "192.0.2.1:49152";

fn listening() -> Scripted {
    let mut config = EndpointConfig::new(BOB.parse().unwrap(), 2);
    config.listeners = [
        "udp:192.0.2.2:5060",
        "tcp:192.0.2.2:5060",
        "tls:192.0.2.2:5061",
    ]
    .iter()
    .chain(["tcp:[2001:db8::2]:5060", "udp:[2001:db8::2]:5060"].iter())
    .map(|text| text.parse().unwrap())
    .collect();
    Scripted::of(Endpoint::new(config))
}

fn flow(transport: Transport, remote: &str) -> Flow {
    let remote: std::net::SocketAddr = remote.parse().unwrap();
    let local = match (transport, remote.is_ipv6()) {
        (_, true) => BOB6,
        (Transport::Tls, _) => "192.0.2.2:5061",
        _ => BOB,
    };
    Flow::new(transport, local.parse().unwrap(), remote)
}

/// An INVITE by a connection of the peer.
fn invite_by(transport: Transport, contact: &str) -> String {
    format!(
        "INVITE sip:gateway@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/{} 192.0.2.1:5070;branch=z9hG4bKi\r\nMax-Forwards: 70\r\nFrom: <sip:a@192.0.2.1>;tag=a1\r\nTo: <sip:gateway@192.0.2.2>\r\nCall-ID: raw@192.0.2.1\r\nCSeq: 1 INVITE\r\nContact: <{contact}>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{OFFER}",
        transport.token(),
        OFFER.len()
    )
}

fn calls_by(to: Hop) -> (Scripted, SessionId) {
    let mut peer = listening();
    let id = peer.endpoint.new_session();
    let invite = Invite { to, ..invite() };
    peer.ask(id, Request::Invite(Box::new(invite)));
    (peer, id)
}

#[test]
fn via_and_contact_name_the_listener_of_the_transport_and_family() {
    for (to, via, contact) in [
        (
            "udp:192.0.2.1:5060",
            "SIP/2.0/UDP 192.0.2.2:5060;branch=",
            "<sip:192.0.2.2:5060>",
        ),
        (
            "tcp:192.0.2.1:5060",
            "SIP/2.0/TCP 192.0.2.2:5060;branch=",
            "<sip:192.0.2.2:5060;transport=tcp>",
        ),
        (
            "tls:192.0.2.1:5061",
            "SIP/2.0/TLS 192.0.2.2:5061;branch=",
            "<sip:192.0.2.2:5061;transport=tls>",
        ),
        (
            "tcp:[2001:db8::1]:5060",
            "SIP/2.0/TCP [2001:db8::2]:5060;branch=",
            "<sip:[2001:db8::2]:5060;transport=tcp>",
        ),
        (
            "udp:[2001:db8::1]:5060",
            "SIP/2.0/UDP [2001:db8::2]:5060;branch=",
            "<sip:[2001:db8::2]:5060>",
        ),
    ] {
        let (peer, _) = calls_by(to.parse().unwrap());
        let text = peer.last();
        assert!(field(text, "Via").starts_with(via), "{text}");
        assert!(field(text, "Via").ends_with(";rport"), "{text}");
        assert_eq!(field(text, "Contact"), contact);
    }
}

#[test]
fn a_sips_uri_has_a_sips_contact_and_goes_by_tls() {
    let mut peer = listening();
    let id = peer.endpoint.new_session();
    let invite = Invite {
        uri: "sips:+493055500001@192.0.2.1;user=phone".to_owned(),
        to: "tls:192.0.2.1:5061".parse().unwrap(),
        ..invite()
    };
    peer.ask(id, Request::Invite(Box::new(invite)));
    let sent = peer.last().to_owned();
    assert_eq!(field(&sent, "Contact"), "<sips:192.0.2.2:5061>");
    let by = flow(Transport::Tls, "192.0.2.1:5061");
    let contact = "Contact: <sips:b@192.0.2.1>\r\n";
    peer.hear_by(by, &reply(&sent, "200 OK", "b1", contact, ANSWER));
    let (to, ack) = peer.sent.last().unwrap();
    assert_eq!(*to, by, "sips is TLS, port 5061");
    assert!(ack.starts_with("ACK sips:b@192.0.2.1"));
}

#[test]
fn one_connection_is_asked_for_and_nothing_is_repeated_on_it() {
    let (mut peer, _) = calls_by("tcp:192.0.2.1:5060".parse().unwrap());
    let by = flow(Transport::Tcp, ALICE);
    assert_eq!(peer.connected, [by]);
    peer.endpoint.handle_connected(by, None);
    peer.run(Duration::from_secs(20));
    assert_eq!(peer.lines(), ["INVITE"], "timer A is for datagrams");
    let id = peer.endpoint.new_session();
    let invite = Invite {
        to: by.hop(),
        ..invite()
    };
    peer.ask(id, Request::Invite(Box::new(invite)));
    assert_eq!(peer.connected.len(), 1, "the connection is used again");
}

#[test]
fn a_connection_that_cannot_be_opened_fails_its_calls_at_once() {
    let (mut peer, _) = calls_by("tls:192.0.2.1:5061".parse().unwrap());
    let by = flow(Transport::Tls, "192.0.2.1:5061");
    peer.lose(by);
    assert_eq!(peer.names(), ["Failed TransportError", "Terminated"]);
    peer.run(Duration::from_secs(100));
    assert_eq!(peer.endpoint.sessions(), 0);
}

#[test]
fn a_call_that_was_answered_outlives_its_connection() {
    let (mut peer, id) = calls_by("tcp:192.0.2.1:5060".parse().unwrap());
    let by = flow(Transport::Tcp, ALICE);
    peer.endpoint.handle_connected(by, None);
    let sent = peer.last().to_owned();
    let contact = "Contact: <sip:b@192.0.2.1:5060;transport=tcp>\r\n";
    peer.hear_by(by, &reply(&sent, "200 OK", "b1", contact, ANSWER));
    peer.names();
    peer.lose(by);
    assert_eq!(peer.names(), Vec::<String>::new());
    peer.connected.clear();
    peer.ask(id, bye());
    assert_eq!(peer.connected, [by], "the BYE opens another one");
    assert!(peer.last().starts_with("BYE"));
    // Nor can that one be opened: the BYE is over, and the session with it.
    peer.lose(by);
    assert_eq!(peer.names(), ["Terminated"]);
}

#[test]
fn responses_go_back_on_the_connection_or_to_the_port_of_via() {
    let mut peer = listening();
    let by = flow(Transport::Tcp, EPHEMERAL);
    peer.endpoint.handle_connected(by, None);
    let text = invite_by(Transport::Tcp, "sip:a@192.0.2.1:5070;transport=tcp");
    peer.hear_by(by, &text);
    assert_eq!(peer.sent.last().unwrap().0, by);
    let id = peer.told[0].0;
    peer.lose(by);
    peer.ask(id, progress(180, None));
    let back = flow(Transport::Tcp, "192.0.2.1:5070");
    assert_eq!(peer.connected, [back]);
    let (to, ringing) = peer.sent.last().unwrap();
    assert_eq!(*to, back);
    assert_eq!(
        field(ringing, "Contact"),
        "<sip:192.0.2.2:5060;transport=tcp>"
    );
}

#[test]
fn requests_of_ours_use_the_open_connection_to_the_same_host() {
    let mut peer = listening();
    let by = flow(Transport::Tcp, EPHEMERAL);
    peer.endpoint.handle_connected(by, None);
    let text = invite_by(Transport::Tcp, "sip:a@192.0.2.1:5070;transport=tcp");
    peer.hear_by(by, &text);
    let id = peer.told[0].0;
    peer.ask(id, accept(ANSWER));
    let ok = peer.last().to_owned();
    peer.hear_by(by, &within(&ok, "ACK", 1, "", "").replace("UDP", "TCP"));
    peer.ask(id, bye());
    assert_eq!(peer.sent.last().unwrap().0, by, "still open");
    assert!(peer.connected.is_empty());
    // Without it, Contact says where to connect to.
    peer.lose(by);
    let mut peer = listening();
    peer.hear_by(by, &text);
    let id = peer.told[0].0;
    peer.ask(id, accept(ANSWER));
    let ok = peer.last().to_owned();
    peer.hear_by(by, &within(&ok, "ACK", 1, "", "").replace("UDP", "TCP"));
    peer.ask(id, bye());
    let contact = flow(Transport::Tcp, "192.0.2.1:5070");
    assert_eq!(peer.sent.last().unwrap().0, contact);
}

#[test]
fn a_record_route_decides_the_transport() {
    let (mut peer, id) = calls_by("tcp:192.0.2.1:5060".parse().unwrap());
    let by = flow(Transport::Tcp, ALICE);
    let sent = peer.last().to_owned();
    let more = "Contact: <sip:b@198.51.100.9>\r\nRecord-Route: <sip:198.51.100.1:5080;lr>,<sip:192.0.2.1;transport=tcp;lr>\r\n";
    peer.hear_by(by, &reply(&sent, "200 OK", "b1", more, ANSWER));
    let (to, ack) = peer.sent.last().unwrap();
    assert_eq!(*to, by);
    assert!(field(ack, "Via").starts_with("SIP/2.0/TCP"));
    assert!(field(ack, "Route").starts_with("<sip:192.0.2.1;transport=tcp;lr>"));
    peer.ask(id, bye());
    assert_eq!(peer.sent.last().unwrap().0, by);
}
