//! The table as a reviewed file.

use std::{fmt::Write as _, path::Path};

use super::*;

fn show(action: &Action) -> String {
    match action {
        Action::Send(message) => match message.find::<Cause>() {
            Some(cause) => format!("send {}({})", message.message_type(), cause.value),
            None => format!("send {}", message.message_type()),
        },
        Action::Start(timer) => format!("start {timer}"),
        Action::Stop(timer) => format!("stop {timer}"),
        Action::RepeatGroupBlocking => "send CGB or CGU hardware again".to_owned(),
        // The rows of many messages differ only in their names.
        Action::Alert(CircuitAlert::Discarded(_)) => "discard".to_owned(),
        Action::Alert(alert) => format!("alert \"{alert}\""),
        Action::Indicate(indication) => match indication {
            Indication::Setup(_) => "indicate Setup".to_owned(),
            Indication::Received(_) => "indicate Received".to_owned(),
            Indication::Released(_) => "indicate Released".to_owned(),
            Indication::Failed {
                cause,
                reason: Failure::Unexpected(_),
            } => {
                format!("indicate Failed({}, Unexpected)", cause.value)
            }
            Indication::Failed {
                cause,
                reason: Failure::Unrecognized(_),
            } => {
                format!("indicate Failed({}, Unrecognized)", cause.value)
            }
            Indication::Failed { cause, reason } => {
                format!("indicate Failed({}, {reason:?})", cause.value)
            }
            Indication::Repeat {
                reason: RepeatReason::Unexpected(_),
            } => "indicate Repeat(Unexpected)".to_owned(),
            Indication::Repeat { reason } => format!("indicate Repeat({reason:?})"),
            Indication::State(status) => format!("indicate State({})", show_status(*status)),
            Indication::Idle | Indication::Loop(_) | Indication::Check(_) => {
                format!("indicate {indication:?}")
            }
        },
    }
}

fn show_status(status: CircuitStatus) -> String {
    let facts = [
        (status.local_maintenance, "local maintenance"),
        (status.local_hardware, "local hardware"),
        (status.remote_maintenance, "remote maintenance"),
        (status.remote_hardware, "remote hardware"),
        (status.resetting, "resetting"),
        (status.unequipped, "unequipped"),
    ];
    let facts: Vec<&str> = facts
        .iter()
        .filter(|(on, _)| *on)
        .map(|&(_, name)| name)
        .collect();
    if facts.is_empty() {
        "in service".to_owned()
    } else {
        facts.join(", ")
    }
}

/// One section of the table: each outcome with the events that lead to it, in the order of the
/// first of them; at the end the events that change nothing.
fn section(
    table: &mut String,
    title: &str,
    circuit: &Circuit,
    events: Vec<(String, Event)>,
    name: impl Fn(&Circuit) -> String,
) {
    let timers: Vec<String> = circuit.call.timers().iter().map(Timer::to_string).collect();
    let timers = if timers.is_empty() {
        String::new()
    } else {
        format!(" [{}]", timers.join(" "))
    };
    writeln!(table, "{title}{timers}").unwrap();
    let mut rows: Vec<(String, Vec<String>)> = Vec::new();
    let mut nothing = Vec::new();
    for (event_name, event) in events {
        let asked = match &event {
            Event::Request(Request::Send(message)) => format!("send {}", message.message_type()),
            _ => String::new(),
        };
        let (after, actions) = circuit.clone().step(event);
        if actions.is_empty() && after == *circuit {
            nothing.push(event_name);
            continue;
        }
        let shown = |action| Some(show(action)).filter(|shown| *shown != asked);
        let shown = |action| shown(action).unwrap_or_else(|| "send it".to_owned());
        let actions: Vec<String> = actions.iter().map(shown).collect();
        let next = if name(&after) == name(circuit) {
            "-".to_owned()
        } else {
            name(&after)
        };
        let outcome = format!("-> {next}: {}", actions.join("; "));
        match rows.iter_mut().find(|(known, _)| *known == outcome) {
            Some((_, events)) => events.push(event_name),
            None => rows.push((outcome, vec![event_name])),
        }
    }
    rows.push(("nothing".to_owned(), nothing));
    for (outcome, events) in rows.iter().filter(|(_, events)| !events.is_empty()) {
        let events = events.join(", ");
        if events.len() <= EVENT_COLUMN {
            writeln!(table, "  {events:<EVENT_COLUMN$} {outcome}").unwrap();
        } else {
            writeln!(table, "  {events}\n  {:<EVENT_COLUMN$} {outcome}", "").unwrap();
        }
    }
    table.push('\n');
}

const EVENT_COLUMN: usize = 30;

/// `circuit/table.txt` is this table, reviewed. A change of behaviour is a change of that file:
/// run with `UPDATE_TABLES=1` to write it, and read the difference.
#[test]
fn table_of_states_and_events_is_the_reviewed_one() {
    let mut table = String::from(
        "Q.764 on one circuit: state [its timers], then event -> next state (- stays): actions.\n\
         Written by the test of isup::circuit with UPDATE_TABLES=1.\n\n\
         == The call ==\n\n",
    );
    for (title, call) in states() {
        let circuit = Circuit {
            call,
            ..Circuit::new(settings(false))
        };
        section(&mut table, &title, &circuit, call_events(), |after| {
            after.state().to_owned()
        });
    }
    table.push_str("== The call, on a circuit that this end controls ==\n\n");
    let seizure = vec![(
        "IAM".to_owned(),
        Event::Message(iam(ContinuityCheck::NotRequired)),
    )];
    let circuit = Circuit {
        call: Call::OutgoingWaitAcm,
        ..Circuit::new(settings(true))
    };
    section(&mut table, "OutgoingWaitAcm", &circuit, seizure, |after| {
        after.state().to_owned()
    });
    table.push_str("== The call, while the first part of a message is held [T34] ==\n\n");
    for (title, call, kind) in [
        ("Idle, IAM", Call::Idle, MessageType::Iam),
        (
            "OutgoingWaitAcm, ACM",
            Call::OutgoingWaitAcm,
            MessageType::Acm,
        ),
        (
            "OutgoingWaitAnm, ANM",
            Call::OutgoingWaitAnm,
            MessageType::Anm,
        ),
    ] {
        let circuit = Circuit {
            call,
            first_part: Some(segmented(kind)),
            ..Circuit::new(settings(false))
        };
        section(&mut table, title, &circuit, call_events(), |after| {
            after.state().to_owned()
        });
    }
    table.push_str("== Blocking, on an idle circuit ==\n\n");
    for (title, blocking) in blockings() {
        let circuit = Circuit {
            blocking,
            ..Circuit::new(settings(false))
        };
        section(&mut table, title, &circuit, blocking_events(), |after| {
            after.blocking_state().to_owned()
        });
    }
    let table: String = table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/circuit/table.txt");
    if std::env::var_os("UPDATE_TABLES").is_some() {
        std::fs::write(&path, &table).unwrap();
    }
    let reviewed = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (is, was)) in table.lines().zip(reviewed.lines()).enumerate() {
        assert_eq!(
            is,
            was,
            "line {} of {} (UPDATE_TABLES=1 writes it)",
            number + 1,
            path.display()
        );
    }
    assert_eq!(
        table.lines().count(),
        reviewed.lines().count(),
        "{}",
        path.display()
    );
}
