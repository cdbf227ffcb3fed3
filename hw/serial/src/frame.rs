//! The frame of one tick.
//!
//! | octets | what |
//! |---|---|
//! | 2 | synchronisation word, `A5 5E` |
//! | 1 | version 1 in the upper four bits; bit 0: the sender does not hear us (RAI) |
//! | 1 | timeslots carried |
//! | 2 | sequence number, high octet first |
//! | 2 | octets of signalling, high octet first |
//! | 80 each | timeslots, in the order of their numbers in the configuration |
//! | as told | signal units in pieces |
//! | 4 | CRC-32 (ISO/IEC 13239) of all before it, high octet first |

use crate::{Layout, LineCounters};
use tdm::TICK_OCTETS;

/// Octets of a frame beside timeslots and signalling.
pub const OVERHEAD: usize = HEADER + CRC;

const SYNC: [u8; 2] = [0xa5, 0x5e];
const HEADER: usize = 8;
const CRC: usize = 4;
const VERSION: u8 = 1 << 4;
const REMOTE_ALARM: u8 = 1;

/// A frame that arrived whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Counts frames, modulo 65,536.
    pub sequence: u16,
    /// Whether the sender does not hear us.
    pub remote_alarm: bool,
    /// 80 octets for each timeslot carried.
    pub timeslots: &'a [u8],
    /// Signal units in pieces.
    pub signalling: &'a [u8],
}

impl Frame<'_> {
    /// Appends the frame to `line`.
    pub fn write(&self, line: &mut Vec<u8>) {
        let start = line.len();
        let count = (self.timeslots.len() / TICK_OCTETS) as u8;
        line.extend(SYNC);
        let remote_alarm = if self.remote_alarm { REMOTE_ALARM } else { 0 };
        line.push(VERSION | remote_alarm);
        line.push(count);
        line.extend(self.sequence.to_be_bytes());
        line.extend((self.signalling.len() as u16).to_be_bytes());
        line.extend(self.timeslots);
        line.extend(self.signalling);
        let crc = crc32fast::hash(line.get(start..).unwrap_or_default());
        line.extend(crc.to_be_bytes());
    }
}

/// Finds frames in the octets of a line.
#[derive(Debug)]
pub struct Deframer {
    timeslots: usize,
    signalling_room: usize,
    /// What came and is no whole frame yet.
    pending: Vec<u8>,
    longest: usize,
}

/// What stands at the beginning of the octets pending.
enum Found {
    /// A whole frame, so long.
    Frame(usize),
    /// The beginning of a frame.
    More,
    /// No frame: the first octet belongs to none.
    Nothing,
    /// A frame of a line with other timeslots.
    Foreign,
}

impl Deframer {
    /// For frames of this layout.
    #[must_use]
    pub fn new(layout: &Layout) -> Self {
        let longest = layout.longest_frame();
        Self {
            timeslots: layout.timeslots().len(),
            signalling_room: layout.signalling_room(),
            pending: Vec::with_capacity(4 * longest),
            longest,
        }
    }

    /// The most octets that [`Self::push`] may be given at once.
    #[must_use]
    pub const fn most(&self) -> usize {
        2 * self.longest
    }

    /// Takes octets from the line; whole frames go to `sink` in order.
    pub fn push(
        &mut self,
        octets: &[u8],
        counters: &mut LineCounters,
        sink: &mut dyn FnMut(Frame<'_>),
    ) {
        self.pending.extend_from_slice(octets);
        let mut start = 0;
        while let Some(rest) = self.pending.get(start..).filter(|rest| !rest.is_empty()) {
            match self.find(rest) {
                Found::More => break,
                Found::Frame(length) => {
                    if let Some(frame) = rest.get(..length).and_then(|f| self.parse(f)) {
                        counters.received += 1;
                        sink(frame);
                    }
                    start += length;
                }
                nothing => {
                    counters.foreign += u64::from(matches!(nothing, Found::Foreign));
                    let looks_like_one = rest.starts_with(&SYNC);
                    counters.broken += u64::from(looks_like_one);
                    let skip = self.next_sync(rest);
                    counters.skipped += skip as u64;
                    start += skip;
                }
            }
        }
        self.pending.drain(..start);
    }

    fn find(&self, rest: &[u8]) -> Found {
        if !SYNC.starts_with(rest.get(..2).unwrap_or(rest)) {
            return Found::Nothing;
        }
        let &[_, _, flags, count, _, _, high, low, ..] = rest else {
            return Found::More;
        };
        let signalling = usize::from(u16::from_be_bytes([high, low]));
        if flags & 0xf0 != VERSION {
            return Found::Nothing;
        }
        let same = usize::from(count) == self.timeslots;
        if !same || signalling > self.signalling_room {
            return Found::Foreign;
        }
        let body = HEADER + self.timeslots * TICK_OCTETS + signalling;
        let Some((body, after)) = rest.split_at_checked(body) else {
            return Found::More;
        };
        let Some(crc) = after.first_chunk::<CRC>() else {
            return Found::More;
        };
        if crc32fast::hash(body) == u32::from_be_bytes(*crc) {
            Found::Frame(body.len() + CRC)
        } else {
            Found::Nothing
        }
    }

    /// Octets up to the next synchronisation word, at least one.
    fn next_sync(&self, rest: &[u8]) -> usize {
        let from = rest.get(1..).unwrap_or_default();
        let next = from
            .windows(2)
            .position(|pair| pair == SYNC)
            .unwrap_or_else(|| match from.last() {
                Some(last) if *last == SYNC[0] => from.len() - 1,
                _ => from.len(),
            });
        1 + next
    }

    fn parse<'a>(&self, frame: &'a [u8]) -> Option<Frame<'a>> {
        let &[_, _, flags, _, high, low, _, _, ref body @ ..] = frame else {
            return None;
        };
        let body = body.get(..body.len().checked_sub(CRC)?)?;
        let (timeslots, signalling) = body.split_at_checked(self.timeslots * TICK_OCTETS)?;
        Some(Frame {
            sequence: u16::from_be_bytes([high, low]),
            remote_alarm: flags & REMOTE_ALARM != 0,
            timeslots,
            signalling,
        })
    }
}
