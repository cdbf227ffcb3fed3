//! The border between the MTP and its users (Q.701 §8): MTP-TRANSFER, MTP-PAUSE, MTP-RESUME,
//! MTP-STATUS; and between the MTP and its lines.

use bytes::Bytes;

use crate::{LinkChange, LinkId, PointCode, Sls};

/// MTP-TRANSFER, request and indication (Q.701 Table 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Service indicator of the user part, 0 to 15; 5 is ISUP.
    pub si: u8,
    /// Originating point code.
    pub opc: PointCode,
    /// Destination point code.
    pub dpc: PointCode,
    /// Signalling link selection: messages with one value stay in sequence.
    pub sls: Sls,
    /// What follows the routing label, for ISUP from the circuit identification code on;
    /// at most [`Transfer::LARGEST`] octets.
    pub sif: Bytes,
}

impl Transfer {
    /// Octets that fit after the ITU routing label: a signalling information field holds 272
    /// octets (Q.703 §2.3.8). An ANSI label takes three more.
    pub const LARGEST: usize = 272 - 4;
}

/// MTP-PAUSE, MTP-RESUME and MTP-STATUS indications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The destination cannot be reached; transfers to it are refused.
    Pause(PointCode),
    /// The destination can be reached again.
    Resume(PointCode),
    /// The way to the destination is congested: reduce the traffic (Q.704 §11.2.3). The level is
    /// 1 to 3 (always 1 where the network has a single level) and 0 when the congestion ended.
    Congested(PointCode, u8),
    /// The peer user part is not there (Q.704 §11.2.7).
    UserPartUnavailable(PointCode),
}

/// What layer 1 tells of a signalling timeslot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LineEvent {
    /// The line carries octets again.
    InService,
    /// Loss of signal, loss of frame alignment or alarm indication signal.
    OutOfService,
    /// This many signal units were filtered out because each equalled the FISU or LSSU before it.
    /// They count for the error rate monitor, and as receptions of that unit; a line that filters
    /// without telling must report them by the time that passed.
    Good(u32),
    /// This many signal units arrived in error.
    Errored(u32),
    /// In octet counting mode, this many times 16 octets went by (Q.703 §4.1.4).
    OctetCounting(u32),
}

/// What [`crate::Mtp::poll_output`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// Send this signal unit (BSN to the last octet; flags and FCS are the line's). The line sends
    /// each once, in order; when none is left it repeats the last FISU or LSSU.
    SignalUnit(LinkId, Bytes),
    /// MTP-TRANSFER indication.
    Transfer(Transfer),
    /// MTP-PAUSE, MTP-RESUME, MTP-STATUS indication.
    Status(Status),
    /// Something happened at a link: for ladders, logs and alarms.
    Link(LinkId, LinkChange),
}

/// Why [`crate::Mtp::transfer`] did not take a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// No route leads to the destination.
    #[error("no route to point code {0}")]
    NoRoute(PointCode),
    /// Routes exist, but none is available (MTP-PAUSE was indicated).
    #[error("point code {0} is not accessible")]
    Inaccessible(PointCode),
    /// The message does not fit a signal unit.
    #[error("signalling information of {found} octets, expected at most {largest}")]
    TooLong {
        /// Octets there are.
        found: usize,
        /// Octets allowed after the label.
        largest: usize,
    },
    /// The service indicator belongs to the MTP itself or is above 15.
    #[error("service indicator {0} is not a user part's (3 to 15)")]
    ServiceIndicator(u8),
    /// The transmission queue of the link is full ([`crate::QUEUE_LIMIT`] messages).
    #[error("the queue towards point code {0} is full")]
    QueueFull(PointCode),
}
