//! Causes and locations of Q.850, as data.

use core::{fmt, str::FromStr};

use crate::parameter::coded::coded;

coded! {
    /// Where a cause was generated (Q.850 §2.2.3), four bits.
    Location {
        User = 0 => "user",
        PrivateNetworkLocalUser = 1 => "private network serving the local user",
        PublicNetworkLocalUser = 2 => "public network serving the local user",
        TransitNetwork = 3 => "transit network",
        PublicNetworkRemoteUser = 4 => "public network serving the remote user",
        PrivateNetworkRemoteUser = 5 => "private network serving the remote user",
        InternationalNetwork = 7 => "international network",
        BeyondInterworkingPoint = 10 => "network beyond interworking point",
    }
}

/// The tokens of RFC 8606 §4 by location code.
const LOCATION_TOKENS: [&str; 16] = [
    "U", "LPN", "LN", "TN", "RLN", "RPN", "LOC-6", "INTL", "LOC-8", "LOC-9", "BI", "LOC-11",
    "LOC-12", "LOC-13", "LOC-14", "LOC-15",
];

impl Location {
    /// The token of the `location` parameter in a SIP Reason header (RFC 8606 §4), "LN".
    #[must_use]
    pub fn token(self) -> &'static str {
        LOCATION_TOKENS
            .get(usize::from(self.code() & 0xF))
            .copied()
            .unwrap_or("U")
    }
}

/// A text is no location token of RFC 8606.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "location {found:?}, expected one of U LPN LN TN RLN RPN INTL BI LOC-6 to LOC-15 (RFC 8606)"
)]
pub struct UnknownLocation {
    /// What was given.
    pub found: String,
}

impl FromStr for Location {
    type Err = UnknownLocation;

    /// The location of a token of RFC 8606, in any case (SIP tokens compare case-insensitively).
    fn from_str(token: &str) -> Result<Self, UnknownLocation> {
        let place = LOCATION_TOKENS
            .iter()
            .position(|known| known.eq_ignore_ascii_case(token));
        match place {
            Some(code) => Ok(Self::from_code(code as u8)),
            None => Err(UnknownLocation {
                found: token.to_owned(),
            }),
        }
    }
}

/// The meaning of a cause value (Q.850 Table 1); `None` for a value that the table does not have.
#[must_use]
pub fn name(value: u8) -> Option<&'static str> {
    let place = CAUSES
        .binary_search_by_key(&value, |&(value, _)| value)
        .ok()?;
    CAUSES.get(place).map(|&(_, name)| name)
}

/// All causes of the table with their meanings, in ascending order.
#[must_use]
pub fn all() -> &'static [(u8, &'static str)] {
    CAUSES
}

/// The value itself when the table has it, else the "unspecified" value of its class: an unknown
/// cause is treated as that one (Q.850 §2.2.5, the class is bits 7 to 5).
#[must_use]
pub fn known_or_unspecified(value: u8) -> u8 {
    if name(value).is_some() {
        value
    } else {
        unspecified(value)
    }
}

/// The "unspecified" value of the class of a cause value: 31, 47, 63, 79, 95, 111 or 127.
#[must_use]
pub const fn unspecified(value: u8) -> u8 {
    match value >> 4 & 7 {
        0 | 1 => 31,
        class => class << 4 | 0xF,
    }
}

/// A cause value with its meaning, for messages to humans: "17 user busy".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explained(pub u8);

impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match name(self.0) {
            Some(name) => write!(f, "{} {name}", self.0),
            None => write!(
                f,
                "{} unknown, treated as {}",
                self.0,
                Self(unspecified(self.0))
            ),
        }
    }
}

/// Q.850 Table 1, in ascending order.
const CAUSES: &[(u8, &str)] = &[
    (1, "unallocated (unassigned) number"),
    (2, "no route to specified transit network"),
    (3, "no route to destination"),
    (4, "send special information tone"),
    (5, "misdialled trunk prefix"),
    (6, "channel unacceptable"),
    (
        7,
        "call awarded and being delivered in an established channel",
    ),
    (8, "preemption"),
    (9, "preemption, circuit reserved for reuse"),
    (13, "call completed elsewhere"),
    (14, "QoR: ported number"),
    (16, "normal call clearing"),
    (17, "user busy"),
    (18, "no user responding"),
    (19, "no answer from user (user alerted)"),
    (20, "subscriber absent"),
    (21, "call rejected"),
    (22, "number changed"),
    (23, "redirection to new destination"),
    (24, "call rejected due to feature at the destination"),
    (25, "exchange routing error"),
    (26, "non-selected user clearing"),
    (27, "destination out of order"),
    (28, "invalid number format (address incomplete)"),
    (29, "facility rejected"),
    (30, "response to STATUS ENQUIRY"),
    (31, "normal, unspecified"),
    (34, "no circuit/channel available"),
    (38, "network out of order"),
    (39, "permanent frame mode connection out of service"),
    (40, "permanent frame mode connection operational"),
    (41, "temporary failure"),
    (42, "switching equipment congestion"),
    (43, "access information discarded"),
    (44, "requested circuit/channel not available"),
    (46, "precedence call blocked"),
    (47, "resource unavailable, unspecified"),
    (49, "quality of service not available"),
    (50, "requested facility not subscribed"),
    (53, "outgoing calls barred within CUG"),
    (55, "incoming calls barred within CUG"),
    (57, "bearer capability not authorized"),
    (58, "bearer capability not presently available"),
    (
        62,
        "inconsistency in designated outgoing access information and subscriber class",
    ),
    (63, "service or option not available, unspecified"),
    (65, "bearer capability not implemented"),
    (66, "channel type not implemented"),
    (69, "requested facility not implemented"),
    (
        70,
        "only restricted digital information bearer capability available",
    ),
    (79, "service or option not implemented, unspecified"),
    (81, "invalid call reference"),
    (82, "identified channel does not exist"),
    (83, "suspended call exists, but this call identity does not"),
    (84, "call identity in use"),
    (85, "no call suspended"),
    (
        86,
        "call having the requested call identity has been cleared",
    ),
    (87, "user not member of CUG"),
    (88, "incompatible destination"),
    (90, "non-existent CUG"),
    (91, "invalid transit network selection"),
    (95, "invalid message, unspecified"),
    (96, "mandatory information element missing"),
    (97, "message type non-existent or not implemented"),
    (
        98,
        "message not compatible with call state or message type non-existent or not implemented",
    ),
    (
        99,
        "information element/parameter non-existent or not implemented",
    ),
    (100, "invalid information element contents"),
    (101, "message not compatible with call state"),
    (102, "recovery on timer expiry"),
    (103, "parameter non-existent or not implemented, passed on"),
    (110, "message with unrecognized parameter, discarded"),
    (111, "protocol error, unspecified"),
    (127, "interworking, unspecified"),
];
