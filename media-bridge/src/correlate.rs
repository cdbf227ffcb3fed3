//! Sixteen correlations at once: what every detector here spends its time on.
//!
//! A detector keeps its waves (cosines and sines of its frequencies) by sample, sixteen to a row;
//! [`correlate`] adds samples times rows to sixteen sums. The code is plain arrays that the
//! compiler turns into vectors, compiled twice: for the processor that the target asks for, and
//! with AVX2, chosen when the program runs. Both round alike (no fused multiply-add), so that a
//! detector decides the same on every machine.
//!
//! The one `unsafe` here is the call of a function compiled with AVX2, behind the check that
//! the processor has it; that function itself is safe code.

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

/// The waves of up to eight frequencies over `N` samples, the first at phase zero: cosines in
/// lanes 0 to 7, negative sines in lanes 8 to 15, so that sums are those of a Fourier transform.
pub(crate) fn waves<const N: usize>(frequencies: &[f32]) -> [[f32; LANES]; N] {
    let mut rows = [[0.0; LANES]; N];
    for (n, row) in rows.iter_mut().enumerate() {
        let (cosines, sines) = row.split_at_mut(LANES / 2);
        for ((&frequency, cosine), sine) in frequencies.iter().zip(cosines).zip(sines) {
            let turns = f64::from(frequency) / f64::from(crate::SAMPLE_RATE) * n as f64;
            let (sin, cos) = (turns.fract() * std::f64::consts::TAU).sin_cos();
            (*cosine, *sine) = (cos as f32, -sin as f32);
        }
    }
    rows
}

/// Sums over blocks of `N` samples, however the samples come in.
#[derive(Debug, Clone)]
pub(crate) struct Block<const N: usize> {
    pub(crate) sums: [f32; LANES],
    pub(crate) energy: f32,
    filled: usize,
}

impl<const N: usize> Block<N> {
    pub(crate) const EMPTY: Self = Self {
        sums: [0.0; LANES],
        energy: 0.0,
        filled: 0,
    };

    /// Takes samples off the front of `samples` until the block is full; says whether it is.
    pub(crate) fn take(&mut self, samples: &mut &[i16], rows: &[[f32; LANES]]) -> bool {
        let (now, later) = samples.split_at(samples.len().min(N - self.filled));
        *samples = later;
        let mut portion = [0.0; N];
        for (slot, &sample) in portion.iter_mut().zip(now) {
            *slot = f32::from(sample);
        }
        let portion = portion.get(..now.len()).unwrap_or_default();
        let rows = rows.get(self.filled..).unwrap_or_default();
        self.energy += correlate(&mut self.sums, portion, rows);
        self.filled += now.len();
        self.filled == N
    }

    /// The next block begins.
    pub(crate) fn clear(&mut self) {
        *self = Self::EMPTY;
    }
}

/// A complex sum of [`correlate`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Complex {
    pub(crate) re: f32,
    pub(crate) im: f32,
}

impl Complex {
    /// Frequency `k` of the sums over [`waves`].
    pub(crate) fn of(sums: &[f32; LANES], k: usize) -> Self {
        Self {
            re: sums.get(k).copied().unwrap_or(0.0),
            im: sums.get(k + LANES / 2).copied().unwrap_or(0.0),
        }
    }

    /// One turned by so many turns.
    pub(crate) fn turn(turns: f64) -> Self {
        let (sin, cos) = (turns.fract() * std::f64::consts::TAU).sin_cos();
        Self {
            re: cos as f32,
            im: sin as f32,
        }
    }

    pub(crate) fn power(self) -> f32 {
        self.re * self.re + self.im * self.im
    }

    pub(crate) fn times(self, other: Self) -> Self {
        Self {
            re: self.re * other.re - self.im * other.im,
            im: self.re * other.im + self.im * other.re,
        }
    }

    pub(crate) fn conjugate(self) -> Self {
        Self {
            re: self.re,
            im: -self.im,
        }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            re: self.re + other.re,
            im: self.im + other.im,
        }
    }

    /// Its angle in turns, -1/2 to 1/2.
    pub(crate) fn turns(self) -> f32 {
        self.im.atan2(self.re) / std::f32::consts::TAU
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
