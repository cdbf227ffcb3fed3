//! `isthmus explain`: what becomes of a cause or a status, and where it is written.

mod human;
mod rows;

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use isup::{Cause, Location};

use super::Usage;
use crate::config::Config;
use crate::interwork::profile::{self, DEFAULT, Profile, Profiles};

/// Say what becomes of a cause or a status, and where that is written.
///
/// Reads the interworking tables as a call would: those that come with the gateway, and with
/// --config those of a configuration too. Each row is printed with the clause it comes from, and
/// with the profile that has it, which may be one that the asked one inherits.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus explain cause 34
          The SIP status that a REL with cause 34 becomes.
  isthmus explain cause 21 --location U --profile q1912-5
          With the location that the REL tells.
  isthmus explain status 480 --profile rfc3398
          The cause that a final response becomes.
  isthmus explain status 480 --config config/isthmus.toml --sip-trunk softphone
          By the tables of that trunk.
  isthmus explain profile q1912-5
          All rows.")]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What a Q.850 cause becomes in SIP.
    Cause {
        /// The cause value, 1 to 127.
        #[arg(value_parser = clap::value_parser!(u8).range(1..=127))]
        value: u8,
        /// Where the cause was generated: U, LPN, LN, TN, RLN, RPN, INTL, BI (RFC 8606).
        #[arg(long)]
        location: Option<Location>,
        #[command(flatten)]
        tables: Tables,
    },
    /// What a final response becomes in ISUP.
    Status {
        /// The status, 300 to 699.
        #[arg(value_parser = clap::value_parser!(u16).range(300..=699))]
        value: u16,
        /// The code of its Warning header field, 300 to 399.
        #[arg(long, value_parser = clap::value_parser!(u16).range(300..=399))]
        warning: Option<u16>,
        #[command(flatten)]
        tables: Tables,
    },
    /// All rows of a profile.
    Profile {
        /// The profile.
        #[arg(value_name = "NAME")]
        name: String,
        /// Print one JSON object.
        #[arg(long)]
        json: bool,
        /// A configuration with profiles of its own.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

/// Which tables are asked.
#[derive(Debug, Args)]
struct Tables {
    /// The profile; rfc3398 when nothing else is said.
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,
    /// A configuration with profiles of its own.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The profile that calls of this SIP trunk of the configuration go by.
    #[arg(
        long,
        value_name = "TRUNK",
        requires = "config",
        conflicts_with = "profile"
    )]
    sip_trunk: Option<String>,
    /// The same for calls of this trunk group; with --sip-trunk, for calls between the two.
    #[arg(
        long,
        value_name = "TRUNK",
        requires = "config",
        conflicts_with = "profile"
    )]
    trunk_group: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    match &arguments.what {
        What::Cause {
            value,
            location,
            tables,
        } => {
            let profile = tables.profile()?;
            let rows = rows::of_cause(&profile, *value, *location);
            if tables.json {
                return json(out, &rows);
            }
            Ok(human::cause(out, &profile, *value, &rows)?)
        }
        What::Status {
            value,
            warning,
            tables,
        } => {
            let profile = tables.profile()?;
            let rows = rows::of_status(&profile, *value, *warning);
            if tables.json {
                return json(out, &rows);
            }
            Ok(human::status(out, &profile, *value, &rows)?)
        }
        What::Profile {
            name,
            json: as_json,
            config,
        } => {
            let profiles = profiles(config.as_ref())?.0;
            let profile = named(&profiles, name)?;
            let all = rows::All::of(&profile);
            if *as_json {
                return json(out, &all);
            }
            Ok(human::profile(out, &all)?)
        }
    }
}

fn json(out: &mut impl Write, value: &impl serde::Serialize) -> anyhow::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    Ok(writeln!(out)?)
}

impl Tables {
    fn profile(&self) -> anyhow::Result<std::sync::Arc<Profile>> {
        let (profiles, config) = profiles(self.config.as_ref())?;
        if let Some(config) = config
            && (self.sip_trunk.is_some() || self.trunk_group.is_some())
        {
            let trunks = config.sip_trunks.iter().map(|trunk| trunk.name.as_str());
            let groups = config.trunk_groups.iter().map(|group| group.name.as_str());
            let trunk = place("SIP trunk", self.sip_trunk.as_deref(), trunks)?;
            let group = place("trunk group", self.trunk_group.as_deref(), groups)?;
            return Ok(profiles.of(trunk, group).clone());
        }
        named(&profiles, self.profile.as_deref().unwrap_or(DEFAULT))
    }
}

/// The profiles of a configuration, and the configuration; without one, those that come with the
/// gateway.
fn profiles(config: Option<&PathBuf>) -> anyhow::Result<(Profiles, Option<Config>)> {
    match config {
        Some(path) => {
            let config = Config::load(path)?;
            Ok((Profiles::new(&config)?, Some(config)))
        }
        None => Ok((profile::builtin()?, None)),
    }
}

fn named(profiles: &Profiles, name: &str) -> anyhow::Result<std::sync::Arc<Profile>> {
    let found = profiles.get(name).cloned();
    Ok(found.ok_or_else(|| no_such("profile", name, profiles.names()))?)
}

fn place<'a>(
    what: &str,
    name: Option<&str>,
    mut names: impl Iterator<Item = &'a str> + Clone,
) -> anyhow::Result<Option<usize>> {
    let Some(name) = name else {
        return Ok(None);
    };
    let known = names.clone();
    let found = names.position(|known| known == name);
    Ok(Some(found.ok_or_else(|| no_such(what, name, known))?))
}

fn no_such<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str> + Clone) -> Usage {
    let list: Vec<&str> = known.clone().collect();
    let mut text = format!(
        "there is no {what} `{name}`, expected one of: {}",
        list.join(", ")
    );
    if let Some(word) = crate::config::nearest(name, known) {
        text.push_str(&format!("; did you mean `{word}`?"));
    }
    Usage(text)
}

/// Whether a row for causes holds for one of this location; unknown without a location.
fn holds(row: &profile::CauseRow, value: u8, location: Option<Location>) -> bool {
    location.is_some_and(|location| row.holds(&Cause::new(value, location)))
}
