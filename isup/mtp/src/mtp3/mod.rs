//! Signalling network functions, level 3 (Q.704, Q.707).

mod timers;

pub use timers::{Timer, Timers};
