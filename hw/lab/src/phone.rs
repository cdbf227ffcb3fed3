//! A SIP user agent with its media: signalling and RTP of one call at a time, tied together by
//! the session descriptions.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tdm::Law;

use crate::rtp_peer::{RtpPeer, RtpPeerConfig};
use crate::sip_peer::{self, CallId, Sdp, SipPeer, SipPeerConfig};

/// Something to put on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// A SIP message, from the peer's SIP address.
    Sip(SocketAddr, Bytes),
    /// An RTP packet, from the peer's media address.
    Rtp(SocketAddr, Bytes),
}

/// A SIP user agent with its media. Sans-I/O: [`UdpPhone`] gives it sockets.
#[derive(Debug)]
pub struct Phone {
    sip: SipPeer,
    rtp: RtpPeer,
    /// The call that has the media.
    call: Option<CallId>,
    outputs: VecDeque<Output>,
}

impl Phone {
    /// A phone without calls. The payload types of `rtp` give way to those negotiated.
    #[must_use]
    pub fn new(sip: SipPeerConfig, rtp: RtpPeerConfig) -> Self {
        Self {
            sip: SipPeer::new(sip),
            rtp: RtpPeer::new(rtp),
            call: None,
            outputs: VecDeque::new(),
        }
    }

    /// The signalling.
    #[must_use]
    pub fn sip(&self) -> &SipPeer {
        &self.sip
    }

    /// The signalling, to call, answer, hang up.
    pub fn sip_mut(&mut self) -> &mut SipPeer {
        &mut self.sip
    }

    /// The media.
    #[must_use]
    pub fn rtp(&self) -> &RtpPeer {
        &self.rtp
    }

    /// The media, to play and dial.
    pub fn rtp_mut(&mut self) -> &mut RtpPeer {
        &mut self.rtp
    }

    /// Forgets all that was heard and counted: fresh media for the next call.
    pub fn reset_rtp(&mut self, config: RtpPeerConfig) {
        self.rtp = RtpPeer::new(config);
    }

    /// The call that has the media.
    #[must_use]
    pub fn call(&self) -> Option<CallId> {
        self.call
    }

    /// Takes a SIP message from the network.
    pub fn handle_sip(&mut self, now: Instant, from: SocketAddr, octets: &[u8]) {
        self.sip.handle_datagram(now, from, octets);
        self.work(now);
    }

    /// Takes an RTP packet from the network.
    pub fn handle_rtp(&mut self, now: Instant, from: SocketAddr, octets: &[u8]) {
        self.rtp.handle_packet(now, from, octets);
    }

    /// Does what is due, in SIP and in RTP. Call it each 10 or 20 ms, or when
    /// [`Self::poll_timeout`] says.
    pub fn tick(&mut self, now: Instant) {
        self.sip.handle_timeout(now);
        self.work(now);
        let outputs = &mut self.outputs;
        self.rtp.tick(now, &mut |to, packet| {
            outputs.push_back(Output::Rtp(to, Bytes::copy_from_slice(packet)));
        });
    }

    /// When [`Self::tick`] is due next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let (sip, rtp) = (self.sip.poll_timeout(), self.rtp.poll_timeout());
        sip.into_iter().chain(rtp).min()
    }

    /// The next thing to put on the wire.
    pub fn poll_output(&mut self, now: Instant) -> Option<Output> {
        self.work(now); // what calls through `sip_mut` left behind
        self.outputs.pop_front()
    }

    fn work(&mut self, now: Instant) {
        while let Some(output) = self.sip.poll_output() {
            match output {
                sip_peer::Output::Datagram { to, octets } => {
                    self.outputs.push_back(Output::Sip(to, octets));
                }
                sip_peer::Output::Media { call, remote } => self.media(now, call, remote),
            }
        }
    }

    fn media(&mut self, now: Instant, call: CallId, remote: Option<Sdp>) {
        let Some(remote) = remote else {
            if self.call == Some(call) {
                self.call = None;
                self.rtp.set_remote(now, None);
            }
            return;
        };
        self.call = Some(call);
        if let Some(audio) = remote.audio() {
            let law = match audio.name.eq_ignore_ascii_case("PCMU") {
                true => Law::MuLaw,
                false => Law::ALaw,
            };
            self.rtp
                .set_format(law, audio.payload_type, remote.telephone_event());
        }
        let held = remote.address.port() == 0 || remote.address.ip().is_unspecified();
        self.rtp.set_remote(now, (!held).then_some(remote.address));
    }
}

/// A phone on two UDP sockets, driven by whoever calls [`UdpPhone::turn`].
#[derive(Debug)]
pub struct UdpPhone {
    phone: Phone,
    sip: UdpSocket,
    rtp: UdpSocket,
    next: Option<Instant>,
}

/// Time between two ticks.
const TICK: Duration = Duration::from_millis(10);

impl UdpPhone {
    /// Binds the addresses of `sip`: port 0 takes a free one.
    ///
    /// # Errors
    /// When an address cannot be bound.
    pub fn bind(mut sip: SipPeerConfig, rtp: RtpPeerConfig) -> io::Result<Self> {
        let signalling = UdpSocket::bind(sip.address)?;
        let media = UdpSocket::bind(sip.media)?;
        signalling.set_nonblocking(true)?;
        media.set_nonblocking(true)?;
        sip.address = signalling.local_addr()?;
        sip.media = media.local_addr()?;
        Ok(Self {
            phone: Phone::new(sip, rtp),
            sip: signalling,
            rtp: media,
            next: None,
        })
    }

    /// The phone.
    #[must_use]
    pub fn phone(&self) -> &Phone {
        &self.phone
    }

    /// The phone, to call, play and hang up.
    pub fn phone_mut(&mut self) -> &mut Phone {
        &mut self.phone
    }

    /// Receives what has come, does what is due and sends. Never waits; call it at least each
    /// 10 ms.
    ///
    /// # Errors
    /// When a socket fails other than by having nothing, or nobody listening at the other end.
    pub fn turn(&mut self, now: Instant) -> io::Result<()> {
        let mut octets = [0; 65_536];
        while let Some((length, from)) = receive(&self.sip, &mut octets)? {
            let message = octets.get(..length).unwrap_or_default();
            self.phone.handle_sip(now, from, message);
        }
        while let Some((length, from)) = receive(&self.rtp, &mut octets)? {
            let packet = octets.get(..length).unwrap_or_default();
            self.phone.handle_rtp(now, from, packet);
        }
        if self.next.is_none_or(|next| now >= next) {
            let next = self.next.map_or(now, |next| next + TICK);
            self.next = Some(next.max(now));
            self.phone.tick(now);
        }
        while let Some(output) = self.phone.poll_output(now) {
            let sent = match &output {
                Output::Sip(to, octets) => self.sip.send_to(octets, to),
                Output::Rtp(to, octets) => self.rtp.send_to(octets, to),
            };
            match sent {
                Err(error) if !is_passing(&error) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

fn receive(socket: &UdpSocket, octets: &mut [u8]) -> io::Result<Option<(usize, SocketAddr)>> {
    match socket.recv_from(octets) {
        Ok(received) => Ok(Some(received)),
        Err(error) if is_passing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Nothing there, or an ICMP answer to what was sent before: datagrams get lost, no more.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::ConnectionRefused | io::ErrorKind::Interrupted
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::Play;
    use crate::network::{Network, NetworkConfig};
    use crate::sip_peer::{CallState, Invitation};

    #[test]
    fn two_phones_talk_and_their_media_follows_the_call() {
        #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
        let base = Instant::now();
        let mut now = base;
        let address = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let phone = |own: u16, other: u16| {
            let uri = format!("sip:{own}@127.0.0.1");
            let mut config =
                SipPeerConfig::new(&uri, address(own), address(other), address(own + 1000));
            config.seed = u64::from(own);
            Phone::new(config, RtpPeerConfig::default())
        };
        let mut phones = [phone(5061, 5062), phone(5062, 5061)];
        let mut network = Network::new(NetworkConfig::default());
        let invitation = Invitation::new("sip:5062@127.0.0.1:5062");
        let call = phones[0].sip_mut().call(now, invitation).unwrap();
        for phone in &mut phones {
            phone.rtp_mut().play(Play::Pattern);
        }
        let until = |seconds: u64| base + Duration::from_secs(seconds);
        let mut hung_up = false;
        while now < until(6) {
            for phone in &mut phones {
                phone.tick(now);
                while let Some(output) = phone.poll_output(now) {
                    let config = phone.sip().config();
                    let (from, to, octets) = match output {
                        Output::Sip(to, octets) => (config.address, to, octets),
                        Output::Rtp(to, octets) => (config.media, to, octets),
                    };
                    network.send(now, from, to, octets);
                }
            }
            now += Duration::from_millis(10);
            while let Some(datagram) = network.receive(now) {
                for phone in &mut phones {
                    let (sip, rtp) = (phone.sip().config().address, phone.sip().config().media);
                    if datagram.to == sip {
                        phone.handle_sip(now, datagram.from, &datagram.octets);
                    } else if datagram.to == rtp {
                        phone.handle_rtp(now, datagram.from, &datagram.octets);
                    }
                }
            }
            if now >= until(5) && !hung_up {
                hung_up = true;
                assert_eq!(phones[0].call(), Some(call));
                phones[0].sip_mut().bye(now, call, None).unwrap();
            }
        }
        for phone in &phones {
            assert_eq!(phone.sip().state(call), Some(CallState::Terminated));
            assert_eq!(phone.call(), None);
            let (report, statistics) = (phone.rtp().pattern(), phone.rtp().statistics());
            assert_eq!((report.locks, report.octet_errors), (1, 0));
            assert!(report.octets > 25_000, "{report:?}");
            // From the answer to the BYE 4 s later, and no packet after it.
            assert!((195..=255).contains(&statistics.sent), "{statistics:?}");
        }
    }

    /// Real sockets and virtual time: on the loopback a datagram has arrived when it is sent.
    #[test]
    fn phones_on_sockets_call_each_other() {
        #[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
        let base = Instant::now();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let bind = |remote: SocketAddr, seed: u64| {
            let mut config = SipPeerConfig::new("sip:lab@127.0.0.1", any, remote, any);
            config.seed = seed;
            UdpPhone::bind(config, RtpPeerConfig::default()).unwrap()
        };
        let called = bind(any, 1);
        let address = called.phone().sip().config().address;
        let mut phones = [bind(address, 2), called];
        let invitation = Invitation::new(&format!("sip:lab@{address}"));
        let sip = phones[0].phone_mut().sip_mut();
        let call = sip.call(base, invitation).unwrap();
        for phone in &mut phones {
            phone.phone_mut().rtp_mut().play(Play::Pattern);
        }
        let turns = |phones: &mut [UdpPhone; 2], ticks: std::ops::Range<u32>| {
            for tick in ticks {
                for phone in phones.iter_mut() {
                    phone.turn(base + TICK * tick).unwrap();
                }
            }
        };
        turns(&mut phones, 0..300);
        for phone in &phones {
            assert_eq!(phone.phone().sip().state(call), Some(CallState::Confirmed));
            let report = phone.phone().rtp().pattern();
            assert!(report.locked && report.bit_errors == 0, "{report:?}");
        }
        let sip = phones[0].phone_mut().sip_mut();
        sip.bye(base + TICK * 300, call, None).unwrap();
        turns(&mut phones, 300..310);
        let states = phones
            .each_ref()
            .map(|phone| phone.phone().sip().state(call));
        assert_eq!(states, [Some(CallState::Terminated); 2]);
    }
}
