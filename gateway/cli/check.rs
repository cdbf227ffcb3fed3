//! `isthmus check`: whether configurations are right.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use lab::config::{Driver, Span};

use crate::config::{self, Config, Environment, Refusal, process_environment};

/// Say whether configurations are right, and where they are not.
///
/// Reads each FILE as `isthmus run` and `isthmus lab` would, with the overriding variables of the
/// environment, and starts nothing. Whether a file is the gateway's or the lab's is seen from its
/// tables. Everything that is wrong is told with its line and column, what was found there and
/// what was expected.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus check config/isthmus.toml config/lab.toml
  ISTHMUS__SIP__LISTEN=192.0.2.1:5060 isthmus check config/isthmus.toml")]
pub(super) struct Arguments {
    /// Configurations of the gateway or of the lab.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let environment = process_environment();
    let mut refused = None;
    for file in &arguments.files {
        match summary(file, &environment) {
            Ok(summary) => writeln!(out, "{}: right: {summary}", file.display())?,
            // Each file is told, the last one by the way of all errors.
            Err(refusal) => {
                if let Some(earlier) = refused.replace(refusal) {
                    super::report(&anyhow::Error::new(earlier));
                }
            }
        }
    }
    refused.map_or(Ok(()), |refusal| Err(refusal.into()))
}

/// What is in a right file.
fn summary(file: &Path, environment: &Environment) -> Result<String, Refusal> {
    let read = |source| Refusal::Read {
        path: file.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(file).map_err(read)?;
    let name = file.to_string_lossy();
    if config::lab::is_lab(&text) {
        let lab = config::lab::parse(&name, &text, environment)?;
        let circuits = lab
            .circuits
            .iter()
            .map(|circuits| circuits.timeslots.len())
            .sum();
        let lines = serial_lines(&lab.spans);
        return Ok(format!(
            "a lab with {}, {}, {}{lines}",
            count(lab.spans.len(), "span"),
            count(circuits, "circuit"),
            count(lab.subscribers.len(), "subscriber"),
        ));
    }
    let config = Config::parse_fit(file, &text, environment, crate::shell::tls::misfit)?;
    let circuits = config
        .trunk_groups
        .iter()
        .map(|group| group.timeslots.len())
        .sum();
    let lines = serial_lines(&config.spans);
    Ok(format!(
        "a gateway with {}, {}, {}, {}, {}, {}{lines}",
        count(config.spans.len(), "span"),
        count(
            config
                .linksets
                .iter()
                .map(|linkset| linkset.links.len())
                .sum(),
            "link"
        ),
        count(circuits, "circuit"),
        count(config.sip_trunks.len(), "SIP trunk"),
        count(config.rules.len(), "rule"),
        count(config.profiles.len(), "profile") + " of its own",
    ))
}

/// What the rates of serial lines carry: a line of text for each.
fn serial_lines(spans: &[Span]) -> String {
    let lines = spans.iter().filter_map(|span| match &span.driver {
        Driver::Serial { layout, .. } => Some(format!("\n  span `{}`: {layout}", span.name)),
        _ => None,
    });
    lines.collect()
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
