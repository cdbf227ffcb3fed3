//! The ring of octets and the clock that plays it.

use std::time::Duration;

use tdm::Law;

use super::sequence::Order;
use crate::SAMPLES_PER_MS;
use crate::command::JitterConfig;
use crate::conceal::{Concealer, HISTORY};
use crate::rtp::timestamp_distance;

/// Octets of the ring: 512 ms. What is kept for concealment and the longest packet are part of
/// it, so that some 400 ms of delay are possible.
pub const CAPACITY: usize = 4_096;
const MASK: i64 = CAPACITY as i64 - 1;
/// Octets that may lie ahead of the line.
const AHEAD: i64 = (CAPACITY - HISTORY) as i64;
/// A packet further behind the line than this is not late but from another time scale.
const FAR_BEHIND: i64 = 8_000;
/// A tick in which whatever arrived was late counts so much, one in which something came in time
/// takes one away; at the limit the buffer follows the sender. Three late ticks in a row do it,
/// or more than a third of all over some time: a late packet now and then is jitter.
const LATE_TICK: u32 = 2;
const LATE_LIMIT: u32 = 6;
/// The least early packet of so many samples decides whether the delay may shrink: 2 s.
const OBSERVED: u32 = 16_000;
/// Louder samples than this are not silence for the purpose of shrinking: about -45 dBm0.
const SILENCE: u16 = 128;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It waits for its turn, whole or in part.
    Kept,
    /// Its turn was over.
    Late,
}

/// What the buffer counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Packets whose turn was over.
    pub late: u64,
    /// Times the buffer ran empty and the sender had not gone silent.
    pub underruns: u64,
    /// Times the line had to jump to follow the sender: octets were dropped or repeated.
    pub overruns: u64,
    /// Octets made up, or idle in place of missing ones.
    pub concealed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Fixed,
    Adaptive { min: i64, max: i64 },
}

/// The buffer of one RTP stream.
///
/// Positions are samples on the sender's time scale, unwrapped; the first packet lies at 0.
#[derive(Debug, Clone)]
pub struct Buffer {
    ring: [u8; CAPACITY],
    /// Which octets of the ring are there and not yet played.
    there: [u64; CAPACITY / 64],
    mode: Mode,
    initial: i64,
    idle: u8,
    law: Law,
    concealer: Option<Concealer>,
    /// Timestamp and position of the newest packet; `None` until the first.
    newest: Option<(u32, i64)>,
    /// What the line takes next.
    play: i64,
    /// One past the newest octet.
    end: i64,
    /// One past the last octet that the line took and that was there: what lies before it has
    /// been heard, even if the line has stepped back since.
    heard: i64,
    starving: bool,
    arrived_late: bool,
    arrived_kept: bool,
    lateness: u32,
    /// Least and greatest lead of packets over the line, in the time observed.
    least_lead: i64,
    greatest_lead: i64,
    observed: u32,
    surplus: i64,
    counters: Counters,
}

fn samples(duration: Duration) -> i64 {
    let limit = AHEAD - 960;
    i64::try_from(duration.as_millis()).map_or(limit, |ms| {
        ms.saturating_mul(i64::from(SAMPLES_PER_MS)).min(limit)
    })
}

impl Buffer {
    /// A buffer for octets of `law`. With `conceal`, gaps are filled by made-up audio; without,
    /// by the law's idle octet.
    #[must_use]
    pub fn new(config: JitterConfig, law: Law, conceal: bool) -> Self {
        let (mode, initial) = match config {
            JitterConfig::Fixed { depth } => (Mode::Fixed, samples(depth)),
            JitterConfig::Adaptive { initial, min, max } => {
                let min = samples(min);
                let max = samples(max).max(min);
                (
                    Mode::Adaptive { min, max },
                    samples(initial).clamp(min, max),
                )
            }
        };
        let idle = law.idle();
        Self {
            ring: [idle; CAPACITY],
            there: [0; CAPACITY / 64],
            mode,
            initial,
            idle,
            law,
            concealer: conceal.then(|| Concealer::new(law)),
            newest: None,
            play: 0,
            end: 0,
            heard: i64::MIN,
            starving: false,
            arrived_late: false,
            arrived_kept: false,
            lateness: 0,
            least_lead: i64::MAX,
            greatest_lead: i64::MIN,
            observed: 0,
            surplus: 0,
            counters: Counters::default(),
        }
    }

    /// What was counted so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Octets between the line and the newest octet: the delay now.
    #[must_use]
    pub fn delay(&self) -> u32 {
        if self.newest.is_none() {
            0
        } else {
            (self.end - self.play).max(0) as u32
        }
    }

    /// The sender is another one: the next packet starts anew.
    pub fn restart(&mut self) {
        self.newest = None;
        self.there = [0; CAPACITY / 64];
        self.starving = false;
        self.lateness = 0;
        self.forget_leads();
    }

    /// Takes a packet's payload. `order` is where its sequence number stands; duplicates and
    /// doubtful packets are not for the buffer.
    pub fn push(&mut self, order: Order, timestamp: u32, payload: &[u8]) -> Arrival {
        let length = payload.len().min(AHEAD as usize / 2);
        let payload = payload.get(..length).unwrap_or(payload);
        let length = length as i64;
        let Some((newest, at)) = self.newest else {
            self.synchronise(timestamp, payload);
            return Arrival::Kept;
        };
        let position = at + i64::from(timestamp_distance(newest, timestamp));
        let is_next = matches!(order, Order::Next { .. } | Order::First);
        let ahead = position + length - self.play;
        if ahead > AHEAD || (is_next && ahead < -FAR_BEHIND) {
            if !is_next {
                self.counters.late += 1;
                return Arrival::Late;
            }
            // Another time scale, or more than the ring can hold: begin again here.
            self.counters.overruns += 1;
            self.restart();
            self.synchronise(timestamp, payload);
            return Arrival::Kept;
        }
        if is_next {
            self.newest = Some((timestamp, position));
            if matches!(order, Order::Next { skipped: 0 }) && position > self.end {
                self.fill_silence(position);
            }
            self.lead(position);
        }
        let skip = (self.play.max(self.heard) - position).clamp(0, length);
        if skip == length && length > 0 {
            self.counters.late += 1;
            self.end = self.end.max(position + length);
            self.arrived_late |= is_next;
            return Arrival::Late;
        }
        // A packet late in part will soon be late as a whole, when clocks drift.
        let in_time = skip == 0;
        self.arrived_kept |= in_time;
        self.arrived_late |= is_next && !in_time;
        self.write(
            position + skip,
            payload.get(skip as usize..).unwrap_or_default(),
        );
        self.end = self.end.max(position + length);
        Arrival::Kept
    }

    /// Fills `out` with the next octets for the line.
    pub fn pull(&mut self, out: &mut [u8]) {
        if self.newest.is_none() {
            self.missing(out, false);
            return;
        }
        self.follow_late_sender();
        self.adapt(out.len());
        let mut rest = out;
        while !rest.is_empty() {
            let (run, there) = self.run(rest.len());
            let (now, later) = rest.split_at_mut(run);
            rest = later;
            if there {
                self.starving = false;
                self.heard = self.play + run as i64;
                self.read(now);
                if let Some(concealer) = &mut self.concealer
                    && concealer.active()
                {
                    concealer.resume(now);
                }
            } else {
                if self.play >= self.end && !self.starving {
                    self.starving = true;
                    self.counters.underruns += 1;
                }
                self.counters.concealed += run as u64;
                self.missing(now, true);
            }
            self.play += run as i64;
        }
    }

    /// The first packet: it is played after the initial delay, until when the line is idle.
    fn synchronise(&mut self, timestamp: u32, payload: &[u8]) {
        self.newest = Some((timestamp, 0));
        self.play = -self.initial;
        self.heard = self.play;
        self.end = self.play;
        self.fill_silence(0);
        self.write(0, payload);
        self.end = payload.len() as i64;
        self.arrived_kept = true;
        self.starving = false;
        self.lead(0);
    }

    /// Idle octets from the end of what is there to `position`.
    fn fill_silence(&mut self, position: i64) {
        let from = self.end.max(self.play);
        if self.starving && position > self.play {
            // The sender had stopped; the line did not starve. (Late packets still did.)
            self.counters.underruns = self.counters.underruns.saturating_sub(1);
            self.starving = false;
        }
        let mut at = from;
        while at < position {
            let take = (position - at).min(80) as usize;
            let silence = [self.idle; 80];
            self.write(at, silence.get(..take).unwrap_or_default());
            at += take as i64;
        }
        self.end = self.end.max(position);
    }

    fn missing(&mut self, out: &mut [u8], remember: bool) {
        let Self {
            ring,
            play,
            concealer,
            idle,
            ..
        } = self;
        match concealer {
            Some(concealer) if remember => {
                concealer.conceal(out, |history| {
                    copy_out(ring, *play - HISTORY as i64, history);
                });
            }
            _ => out.fill(*idle),
        }
        if remember {
            let play = self.play;
            copy_in(&mut self.ring, play, out);
        }
    }

    fn lead(&mut self, position: i64) {
        let lead = position - self.play;
        self.greatest_lead = self.greatest_lead.max(lead);
        if let Mode::Adaptive { min, max } = self.mode
            && lead < 0
        {
            // Late: the line steps back, so that this packet and its like come in time.
            let delay = self.greatest_lead.max(0);
            let room = AHEAD - (self.end - self.play);
            let step = (min - lead).min(max - delay).min(room);
            if step > 0 {
                self.play -= step;
                self.greatest_lead += step;
                self.least_lead = self.least_lead.saturating_add(step).min(lead + step);
                self.surplus = 0;
                return;
            }
        }
        self.least_lead = self.least_lead.min(lead);
    }

    /// Too much comes late: the sender's time scale has moved, or moves slower than the line's.
    fn follow_late_sender(&mut self) {
        if self.arrived_kept {
            self.lateness = self.lateness.saturating_sub(1);
        } else if self.arrived_late {
            self.lateness += LATE_TICK;
        }
        (self.arrived_kept, self.arrived_late) = (false, false);
        if self.lateness >= LATE_LIMIT
            && let Some((_, newest)) = self.newest
        {
            self.counters.overruns += 1;
            self.lateness = 0;
            self.play = newest - self.initial;
            self.end = self.end.min(self.play + AHEAD);
            self.there = [0; CAPACITY / 64];
            self.forget_leads();
        }
    }

    /// Voice: sheds delay that was not needed, a tick at a time, where there is silence.
    fn adapt(&mut self, taken: usize) {
        let Mode::Adaptive { min, max } = self.mode else {
            return;
        };
        let taken = taken as i64;
        self.observed += taken as u32;
        if self.observed >= OBSERVED {
            self.surplus = if self.least_lead == i64::MAX {
                0
            } else {
                self.least_lead - min
            };
            self.forget_leads();
        }
        let too_long = self.end - self.play > max + 2 * taken + 480;
        if too_long || (self.surplus >= taken && self.silent(taken)) {
            for at in self.play..self.play + taken {
                self.take_bit(at);
            }
            self.play += taken;
            self.surplus -= taken;
            self.least_lead = self.least_lead.saturating_sub(taken);
            self.greatest_lead = self.greatest_lead.saturating_sub(taken);
            self.counters.overruns += u64::from(too_long);
        }
    }

    fn forget_leads(&mut self) {
        (self.least_lead, self.greatest_lead) = (i64::MAX, i64::MIN);
        self.observed = 0;
    }

    /// Whether the next octets are all there and quiet.
    fn silent(&self, count: i64) -> bool {
        (self.play..self.play + count).all(|at| {
            let octet = self
                .ring
                .get((at & MASK) as usize)
                .copied()
                .unwrap_or(self.idle);
            self.is_there(at) && self.law.decode(octet).unsigned_abs() < SILENCE
        })
    }

    /// How many of the next octets, up to `most`, are alike in being there or not.
    fn run(&self, most: usize) -> (usize, bool) {
        let there = self.is_there(self.play);
        let mut run = 0;
        while run < most {
            let at = self.play + run as i64;
            let word = self.word(at);
            let bit = (at & 63) as u32;
            let same = if there { !(word >> bit) } else { word >> bit };
            let alike = same.trailing_zeros().min(64 - bit) as usize;
            run += alike;
            if alike < (64 - bit) as usize {
                break;
            }
        }
        (run.clamp(1, most), there)
    }

    fn word(&self, at: i64) -> u64 {
        self.there
            .get((at & MASK) as usize / 64)
            .copied()
            .unwrap_or(0)
    }

    fn is_there(&self, at: i64) -> bool {
        self.word(at) >> (at & 63) & 1 == 1
    }

    fn take_bit(&mut self, at: i64) {
        if let Some(word) = self.there.get_mut((at & MASK) as usize / 64) {
            *word &= !(1 << (at & 63));
        }
    }

    /// Sets or clears the marks of a range, a word at a time.
    fn mark(&mut self, from: i64, count: usize, there: bool) {
        let mut at = from;
        let end = from + count as i64;
        while at < end {
            let bit = (at & 63) as u32;
            let take = (64 - bit).min((end - at) as u32);
            let mask = (u64::MAX >> (64 - take)) << bit;
            if let Some(word) = self.there.get_mut((at & MASK) as usize / 64) {
                *word = if there { *word | mask } else { *word & !mask };
            }
            at += i64::from(take);
        }
    }

    fn write(&mut self, position: i64, octets: &[u8]) {
        copy_in(&mut self.ring, position, octets);
        self.mark(position, octets.len(), true);
    }

    fn read(&mut self, out: &mut [u8]) {
        copy_out(&self.ring, self.play, out);
        self.mark(self.play, out.len(), false);
    }
}

fn copy_in(ring: &mut [u8; CAPACITY], position: i64, octets: &[u8]) {
    let start = (position & MASK) as usize;
    let (first, second) = octets.split_at(octets.len().min(CAPACITY - start));
    if let Some(place) = ring.get_mut(start..start + first.len()) {
        place.copy_from_slice(first);
    }
    if let Some(place) = ring.get_mut(..second.len()) {
        place.copy_from_slice(second);
    }
}

fn copy_out(ring: &[u8; CAPACITY], position: i64, out: &mut [u8]) {
    let start = (position & MASK) as usize;
    let (first, second) = out.split_at_mut(out.len().min(CAPACITY - start));
    if let Some(place) = ring.get(start..start + first.len()) {
        first.copy_from_slice(place);
    }
    if let Some(place) = ring.get(..second.len()) {
        second.copy_from_slice(place);
    }
}
