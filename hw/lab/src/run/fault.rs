//! What people do to a line: `line 0 cut`.

use std::str::FromStr;

use emulator::Cable;

use super::command::CommandError;

/// Something done to an emulated line, in both directions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// Nothing gets through.
    Cut,
    /// It gets through again.
    Mend,
    /// Errors per bit, 0.0 to 1.0.
    Errors(f64),
    /// Frames repeated (positive) or left out (negative), once.
    Slip(i32),
    /// All ones in place of the signal.
    Ais(bool),
    /// Each end is told that the other does not hear it.
    Rai(bool),
}

/// How the command looks.
pub(super) const FORM: &str =
    "line SPAN cut|mend|errors RATE|slip FRAMES|ais on|ais off|rai on|rai off";
/// Frames that one slip moves at most: those of a tick.
const MOST_FRAMES: i32 = tdm::TICK_OCTETS as i32;

impl Fault {
    /// Reads the words after the span.
    pub(super) fn read(words: &[&str]) -> Result<Self, CommandError> {
        let form = CommandError::Form { expected: FORM };
        let switch = |word: &str| match word {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        };
        let fault = match words {
            ["cut"] => Some(Self::Cut),
            ["mend"] => Some(Self::Mend),
            ["errors", rate] => f64::from_str(rate)
                .ok()
                .filter(|rate| (0.0..=1.0).contains(rate))
                .map(Self::Errors),
            ["slip", frames] => i32::from_str(frames)
                .ok()
                .filter(|frames| *frames != 0 && frames.abs() <= MOST_FRAMES)
                .map(Self::Slip),
            ["ais", word] => switch(word).map(Self::Ais),
            ["rai", word] => switch(word).map(Self::Rai),
            _ => None,
        };
        fault.ok_or(form)
    }

    /// Does it.
    pub fn apply(self, cable: &Cable) {
        match self {
            Self::Cut => cable.cut(),
            Self::Mend => cable.mend(),
            Self::Errors(rate) => cable.error_rate(rate),
            Self::Slip(frames) => cable.slip(frames),
            Self::Ais(on) => cable.ais(on),
            Self::Rai(on) => cable.rai(on),
        }
    }
}
