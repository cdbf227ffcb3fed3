//! Decoding and encoding initial address messages: a short one and one with ten optional
//! parameters as an international gateway sees it. The codec of the crate `itu-isup` does the same
//! work in the same run; it keeps each parameter in a buffer of its own.

#![expect(
    clippy::unwrap_used,
    reason = "a benchmark of wrong messages measures nothing"
)]

use core::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use isup::{CalledPartyNumber, Cic, HopCounter, Message, Variant, hex};

/// 30 octets: called and calling party number.
const SHORT: &str = "011060000a03020b 098490440297641032 0f 0a08 0413446123690010 00";

/// 80 octets: ten optional parameters.
const LONG: &str = "010060010a03 020a 088410940355050001 0a0784139403555500 0b0784009403556500 \
    13020331 1d039090a3 2807840094035575 00 3102001e 390431c03dd0 3d010a c00806841394035585 00 \
    03047d029181 00";

fn codec(criterion: &mut Criterion) {
    for (name, figures) in [("short", SHORT), ("ten optional", LONG)] {
        let octets = hex::read(figures).unwrap();
        let message = Message::decode(&octets).unwrap();
        let name = format!("{name}, {} octets", octets.len());
        let mut group = criterion.benchmark_group(name);
        group.bench_function("decode", |b| b.iter(|| Message::decode(black_box(&octets))));
        group.bench_function("decode, read each parameter, encode", |b| {
            let mut to = Vec::with_capacity(256);
            b.iter(|| {
                let message = Message::decode(black_box(&octets)).unwrap();
                for parameter in message.parameters() {
                    black_box(parameter);
                }
                to.clear();
                message.encode(&mut to);
                to.len()
            });
        });
        group.bench_function("encode", |b| {
            let mut to = Vec::with_capacity(256);
            b.iter(|| {
                to.clear();
                black_box(&message).encode(&mut to);
                to.len()
            });
        });
        group.bench_function("read called number", |b| {
            b.iter(|| black_box(&message).find::<CalledPartyNumber>());
        });
        // A transit exchange: into the buffers that it has, the hop counter one less.
        group.bench_function("transit that changes the hop counter", |b| {
            let mut transit = message.clone();
            let mut to = Vec::with_capacity(256);
            b.iter(|| {
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
        });
        // Its messages begin at the circuit identification code.
        let with_cic = message.encode_sif(Cic(5));
        let other = itu_isup::Message::decode(&with_cic).unwrap();
        assert_eq!(other.encode().unwrap(), with_cic);
        group.bench_function("itu-isup: decode", |b| {
            b.iter(|| itu_isup::Message::decode(black_box(&with_cic)));
        });
        group.bench_function("itu-isup: encode", |b| {
            b.iter(|| black_box(&other).encode())
        });
        group.finish();
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
