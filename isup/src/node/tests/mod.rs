//! Two exchanges against each other in virtual time.

mod alarms;
mod annex_a;
mod blocking;
mod calls;
mod congestion;
mod continuity;
mod copies;
mod garbage;
mod phases;
mod q784;
mod query;
mod reset;
mod segmentation;
mod seizure;
mod simulation;
mod unreasonable;

use std::{
    collections::{BTreeSet, VecDeque},
    time::{Duration, Instant},
};

use bytes::Bytes;
use mtp::{PointCode, Sls, Status, Transfer};

use super::*;
use crate::{
    Cause, ContinuityIndicators, Location, Message, ParameterCode, SuspendResumeIndicators,
    circuit::{Indication, Timer},
};

const A: PointCode = PointCode::itu(4178);
const B: PointCode = PointCode::itu(4179);
/// From one exchange to the other.
const DELAY: Duration = Duration::from_millis(10);
/// Until a check tone is heard long enough, coming back.
const ROUND_TRIP: Duration = Duration::from_millis(150);

/// The one moment that tests count from.
#[expect(
    clippy::disallowed_methods,
    reason = "tests need one moment to count from"
)]
fn epoch() -> Instant {
    Instant::now()
}

/// Which of the two exchanges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    A,
    B,
}

impl End {
    const BOTH: [Self; 2] = [Self::A, Self::B];

    fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Two nodes, the way between them, and what was seen.
struct World {
    a: Node,
    b: Node,
    now: Instant,
    /// What is on its way: arrival, receiver, message. In the order of arrival.
    under_way: VecDeque<(Instant, End, Transfer)>,
    /// What went on the line since it was last asked, "A IAM 1".
    wire: Vec<String>,
    /// What call control was told.
    told: Vec<(End, CircuitId, Indication)>,
    alerts: Vec<(End, Alert)>,
    timers: Vec<(End, CircuitId, Timer, TimerEvent)>,
    /// Loops for check tones, by end and circuit.
    loops: BTreeSet<(bool, CircuitId)>,
    /// Check tones on their way: when they would be back, for whom. In this order.
    tones: VecDeque<(Instant, End, CircuitId)>,
    /// Tones get through, and the end that sent one says so; otherwise nobody says anything.
    sound: bool,
    /// Messages sent by this end are lost.
    deaf: [bool; 2],
    /// Everything that happened, for ladders.
    ladder: Vec<(Instant, End, String)>,
    /// What crossed the line, for captures.
    crossed: Vec<(Instant, Transfer)>,
}

fn config(opc: PointCode, dpc: PointCode, cics: impl Iterator<Item = u16>) -> NodeConfig {
    let circuits = cics
        .map(|cic| (CircuitId(u32::from(cic)), Cic(cic)))
        .collect();
    NodeConfig {
        variant: Variant::Itu,
        opc,
        groups: vec![GroupConfig::new(dpc, circuits)],
    }
}

impl World {
    /// Circuits 1 to 31 without 16, reset at both ends.
    fn new() -> Self {
        let mut world = Self::unstarted();
        for end in End::BOTH {
            let now = world.now;
            world.node(end).start(now);
        }
        world.settle();
        world.forget();
        world
    }

    fn unstarted() -> Self {
        let cics = || (1..32).filter(|&cic| cic != 16);
        Self::of(config(A, B, cics()), config(B, A, cics()))
    }

    fn of(a: NodeConfig, b: NodeConfig) -> Self {
        Self {
            a: Node::new(a).unwrap(),
            b: Node::new(b).unwrap(),
            now: epoch(),
            under_way: VecDeque::new(),
            wire: Vec::new(),
            told: Vec::new(),
            alerts: Vec::new(),
            timers: Vec::new(),
            loops: BTreeSet::new(),
            tones: VecDeque::new(),
            sound: true,
            deaf: [false; 2],
            ladder: Vec::new(),
            crossed: Vec::new(),
        }
    }

    fn node(&mut self, end: End) -> &mut Node {
        match end {
            End::A => &mut self.a,
            End::B => &mut self.b,
        }
    }

    fn view(&self, end: End, circuit: u32) -> CircuitView {
        let node = match end {
            End::A => &self.a,
            End::B => &self.b,
        };
        node.circuit(CircuitId(circuit)).unwrap()
    }

    fn state(&self, end: End, circuit: u32) -> &'static str {
        self.view(end, circuit).state
    }

    /// Asks, and puts what goes out on its way.
    fn request(&mut self, end: End, circuit: u32, request: Request) {
        let now = self.now;
        self.node(end)
            .request(now, CircuitId(circuit), request)
            .unwrap();
        self.drain();
    }

    fn send(&mut self, end: End, circuit: u32, kind: MessageType) {
        self.request(end, circuit, Request::Send(message(kind)));
        self.settle();
    }

    /// A message that this end's node did not make arrives at the other end.
    fn inject(&mut self, from: End, cic: u16, message: &Message) {
        let (opc, dpc) = match from {
            End::A => (self.a.opc, self.b.opc),
            End::B => (self.b.opc, self.a.opc),
        };
        let sif = message.encode_sif(Cic(cic)).into();
        let transfer = Transfer {
            si: SERVICE_INDICATOR,
            opc,
            dpc,
            sls: Sls(0),
            sif,
        };
        let now = self.now;
        let text = format!("> {} (of the tester)", in_words(Cic(cic), message));
        self.ladder.push((now, from, text));
        self.node(from.other()).handle_transfer(now, &transfer);
        self.crossed.push((now, transfer));
        self.drain();
        self.settle();
    }

    fn status(&mut self, end: End, status: Status) {
        let now = self.now;
        self.node(end).handle_status(now, status);
        self.drain();
        self.settle();
    }

    fn drain(&mut self) {
        for end in End::BOTH {
            while let Some(output) = self.node(end).poll_output() {
                match output {
                    Output::Transfer(transfer) => {
                        let (cic, message) = Message::decode_sif(&transfer.sif).unwrap();
                        assert_eq!(u16::from(transfer.sls.0), cic.0 & 0xF);
                        self.wire
                            .push(format!("{end:?} {} {cic}", message.message_type()));
                        let lost = match self.deaf[end as usize] {
                            true => " (lost)",
                            false => "",
                        };
                        let text = format!("> {}{lost}", in_words(cic, &message));
                        self.ladder.push((self.now, end, text));
                        self.crossed.push((self.now, transfer.clone()));
                        if !self.deaf[end as usize] {
                            self.under_way
                                .push_back((self.now + DELAY, end.other(), transfer));
                        }
                    }
                    Output::Indication(circuit, indication) => {
                        match indication {
                            Indication::Loop(true) => {
                                self.loops.insert((end == End::A, circuit));
                            }
                            Indication::Loop(false) => {
                                self.loops.remove(&(end == End::A, circuit));
                            }
                            Indication::Check(true) => {
                                self.tones.push_back((self.now + ROUND_TRIP, end, circuit));
                            }
                            Indication::Check(false) => {
                                self.tones.retain(|&(_, at, of)| (at, of) != (end, circuit));
                            }
                            _ => {}
                        }
                        if let Some(text) = named(circuit, &indication) {
                            self.ladder.push((self.now, end, text));
                        }
                        self.told.push((end, circuit, indication));
                    }
                    Output::Timer(circuit, timer, event) => {
                        if event == TimerEvent::Expired {
                            let text = format!("{timer} expired");
                            self.ladder.push((self.now, end, text));
                        }
                        self.timers.push((end, circuit, timer, event));
                    }
                    Output::Alert(alert) => {
                        let text = format!("maintenance: {alert}");
                        self.ladder.push((self.now, end, text));
                        self.alerts.push((end, alert));
                    }
                }
            }
        }
    }

    /// Goes to the next thing that happens, not beyond `until`; false when nothing does.
    fn step(&mut self, until: Instant) -> bool {
        let arrival = self.under_way.front().map(|&(at, ..)| at);
        let tone = self.tones.front().map(|&(at, ..)| at);
        let timeouts = End::BOTH.map(|end| self.node(end).poll_timeout());
        let next = timeouts.into_iter().flatten().chain(arrival).chain(tone);
        let next = next.min();
        let Some(next) = next.filter(|&next| next <= until) else {
            self.now = until;
            return false;
        };
        self.now = self.now.max(next);
        let now = self.now;
        if arrival == Some(next) {
            if let Some((_, end, transfer)) = self.under_way.pop_front() {
                self.node(end).handle_transfer(now, &transfer);
            }
        } else if tone == Some(next) {
            if let Some((_, end, circuit)) = self.tones.pop_front()
                && self.sound
                && self.loops.contains(&(end == End::B, circuit))
            {
                let checked = Request::Checked(true);
                self.node(end).request(now, circuit, checked).unwrap();
            }
        } else {
            for end in End::BOTH {
                self.node(end).handle_timeout(now);
            }
        }
        self.drain();
        true
    }

    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        while self.step(until) {}
    }

    /// Long enough for messages to cross a few times, too short for timers.
    fn settle(&mut self) {
        self.drain();
        self.run(Duration::from_millis(200));
    }

    /// What went on the line since the last time.
    fn wire(&mut self) -> Vec<String> {
        core::mem::take(&mut self.wire)
    }

    /// What call control at one end was told since the last time, without changes of state.
    fn told(&mut self, end: End) -> Vec<String> {
        let (of_end, others) = core::mem::take(&mut self.told)
            .into_iter()
            .partition(|(at, ..)| *at == end);
        self.told = others;
        let of_end: Vec<(End, CircuitId, Indication)> = of_end;
        of_end
            .into_iter()
            .filter_map(|(_, circuit, indication)| named(circuit, &indication))
            .collect()
    }

    fn forget(&mut self) {
        self.wire.clear();
        self.told.clear();
        self.alerts.clear();
        self.timers.clear();
    }

    fn all_idle(&self) {
        for end in End::BOTH {
            for circuit in (1..32).filter(|&circuit| circuit != 16) {
                let view = self.view(end, circuit);
                assert_eq!(view.state, "Idle", "{end:?} circuit {circuit}");
                assert!(
                    view.timers.is_empty(),
                    "{end:?} circuit {circuit}: {:?}",
                    view.timers
                );
                assert!(
                    view.status.in_service(),
                    "{end:?} circuit {circuit}: {:?}",
                    view.status
                );
            }
        }
    }
}

/// An indication in short; none for a change of state.
fn named(circuit: CircuitId, indication: &Indication) -> Option<String> {
    Some(match indication {
        Indication::State(_) => return None,
        Indication::Setup(_) => format!("{circuit} Setup"),
        Indication::Received(message) => {
            format!("{circuit} Received {}", message.message_type())
        }
        Indication::Released(rel) => {
            format!("{circuit} Released {}", rel.find::<Cause>().unwrap().value)
        }
        Indication::Failed { cause, reason } => {
            format!("{circuit} Failed {} {reason:?}", cause.value)
        }
        Indication::Repeat { reason } => format!("{circuit} Repeat {reason:?}"),
        other => format!("{circuit} {other:?}"),
    })
}

/// A message with what decides its meaning.
fn in_words(cic: Cic, message: &Message) -> String {
    use crate::{CircuitGroupSupervisionType, RangeAndStatus};
    let mut text = format!("{} {cic}", message.message_type());
    if let Some(cause) = message.find::<Cause>() {
        text += &format!(", cause {}", cause.value);
    }
    if let Some(bits) = message.find::<ContinuityIndicators>() {
        text += match bits.contains(ContinuityIndicators::SUCCESSFUL) {
            true => ", success",
            false => ", failure",
        };
    }
    if let Some(kind) = message.find::<CircuitGroupSupervisionType>() {
        text += &format!(", {}", kind.kind().name());
    }
    if let Some(range) = message.find::<RangeAndStatus>() {
        text += &format!(", range {}", range.range);
    }
    for (code, content) in message
        .parameters()
        .filter(|(code, _)| SHOWN.contains(code))
    {
        // Speech is what goes without saying.
        if (code, content) != (ParameterCode::TRANSMISSION_MEDIUM_REQUIREMENT, &[0]) {
            let octets = content.iter().map(|octet| format!("{octet:02x}"));
            text += &format!(", {code} {}", octets.collect::<String>());
        }
    }
    text
}

/// Parameters that a ladder shows, in hexadecimal.
const SHOWN: [ParameterCode; 6] = [
    ParameterCode::PROPAGATION_DELAY_COUNTER,
    ParameterCode::CALL_HISTORY_INFORMATION,
    ParameterCode::TRANSMISSION_MEDIUM_REQUIREMENT,
    ParameterCode::TRANSMISSION_MEDIUM_REQUIREMENT_PRIME,
    ParameterCode::TRANSMISSION_MEDIUM_USED,
    ParameterCode::ECHO_CONTROL_INFORMATION,
];

/// A message with its mandatory parameters.
fn message(kind: MessageType) -> Message {
    let message = Message::new(kind);
    match kind {
        MessageType::Iam => message
            .with_content(ParameterCode::NATURE_OF_CONNECTION, &[0])
            .with_content(ParameterCode::FORWARD_CALL_INDICATORS, &[0x20, 0])
            .with_content(ParameterCode::CALLING_PARTYS_CATEGORY, &[0x0A])
            .with_content(ParameterCode::TRANSMISSION_MEDIUM_REQUIREMENT, &[0])
            .with_content(
                ParameterCode::CALLED_PARTY_NUMBER,
                &[0x84, 0x10, 0x94, 0x03, 0x55, 0xF5],
            ),
        MessageType::Sam => message.with_content(ParameterCode::SUBSEQUENT_NUMBER, &[0x80, 0x05]),
        MessageType::Acm | MessageType::Con => {
            message.with_content(ParameterCode::BACKWARD_CALL_INDICATORS, &[0x16, 0x04])
        }
        MessageType::Cpg => message.with_content(ParameterCode::EVENT_INFORMATION, &[1]),
        MessageType::Sus | MessageType::Res => {
            message.with(SuspendResumeIndicators::NETWORK_INITIATED)
        }
        MessageType::Usr => message.with_content(ParameterCode::USER_TO_USER_INFORMATION, &[4, 1]),
        MessageType::Inr => {
            message.with_content(ParameterCode::INFORMATION_REQUEST_INDICATORS, &[1, 0])
        }
        MessageType::Inf => message.with_content(ParameterCode::INFORMATION_INDICATORS, &[2, 0]),
        _ => message,
    }
}

/// It says that SGM follows.
fn segmented(kind: MessageType) -> Message {
    let code = match kind {
        MessageType::Iam => ParameterCode::OPTIONAL_FORWARD_CALL_INDICATORS,
        _ => ParameterCode::OPTIONAL_BACKWARD_CALL_INDICATORS,
    };
    message(kind).with_content(code, &[1 << 2])
}

fn iam_with_check(check: u8) -> Message {
    message(MessageType::Iam).with_content(ParameterCode::NATURE_OF_CONNECTION, &[check << 2])
}

fn cot(success: bool) -> Message {
    let bits = ContinuityIndicators::from_bits_retain(success.into());
    Message::new(MessageType::Cot).with(bits)
}

fn rel(cause: u8) -> Message {
    Message::new(MessageType::Rel).with(Cause::new(cause, Location::PublicNetworkRemoteUser))
}

fn setup() -> Request {
    Request::Setup(message(MessageType::Iam))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A call from A to B on this circuit that has been answered.
fn answered(circuit: u32) -> World {
    let mut world = World::new();
    world.request(End::A, circuit, setup());
    world.settle();
    world.send(End::B, circuit, MessageType::Acm);
    world.send(End::B, circuit, MessageType::Anm);
    assert_eq!(world.state(End::A, circuit), "OutgoingAnswered");
    assert_eq!(world.state(End::B, circuit), "IncomingAnswered");
    world.forget();
    world
}
