//! `isthmus demo`: a gateway, an exchange and a SIP user on this machine, and calls between them.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::demo;

/// Make calls between SIP and an emulated exchange, and measure them.
///
/// Starts the gateway, the far end of an emulated E1 and a SIP user, on the loopback address only,
/// without a card and without privileges. Calls go both ways: answered, busy, unallocated, given
/// up, without a circuit, with an announcement. For each a ladder is drawn, and what was measured
/// stands beside what was expected. Takes less than a minute.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus demo
  isthmus demo --out /tmp/calls
          Leaves the capture, which Wireshark reads, and the call records in that folder.")]
pub(super) struct Arguments {
    /// Folder for the capture, the call records, the ladders and the recording.
    #[arg(long, value_name = "DIR", default_value = "isthmus-demo")]
    out: PathBuf,
}

/// A check of the demo failed; the table says which.
#[derive(Debug, thiserror::Error)]
#[error("a check of the demo failed")]
struct Failed;

pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    match demo::run(&arguments.out, out)? {
        true => Ok(()),
        false => Err(Failed.into()),
    }
}
