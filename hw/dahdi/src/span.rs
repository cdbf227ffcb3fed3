//! A span of the driver as a [`SpanIo`].

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::time::{ClockId, clock_gettime};
use tdm::{
    Alarm, AlarmSet, Content, Due, Law, SignallingIo, SpanCounters, SpanEvent, SpanId, SpanIo,
    SpanTick, TICK, TICK_OCTETS, TIMESLOTS, Timeslot,
};

use crate::channel::Heard;
use crate::line::{ALL_ONES, Fetched, Line, find, link_mode};
use crate::link::Link;
use crate::purpose::{LinkMode, Purpose, SpanConfig};
use crate::refusal::Refusal;
use crate::report;

/// Ticks held here: as many as the driver can have had for a caller that was late, and one under way.
const HELD: usize = SpanConfig::MOST_BUFFERS as usize + 2;
/// Ticks that a span which is not the thread's clock holds before it hands out the first: its blocks
/// end some time between two ticks of the clock.
const AHEAD: usize = 2;
/// Ticks above which such a span runs faster than the clock, and gives one up.
const MOST_AHEAD: usize = AHEAD + 2;
/// How long to wait for a tick that is due before it is made up.
const PATIENCE: Duration = Duration::from_millis(30);
/// Nothing at all for so long is a loss of signal, whatever the driver says. A card in alarm gives
/// octets all the same; a dynamic span without its other end gives none.
const LOS_AFTER: Duration = Duration::from_millis(100);
/// Octets must have come for so long before it is over.
const CLEAR_AFTER: u32 = 10;
/// Ticks between two looks at the span's state, beside those that an event causes.
const LOOK_EVERY: u64 = 100;
/// Time between two attempts to open a span that is gone.
const RETRY: Duration = Duration::from_millis(500);

/// An open span.
///
/// It survives the span: when the driver or the card goes away (`unassign_span`, a card pulled out)
/// that is loss of signal, told and counted, and the span is opened again as soon as it is back and
/// configured.
#[derive(Debug)]
pub struct Span {
    config: SpanConfig,
    line: Option<Line>,
    links: Vec<(Timeslot, Link)>,
    contents: [Content; TIMESLOTS],
    /// Ticks that arrived, a ring; the one after the last is under way.
    held: Vec<SpanTick>,
    first: usize,
    count: usize,
    /// Whether this span is the thread's clock.
    is_clock: bool,
    /// Whether the channels were set going: when the first tick is asked for, as opening takes a while.
    going: bool,
    /// Whether enough was held once, after the start or a silence.
    started: bool,
    /// Ticks queued in the driver for sending, as far as can be told: both directions move together.
    queued: i64,
    /// The driver had nothing to send.
    ran_dry: bool,
    /// It sent idle octets in place of ticks that the caller still brings.
    recovering: bool,
    clock: Clock,
    /// Alarms of the driver, and those told.
    driver: AlarmSet,
    told: AlarmSet,
    /// Whether the line gave nothing for [`LOS_AFTER`], and ticks that came since.
    silent: bool,
    back: u32,
    /// Ticks made up since octets last came.
    made_up: u32,
    /// An overrun happened, and how much it cost is not yet known.
    overrun: bool,
    /// Why the span could not be opened again, while it is gone.
    trouble: Option<String>,
    framing_errors: Option<u32>,
    events: VecDeque<SpanEvent>,
    counters: SpanCounters,
}

/// The times that the span knows, in `CLOCK_MONOTONIC`.
#[derive(Debug, Default)]
struct Clock {
    /// When the last tick was waited for, and how many came since.
    seen: Option<Duration>,
    since: u32,
    /// When octets last came.
    octets: Duration,
    /// When the last tick was handed over.
    handed: Duration,
    /// When it was last tried to open a span that is gone.
    tried: Duration,
}

impl Span {
    /// Opens the channels of a span.
    ///
    /// # Errors
    /// [`Refusal`] says what was found and what mends it.
    pub fn open(config: SpanConfig) -> Result<Self, Refusal> {
        let (buffers, queued) = (config.buffers, config.queued);
        if !(2..=SpanConfig::MOST_BUFFERS).contains(&buffers) || !(2..=buffers).contains(&queued) {
            return Err(Refusal::Buffers { buffers, queued });
        }
        let spans = report::spans()?;
        let report = find(&spans, config.number)?;
        let mut links = Vec::new();
        let mut config = config;
        for (timeslot, purpose) in &mut config.timeslots {
            if let Purpose::Link(wanted) = purpose {
                let mode = link_mode(report, *timeslot, *wanted);
                // It stays what it is when the span comes back after it was gone.
                *wanted = Some(mode);
                if mode != LinkMode::Raw {
                    links.push((*timeslot, Link::new(mode)));
                }
            }
        }
        let line = Line::open(&config, &mut links)?;
        let now = monotonic();
        let mut span = Self {
            queued: i64::from(config.queued),
            config,
            line: Some(line),
            links,
            contents: [Content::Idle; TIMESLOTS],
            held: vec![SpanTick::idle(Law::MuLaw); HELD],
            first: 0,
            count: 0,
            is_clock: false,
            going: false,
            started: false,
            ran_dry: false,
            recovering: false,
            clock: Clock {
                octets: now,
                handed: now,
                tried: now,
                ..Clock::default()
            },
            driver: AlarmSet::default(),
            told: AlarmSet::default(),
            silent: false,
            back: 0,
            made_up: 0,
            overrun: false,
            trouble: None,
            framing_errors: None,
            events: VecDeque::with_capacity(16),
            counters: SpanCounters::default(),
        };
        span.look();
        Ok(span)
    }

    /// Sets the channels going, once.
    fn set_going(&mut self) -> io::Result<()> {
        if let (Some(line), false) = (&mut self.line, self.going) {
            // The clock has a tick taken from the queue before it sends its first.
            let queued = self.config.queued - u8::from(!self.is_clock);
            line.begin(queued)?;
            self.going = true;
            self.started = false;
            (self.first, self.count) = (0, 0);
            self.queued = i64::from(queued);
            self.clock.octets = monotonic();
        }
        Ok(())
    }

    /// Fetches what there is, and waits up to `patience` for the first whole tick.
    fn fetch(&mut self, patience: Duration) -> io::Result<()> {
        self.set_going()?;
        let until = monotonic() + patience;
        let mut heard = Heard::default();
        while let Some(line) = &mut self.line {
            let ready = match line.awaited() {
                Some(channel) => {
                    let left = match self.count {
                        0 => until.saturating_sub(monotonic()),
                        _ => Duration::ZERO,
                    };
                    let watched = PollFd::new(channel, PollFlags::IN | PollFlags::PRI);
                    let found = poll_for(watched, left)?;
                    if found.contains(PollFlags::PRI) || found.intersects(GONE) {
                        channel.events(&mut heard);
                    }
                    found.contains(PollFlags::IN)
                }
                None => false,
            };
            if heard.removed || !ready || self.count + 1 >= HELD {
                break;
            }
            let place = (self.first + self.count) % HELD;
            let Some(slot) = self.held.get_mut(place) else {
                break;
            };
            if line.fetch(slot, &mut heard)? == Fetched::Whole {
                self.arrived()?;
            }
            if heard.removed {
                break;
            }
        }
        self.hear(heard);
        Ok(())
    }

    /// A whole tick arrived.
    fn arrived(&mut self) -> io::Result<()> {
        let now = monotonic();
        self.count += 1;
        self.clock.octets = now;
        self.clock.since += 1;
        if self.made_up > 0 && !self.silent {
            let octets = self.made_up.saturating_mul(TICK_OCTETS as u32);
            self.event(SpanEvent::Slip {
                octets: i32::try_from(octets).unwrap_or(i32::MAX),
            });
        }
        self.made_up = 0;
        if self.silent {
            self.back += 1;
            if self.back == 1
                && let Some(line) = &mut self.line
            {
                // What was queued for a dead line is stale.
                line.refill(self.config.queued)?;
                self.queued = i64::from(self.config.queued);
            }
            if self.back >= CLEAR_AFTER {
                self.silent = false;
                self.look();
            }
        }
        self.queued = (self.queued - 1).max(0);
        Ok(())
    }

    /// What the channels had to tell.
    fn hear(&mut self, heard: Heard) {
        if heard.underrun {
            self.counters.underruns += 1;
            self.queued = 0;
            self.ran_dry = true;
            self.recovering = true;
        }
        self.counters.overruns += u64::from(heard.overrun);
        self.overrun |= heard.overrun;
        if heard.removed {
            self.lose();
        } else if heard.alarm {
            self.look();
        }
    }

    /// The span is gone: its channels are closed, so that it may come back.
    fn lose(&mut self) {
        self.line = None;
        for (_, link) in &mut self.links {
            link.detach();
        }
        self.silent = true;
        self.back = 0;
        self.clock.tried = monotonic();
        let number = self.config.number;
        self.trouble = Some(format!("the driver has taken span {number} away"));
        self.tell();
    }

    /// Tries to open a span that is gone.
    fn reopen(&mut self) {
        let now = monotonic();
        if now < self.clock.tried + RETRY {
            return;
        }
        self.clock.tried = now;
        let line = match Line::open(&self.config, &mut self.links) {
            Ok(line) => line,
            Err(refusal) => {
                for (_, link) in &mut self.links {
                    link.detach();
                }
                self.trouble = Some(refusal.to_string());
                return;
            }
        };
        self.trouble = None;
        for (number, content) in (0..).zip(self.contents) {
            if let Some(timeslot) = Timeslot::new(number) {
                // What it refuses now it refuses again when the next call asks.
                let _ = line.set_content(timeslot, content);
            }
        }
        self.going = false;
        self.framing_errors = None;
        self.line = Some(line);
        self.look();
    }

    /// Looks at the state of the span.
    fn look(&mut self) {
        let Some(status) = self.line.as_ref().and_then(|line| line.status().ok()) else {
            return self.tell();
        };
        self.driver = status.alarms;
        if let Some(before) = self.framing_errors.replace(status.framing_errors) {
            // The card's counter may have been reset.
            let more = status
                .framing_errors
                .checked_sub(before)
                .unwrap_or(status.framing_errors);
            self.counters.framing_errors += u64::from(more);
        }
        self.tell();
    }

    /// Tells the alarms that came or went.
    fn tell(&mut self) {
        let mut now = self.driver;
        if self.silent {
            now.set(Alarm::Los, true);
        }
        for alarm in Alarm::ALL {
            let on = now.contains(alarm);
            if self.told.set(alarm, on) {
                self.event(SpanEvent::Alarm { alarm, on });
            }
        }
    }

    fn event(&mut self, event: SpanEvent) {
        self.counters.count(event);
        self.events.push_back(event);
    }

    /// The next tick is handed out, if there is one.
    fn hand_out(&mut self, rx: &mut SpanTick) -> bool {
        let enough = match (self.is_clock, self.started) {
            (true, _) | (false, true) => 1,
            (false, false) => AHEAD,
        };
        if self.count < enough {
            return false;
        }
        self.started = true;
        if let Some(tick) = self.held.get(self.first) {
            rx.clone_from(tick);
        }
        self.give_up_first();
        true
    }

    fn give_up_first(&mut self) {
        self.first = (self.first + 1) % HELD;
        self.count -= 1;
    }

    /// Nothing came for this tick.
    fn make_up(&mut self, rx: &mut SpanTick) {
        rx.fill(ALL_ONES);
        if self.started {
            self.made_up += 1;
        }
        if !self.is_clock {
            // Holds as much again before it goes on.
            self.started = false;
        }
        if !self.silent && monotonic().saturating_sub(self.clock.octets) >= LOS_AFTER {
            self.silent = true;
            self.back = 0;
            self.tell();
        }
    }

    /// What an overrun cost is the difference between the time that passed and the octets that came,
    /// known when the caller is on time again.
    fn on_time(&mut self) {
        let now = monotonic();
        if let (true, Some(seen)) = (self.overrun, self.clock.seen) {
            let due = (now - seen).as_micros() / MICROSECONDS_AN_OCTET;
            let came = u128::from(self.clock.since) * TICK_OCTETS as u128;
            // The driver moves eight octets at a time.
            let lost = i32::try_from(due.saturating_sub(came) / 8 * 8).unwrap_or(i32::MAX);
            if lost > 0 {
                self.event(SpanEvent::Slip { octets: -lost });
            }
        }
        self.overrun = false;
        self.clock.seen = Some(now);
        self.clock.since = 0;
    }

    /// Sends a tick and keeps as many queued as configured. After an underrun, idle octets make up for
    /// the ticks that are missing from the queue; what the line does not take, because it is slower than
    /// the thread's clock or because the driver sent idle octets in its place, is given up.
    fn send(&mut self, due: Due, tx: &SpanTick) -> io::Result<()> {
        let wanted = i64::from(self.config.queued);
        // A span that is not the clock may have taken its last tick just before or just after.
        let most = if self.is_clock { wanted } else { wanted + 1 };
        let mut heard = Heard::default();
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        if self.ran_dry {
            self.ran_dry = false;
            while self.queued + 1 + i64::from(due.late) < wanted {
                line.send(tx, &mut heard)?;
                self.queued += 1;
            }
        }
        if self.queued < most {
            if !line.send(tx, &mut heard)? {
                self.counters.overruns += 1;
            }
            self.queued += 1;
        } else if !self.recovering {
            self.counters.overruns += 1;
        }
        if due.late == 0 {
            self.recovering = false;
        }
        self.hear(heard);
        Ok(())
    }
}

/// What poll says of a channel whose span is gone.
const GONE: PollFlags = PollFlags::ERR.union(PollFlags::HUP).union(PollFlags::NVAL);

/// One octet of a timeslot takes 125 microseconds.
const MICROSECONDS_AN_OCTET: u128 = 125;

impl SpanIo for Span {
    fn id(&self) -> SpanId {
        self.config.id
    }

    fn wait(&mut self) -> io::Result<Due> {
        self.is_clock = true;
        if self.line.is_none() {
            self.reopen();
        }
        let before = self.count;
        if before == 0 {
            // A line that is silent is still a clock, by the machine's.
            let next = self.clock.handed + TICK;
            let left = next.saturating_sub(monotonic());
            let begun = monotonic();
            let patience = if self.silent {
                left
            } else {
                left.max(TICK) + PATIENCE
            };
            self.fetch(patience)?;
            if self.count == 1 && monotonic() - begun > Duration::from_millis(1) {
                self.on_time();
            }
            if self.line.is_none() {
                rest(next.saturating_sub(monotonic()))?;
            }
        }
        let late = u32::try_from(self.count.saturating_sub(1)).unwrap_or(u32::MAX);
        self.counters.late_ticks += u64::from(late > 0);
        // After a pause it goes on from now.
        let now = monotonic();
        self.clock.handed = (self.clock.handed + TICK).max(now.saturating_sub(TICK));
        if late == 0 && !self.silent {
            self.clock.handed = now;
        }
        Ok(Due { late, skipped: 0 })
    }

    fn carry(&mut self, due: Due, tx: &SpanTick, rx: &mut SpanTick) -> io::Result<()> {
        if !self.is_clock {
            if self.line.is_none() {
                self.reopen();
            }
            self.fetch(Duration::ZERO)?;
            while self.count > MOST_AHEAD + due.late as usize {
                self.give_up_first();
                self.event(SpanEvent::Slip {
                    octets: -(TICK_OCTETS as i32),
                });
            }
        }
        self.counters.ticks += 1;
        let came = self.hand_out(rx);
        if !came {
            self.make_up(rx);
        }
        if self.told.iter().any(Alarm::is_receive_failure) {
            rx.fill(ALL_ONES);
        }
        if !self.silent || self.back > 0 {
            self.send(due, tx)?;
        }
        let mut heard = Heard::default();
        for (_, link) in &mut self.links {
            let of_link = link.tick(came);
            heard.removed |= of_link.removed;
            heard.alarm |= of_link.alarm;
        }
        self.hear(heard);
        if self.counters.ticks.is_multiple_of(LOOK_EVERY) {
            self.look();
        }
        Ok(())
    }

    fn poll_event(&mut self) -> Option<SpanEvent> {
        self.events.pop_front()
    }

    fn counters(&self) -> SpanCounters {
        self.counters
    }

    fn signalling(&mut self, timeslot: Timeslot) -> Option<&mut dyn SignallingIo> {
        let link = self.links.iter_mut().find(|(link, _)| *link == timeslot);
        link.map(|(_, link)| link as &mut dyn SignallingIo)
    }

    fn set_content(&mut self, timeslot: Timeslot, content: Content) -> io::Result<()> {
        if let Some(line) = &self.line {
            line.set_content(timeslot, content)?;
        }
        if let Some(slot) = self.contents.get_mut(timeslot.index()) {
            *slot = content;
        }
        Ok(())
    }

    fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }
}

/// Waits for one channel; what was found.
fn poll_for(mut watched: PollFd<'_>, limit: Duration) -> io::Result<PollFlags> {
    let limit = Timespec::try_from(limit).map_err(io::Error::other)?;
    let mut list = [watched.clone()];
    match poll(&mut list, Some(&limit)) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(PollFlags::empty()),
        Err(error) => return Err(error.into()),
    }
    let [found] = list;
    watched = found;
    Ok(watched.revents())
}

/// Waits for nothing.
fn rest(time: Duration) -> io::Result<()> {
    let limit = Timespec::try_from(time).map_err(io::Error::other)?;
    match poll(&mut [], Some(&limit)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn monotonic() -> Duration {
    let time = clock_gettime(ClockId::Monotonic);
    Duration::try_from(time).unwrap_or_default()
}
