//! Blocking and unblocking (Q.764 §2.8.2): states of both ends and what may happen in them.

use super::*;

pub(super) fn blocking_events() -> Vec<(String, Event)> {
    use MessageType::{Bla, Blo, Rsc, Uba, Ubl};
    let mut events = vec![
        ("request Block".to_owned(), Event::Request(Request::Block)),
        (
            "request Unblock".to_owned(),
            Event::Request(Request::Unblock),
        ),
        (
            "IAM".to_owned(),
            Event::Message(iam(ContinuityCheck::NotRequired)),
        ),
    ];
    for kind in [Blo, Bla, Ubl, Uba, Rsc] {
        events.push((kind.to_string(), Event::Message(message(kind))));
    }
    for timer in [Timer::T12, Timer::T13, Timer::T14, Timer::T15] {
        events.push((format!("{timer} ends"), Event::Expired(timer)));
    }
    for (name, kind) in [
        ("hardware", Blocking::Hardware),
        ("maintenance", Blocking::Maintenance),
    ] {
        for (cgb, on) in [("CGB", true), ("CGU", false)] {
            events.push((
                format!("{cgb} {name} received"),
                Event::GroupBlocked { kind, on },
            ));
            events.push((format!("{cgb} {name} sent"), Event::GroupBlock { kind, on }));
        }
    }
    for (name, blocking) in [
        ("blocked there", crate::BlockingState::Local),
        ("blocked here", crate::BlockingState::Remote),
        ("not blocked", crate::BlockingState::None),
    ] {
        let none = crate::BlockingState::None;
        for (kind, far_end) in [
            ("maintenance", (blocking, none)),
            ("hardware", (none, blocking)),
        ] {
            let far_end = CircuitState::new(CallProcessingState::Idle, far_end.0, far_end.1);
            let settled = true;
            events.push((
                format!("CQR {kind}, {name}"),
                Event::Queried { far_end, settled },
            ));
        }
    }
    events.push(("GRS received".to_owned(), Event::GroupReset));
    events.push(("MTP-RESUME".to_owned(), Event::Resume));
    events
}

pub(super) fn blockings() -> Vec<(&'static str, BlockingState)> {
    let none = BlockingState::default();
    vec![
        ("Unblocked", none),
        (
            "WaitBla",
            BlockingState {
                local: Local::WaitBla,
                ..none
            },
        ),
        (
            "Blocked",
            BlockingState {
                local: Local::Blocked,
                ..none
            },
        ),
        (
            "WaitUba",
            BlockingState {
                local: Local::WaitUba,
                ..none
            },
        ),
        (
            "Blocked by hardware here",
            BlockingState {
                local_hardware: true,
                ..none
            },
        ),
        (
            "Blocked by the far end",
            BlockingState {
                remote_maintenance: true,
                ..none
            },
        ),
        (
            "Blocked by hardware there",
            BlockingState {
                remote_hardware: true,
                ..none
            },
        ),
        (
            "Unequipped at the far end",
            BlockingState {
                unequipped: true,
                ..none
            },
        ),
    ]
}
