//! A-law and mu-law (G.711), all by table.
//!
//! Linear samples are 16 bits with the code's own 13 (A-law) or 14 (mu-law) bits at the top, so that
//! both laws have the same full scale. A negative sample is judged by its ones complement, as the ITU
//! software tool library (G.191) does: the quantising grid is then symmetric about -0.5.

use serde::{Deserialize, Serialize};

/// A companding law (G.711).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Law {
    /// A-law, with even bits inverted (G.711 Table 1): Europe and international circuits.
    ALaw,
    /// mu-law (G.711 Table 2): North America and Japan.
    MuLaw,
}

impl Law {
    /// The octet of an idle timeslot: the smallest positive level.
    pub const fn idle(self) -> u8 {
        match self {
            Self::ALaw => 0xd5,
            Self::MuLaw => 0xff,
        }
    }

    /// One octet to a 16-bit linear sample.
    #[inline]
    pub const fn decode(self, octet: u8) -> i16 {
        match self {
            Self::ALaw => alaw_decode(octet),
            Self::MuLaw => mulaw_decode(octet),
        }
    }

    /// One 16-bit linear sample to the nearest octet.
    #[inline]
    pub const fn encode(self, sample: i16) -> u8 {
        match self {
            Self::ALaw => alaw_encode(sample),
            Self::MuLaw => mulaw_encode(sample),
        }
    }

    /// The linear sample of every octet.
    pub const fn decode_table(self) -> &'static [i16; 256] {
        match self {
            Self::ALaw => &ALAW_DECODE,
            Self::MuLaw => &MULAW_DECODE,
        }
    }

    /// The octet of `to` for every octet of this law (G.711 Tables 3 and 4); the identity for the same law.
    pub const fn convert_to(self, to: Self) -> &'static [u8; 256] {
        match (self, to) {
            (Self::ALaw, Self::MuLaw) => &ALAW_TO_MULAW,
            (Self::MuLaw, Self::ALaw) => &MULAW_TO_ALAW,
            _ => &IDENTITY,
        }
    }
}

/// One A-law octet to a linear sample.
#[inline]
pub const fn alaw_decode(octet: u8) -> i16 {
    lookup(&ALAW_DECODE, octet)
}

/// One mu-law octet to a linear sample.
#[inline]
pub const fn mulaw_decode(octet: u8) -> i16 {
    lookup(&MULAW_DECODE, octet)
}

/// One linear sample to A-law; the last four bits do not count.
#[inline]
#[expect(
    clippy::indexing_slicing,
    reason = "16 bits less 4 index a table of 4096"
)]
pub const fn alaw_encode(sample: i16) -> u8 {
    ALAW_ENCODE[(sample as u16 >> 4) as usize]
}

/// One linear sample to mu-law; the last two bits do not count.
#[inline]
#[expect(
    clippy::indexing_slicing,
    reason = "16 bits less 2 index a table of 16384"
)]
pub const fn mulaw_encode(sample: i16) -> u8 {
    MULAW_ENCODE[(sample as u16 >> 2) as usize]
}

/// One A-law octet to mu-law (G.711 Table 4).
#[inline]
pub const fn alaw_to_mulaw(octet: u8) -> u8 {
    convert(&ALAW_TO_MULAW, octet)
}

/// One mu-law octet to A-law (G.711 Table 3).
#[inline]
pub const fn mulaw_to_alaw(octet: u8) -> u8 {
    convert(&MULAW_TO_ALAW, octet)
}

#[expect(clippy::indexing_slicing, reason = "an octet indexes a table of 256")]
const fn lookup(table: &[i16; 256], octet: u8) -> i16 {
    table[octet as usize]
}

#[expect(clippy::indexing_slicing, reason = "an octet indexes a table of 256")]
const fn convert(table: &[u8; 256], octet: u8) -> u8 {
    table[octet as usize]
}

/// A-law on the line: even bits inverted, bit 1 (the sign) set for positive values. XOR with the
/// number of the level gives the octet.
const ALAW_SIGN: [u8; 2] = [0xd5, 0x55];
/// mu-law on the line: all bits inverted, bit 1 set for positive values.
const MULAW_SIGN: [u8; 2] = [0xff, 0x7f];

static ALAW_DECODE: [i16; 256] = alaw_decode_table();
static MULAW_DECODE: [i16; 256] = mulaw_decode_table();
static ALAW_ENCODE: [u8; 4096] = alaw_encode_table();
static MULAW_ENCODE: [u8; 16384] = mulaw_encode_table();
static ALAW_TO_MULAW: [u8; 256] = alaw_to_mulaw_table();
static MULAW_TO_ALAW: [u8; 256] = mulaw_to_alaw_table();
static IDENTITY: [u8; 256] = identity_table();

/// Magnitude of A-law level 0..=127: segments 0 and 1 have the same step, each further one twice it.
const fn alaw_magnitude(level: u8) -> i16 {
    let (segment, step) = (level >> 4, (level & 15) as i16);
    if segment == 0 {
        16 * step + 8
    } else {
        (16 * step + 264) << (segment - 1)
    }
}

/// Magnitude of mu-law level 0..=127: steps double in each segment, all moved down by the bias of 33
/// (of 14 bits), so that level 0 is 0.
const fn mulaw_magnitude(level: u8) -> i16 {
    let (segment, step) = (level >> 4, (level & 15) as i32);
    (((8 * step + 132) << segment) - 132) as i16
}

/// A-law level of a magnitude of 11 bits.
const fn alaw_level(magnitude: u16) -> u8 {
    if magnitude < 32 {
        magnitude as u8
    } else {
        let segment = (magnitude.ilog2() - 3) as u8;
        segment << 4 | ((magnitude >> (segment - 1)) & 15) as u8
    }
}

/// mu-law level of a magnitude of 13 bits.
const fn mulaw_level(magnitude: u16) -> u8 {
    let biased = if magnitude + 33 > 0x1fff {
        0x1fff
    } else {
        magnitude + 33
    };
    let segment = (biased.ilog2() - 5) as u8;
    segment << 4 | ((biased >> (segment + 1)) & 15) as u8
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn alaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut level = 0;
    while level < 128 {
        let magnitude = alaw_magnitude(level);
        table[(level ^ ALAW_SIGN[0]) as usize] = magnitude;
        table[(level ^ ALAW_SIGN[1]) as usize] = -magnitude;
        level += 1;
    }
    table
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn mulaw_decode_table() -> [i16; 256] {
    let mut table = [0; 256];
    let mut level = 0;
    while level < 128 {
        let magnitude = mulaw_magnitude(level);
        table[(level ^ MULAW_SIGN[0]) as usize] = magnitude;
        table[(level ^ MULAW_SIGN[1]) as usize] = -magnitude;
        level += 1;
    }
    table
}

/// By the upper 12 bits of the sample; the upper half of the table is negative.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn alaw_encode_table() -> [u8; 4096] {
    let mut table = [0; 4096];
    let mut magnitude = 0;
    while magnitude < 2048 {
        let level = alaw_level(magnitude);
        table[magnitude as usize] = level ^ ALAW_SIGN[0];
        table[4095 - magnitude as usize] = level ^ ALAW_SIGN[1];
        magnitude += 1;
    }
    table
}

/// By the upper 14 bits of the sample; the upper half of the table is negative.
#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn mulaw_encode_table() -> [u8; 16384] {
    let mut table = [0; 16384];
    let mut magnitude = 0;
    while magnitude < 8192 {
        let level = mulaw_level(magnitude);
        table[magnitude as usize] = level ^ MULAW_SIGN[0];
        table[16383 - magnitude as usize] = level ^ MULAW_SIGN[1];
        magnitude += 1;
    }
    table
}

/// G.711 Table 4, levels counted from 0 here and from 1 there for A-law. It is not the composition of
/// decoding and encoding: it is chosen so that as many levels as possible survive both conversions.
const fn alaw_to_mulaw_level(level: u8) -> u8 {
    match level {
        0..=7 => 2 * level + 1,
        8..=23 => level + 8,
        24..=31 => 32 + (level - 24) / 2,
        32..=44 => level + 4,
        45..=47 => 48 + (level - 45).div_ceil(2),
        48..=62 => level + 2,
        63..=79 => level + 1,
        _ => level,
    }
}

/// G.711 Table 3, levels counted from 0.
const fn mulaw_to_alaw_level(level: u8) -> u8 {
    match level {
        0..=15 => level / 2,
        16..=31 => level - 8,
        32..=35 => 24 + 2 * (level - 32),
        36..=47 => level - 4,
        48 | 49 => 45 + 2 * (level - 48),
        50..=63 => level - 2,
        64..=80 => level - 1,
        _ => level,
    }
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn alaw_to_mulaw_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut level = 0;
    while level < 128 {
        let converted = alaw_to_mulaw_level(level);
        table[(level ^ ALAW_SIGN[0]) as usize] = converted ^ MULAW_SIGN[0];
        table[(level ^ ALAW_SIGN[1]) as usize] = converted ^ MULAW_SIGN[1];
        level += 1;
    }
    table
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn mulaw_to_alaw_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut level = 0;
    while level < 128 {
        let converted = mulaw_to_alaw_level(level);
        table[(level ^ MULAW_SIGN[0]) as usize] = converted ^ ALAW_SIGN[0];
        table[(level ^ MULAW_SIGN[1]) as usize] = converted ^ ALAW_SIGN[1];
        level += 1;
    }
    table
}

#[expect(
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, which checks it"
)]
const fn identity_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        table[octet] = octet as u8;
        octet += 1;
    }
    table
}

#[cfg(test)]
mod tests;
