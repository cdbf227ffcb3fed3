//! Messages that this exchange does not know (Q.764 §2.9.5.2, §2.9.5.3): the sender's own
//! instructions decide, or CFN where it gave none.

use crate::{
    circuit::{
        Action, CircuitAlert, Failure, Indication, Settings,
        call::{self, Call},
    },
    message::{Message, MessageType},
    parameter::ParameterCode,
};

/// Message type non-existent or not implemented (Q.850).
const CAUSE_UNKNOWN_MESSAGE: u8 = 97;

/// Instruction indicators of the message compatibility information (Q.763 §3.33).
const RELEASE: u8 = 1 << 1;
const NOTIFY: u8 = 1 << 2;
const DISCARD: u8 = 1 << 3;

/// An unknown message on a circuit. Call control sits behind an exchange that ends ISUP or passes it
/// on (Q.764 §2.9.5.2, type A), so the instructions are always obeyed; "pass on" gives the message
/// to call control, which discards it where no ISUP follows.
pub(super) fn unrecognized(
    call: Call,
    message: &Message,
    settings: Settings,
    actions: &mut Vec<Action>,
) -> Call {
    let kind = message.message_type();
    let instructions = message
        .content(ParameterCode::MESSAGE_COMPATIBILITY_INFORMATION)
        .and_then(|content| content.first().copied());
    match instructions {
        Some(bits) if bits & RELEASE != 0 && call.is_active() => {
            let cause = settings
                .cause(CAUSE_UNKNOWN_MESSAGE)
                .with_diagnostics([kind.code()]);
            call::fail(cause, Failure::Unrecognized(kind), actions)
        }
        Some(bits) if bits & (RELEASE | DISCARD) == 0 && call.is_active() => {
            actions.push(Action::Indicate(Indication::Received(message.clone())));
            call
        }
        Some(bits) if bits & (RELEASE | NOTIFY) == 0 => {
            actions.push(Action::Alert(CircuitAlert::Discarded(kind)));
            call
        }
        Some(_) | None => {
            let cause = settings
                .cause(CAUSE_UNKNOWN_MESSAGE)
                .with_diagnostics([kind.code()]);
            actions.push(Action::Send(Message::new(MessageType::Cfn).with(cause)));
            actions.push(Action::Alert(CircuitAlert::Discarded(kind)));
            call
        }
    }
}
