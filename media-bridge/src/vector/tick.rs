//! What listening for modems asks of a tick: four tones over all of it, one frequency and the energy
//! of each quarter.

use super::g711::Tick;
use crate::modem::waves::{FREQUENCIES, QUARTER, QUARTERS, Waves};

/// Fours of samples in a quarter.
const FOURS: usize = QUARTER / 4;

/// The sums of a tick, phase zero at the middle of what each is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Of the four tones, by cosines and by sines.
    pub(crate) tones: [[i32; FREQUENCIES]; 2],
    /// Of the frequency that is looked at by quarters, in each.
    pub(crate) middle: [[i32; QUARTERS]; 2],
    /// Of the samples' squares, in each quarter.
    pub(crate) energy: [i32; QUARTERS],
}

/// Sums of a tick of samples with 14 bits.
pub(crate) fn sums(samples: &Tick, waves: &Waves) -> Sums {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has AVX2: the line above asked")]
        return unsafe { sums_avx2(samples, waves) };
    }
    sums_portable(samples, waves)
}

/// 31 bits hold the tones' sums as they do those of [`super::correlate`]; those of twenty samples,
/// and of their squares, have less.
fn sums_portable(samples: &Tick, waves: &Waves) -> Sums {
    let (folded, differences) = super::fold(samples);
    let mut tones = [[0; FREQUENCIES]; 2];
    let pairs = folded.iter().zip(&differences);
    for ((sum, difference), row) in pairs.zip(&waves.tones) {
        let halves = row.as_chunks::<{ 2 * FREQUENCIES }>().0;
        for ((pair, half), totals) in [sum, difference].into_iter().zip(halves).zip(&mut tones) {
            for (wave, total) in half.as_chunks::<2>().0.iter().zip(totals) {
                *total += product(pair, wave);
            }
        }
    }
    let (mut middle, mut energy) = ([[0; QUARTERS]; 2], [0; QUARTERS]);
    let [cosines, sines] = &mut middle;
    let totals = cosines.iter_mut().zip(sines).zip(&mut energy);
    for (quarter, ((cosine, sine), energy)) in samples.as_chunks::<FOURS>().0.iter().zip(totals) {
        let waves = waves.middle[0].iter().zip(&waves.middle[1]);
        for (four, (cosines, sines)) in quarter.iter().zip(waves) {
            *cosine += product(four, cosines);
            *sine += product(four, sines);
            *energy += product(four, four);
        }
    }
    Sums {
        tones,
        middle,
        energy,
    }
}

fn product<const N: usize>(samples: &[i16; N], waves: &[i16; N]) -> i32 {
    let products = samples.iter().zip(waves);
    products.map(|(&s, &w)| i32::from(s) * i32::from(w)).sum()
}

/// The same by the instructions that multiply pairs and add them.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
#[expect(
    clippy::indexing_slicing,
    reason = "by constants, below the length of each array"
)]
fn sums_avx2(samples: &Tick, waves: &Waves) -> Sums {
    use super::lanes::{get_8, load_4, load_8, load_16};
    use std::arch::x86_64::{
        _mm_add_epi16, _mm_set_epi8, _mm_shuffle_epi8, _mm_sub_epi16, _mm_unpacklo_epi64,
        _mm256_add_epi32, _mm256_broadcastq_epi64, _mm256_hadd_epi32, _mm256_madd_epi16,
        _mm256_permute4x64_epi64, _mm256_set_m128i, _mm256_setzero_si256, _mm256_shuffle_epi32,
    };
    let backwards = _mm_set_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    let (before, behind) = samples.as_flattened().split_at(40);
    let before = before.as_chunks::<8>().0.iter().rev();
    let behind = behind.as_chunks::<8>().0;
    let rows = waves.tones.as_chunks::<4>().0;
    // Two sums each, so that additions need not wait for one another.
    let mut tones = [_mm256_setzero_si256(); 2];
    for ((before, behind), rows) in before.zip(behind).zip(rows) {
        let before = _mm_shuffle_epi8(load_8(before, 0), backwards);
        let behind = load_8(behind, 0);
        let folded = _mm256_set_m128i(_mm_sub_epi16(behind, before), _mm_add_epi16(behind, before));
        macro_rules! products {
            ($n:literal) => {
                let pairs = _mm256_shuffle_epi32::<{ 0x55 * $n }>(folded);
                let products = _mm256_madd_epi16(pairs, load_16(&rows[$n]));
                tones[$n % 2] = _mm256_add_epi32(tones[$n % 2], products);
            };
        }
        products!(0);
        products!(1);
        products!(2);
        products!(3);
    }
    let zero = _mm256_setzero_si256();
    let (mut cosines, mut sines, mut energy) = (zero, zero, zero);
    let [early, late] = [0, 2].map(|q| q * FOURS);
    for n in 0..FOURS {
        let fours = |q: usize| {
            let [first, second] = [q + n, q + n + FOURS].map(|four| load_4(&samples[four]));
            _mm_unpacklo_epi64(first, second)
        };
        let fours = _mm256_set_m128i(fours(late), fours(early));
        let [cosine, sine] = [0, 1].map(|k| _mm256_broadcastq_epi64(load_4(&waves.middle[k][n])));
        let products = |other| _mm256_madd_epi16(fours, other);
        cosines = _mm256_add_epi32(cosines, products(cosine));
        sines = _mm256_add_epi32(sines, products(sine));
        energy = _mm256_add_epi32(energy, products(fours));
    }
    // Adds neighbours within halves: cosines and sines of the first two quarters, then of the others.
    let middle = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(cosines, sines));
    let energy = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(energy, energy));
    let halves = |eight: [i32; 8]| {
        let [a, b, c, d, e, f, g, h] = eight;
        [[a, b, c, d], [e, f, g, h]]
    };
    Sums {
        tones: halves(get_8(_mm256_add_epi32(tones[0], tones[1]))),
        middle: halves(get_8(middle)),
        energy: halves(get_8(energy))[0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlate::wave;

    #[test]
    fn wide_and_portable_agree_with_the_sums_written_out() {
        let frequencies = [1_100.0, 1_300.0, 2_100.0, 2_225.0];
        let waves = Waves::new(&frequencies, 1_750.0);
        for full in [false, true] {
            let mut samples: Tick = Default::default();
            for (n, sample) in samples.as_flattened_mut().iter_mut().enumerate() {
                *sample = match (full, n * 7_919 % 3) {
                    (false, _) => (n * 7_919 % 4_001) as i16 - 2_000,
                    (true, 0) => -8_192,
                    (true, _) => 8_191,
                };
            }
            let found = sums(&samples, &waves);
            assert_eq!(sums_portable(&samples, &waves), found);
            let samples = samples.as_flattened();
            let written_out = |samples: &[i16], frequency| {
                let middle = (samples.len() / 2) as i64;
                let (mut re, mut im) = (0, 0);
                for (n, &sample) in (0..).zip(samples) {
                    // Waves are made for what is behind the middle.
                    let behind = n >= middle;
                    let rank = if behind { n - middle } else { middle - 1 - n };
                    let (cosine, sine) = wave(frequency, rank as usize);
                    let sine = if behind { sine } else { -sine };
                    re += i32::from(sample) * i32::from(cosine);
                    im += i32::from(sample) * i32::from(sine);
                }
                (re, im)
            };
            for (k, &frequency) in frequencies.iter().enumerate() {
                let expected = written_out(samples, frequency);
                assert_eq!((found.tones[0][k], found.tones[1][k]), expected);
            }
            for (q, quarter) in samples.chunks(20).enumerate() {
                let expected = written_out(quarter, 1_750.0);
                assert_eq!((found.middle[0][q], found.middle[1][q]), expected);
                let squares = quarter.iter().map(|&s| i32::from(s) * i32::from(s));
                assert_eq!(found.energy[q], squares.sum::<i32>());
            }
        }
    }
}
