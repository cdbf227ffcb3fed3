//! Lines and spans that go away, and come back.

use std::time::Duration;

use dahdi::Span;
use tdm::{Alarm, Law, SpanEvent, SpanIo, SpanTick, TICK};

use crate::rig::{Talker, assign, circuits, config, configure, events, joined, second_span};

const LOS_ON: SpanEvent = SpanEvent::Alarm {
    alarm: Alarm::Los,
    on: true,
};
const LOS_OFF: SpanEvent = SpanEvent::Alarm {
    alarm: Alarm::Los,
    on: false,
};

fn run(span: &mut Span, ticks: u32) -> Vec<SpanEvent> {
    let idle = SpanTick::idle(Law::ALaw);
    let mut rx = idle.clone();
    let mut found = Vec::new();
    for _ in 0..ticks {
        span.exchange(&idle, &mut rx).unwrap();
        found.extend(events(span));
    }
    found
}

fn alarms(events: &[SpanEvent]) -> Vec<SpanEvent> {
    let alarm = |event: &&SpanEvent| matches!(event, SpanEvent::Alarm { .. });
    events.iter().filter(alarm).copied().collect()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test in the machine's own time"
)]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// The other end of the line goes: octets no longer come. Time goes on, LOS is told once, and it is
/// over once they come again.
#[test]
fn a_line_whose_other_end_goes_is_los_until_it_is_back() {
    let mut near = Span::open(config(1, circuits())).unwrap();
    assert_eq!(run(&mut near, 50), []);
    second_span(false);
    let begun = now();
    let found = run(&mut near, 300);
    let took = now().duration_since(begun);
    assert_eq!(alarms(&found), [LOS_ON], "{found:?}");
    let expected = TICK * 300;
    assert!(
        took > expected - Duration::from_millis(60) && took < expected + Duration::from_millis(100),
        "300 ticks of a dead line took {took:?}"
    );
    let idle = SpanTick::idle(Law::ALaw);
    let mut rx = idle.clone();
    near.exchange(&idle, &mut rx).unwrap();
    assert!(rx.0.as_flattened().iter().all(|octet| *octet == 0xff));
    second_span(true);
    configure("channels.conf");
    let far = Span::open(config(2, circuits())).unwrap();
    let found = run(&mut near, 300);
    assert_eq!(alarms(&found).last(), Some(&LOS_OFF), "{found:?}");
    // And it carries what it should.
    let (mut spans, mut talkers) = ([near, far], [Talker::new(1), Talker::new(2)]);
    for _ in 0..100 {
        let due = spans[0].wait().unwrap();
        for (span, talker) in spans.iter_mut().zip(&mut talkers) {
            talker.tick(span, due);
        }
    }
    assert!(talkers[0].heard_all_of(&talkers[1]) > 7_000);
    assert!(talkers[1].heard_all_of(&talkers[0]) > 7_000);
}

/// The other end hears nothing and says so.
#[test]
fn a_far_end_that_hears_nothing_is_rai() {
    let mut near = Span::open(config(1, circuits())).unwrap();
    assert_eq!(run(&mut near, 50), []);
    assign(2, false);
    let rai = |on| SpanEvent::Alarm {
        alarm: Alarm::Rai,
        on,
    };
    assert_eq!(alarms(&run(&mut near, 300)), [rai(true)]);
    assign(2, true);
    assert_eq!(alarms(&run(&mut near, 300)), [rai(false)]);
    drop(near);
    configure("channels.conf");
}

/// The span itself is taken from the driver under its open channels, as when a card is pulled out.
#[test]
fn a_span_that_is_taken_away_is_told_and_opened_again_when_it_is_back() {
    let mut near = Span::open(config(1, circuits())).unwrap();
    run(&mut near, 50);
    assign(1, false);
    let begun = now();
    let found = run(&mut near, 200);
    assert_eq!(alarms(&found), [LOS_ON], "{found:?}");
    let took = now().duration_since(begun);
    assert!(
        took < Duration::from_millis(2_400),
        "200 ticks without a span took {took:?}"
    );
    assign(1, true);
    configure("channels.conf");
    let found = run(&mut near, 300);
    assert_eq!(alarms(&found).last(), Some(&LOS_OFF), "{found:?}");
    drop(near);
    let (near, far) = joined();
    let (mut spans, mut talkers) = ([near, far], [Talker::new(1), Talker::new(2)]);
    for _ in 0..50 {
        let due = spans[0].wait().unwrap();
        for (span, talker) in spans.iter_mut().zip(&mut talkers) {
            talker.tick(span, due);
        }
    }
    assert!(talkers[0].heard_all_of(&talkers[1]) > 3_000);
}
