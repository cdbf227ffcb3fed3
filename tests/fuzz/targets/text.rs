//! Files: recordings and configurations.

use std::sync::Arc;

use isthmus::config::{self, Config, Environment};
use isthmus::iwu::{Birth, Iwu};
use isthmus::recorder;

/// A recording that somebody sent.
pub(super) fn replay(octets: &[u8]) {
    let _ = recorder::replay(octets, super::base());
}

/// A configuration that is not refused can run.
pub(super) fn config(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    let _ = config::lab::parse("fuzz.toml", text, &Environment::new());
    let Ok(config) = Config::parse("fuzz.toml", text, &Environment::new()) else {
        return;
    };
    let birth = Birth {
        now: super::base(),
        wall: jiff::Timestamp::UNIX_EPOCH,
        seed: 1.into(),
    };
    Iwu::new(Arc::new(config), birth).expect("a configuration that is not refused can run");
}
