//! Everything of events and tone payloads that a timeslot is to hear and that is no digit.

use tdm::{Law, TICK_OCTETS};

use super::{Player, Sound, Tone, TonePlayer};
use crate::level::Dbm0;

/// Level of an event's tone without sign, where the event does not say it: -12 dBm0 (V.25, Q.724).
const USUAL: u8 = 12;

/// Plays events that are tones (RFC 4734, RFC 5244), and tone payloads (RFC 4733 §4) where these were
/// agreed, in place of the audio.
#[derive(Debug, Clone)]
pub struct Sounds {
    law: Law,
    events: Player,
    tones: TonePlayer,
    tone_payload: Option<u8>,
}

impl Sounds {
    /// Silent, for a timeslot of this law; `tone_payload` is the payload type of `tone/8000`.
    #[must_use]
    pub const fn new(law: Law, tone_payload: Option<u8>) -> Self {
        Self {
            law,
            events: Player::new(law),
            tones: TonePlayer::new(law),
            tone_payload,
        }
    }

    /// Whether packets of this type are tone payloads.
    #[must_use]
    pub fn is_tone(&self, payload_type: u8) -> bool {
        self.tone_payload == Some(payload_type)
    }

    /// Takes a tone payload; one that cannot be read has no effect.
    pub fn handle_tone(&mut self, marker: bool, timestamp: u32, payload: &[u8]) {
        if let Some(tone) = Tone::parse(payload) {
            self.tones.handle(marker, timestamp, tone);
        }
    }

    /// An event began; `volume` is its level without sign, 0 when the sender did not say. Events that
    /// are no steady tone are passed over.
    pub fn begin(&mut self, event: u8, volume: u8) {
        if let Some(sound) = Sound::of_event(event) {
            let level = if volume == 0 { USUAL } else { volume };
            self.events.play(sound, Dbm0(-f32::from(level)));
        }
    }

    /// The event has ended.
    pub fn end(&mut self) {
        self.events.stop();
    }

    /// Puts what sounds in the place of the next octets, if anything does.
    pub fn fill(&mut self, octets: &mut [u8; TICK_OCTETS]) {
        let mut samples = [0; TICK_OCTETS];
        let sounds = if self.events.playing() {
            self.events.fill(&mut samples);
            true
        } else {
            self.tones.fill(&mut samples)
        };
        if sounds {
            *octets = samples.map(|sample| self.law.encode(sample));
        }
    }
}
