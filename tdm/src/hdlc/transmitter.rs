//! The sending half: signal units in, octets of the timeslot out.

use std::collections::VecDeque;

use thiserror::Error;

use super::{FLAG, MAX_REPEATED, MAX_SU, MIN_SU, fcs};

/// A signal unit that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a signal unit of {0} octets cannot be sent: {MIN_SU} to {MAX_SU} octets are expected, without flags and check bits"
)]
pub struct InvalidLength(pub usize);

/// A signal unit with its check bits.
#[derive(Clone)]
struct Frame {
    octets: [u8; MAX_SU + 2],
    length: usize,
}

impl Frame {
    const EMPTY: Self = Self {
        octets: [0; MAX_SU + 2],
        length: 0,
    };

    fn new(su: &[u8]) -> Result<Self, InvalidLength> {
        let mut frame = Self {
            length: su.len() + 2,
            ..Self::EMPTY
        };
        let head = frame
            .octets
            .get_mut(..su.len())
            .filter(|_| (MIN_SU..=MAX_SU).contains(&su.len()));
        head.ok_or(InvalidLength(su.len()))?.copy_from_slice(su);
        if let Some(tail) = frame.octets.get_mut(su.len()..su.len() + 2) {
            tail.copy_from_slice(&fcs::check(su));
        }
        Ok(frame)
    }

    /// A FISU or LSSU, by its length: what the line repeats while there is nothing else to send.
    const fn is_repeated(&self) -> bool {
        self.length <= MAX_REPEATED + 2
    }
}

/// Makes the bit stream of a signalling timeslot from signal units.
///
/// Each queued signal unit is sent once, in order. When the queue is empty the last one is sent again
/// and again if it was a FISU or LSSU (at most 5 octets), the way MTP2 hardware does; after a MSU, or
/// when there was nothing yet, flags are sent. (A FISU from before the MSU would carry an old FSN.)
#[derive(Clone)]
pub struct Transmitter {
    queue: VecDeque<Frame>,
    /// What is being sent, or was last.
    current: Frame,
    /// Next octet of `current`; at its length it has been sent.
    position: usize,
    /// Whether `current` is of the kind that is repeated.
    again: bool,
    repeat: bool,
    /// Bits not yet handed out, first on the line in bit 0.
    pending: u32,
    pending_bits: u32,
    /// Ones at the end of what was sent, at most 4.
    ones: usize,
}

impl std::fmt::Debug for Transmitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transmitter")
            .field("queued", &self.queue.len())
            .field("repeat", &self.repeat)
            .finish()
    }
}

impl Default for Transmitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Transmitter {
    /// A transmitter that sends flags until something is queued.
    pub fn new() -> Self {
        Self {
            queue: VecDeque::with_capacity(32),
            current: Frame::EMPTY,
            position: 0,
            again: false,
            repeat: true,
            pending: 0,
            pending_bits: 0,
            ones: 0,
        }
    }

    /// Queues one signal unit, from BSN on, without flags and check bits.
    ///
    /// # Errors
    /// When its length is not 3 to 277 octets; nothing is queued then.
    pub fn queue(&mut self, su: &[u8]) -> Result<(), InvalidLength> {
        self.queue.push_back(Frame::new(su)?);
        Ok(())
    }

    /// Signal units queued and not begun.
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// Forgets what is queued and what is repeated: the signal unit being sent is finished, then flags follow.
    pub fn clear(&mut self) {
        self.queue.clear();
        self.again = false;
    }

    /// Whether the last FISU or LSSU is repeated while the queue is empty (it is at the start).
    pub const fn set_repeat(&mut self, repeat: bool) {
        self.repeat = repeat;
    }

    /// Fills `octets` with the next octets of the timeslot.
    pub fn fill(&mut self, octets: &mut [u8]) {
        for octet in octets {
            while self.pending_bits < 8 {
                self.advance();
            }
            *octet = (self.pending as u8).reverse_bits();
            self.pending >>= 8;
            self.pending_bits -= 8;
        }
    }

    /// Adds the bits of one more octet or flag.
    fn advance(&mut self) {
        let body = self.current.octets.get(..self.current.length);
        if let Some(&octet) = body.and_then(|body| body.get(self.position)) {
            self.position += 1;
            let stuffed = Stuffed::of(self.ones, octet);
            self.push(stuffed.bits(), stuffed.length());
            self.ones = stuffed.ones();
            return;
        }
        // One flag closes a signal unit and opens the next (Q.703 §2.2.2).
        self.push(u32::from(FLAG), 8);
        self.ones = 0;
        if let Some(next) = self.queue.pop_front() {
            self.current = next;
            self.position = 0;
            self.again = self.current.is_repeated();
        } else if self.repeat && self.again {
            self.position = 0;
        }
    }

    const fn push(&mut self, bits: u32, length: u32) {
        self.pending |= bits << self.pending_bits;
        self.pending_bits += length;
    }
}

/// An octet after zero insertion (Q.703 §3.2): 8 to 10 bits and the ones they end with, packed.
#[derive(Clone, Copy)]
struct Stuffed(u16);

/// By the ones before the octet (at most 4: after a fifth a zero follows) and the octet.
static STUFFED: [[Stuffed; 256]; 5] = stuffed_table();

impl Stuffed {
    #[expect(
        clippy::indexing_slicing,
        reason = "ones is below 5: it comes from this table or is 0"
    )]
    const fn of(ones: usize, octet: u8) -> Self {
        STUFFED[ones][octet as usize]
    }

    const fn bits(self) -> u32 {
        (self.0 & 0x3ff) as u32
    }

    const fn length(self) -> u32 {
        8 + (self.0 >> 10 & 3) as u32
    }

    const fn ones(self) -> usize {
        (self.0 >> 12) as usize
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn stuffed_table() -> [[Stuffed; 256]; 5] {
    let mut table = [[Stuffed(0); 256]; 5];
    let mut before = 0;
    while before < 5 {
        let mut octet = 0;
        while octet < 256 {
            let (mut bits, mut length, mut ones) = (0u16, 0u16, before as u16);
            let mut n = 0;
            while n < 8 {
                let bit = (octet as u16 >> n) & 1;
                bits |= bit << length;
                length += 1;
                ones = if bit == 1 { ones + 1 } else { 0 };
                if ones == 5 {
                    length += 1;
                    ones = 0;
                }
                n += 1;
            }
            table[before][octet] = Stuffed(bits | (length - 8) << 10 | ones << 12);
            octet += 1;
        }
        before += 1;
    }
    table
}
