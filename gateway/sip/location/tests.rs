//! Searches of a zone, and the order of what was found.

use super::super::tests::origin;
use super::*;

const WAYS: [Way; 3] = [
    (Transport::Udp, true),
    (Transport::Tcp, true),
    (Transport::Udp, false),
];

fn name(port: Option<u16>) -> Target {
    let host = "example.net".to_owned();
    Target::Name { host, port }
}

fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Record {
    let target = target.to_owned();
    Record::Srv {
        priority,
        weight,
        port,
        target,
    }
}

fn naptr(order: u16, service: &str, replacement: &str) -> Record {
    Record::Naptr {
        order,
        preference: 0,
        flags: "s".to_owned(),
        service: service.to_owned(),
        replacement: replacement.to_owned(),
    }
}

/// A zone, and what was asked of it.
struct Zone(Vec<(&'static str, Kind, Vec<Record>)>, Vec<String>);

impl Zone {
    fn find(&mut self, location: &mut Location, now: Instant) {
        let mut open: Vec<Question> = location.search(now).into_iter().collect();
        while let Some(question) = open.pop() {
            self.1.push(question.to_string());
            let known = self
                .0
                .iter()
                .find(|(n, k, _)| (*n, *k) == (&question.name, question.kind));
            let answer = Answer {
                records: known
                    .map(|(_, _, records)| records.clone())
                    .unwrap_or_default(),
                life: Duration::from_secs(100),
            };
            open.extend(location.answered(now, &question, Some(&answer)));
        }
    }
}

fn hops(location: &Location) -> Vec<String> {
    location.hops().map(|hop| hop.to_string()).collect()
}

fn address(text: &str) -> Record {
    Record::Address(text.parse().unwrap())
}

#[test]
fn naptr_then_srv_then_addresses() {
    let mut zone = Zone(
        vec![
            (
                "example.net",
                Kind::Naptr,
                vec![
                    naptr(20, "SIP+D2U", "_sip._udp.example.net"),
                    naptr(10, "SIP+D2T", "_sip._tcp.example.net"),
                    // Not spoken here.
                    naptr(5, "SIPS+D2T", "_sips._tcp.example.net"),
                ],
            ),
            (
                "_sip._tcp.example.net",
                Kind::Srv,
                vec![srv(1, 0, 5080, "a.example.net")],
            ),
            (
                "_sip._udp.example.net",
                Kind::Srv,
                vec![
                    srv(2, 0, 5061, "b.example.net"),
                    srv(1, 0, 5060, "a.example.net"),
                ],
            ),
            ("a.example.net", Kind::A, vec![address("192.0.2.1")]),
            ("b.example.net", Kind::A, vec![address("192.0.2.2")]),
            ("b.example.net", Kind::Aaaa, vec![address("2001:db8::2")]),
        ],
        Vec::new(),
    );
    let now = origin();
    let mut location = Location::new(name(None), None, WAYS.to_vec());
    zone.find(&mut location, now);
    assert_eq!(
        hops(&location),
        [
            "tcp:192.0.2.1:5080",
            "udp:192.0.2.1:5060",
            "udp:192.0.2.2:5061",
            "udp:[2001:db8::2]:5061",
        ]
    );
    assert_eq!(location.due, Some(now + Duration::from_secs(100)));
}

#[test]
fn a_port_needs_addresses_alone_and_a_transport_no_naptr() {
    let mut zone = Zone(
        vec![("example.net", Kind::A, vec![address("192.0.2.1")])],
        vec![],
    );
    let mut location = Location::new(name(Some(5090)), None, WAYS.to_vec());
    zone.find(&mut location, origin());
    assert_eq!(hops(&location), ["udp:192.0.2.1:5090"]);
    zone.1.sort();
    assert_eq!(zone.1, ["A of example.net", "Aaaa of example.net"]);
    zone.1.clear();
    let tcp = Some(Transport::Tcp);
    let mut location = Location::new(name(None), tcp, WAYS.to_vec());
    zone.find(&mut location, origin());
    // No SRV: the host itself, at the default port.
    assert_eq!(hops(&location), ["tcp:192.0.2.1:5060"]);
    assert_eq!(zone.1, ["Srv of _sip._tcp.example.net", "A of example.net"]);
}

#[test]
fn without_naptr_every_transport_of_ours_is_looked_for() {
    let mut zone = Zone(
        vec![
            (
                "_sip._tcp.example.net",
                Kind::Srv,
                vec![srv(0, 0, 5080, "example.net")],
            ),
            ("example.net", Kind::A, vec![address("192.0.2.1")]),
        ],
        vec![],
    );
    let mut location = Location::new(name(None), None, WAYS.to_vec());
    zone.find(&mut location, origin());
    assert_eq!(hops(&location), ["tcp:192.0.2.1:5080"]);
}

#[test]
fn a_name_server_that_is_silent_changes_nothing() {
    let mut zone = Zone(
        vec![("example.net", Kind::A, vec![address("192.0.2.1")])],
        vec![],
    );
    let mut location = Location::new(name(Some(5060)), None, WAYS.to_vec());
    let now = origin();
    zone.find(&mut location, now);
    let before = hops(&location);
    let later = now + Duration::from_secs(100);
    let asked = location.search(later);
    for question in &asked {
        assert!(location.answered(later, question, None).is_empty());
    }
    assert_eq!(hops(&location), before);
    assert_eq!(location.due, Some(later + ASK_AGAIN));
    // An answer that nobody waits for any more.
    let late = location.answered(later, asked.first().unwrap(), Some(&Answer::default()));
    assert!(late.is_empty());
    assert_eq!(hops(&location), before);
}

#[test]
fn weights_decide_by_chance_and_priority_without() {
    let mut zone = Zone(
        vec![
            (
                "_sip._udp.example.net",
                Kind::Srv,
                vec![
                    srv(1, 75, 1, "a.example.net"),
                    srv(1, 25, 2, "a.example.net"),
                    srv(0, 0, 3, "a.example.net"),
                ],
            ),
            ("a.example.net", Kind::A, vec![address("192.0.2.1")]),
        ],
        vec![],
    );
    let udp = Some(Transport::Udp);
    let mut location = Location::new(name(None), udp, WAYS.to_vec());
    zone.find(&mut location, origin());
    let mut chance = Identifiers::new(&1.into());
    let mut heavy = 0;
    for _ in 0..1000 {
        let ports: Vec<u16> = location
            .order(&mut chance)
            .iter()
            .map(|h| h.address.port())
            .collect();
        assert_eq!((ports.len(), ports[0]), (3, 3));
        heavy += i32::from(ports[1] == 1);
    }
    assert!(
        (700..800).contains(&heavy),
        "{heavy} of 1000 begin with 75 %"
    );
}
