//! Initial alignment control (Q.703 §7, Figure 9).

use super::{Status, Timer, aerm, aerm::Threshold};

/// Proving attempts before alignment is given up, M (Q.703 §7.4).
pub const PROVING_ATTEMPTS: u8 = 5;

/// Where initial alignment stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Not aligning.
    #[default]
    Idle,
    /// SIO is sent; nothing was heard yet.
    NotAligned,
    /// SIN or SIE is sent; the far end was heard.
    Aligned,
    /// The proving period runs.
    Proving,
}

/// Initial alignment control.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InitialAlignmentControl {
    /// Where it stands.
    pub phase: Phase,
    /// This end wants emergency alignment.
    pub emergency: bool,
    /// The proving period is the emergency one, because either end wants it.
    pub short: bool,
    /// A proving attempt failed; the next begins with the next correct signal unit.
    pub further_proving: bool,
    /// Failed proving attempts, Cp.
    pub failed: u8,
}

/// What initial alignment control reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Link state control: begin.
    Start,
    /// Link state control: give up.
    Stop,
    /// Link state control: emergency alignment.
    Emergency,
    /// An LSSU arrived.
    Received(Status),
    /// A signal unit arrived without error.
    CorrectSu,
    /// The alignment error rate monitor reached its threshold.
    AbortProving,
    /// T2 ran out.
    T2Expired,
    /// T3 ran out.
    T3Expired,
    /// T4 (normal or emergency) ran out.
    T4Expired,
}

/// What it asks of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To transmission control.
    Send(Status),
    /// To the alignment error rate monitor.
    Aerm(aerm::Order),
    /// Start a timer.
    Start(Timer),
    /// Stop a timer.
    Stop(Timer),
    /// To link state control.
    AlignmentComplete,
    /// To link state control.
    AlignmentNotPossible,
}

impl InitialAlignmentControl {
    const fn own_status(self) -> Status {
        if self.emergency {
            Status::Sie
        } else {
            Status::Sin
        }
    }

    const fn proving_timer(self) -> Timer {
        if self.short { Timer::T4e } else { Timer::T4n }
    }

    /// Leaves alignment with `last` as the final actions.
    fn idle(&mut self, last: Vec<Action>) -> Vec<Action> {
        *self = Self::default();
        last
    }

    fn start_proving(&mut self) -> Vec<Action> {
        self.further_proving = false;
        let threshold = if self.short {
            Threshold::Emergency
        } else {
            Threshold::Normal
        };
        vec![
            Action::Aerm(aerm::Order::SetThreshold(threshold)),
            Action::Aerm(aerm::Order::Start),
            Action::Start(self.proving_timer()),
        ]
    }

    /// Proving begins again with the emergency period.
    fn shorten(&mut self) -> Vec<Action> {
        let stop = Action::Stop(self.proving_timer());
        self.short = true;
        let mut actions = vec![stop, Action::Aerm(aerm::Order::Stop)];
        actions.extend(self.start_proving());
        actions
    }

    /// One row of Figure 9.
    pub fn step(mut self, event: Event) -> (Self, Vec<Action>) {
        use Action as A;
        use Event as E;
        let actions = match (self.phase, event) {
            (Phase::Idle, E::Emergency) => {
                self.emergency = true;
                vec![]
            }
            (Phase::Idle, E::Start) => {
                self.phase = Phase::NotAligned;
                vec![A::Send(Status::Sio), A::Start(Timer::T2)]
            }

            (Phase::NotAligned, E::Emergency) => {
                self.emergency = true;
                vec![]
            }
            (
                Phase::NotAligned,
                E::Received(status @ (Status::Sio | Status::Sin | Status::Sie)),
            ) => {
                self.phase = Phase::Aligned;
                self.short = self.emergency || status == Status::Sie;
                vec![
                    A::Stop(Timer::T2),
                    A::Send(self.own_status()),
                    A::Start(Timer::T3),
                ]
            }
            (Phase::NotAligned, E::T2Expired) => self.idle(vec![A::AlignmentNotPossible]),
            (Phase::NotAligned, E::Stop) => self.idle(vec![A::Stop(Timer::T2)]),

            (Phase::Aligned, E::Emergency) => {
                self.emergency = true;
                self.short = true;
                vec![A::Send(Status::Sie)]
            }
            (Phase::Aligned, E::Received(status @ (Status::Sin | Status::Sie))) => {
                self.phase = Phase::Proving;
                self.short |= status == Status::Sie;
                self.failed = 0;
                let mut actions = vec![A::Stop(Timer::T3)];
                actions.extend(self.start_proving());
                actions
            }
            (Phase::Aligned, E::Received(Status::Sios)) => {
                self.idle(vec![A::Stop(Timer::T3), A::AlignmentNotPossible])
            }
            (Phase::Aligned, E::T3Expired) => self.idle(vec![A::AlignmentNotPossible]),
            (Phase::Aligned, E::Stop) => self.idle(vec![A::Stop(Timer::T3)]),

            (Phase::Proving, E::Emergency) => {
                self.emergency = true;
                let mut actions = vec![A::Send(Status::Sie)];
                actions.extend(self.shorten());
                actions
            }
            (Phase::Proving, E::Received(Status::Sie)) if !self.short => self.shorten(),
            (Phase::Proving, E::Received(Status::Sio)) => {
                let stop = A::Stop(self.proving_timer());
                self.phase = Phase::Aligned;
                self.short = self.emergency;
                self.further_proving = false;
                vec![stop, A::Aerm(aerm::Order::Stop), A::Start(Timer::T3)]
            }
            (Phase::Proving, E::CorrectSu) if self.further_proving => {
                let mut actions = vec![A::Stop(self.proving_timer())];
                actions.extend(self.start_proving());
                actions
            }
            (Phase::Proving, E::T4Expired) if self.further_proving => self.start_proving(),
            (Phase::Proving, E::T4Expired) => {
                self.idle(vec![A::Aerm(aerm::Order::Stop), A::AlignmentComplete])
            }
            (Phase::Proving, E::AbortProving) => {
                self.failed += 1;
                if self.failed >= PROVING_ATTEMPTS {
                    let stop = A::Stop(self.proving_timer());
                    self.idle(vec![
                        stop,
                        A::Aerm(aerm::Order::Stop),
                        A::AlignmentNotPossible,
                    ])
                } else {
                    self.further_proving = true;
                    vec![]
                }
            }
            (Phase::Proving, E::Received(Status::Sios)) => {
                let stop = A::Stop(self.proving_timer());
                self.idle(vec![
                    stop,
                    A::Aerm(aerm::Order::Stop),
                    A::AlignmentNotPossible,
                ])
            }
            (Phase::Proving, E::Stop) => {
                let stop = A::Stop(self.proving_timer());
                self.idle(vec![stop, A::Aerm(aerm::Order::Stop)])
            }

            // Figure 9 has no row.
            _ => vec![],
        };
        (self, actions)
    }
}
