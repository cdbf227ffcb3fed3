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

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::RangeInclusive;

use rustix::event::epoll;
use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

use crate::command::RtpPort;
use crate::io::{Datagram, Flow, RtpIo, Sink};

/// Longest datagram taken; longer ones are dropped and counted.
const DATAGRAM: usize = 2_048;
/// Datagrams taken from one socket in one tick: a flood on one port must not hold up the others.
const MOST: u32 = 64;
/// Sockets reported ready by one tick; the others wait for the next.
const READY: usize = 1_024;
/// After so many packets that came as expected, the next is looked for one tick early: a sender
/// whose clock is faster than ours moves to an earlier tick.
const LOOK_EARLY: u8 = 32;
/// After so many packets in a row that came late, the next is looked for one tick later.
const LOOK_LATER: u8 = 16;
/// A schedule that is so many ticks off is begun anew: the sender was silent.
const OFF: i32 = 50;

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

/// When the next packet of a port is expected. A late packet does not move the schedule, so that
/// the one after it is found in time; only a sender that is late, or early, again and again does.
#[derive(Debug, Clone, Copy, Default)]
struct Schedule {
    /// The tick, on a circle.
    expected: u32,
    /// Packets in a row that came as expected; those in a row that came late.
    good: u8,
    late: u8,
    /// The next look is one tick before its time.
    early: bool,
}

impl Schedule {
    /// Whether to look at tick `now`.
    fn due(self, now: u32) -> bool {
        now.wrapping_sub(self.expected) as i32 >= 0
    }

    /// A packet was found at tick `now`, and the next one comes `next` ticks after this one should
    /// have.
    fn found(&mut self, now: u32, next: u8) {
        let behind = now.wrapping_sub(self.expected) as i32;
        if behind.abs() > OFF {
            *self = Self {
                expected: now,
                ..Self::default()
            };
        } else if behind > 0 {
            (self.good, self.late) = (0, self.late + 1);
            if self.early || self.late >= LOOK_LATER {
                self.expected = self.expected.wrapping_add(1);
                self.late = 0;
            }
        } else {
            (self.good, self.late) = (self.good + 1, 0);
        }
        self.early = self.good >= LOOK_EARLY && next > 1;
        if self.early {
            self.good = 0;
        }
        let step = u32::from(next) - u32::from(self.early);
        self.expected = self.expected.wrapping_add(step);
    }
}

/// The socket that belongs to a bridge and its peer.
#[derive(Debug)]
struct Connected {
    socket: UdpSocket,
    peer: SocketAddr,
    schedule: Schedule,
    /// Nothing can be in it that came between binding and connecting.
    clean: bool,
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
    /// The ports that are connected.
    active: Vec<RtpPort>,
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
            active: Vec::with_capacity(bound),
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

    /// Looks at the connected sockets whose next packet is due.
    fn receive_expected(&mut self, sink: &mut Sink<'_>) {
        self.now = self.now.wrapping_add(1);
        let Self {
            connected,
            active,
            now,
            buffer,
            counters,
            ..
        } = self;
        let now = *now;
        for &port in &*active {
            let place = connected.get_mut(usize::from(port.0));
            let Some(Some(connected)) = place else {
                continue;
            };
            if connected.schedule.due(now) {
                connected.look(now, port, &mut buffer[..], counters, sink);
            }
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
        let place = self.connected.get_mut(usize::from(port.0));
        if place.and_then(Option::take).is_some() {
            self.active.retain(|active| *active != port);
        }
    }
}

impl Connected {
    /// Reads what is there at tick `now`. One packet is expected, and when it is found as expected
    /// nothing more is asked; a port that is not as expected is emptied.
    fn look(
        &mut self,
        now: u32,
        port: RtpPort,
        buffer: &mut [u8],
        counters: &mut UdpCounters,
        sink: &mut Sink<'_>,
    ) {
        let mut alone = self.clean && self.schedule.expected == now;
        for _ in 0..MOST {
            let received = if self.clean {
                self.socket.recv(buffer).map(|length| (length, self.peer))
            } else {
                let received = self.socket.recv_from(buffer);
                received.map(|(length, source)| (length, unmapped(source)))
            };
            let (length, source) = match received {
                Ok(received) => received,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    counters.unreachable += 1;
                    continue;
                }
                Err(_) => {
                    self.clean = true;
                    return;
                }
            };
            let Some(octets) = whole(buffer, length, counters) else {
                continue;
            };
            let next = sink(Datagram {
                port,
                flow: Flow::Rtp,
                source,
                octets,
            });
            if next > 0 {
                self.schedule.found(now, next);
            }
            alone &= next > 0;
            if alone {
                return;
            }
        }
    }
}

impl RtpIo for UdpRtp {
    fn receive(&mut self, sink: &mut Sink<'_>) {
        self.receive_expected(sink);
        self.receive_watched(sink);
    }

    fn send(&mut self, port: RtpPort, flow: Flow, to: SocketAddr, packet: &[u8]) {
        let index = usize::from(port.0);
        let sent = match (self.connected.get(index), flow) {
            (Some(Some(connected)), Flow::Rtp) if connected.peer == to => {
                match connected.socket.send(packet) {
                    // The error is of an earlier packet: this one has not been tried.
                    Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                        self.counters.unreachable += 1;
                        connected.socket.send(packet)
                    }
                    sent => sent,
                }
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
                read_all(socket, port, Flow::Rtp, buffer, nobody, &mut |_| 0);
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
        match connected_to(place, peer) {
            Ok(socket) => {
                *slot = Some(Connected {
                    socket,
                    peer,
                    schedule: Schedule {
                        expected: self.now,
                        ..Schedule::default()
                    },
                    clean: false,
                });
                self.active.push(port);
            }
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

/// A second socket on the port of the first, for one peer. Ports are shared only for the moment
/// in which it is bound, so that no other program can have them too.
fn connected_to(port: &Port, peer: SocketAddr) -> io::Result<UdpSocket> {
    let family = match port.local {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::DGRAM, flags, None)?;
    set_socket_reuseaddr(&port.rtp, true)?;
    let bound = set_socket_reuseaddr(&socket, true)
        .and_then(|()| bind(&socket, &port.local))
        .and_then(|()| connect(&socket, &peer));
    set_socket_reuseaddr(&port.rtp, false)?;
    bound?;
    set_socket_reuseaddr(&socket, false)?;
    Ok(socket.into())
}

/// The octets of a datagram of `length`; `None` when it did not fit.
fn whole<'a>(
    buffer: &'a mut [u8],
    length: usize,
    counters: &mut UdpCounters,
) -> Option<&'a mut [u8]> {
    if length > DATAGRAM {
        counters.too_long += 1;
        return None;
    }
    counters.received += 1;
    buffer.get_mut(..length)
}

/// Reads a socket until it is empty.
fn read_all(
    socket: &UdpSocket,
    port: RtpPort,
    flow: Flow,
    buffer: &mut [u8],
    counters: &mut UdpCounters,
    sink: &mut Sink<'_>,
) {
    for _ in 0..MOST {
        match socket.recv_from(buffer) {
            Ok((length, source)) => {
                if let Some(octets) = whole(buffer, length, counters) {
                    sink(Datagram {
                        port,
                        flow,
                        source: unmapped(source),
                        octets,
                    });
                }
            }
            // ICMP port unreachable, for a packet sent earlier.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => counters.unreachable += 1,
            Err(_) => return,
        }
    }
}

/// Source addresses are compared: flow information is not part of them.
fn unmapped(source: SocketAddr) -> SocketAddr {
    match source {
        SocketAddr::V6(mut v6) => {
            v6.set_flowinfo(0);
            v6.into()
        }
        v4 @ SocketAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a schedule looked, and the total wait of packets in ticks, for packets that come
    /// at these ticks, two ticks apart by their sender.
    fn play(arrivals: &[u32]) -> (u32, u32) {
        let mut schedule = Schedule::default();
        let (mut looks, mut waited, mut next) = (0, 0, 0);
        for now in 0..=arrivals.last().unwrap() + 10 {
            if !schedule.due(now) {
                continue;
            }
            looks += 1;
            while arrivals.get(next).is_some_and(|at| *at <= now) {
                waited += now - arrivals[next];
                next += 1;
                schedule.found(now, 2);
                looks += 1;
            }
        }
        assert_eq!(next, arrivals.len(), "every packet is found");
        (looks, waited)
    }

    #[test]
    fn a_packet_is_looked_for_when_it_is_due() {
        let steady: Vec<u32> = (0..1_000).map(|n| 2 * n).collect();
        let (looks, waited) = play(&steady);
        assert_eq!(waited, 0);
        assert!(looks < 2_150, "{looks} looks for 1,000 packets");
    }

    /// A late packet delays nothing but itself.
    #[test]
    fn late_packets_do_not_move_the_schedule() {
        let mut at = 0;
        let jittery: Vec<u32> = (0..1_000u32)
            .map(|n| {
                at = (2 * n + n * n % 7 % 4).max(at);
                at
            })
            .collect();
        let (_, waited) = play(&jittery);
        assert!(waited < 60, "{waited} ticks of waiting by 1,000 packets");
    }

    /// Clocks that drift by a tick in 50 packets either way are followed.
    #[test]
    fn a_drifting_sender_is_followed() {
        let fast: Vec<u32> = (0..2_000).map(|n| 2 * n - n / 50).collect();
        let (_, waited) = play(&fast);
        assert!(waited < 1_400, "{waited} ticks of waiting by 2,000 packets");
        let slow: Vec<u32> = (0..2_000).map(|n| 2 * n + n / 50).collect();
        let (looks, waited) = play(&slow);
        assert!(waited < 100, "{waited}");
        assert!(looks < 6_000, "{looks}");
    }

    #[test]
    fn silence_begins_the_schedule_anew() {
        let mut arrivals: Vec<u32> = (0..10).map(|n| 2 * n).collect();
        arrivals.extend((0..10).map(|n| 201 + 2 * n));
        assert_eq!(play(&arrivals).1, 0);
    }
}
