//! Speech-like sound from a seed, for tests and measurements: what detectors must not mistake
//! for a signal, and what concealment and echo cancellers are measured on.
//!
//! In the spirit of the artificial voices of P.50, and simpler: a glottal pulse train whose pitch
//! glides (men's to children's), or noise, through four moving formants; syllables of 80 to
//! 300 ms with soft edges, pauses between phrases, now and then a whistled or sung vowel. No
//! recording is part of the project.

use tdm::Law;

use crate::SAMPLE_RATE;
use crate::level::Dbm0;
use crate::noise::Noise;

/// Formants of ten vowels, in Hz: the first three of each.
const VOWELS: [[f32; 3]; 10] = [
    [270.0, 2_290.0, 3_010.0],
    [390.0, 1_990.0, 2_550.0],
    [530.0, 1_840.0, 2_480.0],
    [660.0, 1_720.0, 2_410.0],
    [730.0, 1_090.0, 2_440.0],
    [570.0, 840.0, 2_410.0],
    [440.0, 1_020.0, 2_240.0],
    [300.0, 870.0, 2_240.0],
    [640.0, 1_190.0, 2_390.0],
    [490.0, 1_350.0, 1_690.0],
];
/// Bandwidths of the four formants, in Hz.
const BANDWIDTHS: [f32; 4] = [60.0, 90.0, 120.0, 200.0];

/// A resonance of two poles.
#[derive(Debug, Clone, Copy, Default)]
struct Formant {
    gain: f32,
    b: f32,
    c: f32,
    y1: f32,
    y2: f32,
}

impl Formant {
    fn tune(&mut self, frequency: f32, bandwidth: f32) {
        let rate = SAMPLE_RATE as f32;
        let r = (-std::f32::consts::PI * bandwidth / rate).exp();
        self.c = -r * r;
        self.b = 2.0 * r * (std::f32::consts::TAU * frequency / rate).cos();
        self.gain = 1.0 - self.b - self.c;
    }

    fn pass(&mut self, x: f32) -> f32 {
        let y = self.gain * x + self.b * self.y1 + self.c * self.y2;
        (self.y2, self.y1) = (self.y1, y);
        y
    }
}

/// What sounds in a syllable.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Manner {
    Pause,
    Voiced,
    Fricative,
    Whistle,
}

/// An endless source of speech-like sound, about -20 dBm0 while it sounds.
#[derive(Debug, Clone)]
pub struct Voice {
    noise: Noise,
    scale: f32,
    manner: Manner,
    /// Samples of the syllable, and how many of them are over.
    length: u32,
    elapsed: u32,
    loudness: f32,
    pitch: f32,
    glide: f32,
    phase: f32,
    from: [f32; 3],
    to: [f32; 3],
    formants: [Formant; 4],
    previous: f32,
}

impl Voice {
    /// The same seed gives the same sounds.
    #[must_use]
    pub fn new(seed: u64, law: Law) -> Self {
        Self {
            noise: Noise::new(seed, Dbm0(0.0), law),
            scale: Dbm0(-20.0).mean_square(law).sqrt(),
            manner: Manner::Pause,
            length: 0,
            elapsed: 0,
            loudness: 0.0,
            pitch: 120.0,
            glide: 0.0,
            phase: 0.0,
            from: VOWELS[0],
            to: VOWELS[1],
            formants: [Formant::default(); 4],
            previous: 0.0,
        }
    }

    fn between(&mut self, least: f32, greatest: f32) -> f32 {
        least + (greatest - least) * self.noise.chance()
    }

    fn syllable(&mut self) {
        let drawn = self.noise.chance();
        self.manner = if drawn < 0.62 {
            Manner::Voiced
        } else if drawn < 0.76 {
            Manner::Fricative
        } else if drawn < 0.78 {
            Manner::Whistle
        } else {
            Manner::Pause
        };
        let ms = if self.manner == Manner::Pause {
            self.between(40.0, 600.0)
        } else {
            self.between(80.0, 300.0)
        };
        (self.length, self.elapsed) = (ms as u32 * SAMPLE_RATE / 1_000, 0);
        self.loudness = self.between(0.35, 1.5);
        if self.noise.chance() < 0.15 {
            // Another speaker.
            self.pitch = self.between(80.0, 330.0);
        }
        self.glide = self.between(-0.25, 0.25) / self.length.max(1) as f32;
        self.from = self.to;
        let vowel = self.between(0.0, VOWELS.len() as f32) as usize;
        self.to = VOWELS.get(vowel).copied().unwrap_or(self.from);
        if self.manner == Manner::Fricative {
            self.to = [1_600.0, 2_600.0, 3_300.0];
            self.from = self.to;
        }
    }

    /// The next sample.
    pub fn next_sample(&mut self) -> i16 {
        if self.elapsed >= self.length {
            self.syllable();
        }
        let part = self.elapsed as f32 / self.length.max(1) as f32;
        if self.elapsed.is_multiple_of(40) {
            let mut formants = [0.0, 0.0, 0.0, 3_500.0];
            for ((at, from), to) in formants.iter_mut().zip(self.from).zip(self.to) {
                *at = from + (to - from) * part;
            }
            for ((formant, at), bandwidth) in self.formants.iter_mut().zip(formants).zip(BANDWIDTHS)
            {
                formant.tune(at, bandwidth);
            }
        }
        self.elapsed += 1;
        // Edges of 15 ms; nothing in speech begins at once.
        let edge = 0.015 * SAMPLE_RATE as f32;
        let left = (self.length - self.elapsed) as f32;
        let envelope = (self.elapsed as f32 / edge).min(left / edge).min(1.0) * self.loudness;
        self.pitch *= 1.0 + self.glide;
        let frequency = match self.manner {
            Manner::Whistle => self.from[1] + (self.to[1] - self.from[1]) * part,
            _ => self.pitch,
        };
        self.phase = (self.phase + frequency / SAMPLE_RATE as f32).fract();
        let breath = self.noise.next_value() / (16_000.0 * 4.0);
        let excitation = match self.manner {
            Manner::Pause => 0.0,
            // A pulse that closes faster than it opens.
            Manner::Voiced if self.phase < 0.4 => (self.phase / 0.4).powi(2) * 3.0 - 0.4 + breath,
            Manner::Voiced => -0.4 + breath,
            Manner::Fricative => breath * 1.2,
            Manner::Whistle => 0.0,
        };
        // Glottis and lips together fall by some 6 dB an octave.
        self.previous += 0.2 * (excitation - self.previous);
        let radiated = self.previous;
        let mut sum = 0.0;
        for (formant, weight) in self.formants.iter_mut().zip([1.0, 0.6, 0.3, 0.15]) {
            sum += formant.pass(radiated) * weight;
        }
        if self.manner == Manner::Whistle {
            sum += 1.5 * (self.phase * std::f32::consts::TAU).sin();
        }
        (sum * envelope * self.scale * 0.8).clamp(-30_000.0, 30_000.0) as i16
    }

    /// The next `count` samples.
    #[must_use]
    pub fn samples(&mut self, count: usize) -> Vec<i16> {
        (0..count).map(|_| self.next_sample()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_as_loud_as_speech_and_pauses_as_often() {
        for seed in 0..4 {
            let samples = Voice::new(seed, Law::ALaw).samples(60 * 8_000);
            let level = Dbm0::of(&samples, Law::ALaw);
            let along = samples
                .windows(2)
                .map(|w| f64::from(w[0]) * f64::from(w[1]));
            let energy = samples.iter().map(|&s| f64::from(s).powi(2));
            let next = along.sum::<f64>() / energy.sum::<f64>();
            assert!((0.75..0.97).contains(&next), "{next}: as dull as speech");
            assert!((-26.0..-14.0).contains(&level.0), "{level}");
            let quiet = samples
                .chunks(160)
                .filter(|frame| Dbm0::of(frame, Law::ALaw).0 < -50.0)
                .count();
            let share = quiet as f64 / 3_000.0;
            assert!((0.15..0.6).contains(&share), "{share}");
            let clipped = samples
                .iter()
                .filter(|s| s.unsigned_abs() >= 30_000)
                .count();
            assert!(clipped < 100, "{clipped}");
        }
    }
}
