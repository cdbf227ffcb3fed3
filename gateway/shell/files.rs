//! What the gateway writes down: call records, the capture, the recording.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::ShellError;
use crate::capture::{Capture, Direction};
use crate::cdr::CallRecord;
use crate::iwu::{Birth, Input, Output};
use crate::recorder::{Recorder, Source};
use crate::sip::Flow;
use crate::sip::sdp::crypto;

/// The files of one run. One that fails is closed and said so; calls go on.
#[derive(Debug)]
pub struct Files {
    birth: Birth,
    records: Option<(PathBuf, File)>,
    capture: Option<(PathBuf, Capture<BufWriter<File>>)>,
    recording: Option<(PathBuf, Recorder<BufWriter<File>>)>,
}

impl Files {
    /// Opens what is asked for: records are appended to, the others are begun anew.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub fn open(
        records: Option<&Path>,
        capture: Option<&Path>,
        recording: Option<&Path>,
        source: &Source,
        birth: Birth,
    ) -> Result<Self, ShellError> {
        let records = match records {
            Some(path) => {
                let file = OpenOptions::new()
                    .create(true)
                    .append(true)
                    .open(path)
                    .map_err(|error| ShellError::File {
                        path: path.to_owned(),
                        error,
                    })?;
                Some((path.to_owned(), file))
            }
            None => None,
        };
        // Nobody else is to read what was said, nor what tags and nonces come from.
        let begun = |path: &Path| {
            OpenOptions::new()
                .create(true)
                .write(true)
                .truncate(true)
                .mode(0o600)
                .open(path)
                .map(BufWriter::new)
                .map_err(|error| ShellError::File {
                    path: path.to_owned(),
                    error,
                })
        };
        let refused = |path: &Path| {
            let path = path.to_owned();
            move |error| ShellError::File { path, error }
        };
        let capture = match capture {
            Some(path) => {
                let capture = Capture::new(begun(path)?).map_err(refused(path))?;
                Some((path.to_owned(), capture))
            }
            None => None,
        };
        let recording = match recording {
            Some(path) => {
                let recorder = Recorder::new(begun(path)?, source, birth).map_err(refused(path))?;
                Some((path.to_owned(), recorder))
            }
            None => None,
        };
        Ok(Self {
            birth,
            records,
            capture,
            recording,
        })
    }

    /// Whether packets are captured.
    #[must_use]
    pub fn captures(&self) -> bool {
        self.capture.is_some()
    }

    /// Writes an input down.
    pub fn input(&mut self, now: Instant, input: &Input) {
        let at = self.wall(now);
        keep(&mut self.recording, |recorder| recorder.input(now, input));
        keep(&mut self.capture, |capture| match input {
            Input::Sip(flow, octets) => {
                capture.datagram(at, flow.remote, flow.local, &crypto::blotted(octets))
            }
            Input::SignalUnit(_, octets) => capture.signal_unit(at, Direction::Received, octets),
            _ => Ok(()),
        });
    }

    /// Writes an output down.
    pub fn output(&mut self, now: Instant, output: &Output) {
        let at = self.wall(now);
        keep(&mut self.recording, |recorder| recorder.output(output));
        keep(&mut self.capture, |capture| match output {
            Output::Sip(Flow { local, remote, .. }, octets) => {
                capture.datagram(at, *local, *remote, &crypto::blotted(octets))
            }
            Output::SignalUnit(_, octets) => capture.signal_unit(at, Direction::Sent, octets),
            _ => Ok(()),
        });
    }

    /// Writes an RTP packet down.
    pub fn packet(&mut self, now: Instant, from: SocketAddr, to: SocketAddr, octets: &[u8]) {
        let at = self.wall(now);
        keep(&mut self.capture, |capture| {
            capture.datagram(at, from, to, octets)
        });
    }

    /// Writes a record down: a whole line in one write, at once.
    pub fn record(&mut self, record: &CallRecord) {
        keep(&mut self.records, |file| {
            let mut line = record.to_line()?;
            line.push('\n');
            file.write_all(line.as_bytes())
        });
    }

    /// Pushes everything to the files.
    pub fn flush(&mut self) {
        keep(&mut self.recording, Recorder::flush);
        keep(&mut self.capture, Capture::flush);
    }

    fn wall(&self, now: Instant) -> Duration {
        let since = now.saturating_duration_since(self.birth.now);
        let epoch = Duration::try_from(self.birth.wall.as_duration()).unwrap_or_default();
        epoch + since
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.flush();
    }
}

/// Does something with a file; closes it when that fails.
fn keep<T>(file: &mut Option<(PathBuf, T)>, write: impl FnOnce(&mut T) -> std::io::Result<()>) {
    if let Some((path, open)) = file
        && let Err(error) = write(open)
    {
        tracing::error!(file = %path.display(), %error, "closed: cannot be written");
        *file = None;
    }
}
