//! The call that this end set up: from IAM to release (Q.764 §2.1-2.4; CPCO of its SDL).

use crate::{
    circuit::{
        Action, CircuitAlert, Event, Failure, Indication, RepeatReason, Request, Settings, Timer,
        call::{self, Call, Initiator},
        incoming, indicators, overload, release, reset,
    },
    message::{Message, MessageType},
};

/// Requested circuit or channel not available (Q.850).
const CAUSE_NOT_AVAILABLE: u8 = 44;

/// One event of an outgoing call.
pub(super) fn step(
    call: Call,
    event: Event,
    settings: Settings,
    actions: &mut Vec<Action>,
) -> Call {
    use MessageType::{Acm, Anm, Cfn, Con, Cpg, Iam, Inr, Olm, Rel, Res, Rlc, Sus};
    match (call, event) {
        (call, Event::Request(request)) => requested(call, request, settings, actions),

        // Answers to the IAM.
        (Call::OutgoingWaitAcm, Event::Message(message)) => match message.message_type() {
            Acm => {
                actions.push(Action::Start(Timer::T9));
                receive(Call::OutgoingWaitAnm, message, actions)
            }
            // ANM without ACM is ANSI's CON; ITU-T networks that do it mean the same.
            Con | Anm => receive(Call::OutgoingAnswered, message, actions),
            // CPG before ACM is that of some national networks: the far end works on the call.
            Cpg => {
                actions.push(Action::Start(Timer::T7));
                receive(Call::OutgoingWaitAcm, message, actions)
            }
            Inr => receive(Call::OutgoingWaitAcm, message, actions),
            Iam => dual_seizure(Call::OutgoingWaitAcm, message, settings, actions),
            Rel => refused(message, actions),
            Rlc => released_without_rel(settings, actions),
            Cfn => call::confusion(Call::OutgoingWaitAcm, actions),
            Olm => overload::refused(settings, actions),
            kind if call::passes(kind) => receive(Call::OutgoingWaitAcm, message, actions),
            // §2.9.5.1 e): before any backward message.
            kind if call::belongs_to_call(kind) => unreasonable(kind, actions),
            kind => call::discard(Call::OutgoingWaitAcm, kind, actions),
        },
        (Call::OutgoingWaitAcm, Event::Expired(timer @ Timer::T7)) => {
            call::fail(settings.cause(102), Failure::Expired(timer), actions)
        }

        // The called party is alerted, or the call goes on elsewhere.
        (Call::OutgoingWaitAnm, Event::Message(message)) => match message.message_type() {
            Anm => receive(Call::OutgoingAnswered, message, actions),
            Cpg | Inr => receive(Call::OutgoingWaitAnm, message, actions),
            _ => any_time(Call::OutgoingWaitAnm, message, settings, actions),
        },
        (Call::OutgoingWaitAnm, Event::Expired(timer @ Timer::T9)) => {
            call::fail(settings.cause(19), Failure::Expired(timer), actions)
        }

        // They talk.
        (Call::OutgoingAnswered, Event::Message(message)) => match message.message_type() {
            Sus => {
                let (initiator, timer) = match indicators::suspended_by(&message) {
                    Initiator::Network => (Initiator::Network, Timer::T6),
                    Initiator::User => (Initiator::User, Timer::T2),
                };
                actions.push(Action::Start(timer));
                receive(Call::OutgoingSuspended(initiator), message, actions)
            }
            Cpg => receive(Call::OutgoingAnswered, message, actions),
            // That of the calling side, when it was suspended.
            Res => receive(Call::OutgoingAnswered, message, actions),
            _ => any_time(Call::OutgoingAnswered, message, settings, actions),
        },

        // The called party has hung up, and may come back (§2.4).
        (call @ Call::OutgoingSuspended(initiator), Event::Message(message)) => {
            match message.message_type() {
                Res if indicators::suspended_by(&message) == initiator => {
                    receive(Call::OutgoingAnswered, message, actions)
                }
                Res | Sus | Cpg => receive(call, message, actions),
                _ => any_time(call, message, settings, actions),
            }
        }
        (Call::OutgoingSuspended(Initiator::Network), Event::Expired(timer @ Timer::T6)) => {
            call::fail(settings.cause(16), Failure::Expired(timer), actions)
        }
        (Call::OutgoingSuspended(Initiator::User), Event::Expired(timer @ Timer::T2)) => {
            call::fail(settings.cause(102), Failure::Expired(timer), actions)
        }

        // Calls that talk are kept; the others could not go on (§2.14).
        (Call::OutgoingWaitAcm | Call::OutgoingWaitAnm, Event::Pause) => {
            call::fail(settings.cause(38), Failure::MtpPause, actions)
        }

        // A timer that ended while it was stopped, and what `Circuit` handles for all states.
        (call, _) => call,
    }
}

/// REL before any backward message (§2.2, §2.8.1).
pub(super) fn refused(rel: Message, actions: &mut Vec<Action>) -> Call {
    let cause = indicators::cause(&rel);
    actions.push(Action::Send(Message::new(MessageType::Rlc)));
    actions.push(Action::Indicate(if cause == Some(CAUSE_NOT_AVAILABLE) {
        Indication::Repeat {
            reason: RepeatReason::NotAvailable,
        }
    } else {
        Indication::Released(rel)
    }));
    Call::Idle
}

/// A message that makes no sense before a backward one (§2.9.5.1 e).
pub(super) fn unreasonable(message: MessageType, actions: &mut Vec<Action>) -> Call {
    let reason = RepeatReason::Unexpected(message);
    actions.push(Action::Indicate(Indication::Repeat { reason }));
    reset::reset_circuit(true, actions)
}

/// Messages that mean the same from ACM on.
fn any_time(call: Call, message: Message, settings: Settings, actions: &mut Vec<Action>) -> Call {
    use MessageType::{Cfn, Olm, Rel, Rlc};
    match message.message_type() {
        Rel => {
            actions.push(Action::Send(Message::new(Rlc)));
            actions.push(Action::Indicate(Indication::Released(message)));
            Call::Idle
        }
        Rlc => released_without_rel(settings, actions),
        Cfn => call::confusion(call, actions),
        Olm => call,
        kind if call::passes(kind) => receive(call, message, actions),
        // §2.9.5.1 e): after a backward message, nothing is disturbed.
        kind => call::discard(call, kind, actions),
    }
}

/// RLC although no REL was sent (§2.9.5.1 c).
pub(super) fn released_without_rel(settings: Settings, actions: &mut Vec<Action>) -> Call {
    call::fail(
        settings.cause(111),
        Failure::Unexpected(MessageType::Rlc),
        actions,
    )
}

/// Both ends have seized the circuit (§2.9.1.4).
pub(super) fn dual_seizure(
    call: Call,
    iam: Message,
    settings: Settings,
    actions: &mut Vec<Action>,
) -> Call {
    if settings.control {
        actions.push(Action::Alert(CircuitAlert::DualSeizure { won: true }));
        return call;
    }
    actions.push(Action::Alert(CircuitAlert::DualSeizure { won: false }));
    actions.push(Action::Indicate(Indication::Repeat {
        reason: RepeatReason::DualSeizure,
    }));
    incoming::seize(iam, actions)
}

pub(super) fn receive(call: Call, message: Message, actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Indicate(Indication::Received(message)));
    call
}

/// What call control asks of a call in either direction once it is there; only messages that
/// [`Call::sends`] allows go out.
pub(super) fn requested(
    call: Call,
    request: Request,
    settings: Settings,
    actions: &mut Vec<Action>,
) -> Call {
    match request {
        Request::Send(message) if call.sends(message.message_type()) => {
            if message.message_type() == MessageType::Sam {
                // §2.1.2.1: T7 counts from the latest address message.
                actions.push(Action::Start(Timer::T7));
            }
            actions.push(Action::Send(message));
            call
        }
        Request::Release(rel) => release::release(rel, true, actions),
        Request::Reset => reset::local_reset(settings, actions),
        Request::Setup(_)
        | Request::Send(_)
        | Request::Checked(_)
        | Request::Block
        | Request::Unblock
        | Request::Check => call,
    }
}
