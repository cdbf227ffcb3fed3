//! How many calls a SIP trunk may have, and how many may begin in a second.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Iwu;
use crate::config::SipTrunk;

/// When the calls of the last second began, of each SIP trunk.
#[derive(Debug)]
pub(super) struct Begun(Vec<VecDeque<Instant>>);

/// Which limit a further call would break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Calls(u32),
    PerSecond(u32),
}

impl Limit {
    /// How long to wait before the next try, in seconds: a second has passed by then, or a call
    /// may have ended.
    pub(super) fn retry_after(self) -> &'static str {
        match self {
            Self::Calls(_) => "10",
            Self::PerSecond(_) => "1",
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Calls(limit) => write!(f, "the trunk has its {limit} calls"),
            Self::PerSecond(limit) => write!(f, "the trunk has its {limit} calls of this second"),
        }
    }
}

impl Begun {
    pub(super) fn new(trunks: usize) -> Self {
        Self(vec![VecDeque::new(); trunks])
    }

    /// Takes a call into account, unless there are too many.
    fn take(&mut self, now: Instant, trunk: usize, limit: u32) -> bool {
        let Some(begun) = self.0.get_mut(trunk) else {
            return true;
        };
        let second = Duration::from_secs(1);
        let over = |at: &&Instant| now.saturating_duration_since(**at) >= second;
        let old = begun.iter().take_while(over).count();
        begun.drain(..old);
        let fits = begun.len() < limit as usize;
        if fits {
            begun.push_back(now);
        }
        fits
    }
}

impl Iwu {
    /// Takes one more call of a trunk into account; `Err` when it may not have one.
    pub(super) fn within_limits(
        &mut self,
        now: Instant,
        index: usize,
        trunk: &SipTrunk,
    ) -> Result<(), Limit> {
        if let Some(most) = trunk.most_calls {
            let of_trunk = |leg: &&super::leg::Leg| leg.session.is_some() && leg.trunk == index;
            let calls = self.legs.values().filter(of_trunk).count();
            if calls >= most as usize {
                return Err(Limit::Calls(most));
            }
        }
        match trunk.calls_per_second {
            Some(limit) if !self.begun.take(now, index, limit) => Err(Limit::PerSecond(limit)),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "one base for virtual time")]
    fn a_second_holds_no_more_than_the_limit_wherever_it_begins() {
        let start = Instant::now();
        let mut begun = Begun::new(1);
        let taken: Vec<u64> = (0..300)
            .map(|step| step * 10)
            .filter(|ms| begun.take(start + Duration::from_millis(*ms), 0, 5))
            .collect();
        assert_eq!(taken.len(), 15, "{taken:?}");
        for window in taken.windows(6) {
            assert!(window[5] - window[0] >= 1000, "{window:?}");
        }
    }
}
