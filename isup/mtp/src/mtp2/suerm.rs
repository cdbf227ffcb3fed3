//! Signal unit error rate monitor (Q.703 §10.2, Figure 18): a leaky bucket.

/// Errored signal units that fail the link, T.
pub const THRESHOLD: u32 = 64;
/// Signal units that take one error back, 2^D.
pub const SIGNAL_UNITS: u32 = 256;

/// Orders of link state control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
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
    /// This many signal units arrived without error.
    Correct(u32),
    /// This many arrived in error (or octet counting intervals went by).
    Errored(u32),
}

/// The monitor's only word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To link state control.
    LinkFailure,
}

/// Signal unit error rate monitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Suerm {
    /// Not monitoring.
    #[default]
    Idle,
    /// Monitoring.
    InService {
        /// Cs, errors in the bucket.
        errors: u32,
        /// Nsu, signal units since the last leak.
        signal_units: u32,
    },
}

impl Suerm {
    /// One row of Figure 18.
    pub fn step(self, event: Event) -> (Self, Vec<Action>) {
        match (self, event) {
            (_, Event::Order(Order::Start)) => (
                Self::InService {
                    errors: 0,
                    signal_units: 0,
                },
                vec![],
            ),
            (_, Event::Order(Order::Stop)) => (Self::Idle, vec![]),
            (Self::Idle, _) => (Self::Idle, vec![]),
            (
                Self::InService {
                    errors,
                    signal_units,
                },
                Event::Correct(count),
            ) => {
                let seen = signal_units.saturating_add(count);
                let errors = errors.saturating_sub(seen / SIGNAL_UNITS);
                (
                    Self::InService {
                        errors,
                        signal_units: seen % SIGNAL_UNITS,
                    },
                    vec![],
                )
            }
            (
                Self::InService {
                    mut errors,
                    mut signal_units,
                },
                Event::Errored(count),
            ) => {
                // Ends within some THRESHOLD rounds: each adds an error and at most one in
                // SIGNAL_UNITS takes one back.
                for _ in 0..count {
                    errors += 1;
                    if errors >= THRESHOLD {
                        return (Self::Idle, vec![Action::LinkFailure]);
                    }
                    signal_units += 1;
                    if signal_units == SIGNAL_UNITS {
                        signal_units = 0;
                        errors -= 1;
                    }
                }
                (
                    Self::InService {
                        errors,
                        signal_units,
                    },
                    vec![],
                )
            }
        }
    }
}
