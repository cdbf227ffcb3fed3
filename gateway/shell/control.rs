//! The control thread: the interworking unit with a clock, its SIP socket, its spans and its
//! files. Every decision is the unit's; here only octets move.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use tdm::SpanId;
use tokio::net::unix::pipe;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

use super::files::Files;
use super::operators::Operators;
use super::sockets::{Arrived, Sockets};
use super::spans::Spans;
use super::thread::{MediaThread, now};
use super::word::{Down, SignalUnit, Up};
use crate::call::CallId;
use crate::iwu::maintenance;
use crate::iwu::{Admin, Input, Iwu, Output, PortPlan, TrunkNews};
use crate::ladder::{Trace, What};
use crate::sip::{PeerNews, Transport};

/// The largest SIP datagram.
pub(super) const LARGEST_DATAGRAM: usize = 65_535;
/// Messages read before connections and operators have their turn again.
const MESSAGES_A_TURN: usize = 64;

/// Sees every output before it is carried out: ladders, progress.
pub type Observer = Box<dyn FnMut(&Output) + Send>;

/// A question to the unit, answered between two inputs.
pub type Question = Box<dyn FnOnce(&Iwu) + Send>;

/// What an operator is told: lines, or why not.
pub type Answer = Result<Vec<String>, maintenance::Refusal>;

/// What others may ask of a running gateway.
pub enum Ask {
    /// An input of whoever runs it.
    Admin(Admin),
    /// A question.
    Question(Question),
    /// A command of an operator, and where its answer goes.
    Operator(maintenance::Command, oneshot::Sender<Answer>),
    /// Stop at once.
    Stop,
}

impl std::fmt::Debug for Ask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Admin(admin) => f.debug_tuple("Admin").field(admin).finish(),
            Self::Question(_) => f.write_str("Question"),
            Self::Operator(command, _) => f.debug_tuple("Operator").field(command).finish(),
            Self::Stop => f.write_str("Stop"),
        }
    }
}

/// A handle to a running gateway.
#[derive(Debug, Clone)]
pub struct Handle(pub(super) UnboundedSender<Ask>);

impl Handle {
    /// Asks something. A gateway that has stopped hears nothing.
    pub fn ask(&self, ask: Ask) {
        let _ = self.0.send(ask);
    }

    /// Puts a question and waits for the answer; none from a gateway that has stopped.
    pub fn question<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Iwu) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, wait) = std::sync::mpsc::sync_channel(1);
        self.ask(Ask::Question(Box::new(move |iwu| {
            let _ = answer.send(question(iwu));
        })));
        wait.recv().ok()
    }
}

/// Everything the control thread owns.
pub(super) struct Control {
    pub(super) iwu: Iwu,
    pub(super) sockets: Sockets,
    pub(super) rtp: std::net::IpAddr,
    pub(super) threads: Vec<MediaThread>,
    /// Which thread has each span.
    pub(super) thread_of: Vec<usize>,
    pub(super) woken: pipe::Receiver,
    pub(super) files: Files,
    pub(super) spans: Spans,
    pub(super) asked: UnboundedReceiver<Ask>,
    /// Where operators come in.
    pub(super) operators: Option<Operators>,
    pub(super) observer: Option<Observer>,
    pub(super) plans: Vec<PortPlan>,
    /// What could not be sent since the last input.
    pub(super) news: Vec<Input>,
    /// One span of the log for each call.
    pub(super) log: BTreeMap<CallId, tracing::Span>,
}

impl Control {
    /// Runs until it is told to stop or is drained.
    pub(super) async fn run(mut self) -> io::Result<()> {
        let mut datagram = vec![0; LARGEST_DATAGRAM];
        let mut going = self.input(Input::Start);
        let _operators = self.operators.take().map(Operators::serve);
        while going {
            let due = self.iwu.poll_timeout().unwrap_or_else(|| now() + IDLE);
            tokio::select! {
                biased;
                ready = self.woken.readable() => {
                    ready?;
                    // How often it was woken does not matter.
                    while matches!(self.woken.try_read(&mut [0; 256]), Ok(256)) {}
                    going = self.hear();
                }
                () = tokio::time::sleep_until(due.into()) => {
                    going = self.input(Input::Timeout);
                }
                asked = self.asked.recv() => match asked {
                    Some(Ask::Admin(admin)) => going = self.input(Input::Admin(admin)),
                    Some(Ask::Question(question)) => question(&self.iwu),
                    Some(Ask::Operator(command, answer)) => {
                        let done = self.operate(command, &mut going);
                        // An operator who went away wants no answer.
                        let _ = answer.send(done);
                    }
                    Some(Ask::Stop) | None => going = false,
                },
                ready = self.sockets.ready() => {
                    // Connections have their turn after datagrams, too.
                    let arrived = match ready? {
                        None => {
                            going = self.read(&mut datagram);
                            self.sockets.more()
                        }
                        arrived => arrived,
                    };
                    going = going && self.take(arrived);
                }
            }
        }
        for (thread, counters) in self.threads.iter().map(MediaThread::counters).enumerate() {
            tracing::info!(thread, ?counters, "stopped");
        }
        Ok(())
    }

    /// Obeys an operator's command.
    fn operate(&mut self, command: maintenance::Command, going: &mut bool) -> Answer {
        use maintenance::Command;
        match command {
            Command::Circuits(which) => self.iwu.explain_circuits(now(), &which),
            Command::Links => Ok(self.iwu.explain_links()),
            Command::Spans => Ok(self.spans.explain()),
            Command::Maintain(action, which) => {
                let circuit = self.iwu.maintainable(action, &which)?;
                tracing::info!(?action, %circuit, "operator");
                *going = self.input(Input::Admin(Admin::Maintain { circuit, action }));
                self.iwu.explain_circuits(now(), &which)
            }
        }
    }

    /// What does not wait for SIP: signal units, because their acknowledgements do not (Q.703
    /// §12.3 fails a link that gives none), the rest of what the spans say, and timers. So they
    /// wait for one SIP message at most, however many have arrived at once.
    fn urgent(&mut self) -> bool {
        self.hear()
            && (self.iwu.poll_timeout().is_none_or(|due| due > now()) || self.input(Input::Timeout))
    }

    /// Reads what the UDP sockets have.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> bool {
        for index in 0..self.sockets.count() {
            for _ in 0..MESSAGES_A_TURN {
                if !self.urgent() {
                    return false;
                }
                match self.sockets.receive(index, buffer) {
                    Some(Ok((flow, octets))) => {
                        if !self.input(Input::Sip(flow, octets)) {
                            return false;
                        }
                    }
                    // A peer's port was closed: an ICMP error of an earlier datagram.
                    Some(Err(error)) => tracing::debug!(%error, "SIP socket"),
                    None => break,
                }
            }
        }
        true
    }

    /// Takes what connections have to say.
    fn take(&mut self, first: Option<Arrived>) -> bool {
        let mut next = first;
        let mut turns = 0;
        while let Some(arrived) = next {
            if !self.urgent() {
                return false;
            }
            let input = match arrived {
                Arrived::Accepted(listener, stream, remote) => {
                    if self.iwu.hears(remote.ip()) {
                        self.sockets.accept(listener, stream, remote);
                    } else {
                        tracing::debug!(from = %remote, "SIP connection of a stranger");
                    }
                    None
                }
                Arrived::Connected(flow, identity) => Some(Input::Connected(flow, identity)),
                Arrived::Resolved(question, answer) => Some(Input::Resolved(question, answer)),
                Arrived::Message(flow, octets) => Some(Input::Sip(flow, octets)),
                Arrived::Closed(flow, number, why) => self
                    .sockets
                    .closed(flow, number)
                    .then_some(Input::Disconnected(flow, why)),
            };
            if let Some(input) = input
                && !self.input(input)
            {
                return false;
            }
            turns += 1;
            if turns == MESSAGES_A_TURN {
                break;
            }
            next = self.sockets.more();
        }
        true
    }

    /// Hears what the spans have to say.
    fn hear(&mut self) -> bool {
        for index in 0..self.threads.len() {
            while let Some(word) = self.threads.get_mut(index).and_then(MediaThread::hear) {
                self.spans.follow(&word);
                if let Up::Packet {
                    at,
                    sent,
                    port,
                    flow,
                    peer,
                    octets,
                } = &word
                    && let Some(plan) = self.plans.iter().find(|plan| plan.holds(*port))
                {
                    let local = SocketAddr::new(self.rtp, plan.udp_of(*port, *flow));
                    let (from, to) = if *sent {
                        (local, *peer)
                    } else {
                        (*peer, local)
                    };
                    self.files.packet(*at, from, to, octets);
                }
                if let Some(input) = word.into_input()
                    && !self.input(input)
                {
                    return false;
                }
            }
        }
        true
    }

    /// Gives the unit one input and carries out what it asks for. False when it is drained.
    fn input(&mut self, input: Input) -> bool {
        let at = now();
        self.files.input(at, &input);
        self.iwu.handle_input(at, input);
        let mut going = self.carry_out();
        // What could not be sent is told only now: outputs are drained before the next input.
        while let Some(news) = self.news.pop() {
            going &= self.input(news);
        }
        going
    }

    fn carry_out(&mut self) -> bool {
        let at = now();
        let mut going = true;
        while let Some(output) = self.iwu.poll_output() {
            self.files.output(at, &output);
            if let Some(observer) = &mut self.observer {
                observer(&output);
            }
            going &= self.act(output);
        }
        going
    }

    fn act(&mut self, output: Output) -> bool {
        match output {
            Output::Connect(flow) => {
                let trunk = self.iwu.trunk_at(flow.hop());
                self.sockets.connect(flow, trunk);
            }
            Output::Resolve(question) => self.sockets.resolve(question),
            Output::Trunk(TrunkNews { trunk, news }) => match &news {
                PeerNews::Unavailable { .. } | PeerNews::NotRegistered { .. } => {
                    tracing::warn!(trunk, "{news}");
                }
                _ => tracing::info!(trunk, "{news}"),
            },
            Output::Sip(flow, octets) => match self.sockets.send(flow, &octets) {
                Ok(()) => {}
                // A full socket buffer loses the datagram, as the network may: SIP retransmits.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    tracing::warn!(to = %flow.remote, "SIP datagram lost: the socket is full");
                }
                Err(error) => {
                    tracing::warn!(to = %flow.hop(), %error, "SIP message not sent");
                    self.news.push(match flow.transport {
                        Transport::Udp => Input::Unreachable(flow.remote),
                        _ => Input::Disconnected(flow, error.to_string()),
                    });
                }
            },
            Output::SignalUnit(link, octets) => {
                let place = self.iwu.place_of_link(link);
                if let (Some(place), Some(unit)) = (place, SignalUnit::new(&octets)) {
                    self.tell(place.span, Down::SignalUnit(link, unit));
                }
            }
            Output::Media(span, command) => self.tell(span, Down::Media(command)),
            Output::Record(record) => {
                self.files.record(&record);
                let _entered = self
                    .log
                    .remove(&record.call)
                    .unwrap_or_else(|| span(record.call))
                    .entered();
                tracing::info!(
                    from = record.from_trunk,
                    to = record.to_trunk.as_deref(),
                    cic = record.cic,
                    seconds = record.seconds,
                    status = record.sip_status,
                    cause = record.cause,
                    "over"
                );
            }
            Output::Trace(Trace {
                call: Some(call),
                what,
                ..
            }) => {
                self.log
                    .entry(call)
                    .or_insert_with(|| span(call))
                    .in_scope(|| {
                        tracing::debug!("{what}");
                    });
            }
            Output::Trace(Trace {
                what: What::Service(text),
                ..
            }) => tracing::info!("{text}"),
            Output::Trace(Trace { what, .. }) => tracing::debug!("{what}"),
            Output::Drained => return false,
        }
        true
    }

    fn tell(&mut self, span: SpanId, word: Down) {
        let thread = self.thread_of.get(usize::from(span.0)).copied();
        if let Some(thread) = thread.and_then(|thread| self.threads.get_mut(thread)) {
            thread.tell(word);
        }
    }
}

/// The log's span of a call.
fn span(call: CallId) -> tracing::Span {
    tracing::info_span!("call", id = call.0)
}

/// How long to sleep when no timer runs.
const IDLE: std::time::Duration = std::time::Duration::from_secs(3600);
