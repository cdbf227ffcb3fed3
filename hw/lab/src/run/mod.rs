//! The exchange in real time: the lines clock it, standard input commands it, and it says what
//! happens in one line each.

mod command;
mod fault;
mod report;
mod terminal;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use tdm::{Due, Law, SpanId, SpanTick};

use crate::config::{Config, Driver};
use crate::exchange::{Exchange, ExchangeConfig, ExchangeError};
use crate::line::{self, Opened};
pub use command::{Command, CommandError};
pub use fault::Fault;
pub use report::{Report, line};
pub use terminal::{TerminalError, Terminals};

/// How [`run`] speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// JSON lines instead of text.
    pub json: bool,
    /// Every message, timer and circuit state, too.
    pub verbose: bool,
}

/// Why the lab cannot run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The parts of the configuration do not fit each other.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// A line cannot be opened.
    #[error(transparent)]
    Open(#[from] line::OpenError),
    /// The terminal of a modem.
    #[error(transparent)]
    Terminal(#[from] TerminalError),
    /// A line that cannot be used any more.
    #[error("span {span}: {source}")]
    Line {
        /// The span.
        span: SpanId,
        /// Why.
        source: io::Error,
    },
    /// Nobody reads what the lab says.
    #[error("cannot write: {0}")]
    Write(#[source] io::Error),
}

/// Runs the exchange of a lab file until `stop` is set or `quit` is read from standard input;
/// the end of standard input ends nothing. Writes to standard output.
///
/// # Errors
/// When the configuration makes no exchange, or a line cannot be used.
pub fn run(config: &Config, options: Options, stop: &AtomicBool) -> Result<(), RunError> {
    let exchange = Exchange::new(ExchangeConfig::from_file(config)?)?;
    let spans = (0..).map(SpanId).zip(&config.spans);
    let circuits = || {
        let circuits = config.circuits.iter();
        circuits.map(|group| (group.span.as_str(), group.timeslots, group.law))
    };
    let spans = spans.map(|(id, span)| {
        let uses = line::uses(&span.name, &config.linksets, circuits());
        line::open(id, span, &uses)
    });
    let spans = spans.collect::<Result<Vec<_>, _>>()?;
    let mut terminals = Terminals::open(&config.subscribers)?;
    let lines = standard_input();
    #[expect(
        clippy::disallowed_methods,
        reason = "the real-time driver is where the exchange gets its time"
    )]
    let clock = Instant::now;
    let mut report = Report::new(options, io::stdout());
    let serial = config.spans.iter().filter_map(|span| match &span.driver {
        Driver::Serial { layout, .. } => Some(format!("span {}: {layout}", span.name)),
        _ => None,
    });
    report
        .answer(clock(), Ok(serial.collect()))
        .map_err(RunError::Write)?;
    drive(
        exchange,
        spans,
        &mut terminals,
        &mut || clock(),
        // The end of standard input is no command either.
        &mut || lines.try_recv().ok(),
        &mut report,
        stop,
    )
}

/// Runs an exchange on lines that clock it. `clock` tells the time after each tick, `commands`
/// gives the next line of input if there is one.
///
/// # Errors
/// When a line fails or the report cannot be written.
pub fn drive<W: Write>(
    mut exchange: Exchange,
    lines: Vec<Opened>,
    terminals: &mut Terminals,
    clock: &mut dyn FnMut() -> Instant,
    commands: &mut dyn FnMut() -> Option<String>,
    report: &mut Report<W>,
    stop: &AtomicBool,
) -> Result<(), RunError> {
    let (mut spans, cables): (Vec<_>, Vec<_>) = lines
        .into_iter()
        .map(|line| (line.span, line.cable))
        .unzip();
    let start = clock();
    exchange.start(start);
    report.begin(start);
    let mut rx = SpanTick::idle(Law::ALaw);
    let mut next: Vec<_> = spans.iter().map(|_| rx.clone()).collect();
    while !stop.load(Ordering::Relaxed) {
        // The first line is the clock of all.
        let due = match spans.first_mut() {
            Some(first) => {
                let span = first.id();
                first
                    .wait()
                    .map_err(|source| RunError::Line { span, source })?
            }
            None => Due::default(),
        };
        for (span, tx) in spans.iter_mut().zip(&mut next) {
            let id = span.id();
            span.carry(due, tx, &mut rx)
                .map_err(|source| RunError::Line { span: id, source })?;
            let now = clock();
            while let Some(event) = span.poll_event() {
                exchange.handle_span_event(now, id, event);
            }
            exchange
                .tick_line(now, span, &rx, tx)
                .map_err(|source| RunError::Line { span: id, source })?;
        }
        terminals.serve(&mut exchange);
        while let Some(line) = commands() {
            let answer = match line.parse() {
                Ok(Command::Quit) => return Ok(()),
                Ok(command) => command.execute(clock(), &mut exchange, &spans, &cables),
                Err(error) => Err(error),
            };
            report.answer(clock(), answer).map_err(RunError::Write)?;
        }
        report
            .events(exchange.take_events())
            .map_err(RunError::Write)?;
    }
    Ok(())
}

/// Reads lines on a thread of its own, for reading waits.
fn standard_input() -> Receiver<String> {
    let (sender, receiver) = channel();
    #[expect(
        clippy::disallowed_methods,
        reason = "the real-time driver reads its commands beside the line"
    )]
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
