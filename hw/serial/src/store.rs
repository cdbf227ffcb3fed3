//! Ticks between the line and whoever takes them.

use std::collections::VecDeque;

use tdm::TICK_OCTETS;

/// Ticks that arrived and are not taken yet.
#[derive(Debug)]
pub(crate) struct Store {
    ticks: VecDeque<Box<[u8]>>,
    spare: Vec<Box<[u8]>>,
    /// Ticks held back before the first is handed out.
    delay: usize,
    playing: bool,
}

/// Ticks kept at most beyond the delay.
const ROOM: usize = 8;

impl Store {
    pub(crate) fn new(timeslots: usize, delay: usize) -> Self {
        let most = delay + ROOM + 1;
        Self {
            ticks: VecDeque::with_capacity(most),
            spare: (0..most)
                .map(|_| vec![0xff; timeslots * TICK_OCTETS].into_boxed_slice())
                .collect(),
            delay,
            playing: false,
        }
    }

    /// Adds a tick, ones when it is none; the ticks that were dropped for want of room.
    pub(crate) fn add(&mut self, tick: Option<&[u8]>) -> usize {
        let mut dropped = 0;
        if self.ticks.len() > self.delay + ROOM - 1 {
            while self.ticks.len() >= self.delay {
                self.spare.extend(self.ticks.pop_front());
                dropped += 1;
            }
        }
        if let Some(mut slot) = self.spare.pop() {
            match tick {
                Some(tick) if tick.len() == slot.len() => slot.copy_from_slice(tick),
                _ => slot.fill(0xff),
            }
            self.ticks.push_back(slot);
        }
        dropped
    }

    /// The next tick, when enough has arrived; `Err` when there was one before and now there is none.
    pub(crate) fn take(&mut self, take: impl FnOnce(&[u8])) -> Result<bool, Empty> {
        if !self.playing {
            self.playing = self.ticks.len() > self.delay;
            if !self.playing {
                return Ok(false);
            }
        }
        match self.ticks.pop_front() {
            Some(tick) => {
                take(&tick);
                self.spare.push(tick);
                Ok(true)
            }
            None => {
                self.playing = false;
                Err(Empty)
            }
        }
    }

    /// Forgets what waits.
    pub(crate) fn clear(&mut self) {
        self.spare.extend(self.ticks.drain(..));
        self.playing = false;
    }
}

/// The store ran empty.
#[derive(Debug)]
pub(crate) struct Empty;
