//! `isthmus lab`: the exchange at the other end of the line.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use clap::Args;
use lab::run::Options;

use crate::config;

/// Run the far end: an exchange with circuits and subscribers.
///
/// Connects to the line of a gateway and answers its calls as the subscribers of the configuration
/// do. It may be started before the gateway or after it, and ended and started again at any time.
/// Tells what happens in one line each on standard output and takes commands, one a line, on
/// standard input: `call FROM [TO]`, `digits CIC DIGITS`, `release CIC [CAUSE]`, `pattern CIC`,
/// `block CIC`, `unblock CIC`, `reset CIC`, `line SPAN cut|mend|errors RATE|slip FRAMES|ais on|ais
/// off|rai on|rai off`, `circuits`, `calls`, `links`, `help` and `quit`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus lab --config config/lab.toml
  echo 'call +49305550007' | isthmus lab
          A subscriber calls the number that the configuration gives it.")]
pub(super) struct Arguments {
    /// The lab's configuration.
    #[arg(long, value_name = "FILE", env = "ISTHMUS_LAB_CONFIG")]
    #[arg(default_value = "config/lab.toml")]
    config: PathBuf,
    /// Tell what happens as JSON, one object a line.
    #[arg(long)]
    json: bool,
    /// Tell every message, timer and circuit state, too.
    #[arg(long, short)]
    verbose: bool,
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let config = config::lab::load(&arguments.config)?;
    let options = Options {
        json: arguments.json,
        verbose: arguments.verbose,
    };
    let stop = Arc::new(AtomicBool::new(false));
    super::stop_on_signal(stop.clone())?;
    Ok(lab::run::run(&config, options, &stop)?)
}
