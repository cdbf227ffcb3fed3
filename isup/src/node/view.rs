//! Each circuit answers "why": its state, since when, what it waits for and until when.

use core::fmt;
use std::time::Instant;

use mtp::PointCode;

use super::{Congestion, Line, Node, Owner};
use crate::{
    Cic, CircuitId, MessageType,
    circuit::{CircuitStatus, Event, Request, Timer},
};

/// What people and tools see of one circuit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CircuitView {
    /// Its number here.
    pub id: CircuitId,
    /// Its code on the line.
    pub cic: Cic,
    /// The far end.
    pub dpc: PointCode,
    /// State of the call, as in the table of Q.764's states: "Idle", "OutgoingWaitAcm", ...
    pub state: &'static str,
    /// When that state was entered; `None` before the first event.
    pub since: Option<Instant>,
    /// The last thing that happened, and when.
    pub last_event: Option<(Instant, LastEvent)>,
    /// Timers that run for it or for its group, earliest first.
    pub timers: Vec<RunningTimer>,
    /// What ends the state, in words; empty when idle.
    pub awaited: &'static str,
    /// Blocking by this end alone: "Unblocked", "WaitBla", "Blocked", "WaitUba".
    pub blocking: &'static str,
    /// What maintenance sees.
    pub status: CircuitStatus,
    /// This end controls it in a dual seizure (Q.764 §2.9.1.4).
    pub controlled: bool,
    /// The far end can be reached and its ISUP answers.
    pub reachable: bool,
    /// What is held back of the traffic to the far end.
    pub congestion: Congestion,
    /// What looks like a wrong configuration.
    pub hints: Vec<Hint>,
}

impl CircuitView {
    /// One line that says why the circuit is as it is.
    #[must_use]
    pub fn explain(&self, now: Instant) -> String {
        let mut line = format!(
            "circuit {} (CIC {} to {}): {}",
            self.id, self.cic, self.dpc, self.state
        );
        if let Some(since) = self.since {
            line += &format!(" for {}s", now.saturating_duration_since(since).as_secs());
        }
        if !self.awaited.is_empty() {
            line += &format!(", waits for {}", self.awaited);
        }
        if self.blocking != "Unblocked" {
            line += &format!(", {}", self.blocking);
        }
        for (on, what) in [
            (self.status.local_hardware, "line failed here"),
            (self.status.remote_maintenance, "blocked by the far end"),
            (self.status.remote_hardware, "line failed at the far end"),
            (self.status.unequipped, "not equipped at the far end"),
            (!self.reachable, "far end cannot be reached"),
        ] {
            if on {
                line += &format!(", {what}");
            }
        }
        if self.congestion.step > 0 {
            line += &format!(", far end congested: {}", self.congestion);
        }
        for RunningTimer { timer, until } in &self.timers {
            let left = until.saturating_duration_since(now).as_secs();
            line += &format!("; {timer} ends in {left}s without {}", timer.awaits());
        }
        if let Some((at, event)) = self.last_event {
            let ago = now.saturating_duration_since(at).as_secs();
            line += &format!("; last: {event} {ago}s ago");
        }
        for hint in &self.hints {
            line += &format!("; {hint}");
        }
        line
    }
}

/// A timer that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunningTimer {
    /// Which.
    pub timer: Timer,
    /// When it ends.
    pub until: Instant,
}

/// The name of an event, without what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LastEvent {
    /// Call control sent a message: IAM for Setup, REL for Release.
    Sent(MessageType),
    /// Maintenance asked for blocking, unblocking, reset or check, by its message: BLO, UBL, RSC,
    /// CCR.
    Asked(MessageType),
    /// The owner of the circuit says that its check tone came back, or did not.
    Checked(bool),
    /// A message arrived.
    Received(MessageType),
    /// A timer ended.
    Expired(Timer),
    /// The group was reset or blocked by this end, by its message: GRS, CGB, CGU.
    GroupSent(MessageType),
    /// MTP-PAUSE.
    Pause,
    /// MTP-RESUME.
    Resume,
}

impl LastEvent {
    pub(super) fn of_request(request: &Request) -> Self {
        match request {
            Request::Setup(_) => Self::Sent(MessageType::Iam),
            Request::Send(message) => Self::Sent(message.message_type()),
            Request::Release(_) => Self::Sent(MessageType::Rel),
            Request::Checked(success) => Self::Checked(*success),
            Request::Block => Self::Asked(MessageType::Blo),
            Request::Unblock => Self::Asked(MessageType::Ubl),
            Request::Reset => Self::Asked(MessageType::Rsc),
            Request::Check => Self::Asked(MessageType::Ccr),
        }
    }

    pub(super) fn of(event: &Event) -> Self {
        match event {
            Event::Request(request) => Self::of_request(request),
            Event::Message(message) => Self::Received(message.message_type()),
            Event::Expired(timer) => Self::Expired(*timer),
            Event::GroupReset => Self::Received(MessageType::Grs),
            Event::Queried { .. } => Self::Received(MessageType::Cqr),
            Event::GroupResetSent => Self::GroupSent(MessageType::Grs),
            Event::GroupResetAcknowledged { .. } => Self::Received(MessageType::Gra),
            Event::GroupBlocked { on: true, .. } => Self::Received(MessageType::Cgb),
            Event::GroupBlocked { on: false, .. } => Self::Received(MessageType::Cgu),
            Event::GroupBlock { on: true, .. } => Self::GroupSent(MessageType::Cgb),
            Event::GroupBlock { on: false, .. } => Self::GroupSent(MessageType::Cgu),
            Event::Pause => Self::Pause,
            Event::Resume => Self::Resume,
        }
    }
}

impl fmt::Display for LastEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(message) => write!(f, "send {message}"),
            Self::Asked(message) => write!(f, "{message} by maintenance"),
            Self::Checked(true) => f.write_str("check succeeded"),
            Self::Checked(false) => f.write_str("check failed"),
            Self::Received(message) => write!(f, "{message} received"),
            Self::Expired(timer) => write!(f, "{timer} ended"),
            Self::GroupSent(message) => write!(f, "{message} sent"),
            Self::Pause => f.write_str("MTP-PAUSE"),
            Self::Resume => f.write_str("MTP-RESUME"),
        }
    }
}

/// What looks like a wrong configuration; `Display` is advice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// The far end's codes lie beside the configured ones.
    CicOffset {
        /// To be added to the codes here.
        offset: i32,
        /// Lowest and highest code that came.
        seen: (Cic, Cic),
    },
    /// The far end uses codes that are not configured, no constant distance away.
    StrayCics {
        /// Lowest and highest code that came.
        seen: (Cic, Cic),
        /// How many messages.
        messages: u32,
    },
    /// Both ends hunt the same circuits first.
    DualSeizures(u32),
    /// Nothing ever came from the far end, but messages between point codes that are not
    /// configured did.
    PointCodes {
        /// Who sent the last of them.
        opc: PointCode,
        /// To whom.
        dpc: PointCode,
        /// How many.
        messages: u32,
    },
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CicOffset {
                offset,
                seen: (low, high),
            } => write!(
                f,
                "the far end uses CIC {low} to {high}, which are not configured: are the codes here \
                 {} too {}?",
                offset.unsigned_abs(),
                if *offset > 0 { "low" } else { "high" }
            ),
            Self::StrayCics {
                seen: (low, high),
                messages,
            } => write!(
                f,
                "{messages} messages for CIC {low} to {high}, which are not all configured"
            ),
            Self::PointCodes { opc, dpc, messages } => write!(
                f,
                "nothing came from the far end, but {messages} messages like one from {opc} to \
                 {dpc}: is a point code wrong?"
            ),
            Self::DualSeizures(count) => write!(
                f,
                "{count} dual seizures: do both ends hunt the same (even or odd) circuits first, or is \
                 a point code wrong?"
            ),
        }
    }
}

/// Fewer dual seizures than this may be chance.
const MANY_DUAL_SEIZURES: u32 = 3;

impl Node {
    /// What is known of one circuit.
    #[must_use]
    pub fn circuit(&self, id: CircuitId) -> Option<CircuitView> {
        let place = *self.by_id.get(&id)?;
        let line = self.circuits.get(place)?;
        let of_groups = self
            .procedures
            .iter()
            .filter(|(_, procedure)| procedure.concerns(place));
        let owners = core::iter::once(Owner::Circuit(place))
            .chain(of_groups.map(|(&number, _)| Owner::Procedure(number)))
            .chain([Owner::FarEnd(line.dpc)]);
        let mut timers: Vec<RunningTimer> = owners
            .flat_map(|owner| self.timers.of(owner))
            .map(|(timer, until)| RunningTimer { timer, until })
            .collect();
        timers.sort_by_key(|running| running.until);
        Some(CircuitView {
            id,
            cic: line.cic,
            dpc: line.dpc,
            state: line.circuit.state(),
            since: line.since,
            last_event: line.last,
            timers,
            awaited: line.circuit.awaited(),
            blocking: line.circuit.blocking_state(),
            status: line.circuit.status(),
            controlled: line.circuit.is_controlled(),
            reachable: self.can_reach(line.dpc),
            congestion: self
                .far_ends
                .get(&line.dpc)
                .map_or_else(Congestion::default, |far_end| far_end.congestion),
            hints: self.hints(line),
        })
    }

    /// The circuit with this code towards a far end.
    #[must_use]
    pub fn circuit_of_cic(&self, dpc: PointCode, cic: Cic) -> Option<CircuitId> {
        let place = *self.by_cic.get(&(dpc, cic))?;
        self.circuits.get(place).map(|line| line.id)
    }

    /// All circuits, in the order of configuration.
    pub fn circuits(&self) -> impl Iterator<Item = CircuitId> {
        self.circuits.iter().map(|line| line.id)
    }

    fn hints(&self, line: &Line) -> Vec<Hint> {
        let Some(far_end) = self.far_ends.get(&line.dpc) else {
            return Vec::new();
        };
        let strays = far_end.strays;
        let mut hints = Vec::new();
        if let (false, Some((opc, dpc, messages))) = (far_end.heard, self.strangers) {
            hints.push(Hint::PointCodes { opc, dpc, messages });
        }
        if let Some(seen) = strays.cics {
            let offset = self.offset(line.dpc, seen);
            hints.push(offset.map_or(
                Hint::StrayCics {
                    seen,
                    messages: strays.messages,
                },
                |offset| Hint::CicOffset { offset, seen },
            ));
        }
        if strays.dual_seizures >= MANY_DUAL_SEIZURES {
            hints.push(Hint::DualSeizures(strays.dual_seizures));
        }
        hints
    }

    /// The distance between the codes that came and the configured ones, when those that came lie
    /// all on one side and span no more than the configured ones do.
    fn offset(&self, dpc: PointCode, (low, high): (Cic, Cic)) -> Option<i32> {
        let mut ours = self.by_cic.range((dpc, Cic(0))..=(dpc, Cic(u16::MAX)));
        let (first, last) = (ours.next()?.0.1, ours.next_back()?.0.1);
        let [low, high, first, last] = [low, high, first, last].map(|cic| i32::from(cic.0));
        let beside = low > last || high < first;
        (beside && high - low <= last - first && low != high).then_some(low - first)
    }
}
