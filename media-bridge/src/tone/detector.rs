//! Which frequencies a line carries, and how loud: for tests, the demo and maintenance, not for
//! the media thread.

use tdm::Law;

use crate::SAMPLE_RATE;
use crate::level::Dbm0;

/// One sine found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tone {
    /// In Hz.
    pub frequency: f64,
    /// Its level.
    pub level: Dbm0,
}

/// What a window of samples holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// First sample of the window, counted from the first pushed.
    pub start: u64,
    /// Level of the whole signal.
    pub level: Dbm0,
    /// The sines in it, by rising frequency: those within 20 dB of the strongest and above
    /// -50 dBm0.
    pub tones: Vec<Tone>,
}

impl Measurement {
    /// Whether it holds exactly these frequencies, each to within `tolerance` Hz.
    #[must_use]
    pub fn matches(&self, frequencies: &[f64], tolerance: f64) -> bool {
        self.tones.len() == frequencies.len()
            && self
                .tones
                .iter()
                .zip(frequencies)
                .all(|(tone, expected)| (tone.frequency - expected).abs() <= tolerance)
    }
}

/// Weaker sines than that are not reported, relative to the strongest, in dB.
const RANGE_DB: f64 = 20.0;
/// Weaker sines than that are not reported.
const FLOOR: Dbm0 = Dbm0(-50.0);

/// Measures sines window by window. A window of one second finds a steady tone to within
/// 0.1 Hz and tells tones 4 Hz apart; one of 100 ms, within 1 Hz and 40 Hz.
#[derive(Debug, Clone)]
pub struct Detector {
    law: Law,
    window: usize,
    samples: Vec<i16>,
    start: u64,
}

impl Detector {
    /// Measures windows of `window` samples (at least 80) one after the other.
    #[must_use]
    pub fn new(law: Law, window: usize) -> Self {
        let window = window.max(80);
        Self {
            law,
            window,
            samples: Vec::with_capacity(window),
            start: 0,
        }
    }

    /// Takes samples; hands every full window's measurement to `report`.
    pub fn push(&mut self, samples: &[i16], report: &mut dyn FnMut(Measurement)) {
        let mut rest = samples;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(self.window - self.samples.len()));
            self.samples.extend_from_slice(now);
            rest = later;
            if self.samples.len() == self.window {
                let mut measurement = Self::measure(&self.samples, self.law);
                measurement.start = self.start;
                self.start += self.window as u64;
                self.samples.clear();
                report(measurement);
            }
        }
    }

    /// Measures all of `samples` as one window.
    #[must_use]
    pub fn measure(samples: &[i16], law: Law) -> Measurement {
        let level = Dbm0::of(samples, law);
        let spectrum = Spectrum::of(samples);
        let tones = spectrum.peaks(law);
        Measurement {
            start: 0,
            level,
            tones,
        }
    }
}

/// Power by frequency, through a Hann window, four times finer than the window resolves.
struct Spectrum {
    power: Vec<f64>,
    size: usize,
    /// Sum of the window's weights.
    weight: f64,
    /// Half the width of a sine's main lobe, in bins.
    lobe: usize,
}

impl Spectrum {
    fn of(samples: &[i16]) -> Self {
        let length = samples.len().max(1);
        let size = (length * 4).next_power_of_two();
        let mut weight = 0.0;
        let mut real = vec![0.0; size];
        for (n, (slot, &sample)) in real.iter_mut().zip(samples).enumerate() {
            let turn = std::f64::consts::TAU * (n as f64 + 0.5) / length as f64;
            let w = 0.5 - 0.5 * turn.cos();
            weight += w;
            *slot = w * f64::from(sample);
        }
        let mut imaginary = vec![0.0; size];
        transform(&mut real, &mut imaginary);
        let power = real
            .iter()
            .zip(&imaginary)
            .take(size / 2)
            .map(|(r, i)| r * r + i * i)
            .collect();
        Self {
            power,
            size,
            weight,
            lobe: (2 * size).div_ceil(length),
        }
    }

    fn at(&self, bin: usize) -> f64 {
        self.power.get(bin).copied().unwrap_or(0.0)
    }

    fn peaks(&self, law: Law) -> Vec<Tone> {
        let strongest = self.power.iter().copied().fold(0.0, f64::max);
        let floor = f64::from(FLOOR.peak(law)) * self.weight / 2.0;
        let least = (strongest * 10f64.powf(-RANGE_DB / 10.0)).max(floor * floor);
        // Below one lobe lies the window's image of the other side of zero.
        let candidates = (self.lobe..self.power.len()).filter(|&bin| {
            let power = self.at(bin);
            let reach = self.lobe / 2;
            power >= least
                && (bin.saturating_sub(reach)..=bin + reach).all(|near| self.at(near) <= power)
        });
        candidates.map(|bin| self.refine(bin, law)).collect()
    }

    /// The top of the parabola through the logarithms of three bins.
    fn refine(&self, bin: usize, law: Law) -> Tone {
        let log = |bin| self.at(bin).max(f64::MIN_POSITIVE).ln();
        let (left, mid, right) = (log(bin.saturating_sub(1)), log(bin), log(bin + 1));
        let curve = left - 2.0 * mid + right;
        let shift = if curve < 0.0 {
            0.5 * (left - right) / curve
        } else {
            0.0
        };
        let top = mid - 0.25 * (left - right) * shift;
        let peak = 2.0 * (top / 2.0).exp() / self.weight;
        let frequency = (bin as f64 + shift) * f64::from(SAMPLE_RATE) / self.size as f64;
        Tone {
            frequency,
            level: Dbm0::from_mean_square(peak * peak / 2.0, law),
        }
    }
}

/// Discrete Fourier transform in place, for lengths that are powers of two.
#[expect(
    clippy::indexing_slicing,
    reason = "indices stay below the length by construction"
)]
fn transform(real: &mut [f64], imaginary: &mut [f64]) {
    let n = real.len();
    let mut j = 0;
    for i in 1..n {
        let mut bit = n >> 1;
        while j & bit != 0 {
            j ^= bit;
            bit >>= 1;
        }
        j |= bit;
        if i < j {
            real.swap(i, j);
            imaginary.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        let angle = -std::f64::consts::PI / half as f64;
        for k in 0..half {
            let (sin, cos) = (angle * k as f64).sin_cos();
            let mut a = k;
            while a < n {
                let b = a + half;
                let (r, i) = (
                    real[b] * cos - imaginary[b] * sin,
                    real[b] * sin + imaginary[b] * cos,
                );
                (real[b], imaginary[b]) = (real[a] - r, imaginary[a] - i);
                (real[a], imaginary[a]) = (real[a] + r, imaginary[a] + i);
                a += 2 * half;
            }
        }
        half *= 2;
    }
}
