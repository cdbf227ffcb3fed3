//! Octets through the driver: all of them, unchanged.

use std::time::Instant;

use dahdi::Span;
use tdm::{SpanCounters, SpanIo};

use crate::rig::{Talker, circuits, config, events, joined};

/// Both spans for so many ticks, the first one as the clock.
fn talk(spans: &mut [Span], talkers: &mut [Talker], ticks: usize) {
    for _ in 0..ticks {
        let due = spans[0].wait().unwrap();
        for (span, talker) in spans.iter_mut().zip(&mut *talkers) {
            talker.tick(span, due);
        }
    }
}

fn clean(counters: SpanCounters) {
    let SpanCounters {
        slips,
        octets_lost,
        octets_inserted,
        overruns,
        underruns,
        ..
    } = counters;
    assert_eq!(
        (slips, octets_lost, octets_inserted, overruns, underruns),
        (0, 0, 0, 0, 0),
        "{counters:?}"
    );
}

/// The first span is the clock, and the other one has to follow it.
#[test]
fn audio_is_bit_exact_both_ways() {
    let (near, far) = joined();
    let (mut spans, mut talkers) = ([near, far], [Talker::new(1), Talker::new(2)]);
    talk(&mut spans, &mut talkers, 200);
    // Two directions of 30 timeslots, less what was under way.
    assert!(talkers[0].heard_all_of(&talkers[1]) > 15_000);
    assert!(talkers[1].heard_all_of(&talkers[0]) > 15_000);
    for span in &mut spans {
        assert_eq!(events(span), []);
        clean(span.counters());
    }
}

/// Each span on a thread of its own, as two programs would have them.
#[test]
fn each_span_is_the_clock_of_its_own_thread() {
    let (near, far) = joined();
    let run = |mut span: Span, seed| {
        std::thread::Builder::new().spawn(move || {
            let mut talker = Talker::new(seed);
            for _ in 0..100 {
                let due = span.wait().unwrap();
                talker.tick(&mut span, due);
            }
            (span, talker)
        })
    };
    let (near, far) = (run(near, 3).unwrap(), run(far, 4).unwrap());
    let ((first, near), (second, far)) = (near.join().unwrap(), far.join().unwrap());
    assert!(near.heard_all_of(&far) > 7_000);
    assert!(far.heard_all_of(&near) > 7_000);
    clean(first.counters());
    clean(second.counters());
}

#[test]
fn a_hundred_and_twenty_channels_for_ten_seconds_without_a_slip() {
    let mut spans: Vec<_> = (1..=4)
        .map(|number| Span::open(config(number, circuits())).unwrap())
        .collect();
    let mut talkers: Vec<_> = (1..=4).map(Talker::new).collect();
    // Setting the others going takes the first ticks.
    talk(&mut spans, &mut talkers, 10);
    let late = spans[0].counters().late_ticks;
    let begun = now();
    talk(&mut spans, &mut talkers, 1_000);
    let seconds = now().duration_since(begun).as_secs_f64();
    assert!(
        (9.9..10.2).contains(&seconds),
        "1000 ticks took {seconds} s"
    );
    for (a, b) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
        assert!(talkers[a].heard_all_of(&talkers[b]) > 79_000);
    }
    for span in &mut spans {
        assert_eq!(events(span), []);
        clean(span.counters());
        let more = span.counters().late_ticks.saturating_sub(late);
        assert!(more <= 10, "{more} of 1000 ticks were late");
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test in the machine's own time"
)]
fn now() -> Instant {
    Instant::now()
}
