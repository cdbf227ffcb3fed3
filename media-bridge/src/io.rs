//! Where RTP packets come from and go to: [`RtpIo`], and its forms without a network.
//! The one with sockets is [`crate::UdpRtp`].

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::command::RtpPort;

/// A pool of RTP ports. The shard calls [`receive`](Self::receive) once at the start of a tick
/// and [`flush`](Self::flush) once at its end.
pub trait RtpIo {
    /// Hands every packet that has arrived to `sink`, with the port it came to and its source;
    /// never waits.
    fn receive(&mut self, sink: &mut dyn FnMut(RtpPort, SocketAddr, &[u8]));

    /// Sends a packet, at the latest when [`flush`](Self::flush) is called.
    fn send(&mut self, port: RtpPort, to: SocketAddr, packet: &[u8]);

    /// Sends what is still waiting.
    fn flush(&mut self);

    /// A bridge takes the port: packets that arrived for its predecessor are dropped.
    fn open(&mut self, port: RtpPort);
}

/// Nothing comes, nothing goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullRtp;

impl RtpIo for NullRtp {
    fn receive(&mut self, _: &mut dyn FnMut(RtpPort, SocketAddr, &[u8])) {}
    fn send(&mut self, _: RtpPort, _: SocketAddr, _: &[u8]) {}
    fn flush(&mut self) {}
    fn open(&mut self, _: RtpPort) {}
}

/// A packet in a [`QueueRtp`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Our port.
    pub port: RtpPort,
    /// The peer: source of a received packet, destination of a sent one.
    pub peer: SocketAddr,
    /// The whole RTP packet.
    pub packet: Vec<u8>,
}

/// Two queues in place of a network, for virtual time: put packets into `inbound` before a
/// tick, take them from `outbound` after it.
#[derive(Debug, Clone, Default)]
pub struct QueueRtp {
    /// What the next tick will receive.
    pub inbound: VecDeque<Queued>,
    /// What was sent.
    pub outbound: VecDeque<Queued>,
}

impl QueueRtp {
    /// Two empty queues.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Queues a packet as received on `port` from `peer`.
    pub fn push(&mut self, port: RtpPort, peer: SocketAddr, packet: Vec<u8>) {
        self.inbound.push_back(Queued { port, peer, packet });
    }

    /// Takes the oldest packet that was sent.
    pub fn pop(&mut self) -> Option<Queued> {
        self.outbound.pop_front()
    }
}

impl RtpIo for QueueRtp {
    fn receive(&mut self, sink: &mut dyn FnMut(RtpPort, SocketAddr, &[u8])) {
        while let Some(Queued { port, peer, packet }) = self.inbound.pop_front() {
            sink(port, peer, &packet);
        }
    }

    fn send(&mut self, port: RtpPort, to: SocketAddr, packet: &[u8]) {
        self.outbound.push_back(Queued {
            port,
            peer: to,
            packet: packet.to_vec(),
        });
    }

    fn flush(&mut self) {}

    /// What is queued stays: it was put there for the bridge.
    fn open(&mut self, _: RtpPort) {}
}
