//! Messages and parameters that this exchange does not know (Q.764 §2.9.5.2, §2.9.5.3): the
//! sender's own instructions decide.
//!
//! Call control sits behind an exchange that ends ISUP or passes it on (type A), so the instructions
//! are always obeyed, whoever they are meant for. "Pass on" gives the message to call control,
//! which leaves it behind where no ISUP follows.

use crate::{
    Cause, Message, MessageType, ParameterCode,
    circuit::{
        Action, Circuit, CircuitAlert, Event, Failure, Indication, Settings,
        call::{self, Call},
        release,
    },
    parameter::{
        self,
        compatibility::{
            MessageCompatibilityInformation, MessageInstruction, ParameterCompatibilityInformation,
            ParameterInstruction,
        },
    },
};

/// Message type non-existent or not implemented (Q.850).
const CAUSE_UNKNOWN_MESSAGE: u8 = 97;
/// Parameter non-existent or not implemented.
const CAUSE_UNKNOWN_PARAMETER: u8 = 99;
/// Parameter non-existent or not implemented, passed on.
const CAUSE_PASSED_ON: u8 = 103;
/// Message with unrecognized parameter, discarded.
const CAUSE_MESSAGE_DISCARDED: u8 = 110;

/// An unknown message on a circuit. Without instructions: CFN, and discarded.
pub(super) fn unrecognized(
    call: Call,
    message: &Message,
    settings: Settings,
    actions: &mut Vec<Action>,
) -> Call {
    use MessageInstruction as I;
    let kind = message.message_type();
    let cause = || {
        settings
            .cause(CAUSE_UNKNOWN_MESSAGE)
            .with_diagnostics([kind.code()])
    };
    let given = message.find::<MessageCompatibilityInformation>();
    let instruction = given.map_or(I::SEND_NOTIFICATION | I::DISCARD_MESSAGE, |i| i.instruction);
    if call.is_active() {
        if instruction.contains(I::RELEASE_CALL) {
            return call::fail(cause(), Failure::Unrecognized(kind), actions);
        }
        if !instruction.contains(I::DISCARD_MESSAGE) {
            actions.push(Action::Indicate(Indication::Received(message.clone())));
            return call;
        }
    }
    if instruction.intersects(I::SEND_NOTIFICATION | I::RELEASE_CALL) {
        notify(cause(), actions);
    }
    call::discard(call, kind, actions)
}

/// CFN (Q.764 §2.9.5.3).
fn notify(cause: Cause, actions: &mut Vec<Action>) {
    actions.push(Action::Send(Message::new(MessageType::Cfn).with(cause)));
}

/// What becomes of a message with unknown parameters.
enum Verdict {
    /// It is handled; parameters that were to be discarded are gone.
    Handle,
    Discard,
    Release(Cause),
}

impl Circuit {
    /// A message of the call, after its unknown parameters have had their say.
    pub(super) fn call_message(&mut self, mut message: Message, actions: &mut Vec<Action>) {
        let kind = message.message_type();
        let verdict = match kind {
            // Never an answer to these; and what is unknown in REL keeps no circuit (§2.9.5.3).
            MessageType::Rel | MessageType::Rlc | MessageType::Cfn => Verdict::Handle,
            _ => examine(&mut message, self.settings, actions),
        };
        match verdict {
            Verdict::Handle => self.call(Event::Message(message), actions),
            Verdict::Discard => actions.push(Action::Alert(CircuitAlert::Discarded(kind))),
            Verdict::Release(cause) => self.change(actions, |call, actions| {
                if call.is_active() {
                    call::fail(cause, Failure::Unrecognized(kind), actions)
                } else if matches!(call, Call::Idle) && kind == MessageType::Iam {
                    release::release(Message::new(MessageType::Rel).with(cause), false, actions)
                } else {
                    call::discard(call, kind, actions)
                }
            }),
        }
    }
}

/// Obeys the instructions for the unknown parameters of a message, the strictest first. An unknown
/// parameter without instructions passes on, as it came.
fn examine(message: &mut Message, settings: Settings, actions: &mut Vec<Action>) -> Verdict {
    use ParameterInstruction as I;
    let Some(information) = message.find::<ParameterCompatibilityInformation>() else {
        return Verdict::Handle;
    };
    let unknown: Vec<(ParameterCode, I)> = message
        .parameters()
        .filter(|(code, _)| parameter::row(*code).is_none())
        .filter_map(|(code, _)| Some((code, information.of(code)?)))
        .collect();
    let with = |instruction: I| {
        let those = unknown
            .iter()
            .filter(move |(_, given)| given.contains(instruction));
        those.map(|(code, _)| code.0).collect::<Vec<u8>>()
    };
    let to_release = with(I::RELEASE_CALL);
    if !to_release.is_empty() {
        let cause = settings
            .cause(CAUSE_UNKNOWN_PARAMETER)
            .with_diagnostics(to_release);
        return Verdict::Release(cause);
    }
    let against_message = with(I::DISCARD_MESSAGE);
    if !against_message.is_empty() {
        if !with(I::DISCARD_MESSAGE | I::SEND_NOTIFICATION).is_empty() {
            let mut diagnostics = vec![message.message_type().code()];
            diagnostics.extend(against_message);
            notify(
                settings
                    .cause(CAUSE_MESSAGE_DISCARDED)
                    .with_diagnostics(diagnostics),
                actions,
            );
        }
        return Verdict::Discard;
    }
    let told_discarded = with(I::DISCARD_PARAMETER | I::SEND_NOTIFICATION);
    let mut told_passed = with(I::SEND_NOTIFICATION);
    told_passed.retain(|code| !told_discarded.contains(code));
    for code in with(I::DISCARD_PARAMETER) {
        while message.remove(ParameterCode(code)) {}
    }
    for (cause, diagnostics) in [
        (CAUSE_UNKNOWN_PARAMETER, told_discarded),
        (CAUSE_PASSED_ON, told_passed),
    ] {
        if !diagnostics.is_empty() {
            notify(settings.cause(cause).with_diagnostics(diagnostics), actions);
        }
    }
    Verdict::Handle
}
