//! A signalling channel with the driver's HDLC: `dchan`, or `mtp2`.
//!
//! The driver adds and removes flags, zero bits and check bits. It wants two octets in place of the
//! check bits behind what is written, and hands out the two that came behind what is read.
//!
//! A `dchan` channel sends flags while nothing is queued; several flags between signal units are
//! allowed (Q.703 §2.3.2). So the last FISU or LSSU goes out once a tick, which is as often as the
//! far end needs it. An `mtp2` channel repeats by itself whatever was last, a MSU too: a FISU goes
//! behind each.

use std::collections::VecDeque;
use std::io;

use rustix::io::Errno;
use tdm::hdlc::{InvalidLength, MAX_REPEATED, MAX_SU, MIN_SU, Received};
use tdm::{SignallingIo, TICK_OCTETS};

use crate::channel::{Channel, Heard, is_event, is_gone};
use crate::purpose::LinkMode;

/// Buffers of a signalling channel: a power of two, for the driver's MTP2 mode finds the one before
/// by masking. On a `dchan` they hold 24 ms of FISUs.
const BUFFERS: u8 = 32;
/// Octets of a buffer: the longest signal unit, its check bits, and room to see that one is longer.
const BUFFER: u16 = 512;
/// Octets that check bits take in a buffer.
const CHECK: usize = 2;
/// Octets on the line of a FISU with its check bits and one flag: what fills a line that has nothing
/// else to say.
const FISU_ON_LINE: usize = 6;
/// Signal units that wait for the driver; MTP2 holds no more than 127 itself (Q.703 §11.3.1 counts
/// sequence numbers modulo 128).
const ROOM: usize = 256;

/// A signal unit without allocation.
#[derive(Clone, Copy)]
struct Unit {
    octets: [u8; MAX_SU + CHECK],
    length: usize,
}

impl Unit {
    const EMPTY: Self = Self {
        octets: [0; MAX_SU + CHECK],
        length: 0,
    };

    fn new(su: &[u8]) -> Result<Self, InvalidLength> {
        let mut unit = Self {
            length: su.len(),
            ..Self::EMPTY
        };
        let fits = (MIN_SU..=MAX_SU).contains(&su.len());
        let head = unit.octets.get_mut(..su.len()).filter(|_| fits);
        head.ok_or(InvalidLength(su.len()))?.copy_from_slice(su);
        Ok(unit)
    }

    /// As it is written: with two octets in place of the check bits.
    fn written(&self) -> &[u8] {
        self.octets.get(..self.length + CHECK).unwrap_or_default()
    }

    /// The FISU that acknowledges as much: same sequence numbers and indicator bits.
    const fn fisu(&self) -> Self {
        let mut fisu = Self::EMPTY;
        let [backward, forward, ..] = self.octets;
        [fisu.octets[0], fisu.octets[1]] = [backward, forward];
        fisu.length = MIN_SU;
        fisu
    }

    const fn is_repeated(&self) -> bool {
        self.length <= MAX_REPEATED
    }
}

/// A signalling link whose framing is the driver's.
pub(crate) struct Link {
    /// `None` while the span is gone.
    channel: Option<Channel>,
    mode: LinkMode,
    queue: VecDeque<Unit>,
    /// What was sent last.
    sent: Unit,
    /// The last signal unit that arrived, if it was short enough to be repeated.
    last: Unit,
    /// Whether the line gave octets in the last tick.
    live: bool,
    /// What the events of the channel said since the span last asked.
    heard: Heard,
    /// Signal units that the queue had no room for.
    pub(crate) lost: u64,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("mode", &self.mode)
            .field("queued", &self.queue.len())
            .finish_non_exhaustive()
    }
}

impl Link {
    pub(crate) fn new(mode: LinkMode) -> Self {
        Self {
            channel: None,
            mode,
            queue: VecDeque::with_capacity(ROOM),
            sent: Unit::EMPTY,
            last: Unit::EMPTY,
            live: false,
            heard: Heard::default(),
            lost: 0,
        }
    }

    /// Gives it an open channel.
    pub(crate) fn attach(&mut self, channel: Channel) -> io::Result<()> {
        channel.set_buffers(BUFFERS, BUFFER)?;
        channel.flush()?;
        self.last = Unit::EMPTY;
        self.channel = Some(channel);
        Ok(())
    }

    /// The span is gone.
    pub(crate) fn detach(&mut self) {
        self.channel = None;
        self.live = false;
    }

    /// Notes whether the line gave octets in this tick, and takes what the events of the channel said.
    pub(crate) fn tick(&mut self, live: bool) -> Heard {
        self.live = live;
        let heard = self.heard;
        self.heard = Heard::default();
        heard
    }

    /// Reads one frame, the events before it included; `None` when there is none.
    fn read(&mut self, frame: &mut [u8]) -> io::Result<Option<usize>> {
        let Some(channel) = &self.channel else {
            return Ok(None);
        };
        loop {
            match rustix::io::read(channel.fd(), &mut *frame) {
                Ok(length) => return Ok(Some(length)),
                Err(Errno::AGAIN) => return Ok(None),
                Err(Errno::INTR) => {}
                Err(error) if is_event(error) => {
                    channel.events(&mut self.heard);
                    if self.heard.removed {
                        return Ok(None);
                    }
                }
                Err(error) if is_gone(error) => {
                    self.heard.removed = true;
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes one signal unit; false when the driver has no room now.
    fn write(&mut self, unit: &Unit) -> io::Result<bool> {
        let Some(channel) = &self.channel else {
            return Ok(false);
        };
        loop {
            match rustix::io::write(channel.fd(), unit.written()) {
                Ok(_) => return Ok(true),
                Err(Errno::AGAIN) => return Ok(false),
                Err(Errno::INTR) => {}
                Err(error) if is_event(error) => {
                    channel.events(&mut self.heard);
                    if self.heard.removed {
                        return Ok(false);
                    }
                }
                Err(error) if is_gone(error) => {
                    self.heard.removed = true;
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl SignallingIo for Link {
    fn receive(&mut self, sink: &mut dyn FnMut(Received<'_>)) -> io::Result<()> {
        let mut frame = [0; BUFFER as usize];
        let mut on_line = 0;
        while let Some(length) = self.read(&mut frame)? {
            let errors = std::mem::take(&mut self.heard.errored);
            (0..errors).for_each(|_| sink(Received::Errored));
            on_line += length + 1;
            let su = length
                .checked_sub(CHECK)
                .and_then(|length| frame.get(..length));
            let unit = su.and_then(|su| Some((su, Unit::new(su).ok()?)));
            let Some((su, unit)) = unit else {
                sink(Received::Errored);
                continue;
            };
            if unit.is_repeated() && unit.written() == self.last.written() {
                sink(Received::Repeated);
                continue;
            }
            self.last = if unit.is_repeated() {
                unit
            } else {
                Unit::EMPTY
            };
            sink(Received::SignalUnit(su));
        }
        let errors = std::mem::take(&mut self.heard.errored);
        (0..errors).for_each(|_| sink(Received::Errored));
        if self.mode == LinkMode::Mtp2 && self.live && self.last.length > 0 {
            // The driver filtered repeated signal units and does not say how many: the rest of the
            // tick was full of them.
            let repeated = TICK_OCTETS.saturating_sub(on_line) / FISU_ON_LINE;
            (0..repeated).for_each(|_| sink(Received::Repeated));
        }
        Ok(())
    }

    fn queue(&mut self, su: &[u8]) -> Result<(), InvalidLength> {
        let unit = Unit::new(su)?;
        if self.queue.len() < ROOM {
            self.queue.push_back(unit);
        } else {
            // MTP2 sends it again: it is not acknowledged.
            self.lost += 1;
        }
        Ok(())
    }

    fn transmit(&mut self) -> io::Result<()> {
        let mut wrote = false;
        while let Some(unit) = self.queue.front().copied() {
            if !self.write(&unit)? {
                return Ok(());
            }
            self.queue.pop_front();
            self.sent = unit;
            wrote = true;
        }
        if self.sent.length == 0 {
            return Ok(());
        }
        let again = match self.mode {
            LinkMode::Mtp2 => !self.sent.is_repeated(),
            LinkMode::Hdlc | LinkMode::Raw => !wrote,
        };
        if again {
            let unit = if self.sent.is_repeated() {
                self.sent
            } else {
                self.sent.fisu()
            };
            if self.write(&unit)? {
                self.sent = unit;
            }
        }
        Ok(())
    }
}
