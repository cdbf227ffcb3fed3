//! The tone payload (RFC 4733 §4, "format 2"): what a tone is made of, not what it means.

use tdm::Law;

use super::sound::{Player, Sound};
use crate::level::Dbm0;
use crate::rtp::timestamp_distance;
use crate::tone::MAX_PARTIALS;

/// Most octets of a tone payload that we send: a head and [`MAX_PARTIALS`] frequencies.
pub const TONE_OCTETS: usize = 4 + 2 * MAX_PARTIALS;
/// Depth at which a modulated tone is played: the payload leaves it open (§4.3.3), and most
/// modulated call progress tones swing about so far.
const DEPTH: f32 = 0.5;

/// A tone as a packet carries it (§4.3.3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// Frequency of the modulation in thirds of a hertz; zero for none.
    pub modulation_thirds: u16,
    /// Level without its sign, in dBm0: 0 to 63.
    pub volume: u8,
    /// How long it is from the packet's timestamp on, at least 1.
    pub duration: u16,
    /// In Hz, 1 to 4095; zeros are none. All zero is silence.
    pub frequencies: [u16; MAX_PARTIALS],
}

impl Tone {
    /// Reads a payload. `None` when it is cut short or lasts no time (§4.3.3 has it ignored). Of
    /// more than [`MAX_PARTIALS`] frequencies the first are taken.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let (&[high, low, d1, d0], rest) = octets.split_first_chunk()?;
        let head = u16::from_be_bytes([high, low]);
        let duration = u16::from_be_bytes([d1, d0]);
        if duration == 0 {
            return None;
        }
        let whole = head >> 7;
        let thirds = head & 0x40 != 0;
        let sounding = rest
            .as_chunks::<2>()
            .0
            .iter()
            .map(|&pair| u16::from_be_bytes(pair) & 0x0FFF)
            .filter(|&frequency| frequency > 0);
        let mut frequencies = [0; MAX_PARTIALS];
        for (slot, frequency) in frequencies.iter_mut().zip(sounding) {
            *slot = frequency;
        }
        Some(Self {
            modulation_thirds: if thirds { whole } else { whole * 3 },
            volume: (head & 0x3F) as u8,
            duration,
            frequencies,
        })
    }

    /// Writes it; returns the octets written. A modulation that is no whole number of hertz, and
    /// none of thirds below 171 Hz, is rounded.
    pub fn write(&self, octets: &mut [u8; TONE_OCTETS]) -> usize {
        let thirds = self.modulation_thirds;
        let (field, t) = if thirds.is_multiple_of(3) || thirds > 0x1FF {
            ((thirds + 1) / 3, 0)
        } else {
            (thirds, 0x40)
        };
        let head = field.min(0x1FF) << 7 | t | u16::from(self.volume.min(63));
        let mut words = [0u16; TONE_OCTETS / 2];
        let mut count = 2;
        let sounding = self.frequencies.iter().filter(|f| **f > 0);
        for (word, value) in words.iter_mut().zip([head, self.duration]) {
            *word = value;
        }
        for (word, &frequency) in words.iter_mut().skip(2).zip(sounding) {
            *word = frequency & 0x0FFF;
            count += 1;
        }
        for (pair, word) in octets.as_chunks_mut::<2>().0.iter_mut().zip(words) {
            *pair = word.to_be_bytes();
        }
        count * 2
    }

    fn sound(&self) -> Option<Sound> {
        if self.frequencies.iter().all(|f| *f == 0) {
            return None;
        }
        let modulation =
            (self.modulation_thirds > 0).then(|| (f32::from(self.modulation_thirds) / 3.0, DEPTH));
        Some(Sound {
            frequencies: self.frequencies.map(f32::from),
            modulation,
            reversed: false,
        })
    }

    fn alike(&self, other: &Self) -> bool {
        Self {
            duration: other.duration,
            ..*self
        } == *other
    }
}

/// The sending side of one tone (§4.4.1).
#[derive(Debug, Clone, Copy)]
pub struct ToneSender {
    tone: Tone,
    timestamp: u32,
    begun: bool,
}

impl ToneSender {
    /// A tone that began at RTP `timestamp`; the duration in `tone` has no effect.
    #[must_use]
    pub const fn new(tone: Tone, timestamp: u32) -> Self {
        Self {
            tone,
            timestamp,
            begun: false,
        }
    }

    /// The next packet: what the tone was in the `duration` since the one before. Returns marker
    /// bit, timestamp and tone.
    pub fn report(&mut self, duration: u16) -> (bool, u32, Tone) {
        let (marker, timestamp) = (!self.begun, self.timestamp);
        self.begun = true;
        self.timestamp = timestamp.wrapping_add(u32::from(duration));
        (
            marker,
            timestamp,
            Tone {
                duration,
                ..self.tone
            },
        )
    }
}

/// A gap in the reports of a tone up to so long is bridged: two packets of 60 ms lost.
const BRIDGED: i32 = 960;
/// Reports waiting for the end of the tone that sounds.
const WAITING: usize = 4;

/// The receiving side: plays tones as they are reported, one after the other (§4.4.2). Feed it
/// packets past the jitter of the network: it begins at once and goes on without a break as long
/// as the next report comes before the last one is over.
#[derive(Debug, Clone)]
pub struct TonePlayer {
    player: Player,
    current: Option<(Tone, u32)>,
    /// Timestamp at which the reports so far end.
    end: u32,
    /// Samples still to be played of the current tone.
    left: u32,
    waiting: [Option<Tone>; WAITING],
}

impl TonePlayer {
    /// Silent.
    #[must_use]
    pub const fn new(law: Law) -> Self {
        Self {
            player: Player::new(law),
            current: None,
            end: 0,
            left: 0,
            waiting: [None; WAITING],
        }
    }

    /// Takes a report; one that was heard already, by redundancy perhaps, has no effect.
    pub fn handle(&mut self, marker: bool, timestamp: u32, tone: Tone) {
        let Some((current, _)) = self.current else {
            self.begin(timestamp, tone);
            return;
        };
        let gap = timestamp_distance(self.end, timestamp);
        if gap < 0 && !marker {
            return;
        }
        let end = timestamp.wrapping_add(u32::from(tone.duration));
        let last = self.waiting.iter().rev().flatten().next().copied();
        let goes_on = last.unwrap_or(current).alike(&tone) && !marker && gap <= BRIDGED;
        if goes_on && last.is_none() {
            self.left += u32::from(tone.duration) + gap.unsigned_abs();
        } else if let Some(slot) = self.waiting.iter_mut().find(|slot| slot.is_none()) {
            *slot = Some(tone);
        }
        self.end = end;
    }

    fn begin(&mut self, timestamp: u32, tone: Tone) {
        self.end = timestamp.wrapping_add(u32::from(tone.duration));
        self.start(tone);
    }

    fn start(&mut self, tone: Tone) {
        self.left = u32::from(tone.duration);
        self.current = Some((tone, self.end));
        match tone.sound() {
            Some(sound) => self.player.play(sound, Dbm0(-f32::from(tone.volume))),
            None => self.player.stop(),
        }
    }

    /// Fills samples while a tone plays; `false` when there is none and nothing was written.
    pub fn fill(&mut self, samples: &mut [i16]) -> bool {
        if self.current.is_none() && !self.player.playing() {
            return false;
        }
        let mut rest = samples;
        while !rest.is_empty() {
            let take = match self.current {
                Some(_) => rest.len().min(self.left as usize),
                None => rest.len(),
            };
            let (now, later) = rest.split_at_mut(take);
            self.player.fill(now);
            rest = later;
            if self.current.is_none() {
                continue;
            }
            self.left -= take as u32;
            if self.left == 0 {
                let next = self.waiting.first_mut().and_then(Option::take);
                self.waiting.rotate_left(1);
                if let Some(tone) = next {
                    self.start(tone);
                } else {
                    self.current = None;
                    self.player.stop();
                }
            }
        }
        true
    }
}
