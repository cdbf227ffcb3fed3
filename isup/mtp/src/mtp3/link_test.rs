//! Signalling link test control (Q.707 §2.2, Figure 2).

use super::Timer;

/// Where the signalling link test stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LinkTest {
    /// The link is not tested.
    #[default]
    Idle,
    /// An SLTM is out.
    Waiting {
        /// Its number, which makes its pattern.
        number: u32,
        /// The one before it was not answered.
        second: bool,
    },
    /// The last test passed; the next follows after T2.
    Passed {
        /// Number of the last test.
        number: u32,
    },
}

/// What the test reacts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The link is in service at level 2.
    Start,
    /// It is not any more.
    Stop,
    /// An SLTA arrived from the right point for this link.
    Acknowledged {
        /// It has the pattern of this test.
        number: Option<u32>,
    },
    /// T1 ran out.
    T1Expired,
    /// T2 ran out.
    T2Expired,
}

/// What it asks of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send the SLTM of this number.
    SendSltm(u32),
    /// Start a timer.
    Start(Timer),
    /// Stop a timer.
    Stop(Timer),
    /// To link activity.
    Passed,
    /// To link activity.
    Failed,
}

impl LinkTest {
    /// One row of Figure 2.
    pub fn step(self, event: Event) -> (Self, Vec<Action>) {
        use Action as A;
        let (t1, t2) = (Timer::TestT1, Timer::TestT2);
        match (self, event) {
            (Self::Idle, Event::Start) => (
                Self::Waiting {
                    number: 0,
                    second: false,
                },
                vec![A::SendSltm(0), A::Start(t1)],
            ),
            (Self::Waiting { number, .. }, Event::Acknowledged { number: Some(of) })
                if of == number =>
            {
                (
                    Self::Passed { number },
                    vec![A::Stop(t1), A::Start(t2), A::Passed],
                )
            }
            (
                Self::Waiting {
                    number,
                    second: false,
                },
                Event::T1Expired,
            ) => {
                let number = number.wrapping_add(1);
                let actions = vec![A::SendSltm(number), A::Start(t1)];
                (
                    Self::Waiting {
                        number,
                        second: true,
                    },
                    actions,
                )
            }
            (Self::Waiting { second: true, .. }, Event::T1Expired) => (Self::Idle, vec![A::Failed]),
            (Self::Passed { number }, Event::T2Expired) => {
                let number = number.wrapping_add(1);
                let actions = vec![A::SendSltm(number), A::Start(t1)];
                (
                    Self::Waiting {
                        number,
                        second: false,
                    },
                    actions,
                )
            }
            (Self::Waiting { .. }, Event::Stop) => (Self::Idle, vec![A::Stop(t1)]),
            (Self::Passed { .. }, Event::Stop) => (Self::Idle, vec![A::Stop(t2)]),
            // A late, repeated or mangled SLTA: T1 decides.
            (state, _) => (state, vec![]),
        }
    }
}
