//! Samples from a tone program.

use std::sync::Arc;

use tdm::{Law, TICK_OCTETS};

use super::oscillator::{Oscillator, nearest};
use super::program::{MAX_PARTIALS, Partial, Segment, ToneProgram};

/// Samples over which a tone rises from and falls to silence: 2 ms, so that nothing clicks.
const RAMP: u32 = 16;

#[derive(Debug, Clone, Copy)]
struct Voice {
    carrier: Oscillator,
    modulator: Option<(Oscillator, f32)>,
}

impl Voice {
    fn new(partial: &Partial, law: Law) -> Self {
        Self {
            carrier: Oscillator::new(partial.frequency, partial.level.peak(law)),
            modulator: partial
                .modulation
                .map(|m| (Oscillator::new(m.frequency, 1.0), m.depth)),
        }
    }

    fn add_to(&mut self, sums: &mut [f32]) {
        match &mut self.modulator {
            Some((oscillator, depth)) => {
                for sum in sums {
                    let swing = 1.0 + *depth * oscillator.next_sample();
                    *sum += self.carrier.next_sample() * swing;
                }
            }
            None => self.carrier.add_to(sums),
        }
    }
}

/// Plays a [`ToneProgram`]. Phases run on from call to call, and from one segment to the next
/// when both sound.
#[derive(Debug, Clone)]
pub struct Generator {
    program: Arc<ToneProgram>,
    law: Law,
    segment: usize,
    /// Samples played of the segment.
    played: u32,
    voices: [Option<Voice>; MAX_PARTIALS],
    /// The segment before / after this one is silent (or absent): rise / fall by a ramp.
    rise: bool,
    fall: bool,
    ended: bool,
}

impl Generator {
    /// From the beginning of `program`, at levels of `law`.
    #[must_use]
    pub fn new(program: Arc<ToneProgram>, law: Law) -> Self {
        let mut generator = Self {
            program,
            law,
            segment: 0,
            played: 0,
            voices: [None; MAX_PARTIALS],
            rise: true,
            fall: true,
            ended: false,
        };
        generator.enter(0);
        generator
    }

    /// Whether the program has come to its end; from then on there is silence.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// What it plays.
    #[must_use]
    pub fn program(&self) -> &Arc<ToneProgram> {
        &self.program
    }

    /// From the beginning of its program again, at levels of `law`.
    pub fn restart(&mut self, law: Law) {
        *self = Self::new(Arc::clone(&self.program), law);
    }

    /// The next samples.
    pub fn fill(&mut self, samples: &mut [i16]) {
        let mut rest = samples;
        while !rest.is_empty() {
            let length = self
                .program
                .segments()
                .get(self.segment)
                .and_then(Segment::length);
            if self.ended {
                rest.fill(0);
                return;
            }
            let left = length.map_or(u32::MAX, |length| length - self.played);
            let take = rest.len().min(left as usize);
            let (now, later) = std::mem::take(&mut rest).split_at_mut(take);
            self.play(now, left);
            self.played = self.played.saturating_add(take as u32);
            rest = later;
            if length == Some(self.played) {
                self.advance();
            }
        }
    }

    fn play(&mut self, samples: &mut [i16], left: u32) {
        let segment = self.program.segments().get(self.segment);
        if let Some(recording) = segment.and_then(|segment| segment.recording.as_ref()) {
            let rest = recording.samples().get(self.played as usize..);
            for (sample, &recorded) in samples.iter_mut().zip(rest.unwrap_or_default()) {
                *sample = recorded;
            }
            return;
        }
        let Self {
            voices,
            rise,
            fall,
            played,
            ..
        } = self;
        let mut offset = 0u32;
        for samples in samples.chunks_mut(TICK_OCTETS) {
            let mut sums = [0.0; TICK_OCTETS];
            let sums = sums.get_mut(..samples.len()).unwrap_or_default();
            for voice in voices.iter_mut().flatten() {
                voice.add_to(sums);
            }
            let count = samples.len() as u32;
            let rising = *rise && *played + offset < RAMP;
            let falling = *fall && left - offset < RAMP + count;
            if rising || falling {
                for (n, sum) in (offset..).zip(sums.iter_mut()) {
                    if *rise && *played + n < RAMP {
                        *sum *= (*played + n) as f32 / RAMP as f32;
                    }
                    if *fall && left - n <= RAMP {
                        *sum *= (left - n - 1) as f32 / RAMP as f32;
                    }
                }
            }
            for (sample, &sum) in samples.iter_mut().zip(&*sums) {
                *sample = nearest(sum);
            }
            offset += count;
        }
        // An endless segment is past its rise for ever: keep the count from running over.
        if *played > 1 << 30 {
            *played = RAMP;
        }
    }

    fn advance(&mut self) {
        let next = self.segment + 1;
        if next < self.program.segments().len() {
            self.enter(next);
        } else if self.program.repeats() {
            self.enter(0);
        } else {
            self.ended = true;
        }
    }

    fn enter(&mut self, index: usize) {
        let segments = self.program.segments();
        let silent = |index: Option<usize>| {
            index
                .and_then(|i| segments.get(i))
                .is_none_or(|s| s.partials.is_empty())
        };
        let next = if index + 1 < segments.len() {
            Some(index + 1)
        } else {
            self.program.repeats().then_some(0)
        };
        let after = silent(next);
        let before = self.voices.iter().all(Option::is_none);
        let mut voices = [None; MAX_PARTIALS];
        if let Some(segment) = segments.get(index) {
            for ((voice, old), partial) in
                voices.iter_mut().zip(&self.voices).zip(&segment.partials)
            {
                let mut new = Voice::new(partial, self.law);
                if let Some(old) = old {
                    new.carrier = new.carrier.continuing(old.carrier);
                }
                *voice = Some(new);
            }
        }
        (self.voices, self.rise, self.fall) = (voices, before, after);
        (self.segment, self.played) = (index, 0);
    }
}
