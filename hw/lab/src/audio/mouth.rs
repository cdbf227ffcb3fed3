//! A source of octets: idle, a test pattern, tones, and DTMF over all of them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use media_bridge::dtmf::{self, Digit};
use media_bridge::prbs;
use media_bridge::tone::{self, ToneProgram};
use tdm::Law;

/// Pause after a DTMF digit (Q.24: receivers need 40 ms).
const PAUSE: Duration = Duration::from_millis(60);

/// What a [`Mouth`] says.
#[derive(Debug, Clone, Default)]
pub enum Play {
    /// The idle octet of the law.
    #[default]
    Idle,
    /// The pseudo-random pattern 2^15 - 1 of O.150, octet by octet.
    Pattern,
    /// Tones; after the end of a program that ends, idle.
    Tone(Arc<ToneProgram>),
}

/// A DTMF digit that sounds, or the pause after it.
#[derive(Debug)]
struct Dialling {
    generator: dtmf::Generator,
    tone: usize,
    pause: usize,
}

/// A source of octets of one law.
#[derive(Debug)]
pub struct Mouth {
    law: Law,
    generator: Option<tone::Generator>,
    pattern: Option<prbs::Source>,
    digits: VecDeque<(Digit, Duration)>,
    dialling: Option<Dialling>,
}

impl Mouth {
    /// Says nothing yet.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self {
            law,
            generator: None,
            pattern: None,
            digits: VecDeque::new(),
            dialling: None,
        }
    }

    /// Says this from now on, from its beginning.
    pub fn play(&mut self, play: Play) {
        (self.generator, self.pattern) = (None, None);
        match play {
            Play::Idle => {}
            Play::Pattern => self.pattern = Some(prbs::Source::new()),
            Play::Tone(program) => {
                self.generator = Some(tone::Generator::new(program, self.law));
            }
        }
    }

    /// Says a DTMF digit instead for its time, after those before it.
    pub fn dial(&mut self, digit: Digit, duration: Duration) {
        self.digits.push_back((digit, duration));
    }

    /// Whether digits are still to be said or being said.
    #[must_use]
    pub fn is_dialling(&self) -> bool {
        self.dialling.is_some() || !self.digits.is_empty()
    }

    /// Whether a tone program has come to its end.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.generator.as_ref().is_some_and(tone::Generator::ended)
    }

    /// Says what there is to say over `octets`, which keep what they hold where that is nothing:
    /// so an echo speaks its digits over what it sends back.
    pub fn fill_over(&mut self, octets: &mut [u8]) {
        let (law, mut rest) = (self.law, octets);
        while !rest.is_empty() {
            let Some(dialling) = self.next_digit() else {
                return self.fill_play(rest);
            };
            let take = match dialling.tone {
                0 => dialling.pause,
                tone => tone,
            };
            let (now, later) = rest.split_at_mut(take.min(rest.len()));
            if dialling.tone > 0 {
                dialling.tone -= now.len();
                let mut sample = [0_i16];
                for octet in now {
                    dialling.generator.fill(&mut sample);
                    *octet = law.encode(sample[0]);
                }
            } else {
                dialling.pause -= now.len();
                now.fill(law.idle());
            }
            if dialling.tone == 0 && dialling.pause == 0 {
                self.dialling = None;
            }
            rest = later;
        }
    }

    /// The next octets; idle when there is nothing to say.
    pub fn fill(&mut self, octets: &mut [u8]) {
        octets.fill(self.law.idle());
        self.fill_over(octets);
    }

    fn next_digit(&mut self) -> Option<&mut Dialling> {
        if self.dialling.is_none() {
            let (digit, duration) = self.digits.pop_front()?;
            self.dialling = Some(Dialling {
                generator: dtmf::Generator::new(digit, dtmf::Levels::default(), self.law),
                tone: samples(duration).max(1),
                pause: samples(PAUSE),
            });
        }
        self.dialling.as_mut()
    }

    fn fill_play(&mut self, octets: &mut [u8]) {
        if let Some(pattern) = &mut self.pattern {
            return pattern.fill(octets);
        }
        let Some(generator) = &mut self.generator else {
            return;
        };
        let mut samples = [0_i16; 80];
        for octets in octets.chunks_mut(80) {
            let (samples, _) = samples.split_at_mut(octets.len());
            generator.fill(samples);
            for (octet, sample) in octets.iter_mut().zip(samples) {
                *octet = self.law.encode(*sample);
            }
        }
    }
}

fn samples(duration: Duration) -> usize {
    usize::try_from(duration.as_millis() * 8).unwrap_or(usize::MAX)
}
