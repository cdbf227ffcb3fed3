//! What the driver says of its spans and channels: `/proc/dahdi/1` and so on, as text.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Where the driver reports.
pub const PROC: &str = "/proc/dahdi";

/// A span as the driver reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SpanReport {
    /// The driver's number, 1 and up.
    pub number: u16,
    /// Name, as `TE2/0/1` of a card or `DYN/loc/1:0`.
    pub name: String,
    /// Description.
    pub description: String,
    /// Whether the driver's clock is this span's.
    pub master: bool,
    /// Line coding and framing, as `HDB3/CCS/CRC4`; empty where there is none.
    pub line: String,
    /// Alarms in the driver's words: `RED`, `YELLOW`, `BLUE`, `LOOP`, `RECOVERING`, `NOTOPEN`.
    pub alarms: Vec<String>,
    /// Whether the card takes its clock from this span's line.
    pub clock_source: bool,
    /// Error counters other than 0, as the driver names them.
    pub counters: Vec<(String, u64)>,
    /// Channels, in the order of their position.
    pub channels: Vec<ChannelReport>,
}

/// A channel as the driver reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChannelReport {
    /// The driver's number of the channel, over all spans.
    pub number: u16,
    /// Name.
    pub name: String,
    /// What it is configured as.
    pub signalling: Signalling,
    /// Whether a program has it open.
    pub in_use: bool,
    /// Alarms.
    pub alarms: Vec<String>,
    /// The echo canceller attached to it, and whether it works now.
    pub echo_canceller: Option<(String, bool)>,
}

/// What a channel is configured as.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Signalling {
    /// Nothing: no line of `system.conf` names it.
    #[default]
    Unconfigured,
    /// `bchan` or `clear`: octets as they are.
    Clear,
    /// The same, and other channels belong to it: one of several `clear` ones in a range.
    ClearMaster,
    /// `dchan` or `fcshdlc`: the driver's HDLC.
    Hdlc,
    /// `mtp2`: the driver's HDLC with repetition and filtering.
    Mtp2,
    /// `hardhdlc`: HDLC of the card.
    HardHdlc,
    /// Anything else, in the driver's words: analogue and robbed-bit signalling, networking.
    Other(String),
}

impl Signalling {
    /// What a channel configured like this can be to the gateway.
    pub const fn use_of(&self) -> &'static str {
        match self {
            Self::Clear => "circuit, or link with `signalling_mode = \"raw\"`",
            Self::Hdlc => "link with `signalling_mode = \"hdlc\"`",
            Self::Mtp2 => "link with `signalling_mode = \"mtp2\"`",
            Self::Unconfigured => "nothing yet: system.conf has no line for it",
            Self::ClearMaster => "nothing: a bundle of channels (write bchan= instead of clear=)",
            Self::HardHdlc => "nothing: HDLC of the card is not supported (write dchan=)",
            Self::Other(_) => "nothing: not a clear channel",
        }
    }

    /// The keyword of `system.conf` that makes a channel so.
    pub fn keyword(&self) -> &str {
        match self {
            Self::Unconfigured => "unconfigured",
            Self::Clear => "bchan",
            Self::ClearMaster => "clear",
            Self::Hdlc => "dchan",
            Self::Mtp2 => "mtp2",
            Self::HardHdlc => "hardhdlc",
            Self::Other(words) => words,
        }
    }

    fn from_words(words: &str) -> Self {
        match words {
            "" | "Reserved" => Self::Unconfigured,
            "Clear" => Self::Clear,
            "Clear Master" => Self::ClearMaster,
            "HDLCFCS" => Self::Hdlc,
            "MTP2" => Self::Mtp2,
            "Hardware-assisted HDLC" => Self::HardHdlc,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// Why the reports cannot be read.
#[derive(Debug, Error)]
pub enum ReportError {
    /// There is no driver.
    #[error(
        "the DAHDI driver is not loaded: {} is missing; `modprobe dahdi` and then the driver of the \
         card load it (packages dahdi-dkms and dahdi of Debian)", path.display()
    )]
    NoDriver {
        /// What was looked for.
        path: PathBuf,
    },
    /// A report that cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A report that is not in the driver's form.
    #[error("{}: {found:?} is not a report of the DAHDI driver, which begins with `Span 1: `", path.display())]
    Form {
        /// Which.
        path: PathBuf,
        /// Its first line.
        found: String,
    },
}

/// The driver's spans, by number.
///
/// # Errors
/// [`ReportError`] when there is no driver, or its reports cannot be read.
pub fn spans() -> Result<Vec<SpanReport>, ReportError> {
    spans_in(Path::new(PROC))
}

/// [`spans`] of another folder.
///
/// # Errors
/// As there.
pub fn spans_in(folder: &Path) -> Result<Vec<SpanReport>, ReportError> {
    let read = |path: &Path| {
        let path = path.to_owned();
        move |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => ReportError::NoDriver { path },
            _ => ReportError::Read { path, source },
        }
    };
    let mut numbers: Vec<u16> = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(read(folder))? {
        let name = entry.map_err(read(folder))?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.parse::<u16>().ok()));
    }
    numbers.sort_unstable();
    let mut spans = Vec::new();
    for number in numbers {
        let path = folder.join(number.to_string());
        let text = std::fs::read_to_string(&path).map_err(read(&path))?;
        spans.push(SpanReport::parse(&text).ok_or_else(|| ReportError::Form {
            found: text.lines().next().unwrap_or_default().to_owned(),
            path,
        })?);
    }
    Ok(spans)
}

impl SpanReport {
    /// Reads one report; `None` when it is not one.
    ///
    /// ```text
    /// Span 1: TE2/0/1 "T2XXP (PCI) Card 0 Span 1" (MASTER) HDB3/CCS/CRC4 RED ClockSource
    ///         CRC4 error count: 12
    ///
    ///            1 TE2/0/1/1 Clear (In use) RED (EC: MG2 - INACTIVE)
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let head = lines.next()?.strip_prefix("Span ")?;
        let (number, rest) = head.split_once(": ")?;
        let (name, rest) = rest.split_once(" \"")?;
        // A description may hold quotation marks itself.
        let (description, rest) = rest.rsplit_once('"')?;
        let mut span = Self {
            number: number.parse().ok()?,
            name: name.to_owned(),
            description: description.to_owned(),
            ..Self::default()
        };
        for word in rest.split_whitespace() {
            match word {
                "(MASTER)" => span.master = true,
                "ClockSource" => span.clock_source = true,
                alarm if ALARMS.contains(&alarm) => span.alarms.push(alarm.to_owned()),
                line => span.line = line.to_owned(),
            }
        }
        for line in lines {
            let line = line.trim();
            if let Some(channel) = ChannelReport::parse(line) {
                span.channels.push(channel);
            } else if let Some((name, count)) = line.split_once(": ") {
                span.counters.push((name.to_owned(), count.parse().ok()?));
            }
        }
        Some(span)
    }

    /// The channel on a timeslot: channel position *n* is timeslot *n*.
    pub fn channel(&self, timeslot: u8) -> Option<&ChannelReport> {
        self.channels.get(usize::from(timeslot).checked_sub(1)?)
    }
}

/// The driver's words for alarms.
const ALARMS: [&str; 6] = ["BLUE", "YELLOW", "RED", "LOOP", "RECOVERING", "NOTOPEN"];

impl ChannelReport {
    fn parse(line: &str) -> Option<Self> {
        let (number, rest) = line.split_once(' ')?;
        let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut channel = Self {
            number: number.parse().ok()?,
            name: name.to_owned(),
            ..Self::default()
        };
        // The canceller is last and in brackets, and its name may be of several words.
        let (rest, canceller) = rest.split_once("(EC: ").unwrap_or((rest, ""));
        if let Some((name, state)) = canceller.rsplit_once(" - ") {
            channel.echo_canceller = Some((name.to_owned(), state.starts_with("ACTIVE")));
        }
        let mut words = Vec::new();
        for word in rest
            .replace("(In use)", "(InUse)")
            .replace("(no pcm)", "")
            .split_whitespace()
        {
            match word {
                "(InUse)" => channel.in_use = true,
                alarm if ALARMS.contains(&alarm) => channel.alarms.push(alarm.to_owned()),
                _ => words.push(word.to_owned()),
            }
        }
        channel.signalling = Signalling::from_words(&words.join(" "));
        Some(channel)
    }
}

#[cfg(test)]
mod tests;
