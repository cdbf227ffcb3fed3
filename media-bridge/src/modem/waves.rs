//! The waves that a tick is compared with.

use tdm::TICK_OCTETS;

use crate::correlate::wave;

/// Tones looked at over a whole tick.
pub(crate) const FREQUENCIES: usize = 4;
/// Quarters of a tick: 2.5 ms each.
pub(crate) const QUARTERS: usize = 4;
/// Samples of a quarter.
pub(crate) const QUARTER: usize = TICK_OCTETS / QUARTERS;

/// Waves of four frequencies over a tick, and of a fifth over a quarter of it. Those of sines are
/// negative, so that sums are those of a Fourier transform.
#[derive(Debug)]
pub(crate) struct Waves {
    /// By distance from the middle of the tick, rows for two distances each: cosines in turns for
    /// each frequency, then sines.
    pub(crate) tones: [[i16; 4 * FREQUENCIES]; TICK_OCTETS / 4],
    /// Cosines and sines by fours of samples of a quarter.
    pub(crate) middle: [[[i16; 4]; QUARTER / 4]; 2],
}

impl Waves {
    /// Those of `frequencies` and of `middle`, in Hz.
    pub(crate) fn new(frequencies: &[f32; FREQUENCIES], middle: f32) -> Self {
        let mut waves = Self {
            tones: [[0; 4 * FREQUENCIES]; TICK_OCTETS / 4],
            middle: [[[0; 4]; QUARTER / 4]; 2],
        };
        for (row, places) in waves.tones.iter_mut().enumerate() {
            let (cosines, sines) = places.as_chunks_mut::<2>().0.split_at_mut(FREQUENCIES);
            for (&frequency, places) in frequencies.iter().zip(cosines.iter_mut().zip(sines)) {
                for (n, (cosine, sine)) in places.0.iter_mut().zip(places.1).enumerate() {
                    (*cosine, *sine) = wave(frequency, 2 * row + n);
                }
            }
        }
        let [cosines, sines] = &mut waves.middle;
        let cosines = cosines.as_flattened_mut().split_at_mut(QUARTER / 2);
        let sines = sines.as_flattened_mut().split_at_mut(QUARTER / 2);
        let before = cosines.0.iter_mut().rev().zip(sines.0.iter_mut().rev());
        let behind = cosines.1.iter_mut().zip(sines.1);
        for (rank, (before, behind)) in before.zip(behind).enumerate() {
            let (cosine, sine) = wave(middle, rank);
            (*before.0, *before.1) = (cosine, -sine);
            (*behind.0, *behind.1) = (cosine, sine);
        }
        waves
    }
}
