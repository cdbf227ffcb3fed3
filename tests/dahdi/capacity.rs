//! A hundred and twenty channels under one gateway, each with a call, for ten seconds.
//!
//! The gateway has all four spans and is both ends of both lines: a call of one SIP user goes out on a
//! circuit of the first or third span, comes in on the same circuit of the second or fourth, and rings at
//! another SIP user. So sixty calls take all channels, and what one user says crosses the driver once.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use isthmus::config::{Config, Environment};
use isthmus::iwu::maintenance;
use isthmus::recorder::Source;
use isthmus::shell::operators;
use isthmus::shell::run::{Options, Running, start};
use isthmus::shell::thread::now;
use lab::sip_peer::{
    Answering, CallId, CallState, Invitation, Output, Role, SipPeer, SipPeerConfig,
};

use super::{configure, folder};

/// Calls: as many as the first and third span have circuits.
const CALLS: usize = 60;
/// Octets compared of each call in each direction: ten seconds.
const COMPARED: usize = 80_000;
/// Octets of a packet, 20 ms.
const PACKET: usize = 160;
/// Octets before those that are compared: bridges and jitter buffers find their pace.
const LEAD: usize = 4_000;
/// Packets of each call: those before, those that are compared, and those that are under way at the end.
const TURNS: usize = (LEAD + COMPARED) / PACKET + 50;
/// What an RTP header takes.
const HEADER: usize = 12;
const PCMA: u8 = 8;

const GATEWAY: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 5060);
const CALLERS: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 5071);
const CALLED: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 5072);

fn config(control: &str) -> String {
    let mut text = format!(
        r#"
[gateway]
control = "{control}"
drain = "2s"
seed = 1

[sip]
listen = "udp:{gateway}"

[rtp]
address = "127.0.0.1"
ports = "20000-20499"
jitter_min = "60ms"
"#,
        gateway = SocketAddr::from(GATEWAY)
    );
    for number in 1..=4 {
        text += &format!("[[span]]\nname = \"s{number}\"\ndriver = \"dahdi\"\nnumber = {number}\n");
    }
    for (name, own, adjacent, spans) in [
        ("east", "2-10-1", "2-10-5", [1, 3]),
        ("west", "2-10-5", "2-10-1", [2, 4]),
    ] {
        let links = (0..)
            .zip(spans)
            .map(|(slc, span)| format!("{{ span = \"s{span}\", timeslot = 16, slc = {slc} }}"));
        text += &format!(
            "[[linkset]]\nname = \"{name}\"\npoint_code = \"{own}\"\nadjacent = \"{adjacent}\"\nlink = [{}]\n",
            links.collect::<Vec<_>>().join(", ")
        );
        for (place, span) in (0..).zip(spans) {
            text += &format!(
                "[[trunk_group]]\nname = \"{name}{place}\"\nlinkset = \"{name}\"\nspan = \"s{span}\"\n\
                 timeslots = \"1-15,17-31\"\nfirst_cic = {}\ncountry_code = \"49\"\n",
                place * 32
            );
        }
    }
    for (name, address) in [("callers", CALLERS), ("called", CALLED)] {
        text += &format!(
            "[[sip_trunk]]\nname = \"{name}\"\naddress = \"{}\"\ncodecs = [\"pcma\"]\n",
            SocketAddr::from(address)
        );
    }
    text += "[[rule]]\nname = \"out\"\nfrom = [\"callers\"]\nto = [\"east0\", \"east1\"]\n";
    text += "[[rule]]\nname = \"in\"\nfrom = [\"west0\", \"west1\"]\nto = [\"called\"]\n";
    text
}

/// What a user says in the call of number 0: it never repeats. In the others each octet is changed by the
/// call's number, so that no two calls are alike.
fn speech() -> Vec<u8> {
    let octet = |n: u64| {
        let x = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let x = (x ^ x >> 31).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        (x >> 56) as u8
    };
    (0..(TURNS * PACKET) as u64).map(octet).collect()
}

/// What came of one call.
#[derive(Default)]
struct Heard {
    octets: Vec<u8>,
    sequence: Option<u16>,
    lost: usize,
}

/// A SIP user with many calls at once, all on one RTP port: the gateway has a port for each.
struct User {
    sip: SipPeer,
    signalling: UdpSocket,
    media: UdpSocket,
    /// By the gateway's port.
    heard: BTreeMap<SocketAddr, Heard>,
    speech: Vec<u8>,
    sent: usize,
}

impl User {
    fn new(name: &str, address: SocketAddr, seed: u64) -> Self {
        let signalling = UdpSocket::bind(address).unwrap();
        let media = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        for socket in [&signalling, &media] {
            socket.set_nonblocking(true).unwrap();
        }
        let remote = SocketAddr::from(GATEWAY);
        let media_address = media.local_addr().unwrap();
        let uri = format!("sip:{name}@127.0.0.1");
        let mut config = SipPeerConfig::new(&uri, address, remote, media_address);
        config.seed = seed;
        config.answering = Answering {
            answer_after: Some(Duration::from_millis(200)),
            ..Answering::default()
        };
        Self {
            sip: SipPeer::new(config),
            signalling,
            media,
            heard: BTreeMap::new(),
            speech: speech(),
            sent: 0,
        }
    }

    /// SIP messages both ways.
    fn signal(&mut self) {
        let mut octets = [0; 8192];
        while let Ok((length, from)) = self.signalling.recv_from(&mut octets) {
            let message = octets.get(..length).unwrap();
            self.sip.handle_datagram(now(), from, message);
        }
        self.sip.handle_timeout(now());
        while let Some(output) = self.sip.poll_output() {
            if let Output::Datagram { to, octets } = output {
                self.signalling.send_to(&octets, to).unwrap();
            }
        }
    }

    fn confirmed(&self) -> usize {
        let calls = self.sip.calls();
        calls
            .filter(|(.., state)| *state == CallState::Confirmed)
            .count()
    }

    /// The gateway's RTP address of each call, in the order of the calls.
    fn ports(&self) -> Vec<SocketAddr> {
        let calls = self.sip.calls().map(|(call, ..)| call);
        calls
            .filter_map(|call| Some(self.sip.remote_sdp(call)?.address))
            .collect()
    }

    /// The next packet of every call; the calls are numbered from `first` on.
    fn speak(&mut self, to: &[SocketAddr], first: u8) {
        let mut packet = [0; HEADER + PACKET];
        let number = ((self.sent / PACKET) as u16).to_be_bytes();
        let timestamp = (self.sent as u32).to_be_bytes();
        let said = self.speech.get(self.sent..self.sent + PACKET).unwrap();
        for (call, port) in (first..).zip(to) {
            let (header, payload) = packet.split_at_mut(HEADER);
            let source = u32::from(call).to_be_bytes();
            let fields = [&[0x80, PCMA][..], &number, &timestamp, &source].concat();
            header.copy_from_slice(&fields);
            for (slot, octet) in payload.iter_mut().zip(said) {
                *slot = octet ^ call;
            }
            self.media.send_to(&packet, port).unwrap();
        }
        self.sent += PACKET;
    }

    fn listen(&mut self) {
        let mut packet = [0; 512];
        while let Ok((length, from)) = self.media.recv_from(&mut packet) {
            let (header, payload) = packet.get(..length).unwrap().split_at(HEADER);
            let [_, kind, high, low, ..] = header else {
                continue;
            };
            if kind & 0x7f != PCMA {
                continue;
            }
            let heard = self.heard.entry(from).or_default();
            let sequence = u16::from_be_bytes([*high, *low]);
            let expected = heard
                .sequence
                .replace(sequence)
                .map(|last| last.wrapping_add(1));
            heard.lost += usize::from(expected.is_some_and(|expected| expected != sequence));
            heard.octets.extend_from_slice(payload);
        }
    }

    /// Which of the calls from `first` on was heard at a port of the gateway, octet by octet for ten seconds;
    /// `None` when it is none of them.
    fn recognised(&self, port: SocketAddr, first: u8) -> Option<u8> {
        let heard = self.heard.get(&port)?;
        assert_eq!(heard.lost, 0, "packets from {port}");
        let said = self.speech.get(LEAD..LEAD + COMPARED).unwrap();
        let head = said.get(..16).unwrap();
        // Two octets that follow each other differ alike in every call.
        let alike = |octets: &[u8]| {
            let change = octets.first().unwrap() ^ head.first().unwrap();
            octets.iter().zip(head).all(|(a, b)| a ^ b == change)
        };
        let start = heard.octets.windows(16).position(alike)?;
        let found = heard.octets.get(start..start + COMPARED);
        let found = found.unwrap_or_else(|| panic!("less than ten seconds from {port}"));
        let call = found.first().unwrap() ^ head.first().unwrap();
        let wrong = found.iter().zip(said).position(|(a, b)| a ^ b != call);
        assert_eq!(wrong, None, "an octet of {COMPARED} from {port}");
        (first..first + CALLS as u8).contains(&call).then_some(call)
    }
}

/// What the gateway's lines counted, but for ticks and how many of them were late.
fn lost(control: &std::path::Path) -> Vec<String> {
    let lines = operators::ask(control, &maintenance::Command::Spans).unwrap();
    let mut kept = Vec::new();
    for line in lines {
        println!("{line}");
        let counted = |part: &&str| !part.contains("ticks ");
        kept.push(line.split([',', ';']).filter(counted).collect());
    }
    kept
}

/// Lets time pass in turns of 10 ms until something is so.
fn until(
    users: &mut [User; 2],
    limit: Duration,
    mut so: impl FnMut(&mut [User; 2]) -> bool,
) -> bool {
    let end = now() + limit;
    while !so(users) {
        if now() >= end {
            return false;
        }
        sleep_until(now() + Duration::from_millis(10));
        users.iter_mut().for_each(User::signal);
        // Ringing tones, which nobody compares.
        users.iter_mut().for_each(User::listen);
    }
    true
}

#[expect(
    clippy::disallowed_methods,
    reason = "a user in the machine's own time"
)]
fn sleep_until(time: Instant) {
    std::thread::sleep(time.saturating_duration_since(now()));
}

fn gateway(folder: &std::path::Path) -> Running {
    let control = folder.join("control");
    let source = Source {
        text: config(&control.display().to_string()),
        environment: Environment::new(),
        ..Source::default()
    };
    let config = Config::parse("capacity", &source.text, &source.environment).unwrap();
    start(config, &source, Options::default()).unwrap()
}

#[test]
fn a_hundred_and_twenty_channels_carry_calls_for_ten_seconds_without_a_slip() {
    configure("channels.conf");
    let folder = folder("capacity");
    let gateway = gateway(&folder);
    let control = folder.join("control");
    let mut users = [
        User::new("callers", CALLERS.into(), 1),
        User::new("called", CALLED.into(), 2),
    ];
    let ready = until(&mut users, Duration::from_secs(40), |_| {
        let idle = gateway.handle().question(|iwu| {
            iwu.circuits().all(|(id, _)| {
                iwu.circuit(id)
                    .is_some_and(|view| view.state == "Idle" && view.reachable)
            })
        });
        idle.unwrap()
    });
    assert!(ready, "the links and 120 circuits are in service");

    for _ in 0..CALLS {
        let invitation = Invitation::new("sip:+49305550100@127.0.0.1:5060;user=phone");
        users[0].sip.call(now(), invitation).unwrap();
        // Two turns a call: a burst of a hundred INVITEs is another test.
        until(&mut users, Duration::from_millis(20), |_| false);
    }
    let up = until(&mut users, Duration::from_secs(30), |users| {
        users.iter().all(|user| user.confirmed() == CALLS)
    });
    let states: Vec<_> = users[0]
        .sip
        .calls()
        .collect::<Vec<(CallId, Role, CallState)>>();
    assert!(up, "sixty calls: {states:?}");

    let ports = users.each_ref().map(User::ports);
    assert_eq!(ports.each_ref().map(Vec::len), [CALLS; 2]);
    let mut next = now();
    let before = lost(&control);
    let begun = next;
    for user in &mut users {
        user.listen();
        user.heard.clear();
    }
    for _ in 0..TURNS {
        for (first, (user, ports)) in [0, CALLS as u8]
            .into_iter()
            .zip(users.iter_mut().zip(&ports))
        {
            user.speak(ports, first);
        }
        users.iter_mut().for_each(User::listen);
        next += Duration::from_millis(20);
        sleep_until(next);
    }
    let took = now().duration_since(begun);
    let expected = Duration::from_millis(20 * TURNS as u64);
    assert!(
        took < expected + Duration::from_millis(200),
        "the users need {took:?} to say {expected:?}"
    );
    let after = lost(&control);
    assert_eq!(after.len(), 4);
    assert_eq!(before, after, "nothing was lost meanwhile");
    for line in &after {
        assert!(line.ends_with(": no alarm"), "{line}");
    }
    // Whom each caller heard is who heard that caller.
    let mut heard_by_called = BTreeMap::new();
    for (place, port) in (0..).zip(&ports[1]) {
        let caller = users[1].recognised(*port, 0);
        let caller = caller.unwrap_or_else(|| panic!("call {place} heard nobody"));
        assert_eq!(heard_by_called.insert(caller, place), None);
    }
    for (place, port) in (0..).zip(&ports[0]) {
        let called = users[0].recognised(*port, CALLS as u8);
        let called = called.unwrap_or_else(|| panic!("caller {place} heard nobody")) - CALLS as u8;
        assert_eq!(heard_by_called.get(&place), Some(&called));
    }

    let calls: Vec<_> = users[0].sip.calls().map(|(call, ..)| call).collect();
    for call in calls {
        users[0].sip.bye(now(), call, None).unwrap();
    }
    let over = until(&mut users, Duration::from_secs(10), |users| {
        users.iter().all(|user| user.confirmed() == 0)
            && gateway.handle().question(|iwu| iwu.calls()) == Some(0)
    });
    assert!(over, "all calls are over");
    drop(gateway);
    configure("channels.conf");
}
