//! Start-stop characters of eight bits without parity (ISO 1177): a start bit of 0, the bits from the
//! least significant, a stop bit of 1.

use std::collections::VecDeque;

use super::fsk::SAMPLE_RATE;

/// Characters to bits.
#[derive(Debug, Default)]
pub(super) struct Sender {
    /// Bits still to be sent, the next one lowest, and how many.
    bits: u16,
    left: u8,
}

impl Sender {
    /// The next bit: of the character in hand, of the next in `queue`, or a mark.
    pub(super) fn bit(&mut self, queue: &mut VecDeque<u8>) -> bool {
        if self.left == 0 {
            let Some(octet) = queue.pop_front() else {
                return true;
            };
            self.bits = 0x200 | u16::from(octet) << 1;
            self.left = 10;
        }
        let bit = self.bits & 1 != 0;
        self.bits >>= 1;
        self.left -= 1;
        bit
    }
}

/// Marks and spaces, sample by sample, to characters.
#[derive(Debug)]
pub(super) struct Receiver {
    rate: u32,
    /// Whether the last sample was a mark.
    mark: bool,
    /// Within a character: parts of a sample until the middle of the next bit, and the bits so far.
    character: Option<Character>,
    /// Characters without a stop bit.
    pub framing_errors: u64,
}

#[derive(Debug, Clone, Copy)]
struct Character {
    /// A bit is [`SAMPLE_RATE`] of these.
    until_middle: i64,
    bits: u16,
    count: u8,
}

impl Receiver {
    /// At rest, for a line of so many bits a second.
    #[must_use]
    pub(super) const fn new(rate: u16) -> Self {
        Self {
            rate: rate as u32,
            mark: true,
            character: None,
            framing_errors: 0,
        }
    }

    /// One sample; a character when its stop bit has come.
    pub(super) fn push(&mut self, mark: bool) -> Option<u8> {
        let was = std::mem::replace(&mut self.mark, mark);
        let Some(character) = &mut self.character else {
            if was && !mark {
                self.character = Some(Character {
                    until_middle: i64::from(SAMPLE_RATE / 2),
                    bits: 0,
                    count: 0,
                });
            }
            return None;
        };
        character.until_middle -= i64::from(self.rate);
        if character.until_middle > 0 {
            return None;
        }
        character.until_middle += i64::from(SAMPLE_RATE);
        match (character.count, mark) {
            // No start bit after all: a click.
            (0, true) => self.character = None,
            (0..9, _) => {
                character.bits |= u16::from(mark) << character.count;
                character.count += 1;
            }
            (_, true) => {
                let octet = (character.bits >> 1) as u8;
                self.character = None;
                return Some(octet);
            }
            (_, false) => {
                self.character = None;
                self.framing_errors += 1;
            }
        }
        None
    }
}

/// Bits, one at a time, to characters.
#[cfg(feature = "spandsp")]
#[derive(Debug, Default)]
pub(super) struct BitReceiver {
    /// The bits of a character so far, the first lowest, and how many; none between characters.
    character: Option<(u16, u8)>,
    /// Characters without a stop bit.
    pub(super) framing_errors: u64,
}

#[cfg(feature = "spandsp")]
impl BitReceiver {
    /// One bit; a character when its stop bit has come.
    pub(super) fn push(&mut self, bit: bool) -> Option<u8> {
        match self.character {
            None => {
                self.character = (!bit).then_some((0, 0));
                None
            }
            Some((bits, count @ 0..8)) => {
                self.character = Some((bits | u16::from(bit) << count, count + 1));
                None
            }
            Some((bits, _)) => {
                self.character = None;
                self.framing_errors += u64::from(!bit);
                bit.then_some(bits as u8)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_come_back() {
        let mut queue: VecDeque<u8> = (0..=255).collect();
        let (mut sender, mut receiver) = (Sender::default(), Receiver::new(300));
        let mut got = Vec::new();
        let (mut time, mut bit) = (0, true);
        while got.len() < 256 {
            time += 300;
            if time >= SAMPLE_RATE {
                time -= SAMPLE_RATE;
                bit = sender.bit(&mut queue);
            }
            got.extend(receiver.push(bit));
        }
        assert_eq!(got, (0..=255).collect::<Vec<u8>>());
        assert_eq!(receiver.framing_errors, 0);
    }

    #[test]
    fn a_click_is_no_character_and_a_break_is_an_error() {
        let mut receiver = Receiver::new(300);
        let mut feed = |mark, samples| (0..samples).filter_map(|_| receiver.push(mark)).count();
        assert_eq!(feed(true, 100) + feed(false, 8) + feed(true, 400), 0);
        assert_eq!(feed(false, 400) + feed(true, 100), 0);
        assert_eq!(receiver.framing_errors, 1);
    }
}
