//! A tone as a program: segments of summed, possibly modulated sines, in sequence or in a loop.

use super::Recording;
use crate::SAMPLES_PER_MS;
use crate::level::Dbm0;

/// Most sines that one segment sums.
pub const MAX_PARTIALS: usize = 4;

/// Amplitude modulation by a sine: the carrier is multiplied by 1 + depth * sin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Modulation {
    /// Of the modulating sine, in Hz.
    pub frequency: f32,
    /// 0 (none) to 1 (to silence).
    pub depth: f32,
}

/// One sine of a segment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Partial {
    /// In Hz, above 0 and below 4000.
    pub frequency: f32,
    /// Level of this sine alone, unmodulated.
    pub level: Dbm0,
    /// Amplitude modulation.
    pub modulation: Option<Modulation>,
}

impl Partial {
    /// An unmodulated sine.
    #[must_use]
    pub const fn new(frequency: f32, level: Dbm0) -> Self {
        Self {
            frequency,
            level,
            modulation: None,
        }
    }
}

/// A stretch of a tone: no partials is silence.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// What sounds, at most [`MAX_PARTIALS`] sines.
    pub partials: Vec<Partial>,
    /// A recording in place of the sines, which is as long as it is.
    pub recording: Option<Recording>,
    /// How long in samples; `None` for ever, or as long as the recording.
    pub samples: Option<u32>,
}

impl Segment {
    /// Sines for so many milliseconds.
    #[must_use]
    pub fn tone(partials: Vec<Partial>, ms: u32) -> Self {
        Self {
            partials,
            recording: None,
            samples: Some(ms.saturating_mul(SAMPLES_PER_MS)),
        }
    }

    /// Sines without end.
    #[must_use]
    pub fn endless(partials: Vec<Partial>) -> Self {
        Self {
            partials,
            recording: None,
            samples: None,
        }
    }

    /// The whole of a recording.
    #[must_use]
    pub fn recording(recording: Recording) -> Self {
        Self {
            partials: Vec::new(),
            recording: Some(recording),
            samples: None,
        }
    }

    /// How long it is in samples; none when it never ends.
    #[must_use]
    pub fn length(&self) -> Option<u32> {
        match &self.recording {
            // At most ten minutes.
            Some(recording) => Some(recording.samples().len() as u32),
            None => self.samples,
        }
    }

    /// Silence for so many milliseconds.
    #[must_use]
    pub fn silence(ms: u32) -> Self {
        Self::tone(Vec::new(), ms)
    }
}

/// What is wrong with a program.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum ProgramError {
    /// It has no segment.
    #[error("a tone needs at least one segment")]
    Empty,
    /// A segment has no length.
    #[error("segment {segment} has no length; expected at least 1 ms, or none for the last")]
    ZeroLength {
        /// Which, from 1.
        segment: usize,
    },
    /// An endless segment has successors.
    #[error("segment {segment} never ends, so those after it never begin")]
    Unreachable {
        /// Which, from 1.
        segment: usize,
    },
    /// Too many sines at once.
    #[error("segment {segment} sums {count} frequencies; at most {MAX_PARTIALS} are possible")]
    TooManyPartials {
        /// Which, from 1.
        segment: usize,
        /// How many.
        count: usize,
    },
    /// A frequency is out of range.
    #[error("segment {segment}: {frequency} Hz; expected above 0 and below 4000 Hz")]
    Frequency {
        /// Which, from 1.
        segment: usize,
        /// Its frequency, in Hz.
        frequency: f32,
    },
    /// A level cannot be sent.
    #[error("segment {segment}: level {level} is out of range; expected -60 to +3 dBm0")]
    Level {
        /// Which, from 1.
        segment: usize,
        /// Its level.
        level: Dbm0,
    },
    /// A depth of modulation is out of range.
    #[error("segment {segment}: modulation depth {depth}; expected above 0, at most 1")]
    Depth {
        /// Which, from 1.
        segment: usize,
        /// Its depth.
        depth: f32,
    },
}

/// A checked program.
#[derive(Debug, Clone, PartialEq)]
pub struct ToneProgram {
    segments: Vec<Segment>,
    repeat: bool,
}

impl ToneProgram {
    /// Checks the segments; `repeat` starts again at the first after the last has ended.
    ///
    /// # Errors
    /// [`ProgramError`] says which segment cannot be played and why.
    pub fn new(segments: Vec<Segment>, repeat: bool) -> Result<Self, ProgramError> {
        if segments.is_empty() {
            return Err(ProgramError::Empty);
        }
        let last = segments.len();
        for (number, segment) in (1..).zip(&segments) {
            match segment.length() {
                Some(0) => return Err(ProgramError::ZeroLength { segment: number }),
                None if number != last => {
                    return Err(ProgramError::Unreachable { segment: number });
                }
                _ => {}
            }
            if segment.partials.len() > MAX_PARTIALS {
                let count = segment.partials.len();
                return Err(ProgramError::TooManyPartials {
                    segment: number,
                    count,
                });
            }
            segment
                .partials
                .iter()
                .try_for_each(|partial| check(number, partial))?;
        }
        Ok(Self { segments, repeat })
    }

    /// One sine, without end: 1004 Hz at -16 dBm0 is `steady(1004.0, Dbm0(-16.0))`.
    ///
    /// # Errors
    /// As [`ToneProgram::new`].
    pub fn steady(frequency: f32, level: Dbm0) -> Result<Self, ProgramError> {
        let partials = vec![Partial::new(frequency, level)];
        Self::new(vec![Segment::endless(partials)], false)
    }

    /// An announcement: the recording so many times, with pauses of so many milliseconds between.
    ///
    /// # Errors
    /// [`ProgramError::Empty`] for no times at all, [`ProgramError::ZeroLength`] for a pause of none.
    pub fn announcement(
        recording: &Recording,
        times: u16,
        pause_ms: u32,
    ) -> Result<Self, ProgramError> {
        let mut segments = Vec::new();
        for time in 0..times {
            if time > 0 {
                segments.push(Segment::silence(pause_ms));
            }
            segments.push(Segment::recording(recording.clone()));
        }
        Self::new(segments, false)
    }

    /// Sines without end that are known to be in range: constants of this crate.
    pub(crate) fn endless(partials: Vec<Partial>) -> Self {
        let segments = vec![Segment::endless(partials)];
        debug_assert!(Self::new(segments.clone(), false).is_ok(), "{segments:?}");
        Self {
            segments,
            repeat: false,
        }
    }

    /// The segments, at least one.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether it starts again after the last segment.
    #[must_use]
    pub fn repeats(&self) -> bool {
        self.repeat
    }
}

fn check(segment: usize, partial: &Partial) -> Result<(), ProgramError> {
    let in_band = |frequency: f32| frequency > 0.0 && frequency < 4_000.0;
    let frequency = partial.frequency;
    if !in_band(frequency) {
        return Err(ProgramError::Frequency { segment, frequency });
    }
    if !(-60.0..=3.0).contains(&partial.level.0) {
        return Err(ProgramError::Level {
            segment,
            level: partial.level,
        });
    }
    match partial.modulation {
        Some(Modulation { frequency, .. }) if !in_band(frequency) => {
            Err(ProgramError::Frequency { segment, frequency })
        }
        Some(Modulation { depth, .. }) if !(depth > 0.0 && depth <= 1.0) => {
            Err(ProgramError::Depth { segment, depth })
        }
        _ => Ok(()),
    }
}
