//! Fewer new calls to an exchange that cannot take them: signalling congestion on the way there
//! (Q.764 §2.10.2) and overload of the exchange itself (automatic congestion control, §2.11).

use core::fmt;
use std::time::Instant;

use mtp::PointCode;

use super::{Alert, Node, Owner};
use crate::{AutomaticCongestionLevel, Message, circuit::Timer};

/// How much of the traffic to a far end is held back. `Display` says it in words.
///
/// The Recommendation leaves the number of steps and their size to the exchange: here each step
/// refuses one more new call out of [`Congestion::OF`], and the last still lets one pass. Calls that
/// exist are never touched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Congestion {
    /// New calls refused out of [`Congestion::OF`]: 0 to [`Congestion::STEPS`].
    pub step: u8,
    /// New calls that were refused since the start of the node.
    pub refused: u64,
    /// What is left of a refusal: refusals are spread evenly.
    pub(super) credit: u8,
}

impl Congestion {
    /// Steps of the reduction.
    pub const STEPS: u8 = 4;
    /// The step counts refused calls out of this many.
    pub const OF: u8 = 5;

    /// Whether the next new call is one of those refused.
    const fn refuses(&mut self) -> bool {
        self.credit += self.step;
        if self.credit < Self::OF {
            return false;
        }
        self.credit -= Self::OF;
        self.refused = self.refused.saturating_add(1);
        true
    }
}

impl fmt::Display for Congestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} new calls are refused", self.step, Self::OF)
    }
}

/// The step that an exchange over its first, or its second, limit asks for (Q.763 §3.4).
const fn step_of(level: AutomaticCongestionLevel) -> u8 {
    match level {
        AutomaticCongestionLevel::Level1 => 1,
        AutomaticCongestionLevel::Level2 => 3,
        AutomaticCongestionLevel::Other(_) => 0,
    }
}

impl Node {
    /// MTP-STATUS, cause congestion: one step less, but once in each T29 at the most.
    pub(super) fn congested(&mut self, now: Instant, dpc: PointCode, level: u8) {
        // Level 0 is the end of congestion: T30 brings the traffic back without a rush.
        if level == 0 || self.timers.runs(Owner::FarEnd(dpc), Timer::T29) {
            return;
        }
        let Some(far_end) = self.far_ends.get(&dpc) else {
            return;
        };
        let step = far_end.congestion.step + 1;
        self.start_timer(now, Owner::FarEnd(dpc), Timer::T29);
        self.reduce_traffic(now, dpc, step);
    }

    /// REL with an automatic congestion level: the far end itself is overloaded.
    pub(super) fn overloaded(&mut self, now: Instant, dpc: PointCode, rel: &Message) {
        let step = rel.find().map_or(0, step_of);
        let current = self.far_ends.get(&dpc).map(|far_end| far_end.congestion);
        if let (1.., Some(congestion)) = (step, current) {
            self.reduce_traffic(now, dpc, step.max(congestion.step));
        }
    }

    fn reduce_traffic(&mut self, now: Instant, dpc: PointCode, step: u8) {
        self.start_timer(now, Owner::FarEnd(dpc), Timer::T30);
        self.set_step(dpc, step.min(Congestion::STEPS));
    }

    /// T30: one step more traffic, until all of it is back.
    pub(super) fn increase_traffic(&mut self, now: Instant, dpc: PointCode) {
        let Some(far_end) = self.far_ends.get(&dpc) else {
            return;
        };
        let step = far_end.congestion.step.saturating_sub(1);
        if step > 0 {
            self.start_timer(now, Owner::FarEnd(dpc), Timer::T30);
        }
        self.set_step(dpc, step);
    }

    fn set_step(&mut self, dpc: PointCode, step: u8) {
        let Some(far_end) = self.far_ends.get_mut(&dpc) else {
            return;
        };
        if core::mem::replace(&mut far_end.congestion.step, step) == step {
            return;
        }
        if step == 0 {
            far_end.congestion.credit = 0;
        }
        let congestion = far_end.congestion;
        self.alert(Alert::Congestion(dpc, congestion));
    }

    /// A new call to this far end is one too many.
    pub(super) fn refuses_call(&mut self, dpc: PointCode) -> bool {
        self.far_ends
            .get_mut(&dpc)
            .is_some_and(|far_end| far_end.congestion.refuses())
    }
}
