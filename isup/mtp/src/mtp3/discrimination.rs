//! Message discrimination and distribution (Q.704 §2.4).

use std::time::Instant;

use bytes::Bytes;

use super::activation::number;
use super::inhibition::{self, Word};
use super::link_test;
use super::linkset::LinkIndex;
use super::message::{LinkTestMessage, Management};
use super::signalling_point::Mtp;
use crate::label::service;
use crate::link_state::{Hint, LinkChange};
use crate::{Message, Output, Slc, Status, Transfer};

/// Cause in UPU: the user part is not equipped (Q.704 §15.17.5).
const UNEQUIPPED: u8 = 1;

impl Mtp {
    /// A message arrived on a link: from the SIO on.
    pub(super) fn discriminate(&mut self, now: Instant, link: LinkIndex, octets: &Bytes) {
        // An MSU too short for its label has no destination; there is nobody to tell.
        let Ok(message) = Message::decode(self.config.standard, octets) else {
            return;
        };
        let (seen, configured) = (message.sio.network_indicator, self.config.network_indicator);
        if seen != configured {
            self.hint(link, Hint::network_indicator(seen, configured));
            return;
        }
        match message.sio.service {
            service::TESTING | service::TESTING_SPECIAL => self.receive_test(now, link, &message),
            _ if message.label.dpc != self.config.point_code => {
                if self.config.transfer_function {
                    self.transfer_message(now, &message, octets.clone());
                } else {
                    let (seen, configured) = (message.label.dpc, self.config.point_code);
                    self.hint(link, Hint::OwnPointCode { seen, configured });
                }
            }
            service::MANAGEMENT => self.receive_management(now, link, &message),
            si if self.config.user_parts.contains(&si) => {
                self.outputs.push_back(Output::Transfer(Transfer {
                    si,
                    opc: message.label.opc,
                    dpc: message.label.dpc,
                    sls: message.label.sls,
                    sif: message.body,
                }));
            }
            si => {
                let unavailable = Management::Upu(self.config.point_code, si, UNEQUIPPED);
                self.send_to_point(now, message.label.opc, &unavailable);
            }
        }
    }

    /// SLTM and SLTA count only when they name this link's two ends and its SLC (Q.707 §2.2).
    fn receive_test(&mut self, now: Instant, link: LinkIndex, message: &Message) {
        let Some(test) = LinkTestMessage::decode(message.label.sls, &message.body) else {
            return;
        };
        self.tell(link, LinkChange::Received(test.acronym()));
        let own = self.config.point_code;
        let linkset = self.link(link).linkset;
        let adjacent = self.linkset(linkset).adjacent;
        let slc = self.link(link).slc;
        let (opc, dpc) = (message.label.opc, message.label.dpc);
        let mut mismatch = false;
        let mut check = |wrong: bool, hint: Hint| {
            if wrong {
                mismatch = true;
                self.hint(link, hint);
            }
        };
        check(
            opc != adjacent,
            Hint::AdjacentPointCode {
                seen: opc,
                configured: adjacent,
            },
        );
        check(
            dpc != own,
            Hint::OwnPointCode {
                seen: dpc,
                configured: own,
            },
        );
        check(
            test.slc != slc,
            Hint::LinkCode {
                seen: test.slc,
                configured: slc,
            },
        );
        if mismatch {
            return;
        }
        if test.acknowledgement {
            let number = number(&test.pattern);
            self.link_test(now, link, link_test::Event::Acknowledged { number });
        } else {
            self.send_link_test(now, link, true, test.pattern);
        }
    }

    fn receive_management(&mut self, now: Instant, link: LinkIndex, message: &Message) {
        let (opc, sls) = (message.label.opc, message.label.sls);
        let Some(management) = Management::decode(self.config.standard, sls, &message.body) else {
            return;
        };
        self.tell(link, LinkChange::Received(management.acronym()));
        let linkset = self
            .linksets
            .iter()
            .position(|linkset| linkset.adjacent == opc);
        if let Management::Upu(point, _, _) = management {
            self.outputs
                .push_back(Output::Status(Status::UserPartUnavailable(point)));
            return;
        }
        if let Management::Tfc(point, level) = management {
            self.transfer_controlled(point, level);
            return;
        }
        // All others are between neighbours.
        let Some(linkset) = linkset else { return };
        let meant = |slc: Slc| {
            let links = self
                .linksets
                .get(linkset)
                .map(|linkset| linkset.links.as_slice());
            let has = |&&link: &&LinkIndex| self.links.get(link).is_some_and(|l| l.slc == slc);
            links.unwrap_or_default().iter().find(has).copied()
        };
        match management {
            Management::Coo(slc, fsn) => {
                if let Some(link) = meant(slc) {
                    self.changeover_ordered(now, link, Some(fsn));
                }
            }
            Management::Eco(slc) => {
                if let Some(link) = meant(slc) {
                    self.changeover_ordered(now, link, None);
                }
            }
            Management::Coa(slc, fsn) => {
                if let Some(link) = meant(slc) {
                    self.changeover_acknowledged(now, link, Some(fsn));
                }
            }
            Management::Eca(slc) => {
                if let Some(link) = meant(slc) {
                    self.changeover_acknowledged(now, link, None);
                }
            }
            Management::Cbd(slc, code) => {
                self.send_to_adjacent(now, linkset, &Management::Cba(slc, code), None);
            }
            Management::Cba(slc, code) => {
                if let Some(link) = meant(slc) {
                    self.changeback_acknowledged(now, link, code);
                }
            }
            Management::Tra => self.restart_allowed(now, linkset),
            Management::Tfp(point) => self.transfer_prohibited(now, linkset, point),
            Management::Tfr(point) => self.transfer_restricted(now, linkset, point),
            Management::Tfa(point) => self.transfer_allowed(now, linkset, point),
            Management::Rst(point) | Management::Rsr(point) => {
                self.route_tested(now, linkset, point);
            }
            Management::Lin(slc)
            | Management::Lun(slc)
            | Management::Lia(slc)
            | Management::Lua(slc)
            | Management::Lid(slc)
            | Management::Lfu(slc)
            | Management::Llt(slc)
            | Management::Lrt(slc) => {
                if let (Some(link), Some(word)) = (meant(slc), Word::of(&management)) {
                    let spare = self.spare(link);
                    self.inhibition(now, link, inhibition::Event::Received { word, spare });
                }
            }
            Management::Tfc(..) | Management::Upu(..) => {}
        }
    }
}
