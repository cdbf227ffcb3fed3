//! The timers of call control in one queue: earliest first, then in the order of the calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::call::{CallId, Timer};

/// The running timers.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_time: BTreeSet<(Instant, CallId, Timer)>,
    running: BTreeMap<(CallId, Timer), Instant>,
}

impl Timers {
    /// Starts a timer to end at `at`; one that runs already ends only then.
    pub(super) fn start(&mut self, call: CallId, timer: Timer, at: Instant) {
        self.stop(call, timer);
        self.by_time.insert((at, call, timer));
        self.running.insert((call, timer), at);
    }

    pub(super) fn stop(&mut self, call: CallId, timer: Timer) {
        if let Some(at) = self.running.remove(&(call, timer)) {
            self.by_time.remove(&(at, call, timer));
        }
    }

    /// Stops all timers of a call.
    pub(super) fn stop_all(&mut self, call: CallId) {
        let all = (call, Timer::Interworking)..=(call, Timer::Treatment);
        let running: Vec<_> = self.running.range(all).map(|(key, _)| *key).collect();
        for (call, timer) in running {
            self.stop(call, timer);
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
        self.running.len()
    }
}
