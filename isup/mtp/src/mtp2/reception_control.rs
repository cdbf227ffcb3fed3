//! Reception control: sequence of received messages, by the basic method (Q.703 §5.2, §5.3,
//! Figure 14) and by the preventive one (§6.2, §6.3, Figure 16).
//!
//! The preventive method has no negative acknowledgement: what is not next is dropped, for the far
//! end sends it again unasked, and the indicator bits stay 1.

use std::fmt;

use bytes::Bytes;

use super::transmission_control::Window;
use super::{ErrorCorrection, FailureReason, Header, SignalUnit, Status};

/// Orders of link state control and congestion control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Begin anew: all numbers and indicators as at first.
    Start,
    /// Take no more signal units; the number of the last accepted message is kept.
    Stop,
    /// FISUs and MSUs count.
    AcceptMsuFisu,
    /// FISUs and MSUs are only reported to link state control.
    RejectMsuFisu,
    /// MSUs are discarded and nothing is acknowledged.
    CongestionDiscard,
    /// Congestion is over.
    NoCongestion,
}

/// What reception control reacts to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An order.
    Order(Order),
    /// A signal unit arrived without error; `window` is what transmission control awaits.
    SignalUnit(SignalUnit, Window),
}

/// What it tells the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// To link state control and initial alignment control.
    Received(Status),
    /// To transmission control: SIB arrived.
    SibReceived,
    /// To link state control.
    FisuMsuReceived,
    /// To transmission control: BSN and BIB that arrived.
    Backward {
        /// BSNR.
        bsn: u8,
        /// BIBR.
        bib: bool,
    },
    /// To transmission control: acknowledge up to this number from now on.
    Acknowledge {
        /// BSN to send.
        bsn: u8,
    },
    /// To transmission control: ask for retransmission by this BIB.
    NegativeAcknowledge {
        /// BIB to send.
        bib: bool,
    },
    /// To level 3, in sequence.
    Deliver(Bytes),
    /// To link state control.
    LinkFailure(FailureReason),
}

/// The last three receptions; two abnormal ones among them fail the link (Q.703 §5.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct TwoOfThree(u8);

impl TwoOfThree {
    /// Notes a reception and says whether the link is to fail.
    const fn note(&mut self, abnormal: bool) -> bool {
        self.0 = (self.0 << 1 | abnormal as u8) & 0b111;
        abnormal && self.0.count_ones() >= 2
    }
}

/// Reception control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceptionControl {
    /// Preventive rather than basic error correction.
    preventive: bool,
    /// Signal units are taken.
    in_service: bool,
    /// FISUs and MSUs count.
    accept: bool,
    /// Discarding because of congestion.
    congested: bool,
    /// FSNX: the forward sequence number expected next.
    expected: u8,
    /// BIB sent, which the far end's FIB follows.
    bib: bool,
    /// RTR: a negative acknowledgement is out and the retransmission has not begun.
    retransmission_awaited: bool,
    abnormal_bsn: TwoOfThree,
    abnormal_fib: TwoOfThree,
}

impl Default for ReceptionControl {
    fn default() -> Self {
        Self {
            preventive: false,
            in_service: false,
            accept: false,
            congested: false,
            expected: 0,
            bib: true,
            retransmission_awaited: false,
            abnormal_bsn: TwoOfThree::default(),
            abnormal_fib: TwoOfThree::default(),
        }
    }
}

impl fmt::Display for ReceptionControl {
    /// One line for tables and logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.in_service {
            return write!(f, "stopped, {} accepted last", self.last_accepted());
        }
        write!(f, "expects {}, BIB {}", self.expected, u8::from(self.bib))?;
        for (on, what) in [
            (!self.accept, "FISU and MSU rejected"),
            (self.congested, "congested"),
            (self.retransmission_awaited, "retransmission awaited"),
        ] {
            if on {
                write!(f, ", {what}")?;
            }
        }
        for (history, what) in [(self.abnormal_bsn, "BSN"), (self.abnormal_fib, "FIB")] {
            if history != TwoOfThree::default() {
                write!(
                    f,
                    ", abnormal {what} among the last three {:03b}",
                    history.0
                )?;
            }
        }
        Ok(())
    }
}

impl ReceptionControl {
    /// Reception control by a method of error correction, stopped.
    pub fn new(error_correction: ErrorCorrection) -> Self {
        Self {
            preventive: error_correction != ErrorCorrection::Basic,
            ..Self::default()
        }
    }

    /// The number of the last message accepted, BSNT.
    pub const fn last_accepted(&self) -> u8 {
        self.expected.wrapping_sub(1) & 0x7F
    }

    /// One row of Figure 14.
    pub fn step(mut self, event: Event) -> (Self, Vec<Action>) {
        let actions = match event {
            Event::Order(order) => {
                match order {
                    Order::Start => {
                        self = Self {
                            preventive: self.preventive,
                            in_service: true,
                            ..Self::default()
                        }
                    }
                    Order::Stop => self.in_service = false,
                    Order::AcceptMsuFisu => self.accept = true,
                    Order::RejectMsuFisu => self.accept = false,
                    Order::CongestionDiscard => self.congested = true,
                    Order::NoCongestion => self.congested = false,
                }
                vec![]
            }
            Event::SignalUnit(..) if !self.in_service => vec![],
            Event::SignalUnit(SignalUnit::Lssu(_, Status::Sib), _) => vec![Action::SibReceived],
            Event::SignalUnit(SignalUnit::Lssu(_, status), _) => vec![Action::Received(status)],
            Event::SignalUnit(SignalUnit::Fisu(header), window) => {
                self.fisu_or_msu(header, None, window)
            }
            Event::SignalUnit(SignalUnit::Msu(header, message), window) => {
                self.fisu_or_msu(header, Some(message), window)
            }
        };
        (self, actions)
    }

    fn fisu_or_msu(
        &mut self,
        header: Header,
        message: Option<Bytes>,
        window: Window,
    ) -> Vec<Action> {
        if !self.accept {
            return vec![Action::FisuMsuReceived];
        }
        let abnormal = !window.contains(header.bsn);
        if self.abnormal_bsn.note(abnormal) {
            return vec![Action::LinkFailure(FailureReason::AbnormalBsn)];
        }
        if abnormal {
            return vec![];
        }
        let turned = !self.preventive && header.fib != self.bib;
        let abnormal = turned && !self.retransmission_awaited;
        if self.abnormal_fib.note(abnormal) {
            return vec![Action::LinkFailure(FailureReason::AbnormalFib)];
        }
        if abnormal {
            return vec![];
        }
        let mut actions = vec![
            Action::FisuMsuReceived,
            Action::Backward {
                bsn: header.bsn,
                bib: header.bib,
            },
        ];
        if turned || self.congested {
            return actions;
        }
        self.retransmission_awaited = false;
        match message {
            Some(message) if header.fsn == self.expected => {
                self.expected = self.expected.wrapping_add(1) & 0x7F;
                actions.push(Action::Acknowledge { bsn: header.fsn });
                actions.push(Action::Deliver(message));
            }
            // The last message again, or a FISU that says nothing is missing.
            _ if self.preventive || header.fsn == self.last_accepted() => {}
            _ => {
                self.bib = !self.bib;
                self.retransmission_awaited = true;
                actions.push(Action::NegativeAcknowledge { bib: self.bib });
            }
        }
        actions
    }
}
