//! A media thread: some spans and their bridges. One of its lines is its clock; the control plane
//! reaches it by two bounded rings, and hears of new words by an octet in a pipe.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use media_bridge::{RtpIo, realtime};
use rtrb::{Consumer, Producer, RingBuffer};

use super::word::{Down, Up};
use super::worker::Worker;

/// Words in each ring. A tick of 10 ms of one span makes a handful.
const RING: usize = 4096;

/// What a media thread asks of the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The core to stay on.
    pub core: Option<usize>,
    /// Real-time priority, 1 to 99.
    pub priority: Option<u8>,
}

impl Place {
    /// Asks for it; what is refused is told and done without.
    fn take(self, thread: &str) {
        if let Some(core) = self.core {
            match realtime::pin(core) {
                Ok(()) => tracing::debug!(thread, core, "pinned"),
                Err(error) => tracing::warn!(thread, core, %error, "not pinned"),
            }
        }
        if let Some(priority) = self.priority {
            match realtime::fifo(priority) {
                Ok(()) => tracing::debug!(thread, priority, "real-time priority"),
                // As an ordinary user: ticks may come late, and are counted then.
                Err(error) => tracing::info!(thread, %error, "no real-time priority"),
            }
        }
    }
}

/// What a media thread counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ThreadCounters {
    /// Ticks worked on.
    pub ticks: u64,
    /// Those of them that came one tick or more after their time.
    pub late_ticks: u64,
    /// Ticks that were given up because the thread was away for too long.
    pub missed_ticks: u64,
    /// Words lost because a ring was full: 0 in a gateway that keeps up.
    pub lost_words: u64,
    /// The longest time from the end of waiting until the lines had what they send, in microseconds:
    /// what a device has queued must last for it.
    pub carry_max_us: u64,
    /// Time from the end of waiting to the end of work, of all ticks, in microseconds.
    pub busy_us: u64,
    /// The longest of these times, in microseconds: beyond 10,000 a tick was late by it.
    pub busy_max_us: u64,
}

/// What both ends see. Only the media thread adds to the counters, except for lost words.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    ticks: AtomicU64,
    late: AtomicU64,
    missed: AtomicU64,
    lost: AtomicU64,
    carried: AtomicU64,
    busy: AtomicU64,
    longest: AtomicU64,
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

/// The control plane's end of a media thread.
#[derive(Debug)]
pub struct MediaThread {
    down: Producer<Down>,
    up: Consumer<Up>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl MediaThread {
    /// Starts the thread. `wake` is written to whenever there is something to read.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start<R: RtpIo + Send + 'static>(
        name: &str,
        place: Place,
        worker: Worker<R>,
        wake: Arc<OwnedFd>,
    ) -> io::Result<Self> {
        let (down, from_above) = RingBuffer::<Down>::new(RING);
        let (to_above, up) = RingBuffer::<Up>::new(RING);
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let own = name.to_owned();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                place.take(&own);
                run(worker, from_above, to_above, &theirs, &wake);
            })?;
        Ok(Self {
            down,
            up,
            shared,
            thread: Some(thread),
        })
    }

    /// One whose part the caller plays.
    #[cfg(test)]
    pub(super) fn played() -> (Self, Producer<Up>, Consumer<Down>) {
        let (down, from_above) = RingBuffer::new(RING);
        let (to_above, up) = RingBuffer::new(RING);
        let played = Self {
            down,
            up,
            shared: Arc::default(),
            thread: None,
        };
        (played, to_above, from_above)
    }

    /// Tells the thread something; a full ring is a counted fault.
    pub fn tell(&mut self, word: Down) {
        if self.down.push(word).is_err() {
            add(&self.shared.lost, 1);
            tracing::error!("a media thread's ring is full");
        }
    }

    /// The next word of the thread.
    pub fn hear(&mut self) -> Option<Up> {
        self.up.pop().ok()
    }

    /// What it counted so far.
    #[must_use]
    pub fn counters(&self) -> ThreadCounters {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ThreadCounters {
            ticks: read(&self.shared.ticks),
            late_ticks: read(&self.shared.late),
            missed_ticks: read(&self.shared.missed),
            lost_words: read(&self.shared.lost),
            carry_max_us: read(&self.shared.carried),
            busy_us: read(&self.shared.busy),
            busy_max_us: read(&self.shared.longest),
        }
    }
}

impl Drop for MediaThread {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's loop: one turn a tick.
fn run<R: RtpIo>(
    mut worker: Worker<R>,
    mut from_above: Consumer<Down>,
    mut to_above: Producer<Up>,
    shared: &Shared,
    wake: &OwnedFd,
) {
    while !shared.stop.load(Ordering::Relaxed) {
        let mut told = false;
        let mut up = |word: Up| {
            told = true;
            if to_above.push(word).is_err() {
                add(&shared.lost, 1);
            }
        };
        let due = match worker.wait(&mut up) {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the media thread ends");
                let _ = rustix::io::write(wake, &[1]);
                break;
            }
        };
        let began = now();
        while let Ok(word) = from_above.pop() {
            worker.down(word, &mut up);
        }
        worker.transmit(began, &mut up);
        worker.carry(due, &mut up);
        let carried = microseconds_since(began);
        worker.receive(began, &mut up);
        if told {
            // Only a full pipe makes this fail, and then the reader is awake anyway.
            let _ = rustix::io::write(wake, &[1]);
        }
        add(&shared.ticks, 1);
        add(&shared.late, u64::from(due.late > 0));
        add(&shared.missed, u64::from(due.skipped));
        let busy = microseconds_since(began);
        shared.carried.fetch_max(carried, Ordering::Relaxed);
        add(&shared.busy, busy);
        shared.longest.fetch_max(busy, Ordering::Relaxed);
    }
    for (span, counters) in worker.counters() {
        tracing::info!(%span, ?counters, "line closed");
    }
}

fn microseconds_since(began: Instant) -> u64 {
    now().saturating_duration_since(began).as_micros() as u64
}

/// The monotonic clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the shell tells the time")]
pub fn now() -> Instant {
    Instant::now()
}
