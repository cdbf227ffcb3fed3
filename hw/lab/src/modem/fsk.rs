//! Frequency-shift keying: bits to samples and back, at 8000 samples a second.

use std::sync::LazyLock;

use super::modulation::Channel;

/// Samples a second.
pub(super) const SAMPLE_RATE: u32 = 8000;
/// Amplitude of what is sent: about -13 dBm0, as a modem on a subscriber line (V.2).
const AMPLITUDE: i32 = 5200;
/// The sine is looked up with so many bits of its phase.
const TABLE_BITS: u32 = 10;
/// Amplitude of the table.
const UNIT: f64 = 16_384.0;
/// A signal below about -43 dBm0 is none (V.21 clause 8): mean square of a sample.
const THRESHOLD: i64 = 13_000;

static SINE: LazyLock<Box<[i16]>> = LazyLock::new(|| {
    let steps = f64::from(1_u32 << TABLE_BITS);
    (0..1_u32 << TABLE_BITS)
        .map(|step| ((f64::from(step) / steps * std::f64::consts::TAU).sin() * UNIT) as i16)
        .collect()
});

/// A phase that turns: 2^32 to the turn.
#[derive(Debug, Clone, Copy, Default)]
struct Phase(u32);

impl Phase {
    /// How far a frequency in Hz turns in a sample.
    fn step(frequency: u16) -> u32 {
        ((u64::from(frequency) << 32) / u64::from(SAMPLE_RATE)) as u32
    }

    fn turn(&mut self, step: u32) {
        self.0 = self.0.wrapping_add(step);
    }

    fn sine(self) -> i32 {
        let index = (self.0 >> (32 - TABLE_BITS)) as usize;
        i32::from(SINE.get(index).copied().unwrap_or_default())
    }

    fn cosine(self) -> i32 {
        Self(self.0.wrapping_add(1 << 30)).sine()
    }
}

/// A steady tone, for the answer tone.
#[derive(Debug)]
pub(super) struct Tone {
    phase: Phase,
    step: u32,
}

impl Tone {
    /// A tone of this frequency in Hz.
    #[must_use]
    pub(super) fn new(frequency: u16) -> Self {
        Self {
            phase: Phase::default(),
            step: Phase::step(frequency),
        }
    }

    /// The next sample.
    pub(super) fn sample(&mut self) -> i16 {
        self.phase.turn(self.step);
        scaled(self.phase)
    }
}

fn scaled(phase: Phase) -> i16 {
    ((phase.sine() * AMPLITUDE) >> 14) as i16
}

/// Bits to samples, with a continuous phase.
#[derive(Debug)]
pub(super) struct Modulator {
    phase: Phase,
    steps: [u32; 2],
    rate: u32,
    /// Time into the bit, in parts of a sample of which [`SAMPLE_RATE`] make a bit.
    time: u32,
    bit: bool,
}

impl Modulator {
    /// At rest: marks.
    #[must_use]
    pub(super) fn new(channel: Channel) -> Self {
        Self {
            phase: Phase::default(),
            steps: [Phase::step(channel.space), Phase::step(channel.mark)],
            rate: u32::from(channel.rate),
            time: 0,
            bit: true,
        }
    }

    /// The next sample; `next` is asked for a bit when one is over.
    pub(super) fn sample(&mut self, next: &mut dyn FnMut() -> bool) -> i16 {
        self.time += self.rate;
        if self.time >= SAMPLE_RATE {
            self.time -= SAMPLE_RATE;
            self.bit = next();
        }
        let [space, mark] = self.steps;
        self.phase.turn(if self.bit { mark } else { space });
        scaled(self.phase)
    }
}

/// Correlation with one frequency over the last bit.
#[derive(Debug)]
struct Correlator {
    phase: Phase,
    step: u32,
    products: Box<[(i32, i32)]>,
    sum: (i64, i64),
}

impl Correlator {
    fn new(frequency: u16, length: usize) -> Self {
        Self {
            phase: Phase::default(),
            step: Phase::step(frequency),
            products: vec![(0, 0); length].into_boxed_slice(),
            sum: (0, 0),
        }
    }

    /// Takes a sample in the place of the oldest, at `at`; the energy at the frequency.
    fn push(&mut self, at: usize, sample: i16) -> i64 {
        self.phase.turn(self.step);
        let sample = i32::from(sample);
        let product = (
            (sample * self.phase.cosine()) >> 14,
            (sample * self.phase.sine()) >> 14,
        );
        if let Some(slot) = self.products.get_mut(at) {
            self.sum.0 += i64::from(product.0 - slot.0);
            self.sum.1 += i64::from(product.1 - slot.1);
            *slot = product;
        }
        self.sum.0 * self.sum.0 + self.sum.1 * self.sum.1
    }
}

/// What a sample says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    /// Mark rather than space, over the last bit.
    pub mark: bool,
    /// Whether what is heard is this channel at all: loud enough, and most of the energy at its two
    /// frequencies.
    pub carrier: bool,
}

/// Samples to marks and spaces: two correlators a bit long, without a carrier's phase.
#[derive(Debug)]
pub(super) struct Demodulator {
    mark: Correlator,
    space: Correlator,
    squares: Box<[i64]>,
    energy: i64,
    at: usize,
}

impl Demodulator {
    /// Hears nothing yet.
    #[must_use]
    pub(super) fn new(channel: Channel) -> Self {
        let length = (SAMPLE_RATE / u32::from(channel.rate).max(1)) as usize;
        Self {
            mark: Correlator::new(channel.mark, length),
            space: Correlator::new(channel.space, length),
            squares: vec![0; length].into_boxed_slice(),
            energy: 0,
            at: 0,
        }
    }

    /// What the bit that ends with this sample says.
    pub(super) fn push(&mut self, sample: i16) -> Reading {
        let mark = self.mark.push(self.at, sample);
        let space = self.space.push(self.at, sample);
        let square = i64::from(sample) * i64::from(sample);
        if let Some(slot) = self.squares.get_mut(self.at) {
            self.energy += square - *slot;
            *slot = square;
        }
        let length = self.squares.len();
        self.at = (self.at + 1) % length;
        let length = length as i64;
        // A tone at one of the frequencies has half of length times energy there.
        let most = 4 * (mark + space) >= self.energy * length;
        Reading {
            mark: mark >= space,
            carrier: self.energy >= THRESHOLD * length && most,
        }
    }
}
