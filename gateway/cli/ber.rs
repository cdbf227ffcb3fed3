//! `isthmus ber`: bit errors of a timeslot or of a call.

mod call;
mod line;
#[cfg(test)]
mod tests;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::{Args, ValueEnum};
use media_bridge::prbs::Report;
use serde::Serialize;

/// Send the test pattern of O.150 (2^15 - 1) and count what comes back wrong.
///
/// Over a timeslot of a span of a configuration, which no gateway may be using meanwhile: the other
/// end sends back what it receives (a loop, or `isthmus ber --loop`) or sends the pattern too
/// (`isthmus ber`). Or across a call, through the gateway that is asked, to a number that sends
/// back what it hears or answers with the pattern, as the lab's subscribers `echo` and `pattern`.
///
/// The count begins when the pattern is found. Octets that were lost or inserted on the way are told
/// as slips, and seconds without any error as G.821 has them.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus ber --span e1 --timeslot 1
          Tests a timeslot; at the other end: isthmus ber --config config/lab.toml
          --span e1 --timeslot 1 --loop
  isthmus ber --call +49305550001 --gateway 127.0.0.1:5060 --seconds 600
          Calls that number through a gateway and tests the call's clear channel.

Exit status:
  0  the pattern came back without a wrong bit, a slip or a loss
  1  it did not, or the test could not be made")]
pub(super) struct Arguments {
    /// The configuration of a gateway or of a lab that has the span.
    #[arg(long, value_name = "FILE", env = "ISTHMUS_CONFIG")]
    #[arg(default_value = "config/isthmus.toml")]
    config: PathBuf,
    /// The span to test.
    #[arg(long, value_name = "NAME", requires = "timeslot")]
    #[arg(required_unless_present = "call")]
    span: Option<String>,
    /// The timeslot of the span, 1 to 31.
    #[arg(long, value_name = "NUMBER", requires = "span")]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=31))]
    timeslot: Option<u8>,
    /// Send back what arrives on the timeslot, and count nothing.
    #[arg(long = "loop", requires = "span")]
    reflect: bool,
    /// The number to call instead.
    #[arg(long, value_name = "NUMBER", conflicts_with = "span")]
    call: Option<String>,
    /// The gateway to call through: its SIP address.
    #[arg(long, value_name = "ADDRESS", requires = "call")]
    #[arg(default_value = "127.0.0.1:5060")]
    gateway: SocketAddr,
    /// Own address for SIP, one that the gateway takes calls from; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", requires = "call")]
    #[arg(default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// What the call carries. Only the clear channel is made for data; in PCMA and PCMU, clocks that
    /// differ slip and another law on the way changes every octet.
    #[arg(long, value_enum, default_value_t = Codec::Clearmode, requires = "call")]
    codec: Codec,
    /// How many seconds to count, 1 to 86400.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// How many seconds to wait for the pattern, 1 to 3600; as many for the answer of a call.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=3_600))]
    wait: u64,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// What a call carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Codec {
    Clearmode,
    Pcma,
    Pcmu,
}

/// How long to test.
#[derive(Debug, Clone, Copy)]
struct Times {
    /// Seconds to count.
    seconds: u64,
    /// Limit for the pattern to come.
    wait: Duration,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
struct Outcome {
    /// What was tested.
    over: String,
    bits: u64,
    ratio: Option<f64>,
    #[serde(flatten)]
    pattern: Report,
    /// Until the pattern was found, in milliseconds; none when it never was.
    found_after_ms: Option<u64>,
    /// Slips and alarms that the line itself told of.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<line::Told>,
    /// What the network did to the packets of the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    packets: Option<call::Packets>,
}

/// The pattern did not come back as it was sent.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    super::stop_on_signal(stop.clone())?;
    let times = Times {
        seconds: arguments.seconds,
        wait: Duration::from_secs(arguments.wait),
    };
    let outcome = match (&arguments.call, &arguments.span, arguments.timeslot) {
        (Some(number), ..) => {
            let place = call::Place {
                number,
                gateway: arguments.gateway,
                listen: arguments.listen,
                codec: arguments.codec,
            };
            call::measure(&place, times, &stop)?
        }
        (None, Some(span), Some(timeslot)) => {
            let place = line::Place {
                config: &arguments.config,
                span,
                timeslot,
            };
            let (mut span, timeslot) = line::open(&place)?;
            if arguments.reflect {
                writeln!(out, "sends back what arrives on {}", place.name())?;
                out.flush()?;
                return Ok(line::reflect(&mut *span, timeslot, &stop)?);
            }
            line::measure(&mut *span, timeslot, place.name(), times, &stop)?
        }
        _ => {
            return Err(
                super::Usage("a span and its timeslot, or a number to call".to_owned()).into(),
            );
        }
    };
    if arguments.json {
        writeln!(out, "{}", serde_json::to_string(&outcome)?)?;
    } else {
        outcome.tell(out)?;
    }
    outcome.judge()
}

impl Outcome {
    fn new(over: String, pattern: Report, found_after: Option<Duration>) -> Self {
        Self {
            over,
            bits: pattern.bits(),
            ratio: pattern.ratio(),
            pattern,
            found_after_ms: found_after.and_then(|time| u64::try_from(time.as_millis()).ok()),
            line: None,
            packets: None,
        }
    }

    fn tell(&self, out: &mut impl Write) -> std::io::Result<()> {
        let Report {
            bit_errors,
            losses,
            slips,
            slipped_octets,
            seconds,
            error_free_seconds,
            severely_errored_seconds,
            ..
        } = self.pattern;
        writeln!(out, "{}", self.over)?;
        match self.found_after_ms {
            Some(ms) => writeln!(out, "  pattern   found after {ms} ms, lost {losses} times")?,
            None => writeln!(out, "  pattern   not found")?,
        }
        writeln!(out, "  bits      {}, {bit_errors} wrong", self.bits)?;
        match self.ratio {
            Some(0.0) => writeln!(out, "  ratio     0")?,
            Some(ratio) => writeln!(out, "  ratio     {ratio:.2e}")?,
            None => writeln!(out, "  ratio     none")?,
        }
        writeln!(out, "  slips     {slips}, {slipped_octets:+} octets")?;
        let errored = seconds - error_free_seconds;
        writeln!(
            out,
            "  seconds   {seconds}: {error_free_seconds} free of errors, {errored} errored, \
             {severely_errored_seconds} of them severely"
        )?;
        if let Some(line) = &self.line {
            writeln!(out, "  line      {line}")?;
        }
        if let Some(packets) = &self.packets {
            writeln!(out, "  packets   {packets}")?;
        }
        Ok(())
    }

    fn judge(&self) -> anyhow::Result<()> {
        let Report {
            bit_errors,
            losses,
            slips,
            ..
        } = self.pattern;
        if self.found_after_ms.is_none() {
            return Err(Failed("the pattern did not come".to_owned()).into());
        }
        if bit_errors + losses + slips > 0 {
            let what =
                format!("{bit_errors} wrong bits, the pattern lost {losses} times, {slips} slips");
            return Err(Failed(what).into());
        }
        if !self.pattern.locked || self.pattern.seconds == 0 {
            return Err(Failed("ended before a second was counted".to_owned()).into());
        }
        Ok(())
    }
}
