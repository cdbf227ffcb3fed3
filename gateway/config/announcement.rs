//! `[[announcement]]`: recorded sound for callers whose call fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use media_bridge::tone::{Recording, RecordingError, ToneProgram};
use serde::Deserialize;
use tdm::Law;

use super::duration;

/// `[[announcement]]`: a file, and how it is played.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announcement {
    /// What trunks call it.
    pub name: String,
    /// The file, beside the configuration: WAV, or raw G.711 by its extension.
    pub file: PathBuf,
    /// How often it is said.
    #[serde(default = "Announcement::once")]
    pub times: u16,
    /// Silence between two times.
    #[serde(default = "Announcement::default_pause", deserialize_with = "duration")]
    pub pause: Duration,
    /// What is played, once the file was read.
    #[serde(skip)]
    pub program: Option<Arc<ToneProgram>>,
}

/// Announcements by the cause that they explain.
pub type Announcements = BTreeMap<String, String>;

/// Why an announcement cannot be played.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unplayable {
    /// The name does not say what it is.
    #[error("a file whose name says nothing of its format")]
    Extension,
    /// It cannot be read.
    #[error("{0}")]
    Read(#[from] std::io::Error),
    /// It holds something else.
    #[error("{0}")]
    Recording(#[from] RecordingError),
}

impl Announcement {
    fn once() -> u16 {
        1
    }
    fn default_pause() -> Duration {
        Duration::from_secs(1)
    }

    /// Reads the file: `folder` is the configuration's; without one, as in a replay, there is
    /// nothing to hear.
    pub(super) fn load(&mut self, folder: Option<&Path>) -> Result<(), Unplayable> {
        let recording = match folder {
            Some(folder) => self.read(folder)?,
            None => Recording::silent(&self.name),
        };
        let pause = u32::try_from(self.pause.as_millis()).unwrap_or(u32::MAX);
        self.program = ToneProgram::announcement(&recording, self.times, pause)
            .ok()
            .map(Arc::new);
        Ok(())
    }

    fn read(&self, folder: &Path) -> Result<Recording, Unplayable> {
        let extension = self
            .file
            .extension()
            .and_then(|extension| extension.to_str());
        let extension = extension.unwrap_or_default().to_ascii_lowercase();
        let law = match extension.as_str() {
            "wav" => None,
            "alaw" | "al" => Some(Law::ALaw),
            "ulaw" | "ul" | "mulaw" => Some(Law::MuLaw),
            _ => return Err(Unplayable::Extension),
        };
        let octets = std::fs::read(folder.join(&self.file))?;
        Ok(match law {
            None => Recording::from_wav(&self.name, &octets)?,
            Some(law) => Recording::from_g711(&self.name, &octets, law)?,
        })
    }
}
