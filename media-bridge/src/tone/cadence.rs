//! Cadence: when a line is loud and when it is silent.

use tdm::Law;

use crate::SAMPLES_PER_MS;
use crate::level::Dbm0;

/// Samples whose power is judged together: 2.5 ms.
const WINDOW: u32 = 20;

/// What counts as on, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CadenceConfig {
    /// Mean level over 2.5 ms above which the line is on. Default -43 dBm0.
    pub threshold: Dbm0,
    /// Shorter pauses belong to the tone (beats, modulation), in milliseconds. Default 20.
    pub min_off_ms: u32,
    /// Shorter sounds belong to the pause (clicks), in milliseconds. Default 10.
    pub min_on_ms: u32,
}

impl Default for CadenceConfig {
    fn default() -> Self {
        Self {
            threshold: Dbm0(-43.0),
            min_off_ms: 20,
            min_on_ms: 10,
        }
    }
}

/// A stretch of the line in one state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    /// Sound or silence.
    pub on: bool,
    /// Where it began, in samples since the first.
    pub start: u64,
    /// How long it was, in samples.
    pub samples: u64,
}

impl Interval {
    /// Its length in milliseconds, rounded.
    #[must_use]
    pub fn ms(&self) -> u64 {
        (self.samples + u64::from(SAMPLES_PER_MS) / 2) / u64::from(SAMPLES_PER_MS)
    }
}

/// Measures a cadence to within 2.5 ms.
#[derive(Debug, Clone)]
pub struct Cadence {
    config: CadenceConfig,
    /// Sum of squares of a window at the threshold.
    threshold: f64,
    sum: f64,
    filled: u32,
    position: u64,
    on: bool,
    since: u64,
    /// The state has seemed to be the other one since then.
    change: Option<u64>,
}

impl Cadence {
    /// Starts in silence.
    #[must_use]
    pub fn new(config: CadenceConfig, law: Law) -> Self {
        let threshold = f64::from(config.threshold.mean_square(law)) * f64::from(WINDOW);
        Self {
            config,
            threshold,
            sum: 0.0,
            filled: 0,
            position: 0,
            on: false,
            since: 0,
            change: None,
        }
    }

    /// Takes samples; hands each interval that has ended to `report`, sound and silence in
    /// turn. Silence before the first sound is reported too, when there was any.
    pub fn push(&mut self, samples: &[i16], report: &mut dyn FnMut(Interval)) {
        for &sample in samples {
            self.sum += f64::from(sample) * f64::from(sample);
            self.filled += 1;
            self.position += 1;
            if self.filled == WINDOW {
                let loud = self.sum > self.threshold;
                (self.sum, self.filled) = (0.0, 0);
                self.judge(loud, report);
            }
        }
    }

    fn judge(&mut self, loud: bool, report: &mut dyn FnMut(Interval)) {
        if loud == self.on {
            self.change = None;
            return;
        }
        let change = *self.change.get_or_insert(self.position - u64::from(WINDOW));
        let min = if loud {
            self.config.min_on_ms
        } else {
            self.config.min_off_ms
        };
        if self.position - change >= u64::from(min * SAMPLES_PER_MS) {
            if change > self.since {
                let samples = change - self.since;
                report(Interval {
                    on: self.on,
                    start: self.since,
                    samples,
                });
            }
            (self.on, self.since, self.change) = (loud, change, None);
        }
    }

    /// The interval that has not ended yet.
    #[must_use]
    pub fn current(&self) -> Interval {
        Interval {
            on: self.on,
            start: self.since,
            samples: self.position - self.since,
        }
    }
}
