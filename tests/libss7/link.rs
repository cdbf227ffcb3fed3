//! The link itself: both proving periods, failure and return.

use std::time::Duration;

use isthmus::capture::Direction;
use isup::circuit::Timers;
use mtp::LineEvent;

use super::{NORMAL, answered_here, answered_there, released_here, released_there};
use crate::near::Near;

#[test]
fn the_link_is_proved_for_the_normal_period_and_after_a_failure_for_the_emergency_one() {
    let Some(mut near) = Near::proved(true, Timers::default()) else {
        return;
    };
    // T4n is 8.2 s at either end (Q.703 §12.3).
    assert!(near.age() >= Duration::from_millis(8_200));
    for direction in [Direction::Sent, Direction::Received] {
        let statuses = near.take_statuses(direction);
        assert!(statuses.ends_with(&["SIO", "SIN"]), "{statuses:?}");
        assert!(!statuses.contains(&"SIE"), "{statuses:?}");
    }
    answered_there(&mut near, 1);
    // The line fails under the call, which goes on (Q.764 §2.14), and comes back.
    near.line(LineEvent::OutOfService);
    near.hear("down");
    near.until("MTP-PAUSE", Near::paused);
    near.line(LineEvent::InService);
    near.comes_up();
    let statuses = near.take_statuses(Direction::Sent);
    assert!(statuses.ends_with(&["SIO", "SIE"]), "{statuses:?}");
    assert_eq!(near.view(1).state, "OutgoingAnswered");
    released_here(&mut near, 1, NORMAL);
    answered_here(&mut near, 2);
    released_there(&mut near, 2, NORMAL);
    near.forget(&["down", "unaligned"]);
    near.all_idle();
    near.readable("link");
}
