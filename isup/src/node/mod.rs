//! All circuits of an exchange: routing label, timers, groups, dual seizure, far ends (Q.764).
//!
//! A [`Node`] has the verbs of every aggregate: `request` goes down, `handle_*` brings what came
//! from outside, `poll_timeout` says when to call `handle_timeout`, and outputs are drained with
//! `poll_output` before the next input. It never sees a clock: `now` is an argument.

mod config;
mod congestion;
mod copies;
mod far_end;
mod group;
mod group_received;
mod output;
mod receive;
mod select;
mod send;
#[cfg(test)]
mod tests;
mod timers;
mod unsettled;
mod view;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Instant,
};

use mtp::PointCode;

use crate::{
    Cic, CircuitId, EncodeError, MessageType, Variant,
    circuit::{Action, Circuit, Event, Request, Settings, Timer, Timers},
};
use copies::Copies;
use far_end::FarEnd;
use group::Procedure;
use timers::{Owner, TimerQueue};
use unsettled::Hearing;

pub use config::{ConfigError, GroupConfig, NodeConfig, StartReset};
pub use congestion::Congestion;
pub use group::GroupRequest;
pub use output::{Alert, Output, TimerEvent};
pub use select::{CallClass, Hunt, NoCircuit, Prefer, Selection};
pub use view::{CircuitView, Hint, LastEvent, RunningTimer};

/// Service indicator of ISUP (Q.704 §14.2.1).
pub const SERVICE_INDICATOR: u8 = 5;

/// The ISUP of one exchange.
#[derive(Debug)]
pub struct Node {
    variant: Variant,
    opc: PointCode,
    groups: Vec<Group>,
    /// In the order of configuration; all other collections name circuits by their place here.
    circuits: Vec<Line>,
    by_id: BTreeMap<CircuitId, usize>,
    by_cic: BTreeMap<(PointCode, Cic), usize>,
    far_ends: BTreeMap<PointCode, FarEnd>,
    procedures: BTreeMap<u32, Procedure>,
    next_procedure: u32,
    /// Circuits whose blocking for hardware the far end has forgotten: CGB goes out once for all.
    forgotten: BTreeSet<usize>,
    /// ANSI: first copies of messages for groups.
    copies: Copies,
    timers: TimerQueue,
    outputs: VecDeque<Output>,
    /// Counts circuits that became idle: the order of release.
    released: u64,
    /// The last message between point codes that are not configured, and how many there were.
    strangers: Option<(PointCode, PointCode, u32)>,
}

/// Circuits towards one far end, as configured.
#[derive(Debug)]
struct Group {
    timers: Timers,
    start: StartReset,
    unequipped: bool,
}

/// One circuit and its place in the world.
#[derive(Debug)]
struct Line {
    id: CircuitId,
    cic: Cic,
    dpc: PointCode,
    group: usize,
    circuit: Circuit,
    /// When the state of the call was entered; `None` before the first event.
    since: Option<Instant>,
    last: Option<(Instant, LastEvent)>,
    /// When the call or what maintenance sees changed last.
    changed: Option<Instant>,
    /// Its call ended here, and perhaps the far end never heard of it ([`Hearing`]).
    unsettled: bool,
    /// [`Node::released`] when it became idle: small is long ago.
    idle_order: u64,
}

/// A request that makes no sense now. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Not configured.
    #[error("circuit {0} is not configured")]
    UnknownCircuit(CircuitId),
    /// The circuit's state has no place for it.
    #[error("circuit {circuit} is {state}: cannot {request}")]
    State {
        /// The circuit.
        circuit: CircuitId,
        /// Its state.
        state: &'static str,
        /// What was asked.
        request: String,
    },
    /// Setup takes an IAM, Release a REL.
    #[error("{found} given, expected {expected}")]
    Message {
        /// The message given.
        found: MessageType,
        /// The message that the request takes.
        expected: MessageType,
    },
    /// The message lacks something.
    #[error(transparent)]
    Incomplete(#[from] EncodeError),
    /// No signalling unit can carry the message, nor two of them (Q.764 §2.1.12).
    #[error(
        "{message} of {octets} octets given, expected at most {most}, or what fits two messages"
    )]
    TooLong {
        /// The message given.
        message: MessageType,
        /// Its length from the message type octet on.
        octets: usize,
        /// The greatest length of one message.
        most: usize,
    },
    /// The far end cannot be reached, or its user part does not answer.
    #[error("{0} cannot be reached")]
    Unreachable(PointCode),
}

impl Node {
    /// A node whose circuits are idle. Call [`Node::start`] next.
    ///
    /// # Errors
    /// When circuits cannot be told apart, here or on the line.
    pub fn new(config: NodeConfig) -> Result<Self, ConfigError> {
        let mut node = Self {
            variant: config.variant,
            opc: config.opc,
            groups: Vec::with_capacity(config.groups.len()),
            circuits: Vec::new(),
            by_id: BTreeMap::new(),
            by_cic: BTreeMap::new(),
            far_ends: BTreeMap::new(),
            procedures: BTreeMap::new(),
            next_procedure: 0,
            forgotten: BTreeSet::new(),
            copies: Copies::default(),
            timers: TimerQueue::default(),
            outputs: VecDeque::new(),
            released: 0,
            strangers: None,
        };
        for group in config.groups {
            node.add_group(group)?;
        }
        Ok(node)
    }

    fn add_group(&mut self, config: GroupConfig) -> Result<(), ConfigError> {
        let GroupConfig {
            dpc,
            circuits,
            timers,
            start,
            location,
            unequipped,
        } = config;
        if dpc == self.opc {
            return Err(ConfigError::OwnPointCode(dpc));
        }
        if dpc.standard() != self.opc.standard() {
            let opc = self.opc;
            return Err(ConfigError::Standards { dpc, opc });
        }
        let most = self.variant.row().largest_cic;
        let group = self.groups.len();
        for (id, cic) in circuits {
            if cic.0 > most {
                return Err(ConfigError::CicRange { dpc, cic, most });
            }
            let place = self.circuits.len();
            if self.by_id.insert(id, place).is_some() {
                return Err(ConfigError::CircuitTwice(id));
            }
            if self.by_cic.insert((dpc, cic), place).is_some() {
                return Err(ConfigError::CicTwice { dpc, cic });
            }
            // The higher point code controls the even circuits (§2.9.1.4).
            let control = (self.opc > dpc) == (cic.0 % 2 == 0);
            self.released += 1;
            self.circuits.push(Line {
                id,
                cic,
                dpc,
                group,
                circuit: Circuit::new(Settings { control, location }),
                since: None,
                last: None,
                changed: None,
                unsettled: false,
                idle_order: self.released,
            });
        }
        self.far_ends
            .entry(dpc)
            .or_insert_with(|| FarEnd::new(group));
        self.groups.push(Group {
            timers,
            start,
            unequipped,
        });
        Ok(())
    }

    /// Resets all circuits: at start-up neither end knows what the other believes (Q.764 §2.9.3).
    /// Each circuit can be seized when its reset is acknowledged.
    pub fn start(&mut self, now: Instant) {
        for group in 0..self.groups.len() {
            let all = self
                .circuits
                .iter()
                .enumerate()
                .filter(|(_, line)| line.group == group);
            let places: Vec<usize> = all.map(|(place, _)| place).collect();
            match self.groups.get(group).map(|group| group.start) {
                Some(StartReset::Group) => self.reset_group(now, &places),
                Some(StartReset::Circuit) => {
                    for place in places {
                        self.apply(now, place, Event::Request(Request::Reset));
                    }
                }
                None => {}
            }
        }
    }

    /// Whether a circuit would take a request now, as [`Node::request`] asks it.
    ///
    /// # Errors
    /// Those of [`Node::request`].
    pub fn accepts(&self, id: CircuitId, request: &Request) -> Result<(), RequestError> {
        self.place_for(id, request).map(drop)
    }

    fn place_for(&self, id: CircuitId, request: &Request) -> Result<usize, RequestError> {
        let place = *self
            .by_id
            .get(&id)
            .ok_or(RequestError::UnknownCircuit(id))?;
        let line = self
            .circuits
            .get(place)
            .ok_or(RequestError::UnknownCircuit(id))?;
        let expected = match request {
            Request::Setup(message) => Some((message, MessageType::Iam)),
            Request::Release(message) => Some((message, MessageType::Rel)),
            Request::Send(message) => Some((message, message.message_type())),
            Request::Checked(_)
            | Request::Block
            | Request::Unblock
            | Request::Reset
            | Request::Check => None,
        };
        if let Some((message, expected)) = expected {
            let found = message.message_type();
            if found != expected {
                return Err(RequestError::Message { found, expected });
            }
            message.check()?;
            self.check_length(message)?;
        }
        if matches!(request, Request::Setup(_) | Request::Check) && !self.can_reach(line.dpc) {
            return Err(RequestError::Unreachable(line.dpc));
        }
        if !line.circuit.accepts(request) {
            return Err(RequestError::State {
                circuit: id,
                state: line.circuit.state(),
                request: LastEvent::of_request(request).to_string(),
            });
        }
        Ok(place)
    }

    /// Asks something of one circuit.
    ///
    /// # Errors
    /// When the circuit is unknown, its state has no place for the request, or the message is not
    /// one that the request takes. Nothing has changed then. What goes wrong later, on the line, is
    /// an indication.
    pub fn request(
        &mut self,
        now: Instant,
        id: CircuitId,
        request: Request,
    ) -> Result<(), RequestError> {
        let place = self.place_for(id, &request)?;
        let blocked = self
            .circuits
            .get(place)
            .is_some_and(|line| line.circuit.is_blocked_here());
        if matches!(
            (&request, blocked),
            (Request::Block, false) | (Request::Unblock, true)
        ) {
            self.overtake_blocking(place);
        }
        self.apply(now, place, Event::Request(request));
        self.tell_forgotten(now);
        Ok(())
    }

    /// The next timer has ended, or several.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((owner, timer)) = self.timers.expire(now) {
            let Some(circuit) = self.circuit_of(owner) else {
                continue;
            };
            self.outputs
                .push_back(Output::Timer(circuit, timer, TimerEvent::Expired));
            match owner {
                Owner::Circuit(place) => self.apply(now, place, Event::Expired(timer)),
                Owner::Procedure(number) => self.procedure_expired(now, number, timer),
                Owner::FarEnd(dpc) if timer == Timer::T4 => self.test_user_part(now, dpc),
                Owner::FarEnd(dpc) if timer == Timer::T30 => self.increase_traffic(now, dpc),
                // T29: congestion counts again.
                Owner::FarEnd(_) => {}
            }
        }
        self.tell_forgotten(now);
    }

    /// When [`Node::handle_timeout`] is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timers.next()
    }

    /// The next thing to do for the owner of the node; `None` when all is done.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Lets one circuit step and does what it wants done.
    fn apply(&mut self, now: Instant, place: usize, event: Event) {
        let Some(line) = self.circuits.get_mut(place) else {
            return;
        };
        let hearing = Hearing::of(&event, self.far_ends.get(&line.dpc));
        let (state, idle) = (line.circuit.state(), line.circuit.is_idle());
        let status = line.circuit.status();
        line.last = Some((now, LastEvent::of(&event)));
        let actions = line.circuit.handle(event);
        if line.since.is_none() || line.circuit.state() != state {
            line.since = Some(now);
            line.changed = Some(now);
        }
        if line.circuit.status() != status {
            line.changed = Some(now);
        }
        if !idle && line.circuit.is_idle() {
            self.released += 1;
            line.idle_order = self.released;
        }
        line.unsettled = hearing.leaves_unsettled(line.unsettled, idle, line.circuit.is_idle());
        let (id, dpc, cic) = (line.id, line.dpc, line.cic);
        for action in actions {
            match action {
                Action::Send(message) => self.send(dpc, cic, &message),
                Action::Indicate(indication) => {
                    self.outputs.push_back(Output::Indication(id, indication));
                }
                Action::Start(timer) => self.start_timer(now, Owner::Circuit(place), timer),
                Action::Stop(timer) => self.stop_timer(Owner::Circuit(place), timer),
                Action::RepeatGroupBlocking => {
                    self.forgotten.insert(place);
                }
                Action::Alert(alert) => self.alert(Alert::Circuit(id, alert)),
            }
        }
    }

    fn start_timer(&mut self, now: Instant, owner: Owner, timer: Timer) {
        let Some(circuit) = self.circuit_of(owner) else {
            return;
        };
        let group = match owner {
            Owner::Circuit(place) => self.circuits.get(place).map(|line| line.group),
            Owner::Procedure(number) => self.procedures.get(&number).map(Procedure::group),
            Owner::FarEnd(dpc) => self.far_ends.get(&dpc).map(|far_end| far_end.group),
        };
        let group = group.and_then(|group| self.groups.get(group));
        if let Some(duration) = group.and_then(|group| group.timers.get(timer))
            && !duration.is_zero()
        {
            self.timers.start(owner, timer, now + duration);
            self.outputs
                .push_back(Output::Timer(circuit, timer, TimerEvent::Started(duration)));
        }
    }

    fn stop_timer(&mut self, owner: Owner, timer: Timer) {
        if self.timers.stop(owner, timer)
            && let Some(circuit) = self.circuit_of(owner)
        {
            self.outputs
                .push_back(Output::Timer(circuit, timer, TimerEvent::Stopped));
        }
    }

    /// The circuit under which a timer is shown.
    fn circuit_of(&self, owner: Owner) -> Option<CircuitId> {
        let place = match owner {
            Owner::Circuit(place) => place,
            Owner::Procedure(number) => self.procedures.get(&number)?.first_place(),
            Owner::FarEnd(dpc) => *self.by_cic.range((dpc, Cic(0))..).next()?.1,
        };
        self.circuits.get(place).map(|line| line.id)
    }

    fn alert(&mut self, alert: Alert) {
        self.outputs.push_back(Output::Alert(alert));
    }
}
