//! One circuit: the basic call, its supervision and its maintenance (Q.764 §2), without a clock.
//!
//! [`Circuit::step`] is a total function: each state answers each event, and its table is the
//! reviewed file `circuit/table.txt`. Two machines are kept apart, as the SDL of the Recommendation
//! does: the call (from idle to idle, `call` and its siblings) and blocking (`blocking`). What
//! concerns groups of circuits is the work of [`crate::node`].

mod blocking;
mod call;
mod compatibility;
mod continuity;
mod event;
mod incoming;
mod indicators;
mod outgoing;
mod overload;
mod query;
mod release;
mod reset;
mod segmentation;
#[cfg(test)]
mod tests;
mod timer;

use crate::{CallProcessingState, Cause, CircuitState, Location, Message, MessageType};
use blocking::{BlockingState, Local};
use call::Call;

pub use event::{
    Action, Blocking, CircuitAlert, Event, Failure, Indication, RepeatReason, Request,
};
pub(crate) use segmentation::split;
pub use timer::{RunBy, Timer, TimerError, Timers, UnknownTimer};

/// One circuit towards one far end.
#[derive(Clone, Debug, PartialEq)]
pub struct Circuit {
    settings: Settings,
    call: Call,
    blocking: BlockingState,
    /// A message that SGM was to complete; T34 runs (Q.764 §2.1.12).
    first_part: Option<Message>,
}

/// What a circuit is told at its birth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// This end controls the circuit: in a dual seizure its call wins (Q.764 §2.9.1.4).
    pub control: bool,
    /// The location in the causes that this end makes up.
    pub location: Location,
}

impl Settings {
    pub(crate) fn cause(self, value: u8) -> Cause {
        Cause::new(value, self.location)
    }
}

/// What maintenance sees of a circuit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each of them of its own"
)]
pub struct CircuitStatus {
    /// Blocked by this end for maintenance; BLO may still wait for its BLA.
    pub local_maintenance: bool,
    /// Blocked by this end for a failure of hardware.
    pub local_hardware: bool,
    /// Blocked by the far end for maintenance.
    pub remote_maintenance: bool,
    /// Blocked by the far end for a failure of hardware.
    pub remote_hardware: bool,
    /// A reset waits for its acknowledgement.
    pub resetting: bool,
    /// The far end says that it has not equipped the circuit.
    pub unequipped: bool,
}

impl CircuitStatus {
    /// Nothing keeps the circuit from new outgoing calls (it may be busy).
    #[must_use]
    pub const fn in_service(&self) -> bool {
        !(self.local_maintenance
            || self.local_hardware
            || self.remote_maintenance
            || self.remote_hardware
            || self.resetting
            || self.unequipped)
    }
}

impl Circuit {
    /// An idle circuit that nothing blocks.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            call: Call::Idle,
            blocking: BlockingState::default(),
            first_part: None,
        }
    }

    /// The circuit after `event`, and what it wants done, in order.
    #[must_use]
    pub fn step(mut self, event: Event) -> (Self, Vec<Action>) {
        let actions = self.handle(event);
        (self, actions)
    }

    /// [`Circuit::step`] in place.
    pub(crate) fn handle(&mut self, event: Event) -> Vec<Action> {
        let before = self.status();
        let mut actions = Vec::new();
        if let Some(event) = self.reassemble(event, &mut actions) {
            self.dispatch(event, &mut actions);
        }
        let after = self.status();
        if after != before {
            actions.push(Action::Indicate(Indication::State(after)));
        }
        actions
    }

    fn dispatch(&mut self, event: Event, actions: &mut Vec<Action>) {
        match event {
            // A blocked circuit is idle, too, and is not to be seized (Q.764 §2.8.2).
            Event::Request(Request::Setup(_)) if !self.is_available() => {}
            // IAM was received, its other half was not.
            Event::Request(Request::Check) if !self.is_idle() => {}
            Event::Request(Request::Block) => self.blocking.request(true, actions),
            Event::Request(Request::Unblock) => self.blocking.request(false, actions),
            Event::Expired(timer @ (Timer::T12 | Timer::T13 | Timer::T14 | Timer::T15)) => {
                self.blocking.expired(timer, actions);
            }
            Event::Message(message) => match message.message_type() {
                MessageType::Blo => {
                    self.blocking.message(MessageType::Blo, actions);
                    self.repeat_unanswered(RepeatReason::Blocked, actions);
                }
                kind @ (MessageType::Ubl | MessageType::Bla | MessageType::Uba) => {
                    self.blocking.message(kind, actions);
                }
                MessageType::Rsc => self.far_end_reset(actions),
                MessageType::Ucic => self.unequipped(actions),
                MessageType::Iam if self.refuses_iam(actions) => {}
                _ => self.call_message(message, actions),
            },
            Event::GroupBlock { kind, on } => {
                self.blocking.group_block(kind, on, actions);
                if kind == Blocking::Hardware && on {
                    self.hardware_failed(Failure::LocalHardware, actions);
                }
            }
            Event::GroupBlocked { kind, on } => {
                self.blocking.group_blocked(kind, on);
                match (kind, on) {
                    (Blocking::Hardware, true) => {
                        self.hardware_failed(Failure::RemoteHardware, actions);
                    }
                    (Blocking::Maintenance, true) => {
                        self.repeat_unanswered(RepeatReason::Blocked, actions);
                    }
                    (_, false) => {}
                }
            }
            Event::GroupReset => self.far_end_group_reset(actions),
            Event::Queried { far_end, settled } => self.reconcile(far_end, settled, actions),
            Event::GroupResetSent => self.group_reset_sent(actions),
            Event::GroupResetAcknowledged { blocked } => {
                self.group_reset_acknowledged(blocked, actions);
            }
            Event::Resume => {
                self.blocking.resume(actions);
                self.call(Event::Resume, actions);
            }
            Event::Request(_) | Event::Expired(_) | Event::Pause => self.call(event, actions),
        }
    }

    /// An IAM on a circuit that this end has blocked is not processed: the far end has lost the
    /// blocking and is told again; one that crossed the BLO is only discarded (Q.764 §2.8.2.3).
    /// On a circuit that the far end has blocked, an IAM undoes the blocking.
    fn refuses_iam(&mut self, actions: &mut Vec<Action>) -> bool {
        if !matches!(self.call, Call::Idle) {
            return false;
        }
        if self.blocking.locally_blocked() {
            if self.blocking.local != Local::WaitBla {
                self.blocking.repeat_local(actions);
            }
            actions.push(Action::Alert(CircuitAlert::Discarded(MessageType::Iam)));
            return true;
        }
        self.blocking.forget_remote();
        false
    }

    /// The call machine steps, and leaves no timer of its old state behind.
    fn call(&mut self, event: Event, actions: &mut Vec<Action>) {
        let settings = self.settings;
        self.change(actions, |call, actions| call.step(event, settings, actions));
    }

    /// Changes the state of the call so that these hold by construction: the timers of a state stop
    /// when it is left; the loop for a check tone, or the tone, is on in the states that have one; a circuit that
    /// belonged to a call says when it does no more; a reset leaves both ends with one view of
    /// what is blocked.
    fn change(
        &mut self,
        actions: &mut Vec<Action>,
        to: impl FnOnce(Call, &mut Vec<Action>) -> Call,
    ) {
        let old = core::mem::replace(&mut self.call, Call::Idle);
        let (timers, held) = (old.timers(), old.is_held());
        let (looped, checking) = (old.is_looped(), old.is_checking());
        let (resetting, place) = (matches!(old, Call::WaitResetRlc { .. }), actions.len());
        self.call = to(old, actions);

        let kept = self.call.timers();
        let stops = timers.iter().filter(|timer| !kept.contains(timer));
        let unlooped = looped && !self.call.is_looped();
        let unloop = unlooped.then_some(Action::Indicate(Indication::Loop(false)));
        let silenced = checking && !self.call.is_checking();
        let silence = silenced.then_some(Action::Indicate(Indication::Check(false)));
        actions.splice(
            place..place,
            stops
                .map(|&timer| Action::Stop(timer))
                .chain(unloop)
                .chain(silence),
        );
        if !checking && self.call.is_checking() {
            actions.push(Action::Indicate(Indication::Check(true)));
        }
        if !looped && self.call.is_looped() {
            actions.push(Action::Indicate(Indication::Loop(true)));
        }
        match (resetting, matches!(self.call, Call::WaitResetRlc { .. })) {
            // The far end forgets what it has blocked, and says it again before RLC (§2.9.3.1).
            (false, true) => self.blocking.remote_maintenance = false,
            (true, false) => {
                self.blocking.unequipped = false;
                self.blocking.repeat_local(actions);
            }
            _ => {}
        }
        // An outgoing call that lost a dual seizure has parted with the circuit by Repeat.
        let lost = matches!(self.call, Call::IncomingWaitCot { .. });
        if held && !self.call.is_held() && !lost {
            actions.push(Action::Indicate(Indication::Idle));
        }
    }

    /// The state of the call by its name in the table.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        if self.is_half_seized() {
            return "IncomingWaitSgm";
        }
        self.call.name()
    }

    /// The state of blocking by this end, by its name in the table.
    #[must_use]
    pub const fn blocking_state(&self) -> &'static str {
        self.blocking.local.name()
    }

    /// An IAM came whose second part is awaited.
    const fn is_half_seized(&self) -> bool {
        matches!(self.call, Call::Idle) && self.first_part.is_some()
    }

    /// No call and no reset.
    #[must_use]
    pub const fn is_idle(&self) -> bool {
        matches!(self.call, Call::Idle) && self.first_part.is_none()
    }

    /// It may be seized for an outgoing call.
    #[must_use]
    pub const fn is_available(&self) -> bool {
        self.is_idle() && !self.blocking.blocked()
    }

    /// It belongs to a call: between a Setup and [`Indication::Idle`].
    #[must_use]
    pub const fn is_held(&self) -> bool {
        self.call.is_held()
    }

    /// This end controls it (Q.764 §2.9.1.4).
    #[must_use]
    pub const fn is_controlled(&self) -> bool {
        self.settings.control
    }

    /// What it waits for, as acronyms of messages; empty when it waits for nothing.
    #[must_use]
    pub const fn awaited(&self) -> &'static str {
        if self.first_part.is_some() {
            return "SGM from the far end";
        }
        self.call.awaited()
    }

    /// `request` makes sense now. [`Circuit::step`] does nothing with one that does not.
    #[must_use]
    pub fn accepts(&self, request: &Request) -> bool {
        match request {
            Request::Setup(_) => self.is_available(),
            Request::Send(message) => self.call.sends(message.message_type()),
            Request::Release(_) => self.call.is_active(),
            Request::Checked(_) => self.call.is_checking(),
            Request::Check => self.is_idle(),
            Request::Block | Request::Unblock | Request::Reset => true,
        }
    }

    /// What maintenance sees.
    #[must_use]
    pub const fn status(&self) -> CircuitStatus {
        CircuitStatus {
            local_maintenance: !matches!(self.blocking.local, Local::Unblocked),
            local_hardware: self.blocking.local_hardware,
            remote_maintenance: self.blocking.remote_maintenance,
            remote_hardware: self.blocking.remote_hardware,
            resetting: matches!(self.call, Call::WaitResetRlc { .. } | Call::WaitGra { .. }),
            unequipped: self.blocking.unequipped,
        }
    }

    /// Blocked for maintenance by this end, as GRA tells it (Q.764 §2.9.3.2).
    pub(crate) const fn is_blocked_here(&self) -> bool {
        matches!(self.blocking.local, Local::WaitBla | Local::Blocked)
    }

    /// IAM sent, nothing came back.
    pub(crate) const fn is_outgoing_unanswered(&self) -> bool {
        self.call.is_unanswered()
    }

    /// What CQR tells another exchange of it (Q.763 §3.14).
    #[must_use]
    pub const fn state_indicator(&self) -> CircuitState {
        let status = self.status();
        if self.is_half_seized() {
            return CircuitState::TRANSIENT;
        }
        match self.call.processing_state() {
            CallProcessingState::NotIdleOrUnequipped | CallProcessingState::Other(_) => {
                CircuitState::TRANSIENT
            }
            call => CircuitState::new(
                call,
                // What UBL is on its way to undo is no longer blocked.
                both(self.is_blocked_here(), status.remote_maintenance),
                both(status.local_hardware, status.remote_hardware),
            ),
        }
    }
}

const fn both(local: bool, remote: bool) -> crate::BlockingState {
    match (local, remote) {
        (false, false) => crate::BlockingState::None,
        (true, false) => crate::BlockingState::Local,
        (false, true) => crate::BlockingState::Remote,
        (true, true) => crate::BlockingState::Both,
    }
}
