//! Calls between two scripted far ends, in virtual time, and the inputs that they were made of: the
//! same seed and inputs give the same run, so that it can be repeated without the far ends.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use isthmus::config::Config;
use isthmus::iwu::{Birth, Input, Iwu, MediaEvent, Output};
use isthmus::sip::Flow;
use isup::{
    BackwardCallIndicators, CalledPartyNumber, CalledPartysStatus, CallingPartyNumber,
    CallingPartysCategory, Cause, Cic, ForwardCallIndicators, Location, Message, MessageType,
    NatureOfAddress, NatureOfConnection, ParameterCode, TransmissionMediumRequirement,
};
use media_bridge::{Command, Statistics};
use mtp::{LineEvent, LinkId, Mtp, PointCode, Sls, Standard, Transfer};

const LINK: LinkId = LinkId(0);
const GATEWAY: &str = "127.0.0.1:5060";
const USER: &str = "127.0.0.1:5070";
/// Groups of 30 circuits: the first one has the calls that come and go, the others those that stand.
const GROUPS: u16 = 36;
const CIRCUITS: usize = 30;
/// Codes from one group to the next.
const CICS: u16 = 32;

/// A kind of call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) from_sip: bool,
    pub(crate) isup: bool,
}

/// The four that are measured.
pub(crate) const KINDS: [Kind; 4] = [
    kind("SIP to ISUP", true, false),
    kind("SIP to ISUP, ISUP in the bodies", true, true),
    kind("ISUP to SIP", false, false),
    kind("ISUP to SIP, ISUP in the bodies", false, true),
];

const fn kind(name: &'static str, from_sip: bool, isup: bool) -> Kind {
    Kind {
        name,
        from_sip,
        isup,
    }
}

/// A run: what was given to the unit and when, in three parts.
pub(crate) struct Script {
    pub(crate) config: Arc<Config>,
    pub(crate) birth: Birth,
    /// Until the link and all circuits are in service and as many calls as stand have been there once.
    pub(crate) before: Vec<(Instant, Input)>,
    /// Calls that stand.
    pub(crate) standing: Vec<(Instant, Input)>,
    /// Calls that come and go, some 70 a second, until nothing is left of them.
    pub(crate) calls: Vec<(Instant, Input)>,
}

struct Rehearsal {
    now: Instant,
    iwu: Iwu,
    far: Mtp,
    sip: VecDeque<Bytes>,
    isup: VecDeque<(Cic, Message)>,
    inputs: Vec<(Instant, Input)>,
    kind: Kind,
    calls: u32,
}

fn configuration(kind: Kind) -> String {
    let isup = if kind.isup { "optional" } else { "off" };
    let mut text = format!(
        r#"
[gateway]
seed = 1
[sip]
listen = "{GATEWAY}"
[rtp]
ports = "16384-20479"
[[linkset]]
name = "exchange"
point_code = 1
adjacent = 2
link = [{{ span = "e0", timeslot = 16, slc = 0 }}]
[[sip_trunk]]
name = "user"
address = "{USER}"
isup = "{isup}"
reliable = "off"
[[rule]]
name = "to SIP"
from = [{}]
to = ["user"]
"#,
        (0..GROUPS)
            .map(|n| format!("\"g{n}\""))
            .collect::<Vec<_>>()
            .join(", ")
    );
    for n in 0..GROUPS {
        text += &format!(
            r#"
[[span]]
name = "e{n}"
driver = "emulator"
path = "/tmp/e{n}.sock"
role = "listen"
[[trunk_group]]
name = "g{n}"
linkset = "exchange"
span = "e{n}"
timeslots = "1-15,17-31"
first_cic = {}
country_code = "49"
[[rule]]
name = "to g{n}"
prefix = "+4930555{n:02}"
from = ["user"]
to = ["g{n}"]
"#,
            n * CICS
        );
    }
    text
}

/// Rehearses: `standing` calls stand, `count` come and go.
pub(crate) fn rehearse(kind: Kind, standing: usize, count: usize) -> Script {
    let config = Config::parse("bench", &configuration(kind), &BTreeMap::new());
    let config = Arc::new(config.unwrap_or_else(|refusal| panic!("{refusal:?}")));
    let now = Instant::now();
    let birth = Birth {
        now,
        wall: jiff::Timestamp::UNIX_EPOCH,
        seed: 1.into(),
    };
    let (near, far) = (PointCode::itu(1), PointCode::itu(2));
    let network = config.linksets[0].network_indicator;
    let far = mtp::Config::new(Standard::Itu, network, far).with_linkset(near, &[LINK]);
    let mut rehearsal = Rehearsal {
        now,
        iwu: Iwu::new(config.clone(), birth).unwrap(),
        far: Mtp::new(far).unwrap(),
        sip: VecDeque::new(),
        isup: VecDeque::new(),
        inputs: Vec::new(),
        kind,
        calls: 0,
    };
    rehearsal.far.start(now);
    rehearsal.far.handle_line(now, LINK, LineEvent::InService);
    rehearsal.input(Input::Start);
    rehearsal.pass(Duration::from_secs(30));
    // Tables and rings have had their first growth.
    for _ in 0..20 {
        rehearsal.call(0, 1, true);
    }
    rehearsal.pass(Duration::from_secs(60));
    let before = std::mem::take(&mut rehearsal.inputs);
    for n in 0..standing {
        let group = 1 + (n / CIRCUITS) as u16;
        rehearsal.call(group, n % CIRCUITS, false);
    }
    rehearsal.pass(Duration::from_secs(60));
    assert_eq!(rehearsal.iwu.calls(), standing);
    let stand = std::mem::take(&mut rehearsal.inputs);
    for _ in 0..count {
        rehearsal.call(0, 1, true);
    }
    rehearsal.pass(Duration::from_secs(60));
    assert_eq!(rehearsal.iwu.calls(), standing);
    Script {
        config,
        birth,
        before,
        standing: stand,
        calls: rehearsal.inputs,
    }
}

impl Rehearsal {
    fn input(&mut self, input: Input) {
        self.give(input);
        self.settle();
    }

    fn give(&mut self, input: Input) {
        self.inputs.push((self.now, input.clone()));
        self.iwu.handle_input(self.now, input);
        let outputs: Vec<Output> = std::iter::from_fn(|| self.iwu.poll_output()).collect();
        for output in outputs {
            match output {
                Output::Sip(_, octets) => self.sip.push_back(octets),
                Output::SignalUnit(link, octets) => {
                    self.far.handle_signal_unit(self.now, link, &octets);
                }
                Output::Media(_, Command::Close { bridge }) => {
                    let statistics = Box::new(Statistics::default());
                    self.give(Input::Media(MediaEvent::Closed { bridge, statistics }));
                }
                _ => {}
            }
        }
    }

    fn settle(&mut self) {
        while let Some(output) = self.far.poll_output() {
            match output {
                mtp::Output::SignalUnit(link, octets) => {
                    self.give(Input::SignalUnit(link, octets));
                }
                mtp::Output::Transfer(transfer) => {
                    let (cic, message) = Message::decode_sif(&transfer.sif).unwrap();
                    if message.message_type() == MessageType::Grs {
                        let range = message.content(ParameterCode::RANGE_AND_STATUS).unwrap()[0];
                        let mut content = vec![range];
                        content.resize(2 + usize::from(range / 8), 0);
                        let gra = Message::new(MessageType::Gra)
                            .with_content(ParameterCode::RANGE_AND_STATUS, &content);
                        self.transfer(cic, &gra);
                    } else {
                        self.isup.push_back((cic, message));
                    }
                }
                _ => {}
            }
        }
    }

    fn transfer(&mut self, cic: Cic, message: &Message) {
        let transfer = Transfer {
            si: 5,
            opc: PointCode::itu(2),
            dpc: PointCode::itu(1),
            sls: Sls((cic.0 & 0x0F) as u8),
            sif: message.encode_sif(cic).into(),
        };
        self.far.transfer(self.now, transfer).unwrap();
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        loop {
            let due = [self.iwu.poll_timeout(), self.far.poll_timeout()];
            let Some(due) = due.into_iter().flatten().min().filter(|due| *due <= end) else {
                break;
            };
            self.now = self.now.max(due);
            if self.iwu.poll_timeout().is_some_and(|at| at <= self.now) {
                self.give(Input::Timeout);
            }
            if self.far.poll_timeout().is_some_and(|at| at <= self.now) {
                self.far.handle_timeout(self.now);
            }
            self.settle();
        }
        self.now = end;
    }

    /// The exchange says something, which takes 2 ms of the link.
    fn exchange(&mut self, cic: Cic, message: &Message) {
        self.transfer(cic, message);
        self.settle();
        self.pass(Duration::from_millis(2));
    }

    fn expect_isup(&mut self, kind: MessageType) -> (Cic, Message) {
        // The link has its rate.
        for _ in 0..50 {
            if !self.isup.is_empty() {
                break;
            }
            self.pass(Duration::from_millis(1));
        }
        let (cic, message) = self.isup.pop_front().unwrap_or_else(|| {
            let said = self
                .sip
                .iter()
                .map(|octets| String::from_utf8_lossy(octets));
            panic!("no {kind}, but {:#?}", said.collect::<Vec<_>>());
        });
        assert_eq!(message.message_type(), kind);
        (cic, message)
    }

    /// The next message to the SIP user that begins so.
    fn expect(&mut self, start: &str) -> String {
        loop {
            let octets = self.sip.pop_front().expect(start);
            let text = String::from_utf8_lossy(&octets).into_owned();
            if text.starts_with(start) {
                return text;
            }
        }
    }

    fn sip(&mut self, head: &str, bodies: Bodies) {
        let octets = bodies.after(head);
        let (gateway, user): (SocketAddr, SocketAddr) =
            (GATEWAY.parse().unwrap(), USER.parse().unwrap());
        self.input(Input::Sip(Flow::udp(gateway, user), octets.into()));
    }

    /// A call of some 15 ms, or one that stands.
    fn call(&mut self, group: u16, nth: usize, ends: bool) {
        self.calls += 1;
        match self.kind.from_sip {
            true => self.call_from_sip(group, ends),
            false => {
                // A timeslot that is no link's, even: the gateway's own are odd here.
                let timeslot = if nth < 15 { nth + 1 } else { nth + 2 };
                self.call_from_isup(Cic(group * CICS + timeslot as u16), ends);
            }
        }
        self.sip.clear();
        let rest = if ends { 2 } else { 4 };
        self.pass(Duration::from_millis(rest));
    }

    fn with(&self, sdp: bool, message: Message) -> Bodies {
        Bodies {
            sdp,
            isup: self.kind.isup.then(|| message.to_vec()),
        }
    }

    fn call_from_sip(&mut self, group: u16, ends: bool) {
        let n = self.calls;
        let number = format!("30555{group:02}01");
        let within = |method: &str, sequence: u32, to: &str| {
            format!(
                "{method} sip:+49{number}@{GATEWAY};user=phone SIP/2.0\r\nVia: SIP/2.0/UDP {USER};branch=z9hG4bK{n}x{sequence}{method}\r\nMax-Forwards: 70\r\nFrom: <sip:+49305559999@{USER};user=phone>;tag=t{n}\r\nTo: <sip:+49{number}@{GATEWAY};user=phone>{to}\r\nCall-ID: call-{n}@bench\r\nCSeq: {sequence} {method}\r\nContact: <sip:{USER}>\r\n"
            )
        };
        let iam = iam(&number, "305559999");
        self.sip(&within("INVITE", 1, ""), self.with(true, iam));
        let (cic, _) = self.expect_isup(MessageType::Iam);
        self.exchange(cic, &acm());
        self.exchange(cic, &Message::new(MessageType::Anm));
        let answer = self.expect("SIP/2.0 200");
        let to = &field(&answer, "To")[field(&within("", 1, ""), "To").len()..];
        self.sip(&within("ACK", 1, to), Bodies::default());
        self.pass(Duration::from_millis(2));
        if ends {
            self.sip(&within("BYE", 2, to), self.with(false, rel()));
            self.expect_isup(MessageType::Rel);
            self.exchange(cic, &Message::new(MessageType::Rlc));
        }
    }

    fn call_from_isup(&mut self, cic: Cic, ends: bool) {
        let n = self.calls;
        self.exchange(cic, &iam("305559999", "305550001"));
        let invite = self.expect("INVITE");
        let to_of = |request: &str| {
            let to = field(request, "To");
            let tag = if to.contains(";tag=") { "" } else { ";tag=u" };
            format!(
                "{to}{tag}{}",
                if tag.is_empty() {
                    String::new()
                } else {
                    n.to_string()
                }
            )
        };
        let respond = |request: &str, status: &str| {
            format!(
                "SIP/2.0 {status}\r\nVia: {}\r\nFrom: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {}\r\nContact: <sip:{USER}>\r\n",
                field(request, "Via"),
                field(request, "From"),
                to_of(request),
                field(request, "Call-ID"),
                field(request, "CSeq")
            )
        };
        self.sip(&respond(&invite, "180 Ringing"), self.with(false, acm()));
        self.expect_isup(MessageType::Acm);
        self.pass(Duration::from_millis(2));
        let anm = Message::new(MessageType::Anm);
        self.sip(&respond(&invite, "200 OK"), self.with(true, anm));
        self.expect_isup(MessageType::Anm);
        self.expect("ACK");
        self.pass(Duration::from_millis(2));
        if ends {
            self.exchange(cic, &rel());
            self.expect_isup(MessageType::Rlc);
            let bye = self.expect("BYE");
            self.sip(&respond(&bye, "200 OK"), Bodies::default());
        }
    }
}

/// The value of a header field.
fn field<'a>(message: &'a str, name: &str) -> &'a str {
    let mut lines = message.split("\r\n");
    lines
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        .unwrap_or_else(|| panic!("no {name} in {message}"))
}

/// What a message carries.
#[derive(Default)]
struct Bodies {
    sdp: bool,
    isup: Option<Vec<u8>>,
}

const SDP: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\n";
const ISUP: &str = "Content-Type: application/ISUP;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n";

impl Bodies {
    /// A whole message of this start line and these fields.
    fn after(self, head: &str) -> Vec<u8> {
        let (fields, body) = match (self.sdp, self.isup) {
            (false, None) => (String::new(), Vec::new()),
            (true, None) => ("Content-Type: application/sdp\r\n".to_owned(), SDP.into()),
            (false, Some(isup)) => (ISUP.to_owned(), isup),
            (true, Some(isup)) => {
                let mut body = format!(
                    "--b\r\nContent-Type: application/sdp\r\n\r\n{SDP}\r\n--b\r\n{ISUP}\r\n"
                )
                .into_bytes();
                body.extend(isup);
                body.extend(b"\r\n--b--\r\n");
                let fields = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;boundary=b\r\n";
                (fields.to_owned(), body)
            }
        };
        let length = body.len();
        let mut octets = format!("{head}{fields}Content-Length: {length}\r\n\r\n").into_bytes();
        octets.extend(body);
        octets
    }
}

fn iam(called: &str, calling: &str) -> Message {
    Message::new(MessageType::Iam)
        .with(NatureOfConnection::default())
        .with(ForwardCallIndicators::ISUP_ALL_THE_WAY)
        .with(CallingPartysCategory::Ordinary)
        .with(TransmissionMediumRequirement::Audio3k1)
        .with(CalledPartyNumber::new(
            NatureOfAddress::National,
            called.parse().unwrap(),
        ))
        .with(CallingPartyNumber {
            screening: isup::Screening::Network,
            ..CallingPartyNumber::new(NatureOfAddress::National, calling.parse().unwrap())
        })
}

fn acm() -> Message {
    Message::new(MessageType::Acm).with(
        BackwardCallIndicators::ISUP_ALL_THE_WAY
            .with_called_partys_status(CalledPartysStatus::SubscriberFree),
    )
}

fn rel() -> Message {
    Message::new(MessageType::Rel).with(Cause::new(16, Location::PublicNetworkRemoteUser))
}
