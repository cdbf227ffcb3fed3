//! One SIP connection: a task that reads whole messages and writes what it is given.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::sockets::Arrived;
use crate::sip::framing::{Frame, Framer, PONG};
use crate::sip::{Flow, Identity};

/// How long a message that has begun may take to arrive, and one of ours to be taken: 64*T1
/// of RFC 3261, after which nobody waits for it any more.
const MESSAGE_LIMIT: Duration = Duration::from_secs(32);
/// How long a peer is waited for when a connection is closed in order.
const FAREWELL: Duration = Duration::from_secs(1);
/// Octets read at once.
const PIECE: usize = 16 * 1024;

/// What a connection is known by, and whom it tells.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) flow: Flow,
    pub(super) arrived: mpsc::Sender<Arrived>,
    /// For the answers to keep-alives.
    pub(super) outgoing: mpsc::WeakSender<Bytes>,
    /// How long it lives without anything to read.
    pub(super) idle: Duration,
}

impl Connection {
    /// Says that it stands and carries messages until either side closes it; says why.
    pub(super) async fn carry<S: AsyncRead + AsyncWrite>(
        self,
        stream: S,
        identity: Identity,
        outgoing: mpsc::Receiver<Bytes>,
    ) -> String {
        let connected = Arrived::Connected(self.flow, identity);
        if self.arrived.send(connected).await.is_err() {
            return "stopped".to_owned();
        }
        let (mut reader, mut writer) = tokio::io::split(stream);
        let why = tokio::select! {
            why = self.read(&mut reader) => why,
            why = write(&mut writer, outgoing) => why,
        };
        let _ = timeout(FAREWELL, writer.shutdown()).await;
        why
    }

    async fn read(&self, reader: &mut (impl AsyncRead + Unpin)) -> String {
        let mut framer = Framer::default();
        let mut piece = BytesMut::with_capacity(PIECE);
        loop {
            let limit = match framer.is_partial() {
                true => MESSAGE_LIMIT,
                false => self.idle,
            };
            piece.clear();
            match timeout(limit, reader.read_buf(&mut piece)).await {
                Err(_) if framer.is_partial() => return "half a message and no more".to_owned(),
                Err(_) => return "idle".to_owned(),
                Ok(Err(error)) => return error.to_string(),
                Ok(Ok(0)) => return "closed by the peer".to_owned(),
                Ok(Ok(_)) => framer.push(&piece),
            }
            loop {
                match framer.next_frame() {
                    Ok(Some(Frame::Message(octets))) => {
                        let message = Arrived::Message(self.flow, octets);
                        if self.arrived.send(message).await.is_err() {
                            return "stopped".to_owned();
                        }
                    }
                    Ok(Some(Frame::Ping)) => {
                        // A peer that pings and does not read gets no answer.
                        if let Some(outgoing) = self.outgoing.upgrade() {
                            let _ = outgoing.try_send(Bytes::from_static(PONG));
                        }
                    }
                    Ok(None) => break,
                    Err(error) => return error.to_string(),
                }
            }
        }
    }
}

async fn write(
    writer: &mut (impl AsyncWrite + Unpin),
    mut outgoing: mpsc::Receiver<Bytes>,
) -> String {
    while let Some(octets) = outgoing.recv().await {
        let written = async {
            writer.write_all(&octets).await?;
            writer.flush().await
        };
        match timeout(MESSAGE_LIMIT, written).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return io::Error::from(io::ErrorKind::TimedOut).to_string(),
        }
    }
    "closed".to_owned()
}
