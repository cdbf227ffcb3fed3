//! Opens the lines of a configuration, whatever carries them.

use std::io;
use std::path::PathBuf;

use emulator::{Clocked, Socket, SocketError};
use serial::{Line, LineError};
use tdm::{SpanId, SpanIo};

use crate::config::{Driver, Role, Span};

/// A line that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("span `{span}`: {why}")]
pub struct OpenError {
    /// Name of the span.
    pub span: String,
    /// Why.
    #[source]
    pub why: Why,
}

/// Why a line cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// The socket of an emulated line.
    #[error("{}: {source}", path.display())]
    Socket {
        /// Its path.
        path: PathBuf,
        /// Why.
        source: SocketError,
    },
    /// A serial device.
    #[error(transparent)]
    Serial(#[from] LineError),
}

impl OpenError {
    /// As an error of input and output, for who expects such.
    #[must_use]
    pub fn into_io(self) -> io::Error {
        io::Error::other(self)
    }
}

/// Opens a span of the configuration, with a clock.
///
/// # Errors
/// When the device or the socket cannot be had.
pub fn open(id: SpanId, span: &Span) -> Result<Box<dyn SpanIo>, OpenError> {
    let failed = |why| OpenError {
        span: span.name.clone(),
        why,
    };
    match &span.driver {
        Driver::Emulator { path, role } => {
            let socket = match role {
                Role::Listen => Socket::listen(id, path),
                Role::Connect => Socket::connect(id, path),
            };
            let socket = socket.map_err(|source| {
                let path = path.clone();
                failed(Why::Socket { path, source })
            })?;
            Ok(Box::new(socket))
        }
        Driver::Serial { device, layout } => {
            let line = Line::open(device, layout).map_err(|error| failed(error.into()))?;
            let span = serial::Span::new(id, layout.clone(), line);
            Ok(Box::new(Clocked::new(span)))
        }
    }
}
