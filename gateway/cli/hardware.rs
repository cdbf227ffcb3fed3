//! `isthmus hardware`: the cards and spans of this machine.

use std::io::{self, Write};
use std::path::PathBuf;

use ::dahdi::report::{self, ChannelReport, Signalling, SpanReport};
use clap::Args;

/// List the spans of the DAHDI driver and what they can be used for.
///
/// Shows each span with its alarms and its clock, its channels with what they are configured as and
/// what the gateway can use them for, and the sections of a configuration that fit. Nothing is
/// opened and nothing is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isthmus hardware
  isthmus hardware --section 1 >> isthmus.toml
          Appends the section of the first span to a configuration.")]
pub(super) struct Arguments {
    /// Print only the sections of a configuration for this span of the driver.
    #[arg(long, value_name = "SPAN")]
    section: Option<u16>,
    /// Where the driver reports.
    #[arg(long, value_name = "DIR", default_value = report::PROC, hide = true)]
    proc: PathBuf,
}

pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> anyhow::Result<()> {
    let spans = match report::spans_in(&arguments.proc) {
        Ok(spans) => spans,
        Err(error @ report::ReportError::NoDriver { .. }) if arguments.section.is_none() => {
            writeln!(out, "No telephony hardware: {error}.")?;
            writeln!(out, "\nWithout it there are lines of these kinds:")?;
            writeln!(
                out,
                "  emulator  an emulated E1 or T1, in-process or over a UNIX socket"
            )?;
            return Ok(writeln!(
                out,
                "  serial    some timeslots over a serial line"
            )?);
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(number) = arguments.section {
        let span = spans.iter().find(|span| span.number == number);
        let span = span.ok_or_else(|| anyhow::anyhow!("the driver has no span {number}"))?;
        return Ok(section(span, out)?);
    }
    if spans.is_empty() {
        writeln!(
            out,
            "The DAHDI driver is loaded and has no span. Load the driver of the card, or make spans \
             without one\n(`dynamic=` in /etc/dahdi/system.conf, then `dahdi_cfg -vv`)."
        )?;
    }
    driver(out)?;
    for span in &spans {
        show(span, out)?;
        writeln!(out, "\n  For a configuration:\n")?;
        section(span, out)?;
    }
    Ok(())
}

/// The driver as a whole, in a build that can ask it.
fn driver(out: &mut impl Write) -> io::Result<()> {
    #[cfg(feature = "dahdi")]
    {
        let version = ::dahdi::Control::open().map(|control| control.version());
        match version {
            Ok(Ok((version, _))) => writeln!(out, "DAHDI driver {version}"),
            Ok(Err(error)) => writeln!(out, "DAHDI driver: {error}"),
            Err(refusal) => writeln!(out, "DAHDI driver: {refusal}"),
        }
    }
    #[cfg(not(feature = "dahdi"))]
    writeln!(out, "{}", lab::line::Why::WithoutDahdi)
}

fn show(span: &SpanReport, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "\nSpan {}: {}, {}",
        span.number, span.name, span.description
    )?;
    let alarms = if span.alarms.is_empty() {
        "none".to_owned()
    } else {
        span.alarms.join(" ")
    };
    writeln!(out, "  alarms   {alarms}")?;
    let timing = match (span.clock_source, span.master) {
        (true, _) => "the card follows the clock of this line",
        (false, true) => "the driver follows this span",
        (false, false) => "not this span",
    };
    writeln!(out, "  timing   {timing}")?;
    if !span.line.is_empty() {
        writeln!(out, "  line     {}", span.line)?;
    }
    for (name, count) in &span.counters {
        writeln!(out, "  counted  {name} {count}")?;
    }
    for run in runs(&span.channels) {
        let Some(((first, channel), (last, end))) = run.first().zip(run.last()) else {
            continue;
        };
        let range = |from: u64, to: u64| match from == to {
            true => from.to_string(),
            false => format!("{from}-{to}"),
        };
        let timeslots = range(*first as u64, *last as u64);
        let numbers = range(channel.number.into(), end.number.into());
        write!(
            out,
            "  timeslot {timeslots:<6} channel {numbers:<8} {:<13}",
            channel.signalling.keyword()
        )?;
        write!(out, " {}", channel.signalling.use_of())?;
        if let Some((canceller, _)) = &channel.echo_canceller {
            write!(out, "; echo canceller {canceller}")?;
        }
        if channel.in_use {
            write!(out, "; in use")?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Channels next to each other that are alike, each with its timeslot.
fn runs(channels: &[ChannelReport]) -> Vec<Vec<(usize, &ChannelReport)>> {
    let alike = |a: &ChannelReport, b: &ChannelReport| {
        let of = |channel: &ChannelReport| {
            let canceller = channel
                .echo_canceller
                .as_ref()
                .map(|(name, _)| name.clone());
            (channel.signalling.clone(), channel.in_use, canceller)
        };
        of(a) == of(b)
    };
    let mut runs: Vec<Vec<(usize, &ChannelReport)>> = Vec::new();
    for (timeslot, channel) in (1..).zip(channels) {
        match runs.last_mut() {
            Some(run) if run.last().is_some_and(|(_, last)| alike(last, channel)) => {
                run.push((timeslot, channel));
            }
            _ => runs.push(vec![(timeslot, channel)]),
        }
    }
    runs
}

/// Sections of a configuration: what the driver knows is filled in, what only the other end knows is
/// the reference's.
fn section(span: &SpanReport, out: &mut impl Write) -> io::Result<()> {
    let number = span.number;
    let timeslots = |wanted: fn(&Signalling) -> bool| -> Vec<usize> {
        let channels = (1..).zip(&span.channels);
        let fits = channels.filter(|(_, channel)| wanted(&channel.signalling));
        fits.map(|(timeslot, _)| timeslot).collect()
    };
    let links = timeslots(|signalling| matches!(signalling, Signalling::Hdlc | Signalling::Mtp2));
    let mut circuits = timeslots(|signalling| *signalling == Signalling::Clear);
    writeln!(
        out,
        "[[span]]\nname = \"dahdi{number}\"\ndriver = \"dahdi\"\nnumber = {number}"
    )?;
    let (link, mode) = match links.first() {
        Some(link) => (*link, "auto"),
        // An E1 has its link on timeslot 16 and a T1 on the last one, by custom.
        None => (if span.channels.len() > T1 { 16 } else { 24 }, "raw"),
    };
    writeln!(out, "signalling_mode = \"{mode}\"")?;
    let has_canceller = |channel: &ChannelReport| channel.echo_canceller.is_some();
    let voice: Vec<&ChannelReport> = span
        .channels
        .iter()
        .filter(|channel| channel.signalling == Signalling::Clear)
        .collect();
    if !voice.is_empty() && voice.iter().all(|channel| has_canceller(channel)) {
        writeln!(out, "echo_canceller = \"16ms\"")?;
    }
    circuits.retain(|timeslot| *timeslot != link);
    // A span of 24 timeslots is a T1, with the ISUP of T1.113, mu-law and point codes of 24 bits.
    let is_t1 = span.channels.len() <= T1;
    let codes = match is_t1 {
        true => "standard = \"ansi\"\npoint_code = 16060417\nadjacent = 16060418",
        false => "point_code = \"2-10-1\"\nadjacent = \"2-10-5\"",
    };
    writeln!(
        out,
        "\n# The point codes are the network operator's to give.\n[[linkset]]\nname = \"to-exchange\"\n\
         {codes}\nlink = [{{ span = \"dahdi{number}\", timeslot = {link}, slc = 0 }}]"
    )?;
    if !circuits.is_empty() {
        writeln!(
            out,
            "\n[[trunk_group]]\nname = \"exchange\"\nlinkset = \"to-exchange\"\nspan = \"dahdi{number}\"\n\
             timeslots = \"{}\"\n{}",
            ranges(&circuits),
            match is_t1 {
                true => "law = \"mulaw\"\ncountry_code = \"1\"\ntones = \"us\"",
                false => "country_code = \"49\"",
            }
        )?;
    }
    Ok(())
}

/// Timeslots of a T1.
const T1: usize = 24;

/// `1-15,17-31`.
fn ranges(numbers: &[usize]) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    let words: Vec<String> = ranges
        .iter()
        .map(|(first, last)| match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        })
        .collect();
    words.join(",")
}

#[cfg(test)]
mod tests;
