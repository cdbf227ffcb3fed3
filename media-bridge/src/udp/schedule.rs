//! When to look for a packet: how a pool follows the pace of a sender.

use crate::io::Pace;

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
    /// Something was skipped, which may still come: the next tick looks, too.
    again: bool,
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
    pub(super) fn due(&mut self, now: u32) -> bool {
        std::mem::take(&mut self.again) || now.wrapping_sub(self.expected) as i32 >= 0
    }

    /// A packet was found at tick `now`; says whether that was the very tick in which it should have
    /// come.
    pub(super) fn found(&mut self, now: u32, pace: Pace) -> bool {
        let Pace { skipped, next } = pace;
        let mut behind = now.wrapping_sub(self.expected) as i32;
        self.again = skipped > 0;
        if self.again {
            // What was expected does not come any more. This one came in time at the latest.
            let step = i32::from(skipped).min(behind.max(0));
            self.expected = self.expected.wrapping_add(step as u32);
            behind -= step;
        }
        if behind.abs() > OFF {
            *self = Self {
                expected: now,
                again: self.again,
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
        behind == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a schedule had the socket asked, and the total wait of packets in ticks, for
    /// packets that come at these ticks, two ticks apart by their sender.
    fn play(arrivals: &[u32]) -> (u32, u32) {
        let arrivals: Vec<_> = arrivals.iter().map(|&at| (at, 0)).collect();
        play_skipping(&arrivals)
    }

    /// The same for packets each of which stands so many ticks after the one that was expected.
    fn play_skipping(arrivals: &[(u32, u8)]) -> (u32, u32) {
        let mut schedule = Schedule::new(0);
        let (mut looks, mut waited, mut next) = (0, 0, 0);
        for now in 0..=arrivals.last().unwrap().0 + 10 {
            if !schedule.due(now) {
                continue;
            }
            looks += 1;
            while let Some(&(at, skipped)) = arrivals.get(next).filter(|(at, _)| *at <= now) {
                waited += now - at;
                next += 1;
                let as_expected = schedule.found(now, Pace { skipped, next: 2 });
                if as_expected {
                    break;
                }
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
        assert!(looks < 1_150, "{looks} looks for 1,000 packets");
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
        assert!(looks < 5_000, "{looks}");
    }

    /// Whenever the first packet comes, the second is looked for when it is due.
    #[test]
    fn the_first_packet_begins_the_schedule() {
        for first in 0..9 {
            let arrivals: Vec<u32> = (0..20).map(|n| first + 2 * n).collect();
            let (looks, waited) = play(&arrivals);
            // One to find each, one more after the first, and those while nothing is there, before
            // and after.
            assert_eq!((looks, waited), (first + 20 + 1 + 9, 0));
        }
    }

    /// A lost packet costs its own looks, and none of those after it.
    #[test]
    fn a_lost_packet_does_not_move_the_schedule() {
        let arrivals: Vec<_> = (0..1_000u32)
            .filter(|n| n % 20 != 19)
            .map(|n| (2 * n, if n > 0 && n % 20 == 0 { 2 } else { 0 }))
            .collect();
        let (looks, waited) = play_skipping(&arrivals);
        assert_eq!(waited, 0);
        // Two in its own two ticks, one after the packet after it; and those of earlier looks.
        let most = arrivals.len() + 3 * 50 + 2 * 32;
        assert!(looks as usize <= most, "{looks} looks, {most} expected");
    }

    /// A packet that overtook others is no reason to let those wait.
    #[test]
    fn what_was_overtaken_is_found() {
        let mut arrivals: Vec<_> = (0..200u32).map(|n| (2 * n, 0)).collect();
        for overtaken in [50, 51, 90] {
            arrivals[overtaken].0 += 1;
        }
        // The ones after them stand two, and four, ticks after what was expected.
        for (overtaking, skipped) in [(52, 4), (91, 2)] {
            arrivals[overtaking] = (arrivals[overtaking].0 - 2 - 1, skipped);
        }
        arrivals.sort_by_key(|arrival| arrival.0);
        let (_, waited) = play_skipping(&arrivals);
        assert!(waited <= 6, "{waited}");
    }

    /// After a pause that its timestamps tell, a sender is found in its new tick as before.
    #[test]
    fn a_pause_moves_the_schedule() {
        let mut arrivals: Vec<_> = (0..100u32).map(|n| (2 * n, 0)).collect();
        arrivals.extend((0..100).map(|n| (231 + 2 * n, if n == 0 { 31 } else { 0 })));
        let (looks, waited) = play_skipping(&arrivals);
        assert_eq!((waited, looks < 200 + 31 + 30), (0, true), "{looks}");
    }

    #[test]
    fn silence_begins_the_schedule_anew() {
        let mut arrivals: Vec<u32> = (0..10).map(|n| 2 * n).collect();
        arrivals.extend((0..10).map(|n| 201 + 2 * n));
        assert_eq!(play(&arrivals).1, 0);
    }
}
