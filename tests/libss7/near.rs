//! This end: MTP and ISUP in real time on the link to the far end.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use isthmus::capture::{Capture, Direction};
use isup::circuit::{Indication, Request, Timers};
use isup::node::{CircuitView, GroupConfig, GroupRequest, Node, NodeConfig, Output as NodeOutput};
use isup::{Cic, CircuitId, MessageType, Variant};
use mtp::{
    Activity, Config, LineEvent, LinkId, Mtp, NetworkIndicator, Output as MtpOutput, PointCode,
    Standard, Status,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::program::Program;

const OWN: u32 = 4178;
const FAR: u32 = 4179;
const LINK: LinkId = LinkId(0);
/// Circuits 1 to this.
const CIRCUITS: u16 = 30;
/// How often the line is told of the signal units that repeated in the meantime.
const LINE: Duration = Duration::from_millis(10);
/// A fill-in signal unit with its flag and check sequence on a line of 64 kbit/s: 6 octets.
const REPEATED: u32 = 13;
/// What Wireshark calls malformed, except INR of libss7: it leaves out the pointer to the optional
/// part, and this end bears it.
const MALFORMED: &str = "_ws.malformed && !(isup.message_type == 3 && mtp2.li == 10)";
/// Status fields by their code (Q.703 §11.1.3).
const STATUSES: [&str; 6] = ["SIO", "SIN", "SIE", "SIOS", "SIPO", "SIB"];
/// Longer than anything that is waited for; alignment and proving take 8.2 s and more.
const PATIENCE: Duration = Duration::from_secs(40);

/// This end of the link.
pub(crate) struct Near {
    program: Program,
    mtp: Mtp,
    node: Node,
    /// Lines from the far end that nobody has waited for yet.
    heard: Vec<String>,
    partial: Vec<u8>,
    /// Indications that nobody has waited for yet.
    told: Vec<(CircuitId, Indication)>,
    /// What is still to be written to the link.
    units: VecDeque<Vec<u8>>,
    /// What was on the link, with the time since the start.
    capture: Capture<Vec<u8>>,
    /// Everything that happened, for the reader of a failure.
    log: Vec<String>,
    start: Instant,
    next_line: Instant,
    resumed: bool,
    statuses: Vec<(Direction, &'static str)>,
    /// Calls that were set up from either end.
    pub(crate) calls: usize,
}

#[expect(clippy::disallowed_methods, reason = "the far end lives in real time")]
fn now() -> Instant {
    Instant::now()
}

impl Near {
    /// A link in service and circuits that were reset; `None` when there is no libss7.
    pub(crate) fn in_service() -> Option<Self> {
        Self::proved(false, Timers::default())
    }

    /// The same, after the normal proving period or the emergency one, with these timers of ISUP.
    pub(crate) fn proved(normal: bool, timers: Timers) -> Option<Self> {
        let program = Program::start(OWN, FAR, normal)?;
        let (own, far) = (PointCode::itu(OWN as u16), PointCode::itu(FAR as u16));
        let config =
            Config::new(Standard::Itu, NetworkIndicator::National, own).with_linkset(far, &[LINK]);
        let circuits = (1..=CIRCUITS).map(|cic| (CircuitId(cic.into()), Cic(cic)));
        let node = NodeConfig {
            variant: Variant::Itu,
            opc: own,
            groups: vec![GroupConfig {
                timers,
                ..GroupConfig::new(far, circuits.collect())
            }],
        };
        let start = now();
        let mut near = Self {
            program,
            mtp: Mtp::new(config).expect("a right configuration"),
            node: Node::new(node).expect("a right configuration"),
            heard: Vec::new(),
            partial: Vec::new(),
            told: Vec::new(),
            units: VecDeque::new(),
            capture: Capture::new(Vec::new()).expect("memory"),
            log: Vec::new(),
            start,
            next_line: start + LINE,
            resumed: false,
            statuses: Vec::new(),
            calls: 0,
        };
        near.mtp.start(start);
        near.node.start(start);
        near.line(LineEvent::InService);
        near.comes_up();
        near.hear(&format!("grs 1 {CIRCUITS}"));
        near.until("GRA", |near| {
            (1..=CIRCUITS).all(|cic| near.view(cic).state == "Idle")
        });
        Some(near)
    }

    /// What the line of the link saw.
    pub(crate) fn line(&mut self, event: LineEvent) {
        self.mtp.handle_line(now(), LINK, event);
        self.drain();
    }

    /// Waits until both ends have the link in service.
    pub(crate) fn comes_up(&mut self) {
        self.hear("up");
        self.until("MTP-RESUME", |near| near.resumed);
        let state = self.mtp.link_state(LINK);
        let activity = state.map(|state| state.activity);
        assert_eq!(activity, Some(Activity::Active));
    }

    /// The far end cannot be reached.
    pub(crate) const fn paused(&self) -> bool {
        !self.resumed
    }

    /// The link status signal units of one direction since the last look, each once in a row.
    pub(crate) fn take_statuses(&mut self, direction: Direction) -> Vec<&'static str> {
        let all = core::mem::take(&mut self.statuses);
        let (taken, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(|(of, _)| *of == direction);
        self.statuses = kept;
        taken.into_iter().map(|(_, status)| status).collect()
    }

    /// How long ago the link was started.
    pub(crate) fn age(&self) -> Duration {
        now().saturating_duration_since(self.start)
    }

    pub(crate) fn request_group(&mut self, circuits: &[CircuitId], request: GroupRequest) {
        self.node.request_group(now(), circuits, request);
        self.drain();
    }

    pub(crate) fn view(&self, cic: u16) -> CircuitView {
        self.node
            .circuit(CircuitId(cic.into()))
            .expect("a circuit that is configured")
    }

    pub(crate) fn request(&mut self, cic: u16, request: Request) {
        self.calls += usize::from(matches!(request, Request::Setup(_)));
        let done = self.node.request(now(), CircuitId(cic.into()), request);
        if let Err(error) = done {
            self.fail(&error.to_string());
        }
        self.drain();
    }

    pub(crate) fn alarm(&mut self, circuits: &[CircuitId], on: bool) {
        self.node.handle_alarm(now(), circuits, on);
        self.drain();
    }

    /// Gives the far end a command.
    pub(crate) fn tell(&mut self, command: &str) {
        self.calls += usize::from(command.starts_with("call "));
        self.note(format!("> {command}"));
        let line = format!("{command}\n");
        let written = rustix::io::write(&self.program.control, line.as_bytes());
        assert_eq!(written, Ok(line.len()), "{command}");
    }

    /// Waits for a line of the far end, which may have come already. libss7 writes the
    /// end-of-pulsing signal of a called number as `#`; it is not compared.
    pub(crate) fn hear(&mut self, line: &str) {
        self.until(line, |near| near.heard.iter().any(|heard| heard == line));
        let place = self.heard.iter().position(|heard| heard == line);
        place.map(|place| self.heard.remove(place));
    }

    /// Waits for an indication of a circuit.
    pub(crate) fn expect<T>(
        &mut self,
        cic: u16,
        what: &str,
        wanted: impl Fn(&Indication) -> Option<T>,
    ) -> T {
        let id = CircuitId(cic.into());
        let find = |near: &Self| {
            let mut told = near.told.iter().enumerate();
            told.find_map(|(place, (circuit, indication))| {
                let found = (*circuit == id).then(|| wanted(indication))??;
                Some((place, found))
            })
        };
        self.until(&format!("{what} of CIC {cic}"), |near| find(near).is_some());
        let (place, found) = find(self).expect("it was there");
        self.told.remove(place);
        found
    }

    pub(crate) fn expect_message(&mut self, cic: u16, message: MessageType) {
        self.expect(cic, message.acronym(), |indication| match indication {
            Indication::Received(received) if received.message_type() == message => Some(()),
            _ => None,
        });
    }

    pub(crate) fn expect_idle(&mut self, cic: u16) {
        self.expect(cic, "idle", |indication| {
            matches!(indication, Indication::Idle).then_some(())
        });
    }

    /// Takes these complaints of the far end, which the test provoked, off its list.
    pub(crate) fn forget(&mut self, provoked: &[&str]) {
        self.heard.retain(|line| !provoked.contains(&line.as_str()));
    }

    /// No circuit is anything but idle on either side, no timer runs, and nothing went wrong.
    pub(crate) fn all_idle(&mut self) {
        self.until("every circuit idle", |near| {
            (1..=CIRCUITS).all(|cic| near.view(cic).state == "Idle")
        });
        for cic in 1..=CIRCUITS {
            let view = self.view(cic);
            assert!(view.timers.is_empty(), "{}", view.explain(now()));
            assert_eq!(view.blocking, "Unblocked", "{}", view.explain(now()));
        }
        self.tell("calls");
        self.hear("calls 0");
        let wrong = [
            "hangup",
            "notinservice",
            "down",
            "unaligned",
            "unknown",
            "refused",
            "ucic",
            "other",
        ];
        let complaint = self
            .heard
            .iter()
            .find(|line| wrong.iter().any(|wrong| line.starts_with(wrong)));
        if let Some(line) = complaint.cloned() {
            self.fail(&format!("the far end said {line:?}"));
        }
    }

    fn captured(&mut self, direction: Direction, unit: &[u8]) {
        let at = now().saturating_duration_since(self.start);
        let written = self.capture.signal_unit(at, direction, unit);
        written.expect("memory");
        if let &[_, _, 1 | 2, code, ..] = unit
            && let Some(&status) = STATUSES.get(usize::from(code & 7))
        {
            let mut before = self.statuses.iter().rev();
            if before.find(|(of, _)| *of == direction) != Some(&(direction, status)) {
                self.statuses.push((direction, status));
            }
        }
    }

    /// `isthmus decode` and Wireshark can read all that was on the link.
    ///
    /// # Panics
    /// When they cannot; Wireshark's absence is for its own tests to say.
    pub(crate) fn readable(self, name: &str) {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("libss7-{name}.pcapng"));
        std::fs::write(&path, self.capture.into_inner()).expect("a file");
        let decode = Command::new(env!("CARGO_BIN_EXE_isthmus"))
            .args(["decode", "--pcap"])
            .arg(&path)
            .output()
            .expect("isthmus runs");
        let text = String::from_utf8_lossy(&decode.stdout);
        assert!(decode.status.success(), "{text}");
        assert!(text.contains("\nCIC 1\nGRS"), "{text}");
        let tshark = Command::new("tshark")
            .args(["-Y", MALFORMED, "-r"])
            .arg(&path)
            .output();
        if let Ok(tshark) = tshark {
            assert!(
                tshark.status.success(),
                "tshark cannot read {}",
                path.display()
            );
            assert_eq!(String::from_utf8_lossy(&tshark.stdout), "");
        }
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = now() + time;
        while now() < end {
            self.step();
        }
    }

    /// Lets time pass until something is so.
    pub(crate) fn until(&mut self, what: &str, so: impl Fn(&Self) -> bool) {
        let end = now() + PATIENCE;
        while !so(self) {
            if now() >= end {
                self.fail(&format!("waited in vain for {what}"));
            }
            self.step();
        }
    }

    #[expect(clippy::panic, reason = "the failure of a test")]
    fn fail(&self, why: &str) -> ! {
        let log = self
            .log
            .get(self.log.len().saturating_sub(60)..)
            .unwrap_or_default();
        let link = self.mtp.link_state(LINK).map(|state| state.to_string());
        panic!(
            "{why}\nlink: {link:?}\nheard: {:?}\n{}",
            self.heard,
            log.join("\n")
        );
    }

    fn note(&mut self, what: String) {
        let at = now().saturating_duration_since(self.start);
        self.log.push(format!("{:8.3} {what}", at.as_secs_f64()));
    }

    /// Waits for the line, the far end or a timer, and handles what came.
    fn step(&mut self) {
        let timers = [self.mtp.poll_timeout(), self.node.poll_timeout()];
        let due = timers
            .into_iter()
            .flatten()
            .fold(self.next_line, Instant::min);
        let wait = Timespec::try_from(due.saturating_duration_since(now())).expect("a short time");
        let more = match self.units.is_empty() {
            true => PollFlags::IN,
            false => PollFlags::IN | PollFlags::OUT,
        };
        let mut watched = [
            PollFd::new(&self.program.link, more),
            PollFd::new(&self.program.control, PollFlags::IN),
        ];
        poll(&mut watched, Some(&wait)).expect("sockets to wait for");
        self.flush();
        self.read_link();
        self.read_control();
        let now = now();
        if now >= self.next_line {
            self.next_line += LINE;
            self.mtp.handle_line(now, LINK, LineEvent::Good(REPEATED));
        }
        self.mtp.handle_timeout(now);
        self.node.handle_timeout(now);
        self.drain();
    }

    fn read_link(&mut self) {
        let mut unit = [0; 512];
        while let Ok(length @ 1..) = rustix::io::read(&self.program.link, &mut unit) {
            let without_check = unit.get(..length.saturating_sub(2)).unwrap_or_default();
            self.captured(Direction::Received, without_check);
            self.mtp.handle_signal_unit(now(), LINK, without_check);
            self.drain();
        }
    }

    fn read_control(&mut self) {
        let mut octets = [0; 512];
        while let Ok(length) = rustix::io::read(&self.program.control, &mut octets) {
            if length == 0 {
                self.fail("the far end has ended");
            }
            self.partial.extend(octets.iter().take(length));
        }
        while let Some(end) = self.partial.iter().position(|&octet| octet == b'\n') {
            let line: Vec<u8> = self.partial.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim().replace('#', "");
            self.note(format!("< {line}"));
            self.heard.push(line);
        }
    }

    /// What the socket does not take now waits for the next step: a line never loses a unit.
    fn flush(&mut self) {
        while let Some(unit) = self.units.front() {
            if rustix::io::write(&self.program.link, unit).is_err() {
                return;
            }
            self.units.pop_front();
        }
    }

    fn drain(&mut self) {
        loop {
            if let Some(output) = self.mtp.poll_output() {
                self.mtp_output(output);
            } else if let Some(output) = self.node.poll_output() {
                self.node_output(output);
            } else {
                break;
            }
        }
        self.flush();
    }

    fn mtp_output(&mut self, output: MtpOutput) {
        match output {
            MtpOutput::SignalUnit(_, unit) => {
                self.captured(Direction::Sent, &unit);
                // Two octets in place of the check sequence.
                self.units.push_back([&unit[..], &[0, 0]].concat());
            }
            MtpOutput::Transfer(transfer) => self.node.handle_transfer(now(), &transfer),
            MtpOutput::Status(status) => {
                self.note(format!("{status:?}"));
                self.resumed = matches!(status, Status::Resume(_));
                self.node.handle_status(now(), status);
            }
            MtpOutput::Link(_, change) => self.note(change.to_string()),
        }
    }

    fn node_output(&mut self, output: NodeOutput) {
        match output {
            NodeOutput::Transfer(transfer) => {
                if let Err(error) = self.mtp.transfer(now(), transfer) {
                    self.note(format!("not sent: {error}"));
                }
            }
            NodeOutput::Indication(_, Indication::State(_)) => {}
            NodeOutput::Indication(circuit, indication) => {
                self.note(format!("{circuit} {indication:?}"));
                self.told.push((circuit, indication));
            }
            NodeOutput::Timer(..) => {}
            NodeOutput::Alert(alert) => self.note(alert.to_string()),
        }
    }
}
