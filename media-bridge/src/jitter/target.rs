//! How long voice is to wait: the delay follows the packets that come latest.

/// Samples that make a window: 2 s. The lead of a window's latest packet is what counts.
const WINDOW: u32 = 16_000;
/// Windows remembered: a delay that was needed within the last 10 s is kept.
const WINDOWS: usize = 5;
/// So many samples too much are left alone: 2 ms. Nothing is left alone below the least: packets
/// are seen at the pace of ticks, so that a drifting one loses a whole tick of its lead at once,
/// and must still be in time.
const DEADBAND: i64 = 16;
/// So far off, a sample is moved where there is no silence too: 10 ms.
const PRESSING: i64 = 80;

/// What the line is to do before it takes its next samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing.
    Stay,
    /// Leave out one sample, where it is quiet; `pressing`, where it is least heard.
    Delete { pressing: bool },
    /// Play one sample twice, where it is quiet; `pressing`, where it is least heard.
    Insert { pressing: bool },
    /// Leave out a whole tick, if that is silent.
    DeleteTick,
}

/// A lead that is remembered, in half the room: those of packets that are taken are far from its ends.
#[derive(Debug, Clone, Copy)]
struct Lead(i32);

impl Lead {
    const NONE: Self = Self(i32::MAX);

    fn of(samples: Option<i64>) -> Self {
        let limits = (i64::from(i32::MIN), i64::from(i32::MAX) - 1);
        samples.map_or(Self::NONE, |samples| {
            Self(samples.clamp(limits.0, limits.1) as i32)
        })
    }

    fn get(self) -> Option<i64> {
        (self.0 != i32::MAX).then_some(i64::from(self.0))
    }
}

/// Watches by how much packets come before their turn.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// The least that packets shall lead by.
    min: i64,
    /// Least and greatest lead in the window so far.
    least: i64,
    greatest: i64,
    observed: u32,
    /// Least leads of the windows before; none where there was no packet.
    before: [Lead; WINDOWS],
    /// By how much the latest packets lead too early; negative when too late.
    surplus: i64,
}

impl Target {
    pub(super) const fn new(min: i64) -> Self {
        Self {
            min,
            least: i64::MAX,
            greatest: i64::MIN,
            observed: 0,
            before: [Lead::NONE; WINDOWS],
            surplus: 0,
        }
    }

    /// What was seen says nothing about what comes.
    pub(super) fn forget(&mut self) {
        *self = Self::new(self.min);
    }

    /// A packet came `lead` samples before its turn.
    pub(super) fn saw(&mut self, lead: i64) {
        self.least = self.least.min(lead);
        self.greatest = self.greatest.max(lead);
    }

    /// The longest that a packet waited lately.
    pub(super) fn longest(&self) -> i64 {
        self.greatest.max(0)
    }

    /// The line has moved forwards by so much (backwards when negative): packets lead by so much
    /// less.
    pub(super) fn moved(&mut self, by: i64) {
        self.least = self.least.saturating_sub(by);
        self.greatest = self.greatest.saturating_sub(by);
        for least in &mut self.before {
            *least = Lead::of(least.get().map(|least| least - by));
        }
        self.surplus -= by;
    }

    /// The line takes so many samples: what is it to do first?
    pub(super) fn step(&mut self, taken: usize, max: i64) -> Step {
        self.observed += taken as u32;
        if self.observed >= WINDOW {
            self.before.rotate_right(1);
            if let Some(last) = self.before.first_mut() {
                *last = Lead::of((self.least != i64::MAX).then_some(self.least));
            }
            let least = self.before.iter().filter_map(|lead| lead.get()).min();
            // Too late a packet makes others wait, but none longer than the most allowed.
            self.surplus = least.map_or(0, |least| {
                (least - self.min).max((self.longest() - max).min(0))
            });
            (self.least, self.greatest, self.observed) = (i64::MAX, i64::MIN, 0);
        }
        let pressing = self.surplus.abs() > PRESSING;
        if self.surplus >= 2 * taken as i64 {
            Step::DeleteTick
        } else if self.surplus > DEADBAND {
            Step::Delete { pressing }
        } else if self.surplus < 0 {
            Step::Insert { pressing }
        } else {
            Step::Stay
        }
    }
}
