//! RTCP of an attachment: where it goes, what it says, and what the record keeps of it.

use std::mem::offset_of;
use std::net::SocketAddr;
use std::time::Instant;

use super::to_rtp::ToRtp;
use super::to_timeslot::ToTimeslot;
use crate::command::{Rtp, RtpPort};
use crate::io::{Flow, RtpIo};
use crate::level::Meter;
use crate::rtcp::packet::Writer;
use crate::rtcp::quality::mos;
use crate::rtcp::{Seen, Session};
use crate::srtp::Srtp;
use crate::statistics::Statistics;
use crate::vector::prefetch_head;

/// What a bridge says to its peer when it ends.
#[derive(Debug)]
pub(super) struct Goodbye {
    pub(super) port: RtpPort,
    pub(super) flow: Flow,
    pub(super) to: SocketAddr,
    pub(super) packet: Writer,
}

#[derive(Debug)]
#[repr(C)]
pub(super) struct Reports {
    mux: bool,
    session: Session,
    remote: SocketAddr,
    /// Whether reports are exchanged at all: the rating is made without, too.
    exchanged: bool,
    /// Where the peer's reports come from.
    latched: Option<SocketAddr>,
    /// Of attachments before: compound packets sent and received.
    before: (u32, u32),
}

/// Whether a datagram on a port that has both is RTCP: packet types 192 to 223 (RFC 5761 §4).
pub(super) fn is_rtcp(octets: &[u8]) -> bool {
    octets.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

impl Reports {
    /// Octets at the beginning that each tick touches.
    pub(super) const TOUCHED: usize = offset_of!(Self, session) + Session::TOUCHED;

    pub(super) fn new(rtp: &Rtp, statistics: &Statistics) -> Self {
        let seed = u64::from(rtp.first_timestamp) << 16 | u64::from(rtp.first_sequence);
        let remote = rtp.rtcp.map_or(rtp.remote, |rtcp| rtcp.remote);
        Self {
            mux: rtp.rtcp.is_some_and(|rtcp| rtcp.mux),
            session: Session::new(rtp.ssrc, seed),
            remote,
            exchanged: rtp.rtcp.is_some(),
            latched: None,
            before: (statistics.rtcp_sent as u32, statistics.rtcp_received as u32),
        }
    }

    /// Asks for the cache lines of what each tick touches.
    pub(super) fn prefetch(&self) {
        prefetch_head(self, Self::TOUCHED);
    }

    pub(super) fn mux(&self) -> bool {
        self.mux
    }

    pub(super) fn peer_is_deaf(&self) -> bool {
        self.session.peer_is_deaf()
    }

    fn flow(&self) -> Flow {
        if self.mux { Flow::Rtp } else { Flow::Rtcp }
    }

    /// Where reports go: to where the peer's came from, else to the host that its RTP comes from,
    /// else where its SDP says.
    fn to(&self, rtp_peer: Option<SocketAddr>) -> SocketAddr {
        match (self.mux, self.latched, rtp_peer) {
            (true, _, Some(peer)) => peer,
            (false, Some(latched), _) => latched,
            (false, None, Some(peer)) if peer.ip() != self.remote.ip() => {
                SocketAddr::new(peer.ip(), peer.port().wrapping_add(1))
            }
            _ => self.remote,
        }
    }

    /// Takes a datagram; one that is not from the host that RTP comes from is a stranger's.
    pub(super) fn receive(
        &mut self,
        now: Instant,
        source: SocketAddr,
        octets: &mut [u8],
        (to_rtp, to_timeslot): (&ToRtp, &ToTimeslot),
        srtp: Option<&mut Srtp>,
        statistics: &mut Statistics,
    ) {
        if !self.exchanged {
            return;
        }
        let known = match (self.latched, to_timeslot.latched().copied()) {
            (Some(latched), _) => latched == source,
            (None, Some(peer)) => peer.ip() == source.ip(),
            (None, None) => self.remote.ip() == source.ip(),
        };
        if !known {
            statistics.packets_stranger += 1;
            return;
        }
        let octets: &[u8] = match srtp {
            None => octets,
            Some(srtp) => match srtp.receiver.unprotect_rtcp(octets) {
                Ok(length) => octets.get(..length).unwrap_or_default(),
                Err(failure) => return statistics.drop_protected(failure),
            },
        };
        let sent = to_rtp.counted().0;
        if self.session.handle(now, to_timeslot.ssrc(), sent, octets) {
            self.latched.get_or_insert(source);
        } else {
            statistics.packets_malformed += 1;
        }
    }

    /// Sends a report when one is due, with the level of what was `heard` of the peer.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        port: RtpPort,
        (to_rtp, to_timeslot, heard): (&ToRtp, &ToTimeslot, &Meter),
        srtp: Option<&mut Srtp>,
        statistics: &mut Statistics,
        rtp: &mut dyn RtpIo,
    ) {
        if !self.session.due(now) {
            return;
        }
        let seen = Seen {
            level: heard.level(),
            ..seen(to_rtp, to_timeslot)
        };
        let mut report = self.session.report(now, &seen);
        if self.exchanged && srtp.is_none_or(|srtp| report.protect(&mut srtp.sender)) {
            let to = self.to(to_timeslot.latched().copied());
            rtp.send(port, self.flow(), to, report.octets());
        }
        self.account(&seen, statistics);
    }

    /// The last report, for a bridge that ends.
    pub(super) fn goodbye(
        &mut self,
        now: Instant,
        port: RtpPort,
        (to_rtp, to_timeslot): (&ToRtp, &ToTimeslot),
        srtp: Option<&mut Srtp>,
        statistics: &mut Statistics,
    ) -> Option<Goodbye> {
        let seen = seen(to_rtp, to_timeslot);
        let mut packet = self.session.goodbye(now, &seen);
        let sent = self.exchanged && srtp.is_none_or(|srtp| packet.protect(&mut srtp.sender));
        let goodbye = sent.then(|| Goodbye {
            port,
            flow: self.flow(),
            to: self.to(to_timeslot.latched().copied()),
            packet,
        });
        self.account(&seen, statistics);
        goodbye
    }

    fn account(&self, seen: &Seen, statistics: &mut Statistics) {
        let quality = self.session.quality();
        if self.exchanged {
            statistics.rtcp_sent = u64::from(self.before.0 + quality.sent);
            statistics.rtcp_received = u64::from(self.before.1 + quality.received);
        }
        let microseconds = |trip: std::time::Duration| trip.as_micros() as u64;
        if let Some(trip) = quality.round_trip {
            statistics.round_trip_us = Some(microseconds(trip));
        }
        statistics.round_trip_max_us = statistics
            .round_trip_max_us
            .max(quality.round_trip_max.map(microseconds));
        if let Some(block) = quality.peer {
            statistics.peer_lost = Some(block.lost);
            statistics.peer_jitter_us = Some(u64::from(block.jitter) * 125);
        }
        if seen.ssrc.is_some() {
            let r = self.session.rating(seen);
            statistics.r_factor = Some((r + 0.5) as u8);
            statistics.mos_hundredths = Some((mos(r) * 100.0 + 0.5) as u16);
        }
    }
}

fn seen(to_rtp: &ToRtp, to_timeslot: &ToTimeslot) -> Seen {
    Seen {
        sent: to_rtp.counted(),
        timestamp: to_rtp.timestamp(),
        ..to_timeslot.seen()
    }
}
