//! Concealment of lost audio in the manner of G.711 Appendix I: the last pitch period repeats,
//! at full level for 10 ms, then fading by a fifth every 10 ms to silence at 60 ms; where audio
//! resumes, the two cross-fade over 4 ms.
//!
//! Beyond the Appendix, full level is that part of it which repeats: the more the last period
//! resembles the one before it, the louder it goes on. A vowel is continued as it was, a hiss
//! does not turn into a buzz.

use tdm::Law;

/// Samples of past audio that the search for the pitch looks at: 40 ms.
pub const HISTORY: usize = 320;
/// Pitch periods searched: 200 Hz down to 66 Hz, in samples.
const MIN_LAG: usize = 40;
const MAX_LAG: usize = 120;
/// Samples compared with those one period earlier: 10 ms.
const COMPARED: usize = 80;
/// Full level for so long, in samples.
const HOLD: u32 = 80;
/// From the hold to silence, in samples.
const FADE: u32 = 400;
/// Cross-fade at the end, in samples.
const BLEND: u32 = 32;

/// Makes up audio for one line.
#[derive(Debug, Clone)]
#[repr(C)]
pub struct Concealer {
    law: Law,
    /// Samples made up since the loss began; 0 when audio flows.
    lost: u32,
    /// Samples of the cross-fade still due.
    blend: u32,
    /// How much of the audio before the loss repeats, 0 to 1.
    likeness: f32,
    lag: usize,
    phase: usize,
    period: [i16; MAX_LAG],
}

impl Concealer {
    /// For octets of `law`.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self {
            law,
            lost: 0,
            blend: 0,
            likeness: 1.0,
            lag: MAX_LAG,
            phase: 0,
            period: [0; MAX_LAG],
        }
    }

    /// Octets at the beginning that are touched while audio flows.
    pub(crate) const TOUCHED: usize = std::mem::offset_of!(Self, likeness);

    /// Whether audio is being made up, or blended with what resumed.
    #[must_use]
    pub fn active(&self) -> bool {
        self.lost > 0 || self.blend > 0
    }

    /// Makes up octets in place of lost ones. `history` gives the octets before them, the latest
    /// last; it is asked for only when a loss begins.
    pub fn conceal(&mut self, out: &mut [u8], history: impl FnOnce(&mut [u8; HISTORY])) {
        if self.lost == 0 {
            let mut octets = [0; HISTORY];
            history(&mut octets);
            self.begin(&octets.map(|octet| self.law.decode(octet)));
        }
        self.blend = 0;
        for octet in out {
            let sample = self.synthesize();
            *octet = self.law.encode(sample);
        }
    }

    /// Takes octets that were received after a loss: their beginning is blended with what was
    /// made up. Without a loss before, they stay as they are.
    pub fn resume(&mut self, octets: &mut [u8]) {
        if self.lost > 0 && self.blend == 0 {
            self.blend = BLEND;
        }
        for octet in octets {
            if self.blend == 0 {
                break;
            }
            let made_up = i32::from(self.synthesize());
            let weight = (BLEND - self.blend + 1) as i32;
            let total = BLEND as i32 + 1;
            let received = i32::from(self.law.decode(*octet));
            let mixed = (received * weight + made_up * (total - weight)) / total;
            *octet = self.law.encode(mixed as i16);
            self.blend -= 1;
            if self.blend == 0 {
                self.lost = 0;
            }
        }
    }

    fn synthesize(&mut self) -> i16 {
        let faded = self.lost.saturating_sub(HOLD).min(FADE);
        self.lost = self.lost.saturating_add(1);
        if faded == FADE {
            return 0;
        }
        let sample = self.period.get(self.phase).copied().unwrap_or(0);
        self.phase += 1;
        if self.phase >= self.lag {
            self.phase = 0;
        }
        let level = self.likeness * (FADE - faded) as f32 * (1.0 / FADE as f32);
        (f32::from(sample) * level) as i16
    }

    /// Finds the pitch and keeps one period, its last quarter blended towards the beginning so
    /// that it repeats without a step.
    #[expect(
        clippy::indexing_slicing,
        reason = "lag + lag / 4 <= 150 and i < lag, below HISTORY"
    )]
    fn begin(&mut self, history: &[i16; HISTORY]) {
        let (lag, likeness) = pitch(history);
        let quarter = lag / 4;
        for i in 0..lag {
            let mut sample = i32::from(history[HISTORY - lag + i]);
            if i >= lag - quarter {
                let weight = (i - (lag - quarter) + 1) as i32;
                let total = quarter as i32 + 1;
                let earlier = i32::from(history[HISTORY - 2 * lag + i]);
                sample = (sample * (total - weight) + earlier * weight) / total;
            }
            self.period[i] = sample as i16;
        }
        self.lag = lag;
        self.likeness = likeness;
        self.phase = 0;
    }
}

/// The lag at which the last 10 ms resemble what went before them most, and how much they do, 0
/// to 1. A longer stretch would average over a pitch that glides.
fn pitch(history: &[i16; HISTORY]) -> (usize, f32) {
    best_lag(&history.map(f32::from), COMPARED, MIN_LAG..=MAX_LAG)
}

/// The lag with the greatest normalised correlation, and that; the last of them, and none, when
/// nothing correlates.
fn best_lag(
    samples: &[f32],
    compared: usize,
    lags: std::ops::RangeInclusive<usize>,
) -> (usize, f32) {
    let start = samples.len() - compared;
    let recent = samples.get(start..).unwrap_or_default();
    let longest = *lags.end();
    let mut best = (longest, 0.0);
    // The energy of what lies a lag earlier: from lag to lag one sample comes and one goes.
    let shortest = *lags.start();
    let first = samples.get(start - shortest..samples.len() - shortest);
    let mut energy = first.map_or(0.0, |first| dot(first, first));
    for lag in lags {
        let earlier = samples
            .get(start - lag..samples.len() - lag)
            .unwrap_or_default();
        let product = dot(recent, earlier);
        let likeness = product * product / (energy.max(0.0) + 1.0);
        if product > 0.0 && likeness > best.1 {
            best = (lag, likeness);
        }
        let comes = samples
            .get((start - lag).wrapping_sub(1))
            .copied()
            .unwrap_or(0.0);
        let goes = earlier.last().copied().unwrap_or(0.0);
        energy += comes * comes - goes * goes;
    }
    let (lag, likeness) = best;
    (
        lag,
        (likeness / (dot(recent, recent) + 1.0)).sqrt().min(1.0),
    )
}

/// Sum of products, in eight lanes so that the compiler may use vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; 8];
    for (a, b) in a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(frequency: f32, samples: usize) -> Vec<u8> {
        (0..samples)
            .map(|n| (n as f32 * frequency * std::f32::consts::TAU / 8_000.0).sin() * 8_000.0)
            .map(|s| Law::ALaw.encode(s as i16))
            .collect()
    }

    fn decode(octets: &[u8]) -> Vec<f32> {
        octets
            .iter()
            .map(|&o| f32::from(Law::ALaw.decode(o)))
            .collect()
    }

    /// A lost 20 ms of a steady tone is made up within a few decibels of the original.
    #[test]
    fn a_steady_tone_goes_on() {
        for frequency in [100.0, 150.0, 200.0, 400.0] {
            let original = sine(frequency, 640);
            let mut octets = [0u8; 80];
            let mut concealer = Concealer::new(Law::ALaw);
            concealer.conceal(&mut octets, |h| h.copy_from_slice(&original[..320]));
            let (made_up, wanted) = (decode(&octets), decode(&original[320..400]));
            let error: f32 = made_up
                .iter()
                .zip(&wanted)
                .map(|(a, b)| (a - b).powi(2))
                .sum();
            let power: f32 = wanted.iter().map(|a| a * a).sum();
            assert!(error < power / 30.0, "{frequency} Hz: {}", error / power);
        }
    }

    #[test]
    fn it_fades_to_silence_in_60_ms_and_resumes_without_a_step() {
        let original = sine(200.0, 320);
        let mut octets = [0u8; 560];
        let mut concealer = Concealer::new(Law::ALaw);
        concealer.conceal(&mut octets, |h| h.copy_from_slice(&original));
        let samples = decode(&octets);
        let loudest = |range: std::ops::Range<usize>| {
            samples[range].iter().fold(0.0f32, |m, s| m.max(s.abs()))
        };
        assert!(loudest(0..80) > 7_000.0);
        assert!(loudest(240..280) < 5_000.0);
        assert!(loudest(485..560) < 20.0);
        let mut back = sine(200.0, 80);
        concealer.resume(&mut back);
        assert!(decode(&back)[0].abs() < 1_000.0);
        assert_eq!(
            back[32..],
            sine(200.0, 80)[32..],
            "after the blend nothing is touched"
        );
        assert!(!concealer.active());
    }

    #[test]
    fn without_loss_nothing_is_touched() {
        let mut octets = sine(300.0, 80);
        Concealer::new(Law::ALaw).resume(&mut octets);
        assert_eq!(octets, sine(300.0, 80));
    }
}
