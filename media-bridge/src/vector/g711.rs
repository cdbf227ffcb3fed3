//! G.711 octets to samples, sixteen at once: a table takes a load for each.

use tdm::{Law, TICK_OCTETS};

use crate::correlate::SHIFT;

/// Samples of a tick, by fours, with the 14 bits that G.711 has.
pub(crate) type Tick = [[i16; 4]; TICK_OCTETS / 4];

/// Samples of a tick's octets.
pub(crate) fn decode(law: Law, octets: &[u8; TICK_OCTETS]) -> Tick {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has AVX2: the line above asked")]
        return unsafe { decode_avx2(law, octets) };
    }
    decode_portable(law, octets)
}

fn decode_portable(law: Law, octets: &[u8; TICK_OCTETS]) -> Tick {
    let mut samples = [[0; 4]; TICK_OCTETS / 4];
    for (sample, &octet) in samples.as_flattened_mut().iter_mut().zip(octets) {
        *sample = law.decode(octet) >> SHIFT;
    }
    samples
}

/// A law's rule: the step within the segment, twice, and the segment's base; times its factor; less
/// the bias.
#[cfg(target_arch = "x86_64")]
struct Rule {
    /// What the octet of the smallest positive level is: the others differ by their level.
    idle: u8,
    /// By segment, and once more for negative samples.
    base: [u8; 16],
    factor: [u8; 16],
    bias: i8,
}

#[cfg(target_arch = "x86_64")]
const ALAW: Rule = Rule {
    idle: Law::ALaw.idle(),
    base: [1, 33, 33, 33, 33, 33, 33, 33, 1, 33, 33, 33, 33, 33, 33, 33],
    factor: [2, 2, 4, 8, 16, 32, 64, 128, 2, 2, 4, 8, 16, 32, 64, 128],
    bias: 0,
};

#[cfg(target_arch = "x86_64")]
const MULAW: Rule = Rule {
    idle: Law::MuLaw.idle(),
    base: [33; 16],
    factor: [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128],
    bias: -33,
};

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn decode_avx2(law: Law, octets: &[u8; TICK_OCTETS]) -> Tick {
    use super::lanes::{load_octets, store_8};
    use std::arch::x86_64::{
        _mm_add_epi8, _mm_and_si128, _mm_maddubs_epi16, _mm_or_si128, _mm_set1_epi8,
        _mm_shuffle_epi8, _mm_sign_epi16, _mm_srli_epi16, _mm_unpackhi_epi8, _mm_unpacklo_epi8,
        _mm_xor_si128,
    };
    let rule = match law {
        Law::ALaw => &ALAW,
        Law::MuLaw => &MULAW,
    };
    let idle = _mm_set1_epi8(rule.idle.cast_signed());
    let (base, factor) = (load_octets(&rule.base), load_octets(&rule.factor));
    let bias = _mm_set1_epi8(rule.bias);
    let (one, low) = (_mm_set1_epi8(1), _mm_set1_epi8(15));
    let mut samples = [[0; 4]; TICK_OCTETS / 4];
    let places = samples.as_flattened_mut().as_chunks_mut::<16>().0;
    for (octets, place) in octets.as_chunks::<16>().0.iter().zip(places) {
        let level = _mm_xor_si128(load_octets(octets), idle);
        let segment = _mm_and_si128(_mm_srli_epi16::<4>(level), low);
        let step = _mm_and_si128(level, low);
        let step = _mm_add_epi8(step, step);
        let step = _mm_add_epi8(step, _mm_shuffle_epi8(base, segment));
        let factor = _mm_shuffle_epi8(factor, segment);
        // Bit 1 is the sign; what it is given to must not be zero.
        let sign = _mm_or_si128(level, one);
        let (first, second) = place.split_at_mut(8);
        macro_rules! half {
            ($unpack:ident, $place:ident) => {
                let magnitude = _mm_maddubs_epi16($unpack(factor, one), $unpack(step, bias));
                store_8(_mm_sign_epi16(magnitude, $unpack(sign, sign)), $place);
            };
        }
        half!(_mm_unpacklo_epi8, first);
        half!(_mm_unpackhi_epi8, second);
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_octet_is_decoded_as_by_the_table() {
        for law in [Law::ALaw, Law::MuLaw] {
            for first in 0..=255u8 {
                let octets = std::array::from_fn(|n| first.wrapping_add((n * 77) as u8));
                let samples = decode(law, &octets);
                assert_eq!(samples, decode_portable(law, &octets));
                for (&sample, octet) in samples.as_flattened().iter().zip(octets) {
                    // Nothing is lost by the shift.
                    assert_eq!(sample << SHIFT, law.decode(octet), "{law:?} {octet:#04x}");
                }
            }
        }
    }
}
