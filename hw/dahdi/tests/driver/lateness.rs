//! Callers that come late.

use std::time::Duration;

use dahdi::{Span, SpanConfig};
use tdm::{SpanEvent, SpanIo};

use crate::rig::{Talker, circuits, config, events, joined};

fn talk(spans: &mut [Span; 2], talkers: &mut [Talker; 2], ticks: usize) {
    for _ in 0..ticks {
        let due = spans[0].wait().unwrap();
        for (span, talker) in spans.iter_mut().zip(&mut *talkers) {
            talker.tick(span, due);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a caller that is away")]
fn away(time: Duration) {
    std::thread::sleep(time);
}

#[test]
fn a_caller_that_is_late_by_less_than_is_queued_loses_nothing() {
    let (near, far) = joined();
    let (mut spans, mut talkers) = ([near, far], [Talker::new(1), Talker::new(2)]);
    talk(&mut spans, &mut talkers, 20);
    for _ in 0..5 {
        away(Duration::from_millis(25));
        talk(&mut spans, &mut talkers, 20);
    }
    assert!(talkers[0].heard_all_of(&talkers[1]) > 8_000);
    assert!(talkers[1].heard_all_of(&talkers[0]) > 8_000);
    let counters = spans[0].counters();
    assert!((5..=10).contains(&counters.late_ticks), "{counters:?}");
    assert_eq!((counters.underruns, counters.overruns), (0, 0));
}

#[test]
fn what_the_driver_sent_by_itself_is_counted_and_the_delay_comes_back_to_what_it_was() {
    let (near, far) = joined();
    let (mut spans, mut talkers) = ([near, far], [Talker::new(1), Talker::new(2)]);
    talk(&mut spans, &mut talkers, 20);
    away(Duration::from_millis(100));
    talk(&mut spans, &mut talkers, 20);
    let first = spans[0].counters();
    assert_eq!(
        (first.overruns, first.octets_lost),
        (0, 0),
        "100 ms have room: {first:?}"
    );
    assert!(first.underruns >= 1, "{first:?}");
    // From here on nothing is missing any more.
    let mut talkers = [Talker::new(3), Talker::new(4)];
    talk(&mut spans, &mut talkers, 100);
    let octets = talkers[0].heard_all_of(&talkers[1]);
    // As many ticks are under way as at the start: three queued, one or two held, and the driver's.
    assert!(octets >= 8_000 - 8 * 80, "{octets}");
    assert_eq!(spans[0].counters().underruns, first.underruns);
}

/// The driver holds as many blocks of a tick as are configured, and no more.
#[test]
fn there_is_room_for_as_many_ticks_as_are_configured() {
    for (buffers, holds) in [(4, false), (16, true)] {
        let open = |number| {
            let config = SpanConfig {
                buffers,
                ..config(number, circuits())
            };
            Span::open(config).unwrap()
        };
        let mut spans = [open(1), open(2)];
        let mut talkers = [Talker::new(1), Talker::new(2)];
        talk(&mut spans, &mut talkers, 20);
        away(Duration::from_millis(100));
        talk(&mut spans, &mut talkers, 20);
        let counters = spans[0].counters();
        assert_eq!(counters.octets_lost == 0, holds, "{buffers}: {counters:?}");
        assert_eq!(counters.overruns == 0, holds, "{buffers}: {counters:?}");
    }
}

#[test]
fn what_the_driver_had_no_room_for_is_counted_in_octets() {
    let (near, far) = joined();
    let (mut spans, mut talkers) = ([near, far], [Talker::new(1), Talker::new(2)]);
    talk(&mut spans, &mut talkers, 20);
    // The driver holds 16 ticks: 160 ms of these 400 ms.
    away(Duration::from_millis(400));
    talk(&mut spans, &mut talkers, 40);
    let counters = spans[0].counters();
    assert!(counters.overruns >= 1, "{counters:?}");
    let expected = (400 - 160) * 8;
    let lost = counters.octets_lost;
    assert!(
        (expected - 160..=expected + 160).contains(&lost),
        "{lost} octets lost of about {expected}"
    );
    let slips: Vec<_> = events(&mut spans[0]);
    assert_eq!(
        slips,
        [SpanEvent::Slip {
            octets: -i32::try_from(lost).unwrap()
        }]
    );
}
