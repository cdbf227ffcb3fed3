//! Procedures for rows of circuits that the far end starts: GRS, CGB, CGU, CQM (Q.764 §2.8.2.2,
//! §2.8.3, §2.9.3.2).

use std::time::Instant;

use mtp::PointCode;

use super::{
    Alert, Node,
    copies::comes_twice,
    group::{MOST_CIRCUITS, blocking_kind, supervision_type},
};
use crate::{
    Cic, CircuitGroupSupervisionType, CircuitState, CircuitStateIndicator, Message, MessageType,
    RangeAndStatus,
    circuit::{Blocking, Event},
};

impl Node {
    /// GRS, CGB, CGU, CQM from the far end.
    pub(super) fn group_requested(
        &mut self,
        now: Instant,
        dpc: PointCode,
        cic: Cic,
        message: &Message,
    ) {
        let kind = message.message_type();
        let Some(row) = message.find::<RangeAndStatus>() else {
            self.undecodable(
                dpc,
                &format!("{kind} for CIC {cic}: range and status cannot be read"),
            );
            return;
        };
        let circuits = row.circuits();
        let members: Vec<(usize, usize)> = (0..circuits)
            .filter_map(|offset| {
                let cic = cic.0.checked_add(u16::try_from(offset).ok()?)?;
                Some((offset, *self.by_cic.get(&(dpc, Cic(cic)))?))
            })
            .collect();
        if members.is_empty() {
            self.unequipped(dpc, cic, kind);
            return;
        }
        if self.variant.row().groups_twice
            && comes_twice(kind)
            && !self.copies.complete(now, dpc, cic, message)
        {
            return;
        }
        let answer = match kind {
            MessageType::Grs if (2..=MOST_CIRCUITS).contains(&circuits) => {
                return self.reset_by_far_end(now, dpc, cic, row.range, &members);
            }
            MessageType::Cqm if circuits <= MOST_CIRCUITS => self.state_of(row.range, &members),
            MessageType::Cgb | MessageType::Cgu
                if circuits >= 2 && named(&row) <= MOST_CIRCUITS =>
            {
                let supervision = message.find::<CircuitGroupSupervisionType>();
                match supervision.and_then(blocking_kind) {
                    Some(blocking) => self.blocked_by_far_end(now, kind, blocking, &row, &members),
                    None => return self.group_discarded(dpc, cic, kind, "type indicator"),
                }
            }
            _ => return self.group_discarded(dpc, cic, kind, "range"),
        };
        self.send(dpc, cic, &answer);
    }

    fn group_discarded(&mut self, from: PointCode, cic: Cic, kind: MessageType, what: &str) {
        self.undecodable(from, &format!("{kind} for CIC {cic}: {what} not allowed"));
    }

    /// Answers GRA; its status tells which circuits this end has blocked for maintenance (§2.9.3.2).
    ///
    /// Circuits of the range that are not equipped here are told of by UCIC behind it (§2.12). In a
    /// network without UCIC they count as blocked: the far end must not seize them.
    fn reset_by_far_end(
        &mut self,
        now: Instant,
        dpc: PointCode,
        cic: Cic,
        range: u8,
        members: &[(usize, usize)],
    ) {
        let group = self.far_ends.get(&dpc).map(|far_end| far_end.group);
        let group = group.and_then(|group| self.groups.get(group));
        let tells = group.is_some_and(|group| group.unequipped);
        let missing: Vec<usize> = (0..=usize::from(range))
            .filter(|offset| !members.iter().any(|(member, _)| member == offset))
            .collect();
        let mut status = RangeAndStatus::cleared(range);
        for &offset in missing.iter().filter(|_| !tells) {
            status.set_status(offset, true);
        }
        for &(offset, place) in members {
            self.apply(now, place, Event::GroupReset);
            let line = self.circuits.get(place);
            status.set_status(
                offset,
                line.is_some_and(|line| line.circuit.is_blocked_here()),
            );
        }
        // What must be known before the acknowledgement goes first.
        self.tell_forgotten(now);
        self.send(dpc, cic, &Message::new(MessageType::Gra).with(status));
        let codes = missing
            .into_iter()
            .filter_map(|offset| cic.0.checked_add(u16::try_from(offset).ok()?))
            .map(Cic);
        for (place, cic) in codes.enumerate() {
            if place == 0 {
                self.alert(Alert::Unequipped {
                    from: dpc,
                    message: MessageType::Grs,
                    cic,
                });
            }
            if tells {
                self.send(dpc, cic, &Message::new(MessageType::Ucic));
            }
        }
    }

    /// Answers CGBA or CGUA for the circuits that are configured.
    fn blocked_by_far_end(
        &mut self,
        now: Instant,
        kind: MessageType,
        blocking: Blocking,
        row: &RangeAndStatus,
        members: &[(usize, usize)],
    ) -> Message {
        let on = kind == MessageType::Cgb;
        let mut status = RangeAndStatus::cleared(row.range);
        for &(offset, place) in members.iter().filter(|&&(offset, _)| row.status(offset)) {
            self.apply(now, place, Event::GroupBlocked { kind: blocking, on });
            status.set_status(offset, true);
        }
        Message::new(if on {
            MessageType::Cgba
        } else {
            MessageType::Cgua
        })
        .with(supervision_type(blocking))
        .with(status)
    }

    /// Answers CQR: the state of each circuit (§2.8.3).
    fn state_of(&self, range: u8, members: &[(usize, usize)]) -> Message {
        let mut states = vec![CircuitState::UNEQUIPPED; usize::from(range) + 1];
        for &(offset, place) in members {
            if let (Some(state), Some(line)) = (states.get_mut(offset), self.circuits.get(place)) {
                *state = line.circuit.state_indicator();
            }
        }
        Message::new(MessageType::Cqr)
            .with(RangeAndStatus::range(range))
            .with(CircuitStateIndicator(states))
    }
}

/// Status bits that are set.
fn named(row: &RangeAndStatus) -> usize {
    (0..row.circuits())
        .filter(|&place| row.status(place))
        .count()
}
