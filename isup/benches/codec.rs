//! Decoding and encoding initial address messages: a short one and one with ten optional
//! parameters as an international gateway sees it. The codec of the crate `itu-isup` does the same
//! work in the same run; it keeps each parameter in a buffer of its own.
//!
//! `cargo bench -p isup` prints the table of docs/benchmarks.md: nanoseconds, medians of rounds, and
//! how often memory is asked for.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a bench: it has a clock, rounds are not empty, and wrong messages measure nothing"
)]

#[path = "../tests/allocation/counting.rs"]
mod counting;

use core::hint::black_box;
use std::time::Instant;

use counting::allocations;
use isup::{CalledPartyNumber, Cic, HopCounter, Message, Variant, hex};

/// Called and calling party number.
const SHORT: &str = "011060000a03020b 098490440297641032 0f 0a08 0413446123690010 00";

/// Ten optional parameters.
const LONG: &str = "010060010a03 020a 088410940355050001 0a0784139403555500 0b0784009403556500 \
    13020331 1d039090a3 2807840094035575 00 3102001e 390431c03dd0 3d010a c00806841394035585 00 \
    03047d029181 00";

const ROUNDS: usize = 401;
const REPEATS: u32 = 1_000;

/// Median over rounds of the time that one call takes, in nanoseconds, and what a call allocates
/// once its buffers have grown.
fn measure<T>(mut work: impl FnMut() -> T) -> (f64, u32) {
    black_box(work());
    let (count, _) = allocations(|| black_box(work()));
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let begin = Instant::now();
            for _ in 0..REPEATS {
                black_box(work());
            }
            begin.elapsed().as_secs_f64() * 1e9 / f64::from(REPEATS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    (rounds[ROUNDS / 2], count)
}

fn row(name: &str, (ns, count): (f64, u32), peer: Option<(f64, u32)>) {
    let peer = peer.map_or_else(
        || " | ".to_owned(),
        |(ns, count)| format!("{ns:.0} | {count}"),
    );
    println!("| {name} | {ns:.0} | {count} | {peer} |");
}

fn messages(name: &str, figures: &str) {
    let octets = hex::read(figures).unwrap();
    let message = Message::decode(&octets).unwrap();
    println!("| **{name}, {} octets** | | | | |", octets.len());
    // Its messages begin at the circuit identification code.
    let with_cic = message.encode_sif(Cic(5));
    let other = itu_isup::Message::decode(&with_cic).unwrap();
    assert_eq!(other.encode().unwrap(), with_cic);

    let peer = measure(|| itu_isup::Message::decode(black_box(&with_cic)).unwrap());
    let ours = measure(|| Message::decode(black_box(&octets)).unwrap());
    row("decode", ours, Some(peer));

    let mut kept = message.clone();
    let ours = measure(|| {
        let read = kept.decode_into(black_box(&octets), Variant::Itu);
        read.unwrap();
    });
    row("decode into the buffers of another message", ours, None);

    let mut to = Vec::with_capacity(256);
    let peer = measure(|| black_box(&other).encode().unwrap());
    let ours = measure(|| {
        to.clear();
        black_box(&message).encode(&mut to);
        to.len()
    });
    row("encode", ours, Some(peer));

    let peer = measure(|| {
        let decoded = itu_isup::Message::decode(black_box(&with_cic)).unwrap();
        decoded.encode().unwrap()
    });
    let ours = measure(|| {
        let message = Message::decode(black_box(&octets)).unwrap();
        for parameter in message.parameters() {
            black_box(parameter);
        }
        to.clear();
        message.encode(&mut to);
        to.len()
    });
    row("decode, visit each parameter, encode", ours, Some(peer));

    let ours = measure(|| black_box(&message).find::<CalledPartyNumber>());
    row("read the called number", ours, None);

    // A transit exchange: into the buffers that it has, the hop counter one less.
    let mut transit = message.clone();
    let ours = measure(|| {
        transit
            .decode_into(black_box(&octets), Variant::Itu)
            .unwrap();
        let hops = transit
            .find::<HopCounter>()
            .map_or(20, |HopCounter(hops)| hops);
        transit.set(HopCounter(hops.saturating_sub(1)));
        to.clear();
        transit.encode(&mut to);
        to.len()
    });
    row("transit that changes the hop counter", ours, None);
}

fn main() {
    println!("| | ns | allocations | itu-isup, ns | its allocations |");
    println!("|---|---|---|---|---|");
    messages("IAM", SHORT);
    messages("IAM with ten optional parameters", LONG);
}
