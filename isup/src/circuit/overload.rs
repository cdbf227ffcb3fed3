//! The far end is overloaded and says so in place of taking the call: OLM (Q.764 §2.9.9, temporary
//! trunk blocking; national use).
//!
//! It has ignored the IAM and keeps the circuit. The call fails here, and the circuit is released
//! when T3 ends, so that it brings no further call until then.

use crate::{
    circuit::{
        Action, Event, Failure, Indication, Request, Settings, Timer,
        call::{self, Call},
        release, reset,
    },
    message::{Message, MessageType},
};

/// Switching equipment congestion (Q.850).
const CAUSE_CONGESTION: u8 = 42;

/// OLM for an IAM.
pub(super) fn refused(settings: Settings, actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Indicate(Indication::Failed {
        cause: settings.cause(CAUSE_CONGESTION),
        reason: Failure::Overload,
    }));
    actions.push(Action::Start(Timer::T3));
    Call::OutgoingOverloaded
}

/// The call is over, the circuit waits.
pub(super) fn step(event: Event, settings: Settings, actions: &mut Vec<Action>) -> Call {
    use MessageType::{Cfn, Iam, Lpa, Olm, Rel, Rlc};
    let call = Call::OutgoingOverloaded;
    match event {
        Event::Expired(Timer::T3) => {
            let rel = Message::new(Rel).with(settings.cause(CAUSE_CONGESTION));
            release::release(rel, false, actions)
        }
        Event::Request(Request::Reset) => reset::reset_circuit(false, actions),
        Event::Message(message) => match message.message_type() {
            Rel => {
                actions.push(Action::Send(Message::new(Rlc)));
                Call::Idle
            }
            Olm | Lpa | Rlc => call,
            Cfn => call::confusion(call, actions),
            // §2.9.5.1: the far end believes in a call here.
            kind if kind == Iam || call::belongs_to_call(kind) => {
                reset::reset_circuit(false, actions)
            }
            kind => call::discard(call, kind, actions),
        },
        _ => call,
    }
}
