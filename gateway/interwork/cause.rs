//! Which SIP status an ISUP cause becomes, and which cause a status becomes, by the profile.

use isup::{Cause, Location};

use super::profile::{CauseRow, Profile, StatusRow, When};

/// A mapped value and the row that mapped it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapped<T> {
    /// What it became.
    pub value: T,
    /// What it was.
    pub from: u16,
    /// Profile and clause of the row.
    pub profile: &'static str,
    /// Clause of the row.
    pub clause: &'static str,
}

impl<T: std::fmt::Display> std::fmt::Display for Mapped<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} -> {} ({}, {})",
            self.from, self.value, self.profile, self.clause
        )
    }
}

/// The final response for a release before answer (RFC 3398 §7.2.4.1).
#[must_use]
pub fn status_of(profile: &Profile, cause: &Cause) -> Mapped<u16> {
    let row = profile
        .causes
        .iter()
        .find(|row| row.cause == cause.value && holds(row, cause))
        .unwrap_or(&profile.other_cause);
    Mapped {
        value: row.status,
        from: cause.value.into(),
        profile: profile.name,
        clause: row.clause,
    }
}

/// The cause for a final response (RFC 3398 §8.2.6.1). 6xx speak for the user, the rest for the
/// network beyond the interworking point.
#[must_use]
pub fn cause_of(profile: &Profile, status: u16) -> (Cause, Mapped<u8>) {
    let row: &StatusRow = profile
        .statuses
        .iter()
        .find(|row| row.status == status)
        .unwrap_or(&profile.other_status);
    let location = if status >= 600 {
        Location::User
    } else {
        Location::BeyondInterworkingPoint
    };
    let mapped = Mapped {
        value: row.cause,
        from: status,
        profile: profile.name,
        clause: row.clause,
    };
    (Cause::new(row.cause, location), mapped)
}

fn holds(row: &CauseRow, cause: &Cause) -> bool {
    match row.when {
        When::Always => true,
        When::LocationUser => cause.location == Location::User,
        When::NewNumber => !cause.diagnostics.is_empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::profile::RFC3398;
    use super::*;

    #[test]
    fn the_rows_that_depend_on_more_than_the_value() {
        let status = |value, location| status_of(&RFC3398, &Cause::new(value, location)).value;
        assert_eq!(status(21, Location::User), 603);
        assert_eq!(status(21, Location::TransitNetwork), 403);
        assert_eq!(status(22, Location::User), 410);
        let moved = Cause {
            diagnostics: vec![0x83, 0x10, 0x94],
            ..Cause::new(22, Location::User)
        };
        assert_eq!(status_of(&RFC3398, &moved).value, 301);
    }

    #[test]
    fn values_in_no_row_have_a_row_of_their_own() {
        assert_eq!(
            status_of(&RFC3398, &Cause::new(99, Location::User)).value,
            500
        );
        let (cause, mapped) = cause_of(&RFC3398, 499);
        assert_eq!(
            (cause.value, cause.location),
            (31, Location::BeyondInterworkingPoint)
        );
        assert_eq!(mapped.to_string(), "499 -> 31 (rfc3398, RFC 3398 §8.2.6.1)");
    }

    #[test]
    fn six_hundreds_speak_for_the_user() {
        assert_eq!(cause_of(&RFC3398, 600).0, Cause::new(17, Location::User));
    }
}
