//! Digits as tones, one after the other: those that call control commands and those that arrive
//! as events, whose length is not known when they begin.

use std::num::NonZeroU32;
use std::time::Duration;

use tdm::Law;

use crate::SAMPLES_PER_MS;
use crate::command::DigitTones;
use crate::dtmf::{self, Digit, Generator, Levels};
use crate::level::Dbm0;

/// Digits that can wait.
const QUEUE: usize = 16;
/// Silence after a digit that is sent as an event: receivers need 40 ms (Q.24), and the tick's end
/// may cut some.
pub(super) const PAUSE: u32 = 50 * SAMPLES_PER_MS;

/// Samples of a digit whose commanded length is `ms`: none becomes the default, short ones are
/// lengthened to what receivers must recognise.
pub(super) fn length(ms: u32) -> u32 {
    let ms = if ms == 0 {
        dtmf::DEFAULT_MS
    } else {
        ms.max(dtmf::MIN_MS)
    };
    ms.saturating_mul(SAMPLES_PER_MS)
}

/// A length that is known: one sample at least.
fn known(samples: u32) -> NonZeroU32 {
    NonZeroU32::new(samples).unwrap_or(NonZeroU32::MIN)
}

/// Levels for an event's volume.
fn levels(volume: u8) -> Levels {
    if volume == 0 {
        return Levels::default();
    }
    // The volume is that of both tones together. Below -36 dBm0 receivers need not respond
    // (RFC 4733 §3.2, and Q.24).
    let each = Dbm0(-f32::from(volume.clamp(4, 33)) - 3.0);
    Levels {
        low: each,
        high: each,
    }
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    digit: Digit,
    /// As RFC 4733 has it; 0 for the usual levels.
    volume: u8,
    /// Its length; `None` while its event lasts.
    samples: Option<NonZeroU32>,
}

#[derive(Debug, Clone, Copy)]
struct Playing {
    generator: Generator,
    samples: Option<NonZeroU32>,
    played: u32,
}

/// Queues digits, and plays them in place of the audio.
#[derive(Debug, Clone)]
#[repr(C)]
pub(super) struct Digits {
    pause: u32,
    waiting: u8,
    law: Law,
    playing: Option<Playing>,
    /// Level of each frequency, when events are not asked for theirs.
    level: Option<Dbm0>,
    /// Least length of a tone, and the pause after it, in milliseconds.
    least: u16,
    between: u16,
    /// The first `waiting` of them.
    queue: [Entry; QUEUE],
}

impl Digits {
    /// Octets at the beginning that tell whether it is silent.
    pub(super) const TOUCHED: usize = std::mem::offset_of!(Self, level);

    pub(super) fn new(law: Law) -> Self {
        Self {
            pause: 0,
            waiting: 0,
            law,
            playing: None,
            level: None,
            least: dtmf::MIN_MS as u16,
            between: (PAUSE / SAMPLES_PER_MS) as u16,
            queue: [Entry {
                digit: Digit::ALL[0],
                volume: 0,
                samples: None,
            }; QUEUE],
        }
    }

    /// From now on digits sound like this.
    pub(super) fn shape(&mut self, tones: DigitTones) {
        let ms = |time: Duration| time.as_millis().clamp(dtmf::MIN_MS.into(), 10_000) as u16;
        self.level = tones.level;
        (self.least, self.between) = (ms(tones.least), ms(tones.pause));
    }

    /// The least length of a tone, in samples.
    fn least(&self) -> u32 {
        u32::from(self.least) * SAMPLES_PER_MS
    }

    /// Queues a digit of known length, in samples. `false` when the queue is full.
    pub(super) fn play(&mut self, digit: Digit, samples: u32) -> bool {
        self.enqueue(Entry {
            digit,
            volume: 0,
            samples: Some(known(samples.max(self.least()))),
        })
    }

    /// Queues a digit that lasts until [`release`](Self::release). `volume` as RFC 4733 has it;
    /// the power is that of both tones together, zero means that the sender did not say.
    pub(super) fn press(&mut self, digit: Digit, volume: u8) -> bool {
        self.enqueue(Entry {
            digit,
            volume,
            samples: None,
        })
    }

    /// The digit pressed last has lasted `samples`; it is lengthened as [`length`] says.
    pub(super) fn release(&mut self, samples: u32) {
        let samples = length(samples / SAMPLES_PER_MS)
            .max(samples)
            .max(self.least());
        let queue = self.queue.iter_mut().take(usize::from(self.waiting));
        let waiting = queue.rev().find(|e| e.samples.is_none());
        if let Some(entry) = waiting {
            entry.samples = Some(known(samples));
        } else if let Some(playing) = &mut self.playing
            && playing.samples.is_none()
        {
            playing.samples = Some(known(samples));
        }
    }

    /// Nothing plays and nothing waits.
    pub(super) fn is_silent(&self) -> bool {
        self.playing.is_none() && self.pause == 0 && self.waiting == 0
    }

    /// Replaces `samples` when a digit or the pause after it is due; says whether it was, and
    /// whether a digit has begun.
    pub(super) fn fill(&mut self, samples: &mut [i16]) -> (bool, bool) {
        if self.is_silent() {
            return (false, false);
        }
        let mut begun = false;
        let mut rest = samples;
        while !rest.is_empty() {
            let take = if self.pause > 0 {
                let take = rest.len().min(self.pause as usize);
                rest.iter_mut().take(take).for_each(|sample| *sample = 0);
                self.pause -= take as u32;
                take
            } else if let Some(playing) = &mut self.playing {
                let left = playing
                    .samples
                    .map_or(u32::MAX, |s| s.get().saturating_sub(playing.played));
                let take = rest.len().min(left as usize);
                playing
                    .generator
                    .fill(rest.get_mut(..take).unwrap_or_default());
                playing.played = playing.played.saturating_add(take as u32);
                if playing
                    .samples
                    .is_some_and(|samples| playing.played >= samples.get())
                {
                    self.playing = None;
                    self.pause = u32::from(self.between) * SAMPLES_PER_MS;
                }
                take
            } else if let Some(entry) = self.dequeue() {
                begun = true;
                let Entry {
                    digit,
                    volume,
                    samples,
                } = entry;
                let levels = match self.level {
                    Some(each) => Levels {
                        low: each,
                        high: each,
                    },
                    None => levels(volume),
                };
                let generator = Generator::new(digit, levels, self.law);
                self.playing = Some(Playing {
                    generator,
                    samples,
                    played: 0,
                });
                0
            } else {
                rest.fill(0);
                rest.len()
            };
            rest = rest.get_mut(take..).unwrap_or_default();
        }
        (true, begun)
    }

    /// Takes the next digit out, with its length in samples, for whoever sends it as an event.
    pub(super) fn take(&mut self) -> Option<(Digit, u32)> {
        let Entry { digit, samples, .. } = self.dequeue()?;
        Some((digit, samples.map_or(0, NonZeroU32::get)))
    }

    fn enqueue(&mut self, entry: Entry) -> bool {
        let free = self.queue.get_mut(usize::from(self.waiting));
        let queued = free.map(|slot| *slot = entry).is_some();
        self.waiting += u8::from(queued);
        queued
    }

    fn dequeue(&mut self) -> Option<Entry> {
        self.waiting = self.waiting.checked_sub(1)?;
        let entry = self.queue.first().copied();
        self.queue.rotate_left(1);
        entry
    }
}
