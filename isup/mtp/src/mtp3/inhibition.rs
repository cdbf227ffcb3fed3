//! Management inhibition of one link (Q.704 §10): it stays in service but carries no user traffic.

use super::Timer;

/// What this end wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Local {
    /// Nothing.
    #[default]
    Uninhibited,
    /// LIN is out, for the second time or the first.
    Inhibiting {
        /// The first was not answered.
        second: bool,
    },
    /// The far end agreed.
    Inhibited,
    /// LUN is out, for the second time or the first.
    Uninhibiting {
        /// The first was not answered.
        second: bool,
    },
}

/// Inhibition of one link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inhibition {
    /// By this end.
    pub local: Local,
    /// By the far end.
    pub remote: bool,
    /// LFU is out, for the second time or the first.
    pub forcing: Option<bool>,
}

/// The messages about one link, without its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Link inhibit.
    Lin,
    /// Link inhibit acknowledgement.
    Lia,
    /// Link inhibit denied.
    Lid,
    /// Link uninhibit.
    Lun,
    /// Link uninhibit acknowledgement.
    Lua,
    /// Link force uninhibit.
    Lfu,
    /// Local inhibit test.
    Llt,
    /// Remote inhibit test.
    Lrt,
}

/// What inhibition reacts to. `spare`: the link is not needed to reach any destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Management wants the link inhibited.
    Inhibit {
        /// See above.
        spare: bool,
    },
    /// Management wants the inhibition to end.
    Uninhibit,
    /// Routing needs the link.
    Needed,
    /// A message of the far end.
    Received {
        /// Which.
        word: Word,
        /// See above.
        spare: bool,
    },
    /// A timer ran out: T12, T13, T14, T22 or T23.
    Expired(Timer),
}

/// What it asks of the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// To the far end.
    Send(Word),
    /// Start a timer.
    Start(Timer),
    /// Stop a timer.
    Stop(Timer),
    /// To management: the request was refused or not answered.
    Denied,
}

impl Inhibition {
    /// Whether user traffic must keep off the link.
    pub const fn inhibited(self) -> bool {
        self.remote || matches!(self.local, Local::Inhibited | Local::Uninhibiting { .. })
    }

    /// One row of the procedure.
    pub fn step(mut self, event: Event) -> (Self, Vec<Action>) {
        use Action as A;
        use Local as L;
        let actions = match (self.local, event) {
            (L::Uninhibited, Event::Inhibit { spare: true }) => {
                self.local = L::Inhibiting { second: false };
                vec![A::Send(Word::Lin), A::Start(Timer::T14)]
            }
            (L::Uninhibited, Event::Inhibit { spare: false }) => vec![A::Denied],
            (
                L::Inhibiting { .. },
                Event::Received {
                    word: Word::Lia, ..
                },
            ) => {
                self.local = L::Inhibited;
                vec![A::Stop(Timer::T14), A::Start(Timer::T22)]
            }
            (
                L::Inhibiting { .. },
                Event::Received {
                    word: Word::Lid, ..
                },
            ) => {
                self.local = L::Uninhibited;
                vec![A::Stop(Timer::T14), A::Denied]
            }
            (L::Inhibiting { second: false }, Event::Expired(Timer::T14)) => {
                self.local = L::Inhibiting { second: true };
                vec![A::Send(Word::Lin), A::Start(Timer::T14)]
            }
            (L::Inhibiting { second: true }, Event::Expired(Timer::T14)) => {
                self.local = L::Uninhibited;
                vec![A::Denied]
            }
            // The far end may have taken a LIN whose answer was lost.
            (L::Inhibiting { .. }, Event::Uninhibit | Event::Needed) => {
                self.local = L::Uninhibiting { second: false };
                vec![
                    A::Stop(Timer::T14),
                    A::Send(Word::Lun),
                    A::Start(Timer::T12),
                ]
            }
            (
                L::Inhibited,
                Event::Uninhibit
                | Event::Needed
                | Event::Received {
                    word: Word::Lfu, ..
                },
            ) => {
                self.local = L::Uninhibiting { second: false };
                let mut actions = vec![
                    A::Stop(Timer::T22),
                    A::Send(Word::Lun),
                    A::Start(Timer::T12),
                ];
                actions.extend(self.force(event));
                actions
            }
            (L::Inhibited, Event::Expired(Timer::T22)) => {
                vec![A::Send(Word::Llt), A::Start(Timer::T22)]
            }
            (
                L::Uninhibiting { .. },
                Event::Received {
                    word: Word::Lua, ..
                },
            ) => {
                self.local = L::Uninhibited;
                vec![A::Stop(Timer::T12)]
            }
            (L::Uninhibiting { second: false }, Event::Expired(Timer::T12)) => {
                self.local = L::Uninhibiting { second: true };
                vec![A::Send(Word::Lun), A::Start(Timer::T12)]
            }
            (L::Uninhibiting { second: true }, Event::Expired(Timer::T12)) => {
                self.local = L::Inhibited;
                vec![A::Denied, A::Start(Timer::T22)]
            }
            // This end holds nothing, the far end believes it does.
            (
                L::Uninhibited,
                Event::Received {
                    word: Word::Lfu | Word::Lrt,
                    ..
                },
            ) => {
                vec![A::Send(Word::Lun)]
            }

            // What the far end wants does not depend on what this end wants.
            (
                _,
                Event::Received {
                    word: Word::Lin,
                    spare: true,
                },
            ) => {
                let first = !self.remote;
                self.remote = true;
                let mut actions = vec![A::Send(Word::Lia)];
                actions.extend(first.then_some(A::Start(Timer::T23)));
                actions
            }
            (
                _,
                Event::Received {
                    word: Word::Lin,
                    spare: false,
                },
            ) => vec![A::Send(Word::Lid)],
            (
                _,
                Event::Received {
                    word: Word::Lun, ..
                },
            ) => {
                let mut actions = vec![A::Send(Word::Lua)];
                if self.forcing.take().is_some() {
                    actions.push(A::Stop(Timer::T13));
                }
                if self.remote {
                    self.remote = false;
                    actions.push(A::Stop(Timer::T23));
                }
                actions
            }
            (
                _,
                Event::Received {
                    word: Word::Llt, ..
                },
            ) if !self.remote => {
                vec![A::Send(Word::Lfu)]
            }
            (_, Event::Expired(Timer::T23)) if self.remote => {
                vec![A::Send(Word::Lrt), A::Start(Timer::T23)]
            }
            (_, Event::Needed) => self.force(event),
            (_, Event::Expired(Timer::T13)) => match self.forcing {
                Some(false) => {
                    self.forcing = Some(true);
                    vec![A::Send(Word::Lfu), A::Start(Timer::T13)]
                }
                Some(true) | None => {
                    self.forcing = None;
                    vec![]
                }
            },
            // The event has no meaning in the state.
            _ => vec![],
        };
        (self, actions)
    }

    /// Asks the far end to end its inhibition when routing needs the link.
    fn force(&mut self, event: Event) -> Vec<Action> {
        if event != Event::Needed || !self.remote || self.forcing.is_some() {
            return vec![];
        }
        self.forcing = Some(false);
        vec![Action::Send(Word::Lfu), Action::Start(Timer::T13)]
    }
}
