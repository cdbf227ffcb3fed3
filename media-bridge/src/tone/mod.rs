//! Call progress tones (E.180 and its Supplement 2): country plans, programs, samples from
//! programs, and measuring what a line carries.

mod cadence;
mod detector;
mod generator;
mod oscillator;
mod plan;
mod program;

pub use cadence::{Cadence, CadenceConfig, Interval};
pub use detector::{Detector, Measurement, Tone};
pub use generator::Generator;
pub use oscillator::Oscillator;
pub(crate) use oscillator::{nearest, sine};
pub use plan::{Plan, PlanError, ToneName};
pub use program::{MAX_PARTIALS, Modulation, Partial, ProgramError, Segment, ToneProgram};

#[cfg(test)]
mod tests;
