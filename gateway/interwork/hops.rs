//! Max-Forwards and the hop counter (Q.763 §3.80; Q.1912.5 §6.1.3, §7.1.4): Max-Forwards is the hop
//! counter times the profile's factor, so that neither network ends a call that the other would
//! let through, and both end one that goes round.

use isup::{HopCounter, Message};

use super::profile::Profile;

/// Max-Forwards of a request that nothing restricts (RFC 3261 §8.1.1.6).
const DEFAULT: u8 = 70;
/// The greatest hop counter.
const MOST: u8 = 31;

/// The hop counter for an INVITE: what is left of it after this exchange. `None` when Max-Forwards
/// is used up.
#[must_use]
pub fn counter(profile: &Profile, max_forwards: u8) -> Option<HopCounter> {
    let left = max_forwards.checked_sub(1)?;
    // Rounded down, so that a call that goes round has less left each time.
    let hops = (left / profile.conventions().hop_factor.max(1)).min(MOST);
    (hops > 0).then_some(HopCounter(hops))
}

/// Max-Forwards for an IAM. `None` when the hop counter is used up (Q.764 §2.2: release with 25).
#[must_use]
pub fn max_forwards(profile: &Profile, iam: &Message) -> Option<u8> {
    let Some(hops) = iam.find::<HopCounter>() else {
        return Some(DEFAULT);
    };
    let hops = hops.0 & MOST;
    (hops > 0).then(|| hops.saturating_mul(profile.conventions().hop_factor).max(1))
}
