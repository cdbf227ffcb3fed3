//! Activation, restoration and deactivation of one link (Q.704 §3.2, §12.2, Figure 33): after
//! every failure the link is tried again, for ever.

use super::Timer;
use crate::link_state::{Activity, Cause};
use crate::mtp2::FailureReason;

/// What link activity reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Management activates the link.
    Activate,
    /// Management deactivates the link.
    Deactivate,
    /// Level 2 is in service.
    Level2InService,
    /// Level 2 is out of service.
    Level2OutOfService(FailureReason),
    /// A signalling link test passed.
    TestPassed,
    /// Two signalling link tests in a row failed.
    TestFailed,
    /// The neighbour ordered a changeover of this link.
    ChangeoverOrdered,
    /// T17 ran out.
    T17Expired,
}

/// What it asks of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Level 2 is to align.
    StartLevel2,
    /// Level 2 is to go out of service.
    StopLevel2,
    /// Test the link, now and then periodically.
    StartTest,
    /// Test no more.
    StopTest,
    /// Start a timer.
    Start(Timer),
    /// Stop a timer.
    Stop(Timer),
    /// The link is active.
    Available,
    /// The link is active no more.
    Unavailable,
}

/// One row of the link's life. Returns the new state, the actions and, when this is a failure,
/// its cause.
pub fn step(state: Activity, event: Event) -> (Activity, Vec<Action>, Option<Cause>) {
    use Action as A;
    use Event as E;
    let wait = A::Start(Timer::T17);
    match (state, event) {
        (Activity::Inactive, E::Activate) => (Activity::Aligning, vec![A::StartLevel2], None),

        (Activity::Aligning, E::Level2InService) => (Activity::Testing, vec![A::StartTest], None),
        (Activity::Aligning, E::Level2OutOfService(reason)) => {
            (Activity::Waiting, vec![wait], Some(Cause::Level2(reason)))
        }

        (Activity::Testing, E::TestPassed) => (Activity::Active, vec![A::Available], None),
        (Activity::Testing, E::TestFailed) => (
            Activity::Waiting,
            vec![A::StopTest, A::StopLevel2, wait],
            Some(Cause::LinkTest),
        ),
        (Activity::Testing, E::Level2OutOfService(reason)) => (
            Activity::Waiting,
            vec![A::StopTest, wait],
            Some(Cause::Level2(reason)),
        ),

        (Activity::Active, E::TestFailed) => (
            Activity::Waiting,
            vec![A::StopTest, A::StopLevel2, A::Unavailable, wait],
            Some(Cause::LinkTest),
        ),
        (Activity::Active, E::ChangeoverOrdered) => (
            Activity::Waiting,
            vec![A::StopTest, A::StopLevel2, A::Unavailable, wait],
            Some(Cause::FarEnd),
        ),
        (Activity::Active, E::Level2OutOfService(reason)) => (
            Activity::Waiting,
            vec![A::StopTest, A::Unavailable, wait],
            Some(Cause::Level2(reason)),
        ),

        (Activity::Waiting, E::T17Expired) => (Activity::Aligning, vec![A::StartLevel2], None),

        (Activity::Aligning, E::Deactivate) => (
            Activity::Inactive,
            vec![A::StopLevel2],
            Some(Cause::Management),
        ),
        (Activity::Testing, E::Deactivate) => (
            Activity::Inactive,
            vec![A::StopTest, A::StopLevel2],
            Some(Cause::Management),
        ),
        (Activity::Active, E::Deactivate) => (
            Activity::Inactive,
            vec![A::StopTest, A::StopLevel2, A::Unavailable],
            Some(Cause::Management),
        ),
        (Activity::Waiting, E::Deactivate) => (
            Activity::Inactive,
            vec![A::Stop(Timer::T17)],
            Some(Cause::Management),
        ),

        // The event has no meaning in the state; an order for a link that carries nothing is only
        // acknowledged (Q.704 §5.7.5).
        (state, _) => (state, vec![], None),
    }
}
