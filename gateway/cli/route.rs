//! `isthmus route`: which way a call would go, and why.

use std::io::Write;

use anyhow::{Context, bail};
use clap::Args;
use isup::{Message, NatureOfAddress};

use super::{Configured, Usage};
use crate::config::{self, Config, Dtmf, Nature, SipTrunk, TrunkGroup};
use crate::dialplan::{DialPlan, Number, Query, Route, Step, Trunk, Verdict};
use crate::interwork::caller::Caller;
use crate::interwork::profile::{Profile, Profiles};
use crate::interwork::{hops, iam, invite, number};
use crate::sip::sdp::crypto::{self, Secret};
use crate::sip::sdp::{self, Capabilities, Codec};
use crate::sip::{Endpoint, EndpointConfig, Output, Request};
use crate::trunk_group;

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
    /// The calling number, as it would go out; none when absent.
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    caller: Option<String>,
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
    let number =
        |text: &String| Number::parse(text).ok_or_else(|| Usage(format!("`{text}` is no number")));
    let called = number(&arguments.number)?;
    let caller = arguments.caller.as_ref().map(number).transpose()?;
    let Some(from) = plan.trunk(&arguments.from) else {
        let names: Vec<&str> = plan.trunks().collect();
        let (from, names) = (&arguments.from, names.join(", "));
        bail!(Usage(format!(
            "there is no trunk `{from}`, expected one of: {names}"
        )));
    };
    let (decision, steps) = plan.explain(
        Query {
            called: &called,
            from,
        },
        arguments.others,
    );
    writeln!(out, "call to {called} from {}", arguments.from)?;
    print_steps(&steps, out)?;
    let trunks = match &decision.route {
        Route::To(trunks) => trunks,
        Route::Reject(cause) => {
            let name = isup::cause::name(*cause).unwrap_or("unknown");
            writeln!(out, "\nrefused with cause {cause}, {name}")?;
            bail!("the dial plan refuses {called} from {}", arguments.from);
        }
        Route::Incomplete => {
            writeln!(out, "\nthe number is incomplete")?;
            bail!("{called} from {} needs more digits", arguments.from);
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
    let profiles = Profiles::new(config)?;
    let attempt = Attempt {
        config,
        profiles: &profiles,
        from,
        called: &called,
        caller,
        number: &decision.number,
    };
    for (index, trunk) in trunks.iter().enumerate() {
        writeln!(out)?;
        attempt.print(index + 1, *trunk, decision.nature, out)?;
    }
    Ok(())
}

fn print_steps(steps: &[Step], out: &mut impl Write) -> anyhow::Result<()> {
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
    for step in steps {
        let mark = if step.verdict == Verdict::Taken {
            "->"
        } else {
            "  "
        };
        let (rule, prefix, verdict) = (&step.rule, &step.prefix, &step.verdict);
        writeln!(out, "{mark} {rule:names$}  {prefix:prefixes$}  {verdict}")?;
    }
    Ok(())
}

/// What a call offered to a trunk looks like there.
struct Attempt<'a> {
    config: &'a Config,
    profiles: &'a Profiles,
    from: Trunk,
    called: &'a Number,
    caller: Option<Number>,
    /// The number that goes out.
    number: &'a Number,
}

impl Attempt<'_> {
    fn print(
        &self,
        place: usize,
        trunk: Trunk,
        nature: Option<Nature>,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        match trunk {
            Trunk::Group(index) => {
                let Some(group) = self.config.trunk_groups.get(index) else {
                    return Ok(());
                };
                writeln!(out, "{place}. trunk group {}", group.name)?;
                if let Trunk::Group(_) = self.from {
                    return Ok(writeln!(
                        out,
                        "   skipped: a call between two trunk groups"
                    )?);
                }
                let sip = match self.from {
                    Trunk::Sip(sip) => Some(sip),
                    Trunk::Group(_) => None,
                };
                let profile = self.profiles.of(sip, Some(index));
                self.to_circuit(group, nature, profile, out)
            }
            Trunk::Sip(index) => {
                let Some(trunk) = self.config.sip_trunks.get(index) else {
                    return Ok(());
                };
                writeln!(
                    out,
                    "{place}. SIP trunk {} at {}",
                    trunk.name, trunk.address
                )?;
                let Trunk::Group(from) = self.from else {
                    return Ok(writeln!(out, "   skipped: a call between two SIP trunks")?);
                };
                let Some(group) = self.config.trunk_groups.get(from) else {
                    return Ok(());
                };
                let profile = self.profiles.of(Some(index), Some(from));
                self.to_sip(group, trunk, profile, out)
            }
        }
    }

    /// The circuit and the IAM.
    fn to_circuit(
        &self,
        group: &TrunkGroup,
        nature: Option<Nature>,
        profile: &Profile,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        by_profile(profile, out)?;
        match trunk_group::first_hunted(self.config, group) {
            Some((cic, timeslot)) => writeln!(
                out,
                "   circuit: CIC {cic}, timeslot {timeslot} of span {} (while all are idle)",
                group.span
            )?,
            None => writeln!(out, "   circuit: none")?,
        }
        let (digits, nature) = match nature {
            Some(nature) => (self.number.digits.clone(), number::nature(nature)),
            None => number::to_parameter(self.number, group, profile),
        };
        writeln!(
            out,
            "   digits: {digits}, nature of address: {}",
            nature.name()
        )?;
        let mut iam = self.iam(&digits, nature, group, profile)?;
        // Of an INVITE that comes from near by.
        if let Some(hops) = hops::counter(profile, NEAR_BY) {
            iam.set(hops);
        }
        writeln!(out, "{}", indented(&format!("{iam:#}")))?;
        Ok(())
    }

    /// The INVITE.
    fn to_sip(
        &self,
        group: &TrunkGroup,
        trunk: &SipTrunk,
        profile: &Profile,
        out: &mut impl Write,
    ) -> anyhow::Result<()> {
        by_profile(profile, out)?;
        let (digits, nature) = number::to_parameter(self.called, group, profile);
        let iam = self.iam(&digits, nature, group, profile)?;
        writeln!(out, "   from {iam}")?;
        let codecs = trunk.codecs.iter().map(|codec| match codec {
            config::Codec::Pcma => Codec::Pcma,
            config::Codec::Pcmu => Codec::Pcmu,
            config::Codec::Clearmode => Codec::Clearmode,
        });
        let rtp = &self.config.rtp;
        let port = rtp.ports.rtp_ports().next().unwrap_or(rtp.ports.first);
        let mut local = Capabilities::new((rtp.address, port).into(), codecs.collect(), SEED);
        local.ptime = rtp.ptime;
        if rtp.dtmf == Dtmf::Inband {
            local.telephone_event = None;
        }
        // Keys of nobody, which are blotted out below.
        local = local.with_srtp(trunk.protection(Secret::new([0; 32])));
        let sip = &self.config.sip;
        let invite = invite::invite(&invite::Setup {
            iam: &iam,
            received: &[],
            called: self.number,
            group,
            trunk,
            profile,
            own_host: sip.listen.address().to_string(),
            offer: sdp::offer(&local),
        });
        let body = invite.bodies.isup.as_ref().map(|isup| isup.octets.clone());
        let mut endpoint = EndpointConfig::new(sip.listen.address(), SEED);
        endpoint.listeners = sip.listen.listeners().to_vec();
        endpoint.user_agent.clone_from(&sip.user_agent);
        let mut endpoint = Endpoint::new(endpoint);
        let session = endpoint.new_session();
        #[expect(
            clippy::disallowed_methods,
            reason = "no input of the unit: only to print"
        )]
        let now = std::time::Instant::now();
        endpoint.request(now, session, Request::Invite(Box::new(invite)))?;
        while let Some(output) = endpoint.poll_output() {
            if let Output::Datagram(_, octets) = output {
                writeln!(
                    out,
                    "{}",
                    indented(&readable(
                        &crypto::blotted(&octets),
                        &body.clone().unwrap_or_default()
                    ))
                )?;
            }
        }
        Ok(())
    }

    /// The IAM of such a call: of the one that goes out, or of the one that came in.
    fn iam(
        &self,
        digits: &str,
        nature: NatureOfAddress,
        group: &TrunkGroup,
        profile: &Profile,
    ) -> anyhow::Result<Message> {
        let caller = self.caller.clone().map(Caller::new);
        let setup = iam::Setup {
            template: None,
            called: digits,
            nature,
            caller: caller.as_ref(),
            incoming: None,
            codec: Codec::Pcma,
            group,
            check: false,
            variant: trunk_group::variant(self.config, group),
            profile,
        };
        let made = iam::iam(&setup);
        made.map(|(iam, _)| iam)
            .with_context(|| format!("no IAM can carry `{digits}`"))
    }
}

/// Which tables the call goes by, and whose rows they have.
fn by_profile(profile: &Profile, out: &mut impl Write) -> anyhow::Result<()> {
    let inherits = match profile.inherits() {
        [] => String::new(),
        names => format!(", with rows of {}", names.join(", ")),
    };
    Ok(writeln!(
        out,
        "   interworking by profile {}{inherits}",
        profile.name()
    )?)
}

/// Max-Forwards of an INVITE that no proxy has passed (RFC 3261 §8.1.1.6).
const NEAR_BY: u8 = 70;
/// Tags, branches and boundaries of an INVITE that is only printed.
const SEED: u64 = 1;

/// A SIP message as text, with the octets of its ISUP body in hexadecimal figures.
fn readable(message: &[u8], body: &[u8]) -> String {
    let starts =
        (0..message.len()).find(|at| message.get(*at..).is_some_and(|m| m.starts_with(body)));
    let at = starts.filter(|_| !body.is_empty()).unwrap_or(message.len());
    let (before, rest) = message.split_at_checked(at).unwrap_or((message, &[]));
    let after = rest.get(body.len()..).unwrap_or_default();
    let figures: Vec<String> = match rest {
        [] => Vec::new(),
        _ => body.iter().map(|octet| format!("{octet:02X}")).collect(),
    };
    let text = |octets| String::from_utf8_lossy(octets).replace('\r', "");
    format!("{}{}{}", text(before), figures.join(" "), text(after))
}

fn indented(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| format!("   {line}").trim_end().to_owned());
    lines.collect::<Vec<_>>().join("\n")
}

fn word(nature: Nature) -> &'static str {
    match nature {
        Nature::Subscriber => "subscriber",
        Nature::Unknown => "unknown",
        Nature::National => "national",
        Nature::International => "international",
    }
}
