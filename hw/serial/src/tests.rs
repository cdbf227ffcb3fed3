//! Two spans on the two ends of a line that may damage what it carries, in virtual time.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tdm::hdlc::Received;
use tdm::{Alarm, Due, Law, SpanEvent, SpanId, SpanIo, SpanTick, TICK_OCTETS, Timeslot};

use crate::frame::{Deframer, Frame};
use crate::{Layout, LineCounters, Port, Span};

/// Numbers that look random, the same in every run.
struct Chance(u32);

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % limit
    }
}

type Way = Arc<Mutex<VecDeque<u8>>>;

/// An end of a line that loses nothing by itself.
struct Wire {
    incoming: Way,
    outgoing: Way,
}

impl Port for Wire {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let mut way = self.incoming.lock().unwrap();
        let count = way.len().min(octets.len());
        for (slot, octet) in octets.iter_mut().zip(way.drain(..count)) {
            *slot = octet;
        }
        Ok(count)
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<bool> {
        self.outgoing.lock().unwrap().extend(octets);
        Ok(true)
    }
}

struct Pair {
    spans: [Span<Wire>; 2],
    ways: [Way; 2],
    ticks: u64,
    /// Octets that arrived on timeslot 1 at each end.
    heard: [Vec<u8>; 2],
    events: [Vec<SpanEvent>; 2],
}

const VOICE: Timeslot = Timeslot::new(1).unwrap();
const SIGNALLING: Timeslot = Timeslot::new(16).unwrap();

impl Pair {
    fn new() -> Self {
        let layout = Layout::new(230_400, &[1, 2], Some(16)).unwrap();
        let ways: [Way; 2] = Default::default();
        let span = |incoming: usize| {
            let wire = Wire {
                incoming: Arc::clone(&ways[incoming]),
                outgoing: Arc::clone(&ways[1 - incoming]),
            };
            Span::new(SpanId(incoming as u16), layout.clone(), wire)
        };
        Self {
            spans: [span(0), span(1)],
            ways,
            ticks: 0,
            heard: Default::default(),
            events: Default::default(),
        }
    }

    /// One tick of both; each sends the number of the tick on timeslot 1.
    fn tick(&mut self) {
        let mut tx = SpanTick::idle(Law::ALaw);
        let number = self.ticks.to_be_bytes().repeat(TICK_OCTETS / 8);
        tx.timeslot_mut(VOICE).copy_from_slice(&number);
        let mut rx = tx.clone();
        for end in 0..2 {
            let span = &mut self.spans[end];
            span.carry(Due::default(), &tx, &mut rx).unwrap();
            self.heard[end].extend(rx.timeslot(VOICE));
            self.events[end].extend(std::iter::from_fn(|| span.poll_event()));
        }
        self.ticks += 1;
    }

    fn run(&mut self, ticks: u32) {
        (0..ticks).for_each(|_| self.tick());
    }

    /// In service, with nothing heard yet.
    fn ready() -> Self {
        let mut pair = Self::new();
        pair.run(40);
        for end in 0..2 {
            assert!(pair.spans[end].alarms().is_empty());
            let raised = pair.events[end].first();
            let los = |on| SpanEvent::Alarm {
                alarm: Alarm::Los,
                on,
            };
            assert_eq!(raised, Some(&los(true)));
            assert!(pair.events[end].contains(&los(false)));
            pair.events[end].clear();
            pair.heard[end].clear();
        }
        pair
    }

    /// The numbers of the ticks that arrived; all ones are one that did not.
    fn numbers(&self, end: usize) -> Vec<u64> {
        let ticks = self.heard[end].chunks_exact(TICK_OCTETS);
        let number = |tick: &[u8]| u64::from_be_bytes(tick[..8].try_into().unwrap());
        ticks.map(number).collect()
    }

    fn signal_units(&mut self, end: usize) -> (Vec<Vec<u8>>, u32, u32) {
        let (mut units, mut repeated, mut errored) = (Vec::new(), 0, 0);
        let signalling = self.spans[end].signalling(SIGNALLING).unwrap();
        signalling
            .receive(&mut |received| match received {
                Received::SignalUnit(unit) => units.push(unit.to_vec()),
                Received::Repeated => repeated += 1,
                Received::Errored | Received::OctetCounting => errored += 1,
            })
            .unwrap();
        (units, repeated, errored)
    }
}

#[test]
fn octets_arrive_in_order_and_none_is_lost() {
    let mut pair = Pair::ready();
    pair.run(200);
    for end in 0..2 {
        let numbers = pair.numbers(end);
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1));
        assert!(pair.events[end].is_empty());
        let line = pair.spans[end].line_counters();
        assert_eq!((line.broken, line.missing, line.skipped), (0, 0, 0));
    }
}

#[test]
fn signal_units_of_any_length_arrive_once_and_the_last_short_one_is_repeated() {
    let mut pair = Pair::ready();
    let long: Vec<Vec<u8>> = (3..=277)
        .map(|length| (0..length).map(|n| n as u8 ^ length as u8).collect())
        .collect();
    let signalling = pair.spans[0].signalling(SIGNALLING).unwrap();
    for unit in &long {
        signalling.queue(unit).unwrap();
    }
    signalling.queue(&[0x80, 0x80, 0]).unwrap();
    assert!(signalling.queue(&[0; 2]).is_err());
    assert!(signalling.queue(&[0; 278]).is_err());
    let mut arrived = Vec::new();
    let (mut repeats, mut errors) = (0, 0);
    for _ in 0..900 {
        pair.tick();
        let (units, repeated, errored) = pair.signal_units(1);
        arrived.extend(units);
        repeats += repeated;
        errors += errored;
    }
    assert_eq!(arrived[..long.len()], long);
    assert_eq!(arrived[long.len()..], [[0x80, 0x80, 0]]);
    assert!(repeats > 100, "{repeats}");
    assert_eq!(errors, 0);
}

/// One frame in ten is damaged or cut short: what is lost is replaced by ones, and what is not lost
/// keeps its place.
#[test]
fn a_line_with_errors_displaces_nothing() {
    let mut pair = Pair::ready();
    let mut chance = Chance(7);
    for _ in 0..2000 {
        pair.tick();
        // What the second end sent waits for the first.
        let mut way = pair.ways[0].lock().unwrap();
        if way.len() > 20 && chance.below(10) == 0 {
            let at = chance.below(way.len() as u32) as usize;
            if chance.below(2) == 0 {
                way[at] ^= 1 << chance.below(8);
            } else {
                let end = (at + 1 + chance.below(12) as usize).min(way.len() - 1);
                way.drain(at..end.max(at));
            }
        }
    }
    let numbers = pair.numbers(0);
    let places = numbers.iter().enumerate();
    let good: Vec<_> = places.filter(|(_, number)| **number != u64::MAX).collect();
    let offset = *good[0].1 - good[0].0 as u64;
    assert!(
        good.iter()
            .all(|(place, number)| **number == *place as u64 + offset)
    );
    let lost = numbers.len() - good.len();
    let line = pair.spans[0].line_counters();
    assert!((100..400).contains(&lost), "{lost}");
    // The last ones wait in the store still.
    let missing = line.missing as usize;
    assert!((lost..lost + 4).contains(&missing), "{missing}, {lost}");
    assert!(line.broken > 0 && line.skipped > 0);
    let counters = pair.spans[0].counters();
    assert_eq!(counters.octets_lost, (missing * TICK_OCTETS) as u64);
    assert_eq!(counters.slips, 0);
    assert!(pair.events[0].is_empty(), "{:?}", pair.events[0]);
}

/// A signal unit in a frame that is lost is an error for the monitor, and the FISU comes again.
#[test]
fn a_lost_frame_is_an_errored_signal_unit() {
    let mut pair = Pair::ready();
    let signalling = pair.spans[0].signalling(SIGNALLING).unwrap();
    signalling.queue(&[0x80, 0x80, 0]).unwrap();
    pair.run(5);
    pair.signal_units(1);
    let signalling = pair.spans[0].signalling(SIGNALLING).unwrap();
    signalling.queue(&[0x80, 0x81, 63, 5, 1, 2, 3]).unwrap();
    let mut rx = SpanTick::idle(Law::ALaw);
    let tx = rx.clone();
    pair.spans[0].carry(Due::default(), &tx, &mut rx).unwrap();
    pair.ways[1].lock().unwrap().clear();
    pair.run(5);
    let (units, repeated, errored) = pair.signal_units(1);
    assert_eq!((units.len(), errored), (0, 1));
    assert!(repeated >= 4);
}

#[test]
fn a_line_that_falls_silent_is_los_here_and_rai_there() {
    let mut pair = Pair::ready();
    for _ in 0..60 {
        pair.tick();
        pair.ways[0].lock().unwrap().clear();
    }
    let on = |alarm| SpanEvent::Alarm { alarm, on: true };
    assert_eq!(pair.events[0].last(), Some(&on(Alarm::Los)));
    assert_eq!(pair.events[1].last(), Some(&on(Alarm::Rai)));
    assert_eq!(pair.numbers(0).last(), Some(&u64::MAX));
    pair.run(60);
    for end in 0..2 {
        assert!(pair.spans[end].alarms().is_empty());
        assert_ne!(pair.numbers(end).last(), Some(&u64::MAX));
    }
}

/// Noise is LOS: a line with octets and without frames.
#[test]
fn noise_is_no_line() {
    let mut pair = Pair::ready();
    let mut chance = Chance(3);
    for _ in 0..60 {
        pair.tick();
        for octet in pair.ways[0].lock().unwrap().iter_mut() {
            *octet = chance.below(256) as u8;
        }
    }
    assert!(pair.spans[0].alarms().contains(Alarm::Los));
}

/// Nine ticks for the ten of the other end: the store slips, and says so.
#[test]
fn a_faster_far_end_makes_slips() {
    let mut pair = Pair::ready();
    let tx = SpanTick::idle(Law::ALaw);
    let mut rx = tx.clone();
    for tick in 0..1000 {
        pair.spans[0].carry(Due::default(), &tx, &mut rx).unwrap();
        if tick % 10 != 0 {
            pair.spans[1].carry(Due::default(), &tx, &mut rx).unwrap();
        }
    }
    let fast = pair.spans[1].counters();
    assert_eq!(fast.octets_inserted, 0);
    let lost = fast.octets_lost / TICK_OCTETS as u64;
    assert!((85..=100).contains(&lost), "{lost}");
    assert!(pair.spans[0].counters().octets_inserted > 0);
}

#[test]
fn a_far_end_with_other_timeslots_is_counted_as_such() {
    let here = Layout::new(230_400, &[1, 2], Some(16)).unwrap();
    let mut line = Vec::new();
    let frame = Frame {
        sequence: 0,
        remote_alarm: false,
        timeslots: &[0; TICK_OCTETS],
        signalling: &[],
    };
    frame.write(&mut line);
    let mut counters = LineCounters::default();
    Deframer::new(&here).push(&line, &mut counters, &mut |_| panic!("a frame"));
    assert_eq!(counters.foreign, 1);
}

proptest! {
    /// Frames between any octets, in pieces of any size, are found; what is no frame never is.
    #[test]
    fn frames_are_found_between_anything(
        noise in prop::collection::vec(any::<u8>(), 0..300),
        sequence: u16,
        signalling in prop::collection::vec(any::<u8>(), 0..40),
        fill: u8,
        cut in 1_usize..64,
    ) {
        let layout = Layout::new(230_400, &[1, 2], Some(16)).unwrap();
        let timeslots = vec![fill; 2 * TICK_OCTETS];
        let frame = Frame { sequence, remote_alarm: true, timeslots: &timeslots, signalling: &signalling };
        let mut line = noise.clone();
        for _ in 0..3 {
            frame.write(&mut line);
        }
        let mut deframer = Deframer::new(&layout);
        let mut counters = LineCounters::default();
        let mut found = 0;
        for piece in line.chunks(cut) {
            deframer.push(piece, &mut counters, &mut |there| {
                assert_eq!(there, frame);
                found += 1;
            });
        }
        // Noise that looks like the beginning of a frame may swallow one until it is found out.
        prop_assert!(found >= 2);
    }

    /// Anything at all on the line harms nobody.
    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut pair = Pair::ready();
        pair.ways[1].lock().unwrap().extend(&octets);
        pair.run(3);
    }
}
