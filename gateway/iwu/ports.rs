//! RTP ports: which span uses which, and which are free.

use std::collections::VecDeque;

use media_bridge::RtpPort;

use crate::config::PortRange;

/// The UDP ports of one span's bridges: the even ports from `first` on (RFC 3550 §11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortPlan {
    /// The UDP port of `RtpPort(0)`.
    pub first: u16,
    /// How many.
    pub count: u16,
}

impl PortPlan {
    /// Divides a range evenly among spans, in their order.
    #[must_use]
    pub fn divide(range: PortRange, spans: usize) -> Vec<Self> {
        let share = range.pairs() / spans.max(1);
        let firsts = range.rtp_ports().step_by(share.max(1)).take(spans);
        let count = u16::try_from(share).unwrap_or(u16::MAX);
        firsts.map(|first| Self { first, count }).collect()
    }

    /// The UDP ports, for binding.
    #[must_use]
    pub fn range(&self) -> std::ops::RangeInclusive<u16> {
        self.first..=self.udp(RtpPort(self.count.saturating_sub(1)))
    }

    /// The UDP port of a pool index.
    #[must_use]
    pub fn udp(&self, port: RtpPort) -> u16 {
        self.first.saturating_add(port.0.saturating_mul(2))
    }
}

/// The free ports of one span, the one free for longest first: a late packet of the last call
/// then seldom meets a new one.
#[derive(Debug)]
pub(super) struct PortPool {
    pub(super) plan: PortPlan,
    free: VecDeque<RtpPort>,
}

impl PortPool {
    pub(super) fn new(plan: PortPlan) -> Self {
        Self {
            plan,
            free: (0..plan.count).map(RtpPort).collect(),
        }
    }

    /// How many are not free.
    pub(super) fn taken(&self) -> usize {
        usize::from(self.plan.count) - self.free.len()
    }

    pub(super) fn take(&mut self) -> Option<RtpPort> {
        self.free.pop_front()
    }

    pub(super) fn give_back(&mut self, port: RtpPort) {
        self.free.push_back(port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spans_share_a_range() {
        let plans = PortPlan::divide(
            PortRange {
                first: 16385,
                last: 16511,
            },
            2,
        );
        assert_eq!(
            plans[0],
            PortPlan {
                first: 16386,
                count: 31
            }
        );
        assert_eq!(
            plans[1],
            PortPlan {
                first: 16448,
                count: 31
            }
        );
        assert_eq!(plans[1].udp(RtpPort(30)), 16508);
    }

    #[test]
    fn a_port_rests_before_it_is_used_again() {
        let mut pool = PortPool::new(PortPlan {
            first: 1000,
            count: 2,
        });
        let (a, b) = (pool.take().unwrap(), pool.take().unwrap());
        assert_eq!(pool.take(), None);
        pool.give_back(b);
        pool.give_back(a);
        assert_eq!(pool.take(), Some(b));
    }
}
