//! What a circuit does when CQR shows that the far end sees it otherwise (Q.764 §2.8.3).
//!
//! The far end has answered about a state that lasts: a circuit in a transient one is settling
//! already, at either end, and is left to its timers.

use crate::{
    BlockingState, CallProcessingState, CircuitState, MessageType,
    circuit::{Action, Circuit, Failure, Indication, blocking::Local, call, reset},
};

/// The far end's call is gone: it keeps the circuit for nobody (Q.850, temporary failure).
const CAUSE_CALL_GONE: u8 = 41;

impl Circuit {
    /// `far_end` is what CQR says; `settled`: nothing has changed here since CQM was sent, so that
    /// a difference is none of messages under way.
    pub(super) fn reconcile(
        &mut self,
        far_end: CircuitState,
        settled: bool,
        actions: &mut Vec<Action>,
    ) {
        if far_end.0 & 0xF == CircuitState::UNEQUIPPED.0 {
            if !self.blocking.unequipped {
                self.unequipped(actions);
            }
            return;
        }
        if settled && far_end.0 & 0xF != CircuitState::TRANSIENT.0 {
            self.reconcile_blocking(far_end, actions);
            self.reconcile_call(far_end.call(), actions);
        }
    }

    /// Each end believes the other about what the other has blocked.
    fn reconcile_blocking(&mut self, far_end: CircuitState, actions: &mut Vec<Action>) {
        let (there, here) = sides(far_end.maintenance_blocking());
        self.blocking.remote_maintenance = there;
        match (self.blocking.local, here) {
            (Local::Blocked, false) => self.blocking.repeat_maintenance(actions),
            (Local::Unblocked, true) => self.blocking.repeat_unblocking(actions),
            _ => {}
        }
        let (there, here) = sides(far_end.hardware_blocking());
        if self.blocking.remote_hardware != there {
            self.blocking.remote_hardware = there;
            if there {
                self.hardware_failed(Failure::RemoteHardware, actions);
            }
        }
        if self.blocking.local_hardware != here {
            actions.push(Action::RepeatGroupBlocking);
        }
    }

    /// A call that only one end knows is ended; two that cannot be one are, by a reset.
    fn reconcile_call(&mut self, far_end: CallProcessingState, actions: &mut Vec<Action>) {
        use CallProcessingState::{Idle, IncomingBusy, OutgoingBusy};
        let failure = Failure::Unexpected(MessageType::Cqr);
        match (self.call.processing_state(), far_end) {
            (Idle, IncomingBusy | OutgoingBusy) => {
                self.change(actions, |_, actions| reset::reset_circuit(false, actions));
            }
            (IncomingBusy | OutgoingBusy, Idle) => {
                let cause = self.settings.cause(CAUSE_CALL_GONE);
                self.change(actions, |_, actions| call::fail(cause, failure, actions));
            }
            (IncomingBusy, IncomingBusy) | (OutgoingBusy, OutgoingBusy) => {
                let cause = self.settings.cause(CAUSE_CALL_GONE);
                actions.push(Action::Indicate(Indication::Failed {
                    cause,
                    reason: failure,
                }));
                self.change(actions, |_, actions| reset::reset_circuit(true, actions));
            }
            _ => {}
        }
    }
}

/// Blocked by the exchange that says so, and by the one that hears it.
const fn sides(blocking: BlockingState) -> (bool, bool) {
    match blocking {
        BlockingState::Local => (true, false),
        BlockingState::Remote => (false, true),
        BlockingState::Both => (true, true),
        BlockingState::None | BlockingState::Other(_) => (false, false),
    }
}
