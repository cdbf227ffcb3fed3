//! `isthmus demo`: a gateway, an exchange and a SIP user on this machine, and calls between them.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::demo;
use crate::demo::real_time::Line;

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
          Leaves the capture, which Wireshark reads, and the call records in that folder.
  isthmus demo --dahdi 1,2
          The same calls through two spans of the DAHDI driver that are joined.
  isthmus demo --serial /dev/ttyUSB0,/dev/ttyUSB1
          The same calls through two serial devices and the null-modem cable between them.")]
pub(super) struct Arguments {
    /// Folder for the capture, the call records, the ladders and the recording.
    #[arg(long, value_name = "DIR", default_value = "isthmus-demo")]
    out: PathBuf,
    /// Two spans of the DAHDI driver, joined by a cable or by the driver, in place of the emulated line.
    #[arg(long, value_name = "NEAR,FAR", value_parser = pair)]
    dahdi: Option<(u16, u16)>,
    /// Two serial devices, joined by a null-modem cable, in place of the emulated line.
    #[arg(long, value_name = "NEAR,FAR", value_parser = devices, conflicts_with = "dahdi")]
    serial: Option<(PathBuf, PathBuf)>,
    /// Bits a second of the serial devices.
    #[arg(
        long,
        value_name = "RATE",
        default_value_t = 921_600,
        requires = "serial"
    )]
    rate: u32,
}

/// A check of the demo failed; the table says which.
#[derive(Debug, thiserror::Error)]
#[error("a check of the demo failed")]
struct Failed;

pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let line = match (&arguments.dahdi, &arguments.serial) {
        (Some((near, far)), _) => Line::dahdi(*near, *far)?,
        (None, Some((near, far))) => Line::serial(near, far, arguments.rate)?,
        (None, None) => Line::emulated(),
    };
    match demo::run(&arguments.out, line, out)? {
        true => Ok(()),
        false => Err(Failed.into()),
    }
}

/// Numbers of two spans.
fn pair(text: &str) -> Result<(u16, u16), String> {
    let numbers = text.split_once(',').and_then(|(near, far)| {
        let number = |text: &str| {
            text.parse()
                .ok()
                .filter(|number| (1..=128).contains(number))
        };
        Some((number(near)?, number(far)?))
    });
    numbers
        .filter(|(near, far)| near != far)
        .ok_or_else(|| "expected the numbers of two spans, as 1,2".to_owned())
}

/// Paths of two devices.
fn devices(text: &str) -> Result<(PathBuf, PathBuf), String> {
    let paths = text
        .split_once(',')
        .map(|(near, far)| (near.trim(), far.trim()));
    paths
        .filter(|(near, far)| near != far && !near.is_empty() && !far.is_empty())
        .map(|(near, far)| (near.into(), far.into()))
        .ok_or_else(|| "expected two devices, as /dev/ttyUSB0,/dev/ttyUSB1".to_owned())
}
