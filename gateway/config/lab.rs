//! The lab's file, read with the gateway's diagnostics.

use std::path::Path;

use ::lab::config::Config;

use super::read::{self, Environment, process_environment};
use super::{Refusal, check};

/// Reads and checks a lab file, with this process's `ISTHMUS__SECTION__KEY` variables over it.
///
/// # Errors
/// [`Refusal`] when the file cannot be read, or with everything wrong in it.
pub fn load(path: &Path) -> Result<Config, Refusal> {
    read::load(path, &process_environment(), check::lab)
}

/// [`load`] for text that came from elsewhere; `file` is what problems call it.
///
/// # Errors
/// [`Refusal`] with everything wrong in it.
pub fn parse(file: &str, text: &str, environment: &Environment) -> Result<Config, Refusal> {
    read::parse(file, text, environment, check::lab)
}

/// Whether a file is a lab's: one of its tables is one that only a lab has.
#[must_use]
pub fn is_lab(text: &str) -> bool {
    let (root, _) = toml::de::DeTable::parse_recoverable(text);
    ["lab", "circuits", "subscriber"]
        .iter()
        .any(|table| root.get_ref().contains_key(*table))
}
