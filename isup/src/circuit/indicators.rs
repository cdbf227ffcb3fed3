//! The indicators of messages that decide the next state.

use crate::{
    Cause,
    circuit::call::Initiator,
    message::Message,
    parameter::call::{
        ContinuityCheck, ContinuityIndicators, NatureOfConnection, SuspendResumeIndicators,
    },
};

/// Whether the call waits for COT. A spare value asks for nothing (Q.763 §3.35).
pub(super) fn continuity(iam: &Message) -> ContinuityCheck {
    iam.find::<NatureOfConnection>().map_or(
        ContinuityCheck::NotRequired,
        NatureOfConnection::continuity_check,
    )
}

/// COT says success; one that cannot be read does not.
pub(super) fn continuity_succeeded(cot: &Message) -> bool {
    cot.find::<ContinuityIndicators>()
        .is_some_and(|indicators| indicators.contains(ContinuityIndicators::SUCCESSFUL))
}

/// Who suspended, or resumed, the call.
pub(super) fn suspended_by(message: &Message) -> Initiator {
    match message.find::<SuspendResumeIndicators>() {
        Some(indicators) if !indicators.contains(SuspendResumeIndicators::NETWORK_INITIATED) => {
            Initiator::User
        }
        _ => Initiator::Network,
    }
}

/// The cause value in REL, when it can be read.
pub(super) fn cause(rel: &Message) -> Option<u8> {
    rel.find::<Cause>().map(|cause| cause.value)
}
