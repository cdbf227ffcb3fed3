//! The inner loops in which signal processing spends its time, as vectors.
//!
//! The code is plain arrays that the compiler turns into vectors, compiled twice: for the
//! processor that the target asks for, and with AVX2, chosen when the program runs. Both round
//! alike (integers, or no fused multiply-add), so that what is decided or sent is the same on every
//! machine.
//!
//! This and what is below it is all of signal processing with `unsafe`: the calls of functions
//! compiled with AVX2, behind the check that the processor has it, and what takes arrays for vectors
//! and back.

pub(crate) mod g711;
pub(crate) mod tick;

use crate::correlate::{FREQUENCIES, Waves};

/// Octets of a cache line.
const LINE: usize = 64;

/// Asks for all cache lines of `place`; the processor goes on meanwhile.
#[inline]
pub(crate) fn prefetch<T>(place: &T) {
    prefetch_head(place, size_of::<T>());
}

/// Asks for the cache lines of so many octets from the beginning of `place` on.
#[inline]
pub(crate) fn prefetch_head<T>(place: &T, octets: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = std::ptr::from_ref(place).cast::<i8>();
        // The last octet may lie in a line more than the length tells.
        let last = octets.saturating_sub(1);
        for octet in (0..last).step_by(LINE).chain([last]) {
            #[expect(
                unsafe_code,
                reason = "a hint reads nothing and may be given any address"
            )]
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(octet));
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (place, octets);
}

/// Sums of a block with the waves of eight frequencies, by cosines and by sines, and its energy.
pub(crate) fn correlate<const QUADS: usize>(
    samples: &[[i16; 4]; QUADS],
    waves: &Waves<QUADS>,
) -> ([i32; FREQUENCIES], [i32; FREQUENCIES], u64) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has AVX2: the line above asked")]
        return unsafe { correlate_avx2(samples, waves) };
    }
    correlate_portable(samples, waves)
}

/// Samples of 14 bits, folded to 15, and waves of 12 bits make sums of 31 over 80 samples.
fn correlate_portable<const QUADS: usize>(
    samples: &[[i16; 4]; QUADS],
    waves: &Waves<QUADS>,
) -> ([i32; FREQUENCIES], [i32; FREQUENCIES], u64) {
    let add_products = |totals: &mut [i32; FREQUENCIES], pair: [i16; 2], row: &[i16]| {
        let [first, second] = pair.map(i32::from);
        for (total, &[even, odd]) in totals.iter_mut().zip(row.as_chunks().0) {
            *total += first * i32::from(even) + second * i32::from(odd);
        }
    };
    let (sums, differences) = fold(samples);
    let (mut re, mut im) = ([0i32; FREQUENCIES], [0i32; FREQUENCIES]);
    let rows = waves.cosines.iter().zip(&waves.sines);
    for ((sum, difference), (cosines, sines)) in sums.iter().zip(&differences).zip(rows) {
        add_products(&mut re, *sum, cosines);
        add_products(&mut im, *difference, sines);
    }
    (re, im, energy(samples))
}

/// The same by the instructions that fit, which the compiler does not find: those that multiply
/// pairs and add them, and one that reverses eight samples.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn correlate_avx2<const QUADS: usize>(
    samples: &[[i16; 4]; QUADS],
    waves: &Waves<QUADS>,
) -> ([i32; FREQUENCIES], [i32; FREQUENCIES], u64) {
    use std::arch::x86_64::{
        _mm_add_epi16, _mm_set_epi8, _mm_shuffle_epi8, _mm_sub_epi16, _mm256_add_epi32,
        _mm256_broadcastsi128_si256, _mm256_madd_epi16, _mm256_setzero_si256, _mm256_shuffle_epi32,
    };
    let backwards = _mm_set_epi8(1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    let (before, behind) = samples.as_flattened().split_at(2 * QUADS);
    let (mut re, mut im) = (_mm256_setzero_si256(), _mm256_setzero_si256());
    // Four rows go with eight distances. The last four have some of those before them once more.
    let last = QUADS.saturating_sub(4);
    for four in 0..QUADS.div_ceil(4) {
        let row = last.min(4 * four);
        let behind = lanes::load_8(behind, 2 * row);
        let before = _mm_shuffle_epi8(lanes::load_8(before, 2 * (last - row)), backwards);
        let sums = _mm256_broadcastsi128_si256(_mm_add_epi16(behind, before));
        let differences = _mm256_broadcastsi128_si256(_mm_sub_epi16(behind, before));
        macro_rules! products {
            ($n:literal) => {
                if let (true, Some(cosines), Some(sines)) = (
                    row + $n >= 4 * four,
                    waves.cosines.get(row + $n),
                    waves.sines.get(row + $n),
                ) {
                    let sum = _mm256_shuffle_epi32::<{ 0x55 * $n }>(sums);
                    let difference = _mm256_shuffle_epi32::<{ 0x55 * $n }>(differences);
                    re = _mm256_add_epi32(re, _mm256_madd_epi16(sum, lanes::load_16(cosines)));
                    im = _mm256_add_epi32(im, _mm256_madd_epi16(difference, lanes::load_16(sines)));
                }
            };
        }
        products!(0);
        products!(1);
        products!(2);
        products!(3);
    }
    (lanes::get_8(re), lanes::get_8(im), energy(samples))
}

/// Arrays as vectors and back.
#[cfg(target_arch = "x86_64")]
mod lanes {
    use std::arch::x86_64::{
        __m128i, __m256i, _mm_loadl_epi64, _mm_loadu_si128, _mm_storeu_si128, _mm256_loadu_si256,
        _mm256_storeu_si256,
    };

    /// Sixteen octets.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn load_octets(octets: &[u8; 16]) -> __m128i {
        #[expect(unsafe_code, reason = "reads the sixteen octets of the array")]
        unsafe {
            _mm_loadu_si128(octets.as_ptr().cast())
        }
    }

    /// Four values.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn load_4(values: &[i16; 4]) -> __m128i {
        #[expect(unsafe_code, reason = "reads the eight octets of the array")]
        unsafe {
            _mm_loadl_epi64(values.as_ptr().cast())
        }
    }

    /// Eight of `values`, from `at` on; zero where there are not as many.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn load_8(values: &[i16], at: usize) -> __m128i {
        let eight = values.get(at..).and_then(<[i16]>::first_chunk::<8>);
        let eight = eight.unwrap_or(&[0; 8]);
        #[expect(unsafe_code, reason = "reads the sixteen octets of the array")]
        unsafe {
            _mm_loadu_si128(eight.as_ptr().cast())
        }
    }

    /// Sixteen values.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn load_16(values: &[i16; 16]) -> __m256i {
        #[expect(unsafe_code, reason = "reads the 32 octets of the array")]
        unsafe {
            _mm256_loadu_si256(values.as_ptr().cast())
        }
    }

    /// Eight values to where they belong; nowhere, where there is no room for them.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn store_8(vector: __m128i, places: &mut [i16]) {
        if let Some(places) = places.first_chunk_mut::<8>() {
            #[expect(unsafe_code, reason = "writes the sixteen octets of the array")]
            unsafe {
                _mm_storeu_si128(places.as_mut_ptr().cast(), vector);
            }
        }
    }

    /// The eight values of a vector.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(super) fn get_8(vector: __m256i) -> [i32; 8] {
        let mut values = [0; 8];
        #[expect(unsafe_code, reason = "writes the 32 octets of the array")]
        unsafe {
            _mm256_storeu_si256(values.as_mut_ptr().cast(), vector);
        }
        values
    }
}

/// Samples behind the middle plus, and less, those as far before it, by pairs of distances.
#[inline(always)]
fn fold<const QUADS: usize>(samples: &[[i16; 4]; QUADS]) -> ([[i16; 2]; QUADS], [[i16; 2]; QUADS]) {
    let (mut sums, mut differences) = ([[0i16; 2]; QUADS], [[0i16; 2]; QUADS]);
    let (before, behind) = samples.as_flattened().split_at(2 * QUADS);
    let folded = sums.as_flattened_mut().iter_mut();
    let folded = folded.zip(differences.as_flattened_mut());
    for (((sum, difference), &behind), &before) in folded.zip(behind).zip(before.iter().rev()) {
        *sum = behind.wrapping_add(before);
        *difference = behind.wrapping_sub(before);
    }
    (sums, differences)
}

/// Sum of squares.
#[inline(always)]
fn energy<const QUADS: usize>(samples: &[[i16; 4]; QUADS]) -> u64 {
    let square = |&sample: &i16| i32::from(sample) * i32::from(sample);
    // 52 squares of 14 bits make 32 bits, without sign.
    let (whole, rest) = samples.as_chunks::<4>();
    let sum = |fours: &[[i16; 4]]| -> u64 {
        let squares = fours.as_flattened().iter().map(square);
        u64::from(squares.fold(0i32, i32::wrapping_add) as u32)
    };
    whole.iter().map(|fours| sum(fours)).sum::<u64>() + sum(rest)
}

/// Taps are in whole groups of so many.
pub(crate) const GROUP: usize = 16;

/// One sample of a pair of transversal filters over the same signal, one of which adapts.
///
/// The adapting filter is moved by `step` times `direction`; then both filter `window`. All are
/// as long. Returns what the adapting and the `steady` filter make of it.
pub(crate) fn filter(
    adapting: &mut [f32],
    steady: &[f32],
    window: &[f32],
    direction: &[f32],
    step: f32,
) -> (f32, f32) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has AVX2: the line above asked")]
        return unsafe { filter_avx2(adapting, steady, window, direction, step) };
    }
    filter_portable(adapting, steady, window, direction, step)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn filter_avx2(
    adapting: &mut [f32],
    steady: &[f32],
    window: &[f32],
    direction: &[f32],
    step: f32,
) -> (f32, f32) {
    filter_portable(adapting, steady, window, direction, step)
}

#[inline(always)]
fn filter_portable(
    adapting: &mut [f32],
    steady: &[f32],
    window: &[f32],
    direction: &[f32],
    step: f32,
) -> (f32, f32) {
    let window = window.as_chunks::<GROUP>().0;
    let direction = direction.as_chunks::<GROUP>().0;
    let (mut first, mut second) = ([0.0f32; GROUP], [0.0f32; GROUP]);
    let taps = adapting.as_chunks_mut::<GROUP>().0.iter_mut();
    let filters = taps.zip(steady.as_chunks::<GROUP>().0);
    for (((adapting, steady), window), direction) in filters.zip(window).zip(direction) {
        for ((((tap, &steady), &now), &direction), (first, second)) in adapting
            .iter_mut()
            .zip(steady)
            .zip(window)
            .zip(direction)
            .zip(first.iter_mut().zip(&mut second))
        {
            *tap += step * direction;
            *first += *tap * now;
            *second += steady * now;
        }
    }
    (first.iter().sum(), second.iter().sum())
}

/// Adds a sine of `peak` to `sums`, from `phase` on in steps of `step`, both in 2^-32 turns.
pub(crate) fn add_sine(sums: &mut [f32], phase: u32, step: u32, peak: f32) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has AVX2: the line above asked")]
        return unsafe { add_sine_avx2(sums, phase, step, peak) };
    }
    add_sine_portable(sums, phase, step, peak);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_sine_avx2(sums: &mut [f32], phase: u32, step: u32, peak: f32) {
    add_sine_portable(sums, phase, step, peak);
}

#[inline(always)]
fn add_sine_portable(sums: &mut [f32], phase: u32, step: u32, peak: f32) {
    for (n, sum) in (0u32..).zip(sums) {
        *sum += crate::tone::sine(phase.wrapping_add(step.wrapping_mul(n))) * peak;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_and_portable_agree_with_the_sums_written_out() {
        let frequencies = [
            697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0,
        ];
        let waves = Waves::<20>::new(&frequencies);
        for full in [false, true] {
            let mut samples = [[0i16; 4]; 20];
            for (n, sample) in samples.as_flattened_mut().iter_mut().enumerate() {
                *sample = match (full, n * 7_919 % 3) {
                    (false, _) => (n * 7_919 % 4_001) as i16 - 2_000,
                    (true, 0) => -8_192,
                    (true, _) => 8_191,
                };
            }
            let found = correlate(&samples, &waves);
            assert_eq!(correlate_portable(&samples, &waves), found);
            let (re, im, energy) = found;
            let samples = samples.as_flattened().iter().map(|&s| f64::from(s));
            let exact: f64 = samples.clone().map(|s| s * s).sum();
            assert_eq!(energy as f64, exact);
            for (k, frequency) in frequencies.iter().enumerate() {
                let (mut cosines, mut sines) = (0.0, 0.0);
                for (n, sample) in samples.clone().enumerate() {
                    let turns = f64::from(*frequency) / 8_000.0 * (n as f64 - 39.5);
                    let (sin, cos) = (turns * std::f64::consts::TAU).sin_cos();
                    cosines += sample * cos;
                    sines -= sample * sin;
                }
                // Waves are rounded to half a step.
                let most = exact.sqrt() * 9.0;
                assert!((f64::from(re[k]) - 2_047.0 * cosines).abs() < most);
                assert!((f64::from(im[k]) - 2_047.0 * sines).abs() < most);
            }
        }
    }
}
