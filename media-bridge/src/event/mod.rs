//! Telephone events and tones in RTP (RFC 4733): payloads, sending and receiving. Usable for any
//! event code; positions and durations are in timestamp units of 8000 per second.
//!
//! Events ("format 1"): [`Sender`], [`Receiver`]; what those of tones sound like on a timeslot:
//! [`Sound::of_event`], played by a [`Player`]. Tones ("format 2"): [`Tone`], [`ToneSender`],
//! [`TonePlayer`]. Either may come in redundant packets ([`crate::redundancy`]): the receivers
//! know what they have heard already.

mod receiver;
mod sender;
mod sound;
mod sounds;
mod tone;

pub use receiver::{Indication, Receiver};
pub use sender::{Report, Sender};
pub use sound::{Player, Sound};
pub use sounds::Sounds;
pub use tone::{TONE_OCTETS, Tone, TonePlayer, ToneSender};

/// Octets of one event in a payload.
pub const PAYLOAD_OCTETS: usize = 4;
/// Longest duration one segment can report (§2.5.1.3).
pub const MAX_DURATION: u32 = 0xFFFF;
/// Event code of a flash of the hook (RFC 2833 §3.10; RFC 4733 §7.1 keeps the code for it):
/// understood, and not offered.
pub const FLASH: u8 = 16;
/// Times the final packet of an event or segment is sent (§2.5.1.4).
pub const FINAL_PACKETS: u8 = 3;

/// One event as a packet carries it (§2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    /// Event code: 0 to 15 are the DTMF digits.
    pub event: u8,
    /// E bit: the event has ended.
    pub end: bool,
    /// Level of the tone without its sign, in dBm0: 0 to 63.
    pub volume: u8,
    /// How long the event, or this segment of it, has lasted.
    pub duration: u16,
}

impl Payload {
    /// Reads the first event of a payload. Further events (§2.5.1.5) are read by
    /// [`Payload::all`].
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let [event, flags, high, low] = *octets.first_chunk()?;
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// All events of a payload, in order.
    pub fn all(octets: &[u8]) -> impl Iterator<Item = Self> + '_ {
        octets.chunks_exact(PAYLOAD_OCTETS).filter_map(Self::parse)
    }

    /// As octets; the R bit is zero.
    #[must_use]
    pub const fn to_octets(self) -> [u8; PAYLOAD_OCTETS] {
        let [high, low] = self.duration.to_be_bytes();
        [
            self.event,
            (self.end as u8) << 7 | (self.volume & 0x3F),
            high,
            low,
        ]
    }
}

#[cfg(test)]
mod tests;
