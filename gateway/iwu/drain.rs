//! Shutdown: no new calls, those that talk finish, the rest ends; then the gateway may exit.

use std::time::{Duration, Instant};

use isup::CircuitId;
use isup::node::GroupRequest;

use super::{Iwu, Output};
use crate::call::{Call, CallId, Event};

/// How long REL may wait for RLC before the gateway exits all the same: a restart resets the
/// circuits (Q.764 §2.9.3.3).
const GRACE: Duration = Duration::from_secs(3);

/// A shutdown under way.
#[derive(Debug)]
pub(super) struct Drain {
    /// Calls that talk end at this time.
    limit: Instant,
    /// The unit says that it is drained at this time, whatever is left.
    end: Instant,
    /// Said so.
    done: bool,
}

impl Drain {
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        (!self.done).then_some(self.limit.min(self.end))
    }
}

impl Iwu {
    /// Takes no new calls: INVITE gets 503, circuits are blocked for the far end. Calls that are
    /// not answered end at once, those that talk at the limit.
    pub(super) fn start_drain(&mut self, now: Instant, limit: Duration) {
        if self.drain.is_some() {
            return;
        }
        self.trace_note(
            now,
            format!("shutting down, calls may talk for {limit:?} more"),
        );
        self.drain = Some(Drain {
            limit: now + limit,
            end: now + limit + GRACE,
            done: false,
        });
        for (index, point) in self.points.points.iter_mut().enumerate() {
            let circuits: Vec<CircuitId> = self
                .points
                .circuits
                .iter()
                .filter(|(_, place)| place.point == index)
                .map(|(id, _)| *id)
                .collect();
            point
                .isup
                .request_group(now, &circuits, GroupRequest::Block);
        }
        self.sip.deregister(now);
        self.end_calls(now, |call| !call.talks());
    }

    /// Ends what is over time, and says when nothing is left.
    pub(super) fn continue_drain(&mut self, now: Instant) {
        let Some(drain) = &mut self.drain else { return };
        if drain.done {
            return;
        }
        if now >= drain.limit && drain.limit < drain.end {
            // From here on only the end counts.
            drain.end = now + GRACE;
            drain.limit = drain.end;
            self.end_calls(now, |_| true);
        }
        let over = self.legs.is_empty() && self.ended.is_empty() && !self.sip.is_leaving();
        if let Some(drain) = &mut self.drain
            && (over || now >= drain.end)
        {
            drain.done = true;
            self.flush_records();
            self.outputs.push_back(Output::Drained);
        }
    }

    fn end_calls(&mut self, now: Instant, which: impl Fn(&Call) -> bool) {
        let calls: Vec<CallId> = self
            .legs
            .iter()
            .filter(|(_, leg)| leg.call.as_ref().is_some_and(&which))
            .map(|(id, _)| *id)
            .collect();
        for call in calls {
            self.step(now, call, Event::Shutdown);
        }
    }
}
