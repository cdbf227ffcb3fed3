//! Processor outage control (Q.703 §8, Figure 10).
//!
//! The indications to level 3 are made here rather than in link state control, so that level 3
//! hears of each change of the far end once and not with every signal unit.

/// Which ends have a processor outage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProcessorOutage {
    /// Neither.
    #[default]
    Idle,
    /// This end.
    Local,
    /// The far end.
    Remote,
    /// Both.
    Both,
}

/// What processor outage control reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// This end cannot take messages.
    LocalProcessorOutage,
    /// This end can again.
    LocalProcessorRecovered,
    /// SIPO arrived.
    RemoteProcessorOutage,
    /// FISU or MSU arrived.
    RemoteProcessorRecovered,
    /// The link is out of service.
    Stop,
}

/// What it tells the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To level 3.
    RemoteProcessorOutage,
    /// To level 3.
    RemoteProcessorRecovered,
    /// To link state control.
    NoProcessorOutage,
}

impl ProcessorOutage {
    /// One row of Figure 10.
    pub fn step(self, event: Event) -> (Self, Vec<Action>) {
        use Event as E;
        match (self, event) {
            (Self::Idle, E::LocalProcessorOutage) => (Self::Local, vec![]),
            (Self::Remote, E::LocalProcessorOutage) => (Self::Both, vec![]),
            (Self::Local, E::LocalProcessorRecovered) => {
                (Self::Idle, vec![Action::NoProcessorOutage])
            }
            (Self::Both, E::LocalProcessorRecovered) => (Self::Remote, vec![]),
            (Self::Idle, E::RemoteProcessorOutage) => {
                (Self::Remote, vec![Action::RemoteProcessorOutage])
            }
            (Self::Local, E::RemoteProcessorOutage) => {
                (Self::Both, vec![Action::RemoteProcessorOutage])
            }
            (Self::Remote, E::RemoteProcessorRecovered) => (
                Self::Idle,
                vec![Action::RemoteProcessorRecovered, Action::NoProcessorOutage],
            ),
            (Self::Both, E::RemoteProcessorRecovered) => {
                (Self::Local, vec![Action::RemoteProcessorRecovered])
            }
            (_, E::Stop) => (Self::Idle, vec![]),
            (state, _) => (state, vec![]),
        }
    }
}
