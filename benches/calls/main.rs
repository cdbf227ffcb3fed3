//! What a call costs: CPU microseconds, allocations and memory of the interworking unit by itself,
//! and of the whole process beside Kamailio.
//!
//! `cargo bench -p isthmus --bench calls [-- PART]`: without PART both parts, else `unit` or
//! `process`; `once N` runs row N of the unit's table a single time, for a profiler. A peer that is
//! not installed is said so.
//!
//! The unit's part is in virtual time: calls between two scripted far ends are rehearsed, and what
//! the unit was given is given to another one of the same seed, with nothing but its work timed, by
//! the thread's CPU clock. A call is INVITE or IAM, alerting, answer and release, with MTP and both
//! codecs, and everything until its last timer.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench runs in real time and ends by panicking"
)]
#![allow(unsafe_code, reason = "a counting allocator is an allocator")]

mod allocator;
#[path = "../../media-bridge/benches/channels/clock.rs"]
mod clock;
mod process;
mod rehearsal;

use std::time::Instant;

use bytes::Bytes;
use clock::{cpu_ns, median};
use isthmus::iwu::{Input, Iwu};
use rehearsal::{KINDS, Kind, Script, rehearse};

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

/// Calls that are timed, how often, and how many stand besides.
const CALLS: usize = 500;
const ROUNDS: usize = 5;
const STANDING: [usize; 3] = [0, 100, 1_000];

/// Gives the unit its inputs, as the shell does: each datagram in memory of its own.
fn give(iwu: &mut Iwu, inputs: &[(Instant, Input)]) {
    for (at, input) in inputs {
        let input = match input {
            Input::Sip(flow, octets) => Input::Sip(*flow, Bytes::copy_from_slice(octets)),
            input => input.clone(),
        };
        iwu.handle_input(*at, input);
        while iwu.poll_output().is_some() {}
    }
}

/// Of one call.
#[derive(Clone, Copy)]
struct Cost {
    us: f64,
    allocations: f64,
    /// Octets of one that stands.
    standing: f64,
}

fn run(script: &Script, standing: usize, ladders: bool) -> Cost {
    let mut iwu = Iwu::new(script.config.clone(), script.birth).unwrap();
    if !ladders {
        iwu = iwu.without_ladders();
    }
    give(&mut iwu, &script.before);
    let live = allocator::live();
    give(&mut iwu, &script.standing);
    assert_eq!(iwu.calls(), standing);
    let octets = allocator::live().saturating_sub(live);
    let (calls, began) = (allocator::calls(), cpu_ns());
    give(&mut iwu, &script.calls);
    let (us, calls) = (cpu_ns() - began, allocator::calls() - calls);
    assert_eq!(iwu.calls(), standing);
    let count = CALLS as f64;
    Cost {
        us: us as f64 / 1e3 / count,
        allocations: calls as f64 / count,
        standing: octets as f64 / standing.max(1) as f64,
    }
}

fn measure(kind: Kind, ladders: bool) -> String {
    let mut cells = Vec::new();
    let mut last = None;
    for standing in STANDING {
        let script = rehearse(kind, standing, CALLS);
        let costs: Vec<Cost> = (0..ROUNDS)
            .map(|_| run(&script, standing, ladders))
            .collect();
        let us = median(costs.iter().map(|cost| cost.us).collect());
        cells.push(format!("{us:.0}"));
        last = costs.last().copied();
    }
    let last = last.unwrap();
    cells.push(format!("{:.0}", last.allocations));
    cells.push(format!("{:.0}", last.standing));
    cells.join(" | ")
}

fn main() {
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let part = arguments.first().map(String::as_str);
    if part == Some("once") {
        let row = arguments.get(1).and_then(|row| row.parse().ok());
        let script = rehearse(KINDS[row.unwrap_or(0)], 100, CALLS);
        println!("{:.0} µs a call", run(&script, 100, false).us);
        return;
    }
    if part != Some("process") {
        println!(
            "| µs of CPU a call, others standing: | 0 | 100 | 1,000 | allocations | octets of one standing |"
        );
        println!("|---|---|---|---|---|---|");
        for kind in KINDS {
            println!("| {} | {} |", kind.name, measure(kind, false));
            println!("| ... with its ladder | {} |", measure(kind, true));
        }
    }
    if part != Some("unit") {
        process::measure();
    }
}
