//! A span and its signalling link fail together under a call, and only one end's line shows it: the
//! call must end at both ends once they can hear each other (Q.764 §2.8.2.2, §2.9.3).

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use lab::network::NetworkConfig;
use lab::sip_peer::{CallState, Invitation};

use super::base;
use super::two_gateways::{Pair, Side};
use crate::demo::settings::numbers;

/// The demo's signalling timeslot.
const SIGNALLING: usize = 16;

fn until(pair: &mut Pair, seconds: u64, what: &str, done: impl Fn(&Pair) -> bool) {
    let end = pair.now + Duration::from_secs(seconds);
    while !done(pair) {
        assert!(pair.now < end, "waited in vain for {what}");
        pair.turn();
    }
}

fn wait(pair: &mut Pair, seconds: u64) {
    let end = pair.now + Duration::from_secs(seconds);
    while pair.now < end {
        pair.turn();
    }
}

fn talks(side: &Side) -> bool {
    side.user
        .calls()
        .any(|(.., state)| state == CallState::Confirmed)
}

/// The state of the one circuit that is not idle.
fn busy(side: &Side) -> Option<&'static str> {
    let mut states = side.iwu.circuits().filter_map(|(id, _)| {
        let view = side.iwu.circuit(id)?;
        Some(view.state).filter(|&state| state != "Idle")
    });
    let state = states.next();
    assert_eq!(states.next(), None, "one call, one circuit");
    state
}

/// The first gateway's user calls that of the second, who answers and never hangs up.
fn call(pair: &mut Pair) {
    let now = pair.now;
    let [near, _] = &mut pair.sides;
    let host = near.user.config().remote;
    let to = format!("sip:{}@{host};user=phone", numbers::SIP_USER);
    near.user.call(now, Invitation::new(&to)).unwrap();
    until(pair, 5, "the answer", |pair| pair.sides.iter().all(talks));
    wait(pair, 1);
}

/// The signalling timeslot is all noise both ways, and nothing arrives at the end `cut`: the other is
/// not told by RAI, so that its calls go on when the link has failed.
fn fail(pair: &Pair, cut: usize) {
    pair.hides_rai.store(true, Relaxed);
    pair.timeslots.set(SIGNALLING, true);
    match cut {
        0 => pair.cable.receive().cut(),
        _ => pair.cable.transmit().cut(),
    }
}

fn mend(pair: &Pair) {
    pair.timeslots.set(SIGNALLING, false);
    pair.cable.mend();
}

#[test]
fn a_call_that_one_end_alone_gave_up_ends_at_both() {
    for (cut, keeps) in [(0, "IncomingAnswered"), (1, "OutgoingAnswered")] {
        let mut pair = Pair::new(base(), NetworkConfig::default(), "1-15,17-31");
        pair.rest(Duration::from_secs(40)).unwrap();
        call(&mut pair);
        fail(&pair, cut);
        wait(&mut pair, 30);
        let (gave_up, kept) = match cut {
            0 => (&pair.sides[0], &pair.sides[1]),
            _ => (&pair.sides[1], &pair.sides[0]),
        };
        assert_eq!(gave_up.records.len(), 1, "its line has failed");
        assert_eq!(
            kept.records.first(),
            None,
            "calls that talk are kept (§2.14)"
        );
        assert_eq!(busy(kept), Some(keeps));
        mend(&pair);
        let rest = pair.rest(Duration::from_secs(90));
        assert_eq!(rest, Ok(()), "end {cut} lost the signal");
        let kept = &pair.sides[1 - cut];
        assert_eq!(kept.records.len(), 1);
        assert!(!talks(kept), "its user was told");
        // And both are good for another call.
        call(&mut pair);
    }
}
