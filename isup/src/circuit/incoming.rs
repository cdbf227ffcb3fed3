//! The call that the far end set up: from IAM to release (Q.764 §2.1-2.4; CPCI of its SDL).

use crate::{
    circuit::{
        Action, CircuitAlert, Event, Failure, Indication, Request, Settings, Timer,
        call::{self, Call, Initiator},
        indicators, outgoing, release, reset,
    },
    message::{Message, MessageType},
    parameter::call::ContinuityCheck,
};

/// An IAM on a circuit that may take it. A call whose circuit, or one before it, is still being
/// checked waits for COT (§2.1.8).
pub(super) fn seize(iam: Message, actions: &mut Vec<Action>) -> Call {
    let looped = match indicators::continuity(&iam) {
        ContinuityCheck::NotRequired | ContinuityCheck::Other(_) => {
            actions.push(Action::Indicate(Indication::Setup(iam)));
            return Call::IncomingWaitAcm;
        }
        ContinuityCheck::Required => true,
        ContinuityCheck::OnPreviousCircuit => false,
    };
    actions.push(Action::Start(Timer::T8));
    Call::IncomingWaitCot {
        iam,
        sams: Vec::new(),
        looped,
    }
}

/// CCR: the far end checks the circuit without a call, or again after a failure (§2.1.8).
pub(super) fn check(actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Start(Timer::T36));
    Call::IncomingCheck
}

/// One event of an incoming call.
pub(super) fn step(
    call: Call,
    event: Event,
    settings: Settings,
    actions: &mut Vec<Action>,
) -> Call {
    match call {
        Call::IncomingWaitCot { iam, sams, looped } => {
            wait_cot(iam, sams, looped, event, settings, actions)
        }
        Call::IncomingWaitCcr | Call::IncomingCheck => recheck(call, event, actions),
        call => known_to_call_control(call, event, settings, actions),
    }
}

/// From Setup to release.
fn known_to_call_control(
    call: Call,
    event: Event,
    settings: Settings,
    actions: &mut Vec<Action>,
) -> Call {
    use MessageType::{Acm, Anm, Cfn, Con, Cpg, Fot, Inf, Inr, Olm, Rel, Res, Rlc, Sam, Sus};
    match (call, event) {
        (call, Event::Request(Request::Send(message))) if call.sends(message.message_type()) => {
            let next = match (call, message.message_type()) {
                (Call::IncomingWaitAcm, Acm) => Call::IncomingWaitAnm,
                (Call::IncomingWaitAcm | Call::IncomingWaitAnm, Con | Anm) => {
                    Call::IncomingAnswered
                }
                (call @ Call::IncomingWaitAcm, Inr) => {
                    actions.push(Action::Start(Timer::T33));
                    call
                }
                // Q.731.7: who calls maliciously? The call goes on with or without an answer.
                (call, MessageType::Idr) => {
                    actions.push(Action::Start(Timer::T39));
                    call
                }
                // §2.4.3: the called party has hung up, and may come back.
                (call @ Call::IncomingAnswered, kind @ (Sus | Res))
                    if indicators::suspended_by(&message) == Initiator::Network =>
                {
                    actions.push(match kind {
                        Sus => Action::Start(Timer::T38),
                        _ => Action::Stop(Timer::T38),
                    });
                    call
                }
                (call, _) => call,
            };
            actions.push(Action::Send(message));
            next
        }
        (_, Event::Request(Request::Release(rel))) => release::release(rel, true, actions),
        (_, Event::Request(Request::Reset)) => reset::local_reset(settings, actions),

        (call, Event::Message(message)) => match (call, message.message_type()) {
            (_, Rel) => {
                actions.push(Action::Send(Message::new(Rlc)));
                actions.push(Action::Indicate(Indication::Released(message)));
                Call::Idle
            }
            (_, Rlc) => outgoing::released_without_rel(settings, actions),
            (call, Cfn) => call::confusion(call, actions),
            (call, Olm) => call,

            (call @ Call::IncomingWaitAcm, Sam | Inr) => outgoing::receive(call, message, actions),
            (call @ Call::IncomingWaitAcm, Inf) => {
                actions.push(Action::Stop(Timer::T33));
                outgoing::receive(call, message, actions)
            }
            (call @ Call::IncomingWaitAnm, Inf | Fot | Cpg) => {
                outgoing::receive(call, message, actions)
            }
            (call @ Call::IncomingAnswered, Fot | Sus | Res | Cpg) => {
                outgoing::receive(call, message, actions)
            }
            (call, MessageType::Ids) => {
                actions.push(Action::Stop(Timer::T39));
                outgoing::receive(call, message, actions)
            }
            (call, kind) if call::passes(kind) => outgoing::receive(call, message, actions),

            // §2.9.5.1 e): before a backward message, the ends do not agree on the call.
            (Call::IncomingWaitAcm, kind)
                if kind == MessageType::Iam || call::belongs_to_call(kind) =>
            {
                let reason = Failure::Unexpected(kind);
                let cause = settings.cause(111);
                actions.push(Action::Indicate(Indication::Failed { cause, reason }));
                reset::reset_circuit(true, actions)
            }
            // After one, nothing is disturbed.
            (call, kind) => call::discard(call, kind, actions),
        },

        (Call::IncomingWaitAcm, Event::Expired(timer @ Timer::T33)) => {
            actions.push(Action::Alert(CircuitAlert::NoAnswer(timer)));
            call::fail(settings.cause(102), Failure::Expired(timer), actions)
        }
        (call, Event::Expired(timer @ Timer::T39)) => {
            actions.push(Action::Alert(CircuitAlert::NoAnswer(timer)));
            call
        }
        (Call::IncomingAnswered, Event::Expired(timer @ Timer::T38)) => {
            call::fail(settings.cause(102), Failure::Expired(timer), actions)
        }
        // Calls that talk are kept; the others could not go on (§2.14).
        (Call::IncomingWaitAcm | Call::IncomingWaitAnm, Event::Pause) => {
            call::fail(settings.cause(38), Failure::MtpPause, actions)
        }
        // A timer that ended while it was stopped, and what `Circuit` handles for all states.
        (call, _) => call,
    }
}

/// IAM received, COT not yet: call control does not know of the call (§2.1.8).
fn wait_cot(
    iam: Message,
    mut sams: Vec<Message>,
    looped: bool,
    event: Event,
    settings: Settings,
    actions: &mut Vec<Action>,
) -> Call {
    use MessageType::{Cfn, Cot, Olm, Rel, Rlc, Sam};
    match event {
        Event::Message(message) => match message.message_type() {
            Cot if indicators::continuity_succeeded(&message) => {
                actions.push(Action::Indicate(Indication::Setup(iam)));
                actions.extend(
                    sams.into_iter()
                        .map(|sam| Action::Indicate(Indication::Received(sam))),
                );
                Call::IncomingWaitAcm
            }
            // A failure on this circuit is checked again; one before it ends the call.
            Cot => {
                actions.push(Action::Alert(CircuitAlert::ContinuityFailed));
                if looped {
                    actions.push(Action::Start(Timer::T27));
                    Call::IncomingWaitCcr
                } else {
                    let rel = Message::new(Rel).with(settings.cause(41));
                    release::release(rel, false, actions)
                }
            }
            Sam if sams.len() < MOST_SAMS => {
                sams.push(message);
                Call::IncomingWaitCot { iam, sams, looped }
            }
            Rel => {
                actions.push(Action::Send(Message::new(Rlc)));
                Call::Idle
            }
            Rlc => release::release(Message::new(Rel).with(settings.cause(111)), false, actions),
            Cfn => call::confusion(Call::IncomingWaitCot { iam, sams, looped }, actions),
            Olm => Call::IncomingWaitCot { iam, sams, looped },
            // §2.9.5.1 e): before a backward message.
            kind if kind == MessageType::Iam || call::belongs_to_call(kind) => {
                reset::reset_circuit(false, actions)
            }
            kind => call::discard(Call::IncomingWaitCot { iam, sams, looped }, kind, actions),
        },
        Event::Expired(Timer::T8) => {
            release::release(Message::new(Rel).with(settings.cause(41)), false, actions)
        }
        Event::Request(Request::Reset) => reset::reset_circuit(false, actions),
        Event::Pause => {
            release::release(Message::new(Rel).with(settings.cause(38)), false, actions)
        }
        _ => Call::IncomingWaitCot { iam, sams, looped },
    }
}

/// More SAMs than an address has digits are no address (E.164 has 15, a SAM at least one).
const MOST_SAMS: usize = 32;

/// The check failed and is made again, or was asked for by CCR alone (§2.1.8).
fn recheck(call: Call, event: Event, actions: &mut Vec<Action>) -> Call {
    use MessageType::{Ccr, Cfn, Cot, Rel, Rlc};
    match (call, event) {
        (_, Event::Message(message)) if message.message_type() == Rel => {
            actions.push(Action::Send(Message::new(Rlc)));
            Call::Idle
        }
        (_, Event::Message(message)) if message.message_type() == Ccr => check(actions),
        (Call::IncomingCheck, Event::Message(message)) if message.message_type() == Cot => {
            if indicators::continuity_succeeded(&message) {
                return Call::Idle;
            }
            actions.push(Action::Alert(CircuitAlert::ContinuityFailed));
            actions.push(Action::Start(Timer::T27));
            Call::IncomingWaitCcr
        }
        (call, Event::Message(message)) => match message.message_type() {
            Cfn => call::confusion(call, actions),
            kind if kind == MessageType::Iam || call::belongs_to_call(kind) => {
                reset::reset_circuit(false, actions)
            }
            kind => call::discard(call, kind, actions),
        },
        (Call::IncomingWaitCcr, Event::Expired(Timer::T27))
        | (Call::IncomingCheck, Event::Expired(Timer::T36))
        | (_, Event::Request(Request::Reset)) => reset::reset_circuit(false, actions),
        (call, _) => call,
    }
}
