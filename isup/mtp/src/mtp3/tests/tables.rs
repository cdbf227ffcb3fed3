//! Every state and event of the level 3 leaf machines, written to reviewed files.

use crate::link_state::Activity;
use crate::mtp2::FailureReason;
use crate::mtp3::link_activity;
use crate::mtp3::link_test::{self, LinkTest};
use crate::state_table::table;

#[test]
fn link_activity() {
    use link_activity::Event as E;
    let states = [
        Activity::Inactive,
        Activity::Aligning,
        Activity::Testing,
        Activity::Active,
        Activity::Waiting,
    ];
    let events = [
        E::Activate,
        E::Deactivate,
        E::Level2InService,
        E::Level2OutOfService(FailureReason::AlignmentNotPossible),
        E::TestPassed,
        E::TestFailed,
        E::ChangeoverOrdered,
        E::T17Expired,
    ];
    let step = |state, event| {
        let (next, actions, cause) = link_activity::step(state, event);
        let mut words: Vec<String> = actions.iter().map(|action| format!("{action:?}")).collect();
        words.extend(cause.map(|cause| format!("cause: {cause}")));
        (next, words)
    };
    insta::assert_snapshot!(table(&states, &events, ToString::to_string, step));
}

#[test]
fn link_test() {
    use link_test::Event as E;
    let states = [
        LinkTest::Idle,
        LinkTest::Waiting {
            number: 4,
            second: false,
        },
        LinkTest::Waiting {
            number: 5,
            second: true,
        },
        LinkTest::Passed { number: 4 },
    ];
    let events = [
        E::Start,
        E::Stop,
        E::Acknowledged { number: Some(4) },
        E::Acknowledged { number: Some(5) },
        E::Acknowledged { number: None },
        E::T1Expired,
        E::T2Expired,
    ];
    insta::assert_snapshot!(table(
        &states,
        &events,
        |s| format!("{s:?}"),
        LinkTest::step
    ));
}
