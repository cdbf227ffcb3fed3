//! Opens the lines of a configuration, whatever carries them.

use std::path::PathBuf;

use emulator::{Cable, Clocked, Socket, SocketError};
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

/// A line, and the cable that it is on when that is an emulated one.
pub struct Opened {
    /// The line.
    pub span: Box<dyn SpanIo>,
    /// What can be done to it from the outside.
    pub cable: Option<Cable>,
}

/// Opens a span of the configuration, with a clock.
///
/// # Errors
/// When the device or the socket cannot be had.
pub fn open(id: SpanId, span: &Span) -> Result<Opened, OpenError> {
    let failed = |why| OpenError {
        span: span.name.clone(),
        why,
    };
    match &span.driver {
        Driver::Emulator {
            path,
            role,
            framing,
            drift,
        } => {
            let config = emulator::Config {
                framing: *framing,
                drift: *drift,
                ..emulator::Config::REAL_TIME
            };
            let socket = match role {
                Role::Listen => Socket::listen_with(id, path, config),
                Role::Connect => Socket::connect_with(id, path, config),
            };
            let socket = socket.map_err(|source| {
                let path = path.clone();
                failed(Why::Socket { path, source })
            })?;
            Ok(Opened {
                cable: Some(socket.cable()),
                span: Box::new(socket),
            })
        }
        Driver::Serial { device, layout } => {
            let line = Line::open(device, layout).map_err(|error| failed(error.into()))?;
            let span = serial::Span::new(id, layout.clone(), line);
            Ok(Opened {
                span: Box::new(Clocked::new(span)),
                cable: None,
            })
        }
    }
}
