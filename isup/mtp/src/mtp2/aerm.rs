//! Alignment error rate monitor (Q.703 §10.3, Figure 17).

/// Errored signal units that end a proving attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Threshold {
    /// Tin, 4.
    #[default]
    Normal,
    /// Tie, 1.
    Emergency,
}

impl Threshold {
    /// The count.
    pub const fn errors(self) -> u32 {
        match self {
            Self::Normal => 4,
            Self::Emergency => 1,
        }
    }
}

/// Orders of link state control and initial alignment control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Use this threshold from the next start.
    SetThreshold(Threshold),
    /// Count from zero.
    Start,
    /// Count no more.
    Stop,
}

/// What the monitor reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// An order.
    Order(Order),
    /// This many signal units arrived in error.
    Errored(u32),
}

/// The monitor's only word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To initial alignment control.
    AbortProving,
}

/// Alignment error rate monitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aerm {
    /// Ti.
    pub threshold: Threshold,
    /// Ca while monitoring.
    pub errors: Option<u32>,
}

impl Aerm {
    /// One row of Figure 17.
    pub fn step(mut self, event: Event) -> (Self, Vec<Action>) {
        let mut actions = vec![];
        match (event, self.errors) {
            (Event::Order(Order::SetThreshold(threshold)), _) => self.threshold = threshold,
            (Event::Order(Order::Start), _) => self.errors = Some(0),
            (Event::Order(Order::Stop), _) => self.errors = None,
            (Event::Errored(count), Some(errors)) => {
                let errors = errors.saturating_add(count);
                if errors >= self.threshold.errors() {
                    self.errors = None;
                    actions.push(Action::AbortProving);
                } else {
                    self.errors = Some(errors);
                }
            }
            (Event::Errored(_), None) => {}
        }
        (self, actions)
    }
}
