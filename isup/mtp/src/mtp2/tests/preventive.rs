//! Preventive cyclic retransmission (Q.703 §6) over long lines.

use std::time::Duration;

use super::pair::Pair;
use crate::line_model::{Chance, Fault};
use crate::mtp2::{ErrorCorrection, FailureReason, SignalUnit, State, Thresholds};
use crate::{LineEvent, Standard};

const SATELLITE: Duration = Duration::from_millis(300);

fn pair(thresholds: Thresholds) -> Pair {
    let method = ErrorCorrection::Preventive(thresholds);
    Pair::over(Standard::Itu, method, SATELLITE).into_service()
}

fn retransmitted(pair: &Pair, end: usize) -> u64 {
    pair.links[end].counters().messages_retransmitted
}

#[test]
fn a_message_is_sent_again_until_it_is_acknowledged() {
    let mut pair = pair(Thresholds::default());
    pair.send(0, 0);
    pair.run(700);
    pair.assert_messages(1, 1);
    // 600 ms and a little of a line that is never idle, in units of 10 octets.
    let times = retransmitted(&pair, 0);
    assert!((400..520).contains(&times), "{times}");
    assert!(pair.lines[0].longest_queue < 600, "paced by the bit rate");
    pair.run(2_000);
    assert_eq!(retransmitted(&pair, 0), times, "acknowledged: silence");
    assert!(pair.both(State::InService));
}

#[test]
fn indicator_bits_stay_one_and_nothing_is_refused() {
    let mut pair = pair(Thresholds::default());
    for number in 0..50 {
        pair.send(0, number);
        pair.lines[0].fault = if number % 3 == 0 {
            Fault::Cut
        } else {
            Fault::None
        };
        pair.run(20);
    }
    pair.lines[0].fault = Fault::None;
    pair.run(2_000);
    pair.assert_messages(1, 50);
    for unit in pair.units.iter().flatten() {
        let (SignalUnit::Fisu(header) | SignalUnit::Msu(header, _)) = unit else {
            continue;
        };
        assert!(header.bib && header.fib, "{header:?}");
    }
    assert_eq!(pair.links[1].counters().negative_acknowledgements, 0);
}

#[test]
fn messages_under_errors_and_delay_arrive_once_in_order() {
    for (seed, n1, n2) in [(0, 127, 5_601), (1, 20, 5_601), (2, 127, 300), (3, 1, 1)] {
        let mut pair = pair(Thresholds { n1, n2 });
        let mut chance = Chance::new(seed);
        let count = if n1 == 1 { 30 } else { 600 };
        for number in 0..count {
            pair.send(0, number);
            pair.send(1, number);
            for line in &mut pair.lines {
                // Units vanish without the monitors hearing of it.
                line.fault = match chance.below(10) {
                    0 => Fault::Cut,
                    1 => Fault::BitErrors(1e-4),
                    _ => Fault::None,
                };
            }
            pair.run(chance.below(30));
        }
        for line in &mut pair.lines {
            line.fault = Fault::None;
        }
        pair.run(30_000);
        assert!(pair.both(State::InService), "{:?}", pair.indications);
        pair.assert_messages(0, count);
        pair.assert_messages(1, count);
    }
}

#[test]
fn a_threshold_forces_retransmission_before_new_messages() {
    let mut pair = pair(Thresholds { n1: 3, n2: 10_000 });
    pair.units[0].clear();
    for number in 0..5 {
        pair.send(0, number);
    }
    pair.run(200);
    let numbers: Vec<u8> = pair.units[0]
        .iter()
        .filter_map(|unit| match unit {
            SignalUnit::Msu(header, _) => Some(header.fsn),
            _ => None,
        })
        .collect();
    // The first went out alone before the others came.
    let cycle = numbers.iter().copied().skip_while(|&fsn| fsn == 0);
    let expected = [1, 2, 0].into_iter().cycle();
    assert!(numbers.len() > 50, "{numbers:?}");
    assert!(
        cycle.zip(expected).all(|(is, must)| is == must),
        "{numbers:?}"
    );
    pair.run(2_000);
    pair.assert_messages(1, 5);
}

#[test]
fn ladder_of_a_forced_retransmission() {
    let method = ErrorCorrection::Preventive(Thresholds { n1: 2, n2: 10_000 });
    let delay = Duration::from_millis(50);
    let mut pair = Pair::over(Standard::Itu, method, delay).into_service();
    pair.ladder
        .chapter("N1 is 2, the delay 50 ms each way: three messages at end 1");
    for _ in 0..3 {
        // One after the other has left, with 200 octets each.
        pair.send_sized(0, 200);
    }
    pair.until(5, |pair| pair.messages[1].len() == 3);
    pair.run(150);
    crate::ladder::reviewed!(pair.ladder.take());
}

#[test]
fn octets_count_for_a_threshold_too() {
    // Two messages of 4 octets are 20 octets on the line.
    let mut pair = pair(Thresholds { n1: 127, n2: 20 });
    for number in 0..4 {
        pair.send(0, number);
    }
    pair.run(400);
    assert_eq!(pair.messages[1].len(), 2);
    pair.run(2_000);
    pair.assert_messages(1, 4);
}

#[test]
fn a_new_message_goes_before_retransmissions() {
    let mut pair = pair(Thresholds::default());
    pair.send(0, 0);
    pair.run(100);
    pair.send(0, 1);
    // 300 ms of line, and no more than the line was given ahead.
    let took = pair.until(1, |pair| pair.messages[1].len() == 2);
    assert!((300..345).contains(&took.as_millis()), "{took:?}");
}

#[test]
fn a_full_load_of_a_long_line_is_carried() {
    let mut pair = pair(Thresholds::default());
    for number in 0..1_000 {
        pair.send(0, number);
    }
    let took = pair.until(60, |pair| pair.messages[1].len() == 1_000);
    pair.assert_messages(1, 1_000);
    // A window of 127 messages a round trip: 8 round trips of 600 ms and their retransmissions.
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn missing_acknowledgements_fail_the_link_after_t7() {
    let mut pair = pair(Thresholds::default());
    pair.lines[1].fault = Fault::Cut;
    pair.send(0, 0);
    let took = pair.until(5, |pair| pair.failure(0).is_some());
    assert_eq!(pair.failure(0), Some(FailureReason::AcknowledgementDelay));
    assert!((1_250..1_260).contains(&took.as_millis()), "{took:?}");
    let undelivered = pair.links[0].take_undelivered(pair.now);
    assert_eq!(undelivered.unacknowledged.len(), 1);
}

#[test]
fn an_abnormal_backward_sequence_number_fails_the_link() {
    let mut pair = pair(Thresholds::default());
    pair.inject(0, &[0x80 | 50, 0x80 | 127, 0]);
    pair.links[0].handle_line(pair.now, LineEvent::Good(1));
    pair.drain(0);
    assert_eq!(pair.failure(0), Some(FailureReason::AbnormalBsn));
}
