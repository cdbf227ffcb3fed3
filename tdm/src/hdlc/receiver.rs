//! The receiving half: octets of the timeslot in, signal units out.

use super::{MAX_REPEATED, MAX_SU, MIN_SU, OCTET_COUNTING, fcs};

/// What came out of the bit stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<'a> {
    /// A signal unit, 3 to 277 octets from BSN on; its check bits were right and are removed.
    SignalUnit(&'a [u8]),
    /// A FISU or LSSU that is the same as the signal unit before: filtered, but still a correctly received
    /// one for the error rate monitor.
    Repeated,
    /// An errored signal unit (Q.703 §4.1.4, §10.2): wrong check bits, not a whole number of octets, shorter than
    /// 5 or longer than 279 octets with the check bits, or broken off by seven ones.
    Errored,
    /// Octet counting mode: 16 more octets without a correct signal unit (Q.703 §4.1.4, §10.2.3).
    OctetCounting,
}

/// Longest content between flags: a signal unit and its check bits.
const LONGEST: usize = MAX_SU + 2;

/// Finds signal units in the bit stream of a signalling timeslot.
#[derive(Clone)]
pub struct Receiver {
    /// Ones in a row so far, up to 7.
    ones: u8,
    /// Whether a flag opened what is being collected.
    open: bool,
    /// Octet counting mode, and octets counted in it.
    counting: Option<usize>,
    /// Octets since the last flag while nothing is open, to notice that flags no longer come.
    unframed: usize,
    /// Bits of the octet being collected, first on the line in bit 0.
    partial: u32,
    partial_bits: u32,
    body: [u8; LONGEST],
    length: usize,
    register: u16,
    /// The last signal unit if it was short enough to be repeated; length 0 if it was not.
    last: [u8; MAX_REPEATED],
    last_length: usize,
}

impl std::fmt::Debug for Receiver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut debug = f.debug_struct("Receiver");
        debug
            .field("open", &self.open)
            .field("length", &self.length)
            .field("counting", &self.counting)
            .finish()
    }
}

impl Default for Receiver {
    fn default() -> Self {
        Self::new()
    }
}

impl Receiver {
    /// A receiver that waits for its first flag.
    pub const fn new() -> Self {
        Self {
            ones: 0,
            open: false,
            counting: None,
            unframed: 0,
            partial: 0,
            partial_bits: 0,
            body: [0; LONGEST],
            length: 0,
            register: fcs::START,
            last: [0; MAX_REPEATED],
            last_length: 0,
        }
    }

    /// Whether it counts octets because no signal unit can be made out (Q.703 §4.1.4).
    pub const fn is_octet_counting(&self) -> bool {
        self.counting.is_some()
    }

    /// Lets the next FISU or LSSU through even if it is the same as the last one: for a link that starts anew.
    pub const fn forget(&mut self) {
        self.last_length = 0;
    }

    /// Takes the next octets of the timeslot, any number, and hands what they complete to `sink`.
    pub fn push(&mut self, octets: &[u8], sink: &mut impl FnMut(Received<'_>)) {
        for &octet in octets {
            let octet = octet.reverse_bits();
            let plain = Plain::of(self.ones, octet);
            if plain.has_no_flag() {
                self.ones = plain.ones();
                if self.open {
                    self.collect(plain.bits(), plain.length(), sink);
                }
            } else {
                self.push_bits(octet, sink);
            }
            self.count(sink);
        }
    }

    /// The slow way, bit by bit, for an octet with a part of a flag or an abort in it.
    fn push_bits(&mut self, octet: u8, sink: &mut impl FnMut(Received<'_>)) {
        for n in 0..8 {
            if octet >> n & 1 == 1 {
                self.ones = (self.ones + 1).min(7);
                match self.ones {
                    // A sixth one is never data: it belongs to a flag or an abort.
                    6 => {}
                    7 => self.abort(sink),
                    _ if self.open => self.collect(1, 1, sink),
                    _ => {}
                }
            } else {
                match std::mem::take(&mut self.ones) {
                    // The zero that the far end inserted after five ones.
                    5 => {}
                    6 => self.flag(sink),
                    7 => {}
                    _ if self.open => self.collect(0, 1, sink),
                    _ => {}
                }
            }
        }
    }

    /// Adds 0 to 8 bits of content.
    fn collect(&mut self, bits: u32, length: u32, sink: &mut impl FnMut(Received<'_>)) {
        self.partial |= bits << self.partial_bits;
        self.partial_bits += length;
        if self.partial_bits < 8 {
            return;
        }
        let octet = self.partial as u8;
        self.partial >>= 8;
        self.partial_bits -= 8;
        if let Some(slot) = self.body.get_mut(self.length) {
            *slot = octet;
            self.length += 1;
            self.register = fcs::update(self.register, octet);
        } else {
            // Longer than any signal unit: discarded up to the next flag (Q.703 §4.1.4).
            self.open = false;
            self.enter_octet_counting(sink);
        }
    }

    /// A flag ends what was open and opens the next.
    fn flag(&mut self, sink: &mut impl FnMut(Received<'_>)) {
        // The zero and five of the ones of this flag were taken for content: 6 bits, or 5 when the zero
        // was shared with the flag before.
        let flags_only = self.length == 0 && matches!(self.partial_bits, 5 | 6);
        if self.open && !flags_only {
            self.complete(sink);
        }
        self.open = true;
        self.unframed = 0;
        self.length = 0;
        self.partial = 0;
        self.partial_bits = 0;
        self.register = fcs::START;
    }

    fn complete(&mut self, sink: &mut impl FnMut(Received<'_>)) {
        let su = self
            .length
            .checked_sub(2)
            .and_then(|length| self.body.get(..length));
        match su {
            Some(su)
                if su.len() >= MIN_SU && self.partial_bits == 6 && self.register == fcs::GOOD =>
            {
                self.counting = None;
                if self.last.get(..self.last_length) == Some(su) {
                    return sink(Received::Repeated);
                }
                self.last_length = 0;
                if let Some(last) = self.last.get_mut(..su.len()) {
                    last.copy_from_slice(su);
                    self.last_length = su.len();
                }
                sink(Received::SignalUnit(su));
            }
            // In octet counting mode its octets are counted, not the signal unit.
            _ if self.counting.is_some() => {}
            _ => sink(Received::Errored),
        }
    }

    /// Seven ones in a row: neither data nor a flag.
    fn abort(&mut self, sink: &mut impl FnMut(Received<'_>)) {
        self.open = false;
        self.enter_octet_counting(sink);
    }

    fn enter_octet_counting(&mut self, sink: &mut impl FnMut(Received<'_>)) {
        if self.counting.is_none() {
            self.counting = Some(0);
            sink(Received::Errored);
        }
    }

    /// Accounts for one octet received.
    fn count(&mut self, sink: &mut impl FnMut(Received<'_>)) {
        if let Some(counted) = &mut self.counting {
            *counted += 1;
            if *counted == OCTET_COUNTING {
                *counted = 0;
                sink(Received::OctetCounting);
            }
        } else if !self.open {
            self.unframed += 1;
            if self.unframed > LONGEST {
                self.unframed = 0;
                self.enter_octet_counting(sink);
            }
        }
    }
}

/// What is left of an octet without inserted zeros, packed; or that it holds a part of a flag.
#[derive(Clone, Copy)]
struct Plain(u16);

/// By the ones in a row before the octet (0..=7) and the octet, first bit on the line in bit 0.
static PLAIN: [[Plain; 256]; 8] = plain_table();

const HAS_FLAG: u16 = 1 << 15;

impl Plain {
    #[expect(
        clippy::indexing_slicing,
        reason = "masked to 8 rows, an octet indexes 256"
    )]
    const fn of(ones: u8, octet: u8) -> Self {
        PLAIN[(ones & 7) as usize][octet as usize]
    }

    const fn has_no_flag(self) -> bool {
        self.0 & HAS_FLAG == 0
    }

    const fn bits(self) -> u32 {
        (self.0 & 0xff) as u32
    }

    const fn length(self) -> u32 {
        (self.0 >> 8 & 15) as u32
    }

    const fn ones(self) -> u8 {
        (self.0 >> 12 & 7) as u8
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn plain_table() -> [[Plain; 256]; 8] {
    let mut table = [[Plain(HAS_FLAG); 256]; 8];
    let mut before = 0;
    // After six ones or more the next bit decides about a flag: always the slow way.
    while before < 6 {
        let mut octet = 0;
        while octet < 256 {
            table[before][octet] = plain(before as u16, octet as u16);
            octet += 1;
        }
        before += 1;
    }
    table
}

const fn plain(before: u16, octet: u16) -> Plain {
    let (mut bits, mut length, mut ones) = (0, 0, before);
    let mut n = 0;
    while n < 8 {
        if octet >> n & 1 == 1 {
            ones += 1;
            if ones == 6 {
                return Plain(HAS_FLAG);
            }
            bits |= 1 << length;
            length += 1;
        } else {
            if ones != 5 {
                length += 1;
            }
            ones = 0;
        }
        n += 1;
    }
    Plain(bits | length << 8 | ones << 12)
}
