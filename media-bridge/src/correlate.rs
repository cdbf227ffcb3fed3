//! Sixteen correlations at once: what every detector here spends its time on.
//!
//! A detector keeps its waves (cosines and sines of its frequencies) by sample, sixteen to a row;
//! [`crate::vector::correlate`] adds samples times rows to sixteen sums.

use crate::vector::{LANES, correlate};

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
