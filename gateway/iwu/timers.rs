//! The timers of call control in one queue: earliest first, then in the order of the calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::call::{CallId, Timer};

/// The running timers.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Instant, CallId, Timer)>,
    by_call: BTreeMap<CallId, BTreeMap<Timer, Instant>>,
}

impl Timers {
    /// Starts a timer to end at `at`; one that runs already ends only then.
    pub(super) fn start(&mut self, call: CallId, timer: Timer, at: Instant) {
        self.stop(call, timer);
        self.by_time.insert((at, call, timer));
        self.by_call.entry(call).or_default().insert(timer, at);
    }

    pub(super) fn stop(&mut self, call: CallId, timer: Timer) {
        let Some(running) = self.by_call.get_mut(&call) else {
            return;
        };
        if let Some(at) = running.remove(&timer) {
            self.by_time.remove(&(at, call, timer));
        }
        if running.is_empty() {
            self.by_call.remove(&call);
        }
    }

    /// Stops all timers of a call.
    pub(super) fn stop_all(&mut self, call: CallId) {
        for (timer, at) in self.by_call.remove(&call).unwrap_or_default() {
            self.by_time.remove(&(at, call, timer));
        }
    }

    /// When the first timer ends.
    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.first().map(|(at, ..)| *at)
    }

    /// Takes the first timer that has ended by `now`.
    pub(super) fn expire(&mut self, now: Instant) -> Option<(CallId, Timer)> {
        let (_, call, timer) = *self.by_time.first().filter(|(at, ..)| *at <= now)?;
        self.stop(call, timer);
        Some((call, timer))
    }

    /// How many run.
    pub(super) fn len(&self) -> usize {
        self.by_time.len()
    }
}
