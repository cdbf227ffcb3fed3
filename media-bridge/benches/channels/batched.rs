//! The floor of a design with one socket for many channels: `recvmmsg` and `sendmmsg` of 64 packets,
//! with their addresses, and nothing else.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr::null_mut;

use crate::peers::{PACKET, Peers, socket};
use crate::{TICKS, WARM_UP, cpu_ns};

pub(crate) const NAME: &str =
    "bare `recvmmsg` and `sendmmsg` of 64 packets, a socket for 256 channels";

/// Channels of a socket: its buffer holds the packets of a tick.
const A_SOCKET: usize = 256;
/// Packets of a call.
const A_CALL: usize = 64;

/// Packets with their addresses, as the system calls want them.
struct Batch {
    octets: Vec<[u8; 2_048]>,
    addresses: Vec<libc::sockaddr_in>,
    vectors: Vec<libc::iovec>,
    headers: Vec<libc::mmsghdr>,
}

impl Batch {
    /// One packet for each address, of so many octets.
    fn new(addresses: &[SocketAddr], length: usize) -> Self {
        let mut batch = Self {
            octets: vec![[0; 2_048]; addresses.len()],
            addresses: addresses.iter().map(name).collect(),
            vectors: Vec::new(),
            headers: Vec::new(),
        };
        let vector = |octets: &mut [u8; 2_048]| libc::iovec {
            iov_base: octets.as_mut_ptr().cast(),
            iov_len: length,
        };
        batch.vectors = batch.octets.iter_mut().map(vector).collect();
        let each = batch.addresses.iter_mut().zip(&mut batch.vectors);
        batch.headers = each
            .map(|(address, vector)| libc::mmsghdr {
                msg_hdr: libc::msghdr {
                    msg_name: std::ptr::from_mut(address).cast(),
                    msg_namelen: size_of::<libc::sockaddr_in>() as u32,
                    msg_iov: vector,
                    msg_iovlen: 1,
                    msg_control: null_mut(),
                    msg_controllen: 0,
                    msg_flags: 0,
                },
                msg_len: 0,
            })
            .collect();
        batch
    }

    /// Takes what is there, one batch at most.
    fn receive(&mut self, socket: &UdpSocket) -> usize {
        let (fd, count) = (socket.as_raw_fd(), self.headers.len() as u32);
        // SAFETY: the headers point to addresses and octets on the heap, which live as long.
        let received =
            unsafe { libc::recvmmsg(fd, self.headers.as_mut_ptr(), count, 0, null_mut()) };
        let received = usize::try_from(received).unwrap();
        let whole = |header: &libc::mmsghdr| header.msg_len as usize == PACKET;
        assert!(self.headers[..received].iter().all(whole));
        received
    }

    /// Sends all.
    fn send(&mut self, socket: &UdpSocket) {
        let fd = socket.as_raw_fd();
        for headers in self.headers.chunks_mut(A_CALL) {
            let count = headers.len() as u32;
            // SAFETY: as above.
            let sent = unsafe { libc::sendmmsg(fd, headers.as_mut_ptr(), count, 0) };
            assert_eq!(sent, headers.len() as i32);
        }
    }
}

fn name(address: &SocketAddr) -> libc::sockaddr_in {
    let IpAddr::V4(host) = address.ip() else {
        panic!("{address} is of the loopback network");
    };
    libc::sockaddr_in {
        sin_family: libc::AF_INET as u16,
        sin_port: address.port().to_be(),
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes(host.octets()),
        },
        sin_zero: [0; 8],
    }
}

/// CPU time in nanoseconds.
pub(crate) fn run(peers: &mut Peers) -> u64 {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 0));
    let channels: Vec<usize> = (0..peers.count()).collect();
    let mut sockets: Vec<_> = channels
        .chunks(A_SOCKET)
        .map(|channels| {
            let to: Vec<_> = channels.iter().map(|&n| peers.address(n)).collect();
            (socket(nobody), channels, Batch::new(&to, PACKET))
        })
        .collect();
    let ours: Vec<SocketAddr> = sockets
        .iter()
        .map(|(socket, ..)| socket.local_addr().unwrap())
        .collect();
    peers.aim_at(|n| ours[n / A_SOCKET]);
    let mut arrived = Batch::new(&[nobody; A_CALL], 2_048);
    let mut spent = 0;
    for tick in 0..WARM_UP + TICKS {
        peers.send(tick, 0);
        let before = cpu_ns();
        for (socket, channels, out) in &mut sockets {
            let sending = channels.iter().filter(|&&n| Peers::sends_in(n, tick));
            let mut waiting = sending.count();
            while waiting > 0 {
                waiting -= arrived.receive(socket);
            }
            if tick % 2 == 1 {
                out.send(socket);
            }
        }
        if tick >= WARM_UP {
            spent += cpu_ns() - before;
        }
        peers.read();
    }
    spent
}
