//! The rows of a profile, as a call meets them.

use std::sync::Arc;

use isup::{CalledPartysStatus, CallingPartysCategory, Cause, Event, Location, RedirectingReason};

use crate::config::Nature;
use crate::config::profile::{
    BackwardMessage, Convention, Country, Diagnostics, Fault, Form, Key, NatureKey, Says,
};

/// Where a row comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Clause, or what the administrator wrote in its place.
    pub clause: Arc<str>,
    /// The profile that has the row.
    pub profile: Arc<str>,
    /// What should be known about it.
    pub note: Option<Arc<str>>,
}

/// Cause of a REL to final response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CauseRow {
    /// Q.850 cause value.
    pub cause: Key<u8>,
    /// Holds only for causes of this location.
    pub location: Option<Location>,
    /// Holds only where the diagnostics say this.
    pub diagnostics: Option<Diagnostics>,
    /// Final response.
    pub status: u16,
    /// Where the row comes from.
    pub origin: Origin,
}

impl CauseRow {
    /// Whether the conditions of the row, beside the value, hold for a cause.
    #[must_use]
    pub fn holds(&self, cause: &Cause) -> bool {
        self.location.is_none_or(|l| l == cause.location)
            && match self.diagnostics {
                None => true,
                Some(Diagnostics::Number) => super::super::release::new_number(cause).is_some(),
            }
    }
}

/// Final response to cause of a REL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRow {
    /// Final response.
    pub status: Key<u16>,
    /// Holds only with this code of the Warning header.
    pub warning: Option<u16>,
    /// Q.850 cause value.
    pub cause: u8,
    /// Location of the cause; by the conventions when absent.
    pub location: Option<Location>,
    /// Where the row comes from.
    pub origin: Origin,
}

/// What a failure of the gateway's own becomes on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureRow {
    /// Final response to the INVITE.
    pub status: u16,
    /// Cause of the REL.
    pub cause: u8,
    /// Where the row stands.
    pub clause: Arc<str>,
    /// The profile that has the row, and what should be known about it.
    pub origin: Origin,
    /// What failed.
    pub fault: Fault,
}

/// What an ACM or CPG becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackwardRow {
    /// The message.
    pub message: BackwardMessage,
    /// What it says.
    pub is: Says,
    /// Provisional response.
    pub status: u16,
    /// Where the row comes from.
    pub origin: Origin,
}

/// What a provisional response becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressRow {
    /// Provisional response.
    pub status: Key<u16>,
    /// Holds only for responses with SDP, or without.
    pub media: Option<bool>,
    /// Called party's status of the ACM, when it is the first.
    pub acm: CalledPartysStatus,
    /// Event of the CPG, when an ACM has gone before.
    pub cpg: Event,
    /// The first one sends the CPG after its ACM.
    pub both: bool,
    /// Where the row comes from.
    pub origin: Origin,
}

/// What form a number of a nature of address has in SIP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NatureRow {
    /// Nature of address.
    pub nature: NatureKey,
    /// Form in SIP.
    pub form: Form,
    /// Where the row comes from.
    pub origin: Origin,
}

/// What nature of address a number with `+` has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRow {
    /// Whose country code.
    pub form: Country,
    /// Nature of address.
    pub nature: Nature,
    /// Where the row comes from.
    pub origin: Origin,
}

/// Calling party's category and `cpc`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRow {
    /// Value of the parameter, in lower case.
    pub cpc: Arc<str>,
    /// Calling party's category.
    pub code: CallingPartysCategory,
    /// Where the row comes from.
    pub origin: Origin,
}

/// Why a call was redirected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectionRow {
    /// Reason of a Diversion field, in lower case.
    pub diversion: Arc<str>,
    /// Redirecting reason.
    pub reason: RedirectingReason,
    /// `cause` of a History-Info entry.
    pub cause: u16,
    /// Where the row comes from.
    pub origin: Origin,
}

/// A convention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConventionRow {
    /// Which.
    pub key: Convention,
    /// Its word.
    pub value: Arc<str>,
    /// Where the row comes from.
    pub origin: Origin,
}

/// When a Reason header field is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonSent {
    /// In every message that releases.
    Always,
    /// Where no ISUP body says it.
    WithoutIsup,
    /// Never.
    Never,
}

/// What the peer's Reason header field counts for in a BYE or CANCEL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasonReceived {
    /// It goes before the REL of the same message.
    BeforeIsup,
    /// It counts where there is no REL.
    AfterIsup,
    /// It is ignored.
    Never,
}

/// How redirection is told to the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiversionSent {
    /// By Diversion (RFC 5806).
    pub diversion: bool,
    /// By History-Info (RFC 7044).
    pub history_info: bool,
}

/// All conventions, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conventions {
    /// Reason header field in what goes out.
    pub reason: ReasonSent,
    /// Reason header field of the peer.
    pub reason_received: ReasonReceived,
    /// ISUP in responses to an INVITE that had none.
    pub isup_unasked: bool,
    /// REL in the body of a final response.
    pub rel_in_response: bool,
    /// Location of causes for 4xx and 5xx.
    pub location: Location,
    /// Location of causes for 6xx.
    pub location_global: Location,
    /// How redirection is told.
    pub diversion: DiversionSent,
    /// The number of From beside one that a network asserts crosses as an additional one.
    pub from_number: bool,
    /// P-Early-Media in provisional responses.
    pub early_media: bool,
    /// Max-Forwards for one of the hop counter.
    pub hop_factor: u8,
}
