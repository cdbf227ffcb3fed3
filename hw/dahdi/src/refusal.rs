//! Why a span cannot be used: what was found, and what mends it.

use std::io;

use thiserror::Error;

use crate::purpose::{LinkMode, SpanConfig};
use crate::report::{ReportError, Signalling};

/// After a change of `system.conf`.
const APPLY: &str = "in /etc/dahdi/system.conf, then `dahdi_cfg -vv`";

/// Why a span cannot be used.
#[derive(Debug, Error)]
pub enum Refusal {
    /// The driver is not there.
    #[error(
        "{path} is missing: the DAHDI driver is not loaded; `modprobe dahdi` and then the driver of \
         the card load it, or `modprobe dahdi_dynamic_loc` for spans without a card"
    )]
    NoDevice {
        /// What was looked for.
        path: String,
    },
    /// This user may not.
    #[error(
        "{path} may not be opened by this user: its group may (`usermod -aG dahdi USER`, then log in \
         again)"
    )]
    Permission {
        /// What was to be opened.
        path: String,
    },
    /// Another program has the channel.
    #[error(
        "channel {channel} ({place}) is open in another program: `fuser -v /dev/dahdi/channel \
         /dev/dahdi/chan/*/*` names it"
    )]
    Busy {
        /// The driver's number of it.
        channel: u16,
        /// Span and timeslot.
        place: Place,
    },
    /// The driver has no span of this number.
    #[error("the driver has no span {number}, {found}; `isthmus hardware` lists them")]
    NoSpan {
        /// The number asked for.
        number: u16,
        /// Which others there are.
        found: String,
    },
    /// The span is shorter.
    #[error("{place} does not exist: the span has timeslots 1 to {last}")]
    NoTimeslot {
        /// Span and timeslot.
        place: Place,
        /// Its last timeslot.
        last: usize,
    },
    /// The channel is configured for something else.
    #[error(
        "channel {channel} ({place}) is {found}, and {wanted} is needed: write `{line}={channel}` {APPLY}"
    )]
    Signalling {
        /// The driver's number of it.
        channel: u16,
        /// Span and timeslot.
        place: Place,
        /// What it is configured as.
        found: String,
        /// What it is to be.
        wanted: &'static str,
        /// Keyword of `system.conf`.
        line: &'static str,
    },
    /// An echo canceller is wanted, and none is attached.
    #[error(
        "channel {channel} ({place}) has no echo canceller: write `echocanceller=mg2,{channel}` {APPLY}"
    )]
    NoEchoCanceller {
        /// The driver's number of it.
        channel: u16,
        /// Span and timeslot.
        place: Place,
    },
    /// More or fewer buffers than the driver takes.
    #[error("{buffers} buffers, {queued} of them queued: 2 to {most} buffers are possible, and 2 to as many queued", most = SpanConfig::MOST_BUFFERS)]
    Buffers {
        /// Buffers asked for.
        buffers: u8,
        /// Of which queued.
        queued: u8,
    },
    /// A gain that no table can hold.
    #[error("{place}: a gain of {gain} dB; -20 to 20 dB are possible")]
    Gain {
        /// Span and timeslot.
        place: Place,
        /// The gain.
        gain: f32,
    },
    /// The driver's reports cannot be read.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The driver refuses.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// Why not.
        source: io::Error,
    },
}

/// A timeslot of one of the driver's spans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The driver's number of the span.
    pub span: u16,
    /// The timeslot, 1 and up.
    pub timeslot: u8,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "span {}, timeslot {}", self.span, self.timeslot)
    }
}

impl Refusal {
    /// A device file that cannot be opened.
    pub(crate) fn device(path: &str, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => Self::NoDevice { path },
            io::ErrorKind::PermissionDenied => Self::Permission { path },
            // The file is there, and nobody behind it.
            _ if source.raw_os_error() == Some(libc::ENXIO) => Self::NoDevice { path },
            _ => Self::System { what: path, source },
        }
    }

    /// A circuit that is not a clear channel.
    pub(crate) fn not_a_circuit(channel: u16, place: Place, found: &Signalling) -> Self {
        Self::Signalling {
            channel,
            place,
            found: format!("`{}`", found.keyword()),
            wanted: "a clear channel",
            line: "bchan",
        }
    }

    /// A link in another mode.
    pub(crate) fn not_this_link(
        channel: u16,
        place: Place,
        found: &Signalling,
        mode: LinkMode,
    ) -> Self {
        Self::Signalling {
            channel,
            place,
            found: format!("`{}`", found.keyword()),
            wanted: match mode {
                LinkMode::Raw => "a clear channel",
                LinkMode::Hdlc => "one with the driver's HDLC",
                LinkMode::Mtp2 => "one in the driver's MTP2 mode",
            },
            line: mode.keyword(),
        }
    }
}
