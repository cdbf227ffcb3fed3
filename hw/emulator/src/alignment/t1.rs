//! T1: the F-bits of a multiframe of 24 frames hold the frame alignment signal, a data link and a CRC
//! (G.704 §2.1.3.1, the extended superframe of T1.107).

use crate::frame::{MULTIFRAME, fas_bit};

/// Of so many alignment bits in a row, two wrong ones lose alignment (G.706 §2.1).
const WINDOW: u32 = 4;
/// The data link repeats eight ones and eight zeros while the far end has an alarm (T1.403).
const YELLOW: u16 = 0xff00;

/// Frame alignment of a T1.
#[derive(Debug, Default)]
pub(crate) struct T1 {
    /// The last 24 F-bits, the newest lowest.
    bits: u32,
    /// F-bits since the start, up to a multiframe.
    seen: u8,
    /// The frame of the multiframe that comes next, 0 to 23, in alignment.
    next: Option<u8>,
    /// Whether each of the last alignment bits was wrong, the newest lowest.
    wrong: u32,
    /// The last bits of the data link, the newest lowest.
    link: u32,
    link_seen: u8,
    errors: u64,
}

impl T1 {
    pub(crate) fn push(&mut self, octet: u8) {
        let bit = octet & 1;
        self.bits = self.bits << 1 | u32::from(bit);
        self.seen = self.seen.saturating_add(1);
        let Some(frame) = self.next else {
            return self.search();
        };
        match fas_bit(frame) {
            Some(expected) => {
                let wrong = bit != expected;
                self.errors += u64::from(wrong);
                self.wrong = (self.wrong << 1 | u32::from(wrong)) & ((1 << WINDOW) - 1);
                if self.wrong.count_ones() >= 2 {
                    return self.lose();
                }
            }
            // Every other F-bit is the data link's.
            None if frame % 2 == 0 => {
                self.link = self.link << 1 | u32::from(bit);
                self.link_seen = self.link_seen.saturating_add(1);
            }
            None => {}
        }
        self.next = Some((frame + 1) % MULTIFRAME);
    }

    /// In the last multiframe every alignment bit is right if it ended just now.
    fn search(&mut self) {
        if self.seen < MULTIFRAME {
            return;
        }
        let bit = |frame: u8| (self.bits >> (MULTIFRAME - 1 - frame)) as u8 & 1;
        let found = (0..MULTIFRAME).all(|frame| fas_bit(frame).is_none_or(|fas| fas == bit(frame)));
        if found {
            (self.next, self.wrong, self.link_seen) = (Some(0), 0, 0);
        }
    }

    pub(crate) const fn lose(&mut self) {
        (self.next, self.seen) = (None, 0);
    }

    pub(crate) const fn is_aligned(&self) -> bool {
        self.next.is_some()
    }

    pub(crate) const fn is_good(&self) -> bool {
        self.is_aligned() && self.wrong & 1 == 0
    }

    /// Two periods of the pattern, from wherever in it they begin.
    pub(crate) const fn remote_alarm(&self) -> bool {
        let (old, new) = ((self.link >> 16) as u16, self.link as u16);
        let mut turn = 0;
        while turn < 16 {
            if new == YELLOW.rotate_left(turn) {
                return self.link_seen >= 32 && old == new;
            }
            turn += 1;
        }
        false
    }

    pub(crate) const fn errors(&self) -> u64 {
        self.errors
    }
}
