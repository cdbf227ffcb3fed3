//! A span over a UNIX socket between two processes of one machine.

mod listener;
mod message;

use std::{
    io,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect,
        recv, send, socket_with,
    },
};
use tdm::{Alarm, AlarmSet, Due, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick, TICK};

use self::{listener::Listener, message::Header};
use crate::{
    Config,
    cable::{Cable, Passage},
    clocked::Pacer,
    port::Port,
};

pub use self::listener::SocketError;

/// Ticks from one attempt to reach the far end to the next.
const RETRY: u32 = 10;
/// Messages taken in one exchange at most: all that can have been sent since the last, and some.
const MESSAGES: usize = 64;

/// One end of an emulated line whose other end is in another process, in real time.
///
/// One process listens on a path and the other connects to it; which comes first does not matter, and
/// either may end and come back: LOS stands while the other is away, and goes by itself. Each message
/// carries ten chunks of 1 ms. Both ends keep the machine's `CLOCK_MONOTONIC`, so that they do not drift;
/// what arrives is held back by [`Config::delay`] and there is room for half a second, so that wake-ups
/// late by less than the delay cause no slip. [`exchange`](SpanIo::exchange) sleeps until the tick is due
/// and for nothing else.
#[derive(Debug)]
pub struct Socket {
    port: Port,
    cable: Cable,
    transmit: Passage,
    receive: Passage,
    pacer: Pacer,
    side: Side,
    far_end: Option<OwnedFd>,
    /// Ticks without a far end, modulo [`RETRY`].
    retry: u32,
    sent: u64,
    outgoing: Box<[u8]>,
    incoming: Box<[u8]>,
}

#[derive(Debug)]
enum Side {
    Listen(Listener),
    Connect {
        path: PathBuf,
        address: SocketAddrUnix,
    },
}

impl Socket {
    /// Listens on `path`. A socket file that a dead process left there is replaced. The file, and a lock
    /// beside it (`path.lock`), are removed when the `Socket` is dropped.
    ///
    /// # Errors
    /// When the path cannot be used: each error names it and says what to do.
    pub fn listen(id: SpanId, path: impl AsRef<Path>) -> Result<Self, SocketError> {
        Self::listen_with(id, path, Config::REAL_TIME)
    }

    /// Connects to whoever listens on `path`, now or later, for ever.
    ///
    /// # Errors
    /// When the path can never be used: each error names it and says what to do. That nobody listens there
    /// yet is no error.
    pub fn connect(id: SpanId, path: impl AsRef<Path>) -> Result<Self, SocketError> {
        Self::connect_with(id, path, Config::REAL_TIME)
    }

    /// As [`listen`](Self::listen), with times of one's own.
    ///
    /// # Errors
    /// As [`listen`](Self::listen).
    pub fn listen_with(
        id: SpanId,
        path: impl AsRef<Path>,
        config: Config,
    ) -> Result<Self, SocketError> {
        Ok(Self::new(
            id,
            Side::Listen(Listener::bind(path.as_ref())?),
            config,
        ))
    }

    /// As [`connect`](Self::connect), with times of one's own.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn connect_with(
        id: SpanId,
        path: impl AsRef<Path>,
        config: Config,
    ) -> Result<Self, SocketError> {
        let path = path.as_ref();
        let address = listener::check(path)?;
        let far_end = match reach(&address) {
            Ok(far_end) => Some(far_end),
            // Nobody listens there: not yet, or not any more.
            Err(Errno::NOENT | Errno::CONNREFUSED | Errno::AGAIN) => None,
            Err(error) => return Err(SocketError::from_errno(path, "connect to", error)),
        };
        let mut socket = Self::new(
            id,
            Side::Connect {
                path: path.to_owned(),
                address,
            },
            config,
        );
        socket.far_end = far_end;
        Ok(socket)
    }

    fn new(id: SpanId, side: Side, config: Config) -> Self {
        let cable = Cable::default();
        let port = Port::dead(id, config);
        let length = message::HEADER + port.tick_octets();
        Self {
            port,
            transmit: Passage::new(cable.transmit().clone(), config.seed ^ u64::from(id.0)),
            receive: Passage::new(cable.receive().clone(), config.seed ^ !u64::from(id.0)),
            cable,
            pacer: Pacer::new(TICK),
            side,
            far_end: None,
            retry: 0,
            sent: 0,
            outgoing: vec![0; length].into_boxed_slice(),
            // One more, so that a message that is too long shows.
            incoming: vec![0; length + 1].into_boxed_slice(),
        }
    }

    /// The cable, seen from this end. What is done to its transmit direction is done before sending, what
    /// is done to its receive direction on arrival: the far end's cable is another handle.
    pub fn cable(&self) -> Cable {
        self.cable.clone()
    }

    /// The alarms that stand.
    pub const fn alarms(&self) -> AlarmSet {
        self.port.alarms()
    }

    /// Whether a far end is connected; it may still be silent.
    pub const fn is_connected(&self) -> bool {
        self.far_end.is_some()
    }

    /// The path of the socket.
    pub fn path(&self) -> &Path {
        match &self.side {
            Side::Listen(listener) => listener.path(),
            Side::Connect { path, .. } => path,
        }
    }

    /// Looks for a far end when there is none. One that is silent makes way for another: it may hang.
    fn look_for_far_end(&mut self) {
        if self.far_end.is_some() && !self.alarms().contains(Alarm::Los) {
            return;
        }
        let found = match &self.side {
            Side::Listen(listener) => listener.accept(),
            Side::Connect { address, .. } if self.far_end.is_none() => {
                self.retry = (self.retry + 1) % RETRY;
                if self.retry == 1 {
                    reach(address).ok()
                } else {
                    None
                }
            }
            Side::Connect { .. } => None,
        };
        if found.is_some() {
            self.far_end = found;
            self.port.begin_anew();
        }
    }

    fn send(&mut self, tx: &SpanTick) {
        let number = self.sent;
        self.sent += 1;
        let Some((header, line)) = self.outgoing.split_at_mut_checked(message::HEADER) else {
            return;
        };
        let alarm = self.transmit.line().tells_of_alarm();
        self.port.send(tx, alarm, line);
        let slip = self.transmit.line().take_slip();
        if !self.transmit.pass(line) {
            return;
        }
        Header {
            timeslots: self.port.rows() as u8,
            slip,
            number,
        }
        .write(header);
        let Some(far_end) = &self.far_end else { return };
        match send(
            far_end,
            &self.outgoing,
            SendFlags::NOSIGNAL | SendFlags::DONTWAIT,
        ) {
            // A far end that does not read loses what it has no room for, as it would on a line.
            Ok(_) | Err(Errno::AGAIN | Errno::INTR | Errno::NOBUFS) => {}
            Err(_) => self.far_end = None,
        }
    }

    fn receive(&mut self) {
        for _ in 0..MESSAGES {
            let Some(far_end) = &self.far_end else { return };
            match recv(far_end, &mut self.incoming[..], RecvFlags::DONTWAIT) {
                Ok((length, _)) if length > 0 => self.arrived(length),
                Err(Errno::AGAIN) => return,
                Err(Errno::INTR) => {}
                // The far end is gone: it went in order, or it was killed.
                Ok(_) | Err(_) => self.far_end = None,
            }
        }
    }

    fn arrived(&mut self, length: usize) {
        let message = self
            .incoming
            .get_mut(..length)
            .and_then(|message| message.split_at_mut_checked(message::HEADER));
        let parsed = message.and_then(|(header, line)| Some((Header::read(header)?, line)));
        match parsed {
            Some((header, line))
                if usize::from(header.timeslots) == self.port.rows()
                    && line.len() == self.port.tick_octets() =>
            {
                if self.receive.pass(line) {
                    self.port.arrive(header.number, line);
                }
                self.port.slip(header.slip);
            }
            // Someone who does not speak this: not our far end.
            _ => self.far_end = None,
        }
    }
}

impl SpanIo for Socket {
    fn id(&self) -> SpanId {
        self.port.id()
    }

    fn wait(&mut self) -> io::Result<Due> {
        self.pacer.wait()
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.cable.drift(self.port.drift());
        self.look_for_far_end();
        self.send(tx);
        self.receive();
        self.port.slip(self.receive.line().take_slip());
        self.port.hand_out(rx, due);
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.port.poll_event()
    }

    fn counters(&self) -> SpanCounters {
        self.port.counters()
    }
}

fn reach(address: &SocketAddrUnix) -> Result<OwnedFd, Errno> {
    let socket = socket_with(
        AddressFamily::UNIX,
        SocketType::SEQPACKET,
        SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
        None,
    )?;
    connect(&socket, address)?;
    Ok(socket)
}

#[cfg(test)]
mod tests;
