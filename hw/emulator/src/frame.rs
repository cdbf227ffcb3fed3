//! What goes on the line: chunks of eight frames with timeslot 0 filled in (G.704 §2.3.2).

use tdm::{SpanTick, TICK_OCTETS};

/// Frames of a chunk. Even ones carry the frame alignment signal.
pub(crate) const FRAMES: usize = 8;
/// Timeslots of an E1. A property of the line, passed to what depends on it: a T1 has fewer.
pub(crate) const E1_TIMESLOTS: usize = tdm::TIMESLOTS;

/// Timeslot 0 of an even frame: the international bit as 1, then the frame alignment signal.
const FAS: u8 = 0b1001_1011;
/// Timeslot 0 of an odd frame: bit 2 is 1 so that it never looks like alignment; spare bits are 1.
const NOT_FAS: u8 = 0b1101_1111;
/// Bit A (bit 3) of timeslot 0 of an odd frame: remote alarm indication.
const REMOTE_ALARM: u8 = 0b0010_0000;

/// Octets of a tick on the line.
pub(crate) const fn tick_octets(timeslots: usize) -> usize {
    timeslots * TICK_OCTETS
}

/// Writes a tick as chunks, each timeslot's eight octets together, with timeslot 0 of the framer.
pub(crate) fn write(tick: &SpanTick, timeslots: usize, remote_alarm: bool, line: &mut [u8]) {
    let not_fas = if remote_alarm {
        NOT_FAS | REMOTE_ALARM
    } else {
        NOT_FAS
    };
    for (n, chunk) in line.chunks_exact_mut(timeslots * FRAMES).enumerate() {
        for (octets, row) in chunk.chunks_exact_mut(FRAMES).zip(&tick.0) {
            if let Some(from) = row.get(n * FRAMES..(n + 1) * FRAMES) {
                octets.copy_from_slice(from);
            }
        }
        for (frame, octet) in chunk.iter_mut().take(FRAMES).enumerate() {
            *octet = if frame % 2 == 0 { FAS } else { not_fas };
        }
    }
}

/// Whether timeslot 0 holds the frame alignment signal; the international bit does not count.
pub(crate) const fn is_fas(octet: u8) -> bool {
    octet & 0x7f == FAS & 0x7f
}

/// Whether bit 2 of timeslot 0 is 1, as in every frame without the frame alignment signal.
pub(crate) const fn is_not_fas(octet: u8) -> bool {
    octet & 0x40 != 0
}

/// Whether bit A tells of an alarm at the far end.
pub(crate) const fn has_remote_alarm(octet: u8) -> bool {
    octet & REMOTE_ALARM != 0
}
