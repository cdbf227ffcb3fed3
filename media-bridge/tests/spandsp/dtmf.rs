//! DTMF in both directions, and both detectors on the same inputs.

use media_bridge::dtmf::{Detector, DetectorConfig, Digit, Generator, Levels, Report};
use media_bridge::level::Dbm0;
use media_bridge::noise::Noise;
use media_bridge::tone::Oscillator;
use media_bridge::voice::Voice;
use tdm::Law;

use crate::judge::Judge;

const LAW: Law = Law::ALaw;
const ALL: &str = "0123456789*#ABCD";

/// What ours hears, after G.711.
fn ours(samples: &[i16]) -> String {
    let mut detector = Detector::new(DetectorConfig::default(), LAW);
    let mut heard = String::new();
    for tick in samples.chunks(80) {
        let tick: Vec<i16> = tick.iter().map(|&s| LAW.decode(LAW.encode(s))).collect();
        detector.push(&tick, &mut |report| {
            if let Report::Started { digit, .. } = report {
                heard.push(digit.as_char());
            }
        });
    }
    heard
}

/// What spandsp hears of the same samples after G.711.
fn theirs(judge: &Judge, samples: &[i16]) -> String {
    let line: Vec<i16> = samples.iter().map(|&s| LAW.decode(LAW.encode(s))).collect();
    let lines = judge.lines(&["dtmf-detect"], &line);
    lines
        .iter()
        .filter_map(|line| line.chars().next())
        .collect()
}

/// A digit's two tones.
#[derive(Clone, Copy)]
struct Pair {
    low: f32,
    high: f32,
    off: f32,
    ms: usize,
    pause_ms: usize,
}

const PLAIN: Pair = Pair {
    low: -10.0,
    high: -10.0,
    off: 0.0,
    ms: 50,
    pause_ms: 50,
};

/// All sixteen digits, each after a silence, `rounds` times, each time at another alignment.
fn dial(pair: Pair, rounds: usize, noise_level: Option<f32>) -> Vec<i16> {
    let mut line = vec![0i16; 400];
    for round in 0..rounds {
        for digit in ALL.chars().filter_map(Digit::from_char) {
            let (low, high) = digit.frequencies();
            let mut low = Oscillator::new(low * (1.0 + pair.off), Dbm0(pair.low).peak(LAW));
            let mut high = Oscillator::new(high * (1.0 + pair.off), Dbm0(pair.high).peak(LAW));
            for _ in 0..pair.ms * 8 {
                line.push((low.next_sample() + high.next_sample()).round() as i16);
            }
            line.extend(std::iter::repeat_n(0, pair.pause_ms * 8 + round * 7 % 103));
        }
    }
    line.extend([0; 800]);
    if let Some(level) = noise_level {
        let mut noise = Noise::new(1, Dbm0(level), LAW);
        line.iter_mut().for_each(|s| *s += noise.next_sample());
    }
    line
}

#[test]
fn spandsp_hears_every_digit_that_we_send() {
    let Some(judge) = Judge::build() else { return };
    for (level, ms) in [(-10.0, 50), (-10.0, 100), (-6.0, 70), (-25.0, 50)] {
        let mut line = vec![0i16; 400];
        for digit in ALL.chars().filter_map(Digit::from_char) {
            let levels = Levels {
                low: Dbm0(level),
                high: Dbm0(level),
            };
            let mut samples = vec![0; ms * 8];
            Generator::new(digit, levels, LAW).fill(&mut samples);
            line.extend(samples);
            line.extend([0; 400]);
        }
        assert_eq!(theirs(&judge, &line), ALL, "{level} dBm0, {ms} ms");
    }
}

#[test]
fn we_hear_every_digit_that_spandsp_sends() {
    let Some(judge) = Judge::build() else { return };
    // Level of the low tone, how far the high one is above it, on, off.
    for sent in [
        ["-10", "0", "50", "50"],
        ["-10", "0", "40", "40"],
        ["-3", "0", "100", "100"],
        ["-30", "0", "50", "50"],
        ["-10", "4", "50", "50"],
        ["-10", "-8", "50", "50"],
    ] {
        let arguments = [&["dtmf-generate", ALL][..], &sent].concat();
        let mut line = judge.samples(&arguments, &[]);
        line.extend([0; 800]);
        assert_eq!(ours(&line), ALL, "{sent:?}");
    }
}

/// Levels, twist, frequency, noise, timing: where spandsp hears a digit that it should, so do
/// we, and not less often.
#[test]
fn we_hear_at_least_what_spandsp_hears() {
    let Some(judge) = Judge::build() else { return };
    let rounds = 12;
    let all = 16 * rounds;
    let mut cases = Vec::new();
    for level in [-3.0, -10.0, -20.0, -30.0, -36.0, -38.0] {
        cases.push((
            Pair {
                low: level,
                high: level,
                ..PLAIN
            },
            None,
        ));
    }
    for (low, high) in [
        (-10.0, -18.0),
        (-18.0, -14.0),
        (-10.0, -17.0),
        (-20.0, -26.0),
    ] {
        cases.push((Pair { low, high, ..PLAIN }, None));
    }
    for off in [-0.018, -0.015, 0.015, 0.018] {
        cases.push((Pair { off, ..PLAIN }, None));
    }
    for ms in [40, 42, 45, 50, 70, 100] {
        cases.push((
            Pair {
                ms,
                pause_ms: 40,
                ..PLAIN
            },
            None,
        ));
    }
    for noise in [-20.0, -25.0, -30.0] {
        cases.push((PLAIN, Some(noise)));
        cases.push((
            Pair {
                ms: 40,
                pause_ms: 40,
                ..PLAIN
            },
            Some(noise),
        ));
    }
    for (pair, noise) in cases {
        let line = dial(pair, rounds, noise);
        let (we, they) = (ours(&line), theirs(&judge, &line));
        let right = |heard: &str| {
            // Missing digits are no harm to those after them: count in order.
            let mut sent = ALL.chars().cycle().take(all);
            heard.chars().filter(|c| sent.any(|s| s == *c)).count()
        };
        let told = format!(
            "{} / {} dBm0, off {}, {} ms, noise {noise:?}: {} and {} of {all}",
            pair.low,
            pair.high,
            pair.off,
            pair.ms,
            right(&we),
            right(&they)
        );
        println!("{told}");
        assert!(right(&we) >= right(&they).min(all), "{told}");
        assert!(we.len() <= all, "none doubled or split: {told}");
        if noise.is_none_or(|noise| noise <= -25.0) {
            assert_eq!(right(&we), all, "{told}");
        }
    }
}

/// 23 ms is no digit (Q.24). spandsp takes some of them for one, as they lie to its blocks.
#[test]
fn we_hear_nothing_too_short() {
    let Some(judge) = Judge::build() else { return };
    let line = dial(Pair { ms: 23, ..PLAIN }, 12, None);
    let they = theirs(&judge, &line).len();
    println!("23 ms: spandsp hears {they} of 192");
    assert_eq!(ours(&line), "");
}

/// Talk-off: half an hour of speech-like sound, no more false digits than spandsp.
#[test]
fn we_hear_no_more_digits_in_speech_than_spandsp() {
    let Some(judge) = Judge::build() else { return };
    let (mut we, mut they) = (0, 0);
    for seed in 0..6 {
        let speech = Voice::new(100 + seed, LAW).samples(300 * 8_000);
        we += ours(&speech).len();
        they += theirs(&judge, &speech).len();
    }
    println!("false digits in 30 minutes: {we}, spandsp {they}");
    assert!(we <= they, "{we} false digits, spandsp {they}");
}
