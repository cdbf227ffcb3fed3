//! What a channel costs: CPU microseconds per channel and second beside the bare system calls for
//! the same packets and, where it is installed, rtpengine relaying as many; memory per channel;
//! delay added mouth to ear.
//!
//! `cargo bench -p media-bridge --bench channels [-- [CHANNELS...] [ROW...]]`: by default 120, 480 and
//! 1,920 channels, and all rows; with ROWs only those, by parts of their names, `without sockets`,
//! `rtpengine`, `memory` and `delay` among them. A row that
//! needs a program which is not installed says so.
//!
//! A channel receives and sends 50 packets a second of 20 ms of G.711. All is done by one thread on
//! the loopback interface, tick by tick: the peers send, the bridges work, the peers read; only the
//! bridges' part is timed, by the thread's CPU clock. What the kernel does to hand the packets to
//! the peers is in it, as it is in the floor. Rounds of all rows take turns; a figure is the median
//! of its rounds, a ratio the median of the ratios to the floor of the same round, and so is what a row
//! has more than the plain one.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a bench runs in real time and ends by panicking"
)]
#![allow(
    unsafe_code,
    reason = "a counting allocator is an allocator, and nothing safe batches system calls"
)]

mod batched;
mod bridges;
mod clock;
mod delay;
mod floor;
mod memory;
mod peers;
mod rtpengine;

use bridges::{ALONE, Bridges, ROWS};
use clock::{cpu_ns, median};
use media_bridge::realtime;
use peers::Peers;
use rtpengine::Engine;

/// Ticks of a round that are timed, those before them that are not, and rounds.
const TICKS: usize = 100;
const WARM_UP: usize = 20;
const ROUNDS: usize = 7;
/// Rounds of them in which rtpengine has its turn, which is in real time.
const ENGINE_ROUNDS: [usize; 3] = [2, 4, 6];

/// The rounds of a row: microseconds per channel and second.
#[derive(Default)]
struct Rounds(Vec<f64>);

impl Rounds {
    /// The median of what `compare` makes of these and `others` of the same round, the last rounds
    /// of those when there are fewer here.
    fn beside(&self, others: &Self, compare: impl Fn(f64, f64) -> f64) -> f64 {
        let same = others.0.iter().rev().zip(self.0.iter().rev());
        median(
            same.map(|(other, figure)| compare(*figure, *other))
                .collect(),
        )
    }

    fn cell(&self, floor: &Self) -> String {
        if self.0.is_empty() {
            return "-".to_owned();
        }
        let ratio = self.beside(floor, |figure, floor| figure / floor);
        format!("{:.0} ({ratio:.2})", median(self.0.clone()))
    }

    /// With what is added to `plain`.
    fn cell_above(&self, floor: &Self, plain: &Self) -> String {
        let more = self.beside(plain, |figure, plain| figure - plain);
        format!("{} {more:+.0}", self.cell(floor))
    }
}

/// The cells of a column: the floor, the rows, rtpengine relaying and converting.
fn measure(channels: usize, rows: &[bridges::Row], engine: bool) -> Vec<String> {
    let per_channel = |ns: u64| ns as f64 / 1e3 / channels as f64 / (TICKS as f64 / 100.0);
    let mut peers = Peers::new(channels);
    let mut floors = Rounds::default();
    let mut batches = Rounds::default();
    let mut plain = Rounds::default();
    let mut all: Vec<Rounds> = rows.iter().map(|_| Rounds::default()).collect();
    let mut engines =
        [false, true].map(|convert| (convert, Ok((Rounds::default(), Rounds::default()))));
    for round in 0..=ROUNDS {
        let floor = per_channel(floor::run(&mut peers));
        let take = |rounds: &mut Rounds, figure| {
            // The first round warms up.
            if round > 0 {
                rounds.0.push(figure);
            }
        };
        take(&mut floors, floor);
        take(&mut batches, per_channel(batched::run(&mut peers)));
        take(&mut plain, per_channel(Bridges::run(&ROWS[0], &mut peers)));
        for (row, rounds) in rows.iter().zip(&mut all) {
            take(rounds, per_channel(Bridges::run(row, &mut peers)));
        }
        for (convert, rounds) in &mut engines {
            if let (Ok((figures, floors)), true) =
                (&mut *rounds, engine && ENGINE_ROUNDS.contains(&round))
            {
                match Engine::start(channels, *convert) {
                    Ok(engine) => {
                        take(figures, engine.run());
                        take(floors, floor);
                    }
                    Err(why) => *rounds = Err(why),
                }
            }
        }
    }
    let theirs = engines.into_iter().map(|(_, rounds)| match rounds {
        Ok((figures, floors)) => figures.cell(&floors),
        Err(why) => why,
    });
    [&floors, &batches, &plain]
        .map(|rounds| rounds.cell(&floors))
        .into_iter()
        .chain(all.iter().map(|rounds| rounds.cell_above(&floors, &plain)))
        .chain(theirs)
        .collect()
}

/// The cells of a column without sockets.
fn measure_alone(channels: usize) -> Vec<String> {
    let peers = Peers::new(channels);
    let mut all = ALONE.map(|_| Rounds::default());
    for round in 0..=3 * ROUNDS {
        for (row, rounds) in ALONE.iter().zip(&mut all) {
            let ns = Bridges::run_alone(row, &peers) as f64;
            if round > 0 {
                let figure = ns / 1e3 / channels as f64 / (TICKS as f64 / 100.0);
                rounds.0.push(figure);
            }
        }
    }
    let [plain, others @ ..] = &all;
    let cell = |rounds: &Rounds| {
        let more = rounds.beside(plain, |figure, plain| figure - plain);
        format!("{:.1} {more:+.1}", median(rounds.0.clone()))
    };
    std::iter::once(format!("{:.1}", median(plain.0.clone())))
        .chain(others.iter().map(cell))
        .collect()
}

fn print(head: &str, counts: &[usize], names: &[&str], columns: &[Vec<String>]) {
    let heads: Vec<String> = counts.iter().map(|n| format!("{n} channels")).collect();
    println!("| {head} | {} |", heads.join(" | "));
    println!("|---|{}", "---|".repeat(counts.len()));
    for (index, name) in names.iter().enumerate() {
        let cells: Vec<&str> = columns
            .iter()
            .map(|column| column[index].as_str())
            .collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
}

fn main() {
    realtime::raise_file_limit().unwrap();
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with('-'))
        .collect();
    let mut counts: Vec<usize> = arguments.iter().filter_map(|a| a.parse().ok()).collect();
    let parts: Vec<_> = arguments
        .iter()
        .filter(|a| a.parse::<usize>().is_err())
        .collect();
    let wanted = |name: &str| parts.is_empty() || parts.iter().any(|part| name.contains(*part));
    if counts.is_empty() {
        counts = vec![120, 480, 1_920];
    }
    let [_, others @ ..] = ROWS;
    let rows: Vec<_> = others.into_iter().filter(|row| wanted(row.name)).collect();
    if wanted("without sockets") {
        let columns: Vec<_> = counts.iter().map(|&count| measure_alone(count)).collect();
        let names = ALONE.map(|row| row.name);
        print(
            "the bridges without sockets: CPU µs per channel and second, and more than plain",
            &counts,
            &names,
            &columns,
        );
        println!();
    }
    let engine = wanted("rtpengine");
    if engine {
        println!("{}", rtpengine::version());
    }
    let columns: Vec<_> = counts
        .iter()
        .map(|&count| measure(count, &rows, engine))
        .collect();
    let names: Vec<_> = [floor::NAME, batched::NAME, ROWS[0].name]
        .into_iter()
        .chain(rows.iter().map(|row| row.name))
        .chain(rtpengine::NAMES)
        .collect();
    print(
        "CPU µs per channel and second (ratio to the floor), and more than plain",
        &counts,
        &names,
        &columns,
    );
    if wanted("memory") {
        memory::print();
    }
    if wanted("delay") {
        delay::print();
    }
}
