//! What the MTP delivers: to a circuit, a row of circuits, or the user part (Q.764 §2.9.5, §2.12).

use std::time::Instant;

use mtp::{PointCode, Transfer};

use super::{Alert, Node, SERVICE_INDICATOR};
use crate::{Cic, Message, MessageType, ParameterCode, circuit::Event};

impl Node {
    /// MTP-TRANSFER indication. Whatever is in it, it never fails: what cannot be used is
    /// discarded and told as [`Alert`].
    pub fn handle_transfer(&mut self, now: Instant, transfer: &Transfer) {
        let Transfer {
            si,
            opc: from,
            dpc,
            ref sif,
            ..
        } = *transfer;
        if si != SERVICE_INDICATOR {
            return;
        }
        if dpc != self.opc || !self.far_ends.contains_key(&from) {
            self.strangers = Some((
                from,
                dpc,
                self.strangers.map_or(1, |(.., n)| n.saturating_add(1)),
            ));
            self.alert(Alert::UnknownPointCode { opc: from, dpc });
            return;
        }
        self.far_end_heard(now, from);
        match Message::decode_sif_variant(sif, self.variant) {
            Ok((cic, message)) => self.received(now, from, cic, message),
            Err(error) => self.undecodable(from, &error.to_string()),
        }
        self.tell_forgotten(now);
    }

    fn received(&mut self, now: Instant, from: PointCode, cic: Cic, mut message: Message) {
        use MessageType::{Cgb, Cgba, Cgu, Cgua, Cqm, Cqr, Gra, Grs, Upa, Upt};
        match message.message_type() {
            Upt => self.send(from, cic, &Message::new(Upa)),
            // Any message has shown already that the user part is there.
            Upa => {}
            Grs | Cgb | Cgu | Cqm => self.group_requested(now, from, cic, &message),
            Gra | Cgba | Cgua | Cqr => self.group_acknowledged(now, from, cic, &message),
            kind => match self.by_cic.get(&(from, cic)) {
                Some(&place) => {
                    if kind == MessageType::Rel {
                        self.overloaded(now, from, &message);
                        // It is between two exchanges: whoever gets the REL next is not meant.
                        message.remove(ParameterCode::AUTOMATIC_CONGESTION_LEVEL);
                    }
                    self.note_seizure(from, place, kind);
                    self.apply(now, place, Event::Message(message));
                }
                None => self.unequipped(from, cic, kind),
            },
        }
    }

    /// A message for a code that is not configured: UCIC, unless the message is itself an answer
    /// (§2.12).
    pub(super) fn unequipped(&mut self, from: PointCode, cic: Cic, message: MessageType) {
        use MessageType::{Bla, Cfn, Lpa, Other, Rlc, Uba, Ucic};
        let Some(far_end) = self.far_ends.get_mut(&from) else {
            return;
        };
        let strays = &mut far_end.strays;
        strays.messages = strays.messages.saturating_add(1);
        let (low, high) = strays.cics.unwrap_or((cic, cic));
        strays.cics = Some((low.min(cic), high.max(cic)));
        let group = far_end.group;
        self.alert(Alert::Unequipped { from, message, cic });
        let answers = matches!(message, Bla | Uba | Rlc | Cfn | Ucic | Lpa | Other(_));
        if !answers && self.groups.get(group).is_some_and(|group| group.unequipped) {
            self.send(from, cic, &Message::new(Ucic));
        }
    }

    pub(super) fn undecodable(&mut self, from: PointCode, error: &str) {
        self.alert(Alert::Undecodable {
            from,
            error: error.to_owned(),
        });
    }

    /// Counts dual seizures: many of them point at a wrong configuration.
    fn note_seizure(&mut self, from: PointCode, place: usize, message: MessageType) {
        if message == MessageType::Iam
            && self
                .circuits
                .get(place)
                .is_some_and(|line| line.circuit.is_outgoing_unanswered())
            && let Some(far_end) = self.far_ends.get_mut(&from)
        {
            far_end.strays.dual_seizures = far_end.strays.dual_seizures.saturating_add(1);
        }
    }
}
