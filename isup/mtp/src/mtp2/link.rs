//! A signalling link: the blocks of level 2 joined, with timers and the pace of the line.

mod signals;

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::aerm::{self, Aerm};
use super::congestion_control::{self, CongestionControl};
use super::initial_alignment_control::{self, InitialAlignmentControl};
use super::link_state_control::{self, LinkStateControl};
use super::processor_outage::{self, ProcessorOutage};
use super::reception_control::{self, ReceptionControl};
use super::suerm::{self, Suerm};
use super::transmission_control::{self, TransmissionControl};
use super::{
    Counters, ErrorCorrection, FailureReason, Indication, SignalUnit, State, Timer, Timers,
};
use crate::{LineEvent, QUEUE_LIMIT, Standard, TimerEvent};

/// Waiting messages from which a link counts as congested (Q.704 §3.8).
pub const CONGESTION_ONSET: usize = 128;
/// Waiting messages below which it no longer does.
pub const CONGESTION_ABATEMENT: usize = 32;

/// Messages are handed to the line until it has this much to send ...
const LINE_FULL: Duration = Duration::from_millis(20);
/// ... and again when no more than this is left.
const LINE_LOW: Duration = Duration::from_millis(10);

/// A repeated unit is looked at this often for one report of the line: two receptions of an
/// abnormal FISU among three fail the link (Q.703 §5.3), more tell nothing new.
const LARGEST_REPETITION: u32 = 3;

/// What level 3 and management ask of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Power on; sends SIOS from now on.
    PowerOn,
    /// Bring the link into service.
    Start,
    /// Take it out of service.
    Stop,
    /// Align by the emergency procedure.
    Emergency,
    /// Align by the normal procedure.
    EmergencyCeases,
    /// This end cannot take messages.
    LocalProcessorOutage,
    /// It can again.
    LocalProcessorRecovered,
    /// The receive side is congested: make the far end wait.
    Congestion,
    /// It is no longer.
    CongestionCeases,
    /// The processor outage lasts: give up the messages that were sent before it and not
    /// acknowledged. Their traffic goes another way, and they would come late.
    FlushUnacknowledged,
}

/// What a link gives out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// To the line.
    SignalUnit(Bytes),
    /// A message from the far end: SIO and SIF.
    Message(Bytes),
    /// To level 3.
    Indication(Indication),
    /// Link state control changed its state.
    State {
        /// State before.
        from: State,
        /// State now.
        to: State,
    },
    /// The transmission buffer passed [`CONGESTION_ONSET`] (true) or [`CONGESTION_ABATEMENT`].
    Congested(bool),
    /// A timer was started, stopped or ran out. T5 and T7 run with every message and only tell
    /// when they ran out.
    Timer(Timer, TimerEvent),
}

/// What a link that left service had not delivered (Q.704 §5.7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Undelivered {
    /// Number before that of the first unacknowledged message.
    pub acknowledged: u8,
    /// Messages sent but not acknowledged, oldest first.
    pub unacknowledged: VecDeque<Bytes>,
    /// Messages never sent.
    pub waiting: VecDeque<Bytes>,
}

/// A signal between blocks, or from outside to one.
#[derive(Debug)]
enum Signal {
    LinkState(link_state_control::Event),
    InitialAlignment(initial_alignment_control::Event),
    ProcessorOutage(processor_outage::Event),
    Congestion(congestion_control::Event),
    Aerm(aerm::Event),
    Suerm(suerm::Event),
    Transmission(transmission_control::Event),
    Order(reception_control::Order),
    Received(SignalUnit),
}

/// A signalling link.
#[derive(Debug)]
pub struct Link {
    link_state: LinkStateControl,
    initial_alignment: InitialAlignmentControl,
    processor_outage: ProcessorOutage,
    congestion: CongestionControl,
    aerm: Aerm,
    suerm: Suerm,
    transmission: TransmissionControl,
    reception: ReceptionControl,
    durations: Vec<(Timer, Duration)>,
    running: Vec<(Timer, Instant)>,
    /// Signals between the blocks, in the order they were given.
    signals: VecDeque<Signal>,
    outputs: VecDeque<Output>,
    /// FISU or LSSU last received, which a filtering line may go on receiving.
    repeating: Option<SignalUnit>,
    bit_rate: u32,
    /// When the line will have sent what it was given.
    line_free: Option<Instant>,
    congested: bool,
    counters: Counters,
}

impl Link {
    /// A link, powered off.
    pub fn new(
        standard: Standard,
        timers: &Timers,
        bit_rate: u32,
        error_correction: ErrorCorrection,
    ) -> Self {
        let duration = |&timer: &Timer| (timer, timers.get(timer, standard));
        Self {
            link_state: LinkStateControl::default(),
            initial_alignment: InitialAlignmentControl::default(),
            processor_outage: ProcessorOutage::default(),
            congestion: CongestionControl::default(),
            aerm: Aerm::default(),
            suerm: Suerm::default(),
            transmission: TransmissionControl::new(error_correction),
            reception: ReceptionControl::new(error_correction),
            durations: Timer::ALL.iter().map(duration).collect(),
            running: Vec::with_capacity(Timer::ALL.len()),
            signals: VecDeque::new(),
            outputs: VecDeque::new(),
            repeating: None,
            bit_rate,
            line_free: None,
            congested: false,
            counters: Counters::default(),
        }
    }

    /// State of link state control.
    pub const fn state(&self) -> State {
        self.link_state.state
    }

    /// Whether the transmission buffer passed its onset threshold and not yet the other.
    pub const fn congested(&self) -> bool {
        self.congested
    }

    /// What was counted.
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// Timers that run, and until when.
    pub fn timers(&self) -> &[(Timer, Instant)] {
        &self.running
    }

    /// Number of the last message accepted from the far end, BSNT (Q.704 §5.4.2).
    pub const fn last_accepted(&self) -> u8 {
        self.reception.last_accepted()
    }

    /// Messages not acknowledged yet, waiting ones included.
    pub fn backlog(&self) -> usize {
        self.transmission.backlog()
    }

    /// Takes what was not delivered out of the buffers, for retrieval. The link must be out of
    /// service.
    pub fn take_undelivered(&mut self, now: Instant) -> Undelivered {
        let acknowledged = self.transmission.window().acknowledged;
        let (unacknowledged, waiting) = self.transmission.buffers();
        let undelivered = Undelivered {
            acknowledged,
            unacknowledged: if self.transmission.flushing() {
                VecDeque::new()
            } else {
                unacknowledged.clone()
            },
            waiting: waiting.clone(),
        };
        self.signals
            .push_back(Signal::Transmission(transmission_control::Event::Flush));
        self.run(now);
        undelivered
    }

    /// Takes the messages never sent out of the transmission buffer, for a time-controlled
    /// changeover (Q.704 §5.6.2).
    pub fn take_waiting(&mut self, now: Instant) -> VecDeque<Bytes> {
        let waiting = self.transmission.buffers().1.clone();
        self.signals.push_back(Signal::Transmission(
            transmission_control::Event::FlushWaiting,
        ));
        self.run(now);
        waiting
    }

    /// A request of level 3 or management.
    pub fn request(&mut self, now: Instant, request: Request) {
        use link_state_control::Event as E;
        let signal = match request {
            Request::PowerOn => Signal::LinkState(E::PowerOn),
            Request::Start => Signal::LinkState(E::Start),
            Request::Stop => Signal::LinkState(E::Stop),
            Request::Emergency => Signal::LinkState(E::Emergency),
            Request::EmergencyCeases => Signal::LinkState(E::EmergencyCeases),
            Request::LocalProcessorOutage => Signal::LinkState(E::LocalProcessorOutage),
            Request::LocalProcessorRecovered => Signal::LinkState(E::LocalProcessorRecovered),
            Request::Congestion => Signal::Congestion(congestion_control::Event::Onset),
            Request::CongestionCeases => Signal::Congestion(congestion_control::Event::Abatement),
            Request::FlushUnacknowledged => {
                Signal::Transmission(transmission_control::Event::FlushUnacknowledged)
            }
        };
        self.signals.push_back(signal);
        self.run(now);
    }

    /// Queues a message (SIO and SIF). Says no when [`QUEUE_LIMIT`] messages wait already.
    pub fn send(&mut self, now: Instant, message: Bytes) -> bool {
        if self.transmission.waiting() >= QUEUE_LIMIT {
            self.counters.messages_refused += 1;
            return false;
        }
        let event = transmission_control::Event::Message(message);
        self.signals.push_back(Signal::Transmission(event));
        self.run(now);
        true
    }

    /// A signal unit arrived: BSN to the last octet, FCS checked and removed.
    pub fn handle_signal_unit(&mut self, now: Instant, octets: &[u8]) {
        match SignalUnit::parse(octets) {
            Some(unit) => {
                self.correct(1);
                self.repeating = (!matches!(unit, SignalUnit::Msu(..))).then(|| unit.clone());
                self.signals.push_back(Signal::Received(unit));
            }
            None => {
                self.counters.signal_units_malformed += 1;
                self.errored(1);
            }
        }
        self.run(now);
    }

    /// The line tells something.
    pub fn handle_line(&mut self, now: Instant, event: LineEvent) {
        match event {
            LineEvent::InService => {}
            LineEvent::OutOfService => {
                let failure = FailureReason::LineOutOfService;
                if self.state() != State::OutOfService {
                    self.link_failure(failure);
                }
            }
            LineEvent::Good(count) => {
                self.correct(count);
                if let Some(unit) = &self.repeating {
                    for _ in 0..count.min(LARGEST_REPETITION) {
                        self.signals.push_back(Signal::Received(unit.clone()));
                    }
                }
            }
            LineEvent::Errored(count) | LineEvent::OctetCounting(count) => self.errored(count),
        }
        self.run(now);
    }

    fn correct(&mut self, count: u32) {
        if count > 0 {
            self.counters.signal_units_good += u64::from(count);
            self.signals
                .push_back(Signal::Suerm(suerm::Event::Correct(count)));
            let event = initial_alignment_control::Event::CorrectSu;
            self.signals.push_back(Signal::InitialAlignment(event));
        }
    }

    fn errored(&mut self, count: u32) {
        if count > 0 {
            self.counters.signal_units_errored += u64::from(count);
            self.signals
                .push_back(Signal::Suerm(suerm::Event::Errored(count)));
            self.signals
                .push_back(Signal::Aerm(aerm::Event::Errored(count)));
        }
    }

    fn link_failure(&mut self, reason: FailureReason) {
        let event = link_state_control::Event::LinkFailure(reason);
        self.signals.push_back(Signal::LinkState(event));
    }

    /// The next thing to do.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`] at the latest.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let line = self
            .line_free
            .filter(|_| self.state() != State::PowerOff && self.transmission.wants_line())
            .and_then(|free| free.checked_sub(LINE_LOW));
        self.running
            .iter()
            .map(|&(_, until)| until)
            .chain(line)
            .min()
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(index) = self.due(now) {
            let (timer, _) = self.running.swap_remove(index);
            self.outputs
                .push_back(Output::Timer(timer, TimerEvent::Expired));
            self.signals.push_back(match timer {
                Timer::T1 => Signal::LinkState(link_state_control::Event::T1Expired),
                Timer::T2 => Signal::InitialAlignment(initial_alignment_control::Event::T2Expired),
                Timer::T3 => Signal::InitialAlignment(initial_alignment_control::Event::T3Expired),
                Timer::T4n | Timer::T4e => {
                    Signal::InitialAlignment(initial_alignment_control::Event::T4Expired)
                }
                Timer::T5 => Signal::Congestion(congestion_control::Event::T5Expired),
                Timer::T6 => Signal::Transmission(transmission_control::Event::T6Expired),
                Timer::T7 => Signal::Transmission(transmission_control::Event::T7Expired),
            });
            self.run(now);
        }
        self.run(now);
    }

    /// The timer that ran out first.
    fn due(&self, now: Instant) -> Option<usize> {
        let first = self
            .running
            .iter()
            .enumerate()
            .min_by_key(|(_, (timer, until))| (until, timer));
        first
            .filter(|(_, (_, until))| *until <= now)
            .map(|(index, _)| index)
    }

    /// Lets the blocks talk until they have nothing more to say, then feeds the line.
    fn run(&mut self, now: Instant) {
        let from = self.state();
        while let Some(signal) = self.signals.pop_front() {
            self.dispatch(now, signal);
        }
        let to = self.state();
        if from != to {
            self.outputs.push_back(Output::State { from, to });
        }
        self.feed_line(now);
        self.watch_congestion();
    }

    /// Time a signal unit takes on the line with its flag, check bits and, on average, stuffing.
    fn line_time(&self, octets: usize) -> Duration {
        let bits = (octets as u64 + 3) * 8;
        let stuffed = bits + bits / 62;
        Duration::from_nanos(stuffed * 1_000_000_000 / u64::from(self.bit_rate.max(1)))
    }

    fn feed_line(&mut self, now: Instant) {
        if self.state() == State::PowerOff {
            return;
        }
        let request = |room| transmission_control::Event::TransmissionRequest { room };
        let ahead = |link: &Self| {
            link.line_free
                .map_or(Duration::ZERO, |free| free.saturating_duration_since(now))
        };
        if ahead(self) <= LINE_LOW {
            while ahead(self) < LINE_FULL && self.transmit(now, request(true)) {}
        }
        // The last unit of a burst must be one that the line may repeat.
        self.transmit(now, request(false));
    }

    fn watch_congestion(&mut self) {
        let waiting = self.transmission.waiting();
        let congested = if self.congested {
            waiting >= CONGESTION_ABATEMENT
        } else {
            waiting >= CONGESTION_ONSET
        };
        if congested != self.congested {
            self.congested = congested;
            self.outputs.push_back(Output::Congested(congested));
        }
    }

    fn indicate(&mut self, indication: Indication) {
        self.outputs.push_back(Output::Indication(indication));
    }

    fn start(&mut self, now: Instant, timer: Timer) {
        self.running.retain(|&(running, _)| running != timer);
        let duration = self
            .durations
            .iter()
            .find_map(|&(of, duration)| (of == timer).then_some(duration))
            .unwrap_or_default();
        self.running.push((timer, now + duration));
        self.tell(timer, TimerEvent::Started(duration));
    }

    fn stop(&mut self, timer: Timer) {
        let before = self.running.len();
        self.running.retain(|&(running, _)| running != timer);
        if self.running.len() < before {
            self.tell(timer, TimerEvent::Stopped);
        }
    }

    fn tell(&mut self, timer: Timer, event: TimerEvent) {
        if !matches!(timer, Timer::T5 | Timer::T7) {
            self.outputs.push_back(Output::Timer(timer, event));
        }
    }
}
