//! Where RTP packets come from and go to: [`RtpIo`], and its forms without a network.
//! The one with sockets is [`crate::UdpRtp`].

use std::collections::VecDeque;
use std::net::SocketAddr;

use crate::command::RtpPort;

/// The two flows of an RTP port: RTP on the even UDP port, RTCP on the next (RFC 3550 §11).
/// Where the peer agreed to multiplexing (RFC 5761), RTCP comes and goes on the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flow {
    /// The even UDP port.
    Rtp,
    /// The odd one after it.
    Rtcp,
}

/// A datagram that arrived.
#[derive(Debug)]
pub struct Datagram<'a> {
    /// The port it came to.
    pub port: RtpPort,
    /// On which of its flows.
    pub flow: Flow,
    /// Where it came from.
    pub source: SocketAddr,
    /// What was in it; whoever takes it may decrypt it in place.
    pub octets: &'a mut [u8],
}

/// What a datagram tells of the pace of its port. A pool may leave the port alone until the next one
/// is expected, and looks more often now and then, so that a wrong answer delays packets by less
/// than what it said and heals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pace {
    /// Ticks by which this one stands after the one that was expected: what lay between was lost,
    /// or not sent.
    pub skipped: u8,
    /// Ticks from this one to the next; 0, as by default, when another may be there already.
    pub next: u8,
}

/// Takes a datagram and says what it tells of the pace of its port.
pub type Sink<'a> = dyn FnMut(Datagram<'_>) -> Pace + 'a;

/// A pool of RTP ports.
pub trait RtpIo {
    /// Begins a tick: hands what has arrived to `sink`, except for what [`look`](Self::look) does;
    /// never waits.
    fn receive(&mut self, sink: &mut Sink<'_>);

    /// Hands what has arrived on a locked port to `sink`, when it is expected to have; never waits.
    /// Called once a tick for the port of each bridge, just before the bridge has its tick: its
    /// memory is walked once.
    fn look(&mut self, _port: RtpPort, _sink: &mut Sink<'_>) {}

    /// Sends a packet.
    fn send(&mut self, port: RtpPort, flow: Flow, to: SocketAddr, packet: &[u8]);

    /// A bridge takes the port: packets that arrived for its predecessor are dropped, and any
    /// source is heard.
    fn open(&mut self, port: RtpPort);

    /// The bridge of the port has found its peer, and RTP goes there and comes from there from
    /// now on. Datagrams of others may go on to arrive, with their source.
    fn lock(&mut self, port: RtpPort, peer: SocketAddr);

    /// The bridge of the port is gone.
    fn close(&mut self, port: RtpPort);
}

/// Nothing comes, nothing goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullRtp;

impl RtpIo for NullRtp {
    fn receive(&mut self, _: &mut Sink<'_>) {}
    fn send(&mut self, _: RtpPort, _: Flow, _: SocketAddr, _: &[u8]) {}
    fn open(&mut self, _: RtpPort) {}
    fn lock(&mut self, _: RtpPort, _: SocketAddr) {}
    fn close(&mut self, _: RtpPort) {}
}

/// A packet in a [`QueueRtp`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Our port.
    pub port: RtpPort,
    /// On which of its flows.
    pub flow: Flow,
    /// The peer: source of a received packet, destination of a sent one.
    pub peer: SocketAddr,
    /// The whole packet.
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

    /// Queues an RTP packet as received on `port` from `peer`.
    pub fn push(&mut self, port: RtpPort, peer: SocketAddr, packet: Vec<u8>) {
        self.push_on(port, Flow::Rtp, peer, packet);
    }

    /// Queues a packet as received on one of the flows of `port` from `peer`.
    pub fn push_on(&mut self, port: RtpPort, flow: Flow, peer: SocketAddr, packet: Vec<u8>) {
        self.inbound.push_back(Queued {
            port,
            flow,
            peer,
            packet,
        });
    }

    /// Takes the oldest packet that was sent.
    pub fn pop(&mut self) -> Option<Queued> {
        self.outbound.pop_front()
    }
}

impl RtpIo for QueueRtp {
    fn receive(&mut self, sink: &mut Sink<'_>) {
        while let Some(Queued {
            port,
            flow,
            peer,
            mut packet,
        }) = self.inbound.pop_front()
        {
            sink(Datagram {
                port,
                flow,
                source: peer,
                octets: &mut packet,
            });
        }
    }

    fn send(&mut self, port: RtpPort, flow: Flow, to: SocketAddr, packet: &[u8]) {
        self.outbound.push_back(Queued {
            port,
            flow,
            peer: to,
            packet: packet.to_vec(),
        });
    }

    /// What is queued stays: it was put there for the bridge.
    fn open(&mut self, _: RtpPort) {}
    fn lock(&mut self, _: RtpPort, _: SocketAddr) {}
    fn close(&mut self, _: RtpPort) {}
}
