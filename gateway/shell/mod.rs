//! The shell: the only part of the control plane that sees a clock, a socket or a file.
//!
//! | file | what |
//! |---|---|
//! | [`worker`] | some spans with their links and bridges, moved a tick at a time |
//! | `link` | a signalling link on a timeslot |
//! | [`word`] | what crosses the rings |
//! | [`thread`](mod@thread) | the media thread and its rings |
//! | [`files`] | records, capture and recording |
//! | [`control`] | the interworking unit with its sockets and its timers |
//! | [`operators`] | the control socket |
//! | [`spans`] | what is known of the spans outside their threads |
//! | `sockets`, `connection`, [`tls`] | SIP over UDP, TCP and TLS |
//! | `resolver` | the name server |
//! | [`run`](mod@run) | `isthmus run` |

mod connection;
pub mod control;
pub mod files;
mod link;
pub mod operators;
mod resolver;
pub mod run;
mod sockets;
pub mod spans;
#[cfg(test)]
mod tests;
pub mod thread;
pub mod tls;
pub mod without_line;
pub mod word;
pub mod worker;

use std::io;
use std::path::PathBuf;

use crate::sip::Listener;

/// Why a gateway does not start, or stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShellError {
    /// The SIP socket cannot be opened.
    #[error("SIP cannot listen on {listener}: {error}")]
    Listen {
        /// Where.
        listener: Listener,
        /// Why.
        error: io::Error,
    },
    /// TLS cannot be spoken as configured.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// A trunk is a host name, and there is no name server.
    #[error("no name server: {0}, expected one of the system or `name_server` in [sip]")]
    NameServer(String),
    /// An RTP port cannot be opened.
    #[error(transparent)]
    Rtp(#[from] media_bridge::udp::BindError),
    /// A span cannot be opened.
    #[error("span {span}: {error}")]
    Span {
        /// Its name.
        span: String,
        /// Why.
        error: String,
    },
    /// A file cannot be written.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The configuration cannot run.
    #[error(transparent)]
    Config(#[from] crate::iwu::ConfigError),
    /// The operating system refuses something basic.
    #[error("{what}: {error}")]
    System {
        /// What was asked of it.
        what: &'static str,
        /// Why.
        error: io::Error,
    },
}
