//! Congestion control, receiving part (Q.703 §9.2, Figure 19): tells the far end to wait.

use super::{Timer, reception_control};

/// Whether this end is congested.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CongestionControl {
    /// Not congested.
    #[default]
    Idle,
    /// SIB is sent every T5 and no acknowledgement is given.
    Busy,
}

/// What congestion control reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The receive side is congested.
    Onset,
    /// It is no longer.
    Abatement,
    /// T5 ran out.
    T5Expired,
}

/// What it asks of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To transmission control.
    SendSib,
    /// To reception control.
    Reception(reception_control::Order),
    /// Start a timer.
    Start(Timer),
    /// Stop a timer.
    Stop(Timer),
}

impl CongestionControl {
    /// One row of Figure 19.
    pub fn step(self, event: Event) -> (Self, Vec<Action>) {
        use reception_control::Order;
        match (self, event) {
            (Self::Idle, Event::Onset) => (
                Self::Busy,
                vec![
                    Action::Reception(Order::CongestionDiscard),
                    Action::SendSib,
                    Action::Start(Timer::T5),
                ],
            ),
            (Self::Busy, Event::T5Expired) => {
                (Self::Busy, vec![Action::SendSib, Action::Start(Timer::T5)])
            }
            (Self::Busy, Event::Abatement) => (
                Self::Idle,
                vec![
                    Action::Stop(Timer::T5),
                    Action::Reception(Order::NoCongestion),
                ],
            ),
            (state, _) => (state, vec![]),
        }
    }
}
