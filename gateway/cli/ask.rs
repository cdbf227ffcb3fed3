//! `isthmus circuits`, `links`, `spans` and `maintain`: questions to a running gateway.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::Configured;
use crate::config::Config;
use crate::iwu::maintenance::{Command, Maintenance, Which};
use crate::shell::operators;

/// Where the gateway is asked.
#[derive(Debug, Args)]
struct Socket {
    /// Control socket of the gateway; `control` of [gateway] in its configuration when absent.
    #[arg(long, value_name = "PATH")]
    control: Option<PathBuf>,
    #[command(flatten)]
    configured: Configured,
}

/// Say in which state the circuits of a running gateway are, and why.
///
/// One line a circuit: its state and since when, what is awaited, which timers run, what happened
/// last, and what looks like a wrong configuration.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus circuits
  isthmus circuits --group exchange 5")]
pub(super) struct Circuits {
    /// Only this one.
    #[arg(value_name = "CIC")]
    cic: Option<u16>,
    /// Only those of this trunk group.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    #[command(flatten)]
    socket: Socket,
}

/// Say in which state the signalling links of a running gateway are, and why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus links
  isthmus links --control /run/isthmus/control")]
pub(super) struct Links {
    #[command(flatten)]
    socket: Socket,
}

/// Say which alarms stand on the spans of a running gateway, and what they counted.
///
/// One line a span: what carries it, the alarms, and every counter that is not 0. Of a serial line
/// also what its rate carries, and its frames that were broken, missing or not sent.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus spans
  isthmus spans --control /run/isthmus/control")]
pub(super) struct Spans {
    #[command(flatten)]
    socket: Socket,
}

/// Block, unblock, reset or check a circuit of a running gateway.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus maintain block 5
  isthmus maintain check 5 --group exchange")]
pub(super) struct Maintain {
    /// What to do.
    #[arg(value_name = "ACTION")]
    action: Maintenance,
    /// To which circuit.
    #[arg(value_name = "CIC")]
    cic: u16,
    /// Of which trunk group, where several have that CIC.
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    #[command(flatten)]
    socket: Socket,
}

pub(super) fn circuits(arguments: &Circuits, out: &mut impl Write) -> anyhow::Result<()> {
    let which = Which {
        group: arguments.group.clone(),
        cic: arguments.cic,
    };
    ask(&arguments.socket, &Command::Circuits(which), out)
}

pub(super) fn links(arguments: &Links, out: &mut impl Write) -> anyhow::Result<()> {
    ask(&arguments.socket, &Command::Links, out)
}

pub(super) fn spans(arguments: &Spans, out: &mut impl Write) -> anyhow::Result<()> {
    ask(&arguments.socket, &Command::Spans, out)
}

pub(super) fn maintain(arguments: &Maintain, out: &mut impl Write) -> anyhow::Result<()> {
    let which = Which {
        group: arguments.group.clone(),
        cic: Some(arguments.cic),
    };
    let command = Command::Maintain(arguments.action, which);
    ask(&arguments.socket, &command, out)
}

fn ask(socket: &Socket, command: &Command, out: &mut impl Write) -> anyhow::Result<()> {
    let path = match &socket.control {
        Some(path) => path.clone(),
        None => Config::load(&socket.configured.config)?
            .gateway
            .control
            .context(
                "the configuration names no control socket, expected `control` in [gateway]",
            )?,
    };
    for line in operators::ask(&path, command)? {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
