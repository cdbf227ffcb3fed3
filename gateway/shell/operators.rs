//! The control socket: a UNIX socket on which an operator asks a running gateway, one command a
//! connection, and the client that `isthmus circuits` is.
//!
//! The command is one line, the answer `ok` or `error: ` and why in its first line, then lines for
//! people. The socket belongs to the user that runs the gateway, mode 0600.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream as Client;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Mode, fchmod};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::control::{Ask, Handle};
use crate::iwu::maintenance::Command;

/// The longest command, in octets.
const LONGEST: u64 = 256;
/// How long an operator may take to write a command, or to read its answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Operators that may wait while one is served.
const WAITING: i32 = 8;

/// A bound control socket.
#[derive(Debug)]
pub struct Operators {
    listener: UnixListener,
    file: File,
    handle: Handle,
}

/// The socket's file, removed when the gateway stops.
#[derive(Debug)]
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        // Whoever took it away has done the same.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Serves until it is dropped.
#[derive(Debug)]
pub struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Operators {
    /// Binds the socket; one that a gateway left behind is replaced.
    ///
    /// # Errors
    /// When another gateway answers there, something else has the name, or it cannot be made.
    pub fn open(path: &Path, handle: Handle) -> io::Result<Self> {
        if let Ok(found) = std::fs::symlink_metadata(path) {
            if !found.file_type().is_socket() {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "there is a file of that name, expected a free name for the control socket",
                ));
            }
            if Client::connect(path).is_ok() {
                return Err(io::Error::new(
                    io::ErrorKind::AddrInUse,
                    "another gateway answers there",
                ));
            }
            std::fs::remove_file(path)?;
        }
        let socket = rustix::net::socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )?;
        // Before it has a name: nobody else may ever connect.
        fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
        rustix::net::bind(&socket, &SocketAddrUnix::new(path)?)?;
        let file = File(path.to_owned());
        rustix::net::listen(&socket, WAITING)?;
        let listener = UnixListener::from_std(socket.into())?;
        Ok(Self {
            listener,
            file,
            handle,
        })
    }

    /// Serves one operator after the other.
    pub(super) fn serve(self) -> Serving {
        Serving(tokio::spawn(async move {
            let _file = self.file;
            loop {
                match self.listener.accept().await {
                    Ok((stream, _)) => {
                        let served = tokio::time::timeout(PATIENCE, serve(stream, &self.handle));
                        if let Ok(Err(error)) | Err(error) =
                            served.await.map_err(|_| io::ErrorKind::TimedOut.into())
                        {
                            tracing::debug!(%error, "operator");
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "control socket");
                        tokio::time::sleep(PATIENCE).await;
                    }
                }
            }
        }))
    }
}

async fn serve(mut stream: UnixStream, handle: &Handle) -> io::Result<()> {
    let mut line = Vec::new();
    let (read, mut write) = stream.split();
    let mut read = tokio::io::BufReader::new(read.take(LONGEST));
    read.read_until(b'\n', &mut line).await?;
    let text = answer(&line, handle).await;
    write.write_all(text.as_bytes()).await?;
    write.shutdown().await
}

async fn answer(line: &[u8], handle: &Handle) -> String {
    let Some(line) = line.strip_suffix(b"\n") else {
        return format!("error: expected one line of less than {LONGEST} octets\n");
    };
    let Ok(line) = std::str::from_utf8(line) else {
        return "error: the command is no UTF-8\n".to_owned();
    };
    let command = match line.parse::<Command>() {
        Ok(command) => command,
        Err(refusal) => return format!("error: {refusal}\n"),
    };
    let (answer, wait) = oneshot::channel();
    handle.ask(Ask::Operator(command, answer));
    match wait.await {
        Ok(Ok(lines)) => lines
            .into_iter()
            .fold("ok\n".to_owned(), |text, line| text + &line + "\n"),
        Ok(Err(refusal)) => format!("error: {refusal}\n"),
        Err(_) => "error: the gateway is stopping\n".to_owned(),
    }
}

/// Asks a running gateway; its lines.
///
/// # Errors
/// When no gateway answers at the socket, or with what it says against the command.
pub fn ask(path: &Path, command: &Command) -> anyhow::Result<Vec<String>> {
    let mut stream = Client::connect(path)
        .map_err(|error| anyhow::anyhow!("no gateway answers at {}: {error}", path.display()))?;
    stream.set_read_timeout(Some(2 * PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{command}")?;
    let mut lines = BufReader::new(stream.take(1 << 20)).lines();
    match lines.next().transpose()?.as_deref() {
        Some("ok") => Ok(lines.collect::<io::Result<_>>()?),
        Some(line) => Err(anyhow::anyhow!(
            "{}",
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        )),
        None => Err(anyhow::anyhow!("the gateway said nothing")),
    }
}
