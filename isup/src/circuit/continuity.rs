//! The check of a circuit by this end: tone, COT, and CCR after a failure (Q.764 §2.1.8; CCO and
//! CRS of its SDL). The far end's checks are in `incoming`.

use crate::{
    Cause,
    circuit::{
        Action, CircuitAlert, Event, Failure, Indication, RepeatReason, Request, Settings, Timer,
        call::{self, Call},
        incoming, outgoing, overload, release, reset,
    },
    message::{Message, MessageType},
    parameter::call::ContinuityIndicators,
};

/// Normal call clearing: the circuit is good again, there is no call (Q.850).
const CAUSE_NORMAL: u8 = 16;

/// IAM sent, and the check tone is on.
pub(super) fn check(event: Event, settings: Settings, actions: &mut Vec<Action>) -> Call {
    use MessageType::{Cfn, Iam, Lpa, Olm, Rel, Rlc};
    let call = Call::OutgoingCheck;
    match event {
        Event::Request(Request::Checked(true)) => {
            actions.push(Action::Send(cot(true)));
            Call::OutgoingWaitAcm
        }
        Event::Request(Request::Checked(false)) | Event::Expired(Timer::T24) => {
            failed(Timer::T25, actions);
            let reason = RepeatReason::ContinuityFailed;
            actions.push(Action::Indicate(Indication::Repeat { reason }));
            Call::OutgoingWaitRecheck
        }
        Event::Expired(timer @ Timer::T7) => {
            call::fail(settings.cause(102), Failure::Expired(timer), actions)
        }
        Event::Pause => call::fail(settings.cause(38), Failure::MtpPause, actions),
        Event::Request(request) => outgoing::requested(call, request, settings, actions),
        Event::Message(message) => match message.message_type() {
            Iam => outgoing::dual_seizure(call, message, settings, actions),
            Rel => outgoing::refused(message, actions),
            Rlc => outgoing::released_without_rel(settings, actions),
            Cfn => call::confusion(call, actions),
            // The far end has its loop on.
            Lpa => call,
            Olm => overload::refused(settings, actions),
            // It must not go on with the call before COT.
            kind if call::belongs_to_call(kind) => outgoing::unreasonable(kind, actions),
            kind => call::discard(call, kind, actions),
        },
        _ => call,
    }
}

/// CCR, and the tone after it.
pub(super) fn request(actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Send(Message::new(MessageType::Ccr)));
    actions.push(Action::Start(Timer::T24));
    Call::OutgoingRecheck
}

/// The call is elsewhere, or there is none; the circuit is checked until it is good, or reset.
pub(super) fn recheck(
    call: Call,
    event: Event,
    settings: Settings,
    actions: &mut Vec<Action>,
) -> Call {
    use MessageType::{Ccr, Cfn, Cot, Iam, Lpa, Olm, Rel, Rlc};
    match (call, event) {
        (Call::OutgoingWaitRecheck, Event::Expired(Timer::T25 | Timer::T26)) => request(actions),
        // The circuit is good: both ends make it idle.
        (Call::OutgoingRecheck, Event::Request(Request::Checked(true))) => {
            actions.push(Action::Alert(CircuitAlert::ContinuityGood));
            let rel = Message::new(Rel).with(Cause::new(CAUSE_NORMAL, settings.location));
            release::release(rel, false, actions)
        }
        (
            Call::OutgoingRecheck,
            Event::Request(Request::Checked(false)) | Event::Expired(Timer::T24),
        ) => {
            failed(Timer::T26, actions);
            Call::OutgoingWaitRecheck
        }
        (_, Event::Request(Request::Reset)) => reset::reset_circuit(false, actions),
        (call, Event::Message(message)) => match message.message_type() {
            Rel => {
                actions.push(Action::Send(Message::new(Rlc)));
                Call::Idle
            }
            // Both ends check: as in a dual seizure, one of them yields (§2.9.1.4).
            Ccr if matches!(call, Call::OutgoingRecheck) && settings.control => {
                call::discard(call, Ccr, actions)
            }
            Ccr => incoming::check(actions),
            Lpa | Olm | Rlc => call,
            Cfn => call::confusion(call, actions),
            // §2.9.5.1: the far end believes in a call here.
            kind if kind == Iam || kind == Cot || call::belongs_to_call(kind) => {
                reset::reset_circuit(false, actions)
            }
            kind => call::discard(call, kind, actions),
        },
        (call, _) => call,
    }
}

/// COT failure; the next check is made when `wait` ends.
fn failed(wait: Timer, actions: &mut Vec<Action>) {
    actions.push(Action::Send(cot(false)));
    actions.push(Action::Alert(CircuitAlert::ContinuityFailed));
    actions.push(Action::Start(wait));
}

fn cot(success: bool) -> Message {
    Message::new(MessageType::Cot).with(if success {
        ContinuityIndicators::SUCCESSFUL
    } else {
        ContinuityIndicators::empty()
    })
}
