//! Procedures for rows of circuits that this end starts: GRS, CGB, CGU, CQM (Q.764 §2.8.2.2,
//! §2.8.3, §2.9.3.2, §2.9.4).

use std::time::Instant;

use mtp::PointCode;

use super::{Alert, Node, Owner, copies::comes_twice};
use crate::{
    Cic, CircuitGroupSupervisionType, CircuitId, CircuitStateIndicator, Message, MessageType,
    RangeAndStatus, SupervisionType,
    circuit::{Blocking, Event, Request, Timer},
};

/// Circuits that one message for a group may change (Q.763 §3.43).
pub(super) const MOST_CIRCUITS: usize = 32;

/// What maintenance asks of several circuits at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupRequest {
    /// CGB for maintenance: no new calls.
    Block,
    /// CGU for maintenance.
    Unblock,
    /// GRS: all idle, calls or not.
    Reset,
    /// CQM: compare with what the far end believes, and put right what differs (Q.764 §2.8.3,
    /// national use).
    Query,
}

/// A message for a row of circuits that waits for its acknowledgement.
#[derive(Debug)]
pub(super) struct Procedure {
    kind: Kind,
    group: usize,
    dpc: PointCode,
    /// The code in the message.
    cic: Cic,
    range: u8,
    /// The circuits that it is about, by place, in the order of their codes; at least one.
    places: Vec<usize>,
    /// When the message was sent last.
    sent: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Reset,
    Query,
    Block(Blocking),
    Unblock(Blocking),
}

impl Kind {
    const fn message(self) -> MessageType {
        match self {
            Self::Reset => MessageType::Grs,
            Self::Query => MessageType::Cqm,
            Self::Block(_) => MessageType::Cgb,
            Self::Unblock(_) => MessageType::Cgu,
        }
    }

    /// The timer that repeats the message, if any does, and the one that tells maintenance.
    const fn timers(self) -> (Option<Timer>, Timer) {
        match self {
            Self::Reset => (Some(Timer::T22), Timer::T23),
            Self::Query => (None, Timer::T28),
            Self::Block(_) => (Some(Timer::T18), Timer::T19),
            Self::Unblock(_) => (Some(Timer::T20), Timer::T21),
        }
    }

    const fn blocking(self) -> Option<Blocking> {
        match self {
            Self::Reset | Self::Query => None,
            Self::Block(kind) | Self::Unblock(kind) => Some(kind),
        }
    }
}

impl Procedure {
    pub(super) const fn group(&self) -> usize {
        self.group
    }

    pub(super) fn first_place(&self) -> usize {
        self.places.first().copied().unwrap_or_default()
    }

    /// The message it waits for.
    pub(super) const fn awaits(&self) -> MessageType {
        match self.kind {
            Kind::Reset => MessageType::Gra,
            Kind::Query => MessageType::Cqr,
            Kind::Block(_) => MessageType::Cgba,
            Kind::Unblock(_) => MessageType::Cgua,
        }
    }

    pub(super) fn concerns(&self, place: usize) -> bool {
        self.places.contains(&place)
    }

    /// CGB for a failure of the line waits for its answer, for this circuit too.
    pub(super) fn blocks_hardware(&self, place: usize) -> bool {
        self.kind == Kind::Block(Blocking::Hardware) && self.concerns(place)
    }
}

impl Node {
    /// Asks something of several circuits with one message for each row of adjoining codes
    /// (Q.764 §2.8.2.2, §2.9.3.2). Circuits that are not configured are passed over.
    pub fn request_group(&mut self, now: Instant, circuits: &[CircuitId], request: GroupRequest) {
        let places = self.places(circuits);
        match request {
            GroupRequest::Block => self.block_group(now, &places, Blocking::Maintenance, true),
            GroupRequest::Unblock => self.block_group(now, &places, Blocking::Maintenance, false),
            GroupRequest::Reset => self.reset_group(now, &places),
            GroupRequest::Query => {
                for row in self.rows(&places) {
                    self.start_procedure(now, Kind::Query, row);
                }
            }
        }
        self.tell_forgotten(now);
    }

    /// The line of these circuits failed, or is good again (Q.764 §2.9.2): blocking for hardware.
    /// Their calls end without REL; unblocking brings the circuits back idle.
    pub fn handle_alarm(&mut self, now: Instant, circuits: &[CircuitId], alarm: bool) {
        let mut places = self.places(circuits);
        places.retain(|&place| {
            let line = self.circuits.get(place);
            line.is_some_and(|line| line.circuit.status().local_hardware != alarm)
        });
        self.block_group(now, &places, Blocking::Hardware, alarm);
        self.tell_forgotten(now);
    }

    fn places(&self, circuits: &[CircuitId]) -> Vec<usize> {
        circuits
            .iter()
            .filter_map(|id| self.by_id.get(id).copied())
            .collect()
    }

    fn block_group(&mut self, now: Instant, places: &[usize], kind: Blocking, on: bool) {
        for &place in places {
            self.apply(now, place, Event::GroupBlock { kind, on });
        }
        let procedure = if on {
            Kind::Block(kind)
        } else {
            Kind::Unblock(kind)
        };
        for row in self.rows(places) {
            self.start_procedure(now, procedure, row);
        }
    }

    /// GRS for each row; RSC for a circuit that stands alone, for a row has two at least.
    ///
    /// A reset that still waits and has circuits in common is taken in whole: sent once more later
    /// it would end calls that began since.
    pub(super) fn reset_group(&mut self, now: Instant, places: &[usize]) {
        let mut places = places.to_vec();
        let waiting: Vec<u32> = self.procedures.keys().copied().collect();
        for number in waiting {
            let Some(procedure) = self.procedures.get(&number) else {
                continue;
            };
            let common = procedure.places.iter().any(|place| places.contains(place));
            if procedure.kind == Kind::Reset && common {
                places.extend_from_slice(&procedure.places);
                self.end_procedure(number);
            }
        }
        for row in self.rows(&places) {
            if let [place] = row[..] {
                self.apply(now, place, Event::Request(Request::Reset));
                continue;
            }
            for &place in &row {
                self.apply(now, place, Event::GroupResetSent);
            }
            self.start_procedure(now, Kind::Reset, row);
        }
    }

    /// Sends CGB, or CGU, once more for the circuits of which the far end believes otherwise.
    pub(super) fn tell_forgotten(&mut self, now: Instant) {
        let forgotten = core::mem::take(&mut self.forgotten);
        let (blocked, free): (Vec<usize>, Vec<usize>) = forgotten.into_iter().partition(|&place| {
            let line = self.circuits.get(place);
            line.is_some_and(|line| line.circuit.status().local_hardware)
        });
        for (places, kind) in [
            (blocked, Kind::Block(Blocking::Hardware)),
            (free, Kind::Unblock(Blocking::Hardware)),
        ] {
            for row in self.rows(&places) {
                self.start_procedure(now, kind, row);
            }
        }
    }

    /// Splits circuits into rows of adjoining codes of one group, none longer than a message takes.
    fn rows(&self, places: &[usize]) -> Vec<Vec<usize>> {
        let mut named: Vec<(usize, Cic, usize)> = places
            .iter()
            .filter_map(|&place| {
                self.circuits
                    .get(place)
                    .map(|line| (line.group, line.cic, place))
            })
            .collect();
        named.sort_unstable();
        named.dedup();
        let mut rows: Vec<Vec<usize>> = Vec::new();
        let mut last: Option<(usize, Cic)> = None;
        for (group, cic, place) in named {
            let adjoins = last == cic.0.checked_sub(1).map(|before| (group, Cic(before)));
            last = Some((group, cic));
            match rows.last_mut() {
                Some(row) if adjoins && row.len() < MOST_CIRCUITS => row.push(place),
                _ => rows.push(vec![place]),
            }
        }
        rows
    }

    /// Sends the message for a row and waits for its acknowledgement. What was asked before about
    /// the same circuits is overtaken.
    fn start_procedure(&mut self, now: Instant, kind: Kind, places: Vec<usize>) {
        self.overtake(kind, &places);
        let ends = places.first().zip(places.last());
        let Some((first, last)) =
            ends.and_then(|(&a, &b)| self.circuits.get(a).zip(self.circuits.get(b)))
        else {
            return;
        };
        let (group, dpc) = (first.group, first.dpc);
        // Range 0 is reserved (Q.763 §3.43): the status of a neighbour says "no action".
        let (cic, range) = match last.cic.0 - first.cic.0 {
            0 if first.cic.0 > 0 && !self.by_cic.contains_key(&(dpc, Cic(first.cic.0 + 1))) => {
                (Cic(first.cic.0 - 1), 1)
            }
            range => (first.cic, range.clamp(1, 31).to_le_bytes()[0]),
        };
        let number = self.next_procedure;
        self.next_procedure = self.next_procedure.wrapping_add(1);
        self.procedures.insert(
            number,
            Procedure {
                kind,
                group,
                dpc,
                cic,
                range,
                places,
                sent: now,
            },
        );
        self.send_procedure(now, number);
        let (repeat, supervision) = kind.timers();
        if let Some(repeat) = repeat {
            self.start_timer(now, Owner::Procedure(number), repeat);
        }
        self.start_timer(now, Owner::Procedure(number), supervision);
    }

    /// BLO or UBL for one circuit: a CGB or CGU that is still repeated must not undo it.
    pub(super) fn overtake_blocking(&mut self, place: usize) {
        self.overtake(Kind::Block(Blocking::Maintenance), &[place]);
    }

    fn overtake(&mut self, kind: Kind, places: &[usize]) {
        if kind.blocking().is_none() {
            return;
        }
        let mut ended = Vec::new();
        for (&number, procedure) in &mut self.procedures {
            if procedure.kind.blocking() != kind.blocking() {
                continue;
            }
            if procedure.places.iter().all(|place| places.contains(place)) {
                ended.push(number);
            } else {
                procedure.places.retain(|place| !places.contains(place));
            }
        }
        for number in ended {
            self.end_procedure(number);
        }
    }

    fn end_procedure(&mut self, number: u32) -> Option<Procedure> {
        let (repeat, supervision) = self.procedures.get(&number)?.kind.timers();
        for timer in repeat.into_iter().chain([supervision]) {
            self.stop_timer(Owner::Procedure(number), timer);
        }
        self.procedures.remove(&number)
    }

    fn send_procedure(&mut self, now: Instant, number: u32) {
        let Some(procedure) = self.procedures.get_mut(&number) else {
            return;
        };
        procedure.sent = now;
        let (dpc, cic) = (procedure.dpc, procedure.cic);
        let mut message = Message::new(procedure.kind.message());
        if let Some(blocking) = procedure.kind.blocking() {
            let mut status = RangeAndStatus::cleared(procedure.range);
            for &place in &procedure.places {
                if let Some(line) = self.circuits.get(place) {
                    status.set_status(usize::from(line.cic.0 - procedure.cic.0), true);
                }
            }
            message.set(supervision_type(blocking));
            message.set(status);
        } else {
            message.set(RangeAndStatus::range(procedure.range));
        }
        self.send(dpc, cic, &message);
        if self.variant.row().groups_twice && comes_twice(message.message_type()) {
            self.send(dpc, cic, &message);
        }
    }

    /// T18 to T23 (§2.9.4), T28 (§2.8.3).
    pub(super) fn procedure_expired(&mut self, now: Instant, number: u32, timer: Timer) {
        let Some(procedure) = self.procedures.get(&number) else {
            return;
        };
        let (repeat, supervision) = procedure.kind.timers();
        let message = procedure.kind.message();
        if timer == supervision {
            if let Some(repeat) = repeat {
                self.stop_timer(Owner::Procedure(number), repeat);
            }
            if let Some(circuit) = self.circuit_of(Owner::Procedure(number)) {
                self.alert(Alert::NoGroupAnswer {
                    circuit,
                    message,
                    timer,
                });
            }
        }
        // Nothing rests on a query: the staff may ask again.
        if repeat.is_none() {
            self.end_procedure(number);
            return;
        }
        self.send_procedure(now, number);
        self.start_timer(now, Owner::Procedure(number), timer);
    }

    /// The far end can be reached again: all are asked again at once.
    pub(super) fn resume_procedures(&mut self, now: Instant, dpc: PointCode) {
        let of = self
            .procedures
            .iter()
            .filter(|(_, procedure)| procedure.dpc == dpc);
        let waiting: Vec<(u32, Timer)> = of
            .map(|(&number, procedure)| {
                let (repeat, supervision) = procedure.kind.timers();
                (number, repeat.unwrap_or(supervision))
            })
            .collect();
        for (number, repeat) in waiting {
            self.send_procedure(now, number);
            self.start_timer(now, Owner::Procedure(number), repeat);
        }
    }

    /// GRA, CGBA, CGUA, CQR: ends the procedure that sent exactly this row (§2.8.2.3).
    pub(super) fn group_acknowledged(
        &mut self,
        now: Instant,
        dpc: PointCode,
        cic: Cic,
        message: &Message,
    ) {
        let kind = message.message_type();
        let supervision = message
            .find::<CircuitGroupSupervisionType>()
            .map(blocking_kind);
        let row = message.find::<RangeAndStatus>();
        let number = row.as_ref().and_then(|row| {
            let fits = |procedure: &Procedure| {
                procedure.dpc == dpc
                    && procedure.cic == cic
                    && procedure.range == row.range
                    && procedure.awaits() == kind
                    && procedure.kind.blocking() == supervision.flatten()
                    && (procedure.kind.blocking().is_none() || self.covers(row, procedure))
            };
            self.procedures
                .iter()
                .find(|(_, procedure)| fits(procedure))
                .map(|(&n, _)| n)
        });
        let (Some(number), Some(row)) = (number, row) else {
            self.alert(Alert::Acknowledgement {
                from: dpc,
                message: kind,
                cic,
            });
            return;
        };
        let Some(procedure) = self.end_procedure(number) else {
            return;
        };
        match procedure.kind {
            Kind::Block(Blocking::Hardware) => self.hardware_blocked(&procedure.places),
            Kind::Unblock(Blocking::Hardware) => self.hardware_unblocked(now, &procedure.places),
            _ => {}
        }
        if procedure.kind == Kind::Query {
            self.compare(now, cic, &procedure, message);
        }
        if procedure.kind == Kind::Reset {
            for place in procedure.places {
                let Some(line) = self.circuits.get(place) else {
                    continue;
                };
                let blocked = row.status(usize::from(line.cic.0.saturating_sub(cic.0)));
                self.apply(now, place, Event::GroupResetAcknowledged { blocked });
            }
        }
    }

    /// CQR: each circuit compares what the far end believes with its own state (§2.8.3).
    fn compare(&mut self, now: Instant, cic: Cic, procedure: &Procedure, cqr: &Message) {
        let states = cqr.find::<CircuitStateIndicator>();
        let Some(CircuitStateIndicator(states)) = states else {
            self.undecodable(procedure.dpc, &format!("CQR for CIC {cic}: no states"));
            return;
        };
        for &place in &procedure.places {
            let Some(line) = self.circuits.get(place) else {
                continue;
            };
            // At the moment of the query itself the order of messages is not known.
            let settled = line.changed.is_none_or(|changed| changed < procedure.sent);
            let offset = usize::from(line.cic.0.saturating_sub(cic.0));
            if let Some(&far_end) = states.get(offset) {
                self.apply(now, place, Event::Queried { far_end, settled });
            }
        }
    }

    /// All circuits of the procedure are acknowledged.
    fn covers(&self, row: &RangeAndStatus, procedure: &Procedure) -> bool {
        procedure.places.iter().all(|&place| {
            let line = self.circuits.get(place);
            line.is_some_and(|line| row.status(usize::from(line.cic.0 - procedure.cic.0)))
        })
    }
}

pub(super) const fn supervision_type(kind: Blocking) -> CircuitGroupSupervisionType {
    match kind {
        Blocking::Maintenance => CircuitGroupSupervisionType::MAINTENANCE,
        Blocking::Hardware => CircuitGroupSupervisionType::HARDWARE_FAILURE,
    }
}

pub(super) fn blocking_kind(kind: CircuitGroupSupervisionType) -> Option<Blocking> {
    match kind.kind() {
        SupervisionType::Maintenance => Some(Blocking::Maintenance),
        SupervisionType::HardwareFailure => Some(Blocking::Hardware),
        SupervisionType::Other(_) => None,
    }
}
