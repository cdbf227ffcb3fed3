//! The states of the call on a circuit, and where each is handled (Q.764 §2.1-2.4, §2.9).

use crate::{
    CallProcessingState, Cause,
    circuit::{
        Action, CircuitAlert, Event, Failure, Indication, RepeatReason, Request, Settings, Timer,
        compatibility, continuity, incoming, indicators, outgoing, overload, release, reset,
    },
    message::{Message, MessageType},
    parameter::call::ContinuityCheck,
};

/// The call on a circuit. "Held" states belong to a call that call control knows of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Call {
    Idle,
    /// IAM sent that announces a check of this circuit, the check tone is on; T24 and T7.
    OutgoingCheck,
    /// The check failed, the call is elsewhere; T25 after the first failure, T26 after others.
    OutgoingWaitRecheck,
    /// CCR sent, the check tone is on; T24. No call is there.
    OutgoingRecheck,
    /// OLM received, the call has failed; T3 until the circuit is released.
    OutgoingOverloaded,
    /// IAM sent, no backward message yet; T7.
    OutgoingWaitAcm,
    /// ACM received; T9.
    OutgoingWaitAnm,
    OutgoingAnswered,
    /// SUS received; T6 (network) or T2 (user).
    OutgoingSuspended(Initiator),
    /// IAM received that waits for COT; T8. SAMs wait behind it.
    IncomingWaitCot {
        iam: Message,
        sams: Vec<Message>,
        looped: bool,
    },
    /// The continuity check failed; the next one is awaited with T27.
    IncomingWaitCcr,
    /// CCR received: the loop is on; T36.
    IncomingCheck,
    /// IAM given to call control, which owes an ACM or CON; T33 when INR was sent.
    IncomingWaitAcm,
    /// ACM sent; call control owes an ANM.
    IncomingWaitAnm,
    /// They talk; T38 after SUS (network) was sent.
    IncomingAnswered,
    /// REL sent; T1 and T5.
    WaitRlc {
        rel: Message,
        held: bool,
    },
    /// RSC sent; T16 and T17.
    WaitResetRlc {
        held: bool,
    },
    /// GRS sent for the group; T22 and T23 there.
    WaitGra {
        held: bool,
    },
}

/// Who suspended a call (Q.763 §3.52).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Initiator {
    /// SUS (user): terminal portability.
    User,
    /// SUS (network): the called party has hung up and may come back.
    Network,
}

impl Call {
    pub(super) fn step(self, event: Event, settings: Settings, actions: &mut Vec<Action>) -> Self {
        if let Event::Message(message) = &event
            && let MessageType::Other(_) = message.message_type()
        {
            return compatibility::unrecognized(self, message, settings, actions);
        }
        match self {
            Self::Idle => idle(event, actions),
            Self::OutgoingCheck => continuity::check(event, settings, actions),
            Self::OutgoingWaitRecheck | Self::OutgoingRecheck => {
                continuity::recheck(self, event, settings, actions)
            }
            Self::OutgoingOverloaded => overload::step(event, settings, actions),
            Self::OutgoingWaitAcm
            | Self::OutgoingWaitAnm
            | Self::OutgoingAnswered
            | Self::OutgoingSuspended(_) => outgoing::step(self, event, settings, actions),
            Self::IncomingWaitCot { .. }
            | Self::IncomingWaitCcr
            | Self::IncomingCheck
            | Self::IncomingWaitAcm
            | Self::IncomingWaitAnm
            | Self::IncomingAnswered => incoming::step(self, event, settings, actions),
            Self::WaitRlc { rel, held } => release::step(rel, held, event, actions),
            Self::WaitResetRlc { .. } | Self::WaitGra { .. } => reset::step(self, event, actions),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::OutgoingCheck => "OutgoingCheck",
            Self::OutgoingWaitRecheck => "OutgoingWaitRecheck",
            Self::OutgoingRecheck => "OutgoingRecheck",
            Self::OutgoingOverloaded => "OutgoingOverloaded",
            Self::OutgoingWaitAcm => "OutgoingWaitAcm",
            Self::OutgoingWaitAnm => "OutgoingWaitAnm",
            Self::OutgoingAnswered => "OutgoingAnswered",
            Self::OutgoingSuspended(Initiator::User) => "OutgoingSuspendedByUser",
            Self::OutgoingSuspended(Initiator::Network) => "OutgoingSuspendedByNetwork",
            Self::IncomingWaitCot { .. } => "IncomingWaitCot",
            Self::IncomingWaitCcr => "IncomingWaitCcr",
            Self::IncomingCheck => "IncomingCheck",
            Self::IncomingWaitAcm => "IncomingWaitAcm",
            Self::IncomingWaitAnm => "IncomingWaitAnm",
            Self::IncomingAnswered => "IncomingAnswered",
            Self::WaitRlc { .. } => "WaitRlc",
            Self::WaitResetRlc { .. } => "WaitResetRlc",
            Self::WaitGra { .. } => "WaitGra",
        }
    }

    /// The timers that may run in this state; leaving it stops them.
    pub(super) const fn timers(&self) -> &'static [Timer] {
        match self {
            Self::OutgoingCheck => &[Timer::T24, Timer::T7],
            Self::OutgoingWaitRecheck => &[Timer::T25, Timer::T26],
            Self::OutgoingRecheck => &[Timer::T24],
            Self::OutgoingOverloaded => &[Timer::T3],
            Self::OutgoingWaitAcm => &[Timer::T7],
            Self::OutgoingWaitAnm => &[Timer::T9],
            Self::OutgoingSuspended(Initiator::User) => &[Timer::T2],
            Self::OutgoingSuspended(Initiator::Network) => &[Timer::T6],
            Self::IncomingWaitCot { .. } => &[Timer::T8],
            Self::IncomingWaitCcr => &[Timer::T27],
            Self::IncomingCheck => &[Timer::T36],
            Self::IncomingWaitAcm => &[Timer::T33, Timer::T39],
            Self::IncomingWaitAnm => &[Timer::T39],
            Self::WaitRlc { .. } => &[Timer::T1, Timer::T5],
            Self::WaitResetRlc { .. } => &[Timer::T16, Timer::T17],
            Self::IncomingAnswered => &[Timer::T38, Timer::T39],
            Self::Idle
            | Self::OutgoingAnswered
            // T22 and T23 are those of the group.
            | Self::WaitGra { .. } => &[],
        }
    }

    /// The messages that end this state, for people.
    pub(super) const fn awaited(&self) -> &'static str {
        match self {
            Self::Idle => "",
            Self::OutgoingCheck | Self::OutgoingRecheck => {
                "the check tone coming back from the far end"
            }
            Self::OutgoingWaitRecheck => "the next continuity check towards the far end",
            Self::OutgoingOverloaded => "the end of the far end's overload",
            Self::OutgoingWaitAcm => "ACM or CON from the far end",
            Self::OutgoingWaitAnm => "ANM from the far end",
            Self::OutgoingAnswered | Self::IncomingAnswered => "REL from either end",
            Self::OutgoingSuspended(_) => "RES or REL from the far end",
            Self::IncomingWaitCot { .. } => "COT from the far end",
            Self::IncomingWaitCcr => "CCR from the far end",
            Self::IncomingCheck => "COT or REL from the far end",
            Self::IncomingWaitAcm => "ACM or CON from call control",
            Self::IncomingWaitAnm => "ANM from call control",
            Self::WaitRlc { .. } => "RLC for REL",
            Self::WaitResetRlc { .. } => "RLC for RSC",
            Self::WaitGra { .. } => "GRA for GRS",
        }
    }

    /// The call processing state that CQR tells (Q.763 §3.14).
    pub(super) const fn processing_state(&self) -> CallProcessingState {
        match self {
            Self::Idle => CallProcessingState::Idle,
            Self::OutgoingCheck
            | Self::OutgoingWaitAcm
            | Self::OutgoingWaitAnm
            | Self::OutgoingAnswered
            | Self::OutgoingSuspended(_) => CallProcessingState::OutgoingBusy,
            Self::IncomingWaitAcm | Self::IncomingWaitAnm | Self::IncomingAnswered => {
                CallProcessingState::IncomingBusy
            }
            Self::OutgoingWaitRecheck
            | Self::OutgoingRecheck
            | Self::OutgoingOverloaded
            | Self::IncomingWaitCot { .. }
            | Self::IncomingWaitCcr
            | Self::IncomingCheck
            | Self::WaitRlc { .. }
            | Self::WaitResetRlc { .. }
            | Self::WaitGra { .. } => CallProcessingState::NotIdleOrUnequipped,
        }
    }

    /// Call control has a call on this circuit and was not told of its end.
    pub(super) const fn is_active(&self) -> bool {
        matches!(
            self,
            Self::OutgoingCheck
                | Self::OutgoingWaitAcm
                | Self::OutgoingWaitAnm
                | Self::OutgoingAnswered
                | Self::OutgoingSuspended(_)
                | Self::IncomingWaitAcm
                | Self::IncomingWaitAnm
                | Self::IncomingAnswered
        )
    }

    pub(super) const fn is_held(&self) -> bool {
        match self {
            Self::WaitRlc { held, .. } | Self::WaitResetRlc { held } | Self::WaitGra { held } => {
                *held
            }
            _ => self.is_active(),
        }
    }

    /// The far end's check tone must come back to it.
    pub(super) const fn is_looped(&self) -> bool {
        matches!(
            self,
            Self::IncomingWaitCot { looped: true, .. } | Self::IncomingCheck
        )
    }

    /// IAM sent, nothing came back.
    pub(super) const fn is_unanswered(&self) -> bool {
        matches!(self, Self::OutgoingCheck | Self::OutgoingWaitAcm)
    }

    /// This end sends the check tone.
    pub(super) const fn is_checking(&self) -> bool {
        matches!(self, Self::OutgoingCheck | Self::OutgoingRecheck)
    }

    /// Call control may send this message now.
    pub(super) const fn sends(&self, message: MessageType) -> bool {
        use MessageType::{Acm, Anm, Con, Cot, Cpg, Fot, Inf, Inr, Res, Sam, Sus};
        match self {
            // COT of this circuit is the machine's own.
            Self::OutgoingCheck => matches!(message, Sam | MessageType::Sgm),
            Self::OutgoingWaitAcm => matches!(message, Sam | Cot | Inf | Inr) || passes(message),
            Self::OutgoingWaitAnm => matches!(message, Fot | Inf | Cpg) || passes(message),
            Self::OutgoingAnswered | Self::OutgoingSuspended(_) => {
                matches!(message, Fot | Cpg | Sus | Res) || passes(message)
            }
            Self::IncomingWaitAcm => {
                matches!(message, Acm | Con | Anm | Cpg | Inr | Inf) || passes(message)
            }
            Self::IncomingWaitAnm => {
                matches!(message, Anm | Con | Cpg | Inr | Inf) || passes(message)
            }
            Self::IncomingAnswered => matches!(message, Cpg | Sus | Res) || passes(message),
            Self::Idle
            | Self::OutgoingWaitRecheck
            | Self::OutgoingRecheck
            | Self::OutgoingOverloaded
            | Self::IncomingWaitCot { .. }
            | Self::IncomingWaitCcr
            | Self::IncomingCheck
            | Self::WaitRlc { .. }
            | Self::WaitResetRlc { .. }
            | Self::WaitGra { .. } => false,
        }
    }
}

/// The message has no part in the states of the call and goes from one end to the other in any of
/// them: services, charging, segments, network management.
pub(super) const fn passes(message: MessageType) -> bool {
    use MessageType::{
        Apm, Crg, Exm, Faa, Fac, Far, Frj, Idr, Ids, Lop, Nrm, Pam, Pri, Sdn, Sgm, Usr,
    };
    matches!(
        message,
        Apm | Crg
            | Exm
            | Faa
            | Fac
            | Far
            | Frj
            | Idr
            | Ids
            | Lop
            | Nrm
            | Pam
            | Pri
            | Sdn
            | Sgm
            | Usr
            | MessageType::Other(_)
    )
}

/// Nothing on the circuit.
fn idle(event: Event, actions: &mut Vec<Action>) -> Call {
    use MessageType::{Ccr, Cfn, Iam, Lpa, Olm, Rel, Rlc};
    match event {
        Event::Request(Request::Setup(iam)) => {
            let check = indicators::continuity(&iam);
            actions.push(Action::Send(iam));
            actions.push(Action::Start(Timer::T7));
            if check == ContinuityCheck::Required {
                actions.push(Action::Start(Timer::T24));
                Call::OutgoingCheck
            } else {
                Call::OutgoingWaitAcm
            }
        }
        Event::Request(Request::Reset) => reset::reset_circuit(false, actions),
        Event::Request(Request::Check) => continuity::request(actions),
        Event::Message(message) => match message.message_type() {
            Iam => incoming::seize(message, actions),
            Ccr => incoming::check(actions),
            // §2.9.5.1 a)
            Rel => {
                actions.push(Action::Send(Message::new(Rlc)));
                Call::Idle
            }
            // §2.9.5.1 b); the others answer something that has ended meanwhile.
            Rlc | Lpa | Olm => Call::Idle,
            Cfn => confusion(Call::Idle, actions),
            // §2.9.5.1 d): the far end believes in a call here.
            kind if belongs_to_call(kind) => reset::reset_circuit(false, actions),
            kind => discard(Call::Idle, kind, actions),
        },
        _ => Call::Idle,
    }
}

/// Messages of a call, as opposed to those that supervise circuits, groups or the user part.
pub(super) const fn belongs_to_call(message: MessageType) -> bool {
    use MessageType::{Acm, Anm, Con, Cot, Cpg, Fot, Inf, Inr, Res, Sam, Sus};
    matches!(
        message,
        Acm | Anm | Con | Cot | Cpg | Fot | Inf | Inr | Res | Sam | Sus
    ) || passes(message)
}

/// The state stays, the message goes, a person may look (Q.764 §2.9.5.1).
pub(super) fn discard(call: Call, message: MessageType, actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Alert(CircuitAlert::Discarded(message)));
    call
}

/// CFN: the far end did not understand something; the call goes on (Q.764 §2.9.5.3).
pub(super) fn confusion(call: Call, actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Alert(CircuitAlert::Confusion));
    call
}

/// The call has failed here: tell call control, and send REL with the same cause.
pub(super) fn fail(cause: Cause, reason: Failure, actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Indicate(Indication::Failed {
        cause: cause.clone(),
        reason,
    }));
    release::release(Message::new(MessageType::Rel).with(cause), true, actions)
}

/// The outgoing call is tried again elsewhere; this circuit is released.
pub(super) fn repeat(reason: RepeatReason, cause: Cause, actions: &mut Vec<Action>) -> Call {
    actions.push(Action::Indicate(Indication::Repeat { reason }));
    release::release(Message::new(MessageType::Rel).with(cause), true, actions)
}
