//! The elastic store between the line and whoever takes ticks: a ring of chunks, read frame by frame.

use tdm::{SpanTick, TICK_OCTETS};

use crate::frame::FRAMES;

/// Frames written and not yet read, in order; frames that were read stay until they are overwritten.
#[derive(Debug)]
pub(crate) struct ElasticStore {
    timeslots: usize,
    /// Chunk after chunk, each timeslot's eight octets together.
    ring: Box<[u8]>,
    capacity: u64,
    written: u64,
    read: u64,
}

impl ElasticStore {
    /// Room for `chunks` of 1 ms.
    pub(crate) fn new(timeslots: usize, chunks: usize) -> Self {
        let ring = vec![0xff; chunks * timeslots * FRAMES].into_boxed_slice();
        let capacity = (chunks * FRAMES) as u64;
        // Counting begins a whole ring in, so that reading can be moved back from the start.
        Self {
            timeslots,
            ring,
            capacity,
            written: capacity,
            read: capacity,
        }
    }

    /// Frames that wait to be read.
    pub(crate) const fn level(&self) -> usize {
        (self.written - self.read) as usize
    }

    /// Frames that can still be written, a tick kept back so that the past can be repeated.
    pub(crate) const fn room(&self) -> usize {
        (self.capacity as usize).saturating_sub(self.level() + TICK_OCTETS)
    }

    /// Adds a chunk; there must be room.
    pub(crate) fn write(&mut self, chunk: &[u8]) {
        let start = (self.written % self.capacity) as usize * self.timeslots;
        if let Some(slot) = self.ring.get_mut(start..start + chunk.len()) {
            slot.copy_from_slice(chunk);
        }
        self.written += FRAMES as u64;
    }

    /// Adds chunks of all ones in place of `frames` that never arrived.
    pub(crate) fn write_ones(&mut self, frames: usize) {
        for _ in 0..frames / FRAMES {
            let start = (self.written % self.capacity) as usize * self.timeslots;
            if let Some(slot) = self.ring.get_mut(start..start + self.timeslots * FRAMES) {
                slot.fill(0xff);
            }
            self.written += FRAMES as u64;
        }
    }

    /// Takes a tick; there must be one.
    pub(crate) fn read(&mut self, rx: &mut SpanTick) {
        let mut done = 0;
        while done < TICK_OCTETS {
            let at = self.read % self.capacity;
            let within = at as usize % FRAMES;
            let count = (FRAMES - within).min(TICK_OCTETS - done);
            let chunk = (at as usize - within) * self.timeslots;
            let timeslots = self
                .ring
                .get(chunk..)
                .unwrap_or_default()
                .chunks_exact(FRAMES);
            for (row, octets) in rx.0.iter_mut().zip(timeslots.take(self.timeslots)) {
                if let (Some(to), Some(from)) = (
                    row.get_mut(done..done + count),
                    octets.get(within..within + count),
                ) {
                    to.copy_from_slice(from);
                }
            }
            done += count;
            self.read += count as u64;
        }
    }

    /// Fills a tick with the frame read last, again and again.
    pub(crate) fn repeat_last(&self, rx: &mut SpanTick) {
        let at = ((self.read - 1) % self.capacity) as usize;
        let chunk = (at - at % FRAMES) * self.timeslots;
        let timeslots = self
            .ring
            .get(chunk..)
            .unwrap_or_default()
            .chunks_exact(FRAMES);
        for (row, octets) in rx.0.iter_mut().zip(timeslots.take(self.timeslots)) {
            row.fill(octets.get(at % FRAMES).copied().unwrap_or(0xff));
        }
    }

    /// Moves the reading point: back over `frames` that were read (positive) or on past some that were
    /// not (negative). Returns how far it moved.
    pub(crate) fn slip(&mut self, frames: i32) -> i32 {
        let back = (self.room() as i32).min(TICK_OCTETS as i32);
        let moved = frames.clamp(-(self.level().min(i32::MAX as usize) as i32), back);
        self.read = self.read.wrapping_add_signed(-i64::from(moved));
        moved
    }

    /// Forgets all that waits.
    pub(crate) const fn clear(&mut self) {
        self.read = self.written;
    }
}
