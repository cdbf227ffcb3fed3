//! What a subscriber says and hears on the timeslot of a call.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use isup::{Cic, CircuitId};
use media_bridge::dtmf::Digit;
use media_bridge::level::Dbm0;
use media_bridge::tone::{Partial, ProgramError, Segment, ToneProgram};
use tdm::{Law, TICK_OCTETS};

use super::{ExchangeEvent, ExchangeEventKind};
use crate::audio::{Ear, Heard, Mouth, PatternReport, Play};

/// Frequency of the milliwatt subscriber's tone, in Hz: not a divisor of the sampling rate, so
/// that it uses many of the law's levels.
pub const MILLIWATT: f32 = 1004.0;

/// The announcement: special information tone (E.180), then chords in place of words. Frequencies
/// in Hz and length in ms; no frequencies is a pause. It repeats.
pub const ANNOUNCEMENT: [(&[f32], u32); 9] = [
    (&[950.0], 330),
    (&[1400.0], 330),
    (&[1800.0], 330),
    (&[], 400),
    (&[600.0, 900.0], 600),
    (&[], 100),
    (&[700.0, 1100.0, 1500.0], 600),
    (&[], 100),
    (&[500.0, 1300.0], 600),
];
/// Level of each tone of the announcement.
const ANNOUNCEMENT_LEVEL: Dbm0 = Dbm0(-18.0);
/// Length of a DTMF digit.
const DIGIT: Duration = Duration::from_millis(100);

/// The announcement as a program.
pub(super) fn announcement() -> Result<ToneProgram, ProgramError> {
    let segment = |(frequencies, ms): &(&[f32], u32)| {
        let partial = |frequency: &f32| Partial::new(*frequency, ANNOUNCEMENT_LEVEL);
        Segment::tone(frequencies.iter().map(partial).collect(), *ms)
    };
    ToneProgram::new(ANNOUNCEMENT.iter().map(segment).collect(), true)
}

/// Mouth and ear of a subscriber on a timeslot.
#[derive(Debug)]
pub(super) struct Voice {
    mouth: Mouth,
    ear: Ear,
    echo: bool,
}

impl Voice {
    /// Silent, and listening.
    pub(super) fn new(law: Law) -> Self {
        Self {
            mouth: Mouth::new(law),
            ear: Ear::new(law),
            echo: false,
        }
    }

    /// Sends back what it hears, octet by octet.
    pub(super) fn set_echo(&mut self) {
        self.mouth.play(Play::Idle);
        self.echo = true;
    }

    pub(super) fn play(&mut self, play: Play) {
        self.echo = false;
        self.mouth.play(play);
    }

    pub(super) fn play_tone(&mut self, program: &Arc<ToneProgram>) {
        self.play(Play::Tone(Arc::clone(program)));
    }

    pub(super) fn dial(&mut self, digit: Digit) {
        self.mouth.dial(digit, DIGIT);
    }

    pub(super) fn pattern(&self) -> PatternReport {
        self.ear.pattern()
    }

    /// One tick of the timeslot.
    pub(super) fn tick(&mut self, rx: &[u8; TICK_OCTETS], tx: &mut [u8; TICK_OCTETS]) {
        self.ear.push(rx);
        if self.echo {
            tx.copy_from_slice(rx);
            self.mouth.fill_over(tx);
        } else {
            self.mouth.fill(tx);
        }
    }

    /// Hands on what was heard, and collects digits.
    pub(super) fn report(
        &mut self,
        at: Instant,
        circuit: CircuitId,
        cic: Cic,
        mut collected: Option<&mut String>,
        events: &mut VecDeque<ExchangeEvent>,
    ) {
        while let Some(heard) = self.ear.poll_heard() {
            if let (Heard::Digit { digit, .. }, Some(collected)) = (&heard, &mut collected) {
                collected.push(digit.as_char());
            }
            events.push_back(ExchangeEvent {
                at,
                circuit: Some(circuit),
                cic: Some(cic),
                kind: ExchangeEventKind::Heard(heard),
            });
        }
    }
}
