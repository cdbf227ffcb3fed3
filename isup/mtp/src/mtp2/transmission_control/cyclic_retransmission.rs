//! Preventive cyclic retransmission (Q.703 §6.3, §6.4): which message is sent next.
//!
//! New messages go first; without one the unacknowledged are sent again in turn. When one of the
//! thresholds is reached no new message is sent until the cycle has passed the last one. The line
//! repeats only FISUs and LSSUs by itself, so the retransmissions are paced like all messages.

use bytes::Bytes;

use super::TransmissionControl;
use crate::mtp2::ErrorCorrection;

/// Octets of a signal unit on the line beside SIO and SIF: flag, BSN, FSN, LI and check bits.
const OVERHEAD: usize = 6;

/// Where the cycle is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cycle {
    /// Index of the next unacknowledged message to send again.
    next: usize,
    /// Octets of all unacknowledged messages on the line.
    octets: usize,
    /// Forced retransmission: new messages wait until the last message was sent again.
    forced: bool,
}

impl Cycle {
    /// The oldest message was acknowledged.
    pub(super) fn acknowledged(&mut self, message: &Bytes) {
        self.next = self.next.saturating_sub(1);
        self.octets = self.octets.saturating_sub(message.len() + OVERHEAD);
    }
}

impl TransmissionControl {
    fn threshold_reached(&self, messages: usize) -> bool {
        match self.error_correction {
            ErrorCorrection::Basic => false,
            ErrorCorrection::Preventive(thresholds) => {
                thresholds.reached(messages, self.cycle.octets)
            }
        }
    }

    /// A new message is about to be sent.
    pub(super) fn enter_cycle(&mut self, message: &Bytes) {
        self.cycle.octets += message.len() + OVERHEAD;
        self.cycle.forced = self.threshold_reached(self.unacknowledged.len() + 1);
    }

    /// Index of the message to send again; none when a new one goes first.
    pub(super) fn next_of_cycle(&mut self) -> Option<usize> {
        let count = self.unacknowledged.len();
        if !self.cycle.forced && !self.waiting.is_empty() || count == 0 {
            return None;
        }
        let next = if self.cycle.next < count {
            self.cycle.next
        } else {
            0
        };
        self.cycle.next = next + 1;
        if self.cycle.next == count {
            self.cycle.next = 0;
            self.cycle.forced = self.threshold_reached(count);
        }
        Some(next)
    }
}
