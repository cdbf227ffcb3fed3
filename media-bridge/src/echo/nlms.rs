//! Normalised least mean squares on two paths: one filter adapts all the time, another, steady,
//! makes the output and takes over the adapted taps only when they have proved better. Double
//! talk spoils the first and is not heard.

use tdm::Law;

use super::Canceller;
use crate::comfort;
use crate::level::Dbm0;
use crate::vector::{GROUP, filter};

/// What a canceller covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NlmsConfig {
    /// Length of the echo path in milliseconds: 16 for a local hybrid, up to 128.
    pub tail_ms: u32,
    /// Whether what is left of the echo is replaced by comfort noise while only the far end
    /// speaks (G.168's non-linear processor).
    pub suppress: bool,
}

impl Default for NlmsConfig {
    /// 32 ms, with suppression.
    fn default() -> Self {
        Self {
            tail_ms: 32,
            suppress: true,
        }
    }
}

/// Samples of a block.
const BLOCK: usize = 160;
/// Step of the adaptation while there is much to learn, and when little is left: smaller steps
/// follow the noise less.
const STEP: f32 = 0.5;
const FINE_STEP: f32 = 0.1;
/// Little is what is so far below the echo, in power: 15 dB.
const LITTLE: f32 = 0.03;
/// There is much to learn again when so much is left, in power, for so many blocks: the path has
/// changed. A second of it: double talk that Geigel's rule does not notice looks alike.
const MUCH: f32 = 0.3;
const CHANGED: u32 = 100;
/// Quieter far ends teach nothing: their echo drowns.
const FAR_ACTIVE: Dbm0 = Dbm0(-45.0);
/// The near end is louder than half of the far end's peak within the tail: nobody's hybrid is so
/// bad, somebody speaks (Geigel). And for so many samples after: 30 ms.
const GEIGEL: f32 = 0.5;
const HANGOVER: u32 = 240;
/// Share by which the adapting filter must leave less than the steady one, and blocks in a row
/// that it must, to take its place.
const BETTER: f32 = 0.75;
const PROOFS: u32 = 3;
/// The adapting filter is given up when it leaves so many times more than the steady one.
const WORSE: f32 = 4.0;
/// Weight of a new block in the smoothed energies: 40 ms.
const SMOOTH: f32 = 0.25;
/// Residue is suppressed when it is so far below the echo, in power: 15 dB.
const RESIDUE: f32 = 0.03;

/// A canceller; see the module.
#[derive(Debug, Clone)]
pub struct Nlms {
    taps: usize,
    suppress: bool,
    enabled: bool,
    adapting: Vec<f32>,
    steady: Vec<f32>,
    /// The far end's samples: `taps` before the block, then the block.
    far: Vec<f32>,
    far_active: f32,
    floor: f32,
    /// The movement due with the next sample.
    step: f32,
    double_talk: u32,
    proofs: u32,
    /// The steady filter has shown that it fits; and for how many blocks it has not since.
    converged: bool,
    poor: u32,
    /// Smoothed energies of a sample: near end, and what either filter leaves.
    near_energy: f32,
    adapting_energy: f32,
    steady_energy: f32,
    /// The first and the last of them while only the far end spoke.
    echo: [f32; 2],
    /// Background of the near end, for suppression.
    background: f32,
    comfort: comfort::Generator,
    gain: f32,
    law: Law,
}

impl Nlms {
    /// A canceller for samples of `law`'s scale. Allocates here and never again.
    #[must_use]
    pub fn new(config: NlmsConfig, law: Law) -> Self {
        let samples = config.tail_ms.clamp(4, 128) as usize * crate::SAMPLES_PER_MS as usize;
        let taps = samples.next_multiple_of(GROUP);
        Self {
            taps,
            suppress: config.suppress,
            enabled: true,
            adapting: vec![0.0; taps],
            steady: vec![0.0; taps],
            far: vec![0.0; taps + BLOCK],
            far_active: FAR_ACTIVE.mean_square(law),
            floor: Dbm0(-60.0).mean_square(law),
            step: 0.0,
            double_talk: 0,
            proofs: 0,
            converged: false,
            poor: 0,
            near_energy: 0.0,
            adapting_energy: 0.0,
            steady_energy: 0.0,
            echo: [0.0; 2],
            background: FAR_ACTIVE.mean_square(law),
            comfort: comfort::Generator::new(1, law),
            gain: 1.0,
            law,
        }
    }

    /// Whether somebody spoke at the near end a moment ago.
    #[must_use]
    pub fn double_talk(&self) -> bool {
        self.double_talk > 0
    }

    /// Both filters over a block; `near` becomes what the steady one leaves. Returns the energies
    /// of a sample: near end, what the adapting filter leaves, what the steady one leaves.
    #[expect(
        clippy::indexing_slicing,
        reason = "n is below the block's length, and `far` is taps + BLOCK long"
    )]
    fn filter_block(&mut self, near: &mut [i16]) -> [f32; 3] {
        let taps = self.taps;
        let mut energies = [0.0f32; 3];
        let mut power: f32 = self.far[..taps].iter().map(|x| x * x).sum();
        let mut peak = self.far[..taps].iter().fold(0.0f32, |m, x| m.max(x.abs()));
        let least = self.far_active * taps as f32;
        let step = if self.converged { FINE_STEP } else { STEP };
        for (n, sample) in near.iter_mut().enumerate() {
            // What was left of the sample before moves the taps along what it was made of.
            let direction = &self.far[n..n + taps];
            let window = &self.far[n + 1..=n + taps];
            let heard = f32::from(*sample);
            let (adapted, steady) = filter(
                &mut self.adapting,
                &self.steady,
                window,
                direction,
                self.step,
            );
            let (left, out) = (heard - adapted, heard - steady);
            let (newest, oldest) = (self.far[n + taps], self.far[n]);
            power = (power + newest * newest - oldest * oldest).max(0.0);
            peak = peak.max(newest.abs());
            if heard.abs() > GEIGEL * peak {
                self.double_talk = HANGOVER;
            } else {
                self.double_talk = self.double_talk.saturating_sub(1);
            }
            let teaches = power > least && self.double_talk == 0;
            self.step = if teaches {
                step * left / (power + least)
            } else {
                0.0
            };
            energies[0] += heard * heard;
            energies[1] += left * left;
            energies[2] += out * out;
            *sample = out.clamp(-32_768.0, 32_767.0) as i16;
        }
        energies.map(|energy| energy / near.len().max(1) as f32)
    }

    /// Which filter is the better, as the last blocks showed.
    fn compare(&mut self, [near, adapting, steady]: [f32; 3], far_speaks: bool) {
        let smooth = |old: &mut f32, new: f32| *old += SMOOTH * (new - *old);
        smooth(&mut self.near_energy, near);
        smooth(&mut self.adapting_energy, adapting);
        smooth(&mut self.steady_energy, steady);
        if !far_speaks || self.double_talk > 0 {
            self.proofs = 0;
            return;
        }
        let [before, after] = &mut self.echo;
        smooth(before, near);
        smooth(after, steady);
        self.converged |= *after < LITTLE * *before;
        if self.steady_energy > MUCH * self.near_energy {
            self.poor += 1;
            self.converged &= self.poor < CHANGED;
        } else {
            self.poor = 0;
        }
        let better = adapting < BETTER * steady
            && self.adapting_energy < BETTER * self.steady_energy
            && self.adapting_energy < self.near_energy;
        self.proofs = if better { self.proofs + 1 } else { 0 };
        if self.proofs >= PROOFS {
            self.steady.copy_from_slice(&self.adapting);
            self.steady_energy = self.adapting_energy;
            self.proofs = 0;
        } else if self.adapting_energy > WORSE * self.steady_energy + self.floor {
            self.adapting.copy_from_slice(&self.steady);
            self.adapting_energy = self.steady_energy;
            self.step = 0.0;
        }
        if self.steady_energy > 1.5 * self.near_energy + self.floor {
            // It makes echo instead of taking it: the path is another one.
            self.steady.fill(0.0);
            self.steady_energy = self.near_energy;
        }
    }

    /// Replaces what is left of the echo by noise as loud as the near end's background.
    fn suppress_residue(&mut self, near: &mut [i16], far_speaks: bool) {
        // The background is what the near end sounds like when nobody speaks.
        if !far_speaks && self.double_talk == 0 {
            let now = self.steady_energy.max(1.0);
            self.background = if now < self.background {
                now
            } else {
                (self.background * 1.01).min(now)
            };
        }
        let residue = far_speaks
            && self.double_talk == 0
            && self.steady_energy < RESIDUE * self.near_energy + self.background;
        let target = if residue && self.suppress { 0.0 } else { 1.0 };
        if target == 1.0 && self.gain == 1.0 {
            return;
        }
        self.comfort
            .set_level(Dbm0::from_mean_square(f64::from(self.background), self.law));
        let mut noise = [0; BLOCK];
        self.comfort.fill(&mut noise);
        for (sample, noise) in near.iter_mut().zip(noise) {
            // 4 ms from one to the other.
            self.gain += (target - self.gain) / 16.0;
            let kept = f32::from(*sample) * self.gain;
            *sample = (kept + f32::from(noise) * (1.0 - self.gain)) as i16;
        }
        if (target - self.gain).abs() < 0.01 {
            self.gain = target;
        }
    }
}

impl Canceller for Nlms {
    fn cancel(&mut self, far: &[i16], near: &mut [i16]) {
        let count = far.len();
        if count != near.len() || count > BLOCK {
            return;
        }
        let window = self.taps;
        let mut energy = 0.0;
        for (slot, &sample) in self.far.iter_mut().skip(window).zip(far) {
            *slot = f32::from(sample);
            energy += *slot * *slot;
        }
        if self.enabled {
            let energies = self.filter_block(near);
            let far_speaks = energy / count.max(1) as f32 > self.far_active;
            self.compare(energies, far_speaks);
            self.suppress_residue(near, far_speaks);
        }
        self.far.copy_within(count..count + window, 0);
    }

    fn enable(&mut self, on: bool) {
        self.enabled = on;
        self.step = 0.0;
    }

    fn reset(&mut self) {
        self.adapting.fill(0.0);
        self.steady.fill(0.0);
        self.far.fill(0.0);
        (self.step, self.double_talk, self.proofs) = (0.0, 0, 0);
        (self.near_energy, self.adapting_energy, self.steady_energy) = (0.0, 0.0, 0.0);
        self.echo = [0.0; 2];
        (self.converged, self.poor) = (false, 0);
        self.gain = 1.0;
    }

    fn loss_db(&self) -> f32 {
        let [before, after] = self.echo;
        10.0 * ((before + 1.0) / (after + 1.0)).log10()
    }
}
