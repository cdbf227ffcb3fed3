//! Blocking of one circuit (Q.764 §2.8.2, §2.9.4; BLS and BLR of its SDL).

use crate::{
    circuit::{Action, Blocking, CircuitAlert, Timer},
    message::{Message, MessageType},
};

/// Blocking by this end with BLO and UBL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Local {
    #[default]
    Unblocked,
    /// BLO sent; T12 and T13 run.
    WaitBla,
    Blocked,
    /// UBL sent; T14 and T15 run.
    WaitUba,
}

impl Local {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Unblocked => "Unblocked",
            Self::WaitBla => "WaitBla",
            Self::Blocked => "Blocked",
            Self::WaitUba => "WaitUba",
        }
    }

    const fn timers(self) -> &'static [Timer] {
        match self {
            Self::WaitBla => &[Timer::T12, Timer::T13],
            Self::WaitUba => &[Timer::T14, Timer::T15],
            Self::Unblocked | Self::Blocked => &[],
        }
    }
}

/// Who keeps the circuit from new calls, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct BlockingState {
    pub(super) local: Local,
    /// Blocked by CGB of this end for a failure of hardware; the group runs the timers.
    pub(super) local_hardware: bool,
    pub(super) remote_maintenance: bool,
    pub(super) remote_hardware: bool,
    /// The far end said UCIC (Q.764 §2.12).
    pub(super) unequipped: bool,
}

impl BlockingState {
    pub(super) const fn locally_blocked(&self) -> bool {
        self.local_hardware || matches!(self.local, Local::WaitBla | Local::Blocked)
    }

    pub(super) const fn blocked(&self) -> bool {
        self.locally_blocked()
            || !matches!(self.local, Local::Unblocked)
            || self.remote_maintenance
            || self.remote_hardware
            || self.unequipped
    }

    /// The far end has forgotten its blocking, or shown by an IAM that it has none (Q.764
    /// §2.8.2.3, §2.9.3).
    pub(super) const fn forget_remote(&mut self) {
        self.remote_maintenance = false;
        self.remote_hardware = false;
        self.unequipped = false;
    }

    /// The far end has forgotten the blocking of this end: tell it again (Q.764 §2.9.3.1, §2.9.3.2).
    /// A UBL goes on waiting for its UBA: the blocking it undoes may have been sent after the reset.
    pub(super) fn repeat_local(&mut self, actions: &mut Vec<Action>) {
        if matches!(self.local, Local::WaitBla | Local::Blocked) {
            self.send_blo(actions);
        }
        if self.local_hardware {
            actions.push(Action::RepeatGroupBlocking);
        }
    }

    /// CQR: the far end does not know the blocking of this end for maintenance.
    pub(super) fn repeat_maintenance(&mut self, actions: &mut Vec<Action>) {
        self.send_blo(actions);
    }

    /// CQR: the far end still believes in one.
    pub(super) fn repeat_unblocking(&mut self, actions: &mut Vec<Action>) {
        self.send_ubl(actions);
    }

    pub(super) fn request(&mut self, block: bool, actions: &mut Vec<Action>) {
        match (self.local, block) {
            (Local::Unblocked | Local::WaitUba, true) => self.send_blo(actions),
            (Local::Blocked | Local::WaitBla, false) => self.send_ubl(actions),
            (Local::Blocked | Local::WaitBla, true)
            | (Local::Unblocked | Local::WaitUba, false) => {}
        }
    }

    pub(super) fn message(&mut self, message: MessageType, actions: &mut Vec<Action>) {
        use MessageType::{Bla, Blo, Uba, Ubl};
        match (message, self.local) {
            (Blo, _) => {
                self.remote_maintenance = true;
                actions.push(Action::Send(Message::new(Bla)));
            }
            (Ubl, _) => {
                self.remote_maintenance = false;
                actions.push(Action::Send(Message::new(Uba)));
            }
            (Bla, Local::WaitBla) => self.enter(Local::Blocked, actions),
            // §2.8.2.3: the two ends disagree; say what is so.
            (Bla, Local::Unblocked) => self.send_ubl(actions),
            (Uba, Local::WaitUba) => self.enter(Local::Unblocked, actions),
            (Uba, Local::Blocked) => self.send_blo(actions),
            (Bla | Uba, _) => {}
            (other, _) => actions.push(Action::Alert(CircuitAlert::Discarded(other))),
        }
    }

    pub(super) fn expired(&mut self, timer: Timer, actions: &mut Vec<Action>) {
        let (again, repeat) = match (timer, self.local) {
            (Timer::T12 | Timer::T13, Local::WaitBla) => (MessageType::Blo, Timer::T12),
            (Timer::T14 | Timer::T15, Local::WaitUba) => (MessageType::Ubl, Timer::T14),
            _ => return,
        };
        if timer != repeat {
            // §2.9.4: from now on only once in each T13 (T15), and a person should look.
            actions.push(Action::Stop(repeat));
            actions.push(Action::Alert(CircuitAlert::NoAnswer(timer)));
        }
        actions.push(Action::Send(Message::new(again)));
        actions.push(Action::Start(timer));
    }

    /// CGB or CGU of this end: the group runs the timers.
    pub(super) fn group_block(&mut self, kind: Blocking, on: bool, actions: &mut Vec<Action>) {
        match kind {
            Blocking::Hardware => self.local_hardware = on,
            Blocking::Maintenance if on => self.enter(Local::Blocked, actions),
            Blocking::Maintenance => self.enter(Local::Unblocked, actions),
        }
    }

    /// CGB or CGU of the far end.
    pub(super) const fn group_blocked(&mut self, kind: Blocking, on: bool) {
        match kind {
            Blocking::Hardware => self.remote_hardware = on,
            Blocking::Maintenance => self.remote_maintenance = on,
        }
    }

    /// The far end can be reached again: what waits for an answer is asked again at once.
    pub(super) fn resume(&mut self, actions: &mut Vec<Action>) {
        match self.local {
            Local::WaitBla => self.send_blo(actions),
            Local::WaitUba => self.send_ubl(actions),
            Local::Unblocked | Local::Blocked => {}
        }
    }

    fn send_blo(&mut self, actions: &mut Vec<Action>) {
        self.enter(Local::WaitBla, actions);
        actions.push(Action::Send(Message::new(MessageType::Blo)));
        actions.extend([Action::Start(Timer::T12), Action::Start(Timer::T13)]);
    }

    fn send_ubl(&mut self, actions: &mut Vec<Action>) {
        self.enter(Local::WaitUba, actions);
        actions.push(Action::Send(Message::new(MessageType::Ubl)));
        actions.extend([Action::Start(Timer::T14), Action::Start(Timer::T15)]);
    }

    fn enter(&mut self, local: Local, actions: &mut Vec<Action>) {
        if local != self.local {
            actions.extend(self.local.timers().iter().map(|&timer| Action::Stop(timer)));
        }
        self.local = local;
    }
}
