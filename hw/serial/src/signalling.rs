//! Signal units in the room that frames have for them.
//!
//! A signal unit goes in pieces, each with two octets before it: bit 15 says that it is the first piece,
//! bit 14 that it is the last, the lower ones its length. The last FISU or LSSU goes again in every frame
//! that has room, as a line without frames repeats it (Q.703 §11.1.1 leaves that to the hardware): one
//! that got lost comes with the next frame.

use std::collections::VecDeque;
use std::io;

use tdm::SignallingIo;
use tdm::hdlc::{InvalidLength, MAX_REPEATED, MAX_SU, MIN_SU, Received};

const FIRST: u16 = 0x8000;
const LAST: u16 = 0x4000;
const LENGTH: u16 = 0x01ff;
const HEAD: usize = 2;

/// Signal units to and from the frames of a line.
#[derive(Debug)]
pub(crate) struct Signalling {
    /// Whole signal units to send, and how many octets of the first are gone.
    queue: VecDeque<Vec<u8>>,
    gone: usize,
    /// Buffers to use again.
    spare: Vec<Vec<u8>>,
    /// What is sent when there is nothing else.
    idle: Vec<u8>,
    /// What came of a signal unit so far; whether its beginning was there.
    pending: Vec<u8>,
    began: bool,
    /// The last FISU or LSSU that came.
    last: Vec<u8>,
    /// What came since it was taken, in order.
    arrived: VecDeque<Arrived>,
    arrived_spare: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Arrived {
    SignalUnit(Vec<u8>),
    Repeated,
    Errored,
}

/// What waits for a caller that takes nothing: as many frames as a second has.
const MOST_ARRIVED: usize = 100;

impl Signalling {
    pub(crate) fn new() -> Self {
        Self {
            queue: VecDeque::with_capacity(64),
            gone: 0,
            spare: Vec::with_capacity(64),
            idle: Vec::with_capacity(MAX_REPEATED),
            pending: Vec::with_capacity(MAX_SU),
            began: false,
            last: Vec::with_capacity(MAX_REPEATED),
            arrived: VecDeque::with_capacity(MOST_ARRIVED),
            arrived_spare: Vec::with_capacity(64),
        }
    }

    /// Fills the room of a frame.
    pub(crate) fn write(&mut self, room: usize, signalling: &mut Vec<u8>) {
        while let Some(unit) = self.queue.front() {
            let left = room.saturating_sub(signalling.len() + HEAD);
            let rest = unit.get(self.gone..).unwrap_or_default();
            let (now, later) = rest.split_at(left.min(rest.len()));
            if now.is_empty() {
                return;
            }
            let mut head = now.len() as u16;
            if self.gone == 0 {
                head |= FIRST;
            }
            if later.is_empty() {
                head |= LAST;
            }
            signalling.extend(head.to_be_bytes());
            signalling.extend(now);
            if !later.is_empty() {
                self.gone += now.len();
                return;
            }
            self.gone = 0;
            if let Some(unit) = self.queue.pop_front() {
                if unit.len() <= MAX_REPEATED {
                    self.idle.clear();
                    self.idle.extend_from_slice(&unit);
                }
                self.spare.push(unit);
            }
        }
        if !self.idle.is_empty() && signalling.len() + HEAD + self.idle.len() <= room {
            let head = FIRST | LAST | self.idle.len() as u16;
            signalling.extend(head.to_be_bytes());
            signalling.extend(&self.idle);
        }
    }

    /// Takes the signalling of a frame that arrived.
    pub(crate) fn read(&mut self, mut signalling: &[u8]) {
        while let Some((head, rest)) = signalling.split_first_chunk::<HEAD>() {
            let head = u16::from_be_bytes(*head);
            let length = usize::from(head & LENGTH);
            let Some((piece, rest)) = rest.split_at_checked(length) else {
                return self.broken();
            };
            signalling = rest;
            if head & FIRST != 0 {
                if self.began {
                    self.broken();
                }
                self.began = true;
                self.pending.clear();
            }
            if !self.began {
                continue;
            }
            if self.pending.len() + piece.len() > MAX_SU {
                self.broken();
                continue;
            }
            self.pending.extend_from_slice(piece);
            if head & LAST != 0 {
                self.complete();
            }
        }
    }

    fn complete(&mut self) {
        self.began = false;
        if self.pending.len() < MIN_SU {
            return self.arrive(Arrived::Errored);
        }
        if self.pending.len() <= MAX_REPEATED {
            if self.pending == self.last {
                return self.arrive(Arrived::Repeated);
            }
            self.last.clear();
            self.last.extend_from_slice(&self.pending);
        } else {
            self.last.clear();
        }
        let mut unit = self.arrived_spare.pop().unwrap_or_default();
        unit.clear();
        unit.extend_from_slice(&self.pending);
        self.arrive(Arrived::SignalUnit(unit));
    }

    /// Frames did not come: what was on its way with them is broken.
    pub(crate) fn missed(&mut self) {
        self.arrive(Arrived::Errored);
        self.began = false;
    }

    fn broken(&mut self) {
        self.began = false;
        self.arrive(Arrived::Errored);
    }

    fn arrive(&mut self, arrived: Arrived) {
        if self.arrived.len() < MOST_ARRIVED {
            self.arrived.push_back(arrived);
        }
    }
}

impl SignallingIo for Signalling {
    fn receive(&mut self, sink: &mut dyn FnMut(Received<'_>)) -> io::Result<()> {
        while let Some(arrived) = self.arrived.pop_front() {
            match arrived {
                Arrived::SignalUnit(unit) => {
                    sink(Received::SignalUnit(&unit));
                    self.arrived_spare.push(unit);
                }
                Arrived::Repeated => sink(Received::Repeated),
                Arrived::Errored => sink(Received::Errored),
            }
        }
        Ok(())
    }

    fn queue(&mut self, su: &[u8]) -> Result<(), InvalidLength> {
        if !(MIN_SU..=MAX_SU).contains(&su.len()) {
            return Err(InvalidLength(su.len()));
        }
        let mut unit = self.spare.pop().unwrap_or_default();
        unit.clear();
        unit.extend_from_slice(su);
        self.queue.push_back(unit);
        Ok(())
    }

    fn transmit(&mut self) -> io::Result<()> {
        Ok(())
    }
}
