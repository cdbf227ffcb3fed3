//! Release of a call on a circuit (Q.764 §2.3, §2.9.6).

use crate::{
    circuit::{Action, CircuitAlert, Event, Request, Timer, call::Call, reset},
    message::{Message, MessageType},
};

/// Sends REL; RLC is awaited with T1 and T5.
pub(super) fn release(rel: Message, held: bool, actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Send(rel.clone()));
    actions.extend([Action::Start(Timer::T1), Action::Start(Timer::T5)]);
    Call::WaitRlc { rel, held }
}

/// REL has been sent.
pub(super) fn step(rel: Message, held: bool, event: Event, actions: &mut Vec<Action>) -> Call {
    use MessageType::{Rel, Rlc};
    match event {
        Event::Message(message) => match message.message_type() {
            Rlc => Call::Idle,
            // The two crossed: each end answers the other's, and waits for its own answer (§2.3).
            Rel => {
                actions.push(Action::Send(Message::new(Rlc)));
                Call::WaitRlc { rel, held }
            }
            // Whatever else was under way when REL was sent, and an IAM after a lost RLC.
            _ => Call::WaitRlc { rel, held },
        },
        Event::Expired(Timer::T1) => {
            actions.push(Action::Send(rel.clone()));
            actions.push(Action::Start(Timer::T1));
            Call::WaitRlc { rel, held }
        }
        // §2.9.6: reset, and a person should look; T16 has no part in it.
        Event::Expired(Timer::T5) => {
            actions.push(Action::Send(Message::new(MessageType::Rsc)));
            actions.push(Action::Alert(CircuitAlert::NoAnswer(Timer::T5)));
            actions.push(Action::Start(Timer::T17));
            Call::WaitResetRlc { held }
        }
        Event::Resume => {
            actions.push(Action::Send(rel.clone()));
            actions.push(Action::Start(Timer::T1));
            Call::WaitRlc { rel, held }
        }
        Event::Request(Request::Reset) => reset::reset_circuit(held, actions),
        _ => Call::WaitRlc { rel, held },
    }
}
