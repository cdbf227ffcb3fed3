//! What is taken at the moment: everything a call holds comes back when it is over.

use super::Iwu;

/// What the calls of a unit hold. All zero but `begun` when nothing happens any more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Occupancy {
    /// Attempts since the start: each gives one record.
    pub begun: u64,
    /// Calls with a leg on either side.
    pub calls: usize,
    /// Circuits that calls hold.
    pub circuits: usize,
    /// SIP sessions, those that only wait for late responses included, and ends of junctions.
    pub sessions: usize,
    /// SIP sessions that a call listens to.
    pub dialogs: usize,
    /// Bridges that have not said that they are closed.
    pub bridges: usize,
    /// RTP ports that are not free.
    pub rtp_ports: usize,
    /// Records that wait for what their bridge counted.
    pub records: usize,
    /// Timers of call control.
    pub timers: usize,
    /// Calls that are not over and known by a Call-ID.
    pub call_ids: usize,
}

impl Iwu {
    /// What is taken at the moment.
    #[must_use]
    pub fn occupancy(&self) -> Occupancy {
        Occupancy {
            begun: self.next_call - 1,
            calls: self.legs.len(),
            circuits: self.by_circuit.len(),
            sessions: self.sip.sessions() + self.junctions.ends(),
            dialogs: self.by_session.len(),
            bridges: self.bridges.len(),
            rtp_ports: self.ports.iter().map(super::PortPool::taken).sum(),
            records: self.ended.len(),
            timers: self.timers.len(),
            call_ids: self.by_call_id.open(),
        }
    }
}
