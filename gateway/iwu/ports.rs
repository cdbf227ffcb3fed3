//! RTP ports: which span uses which, and which are free.

use std::collections::VecDeque;

use media_bridge::{Flow, RtpPort};

use crate::config::PortRange;

/// The UDP ports of one span's bridges: the even ports from `first` on (RFC 3550 §11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PortPlan {
    /// The UDP port of the first of them.
    pub first: u16,
    /// The first of them, counted in the whole range.
    pub index: u16,
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
        firsts
            .zip(0u16..)
            .map(|(first, nth)| Self {
                first,
                index: nth.saturating_mul(count),
                count,
            })
            .collect()
    }

    /// The ports, ascending.
    pub fn ports(self) -> impl Iterator<Item = RtpPort> {
        (self.index..self.index.saturating_add(self.count)).map(RtpPort)
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn holds(&self, port: RtpPort) -> bool {
        port.0
            .checked_sub(self.index)
            .is_some_and(|nth| nth < self.count)
    }

    /// The UDP port of one of them.
    #[must_use]
    pub fn udp(&self, port: RtpPort) -> u16 {
        let nth = port.0.saturating_sub(self.index);
        self.first.saturating_add(nth.saturating_mul(2))
    }

    /// The UDP port of a flow of one of them: RTCP has the one after RTP's.
    #[must_use]
    pub fn udp_of(&self, port: RtpPort, flow: Flow) -> u16 {
        self.udp(port).saturating_add(flow as u16)
    }

    /// Which of them, and which of its flows, has this UDP port.
    #[must_use]
    pub fn port(&self, udp: u16) -> Option<(RtpPort, Flow)> {
        let beyond = udp.checked_sub(self.first)?;
        let port = RtpPort(self.index.checked_add(beyond / 2)?);
        let flow = match beyond % 2 {
            0 => Flow::Rtp,
            _ => Flow::Rtcp,
        };
        self.holds(port).then_some((port, flow))
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
            free: plan.ports().collect(),
        }
    }

    /// How many are not free.
    pub(super) fn taken(&self) -> usize {
        usize::from(self.plan.count) - self.free.len()
    }

    /// How many are.
    pub(super) fn free(&self) -> usize {
        self.free.len()
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
                index: 0,
                count: 31
            }
        );
        assert_eq!(
            plans[1],
            PortPlan {
                first: 16448,
                index: 31,
                count: 31
            }
        );
        assert_eq!(plans[1].udp(RtpPort(31)), 16448);
        assert_eq!(plans[1].udp(RtpPort(61)), 16508);
        assert_eq!(plans[1].port(16508), Some((RtpPort(61), Flow::Rtp)));
        assert_eq!(plans[1].port(16509), Some((RtpPort(61), Flow::Rtcp)));
        assert_eq!(plans[1].port(16510), None);
        assert_eq!(plans[1].udp_of(RtpPort(61), Flow::Rtcp), 16509);
        assert_eq!(plans[1].port(16386), None);
    }

    #[test]
    fn a_port_rests_before_it_is_used_again() {
        let mut pool = PortPool::new(PortPlan {
            first: 1000,
            index: 0,
            count: 2,
        });
        let (a, b) = (pool.take().unwrap(), pool.take().unwrap());
        assert_eq!(pool.take(), None);
        pool.give_back(b);
        pool.give_back(a);
        assert_eq!(pool.take(), Some(b));
    }
}
