//! The detector on signals made here: timing, level, twist, frequency, noise and talk-off.

use tdm::Law;

use super::*;
use crate::level::Dbm0;
use crate::prbs;
use crate::tone::Oscillator;

const LAW: Law = Law::ALaw;

/// A tone pair to test with.
#[derive(Clone, Copy)]
struct Pair {
    digit: Digit,
    low_level: f32,
    high_level: f32,
    /// Deviation of each group, as a fraction.
    low_off: f32,
    high_off: f32,
}

impl Pair {
    fn of(digit: Digit) -> Self {
        Self {
            digit,
            low_level: -10.0,
            high_level: -10.0,
            low_off: 0.0,
            high_off: 0.0,
        }
    }

    fn samples(self, count: usize) -> Vec<i16> {
        let (low, high) = self.digit.frequencies();
        let mut low = Oscillator::new(low * (1.0 + self.low_off), Dbm0(self.low_level).peak(LAW));
        let mut high = Oscillator::new(
            high * (1.0 + self.high_off),
            Dbm0(self.high_level).peak(LAW),
        );
        (0..count)
            .map(|_| (low.next_sample() + high.next_sample()).round() as i16)
            .collect()
    }
}

/// Noise of a level, reproducible: the sum of twelve uniform numbers is near enough to normal.
struct Noise {
    state: u64,
    deviation: f32,
}

impl Noise {
    fn new(seed: u64, level: f32) -> Self {
        Self {
            state: seed,
            deviation: Dbm0(level).mean_square(LAW).sqrt(),
        }
    }

    fn next(&mut self) -> f32 {
        let mut sum = -6.0;
        for _ in 0..12 {
            self.state ^= self.state << 13;
            self.state ^= self.state >> 7;
            self.state ^= self.state << 17;
            sum += (self.state >> 40) as f32 / (1u64 << 24) as f32;
        }
        sum * self.deviation
    }
}

/// What the detector recognises in samples that went through A-law, in odd portions.
fn detect(samples: &[i16]) -> Vec<(char, u64, u32)> {
    let octets: Vec<u8> = samples.iter().map(|&s| LAW.encode(s)).collect();
    let mut detector = Detector::new(DetectorConfig::default(), LAW);
    let mut found = Vec::new();
    let mut open = None;
    for portion in octets.chunks(80) {
        detector.push_octets(LAW, portion, &mut |report| match report {
            Report::Started { digit, at } => {
                assert_eq!(open, None, "a digit starts within another");
                open = Some((digit, at));
            }
            Report::Ended { digit, at, samples } => {
                assert_eq!(open.take(), Some((digit, at)), "what ends has started");
                found.push((digit.as_char(), at, samples));
            }
            _ => {}
        });
    }
    found
}

fn silence(count: usize) -> Vec<i16> {
    vec![0; count]
}

/// `tone` at every alignment to the detector's half blocks, between silences; how many of them
/// are recognised as exactly the one digit.
fn recognised(pair: Pair, ms: usize) -> usize {
    (0..51)
        .filter(|shift| {
            let signal = [silence(800 + shift), pair.samples(ms * 8), silence(800)].concat();
            match detect(&signal)[..] {
                [] => false,
                [(c, ..)] => {
                    assert_eq!(c, pair.digit.as_char());
                    true
                }
                ref more => panic!("{ms} ms of {} became {more:?}", pair.digit),
            }
        })
        .count()
}

#[test]
fn digits_are_written_and_numbered_as_rfc_4733_has_them() {
    let written: String = Digit::ALL.iter().map(|d| d.as_char()).collect();
    assert_eq!(written, "0123456789*#ABCD");
    for digit in Digit::ALL {
        assert_eq!(Digit::from_char(digit.as_char()), Some(digit));
        assert_eq!(Digit::from_event(digit.event()), Some(digit));
        let (low, high) = digit.frequencies();
        let row = LOW_GROUP.iter().position(|f| *f == low).unwrap();
        let column = HIGH_GROUP.iter().position(|f| *f == high).unwrap();
        assert_eq!(Digit::at(row, column), Some(digit));
    }
    assert_eq!(
        Digit::from_char('5').unwrap().frequencies(),
        (770.0, 1_336.0)
    );
    assert_eq!(Digit::from_char('d').unwrap().event(), 15);
    assert_eq!(Digit::from_event(16), None);
    assert_eq!(
        serde_json::to_string(&Digit::from_char('#')).unwrap(),
        "\"#\""
    );
    assert!(serde_json::from_str::<Digit>("\"x\"").is_err());
}

#[test]
fn forty_milliseconds_are_a_digit_and_twenty_three_are_none() {
    for digit in Digit::ALL {
        let pair = Pair::of(digit);
        assert_eq!(
            recognised(pair, 40),
            51,
            "{digit} of 40 ms at every alignment"
        );
        assert_eq!(recognised(pair, 23), 0, "{digit} of 23 ms at no alignment");
    }
}

#[test]
fn levels_from_the_loudest_to_minus_38_are_accepted_and_minus_55_is_not() {
    for digit in Digit::ALL {
        for (level, expected) in [(-3.5, 51), (-25.0, 51), (-38.0, 51), (-45.0, 0), (-55.0, 0)] {
            let pair = Pair {
                low_level: level,
                high_level: level,
                ..Pair::of(digit)
            };
            assert_eq!(recognised(pair, 40), expected, "{digit} at {level} dBm0");
        }
    }
}

#[test]
fn twist_is_accepted_as_q24_asks() {
    for digit in Digit::ALL {
        // AT&T: +4 dB high over low to 8 dB low over high; NTT: 5 dB either way.
        for (low, high) in [
            (-14.0, -10.0),
            (-15.0, -10.0),
            (-10.0, -18.0),
            (-25.0, -20.0),
        ] {
            let pair = Pair {
                low_level: low,
                high_level: high,
                ..Pair::of(digit)
            };
            assert_eq!(recognised(pair, 40), 51, "{digit} at {low} / {high} dBm0");
        }
        for (low, high) in [(-24.0, -10.0), (-10.0, -24.0)] {
            let pair = Pair {
                low_level: low,
                high_level: high,
                ..Pair::of(digit)
            };
            assert_eq!(recognised(pair, 40), 0, "{digit} at {low} / {high} dBm0");
        }
    }
}

#[test]
fn frequencies_off_by_1_8_percent_work_and_by_3_5_percent_do_not() {
    for digit in Digit::ALL {
        for (low_off, high_off) in [
            (0.018, 0.018),
            (-0.018, 0.018),
            (0.018, -0.018),
            (-0.018, -0.018),
        ] {
            let pair = Pair {
                low_off,
                high_off,
                ..Pair::of(digit)
            };
            assert_eq!(
                recognised(pair, 50),
                51,
                "{digit} off by {low_off} / {high_off}"
            );
        }
        for (low_off, high_off) in [(0.035, 0.0), (-0.035, 0.0), (0.0, 0.035), (0.0, -0.035)] {
            let pair = Pair {
                low_off,
                high_off,
                ..Pair::of(digit)
            };
            assert_eq!(
                recognised(pair, 100),
                0,
                "{digit} off by {low_off} / {high_off}"
            );
        }
    }
}

#[test]
fn length_is_measured() {
    for ms in [40u32, 65, 100, 333, 2_000] {
        for shift in [0usize, 17, 40] {
            let digit = Digit::ALL[usize::from(ms as u8 & 15)];
            let tone = Pair::of(digit).samples(ms as usize * 8);
            let found = detect(&[silence(400 + shift), tone, silence(800)].concat());
            let [(c, at, samples)] = found[..] else {
                panic!("{ms} ms: {found:?}")
            };
            assert_eq!(c, digit.as_char());
            assert!(
                at.abs_diff(400 + shift as u64) <= 24,
                "{ms} ms began at {at}"
            );
            assert!(
                samples.abs_diff(ms * 8) <= 48,
                "{ms} ms measured as {samples} samples"
            );
        }
    }
}

/// A pause of 10 ms is a drop-out of one digit; one of 30 ms parts two.
#[test]
fn drop_out_and_pause() {
    let pair = Pair::of(Digit::from_char('7').unwrap());
    for shift in 0..51 {
        let signal = |pause_ms: usize| {
            [
                silence(800 + shift),
                pair.samples(480),
                silence(pause_ms * 8),
                pair.samples(480),
                silence(800),
            ]
            .concat()
        };
        assert_eq!(detect(&signal(10)).len(), 1, "drop-out, shift {shift}");
        assert_eq!(detect(&signal(30)).len(), 2, "pause, shift {shift}");
        assert_eq!(detect(&signal(40)).len(), 2, "pause, shift {shift}");
    }
}

#[test]
fn different_digits_need_no_pause() {
    let tone = |c| Pair::of(Digit::from_char(c).unwrap()).samples(400);
    let signal = [silence(333), tone('1'), tone('2'), tone('D'), silence(800)].concat();
    let found: String = detect(&signal).iter().map(|f| f.0).collect();
    assert_eq!(found, "12D");
}

#[test]
fn noise_12_db_below_does_not_hide_a_digit() {
    let mut noise = Noise::new(0x9E37_79B9_7F4A_7C15, -22.0 + 3.0);
    for digit in Digit::ALL {
        let mut signal = [silence(800), Pair::of(digit).samples(480), silence(800)].concat();
        signal
            .iter_mut()
            .for_each(|s| *s = (f32::from(*s) + noise.next()) as i16);
        let found: String = detect(&signal).iter().map(|f| f.0).collect();
        assert_eq!(found, digit.to_string());
    }
}

#[test]
fn a_minute_of_noise_tones_and_pattern_is_no_digit() {
    let mut octets = vec![0; 480_000];
    prbs::Source::new().fill(&mut octets);
    for law in [Law::ALaw, Law::MuLaw] {
        let mut detector = Detector::new(DetectorConfig::default(), law);
        let mut suspected = 0;
        detector.push_octets(law, &octets, &mut |report| match report {
            Report::Suspected { .. } => suspected += 1,
            Report::Dismissed => {}
            other => panic!("{other:?} in the pattern 2^15 - 1"),
        });
        assert_eq!(
            suspected, 0,
            "the pattern never even looks like a digit ({law:?})"
        );
    }
    let mut noise = Noise::new(42, -15.0);
    let signal: Vec<i16> = (0..480_000).map(|_| noise.next() as i16).collect();
    assert_eq!(detect(&signal), []);
    for frequencies in [
        [350.0, 440.0],
        [440.0, 480.0],
        [697.0, 770.0],
        [1_209.0, 1_336.0],
        [1_004.0, 2_000.0],
    ] {
        let mut a = Oscillator::new(frequencies[0], Dbm0(-10.0).peak(LAW));
        let mut b = Oscillator::new(frequencies[1], Dbm0(-10.0).peak(LAW));
        let signal: Vec<i16> = (0..80_000)
            .map(|_| (a.next_sample() + b.next_sample()) as i16)
            .collect();
        assert_eq!(detect(&signal), [], "{frequencies:?}");
    }
}

/// Every tone is suspected no later than its recognition, and what is suspected begins no later
/// than 3 ms after the tone: that is all that can leak through a look-back of one block.
#[test]
fn suspicion_comes_within_a_look_back() {
    for shift in 0..51usize {
        let signal = [
            silence(800 + shift),
            Pair::of(Digit::ALL[9]).samples(480),
            silence(400),
        ]
        .concat();
        let mut detector = Detector::new(DetectorConfig::default(), LAW);
        let start = 800 + shift as u64;
        let mut suspected = None;
        for (n, sample) in signal.iter().enumerate() {
            detector.push(&[*sample], &mut |report| {
                if let Report::Suspected { at } = report {
                    assert!(
                        suspected.replace((at, n as u64)).is_none(),
                        "suspected twice"
                    );
                }
            });
        }
        let (at, when) = suspected.unwrap();
        assert!(
            at <= start + 24,
            "shift {shift}: muted from {at}, tone from {start}"
        );
        assert!(when <= start + 124, "shift {shift}: {when}");
    }
}

#[test]
fn generated_digits_have_their_frequencies_and_levels() {
    use crate::tone;
    for digit in Digit::ALL {
        let mut samples = [0; 4_000];
        Generator::new(digit, Levels::default(), LAW).fill(&mut samples);
        let (low, high) = digit.frequencies();
        let measured = tone::Detector::measure(&samples, LAW);
        assert!(
            measured.matches(&[f64::from(low), f64::from(high)], 0.5),
            "{measured:?}"
        );
        assert!(
            measured
                .tones
                .iter()
                .all(|t| (t.level.0 + 10.0).abs() < 0.1),
            "{measured:?}"
        );
    }
}
