//! Comfort noise (RFC 3389) and what decides when to send it.
//!
//! Receiving: give every comfort noise payload to [`Generator::describe`] and fill the sender's
//! silence with [`Generator::fill`]; [`crate::jitter::Buffer::silence`] does both. Sending, as an
//! option: give every 10 ms of the timeslot to [`Transmitter::push`] and do what it says, or to a
//! [`Gate`], which says so packet by packet. Only
//! voice goes through a transmitter: data has no silence.

use tdm::{Law, TICK_OCTETS};

use crate::level::Dbm0;
use crate::noise::Noise;

/// Payload type of comfort noise at 8000 Hz (RFC 3551 §6).
pub const PAYLOAD_TYPE: u8 = 13;
/// Overload of G.711 in dBm0, the zero of dBov (RFC 3389 §3.1).
const OVERLOAD_DBM0: f32 = 6.18;
/// Louder comfort noise than this is no comfort: a description is held to it.
const LOUDEST: Dbm0 = Dbm0(-35.0);
/// Quieter is silence.
const QUIETEST: Dbm0 = Dbm0(-75.0);
/// Samples over which the noise glides to a new level: 20 ms.
const GLIDE: u32 = 160;

/// Level of a comfort noise payload. The first octet is the level (§3.1); reflection
/// coefficients after it describe a spectrum (§3.2), which the generator does not use, as §3
/// lets it. `None` for an empty payload.
#[must_use]
pub fn level(payload: &[u8]) -> Option<Dbm0> {
    let level = payload.first()? & 0x7F;
    Some(Dbm0(OVERLOAD_DBM0 - f32::from(level)))
}

/// The payload for noise of `level`: the level alone.
#[must_use]
pub fn payload(level: Dbm0) -> [u8; 1] {
    [(OVERLOAD_DBM0 - level.0).round().clamp(0.0, 127.0) as u8]
}

/// Makes noise of the level last described. It rises from silence and glides from level to
/// level, so that nothing clicks.
#[derive(Debug, Clone)]
pub struct Generator {
    law: Law,
    noise: Noise,
    /// Amplitude now, and where it goes, as fractions of 0 dBm0 noise.
    amplitude: f32,
    target: f32,
}

impl Generator {
    /// Silent, for samples of `law`'s scale. Lines with different seeds do not sound alike.
    #[must_use]
    pub fn new(seed: u64, law: Law) -> Self {
        Self {
            law,
            noise: Noise::new(seed, Dbm0(0.0), law),
            amplitude: 0.0,
            target: 0.0,
        }
    }

    /// Takes a payload: from now on, noise of its level, -35 dBm0 at most.
    pub fn describe(&mut self, payload: &[u8]) {
        if let Some(level) = level(payload) {
            self.set_level(level);
        }
    }

    /// From now on, noise of that level, -35 dBm0 at most.
    pub fn set_level(&mut self, level: Dbm0) {
        self.target = if level.0 <= QUIETEST.0 {
            0.0
        } else {
            10f32.powf(level.0.min(LOUDEST.0) / 20.0)
        };
    }

    /// The level that it makes, or glides to.
    #[must_use]
    pub fn level(&self) -> Dbm0 {
        Dbm0(20.0 * self.target.log10())
    }

    /// Begins again from silence: the sound before it was another's.
    pub fn restart(&mut self) {
        self.amplitude = 0.0;
    }

    /// The next samples.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            *sample = self.next_sample();
        }
    }

    /// The next octets.
    pub fn fill_octets(&mut self, octets: &mut [u8]) {
        if self.amplitude == 0.0 && self.target == 0.0 {
            octets.fill(self.law.idle());
            return;
        }
        for octet in octets {
            *octet = self.law.encode(self.next_sample());
        }
    }

    fn next_sample(&mut self) -> i16 {
        self.amplitude += (self.target - self.amplitude) * (4.0 / GLIDE as f32);
        (self.noise.next_value() * self.amplitude) as i16
    }
}

/// What to do with 10 ms of the line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Decision {
    /// Send them: somebody speaks, or something sounds.
    Active,
    /// Send a comfort noise packet of this level: silence begins, or has changed.
    Describe(Dbm0),
    /// Send nothing.
    Silent,
}

/// Above this nothing is background noise: tones, music, data pass whatever they look like.
const NEVER_SILENT: Dbm0 = Dbm0(-38.0);
/// A frame this much above the background is active, in power: 6 dB.
const ABOVE: f32 = 4.0;
/// Frames of silence that still are sent after the last active one: 200 ms, so that the ends of
/// words are not cut.
const HANGOVER: u32 = 20;
/// The background rises by so much a frame while frames are louder than it: 3 dB a second; and
/// falls at once.
const RISE: f32 = 1.007;
/// A new description when the level has moved by so many dB, but not within so many frames.
const MOVED_DB: f32 = 3.0;
const SELDOM: u32 = 20;
/// A new description after so many frames anyway: 1 s.
const REFRESH: u32 = 100;

/// Voice activity detection and discontinuous transmission: which of a line's frames to send.
#[derive(Debug, Clone)]
pub struct Transmitter {
    law: Law,
    never_silent: f32,
    /// Mean square of the background, as far as known.
    background: f32,
    least: f32,
    /// Mean square of the silence now, smoothed.
    silence: f32,
    hangover: u32,
    /// What was described last, and how many frames ago.
    described: Option<(f32, u32)>,
}

impl Transmitter {
    /// For samples of `law`'s scale; active for the first 200 ms at least.
    #[must_use]
    pub fn new(law: Law) -> Self {
        let least = QUIETEST.mean_square(law);
        Self {
            law,
            never_silent: NEVER_SILENT.mean_square(law),
            background: NEVER_SILENT.mean_square(law),
            least,
            silence: least,
            hangover: HANGOVER,
            described: None,
        }
    }

    /// Takes a frame of 80 samples; says what to do with it.
    pub fn push(&mut self, frame: &[i16]) -> Decision {
        let sum: f32 = frame.iter().map(|&s| f32::from(s) * f32::from(s)).sum();
        let power = (sum / frame.len().max(1) as f32).max(self.least);
        self.background = if power < self.background {
            power
        } else {
            (self.background * RISE).min(power).min(self.never_silent)
        };
        if power >= self.never_silent || power > self.background * ABOVE {
            self.hangover = HANGOVER;
        } else if self.hangover > 0 {
            self.hangover -= 1;
            self.silence = power;
        } else {
            self.silence += (power - self.silence) / 8.0;
            return self.describe();
        }
        self.described = None;
        Decision::Active
    }

    fn describe(&mut self) -> Decision {
        let level = Dbm0::from_mean_square(f64::from(self.silence), self.law);
        if let Some((described, age)) = &mut self.described {
            *age += 1;
            let moved = (level.0 - *described).abs() >= MOVED_DB && *age >= SELDOM;
            if !moved && *age < REFRESH {
                return Decision::Silent;
            }
        }
        self.described = Some((level.0, 0));
        Decision::Describe(level)
    }
}

/// Which packets to send: a transmitter that is asked packet by packet, whatever their length.
#[derive(Debug, Clone)]
pub struct Gate {
    transmitter: Transmitter,
    law: Law,
    /// A frame of the packet to come has to be sent.
    active: bool,
    /// The silence is to be described.
    described: Option<Dbm0>,
}

impl Gate {
    /// For octets of this law; the first packet is sent.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self {
            transmitter: Transmitter::new(law),
            law,
            active: true,
            described: None,
        }
    }

    /// Takes 10 ms of the packet to come.
    pub fn push(&mut self, octets: &[u8; TICK_OCTETS]) {
        let samples = octets.map(|octet| self.law.decode(octet));
        match self.transmitter.push(&samples) {
            Decision::Active => self.active = true,
            Decision::Describe(level) => self.described = Some(level),
            Decision::Silent => {}
        }
    }

    /// What the packet to come holds is no voice of the line's: it is sent in any case.
    pub fn pass(&mut self) {
        self.active = true;
    }

    /// The packet is due: whether it is to be sent, and else the level to describe it by, if it is
    /// to be described.
    pub fn packet(&mut self) -> (bool, Option<Dbm0>) {
        let active = std::mem::take(&mut self.active);
        (active, self.described.take().filter(|_| !active))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tone::Oscillator;
    use crate::voice::Voice;

    const LAW: Law = Law::ALaw;

    #[test]
    fn payloads_are_those_of_rfc_3389() {
        assert_eq!(payload(Dbm0(-50.0)), [56]);
        assert!((level(&[56]).unwrap().0 + 49.82).abs() < 0.01);
        // The top bit is not part of the level; coefficients are let pass.
        assert_eq!(level(&[0x80 | 56, 127, 3, 254]), level(&[56]));
        assert_eq!(level(&[]), None);
        assert_eq!(payload(Dbm0(30.0)), [0]);
        assert_eq!(payload(Dbm0(-200.0)), [127]);
    }

    #[test]
    fn noise_is_as_loud_as_described_and_begins_softly() {
        for described in [40u8, 56, 70] {
            let mut generator = Generator::new(1, LAW);
            generator.describe(&[described]);
            let mut samples = [0; 16_000];
            generator.fill(&mut samples);
            let expected = level(&[described]).unwrap().0.min(-35.0);
            let measured = Dbm0::of(&samples[800..], LAW).0;
            assert!(
                (measured - expected).abs() < 1.0,
                "{measured} for {expected}"
            );
            let beginning = Dbm0::of(&samples[..8], LAW).0;
            assert!(beginning < expected - 10.0, "{beginning}");
        }
        // Nobody is deafened by a description of 0 dBov.
        let mut generator = Generator::new(1, LAW);
        generator.describe(&[0]);
        let mut samples = [0; 16_000];
        generator.fill(&mut samples);
        assert!(Dbm0::of(&samples[800..], LAW).0 < -34.0);
        generator.describe(&[127]);
        generator.fill(&mut samples);
        let mut octets = [0; 80];
        generator.fill_octets(&mut octets);
        assert!(octets.iter().all(|&o| LAW.decode(o).unsigned_abs() <= 8));
    }

    /// Speech over background noise: what is spoken is sent, most of the pauses are not, and the
    /// descriptions tell the background's level.
    #[test]
    fn speech_is_sent_and_pauses_are_described() {
        for background in [-65.0, -55.0, -48.0] {
            let mut voice = Voice::new(5, LAW);
            let mut noise = Noise::new(9, Dbm0(background), LAW);
            let mut transmitter = Transmitter::new(LAW);
            let (mut quiet, mut saved, mut cut, mut loud) = (0, 0, 0, 0);
            let mut described = Vec::new();
            for n in 0..12_000 {
                let speech = voice.samples(80);
                let frame: Vec<i16> = speech.iter().map(|s| s + noise.next_sample()).collect();
                let spoken = Dbm0::of(&speech, LAW).0 > background + 8.0;
                let decision = transmitter.push(&frame);
                if let Decision::Describe(level) = decision
                    && n > 500
                {
                    described.push(level.0);
                }
                loud += u32::from(spoken);
                cut += u32::from(spoken && decision != Decision::Active);
                quiet += u32::from(!spoken);
                saved += u32::from(!spoken && decision != Decision::Active);
            }
            assert!(cut * 200 < loud, "{background}: {cut} of {loud} frames cut");
            assert!(saved * 4 > quiet, "{background}: {saved} of {quiet} saved");
            let mean = described.iter().sum::<f32>() / described.len() as f32;
            assert!((mean - background).abs() < 3.0, "{mean} for {background}");
        }
    }

    #[test]
    fn tones_and_loud_noise_are_always_sent() {
        for level in [-35.0, -20.0, -5.0] {
            let mut tone = Oscillator::new(1_004.0, Dbm0(level).peak(LAW));
            let mut noise = Noise::new(1, Dbm0(level), LAW);
            let (mut first, mut second) = (Transmitter::new(LAW), Transmitter::new(LAW));
            for _ in 0..3_000 {
                let frame: [i16; 80] = std::array::from_fn(|_| tone.next_sample() as i16);
                assert_eq!(first.push(&frame), Decision::Active);
                let frame: [i16; 80] = std::array::from_fn(|_| noise.next_sample());
                assert_eq!(second.push(&frame), Decision::Active);
            }
        }
    }

    #[test]
    fn a_silent_line_is_described_once_a_second() {
        let mut transmitter = Transmitter::new(LAW);
        let decisions: Vec<Decision> = (0..1_020).map(|_| transmitter.push(&[8; 80])).collect();
        let active = decisions.iter().filter(|d| **d == Decision::Active).count();
        let told = decisions
            .iter()
            .filter(|d| matches!(d, Decision::Describe(_)))
            .count();
        assert_eq!((active, told), (20, 10));
    }
}
