//! Recordings: every input of the interworking unit and every output, one JSON object a line.
//!
//! The first line is the configuration, the seed and the wall clock; with them and the inputs a
//! replay makes the same outputs (`isthmus replay FILE`), so a bug report is one file. Keys of
//! SRTP are not in it: those of the peer are disguised, ours blotted out.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::chance::Seed;
use crate::config::{Config, Environment, Refusal};
use crate::iwu::{Birth, Input, Iwu, Output};
use crate::sip::sdp::crypto;

/// Grows when a recording's lines change.
const FORMAT: u32 = 1;

/// A line of a recording.
#[derive(Debug, Serialize, Deserialize)]
enum Line {
    /// The first one.
    #[serde(rename = "start")]
    Start {
        format: u32,
        version: String,
        /// The configuration file's text.
        config: String,
        /// The environment's variables over it.
        environment: Environment,
        /// The texts of the files that the configuration names, by their paths.
        #[serde(default)]
        files: BTreeMap<PathBuf, String>,
        seed: Seed,
        wall: Timestamp,
    },
    /// An input, nanoseconds after the start.
    #[serde(rename = "in")]
    In(u64, Input),
    /// An output of the input above, as the debugger would print it.
    #[serde(rename = "out")]
    Out(String),
}

/// Where a configuration came from: enough to read it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// The file's text.
    pub text: String,
    /// The environment's variables over it.
    pub environment: Environment,
    /// The texts of the files that it names, by their paths.
    pub files: BTreeMap<PathBuf, String>,
}

/// Writes a recording.
#[derive(Debug)]
pub struct Recorder<W: Write> {
    to: W,
    start: Instant,
}

impl<W: Write> Recorder<W> {
    /// Begins a recording.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(to: W, source: &Source, birth: Birth) -> io::Result<Self> {
        let mut recorder = Self {
            to,
            start: birth.now,
        };
        recorder.line(&Line::Start {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            config: source.text.clone(),
            environment: source.environment.clone(),
            files: source.files.clone(),
            seed: birth.seed,
            wall: birth.wall,
        })?;
        Ok(recorder)
    }

    /// Writes an input down, before it is handled.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn input(&mut self, now: Instant, input: &Input) -> io::Result<()> {
        let at = now.saturating_duration_since(self.start).as_nanos();
        let input = match input {
            Input::Sip(flow, octets) => {
                Input::Sip(*flow, crypto::disguised(octets).into_owned().into())
            }
            other => other.clone(),
        };
        self.line(&Line::In(u64::try_from(at).unwrap_or(u64::MAX), input))
    }

    /// Writes an output down.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn output(&mut self, output: &Output) -> io::Result<()> {
        self.line(&Line::Out(text_of(output)))
    }

    /// Pushes everything to the file.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// What was written to.
    pub fn into_inner(self) -> W {
        self.to
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        serde_json::to_writer(&mut self.to, line)?;
        self.to.write_all(b"\n")
    }
}

/// An output as text: equal text means equal outputs.
fn text_of(output: &Output) -> String {
    let mut text = String::new();
    // Writing into a String cannot fail.
    let _ = write!(text, "{output:?}");
    match crypto::blotted(text.as_bytes()) {
        Cow::Borrowed(_) => text,
        Cow::Owned(blotted) => String::from_utf8_lossy(&blotted).into_owned(),
    }
}

/// What a replay found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// Inputs handled.
    pub inputs: usize,
    /// Outputs that were the recorded ones.
    pub outputs: usize,
}

/// Why a recording does not replay.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("line {line}: {error}")]
    Read {
        /// From 1.
        line: usize,
        /// Why.
        error: io::Error,
    },
    /// A line is not one of a recording.
    #[error("line {line}: not a line of a recording: {error}")]
    Line {
        /// From 1.
        line: usize,
        /// Why.
        error: serde_json::Error,
    },
    /// The first line says that something else wrote it.
    #[error("the first line is no start of a recording of format {FORMAT}")]
    NoStart,
    /// The configuration in it is refused.
    #[error("the configuration of the recording is refused")]
    Config(#[from] Refusal),
    /// The configuration in it cannot run.
    #[error("the configuration of the recording cannot run")]
    Unit(#[from] crate::iwu::ConfigError),
    /// An output differs from the recorded one.
    #[error("line {line}: the outputs part here\n  recorded: {recorded}\n  replayed: {replayed}")]
    Differs {
        /// From 1.
        line: usize,
        /// What the file says; nothing more was recorded when absent.
        recorded: String,
        /// What came out.
        replayed: String,
    },
}

/// Replays a recording and compares every output. `base` is any instant: only differences count.
///
/// # Errors
/// [`ReplayError`] for a file that is no recording, or at the first output that differs.
pub fn replay(from: impl BufRead, base: Instant) -> Result<Replayed, ReplayError> {
    let mut unit: Option<Iwu> = None;
    let mut replayed = Replayed {
        inputs: 0,
        outputs: 0,
    };
    for (index, text) in from.lines().enumerate() {
        let line = index + 1;
        let text = text.map_err(|error| ReplayError::Read { line, error })?;
        let parsed =
            serde_json::from_str(&text).map_err(|error| ReplayError::Line { line, error })?;
        match (parsed, &mut unit) {
            (
                Line::Start {
                    format: FORMAT,
                    config,
                    environment,
                    files,
                    seed,
                    wall,
                    ..
                },
                None,
            ) => {
                let config = Config::parse_with("recording", &config, &environment, &files)?;
                let birth = Birth {
                    now: base,
                    wall,
                    seed,
                };
                unit = Some(Iwu::new(Arc::new(config), birth)?);
            }
            (Line::In(at, input), Some(iwu)) => {
                if let Some(output) = iwu.poll_output() {
                    return Err(differs(line, "nothing more", &text_of(&output)));
                }
                replayed.inputs += 1;
                iwu.handle_input(base + Duration::from_nanos(at), input);
            }
            (Line::Out(recorded), Some(iwu)) => {
                let output = iwu.poll_output().map(|output| text_of(&output));
                if output.as_ref() != Some(&recorded) {
                    return Err(differs(
                        line,
                        &recorded,
                        output.as_deref().unwrap_or("nothing"),
                    ));
                }
                replayed.outputs += 1;
            }
            _ => return Err(ReplayError::NoStart),
        }
    }
    match unit {
        Some(_) => Ok(replayed),
        None => Err(ReplayError::NoStart),
    }
}

fn differs(line: usize, recorded: &str, replayed: &str) -> ReplayError {
    ReplayError::Differs {
        line,
        recorded: recorded.to_owned(),
        replayed: replayed.to_owned(),
    }
}
