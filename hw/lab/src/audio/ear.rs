//! Listens to octets: tones, cadence, DTMF and the test pattern.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use media_bridge::dtmf::{self, Digit};
use media_bridge::level::Dbm0;
use media_bridge::prbs;
use media_bridge::tone::{self, Cadence, CadenceConfig, Interval, Tone};
use tdm::Law;

/// Samples measured together: 200 ms tell tones 20 Hz apart and find each within half a hertz.
const WINDOW: u64 = 1600;
/// The shortest sound that is measured.
const SHORTEST: u64 = 160;
/// Samples kept from before a sound is known to have begun.
const MEMORY: u64 = 400;
/// Octets that the cadence judges together; smaller steps would find nothing more.
const STEP: usize = 20;
/// More tones than that in one window are noise or speech.
const MOST_TONES: usize = 4;

/// Something heard. Times count from the first octet listened to.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// A sound has begun to hold these tones: reported 200 ms after they began and whenever they
    /// change. No tones at all is noise, speech or data.
    Tones {
        /// When it began.
        at: Duration,
        /// By rising frequency.
        tones: Vec<Tone>,
        /// Level of the whole.
        level: Dbm0,
    },
    /// A sound is over.
    Sound {
        /// When it began.
        at: Duration,
        /// How long it was, to within 2.5 ms.
        duration: Duration,
        /// What its first 200 ms held.
        tones: Vec<Tone>,
        /// Level of its first 200 ms.
        level: Dbm0,
    },
    /// A silence is over.
    Silence {
        /// When it began.
        at: Duration,
        /// How long it was, to within 2.5 ms.
        duration: Duration,
    },
    /// A DTMF digit is over.
    Digit {
        /// When it began.
        at: Duration,
        /// Which.
        digit: Digit,
        /// How long it was.
        duration: Duration,
    },
    /// The test pattern was found (true) or lost.
    Pattern(bool),
}

/// Listens to octets of one law.
#[derive(Debug)]
pub struct Ear {
    law: Law,
    cadence: Cadence,
    digits: dtmf::Detector,
    pattern: prbs::Checker,
    /// Samples from number `base` on.
    history: Vec<i16>,
    base: u64,
    position: u64,
    /// The window to be measured next begins here, when a sound lasts.
    measured: u64,
    first: Option<(Vec<Tone>, Dbm0)>,
    last: Vec<Tone>,
    heard: VecDeque<Heard>,
}

impl Ear {
    /// Has heard nothing yet.
    #[must_use]
    pub fn new(law: Law) -> Self {
        Self {
            law,
            cadence: Cadence::new(CadenceConfig::default(), law),
            digits: dtmf::Detector::new(dtmf::DetectorConfig::default(), law),
            pattern: prbs::Checker::new(),
            history: Vec::new(),
            base: 0,
            position: 0,
            measured: 0,
            first: None,
            last: Vec::new(),
            heard: VecDeque::new(),
        }
    }

    /// What became of the test pattern.
    #[must_use]
    pub fn pattern(&self) -> super::PatternReport {
        self.pattern.report()
    }

    /// Forgets the test pattern's figures and looks for it anew.
    pub fn restart_pattern(&mut self) {
        self.pattern = prbs::Checker::new();
    }

    /// The next thing heard.
    pub fn poll_heard(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    /// Takes octets.
    pub fn push(&mut self, octets: &[u8]) {
        let locked = self.pattern.locked();
        self.pattern.push(octets);
        if self.pattern.locked() != locked {
            self.heard.push_back(Heard::Pattern(!locked));
        }
        let heard = &mut self.heard;
        self.digits.push_octets(self.law, octets, &mut |report| {
            if let dtmf::Report::Ended { digit, at, samples } = report {
                heard.push_back(Heard::Digit {
                    at: time(at),
                    digit,
                    duration: time(u64::from(samples)),
                });
            }
        });
        for octets in octets.chunks(STEP) {
            let decoded = octets.iter().map(|octet| self.law.decode(*octet));
            let start = self.history.len();
            self.history.extend(decoded);
            self.position += octets.len() as u64;
            let mut ended = [None, None];
            let samples = self.history.get(start..).unwrap_or_default();
            self.cadence.push(samples, &mut |interval| {
                ended = [ended[1], Some(interval)];
            });
            for interval in ended.into_iter().flatten() {
                self.interval(interval);
            }
            self.measure();
            self.forget();
        }
    }

    fn interval(&mut self, interval: Interval) {
        let (at, duration) = (time(interval.start), time(interval.samples));
        if !interval.on {
            self.heard.push_back(Heard::Silence { at, duration });
            return;
        }
        if self.first.is_none() && interval.samples >= SHORTEST {
            self.window(interval.start, interval.samples.min(WINDOW));
        }
        let (tones, level) = self
            .first
            .take()
            .unwrap_or((Vec::new(), Dbm0(f32::NEG_INFINITY)));
        self.last.clear();
        self.heard.push_back(Heard::Sound {
            at,
            duration,
            tones,
            level,
        });
    }

    /// Measures the whole windows of the sound that lasts.
    fn measure(&mut self) {
        let current = self.cadence.current();
        if !current.on {
            return;
        }
        self.measured = self.measured.max(current.start);
        while self.measured + WINDOW <= self.position {
            // The pattern is noise to the ear, and no tone is of interest while it lasts.
            if !self.pattern.locked() {
                self.window(self.measured, WINDOW);
            }
            self.measured += WINDOW;
        }
    }

    fn window(&mut self, start: u64, length: u64) {
        let index = |position: u64| usize::try_from(position.saturating_sub(self.base));
        let (Ok(from), Ok(to)) = (index(start), index(start + length)) else {
            return;
        };
        let Some(samples) = self.history.get(from..to) else {
            return;
        };
        let measurement = tone::Detector::measure(samples, self.law);
        let mut tones = measurement.tones;
        if tones.len() > MOST_TONES {
            tones.clear();
        }
        let same = self.first.is_some()
            && tones.len() == self.last.len()
            && tones
                .iter()
                .zip(&self.last)
                .all(|(new, old)| (new.frequency - old.frequency).abs() < 3.0);
        if self.first.is_none() {
            self.first = Some((tones.clone(), measurement.level));
        }
        if !same {
            self.last.clone_from(&tones);
            self.heard.push_back(Heard::Tones {
                at: time(start),
                tones,
                level: measurement.level,
            });
        }
    }

    #[cfg(test)]
    pub(super) fn history_len(&self) -> usize {
        self.history.len()
    }

    /// Drops samples that no window will need.
    fn forget(&mut self) {
        let keep = match self.cadence.current().on {
            true => self.measured,
            false => self.position.saturating_sub(MEMORY),
        };
        // In large steps: each one moves what is left.
        if keep >= self.base + 2 * WINDOW {
            let count = usize::try_from(keep - self.base).unwrap_or(usize::MAX);
            self.history.drain(..count.min(self.history.len()));
            self.base = keep;
        }
    }
}

fn time(samples: u64) -> Duration {
    Duration::from_micros(samples * 125)
}

impl fmt::Display for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sound = |f: &mut fmt::Formatter<'_>, tones: &[Tone], level: Dbm0| {
            let names = tones.iter().map(|tone| format!("{:.1}", tone.frequency));
            match tones.is_empty() {
                true => write!(f, "noise at {level}"),
                false => write!(f, "{} Hz at {level}", names.collect::<Vec<_>>().join(" + ")),
            }
        };
        match self {
            Self::Tones { tones, level, .. } => sound(f, tones, *level),
            Self::Sound {
                duration,
                tones,
                level,
                ..
            } => {
                sound(f, tones, *level)?;
                write!(f, " for {} ms", duration.as_millis())
            }
            Self::Silence { duration, .. } => write!(f, "silence for {} ms", duration.as_millis()),
            Self::Digit {
                digit, duration, ..
            } => write!(f, "digit {digit} for {} ms", duration.as_millis()),
            Self::Pattern(true) => f.write_str("the test pattern"),
            Self::Pattern(false) => f.write_str("the test pattern no more"),
        }
    }
}
