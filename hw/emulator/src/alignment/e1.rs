//! E1: timeslot 0 of even frames holds the frame alignment signal (G.706 §4.1).

use crate::frame::{has_remote_alarm, is_fas, is_not_fas};

/// Frame alignment signals in a row that must be wrong before alignment is lost (G.706 §4.1.1).
const LOST_AFTER: u8 = 3;

/// Where the search for alignment stands (G.706 §4.1.2), or what was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Looking for a frame alignment signal.
    #[default]
    Search,
    /// One was there: the next frame must have bit 2 set.
    Found,
    /// It had: the one after must have a frame alignment signal again.
    Confirm,
    /// In alignment; whether the next frame carries the signal, and how many of each kind in a row were wrong.
    Aligned {
        fas_next: bool,
        wrong_fas: u8,
        wrong_bit_2: u8,
    },
}

/// Frame alignment of an E1.
#[derive(Debug, Default)]
pub(crate) struct E1 {
    state: State,
    remote_alarm: bool,
    errors: u64,
}

impl E1 {
    pub(crate) fn push(&mut self, octet: u8) {
        self.state = self.next(octet);
    }

    pub(crate) const fn lose(&mut self) {
        self.state = State::Search;
    }

    pub(crate) const fn is_aligned(&self) -> bool {
        matches!(self.state, State::Aligned { .. })
    }

    pub(crate) const fn is_good(&self) -> bool {
        matches!(self.state, State::Aligned { wrong_fas: 0, .. })
    }

    pub(crate) const fn remote_alarm(&self) -> bool {
        self.remote_alarm
    }

    pub(crate) const fn errors(&self) -> u64 {
        self.errors
    }

    fn next(&mut self, octet: u8) -> State {
        match self.state {
            State::Search if is_fas(octet) => State::Found,
            State::Found if is_not_fas(octet) => State::Confirm,
            State::Confirm if is_fas(octet) => {
                self.remote_alarm = false;
                State::Aligned {
                    fas_next: false,
                    wrong_fas: 0,
                    wrong_bit_2: 0,
                }
            }
            State::Search | State::Found | State::Confirm => State::Search,
            State::Aligned {
                fas_next: true,
                wrong_fas,
                wrong_bit_2,
            } => {
                let wrong_fas = if is_fas(octet) { 0 } else { wrong_fas + 1 };
                self.errors += u64::from(wrong_fas > 0);
                Self::keep(State::Aligned {
                    fas_next: false,
                    wrong_fas,
                    wrong_bit_2,
                })
            }
            State::Aligned {
                fas_next: false,
                wrong_fas,
                wrong_bit_2,
            } => {
                let wrong_bit_2 = if is_not_fas(octet) {
                    0
                } else {
                    wrong_bit_2 + 1
                };
                if wrong_fas == 0 && wrong_bit_2 == 0 {
                    self.remote_alarm = has_remote_alarm(octet);
                }
                Self::keep(State::Aligned {
                    fas_next: true,
                    wrong_fas,
                    wrong_bit_2,
                })
            }
        }
    }

    const fn keep(state: State) -> State {
        match state {
            State::Aligned {
                wrong_fas,
                wrong_bit_2,
                ..
            } if wrong_fas >= LOST_AFTER || wrong_bit_2 >= LOST_AFTER => State::Search,
            kept => kept,
        }
    }
}
