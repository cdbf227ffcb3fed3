//! What 2100 Hz is: with or without the modulation of V.8, with or without phase reversals.

use super::Signal;
use super::track::Step;

/// Blocks of 10 ms over which the modulation is measured: six turns of 15 Hz.
const BLOCKS: usize = 40;
/// V.8 modulates by 20 %; half of it decides.
const DEPTH: f32 = 0.1;
/// Amplitudes are remembered in steps of this: a full-scale sine's is 1.3 million, and the least
/// that is heard some 200 steps.
const STEP: f32 = 32.0;
/// Turns of the modulation a block.
const TURNS: f32 = 0.15;

/// The answer tone of one line, while it lasts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// In steps of [`STEP`].
    amplitudes: [u16; BLOCKS],
    filled: u8,
    modulated: bool,
    reversed: bool,
}

impl Default for Answer {
    fn default() -> Self {
        Self {
            amplitudes: [0; BLOCKS],
            filled: 0,
            modulated: false,
            reversed: false,
        }
    }
}

impl Answer {
    /// Takes what a block says of 2100 Hz.
    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Absent => {
                if self.filled > 0 {
                    *self = Self::default();
                }
                return;
            }
            Step::There {
                amplitude,
                reversed,
            } => {
                self.note(amplitude);
                // Noise at the beginning of a tone is no reversal: those come every 450 ms.
                self.reversed |= reversed && self.full() >= BLOCKS / 2;
            }
            // A block that holds a reversal says nothing of the modulation.
            Step::Missed => self.note(self.mean()),
        }
        if self.full() == BLOCKS && !self.modulated {
            self.modulated = self.depth() >= DEPTH;
        }
    }

    /// What it is, as far as can be told now.
    pub(super) fn signal(&self) -> Signal {
        match (self.modulated, self.reversed) {
            (false, false) => Signal::Ans,
            (false, true) => Signal::AnsReversed,
            (true, false) => Signal::Ansam,
            (true, true) => Signal::AnsamReversed,
        }
    }

    fn full(&self) -> usize {
        usize::from(self.filled)
    }

    fn note(&mut self, amplitude: f32) {
        let amplitude = (amplitude / STEP).round() as u16;
        if self.full() == BLOCKS {
            self.amplitudes.rotate_left(1);
            if let Some(last) = self.amplitudes.last_mut() {
                *last = amplitude;
            }
        } else if let Some(slot) = self.amplitudes.get_mut(usize::from(self.filled)) {
            *slot = amplitude;
            self.filled += 1;
        }
    }

    fn mean(&self) -> f32 {
        let noted = self.amplitudes.iter().take(self.full());
        let sum: u32 = noted.copied().map(u32::from).sum();
        sum as f32 * STEP / f32::from(self.filled.max(1))
    }

    /// Depth of the modulation by 15 Hz.
    fn depth(&self) -> f32 {
        let (mut re, mut im) = (0.0, 0.0);
        for (n, &amplitude) in self.amplitudes.iter().enumerate() {
            let amplitude = f32::from(amplitude) * STEP;
            let (sin, cos) = (std::f32::consts::TAU * TURNS * n as f32).sin_cos();
            re += amplitude * cos;
            im += amplitude * sin;
        }
        2.0 * re.hypot(im) / (BLOCKS as f32 * self.mean().max(1.0))
    }
}
