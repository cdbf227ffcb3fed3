//! The command line: one file a subcommand, each with its arguments and one function.
//!
//! Exit codes: 0 when all went well, 1 when something was refused (a configuration, a message, a
//! number without a route), 2 for a command line that cannot be read.

mod ask;
mod ber;
mod check;
mod decode;
mod demo;
mod encode;
mod explain;
mod hardware;
mod lab;
mod replay;
mod route;
mod run;
#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

pub use self::decode::print_capture;
use crate::config::Refusal;

/// What more this build can open.
#[cfg(feature = "dahdi")]
macro_rules! dahdi {
    () => {
        ", dahdi"
    };
}
#[cfg(not(feature = "dahdi"))]
macro_rules! dahdi {
    () => {
        ""
    };
}

/// Commit and target, stamped in by `build.rs`.
const LONG_VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit: ",
    env!("ISTHMUS_COMMIT"),
    "\ntarget: ",
    env!("ISTHMUS_TARGET"),
    "\nspans:  emulator, serial",
    dahdi!(),
);

/// SIP-PSTN gateway.
///
/// Isthmus joins SIP and the telephone network: ISUP over MTP on the timeslots of an E1 on one
/// side, SIP and RTP on the other. ISUP travels on in the bodies of SIP messages (SIP-T, RFC 3372)
/// where the peer takes it, and is mapped by RFC 3398 where it does not.
#[derive(Debug, Parser)]
#[command(name = "isthmus", version, long_version = LONG_VERSION, after_help = EXAMPLES)]
#[command(
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  isthmus demo
          Calls between a SIP user and an emulated exchange, measured. No card needed.
  isthmus run --config config/isthmus.toml
          Run the gateway.
  isthmus lab --config config/lab.toml
          Run an exchange with subscribers at the other end of its line.
  isthmus check config/isthmus.toml
          Say whether a configuration is right, and where it is not.
  isthmus route +49305550001 --from softphone
          Say which way a call would go, and why.
  isthmus hardware
          List the telephony cards of this machine and what they can be used for.
  isthmus ber --span e1 --timeslot 1
          Count the bit errors of a timeslot; with --call, those of a call.
  isthmus decode 0C0200028090
          Print an ISUP message as a tree.
  isthmus explain cause 34
          Say which SIP status a cause becomes, and where that is written.

Exit status:
  0  done
  1  refused: a wrong configuration or message, a number without a route
  2  a command line that cannot be read

Environment:
  ISTHMUS_CONFIG            the configuration, where --config is not given
  ISTHMUS_LAB_CONFIG        the configuration of `isthmus lab`
  ISTHMUS_LOG               what `isthmus run` logs, where --log is not given
  ISTHMUS__SECTION__KEY     overrides a key of the configuration, as ISTHMUS__SIP__LISTEN";

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Arguments),
    Hardware(hardware::Arguments),
    Run(run::Arguments),
    Lab(lab::Arguments),
    Check(check::Arguments),
    Route(route::Arguments),
    Ber(ber::Arguments),
    Replay(replay::Arguments),
    Decode(decode::Arguments),
    Encode(encode::Arguments),
    Explain(explain::Arguments),
    Circuits(ask::Circuits),
    Links(ask::Links),
    Spans(ask::Spans),
    Maintain(ask::Maintain),
}

/// The gateway's configuration, for the subcommands that need one.
#[derive(Debug, Args)]
struct Configured {
    /// The gateway's configuration.
    #[arg(long, value_name = "FILE", env = "ISTHMUS_CONFIG")]
    #[arg(default_value = "config/isthmus.toml")]
    config: PathBuf,
}

/// Runs the program on the process's own command line.
#[must_use]
pub fn main() -> ExitCode {
    run(&Line::parse().command)
}

fn run(command: &Command) -> ExitCode {
    let mut out = io::stdout().lock();
    let done = match command {
        Command::Demo(arguments) => demo::run(arguments, &mut out),
        Command::Hardware(arguments) => hardware::run(arguments, &mut out),
        Command::Run(arguments) => run::run(arguments),
        Command::Lab(arguments) => lab::run(arguments),
        Command::Check(arguments) => check::run(arguments, &mut out),
        Command::Route(arguments) => route::run(arguments, &mut out),
        Command::Ber(arguments) => ber::run(arguments, &mut out),
        Command::Replay(arguments) => replay::run(arguments, &mut out),
        Command::Decode(arguments) => decode::run(arguments, &mut out),
        Command::Explain(arguments) => explain::run(arguments, &mut out),
        Command::Circuits(arguments) => ask::circuits(arguments, &mut out),
        Command::Links(arguments) => ask::links(arguments, &mut out),
        Command::Spans(arguments) => ask::spans(arguments, &mut out),
        Command::Maintain(arguments) => ask::maintain(arguments, &mut out),
        Command::Encode(arguments) => encode::run(arguments, io::stdin().lock(), &mut out),
    };
    match done.and_then(|()| Ok(out.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&error),
    }
}

/// The command line can be read and asks for what cannot be.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Usage(String);

/// Why a subcommand ended, on standard error.
fn report(error: &anyhow::Error) -> ExitCode {
    // A reader that went away, as `head`, wants to hear nothing more.
    if error
        .downcast_ref::<io::Error>()
        .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    {
        return ExitCode::SUCCESS;
    }
    let mut text = format!("isthmus: {error}\n");
    match error.downcast_ref::<Refusal>() {
        Some(refusal) => text.push_str(&drawn(refusal, io::stderr().is_terminal())),
        None => {
            for cause in error.chain().skip(1) {
                text.push_str(&format!("  {cause}\n"));
            }
        }
    }
    // Nobody is left to tell when standard error is gone.
    let _ = io::stderr().write_all(text.as_bytes());
    match error.is::<Usage>() {
        true => ExitCode::from(2),
        false => ExitCode::FAILURE,
    }
}

/// The problems of a configuration with the lines they are on, in colour for a terminal.
fn drawn(refusal: &Refusal, terminal: bool) -> String {
    let theme = match terminal {
        true => miette::GraphicalTheme::default(),
        false => miette::GraphicalTheme::unicode_nocolor(),
    };
    let handler = miette::GraphicalReportHandler::new_themed(theme);
    let mut text = String::new();
    for problem in refusal.problems() {
        // A `String` takes every line.
        let _ = handler.render_report(&mut text, problem);
    }
    if let Refusal::Read { source, .. } = refusal {
        text.push_str(&format!("  {source}\n"));
    }
    text
}

/// Sets `stop` on SIGTERM and SIGINT, so that what is open is left in good order.
fn stop_on_signal(stop: Arc<AtomicBool>) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let entered = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    drop(entered);
    let wait = move || {
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        });
        stop.store(true, Ordering::Relaxed);
    };
    #[expect(
        clippy::disallowed_methods,
        reason = "signals are heard beside the line"
    )]
    std::thread::spawn(wait);
    Ok(())
}
