//! A peer that speaks raw text.

use super::super::location::{Answer, Question, Record};
use super::*;

/// One endpoint at B, and what it says to a peer that is written by hand.
pub(super) struct Scripted {
    pub(super) endpoint: Endpoint,
    pub(super) now: Instant,
    pub(super) told: Vec<(SessionId, Indication)>,
    pub(super) sent: Vec<(Flow, String)>,
    /// Connections asked for.
    pub(super) connected: Vec<Flow>,
    pub(super) news: Vec<PeerNews>,
    /// What the name server is asked.
    pub(super) asked: Vec<Question>,
}

impl Scripted {
    pub(super) fn new() -> Self {
        Self::of(endpoint(BOB, 2))
    }

    pub(super) fn of(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            now: origin(),
            told: Vec::new(),
            sent: Vec::new(),
            connected: Vec::new(),
            news: Vec::new(),
            asked: Vec::new(),
        }
    }

    pub(super) fn drain(&mut self) {
        while let Some(output) = self.endpoint.poll_output() {
            match output {
                Output::Connect(flow) => self.connected.push(flow),
                Output::Peer(_, news) => self.news.push(news),
                Output::Resolve(question) => self.asked.push(question),
                Output::Datagram(flow, octets) => self
                    .sent
                    .push((flow, String::from_utf8_lossy(&octets).into_owned())),
                Output::Indication(id, indication) => self.told.push((id, indication)),
            }
        }
    }

    /// A datagram from A.
    pub(super) fn hear(&mut self, text: &str) {
        self.hear_from(ALICE, text.as_bytes());
    }

    pub(super) fn hear_from(&mut self, source: &str, octets: &[u8]) {
        self.hear_at(BOB, source, octets);
    }

    pub(super) fn hear_at(&mut self, listen: &str, source: &str, octets: &[u8]) {
        let flow = Flow::udp(listen.parse().unwrap(), source.parse().unwrap());
        self.endpoint
            .handle_datagram(self.now, flow, Bytes::copy_from_slice(octets));
        self.drain();
    }

    /// A connection is closed.
    pub(super) fn lose(&mut self, flow: Flow) {
        self.endpoint.handle_disconnected(self.now, flow);
        self.drain();
    }

    /// The name server answers all that it was asked, and is asked by that.
    pub(super) fn resolve(&mut self, zone: impl Fn(&Question) -> Vec<Record>) {
        while let Some(question) = self.asked.pop() {
            let answer = Answer {
                records: zone(&question),
                life: Duration::from_secs(100),
            };
            self.endpoint
                .handle_resolved(self.now, &question, Some(&answer));
            self.drain();
        }
    }

    /// Begins to look after the peers.
    pub(super) fn start(&mut self) {
        self.endpoint.start(self.now);
        self.drain();
    }

    /// A message by any flow.
    pub(super) fn hear_by(&mut self, flow: Flow, text: &str) {
        let octets = Bytes::copy_from_slice(text.as_bytes());
        self.endpoint.handle_datagram(self.now, flow, octets);
        self.drain();
    }

    pub(super) fn ask(&mut self, id: SessionId, request: Request) {
        self.endpoint.request(self.now, id, request).unwrap();
        self.drain();
    }

    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.endpoint.poll_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.endpoint.handle_timeout(at);
            self.drain();
        }
        self.now = end;
    }

    /// Takes what was sent since, as start lines.
    pub(super) fn lines(&mut self) -> Vec<String> {
        self.sent
            .drain(..)
            .map(|(_, text)| start_line(text.as_bytes()))
            .collect()
    }

    /// Takes what was told since.
    pub(super) fn names(&mut self) -> Vec<String> {
        self.told.drain(..).map(|(_, told)| name(&told)).collect()
    }

    /// The last message sent.
    pub(super) fn last(&self) -> &str {
        &self.sent.last().unwrap().1
    }

    /// The endpoint calls; the INVITE as text.
    pub(super) fn calls(&mut self) -> (SessionId, String) {
        let id = self.endpoint.new_session();
        let invite = Invite {
            to: ALICE.parse().unwrap(),
            ..invite()
        };
        self.ask(id, Request::Invite(Box::new(invite)));
        (id, self.last().to_owned())
    }
}

/// The value of a field of a message as text; panics when it is missing.
pub(super) fn field(message: &str, name: &str) -> String {
    find(message, name).unwrap_or_else(|| panic!("no {name} in {message}"))
}

pub(super) fn find(message: &str, name: &str) -> Option<String> {
    let head = message.split("\r\n\r\n").next()?;
    head.split("\r\n").skip(1).find_map(|line| {
        let (found, value) = line.split_once(':')?;
        found
            .eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    })
}

/// A response of a peer to a request of ours.
pub(super) fn reply(request: &str, status: &str, tag: &str, more: &str, body: &str) -> String {
    let to = field(request, "To");
    let to = if tag.is_empty() || to.contains(";tag=") {
        to
    } else {
        format!("{to};tag={tag}")
    };
    format!(
        "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {to}\r\nCall-ID: {}\r\nCSeq: {}\r\n{more}{}Content-Length: {}\r\n\r\n{body}",
        field(request, "Via"),
        field(request, "From"),
        field(request, "Call-ID"),
        field(request, "CSeq"),
        if body.is_empty() {
            ""
        } else {
            "Content-Type: application/sdp\r\n"
        },
        body.len(),
    )
}

/// A request of a peer outside a dialog.
pub(super) fn raw(method: &str, branch: &str, more: &str, body: &str) -> String {
    format!(
        "{method} sip:gateway@192.0.2.2 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{branch}\r\nMax-Forwards: 70\r\nFrom: <sip:a@192.0.2.1>;tag=a1\r\nTo: <sip:gateway@192.0.2.2>\r\nCall-ID: raw@192.0.2.1\r\nCSeq: 1 {method}\r\nContact: <sip:a@192.0.2.1>\r\n{more}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A request of a peer within the dialog that a response of ours made.
pub(super) fn within(response: &str, method: &str, number: u32, more: &str, body: &str) -> String {
    format!(
        "{method} sip:192.0.2.2:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{method}{number}\r\nMax-Forwards: 70\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\nContact: <sip:a@192.0.2.1>\r\n{more}Content-Length: {}\r\n\r\n{body}",
        field(response, "From"),
        field(response, "To"),
        field(response, "Call-ID"),
        body.len()
    )
}

pub(super) const SDP: &str = "Content-Type: application/sdp\r\n";

/// A request of a callee in the dialog that a response with this tag made of our INVITE.
pub(super) fn callee(
    invite: &str,
    tag: &str,
    method: &str,
    number: u32,
    more: &str,
    body: &str,
) -> String {
    format!(
        "{method} sip:192.0.2.2:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK{tag}{method}{number}\r\nMax-Forwards: 70\r\nFrom: {};tag={tag}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\nContact: <sip:{tag}@192.0.2.1:5070>\r\n{more}Content-Length: {}\r\n\r\n{body}",
        field(invite, "To"),
        field(invite, "From"),
        field(invite, "Call-ID"),
        body.len()
    )
}
