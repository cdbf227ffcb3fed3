//! The table of states and events, and what it must never show.

use std::{fmt::Write as _, path::Path};

use super::*;
use crate::{
    ContinuityCheck, ContinuityIndicators, Message, NatureOfConnection, ParameterCode,
    SuspendResumeIndicators, circuit::call::Initiator,
};

fn settings(control: bool) -> Settings {
    Settings {
        control,
        location: Location::BeyondInterworkingPoint,
    }
}

fn message(kind: MessageType) -> Message {
    Message::new(kind)
}

fn iam(check: ContinuityCheck) -> Message {
    let nature = NatureOfConnection::default().with_continuity_check(check);
    message(MessageType::Iam).with(nature)
}

fn rel(cause: u8) -> Message {
    message(MessageType::Rel).with(Cause::new(cause, Location::PublicNetworkRemoteUser))
}

fn cot(success: bool) -> Message {
    let bits = ContinuityIndicators::from_bits_retain(success.into());
    message(MessageType::Cot).with(bits)
}

fn suspend(kind: MessageType, network: bool) -> Message {
    message(kind).with(SuspendResumeIndicators::from_bits_retain(network.into()))
}

fn unknown(instructions: Option<u8>) -> Message {
    let message = message(MessageType::Other(0x7E));
    match instructions {
        Some(bits) => message.with_content(
            ParameterCode::MESSAGE_COMPATIBILITY_INFORMATION,
            &[0x80 | bits],
        ),
        None => message,
    }
}

fn segmented(kind: MessageType) -> Message {
    let code = match kind {
        MessageType::Iam => ParameterCode::OPTIONAL_FORWARD_CALL_INDICATORS,
        _ => ParameterCode::OPTIONAL_BACKWARD_CALL_INDICATORS,
    };
    message(kind).with_content(code, &[1 << 2])
}

fn states() -> Vec<(String, Call)> {
    let wait_cot = |looped| Call::IncomingWaitCot {
        iam: iam(ContinuityCheck::Required),
        sams: vec![message(MessageType::Sam)],
        looped,
    };
    let states = vec![
        ("", Call::Idle),
        ("", Call::OutgoingCheck),
        ("", Call::OutgoingWaitRecheck),
        ("", Call::OutgoingRecheck),
        ("", Call::OutgoingOverloaded),
        ("", Call::OutgoingWaitAcm),
        ("", Call::OutgoingWaitAnm),
        ("", Call::OutgoingAnswered),
        ("", Call::OutgoingSuspended(Initiator::Network)),
        ("", Call::OutgoingSuspended(Initiator::User)),
        (" this circuit", wait_cot(true)),
        (" previous circuit", wait_cot(false)),
        ("", Call::IncomingWaitCcr),
        ("", Call::IncomingCheck),
        ("", Call::IncomingWaitAcm),
        ("", Call::IncomingWaitAnm),
        ("", Call::IncomingAnswered),
        (
            " of a call",
            Call::WaitRlc {
                rel: rel(16),
                held: true,
            },
        ),
        (
            " unknown to call control",
            Call::WaitRlc {
                rel: rel(41),
                held: false,
            },
        ),
        (" of a call", Call::WaitResetRlc { held: true }),
        (" without a call", Call::WaitResetRlc { held: false }),
        (" of a call", Call::WaitGra { held: true }),
        (" without a call", Call::WaitGra { held: false }),
    ];
    states
        .into_iter()
        .map(|(of, call)| (format!("{}{of}", call.name()), call))
        .collect()
}

fn call_events() -> Vec<(String, Event)> {
    use MessageType::*;
    let mut events: Vec<(String, Event)> = Vec::new();
    let mut add = |name: &str, event: Event| events.push((name.to_owned(), event));
    add(
        "request Setup",
        Event::Request(Request::Setup(iam(ContinuityCheck::NotRequired))),
    );
    add(
        "request Setup with a check",
        Event::Request(Request::Setup(iam(ContinuityCheck::Required))),
    );
    for success in [true, false] {
        add(
            &format!("request Checked({success})"),
            Event::Request(Request::Checked(success)),
        );
    }
    for kind in [Sam, Cot, Acm, Cpg, Con, Anm, Fot, Inr, Inf, Usr, Idr] {
        add(
            &format!("request Send {kind}"),
            Event::Request(Request::Send(message(kind))),
        );
    }
    for (kind, network, by) in [
        (Sus, true, "network"),
        (Sus, false, "user"),
        (Res, true, "network"),
        (Res, false, "user"),
    ] {
        add(
            &format!("request Send {kind} {by}"),
            Event::Request(Request::Send(suspend(kind, network))),
        );
    }
    add("request Release", Event::Request(Request::Release(rel(16))));
    add("request Reset", Event::Request(Request::Reset));
    add("request Check", Event::Request(Request::Check));
    let messages = [
        ("IAM", iam(ContinuityCheck::NotRequired)),
        ("IAM check this circuit", iam(ContinuityCheck::Required)),
        (
            "IAM check previous circuit",
            iam(ContinuityCheck::OnPreviousCircuit),
        ),
        ("SAM", message(Sam)),
        ("COT success", cot(true)),
        ("COT failure", cot(false)),
        ("ACM", message(Acm)),
        ("CPG", message(Cpg)),
        ("CON", message(Con)),
        ("ANM", message(Anm)),
        ("SUS network", suspend(Sus, true)),
        ("SUS user", suspend(Sus, false)),
        ("RES network", suspend(Res, true)),
        ("RES user", suspend(Res, false)),
        ("FOT", message(Fot)),
        ("INR", message(Inr)),
        ("INF", message(Inf)),
        ("USR", message(Usr)),
        ("IDS", message(Ids)),
        ("IAM segmented", segmented(Iam)),
        ("ACM segmented", segmented(Acm)),
        ("FAC", message(Fac)),
        ("SGM", message(Sgm)),
        ("REL", rel(16)),
        ("REL cause 44", rel(44)),
        ("RLC", message(Rlc)),
        ("RSC", message(Rsc)),
        ("CCR", message(Ccr)),
        ("LPA", message(Lpa)),
        ("BLO", message(Blo)),
        ("UCIC", message(Ucic)),
        ("CFN", message(Cfn)),
        ("OLM", message(Olm)),
        ("unknown (no instructions)", unknown(None)),
        ("unknown (pass on)", unknown(Some(0))),
        ("unknown (release)", unknown(Some(1 << 1))),
        ("unknown (discard)", unknown(Some(1 << 3))),
        (
            "unknown (discard and notify)",
            unknown(Some(1 << 3 | 1 << 2)),
        ),
    ];
    for (name, message) in messages {
        add(name, Event::Message(message));
    }
    {
        use Timer::*;
        for timer in [
            T1, T2, T3, T5, T6, T7, T8, T9, T16, T17, T24, T25, T26, T27, T33, T34, T36, T38, T39,
        ] {
            add(&format!("{timer} ends"), Event::Expired(timer));
        }
    }
    let none = crate::BlockingState::None;
    for (name, call) in [
        ("idle", CallProcessingState::Idle),
        ("incoming busy", CallProcessingState::IncomingBusy),
        ("outgoing busy", CallProcessingState::OutgoingBusy),
    ] {
        let far_end = CircuitState::new(call, none, none);
        for (settled, when) in [(true, ""), (false, ", state changed since CQM")] {
            add(
                &format!("CQR {name}{when}"),
                Event::Queried { far_end, settled },
            );
        }
    }
    for (name, far_end) in [
        ("transient", CircuitState::TRANSIENT),
        ("unequipped", CircuitState::UNEQUIPPED),
    ] {
        let settled = true;
        add(&format!("CQR {name}"), Event::Queried { far_end, settled });
    }
    add("GRS received", Event::GroupReset);
    add("GRS sent", Event::GroupResetSent);
    add("GRA", Event::GroupResetAcknowledged { blocked: false });
    for (name, kind) in [
        ("hardware", Blocking::Hardware),
        ("maintenance", Blocking::Maintenance),
    ] {
        add(
            &format!("CGB {name} received"),
            Event::GroupBlocked { kind, on: true },
        );
        add(
            &format!("CGB {name} sent"),
            Event::GroupBlock { kind, on: true },
        );
    }
    add("MTP-PAUSE", Event::Pause);
    add("MTP-RESUME", Event::Resume);
    events
}

fn blocking_events() -> Vec<(String, Event)> {
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

fn blockings() -> Vec<(&'static str, BlockingState)> {
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

/// What [`Circuit::accepts`] refuses, a step does nothing with: a blocked circuit is not seized.
#[test]
fn a_blocked_circuit_is_not_seized() {
    for (title, blocking) in blockings() {
        let circuit = Circuit {
            blocking,
            ..Circuit::new(settings(false))
        };
        let setup = Request::Setup(iam(ContinuityCheck::NotRequired));
        if !circuit.accepts(&setup) {
            let (after, actions) = circuit.clone().step(Event::Request(setup));
            assert_eq!((after, actions), (circuit, Vec::new()), "{title}");
        }
    }
}

/// Every state in which something is awaited from the far end has a timer, so that no circuit is
/// ever lost; those of a group are its own.
#[test]
fn a_state_that_waits_for_the_far_end_has_a_timer() {
    for (name, call) in states() {
        let group = matches!(call, Call::WaitGra { .. });
        let waits = call.awaited().contains("far end") || call.awaited().starts_with("RLC");
        assert!(!waits || group || !call.timers().is_empty(), "{name}");
    }
}

/// Whatever happens: a timer that is started belongs to the state that is entered, each Setup is
/// followed by one Idle, and a circuit that is not held says nothing to call control but Setup.
#[test]
fn timers_and_idle_are_consistent_in_every_row() {
    for (name, call) in states() {
        for (event_name, event) in call_events() {
            for control in [false, true] {
                let circuit = Circuit {
                    call: call.clone(),
                    ..Circuit::new(settings(control))
                };
                let (after, actions) = circuit.clone().step(event.clone());
                let row = format!("{name}, {event_name}");
                for action in &actions {
                    if let Action::Start(timer) = action
                        && !matches!(
                            timer,
                            Timer::T12 | Timer::T13 | Timer::T14 | Timer::T15 | Timer::T34
                        )
                    {
                        assert!(
                            after.call.timers().contains(timer),
                            "{row}: {timer} outlives"
                        );
                    }
                }
                let count = |wanted: &dyn Fn(&Indication) -> bool| {
                    let indications = actions.iter().filter_map(|action| match action {
                        Action::Indicate(indication) => Some(indication),
                        _ => None,
                    });
                    indications.filter(|indication| wanted(indication)).count()
                };
                let requested = matches!(event, Event::Request(Request::Setup(_)));
                let seized = usize::from(requested && circuit.is_available())
                    + count(&|indication| matches!(indication, Indication::Setup(_)));
                let parted = count(&|indication| matches!(indication, Indication::Idle))
                    + count(&|indication| {
                        let lost = RepeatReason::DualSeizure;
                        *indication == Indication::Repeat { reason: lost }
                    });
                assert_eq!(
                    usize::from(circuit.is_held()) + seized,
                    usize::from(after.is_held()) + parted,
                    "{row}: {actions:?}"
                );
            }
        }
    }
}
