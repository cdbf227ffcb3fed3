//! A signalling timeslot in virtual time, for tests: sends each signal unit once, repeats the last
//! FISU or LSSU when none is left, spoils bits by a seed, and filters repetitions at its far end.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::LineEvent;

pub(crate) const TICK: Duration = Duration::from_millis(2);
const OCTETS_PER_TICK: i64 = 16;
/// Octets between octet counting events, N (Q.703 §10.2.3).
const OCTET_COUNTING: i64 = 16;

/// The epoch of virtual time.
pub(crate) fn epoch() -> Instant {
    #[expect(
        clippy::disallowed_methods,
        reason = "an Instant can be had in no other way"
    )]
    Instant::now()
}

/// A reproducible source of chance (xorshift64*).
#[derive(Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        ((self.next() >> 11) as f64) < probability * (1_u64 << 53) as f64
    }
}

#[derive(Debug)]
pub(crate) enum Arrival {
    Unit(Bytes),
    Line(LineEvent),
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    None,
    /// Bits are inverted with this probability.
    BitErrors(f64),
    /// Cut; layer 1 notices.
    Cut,
    /// Only idle octets arrive, without an alarm.
    Silent,
}

/// One direction.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) fault: Fault,
    delay: Duration,
    chance: Chance,
    queue: VecDeque<Bytes>,
    repeated: Option<Bytes>,
    credit: i64,
    last_good: Option<Bytes>,
    counted: i64,
    arrivals: VecDeque<(Instant, Arrival)>,
    /// Longest queue seen, in octets.
    pub(crate) longest_queue: usize,
}

impl Line {
    pub(crate) fn new(seed: u64, delay: Duration) -> Self {
        Self {
            fault: Fault::None,
            delay,
            chance: Chance::new(seed),
            queue: VecDeque::new(),
            repeated: None,
            credit: 0,
            last_good: None,
            counted: 0,
            arrivals: VecDeque::new(),
            longest_queue: 0,
        }
    }

    pub(crate) fn send(&mut self, unit: Bytes) {
        self.queue.push_back(unit);
        let queued = self.queue.iter().map(|unit| unit.len() + 3).sum();
        self.longest_queue = self.longest_queue.max(queued);
    }

    /// One tick of sending.
    pub(crate) fn tick(&mut self, now: Instant) {
        self.credit += OCTETS_PER_TICK;
        let mut good = 0;
        let mut errored = 0;
        let due = now + self.delay;
        while self.credit > 0 {
            let unit = match self.queue.pop_front() {
                Some(unit) => {
                    if unit.get(2).is_some_and(|li| li & 0x3F <= 2) {
                        self.repeated = Some(unit.clone());
                    }
                    unit
                }
                None => match &self.repeated {
                    Some(unit) => unit.clone(),
                    // Flags.
                    None => {
                        self.credit = 0;
                        break;
                    }
                },
            };
            self.credit -= unit.len() as i64 + 3;
            let bits = (unit.len() as i32 + 2) * 8;
            match self.fault {
                Fault::Cut | Fault::Silent => continue,
                Fault::BitErrors(rate) if self.chance.happens(1.0 - (1.0 - rate).powi(bits)) => {
                    errored += 1;
                    continue;
                }
                Fault::None | Fault::BitErrors(_) => {}
            }
            let fill = unit.get(2).is_some_and(|li| li & 0x3F <= 2);
            if fill && self.last_good.as_ref() == Some(&unit) {
                good += 1;
            } else {
                self.last_good = Some(unit.clone());
                self.arrivals.push_back((due, Arrival::Unit(unit)));
            }
        }
        if self.fault == Fault::Silent {
            self.counted += OCTETS_PER_TICK;
            let events = self.counted / OCTET_COUNTING;
            self.counted %= OCTET_COUNTING;
            let event = LineEvent::OctetCounting(events as u32);
            self.arrivals.push_back((due, Arrival::Line(event)));
        }
        for event in [LineEvent::Good(good), LineEvent::Errored(errored)] {
            if !matches!(event, LineEvent::Good(0) | LineEvent::Errored(0)) {
                self.arrivals.push_back((due, Arrival::Line(event)));
            }
        }
    }

    pub(crate) fn arrival(&mut self, now: Instant) -> Option<Arrival> {
        let (due, _) = self.arrivals.front()?;
        if *due > now {
            return None;
        }
        self.arrivals.pop_front().map(|(_, arrival)| arrival)
    }

    pub(crate) fn set_fault(&mut self, now: Instant, fault: Fault) {
        let event = match (self.fault, fault) {
            (Fault::Cut, Fault::Cut) => None,
            (_, Fault::Cut) => Some(LineEvent::OutOfService),
            (Fault::Cut, _) => Some(LineEvent::InService),
            _ => None,
        };
        self.fault = fault;
        if let Some(event) = event {
            self.last_good = None;
            self.arrivals
                .push_back((now + self.delay, Arrival::Line(event)));
        }
    }
}
