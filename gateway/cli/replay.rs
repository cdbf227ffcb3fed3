//! `isthmus replay`: a recording once more, compared output by output.

use std::fs::File;
use std::io::{BufReader, Write};
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::recorder::replay;
use crate::shell::thread::now;

/// Replay a recording and compare every output.
///
/// FILE is what `isthmus run --record` wrote: its configuration, its seed and every input with its
/// time. The inputs go through the gateway again, without a socket or a line and as fast as it can
/// take them; the first output that is not the recorded one is told with its line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus run --config config/isthmus.toml --record run.jsonl
  isthmus replay run.jsonl")]
pub(super) struct Arguments {
    /// The recording.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let name = || arguments.file.display().to_string();
    let file = File::open(&arguments.file).with_context(name)?;
    let replayed = replay(BufReader::new(file), now()).with_context(name)?;
    writeln!(
        out,
        "{} inputs gave the recorded {} outputs",
        replayed.inputs, replayed.outputs
    )?;
    Ok(())
}
