//! Every state and event of the level 3 leaf machines, written to reviewed files.

use crate::link_state::Activity;
use crate::mtp2::FailureReason;
use crate::mtp3::Timer;
use crate::mtp3::inhibition::{self, Inhibition, Local, Word};
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

#[test]
fn inhibition() {
    use inhibition::Event as E;
    let of = |local| Inhibition {
        local,
        ..Inhibition::default()
    };
    let states = [
        of(Local::Uninhibited),
        of(Local::Inhibiting { second: false }),
        of(Local::Inhibiting { second: true }),
        of(Local::Inhibited),
        of(Local::Uninhibiting { second: false }),
        of(Local::Uninhibiting { second: true }),
        Inhibition {
            remote: true,
            ..of(Local::Uninhibited)
        },
        Inhibition {
            remote: true,
            forcing: Some(false),
            ..of(Local::Uninhibited)
        },
        Inhibition {
            remote: true,
            forcing: Some(true),
            ..of(Local::Uninhibited)
        },
        Inhibition {
            remote: true,
            ..of(Local::Inhibited)
        },
    ];
    let mut events = vec![
        E::Inhibit { spare: true },
        E::Inhibit { spare: false },
        E::Uninhibit,
        E::Needed,
        E::Received {
            word: Word::Lin,
            spare: false,
        },
    ];
    let words = [
        Word::Lin,
        Word::Lia,
        Word::Lid,
        Word::Lun,
        Word::Lua,
        Word::Lfu,
        Word::Llt,
        Word::Lrt,
    ];
    events.extend(words.map(|word| E::Received { word, spare: true }));
    let timers = [Timer::T12, Timer::T13, Timer::T14, Timer::T22, Timer::T23];
    events.extend(timers.map(E::Expired));
    let name = |s: &Inhibition| {
        let remote = if s.remote {
            ", inhibited by the far end"
        } else {
            ""
        };
        let forcing = match s.forcing {
            None => "",
            Some(false) => ", LFU sent",
            Some(true) => ", LFU sent twice",
        };
        format!("{:?}{remote}{forcing}", s.local)
    };
    insta::assert_snapshot!(table(&states, &events, name, Inhibition::step));
}
