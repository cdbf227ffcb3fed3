//! What goes on the line: chunks of eight frames. An E1 has timeslot 0 filled in (G.704 §2.3.2); a T1 has
//! an F-bit before its 24 timeslots (G.704 §2.1), which stands in the row of timeslot 0 as an octet.

use tdm::{Framing, SpanTick, TICK_OCTETS};

/// Frames of a chunk. Even ones of an E1 carry the frame alignment signal.
pub(crate) const FRAMES: usize = 8;
/// Frames of a T1's multiframe (G.704 §2.1.3.1).
pub(crate) const MULTIFRAME: u8 = 24;

/// Timeslot 0 of an even frame: the international bit as 1, then the frame alignment signal.
const FAS: u8 = 0b1001_1011;
/// Timeslot 0 of an odd frame: bit 2 is 1 so that it never looks like alignment; spare bits are 1.
const NOT_FAS: u8 = 0b1101_1111;
/// Bit A (bit 3) of timeslot 0 of an odd frame: remote alarm indication.
const REMOTE_ALARM: u8 = 0b0010_0000;

/// Rows of octets on the line: timeslots, with that of the framing.
pub(crate) const fn rows(framing: Framing) -> usize {
    framing.timeslots() as usize + 1
}

/// Octets of a tick on the line.
pub(crate) const fn tick_octets(framing: Framing) -> usize {
    rows(framing) * TICK_OCTETS
}

/// Writes a tick as chunks, each timeslot's eight octets together, with the framing of the line.
/// `number` counts frames: the first of the tick has this one.
pub(crate) fn write(
    tick: &SpanTick,
    framing: Framing,
    number: u64,
    remote_alarm: bool,
    line: &mut [u8],
) {
    let mut number = number;
    for (n, chunk) in line.chunks_exact_mut(rows(framing) * FRAMES).enumerate() {
        for (octets, row) in chunk.chunks_exact_mut(FRAMES).zip(&tick.0) {
            if let Some(from) = row.get(n * FRAMES..(n + 1) * FRAMES) {
                octets.copy_from_slice(from);
            }
        }
        for octet in chunk.iter_mut().take(FRAMES) {
            *octet = match framing {
                Framing::E1 if number.is_multiple_of(2) => FAS,
                Framing::E1 if remote_alarm => NOT_FAS | REMOTE_ALARM,
                Framing::E1 => NOT_FAS,
                Framing::T1 => 0xfe | f_bit(number, remote_alarm),
            };
            number += 1;
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

/// The alignment bit of a frame of the multiframe, counted from 0: 001011 in every fourth (G.704
/// table 1); `None` in those that carry data link and CRC.
pub(crate) const fn fas_bit(frame: u8) -> Option<u8> {
    match frame {
        3 | 7 | 15 => Some(0),
        11 | 19 | 23 => Some(1),
        _ => None,
    }
}

/// The F-bit of a frame. The data link is in every other one: flags when idle, eight ones and eight zeros
/// with an alarm (T1.403). The CRC is not made: its bits are ones.
const fn f_bit(number: u64, remote_alarm: bool) -> u8 {
    let frame = (number % MULTIFRAME as u64) as u8;
    if let Some(bit) = fas_bit(frame) {
        return bit;
    }
    if !frame.is_multiple_of(2) {
        return 1;
    }
    let at = number / 2;
    if remote_alarm {
        (at % 16 < 8) as u8
    } else {
        (0x7e_u8 >> (at % 8)) & 1
    }
}
