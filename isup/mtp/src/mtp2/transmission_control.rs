//! Transmission control (Q.703 Figures 13 and 15): basic error correction (§5) here, preventive
//! cyclic retransmission (§6) in `cyclic_retransmission`.

mod cyclic_retransmission;

use std::collections::VecDeque;

use bytes::Bytes;

use super::{ErrorCorrection, FailureReason, Header, Status, Timer};
use cyclic_retransmission::Cycle;

/// Messages that may be unacknowledged (Q.703 §5.2.1: the sequence numbers are modulo 128).
pub const LARGEST_WINDOW: usize = 127;

/// What is sent from now on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Send {
    /// This LSSU.
    Lssu(Status),
    /// FISUs only.
    Fisu,
    /// Messages, and FISUs when there is none.
    Msu,
}

/// Backward sequence numbers that make sense: the last acknowledged message to the last sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// FSNF - 1.
    pub acknowledged: u8,
    /// FSNT.
    pub sent: u8,
}

impl Window {
    /// Whether a BSN lies in it.
    pub const fn contains(self, bsn: u8) -> bool {
        distance(self.acknowledged, bsn) <= distance(self.acknowledged, self.sent)
    }
}

/// How far `to` is ahead of `from`, modulo 128.
const fn distance(from: u8, to: u8) -> u8 {
    to.wrapping_sub(from) & 0x7F
}

/// What transmission control reacts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Begin anew with empty buffers.
    Start,
    /// Send this from now on.
    Send(Send),
    /// Send one SIB.
    SendSib,
    /// Level 3 has a message: SIO and SIF.
    Message(Bytes),
    /// BSN and BIB arrived.
    Backward {
        /// BSNR.
        bsn: u8,
        /// BIBR.
        bib: bool,
    },
    /// Acknowledge up to this number.
    Acknowledge {
        /// BSN to send.
        bsn: u8,
    },
    /// Ask for retransmission.
    NegativeAcknowledge {
        /// BIB to send.
        bib: bool,
    },
    /// SIB arrived.
    SibReceived,
    /// The line takes a signal unit.
    TransmissionRequest {
        /// Whether it takes a message; if not, only what must end a burst is sent: the line
        /// repeats the last FISU or LSSU, and an outdated one would ask for retransmissions.
        room: bool,
    },
    /// Level 3 has taken all messages (or gives them up): empty the buffers.
    Flush,
    /// Level 3 gives up what was sent before a long processor outage: whatever the next BSN does
    /// not acknowledge is forgotten, and its numbers are used again.
    FlushUnacknowledged,
    /// Level 3 has taken the waiting messages: empty the transmission buffer.
    FlushWaiting,
    /// T6 ran out.
    T6Expired,
    /// T7 ran out.
    T7Expired,
}

/// What it asks of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// To the line.
    Transmit {
        /// The signal unit.
        unit: Bytes,
        /// A message.
        message: bool,
        /// A message that was sent before.
        again: bool,
    },
    /// Start, or start again, a timer.
    Start(Timer),
    /// Stop a timer.
    Stop(Timer),
    /// So many unacknowledged messages are given up.
    Discarded(usize),
    /// To link state control.
    LinkFailure(FailureReason),
}

/// Transmission control.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransmissionControl {
    error_correction: ErrorCorrection,
    send: Send,
    sib_due: bool,
    /// Transmission buffer, TB.
    waiting: VecDeque<Bytes>,
    /// Retransmission buffer, RTB; the last one has number `sent`.
    unacknowledged: VecDeque<Bytes>,
    /// Basic method: index in `unacknowledged` of the next message to send again.
    retransmission: Option<usize>,
    /// Preventive method: where the cycle of retransmissions is.
    cycle: Cycle,
    /// FSNT.
    sent: u8,
    fib: bool,
    bsn: u8,
    bib: bool,
    remote_congestion: bool,
    /// Unacknowledged messages are to be given up; no message is sent before the next BSN.
    flushing: bool,
    /// T7 runs.
    supervised: bool,
    /// The unit that the line repeats; none after a message.
    repeated: Option<(Header, Option<Status>)>,
}

impl Default for TransmissionControl {
    fn default() -> Self {
        Self {
            error_correction: ErrorCorrection::Basic,
            send: Send::Lssu(Status::Sios),
            sib_due: false,
            waiting: VecDeque::new(),
            unacknowledged: VecDeque::new(),
            retransmission: None,
            cycle: Cycle::default(),
            sent: 127,
            fib: true,
            bsn: 127,
            bib: true,
            remote_congestion: false,
            flushing: false,
            supervised: false,
            repeated: None,
        }
    }
}

impl TransmissionControl {
    /// Transmission control by a method of error correction.
    pub fn new(error_correction: ErrorCorrection) -> Self {
        Self {
            error_correction,
            ..Self::default()
        }
    }

    /// What a BSN may acknowledge.
    pub fn window(&self) -> Window {
        Window {
            acknowledged: self.number_before(0),
            sent: self.sent,
        }
    }

    /// Messages not yet acknowledged, waiting ones included.
    pub fn backlog(&self) -> usize {
        self.waiting.len() + self.unacknowledged.len()
    }

    /// Messages waiting for their first transmission.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Unacknowledged messages and those waiting, oldest first, for retrieval (Q.704 §5.7).
    pub fn buffers(&self) -> (&VecDeque<Bytes>, &VecDeque<Bytes>) {
        (&self.unacknowledged, &self.waiting)
    }

    /// Whether the unacknowledged messages are to be given up.
    pub const fn flushing(&self) -> bool {
        self.flushing
    }

    /// Whether a transmission request with room would send something.
    pub fn wants_line(&self) -> bool {
        self.sib_due || self.message_ready() || self.repeated != Some(self.filling())
    }

    fn message_ready(&self) -> bool {
        self.send == Send::Msu
            && !self.flushing
            && match self.error_correction {
                ErrorCorrection::Basic => {
                    self.retransmission.is_some()
                        || !self.waiting.is_empty() && self.unacknowledged.len() < LARGEST_WINDOW
                }
                ErrorCorrection::Preventive(_) => self.backlog() > 0,
            }
    }

    /// The number before that of `unacknowledged[index]`.
    fn number_before(&self, index: usize) -> u8 {
        let after = self.unacknowledged.len().saturating_sub(index);
        self.sent.wrapping_sub(after as u8) & 0x7F
    }

    /// Header of a unit that is no new message. While messages are sent again its FSN is that of
    /// the last one sent again, or the far end would miss those still to come.
    fn header(&self) -> Header {
        let fsn = self
            .retransmission
            .map_or(self.sent, |next| self.number_before(next));
        Header {
            bsn: self.bsn,
            bib: self.bib,
            fsn,
            fib: self.fib,
        }
    }

    fn filling(&self) -> (Header, Option<Status>) {
        let status = match self.send {
            Send::Lssu(status) => Some(status),
            Send::Fisu | Send::Msu => None,
        };
        (self.header(), status)
    }

    /// One row of Figure 13.
    pub fn step(mut self, event: Event) -> (Self, Vec<Action>) {
        let mut actions = vec![];
        match event {
            Event::Start => {
                if self.supervised {
                    actions.push(Action::Stop(Timer::T7));
                }
                if self.remote_congestion {
                    actions.push(Action::Stop(Timer::T6));
                }
                self = Self {
                    error_correction: self.error_correction,
                    repeated: self.repeated,
                    ..Self::default()
                };
            }
            Event::Send(send) => {
                self.send = send;
                if send == Send::Msu {
                    self.supervise(&mut actions);
                } else {
                    self.unsupervise(&mut actions);
                    self.congestion_over(&mut actions);
                }
            }
            Event::SendSib => self.sib_due = self.send == Send::Msu,
            Event::Message(message) => self.waiting.push_back(message),
            Event::Acknowledge { bsn } => self.bsn = bsn,
            Event::NegativeAcknowledge { bib } => self.bib = bib,
            Event::Backward { bsn, bib } => self.backward(bsn, bib, &mut actions),
            Event::SibReceived => {
                if !self.remote_congestion {
                    self.remote_congestion = true;
                    actions.push(Action::Start(Timer::T6));
                }
                if self.supervised {
                    actions.push(Action::Start(Timer::T7));
                }
            }
            Event::Flush => {
                self.unsupervise(&mut actions);
                self.waiting.clear();
                self.unacknowledged.clear();
                self.retransmission = None;
                self.cycle = Cycle::default();
                self.flushing = false;
            }
            Event::FlushUnacknowledged => self.flushing = !self.unacknowledged.is_empty(),
            Event::FlushWaiting => self.waiting.clear(),
            Event::T6Expired => {
                self.remote_congestion = false;
                actions.push(Action::LinkFailure(FailureReason::RemoteCongestion));
            }
            Event::T7Expired => {
                self.supervised = false;
                actions.push(Action::LinkFailure(FailureReason::AcknowledgementDelay));
            }
            Event::TransmissionRequest { room } => self.transmit(room, &mut actions),
        }
        (self, actions)
    }

    fn backward(&mut self, bsn: u8, bib: bool, actions: &mut Vec<Action>) {
        let window = self.window();
        if !window.contains(bsn) {
            return;
        }
        let acknowledged = usize::from(distance(window.acknowledged, bsn));
        if self.flushing {
            self.give_up(acknowledged, bsn, bib, actions);
            return;
        }
        if acknowledged > 0 {
            self.congestion_over(actions);
            for message in self
                .unacknowledged
                .drain(..acknowledged.min(self.unacknowledged.len()))
            {
                self.cycle.acknowledged(&message);
            }
            if self.unacknowledged.is_empty() {
                self.cycle = Cycle::default();
            }
            self.retransmission = self
                .retransmission
                .map(|next| next.saturating_sub(acknowledged))
                .filter(|&next| next < self.unacknowledged.len());
            self.unsupervise(actions);
            self.supervise(actions);
        }
        if self.error_correction == ErrorCorrection::Basic && bib != self.fib {
            self.fib = bib;
            self.congestion_over(actions);
            self.retransmission = (!self.unacknowledged.is_empty()).then_some(0);
        }
    }

    /// The far end accepted nothing beyond `bsn` and, as no message was sent for the time of T1,
    /// nothing more is under way: numbering goes on from there.
    fn give_up(&mut self, acknowledged: usize, bsn: u8, bib: bool, actions: &mut Vec<Action>) {
        self.flushing = false;
        self.unsupervise(actions);
        self.congestion_over(actions);
        let count = self.unacknowledged.len().saturating_sub(acknowledged);
        self.unacknowledged.clear();
        self.retransmission = None;
        self.cycle = Cycle::default();
        self.sent = bsn;
        if self.error_correction == ErrorCorrection::Basic {
            self.fib = bib;
        }
        if count > 0 {
            actions.push(Action::Discarded(count));
        }
    }

    /// Starts T7 when messages are unacknowledged.
    fn supervise(&mut self, actions: &mut Vec<Action>) {
        if !self.supervised && !self.unacknowledged.is_empty() {
            self.supervised = true;
            actions.push(Action::Start(Timer::T7));
        }
    }

    fn unsupervise(&mut self, actions: &mut Vec<Action>) {
        if self.supervised {
            self.supervised = false;
            actions.push(Action::Stop(Timer::T7));
        }
    }

    /// An acknowledgement, positive or negative, ends the far end's congestion (Q.703 §9.3).
    fn congestion_over(&mut self, actions: &mut Vec<Action>) {
        if self.remote_congestion {
            self.remote_congestion = false;
            actions.push(Action::Stop(Timer::T6));
        }
    }

    fn transmit(&mut self, room: bool, actions: &mut Vec<Action>) {
        if self.sib_due {
            self.sib_due = false;
            let header = self.header();
            self.repeated = Some((header, Some(Status::Sib)));
            actions.push(fill(header.lssu(Status::Sib)));
            return;
        }
        if room && self.message_ready() {
            self.transmit_message(actions);
            return;
        }
        let filling = self.filling();
        let closes = self.repeated.is_none_or(|(_, status)| status != filling.1);
        if self.repeated != Some(filling) && (room || closes) {
            self.repeated = Some(filling);
            let (header, status) = filling;
            actions.push(fill(match status {
                Some(status) => header.lssu(status),
                None => header.fisu(),
            }));
        }
    }

    fn transmit_message(&mut self, actions: &mut Vec<Action>) {
        let repetition = match self.error_correction {
            ErrorCorrection::Basic => self.retransmission,
            ErrorCorrection::Preventive(_) => self.next_of_cycle(),
        };
        let again = repetition.is_some();
        let next = match repetition {
            Some(next) => next,
            None => {
                let Some(message) = self.waiting.pop_front() else {
                    return;
                };
                self.enter_cycle(&message);
                self.unacknowledged.push_back(message);
                self.sent = self.sent.wrapping_add(1) & 0x7F;
                self.unacknowledged.len() - 1
            }
        };
        let Some(message) = self.unacknowledged.get(next) else {
            self.retransmission = None;
            return;
        };
        let fsn = self.number_before(next).wrapping_add(1) & 0x7F;
        let unit = Header {
            fsn,
            ..self.header()
        }
        .msu(message);
        if self.retransmission.is_some() {
            self.retransmission = Some(next + 1).filter(|&next| next < self.unacknowledged.len());
        }
        self.repeated = None;
        actions.push(Action::Transmit {
            unit,
            message: true,
            again,
        });
        self.supervise(actions);
    }
}

const fn fill(unit: Bytes) -> Action {
    Action::Transmit {
        unit,
        message: false,
        again: false,
    }
}
