//! A caller and a called peer over a network in virtual time.

use super::*;
use crate::network::{Network, NetworkConfig};

struct World {
    now: Instant,
    peers: [SipPeer; 2],
    network: Network,
    media: Vec<(usize, CallId, Option<Sdp>)>,
}

const CALLER: usize = 0;
const CALLED: usize = 1;

impl World {
    fn new(network: NetworkConfig, answering: Answering) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
        let now = Instant::now();
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let peer = |uri: &str, own: u16, other: u16| {
            let mut config =
                SipPeerConfig::new(uri, address(own), address(other), address(own + 1000));
            config.seed = u64::from(own);
            config
        };
        let caller = peer("sip:+49305550100@127.0.0.1", 5061, 5062);
        let mut called = peer("sip:+49305550101@127.0.0.1", 5062, 5061);
        called.answering = answering;
        Self {
            now,
            peers: [SipPeer::new(caller), SipPeer::new(called)],
            network: Network::new(network),
            media: Vec::new(),
        }
    }

    fn drain(&mut self) {
        for (index, peer) in self.peers.iter_mut().enumerate() {
            while let Some(output) = peer.poll_output() {
                match output {
                    Output::Datagram { to, octets } => {
                        let from = peer.config().address;
                        self.network.send(self.now, from, to, octets);
                    }
                    Output::Media { call, remote } => self.media.push((index, call, remote)),
                }
            }
        }
    }

    /// Runs until `end`, or until nothing more is to happen.
    fn run(&mut self, end: Instant) {
        loop {
            self.drain();
            let timeouts = self.peers.iter().map(SipPeer::poll_timeout);
            let next = timeouts
                .chain([self.network.poll_timeout()])
                .flatten()
                .min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return;
            };
            self.now = self.now.max(next);
            while let Some(datagram) = self.network.receive(self.now) {
                let peer = self
                    .peers
                    .iter_mut()
                    .find(|peer| peer.config().address == datagram.to)
                    .unwrap();
                peer.handle_datagram(self.now, datagram.from, &datagram.octets);
            }
            for peer in &mut self.peers {
                peer.handle_timeout(self.now);
            }
        }
    }

    fn run_for(&mut self, seconds: f64) {
        self.run(self.now + Duration::from_secs_f64(seconds));
    }

    fn names(&self, peer: usize, sent: bool) -> Vec<String> {
        self.peers[peer]
            .messages(CallId(0))
            .filter(|(_, was_sent, message)| *was_sent == sent && !message.repeated)
            .map(|(_, _, message)| message.name())
            .collect()
    }

    fn states(&self) -> [Option<CallState>; 2] {
        [
            self.peers[CALLER].state(CallId(0)),
            self.peers[CALLED].state(CallId(0)),
        ]
    }

    fn faults(&self) -> Vec<&str> {
        self.peers.iter().flat_map(SipPeer::faults).collect()
    }

    fn received(&self, peer: usize, name: &str) -> &SeenMessage {
        self.peers[peer]
            .messages(CallId(0))
            .find(|(_, sent, message)| !sent && message.name() == name)
            .map(|(_, _, message)| message)
            .unwrap()
    }
}

fn invitation() -> Invitation {
    Invitation::new("sip:+49305550101@127.0.0.1:5062")
}

#[test]
fn a_call_with_reliable_ringing_info_and_bye() {
    let acm = IsupBody::itu(&[6, 0x14, 0x04, 0][..]);
    let answering = Answering {
        early_media: true,
        ring_status: 183,
        ring_isup: Some(acm.clone()),
        ..Answering::default()
    };
    let mut world = World::new(NetworkConfig::default(), answering);
    // Boundaries, line ends and NUL inside of the ISUP are content.
    let iam = IsupBody::itu(&b"\x01\r\n--lab-part-0\r\n\0\r\n\r\n--"[..]);
    let mut invitation = invitation();
    invitation.isup = Some(iam.clone());
    let id = world.peers[CALLER].call(world.now, invitation).unwrap();
    world.run_for(2.0);
    assert_eq!(world.states(), [Some(CallState::Confirmed); 2]);
    assert_eq!(
        world.received(CALLED, "INVITE").bodies.isup.as_ref(),
        Some(&iam)
    );
    let progress = world.received(CALLER, "183 Session Progress");
    assert_eq!(progress.bodies.isup.as_ref(), Some(&acm));
    assert!(progress.rseq.is_some());
    let prack = world.received(CALLED, "PRACK");
    let rack = format!("{} 1 INVITE", progress.rseq.unwrap());
    assert_eq!(prack.header("RAck"), Some(rack.as_str()));

    let usr = Bodies::isup(IsupBody::itu(&[0x2D, 1, 2, 3][..]));
    for peer in [CALLER, CALLED] {
        world.peers[peer].info(world.now, id, usr.clone()).unwrap();
        world.peers[peer].info(world.now, id, usr.clone()).unwrap();
    }
    world.run_for(1.0);
    for peer in [CALLER, CALLED] {
        let infos = world.names(peer, false);
        assert_eq!(infos.iter().filter(|name| *name == "INFO").count(), 2);
        assert_eq!(world.received(peer, "INFO").bodies, usr);
    }
    world.peers[CALLER].bye(world.now, id, Some(16)).unwrap();
    world.run_for(0.1);
    assert_eq!(world.received(CALLED, "BYE").q850(), Some(16));
    assert_eq!(world.states(), [Some(CallState::Terminated); 2]);
    assert_eq!(
        world.names(CALLER, false)[..4],
        ["183 Session Progress", "200 OK", "200 OK", "INFO"]
    );
    assert!(world.faults().is_empty(), "{:?}", world.faults());
    // Both learnt the other's media before the answer, and its end.
    let remote: Vec<_> = world
        .media
        .iter()
        .map(|(peer, _, sdp)| (*peer, sdp.as_ref().map(|sdp| sdp.address.port())))
        .collect();
    assert_eq!(
        remote,
        [
            (CALLED, Some(6061)),
            (CALLER, Some(6062)),
            (CALLED, None),
            (CALLER, None)
        ]
    );
    assert_eq!(
        world.peers[CALLER]
            .remote_sdp(id)
            .unwrap()
            .telephone_event(),
        Some(101)
    );
}

#[test]
fn the_called_hangs_up_first() {
    let answering = Answering {
        hang_up_after: Some(Duration::from_secs(3)),
        reliable: false,
        ..Answering::default()
    };
    let mut world = World::new(NetworkConfig::default(), answering);
    let mut late_offer = invitation();
    late_offer.offer = false;
    world.peers[CALLER].call(world.now, late_offer).unwrap();
    world.run_for(5.0);
    assert_eq!(world.names(CALLER, false), ["180 Ringing", "200 OK", "BYE"]);
    assert_eq!(world.names(CALLER, true), ["INVITE", "ACK", "200 OK"]);
    assert!(world.received(CALLED, "ACK").bodies.sdp.is_some());
    assert!(world.peers[CALLED].remote_sdp(CallId(0)).is_some());
    assert_eq!(world.states(), [Some(CallState::Terminated); 2]);
    assert!(world.faults().is_empty(), "{:?}", world.faults());
}

#[test]
fn cancel_while_it_rings() {
    let answering = Answering {
        answer_after: None,
        ..Answering::default()
    };
    let mut world = World::new(NetworkConfig::default(), answering);
    let mut call = invitation();
    call.cancel_after = Some(Duration::from_secs(2));
    world.peers[CALLER].call(world.now, call).unwrap();
    world.run_for(3.0);
    let expected = ["180 Ringing", "200 OK", "200 OK", "487 Request Terminated"];
    assert_eq!(world.names(CALLER, false), expected);
    assert_eq!(
        world.names(CALLER, true),
        ["INVITE", "PRACK", "CANCEL", "ACK"]
    );
    assert_eq!(world.states(), [Some(CallState::Terminated); 2]);
    assert!(world.faults().is_empty(), "{:?}", world.faults());
}

#[test]
fn a_cancel_asked_for_at_once_waits_for_a_provisional_response() {
    let answering = Answering {
        ring_after: Duration::from_secs(1),
        ..Answering::default()
    };
    let mut world = World::new(NetworkConfig::default(), answering);
    let id = world.peers[CALLER].call(world.now, invitation()).unwrap();
    world.peers[CALLER].cancel(world.now, id, Some(16)).unwrap();
    world.run_for(3.0);
    let expected = ["100 Trying", "200 OK", "487 Request Terminated"];
    assert_eq!(world.names(CALLER, false), expected);
    assert_eq!(world.received(CALLED, "CANCEL").q850(), Some(16));
    assert_eq!(world.states(), [Some(CallState::Terminated); 2]);
}

#[test]
fn a_rejection_carries_its_cause_and_is_acknowledged() {
    let answering = Answering {
        reject: Some(Rejection {
            status: 486,
            reason: "Busy Here".to_owned(),
            cause: Some(17),
        }),
        ..Answering::default()
    };
    let mut world = World::new(NetworkConfig::default(), answering);
    world.peers[CALLER].call(world.now, invitation()).unwrap();
    world.run_for(40.0);
    assert_eq!(world.names(CALLER, true), ["INVITE", "ACK"]);
    let busy = world.received(CALLER, "486 Busy Here");
    assert_eq!((busy.status(), busy.q850()), (Some(486), Some(17)));
    assert!(world.faults().is_empty(), "{:?}", world.faults());
}

#[test]
fn nobody_there_ends_after_64_t1() {
    let lost = NetworkConfig {
        loss: 1000,
        ..NetworkConfig::default()
    };
    let mut world = World::new(lost, Answering::default());
    let id = world.peers[CALLER].call(world.now, invitation()).unwrap();
    world.run_for(31.9);
    assert_eq!(world.peers[CALLER].state(id), Some(CallState::Calling));
    world.run_for(0.2);
    assert_eq!(world.peers[CALLER].state(id), Some(CallState::Terminated));
    assert_eq!(world.faults(), ["no final response to INVITE"]);
    // Sent at 0, 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s.
    assert_eq!(world.network.statistics().sent, 7);
}

#[test]
fn calls_survive_a_network_that_loses_reorders_and_doubles() {
    let mut repeated = 0;
    for seed in 1..=40 {
        let network = NetworkConfig {
            delay: Duration::from_millis(25),
            jitter: Duration::from_millis(10),
            loss: 200,
            reorder: 100,
            duplication: 100,
            seed,
        };
        let mut world = World::new(network, Answering::default());
        let id = world.peers[CALLER].call(world.now, invitation()).unwrap();
        world.run_for(30.0);
        assert_eq!(
            world.states(),
            [Some(CallState::Confirmed); 2],
            "seed {seed}"
        );
        let usr = Bodies::isup(IsupBody::itu(&[0x2D, 1][..]));
        world.peers[CALLED].info(world.now, id, usr).unwrap();
        world.run_for(10.0);
        world.received(CALLER, "INFO");
        world.peers[CALLER].bye(world.now, id, None).unwrap();
        world.run_for(40.0);
        assert_eq!(
            world.states(),
            [Some(CallState::Terminated); 2],
            "seed {seed}"
        );
        let events = world.peers.iter().flat_map(|peer| peer.messages(CallId(0)));
        repeated += events.filter(|(_, _, message)| message.repeated).count();
        assert!(
            world
                .faults()
                .iter()
                .all(|fault| fault.contains("belongs to no")),
            "seed {seed}: {:?}",
            world.faults()
        );
    }
    assert!(repeated > 40, "nothing was ever repeated");
}

#[test]
fn a_datagram_that_is_no_sip_is_a_fault_and_no_more() {
    let mut world = World::new(NetworkConfig::default(), Answering::default());
    let from = "127.0.0.1:9".parse().unwrap();
    for octets in [&b""[..], b"\0\xff", b"INVITE sip:a SIP/2.0\r\n\r\n"] {
        world.peers[CALLED].handle_datagram(world.now, from, octets);
    }
    assert!(!world.faults().is_empty());
    assert_eq!(world.peers[CALLED].calls().count(), 0);
}

#[test]
fn sdp_is_read_as_it_is_written() {
    let mut offer = Sdp::offer(
        "127.0.0.1:4000".parse().unwrap(),
        vec![Format::pcmu(), Format::pcma(), Format::telephone_event(96)],
    );
    offer.direction = Direction::SendOnly;
    assert_eq!(Sdp::decode(offer.encode(1).as_bytes()), Some(offer.clone()));
    let own = [Format::pcma(), Format::telephone_event(101)];
    let answer = Sdp::answer(&offer, "127.0.0.1:5000".parse().unwrap(), &own).unwrap();
    assert_eq!(answer.audio().unwrap().payload_type, 8);
    assert_eq!(answer.telephone_event(), Some(96));
    assert_eq!(answer.direction, Direction::RecvOnly);
    assert_eq!(Sdp::answer(&offer, offer.address, &own[1..]), None);
    // A session-level address, a static payload type without rtpmap, a second stream.
    let other = "v=0\r\nc=IN IP4 127.0.0.2\r\nm=audio 6000 RTP/AVP 8 99\r\na=rtpmap:99 X/8000\r\n\
                 m=video 6002 RTP/AVP 31\r\nc=IN IP4 127.0.0.9\r\na=inactive\r\n";
    let sdp = Sdp::decode(other.as_bytes()).unwrap();
    assert_eq!(sdp.address, "127.0.0.2:6000".parse().unwrap());
    assert_eq!(
        (sdp.formats[0].name.as_str(), sdp.direction),
        ("PCMA", Direction::SendRecv)
    );
    assert_eq!(Sdp::decode(b"v=0\r\nm=audio x RTP/AVP 8"), None);
}

#[test]
fn bodies_are_read_as_others_write_them() {
    // A quoted boundary, a preamble, a transfer encoding, a binary part, no line end at the end;
    // then a part that is neither SDP nor ISUP.
    let body = b"preamble\r\n--b o\r\nContent-Type: Application/ISUP; base=itu-t92+; \
        version=\"itu-t92+\"\r\ncontent-disposition: signal ; handling=Required\r\n\
        Content-Transfer-Encoding: binary\r\n\r\n\x01\r\n--b\0\r\n--b o \r\n\
        Content-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b o\r\n\r\nplain\r\n--b o--";
    let mut octets = format!(
        "INVITE sip:a@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK1\r\n\
         From: <sip:b@127.0.0.1>;tag=1\r\nTo: <sip:a@127.0.0.1>\r\nCall-ID: 1\r\n\
         CSeq: 1 INVITE\r\nMax-Forwards: 70\r\nContact: <sip:b@127.0.0.1:5061>\r\n\
         Content-Type: multipart/mixed; boundary=\"b o\"\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    octets.extend_from_slice(body);
    let mut world = World::new(NetworkConfig::default(), Answering::default());
    let from = world.peers[CALLER].config().address;
    world.peers[CALLED].handle_datagram(world.now, from, &octets);
    let bodies = &world.received(CALLED, "INVITE").bodies;
    let isup = bodies.isup.as_ref().unwrap();
    assert_eq!(&isup.octets[..], b"\x01\r\n--b\0");
    assert_eq!(
        (isup.version.as_str(), isup.base.as_deref()),
        ("itu-t92+", Some("itu-t92+"))
    );
    assert_eq!(isup.handling.as_deref(), Some("required"));
    assert_eq!(bodies.sdp.as_deref(), Some(&b"v=0\r\n"[..]));
    assert_eq!(bodies.others.len(), 1);
    assert_eq!(&bodies.others[0].octets[..], b"plain");
    assert_eq!(world.faults(), ["the SDP has no audio stream"]);
}
