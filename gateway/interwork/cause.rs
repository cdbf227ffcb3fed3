//! Which SIP status an ISUP cause becomes, and which cause a status becomes, by the profile.

use std::fmt;
use std::sync::Arc;

use isup::Cause;

use super::profile::Profile;

/// A mapped value and the row that mapped it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapped<T> {
    /// What it became.
    pub value: T,
    /// What it was.
    pub from: u16,
    /// The profile of the call.
    pub profile: Arc<str>,
    /// Clause of the row.
    pub clause: Arc<str>,
}

impl<T: fmt::Display> fmt::Display for Mapped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            value,
            from,
            profile,
            clause,
        } = self;
        write!(f, "{from} -> {value} ({profile}, {clause})")
    }
}

/// The final response for a release before answer (RFC 3398 §7.2.4.1).
#[must_use]
pub fn status_of(profile: &Profile, cause: &Cause) -> Mapped<u16> {
    let row = profile.cause(cause);
    Mapped {
        value: row.status,
        from: cause.value.into(),
        profile: Arc::clone(profile.name()),
        clause: Arc::clone(&row.origin.clause),
    }
}

/// The cause for a final response (RFC 3398 §8.2.6.1), with the code of its Warning header field.
/// 6xx speak for all of the user's places, the rest for somewhere in the network.
#[must_use]
pub fn cause_of(profile: &Profile, status: u16, warning: Option<u16>) -> (Cause, Mapped<u8>) {
    let row = profile.status(status, warning);
    let conventions = profile.conventions();
    let location = row.location.unwrap_or(match status {
        600.. => conventions.location_global,
        _ => conventions.location,
    });
    let mapped = Mapped {
        value: row.cause,
        from: status,
        profile: Arc::clone(profile.name()),
        clause: Arc::clone(&row.origin.clause),
    };
    (Cause::new(row.cause, location), mapped)
}
