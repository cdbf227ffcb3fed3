//! All timers of a node in one queue: earliest first, then in the order of their start.

use std::{collections::BTreeMap, time::Instant};

use mtp::PointCode;

use crate::circuit::Timer;

/// What a timer belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owner {
    /// A circuit, by its place.
    Circuit(usize),
    /// A procedure for a group of circuits, by its number.
    Procedure(u32),
    /// A far end.
    FarEnd(PointCode),
}

/// The running timers.
#[derive(Debug, Default)]
pub(super) struct TimerQueue {
    by_time: BTreeMap<(Instant, u64), (Owner, Timer)>,
    running: BTreeMap<(Owner, Timer), (Instant, u64)>,
    started: u64,
}

impl TimerQueue {
    /// Starts a timer to end at `at`; one that runs already ends only then.
    pub(super) fn start(&mut self, owner: Owner, timer: Timer, at: Instant) {
        self.stop(owner, timer);
        self.started += 1;
        self.by_time.insert((at, self.started), (owner, timer));
        self.running.insert((owner, timer), (at, self.started));
    }

    /// Stops a timer; false when it was not running.
    pub(super) fn stop(&mut self, owner: Owner, timer: Timer) -> bool {
        match self.running.remove(&(owner, timer)) {
            Some(key) => self.by_time.remove(&key).is_some(),
            None => false,
        }
    }

    /// The timer runs.
    pub(super) fn runs(&self, owner: Owner, timer: Timer) -> bool {
        self.running.contains_key(&(owner, timer))
    }

    /// When the first timer ends.
    pub(super) fn next(&self) -> Option<Instant> {
        self.by_time.keys().next().map(|&(at, _)| at)
    }

    /// Takes the first timer that has ended by `now`.
    pub(super) fn expire(&mut self, now: Instant) -> Option<(Owner, Timer)> {
        let first = self
            .by_time
            .first_entry()
            .filter(|entry| entry.key().0 <= now)?;
        let ended = first.remove();
        self.running.remove(&ended);
        Some(ended)
    }

    /// The timers of one owner and when they end.
    pub(super) fn of(&self, owner: Owner) -> impl Iterator<Item = (Timer, Instant)> {
        self.running
            .range((owner, Timer::T1)..=(owner, Timer::T39))
            .map(|(&(_, timer), &(at, _))| (timer, at))
    }
}
