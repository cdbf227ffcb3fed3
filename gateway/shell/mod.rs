//! The shell: the only part of the control plane that sees a clock, a socket or a file.
//!
//! | file | what |
//! |---|---|
//! | [`span`] | one span's line, links and bridges, moved a tick at a time |
//! | [`thread`](mod@thread) | the span's thread and its rings |
//! | [`files`] | records, capture and recording |
//! | [`control`] | the interworking unit with its socket and its timers |
//! | [`run`](mod@run) | `isthmus run` |

pub mod control;
pub mod files;
pub mod run;
pub mod span;
pub mod thread;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a gateway does not start, or stops.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShellError {
    /// The SIP socket cannot be opened.
    #[error("SIP cannot listen on {address}: {error}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// Why.
        error: io::Error,
    },
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
