//! In the manner of G.168: echo paths made here, losses measured after G.711 at both ends.

use tdm::Law;

use super::*;
use crate::level::Dbm0;
use crate::noise::Noise;
use crate::tone::Oscillator;
use crate::voice::Voice;

const LAW: Law = Law::ALaw;

/// A hybrid: a delay, then a ringing that dies away within some 6 ms.
struct Hybrid {
    taps: Vec<f32>,
    past: Vec<f32>,
}

impl Hybrid {
    /// `loss_db` of echo return loss for white signals.
    fn new(delay_ms: usize, loss_db: f32, frequency: f32) -> Self {
        let mut taps = vec![0.0; delay_ms * 8];
        for n in 0..48 {
            let at = n as f32;
            let ring = (at * frequency / 8_000.0 * std::f32::consts::TAU + 0.7).sin();
            taps.push(ring * (-at / 10.0).exp());
        }
        let energy: f32 = taps.iter().map(|t| t * t).sum();
        let scale = 10f32.powf(-loss_db / 20.0) / energy.sqrt();
        taps.iter_mut().for_each(|t| *t *= scale);
        let past = vec![0.0; taps.len()];
        Self { taps, past }
    }

    fn echo(&mut self, far: i16) -> f32 {
        self.past.rotate_right(1);
        self.past[0] = f32::from(far);
        self.taps.iter().zip(&self.past).map(|(t, x)| t * x).sum()
    }
}

fn g711(sample: f32) -> i16 {
    LAW.decode(LAW.encode(sample.clamp(-32_000.0, 32_000.0) as i16))
}

/// Runs a canceller; gives back echo and near speech, and what was left, by tick of 80.
struct Line {
    hybrid: Hybrid,
    canceller: Nlms,
    background: Noise,
}

impl Line {
    fn new(hybrid: Hybrid, config: NlmsConfig) -> Self {
        Self {
            hybrid,
            canceller: Nlms::new(config, LAW),
            background: Noise::new(77, Dbm0(-65.0), LAW),
        }
    }

    /// A tick: the echo alone, and what is left of echo and near end together.
    fn tick(&mut self, far: &[i16], near: &[i16]) -> (Vec<f32>, Vec<i16>) {
        let far: Vec<i16> = far.iter().map(|&s| g711(f32::from(s))).collect();
        let echo: Vec<f32> = far.iter().map(|&s| self.hybrid.echo(s)).collect();
        let mut line: Vec<i16> = echo
            .iter()
            .zip(near)
            .map(|(e, &s)| g711(e + f32::from(s) + self.background.next_value()))
            .collect();
        self.canceller.cancel(&far, &mut line);
        (echo, line)
    }

    /// Loss of echo in dB over so many seconds of a far end speaking alone.
    fn loss(&mut self, seconds: usize, mut far: impl FnMut() -> i16) -> f64 {
        let (mut before, mut after) = (1.0, 1.0);
        for _ in 0..seconds * 100 {
            let samples: [i16; 80] = std::array::from_fn(|_| far());
            let (echo, left) = self.tick(&samples, &[0; 80]);
            before += echo.iter().map(|&e| f64::from(e).powi(2)).sum::<f64>();
            after += left.iter().map(|&e| f64::from(e).powi(2)).sum::<f64>();
        }
        10.0 * (before / after).log10()
    }
}

const PLAIN: NlmsConfig = NlmsConfig {
    tail_ms: 32,
    suppress: false,
};

/// G.168 test 2: within a second at least 20 dB of what noise brings back are gone, then more;
/// for speech, which teaches slower, the same in a few seconds.
#[test]
fn it_converges_on_any_hybrid() {
    for (delay, loss, frequency) in [(0, 6.5, 600.0), (4, 10.0, 1_500.0), (20, 15.0, 900.0)] {
        let mut noise = Noise::new(1, Dbm0(-15.0), LAW);
        let mut line = Line::new(Hybrid::new(delay, loss, frequency), PLAIN);
        let first = line.loss(1, || noise.next_sample());
        let later = line.loss(2, || noise.next_sample());
        assert!(
            first > 8.0 && later > 25.0,
            "{delay} ms: {first:.1}, {later:.1} dB"
        );
        let mut voice = Voice::new(2, LAW);
        let mut line = Line::new(Hybrid::new(delay, loss, frequency), PLAIN);
        let _ = line.loss(5, || voice.next_sample());
        let later = line.loss(20, || voice.next_sample());
        assert!(later > 20.0, "speech, {delay} ms: {later:.1} dB");
        assert!(
            line.canceller.loss_db() > 6.0,
            "{}",
            line.canceller.loss_db()
        );
    }
}

/// G.168 test 3: both speak. What the near end says comes through, and when it is silent again
/// the echo is as small as before, or nearly.
#[test]
fn double_talk_neither_spoils_the_near_end_nor_what_was_learned() {
    for near_level in [-10.0, -20.0, -28.0] {
        let mut far = Voice::new(3, LAW);
        let mut line = Line::new(Hybrid::new(4, 10.0, 1_500.0), PLAIN);
        let _ = line.loss(20, || far.next_sample());
        let before = line.loss(5, || far.next_sample());
        let mut near = Voice::new(9, LAW);
        let gain = 10f32.powf((near_level + 20.0) / 20.0);
        let (mut speech, mut error) = (1.0, 1.0);
        for _ in 0..1_000 {
            let spoken: [i16; 80] =
                std::array::from_fn(|_| g711(f32::from(near.next_sample()) * gain));
            let (_, out) = line.tick(&far.samples(80), &spoken);
            for (&spoken, &out) in spoken.iter().zip(&out) {
                speech += f64::from(spoken).powi(2);
                error += (f64::from(spoken) - f64::from(out)).powi(2);
            }
        }
        let quality = 10.0 * (speech / error).log10();
        assert!(
            quality > 12.0,
            "near end at {near_level}: {quality:.1} dB of echo and noise"
        );
        let after = line.loss(5, || far.next_sample());
        assert!(
            after > before - 6.0 && after > 15.0,
            "{before:.1} then {after:.1} dB"
        );
    }
}

/// Only the near end speaks: nothing changes.
#[test]
fn the_near_end_alone_passes_unchanged() {
    let mut near = Voice::new(4, LAW);
    let mut canceller = Nlms::new(NlmsConfig::default(), LAW);
    for _ in 0..500 {
        let spoken: Vec<i16> = near.samples(80);
        let mut line = spoken.clone();
        canceller.cancel(&[0; 80], &mut line);
        assert_eq!(line, spoken);
    }
}

/// G.168 test 5 and the like: another hybrid in mid-call.
#[test]
fn a_path_that_changes_is_learned_anew() {
    let mut noise = Noise::new(1, Dbm0(-15.0), LAW);
    let mut line = Line::new(Hybrid::new(4, 10.0, 1_500.0), PLAIN);
    let _ = line.loss(5, || noise.next_sample());
    line.hybrid = Hybrid::new(12, 8.0, 700.0);
    let at_once = line.loss(1, || noise.next_sample());
    assert!(
        at_once > -3.5,
        "{at_once:.1} dB: it makes more echo than there is"
    );
    let _ = line.loss(2, || noise.next_sample());
    let later = line.loss(2, || noise.next_sample());
    assert!(later > 25.0, "{later:.1} dB");
    line.canceller.reset();
    let anew = line.loss(3, || noise.next_sample());
    assert!(anew > 12.0, "{anew:.1} dB");
}

/// G.168 test 9: tones do not drive it astray.
#[test]
fn tones_leave_what_was_learned() {
    let mut noise = Noise::new(1, Dbm0(-15.0), LAW);
    let mut line = Line::new(Hybrid::new(4, 10.0, 1_500.0), PLAIN);
    let _ = line.loss(5, || noise.next_sample());
    for frequencies in [[1_004.0, 0.0], [440.0, 480.0], [770.0, 1_336.0]] {
        let mut tones = frequencies.map(|f| Oscillator::new(f, Dbm0(-13.0).peak(LAW)));
        let during = line.loss(10, || {
            tones.iter_mut().map(|t| t.next_sample()).sum::<f32>() as i16
        });
        assert!(during > 20.0, "{frequencies:?}: {during:.1} dB");
    }
    let after = line.loss(1, || noise.next_sample());
    assert!(after > 15.0, "{after:.1} dB");
}

/// What is left is as quiet as the near end's background, and so is the noise in its place.
#[test]
fn residue_is_replaced_by_background() {
    let mut voice = Voice::new(2, LAW);
    let mut line = Line::new(Hybrid::new(4, 10.0, 1_500.0), NlmsConfig::default());
    let _ = line.loss(20, || voice.next_sample());
    let later = line.loss(20, || voice.next_sample());
    assert!(later > 27.0, "{later:.1} dB");
}

/// G.168 clause 7: 2100 Hz with phase reversals, on either side, within a second; without
/// reversals not; and again when the modems have gone.
#[test]
fn the_tone_disabler_obeys_modems_only() {
    for (reversing, far_side) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut disabler = ToneDisabler::new(LAW);
        let mut tone = Oscillator::new(2_100.0, Dbm0(-12.0).peak(LAW));
        let mut works = true;
        for tick in 0..200 {
            let sign = if reversing && tick / 45 % 2 == 1 {
                -1.0
            } else {
                1.0
            };
            let samples: [i16; 80] = std::array::from_fn(|_| (sign * tone.next_sample()) as i16);
            let silence = [0; 80];
            let (far, near) = if far_side {
                (&samples, &silence)
            } else {
                (&silence, &samples)
            };
            works = disabler.push(far, near);
            if tick >= 100 {
                assert_eq!(works, !reversing, "after {tick} ticks");
            }
        }
        // As long as data comes, it stays as it is.
        let mut noise = Noise::new(1, Dbm0(-20.0), LAW);
        for _ in 0..500 {
            let samples: [i16; 80] = std::array::from_fn(|_| noise.next_sample());
            assert_eq!(disabler.push(&samples, &[0; 80]), works);
        }
        let mut ticks = 0;
        while !disabler.push(&[0; 80], &[0; 80]) {
            ticks += 1;
        }
        assert_eq!(ticks, if reversing { 24 } else { 0 });
    }
}

#[test]
fn disabled_it_lets_pass() {
    let mut canceller = Nlms::new(NlmsConfig::default(), LAW);
    canceller.enable(false);
    let mut voice = Voice::new(1, LAW);
    for _ in 0..300 {
        let far = voice.samples(80);
        let mut near: Vec<i16> = far.iter().map(|s| s / 4).collect();
        let before = near.clone();
        canceller.cancel(&far, &mut near);
        assert_eq!(near, before);
    }
}
