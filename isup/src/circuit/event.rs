//! What goes into a circuit and what comes out of it.

use core::fmt;

use crate::{
    Cause, CircuitState,
    circuit::{CircuitStatus, Timer},
    message::{Message, MessageType},
};

/// What call control and maintenance ask of a circuit.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Seize the idle circuit for an outgoing call and send this IAM (Q.764 §2.1.1).
    Setup(Message),
    /// Send this message of the call: SAM, COT, ACM, CPG, ANM, CON, SUS, RES, FOT, USR, FAC and
    /// all others that are no IAM, REL, RLC and do not supervise circuits.
    Send(Message),
    /// Send this REL; the circuit sees it through to RLC, by a reset when it must (Q.764 §2.3,
    /// §2.9.6), and says [`Indication::Idle`] at the end.
    Release(Message),
    /// The result of the check that [`Indication::Check`] asked for: the tone came back within its
    /// limits, or not (Q.764 §2.1.8). Without one, T24 decides: the check has failed.
    Checked(bool),
    /// Maintenance takes the circuit out of service for new calls: BLO (Q.764 §2.8.2).
    Block,
    /// Maintenance gives it back: UBL (Q.764 §2.8.2).
    Unblock,
    /// Maintenance resets it, call or no call: RSC (Q.764 §2.9.3.1).
    Reset,
    /// Maintenance has the idle circuit checked for continuity: CCR (Q.764 §2.1.8). The result is
    /// told by [`CircuitAlert`]; a circuit that fails is checked again until it is good, or reset.
    Check,
}

/// What a circuit tells call control.
///
/// Between a Setup, requested or indicated, and [`Indication::Idle`] the circuit belongs to one
/// call, and each Setup is followed by exactly one Idle. The one exception:
/// [`Indication::Repeat`] with [`RepeatReason::DualSeizure`] parts the outgoing call from the
/// circuit at once; the Setup that follows it is the incoming call that won, and the Idle to come
/// is the end of that one.
#[derive(Clone, Debug, PartialEq)]
pub enum Indication {
    /// An IAM arrived and the call may be routed: any continuity check has succeeded.
    Setup(Message),
    /// Another message of the call arrived, in its order.
    Received(Message),
    /// REL arrived: the call is over and RLC has been sent (Q.764 §2.3). No release is requested
    /// in answer.
    Released(Message),
    /// The call ended here without a REL from the far end. The circuit looks after itself: no
    /// release is requested in answer, Idle will follow.
    Failed {
        /// What to tell the other side of the call.
        cause: Cause,
        /// What happened.
        reason: Failure,
    },
    /// The outgoing call must be tried again on another circuit (Q.764 §2.8.1). This circuit looks
    /// after itself.
    Repeat {
        /// What happened.
        reason: RepeatReason,
    },
    /// The circuit's part in the call has ended; it may be used for another call.
    Idle,
    /// What maintenance sees of the circuit has changed.
    State(CircuitStatus),
    /// Send the check tone on this circuit and say with [`Request::Checked`] whether it comes back;
    /// or stop it (Q.764 §2.1.8). The first check belongs to the call that asked for it in its
    /// IAM; a repeated one, after [`RepeatReason::ContinuityFailed`], to no call.
    Check(bool),
    /// Join the two directions of the circuit for the far end's check tone, or part them again
    /// (Q.764 §2.1.8). No call is there yet.
    Loop(bool),
}

/// Why a call ended here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Failure {
    /// A timer of the call ended: T2, T6, T7, T9, T33 or T38.
    Expired(Timer),
    /// The far end reset the circuit: RSC (Q.764 §2.9.3.1).
    Reset,
    /// The far end reset the group of circuits: GRS (Q.764 §2.9.3.2).
    GroupReset,
    /// Maintenance here reset the circuit.
    LocalReset,
    /// The far end blocked the circuit for a failure of its hardware (Q.764 §2.8.2.2).
    RemoteHardware,
    /// The line of the circuit failed here (Q.764 §2.9.2).
    LocalHardware,
    /// The far end cannot be reached and the call was not answered yet (Q.764 §2.14).
    MtpPause,
    /// The far end is overloaded and has ignored the IAM: OLM (Q.764 §2.9.9).
    Overload,
    /// A message that makes no sense in the state of the call (Q.764 §2.9.5.1).
    Unexpected(MessageType),
    /// A message that the far end wants understood or the call released (Q.764 §2.9.5.3).
    Unrecognized(MessageType),
}

/// Why an outgoing call must be tried again on another circuit (Q.764 §2.8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RepeatReason {
    /// The far end seized the circuit at the same time and controls it (Q.764 §2.9.1.4).
    DualSeizure,
    /// BLO, or CGB for maintenance, came before any backward message (Q.764 §2.8.2.1).
    Blocked,
    /// CGB for a hardware failure came before any backward message (Q.764 §2.8.2.2).
    Hardware,
    /// RSC or GRS came before any backward message (Q.764 §2.9.3).
    Reset,
    /// A message came that makes no sense before a backward one (Q.764 §2.9.5.1).
    Unexpected(MessageType),
    /// REL with cause 44: the far end has no such circuit to give.
    NotAvailable,
    /// UCIC: the far end has not equipped the circuit (Q.764 §2.12).
    Unequipped,
    /// The check tone did not come back; the circuit is checked again by itself (Q.764 §2.1.8).
    ContinuityFailed,
}

/// What a circuit steps on.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// From call control or maintenance.
    Request(Request),
    /// From the far end, for this circuit.
    Message(Message),
    /// A timer that this circuit started has ended.
    Expired(Timer),
    /// GRS from the far end names this circuit; the group answers GRA (Q.764 §2.9.3.2).
    GroupReset,
    /// GRS has been sent for this circuit; the group runs T22 and T23.
    GroupResetSent,
    /// GRA came; its status bit for this circuit: blocked for maintenance at the far end.
    GroupResetAcknowledged {
        /// The status bit.
        blocked: bool,
    },
    /// CQR came, with what the far end believes of this circuit (Q.764 §2.8.3).
    Queried {
        /// The far end's view.
        far_end: CircuitState,
        /// Call and blocking here are what they were when CQM was sent.
        settled: bool,
    },
    /// CGB or CGU from the far end names this circuit; the group answers.
    GroupBlocked {
        /// Maintenance or hardware.
        kind: Blocking,
        /// CGB or CGU.
        on: bool,
    },
    /// This end sends CGB or CGU for this circuit; the group runs the timers.
    GroupBlock {
        /// Maintenance or hardware.
        kind: Blocking,
        /// CGB or CGU.
        on: bool,
    },
    /// The far end cannot be reached any more (MTP-PAUSE).
    Pause,
    /// It can be reached again (MTP-RESUME): what waits for an answer is asked again.
    Resume,
}

/// The two reasons for blocking, kept apart (Q.763 §3.13, Q.764 §2.8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Blocking {
    /// No new calls; those that talk go on.
    Maintenance,
    /// The line is broken: calls end.
    Hardware,
}

/// What a circuit wants done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Send to the far end on this circuit.
    Send(Message),
    /// Tell call control.
    Indicate(Indication),
    /// Start the timer, from its full value when it runs already.
    Start(Timer),
    /// Stop the timer.
    Stop(Timer),
    /// Send CGB for a hardware failure once more, for this circuit, or CGU when there is none: the
    /// far end believes otherwise.
    RepeatGroupBlocking,
    /// Tell the people of maintenance.
    Alert(CircuitAlert),
}

/// What a circuit tells the people of maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CircuitAlert {
    /// The far end does not answer: T5, T13, T15, T17, T33, T34 or T39 has ended.
    NoAnswer(Timer),
    /// The far end says that it has not equipped the circuit (Q.764 §2.12).
    UnequippedAtFarEnd,
    /// The far end did not understand (CFN, Q.764 §2.9.5).
    Confusion,
    /// A message was discarded because it makes no sense here (Q.764 §2.9.5.1).
    Discarded(MessageType),
    /// Both ends seized the circuit at once (Q.764 §2.9.1). Many of them: look at the hunting
    /// order and the point codes of both ends.
    DualSeizure {
        /// The call of this end was kept.
        won: bool,
    },
    /// A continuity check failed (Q.764 §2.1.8).
    ContinuityFailed,
    /// A continuity check without a call, by this end, has succeeded (Q.764 §2.1.8).
    ContinuityGood,
}

impl fmt::Display for CircuitAlert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer(timer) => write!(f, "{timer} ended, no {}", timer.awaits()),
            Self::UnequippedAtFarEnd => f.write_str("not equipped at the far end (UCIC)"),
            Self::Confusion => f.write_str("the far end did not understand a message (CFN)"),
            Self::Discarded(message) => write!(f, "unexpected {message}, discarded"),
            Self::DualSeizure { won: true } => f.write_str("dual seizure, kept the outgoing call"),
            Self::DualSeizure { won: false } => f.write_str("dual seizure, took the incoming call"),
            Self::ContinuityFailed => f.write_str("continuity check failed"),
            Self::ContinuityGood => f.write_str("continuity check succeeded"),
        }
    }
}
