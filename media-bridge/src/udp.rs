//! RTP over UDP: a pool of bound sockets, read and written in batches. The one file of this
//! crate that speaks to the kernel, and the only one with `unsafe`: `recvmmsg` and `sendmmsg`
//! have no safe form for IPv4 and IPv6 addresses with reused buffers.

#![allow(unsafe_code, reason = "recvmmsg and sendmmsg through libc")]

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::ops::RangeInclusive;
use std::os::fd::AsRawFd;

use rustix::event::epoll;

use crate::command::RtpPort;
use crate::io::RtpIo;

/// Datagrams read or written by one system call.
const BATCH: usize = 16;
/// Longest datagram taken; longer ones are dropped and counted.
const DATAGRAM: usize = 2_048;
/// Longest packet sent: a header and 60 ms of G.711.
const PACKET: usize = 512;
/// Packets that wait for [`RtpIo::flush`].
const QUEUE: usize = 256;

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
}

struct Outgoing {
    port: RtpPort,
    to: SocketAddr,
    length: usize,
    octets: [u8; PACKET],
}

/// A pool of UDP sockets, one for each even port of a range (RFC 3550 §11), all bound when it is
/// made. [`RtpPort`] 0 is the lowest.
pub struct UdpRtp {
    /// By [`RtpPort`]; those of other pools are not there.
    sockets: Vec<Option<UdpSocket>>,
    addresses: Vec<Option<SocketAddr>>,
    poll: rustix::fd::OwnedFd,
    ready: Vec<epoll::Event>,
    buffers: Box<[[u8; DATAGRAM]; BATCH]>,
    queue: Vec<Outgoing>,
    counters: UdpCounters,
}

// SAFETY: the only part that is not `Send` by itself is the pointer member of epoll's user data,
// and every registration here uses the integer one.
unsafe impl Send for UdpRtp {}

impl std::fmt::Debug for UdpRtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UdpRtp")
            .field("addresses", &self.addresses)
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl UdpRtp {
    /// Binds every even port of `ports` on `address`.
    ///
    /// # Errors
    /// [`BindError::Port`] names the port that is taken; then none stays bound.
    pub fn bind(address: IpAddr, ports: RangeInclusive<u16>) -> Result<Self, BindError> {
        let (first, last) = (*ports.start(), *ports.end());
        let even = ports.filter(|port| port % 2 == 0);
        let pool = Self::bind_ports(address, (0..).map(RtpPort).zip(even))?;
        if pool.sockets.is_empty() {
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
        let mut sockets: Vec<Option<UdpSocket>> = Vec::new();
        let mut addresses: Vec<Option<SocketAddr>> = Vec::new();
        let mut bound = 0;
        for (RtpPort(index), port) in ports {
            let address = SocketAddr::new(address, port);
            let bind = || {
                let socket = UdpSocket::bind(address)?;
                socket.set_nonblocking(true)?;
                let local = socket.local_addr()?;
                Ok((socket, local))
            };
            let (socket, local) = bind().map_err(|source| BindError::Port { address, source })?;
            let data = epoll::EventData::new_u64(u64::from(index));
            epoll::add(&poll, &socket, data, epoll::EventFlags::IN)
                .map_err(|errno| BindError::Watch(errno.into()))?;
            let index = usize::from(index);
            if sockets.len() <= index {
                sockets.resize_with(index + 1, || None);
                addresses.resize(index + 1, None);
            }
            if let (Some(place), Some(at)) = (sockets.get_mut(index), addresses.get_mut(index)) {
                (*place, *at) = (Some(socket), Some(local));
            }
            bound += 1;
        }
        let ready = Vec::with_capacity(bound);
        Ok(Self {
            sockets,
            addresses,
            poll,
            ready,
            buffers: Box::new([[0; DATAGRAM]; BATCH]),
            queue: Vec::with_capacity(QUEUE),
            counters: UdpCounters::default(),
        })
    }

    /// One more than the highest [`RtpPort`] of the pool.
    #[must_use]
    pub fn ports(&self) -> u16 {
        self.sockets.len() as u16
    }

    /// The address of a port, for SDP.
    #[must_use]
    pub fn local(&self, port: RtpPort) -> Option<SocketAddr> {
        self.addresses.get(usize::from(port.0)).copied().flatten()
    }

    /// What was counted.
    #[must_use]
    pub fn counters(&self) -> UdpCounters {
        self.counters
    }

    /// Reads a socket until it is empty.
    fn drain(&mut self, port: RtpPort, sink: &mut dyn FnMut(RtpPort, SocketAddr, &[u8])) {
        let Some(Some(socket)) = self.sockets.get(usize::from(port.0)) else {
            return;
        };
        let fd = socket.as_raw_fd();
        // A flood on one port must not hold up the tick.
        for _ in 0..8 {
            let count = receive_batch(fd, &mut self.buffers, &mut |source, octets, whole| {
                if !whole {
                    self.counters.too_long += 1;
                } else if let Some(source) = source {
                    self.counters.received += 1;
                    sink(port, source, octets);
                }
            });
            if count < BATCH {
                return;
            }
        }
    }
}

impl RtpIo for UdpRtp {
    fn receive(&mut self, sink: &mut dyn FnMut(RtpPort, SocketAddr, &[u8])) {
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
        for index in 0..self.ready.len() {
            let port = self
                .ready
                .get(index)
                .map_or(u64::MAX, |event| event.data.u64());
            if let Ok(port) = u16::try_from(port) {
                self.drain(RtpPort(port), sink);
            }
        }
    }

    fn send(&mut self, port: RtpPort, to: SocketAddr, packet: &[u8]) {
        let mut octets = [0; PACKET];
        let Some(place) = octets.get_mut(..packet.len()) else {
            self.counters.send_errors += 1;
            return;
        };
        place.copy_from_slice(packet);
        if self.queue.len() == QUEUE {
            self.flush();
        }
        self.queue.push(Outgoing {
            port,
            to,
            length: packet.len(),
            octets,
        });
    }

    fn flush(&mut self) {
        let Self {
            sockets,
            queue,
            counters,
            ..
        } = self;
        // One call for each run of packets from one port; it cannot span sockets.
        for run in queue.chunk_by(|a, b| a.port == b.port) {
            let Some(first) = run.first() else { continue };
            let Some(Some(socket)) = sockets.get(usize::from(first.port.0)) else {
                continue;
            };
            for batch in run.chunks(BATCH) {
                let sent = send_batch(socket.as_raw_fd(), batch);
                counters.sent += sent as u64;
                counters.send_errors += (batch.len() - sent) as u64;
            }
        }
        queue.clear();
    }

    fn open(&mut self, port: RtpPort) {
        self.drain(port, &mut |_, _, _| {});
    }
}

/// Takes a datagram: its source, its octets, and whether it is whole.
type Sink<'a> = dyn FnMut(Option<SocketAddr>, &[u8], bool) + 'a;

/// Reads up to [`BATCH`] datagrams; hands each to `sink` with its source and whether it is
/// whole. Returns how many there were.
fn receive_batch(fd: i32, buffers: &mut [[u8; DATAGRAM]; BATCH], sink: &mut Sink<'_>) -> usize {
    // SAFETY: all-zero is a valid value of these C structures.
    let mut addresses: [libc::sockaddr_storage; BATCH] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let mut vectors: [libc::iovec; BATCH] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let mut messages: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
    let parts = messages
        .iter_mut()
        .zip(&mut vectors)
        .zip(&mut addresses)
        .zip(&mut *buffers);
    for (((message, vector), address), buffer) in parts {
        vector.iov_base = buffer.as_mut_ptr().cast();
        vector.iov_len = DATAGRAM;
        message.msg_hdr.msg_name = std::ptr::from_mut(address).cast();
        message.msg_hdr.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        message.msg_hdr.msg_iov = vector;
        message.msg_hdr.msg_iovlen = 1;
    }
    // SAFETY: every message points at one vector, one address and one buffer of the stated
    // lengths, which live until the call returns; no timeout is given.
    let count = unsafe {
        libc::recvmmsg(
            fd,
            messages.as_mut_ptr(),
            BATCH as libc::c_uint,
            libc::MSG_DONTWAIT,
            std::ptr::null_mut(),
        )
    };
    let count = usize::try_from(count).unwrap_or(0);
    let received = messages.iter().zip(&addresses).zip(&*buffers).take(count);
    for ((message, address), buffer) in received {
        let whole = message.msg_hdr.msg_flags & libc::MSG_TRUNC == 0;
        let octets = buffer.get(..message.msg_len as usize).unwrap_or_default();
        sink(from_storage(address), octets, whole);
    }
    count
}

/// Sends up to [`BATCH`] packets of one socket; returns how many the system took.
fn send_batch(fd: i32, batch: &[Outgoing]) -> usize {
    // SAFETY: all-zero is a valid value of these C structures.
    let mut addresses: [libc::sockaddr_storage; BATCH] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let mut vectors: [libc::iovec; BATCH] = unsafe { std::mem::zeroed() };
    // SAFETY: as above.
    let mut messages: [libc::mmsghdr; BATCH] = unsafe { std::mem::zeroed() };
    let parts = messages
        .iter_mut()
        .zip(&mut vectors)
        .zip(&mut addresses)
        .zip(batch);
    let mut count = 0;
    for (((message, vector), address), packet) in parts {
        // The kernel only reads through this pointer.
        vector.iov_base = packet.octets.as_ptr().cast_mut().cast();
        vector.iov_len = packet.length.min(PACKET);
        message.msg_hdr.msg_namelen = to_storage(packet.to, address);
        message.msg_hdr.msg_name = std::ptr::from_mut(address).cast();
        message.msg_hdr.msg_iov = vector;
        message.msg_hdr.msg_iovlen = 1;
        count += 1;
    }
    let mut sent = 0;
    let mut at = 0;
    while at < count {
        let rest = messages.get_mut(at..count).unwrap_or_default();
        // SAFETY: every message points at one vector, one address and one packet of the stated
        // lengths, which live until the call returns.
        let taken = unsafe {
            libc::sendmmsg(
                fd,
                rest.as_mut_ptr(),
                rest.len() as libc::c_uint,
                libc::MSG_DONTWAIT,
            )
        };
        match usize::try_from(taken) {
            Ok(taken) if taken > 0 => {
                sent += taken;
                at += taken;
            }
            // The first of them cannot be sent: the others may.
            _ => at += 1,
        }
    }
    sent
}

fn from_storage(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the storage holds a sockaddr_in, which is smaller
            // and less strictly aligned.
            let v4 = unsafe { &*std::ptr::from_ref(storage).cast::<libc::sockaddr_in>() };
            let address = Ipv4Addr::from(u32::from_be(v4.sin_addr.s_addr));
            Some(SocketAddrV4::new(address, u16::from_be(v4.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the family says that the storage holds a sockaddr_in6, which is smaller
            // and less strictly aligned.
            let v6 = unsafe { &*std::ptr::from_ref(storage).cast::<libc::sockaddr_in6>() };
            let address = Ipv6Addr::from(v6.sin6_addr.s6_addr);
            let port = u16::from_be(v6.sin6_port);
            // Source addresses are compared: flow information is not part of them.
            Some(SocketAddrV6::new(address, port, 0, v6.sin6_scope_id).into())
        }
        _ => None,
    }
}

fn to_storage(address: SocketAddr, storage: &mut libc::sockaddr_storage) -> libc::socklen_t {
    match address {
        SocketAddr::V4(v4) => {
            // SAFETY: a sockaddr_storage is large and aligned enough for a sockaddr_in.
            let place = unsafe { &mut *std::ptr::from_mut(storage).cast::<libc::sockaddr_in>() };
            place.sin_family = libc::AF_INET as libc::sa_family_t;
            place.sin_port = v4.port().to_be();
            place.sin_addr.s_addr = u32::from(*v4.ip()).to_be();
            size_of::<libc::sockaddr_in>() as libc::socklen_t
        }
        SocketAddr::V6(v6) => {
            // SAFETY: a sockaddr_storage is large and aligned enough for a sockaddr_in6.
            let place = unsafe { &mut *std::ptr::from_mut(storage).cast::<libc::sockaddr_in6>() };
            place.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            place.sin6_port = v6.port().to_be();
            place.sin6_addr.s6_addr = v6.ip().octets();
            place.sin6_scope_id = v6.scope_id();
            size_of::<libc::sockaddr_in6>() as libc::socklen_t
        }
    }
}
