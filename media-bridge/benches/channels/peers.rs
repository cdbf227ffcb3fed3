//! The peers of all channels.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use media_bridge::UdpRtp;
use media_bridge::rtp::Header;
use media_bridge::voice::Voice;
use tdm::{Law, SpanTick, TICK_OCTETS};

const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
/// Octets of a packet: header, and 20 ms of G.711.
pub(crate) const PACKET: usize = 172;

/// One socket for each channel, and speech to send.
pub(crate) struct Peers {
    sockets: Vec<UdpSocket>,
    addresses: Vec<SocketAddr>,
    targets: Vec<SocketAddr>,
    speech: Arc<[u8]>,
}

/// What the subscribers say, tick by tick.
pub(crate) struct Speech {
    octets: Arc<[u8]>,
    spoken: usize,
}

/// A socket that does not wait.
pub(crate) fn socket(address: SocketAddr) -> UdpSocket {
    let socket = UdpSocket::bind(address).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// A packet of a stream.
pub(crate) fn packet(payload_type: u8, ssrc: usize, number: usize, audio: &[u8]) -> [u8; PACKET] {
    let header = Header {
        marker: false,
        payload_type,
        sequence: number as u16,
        timestamp: number as u32 * 160,
        ssrc: ssrc as u32,
    };
    let mut packet = [0; PACKET];
    packet[..12].copy_from_slice(&header.to_octets());
    packet[12..].copy_from_slice(audio);
    packet
}

impl Peers {
    pub(crate) fn new(channels: usize) -> Self {
        let sockets: Vec<_> = (0..channels)
            .map(|_| socket(SocketAddr::new(HOST, 0)))
            .collect();
        let samples = Voice::new(1, Law::ALaw).samples(80_000);
        Self {
            addresses: sockets.iter().map(|s| s.local_addr().unwrap()).collect(),
            targets: Vec::new(),
            sockets,
            speech: samples.iter().map(|s| Law::ALaw.encode(*s)).collect(),
        }
    }

    /// A pool of ports below those that the system hands out by itself.
    pub(crate) fn pool(channels: usize) -> UdpRtp {
        let count = 2 * channels as u16;
        (0..20)
            .map(|n| 10_000 + n * 500)
            .find_map(|first| UdpRtp::bind(HOST, first..=first + count - 1).ok())
            .expect("free UDP ports")
    }

    pub(crate) fn count(&self) -> usize {
        self.sockets.len()
    }

    pub(crate) fn address(&self, n: usize) -> SocketAddr {
        self.addresses[n]
    }

    pub(crate) fn aim_at(&mut self, target: impl Fn(usize) -> SocketAddr) {
        self.targets = (0..self.sockets.len()).map(target).collect();
    }

    /// Every peer sends in every second tick, half of them in each.
    pub(crate) fn sends_in(n: usize, tick: usize) -> bool {
        (n + tick).is_multiple_of(2)
    }

    /// Sends the packets of a tick, but for every so manyth.
    pub(crate) fn send(&self, tick: usize, lose: usize) {
        for (n, (socket, target)) in self.sockets.iter().zip(&self.targets).enumerate() {
            if let Some(packet) = self.packet(n, tick, lose) {
                socket.send_to(&packet, target).unwrap();
            }
        }
    }

    /// What a peer sends in a tick, but for every so manyth packet.
    pub(crate) fn packet(&self, n: usize, tick: usize, lose: usize) -> Option<[u8; PACKET]> {
        let number = tick / 2;
        let lost = lose > 0 && (n + number).is_multiple_of(lose);
        if n >= self.count() || !Self::sends_in(n, tick) || lost {
            return None;
        }
        let at = (number * 160 + n * 480) % (self.speech.len() - 160);
        Some(packet(8, n, number, &self.speech[at..at + 160]))
    }

    /// What the subscribers say, from its beginning.
    pub(crate) fn speech(&self) -> Speech {
        Speech {
            octets: self.speech.clone(),
            spoken: 0,
        }
    }

    /// Empties the peers' sockets.
    pub(crate) fn read(&self) {
        let mut octets = [0; 2_048];
        for socket in &self.sockets {
            while socket.recv(&mut octets).is_ok() {}
        }
    }
}

impl Speech {
    /// What is said in the next tick.
    pub(crate) fn speak(&mut self, law: Law, rx: &mut SpanTick) {
        let table = (law != Law::ALaw).then(|| Law::ALaw.convert_to(law));
        for (n, timeslot) in rx.0.iter_mut().enumerate() {
            let at = (self.spoken + n * 2_000) % (self.octets.len() - TICK_OCTETS);
            timeslot.copy_from_slice(&self.octets[at..at + TICK_OCTETS]);
            if let Some(table) = table {
                for octet in timeslot {
                    *octet = table[usize::from(*octet)];
                }
            }
        }
        self.spoken += TICK_OCTETS;
    }
}
