use proptest::prelude::*;
use tdm::{Alarm, TICK_OCTETS, TIMESLOTS, hdlc::Received, signalling::SignallingTimeslot};

use super::*;

/// A tick that says which it is, in every timeslot another octet; none of it constant within the tick.
fn numbered(n: u32) -> SpanTick {
    let mut tick = SpanTick([[0; TICK_OCTETS]; TIMESLOTS]);
    for (timeslot, octets) in tick.0.iter_mut().enumerate() {
        for (frame, octet) in octets.iter_mut().enumerate() {
            *octet = (n as usize * 80 + frame + timeslot * 7) as u8;
        }
    }
    tick
}

/// What is to arrive of a tick: all but timeslot 0, which is the framer's.
fn payload(tick: &SpanTick) -> &[[u8; TICK_OCTETS]] {
    &tick.0[1..]
}

struct Side {
    end: End,
    sent: u32,
    received: Vec<SpanTick>,
    events: Vec<SpanEvent>,
}

impl Side {
    fn turn(&mut self) {
        let mut rx = SpanTick([[0; TICK_OCTETS]; TIMESLOTS]);
        assert_eq!(self.end.exchange(&numbered(self.sent), &mut rx).unwrap(), 0);
        self.sent += 1;
        self.received.push(rx);
        self.events
            .extend(std::iter::from_fn(|| self.end.poll_event()));
    }

    fn events(&mut self) -> Vec<String> {
        self.events
            .drain(..)
            .map(|event| event.to_string())
            .collect()
    }
}

fn sides() -> (Side, Side) {
    sides_of(Config::LOCK_STEP)
}

fn sides_of(config: Config) -> (Side, Side) {
    let (a, b) = pair_with(SpanId(1), SpanId(2), config);
    let side = |end| Side {
        end,
        sent: 0,
        received: Vec::new(),
        events: Vec::new(),
    };
    (side(a), side(b))
}

fn turns(a: &mut Side, b: &mut Side, count: usize) {
    for _ in 0..count {
        a.turn();
        b.turn();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// In turns, in whatever order: tick n arrives in exchange n + 1, unchanged, and no alarm is seen.
    #[test]
    fn nothing_is_lost_in_whatever_order(orders in prop::collection::vec(any::<bool>(), 1..60)) {
        let (mut a, mut b) = sides();
        for a_first in &orders {
            let (first, second) = if *a_first { (&mut a, &mut b) } else { (&mut b, &mut a) };
            first.turn();
            second.turn();
        }
        for side in [&a, &b] {
            prop_assert!(side.events.is_empty());
            for (n, tick) in side.received.iter().enumerate().skip(1) {
                prop_assert!(payload(tick) == payload(&numbered(n as u32 - 1)));
            }
            let counters = side.end.counters();
            prop_assert_eq!(counters, SpanCounters { ticks: orders.len() as u64, ..Default::default() });
        }
    }

    /// Any calls in any order, any faults: no panic, and what stands afterwards goes away again.
    #[test]
    fn recovers_from_anything(acts in prop::collection::vec((0u8..9, any::<i16>()), 1..200)) {
        let (mut a, mut b) = sides();
        for (act, value) in acts {
            let cable = a.end.cable();
            let line = if value % 2 == 0 { cable.transmit() } else { cable.receive() };
            match act {
                0 => a.turn(),
                1 => b.turn(),
                2 => line.cut(),
                3 => line.mend(),
                4 => line.ais(value > 0),
                5 => line.slip(i32::from(value)),
                6 => line.error_rate(f64::from(value) / 32768.0),
                _ => turns(&mut a, &mut b, 3),
            }
        }
        let cable = b.end.cable();
        cable.mend();
        cable.ais(false);
        cable.error_rate(0.0);
        turns(&mut a, &mut b, 40);
        prop_assert!(a.end.alarms().is_empty() && b.end.alarms().is_empty());
        for side in [&mut a, &mut b] {
            side.received.clear();
        }
        let from = (a.sent, b.sent);
        turns(&mut a, &mut b, 40);
        // The slips have left a delay of some frames; the octets come in their order.
        for (side, sent) in [(&a, from.1), (&b, from.0)] {
            let first = side.received[0].0[1][0];
            for (n, tick) in side.received.iter().enumerate() {
                for (timeslot, octets) in tick.0.iter().enumerate().skip(1) {
                    for (frame, &octet) in octets.iter().enumerate() {
                        let expected = (usize::from(first) + n * 80 + frame + (timeslot - 1) * 7) as u8;
                        prop_assert_eq!(octet, expected, "tick {}, timeslot {}, sent {}", n, timeslot, sent);
                    }
                }
            }
        }
    }
}

#[test]
fn a_cut_gives_los_at_both_ends_and_a_mended_cable_clears_it() {
    let (mut a, mut b) = sides();
    turns(&mut a, &mut b, 10);
    a.end.cable().cut();
    turns(&mut a, &mut b, 10);
    assert_eq!(a.events(), ["LOS on"]);
    assert_eq!(b.events(), ["LOS on"]);
    assert_eq!(
        a.received[19].0, [[0xff; TICK_OCTETS]; TIMESLOTS],
        "a dead line is all ones"
    );
    b.end.cable().mend();
    turns(&mut a, &mut b, 20);
    assert_eq!(a.events(), ["LOS off"]);
    assert_eq!(b.events(), ["LOS off"]);
    assert_eq!(a.end.counters().los, 1);
    assert!(
        payload(&a.received[39]) == payload(&numbered(38))
            || payload(&a.received[39]) == payload(&numbered(37))
    );
}

#[test]
fn one_direction_cut_is_told_to_the_other_end_by_bit_a() {
    let (mut a, mut b) = sides();
    turns(&mut a, &mut b, 5);
    a.end.cable().transmit().cut();
    turns(&mut a, &mut b, 20);
    assert_eq!(b.events(), ["LOS on"]);
    assert_eq!(a.events(), ["RAI on"]);
    assert_eq!(
        payload(&a.received[24]),
        payload(&numbered(23)),
        "RAI does not mute"
    );
    a.end.cable().transmit().mend();
    turns(&mut a, &mut b, 20);
    assert_eq!(b.events(), ["LOS off"]);
    assert_eq!(a.events(), ["RAI off"]);
}

#[test]
fn ones_on_the_line_are_ais_and_not_lof() {
    let (mut a, mut b) = sides();
    turns(&mut a, &mut b, 5);
    a.end.cable().receive().ais(true);
    turns(&mut a, &mut b, 10);
    assert_eq!(a.events(), ["AIS on"]);
    assert_eq!(b.events(), ["RAI on"]);
    a.end.cable().ais(false);
    turns(&mut a, &mut b, 15);
    assert_eq!(a.events(), ["AIS off"]);
    assert_eq!(b.events(), ["RAI off"]);
}

#[test]
fn noise_is_lof() {
    let (mut a, mut b) = sides();
    turns(&mut a, &mut b, 5);
    a.end.cable().receive().error_rate(0.5);
    turns(&mut a, &mut b, 10);
    assert_eq!(a.events(), ["LOF on"]);
    a.end.cable().receive().error_rate(0.0);
    turns(&mut a, &mut b, 20);
    assert_eq!(a.events(), ["LOF off"]);
    assert!(b.events().starts_with(&["RAI on".into()]));
    assert!(a.end.counters().framing_errors >= 3);
}

#[test]
fn few_errors_are_counted_and_raise_nothing() {
    let (mut a, mut b) = sides();
    a.end.cable().error_rate(1e-4);
    turns(&mut a, &mut b, 100);
    assert!(a.events.is_empty() && b.events.is_empty());
    // 40 alignment signals of 7 bits a tick: 2.8 in 100 ticks are to be expected.
    assert!(
        (1..10).contains(&a.end.counters().framing_errors),
        "{}",
        a.end.counters().framing_errors
    );
}

/// A break shorter than LOS loses octets but displaces none.
#[test]
fn a_short_break_is_no_slip() {
    let (mut a, mut b) = sides();
    turns(&mut a, &mut b, 5);
    a.end.cable().cut();
    turns(&mut a, &mut b, 2);
    a.end.cable().mend();
    turns(&mut a, &mut b, 5);
    for side in [&mut a, &mut b] {
        assert!(side.events().is_empty());
        assert_eq!(payload(&side.received[11]), payload(&numbered(10)));
        assert_eq!(side.end.counters().octets_lost, 160);
        assert_eq!(side.end.counters().octets_inserted, 160);
    }
}

#[test]
fn a_slip_moves_every_timeslot_by_whole_frames() {
    let (mut a, mut b) = sides();
    turns(&mut a, &mut b, 5);
    a.end.cable().receive().slip(3);
    turns(&mut a, &mut b, 1);
    assert_eq!(a.events(), ["slip of +3 octets"]);
    let (before, after) = (&a.received[4], &a.received[5]);
    for timeslot in 1..TIMESLOTS {
        assert_eq!(
            after.0[timeslot][..3],
            before.0[timeslot][77..],
            "the last three frames once more"
        );
        assert_eq!(after.0[timeslot][3..], numbered(4).0[timeslot][..77]);
    }
    assert!(b.events.is_empty());
}

#[test]
fn an_end_that_runs_ahead_repeats_and_reports_it() {
    let (mut a, mut b) = sides();
    turns(&mut a, &mut b, 3);
    a.turn();
    a.turn();
    turns(&mut a, &mut b, 10);
    assert_eq!(a.events(), ["slip of +160 octets"]);
    // B hears all of it, later by the two ticks that it did not take.
    assert!(b.events().is_empty());
    for (n, tick) in b.received.iter().enumerate().skip(1) {
        assert_eq!(payload(tick), payload(&numbered(n as u32 - 1)));
    }
}

#[test]
fn an_end_that_stays_away_is_los_and_comes_back() {
    let (mut a, mut b) = sides();
    turns(&mut a, &mut b, 3);
    for _ in 0..30 {
        a.turn();
    }
    assert_eq!(a.events(), ["LOS on"]);
    assert!(a.end.alarms().contains(Alarm::Los));
    turns(&mut a, &mut b, 20);
    assert_eq!(a.events(), ["LOS off"]);
    assert_eq!(b.events()[0], "slip of -2480 octets", "all 31 that A sent");
    assert!(a.end.alarms().is_empty() && b.end.alarms().is_empty());
}

/// The whole way of a signal unit: zero insertion, timeslot, frames, line, and back.
#[test]
fn signal_units_cross_the_line() {
    let (mut a, mut b) = pair(SpanId(0), SpanId(1));
    let timeslot = tdm::Timeslot::new(16).unwrap();
    let (mut sender, mut receiver) = (
        SignallingTimeslot::new(timeslot),
        SignallingTimeslot::new(timeslot),
    );
    let su: Vec<u8> = (0..100u8).map(|n| n.wrapping_mul(5)).collect();
    sender.queue(&su).unwrap();
    let mut received = Vec::new();
    let (mut tx, mut rx) = (numbered(0), numbered(0));
    for _ in 0..5 {
        sender.transmit(&mut tx);
        a.exchange(&tx, &mut rx).unwrap();
        b.exchange(&numbered(0), &mut rx).unwrap();
        receiver.receive(&rx, &mut |event| {
            if let Received::SignalUnit(su) = event {
                received.push(su.to_vec());
            }
        });
    }
    assert_eq!(received, [su]);
}

/// A thread that takes its clock from another line: this one's far end runs one tick in 200 faster
/// or slower, never waits for us, and what that displaces is counted as slips and nothing else.
#[test]
fn a_line_carried_by_the_clock_of_another_slips() {
    for (fast, seconds) in [(true, 60), (false, 60)] {
        let (mut near, mut far) = pair_with(SpanId(1), SpanId(2), Config::REAL_TIME);
        let (mut rx, mut lost, mut inserted, mut alarms) = (numbered(0), 0i64, 0i64, 0);
        for n in 0..seconds * 100 {
            let turns = match n % 200 == 199 {
                true if fast => 2,
                true => 0,
                false => 1,
            };
            for _ in 0..turns {
                far.exchange(&numbered(n), &mut rx).unwrap();
            }
            near.carry(Due::default(), &numbered(n), &mut rx).unwrap();
            while let Some(event) = near.poll_event() {
                match event {
                    SpanEvent::Slip { octets } if octets < 0 => lost -= i64::from(octets),
                    SpanEvent::Slip { octets } => inserted += i64::from(octets),
                    SpanEvent::Alarm { .. } => alarms += 1,
                }
            }
        }
        assert_eq!(alarms, 0);
        // 30 ticks of difference; what the store holds is not yet accounted for.
        let (moved, other) = if fast {
            (lost, inserted)
        } else {
            (inserted, lost)
        };
        assert!((10 * 80..=40 * 80).contains(&moved), "{moved} octets");
        assert_eq!(other, 0);
        assert!(near.counters().slips > 0);
    }
}

const T1: Config = Config {
    framing: tdm::Framing::T1,
    ..Config::LOCK_STEP
};

/// All 24 timeslots of a T1 arrive unchanged, whatever they hold; it goes through the alarms as an E1
/// does, and finds its alignment again after a slip.
#[test]
fn a_t1_carries_24_timeslots_and_has_the_same_alarms() {
    let (mut a, mut b) = sides_of(T1);
    turns(&mut a, &mut b, 50);
    for side in [&mut a, &mut b] {
        assert!(side.events().is_empty());
        for (n, tick) in side.received.iter().enumerate().skip(1) {
            assert_eq!(tick.0[1..=24], numbered(n as u32 - 1).0[1..=24]);
        }
    }
    let cable = a.end.cable();
    cable.transmit().cut();
    turns(&mut a, &mut b, 20);
    assert_eq!(b.events(), ["LOS on"]);
    assert_eq!(a.events(), ["RAI on"]);
    cable.transmit().mend();
    turns(&mut a, &mut b, 30);
    assert_eq!(b.events(), ["LOS off"]);
    assert_eq!(a.events(), ["RAI off"]);
    cable.transmit().ais(true);
    turns(&mut a, &mut b, 20);
    assert_eq!(b.events(), ["AIS on"]);
    cable.transmit().ais(false);
    turns(&mut a, &mut b, 30);
    assert_eq!(b.events(), ["AIS off"]);
    a.events();
    cable.slip(5);
    turns(&mut a, &mut b, 10);
    assert_eq!(a.events(), ["slip of +5 octets"]);
    assert_eq!(b.events(), ["slip of +5 octets"]);
}

/// Ones in every timeslot are no AIS: the F-bits tell the difference.
#[test]
fn a_t1_full_of_ones_is_no_alarm() {
    let (a, b) = pair_with(SpanId(1), SpanId(2), T1);
    let ones = SpanTick([[0xff; TICK_OCTETS]; TIMESLOTS]);
    let mut rx = ones.clone();
    let (mut a, mut b) = (a, b);
    for _ in 0..100 {
        a.exchange(&ones, &mut rx).unwrap();
        b.exchange(&ones, &mut rx).unwrap();
    }
    assert_eq!(b.poll_event(), None);
    assert!(b.alarms().is_empty());
}

#[test]
fn an_alarm_can_be_told_without_having_one() {
    for config in [Config::LOCK_STEP, T1] {
        let (mut a, mut b) = sides_of(config);
        a.end.cable().transmit().rai(true);
        turns(&mut a, &mut b, 20);
        assert_eq!(b.events(), ["RAI on"], "{}", config.framing);
        a.end.cable().transmit().rai(false);
        turns(&mut a, &mut b, 20);
        assert_eq!(b.events(), ["RAI off"]);
        assert!(a.events().is_empty());
    }
}

/// A clock that is 125 ppm ahead: one frame in 8000, one a second, is left out there and repeated here.
#[test]
fn clocks_that_differ_slip_a_frame_now_and_then() {
    let (mut here, mut there) = sides_of(Config::LOCK_STEP);
    here.end.drift_by(125);
    turns(&mut here, &mut there, 1000);
    let slips = |counters: SpanCounters| {
        (
            counters.slips,
            counters.octets_inserted,
            counters.octets_lost,
        )
    };
    assert_eq!(slips(here.end.counters()), (10, 10, 0));
    assert_eq!(slips(there.end.counters()), (10, 0, 10));
}

/// As many E1s as a card of 63 carries, all in this process: each is a line of its own.
#[test]
fn sixty_three_spans_live_side_by_side() {
    let mut spans: Vec<_> = (0..63).map(|n| pair(SpanId(n), SpanId(n))).collect();
    let mut rx = SpanTick([[0; TICK_OCTETS]; TIMESLOTS]);
    spans[17].0.cable().transmit().cut();
    for tick in 0..20 {
        for (n, (a, b)) in spans.iter_mut().enumerate() {
            a.exchange(&numbered(tick + 100 * n as u32), &mut rx)
                .unwrap();
            b.exchange(&numbered(0), &mut rx).unwrap();
            let whole = payload(&rx) == payload(&numbered((tick + 100 * n as u32).wrapping_sub(1)));
            assert_eq!(whole, n != 17 && tick > 0, "span {n}, tick {tick}");
        }
    }
    let alarmed = spans.iter().filter(|(_, b)| !b.alarms().is_empty()).count();
    assert_eq!(alarmed, 1);
}

/// What arrives in half a second with one wrong bit in a thousand.
fn disturbed(seed: u64) -> Vec<u8> {
    let (mut a, mut b) = sides_of(Config {
        seed,
        ..Config::LOCK_STEP
    });
    a.end.cable().error_rate(1e-3);
    turns(&mut a, &mut b, 50);
    let octets = a
        .received
        .iter()
        .flat_map(|tick| payload(tick).as_flattened());
    octets.copied().collect()
}

#[test]
fn the_same_seed_gives_the_same_errors() {
    assert_eq!(disturbed(7), disturbed(7));
    assert_ne!(disturbed(7), disturbed(8));
}
