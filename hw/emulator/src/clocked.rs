//! The emulator's clock: absolute times of `CLOCK_MONOTONIC`, 10 ms apart.

use std::{io, num::NonZeroU64, time::Duration};

use rustix::{
    io::Errno,
    process::setpriority_process,
    thread::{clock_nanosleep_absolute, set_current_timer_slack},
    time::{ClockId, Timespec, clock_gettime},
};
use tdm::{
    Content, DeviceCounters, Due, SignallingIo, SpanCounters, SpanEvent, SpanId, SpanIo, SpanTick,
    TICK, Timeslot,
};

/// Ticks that are caught up with after a late wake-up. More are given up: the machine was asleep.
const CATCH_UP: u32 = 40;

/// A span whose ticks are due every 10 ms.
///
/// [`exchange`](SpanIo::exchange) sleeps until the next tick is due and then exchanges with the span
/// inside. After a late wake-up the ticks that were missed are done at once, one a call, up to 400 ms;
/// beyond that they are given up, which the span inside sees as silence and reports so.
#[derive(Debug)]
pub struct Clocked<S> {
    inner: S,
    pacer: Pacer,
    late_ticks: u64,
}

impl<S: SpanIo> Clocked<S> {
    /// Gives `inner` the machine's clock.
    pub const fn new(inner: S) -> Self {
        Self {
            inner,
            pacer: Pacer::new(TICK),
            late_ticks: 0,
        }
    }

    /// Gives `inner` a clock that runs fast by this many parts per million, slow when negative, at most
    /// 100,000 either way.
    pub fn with_drift(inner: S, parts_per_million: f64) -> Self {
        let period = TICK.div_f64(1.0 + parts_per_million.clamp(-1e5, 1e5) / 1e6);
        Self {
            inner,
            pacer: Pacer::new(period),
            late_ticks: 0,
        }
    }

    /// The span inside.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The span inside, without its clock.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S: SpanIo> SpanIo for Clocked<S> {
    fn id(&self) -> SpanId {
        self.inner.id()
    }

    fn wait(&mut self) -> io::Result<Due> {
        self.pacer.wait()
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        self.late_ticks += u64::from(due.late > 0);
        self.inner.carry(due, tx, rx)
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.inner.poll_event()
    }

    fn counters(&self) -> SpanCounters {
        let inner = self.inner.counters();
        SpanCounters {
            late_ticks: inner.late_ticks + self.late_ticks,
            ..inner
        }
    }

    fn device_counters(&self) -> DeviceCounters {
        self.inner.device_counters()
    }

    fn signalling(&mut self, timeslot: Timeslot) -> Option<&mut dyn SignallingIo> {
        self.inner.signalling(timeslot)
    }

    fn set_content(&mut self, timeslot: Timeslot, content: Content) -> io::Result<()> {
        self.inner.set_content(timeslot, content)
    }

    fn trouble(&self) -> Option<&str> {
        self.inner.trouble()
    }
}

/// Waits for absolute times, a period apart.
#[derive(Debug)]
pub(crate) struct Pacer {
    period: Duration,
    /// When the last tick was due, in `CLOCK_MONOTONIC`; not before the first wait.
    last: Option<Duration>,
}

impl Pacer {
    pub(crate) const fn new(period: Duration) -> Self {
        Self { period, last: None }
    }

    /// Sleeps until the next tick is due; not at all if it is overdue.
    pub(crate) fn wait(&mut self) -> io::Result<Due> {
        if self.last.is_none() {
            ask_for_priority();
        }
        let now = monotonic();
        let next = self.last.unwrap_or(now) + self.period;
        let woken = if next > now { sleep_until(next)? } else { now };
        Ok(self.account(next, woken))
    }

    /// The tick due at `next` is done at `now`.
    fn account(&mut self, next: Duration, now: Duration) -> Due {
        let behind = now.saturating_sub(next).as_nanos() / self.period.as_nanos().max(1);
        let behind = u32::try_from(behind).unwrap_or(u32::MAX);
        let skipped = if behind > CATCH_UP { behind } else { 0 };
        self.last = Some(next + self.period * skipped);
        Due {
            late: behind - skipped,
            skipped,
        }
    }
}

fn monotonic() -> Duration {
    // The clock began with the machine: it is never negative.
    Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap_or_default()
}

fn sleep_until(time: Duration) -> io::Result<Duration> {
    let request = Timespec::try_from(time).map_err(io::Error::other)?;
    loop {
        match clock_nanosleep_absolute(ClockId::Monotonic, &request) {
            Ok(()) => return Ok(monotonic()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Asks the kernel to wake this thread before others and without slack, where it is allowed; where it is
/// not, ticks come later now and then, which is counted.
fn ask_for_priority() {
    let _ = setpriority_process(None, -15);
    let _ = set_current_timer_slack(NonZeroU64::new(1));
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A late wake-up is followed by the ticks it missed, each less late than the one before, and the
    /// times they are due at are the ones they would have had.
    #[test]
    fn late_ticks_are_caught_up_with() {
        let mut pacer = Pacer {
            period: TICK,
            last: Some(100 * MS),
        };
        let late: Vec<u32> = (0..5)
            .map(|n| pacer.account((110 + 10 * n) * MS, 147 * MS).late)
            .collect();
        assert_eq!(late, [3, 2, 1, 0, 0]);
        assert_eq!(pacer.last, Some(150 * MS));
    }

    #[test]
    fn what_cannot_be_caught_up_with_is_given_up() {
        let mut pacer = Pacer {
            period: TICK,
            last: Some(Duration::ZERO),
        };
        assert_eq!(
            pacer.account(10 * MS, 410 * MS),
            Due {
                late: 40,
                skipped: 0
            }
        );
        assert_eq!(
            pacer.account(10 * MS, 425 * MS),
            Due {
                late: 0,
                skipped: 41
            }
        );
        assert_eq!(pacer.last, Some(420 * MS), "the phase stays");
    }

    #[test]
    fn drift_changes_the_period() {
        let (end, _far) = crate::pair(SpanId(0), SpanId(1));
        let clocked = Clocked::with_drift(end, 50.0);
        assert_eq!(clocked.pacer.period, TICK - Duration::from_nanos(500));
    }
}
