//! What the events of tones sound like: a player without allocation, for events whose tones a
//! timeslot is to hear (RFC 4734, RFC 5244).

use tdm::Law;

use crate::level::Dbm0;
use crate::tone::{MAX_PARTIALS, Oscillator};

/// Sines that sound together, and their modulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sound {
    /// In Hz; zero is none.
    pub frequencies: [f32; MAX_PARTIALS],
    /// Frequency in Hz and depth of a modulation of all of them.
    pub modulation: Option<(f32, f32)>,
    /// Its phase is half a turn off: what follows ANS as /ANS.
    pub reversed: bool,
}

impl Sound {
    /// One sine.
    #[must_use]
    pub const fn sine(frequency: f32) -> Self {
        Self {
            frequencies: [frequency, 0.0, 0.0, 0.0],
            modulation: None,
            reversed: false,
        }
    }

    /// The tone of an event code: DTMF (RFC 4733 §3.2), answer and calling tones (RFC 4734 §3),
    /// the check tones (RFC 5244 §2.5). `None` for events that are no steady tone, such as a
    /// flash or the bits of V.21.
    #[must_use]
    pub fn of_event(code: u8) -> Option<Self> {
        let answer = |modulation, reversed| Self {
            modulation,
            reversed,
            ..Self::sine(2_100.0)
        };
        // V.8: 20 % of 15 Hz.
        let v8 = Some((15.0, 0.2));
        Some(match code {
            0..=15 => {
                let (low, high) = crate::Digit::from_event(code)?.frequencies();
                Self {
                    frequencies: [low, high, 0.0, 0.0],
                    ..Self::sine(low)
                }
            }
            32 => answer(None, false),
            33 => answer(None, true),
            34 => answer(v8, false),
            35 => answer(v8, true),
            36 => Self::sine(1_100.0),
            49 => Self::sine(1_300.0),
            52 => Self::sine(2_225.0),
            121 => Self::sine(2_010.0),
            122 => Self::sine(1_780.0),
            _ => return None,
        })
    }
}

/// Samples over which a sound rises and falls: 2 ms.
const RAMP: f32 = 16.0;

/// Plays sounds one after the other. Phases run on while sounds follow each other directly, so
/// that /ANS after ANS is a phase reversal and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Player {
    law: Law,
    sines: [Option<Oscillator>; MAX_PARTIALS],
    modulator: Option<(Oscillator, f32)>,
    sound: Option<Sound>,
    /// 0 (silence) to 1.
    envelope: f32,
    falling: bool,
}

impl Player {
    /// Silent, at levels of `law`.
    #[must_use]
    pub const fn new(law: Law) -> Self {
        Self {
            law,
            sines: [None; MAX_PARTIALS],
            modulator: None,
            sound: None,
            envelope: 0.0,
            falling: false,
        }
    }

    /// Begins a sound at `level`, the power of all its sines together; the same sound goes on.
    pub fn play(&mut self, sound: Sound, level: Dbm0) {
        let sounding = self.sound.is_some();
        if self.sound == Some(sound) && !self.falling {
            return;
        }
        let count = sound.frequencies.iter().filter(|f| **f > 0.0).count();
        let each = Dbm0(level.0 - 10.0 * (count.max(1) as f32).log10());
        let sign = if sound.reversed { -1.0 } else { 1.0 };
        let before = self.sines;
        for ((sine, frequency), before) in self.sines.iter_mut().zip(sound.frequencies).zip(before)
        {
            let new = Oscillator::new(frequency, sign * each.peak(self.law));
            *sine = (frequency > 0.0).then(|| match before {
                Some(before) if sounding => new.continuing(before),
                _ => new,
            });
        }
        self.modulator = match (sound.modulation, self.modulator) {
            (Some((frequency, depth)), Some((before, _))) if sounding => {
                Some((Oscillator::new(frequency, 1.0).continuing(before), depth))
            }
            (Some((frequency, depth)), _) => Some((Oscillator::new(frequency, 1.0), depth)),
            (None, _) => None,
        };
        self.sound = Some(sound);
        self.falling = false;
    }

    /// Lets the sound fall to silence.
    pub fn stop(&mut self) {
        self.falling = true;
    }

    /// Whether there is something to hear.
    #[must_use]
    pub const fn playing(&self) -> bool {
        self.sound.is_some()
    }

    /// The next samples; silence when nothing plays.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            if self.sound.is_none() {
                *sample = 0;
                continue;
            }
            let mut sum = 0.0;
            for sine in self.sines.iter_mut().flatten() {
                sum += sine.next_sample();
            }
            if let Some((oscillator, depth)) = &mut self.modulator {
                sum *= 1.0 + *depth * oscillator.next_sample();
            }
            *sample = (sum * self.envelope).round() as i16;
            let step = if self.falling {
                -1.0 / RAMP
            } else {
                1.0 / RAMP
            };
            self.envelope = (self.envelope + step).clamp(0.0, 1.0);
            if self.falling && self.envelope == 0.0 {
                *self = Self::new(self.law);
            }
        }
    }
}
