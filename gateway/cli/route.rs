//! `isthmus route`: which way a call would go, and why.

use std::io::Write;

use anyhow::bail;
use clap::Args;

use super::{Configured, Usage};
use crate::config::{Config, Nature};
use crate::dialplan::{DialPlan, Number, Query, Route, Trunk, Verdict};

/// Say which way a call would go, and why.
///
/// Asks the dial plan of a configuration, without a gateway that runs: prints each rule that was
/// looked at and why it did or did not take the call, the number that goes out, and for each trunk
/// that the call would be offered to what goes out there: digits and nature of address, the
/// circuit that would be hunted while all are idle, the IAM or the INVITE.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus route +49305550001 --from softphone
          A call from a SIP trunk.
  isthmus route 5550100 --from exchange --config config/isthmus.toml
          A call from a trunk group, whose number came without country code.")]
pub(super) struct Arguments {
    /// The called number: `+` first for the international form, else digits as they were dialled.
    #[arg(value_name = "NUMBER", allow_hyphen_values = true)]
    number: String,
    /// The trunk group or SIP trunk that the call comes from.
    #[arg(long, value_name = "TRUNK")]
    from: String,
    /// How many rules of other prefixes to list after those that fit.
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    others: usize,
    #[command(flatten)]
    configured: Configured,
}

pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let config = Config::load(&arguments.configured.config)?;
    explain(&config, arguments, out)
}

fn explain(config: &Config, arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let plan = DialPlan::new(config)?;
    let called = Number::parse(&arguments.number)
        .ok_or_else(|| Usage(format!("`{}` is no number", arguments.number)))?;
    let Some(from) = plan.trunk(&arguments.from) else {
        let names: Vec<&str> = plan.trunks().collect();
        bail!(
            "there is no trunk `{}`, expected one of: {}",
            arguments.from,
            names.join(", ")
        );
    };
    let (decision, steps) = plan.explain(
        Query {
            called: &called,
            from,
        },
        arguments.others,
    );
    writeln!(out, "call to {called} from {}", arguments.from)?;
    writeln!(out, "\nrules, longest prefix first")?;
    let width = |text: &str| text.chars().count();
    let names = steps
        .iter()
        .map(|step| width(&step.rule))
        .max()
        .unwrap_or_default();
    let prefixes = steps
        .iter()
        .map(|step| width(&step.prefix))
        .max()
        .unwrap_or_default();
    for step in &steps {
        let mark = if step.verdict == Verdict::Taken {
            "->"
        } else {
            "  "
        };
        let (rule, prefix, verdict) = (&step.rule, &step.prefix, &step.verdict);
        writeln!(out, "{mark} {rule:names$}  {prefix:prefixes$}  {verdict}")?;
    }
    let trunks = match &decision.route {
        Route::To(trunks) => trunks,
        Route::Reject(cause) => {
            let name = isup::cause::name(*cause).unwrap_or("unknown");
            writeln!(out, "\nrefused with cause {cause}, {name}")?;
            bail!("the dial plan refuses {called} from {}", arguments.from);
        }
        Route::None => {
            writeln!(out, "\nno rule takes the call")?;
            bail!("no route to {called} from {}", arguments.from);
        }
    };
    writeln!(out, "\nnumber that goes out: {}", decision.number)?;
    if let Some(nature) = decision.nature {
        writeln!(out, "nature of address set by the rule: {}", word(nature))?;
    }
    for (index, trunk) in trunks.iter().enumerate() {
        let attempt = index + 1;
        match trunk {
            Trunk::Group(group) => {
                let Some(group) = config.trunk_groups.get(*group) else {
                    continue;
                };
                writeln!(out, "\n{attempt}. trunk group {}", group.name)?;
                match crate::trunk_group::first_hunted(config, group) {
                    Some((cic, timeslot)) => writeln!(
                        out,
                        "circuit: CIC {cic}, timeslot {timeslot} of span {} (while all are idle)",
                        group.span
                    )?,
                    None => writeln!(out, "circuit: none")?,
                }
            }
            Trunk::Sip(trunk) => {
                let Some(trunk) = config.sip_trunks.get(*trunk) else {
                    continue;
                };
                writeln!(
                    out,
                    "\n{attempt}. SIP trunk {} at {}",
                    trunk.name, trunk.address
                )?;
            }
        }
    }
    Ok(())
}

fn word(nature: Nature) -> &'static str {
    match nature {
        Nature::Subscriber => "subscriber",
        Nature::Unknown => "unknown",
        Nature::National => "national",
        Nature::International => "international",
    }
}
