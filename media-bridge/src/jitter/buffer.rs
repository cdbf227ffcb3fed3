//! The ring of octets and the clock that plays it.

use std::mem::offset_of;
use std::time::Duration;

use tdm::{Law, TICK_OCTETS};

use super::ring::{Ring, samples};
use super::sequence::Order;
use super::target::{Step, Target};
use crate::comfort;
use crate::command::JitterConfig;
use crate::conceal::{Concealer, HISTORY};
use crate::rtp::timestamp_distance;

/// A packet further behind the line than this is not late but from another time scale.
const FAR_BEHIND: i64 = 8_000;
/// A tick in which whatever arrived was late counts so much, one in which something came in time
/// takes one away; at the limit the buffer follows the sender. Three late ticks in a row do it,
/// or more than a third of all over some time: a late packet now and then is jitter.
const LATE_TICK: u32 = 2;
const LATE_LIMIT: u32 = 6;
/// Louder samples than this are not silence for the purpose of moving: about -45 dBm0.
const SILENCE: u16 = 128;
/// Most octets of a pull that may be lengthened or shortened by one.
const LONGEST: usize = 2 * TICK_OCTETS;

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
    /// Samples left out so that the delay shrinks, or since the sender's clock is fast; without
    /// those of overruns.
    pub deleted: u64,
    /// Samples played twice so that the delay grows, or since the sender's clock is slow.
    pub inserted: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Fixed,
    Adaptive { min: i64, max: i64 },
}

impl Mode {
    /// With delays up to `longest`; and the delay of the first packet.
    fn of(config: JitterConfig, longest: i64) -> (Self, i64) {
        let samples = |delay| (samples(delay) as i64).min(longest);
        match config {
            JitterConfig::Fixed { depth } => (Self::Fixed, samples(depth)),
            JitterConfig::Adaptive { initial, min, max } => {
                let min = samples(min);
                let max = samples(max).max(min);
                (
                    Self::Adaptive { min, max },
                    samples(initial).clamp(min, max),
                )
            }
        }
    }
}

/// The buffer of one RTP stream.
///
/// Positions are samples on the sender's time scale, unwrapped; the first packet lies at 0.
///
/// What each packet or pull touches comes first, so that few cache lines hold it.
#[derive(Debug, Clone)]
#[repr(C)]
pub struct Buffer {
    ring: Ring,
    mode: Mode,
    /// Timestamp and position of the newest packet; `None` until the first.
    newest: Option<(u32, i64)>,
    /// What the line takes next.
    play: i64,
    /// One past the newest octet.
    end: i64,
    /// One past the last octet that the line took and that was there: what lies before it has
    /// been heard, even if the line has stepped back since.
    heard: i64,
    /// From there on the sender is silent, as far as it said; `i64::MAX` when it did not.
    silent_from: i64,
    lateness: u32,
    starving: bool,
    arrived_late: bool,
    arrived_kept: bool,
    /// The next packet finds its place as the first did: the mode has changed.
    replace: bool,
    idle: u8,
    law: Law,
    target: Target,
    concealer: Option<Concealer>,
    initial: i64,
    comfort: comfort::Generator,
    counters: Counters,
}

impl Buffer {
    /// A buffer for octets of `law`. With `conceal`, gaps are filled by made-up audio; without,
    /// by the law's idle octet.
    #[must_use]
    pub fn new(config: JitterConfig, law: Law, conceal: bool) -> Self {
        let ring = Ring::new(config, Duration::ZERO);
        Self::with_ring(ring, config, law, conceal)
    }

    /// A buffer in memory that was made before: it allocates nothing. What that is too short for
    /// is not delayed as long as `config` says.
    #[must_use]
    pub fn with_ring(mut ring: Ring, config: JitterConfig, law: Law, conceal: bool) -> Self {
        let (mode, initial) = Mode::of(config, ring.longest_delay());
        let idle = law.idle();
        ring.reset(idle);
        Self {
            ring,
            mode,
            newest: None,
            play: 0,
            end: 0,
            heard: i64::MIN,
            silent_from: i64::MAX,
            lateness: 0,
            starving: false,
            arrived_late: false,
            arrived_kept: false,
            replace: false,
            idle,
            law,
            target: Target::new(match mode {
                Mode::Adaptive { min, .. } => min,
                Mode::Fixed => 0,
            }),
            concealer: conceal.then(|| Concealer::new(law)),
            initial,
            comfort: comfort::Generator::new(0, law),
            counters: Counters::default(),
        }
    }

    /// Goes on in another way, from the next packet on: a call that turns out to carry data gets
    /// a fixed buffer without concealment. What waits is still played; the step from the delay so
    /// far to the new one is idle, or left out.
    pub fn reconfigure(&mut self, config: JitterConfig, conceal: bool) {
        (self.mode, self.initial) = Mode::of(config, self.ring.longest_delay());
        self.target = Target::new(match self.mode {
            Mode::Adaptive { min, .. } => min,
            Mode::Fixed => 0,
        });
        if conceal != self.concealer.is_some() {
            self.concealer = conceal.then(|| Concealer::new(self.law));
        }
        self.silent_from = i64::MAX;
        self.replace = true;
    }

    /// Gives its memory back: nothing more is kept, and what is pulled is idle.
    pub fn take_ring(&mut self) -> Ring {
        self.restart();
        std::mem::replace(&mut self.ring, Ring::none())
    }

    /// Octets at the beginning that packets and pulls touch while nothing is lost.
    pub(crate) const TOUCHED: usize = offset_of!(Self, concealer) + Concealer::TOUCHED;

    /// Asks for the cache lines of the octets that [`pull`](Self::pull) takes next, and of the place
    /// for those of the next packet.
    pub(crate) fn prefetch(&self) {
        self.ring.prefetch(self.play);
        self.ring.prefetch(self.end);
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

    /// Octets between the newest one and a packet of that timestamp: lost, or never sent. None when
    /// it lies before, or nowhere near.
    pub(crate) fn gap(&self, timestamp: u32) -> usize {
        let Some((newest, at)) = self.newest else {
            return 0;
        };
        let position = at + i64::from(timestamp_distance(newest, timestamp));
        let gap = usize::try_from(position - self.end).unwrap_or(0);
        if gap < FAR_BEHIND as usize { gap } else { 0 }
    }

    /// The sender is another one: the next packet starts anew.
    pub fn restart(&mut self) {
        self.newest = None;
        self.ring.clear();
        self.starving = false;
        self.lateness = 0;
        self.silent_from = i64::MAX;
        self.target.forget();
    }

    /// Puts the octets of a redundant block (RFC 2198) where they are missing and their turn is
    /// not over. It moves nothing else: whether its own packet comes yet is not known.
    pub fn repair(&mut self, timestamp: u32, payload: &[u8]) {
        let Some((newest, at)) = self.newest else {
            return;
        };
        let position = at + i64::from(timestamp_distance(newest, timestamp));
        let length = payload.len() as i64;
        let skip = (self.play.max(self.heard) - position).clamp(0, length);
        let start = position + skip;
        if start + length - self.play > self.ring.ahead() {
            return;
        }
        let mut rest = payload.get(skip as usize..).unwrap_or_default();
        let mut at = start;
        while !rest.is_empty() {
            let (run, there) = self.ring.run(at, rest.len());
            let (now, later) = rest.split_at(run);
            if !there {
                self.ring.write(at, now);
            }
            rest = later;
            at += run as i64;
        }
        self.end = self.end.max(position + length);
    }

    /// The sender says that it is silent from `timestamp` on, and what its silence sounds like
    /// (RFC 3389): until its next octets come, the line plays comfort noise and nothing counts as
    /// missing. Data has no silence: there it has no effect.
    pub fn silence(&mut self, order: Order, timestamp: u32, payload: &[u8]) {
        let Some((newest, at)) = self.newest else {
            return;
        };
        if self.concealer.is_none() || !matches!(order, Order::Next { .. } | Order::First) {
            return;
        }
        let position = at + i64::from(timestamp_distance(newest, timestamp));
        if (position - self.play).abs() > self.ring.ahead() {
            return;
        }
        self.comfort.describe(payload);
        if self.silent_from == i64::MAX {
            self.silent_from = position.max(self.end);
            self.comfort.restart();
        }
        if self.starving {
            // It was silent, and said so a little late.
            self.starving = false;
            self.counters.underruns = self.counters.underruns.saturating_sub(1);
        }
    }

    /// Takes a packet's payload. `order` is where its sequence number stands; duplicates and
    /// doubtful packets are not for the buffer.
    pub fn push(&mut self, order: Order, timestamp: u32, payload: &[u8]) -> Arrival {
        let length = payload.len().min(self.ring.ahead() as usize / 2);
        let payload = payload.get(..length).unwrap_or(payload);
        let length = length as i64;
        let Some((newest, at)) = self.newest else {
            self.synchronise(timestamp, payload);
            return Arrival::Kept;
        };
        let position = at + i64::from(timestamp_distance(newest, timestamp));
        let is_next = matches!(order, Order::Next { .. } | Order::First);
        let ahead = position + length - self.play;
        if ahead > self.ring.ahead() || (is_next && ahead < -FAR_BEHIND) {
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
            if std::mem::take(&mut self.replace) {
                self.place(position);
            }
            let silent = self.silent_from != i64::MAX;
            if (silent || matches!(order, Order::Next { skipped: 0 })) && position > self.end {
                self.fill_silence(position);
            }
            self.lead(position);
        } else {
            // Too late for its turn perhaps: the delay grows bit by bit, in silence.
            self.target.saw(position - self.play);
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
        if position + length > self.silent_from {
            self.silent_from = i64::MAX;
        }
        self.arrived_kept |= in_time;
        self.arrived_late |= is_next && !in_time;
        self.ring.write(
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
        match self.next_step(out.len()) {
            Step::Delete { .. } => self.pull_shortened(out),
            Step::Insert { .. } => self.pull_lengthened(out),
            Step::Stay | Step::DeleteTick => self.fetch(out),
        }
    }

    /// Takes one octet more than there is room for, and leaves out the least heard.
    fn pull_shortened(&mut self, out: &mut [u8]) {
        let mut taken = [0; LONGEST + 1];
        let Some(taken) = taken.get_mut(..=out.len()) else {
            return self.fetch(out);
        };
        self.fetch(taken);
        self.target.moved(1);
        self.counters.deleted += 1;
        let cut = smoothest(taken, self.law);
        let (before, after) = taken.split_at(cut);
        let (first, second) = out.split_at_mut(before.len());
        first.copy_from_slice(before);
        second.copy_from_slice(after.get(1..).unwrap_or_default());
    }

    /// Takes one octet less than there is room for, and plays the least heard twice.
    fn pull_lengthened(&mut self, out: &mut [u8]) {
        let mut taken = [0; LONGEST];
        let Some(taken) = taken.get_mut(..out.len().saturating_sub(1)) else {
            return self.fetch(out);
        };
        self.fetch(taken);
        self.target.moved(-1);
        self.counters.inserted += 1;
        let cut = smoothest(taken, self.law);
        let (before, after) = taken.split_at(cut);
        let (first, second) = out.split_at_mut(cut);
        first.copy_from_slice(before);
        if let Some((twice, second)) = second.split_first_mut() {
            *twice = after.first().copied().unwrap_or(self.idle);
            second.copy_from_slice(after);
        }
    }

    fn fetch(&mut self, out: &mut [u8]) {
        let mut rest = out;
        while !rest.is_empty() {
            let (run, there) = self.ring.run(self.play, rest.len());
            let (now, later) = rest.split_at_mut(run);
            if there {
                rest = later;
                self.starving = false;
                self.heard = self.play + run as i64;
                self.ring.take(self.play, now);
                if let Some(concealer) = &mut self.concealer
                    && concealer.active()
                {
                    concealer.resume(now);
                }
                self.play += run as i64;
                continue;
            }
            // What is missing before the sender fell silent is lost; after that it is silence.
            let lost = self
                .silent_from
                .saturating_sub(self.play)
                .clamp(0, run as i64) as usize;
            let (now, silent) = now.split_at_mut(lost);
            rest = later;
            if !now.is_empty() {
                if self.play >= self.end && !self.starving {
                    self.starving = true;
                    self.counters.underruns += 1;
                }
                self.counters.concealed += now.len() as u64;
                self.missing(now, true);
                self.play += now.len() as i64;
            }
            if !silent.is_empty() {
                self.comfort.fill_octets(silent);
                if let Some(concealer) = &mut self.concealer
                    && concealer.active()
                {
                    concealer.resume(silent);
                }
                self.ring.remember(self.play, silent);
                self.play += silent.len() as i64;
            }
        }
    }

    /// The first packet: it is played after the initial delay, until when the line is idle.
    fn synchronise(&mut self, timestamp: u32, payload: &[u8]) {
        self.newest = Some((timestamp, 0));
        self.play = -self.initial;
        self.heard = self.play;
        self.end = self.play;
        self.fill_silence(0);
        self.ring.write(0, payload);
        self.end = payload.len() as i64;
        self.arrived_kept = true;
        self.starving = false;
        self.lead(0);
    }

    /// Idle octets from the end of what is there to `position`.
    fn fill_silence(&mut self, position: i64) {
        let from = self.end.max(self.play);
        let noise = self.silent_from != i64::MAX;
        if self.starving && position > self.play {
            // The sender had stopped; the line did not starve. (Late packets still did.)
            self.counters.underruns = self.counters.underruns.saturating_sub(1);
            self.starving = false;
        }
        let mut at = from;
        while at < position {
            let take = (position - at).min(80) as usize;
            let mut silence = [self.idle; 80];
            let silence = silence.get_mut(..take).unwrap_or_default();
            if noise {
                self.comfort.fill_octets(silence);
            }
            self.ring.write(at, silence);
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
                    ring.look(*play - HISTORY as i64, history);
                });
            }
            _ => out.fill(*idle),
        }
        if remember {
            self.ring.remember(self.play, out);
        }
    }

    fn lead(&mut self, position: i64) {
        let lead = position - self.play;
        self.target.saw(lead);
        if let Mode::Adaptive { min, max } = self.mode
            && lead < 0
        {
            // Late: the line steps back, so that this packet and its like come in time.
            let room = self.ring.ahead() - (self.end - self.play);
            let step = (min - lead).min(max - self.target.longest()).min(room);
            if step > 0 {
                self.play -= step;
                self.target.moved(-step);
            }
        }
    }

    /// The line goes where a packet at `position` waits for the initial delay.
    fn place(&mut self, position: i64) {
        let play = position - self.initial;
        if play > self.play {
            self.ring.drop(self.play, (play - self.play) as usize);
        }
        self.play = play;
        self.end = self.end.min(self.play + self.ring.ahead());
        self.target.forget();
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
            self.place(newest);
            self.ring.clear();
        }
    }

    /// Voice: what the delay wants, as far as the next octets let it.
    fn next_step(&mut self, taken: usize) -> Step {
        let Mode::Adaptive { max, .. } = self.mode else {
            return Step::Stay;
        };
        let step = self.target.step(taken, max);
        let count = taken as i64;
        if self.end - self.play > max + 2 * count + 480 {
            self.leave_out(taken);
            self.counters.overruns += 1;
            return Step::Stay;
        }
        let quiet = |count| self.ring.quiet(self.play, count, self.law, SILENCE);
        match step {
            Step::DeleteTick if quiet(taken) => {
                self.leave_out(taken);
                self.counters.deleted += taken as u64;
                step
            }
            Step::DeleteTick if self.ring.run(self.play, taken + 1) == (taken + 1, true) => {
                Step::Delete { pressing: true }
            }
            Step::Delete { .. } if quiet(taken + 1) => step,
            Step::Insert { .. } if quiet(taken) => step,
            Step::Delete { pressing: true } | Step::Insert { pressing: true }
                if self.ring.run(self.play, taken + 1) == (taken + 1, true) =>
            {
                step
            }
            _ => Step::Stay,
        }
    }

    fn leave_out(&mut self, count: usize) {
        self.ring.drop(self.play, count);
        self.play += count as i64;
        self.target.moved(count as i64);
    }
}

/// Where a sample may go or come twice and be heard least: where it differs least from the one
/// before it.
fn smoothest(octets: &[u8], law: Law) -> usize {
    let pairs = octets.iter().zip(octets.iter().skip(1));
    let steps = pairs.map(|(&a, &b)| law.decode(a).abs_diff(law.decode(b)));
    steps
        .enumerate()
        .min_by_key(|&(_, step)| step)
        .map_or(0, |(at, _)| at + 1)
}
