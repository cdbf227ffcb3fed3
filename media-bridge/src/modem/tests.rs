//! Signals made here by the Recommendations' figures; `tests/spandsp` has another's.

use std::f32::consts::TAU;

use tdm::Law;

use super::*;
use crate::level::Dbm0;
use crate::noise::Noise;
use crate::voice::Voice;

const LAW: Law = Law::ALaw;

/// An answer tone: frequency, level, modulated, reversing every so many samples.
fn answer(frequency: f32, level: f32, am: bool, reversal: Option<usize>, ms: usize) -> Vec<i16> {
    let peak = Dbm0(level).peak(LAW);
    (0..ms * 8)
        .map(|n| {
            let depth = if am {
                0.2 * (n as f32 * 15.0 / 8_000.0 * TAU).sin()
            } else {
                0.0
            };
            let sign = if reversal.is_some_and(|r| n / r % 2 == 1) {
                -1.0
            } else {
                1.0
            };
            let phase = (f64::from(frequency) * n as f64 / 8_000.0).fract() as f32;
            (sign * peak * (1.0 + depth) * (phase * TAU).sin()) as i16
        })
        .collect()
}

/// V.21 channel 2 with `bits`, continuous in phase.
fn v21(bits: impl Iterator<Item = bool>, level: f32) -> Vec<i16> {
    let (peak, mut phase, mut samples) = (Dbm0(level).peak(LAW), 0.0f32, Vec::new());
    let mut due = 0.0f32;
    for bit in bits {
        due += 8_000.0 / 300.0;
        while (samples.len() as f32) < due {
            phase = (phase + if bit { 1_650.0 } else { 1_850.0 } / 8_000.0).fract();
            samples.push((peak * (phase * TAU).sin()) as i16);
        }
    }
    samples
}

fn flags(count: usize) -> impl Iterator<Item = bool> {
    (0..count * 8).map(|bit| !matches!(bit % 8, 0 | 7))
}

fn hear(lead: usize, samples: &[i16]) -> Vec<Report> {
    let signal = [&vec![0; lead][..], samples, &vec![0; 1_600][..]].concat();
    let mut detector = Detector::new(LAW);
    let mut reports = Vec::new();
    for tick in signal.chunks(80) {
        let octets: Vec<i16> = tick.iter().map(|&s| LAW.decode(LAW.encode(s))).collect();
        detector.push(&octets, &mut |report| reports.push(report));
    }
    reports
}

fn signals(reports: &[Report]) -> Vec<Signal> {
    let heard = reports.iter().filter_map(|report| match report {
        Report::Heard { signal, .. } => Some(*signal),
        Report::Ended { .. } => None,
    });
    heard.collect()
}

#[test]
fn answer_tones_are_told_apart_wherever_they_begin() {
    for lead in (800..880).step_by(7) {
        for frequency in [2_085.0, 2_100.0, 2_115.0] {
            for level in [-5.0, -20.0, -38.0] {
                for reversal in [3_400, 3_600, 3_800] {
                    let told = |am, reversal| {
                        let tone = answer(frequency, level, am, reversal, 2_000);
                        signals(&hear(lead, &tone))
                    };
                    let context = format!("{lead} {frequency} Hz {level} dBm0 {reversal}");
                    assert_eq!(told(false, None), [Signal::Ans], "{context}");
                    let reversed = [Signal::Ans, Signal::AnsReversed];
                    assert_eq!(told(false, Some(reversal)), reversed, "{context}");
                    assert_eq!(told(true, None), [Signal::Ansam], "{context}");
                    let reversed = [Signal::Ansam, Signal::AnsamReversed];
                    assert_eq!(told(true, Some(reversal)), reversed, "{context}");
                }
            }
        }
    }
}

#[test]
fn calling_tones_are_heard_and_measured() {
    for (frequency, ms, signal) in [
        (1_100.0, 500, Signal::Cng),
        (1_062.0, 500, Signal::Cng),
        (1_138.0, 425, Signal::Cng),
        (1_300.0, 600, Signal::CallingTone),
        (1_285.0, 500, Signal::CallingTone),
        (2_225.0, 2_000, Signal::BellAnswer),
        (2_205.0, 2_000, Signal::BellAnswer),
    ] {
        for lead in (800..880).step_by(9) {
            for level in [-5.0, -38.0] {
                let reports = hear(lead, &answer(frequency, level, false, None, ms));
                let [
                    Report::Heard { signal: heard, at },
                    Report::Ended { samples, .. },
                ] = reports[..]
                else {
                    panic!("{frequency} Hz at {level} dBm0 after {lead}: {reports:?}");
                };
                assert_eq!(heard, signal);
                assert!(at.abs_diff(lead as u64) <= 160, "{at}");
                assert!(samples.abs_diff(ms as u32 * 8) <= 320, "{samples}");
            }
        }
    }
}

#[test]
fn other_frequencies_and_short_tones_are_nothing() {
    for frequency in [
        350.0, 425.0, 1_004.0, 1_040.0, 1_160.0, 1_240.0, 1_360.0, 2_000.0, 2_050.0, 2_150.0,
        2_180.0, 2_280.0, 2_600.0,
    ] {
        let reports = hear(800, &answer(frequency, -10.0, false, None, 3_000));
        assert_eq!(reports, [], "{frequency} Hz");
    }
    for (frequency, ms) in [(1_100.0, 250), (1_300.0, 300), (2_100.0, 300)] {
        let reports = hear(800, &answer(frequency, -10.0, false, None, ms));
        assert_eq!(reports, [], "{frequency} Hz for {ms} ms");
    }
}

#[test]
fn flags_are_heard_and_other_bits_are_not() {
    for lead in (800..880).step_by(7) {
        for level in [-5.0, -20.0, -38.0] {
            // T.30: a second, 15 % more or less.
            let reports = hear(lead, &v21(flags(32), level));
            let [Report::Heard { signal, at }] = reports[..] else {
                panic!("{lead}, {level} dBm0: {reports:?}");
            };
            assert_eq!(signal, Signal::V21Flags);
            assert!(at.abs_diff(lead as u64) <= 800, "{at}");
        }
    }
    let mut pattern = vec![0; 200];
    crate::prbs::Source::new().fill(&mut pattern);
    let random = pattern
        .iter()
        .flat_map(|o| (0..8).map(move |b| o >> b & 1 == 1));
    assert_eq!(hear(800, &v21(random, -10.0)), []);
    assert_eq!(hear(800, &v21(std::iter::repeat_n(true, 600), -10.0)), []);
    let alternating = (0..600).map(|n| n % 2 == 0);
    assert_eq!(hear(800, &v21(alternating, -10.0)), []);
}

/// A machine that answers: CED, a pause, then flags and the rest of its first message.
#[test]
fn a_fax_machine_answers() {
    let mut line = answer(2_100.0, -12.0, false, None, 3_000);
    line.extend([0; 600]);
    line.extend(v21(flags(37), -12.0));
    let reports = hear(800, &line);
    assert_eq!(signals(&reports), [Signal::Ans, Signal::V21Flags]);
}

#[test]
fn noise_10_db_below_does_not_hide_them() {
    for (tone, expected) in [
        (
            answer(2_100.0, -20.0, false, Some(3_600), 2_000),
            Signal::AnsReversed,
        ),
        (answer(2_100.0, -20.0, true, None, 2_000), Signal::Ansam),
        (answer(1_100.0, -20.0, false, None, 500), Signal::Cng),
        (v21(flags(37), -20.0), Signal::V21Flags),
    ] {
        for seed in 0..20 {
            let mut noise = Noise::new(seed, Dbm0(-30.0), LAW);
            let noisy: Vec<i16> = tone.iter().map(|s| s + noise.next_sample()).collect();
            let heard = signals(&hear(777, &noisy));
            assert_eq!(heard.last(), Some(&expected), "seed {seed}: {heard:?}");
        }
    }
}

#[test]
fn ten_minutes_of_speech_and_a_minute_of_noise_are_nothing() {
    for seed in 0..5 {
        let mut voice = Voice::new(seed, LAW);
        assert_eq!(hear(0, &voice.samples(120 * 8_000)), [], "seed {seed}");
    }
    let mut noise = Noise::new(1, Dbm0(-15.0), LAW);
    let samples: Vec<i16> = (0..480_000).map(|_| noise.next_sample()).collect();
    assert_eq!(hear(0, &samples), []);
}

#[test]
fn event_codes_are_those_of_rfc_4734() {
    let codes = Signal::ALL.map(Signal::event);
    assert_eq!(codes, [32, 33, 34, 35, 36, 49, 52, 54]);
    for signal in Signal::ALL {
        assert_eq!(Signal::from_event(signal.event()), Some(signal));
    }
    assert_eq!(Signal::from_event(0), None);
    assert!(Signal::Ans.means_data() && !Signal::Cng.means_data());
    assert!(Signal::AnsamReversed.disables_cancellers() && !Signal::Ans.disables_cancellers());
}
