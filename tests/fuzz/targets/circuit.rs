//! Any sequence of events at a circuit: what it tells call control keeps its contract.

use isup::circuit::{
    Action, Blocking, Circuit, Event, Indication, RepeatReason, Request, Settings, Timer,
};
use isup::{Location, Message};

/// A message of the fuzzer's own, when it is one.
fn message(octets: &[u8]) -> Option<Message> {
    Message::decode(octets).ok()
}

fn timer(octets: &[u8]) -> Option<Timer> {
    let index = usize::from(*octets.first()?);
    let all: Vec<_> = Timer::all().collect();
    all.get(index % all.len()).copied()
}

fn event(operation: u8, octets: &[u8]) -> Option<Event> {
    let on = octets.first().is_some_and(|octet| octet & 1 == 1);
    let kind = match octets.first().is_some_and(|octet| octet & 2 == 2) {
        true => Blocking::Hardware,
        false => Blocking::Maintenance,
    };
    Some(match operation % 16 {
        0 => Event::Request(Request::Setup(message(octets)?)),
        1 => Event::Request(Request::Send(message(octets)?)),
        2 => Event::Request(Request::Release(message(octets)?)),
        3 => Event::Request(Request::Block),
        4 => Event::Request(Request::Unblock),
        5 => Event::Request(Request::Reset),
        6 => Event::Expired(timer(octets)?),
        7 => Event::GroupReset,
        8 => Event::GroupResetSent,
        9 => Event::GroupResetAcknowledged { blocked: on },
        10 => Event::GroupBlocked { kind, on },
        11 => Event::GroupBlock { kind, on },
        12 => Event::Pause,
        13 => Event::Resume,
        _ => Event::Message(message(octets)?),
    })
}

pub(super) fn circuit(octets: &[u8]) {
    let control = octets.first().is_some_and(|octet| octet & 0x80 != 0);
    let mut circuit = Circuit::new(Settings {
        control,
        location: Location::BeyondInterworkingPoint,
    });
    // Held by a call of call control.
    let mut held = false;
    for (operation, piece) in super::pieces(octets) {
        let Some(event) = event(operation, piece) else {
            continue;
        };
        if matches!(event, Event::Request(Request::Setup(_))) && circuit.is_available() {
            assert!(!held, "an available circuit is held");
            held = true;
        }
        let before = circuit.state();
        let said = format!("{event:?} in {before}");
        let (after, actions) = circuit.step(event);
        circuit = after;
        for action in actions {
            let Action::Indicate(indication) = action else {
                continue;
            };
            match indication {
                Indication::Setup(_) => {
                    assert!(!held, "{said}: Setup on a circuit that is held");
                    held = true;
                }
                Indication::Received(_) | Indication::Released(_) | Indication::Failed { .. } => {
                    assert!(held, "{said}: {indication:?} to nobody")
                }
                Indication::Repeat { reason } => {
                    assert!(held, "{said}: {reason:?} to nobody");
                    held = reason != RepeatReason::DualSeizure;
                }
                Indication::Idle => {
                    assert!(held, "{said}: Idle to nobody");
                    held = false;
                }
                Indication::State(_) | Indication::Loop(_) | Indication::Check(_) => {}
            }
        }
    }
    if circuit.state() == "Idle" {
        assert!(!held, "idle and held");
    }
}
