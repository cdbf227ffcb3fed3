//! What a channel costs: CPU microseconds per channel and second beside the bare system calls for
//! the same packets and, where it is installed, rtpengine relaying as many; memory per channel;
//! delay added mouth to ear.
//!
//! `cargo bench -p media-bridge --bench channels [-- [CHANNELS...] [ROW]]`: by default 120, 480 and
//! 1,920 channels, and all rows; with ROW only the rows that have it in their names, and without
//! rtpengine unless that is the name. A row that
//! needs a program which is not installed says so.
//!
//! A channel receives and sends 50 packets a second of 20 ms of G.711. All is done by one thread on
//! the loopback interface, tick by tick: the peers send, the bridges work, the peers read; only the
//! bridges' part is timed, by the thread's CPU clock. What the kernel does to hand the packets to
//! the peers is in it, as it is in the floor. Rounds of all rows take turns; a figure is the median
//! of its rounds, a ratio the median of the ratios to the floor of the same round.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench runs in real time and ends by panicking"
)]
#![allow(unsafe_code, reason = "a counting allocator is an allocator")]

mod bridges;
mod delay;
mod floor;
mod memory;
mod peers;
mod rtpengine;

use bridges::{ALL, Bridges, ROWS};
use media_bridge::realtime;
use peers::Peers;
use rtpengine::Engine;
use rustix::time::{ClockId, clock_gettime};

/// Ticks of a round that are timed, those before them that are not, and rounds.
const TICKS: usize = 100;
const WARM_UP: usize = 20;
const ROUNDS: usize = 7;
/// Rounds of them in which rtpengine has its turn, which is in real time.
const ENGINE_ROUNDS: [usize; 3] = [2, 4, 6];

/// CPU time of this thread.
fn cpu_ns() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

/// The rounds of a row: microseconds per channel and second, and the floor of the same round.
#[derive(Default)]
struct Rounds(Vec<(f64, f64)>);

impl Rounds {
    fn cell(self) -> String {
        if self.0.is_empty() {
            return "-".to_owned();
        }
        let ratio = median(
            self.0
                .iter()
                .map(|(figure, floor)| figure / floor)
                .collect(),
        );
        let figure = median(self.0.into_iter().map(|(figure, _)| figure).collect());
        format!("{figure:.0} ({ratio:.2})")
    }
}

/// The cells of a column: the floor, the bridges alone, the rows, rtpengine relaying and converting.
fn measure(channels: usize, rows: &[bridges::Row], engine: bool) -> Vec<String> {
    let per_channel = |ns: u64| ns as f64 / 1e3 / channels as f64 / (TICKS as f64 / 100.0);
    let mut peers = Peers::new(channels);
    let mut floors = Rounds::default();
    let mut alone = [Rounds::default(), Rounds::default()];
    let mut all: Vec<Rounds> = rows.iter().map(|_| Rounds::default()).collect();
    let mut engines = [false, true].map(|convert| (convert, Ok(Rounds::default())));
    for round in 0..=ROUNDS {
        let floor = per_channel(floor::run(&mut peers));
        let take = |rounds: &mut Rounds, figure| {
            // The first round warms up.
            if round > 0 {
                rounds.0.push((figure, floor));
            }
        };
        take(&mut floors, floor);
        for (row, rounds) in [&ROWS[0], &ALL].into_iter().zip(&mut alone) {
            take(rounds, per_channel(Bridges::run_alone(row, &mut peers)));
        }
        for (row, rounds) in rows.iter().zip(&mut all) {
            take(rounds, per_channel(Bridges::run(row, &mut peers)));
        }
        for (convert, rounds) in &mut engines {
            if let (Ok(figures), true) = (&mut *rounds, engine && ENGINE_ROUNDS.contains(&round)) {
                match Engine::start(channels, *convert) {
                    Ok(engine) => take(figures, engine.run()),
                    Err(why) => *rounds = Err(why),
                }
            }
        }
    }
    let own = std::iter::once(floors)
        .chain(alone)
        .chain(all)
        .map(Rounds::cell);
    let theirs = engines
        .into_iter()
        .map(|(_, rounds)| rounds.map_or_else(|why| why, Rounds::cell));
    own.chain(theirs).collect()
}

fn main() {
    realtime::raise_file_limit().unwrap();
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let mut counts: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    let filter = arguments.iter().find(|a| a.parse::<usize>().is_err());
    if counts.is_empty() {
        counts = vec![120, 480, 1_920];
    }
    let rows: Vec<_> = ROWS
        .into_iter()
        .filter(|row| filter.is_none_or(|part| row.name.contains(part.as_str())))
        .collect();
    let engine = filter.is_none_or(|part| "rtpengine".contains(part.as_str()));
    if engine {
        println!("{}", rtpengine::version());
    }
    let columns: Vec<Vec<String>> = counts
        .iter()
        .map(|&count| measure(count, &rows, engine))
        .collect();
    let heads: Vec<String> = counts.iter().map(|n| format!("{n} channels")).collect();
    println!(
        "| CPU µs per channel and second (ratio to the floor) | {} |",
        heads.join(" | ")
    );
    println!("|---|{}", "---|".repeat(counts.len()));
    let names = [
        floor::NAME,
        "the bridges without sockets: plain",
        "the bridges without sockets: all functions",
    ]
    .into_iter()
    .chain(rows.iter().map(|row| row.name))
    .chain(rtpengine::NAMES);
    for (index, name) in names.enumerate() {
        let cells: Vec<&str> = columns
            .iter()
            .map(|column| column[index].as_str())
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    if filter.is_none() {
        memory::print();
        delay::print();
    }
}
