//! Header fields and parameters: hop.

use super::*;

#[test]
fn max_forwards_and_the_hop_counter() {
    let counter = |value| hops::counter(&RFC3398, value).map(|hops| hops.0);
    assert_eq!((counter(0), counter(1), counter(2)), (None, None, None));
    assert_eq!(
        (counter(3), counter(21), counter(70), counter(255)),
        (Some(1), Some(10), Some(31), Some(31))
    );
    let stand = Stand::berlin();
    let back = |hops: u8| hops::max_forwards(&RFC3398, &stand.received().with(HopCounter(hops)));
    assert_eq!((back(0), back(1), back(31)), (None, Some(2), Some(62)));
    assert_eq!(hops::max_forwards(&RFC3398, &stand.received()), Some(70));
    let mut invite = from("<sip:+12125550199@x>");
    invite.max_forwards = 21;
    assert_eq!(
        stand.iam(&invite).find::<HopCounter>(),
        Some(HopCounter(10))
    );
    assert_eq!(
        stand
            .invite(&stand.received().with(HopCounter(10)))
            .max_forwards,
        20
    );
}

/// A call that goes round and round ends, whatever it meets.
#[test]
fn a_loop_through_both_networks_ends() {
    let stand = Stand::berlin();
    let mut invite = from("<sip:+12125550199@x>");
    let mut rounds = 0;
    while hops::counter(&RFC3398, invite.max_forwards).is_some() {
        let iam = stand.iam(&invite);
        let Some(left) = hops::max_forwards(&RFC3398, &iam) else {
            break;
        };
        // One proxy on the way.
        invite.max_forwards = left - 1;
        rounds += 1;
        assert!(rounds < 40);
    }
    assert!(rounds > 10);
}
