//! The table of states and events, and what it must never show.

mod blocking;
mod call;
mod table;

use self::blocking::{blocking_events, blockings};
use self::call::{call_events, states};
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
