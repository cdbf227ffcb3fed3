//! Peers known by name: strangers, digest both ways, failover, registration, OPTIONS.

use super::super::digest::{Account, Hash, Protection, Secret};
use super::super::location::Target;
use super::super::peers::{Certificate, PeerConfig, Strangers};
use super::scripted::{Scripted, field, find, raw, reply};
use super::*;

const OTHER: &str = "192.0.2.9:5060";
const ID: PeerId = PeerId(0);

fn account() -> Account {
    Account {
        username: "gateway".to_owned(),
        password: Secret::new("secret"),
    }
}

fn peer() -> PeerConfig {
    PeerConfig::new(Target::Address(ALICE.parse().unwrap()))
}

fn with(peers: Vec<PeerConfig>, strangers: Strangers) -> Scripted {
    let mut config = EndpointConfig::new(BOB.parse().unwrap(), 2);
    config.listeners.push("tls:192.0.2.2:5061".parse().unwrap());
    config.listeners.push("tcp:192.0.2.2:5060".parse().unwrap());
    config.peers = peers;
    config.strangers = strangers;
    Scripted::of(Endpoint::new(config))
}

fn calls(scripted: &mut Scripted, further: &[&str]) -> SessionId {
    let id = scripted.endpoint.new_session();
    let invite = Invite {
        to: ALICE.parse().unwrap(),
        further: further.iter().map(|hop| hop.parse().unwrap()).collect(),
        peer: Some(ID),
        ..invite()
    };
    scripted.ask(id, Request::Invite(Box::new(invite)));
    id
}

const CHALLENGE: &str = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5\r\n";

#[test]
fn strangers_are_refused_or_not_heard_and_leave_nothing() {
    for strangers in [Strangers::Refuse, Strangers::Drop] {
        let mut scripted = with(vec![peer()], strangers);
        scripted.hear_from(OTHER, raw("INVITE", "x", "", "").as_bytes());
        let expected: &[&str] = match strangers {
            Strangers::Drop => &[],
            _ => &["403"],
        };
        assert_eq!(scripted.lines(), expected);
        assert!(scripted.told.is_empty());
        assert_eq!(scripted.endpoint.core.transactions(), (0, 0));
        scripted.hear_from(ALICE, raw("INVITE", "y", "", "").as_bytes());
        assert_eq!(scripted.lines(), ["100"]);
        assert!(matches!(
            &scripted.told[0].1,
            Indication::Incoming(incoming) if incoming.peer == Some(ID)
        ));
    }
}

#[test]
fn the_port_decides_between_peers_at_one_host() {
    let at = |text: &str| PeerConfig::new(Target::Address(text.parse().unwrap()));
    let mut network = at("192.0.2.77:5060");
    network.sources = vec!["198.51.100.0/24".parse().unwrap()];
    let peers = vec![at("192.0.2.1:5070"), at("192.0.2.1:5080"), network];
    let scripted = with(peers, Strangers::Refuse);
    let of = |source: &str| {
        let flow = Flow::udp(BOB.parse().unwrap(), source.parse().unwrap());
        scripted.endpoint.core.peer_of(flow).map(|peer| peer.0)
    };
    assert_eq!(of("192.0.2.1:5070"), Some(0));
    assert_eq!(of("192.0.2.1:5080"), Some(1));
    assert_eq!(of("192.0.2.1:40000"), Some(0));
    assert_eq!(of("198.51.100.7:5060"), Some(2));
    assert_eq!(of("192.0.2.77:5060"), None, "`sources` says where it is");
}

#[test]
fn a_tls_peer_is_one_by_tls_with_its_certificate() {
    let mut secure = peer();
    secure.target = Target::Address("192.0.2.1:5061".parse().unwrap());
    secure.transport = Some(Transport::Tls);
    secure.certificate = Certificate::Named(vec!["a.example.net".to_owned()]);
    let mut scripted = with(vec![secure], Strangers::Refuse);
    let tls = Flow::new(
        Transport::Tls,
        "192.0.2.2:5061".parse().unwrap(),
        "192.0.2.1:49000".parse().unwrap(),
    );
    let known = |scripted: &Scripted, flow| scripted.endpoint.core.peer_of(flow).is_some();
    assert!(!known(
        &scripted,
        Flow::udp(BOB.parse().unwrap(), ALICE.parse().unwrap())
    ));
    for (names, right) in [
        (None, false),
        (Some(vec![]), false),
        (Some(vec!["b.example.net".to_owned()]), false),
        (Some(vec!["a.example.net".to_owned()]), true),
    ] {
        scripted.endpoint.handle_connected(tls, names);
        assert_eq!(known(&scripted, tls), right);
    }
}

#[test]
fn a_challenged_invite_is_sent_again_with_credentials() {
    let mut peer = peer();
    peer.account = Some(account());
    let mut scripted = with(vec![peer], Strangers::Refuse);
    calls(&mut scripted, &[]);
    let first = scripted.last().to_owned();
    scripted.hear(&reply(&first, "401 Unauthorized", "t1", CHALLENGE, ""));
    assert_eq!(scripted.lines(), ["INVITE", "ACK", "INVITE"]);
    assert!(scripted.names().is_empty(), "the user is not told");
    // Once more: the password is wrong.
    let mut scripted = with(
        vec![PeerConfig {
            account: Some(account()),
            ..self::peer()
        }],
        Strangers::Refuse,
    );
    calls(&mut scripted, &[]);
    let first = scripted.last().to_owned();
    let proxy = CHALLENGE.replace("WWW-", "Proxy-");
    scripted.hear(&reply(&first, "407 Proxy", "t1", &proxy, ""));
    let second = scripted.last().to_owned();
    let credentials = field(&second, "Proxy-Authorization");
    assert!(credentials.contains("algorithm=SHA-256"), "{credentials}");
    assert!(credentials.contains("username=\"gateway\"") && !credentials.contains("secret"));
    assert_eq!(field(&second, "CSeq"), "2 INVITE");
    for same in ["Call-ID", "From", "To"] {
        assert_eq!(field(&second, same), field(&first, same));
    }
    assert_ne!(field(&second, "Via"), field(&first, "Via"));
    scripted.hear(&reply(&second, "407 Proxy", "t2", &proxy, ""));
    assert_eq!(scripted.names(), ["Rejected 407", "Terminated"]);
}

#[test]
fn a_challenged_bye_is_sent_again_too() {
    let mut peer = peer();
    peer.account = Some(account());
    let mut scripted = with(vec![peer], Strangers::Refuse);
    let id = calls(&mut scripted, &[]);
    let sent = scripted.last().to_owned();
    let contact = "Contact: <sip:b@192.0.2.1>\r\n";
    scripted.hear(&reply(&sent, "200 OK", "b1", contact, ANSWER));
    scripted.ask(id, bye());
    let sent = scripted.last().to_owned();
    assert!(sent.starts_with("BYE") && find(&sent, "Authorization").is_none());
    scripted.hear(&reply(&sent, "401 Unauthorized", "b1", CHALLENGE, ""));
    let again = scripted.last().to_owned();
    assert!(again.starts_with("BYE") && find(&again, "Authorization").is_some());
    scripted.names();
    scripted.hear(&reply(&again, "200 OK", "b1", "", ""));
    assert_eq!(scripted.names(), ["Terminated"]);
}

#[test]
fn a_peer_that_has_to_prove_itself_is_challenged() {
    let mut peer = peer();
    peer.protection = Some(Protection {
        account: account(),
        realm: "here".to_owned(),
        hashes: vec![Hash::Sha256, Hash::Md5],
    });
    let mut scripted = with(vec![peer], Strangers::Refuse);
    scripted.hear(&raw("INVITE", "x", "", ""));
    let refusal = scripted.last().to_owned();
    assert!(refusal.starts_with("SIP/2.0 401"));
    let asked: Vec<&str> = refusal
        .lines()
        .filter_map(|line| line.strip_prefix("WWW-Authenticate: "))
        .collect();
    assert_eq!(asked.len(), 2);
    assert!(
        asked[0].contains("SHA-256") && asked[1].contains("MD5"),
        "the best first"
    );
    // OPTIONS tells nothing that needs a password.
    scripted.hear(&raw("OPTIONS", "o", "", ""));
    assert!(scripted.last().starts_with("SIP/2.0 200"));
    assert!(scripted.told.is_empty());
    // The other end is one of us, with the account.
    let mut other = with(
        vec![PeerConfig {
            account: Some(account()),
            ..self::peer()
        }],
        Strangers::Refuse,
    );
    calls(&mut other, &[]);
    let invite = other.last().to_owned();
    scripted.hear_from(ALICE, invite.as_bytes());
    let refusal = scripted.last().to_owned();
    other.hear(&refusal);
    let proven = other.last().to_owned();
    assert!(find(&proven, "Authorization").is_some(), "{proven}");
    scripted.hear_from(ALICE, proven.as_bytes());
    assert_eq!(scripted.names(), ["Incoming"]);
}

#[test]
fn the_next_hop_is_tried_after_503_silence_and_no_connection() {
    // 503.
    let mut scripted = with(vec![peer()], Strangers::Refuse);
    calls(&mut scripted, &["192.0.2.5:5060", "tcp:192.0.2.6:5060"]);
    let first = scripted.last().to_owned();
    scripted.hear(&reply(&first, "503 Service Unavailable", "t", "", ""));
    let (flow, second) = scripted.sent.last().cloned().unwrap();
    assert_eq!(flow.hop(), "192.0.2.5:5060".parse().unwrap());
    assert_eq!(field(&second, "Call-ID"), field(&first, "Call-ID"));
    assert_eq!(field(&second, "CSeq"), "1 INVITE");
    assert_ne!(field(&second, "Via"), field(&first, "Via"));
    // 64*T1.
    scripted.run(Duration::from_secs(33));
    let (flow, third) = scripted.sent.last().cloned().unwrap();
    assert_eq!(flow.hop(), "tcp:192.0.2.6:5060".parse().unwrap());
    assert!(field(&third, "Via").starts_with("SIP/2.0/TCP"));
    assert!(scripted.names().is_empty());
    // No connection, and no further hop.
    scripted.lose(flow);
    assert_eq!(scripted.names(), ["Failed TransportError", "Terminated"]);
}

#[test]
fn who_has_rung_is_not_left_for_another_hop() {
    let mut scripted = with(vec![peer()], Strangers::Refuse);
    calls(&mut scripted, &["192.0.2.5:5060"]);
    let first = scripted.last().to_owned();
    scripted.hear(&reply(&first, "180 Ringing", "t", "", ""));
    scripted.hear(&reply(&first, "503 Service Unavailable", "t", "", ""));
    assert_eq!(
        scripted.names(),
        ["Progress 180", "Rejected 503", "Terminated"]
    );
}

#[test]
fn a_large_invite_goes_by_tcp_where_the_trunk_says_so() {
    let mut large = peer();
    large.tcp_above = Some(300);
    let mut scripted = with(vec![large], Strangers::Refuse);
    calls(&mut scripted, &[]);
    let (flow, invite) = scripted.sent.last().cloned().unwrap();
    assert_eq!(flow.hop(), "tcp:192.0.2.1:5060".parse().unwrap());
    assert!(field(&invite, "Via").starts_with("SIP/2.0/TCP"));
    // The peer does not listen to TCP: the datagram after all.
    scripted.lose(flow);
    let (flow, invite) = scripted.sent.last().cloned().unwrap();
    assert_eq!(flow.transport, Transport::Udp);
    assert!(field(&invite, "Via").starts_with("SIP/2.0/UDP"));
    let mut scripted = with(vec![peer()], Strangers::Refuse);
    calls(&mut scripted, &[]);
    assert_eq!(scripted.sent.last().unwrap().0.transport, Transport::Udp);
}

fn registering() -> Scripted {
    let mut peer = peer();
    peer.account = Some(account());
    peer.registration = Some(RegistrationConfig {
        user: "gateway".to_owned(),
        domain: "example.net".to_owned(),
        expires: Duration::from_secs(600),
    });
    let mut scripted = with(vec![peer], Strangers::Refuse);
    scripted.start();
    scripted
}

#[test]
fn a_registration_is_made_kept_and_taken_back() {
    let mut scripted = registering();
    let first = scripted.last().to_owned();
    assert!(first.starts_with("REGISTER sip:example.net SIP/2.0"));
    assert_eq!(field(&first, "To"), "<sip:gateway@example.net>");
    assert_eq!(field(&first, "Contact"), "<sip:gateway@192.0.2.2:5060>");
    assert_eq!(field(&first, "Expires"), "600");
    scripted.hear(&reply(&first, "401 Unauthorized", "r", CHALLENGE, ""));
    let second = scripted.last().to_owned();
    assert!(find(&second, "Authorization").is_some());
    assert_eq!(field(&second, "CSeq"), "2 REGISTER");
    scripted.hear(&reply(
        &second,
        "423 Interval Too Brief",
        "r",
        "Min-Expires: 1200\r\n",
        "",
    ));
    let third = scripted.last().to_owned();
    assert_eq!(field(&third, "Expires"), "1200");
    let granted =
        "Contact: <sip:gateway@192.0.2.2:5060>;expires=900, <sip:x@192.0.2.8>;expires=5\r\n";
    scripted.hear(&reply(&third, "200 OK", "r", granted, ""));
    assert_eq!(
        scripted.news,
        [PeerNews::Registered(Duration::from_secs(900))]
    );
    scripted.sent.clear();
    scripted.run(Duration::from_secs(835));
    assert!(scripted.lines().is_empty());
    scripted.run(ms(1200));
    assert_eq!(scripted.sent.len(), 1, "before the 900 s are over");
    let refresh = scripted.last().to_owned();
    assert_eq!(field(&refresh, "Call-ID"), field(&first, "Call-ID"));
    scripted.hear(&reply(&refresh, "200 OK", "r", granted, ""));
    scripted.endpoint.deregister(scripted.now);
    scripted.run(ms(0));
    scripted.drain();
    let last = scripted.last().to_owned();
    assert_eq!(field(&last, "Expires"), "0");
    assert!(scripted.endpoint.is_leaving());
    scripted.hear(&reply(&last, "200 OK", "r", "", ""));
    assert!(!scripted.endpoint.is_leaving());
    assert_eq!(scripted.news.last(), Some(&PeerNews::Deregistered));
    scripted.run(Duration::from_secs(7200));
    assert_eq!(scripted.endpoint.poll_timeout(), None);
}

#[test]
fn a_registrar_that_refuses_is_asked_less_and_less_often() {
    let mut scripted = registering();
    let mut waits = Vec::new();
    for _ in 0..8 {
        let sent = scripted.last().to_owned();
        scripted.hear(&reply(&sent, "403 Forbidden", "r", "", ""));
        let Some(PeerNews::NotRegistered { again, .. }) = scripted.news.last() else {
            panic!("told");
        };
        waits.push(again.as_secs());
        let (again, before) = (*again, scripted.sent.len());
        scripted.run(again + ms(1));
        assert_eq!(scripted.sent.len(), before + 1);
    }
    assert!((15..=30).contains(&waits[0]), "{waits:?}");
    assert!((30..=60).contains(&waits[1]), "{waits:?}");
    assert!((900..=1800).contains(waits.last().unwrap()), "{waits:?}");
}

#[test]
fn a_hop_that_leaves_options_unanswered_is_out_of_use_until_it_answers() {
    let mut watched = peer();
    watched.options = Some(Duration::from_secs(10));
    let mut scripted = with(vec![watched], Strangers::Refuse);
    scripted.start();
    let first = scripted.last().to_owned();
    assert!(first.starts_with("OPTIONS sip:192.0.2.1:5060"));
    scripted.hear(&reply(&first, "405 Method Not Allowed", "o", "", ""));
    assert!(scripted.endpoint.is_available(ID), "somebody is there");
    assert!(scripted.news.is_empty());
    // The next has no answer until the one after it.
    scripted.run(Duration::from_secs(19));
    assert!(scripted.endpoint.is_available(ID));
    scripted.run(Duration::from_secs(2));
    assert!(!scripted.endpoint.is_available(ID));
    assert!(scripted.endpoint.hops(ID).is_empty());
    assert!(matches!(&scripted.news[..], [PeerNews::Unavailable { .. }]));
    let last = scripted.last().to_owned();
    scripted.hear(&reply(&last, "200 OK", "o", "", ""));
    assert!(scripted.endpoint.is_available(ID));
    assert_eq!(scripted.endpoint.hops(ID), [ALICE.parse().unwrap()]);
    assert_eq!(scripted.news.last(), Some(&PeerNews::Available));
    scripted.run(Duration::from_secs(10));
    let last = scripted.last().to_owned();
    scripted.hear(&reply(&last, "503 Service Unavailable", "o", "", ""));
    assert!(!scripted.endpoint.is_available(ID));
}
