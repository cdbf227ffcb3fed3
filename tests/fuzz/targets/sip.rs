//! SIP datagrams into an endpoint, bodies, session descriptions.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use isthmus::sip::framing::{Frame, Framer};
use isthmus::sip::sdp::{self, Capabilities, Codec, crypto};
use isthmus::sip::{
    Bodies, Endpoint, EndpointConfig, Flow, Indication, Output, Request, SessionId, summary,
};
use media_bridge::srtp::Suite;

fn address(host: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, host], port))
}

fn local() -> Capabilities {
    Capabilities::new(
        address(1, 16384),
        vec![Codec::Pcma, Codec::Pcmu, Codec::Clearmode],
        1,
    )
}

struct Peer {
    endpoint: Endpoint,
    now: Instant,
    sessions: Vec<SessionId>,
}

impl Peer {
    /// Hears what the endpoint says, and rings and answers where it is called.
    fn work(&mut self) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                // The datagrams here name no other transport that is spoken.
                Output::Connect(flow) => panic!("a connection for {flow:?}"),
                // Nor are there peers.
                // A name in Contact or Record-Route.
                Output::Resolve(_) => {}
                Output::Peer(..) => panic!("{output:?}"),
                Output::Datagram(_, octets) => {
                    // The refusal of a request may lack the very field that the request lacked.
                    let whole = summary(&octets).is_some();
                    let refusal = [b"SIP/2.0 4", b"SIP/2.0 5"];
                    let refusal = refusal.iter().any(|line| octets.starts_with(*line));
                    assert!(whole || refusal, "{octets:?}");
                }
                Output::Indication(id, Indication::Incoming(incoming)) => {
                    self.sessions.push(id);
                    let bodies = || Bodies::sdp(answer(&incoming.bodies));
                    let ring = Request::Progress {
                        status: 183,
                        reason: None,
                        bodies: bodies(),
                        headers: Vec::new(),
                    };
                    let accept = Request::Accept {
                        bodies: bodies(),
                        headers: Vec::new(),
                    };
                    let _ = self.endpoint.request(self.now, id, ring);
                    let _ = self.endpoint.request(self.now, id, accept);
                }
                Output::Indication(id, Indication::Terminated) => {
                    self.sessions.retain(|session| *session != id);
                }
                Output::Indication(..) => {}
            }
        }
    }

    fn run(&mut self, time: Duration) {
        let end = self.now + time;
        let mut turns = 0;
        while let Some(due) = self.endpoint.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.endpoint.handle_timeout(self.now);
            self.work();
            turns += 1;
            assert!(turns < 100_000, "timers spin");
        }
        self.now = end;
    }
}

fn answer(bodies: &Bodies) -> Bytes {
    let offer = bodies.sdp.as_ref();
    let answer = offer.and_then(|offer| sdp::negotiate(&local(), offer).ok());
    answer.map_or_else(|| sdp::offer(&local()), |answer| answer.octets)
}

/// A stream in pieces of any size gives the same messages as in one.
fn stream(octets: &[u8]) {
    let read = |size: usize| {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for piece in octets.chunks(size) {
            framer.push(piece);
            while let Ok(Some(frame)) = framer.next_frame() {
                frames.push(frame);
            }
        }
        (frames, framer.next_frame().err())
    };
    let whole = read(octets.len().max(1));
    assert_eq!(read(7), whole);
    for frame in &whole.0 {
        if let Frame::Message(octets) = frame {
            let _ = summary(octets);
        }
    }
}

/// Datagrams, divided by two zero octets. Afterwards everything is hung up, and nothing of it
/// may stay behind.
pub(super) fn sip(octets: &[u8]) {
    stream(octets);
    let mut peer = Peer {
        endpoint: Endpoint::new(EndpointConfig::new(address(1, 5060), 1)),
        now: super::base(),
        sessions: Vec::new(),
    };
    let mut rest = octets;
    loop {
        let end = rest.windows(2).position(|pair| pair == [0, 0]);
        let datagram = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let flow = Flow::udp(address(1, 5060), address(2, 5070));
        let datagram = Bytes::copy_from_slice(datagram);
        let _ = summary(&datagram);
        peer.endpoint.handle_datagram(peer.now, flow, datagram);
        peer.work();
        peer.run(Duration::from_millis(100));
        match end.and_then(|end| rest.get(end + 2..)) {
            Some(next) => rest = next,
            None => break,
        }
    }
    for id in peer.sessions.clone() {
        let bye = Request::Bye {
            headers: Vec::new(),
            bodies: Bodies::default(),
        };
        let _ = peer.endpoint.request(peer.now, id, bye);
    }
    peer.work();
    peer.run(Duration::from_secs(300));
    assert_eq!(peer.endpoint.sessions(), 0, "{:?}", peer.sessions);
    assert_eq!(peer.sessions, [], "sessions without a last word");
    assert!(
        peer.endpoint.poll_timeout().is_none(),
        "a timer runs for nobody"
    );
}

/// A Content-Type in the first line, and the body it describes. What was read can be written and
/// read again.
pub(super) fn body(octets: &[u8]) {
    let line = octets.iter().position(|octet| *octet == b'\n');
    let (content_type, content) = octets.split_at(line.unwrap_or(0));
    let content_type = String::from_utf8_lossy(content_type);
    let content = Bytes::copy_from_slice(content.get(1..).unwrap_or_default());
    let Ok(read) = Bodies::read(Some(content_type.trim()), None, None, &content) else {
        return;
    };
    let _ = read.labels();
    let written = read.write(1);
    let again = Bodies::read(
        written.content_type.as_deref(),
        written.disposition.as_deref(),
        None,
        &written.octets,
    );
    let again = again.expect("what was written can be read");
    assert_eq!(again.sdp, read.sdp);
    let isup = |bodies: &Bodies| bodies.isup.as_ref().map(|isup| isup.octets.clone());
    assert_eq!(isup(&again), isup(&read));
}

/// A description as offer and as answer; our own words to it can be understood.
pub(super) fn sdp(octets: &[u8]) {
    let _ = Capabilities::of(octets);
    let protected = |required| crypto::Srtp {
        required,
        suites: Suite::ALL.map(Some),
        secret: crypto::Secret::new([7; 32]),
    };
    for srtp in [None, Some(protected(false)), Some(protected(true))] {
        let local = local().with_srtp(srtp);
        let _ = sdp::conclude(&local, octets);
        if let Ok(answer) = sdp::negotiate(&local, octets) {
            let read = Capabilities::of(&answer.octets).expect("our answer can be read");
            assert_eq!(
                read.keys.len(),
                usize::from(answer.plan.protection.is_some())
            );
            assert!(answer.plan.protection.is_some() || srtp.is_none_or(|srtp| !srtp.required));
        }
    }
    assert_eq!(crypto::blotted(octets).len(), octets.len());
    assert_eq!(crypto::disguised(octets).len(), octets.len());
}
