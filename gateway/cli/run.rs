//! `isthmus run`: the gateway, until a signal ends it.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::Configured;
use crate::config::{Config, Refusal, process_environment};
use crate::iwu::Admin;
use crate::recorder::Source;
use crate::shell::control::{Ask, Handle};
use crate::shell::run::{Options, Running, start};

/// Run the gateway.
///
/// Opens the spans and sockets of the configuration and takes calls until it is ended: SIGTERM or
/// SIGINT stops new calls and lets those that talk go on up to `drain` of [gateway]; a second
/// signal ends them at once. Logs go to standard error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus run --config config/isthmus.toml
  isthmus run --log debug --record run.jsonl
          One line for each message, and a recording that `isthmus replay` repeats.")]
pub(super) struct Arguments {
    #[command(flatten)]
    configured: Configured,
    /// Write every input and output to a file that `isthmus replay` reads.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// What is logged: error, warn, info (one line a call), debug (one a message), trace, or a
    /// filter by module.
    #[arg(
        long,
        value_name = "FILTER",
        env = "ISTHMUS_LOG",
        default_value = "info"
    )]
    log: String,
    /// Form of the log.
    #[arg(long, value_name = "FORM", default_value = "text")]
    log_form: LogForm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogForm {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let path = &arguments.configured.config;
    let text = std::fs::read_to_string(path).map_err(|source| Refusal::Read {
        path: path.clone(),
        source,
    })?;
    let environment = process_environment();
    let config = Config::parse_fit(path, &text, &environment, crate::shell::tls::misfit)?;
    log(&arguments.log, arguments.log_form)?;
    let drain = config.gateway.drain;
    let options = Options {
        record: arguments.record.clone(),
        ..Options::default()
    };
    let source = Source {
        text,
        environment,
        files: config.profile_files.clone(),
    };
    let running = start(config, &source, options)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(until_signalled(running, drain))
}

fn log(filter: &str, form: LogForm) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter).with_context(|| format!("--log `{filter}`"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let set = match form {
        LogForm::Text => log.try_init(),
        LogForm::Json => log.json().try_init(),
    };
    set.map_err(|error| anyhow::anyhow!("{error}"))
}

/// The first signal drains, the second stops.
async fn until_signalled(running: Running, limit: Duration) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let handle: Handle = running.handle();
    let mut ended = tokio::task::spawn_blocking(move || running.wait());
    let mut draining = false;
    loop {
        tokio::select! {
            joined = &mut ended => return Ok(joined?),
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        match std::mem::replace(&mut draining, true) {
            false => handle.ask(Ask::Admin(Admin::Drain { limit })),
            true => handle.ask(Ask::Stop),
        }
    }
}
