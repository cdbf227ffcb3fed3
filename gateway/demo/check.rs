//! What was expected, what was measured, and whether they agree.

use std::fmt;

use crate::call::CallId;

/// One measured thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was measured.
    pub what: String,
    /// What should have come out.
    pub expected: String,
    /// What came out.
    pub measured: String,
    /// Whether that is good.
    pub passed: bool,
}

/// One of the demo's calls: its checks, and which calls of the gateway it made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// What the call shows.
    pub title: String,
    /// The gateway's calls.
    pub calls: Vec<CallId>,
    /// The checks in order.
    pub checks: Vec<Check>,
}

impl Report {
    /// A call without checks yet.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            ..Self::default()
        }
    }

    /// Two values that should be equal.
    pub fn equal<T: PartialEq + fmt::Display>(&mut self, what: &str, expected: T, measured: T) {
        let passed = expected == measured;
        self.judged(what, expected, measured, passed);
    }

    /// A value that something else judged.
    pub fn judged(
        &mut self,
        what: &str,
        expected: impl fmt::Display,
        measured: impl fmt::Display,
        passed: bool,
    ) {
        self.checks.push(Check {
            what: what.to_owned(),
            expected: expected.to_string(),
            measured: measured.to_string(),
            passed,
        });
    }

    /// A measure that should be near a value.
    pub fn near(&mut self, what: &str, unit: &str, expected: f64, tolerance: f64, measured: f64) {
        let passed = (measured - expected).abs() <= tolerance;
        self.judged(
            what,
            format!("{expected} ± {tolerance} {unit}"),
            format!("{measured:.1} {unit}"),
            passed,
        );
    }

    /// Whether all of it is good.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.passed)
    }
}
