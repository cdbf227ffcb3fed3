//! The exchange at the far end of the cable: MTP and ISUP on a signalling timeslot, subscribers
//! by number, and their voices on the speech timeslots.
//!
//! The line drives it: [`Exchange::tick`] takes one tick of a span and gives the one to send.
//! What it saw is in [`Exchange::events`].

mod configure;
mod continuity;
mod event;
mod incoming;
mod modem;
mod number;
mod outgoing;
mod signalling;
#[cfg(test)]
mod tests;
mod view;
mod voice;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use isup::circuit::{Indication, Request};
use isup::node::Node;
use isup::{Cause, Cic, CircuitId, Location, Message, MessageType};
use media_bridge::continuity::{Continuity, Mode};
use media_bridge::dtmf::Digit;
use media_bridge::level::Dbm0;
use media_bridge::tone::{Plan, ToneProgram};
use mtp::{LinkId, Mtp};
use tdm::signalling::SignallingTimeslot;
use tdm::{AlarmSet, Law, SpanEvent, SpanId, SpanIo, SpanTick, Timeslot};

use crate::audio::Play;
use crate::config::{Behaviour, CheckRate, Return, Subscriber};

pub use configure::{ExchangeConfig, ExchangeError, LinkTimeslot, TrunkConfig};
pub use event::{CallEvent, ExchangeEvent, ExchangeEventKind, Party};
pub use voice::{ANNOUNCEMENT, MILLIWATT};

use modem::ModemLine;
use voice::Voice;

/// What an exchange was asked and cannot do.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// No circuit is idle, in service and reachable, or none may be taken.
    #[error(transparent)]
    NoCircuit(#[from] isup::node::NoCircuit),
    /// The circuit is not configured or carries no call.
    #[error("circuit {0} carries no call")]
    NoCall(CircuitId),
    /// A number without digits.
    #[error("`{0}` is not a number: digits, with + before a country code")]
    Number(String),
    /// ISUP refuses.
    #[error(transparent)]
    Isup(#[from] isup::node::RequestError),
}

/// A signalling link's end on a timeslot.
#[derive(Debug)]
struct Link {
    id: LinkId,
    span: SpanId,
    line: SignallingTimeslot,
    /// Signal units for the next tick.
    queue: VecDeque<Bytes>,
}

/// A circuit, its place on the line, and what it does now.
#[derive(Debug)]
struct Trunk {
    cic: Cic,
    timeslot: Timeslot,
    law: Law,
    continuity_check: CheckRate,
    continuity_return: Return,
    /// Calls that went out on it.
    outgoing: u64,
    call: Option<Call>,
    voice: Option<Voice>,
    /// A continuity check has the timeslot.
    check: Option<Continuity>,
}

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Incoming: digits are awaited. Outgoing: IAM sent, nothing came back.
    Setup,
    /// ACM sent or received.
    Alerting,
    /// ANM or CON sent or received.
    Answered,
    /// Over; the circuit is not idle yet.
    Over,
}

/// A call on a circuit.
#[derive(Debug, Clone)]
struct Call {
    /// Tells it from later calls on the circuit.
    serial: u64,
    incoming: bool,
    phase: Phase,
    called: String,
    calling: String,
    behaviour: Option<Behaviour>,
    /// The called party number, with the digits of SAMs as they come.
    number: Option<isup::CalledPartyNumber>,
    iam: Message,
    repeated: bool,
    hang_up_after: Option<Duration>,
    /// DTMF heard from the line.
    collected: String,
}

/// What a call does when its time comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Answer,
    Release(u8),
    /// No more digits came: address incomplete (Q.764 clause 2.2.5, T35).
    Incomplete,
}

/// The exchange at the far end.
#[derive(Debug)]
pub struct Exchange {
    country_code: String,
    sending_finished: bool,
    mtp: Mtp,
    node: Node,
    /// The far ends of the circuits, until the start.
    destinations: Vec<mtp::PointCode>,
    links: Vec<Link>,
    trunks: BTreeMap<CircuitId, Trunk>,
    /// The circuits of each span: a tick of one looks at no other's.
    on_span: BTreeMap<SpanId, Vec<CircuitId>>,
    subscribers: Vec<Subscriber>,
    ringback: Arc<ToneProgram>,
    milliwatt: Arc<ToneProgram>,
    announcement: Arc<ToneProgram>,
    alarms: BTreeMap<SpanId, AlarmSet>,
    modems: Vec<ModemLine>,
    /// When the modems are to be served next.
    modems_at: Option<Instant>,
    steps: BTreeMap<(Instant, u64), (CircuitId, u64, Step)>,
    serial: u64,
    events: VecDeque<ExchangeEvent>,
}

impl Exchange {
    /// An exchange at rest. Call [`Self::start`] next.
    ///
    /// # Errors
    /// When the parts of the configuration do not fit each other.
    pub fn new(config: ExchangeConfig) -> Result<Self, ExchangeError> {
        configure::build(config)
    }

    /// Brings the links into service and resets the circuits.
    pub fn start(&mut self, now: Instant) {
        self.mtp.start(now);
        let links: Vec<_> = self.links.iter().map(|link| link.id).collect();
        for link in links {
            self.pump(now);
            self.mtp.handle_line(now, link, mtp::LineEvent::InService);
        }
        self.pump(now);
        // Nobody can be reached before the MTP says so: the resets wait for MTP-RESUME.
        for destination in std::mem::take(&mut self.destinations) {
            self.node
                .handle_status(now, mtp::Status::Pause(destination));
        }
        self.node.start(now);
        self.pump(now);
    }

    /// One tick of a span whose octets are all there is: `rx` arrived, `tx` is to be sent. Does what
    /// is due, too.
    pub fn tick(&mut self, now: Instant, span: SpanId, rx: &SpanTick, tx: &mut SpanTick) {
        self.receive_octets(now, span, rx);
        self.handle_timeout(now);
        self.tick_circuits(now, span, rx, tx);
        for link in self.links.iter_mut().filter(|link| link.span == span) {
            link.transmit_octets(tx);
        }
    }

    /// As [`Self::tick`], for a line that may frame signal units itself.
    ///
    /// # Errors
    /// The device of the line is gone or refuses.
    pub fn tick_line(
        &mut self,
        now: Instant,
        line: &mut dyn SpanIo,
        rx: &SpanTick,
        tx: &mut SpanTick,
    ) -> io::Result<()> {
        let span = line.id();
        self.receive_from(now, line, rx)?;
        self.handle_timeout(now);
        self.tick_circuits(now, span, rx, tx);
        for link in self.links.iter_mut().filter(|link| link.span == span) {
            link.transmit(line, tx)?;
        }
        Ok(())
    }

    fn tick_circuits(&mut self, now: Instant, span: SpanId, rx: &SpanTick, tx: &mut SpanTick) {
        tx.fill(Law::ALaw.idle());
        for circuit in self.on_span.get(&span).into_iter().flatten() {
            let Some(trunk) = self.trunks.get_mut(circuit) else {
                continue;
            };
            let sent = tx.timeslot_mut(trunk.timeslot);
            match &mut trunk.voice {
                // A caller neither hears nor speaks while the circuit is being checked.
                Some(voice) if trunk.check.is_none() => {
                    voice.tick(rx.timeslot(trunk.timeslot), sent);
                    let (cic, call) = (trunk.cic, trunk.call.as_mut());
                    let collected = call.map(|call| &mut call.collected);
                    voice.report(now, *circuit, cic, collected, &mut self.events);
                }
                _ => {
                    sent.fill(trunk.law.idle());
                    let mut modems = self.modems.iter_mut();
                    if let Some(line) = modems.find(|line| line.is_on(*circuit)) {
                        line.tick(rx.timeslot(trunk.timeslot), sent);
                    }
                }
            }
        }
        self.tick_checks(now, span, rx, tx);
    }

    /// An alarm or a slip of a span.
    pub fn handle_span_event(&mut self, now: Instant, span: SpanId, event: SpanEvent) {
        self.log(now, None, ExchangeEventKind::Span(span, event));
        let alarms = self.alarms.entry(span).or_default();
        let failed = |alarms: &AlarmSet| alarms.iter().any(tdm::Alarm::is_receive_failure);
        let before = failed(alarms);
        alarms.follow(event);
        let now_failed = failed(alarms);
        if before == now_failed {
            return;
        }
        let line = match now_failed {
            true => mtp::LineEvent::OutOfService,
            false => mtp::LineEvent::InService,
        };
        let links: Vec<_> = self.links.iter().filter(|link| link.span == span).collect();
        for link in links.into_iter().map(|link| link.id).collect::<Vec<_>>() {
            self.mtp.handle_line(now, link, line);
            self.pump(now);
        }
        let circuits = self.on_span.get(&span).map_or(&[][..], Vec::as_slice);
        self.node.handle_alarm(now, circuits, now_failed);
        self.pump(now);
    }

    /// Does what is due. [`Self::tick`] does it each 10 ms.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.mtp.handle_timeout(now);
        self.pump(now);
        self.node.handle_timeout(now);
        self.pump(now);
        while let Some(entry) = self.steps.first_entry() {
            if entry.key().0 > now {
                break;
            }
            let (circuit, serial, step) = entry.remove();
            if self.call(circuit).is_some_and(|call| call.serial == serial) {
                self.step(now, circuit, step);
                self.pump(now);
            }
        }
        self.serve_modems(now);
    }

    /// When [`Self::handle_timeout`] is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let step = self.steps.keys().next().map(|(at, _)| *at);
        let timeouts = [
            self.mtp.poll_timeout(),
            self.node.poll_timeout(),
            step,
            self.modems_at,
        ];
        timeouts.into_iter().flatten().min()
    }

    /// All that was seen since the start or since [`Self::take_events`], in order.
    pub fn events(&self) -> impl Iterator<Item = &ExchangeEvent> {
        self.events.iter()
    }

    /// Takes the next thing seen away.
    pub fn poll_event(&mut self) -> Option<ExchangeEvent> {
        self.events.pop_front()
    }

    /// Takes all that was seen away.
    pub fn take_events(&mut self) -> Vec<ExchangeEvent> {
        self.events.drain(..).collect()
    }

    /// Sends DTMF on the timeslot of a call, 100 ms each; an echo goes on under it.
    ///
    /// # Errors
    /// When there is no call on the circuit.
    pub fn dial(&mut self, circuit: CircuitId, digits: &[Digit]) -> Result<(), RequestError> {
        let voice = self.voice(circuit)?;
        for digit in digits {
            voice.dial(*digit);
        }
        Ok(())
    }

    /// Plays something on the timeslot of a call instead of what it plays now.
    ///
    /// # Errors
    /// When there is no call on the circuit.
    pub fn play(&mut self, circuit: CircuitId, play: Play) -> Result<(), RequestError> {
        self.voice(circuit)?.play(play);
        Ok(())
    }

    fn voice(&mut self, circuit: CircuitId) -> Result<&mut Voice, RequestError> {
        let trunk = self.trunks.get_mut(&circuit);
        trunk
            .and_then(|trunk| trunk.voice.as_mut())
            .ok_or(RequestError::NoCall(circuit))
    }

    /// Sends a message of the call: USR, CPG, FAC, SUS, RES ...
    ///
    /// # Errors
    /// When the state of the circuit has no place for it.
    pub fn send(
        &mut self,
        now: Instant,
        circuit: CircuitId,
        message: Message,
    ) -> Result<(), RequestError> {
        self.node.request(now, circuit, Request::Send(message))?;
        self.pump(now);
        Ok(())
    }

    /// Hangs up with this cause (Q.850).
    ///
    /// # Errors
    /// When there is no call on the circuit.
    pub fn release(
        &mut self,
        now: Instant,
        circuit: CircuitId,
        cause: u8,
    ) -> Result<(), RequestError> {
        if self
            .call(circuit)
            .is_none_or(|call| call.phase == Phase::Over)
        {
            return Err(RequestError::NoCall(circuit));
        }
        self.clear(now, circuit, cause)?;
        self.pump(now);
        Ok(())
    }

    /// Asks maintenance of a circuit: block, unblock, reset.
    ///
    /// # Errors
    /// When the state of the circuit has no place for it.
    pub fn maintain(
        &mut self,
        now: Instant,
        circuit: CircuitId,
        request: Request,
    ) -> Result<(), RequestError> {
        self.node.request(now, circuit, request)?;
        self.pump(now);
        Ok(())
    }

    fn call(&self, circuit: CircuitId) -> Option<&Call> {
        self.trunks.get(&circuit)?.call.as_ref()
    }

    fn call_mut(&mut self, circuit: CircuitId) -> Option<&mut Call> {
        self.trunks.get_mut(&circuit)?.call.as_mut()
    }

    fn log(&mut self, at: Instant, circuit: Option<CircuitId>, kind: ExchangeEventKind) {
        let cic = circuit.and_then(|circuit| Some(self.trunks.get(&circuit)?.cic));
        self.events.push_back(ExchangeEvent {
            at,
            circuit,
            cic,
            kind,
        });
    }

    fn log_call(&mut self, at: Instant, circuit: CircuitId, event: CallEvent) {
        self.log(at, Some(circuit), ExchangeEventKind::Call(event));
    }

    fn schedule(&mut self, at: Instant, circuit: CircuitId, step: Step) {
        let Some(call) = self.call(circuit).map(|call| call.serial) else {
            return;
        };
        self.serial += 1;
        self.steps.insert((at, self.serial), (circuit, call, step));
    }

    fn step(&mut self, now: Instant, circuit: CircuitId, step: Step) {
        let Some(phase) = self.call(circuit).map(|call| call.phase) else {
            return;
        };
        match step {
            Step::Answer if phase == Phase::Alerting => self.answer(now, circuit),
            Step::Release(cause) if phase != Phase::Over => self.hang_up(now, circuit, cause),
            Step::Incomplete if phase == Phase::Setup => {
                self.hang_up(now, circuit, ADDRESS_INCOMPLETE);
            }
            _ => {}
        }
    }

    /// REL from this end, where nobody can be told of an error.
    fn hang_up(&mut self, now: Instant, circuit: CircuitId, cause: u8) {
        if let Err(error) = self.clear(now, circuit, cause) {
            self.log(
                now,
                Some(circuit),
                ExchangeEventKind::Alert(error.to_string()),
            );
        }
    }

    fn clear(&mut self, now: Instant, circuit: CircuitId, cause: u8) -> Result<(), RequestError> {
        let location = match self.call(circuit).map(|call| call.incoming) {
            Some(true) => Location::PublicNetworkRemoteUser,
            _ => Location::PublicNetworkLocalUser,
        };
        let rel = Message::new(MessageType::Rel).with(Cause::new(cause, location));
        self.node.request(now, circuit, Request::Release(rel))?;
        let event = CallEvent::Released {
            cause: Some(cause),
            by: Party::Here,
        };
        self.end(now, circuit, event);
        Ok(())
    }

    /// The call is over; its circuit will become idle by itself.
    fn end(&mut self, now: Instant, circuit: CircuitId, event: CallEvent) {
        self.disconnect_modem(circuit, &event);
        self.log_call(now, circuit, event);
        if let Some(trunk) = self.trunks.get_mut(&circuit) {
            trunk.voice = None;
            if let Some(call) = &mut trunk.call {
                call.phase = Phase::Over;
            }
        }
    }

    /// What ISUP tells of a circuit.
    fn indicated(&mut self, now: Instant, circuit: CircuitId, indication: Indication) {
        match indication {
            Indication::Setup(iam) => self.incoming(now, circuit, iam),
            Indication::Received(message) => self.received(now, circuit, &message),
            Indication::Released(rel) => {
                let cause = rel.find::<Cause>().map(|cause| cause.value);
                let by = Party::FarEnd;
                self.end(now, circuit, CallEvent::Released { cause, by });
            }
            Indication::Failed { cause, reason } => {
                let (cause, reason) = (cause.value, format!("{reason:?}"));
                self.end(now, circuit, CallEvent::Failed { cause, reason });
            }
            Indication::Repeat { reason } => self.repeat(now, circuit, &format!("{reason:?}")),
            Indication::Idle => {
                if let Some(trunk) = self.trunks.get_mut(&circuit) {
                    (trunk.call, trunk.voice) = (None, None);
                }
                self.log_call(now, circuit, CallEvent::Idle);
            }
            Indication::State(status) => {
                self.log(now, Some(circuit), ExchangeEventKind::Circuit(status));
            }
            Indication::Check(on) => self.check(now, circuit, on.then_some(Mode::Check)),
            Indication::Loop(on) => self.check(now, circuit, on.then_some(Mode::Answer)),
        }
    }

    /// A message of the call, other than those that begin and end it.
    fn received(&mut self, now: Instant, circuit: CircuitId, message: &Message) {
        let Some((incoming, phase)) = self.call(circuit).map(|call| (call.incoming, call.phase))
        else {
            return;
        };
        match message.message_type() {
            MessageType::Sam if incoming => self.more_digits(now, circuit, message),
            MessageType::Acm if !incoming && phase == Phase::Setup => self.alerted(now, circuit),
            MessageType::Anm | MessageType::Con if !incoming => self.answered(now, circuit),
            _ => {}
        }
    }
}

/// Address incomplete (Q.850).
const ADDRESS_INCOMPLETE: u8 = 28;
/// Level of the tones that the exchange plays for measurement.
const TEST_LEVEL: Dbm0 = Dbm0(-16.0);

/// The tones of a country that comes with the program.
///
/// # Errors
/// When there is no such country.
fn plan_of(country: &str) -> Result<Plan, ExchangeError> {
    Plan::builtin(country).ok_or_else(|| ExchangeError::Country {
        found: country.to_owned(),
        expected: Plan::countries().collect::<Vec<_>>().join(", "),
    })
}
