//! What a node gives out.

use core::{fmt, time::Duration};

use mtp::{PointCode, Transfer};

use super::Congestion;
use crate::{
    Cic, CircuitId,
    circuit::{CircuitAlert, Indication, Timer},
    message::MessageType,
};

/// What the owner of a node takes from it with [`super::Node::poll_output`], in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Give this to the MTP.
    Transfer(Transfer),
    /// Tell the call that uses the circuit.
    Indication(CircuitId, Indication),
    /// A timer changed: for ladders and traces. Timers of a group carry its first circuit.
    Timer(CircuitId, Timer, TimerEvent),
    /// Tell the people of maintenance.
    Alert(Alert),
}

/// What happened to a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerEvent {
    /// It runs from now for this long; it may have run already.
    Started(Duration),
    /// It was stopped before its end.
    Stopped,
    /// It ended.
    Expired,
}

/// What the people of maintenance should know. `Display` is a sentence for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alert {
    /// Of one circuit.
    Circuit(CircuitId, CircuitAlert),
    /// The far end does not answer a message for a group of circuits: T19, T21, T23 or T28 has ended.
    NoGroupAnswer {
        /// First circuit of the group.
        circuit: CircuitId,
        /// The message without an answer.
        message: MessageType,
        /// The timer that ended.
        timer: Timer,
    },
    /// An acknowledgement for a group of circuits does not fit what was sent (Q.764 §2.8.2.3).
    Acknowledgement {
        /// Who sent it.
        from: PointCode,
        /// The acknowledgement.
        message: MessageType,
        /// First code of its range.
        cic: Cic,
    },
    /// A message came for a code that is not configured (Q.764 §2.12).
    Unequipped {
        /// Who sent it.
        from: PointCode,
        /// The message.
        message: MessageType,
        /// The code in it.
        cic: Cic,
    },
    /// A message came from an exchange to which no circuits are configured, or for another one.
    UnknownPointCode {
        /// Who sent it.
        opc: PointCode,
        /// To whom it was sent.
        dpc: PointCode,
    },
    /// Octets that are no message (Q.764 §2.9.5).
    Undecodable {
        /// Who sent them.
        from: PointCode,
        /// What is wrong with them.
        error: String,
    },
    /// The user part at the far end does not answer (Q.764 §2.13).
    UserPartUnavailable(PointCode),
    /// It does again.
    UserPartAvailable(PointCode),
    /// More, or less, of the traffic to the far end is held back (Q.764 §2.10.2, §2.11).
    Congestion(PointCode, Congestion),
}

impl fmt::Display for Alert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Circuit(circuit, alert) => write!(f, "circuit {circuit}: {alert}"),
            Self::NoGroupAnswer {
                circuit,
                message,
                timer,
            } => write!(
                f,
                "circuits from {circuit}: {timer} ended, no {} for {message}",
                timer.awaits()
            ),
            Self::Acknowledgement { from, message, cic } => {
                write!(
                    f,
                    "{message} from {from} for CIC {cic} fits nothing that was sent"
                )
            }
            Self::Unequipped { from, message, cic } => {
                write!(
                    f,
                    "{message} from {from} for CIC {cic}, which is not configured"
                )
            }
            Self::UnknownPointCode { opc, dpc } => {
                write!(
                    f,
                    "message from {opc} to {dpc}: no circuits configured between them"
                )
            }
            Self::Undecodable { from, error } => {
                write!(f, "message from {from} discarded: {error}")
            }
            Self::UserPartUnavailable(dpc) => write!(f, "ISUP at {dpc} does not answer"),
            Self::UserPartAvailable(dpc) => write!(f, "ISUP at {dpc} answers again"),
            Self::Congestion(dpc, Congestion { step: 0, .. }) => {
                write!(f, "{dpc} is no longer congested: all new calls go there")
            }
            Self::Congestion(dpc, congestion) => write!(f, "{dpc} is congested: {congestion}"),
        }
    }
}
