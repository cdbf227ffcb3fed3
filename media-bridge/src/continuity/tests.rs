//! The detector against the tolerances, and both ends joined.

use std::sync::Arc;

use tdm::Law;

use super::*;
use crate::noise::Noise;
use crate::tone::{Generator, Oscillator};
use crate::voice::Voice;

const LAW: Law = Law::ALaw;

fn sine(frequency: f32, level: f32, samples: usize) -> Vec<i16> {
    let mut oscillator = Oscillator::new(frequency, Dbm0(level).peak(LAW));
    (0..samples)
        .map(|_| LAW.decode(LAW.encode(oscillator.next_sample().round() as i16)))
        .collect()
}

/// Changes heard in `samples`, in ticks, after `lead` samples of silence.
fn hear(tone: CheckTone, lead: usize, samples: &[i16]) -> Vec<Change> {
    let mut detector = Detector::new(tone, LAW);
    let signal = [&vec![8; lead][..], samples, &vec![8; 800][..]].concat();
    let mut changes = Vec::new();
    for (tick, samples) in signal.chunks(80).enumerate() {
        detector.push(samples, &mut |change| {
            if let Change::Recognised { at, .. } = change {
                let waited = (tick + 1) * 80 - lead;
                assert!((232..=480).contains(&waited), "{waited} samples: {at}");
            }
            changes.push(change);
        });
    }
    changes
}

#[test]
fn a_tone_within_its_tolerance_is_recognised_in_30_to_60_ms_wherever_it_begins() {
    for (tone, frequencies) in [
        (CheckTone::Check2000, [1_970.0, 2_000.0, 2_030.0]),
        (CheckTone::Check2010, [1_980.0, 2_010.0, 2_040.0]),
        (CheckTone::Return1780, [1_750.0, 1_780.0, 1_810.0]),
    ] {
        for frequency in frequencies {
            for level in [-18.0, -12.0, -6.0] {
                for lead in (400..480).step_by(3) {
                    let heard = hear(tone, lead, &sine(frequency, level, 480));
                    let [
                        Change::Recognised { at, level: told },
                        Change::Gone { at: gone },
                    ] = heard[..]
                    else {
                        panic!("{frequency} Hz at {level}: {heard:?}");
                    };
                    assert!(at.abs_diff(lead as u64) <= 64, "{at} for {lead}");
                    assert!(gone.abs_diff(lead as u64 + 480) <= 80, "{gone}");
                    assert!((told.0 - level).abs() < 1.0, "{told} for {level}");
                }
            }
        }
    }
}

#[test]
fn what_is_too_short_too_quiet_or_off_frequency_is_not() {
    for lead in 400..480 {
        let short = hear(CheckTone::Check2000, lead, &sine(2_000.0, -12.0, 24 * 8));
        assert_eq!(short, [], "24 ms");
        for (frequency, level) in [
            (2_000.0, -22.0),
            (1_950.0, -12.0),
            (2_060.0, -12.0),
            (1_780.0, -12.0),
            (2_100.0, -12.0),
            (1_900.0, -12.0),
        ] {
            let heard = hear(CheckTone::Check2010, lead, &sine(frequency, level, 8_000));
            assert_eq!(heard, [], "{frequency} Hz at {level} dBm0");
        }
        for frequency in [1_730.0, 1_830.0, 2_010.0, 2_000.0] {
            let heard = hear(CheckTone::Return1780, lead, &sine(frequency, -12.0, 8_000));
            assert_eq!(heard, [], "{frequency} Hz");
        }
    }
}

/// Q.724 asks for no more noise than a digital circuit has; 20 dB below the tone does no harm,
/// and noise as loud as the tone never looks like it.
#[test]
fn noise_neither_hides_nor_imitates_the_tone() {
    let mut noise = Noise::new(7, Dbm0(-32.0), LAW);
    let noisy: Vec<i16> = sine(2_010.0, -12.0, 8_000)
        .iter()
        .map(|s| s + noise.next_sample())
        .collect();
    assert_eq!(hear(CheckTone::Check2010, 400, &noisy).len(), 2);
    let mut loud = Noise::new(8, Dbm0(-8.0), LAW);
    let only: Vec<i16> = (0..480_000).map(|_| loud.next_sample()).collect();
    assert_eq!(hear(CheckTone::Check2010, 400, &only), []);
}

#[test]
fn speech_like_sounds_are_no_check_tone() {
    let speech = Voice::new(11, LAW).samples(120 * 8_000);
    for tone in [CheckTone::Check2010, CheckTone::Return1780] {
        assert_eq!(hear(tone, 0, &speech), []);
    }
}

/// Both ends in ticks: the check tone goes out, the transponder answers, and stops when the
/// check tone stops.
#[test]
fn a_transponder_answers_as_long_as_it_hears_the_check_tone() {
    let mut sender = Generator::new(Arc::new(CheckTone::Check2010.program()), LAW);
    let mut transponder = Transponder::new(LAW);
    let mut detector = Detector::new(CheckTone::Return1780, LAW);
    let mut changes = Vec::new();
    for tick in 0..40 {
        let (mut out, mut back) = ([0; 80], [0; 80]);
        if tick < 20 {
            sender.fill(&mut out);
        }
        transponder.receive(&out);
        transponder.transmit(&mut back);
        detector.push(&back, &mut |change| changes.push((tick, change)));
    }
    let [(on, Change::Recognised { .. }), (off, Change::Gone { .. })] = changes[..] else {
        panic!("{changes:?}");
    };
    assert!((4..=8).contains(&on), "{on}");
    assert!((21..=24).contains(&off), "{off}");
    assert!(!transponder.answering());
}

#[test]
fn a_four_wire_loop_brings_the_tone_back() {
    let mut sender = Generator::new(Arc::new(CheckTone::Check2000.program()), LAW);
    let mut detector = Detector::new(CheckTone::Check2000, LAW);
    for _ in 0..6 {
        let mut out = [0; 80];
        sender.fill(&mut out);
        // The loop works on octets.
        let looped = out.map(|sample| LAW.decode(LAW.encode(sample)));
        detector.push(&looped, &mut |_| {});
    }
    assert!(detector.present());
}
