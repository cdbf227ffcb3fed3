//! Signalling link functions, level 2 (Q.703), one file per functional block of its Figure 7.
//!
//! Each block is a pure machine: an event goes in, the block and a list of actions come out.
//! [`Link`] joins the blocks the way the Recommendation's figures do, owns the timers and
//! paces the transmission at the bit rate of the line.

pub mod aerm;
pub mod congestion_control;
mod error_correction;
pub mod initial_alignment_control;
mod link;
pub mod link_state_control;
pub mod processor_outage;
pub mod reception_control;
mod signal_unit;
pub mod suerm;
mod timers;
pub mod transmission_control;

#[cfg(test)]
mod tests;

pub use error_correction::{ErrorCorrection, Thresholds};
pub use link::{CONGESTION_ABATEMENT, CONGESTION_ONSET, Link, Output, Request, Undelivered};
pub use signal_unit::{Header, LARGEST_MESSAGE, SignalUnit, Status};
pub use timers::{Timer, Timers};

use std::fmt;

/// State of link state control (Q.703 Figure 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Not powered.
    #[default]
    PowerOff,
    /// Sending SIOS.
    OutOfService,
    /// Alignment and proving, by initial alignment control.
    InitialAlignment,
    /// Proved; waiting for the far end's FISU or MSU.
    AlignedReady,
    /// Proved, with processor outage at this end.
    AlignedNotReady,
    /// Carries messages.
    InService,
    /// Processor outage at this end, the far end, or both.
    ProcessorOutage,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PowerOff => "power off",
            Self::OutOfService => "out of service",
            Self::InitialAlignment => "initial alignment",
            Self::AlignedReady => "aligned ready",
            Self::AlignedNotReady => "aligned not ready",
            Self::InService => "in service",
            Self::ProcessorOutage => "processor outage",
        })
    }
}

/// Why level 2 took the link out of service, or did not get it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureReason {
    /// Proving failed five times, or T2 or T3 ran out, or the far end went out of service.
    AlignmentNotPossible,
    /// The signal unit error rate monitor reached its threshold (Q.703 §10.2).
    ErrorRate,
    /// T1: the far end did not finish its proving.
    AlignedReadyTimeout,
    /// T6: the far end stayed congested.
    RemoteCongestion,
    /// T7: messages were not acknowledged.
    AcknowledgementDelay,
    /// Two of three backward sequence numbers were wrong (Q.703 §5.3.1).
    AbnormalBsn,
    /// Two of three forward indicator bits were wrong (Q.703 §5.3.2).
    AbnormalFib,
    /// SIOS arrived.
    ReceivedSios,
    /// SIO, SIN or SIE arrived: the far end aligns anew.
    ReceivedAlignment,
    /// Layer 1 lost the line.
    LineOutOfService,
    /// Level 3 stopped the link.
    Stopped,
}

impl fmt::Display for FailureReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlignmentNotPossible => "alignment not possible",
            Self::ErrorRate => "signal unit error rate too high",
            Self::AlignedReadyTimeout => "far end did not become ready (T1)",
            Self::RemoteCongestion => "far end congested for too long (T6)",
            Self::AcknowledgementDelay => "excessive delay of acknowledgement (T7)",
            Self::AbnormalBsn => "abnormal backward sequence numbers",
            Self::AbnormalFib => "abnormal forward indicator bits",
            Self::ReceivedSios => "far end went out of service (SIOS)",
            Self::ReceivedAlignment => "far end started alignment (SIO, SIN or SIE)",
            Self::LineOutOfService => "line out of service",
            Self::Stopped => "stopped by level 3",
        })
    }
}

/// What a link counted since it was powered on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// MSUs handed to the line, retransmissions included.
    pub messages_sent: u64,
    /// MSUs handed to the line again.
    pub messages_retransmitted: u64,
    /// MSUs accepted in sequence.
    pub messages_received: u64,
    /// Signal units received without error, filtered ones included.
    pub signal_units_good: u64,
    /// Signal units received in error, and octet counting intervals.
    pub signal_units_errored: u64,
    /// Signal units with a valid FCS whose length did not fit their length indicator.
    pub signal_units_malformed: u64,
    /// Negative acknowledgements sent.
    pub negative_acknowledgements: u64,
    /// MSUs sent before a long processor outage and given up after it (Q.704 §5.6.2).
    pub messages_discarded: u64,
    /// MSUs refused because the transmission buffer was full.
    pub messages_refused: u64,
}

/// What level 2 tells level 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indication {
    /// The link can carry messages.
    InService,
    /// The link cannot carry messages any more, or could not be brought to it.
    OutOfService(FailureReason),
    /// The far end cannot take messages; they are kept.
    RemoteProcessorOutage,
    /// The far end can again.
    RemoteProcessorRecovered,
}
