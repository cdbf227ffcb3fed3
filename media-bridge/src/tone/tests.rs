//! Every plan that comes with the program, and what generator, detector and cadence make of it.

use std::sync::Arc;

use tdm::Law;

use super::*;
use crate::level::Dbm0;

/// Samples of a program after a trip through its law's octets, in ticks.
fn play(program: &Arc<ToneProgram>, law: Law, samples: usize) -> Vec<i16> {
    let mut generator = Generator::new(Arc::clone(program), law);
    let mut played = vec![0; samples];
    for tick in played.chunks_mut(80) {
        generator.fill(tick);
        tick.iter_mut()
            .for_each(|s| *s = law.decode(law.encode(*s)));
    }
    played
}

/// Lengths in milliseconds, sound first, of all but the last interval.
fn cadence(samples: &[i16], law: Law) -> Vec<(bool, u64)> {
    let mut cadence = Cadence::new(CadenceConfig::default(), law);
    let mut intervals = Vec::new();
    for portion in samples.chunks(77) {
        cadence.push(portion, &mut |interval| {
            intervals.push((interval.on, interval.ms()))
        });
    }
    intervals
}

#[test]
fn every_builtin_plan_parses_and_is_filed_under_its_code() {
    let codes: Vec<_> = Plan::countries().collect();
    assert!(codes.len() >= 20 && codes.is_sorted(), "{codes:?}");
    for code in codes {
        let plan = Plan::builtin(code).unwrap_or_else(|| panic!("{code}.toml does not parse"));
        assert_eq!(plan.country(), code);
    }
    assert!(Plan::builtin("xx").is_none());
}

/// Each tone of each plan, played and measured: the cadence of its segments, and the
/// frequencies and levels of each segment that sounds.
#[test]
fn every_tone_of_every_plan_sounds_as_written() {
    for code in Plan::countries() {
        let plan = Plan::builtin(code).unwrap();
        for name in ToneName::ALL {
            let Some(program) = plan.tone(name) else {
                continue;
            };
            check_cadence(code, name, &program, plan.law());
            check_segments(code, name, &program, plan.law());
        }
    }
}

fn check_cadence(code: &str, name: ToneName, program: &Arc<ToneProgram>, law: Law) {
    let ms = |s: &Segment| u64::from(s.samples.unwrap_or(8_000) / 8);
    let mut expected: Vec<(bool, u64)> = Vec::new();
    for segment in program.segments().iter().chain(program.segments()) {
        let on = !segment.partials.is_empty();
        match expected.last_mut() {
            Some(last) if last.0 == on => last.1 += ms(segment),
            _ => expected.push((on, ms(segment))),
        }
    }
    expected.pop();
    let total: u64 = program.segments().iter().map(ms).sum::<u64>() * 2;
    let measured = cadence(&play(program, law, total as usize * 8), law);
    let steady = program.segments().iter().all(|s| s.samples.is_none());
    if !steady {
        assert!(
            measured.len() >= expected.len(),
            "{code} {name}: {measured:?}"
        );
    }
    for (measured, expected) in measured.iter().zip(&expected) {
        assert_eq!(measured.0, expected.0, "{code} {name}");
        assert!(
            measured.1.abs_diff(expected.1) <= 6,
            "{code} {name}: {measured:?} {expected:?}"
        );
    }
}

fn check_segments(code: &str, name: ToneName, program: &Arc<ToneProgram>, law: Law) {
    let samples = play(program, law, 40 * 8_000);
    let mut start = 0;
    for segment in program.segments() {
        let length = segment.samples.unwrap_or(8_000) as usize;
        let modulated = segment.partials.iter().any(|p| p.modulation.is_some());
        // Beats and modulation need time to be told apart.
        if !segment.partials.is_empty() && (length >= 2_400 || !modulated && length >= 800) {
            let measured =
                Detector::measure(&samples[start + 16..start + length.min(8_000) - 16], law);
            for partial in &segment.partials {
                let near = measured.tones.iter().find(|tone| {
                    (tone.frequency - f64::from(partial.frequency)).abs() < 1.0
                        && (tone.level.0 - partial.level.0).abs() < 0.5
                });
                assert!(
                    near.is_some(),
                    "{code} {name}: {partial:?} not in {measured:?}"
                );
            }
            let sidebands = if modulated { 2 } else { 0 };
            assert!(
                measured.tones.len() <= segment.partials.len() * (1 + sidebands),
                "{code} {name}: {measured:?}"
            );
        }
        start += length;
    }
}

#[test]
fn ringback_of_germany_is_measured_as_e180_has_it() {
    let ringback = Plan::builtin("de").unwrap().ringback();
    let samples = play(&ringback, Law::ALaw, 11 * 8_000);
    let intervals = cadence(&samples, Law::ALaw);
    assert_eq!(intervals.len(), 4, "{intervals:?}");
    for (interval, expected) in intervals
        .iter()
        .zip([(true, 1_000), (false, 4_000)].iter().cycle())
    {
        assert_eq!(interval.0, expected.0);
        assert!(interval.1.abs_diff(expected.1) <= 5, "{intervals:?}");
    }
}

#[test]
fn one_second_of_1004_hz_at_minus_16_is_found_to_a_tenth() {
    for law in [Law::ALaw, Law::MuLaw] {
        let program = Arc::new(ToneProgram::steady(1_004.0, Dbm0(-16.0)).unwrap());
        let mut found = Vec::new();
        Detector::new(law, 8_000).push(&play(&program, law, 24_000), &mut |m| found.push(m));
        assert_eq!(found.len(), 3);
        for measurement in found {
            assert!(measurement.matches(&[1_004.0], 0.1), "{measurement:?}");
            assert!(
                (measurement.tones[0].level.0 + 16.0).abs() < 0.1,
                "{measurement:?}"
            );
            assert!((measurement.level.0 + 16.0).abs() < 0.1, "{measurement:?}");
        }
    }
}

#[test]
fn silence_holds_no_tone() {
    assert_eq!(Detector::measure(&[0; 8_000], Law::ALaw).tones, []);
    assert_eq!(Detector::measure(&[8; 8_000], Law::ALaw).tones, []);
    assert_eq!(Detector::measure(&[], Law::ALaw).tones, []);
}

/// Ticks of any length give the same samples: phases run on.
#[test]
fn the_size_of_a_tick_changes_nothing() {
    let program = Plan::builtin("gb").unwrap().ringback();
    let mut whole = vec![0; 40_000];
    Generator::new(Arc::clone(&program), Law::ALaw).fill(&mut whole);
    let mut generator = Generator::new(program, Law::ALaw);
    let mut pieces = vec![0; 40_000];
    for piece in pieces.chunks_mut(37) {
        generator.fill(piece);
    }
    assert_eq!(whole, pieces);
}

/// Nothing clicks: no step from sample to sample beyond what the sines themselves make.
#[test]
fn tones_begin_and_end_softly() {
    for code in ["de", "us", "au", "jp"] {
        let plan = Plan::builtin(code).unwrap();
        let mut generator = Generator::new(plan.ringback(), plan.law());
        let mut samples = vec![0i16; 8_000 * 7];
        generator.fill(&mut samples);
        let on = samples.iter().position(|s| *s != 0).unwrap();
        assert!(on < 4);
        let step = |range: std::ops::Range<usize>| {
            samples[range]
                .windows(2)
                .map(|w| w[0].abs_diff(w[1]))
                .max()
                .unwrap()
        };
        assert!(step(0..56_000 - 1) <= step(800..2_400) + 2, "{code}");
    }
}

#[test]
fn a_program_without_repetition_ends_and_can_begin_again() {
    let partials = vec![Partial::new(440.0, Dbm0(-10.0))];
    let program = Arc::new(ToneProgram::new(vec![Segment::tone(partials, 15)], false).unwrap());
    let mut generator = Generator::new(Arc::clone(&program), Law::ALaw);
    let mut samples = [1i16; 160];
    generator.fill(&mut samples);
    assert!(generator.ended());
    assert!(samples[..119].iter().any(|s| s.unsigned_abs() > 5_000));
    assert!(samples[119..].iter().all(|s| *s == 0));
    assert!(Arc::ptr_eq(&program, generator.program()));
    generator.restart(Law::MuLaw);
    assert!(!generator.ended());
    generator.fill(&mut samples);
    assert!(generator.ended() && samples[..119].iter().any(|s| *s != 0));
}

#[test]
fn programs_that_cannot_be_played_are_refused() {
    let tone = |frequency, level| vec![Partial::new(frequency, Dbm0(level))];
    let endless = || Segment::endless(tone(400.0, -10.0));
    let program = |segments| ToneProgram::new(segments, true).map(drop);
    assert_eq!(program(vec![]), Err(ProgramError::Empty));
    assert_eq!(
        program(vec![Segment::tone(tone(400.0, -10.0), 0)]),
        Err(ProgramError::ZeroLength { segment: 1 })
    );
    assert_eq!(
        program(vec![endless(), Segment::silence(10)]),
        Err(ProgramError::Unreachable { segment: 1 })
    );
    let many = tone(400.0, -10.0).repeat(5);
    assert_eq!(
        program(vec![Segment::silence(1), Segment::tone(many, 9)]),
        Err(ProgramError::TooManyPartials {
            segment: 2,
            count: 5
        })
    );
    for frequency in [0.0, -1.0, 4_000.0, f32::NAN] {
        assert!(matches!(
            program(vec![Segment::tone(tone(frequency, -10.0), 9)]),
            Err(ProgramError::Frequency { segment: 1, .. })
        ));
    }
    for level in [-61.0, 3.1, f32::NAN] {
        assert!(matches!(
            program(vec![Segment::tone(tone(400.0, level), 9)]),
            Err(ProgramError::Level { segment: 1, .. })
        ));
    }
    let modulation = Some(Modulation {
        frequency: 15.0,
        depth: 1.5,
    });
    let partials = vec![Partial {
        modulation,
        ..Partial::new(400.0, Dbm0(-10.0))
    }];
    assert_eq!(
        program(vec![Segment::tone(partials, 9)]),
        Err(ProgramError::Depth {
            segment: 1,
            depth: 1.5
        })
    );
}

#[test]
fn a_plan_with_a_slip_of_the_pen_is_refused_with_its_place() {
    let good = include_str!("../../../config/tones/de.toml");
    let wrong = good.replace("[busy]\n", "[busy]\nrepaet = false\n");
    let error = Plan::parse(&wrong).unwrap_err().to_string();
    assert!(
        error.contains("unknown field `repaet`") && error.contains("line"),
        "{error}"
    );
    let missing = good.replace("[busy]", "[busi]");
    assert!(Plan::parse(&missing).is_err());
    let silent = good.replace("ms = 480 }, {", "ms = 0 }, {");
    let error = Plan::parse(&silent).unwrap_err().to_string();
    assert!(
        error.contains("tone plan de: busy: segment 1 has no length"),
        "{error}"
    );
}

/// A recording plays sample by sample, as often as it is to, and shares its memory among those who
/// play it.
#[test]
fn an_announcement_is_heard_as_often_as_it_is_to_be() {
    let loud: Vec<i16> = (0..1_000).map(|n| (n % 50) * 100).collect();
    let recording = Recording::new("a", loud).unwrap();
    let program = Arc::new(ToneProgram::announcement(&recording, 2, 100).unwrap());
    let mut generator = Generator::new(Arc::clone(&program), Law::MuLaw);
    let mut heard = [0; 3_000];
    for samples in heard.chunks_mut(80) {
        generator.fill(samples);
    }
    assert_eq!(heard[..1_000], *recording.samples());
    assert!(heard[1_000..1_800].iter().all(|sample| *sample == 0));
    assert_eq!(heard[1_800..2_800], *recording.samples());
    assert!(generator.ended());
    generator.restart(Law::ALaw);
    assert!(!generator.ended());
    assert_eq!(
        format!("{program:?}").matches("Recording(\"a\")").count(),
        2,
        "what it sounds like is in its file"
    );
    let never = ToneProgram::announcement(&recording, 0, 100);
    assert_eq!(never.unwrap_err(), ProgramError::Empty);
    let joined = ToneProgram::announcement(&recording, 2, 0);
    assert_eq!(joined.unwrap_err(), ProgramError::ZeroLength { segment: 2 });
}
