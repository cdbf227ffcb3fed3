//! `isthmus encode`: the octets of an ISUP message that is written as JSON.

use std::io::{Read, Write};

use anyhow::Context;
use clap::Args;
use isup::hex;
use isup::json::JsonMessage;

/// Print the octets of an ISUP message that standard input has as JSON.
///
/// Reads what `isthmus decode --json` prints. The octets of a parameter are in its `content`,
/// which may be changed; `name` and `fields` are for the reader.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus decode --json 0C0200028090 | sed s/8090/8091/ | isthmus encode
          Prints 0c0200028091: user busy in place of normal call clearing.")]
pub(super) struct Arguments {}

pub(super) fn run(
    Arguments {}: &Arguments,
    mut input: impl Read,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let mut text = String::new();
    input
        .read_to_string(&mut text)
        .context("standard input cannot be read")?;
    let message: JsonMessage =
        serde_json::from_str(&text).context("standard input is no message in JSON")?;
    let octets = message
        .encode()
        .context("no octets can be made of the message")?;
    writeln!(out, "{}", hex::write(&octets))?;
    Ok(())
}
