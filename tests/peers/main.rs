//! The gateway and the exchange of `isthmus lab` as two processes in real time, with peers that
//! are not ours: SIPp, baresip, linphone, Kamailio and tshark. `cargo test --test peers` runs them, `tests/run` too.
//!
//! A peer that is not installed is said so on standard error and its test ends there; when `CI` or
//! `ISTHMUS_REQUIRE_PEERS` is set, the test fails instead.

#![expect(
    clippy::disallowed_methods,
    reason = "processes are waited for in real time"
)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod authentication;
mod baresip;
mod ber;
mod call;
mod capture;
mod certificates;
mod drain;
mod hardware;
mod kamailio;
mod linphone;
mod modems;
mod peer;
mod ports;
mod program;
mod recovery;
mod scenarios;
mod sipp;
mod srtp;
mod transports;
mod tshark;
mod wav;
mod world;

use std::time::{Duration, Instant};

/// Asks again and again until there is an answer. A machine that is busy with other things may
/// take its time: the limit is for what never comes.
fn eventually<T>(what: &str, limit: Duration, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < limit, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
