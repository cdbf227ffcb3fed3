//! The device: a thread around tokio-serial that keeps octets moving while the span's thread comes by
//! once a tick.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rtrb::{Consumer, Producer, RingBuffer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio_serial::{SerialPort, SerialPortBuilderExt, SerialStream};

use crate::{Layout, Port};

/// Frames that wait for the line at most, 160 ms of them: more means that it is slower than was said.
const WAITING: usize = 16;
/// Octets that wait for the span's thread: half a second at the fastest.
const ARRIVED: usize = 65_536;

/// A device that cannot be a line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It cannot be opened.
    #[error("serial device {}: {source}{}", path.display(), advice(.source))]
    Open {
        /// The device.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It does not take the rate.
    #[error("serial device {}: asked for {wanted} bit/s, it runs at {found}", path.display())]
    Rate {
        /// The device.
        path: PathBuf,
        /// Bits a second asked for.
        wanted: u32,
        /// Bits a second that it says it has.
        found: u32,
    },
    /// Its thread cannot be started.
    #[error("serial device {}: {source}", path.display())]
    Thread {
        /// The device.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => {
            "; your user needs the group of the device (`ls -l` it), usually `adduser USER dialout`"
        }
        io::ErrorKind::NotFound => "; `ls /dev/ttyUSB* /dev/ttyS*` lists those there are",
        _ => "",
    }
}

/// An open serial device, without flow control: a frame that has no room is not sent.
#[derive(Debug)]
pub struct Line {
    outgoing: Producer<u8>,
    incoming: Consumer<u8>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// There is something to write, or it is over.
    wake: Notify,
    stop: AtomicBool,
    failed: AtomicBool,
}

impl Line {
    /// Opens a device for frames of this layout: eight bits, no parity, one stop bit, at its rate.
    ///
    /// # Errors
    /// [`LineError`] when it cannot be opened or has another rate.
    pub fn open(path: &Path, layout: &Layout) -> Result<Self, LineError> {
        let failed = |source: io::Error| LineError::Open {
            path: path.to_owned(),
            source,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .map_err(failed)?;
        let entered = runtime.enter();
        let stream = tokio_serial::new(path.to_string_lossy(), layout.rate())
            .open_native_async()
            .map_err(|error| failed(error.into()))?;
        drop(entered);
        let found = stream.baud_rate().unwrap_or(layout.rate());
        if found != layout.rate() {
            return Err(LineError::Rate {
                path: path.to_owned(),
                wanted: layout.rate(),
                found,
            });
        }
        let (outgoing, to_write) = RingBuffer::new(WAITING * layout.longest_frame());
        let (arrived, incoming) = RingBuffer::new(ARRIVED);
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("serial".to_owned())
            .spawn(move || runtime.block_on(carry(stream, to_write, arrived, &theirs)))
            .map_err(|source| LineError::Thread {
                path: path.to_owned(),
                source,
            })?;
        Ok(Self {
            outgoing,
            incoming,
            shared,
            thread: Some(thread),
        })
    }

    fn check(&self) -> io::Result<()> {
        if self.shared.failed.load(Ordering::Relaxed) {
            return Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "the serial device is gone",
            ));
        }
        Ok(())
    }
}

/// Moves octets until it is over or the device is gone.
async fn carry(
    stream: SerialStream,
    mut to_write: Consumer<u8>,
    mut arrived: Producer<u8>,
    shared: &Shared,
) {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let write = async {
        loop {
            let waiting = to_write.slots();
            if waiting == 0 {
                shared.wake.notified().await;
                if shared.stop.load(Ordering::Relaxed) {
                    return Ok(());
                }
                continue;
            }
            let Ok(chunk) = to_write.read_chunk(waiting) else {
                continue;
            };
            let count = writer.write(chunk.as_slices().0).await?;
            chunk.commit(count);
        }
    };
    let read = async {
        let mut octets = [0; 4096];
        loop {
            let count = reader.read(&mut octets).await?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            // Nobody takes them: the newest are lost, and their frames found missing.
            let room = arrived.slots().min(count);
            if let Ok(chunk) = arrived.write_chunk_uninit(room) {
                chunk.fill_from_iter(octets.iter().copied());
            }
        }
    };
    let ended: io::Result<()> = tokio::select! {
        ended = write => ended,
        ended = read => ended,
    };
    if ended.is_err() {
        shared.failed.store(true, Ordering::Relaxed);
    }
}

impl Port for Line {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let count = self.incoming.slots().min(octets.len());
        if count == 0 {
            self.check()?;
            return Ok(0);
        }
        let Ok(chunk) = self.incoming.read_chunk(count) else {
            return Ok(0);
        };
        let (first, second) = chunk.as_slices();
        for (slot, octet) in octets.iter_mut().zip(first.iter().chain(second)) {
            *slot = *octet;
        }
        chunk.commit_all();
        Ok(count)
    }

    fn write(&mut self, octets: &[u8]) -> io::Result<bool> {
        self.check()?;
        let Ok(chunk) = self.outgoing.write_chunk_uninit(octets.len()) else {
            return Ok(false);
        };
        chunk.fill_from_iter(octets.iter().copied());
        self.shared.wake.notify_one();
        Ok(true)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
