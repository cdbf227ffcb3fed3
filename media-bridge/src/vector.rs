//! The inner loops in which signal processing spends its time, as vectors.
//!
//! The code is plain arrays that the compiler turns into vectors, compiled twice: for the
//! processor that the target asks for, and with AVX2, chosen when the program runs. Both round
//! alike (no fused multiply-add), so that what is decided or sent is the same on every machine.
//!
//! This is the one file of signal processing with `unsafe`: the calls of functions compiled with
//! AVX2, behind the check that the processor has it. Those functions themselves are safe code.

/// Octets of a cache line.
const LINE: usize = 64;

/// Asks for all cache lines of `place`; the processor goes on meanwhile.
#[inline]
pub(crate) fn prefetch<T>(place: &T) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let start = std::ptr::from_ref(place).cast::<i8>();
        for line in 0..size_of::<T>().div_ceil(LINE) {
            #[expect(
                unsafe_code,
                reason = "a hint reads nothing and may be given any address"
            )]
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(start.wrapping_add(line * LINE));
            }
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Waves of a row.
pub(crate) const LANES: usize = 16;

/// Rows summed side by side, so that no addition waits for the one before it.
const ABREAST: usize = 4;

/// Adds `samples` times `rows` to `sums`, sample by sample and row by row; returns the energy of
/// the samples, the sum of their squares. What is longer of the two has no effect.
pub(crate) fn correlate(sums: &mut [f32; LANES], samples: &[f32], rows: &[[f32; LANES]]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has AVX2: the line above asked")]
        return unsafe { correlate_avx2(sums, samples, rows) };
    }
    portable(sums, samples, rows)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn correlate_avx2(sums: &mut [f32; LANES], samples: &[f32], rows: &[[f32; LANES]]) -> f32 {
    portable(sums, samples, rows)
}

#[inline(always)]
fn portable(sums: &mut [f32; LANES], samples: &[f32], rows: &[[f32; LANES]]) -> f32 {
    let mut abreast = [[0.0f32; LANES]; ABREAST];
    let (quads, rest) = samples.as_chunks::<ABREAST>();
    let (quad_rows, rest_rows) = rows
        .get(..samples.len().min(rows.len()))
        .unwrap_or(rows)
        .as_chunks::<ABREAST>();
    for (quad, rows) in quads.iter().zip(quad_rows) {
        for ((&sample, row), lanes) in quad.iter().zip(rows).zip(&mut abreast) {
            for (lane, &wave) in lanes.iter_mut().zip(row) {
                *lane += sample * wave;
            }
        }
    }
    for (&sample, row) in rest.iter().zip(rest_rows) {
        for (sum, &wave) in sums.iter_mut().zip(row) {
            *sum += sample * wave;
        }
    }
    let [a, b, c, d] = &abreast;
    for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
        *sum += (a + b) + (c + d);
    }
    energy(samples)
}

/// Sum of squares, in sixteen lanes.
#[inline(always)]
fn energy(samples: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (whole, rest) = samples.as_chunks::<LANES>();
    for chunk in whole {
        for (lane, &sample) in lanes.iter_mut().zip(chunk) {
            *lane += sample * sample;
        }
    }
    let rest: f32 = rest.iter().map(|s| s * s).sum();
    lanes.iter().sum::<f32>() + rest
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
    use crate::correlate::waves;

    #[test]
    fn wide_and_portable_agree_to_the_bit_with_the_sums_written_out() {
        let rows = waves::<51>(&[
            697.0, 770.0, 852.0, 941.0, 1_209.0, 1_336.0, 1_477.0, 1_633.0,
        ]);
        for length in [0, 1, 3, 4, 29, 51] {
            let samples: Vec<f32> = (0..length).map(|n| ((n * 7_919) % 4_001) as f32).collect();
            let (mut wide, mut narrow) = ([1.0; LANES], [1.0; LANES]);
            let energy = correlate(&mut wide, &samples, &rows);
            assert_eq!(portable(&mut narrow, &samples, &rows), energy);
            assert_eq!(wide.map(f32::to_bits), narrow.map(f32::to_bits));
            for (k, &sum) in wide.iter().enumerate() {
                let exact = samples
                    .iter()
                    .zip(&rows)
                    .fold(1.0f64, |e, (&s, row)| e + f64::from(s) * f64::from(row[k]));
                assert!((f64::from(sum) - exact).abs() < 0.05, "{sum} {exact}");
            }
        }
    }
}
