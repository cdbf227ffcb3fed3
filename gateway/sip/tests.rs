//! Two endpoints, or one and a scripted peer, in virtual time.

mod again;
mod calls;
mod dialogs;
mod forks;
mod moments;
mod names;
mod network;
mod peers;
mod races;
mod refer;
mod refusals;
mod scripted;
mod streams;
mod table;
mod torture;

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::*;

/// A moment to count from; nothing waits for it.
#[expect(clippy::disallowed_methods, reason = "one base for virtual time")]
pub(super) fn origin() -> Instant {
    Instant::now()
}

pub(super) const ALICE: &str = "192.0.2.1:5060";
pub(super) const BOB: &str = "192.0.2.2:5060";

pub(super) const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 20000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n";
pub(super) const ANSWER: &str = "v=0\r\no=- 2 2 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n";

pub(super) fn isup(octets: &[u8]) -> IsupBody {
    IsupBody::new("itu-t92+", Some("itu-t92+".to_owned()), octets.to_vec())
}

pub(super) fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

pub(super) fn endpoint(address: &str, seed: u64) -> Endpoint {
    Endpoint::new(EndpointConfig::new(address.parse().unwrap(), seed))
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    A,
    B,
}

impl Side {
    fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

struct Datagram {
    at: Instant,
    order: u64,
    to: Side,
    flow: Flow,
    octets: Bytes,
}

/// Says what becomes of the nth datagram, by who sent it and its start line: lost or not.
pub(super) type Fate = Box<dyn FnMut(Side, &str) -> bool>;

/// Two endpoints and the network between them.
pub(super) struct Pair {
    pub(super) a: Endpoint,
    pub(super) b: Endpoint,
    pub(super) now: Instant,
    pub(super) start: Instant,
    /// Indications in order, with who got them.
    pub(super) told: Vec<(Side, SessionId, Indication)>,
    /// Everything sent: ms since the start, sender, start line, whether it was lost.
    pub(super) sent: Vec<(u64, Side, String, bool)>,
    /// Octets of everything sent, in the same order.
    pub(super) octets: Vec<Bytes>,
    pub(super) lose: Fate,
    /// One-way delay of the nth datagram.
    pub(super) delay: Box<dyn FnMut(u64) -> Duration>,
    /// Whether the nth datagram arrives twice.
    pub(super) double: Box<dyn FnMut(u64) -> bool>,
    flying: Vec<Datagram>,
    order: u64,
}

impl Pair {
    pub(super) fn new() -> Self {
        Self::of(endpoint(ALICE, 1), endpoint(BOB, 2))
    }

    pub(super) fn of(a: Endpoint, b: Endpoint) -> Self {
        let start = origin();
        Self {
            a,
            b,
            now: start,
            start,
            told: Vec::new(),
            sent: Vec::new(),
            octets: Vec::new(),
            lose: Box::new(|_, _| false),
            delay: Box::new(|_| ms(10)),
            double: Box::new(|_| false),
            flying: Vec::new(),
            order: 0,
        }
    }

    pub(super) fn ask(&mut self, side: Side, id: SessionId, request: Request) {
        self.try_ask(side, id, request).unwrap();
    }

    pub(super) fn try_ask(
        &mut self,
        side: Side,
        id: SessionId,
        request: Request,
    ) -> Result<(), RequestError> {
        let now = self.now;
        let done = match side {
            Side::A => self.a.request(now, id, request),
            Side::B => self.b.request(now, id, request),
        };
        self.drain();
        done
    }

    fn drain(&mut self) {
        for side in [Side::A, Side::B] {
            loop {
                let output = match side {
                    Side::A => self.a.poll_output(),
                    Side::B => self.b.poll_output(),
                };
                match output {
                    None => break,
                    // The network of this test has no connections that could fail.
                    Some(Output::Connect(_) | Output::Resolve(_) | Output::Peer(..)) => {}
                    Some(Output::Indication(id, indication)) => {
                        self.told.push((side, id, indication));
                    }
                    Some(Output::Datagram(flow, octets)) => self.carry(side, flow, octets),
                }
            }
        }
    }

    fn carry(&mut self, from: Side, flow: Flow, octets: Bytes) {
        let line = start_line(&octets);
        let lost = (self.lose)(from, &line);
        let at = self.now.duration_since(self.start).as_millis() as u64;
        self.sent.push((at, from, line, lost));
        self.octets.push(octets.clone());
        self.order += 1;
        if lost {
            return;
        }
        for _ in 0..=u8::from((self.double)(self.order)) {
            self.flying.push(Datagram {
                at: self.now + (self.delay)(self.order),
                order: self.order,
                to: from.other(),
                flow: Flow::udp(flow.remote, flow.local),
                octets: octets.clone(),
            });
        }
    }

    /// Lets this much time pass.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let datagram = self
                .flying
                .iter()
                .enumerate()
                .min_by_key(|(_, d)| (d.at, d.order))
                .map(|(index, d)| (d.at, index));
            let timer = [self.a.poll_timeout(), self.b.poll_timeout()]
                .into_iter()
                .flatten()
                .min();
            match (datagram, timer) {
                (Some((at, index)), timer)
                    if at <= end && timer.is_none_or(|timer| at <= timer) =>
                {
                    self.now = self.now.max(at);
                    let datagram = self.flying.remove(index);
                    let now = self.now;
                    match datagram.to {
                        Side::A => self.a.handle_datagram(now, datagram.flow, datagram.octets),
                        Side::B => self.b.handle_datagram(now, datagram.flow, datagram.octets),
                    }
                }
                (_, Some(timer)) if timer <= end => {
                    self.now = self.now.max(timer);
                    let now = self.now;
                    self.a.handle_timeout(now);
                    self.b.handle_timeout(now);
                }
                _ => break,
            }
            self.drain();
        }
        self.now = end;
    }

    /// A calls B with an offer: the sessions of both, and B's `Incoming`.
    pub(super) fn call(&mut self, invite: Invite) -> (SessionId, SessionId, Incoming) {
        let a = self.a.new_session();
        self.ask(Side::A, a, Request::Invite(Box::new(invite)));
        self.run(ms(100));
        let (b, incoming) = self
            .told
            .iter()
            .find_map(|(side, id, indication)| match indication {
                Indication::Incoming(incoming) if *side == Side::B => {
                    Some((*id, (**incoming).clone()))
                }
                _ => None,
            })
            .expect("the INVITE arrives");
        (a, b, incoming)
    }

    /// A confirmed call with offer and answer; nothing told or sent is kept.
    pub(super) fn established(&mut self) -> (SessionId, SessionId) {
        let (a, b, _) = self.call(invite());
        self.ask(Side::B, b, accept(ANSWER));
        self.run(ms(100));
        assert_eq!(
            self.names(Side::B).last().map(String::as_str),
            Some("Acknowledged")
        );
        self.told.clear();
        self.sent.clear();
        self.octets.clear();
        (a, b)
    }

    /// The names of what one side was told.
    pub(super) fn names(&self, side: Side) -> Vec<String> {
        self.told
            .iter()
            .filter(|(to, ..)| *to == side)
            .map(|(_, _, indication)| name(indication))
            .collect()
    }

    /// Start lines of what one side sent, shortened to method or status.
    pub(super) fn lines(&self, side: Side) -> Vec<String> {
        self.sent
            .iter()
            .filter(|(_, from, ..)| *from == side)
            .map(|(_, _, line, _)| line.clone())
            .collect()
    }

    /// When one side sent messages that start so, in ms since the start.
    pub(super) fn times(&self, side: Side, line: &str) -> Vec<u64> {
        self.sent
            .iter()
            .filter(|(_, from, sent, _)| *from == side && sent.starts_with(line))
            .map(|(at, ..)| *at)
            .collect()
    }

    /// Nothing is left on either side once every timer has run.
    pub(super) fn assert_clean(&mut self) {
        self.run(Duration::from_secs(200));
        for endpoint in [&self.a, &self.b] {
            assert_eq!(endpoint.sessions(), 0, "{:?}", endpoint.sessions);
            assert_eq!(endpoint.core.transactions(), (0, 0));
            assert_eq!(endpoint.poll_timeout(), None);
            assert!(endpoint.tags.is_empty() && endpoint.invites.is_empty());
        }
    }
}

/// "INVITE", "183": the first word of a request, the status of a response.
pub(super) fn start_line(octets: &[u8]) -> String {
    let text = String::from_utf8_lossy(octets);
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    if first.starts_with("SIP/") {
        words.next().unwrap_or_default().to_owned()
    } else {
        first.to_owned()
    }
}

/// The name of an indication, with its status where it has one.
pub(super) fn name(indication: &Indication) -> String {
    match indication {
        Indication::Progress { status, .. } => format!("Progress {status}"),
        Indication::Rejected { status, .. } => format!("Rejected {status}"),
        Indication::Pracked { status, .. } => format!("Pracked {status}"),
        Indication::Renegotiated { status, .. } => format!("Renegotiated {status}"),
        Indication::Failed { what } => format!("Failed {what:?}"),
        other => {
            let text = format!("{other:?}");
            text.split(['(', ' ', '{'])
                .next()
                .unwrap_or_default()
                .to_owned()
        }
    }
}

pub(super) fn invite() -> Invite {
    Invite {
        bodies: Bodies::sdp(OFFER),
        ..Invite::new(
            BOB.parse().unwrap(),
            "sip:+493055500001@192.0.2.2;user=phone",
            "sip:+493055500002@192.0.2.1;user=phone",
        )
    }
}

pub(super) fn progress(status: u16, sdp: Option<&'static str>) -> Request {
    Request::Progress {
        status,
        reason: None,
        bodies: sdp.map(Bodies::sdp).unwrap_or_default(),
        headers: Headers::new(),
    }
}

pub(super) fn accept(sdp: &'static str) -> Request {
    Request::Accept {
        bodies: Bodies::sdp(sdp),
        headers: Headers::new(),
    }
}

pub(super) fn bye() -> Request {
    Request::Bye {
        headers: Headers::new(),
        bodies: Bodies::default(),
    }
}

pub(super) fn cancel() -> Request {
    Request::Cancel {
        headers: Headers::new(),
    }
}

pub(super) fn reject(status: u16) -> Request {
    Request::Reject {
        status,
        reason: None,
        headers: Headers::new(),
        bodies: Bodies::default(),
    }
}
