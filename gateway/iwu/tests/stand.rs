//! The stand: the unit, a scripted exchange over a real MTP, a scripted SIP far end. Each thing that
//! a far end says takes [`SAYING`], all else takes no time but [`Stand::pass`].

mod exchange;
mod sip;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isup::{Cic, Message, MessageType, ParameterCode, Variant};
use media_bridge::{BridgeId, Command, Statistics};
use mtp::{LineEvent, LinkId, Mtp, PointCode, Sls, Transfer};

use super::sip_far_end::Heard;
use crate::capture::Direction;
use crate::capture::wire::{self, Wire};
use crate::cdr::CallRecord;
use crate::config::{Config, Environment, Standard};
use crate::iwu::{Birth, Input, Iwu, MediaEvent, Occupancy, Output};
use crate::ladder::{Columns, Trace, What, draw};
use crate::sip::Flow;
use crate::sip::location::Question;

const LINK: LinkId = LinkId(0);
const SIP: &str = "127.0.0.1:5060";
/// The link has a bit rate: a message must have left it before the next one does.
const SAYING: Duration = Duration::from_millis(10);
/// The SIP far end.
pub(super) const USER: &str = "127.0.0.1:5070";
/// A second SIP trunk.
pub(super) const SECOND: &str = "127.0.0.1:5080";

/// Numbers of a flow, from ranges kept for fiction.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    /// In the PSTN, in international form and as national address signals.
    pub(super) pstn: (&'static str, &'static str),
    /// Behind SIP.
    pub(super) sip: (&'static str, &'static str),
}

impl Numbers {
    fn of(standard: Standard) -> Self {
        match standard {
            Standard::Itu => Self {
                pstn: ("+49305550001", "305550001"),
                sip: ("+49305550100", "305550100"),
            },
            Standard::Ansi => Self {
                pstn: ("+12125550101", "2125550101"),
                sip: ("+12125550150", "2125550150"),
            },
        }
    }
}

/// Lines of the configuration that a flow needs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Settings {
    /// Of the trunk group.
    pub(super) group: &'static str,
    /// Of the SIP trunk.
    pub(super) trunk: &'static str,
    /// Of the second SIP trunk.
    pub(super) second: &'static str,
    /// Of the rule from SIP to the PSTN.
    pub(super) to_pstn: &'static str,
    /// Of the rule from the PSTN to SIP.
    pub(super) to_sip: &'static str,
    /// SIP trunks of that rule, `["user"]` when empty.
    pub(super) route: &'static str,
    /// Circuits, "1-15,17-31" when empty.
    pub(super) timeslots: &'static str,
    /// Further tables.
    pub(super) more: &'static str,
    /// The unit is its user's user: it has the address of the SIP far end, and the other way round.
    pub(super) swapped: bool,
}

/// The unit's address, and that of its user.
fn addresses(swapped: bool) -> (&'static str, &'static str) {
    match swapped {
        false => (SIP, USER),
        true => (USER, SIP),
    }
}

fn near_end(standard: Standard) -> PointCode {
    PointCode::new(standard, 1).unwrap()
}

fn far_end(standard: Standard) -> PointCode {
    PointCode::new(standard, 2).unwrap()
}

fn configuration(standard: Standard, settings: &Settings) -> String {
    let (name, country, version, law) = match standard {
        Standard::Itu => ("itu", "49", "itu-t92+", "alaw"),
        Standard::Ansi => ("ansi", "1", "ansi00", "mulaw"),
    };
    let Settings {
        group,
        trunk,
        second,
        to_pstn,
        to_sip,
        more,
        ..
    } = settings;
    let (own, user) = addresses(settings.swapped);
    let timeslots = match settings.timeslots {
        "" => "1-15,17-31",
        timeslots => timeslots,
    };
    let route = match settings.route {
        "" => "[\"user\"]",
        route => route,
    };
    format!(
        r#"
[gateway]
mask_numbers = false
seed = 1
[sip]
listen = "{own}"
[[span]]
name = "e1"
driver = "emulator"
path = "in-process"
role = "listen"
[[linkset]]
name = "to-exchange"
standard = "{name}"
point_code = 1
adjacent = 2
link = [{{ span = "e1", timeslot = 16, slc = 0 }}]
[[trunk_group]]
name = "exchange"
linkset = "to-exchange"
span = "e1"
timeslots = "{timeslots}"
hunt = "ascending"
country_code = "{country}"
law = "{law}"
{group}
[[sip_trunk]]
name = "user"
address = "{user}"
isup_version = "{version}"
reliable = "off"
{trunk}
[[sip_trunk]]
name = "second"
address = "{SECOND}"
isup_version = "{version}"
reliable = "off"
{second}
[[rule]]
name = "to the PSTN"
from = ["user"]
to = ["exchange"]
{to_pstn}
[[rule]]
name = "to SIP"
from = ["exchange"]
to = {route}
{to_sip}
{more}
"#
    )
}

/// The unit and its far ends.
pub(super) struct Stand {
    pub(super) now: Instant,
    pub(super) iwu: Iwu,
    /// The same without ladders: it is told the same and says the same, but for them.
    unseen: Iwu,
    pub(super) standard: Standard,
    pub(super) numbers: Numbers,
    addresses: (&'static str, &'static str),
    far: Mtp,
    /// Circuit of the flow: that of the latest IAM.
    pub(super) cic: Cic,
    /// What the gateway said and the script has not asked for.
    sip: VecDeque<(Flow, Heard)>,
    isup: VecDeque<(Cic, Message)>,
    /// Bridges in the order of their opening.
    bridges: Vec<BridgeId>,
    /// What the bridges were told.
    pub(super) commands: Vec<Command>,
    traces: Vec<Trace>,
    /// What the name server is asked.
    questions: Vec<Question>,
    pub(super) records: Vec<CallRecord>,
    calls: u32,
    wire: Wire,
}

#[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
fn base() -> Instant {
    Instant::now()
}

impl Stand {
    /// A unit whose link is in service and whose circuits are idle.
    pub(super) fn new(standard: Standard, settings: Settings) -> Self {
        let text = configuration(standard, &settings);
        let config = Config::parse("flow", &text, &Environment::new())
            .unwrap_or_else(|refusal| panic!("{refusal:?}"));
        let now = base();
        let birth = Birth {
            now,
            wall: jiff::Timestamp::UNIX_EPOCH,
            seed: 1.into(),
        };
        let network = config.linksets[0].network_indicator;
        let config = Arc::new(config);
        let far = mtp::Config::new(standard, network, far_end(standard))
            .with_linkset(near_end(standard), &[LINK]);
        let mut stand = Self {
            now,
            unseen: Iwu::new(config.clone(), birth).unwrap().without_ladders(),
            iwu: Iwu::new(config, birth).unwrap(),
            standard,
            numbers: Numbers::of(standard),
            addresses: addresses(settings.swapped),
            far: Mtp::new(far).unwrap(),
            cic: Cic(0),
            sip: VecDeque::new(),
            isup: VecDeque::new(),
            bridges: Vec::new(),
            commands: Vec::new(),
            traces: Vec::new(),
            questions: Vec::new(),
            records: Vec::new(),
            calls: 0,
            wire: Wire::new(now),
        };
        stand.far.start(now);
        stand.far.handle_line(now, LINK, LineEvent::InService);
        stand.input(Input::Start);
        stand.pass(Duration::from_secs(30));
        assert_eq!(stand.restless(), None, "{}", stand.ladder());
        stand
    }

    pub(super) fn input(&mut self, input: Input) {
        if let Input::Sip(flow, octets) = &input {
            self.wire
                .datagram(self.now, (flow.remote, flow.local), octets);
        }
        self.give(input);
        self.settle();
    }

    fn give(&mut self, input: Input) {
        self.unseen.handle_input(self.now, input.clone());
        self.iwu.handle_input(self.now, input);
    }

    /// The next output of the unit, which the one without ladders has said as well.
    fn take(&mut self) -> Option<Output> {
        let output = self.iwu.poll_output();
        let is_drawn = |trace: &Trace| !matches!(trace.what, What::Service(_));
        if !matches!(&output, Some(Output::Trace(trace)) if is_drawn(trace)) {
            let unseen = self.unseen.poll_output();
            assert_eq!(format!("{unseen:?}"), format!("{output:?}"));
        }
        output
    }

    /// Lets everybody say what they have to say.
    fn settle(&mut self) {
        loop {
            if let Some(output) = self.take() {
                self.carry_out(output);
            } else if let Some(output) = self.far.poll_output() {
                self.far_end(output);
            } else {
                return;
            }
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Sip(flow, octets) => {
                self.wire
                    .datagram(self.now, (flow.local, flow.remote), &octets);
                self.sip.push_back((flow, Heard::new(octets)));
            }
            Output::SignalUnit(link, octets) => {
                self.wire.unit(self.now, Direction::Sent, &octets);
                self.far.handle_signal_unit(self.now, link, &octets);
            }
            Output::Media(_, command) => {
                let closed = match &command {
                    Command::Open(open) => {
                        self.bridges.push(open.bridge);
                        None
                    }
                    Command::Close { bridge } => Some(*bridge),
                    _ => None,
                };
                self.commands.push(command);
                if let Some(bridge) = closed {
                    let statistics = Box::new(Statistics::default());
                    let closed = MediaEvent::Closed { bridge, statistics };
                    self.give(Input::Media(closed));
                }
            }
            Output::Resolve(question) => self.questions.push(question),
            Output::Record(record) => self.records.push(*record),
            Output::Trace(trace) => self.traces.push(trace),
            _ => {}
        }
    }

    /// What the MTP of the far end says: its ISUP is the script's, but for resets.
    fn far_end(&mut self, output: mtp::Output) {
        match output {
            mtp::Output::SignalUnit(link, octets) => {
                self.wire.unit(self.now, Direction::Received, &octets);
                self.give(Input::SignalUnit(link, octets));
            }
            mtp::Output::Transfer(transfer) => {
                let (cic, message) =
                    Message::decode_sif_variant(&transfer.sif, self.variant()).unwrap();
                match message.message_type() {
                    MessageType::Grs => {
                        let range = message.content(ParameterCode::RANGE_AND_STATUS).unwrap()[0];
                        let octets = usize::from(range / 8 + 1);
                        let mut content = vec![range];
                        content.resize(1 + octets, 0);
                        let gra = self
                            .message(MessageType::Gra)
                            .with_content(ParameterCode::RANGE_AND_STATUS, &content);
                        self.transfer(cic, &gra);
                    }
                    MessageType::Rsc => {
                        let rlc = self.message(MessageType::Rlc);
                        self.transfer(cic, &rlc);
                    }
                    _ => self.isup.push_back((cic, message)),
                }
            }
            mtp::Output::Status(_) | mtp::Output::Link(..) => {}
        }
    }

    fn transfer(&mut self, cic: Cic, message: &Message) {
        let transfer = Transfer {
            si: 5,
            opc: far_end(self.standard),
            dpc: near_end(self.standard),
            sls: Sls((cic.0 & 0x0F) as u8),
            sif: message.encode_sif(cic).into(),
        };
        self.far.transfer(self.now, transfer).unwrap();
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration) {
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
            self.settle();
            if self.far.poll_timeout().is_some_and(|at| at <= self.now) {
                self.far.handle_timeout(self.now);
            }
            self.settle();
        }
        self.now = end;
    }

    /// [`Self::pass`] in seconds.
    pub(super) fn seconds(&mut self, seconds: u64) {
        self.pass(Duration::from_secs(seconds));
    }

    pub(super) fn variant(&self) -> Variant {
        match self.standard {
            Standard::Itu => Variant::Itu,
            Standard::Ansi => Variant::Ansi,
        }
    }

    pub(super) fn is_ansi(&self) -> bool {
        self.standard == Standard::Ansi
    }

    // --- Media ----------------------------------------------------------------------------

    /// The first RTP packet comes on the bridge opened last.
    pub(super) fn rtp_comes(&mut self) {
        self.rtp_comes_on(self.bridges.len() - 1);
    }

    /// The first RTP packet comes on a bridge, by the order of their opening.
    pub(super) fn rtp_comes_on(&mut self, nth: usize) {
        let bridge = self.bridges[nth];
        self.input(Input::Media(MediaEvent::FirstPacket { bridge }));
    }

    /// No RTP for too long on a bridge, by the order of their opening.
    pub(super) fn rtp_ends_on(&mut self, nth: usize) {
        let bridge = self.bridges[nth];
        self.input(Input::Media(MediaEvent::RtpTimeout { bridge }));
    }

    // --- The end --------------------------------------------------------------------------

    /// What is still taken.
    fn restless(&self) -> Option<String> {
        let held = self.iwu.occupancy();
        let rest = Occupancy {
            begun: held.begun,
            ..Occupancy::default()
        };
        if held != rest {
            return Some(format!("{held:?}"));
        }
        self.iwu.circuits().find_map(|(id, _)| {
            let view = self.iwu.circuit(id)?;
            (view.state != "Idle").then(|| view.explain(self.now))
        })
    }

    /// The ladder of the calls so far.
    pub(super) fn ladder(&self) -> String {
        let rungs: Vec<Trace> = self
            .traces
            .iter()
            .filter(|trace| trace.call.is_some())
            .cloned()
            .collect();
        draw(&rungs, &Columns::default())
    }

    /// The same for a unit that has shut down, whose circuits stay blocked.
    pub(super) fn drained(mut self) -> String {
        self.quiet();
        let ladder = self.ladder();
        self.seconds(70);
        let held = self.iwu.occupancy();
        assert_eq!((held.calls, held.circuits, held.bridges), (0, 0, 0));
        assert_eq!((held.sessions, held.dialogs, held.call_ids), (0, 0, 0));
        self.wire.end(self.standard);
        ladder
    }

    /// The flow is over: nothing was left unsaid, everything is given back, every circuit idle.
    pub(super) fn over(mut self) -> String {
        self.quiet();
        let ladder = self.ladder();
        // Late retransmissions of both ends find their transactions for 64*T1.
        self.seconds(70);
        self.quiet();
        if let Some(why) = self.restless() {
            panic!("{why}\n{}", self.ladder());
        }
        self.wire.end(self.standard);
        ladder
    }
}

/// Compares a ladder with the reviewed one.
pub(super) fn reviewed(document: &str, name: &str, ladder: String) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(format!("snapshots/{document}"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, ladder));
    wire::write(&format!("{document}__{name}"));
}
