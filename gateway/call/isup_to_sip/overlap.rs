//! Digits one after the other (RFC 3578).
//!
//! They are collected until the dial plan knows that the number is complete, or none has come for
//! T10 (§2); or each goes on at once as one more INVITE of the same call (§3). Then the circuit is
//! released only when T10 has run out and every INVITE was refused, with the best of the refusals.

use isup::Message;

use super::super::{Action, Context, Timer};
use super::refusal::Refused;
use super::{IsupToSip, State};
use crate::cdr::ReleasedBy;
use crate::dialplan::Digits;
use crate::interwork::profile::Fault;

/// Where the digits of a call stand.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Overlap {
    /// Each digit goes on at once.
    pass: bool,
    /// T10 or T35 runs.
    waiting: bool,
    /// More digits may come after an INVITE.
    more: bool,
    /// INVITEs without a final response.
    pending: u8,
    /// The best refusal of an INVITE of this call.
    best: Option<Box<Refused>>,
}

impl Overlap {
    /// The number is complete; one INVITE is out.
    pub(super) fn en_bloc() -> Self {
        Self {
            pass: false,
            waiting: false,
            more: false,
            pending: 1,
            best: None,
        }
    }

    /// More digits may come after an INVITE.
    pub(super) fn more(&self) -> bool {
        self.more
    }

    /// An INVITE waits for its final response.
    pub(super) fn is_out(&self) -> bool {
        self.pending > 0
    }

    /// An INVITE got a final response, or none in time.
    pub(super) fn answered(&mut self) {
        self.pending = self.pending.saturating_sub(1);
    }

    /// The better of this refusal and those kept.
    pub(super) fn best_with(&mut self, refused: Refused) -> Refused {
        match self.best.take() {
            Some(best) if rank(best.status) < rank(refused.status) => *best,
            _ => refused,
        }
    }

    /// No further digit matters.
    pub(super) fn end(&mut self) -> Vec<Action> {
        self.more = false;
        match std::mem::take(&mut self.waiting) {
            true => vec![Action::Stop(Timer::T10), Action::Stop(Timer::T35)],
            false => Vec::new(),
        }
    }
}

/// The order of RFC 3261 §16.7 step 6; that a number is incomplete says least of it.
fn rank(status: u16) -> u8 {
    match status {
        600.. => 0,
        300..=399 => 1,
        484 => 3,
        400..=499 => 2,
        _ => 4,
    }
}

impl IsupToSip {
    /// A call whose number is not, or may not be, complete.
    #[must_use]
    pub fn collecting(iam: &Message) -> Self {
        let (mut call, _) = Self::new(iam);
        call.state = State::Collecting;
        call.overlap.pending = 0;
        call
    }

    /// What the dial plan says of the digits so far.
    pub(super) fn digits(&mut self, digits: Digits, pass: bool) -> Vec<Action> {
        match self.state {
            State::Collecting => self.overlap.pass = pass,
            _ if self.is_early() && self.overlap.more => {}
            _ => return Vec::new(),
        }
        match digits {
            Digits::TooFew => {
                self.overlap.waiting = true;
                vec![Action::Start(Timer::T35)]
            }
            Digits::Enough => {
                let mut actions = vec![Action::Stop(Timer::T35), Action::Start(Timer::T10)];
                self.overlap.waiting = true;
                if self.overlap.pass {
                    self.overlap.more = true;
                    actions.extend(self.invite());
                }
                actions
            }
            Digits::All => {
                let mut actions = self.overlap.end();
                actions.extend(self.invite());
                actions
            }
        }
    }

    /// No digit for T10: what there is is the number.
    pub(super) fn t10_expired(&mut self, context: &Context<'_>) -> Vec<Action> {
        if self.state == State::Collecting {
            self.overlap.waiting = false;
            return self.invite();
        }
        let last = std::mem::take(&mut self.overlap.more) && self.overlap.pending == 0;
        self.overlap.waiting = false;
        match self.overlap.best.take() {
            Some(refused) if last => self.clear_refused(context, *refused),
            None if last => self.fail(context, Fault::NoResponse, ReleasedBy::Sip),
            best => {
                self.overlap.best = best;
                Vec::new()
            }
        }
    }

    fn invite(&mut self) -> Vec<Action> {
        if self.state == State::Collecting {
            self.state = State::Trying;
        }
        self.overlap.pending = self.overlap.pending.saturating_add(1);
        let mut actions = vec![Action::Attempt];
        if self.state == State::Trying {
            // It counts from the latest address message (Q.764 §2.1.4.8).
            actions.insert(0, Action::Start(Timer::T11));
        }
        actions
    }

    /// A refusal is not the last word: digits or other INVITEs may bring a better one.
    pub(super) fn waits_for_others(&self) -> bool {
        self.overlap.pass && (self.overlap.more || self.overlap.pending > 1)
    }

    /// One INVITE of several was refused.
    pub(super) fn keep_best(&mut self, refused: Refused) -> Vec<Action> {
        self.overlap.answered();
        let best = self.overlap.best_with(refused);
        self.overlap.best = Some(Box::new(best));
        Vec::new()
    }
}
