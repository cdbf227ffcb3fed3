//! Media threads with spans that are dealt out among them.

use std::io::{self, PipeReader, Read};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use media_bridge::{BridgeId, Command, Event, NullRtp, Open, Path, Refusal};
use tdm::{Due, Law, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick, Timeslot};

use super::deal;
use crate::shell::thread::{MediaThread, Place};
use crate::shell::word::{Down, Up};
use crate::shell::worker::{Links, Worker};

/// Circuits of a span.
const CIRCUITS: u8 = 30;

/// A line whose clock says each time that it is late and has given ticks up.
struct Late(SpanId);

impl SpanIo for Late {
    fn id(&self) -> SpanId {
        self.0
    }
    #[expect(clippy::disallowed_methods, reason = "a line with a clock of its own")]
    fn wait(&mut self) -> io::Result<Due> {
        std::thread::sleep(Duration::from_millis(1));
        Ok(Due {
            late: 1,
            skipped: 2,
        })
    }
    fn carry(&mut self, _: Due, _: &SpanTick, _: &mut SpanTick) -> io::Result<()> {
        Ok(())
    }
    fn poll_event(&mut self) -> Option<SpanEvent> {
        None
    }
    fn counters(&self) -> SpanCounters {
        SpanCounters::default()
    }
}

/// Threads with so many spans dealt out among them, and the pipe that wakes who hears them.
fn threads(spans: u16, count: usize) -> (Vec<MediaThread>, PipeReader) {
    let (read, wake) = io::pipe().unwrap();
    let wake = Arc::new(OwnedFd::from(wake));
    let thread_of = deal(spans.into(), count);
    let threads = (0..count).map(|index| {
        let own = (0..spans).map(SpanId).zip(&thread_of);
        let lines = own
            .filter(|(_, thread)| **thread == index)
            .map(|(span, _)| {
                let line: Box<dyn SpanIo> = Box::new(Late(span));
                (line, Links::new())
            });
        let worker = Worker::new(lines.collect(), NullRtp, 1, false);
        MediaThread::start("media", Place::default(), worker, Arc::clone(&wake)).unwrap()
    });
    (threads.collect(), read)
}

fn open(span: u16, timeslot: u8) -> Down {
    let bridge = BridgeId(u32::from(span) << 8 | u32::from(timeslot));
    let timeslot = Timeslot::new(timeslot).unwrap();
    let open = Open::new(bridge, SpanId(span), timeslot, Law::ALaw, Path::CLOSED);
    Down::Media(Command::Open(Box::new(open)))
}

/// Waits until the thread has answered so many times; the bridges that were opened, and refusals.
fn answers(thread: &mut MediaThread, mut wake: &PipeReader, count: usize) -> Vec<Event> {
    let mut heard = Vec::new();
    while heard.len() < count {
        match thread.hear() {
            Some(Up::Media(event @ (Event::Opened { .. } | Event::Refused { .. }))) => {
                heard.push(event);
            }
            Some(_) => {}
            None => {
                let _ = wake.read(&mut [0; 64]).unwrap();
            }
        }
    }
    heard
}

#[test]
fn all_timeslots_of_a_span_are_on_the_thread_that_it_was_dealt_to() {
    assert_eq!(deal(5, 2), [0, 1, 0, 1, 0]);
    let (mut threads, wake) = threads(5, 2);
    for (span, thread) in (0..).zip(deal(5, 2)) {
        for timeslot in 1..=CIRCUITS {
            threads[thread].tell(open(span, timeslot));
        }
        let opened = answers(&mut threads[thread], &wake, CIRCUITS.into());
        let all = opened
            .iter()
            .all(|event| matches!(event, Event::Opened { .. }));
        assert!(all, "span {span}: {opened:?}");
        let other = &mut threads[1 - thread];
        other.tell(open(span, 31));
        let refusal = Refusal::UnknownSpan(SpanId(span));
        let refused = answers(other, &wake, 1);
        assert!(
            matches!(refused[..], [Event::Refused { refusal: told, .. }] if told == refusal),
            "{refused:?}"
        );
    }
}

#[test]
fn late_and_missed_ticks_of_a_thread_are_counted() {
    let (mut threads, wake) = threads(1, 1);
    threads[0].tell(open(0, 1));
    answers(&mut threads[0], &wake, 1);
    threads[0].tell(open(0, 2));
    answers(&mut threads[0], &wake, 1);
    let counted = threads[0].counters();
    // The tick of the second answer may not be counted yet.
    assert!(counted.ticks >= 1);
    assert!(
        counted.late_ticks >= 1 && counted.missed_ticks >= 2,
        "{counted:?}"
    );
    assert!(counted.busy_us >= counted.busy_max_us && counted.busy_max_us >= counted.carry_max_us);
    assert_eq!(counted.lost_words, 0);
}
