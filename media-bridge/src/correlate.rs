//! Eight frequencies at once: what every detector here spends its time on.
//!
//! A block of samples is folded about its middle: sums of samples that lie as far before as behind
//! it go with cosines, differences with sines, so that half the multiplications do. Those are of
//! integers, by pairs ([`crate::vector::correlate`]): no rounding, so that what is decided is the
//! same on every machine.

use crate::vector::correlate;

/// Frequencies of a [`Waves`].
pub(crate) const FREQUENCIES: usize = 8;

/// Samples are taken with so many bits less, so that the sums have room: 14 bits are what G.711 has.
pub(crate) const SHIFT: u32 = 2;
/// Waves have this peak.
const PEAK: f64 = 2_047.0;
/// What a sum of squares of the samples taken is on the scale of 16 bits.
pub(crate) const ENERGY_UNIT: f32 = (1 << (2 * SHIFT)) as f32;
/// What their sum with a wave is.
pub(crate) const UNIT: f32 = (1 << SHIFT) as f32 / PEAK as f32;

/// The cosine of a frequency at the sample that lies so many behind the first behind the middle, and
/// the sine, negative.
pub(crate) fn wave(frequency: f32, behind: usize) -> (i16, i16) {
    let distance = behind as f64 + 0.5;
    let turns = f64::from(frequency) / f64::from(crate::SAMPLE_RATE) * distance;
    let (sin, cos) = (turns.fract() * std::f64::consts::TAU).sin_cos();
    ((PEAK * cos).round() as i16, (-PEAK * sin).round() as i16)
}

/// The waves of eight frequencies by distance from the middle of a block of four times `QUADS`
/// samples: rows for two distances each, in turns for each frequency.
#[derive(Debug)]
pub(crate) struct Waves<const QUADS: usize> {
    pub(crate) cosines: [[i16; 2 * FREQUENCIES]; QUADS],
    /// Negative, so that sums are those of a Fourier transform.
    pub(crate) sines: [[i16; 2 * FREQUENCIES]; QUADS],
}

impl<const QUADS: usize> Waves<QUADS> {
    /// Those of up to eight frequencies, in Hz.
    pub(crate) fn new(frequencies: &[f32]) -> Self {
        let mut waves = Self {
            cosines: [[0; 2 * FREQUENCIES]; QUADS],
            sines: [[0; 2 * FREQUENCIES]; QUADS],
        };
        let rows = waves.cosines.iter_mut().zip(&mut waves.sines);
        for (row, (cosines, sines)) in rows.enumerate() {
            let places = cosines.as_chunks_mut::<2>().0.iter_mut();
            let places = places.zip(sines.as_chunks_mut::<2>().0);
            for (&frequency, (cosines, sines)) in frequencies.iter().zip(places) {
                for (n, (cosine, sine)) in cosines.iter_mut().zip(sines).enumerate() {
                    (*cosine, *sine) = wave(frequency, 2 * row + n);
                }
            }
        }
        waves
    }
}

/// Blocks of `N` samples, however the samples come in; four times `QUADS` with those that fill it
/// up, which are zero.
#[derive(Debug, Clone)]
pub(crate) struct Block<const N: usize, const QUADS: usize> {
    samples: [[i16; 4]; QUADS],
    filled: u16,
}

impl<const N: usize, const QUADS: usize> Block<N, QUADS> {
    pub(crate) const EMPTY: Self = {
        assert!(N <= 4 * QUADS && 4 * QUADS - N < 4 && QUADS <= 20);
        Self {
            samples: [[0; 4]; QUADS],
            filled: 0,
        }
    };

    /// Takes samples off the front of `rest` until the block is full; then says what is in it, and
    /// begins the next.
    #[inline(always)]
    pub(crate) fn take<T: Copy>(
        &mut self,
        rest: &mut &[T],
        sample: impl Fn(T) -> i16,
        waves: &Waves<QUADS>,
    ) -> Option<Sums> {
        let full = self.fill(rest, sample)?;
        Some(Sums::of(full, waves))
    }

    /// Takes samples off the front of `rest` until the block is full; then shows them, and begins
    /// the next.
    #[inline(always)]
    pub(crate) fn fill<T: Copy>(
        &mut self,
        rest: &mut &[T],
        sample: impl Fn(T) -> i16,
    ) -> Option<&[[i16; 4]; QUADS]> {
        let filled = usize::from(self.filled);
        let (now, later) = rest.split_at(rest.len().min(N - filled));
        *rest = later;
        let places = self.samples.as_flattened_mut();
        let places = places.get_mut(filled..).unwrap_or_default();
        for (place, &taken) in places.iter_mut().zip(now) {
            *place = sample(taken) >> SHIFT;
        }
        if filled + now.len() < N {
            self.filled += now.len() as u16;
            return None;
        }
        self.filled = 0;
        Some(&self.samples)
    }
}

/// What a block holds: its sums with the waves of eight frequencies, phase zero at its middle, and
/// its energy, the sum of its samples' squares; on the scale of 16 bits.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) bank: Bank,
    pub(crate) energy: f32,
}

impl Sums {
    fn of<const QUADS: usize>(samples: &[[i16; 4]; QUADS], waves: &Waves<QUADS>) -> Self {
        let (re, im, energy) = correlate(samples, waves);
        Self {
            bank: Bank {
                re: re.map(|sum| sum as f32 * UNIT),
                im: im.map(|sum| sum as f32 * UNIT),
            },
            energy: energy as f32 * ENERGY_UNIT,
        }
    }
}

/// Eight complex sums.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Bank {
    pub(crate) re: [f32; FREQUENCIES],
    pub(crate) im: [f32; FREQUENCIES],
}

impl Bank {
    /// That of one frequency.
    pub(crate) fn get(&self, k: usize) -> Complex {
        Complex {
            re: self.re.get(k).copied().unwrap_or(0.0),
            im: self.im.get(k).copied().unwrap_or(0.0),
        }
    }

    /// What brings the sums of frequencies that lie so many samples later to the same phase.
    pub(crate) fn turn(frequencies: &[f32], samples: usize) -> Self {
        let mut bank = Self::default();
        let places = bank.re.iter_mut().zip(&mut bank.im);
        for (&frequency, (re, im)) in frequencies.iter().zip(places) {
            let turns = f64::from(frequency) / f64::from(crate::SAMPLE_RATE) * samples as f64;
            let turn = Complex::turn(-turns);
            (*re, *im) = (turn.re, turn.im);
        }
        bank
    }

    /// These and `later` ones, each of those turned.
    #[inline(always)]
    pub(crate) fn plus_turned(&self, later: &Self, turn: &Self) -> Self {
        let mut sum = *self;
        for k in 0..FREQUENCIES {
            #[expect(clippy::indexing_slicing, reason = "k is below the length of each")]
            {
                sum.re[k] += later.re[k] * turn.re[k] - later.im[k] * turn.im[k];
                sum.im[k] += later.re[k] * turn.im[k] + later.im[k] * turn.re[k];
            }
        }
        sum
    }

    /// Power of each.
    #[inline(always)]
    pub(crate) fn power(&self) -> [f32; FREQUENCIES] {
        let mut power = self.re.map(|re| re * re);
        for (power, im) in power.iter_mut().zip(&self.im) {
            *power += im * im;
        }
        power
    }
}

/// A complex sum.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Complex {
    pub(crate) re: f32,
    pub(crate) im: f32,
}

impl Complex {
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
