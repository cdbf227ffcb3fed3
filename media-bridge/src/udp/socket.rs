//! The sockets of a pool: those that hear everyone, and those that belong to one peer.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};

use rustix::net::sockopt::set_socket_reuseaddr;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, connect, socket_with};

use super::schedule::Schedule;
use super::{DATAGRAM, UdpCounters};
use crate::command::RtpPort;
use crate::io::{Datagram, Flow, Sink};

/// Datagrams taken from one socket in one tick: a flood on one port must not hold up the others.
const MOST: u32 = 64;

/// The socket that belongs to a bridge and its peer.
#[derive(Debug)]
pub(super) struct Connected {
    socket: UdpSocket,
    pub(super) peer: SocketAddr,
    schedule: Schedule,
    /// Nothing can be in it that came between binding and connecting.
    clean: bool,
}

impl Connected {
    /// A second socket on the port of `bound`, for one peer, which is looked at from tick `now` on.
    /// Ports are shared only for the moment in which it is bound, so that no other program can have
    /// them too.
    pub(super) fn new(
        bound: &UdpSocket,
        local: SocketAddr,
        peer: SocketAddr,
        now: u32,
    ) -> io::Result<Self> {
        let family = match local {
            SocketAddr::V4(_) => AddressFamily::INET,
            SocketAddr::V6(_) => AddressFamily::INET6,
        };
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(family, SocketType::DGRAM, flags, None)?;
        set_socket_reuseaddr(bound, true)?;
        let connected = set_socket_reuseaddr(&socket, true)
            .and_then(|()| bind(&socket, &local))
            .and_then(|()| connect(&socket, &peer));
        set_socket_reuseaddr(bound, false)?;
        connected?;
        set_socket_reuseaddr(&socket, false)?;
        Ok(Self {
            socket: socket.into(),
            peer,
            schedule: Schedule::new(now),
            clean: false,
        })
    }

    /// Sends a packet to the peer.
    pub(super) fn send(&self, packet: &[u8], counters: &mut UdpCounters) -> io::Result<usize> {
        match self.socket.send(packet) {
            // The error is of an earlier packet: this one has not been tried.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                counters.unreachable += 1;
                self.socket.send(packet)
            }
            sent => sent,
        }
    }

    /// Reads what is there at tick `now`, if something may be. One packet is expected, and when it
    /// is found in its tick nothing more is asked; a port that is not as expected is emptied.
    pub(super) fn look(
        &mut self,
        now: u32,
        port: RtpPort,
        buffer: &mut [u8],
        counters: &mut UdpCounters,
        sink: &mut Sink<'_>,
    ) {
        if !self.schedule.due(now) {
            return;
        }
        let mut alone = self.clean;
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
            let pace = sink(Datagram {
                port,
                flow: Flow::Rtp,
                source,
                octets,
            });
            alone &= pace.next > 0 && self.schedule.found(now, pace);
            if alone {
                return;
            }
        }
    }
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
pub(super) fn read_all(
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
