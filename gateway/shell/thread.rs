//! The thread of a span. The line is its clock; the control plane reaches it by two bounded
//! rings, and hears of new words by an octet in a pipe.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Instant;

use media_bridge::RtpIo;
use rtrb::{Consumer, Producer, RingBuffer};

use super::span::{Down, SpanWorker, Up};

/// Words in each ring. A tick of 10 ms of one span makes a handful.
const RING: usize = 4096;

/// The control plane's end of a span's thread.
#[derive(Debug)]
pub struct SpanThread {
    down: Producer<Down>,
    up: Consumer<Up>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What both ends see.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    /// Words lost because a ring was full.
    lost: AtomicU64,
    /// Ticks that came late.
    late: AtomicU64,
}

impl SpanThread {
    /// Starts the thread. `wake` is written to whenever there is something to read.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start<R: RtpIo + Send + 'static>(
        name: &str,
        mut worker: SpanWorker<R>,
        wake: Arc<OwnedFd>,
    ) -> io::Result<Self> {
        let (down, mut from_above) = RingBuffer::<Down>::new(RING);
        let (mut to_above, up) = RingBuffer::<Up>::new(RING);
        let shared = Arc::new(Shared::default());
        let theirs = shared.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                while !theirs.stop.load(Ordering::Relaxed) {
                    let mut told = false;
                    let mut up = |word: Up| {
                        told = true;
                        if to_above.push(word).is_err() {
                            theirs.lost.fetch_add(1, Ordering::Relaxed);
                        }
                    };
                    match worker.exchange() {
                        Ok(late) => {
                            theirs.late.fetch_add(u64::from(late), Ordering::Relaxed);
                        }
                        Err(error) => {
                            tracing::error!(%error, "the line is gone");
                            break;
                        }
                    }
                    while let Ok(word) = from_above.pop() {
                        worker.down(word, &mut up);
                    }
                    worker.work(now(), &mut up);
                    if told {
                        // Only a full pipe makes this fail, and then the reader is awake anyway.
                        let _ = rustix::io::write(&wake, &[1]);
                    }
                }
                tracing::info!(counters = ?worker.counters(), "line closed");
            })?;
        Ok(Self {
            down,
            up,
            shared,
            thread: Some(thread),
        })
    }

    /// Tells the span something; a full ring is a counted fault.
    pub fn tell(&mut self, word: Down) {
        if self.down.push(word).is_err() {
            self.shared.lost.fetch_add(1, Ordering::Relaxed);
            tracing::error!("a span's ring is full");
        }
    }

    /// The next word of the span.
    pub fn hear(&mut self) -> Option<Up> {
        self.up.pop().ok()
    }

    /// Words lost because a ring was full: 0 in a gateway that keeps up.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Ticks that the thread took late.
    #[must_use]
    pub fn late(&self) -> u64 {
        self.shared.late.load(Ordering::Relaxed)
    }
}

impl Drop for SpanThread {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The monotonic clock.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the shell tells the time")]
pub fn now() -> Instant {
    Instant::now()
}
