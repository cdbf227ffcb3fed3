//! What can be asked of an exchange.

use isup::node::CircuitView;
use isup::{Cic, CircuitId};
use mtp::{LinkId, LinkState};

use super::{Exchange, Phase};
use crate::audio::PatternReport;

impl Exchange {
    /// The circuits, with state, timers and blocking.
    pub fn circuits(&self) -> impl Iterator<Item = CircuitView> {
        self.trunks.keys().filter_map(|id| self.node.circuit(*id))
    }

    /// Whether every circuit is idle and in service.
    #[must_use]
    pub fn all_idle(&self) -> bool {
        self.trunks.values().all(|trunk| trunk.call.is_none())
            && self
                .circuits()
                .all(|view| view.state == "Idle" && view.status.in_service() && view.reachable)
    }

    /// The state of a signalling link; none when there is no such link.
    #[must_use]
    pub fn link_state(&self, link: LinkId) -> Option<LinkState> {
        self.mtp.link_state(link)
    }

    /// The links.
    pub fn links(&self) -> impl Iterator<Item = LinkId> {
        self.links.iter().map(|link| link.id)
    }

    /// The circuit with this code: the first one when several exchanges use it.
    #[must_use]
    pub fn circuit_of(&self, cic: Cic) -> Option<CircuitId> {
        let mut trunks = self.trunks.iter();
        trunks
            .find(|(_, trunk)| trunk.cic == cic)
            .map(|(id, _)| *id)
    }

    /// The calls: circuit, whether incoming, phase, called and calling number.
    pub fn calls(&self) -> impl Iterator<Item = (CircuitId, bool, Phase, &str, &str)> {
        self.trunks.iter().filter_map(|(circuit, trunk)| {
            let call = trunk.call.as_ref()?;
            Some((
                *circuit,
                call.incoming,
                call.phase,
                call.called.as_str(),
                call.calling.as_str(),
            ))
        })
    }

    /// The DTMF digits that a call has sent so far.
    #[must_use]
    pub fn collected(&self, circuit: CircuitId) -> Option<&str> {
        Some(self.call(circuit)?.collected.as_str())
    }

    /// What became of a test pattern on the timeslot of a call.
    #[must_use]
    pub fn pattern(&self, circuit: CircuitId) -> Option<PatternReport> {
        let voice = self.trunks.get(&circuit)?.voice.as_ref()?;
        Some(voice.pattern())
    }
}
