//! When to look for a packet: how a pool follows the pace of a sender.

/// After so many packets that came as expected, the next is looked for one tick early: a sender
/// whose clock is faster than ours moves to an earlier tick.
const LOOK_EARLY: u8 = 32;
/// After so many packets in a row that came late, the next is looked for one tick later.
const LOOK_LATER: u8 = 16;
/// A schedule that is so many ticks off is begun anew: the sender was silent.
const OFF: i32 = 50;

/// When the next packet of a port is expected. A late packet does not move the schedule, so that
/// the one after it is found in time; only a sender that is late, or early, again and again does.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Schedule {
    /// The tick, on a circle.
    expected: u32,
    /// Packets in a row that came as expected; those in a row that came late.
    good: u8,
    late: u8,
    /// The next look is one tick before its time.
    early: bool,
}

impl Schedule {
    /// Looks at every tick from `now` on; the first packet found begins it.
    pub(super) fn new(now: u32) -> Self {
        Self {
            expected: now.wrapping_sub(OFF as u32 + 1),
            ..Self::default()
        }
    }

    /// Whether to look at tick `now`.
    pub(super) fn due(self, now: u32) -> bool {
        now.wrapping_sub(self.expected) as i32 >= 0
    }

    /// Whether tick `now` is the very one.
    pub(super) fn expects(self, now: u32) -> bool {
        self.expected == now
    }

    /// A packet was found at tick `now`, and the next one comes `next` ticks after this one should
    /// have.
    pub(super) fn found(&mut self, now: u32, next: u8) {
        let behind = now.wrapping_sub(self.expected) as i32;
        if behind.abs() > OFF {
            *self = Self {
                expected: now,
                ..Self::default()
            };
        } else if behind > 0 {
            (self.good, self.late) = (0, self.late + 1);
            if self.early || self.late >= LOOK_LATER {
                self.expected = self.expected.wrapping_add(1);
                self.late = 0;
            }
        } else {
            (self.good, self.late) = (self.good + 1, 0);
        }
        self.early = self.good >= LOOK_EARLY && next > 1;
        if self.early {
            self.good = 0;
        }
        let step = u32::from(next) - u32::from(self.early);
        self.expected = self.expected.wrapping_add(step);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a schedule looked, and the total wait of packets in ticks, for packets that come
    /// at these ticks, two ticks apart by their sender.
    fn play(arrivals: &[u32]) -> (u32, u32) {
        let mut schedule = Schedule::new(0);
        let (mut looks, mut waited, mut next) = (0, 0, 0);
        for now in 0..=arrivals.last().unwrap() + 10 {
            if !schedule.due(now) {
                continue;
            }
            looks += 1;
            while arrivals.get(next).is_some_and(|at| *at <= now) {
                waited += now - arrivals[next];
                next += 1;
                schedule.found(now, 2);
                looks += 1;
            }
        }
        assert_eq!(next, arrivals.len(), "every packet is found");
        (looks, waited)
    }

    #[test]
    fn a_packet_is_looked_for_when_it_is_due() {
        let steady: Vec<u32> = (0..1_000).map(|n| 2 * n).collect();
        let (looks, waited) = play(&steady);
        assert_eq!(waited, 0);
        assert!(looks < 2_150, "{looks} looks for 1,000 packets");
    }

    /// A late packet delays nothing but itself.
    #[test]
    fn late_packets_do_not_move_the_schedule() {
        let mut at = 0;
        let jittery: Vec<u32> = (0..1_000u32)
            .map(|n| {
                at = (2 * n + n * n % 7 % 4).max(at);
                at
            })
            .collect();
        let (_, waited) = play(&jittery);
        assert!(waited < 60, "{waited} ticks of waiting by 1,000 packets");
    }

    /// Clocks that drift by a tick in 50 packets either way are followed.
    #[test]
    fn a_drifting_sender_is_followed() {
        let fast: Vec<u32> = (0..2_000).map(|n| 2 * n - n / 50).collect();
        let (_, waited) = play(&fast);
        assert!(waited < 1_400, "{waited} ticks of waiting by 2,000 packets");
        let slow: Vec<u32> = (0..2_000).map(|n| 2 * n + n / 50).collect();
        let (looks, waited) = play(&slow);
        assert!(waited < 100, "{waited}");
        assert!(looks < 6_000, "{looks}");
    }

    /// Whenever the first packet comes, the second is looked for when it is due.
    #[test]
    fn the_first_packet_begins_the_schedule() {
        for first in 0..9 {
            let arrivals: Vec<u32> = (0..20).map(|n| first + 2 * n).collect();
            let (looks, waited) = play(&arrivals);
            // One to find each, and one for each while nothing is there, before and after.
            assert_eq!((looks, waited), (first + 2 * 20 + 9, 0));
        }
    }

    #[test]
    fn silence_begins_the_schedule_anew() {
        let mut arrivals: Vec<u32> = (0..10).map(|n| 2 * n).collect();
        arrivals.extend((0..10).map(|n| 201 + 2 * n));
        assert_eq!(play(&arrivals).1, 0);
    }
}
