//! Spans of the real driver, two and two joined: `tests/dahdi/machine` is where this runs.
//!
//! Nothing here skips: without `/dev/dahdi` every test fails. The spans are shared, so that one test
//! runs at a time (`--test-threads=1`).
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test")]

mod audio;
mod lateness;
mod links;
mod loss;
mod refusals;
mod rig;
mod speech;
