//! Opens the lines of a configuration, whatever carries them.

use std::path::PathBuf;

use emulator::{Cable, Clocked, Socket, SocketError};
use serial::{Line, LineError};
use tdm::{Law, SpanId, SpanIo, Timeslot};

use crate::config::{Dahdi, Driver, Linkset, Role, Span, Timeslots};

/// What a timeslot of a span is for. Devices that open each timeslot by itself open these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A circuit, with its companding.
    Circuit(Law),
    /// A signalling link.
    Link,
}

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
    /// A span of the DAHDI driver.
    #[cfg(feature = "dahdi")]
    #[error(transparent)]
    Dahdi(#[from] dahdi::Refusal),
    /// This program cannot open spans of the DAHDI driver.
    #[error(
        "this program was built without the DAHDI driver: `cargo build --release --features dahdi` builds \
         it in (packages dahdi-source and libclang-dev of Debian)"
    )]
    WithoutDahdi,
}

/// A line, and the cable that it is on when that is an emulated one.
pub struct Opened {
    /// The line.
    pub span: Box<dyn SpanIo>,
    /// What can be done to it from the outside.
    pub cable: Option<Cable>,
}

/// Opens a span of the configuration, with a clock, for these timeslots.
///
/// # Errors
/// When the device or the socket cannot be had.
pub fn open(id: SpanId, span: &Span, uses: &[(Timeslot, Use)]) -> Result<Opened, OpenError> {
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
            seed,
        } => {
            let config = emulator::Config {
                framing: *framing,
                drift: *drift,
                seed: *seed,
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
        Driver::Dahdi(dahdi) => match open_dahdi(id, dahdi, uses) {
            Ok(span) => Ok(Opened { span, cable: None }),
            Err(why) => Err(failed(why)),
        },
    }
}

#[cfg(not(feature = "dahdi"))]
fn open_dahdi(_: SpanId, _: &Dahdi, _: &[(Timeslot, Use)]) -> Result<Box<dyn SpanIo>, Why> {
    Err(Why::WithoutDahdi)
}

#[cfg(feature = "dahdi")]
fn open_dahdi(id: SpanId, span: &Dahdi, uses: &[(Timeslot, Use)]) -> Result<Box<dyn SpanIo>, Why> {
    use dahdi::{Circuit, Purpose, SpanConfig};
    let purpose = |of: &Use| match of {
        Use::Circuit(law) => Purpose::Circuit(Circuit {
            law: *law,
            receive_gain: span.receive_gain.into(),
            transmit_gain: span.transmit_gain.into(),
            echo_canceller: span.echo_canceller,
        }),
        Use::Link => Purpose::Link(span.signalling_mode),
    };
    let timeslots = uses.iter().map(|(timeslot, of)| (*timeslot, purpose(of)));
    let config = SpanConfig {
        id,
        number: span.number,
        timeslots: timeslots.collect(),
        buffers: span.buffers,
        queued: span.queued,
    };
    Ok(Box::new(dahdi::Span::open(config)?))
}

/// What the timeslots of a span are for, by the links and circuits of a configuration: each circuit
/// with the name of its span. A number that no timeslot has is left out: the check has told it.
pub fn uses<'a>(
    span: &str,
    linksets: &[Linkset],
    circuits: impl Iterator<Item = (&'a str, Timeslots, Law)>,
) -> Vec<(Timeslot, Use)> {
    let links = linksets.iter().flat_map(|linkset| &linkset.links);
    let mut uses: Vec<_> = links
        .filter(|link| link.span == span)
        .filter_map(|link| Some((Timeslot::new(link.timeslot)?, Use::Link)))
        .collect();
    for (_, timeslots, law) in circuits.filter(|(of, ..)| *of == span) {
        let timeslots = timeslots.iter().filter_map(Timeslot::new);
        uses.extend(timeslots.map(|timeslot| (timeslot, Use::Circuit(law))));
    }
    uses.sort_by_key(|(timeslot, _)| *timeslot);
    uses
}
