//! What is between two ends, and what can be done to it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering::Relaxed},
};

use tdm::BitErrors;

/// Both directions of the cable at one end. Clones are handles on the same cable and work from any thread.
#[derive(Clone, Debug, Default)]
pub struct Cable {
    transmit: Line,
    receive: Line,
}

impl Cable {
    /// The direction in which this end sends.
    pub const fn transmit(&self) -> &Line {
        &self.transmit
    }

    /// The direction from which this end receives.
    pub const fn receive(&self) -> &Line {
        &self.receive
    }

    /// Cuts both directions: nothing arrives at either end until [`mend`](Self::mend).
    pub fn cut(&self) {
        self.both(Line::cut);
    }

    /// Undoes [`cut`](Self::cut) in both directions.
    pub fn mend(&self) {
        self.both(Line::mend);
    }

    /// Errors per bit in both directions, 0.0..=1.0.
    pub fn error_rate(&self, rate: f64) {
        self.both(|line| line.error_rate(rate));
    }

    /// Fills both directions with ones, as equipment in the middle does that has lost its own signal.
    pub fn ais(&self, on: bool) {
        self.both(|line| line.ais(on));
    }

    /// Repeats (positive) or leaves out (negative) this many frames once in both directions.
    pub fn slip(&self, frames: i32) {
        self.both(|line| line.slip(frames));
    }

    /// Tells both ends that the other one does not hear them.
    pub fn rai(&self, on: bool) {
        self.both(|line| line.rai(on));
    }

    /// The clock of this end has come ahead by so many frames: the far end leaves as many out of what
    /// it receives, and this one repeats them.
    pub(crate) fn drift(&self, ahead: i32) {
        if ahead != 0 {
            self.transmit.slip(-ahead);
            self.receive.slip(ahead);
        }
    }

    fn both(&self, act: impl Fn(&Line)) {
        act(&self.transmit);
        act(&self.receive);
    }

    /// The same cable seen from the other end.
    pub(crate) fn reversed(&self) -> Self {
        Self {
            transmit: self.receive.clone(),
            receive: self.transmit.clone(),
        }
    }
}

/// One direction of a cable. Clones are handles on the same direction.
#[derive(Clone, Debug, Default)]
pub struct Line(Arc<State>);

#[derive(Debug, Default)]
struct State {
    cut: AtomicBool,
    ais: AtomicBool,
    rai: AtomicBool,
    /// The bits of an `f64`.
    error_rate: AtomicU64,
    /// Frames of slips asked for and not yet done.
    slip: AtomicI32,
}

impl Line {
    /// Nothing arrives from now on.
    pub fn cut(&self) {
        self.0.cut.store(true, Relaxed);
    }

    /// Undoes [`cut`](Self::cut).
    pub fn mend(&self) {
        self.0.cut.store(false, Relaxed);
    }

    /// Whether it is cut.
    pub fn is_cut(&self) -> bool {
        self.0.cut.load(Relaxed)
    }

    /// Errors per bit, 0.0..=1.0.
    pub fn error_rate(&self, rate: f64) {
        self.0.error_rate.store(rate.to_bits(), Relaxed);
    }

    /// All ones, without frame alignment, arrive while it is on.
    pub fn ais(&self, on: bool) {
        self.0.ais.store(on, Relaxed);
    }

    /// While it is on, the sender tells of an alarm that it does not have (RAI).
    pub fn rai(&self, on: bool) {
        self.0.rai.store(on, Relaxed);
    }

    pub(crate) fn tells_of_alarm(&self) -> bool {
        self.0.rai.load(Relaxed)
    }

    /// Repeats (positive) or leaves out (negative) this many frames once; at most 80 at a time are done.
    pub fn slip(&self, frames: i32) {
        self.0.slip.fetch_add(frames, Relaxed);
    }

    pub(crate) fn take_slip(&self) -> i32 {
        if self.0.slip.load(Relaxed) == 0 {
            0
        } else {
            self.0.slip.swap(0, Relaxed)
        }
    }
}

/// One direction as the octets pass it.
#[derive(Debug)]
pub(crate) struct Passage {
    line: Line,
    errors: BitErrors,
}

impl Passage {
    pub(crate) const fn new(line: Line, seed: u64) -> Self {
        Self {
            line,
            errors: BitErrors::new(seed),
        }
    }

    pub(crate) const fn line(&self) -> &Line {
        &self.line
    }

    /// Does to `octets` what the line does; false if they do not get through.
    pub(crate) fn pass(&mut self, octets: &mut [u8]) -> bool {
        if self.line.is_cut() {
            return false;
        }
        if self.line.0.ais.load(Relaxed) {
            octets.fill(0xff);
        }
        self.errors
            .set_rate(f64::from_bits(self.line.0.error_rate.load(Relaxed)));
        self.errors.corrupt(octets);
        true
    }
}
