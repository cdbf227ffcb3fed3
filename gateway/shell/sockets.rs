//! The SIP sockets: UDP, listeners for TCP and TLS, and their connections.

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::ShellError;
use super::connection::Connection;
use super::resolver::Resolver;
use super::tls::Tls;
use crate::config::{Config, SipTrunk};
use crate::sip::location::{Answer, Question};
use crate::sip::{Flow, Hop, Identity, Listener, Transport};

/// Messages and news of connections that wait for the control thread; a peer that sends faster
/// waits.
const WAITING: usize = 1024;
/// Messages that wait for one connection; when there are more, the peer does not read.
const OUTGOING: usize = 256;
/// Connections at the same time; further peers are turned away.
const MOST_CONNECTIONS: usize = 1024;
/// How long a peer may take to accept a connection, and to finish the handshake of TLS.
const OPENING: Duration = Duration::from_secs(5);

/// What the tasks of listeners and connections tell the control thread.
#[derive(Debug)]
pub(super) enum Arrived {
    /// A peer has opened a connection.
    Accepted(Listener, TcpStream, SocketAddr),
    /// A connection stands.
    Connected(Flow, Identity),
    /// A message.
    Message(Flow, Bytes),
    /// A name server has answered, or has not.
    Resolved(Question, Option<Answer>),
    /// A connection is closed or was not opened, and why. The number tells it from a later one.
    Closed(Flow, u64, String),
}

struct Open {
    number: u64,
    outgoing: mpsc::Sender<Bytes>,
    task: tokio::task::AbortHandle,
}

/// All of them.
pub(super) struct Sockets {
    udp: Vec<(SocketAddr, UdpSocket)>,
    open: HashMap<Hop, Open>,
    last: u64,
    tell: mpsc::Sender<Arrived>,
    arrived: mpsc::Receiver<Arrived>,
    tls: Option<Arc<Tls>>,
    resolver: Option<Resolver>,
    idle: Duration,
}

impl Sockets {
    /// Binds everything that the configuration listens at.
    pub(super) async fn bind(config: &Config) -> Result<Self, ShellError> {
        let (tell, arrived) = mpsc::channel(WAITING);
        let mut sockets = Self {
            udp: Vec::new(),
            open: HashMap::new(),
            last: 0,
            tell,
            arrived,
            tls: Tls::load(config)?.map(Arc::new),
            resolver: match config.sip_trunks.iter().any(SipTrunk::is_named) {
                true => {
                    Some(Resolver::new(config.sip.name_server).map_err(ShellError::NameServer)?)
                }
                false => None,
            },
            idle: config.sip.idle,
        };
        for listener in config.sip.listen.listeners() {
            let bound = match listener.transport {
                Transport::Udp => UdpSocket::bind(listener.address)
                    .await
                    .map(|socket| sockets.udp.push((listener.address, socket))),
                Transport::Tcp | Transport::Tls => {
                    TcpListener::bind(listener.address).await.map(|socket| {
                        tokio::spawn(accept(*listener, socket, sockets.tell.clone()));
                    })
                }
            };
            bound.map_err(|error| ShellError::Listen {
                listener: *listener,
                error,
            })?;
        }
        Ok(sockets)
    }

    /// Further news of listeners and connections that are there already.
    pub(super) fn more(&mut self) -> Option<Arrived> {
        self.arrived.try_recv().ok()
    }

    /// Waits for a datagram (`None`), or for news of listeners and connections.
    pub(super) async fn ready(&mut self) -> io::Result<Option<Arrived>> {
        tokio::select! {
            biased;
            ready = readable(&self.udp) => ready.map(|()| None),
            arrived = self.arrived.recv() => Ok(arrived),
        }
    }

    /// Reads a datagram of one UDP socket.
    pub(super) fn receive(
        &self,
        index: usize,
        buffer: &mut [u8],
    ) -> Option<io::Result<(Flow, Bytes)>> {
        let (local, socket) = self.udp.get(index)?;
        match socket.try_recv_from(buffer) {
            Ok((length, remote)) => {
                let octets = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
                Some(Ok((Flow::udp(*local, remote), octets)))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => None,
            Err(error) => Some(Err(error)),
        }
    }

    /// Asks a name server; what it says is told by [`Arrived`].
    pub(super) fn resolve(&self, question: Question) {
        let Some(resolver) = self.resolver.clone() else {
            return;
        };
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let answer = resolver.ask(&question).await;
            let _ = tell.send(Arrived::Resolved(question, answer)).await;
        });
    }

    /// How many UDP sockets there are.
    pub(super) fn count(&self) -> usize {
        self.udp.len()
    }

    /// Sends a message. `Err` when a datagram cannot be sent there, or when the peer does not read
    /// what its connection carries, which is then closed.
    pub(super) fn send(&mut self, flow: Flow, octets: &Bytes) -> io::Result<()> {
        if flow.transport == Transport::Udp {
            let socket = self.udp.iter().find(|(local, _)| *local == flow.local);
            let Some((_, socket)) = socket else {
                return Err(io::ErrorKind::AddrNotAvailable.into());
            };
            return socket.try_send_to(octets, flow.remote).map(|_| ());
        }
        let Some(open) = self.open.get(&flow.hop()) else {
            tracing::debug!(to = %flow.hop(), "SIP message lost: its connection is closed");
            return Ok(());
        };
        if open.outgoing.try_send(octets.clone()).is_ok() {
            return Ok(());
        }
        open.task.abort();
        self.open.remove(&flow.hop());
        Err(io::Error::other("the peer does not read"))
    }

    /// Opens a connection; what comes of it is told by [`Arrived`]. `trunk` says what is asked of
    /// the peer's certificate.
    pub(super) fn connect(&mut self, flow: Flow, trunk: Option<usize>) {
        let tls = self.tls.clone();
        self.start(flow, |connection, outgoing| async move {
            match open(flow, tls, trunk).await {
                Ok((Stream::Plain(stream), identity)) => {
                    connection.carry(stream, identity, outgoing).await
                }
                Ok((Stream::Secure(stream), identity)) => {
                    connection.carry(stream, identity, outgoing).await
                }
                Err(why) => why,
            }
        });
    }

    /// Takes a connection that a peer has opened.
    pub(super) fn accept(&mut self, listener: Listener, stream: TcpStream, remote: SocketAddr) {
        let flow = Flow::new(listener.transport, listener.address, remote);
        if self.open.len() >= MOST_CONNECTIONS {
            tracing::warn!(from = %flow.hop(), "SIP connection refused: there are too many");
            return;
        }
        let _ = stream.set_nodelay(true);
        let tls = self.tls.clone();
        self.start(flow, |connection, outgoing| async move {
            let Some(tls) = tls.filter(|_| flow.transport == Transport::Tls) else {
                return connection.carry(stream, None, outgoing).await;
            };
            match timeout(OPENING, tls.acceptor().accept(stream)).await {
                Ok(Ok(stream)) => {
                    let identity = tls.identity(stream.get_ref().1.peer_certificates());
                    connection.carry(stream, identity, outgoing).await
                }
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no handshake of TLS in time".to_owned(),
            }
        });
    }

    /// A connection is closed. Tells whether it is the one that its flow uses.
    pub(super) fn closed(&mut self, flow: Flow, number: u64) -> bool {
        let last = self.open.get(&flow.hop()).map(|open| open.number);
        let is_last = last == Some(number);
        if is_last {
            self.open.remove(&flow.hop());
        }
        is_last
    }

    /// Starts the task of a connection; one that the flow had before ends.
    fn start<R, F>(&mut self, flow: Flow, run: R)
    where
        R: FnOnce(Connection, mpsc::Receiver<Bytes>) -> F,
        F: Future<Output = String> + Send + 'static,
    {
        self.last += 1;
        let number = self.last;
        let (send, outgoing) = mpsc::channel(OUTGOING);
        let connection = Connection {
            flow,
            arrived: self.tell.clone(),
            outgoing: send.downgrade(),
            idle: self.idle,
        };
        let running = run(connection, outgoing);
        let tell = self.tell.clone();
        let task = tokio::spawn(async move {
            let why = running.await;
            let _ = tell.send(Arrived::Closed(flow, number, why)).await;
        });
        let open = Open {
            number,
            outgoing: send,
            task: task.abort_handle(),
        };
        if let Some(before) = self.open.insert(flow.hop(), open) {
            before.task.abort();
        }
    }
}

/// A connection of ours.
enum Stream {
    Plain(TcpStream),
    Secure(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

async fn open(
    flow: Flow,
    tls: Option<Arc<Tls>>,
    trunk: Option<usize>,
) -> Result<(Stream, Identity), String> {
    let opening = async {
        let stream = TcpStream::connect(flow.remote)
            .await
            .map_err(|error| error.to_string())?;
        let _ = stream.set_nodelay(true);
        if flow.transport == Transport::Tcp {
            return Ok((Stream::Plain(stream), None));
        }
        let tls = tls.ok_or("TLS is not configured")?;
        // Who the peer has to be is a trunk's to say; of anybody else nothing would be known.
        let client = trunk.and_then(|trunk| tls.client(trunk));
        let client = client.ok_or("no SIP trunk says whose certificate to expect")?;
        let stream = client
            .connector
            .connect(client.name, stream)
            .await
            .map_err(|error| error.to_string())?;
        let shown = stream.get_ref().1.peer_certificates();
        let identity = tls.identity(shown.filter(|_| client.verifies));
        Ok((Stream::Secure(Box::new(stream)), identity))
    };
    timeout(OPENING, opening)
        .await
        .unwrap_or_else(|_| Err("no connection in time".to_owned()))
}

/// Waits until any of the sockets has a datagram.
async fn readable(sockets: &[(SocketAddr, UdpSocket)]) -> io::Result<()> {
    poll_fn(|context| {
        for (_, socket) in sockets {
            if let Poll::Ready(ready) = socket.poll_recv_ready(context) {
                return Poll::Ready(ready);
            }
        }
        Poll::Pending
    })
    .await
}

async fn accept(listener: Listener, socket: TcpListener, tell: mpsc::Sender<Arrived>) {
    loop {
        match socket.accept().await {
            Ok((stream, remote)) => {
                let accepted = Arrived::Accepted(listener, stream, remote);
                if tell.send(accepted).await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%listener, %error, "no connection accepted");
                // Out of file descriptors, most likely: some are closed by and by.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
