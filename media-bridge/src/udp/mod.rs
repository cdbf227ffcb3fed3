//! RTP over UDP: a pool of bound sockets.
//!
//! A bridge that has found its peer gets a second socket on its port, connected to that peer. The
//! kernel gives what the peer sends to the connected socket, whose look-up and route are shorter,
//! and what anyone else sends to the first: strangers are still seen and counted. Measured on
//! loopback with 1,920 channels, a packet received and sent costs so:
//!
//! | | µs |
//! |---|---|
//! | epoll, `recvmmsg` and `sendmmsg` a socket | 5.4 |
//! | epoll, `recvfrom`, `sendto` | 4.9 |
//! | one socket for all, `recvmmsg` and `sendmmsg` of 64 | 3.4 |
//! | connected sockets through io_uring | 3.5 |
//! | connected sockets, `recv` when a packet is due, `send` | 3.2 |
//!
//! So a connected socket is asked when its next packet is due, as the sink of
//! [`RtpIo::receive`] says; the others, which are silent but for beginnings, strangers and RTCP,
//! are watched by epoll.

mod schedule;
mod socket;

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

use rustix::event::epoll;
use socket::{Connected, read_all};

use crate::command::RtpPort;
use crate::io::{Flow, Pace, RtpIo, Sink};
use crate::vector::prefetch;

/// Longest datagram taken; longer ones are dropped and counted.
const DATAGRAM: usize = 2_048;
/// Bridges mostly have ports in the order of their timeslots: so many further on is the port of one
/// that soon has its turn.
const AHEAD: usize = 2;
/// Sockets reported ready by one tick; the others wait for the next.
const READY: usize = 1_024;

/// Why the pool could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// A port of the range cannot be bound.
    #[error("RTP port {address}: {source}; expected a range of free UDP ports")]
    Port {
        /// The address that was tried.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The range holds no even port, or more than 65535 of them.
    #[error("RTP ports {first} to {last}: the range holds no even port")]
    Empty {
        /// First port of the range.
        first: u16,
        /// Last port of the range.
        last: u16,
    },
    /// The system has no room for watching the sockets.
    #[error("RTP sockets cannot be watched: {0}")]
    Watch(io::Error),
}

/// What the pool counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct UdpCounters {
    /// Datagrams received.
    pub received: u64,
    /// Datagrams sent.
    pub sent: u64,
    /// Datagrams that the system would not send.
    pub send_errors: u64,
    /// Datagrams longer than any RTP packet should be.
    pub too_long: u64,
    /// Times the peer's host said that nobody listens there (ICMP port unreachable).
    pub unreachable: u64,
    /// Connected sockets that the system would not give: those bridges go on without.
    pub not_connected: u64,
}

/// One RTP port.
#[derive(Debug)]
struct Port {
    rtp: UdpSocket,
    rtcp: Option<UdpSocket>,
    local: SocketAddr,
}

/// A pool of UDP sockets, one for each even port of a range (RFC 3550 §11) and one for the odd
/// port after it, all bound when it is made. [`RtpPort`] 0 is the lowest.
pub struct UdpRtp {
    /// By [`RtpPort`]; those of other pools are not there.
    ports: Vec<Option<Port>>,
    connected: Vec<Option<Connected>>,
    /// Calls of [`RtpIo::receive`], on a circle.
    now: u32,
    poll: rustix::fd::OwnedFd,
    ready: Vec<epoll::Event>,
    buffer: Box<[u8; DATAGRAM + 1]>,
    counters: UdpCounters,
}

// SAFETY: the only part that is not `Send` by itself is the pointer member of epoll's user data,
// and every registration here uses the integer one.
#[allow(unsafe_code, reason = "epoll's event has a pointer that is never used")]
unsafe impl Send for UdpRtp {}

impl std::fmt::Debug for UdpRtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UdpRtp")
            .field("ports", &self.ports.len())
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl UdpRtp {
    /// Binds every even port of `ports` on `address`, and the odd port after each for RTCP.
    ///
    /// # Errors
    /// [`BindError::Port`] names the port that is taken; then none stays bound.
    pub fn bind(address: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, BindError> {
        let (first, last) = (*ports.start(), *ports.end());
        let even = ports.filter(|port| port % 2 == 0);
        let pool = Self::bind_ports(address, (0..).map(RtpPort).zip(even))?;
        if pool.ports.is_empty() {
            return Err(BindError::Empty { first, last });
        }
        Ok(pool)
    }

    /// Binds the UDP ports given, each as the [`RtpPort`] beside it: for a pool that has a part
    /// of the ports of several.
    ///
    /// # Errors
    /// [`BindError::Port`] names the port that is taken; then none stays bound.
    pub fn bind_ports(
        address: IpAddr,
        ports: impl IntoIterator<Item = (RtpPort, u16)>,
    ) -> Result<Self, BindError> {
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)
            .map_err(|errno| BindError::Watch(errno.into()))?;
        let mut places: Vec<Option<Port>> = Vec::new();
        let mut bound = 0;
        for (RtpPort(index), number) in ports {
            let open = |number: u16, flow: Flow| {
                let address = SocketAddr::new(address, number);
                let socket =
                    bound_to(address).map_err(|source| BindError::Port { address, source })?;
                let data = epoll::EventData::new_u64(u64::from(index) << 1 | flow as u64);
                epoll::add(&poll, &socket, data, epoll::EventFlags::IN)
                    .map_err(|errno| BindError::Watch(errno.into()))?;
                Ok(socket)
            };
            let rtp = open(number, Flow::Rtp)?;
            let rtcp = match number.checked_add(1) {
                Some(number) => Some(open(number, Flow::Rtcp)?),
                None => None,
            };
            let index = usize::from(index);
            if places.len() <= index {
                places.resize_with(index + 1, || None);
            }
            if let Some(place) = places.get_mut(index) {
                let local = SocketAddr::new(address, number);
                *place = Some(Port { rtp, rtcp, local });
            }
            bound += 1;
        }
        Ok(Self {
            connected: places.iter().map(|_| None).collect(),
            now: 0,
            ports: places,
            poll,
            ready: Vec::with_capacity(READY.min(2 * bound).max(1)),
            buffer: Box::new([0; DATAGRAM + 1]),
            counters: UdpCounters::default(),
        })
    }

    /// One more than the highest [`RtpPort`] of the pool.
    #[must_use]
    pub fn ports(&self) -> u16 {
        self.ports.len() as u16
    }

    /// The address of a port, for SDP.
    #[must_use]
    pub fn local(&self, port: RtpPort) -> Option<SocketAddr> {
        let place = self.ports.get(usize::from(port.0))?;
        place.as_ref().map(|port| port.local)
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> UdpCounters {
        self.counters
    }

    /// Asks for the cache lines of what is known of a port soon to be looked at or sent from.
    fn prefetch(&self, port: usize) {
        if let Some(connected) = self.connected.get(port + AHEAD) {
            prefetch(connected);
        }
    }

    /// Reads the sockets that epoll finds ready.
    fn receive_watched(&mut self, sink: &mut Sink<'_>) {
        self.ready.clear();
        let none = rustix::event::Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let ready = rustix::buffer::spare_capacity(&mut self.ready);
        if epoll::wait(&self.poll, ready, Some(&none)).is_err() {
            // Interrupted: the next tick finds the same sockets ready.
            return;
        }
        let Self {
            ports,
            ready,
            buffer,
            counters,
            ..
        } = self;
        for event in &*ready {
            let data = event.data.u64();
            let (Ok(port), flow) = (u16::try_from(data >> 1), data & 1) else {
                continue;
            };
            let Some(Some(place)) = ports.get(usize::from(port)) else {
                continue;
            };
            let (socket, flow) = match (flow, &place.rtcp) {
                (0, _) => (&place.rtp, Flow::Rtp),
                (_, Some(rtcp)) => (rtcp, Flow::Rtcp),
                (_, None) => continue,
            };
            read_all(socket, RtpPort(port), flow, &mut buffer[..], counters, sink);
        }
    }

    fn disconnect(&mut self, port: RtpPort) {
        if let Some(place) = self.connected.get_mut(usize::from(port.0)) {
            *place = None;
        }
    }
}

impl RtpIo for UdpRtp {
    fn receive(&mut self, sink: &mut Sink<'_>) {
        self.now = self.now.wrapping_add(1);
        self.receive_watched(sink);
    }

    fn look(&mut self, port: RtpPort, sink: &mut Sink<'_>) {
        let index = usize::from(port.0);
        self.prefetch(index);
        if let Some(Some(connected)) = self.connected.get_mut(index) {
            let (buffer, counters) = (&mut self.buffer[..], &mut self.counters);
            connected.look(self.now, port, buffer, counters, sink);
        }
    }

    fn send(&mut self, port: RtpPort, flow: Flow, to: SocketAddr, packet: &[u8]) {
        let index = usize::from(port.0);
        self.prefetch(index);
        let sent = match (self.connected.get(index), flow) {
            (Some(Some(connected)), Flow::Rtp) if connected.peer == to => {
                connected.send(packet, &mut self.counters)
            }
            _ => match self.ports.get(index) {
                Some(Some(Port { rtp, .. })) if flow == Flow::Rtp => rtp.send_to(packet, to),
                Some(Some(Port {
                    rtcp: Some(rtcp), ..
                })) => rtcp.send_to(packet, to),
                _ => Err(ErrorKind::NotConnected.into()),
            },
        };
        match sent {
            Ok(_) => self.counters.sent += 1,
            Err(_) => self.counters.send_errors += 1,
        }
    }

    fn open(&mut self, port: RtpPort) {
        self.disconnect(port);
        if let Some(Some(place)) = self.ports.get(usize::from(port.0)) {
            let buffer = &mut self.buffer[..];
            let sockets = [Some(&place.rtp), place.rtcp.as_ref()];
            for socket in sockets.into_iter().flatten() {
                let nobody = &mut UdpCounters::default();
                read_all(socket, port, Flow::Rtp, buffer, nobody, &mut |_| {
                    Pace::default()
                });
            }
        }
    }

    fn lock(&mut self, port: RtpPort, peer: SocketAddr) {
        self.disconnect(port);
        let index = usize::from(port.0);
        let (Some(Some(place)), Some(slot)) =
            (self.ports.get(index), self.connected.get_mut(index))
        else {
            return;
        };
        match Connected::new(&place.rtp, place.local, peer, self.now) {
            Ok(connected) => *slot = Some(connected),
            // Without it the bridge works as before, at a little more cost.
            Err(_) => self.counters.not_connected += 1,
        }
    }

    fn close(&mut self, port: RtpPort) {
        self.disconnect(port);
    }
}

fn bound_to(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}
