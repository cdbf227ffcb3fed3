//! A mouth speaks into an ear.

use std::sync::Arc;
use std::time::Duration;

use media_bridge::dtmf::Digit;
use media_bridge::level::Dbm0;
use media_bridge::tone::{Plan, ToneProgram};
use tdm::Law;

use super::*;

fn hear(mouth: &mut Mouth, ear: &mut Ear, seconds: f64) -> Vec<Heard> {
    let mut octets = [0; 160];
    for _ in 0..(seconds * 50.0) as u32 {
        mouth.fill(&mut octets);
        ear.push(&octets);
    }
    std::iter::from_fn(|| ear.poll_heard()).collect()
}

fn pair() -> (Mouth, Ear) {
    (Mouth::new(Law::ALaw), Ear::new(Law::ALaw))
}

#[test]
fn ringback_is_heard_with_frequency_level_and_cadence() {
    for (country, frequencies, cadence) in [
        ("de", vec![425.0], vec![1000, 4000]),
        ("us", vec![440.0, 480.0], vec![2000, 4000]),
        ("gb", vec![400.0, 450.0], vec![400, 200, 400, 2000]),
    ] {
        let (mut mouth, mut ear) = pair();
        mouth.play(Play::Tone(Plan::builtin(country).unwrap().ringback()));
        let heard = hear(&mut mouth, &mut ear, 12.1);
        let mut intervals = Vec::new();
        for heard in &heard {
            match heard {
                Heard::Sound {
                    duration, tones, ..
                } => {
                    assert_eq!(tones.len(), frequencies.len(), "{country} {tones:?}");
                    for (tone, expected) in tones.iter().zip(&frequencies) {
                        assert!((tone.frequency - expected).abs() < 1.0, "{tone:?}");
                    }
                    intervals.push(duration.as_millis() as i64);
                }
                Heard::Silence { duration, .. } => intervals.push(duration.as_millis() as i64),
                _ => {}
            }
        }
        assert!(intervals.len() >= 3, "{country}: {heard:?}");
        for (measured, expected) in intervals.iter().zip(cadence.iter().cycle()) {
            assert!((measured - expected).abs() <= 5, "{country} {intervals:?}");
        }
    }
}

#[test]
fn a_steady_tone_is_reported_once_with_its_level() {
    let (mut mouth, mut ear) = pair();
    let program = ToneProgram::steady(1004.0, Dbm0(-16.0)).unwrap();
    mouth.play(Play::Tone(Arc::new(program)));
    let heard = hear(&mut mouth, &mut ear, 3.0);
    let [Heard::Tones { tones, level, .. }] = &heard[..] else {
        panic!("{heard:?}");
    };
    assert!((tones[0].frequency - 1004.0).abs() < 0.5, "{tones:?}");
    assert!((level.0 + 16.0).abs() < 0.2, "{level}");
}

#[test]
fn digits_are_heard_in_order_over_what_plays() {
    let (mut mouth, mut ear) = pair();
    mouth.play(Play::Pattern);
    for digit in "159D".chars() {
        mouth.dial(Digit::from_char(digit).unwrap(), Duration::from_millis(100));
    }
    assert!(mouth.is_dialling());
    let digits: String = hear(&mut mouth, &mut ear, 1.0)
        .iter()
        .filter_map(|heard| match heard {
            Heard::Digit {
                digit, duration, ..
            } => {
                assert!((90..=110).contains(&duration.as_millis()), "{duration:?}");
                Some(digit.as_char())
            }
            _ => None,
        })
        .collect();
    assert_eq!(digits, "159D");
    assert!(!mouth.is_dialling());
    assert!(ear.pattern().locked, "the pattern goes on after the digits");
}

#[test]
fn the_pattern_is_found_and_its_errors_counted() {
    let (mut mouth, mut ear) = pair();
    mouth.play(Play::Pattern);
    let heard = hear(&mut mouth, &mut ear, 1.0);
    assert_eq!(heard[0], Heard::Pattern(true));
    let report = ear.pattern();
    assert!(report.locked && report.octets > 7900, "{report:?}");
    assert_eq!((report.locks, report.bit_errors), (1, 0));
    let mut octets = [0; 80];
    mouth.fill(&mut octets);
    octets[40] ^= 0x18;
    ear.push(&octets);
    let report = ear.pattern();
    assert_eq!((report.octet_errors, report.bit_errors), (1, 2));
}

#[test]
fn idle_is_silence() {
    let (mut mouth, mut ear) = pair();
    assert_eq!(hear(&mut mouth, &mut ear, 5.0), []);
    assert!(ear.history_len() < 10_000);
}
