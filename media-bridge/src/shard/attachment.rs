//! The RTP side of a bridge: from one command to the next that replaces it.

use std::mem::offset_of;
use std::net::SocketAddr;
use std::time::Duration;

use tdm::Law;

use super::reports::Reports;
use super::to_rtp::ToRtp;
use super::to_timeslot::ToTimeslot;
use super::watch::Watch;
use crate::command::{Codec, Event, Room, Rtp, RtpPort, Spent};
use crate::echo;
use crate::modem;
use crate::srtp::Srtp;
use crate::statistics::Statistics;

/// The RTP side.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Attachment {
    /// Of the fixed buffer, once the call carries data. First: no other part has as many values that
    /// it never takes, and so the compiler marks here whether there is an attachment at all, and a
    /// bridge.
    data_depth: Duration,
    pub(super) port: RtpPort,
    pub(super) payload_law: Law,
    /// Listening for modems, by the side they are on; none once the call carries data.
    pub(super) modems: Option<Box<modem::Pair>>,
    /// Boxed: most calls have none.
    pub(super) srtp: Option<Box<Srtp>>,
    /// None once the call carries data.
    pub(super) echo: Option<Box<echo::Control>>,
    pub(super) watch: Watch,
    pub(super) to_timeslot: ToTimeslot,
    pub(super) to_rtp: ToRtp,
    pub(super) reports: Reports,
    /// Where to send before the peer's first packet.
    pub(super) remote: SocketAddr,
}

impl Attachment {
    /// Octets at the beginning that both halves of a tick touch.
    pub(super) const TOUCHED: usize = offset_of!(Self, to_timeslot);

    /// Takes the boxes of `rtp` for its life.
    pub(super) fn new(rtp: &mut Rtp, law: Law, statistics: &Statistics) -> Self {
        let room = rtp.room.take().filter(|room| room.suits(rtp));
        let Room { ring, pending } = room.unwrap_or_else(|| Room::new(rtp));
        let clear = rtp.payload == Codec::Clearmode;
        Self {
            data_depth: rtp.data_depth,
            port: rtp.port,
            payload_law: rtp.payload.law().unwrap_or(law),
            modems: if clear { None } else { rtp.modems.take() },
            srtp: rtp.srtp.take(),
            echo: if clear { None } else { rtp.echo.take() },
            watch: Watch::new(rtp.timeout),
            to_rtp: ToRtp::new(rtp, law, pending),
            to_timeslot: ToTimeslot::new(rtp, law, ring, statistics.packets_lost),
            reports: Reports::new(rtp, statistics),
            remote: rtp.remote,
        }
    }

    /// From here on the call carries data: nobody listens, cancels, conceals or describes silence any
    /// more, and the boxes of those that did go home.
    pub(super) fn carry_data(&mut self, events: &mut dyn FnMut(Event)) {
        self.send_voice_home(events);
        self.to_rtp.carry_data();
        self.to_timeslot.carry_data(self.data_depth);
    }

    /// What only voice needs goes home.
    fn send_voice_home(&mut self, events: &mut dyn FnMut(Event)) {
        send_home(self.modems.take(), Spent::Modems, events);
        send_home(self.echo.take(), Spent::Echo, events);
        send_home(
            self.to_rtp.take_comfort_noise(),
            Spent::ComfortNoise,
            events,
        );
    }

    /// It is over: what it counted goes into the statistics, and what came by [`Rtp`] goes home.
    pub(super) fn send_boxes_home(
        &mut self,
        statistics: &mut Statistics,
        events: &mut dyn FnMut(Event),
    ) {
        self.to_timeslot.account(statistics);
        self.to_rtp.account(statistics);
        self.send_voice_home(events);
        send_home(self.srtp.take(), Spent::Srtp, events);
        send_home(self.to_timeslot.take_tones(), Spent::Tones, events);
        send_home(self.to_rtp.take_redundancy(), Spent::Redundancy, events);
        events(Event::Spent(Spent::Room(Room {
            ring: self.to_timeslot.take_ring(),
            pending: self.to_rtp.take_pending(),
        })));
    }
}

/// A box that is there goes home.
fn send_home<T>(gone: Option<T>, spent: fn(T) -> Spent, events: &mut dyn FnMut(Event)) {
    if let Some(gone) = gone {
        events(Event::Spent(spent(gone)));
    }
}
