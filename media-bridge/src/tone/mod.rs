//! Call progress tones (E.180 and its Supplement 2): country plans, programs, samples from
//! programs, announcements from files, and measuring what a line carries.

mod cadence;
mod detector;
mod generator;
mod oscillator;
mod plan;
mod program;
mod recording;

pub use cadence::{Cadence, CadenceConfig, Interval};
pub use detector::{Detector, Measurement, Tone};
pub use generator::Generator;
pub use oscillator::Oscillator;
pub(crate) use oscillator::{nearest, sine};
pub use plan::{Plan, PlanError, ToneName};
pub use program::{MAX_PARTIALS, Modulation, Partial, ProgramError, Segment, ToneProgram};
pub use recording::{MAX_RECORDING_SECONDS, Recording, RecordingError};

#[cfg(test)]
mod tests;
