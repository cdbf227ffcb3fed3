//! One end of a line: framer, elastic store, events and counters, whatever joins it to the other end.

use tdm::{
    Alarm, AlarmSet, Due, Framing, SpanCounters, SpanEvent, SpanId, SpanTick, TICK, TICK_OCTETS,
};

use crate::{
    Config,
    elastic::ElasticStore,
    events::Events,
    frame::{self, FRAMES},
    framer::Framer,
};

/// Chunks of 1 ms that can wait for this end.
const ROOM: usize = 512;

#[derive(Debug)]
pub(crate) struct Port {
    id: SpanId,
    framing: Framing,
    /// Frames sent.
    sent: u64,
    /// Parts per million by which our clock is ahead, and millionths of a frame that this has come to.
    drift: i32,
    drifted: i64,
    /// Frames held back before they are handed out.
    delay: usize,
    framer: Framer,
    store: ElasticStore,
    events: Events,
    /// Whether frames are handed out; while not, the store fills up to the delay.
    playing: bool,
    /// Whether what fills the store is a beginning: after LOS or with another far end.
    fresh: bool,
    /// Frames handed out since the store ran empty that did not come from the line.
    inserted: usize,
    /// The number of the next tick from the line, once one has come.
    expected: Option<u64>,
    /// Whether anything arrived since the last tick was handed out.
    heard: bool,
}

impl Port {
    /// An end whose line is alive: the delay is full of idle frames.
    pub(crate) fn alive(id: SpanId, config: Config) -> Self {
        let mut port = Self::new(id, config, false);
        let mut line = vec![0; frame::tick_octets(config.framing)];
        frame::write(
            &SpanTick([[0xff; TICK_OCTETS]; tdm::TIMESLOTS]),
            config.framing,
            0,
            false,
            &mut line,
        );
        for _ in 0..port.delay / TICK_OCTETS {
            port.take(&line);
        }
        port.playing = true;
        port.fresh = false;
        port
    }

    /// An end that hears nothing yet: LOS stands.
    pub(crate) fn dead(id: SpanId, config: Config) -> Self {
        let mut port = Self::new(id, config, true);
        port.events.push(SpanEvent::Alarm {
            alarm: Alarm::Los,
            on: true,
        });
        port
    }

    fn new(id: SpanId, config: Config, los: bool) -> Self {
        let ticks = config.delay.as_micros().div_ceil(TICK.as_micros()) as usize;
        Self {
            id,
            framing: config.framing,
            sent: 0,
            drift: config.drift,
            drifted: 0,
            delay: ticks.clamp(1, ROOM * FRAMES / TICK_OCTETS / 2) * TICK_OCTETS,
            framer: Framer::new(config, config.framing, los),
            store: ElasticStore::new(frame::rows(config.framing), ROOM),
            events: Events::default(),
            playing: false,
            fresh: true,
            inserted: 0,
            expected: None,
            heard: false,
        }
    }

    pub(crate) const fn id(&self) -> SpanId {
        self.id
    }

    pub(crate) const fn alarms(&self) -> AlarmSet {
        self.framer.alarms()
    }

    pub(crate) const fn counters(&self) -> SpanCounters {
        SpanCounters {
            framing_errors: self.framer.framing_errors(),
            ..self.events.counters
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<SpanEvent> {
        self.events.pop()
    }

    /// Writes what goes on the line. The far end is told when this one cannot hear it, or when it is to
    /// be told so anyway.
    pub(crate) fn send(&mut self, tx: &SpanTick, alarm: bool, line: &mut [u8]) {
        let alarm = alarm || self.framer.has_failed();
        frame::write(tx, self.framing, self.sent, alarm, line);
        self.sent += TICK_OCTETS as u64;
    }

    /// Octets of a tick on the line.
    pub(crate) const fn tick_octets(&self) -> usize {
        frame::tick_octets(self.framing)
    }

    /// Rows of octets on the line, which tell its kind.
    pub(crate) const fn rows(&self) -> usize {
        frame::rows(self.framing)
    }

    pub(crate) const fn set_drift(&mut self, parts_per_million: i32) {
        self.drift = parts_per_million;
    }

    /// Frames by which our clock has come ahead of the far end's (positive) or fallen behind it in
    /// another tick.
    pub(crate) fn drift(&mut self) -> i32 {
        self.drifted += i64::from(self.drift) * TICK_OCTETS as i64;
        let frames = self.drifted / 1_000_000;
        self.drifted -= frames * 1_000_000;
        frames as i32
    }

    /// What comes next has nothing to do with what came before: another far end, or one that went away.
    pub(crate) const fn begin_anew(&mut self) {
        self.store.clear();
        self.playing = false;
        self.fresh = true;
        self.inserted = 0;
        self.expected = None;
    }

    /// Tick `number` of the far end arrived.
    pub(crate) fn arrive(&mut self, number: u64, line: &[u8]) {
        let missing = self
            .expected
            .map_or(0, |expected| number.saturating_sub(expected));
        self.expected = Some(number.wrapping_add(1));
        self.heard = true;
        if missing > 0 {
            self.make_up_for(missing.saturating_mul(TICK_OCTETS as u64));
        }
        self.take(line);
    }

    /// Puts ones in the place of frames that got lost on the way, so that those after them are not
    /// displaced: an error, not a slip. What was handed out meanwhile stands for some of them already.
    fn make_up_for(&mut self, frames: u64) {
        let counters = &mut self.events.counters;
        counters.octets_lost += frames;
        let frames = usize::try_from(frames).unwrap_or(usize::MAX);
        let already = frames.min(self.inserted);
        self.inserted -= already;
        // More than there is room for is no gap, but another life of the far end.
        let ones = Some(frames - already)
            .filter(|&ones| ones <= self.store.room())
            .unwrap_or(0);
        self.store.write_ones(ones);
        counters.octets_inserted += (already + ones) as u64;
    }

    fn take(&mut self, line: &[u8]) {
        for chunk in line.chunks_exact(frame::rows(self.framing) * FRAMES) {
            self.framer.chunk(chunk, &mut self.events);
            if self.store.room() < FRAMES {
                self.drop_to_delay();
            }
            self.store.write(chunk);
        }
    }

    /// Throws away the oldest of what waits, down to the delay.
    fn drop_to_delay(&mut self) {
        let excess = self.store.level().saturating_sub(self.delay) as i32;
        let moved = self.store.slip(-excess);
        self.slipped(moved);
    }

    /// The line itself slips.
    pub(crate) fn slip(&mut self, frames: i32) {
        if frames != 0 && self.playing {
            let moved = self.store.slip(frames);
            self.slipped(moved);
        }
    }

    /// Frames were lost that cannot be made up for.
    pub(crate) fn slipped(&mut self, octets: i32) {
        if octets != 0 {
            self.events.push(SpanEvent::Slip { octets });
        }
    }

    /// Hands out the tick that is due. A late caller takes several at once.
    pub(crate) fn hand_out(&mut self, rx: &mut SpanTick, due: Due) {
        let Due { late, skipped } = due;
        self.events.counters.ticks += 1;
        self.events.counters.late_ticks += u64::from(late > 0);
        // A late caller finds all that arrived meanwhile at its first tick and nothing at the others.
        if !std::mem::take(&mut self.heard) && late == 0 {
            self.silence();
        }
        if skipped > 0 && self.playing {
            // What piled up meanwhile is old, and what there was no room for is missing after it.
            let lost = self.store.level() as i32;
            self.begin_anew();
            self.slipped(-lost);
        }
        if !self.playing {
            self.resume(late);
        }
        if self.playing && self.store.level() >= TICK_OCTETS {
            self.store.read(rx);
        } else {
            self.run_empty(rx);
        }
        if self.framer.has_failed() {
            rx.fill(0xff);
        }
    }

    /// Nothing arrived for a tick.
    fn silence(&mut self) {
        let before = self.alarms().contains(Alarm::Los);
        self.framer.silence(TICK, &mut self.events);
        if !before && self.alarms().contains(Alarm::Los) {
            // The line is dead, and what was handed out since it died was no slip.
            self.begin_anew();
        }
    }

    /// Begins to hand out when enough waits. Only on time: a caller that is behind would at once take
    /// away what is to cover for the lateness of the far end.
    fn resume(&mut self, late: u32) {
        // A beginning waits for one more: either end may be the first of the two to exchange.
        let wanted = self.delay + if self.fresh { TICK_OCTETS } else { 0 };
        let level = self.store.level();
        if late > 0 || level < wanted {
            return;
        }
        self.playing = true;
        if std::mem::take(&mut self.fresh) {
            // What the far end left waiting before we listened is not wanted.
            self.store.slip(-((level - wanted) as i32));
        }
        let inserted = std::mem::take(&mut self.inserted);
        self.slipped(i32::try_from(inserted).unwrap_or(i32::MAX));
    }

    /// There is no tick to hand out: the last frame is repeated until there is one, and at a beginning ones.
    fn run_empty(&mut self, rx: &mut SpanTick) {
        self.playing = false;
        if self.alarms().contains(Alarm::Los) {
            self.expected = None;
            self.fresh = true;
        }
        if self.fresh {
            rx.fill(0xff);
        } else {
            self.store.repeat_last(rx);
            self.inserted += TICK_OCTETS;
        }
    }
}
