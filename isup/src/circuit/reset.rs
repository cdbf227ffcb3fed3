//! Reset of a circuit, alone or with its group (Q.764 §2.9.3), and failures that need none.

use crate::{
    circuit::{
        Action, Circuit, CircuitAlert, Event, Failure, Indication, RepeatReason, Request, Settings,
        Timer,
        call::{Call, repeat},
    },
    message::{Message, MessageType},
};

/// Normal, unspecified: the reset of a circuit says nothing of the call (Q.850).
const CAUSE_RESET: u8 = 31;
/// Temporary failure: the line broke, another may do.
const CAUSE_HARDWARE: u8 = 41;

/// Sends RSC; RLC is awaited with T16 and T17 (§2.9.3.1).
pub(super) fn reset_circuit(held: bool, actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Send(Message::new(MessageType::Rsc)));
    actions.extend([Action::Start(Timer::T16), Action::Start(Timer::T17)]);
    Call::WaitResetRlc { held }
}

/// Maintenance here resets a circuit with a call on it.
pub(super) fn local_reset(settings: Settings, actions: &mut Vec<Action>) -> Call {
    let (cause, reason) = (settings.cause(CAUSE_RESET), Failure::LocalReset);
    actions.push(Action::Indicate(Indication::Failed { cause, reason }));
    reset_circuit(true, actions)
}

/// RSC or GRS has been sent.
pub(super) fn step(call: Call, event: Event, actions: &mut Vec<Action>) -> Call {
    use MessageType::{Rel, Rlc, Rsc};
    match (call, event) {
        (Call::WaitResetRlc { .. }, Event::Message(message)) if message.message_type() == Rlc => {
            Call::Idle
        }
        (call, Event::Message(message)) if message.message_type() == Rel => {
            actions.push(Action::Send(Message::new(Rlc)));
            call
        }
        (call @ Call::WaitResetRlc { .. }, Event::Expired(timer @ (Timer::T16 | Timer::T17))) => {
            if timer == Timer::T17 {
                // §2.9.4: from now on only once in each T17, and a person should look.
                actions.push(Action::Stop(Timer::T16));
                actions.push(Action::Alert(CircuitAlert::NoAnswer(Timer::T17)));
            }
            actions.push(Action::Send(Message::new(Rsc)));
            actions.push(Action::Start(timer));
            call
        }
        (Call::WaitResetRlc { held }, Event::Resume | Event::Request(Request::Reset)) => {
            reset_circuit(held, actions)
        }
        // What the far end sends before it has seen the reset is about a call that it will end.
        (call, _) => call,
    }
}

impl Circuit {
    /// RSC from the far end, in any state (§2.9.3.1).
    pub(super) fn far_end_reset(&mut self, actions: &mut Vec<Action>) {
        self.blocking.forget_remote();
        self.end_call(Failure::Reset, RepeatReason::Reset, actions);
        // A blocked circuit says so before RLC.
        self.blocking.repeat_local(actions);
        actions.push(Action::Send(Message::new(MessageType::Rlc)));
        self.settle(actions);
    }

    /// GRS from the far end; the group answers GRA for all its circuits (§2.9.3.2).
    pub(super) fn far_end_group_reset(&mut self, actions: &mut Vec<Action>) {
        self.blocking.forget_remote();
        self.end_call(Failure::GroupReset, RepeatReason::Reset, actions);
        if self.blocking.local_hardware {
            actions.push(Action::RepeatGroupBlocking);
        }
        self.settle(actions);
    }

    /// This end sends GRS for the group.
    pub(super) fn group_reset_sent(&mut self, actions: &mut Vec<Action>) {
        self.end_call(Failure::LocalReset, RepeatReason::Reset, actions);
        self.change(actions, |call, _| Call::WaitGra {
            held: call.is_held(),
        });
    }

    /// GRA: the far end has made the circuit idle, and forgotten what this end had blocked.
    pub(super) fn group_reset_acknowledged(&mut self, blocked: bool, actions: &mut Vec<Action>) {
        if !matches!(self.call, Call::WaitGra { .. }) {
            return;
        }
        self.blocking.remote_maintenance = blocked;
        self.blocking.unequipped = false;
        self.blocking.repeat_local(actions);
        self.change(actions, |_, _| Call::Idle);
    }

    /// Tells call control that the call on the circuit is over, or must be tried elsewhere when
    /// nothing came back yet.
    fn end_call(&self, failure: Failure, repeat: RepeatReason, actions: &mut Vec<Action>) {
        if self.call.is_unanswered() && failure != Failure::LocalReset {
            actions.push(Action::Indicate(Indication::Repeat { reason: repeat }));
        } else if self.call.is_active() {
            let cause = match failure {
                Failure::LocalHardware | Failure::RemoteHardware => CAUSE_HARDWARE,
                _ => CAUSE_RESET,
            };
            let cause = self.settings.cause(cause);
            actions.push(Action::Indicate(Indication::Failed {
                cause,
                reason: failure,
            }));
        }
    }

    /// The far end has made the circuit idle. A reset of this end still waits for its answer.
    fn settle(&mut self, actions: &mut Vec<Action>) {
        self.change(actions, |call, _| match call {
            Call::WaitResetRlc { .. } | Call::WaitGra { .. } => call,
            _ => Call::Idle,
        });
    }

    /// The line broke: the call ends without REL, both ends know (§2.8.2.2).
    pub(super) fn hardware_failed(&mut self, failure: Failure, actions: &mut Vec<Action>) {
        self.end_call(failure, RepeatReason::Hardware, actions);
        self.settle(actions);
    }

    /// The far end wants no call on this circuit, and has not answered the IAM yet (§2.8.2.1).
    pub(super) fn repeat_unanswered(&mut self, reason: RepeatReason, actions: &mut Vec<Action>) {
        if self.call.is_unanswered() {
            let cause = self.settings.cause(CAUSE_RESET);
            self.change(actions, |_, actions| repeat(reason, cause, actions));
        }
    }

    /// UCIC: no call on this circuit until the far end shows by a message that it has it (§2.12).
    pub(super) fn unequipped(&mut self, actions: &mut Vec<Action>) {
        actions.push(Action::Alert(CircuitAlert::UnequippedAtFarEnd));
        if self.call.is_unanswered() {
            let reason = RepeatReason::Unequipped;
            actions.push(Action::Indicate(Indication::Repeat { reason }));
        } else if self.call.is_active() {
            let (cause, reason) = (
                self.settings.cause(CAUSE_HARDWARE),
                Failure::Unexpected(MessageType::Ucic),
            );
            actions.push(Action::Indicate(Indication::Failed { cause, reason }));
        }
        // Asked again with RSC once in each T17: the day that the far end equips it needs no hand.
        self.change(actions, |call, actions| match call {
            Call::WaitGra { .. } => call,
            Call::WaitResetRlc { .. } => {
                actions.push(Action::Stop(Timer::T16));
                Call::WaitResetRlc { held: false }
            }
            _ => {
                actions.push(Action::Start(Timer::T17));
                // The call's part ends here: Idle at once, not when the far end is equipped.
                Call::WaitResetRlc { held: false }
            }
        });
        self.blocking.unequipped = true;
    }
}
