//! Starting a gateway, and `isthmus run`.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;

use jiff::Timestamp;
use lab::config::Driver;
use media_bridge::UdpRtp;
use rustix::io::Errno;
use rustix::rand::{GetRandomFlags, getrandom};
use tdm::{SpanId, SpanIo};
use tokio::net::unix::pipe;
use tokio::sync::mpsc::unbounded_channel;
use tracing::level_filters::LevelFilter;

use super::ShellError;
use super::control::{Ask, Control, Handle, Observer};
use super::files::Files;
use super::operators::Operators;
use super::sockets::Sockets;
use super::spans::Spans;
use super::thread::{MediaThread, Place, now};
use super::without_line::WithoutLine;
use super::worker::Worker;
use crate::chance::{SEED_OCTETS, Seed};
use crate::config::Config;
use crate::iwu::{Birth, Iwu};
use crate::recorder::Source;
use crate::sip::sdp::crypto::Secret;

/// How a gateway is started besides its configuration.
#[derive(Default)]
pub struct Options {
    /// Where to record every input and output.
    pub record: Option<PathBuf>,
    /// Lines in place of those of the configuration, in its order.
    pub lines: Option<Vec<Box<dyn SpanIo>>>,
    /// Sees every output.
    pub observer: Option<Observer>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("record", &self.record)
            .finish_non_exhaustive()
    }
}

/// A gateway that runs on threads of its own.
#[derive(Debug)]
pub struct Running {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    /// For asking it things.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Waits until it has stopped by itself.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            self.handle.ask(Ask::Stop);
            let _ = thread.join();
        }
    }
}

/// Starts a gateway: sockets, spans and files first, so that what cannot be opened is told here.
///
/// # Errors
/// [`ShellError`] names what cannot be opened and why.
pub fn start(config: Config, source: &Source, options: Options) -> Result<Running, ShellError> {
    let config = Arc::new(config);
    let birth = birth(&config)?;
    let files = Files::open(
        config.records.file.as_deref(),
        config.capture.file.as_deref(),
        options.record.as_deref(),
        source,
        birth,
    )?;
    let mut iwu = Iwu::new(config.clone(), birth)?.with_secret(Secret::new(random()?));
    let logged = LevelFilter::current() >= LevelFilter::DEBUG;
    if options.record.is_none() && options.observer.is_none() && !logged {
        iwu = iwu.without_ladders();
    }
    let plans = iwu.port_plans();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ShellError::System {
            what: "runtime",
            error,
        })?;
    let sockets = runtime.block_on(Sockets::bind(&config))?;
    let entered = runtime.enter();
    let (wake, woken) = pipe::pipe()
        .and_then(|(wake, woken)| Ok((Arc::new(wake.into_nonblocking_fd()?), woken)))
        .map_err(|error| ShellError::System {
            what: "pipe",
            error,
        })?;
    drop(entered);
    let lines = match options.lines {
        Some(lines) => lines,
        None => open_lines(&config)?,
    };
    let spans = lines.len();
    let cores = media_bridge::realtime::cores().map_err(|error| ShellError::System {
        what: "cores",
        error,
    })?;
    media_bridge::realtime::raise_file_limit().map_err(|error| ShellError::System {
        what: "limit on open files",
        error,
    })?;
    let count = config.media.threads(spans, cores.len());
    let mut thread_of = deal(spans, count);
    let without_line = iwu.span_without_line();
    thread_of.extend(without_line.map(|_| 0));
    let mut lines: Vec<_> = lines.into_iter().map(Some).collect();
    let mut threads = Vec::new();
    for index in 0..count {
        let mut own = Vec::new();
        let mut ports = Vec::new();
        for ((line, plan), thread) in lines.iter_mut().zip(&plans).zip(&thread_of) {
            let Some(line) = line.take_if(|_| *thread == index) else {
                continue;
            };
            let links = iwu
                .links()
                .filter(|(_, place)| place.span == line.id())
                .map(|(id, place)| (id, place.timeslot))
                .collect();
            own.push((line, links));
            ports.extend(plan.ports().map(|port| (port, plan.udp(port))));
        }
        if let Some(span) = without_line.filter(|_| index == 0) {
            own.push((Box::new(WithoutLine(span)) as Box<dyn SpanIo>, Vec::new()));
        }
        let rtp = UdpRtp::bind_ports(config.rtp.address, ports)?;
        let pairs = u16::try_from(config.rtp.ports.pairs()).unwrap_or(u16::MAX);
        let worker = Worker::new(own, rtp, pairs, files.captures());
        let place = Place {
            // From the last core down: interrupts and the control thread like the first.
            core: (config.media.pin)
                .then(|| cores.iter().rev().cycle().nth(index).copied())
                .flatten(),
            priority: (config.media.priority > 0).then_some(config.media.priority),
        };
        let name = format!("media {index}");
        let thread = MediaThread::start(&name, place, worker, wake.clone()).map_err(|error| {
            ShellError::System {
                what: "thread",
                error,
            }
        })?;
        threads.push(thread);
    }
    tracing::info!(
        sip = listening(&config),
        spans,
        threads = threads.len(),
        links = iwu.links().count(),
        circuits = iwu.circuits().count(),
        "started"
    );
    let (ask, asked) = unbounded_channel();
    let operators = match &config.gateway.control {
        Some(path) => {
            let _entered = runtime.enter();
            let opened = Operators::open(path, Handle(ask.clone()));
            Some(opened.map_err(|error| ShellError::File {
                path: path.clone(),
                error,
            })?)
        }
        None => None,
    };
    let control = Control {
        iwu,
        spans: Spans::new(&config),
        rtp: config.rtp.address,
        sockets,
        threads,
        thread_of,
        woken,
        files,
        asked,
        operators,
        observer: options.observer,
        plans,
        news: Vec::new(),
        log: std::collections::BTreeMap::new(),
    };
    let thread = std::thread::Builder::new()
        .name("control".to_owned())
        .spawn(move || {
            if let Err(error) = runtime.block_on(control.run()) {
                tracing::error!(%error, "the gateway stopped");
            }
        })
        .map_err(|error| ShellError::System {
            what: "thread",
            error,
        })?;
    Ok(Running {
        handle: Handle(ask),
        thread: Some(thread),
    })
}

fn listening(config: &Config) -> String {
    let listeners = config.sip.listen.listeners().iter();
    listeners
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// The moment and the seed of a gateway's birth.
fn birth(config: &Config) -> Result<Birth, ShellError> {
    let seed = match config.gateway.seed {
        Some(seed) => seed.into(),
        None => Seed::new(random()?),
    };
    Ok(Birth {
        now: now(),
        wall: Timestamp::now(),
        seed,
    })
}

/// Octets that nobody foresees, of the system.
fn random() -> Result<[u8; SEED_OCTETS], ShellError> {
    let mut octets = [0; SEED_OCTETS];
    let mut filled = 0;
    while let Some(rest) = octets.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match getrandom(rest, GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(Errno::INTR) => {}
            Err(error) => {
                return Err(ShellError::System {
                    what: "random numbers",
                    error: error.into(),
                });
            }
        }
    }
    Ok(octets)
}

/// Opens the spans of a configuration.
fn open_lines(config: &Config) -> Result<Vec<Box<dyn SpanIo>>, ShellError> {
    let circuits = || {
        let groups = config.trunk_groups.iter();
        groups.map(|group| (group.span.as_str(), group.timeslots, group.law))
    };
    config
        .spans
        .iter()
        .enumerate()
        .map(|(index, span)| {
            if let Driver::Serial { layout, .. } = &span.driver {
                tracing::info!(span = span.name, "{layout}");
            }
            let id = SpanId(u16::try_from(index).unwrap_or(u16::MAX));
            let uses = lab::line::uses(&span.name, &config.linksets, circuits());
            let opened = lab::line::open(id, span, &uses).map(|opened| opened.span);
            opened.map_err(|error| ShellError::Span {
                span: error.span,
                error: error.why.to_string(),
            })
        })
        .collect()
}

/// The thread of each span: dealt out in turn, with all its timeslots.
fn deal(spans: usize, threads: usize) -> Vec<usize> {
    (0..threads).cycle().take(spans).collect()
}

#[cfg(test)]
mod tests;
