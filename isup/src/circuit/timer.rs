//! The timers of Q.764 Annex A: number, default, range and clause, as one table.

use core::{fmt, str::FromStr, time::Duration};

/// A timer of Q.764 Annex A, by its number there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the number is the name; `Row` says what each one is for")]
#[rustfmt::skip]
pub enum Timer {
    T1, T2, T3, T4, T5, T6, T7, T8, T9, T10,
    T11, T12, T13, T14, T15, T16, T17, T18, T19, T20,
    T21, T22, T23, T24, T25, T26, T27, T28, T29, T30,
    T31, T32, T33, T34, T35, T36, T37, T38, T39,
}

/// Who runs a timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunBy {
    /// [`super::Circuit`].
    Circuit,
    /// The procedures for rows of circuits of a [`crate::node::Node`].
    Group,
    /// A [`crate::node::Node`], once for each far end.
    FarEnd,
    /// Call control above the circuits, which knows numbers and routes, with the values of the group.
    CallControl,
    /// No one, and why.
    Nobody(&'static str),
}

impl fmt::Display for RunBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Circuit => "circuit",
            Self::Group => "row of circuits",
            Self::FarEnd => "far end",
            Self::CallControl => "call control",
            Self::Nobody(_) => "nobody",
        })
    }
}

/// What the Recommendation says of one timer.
struct Row {
    timer: Timer,
    default: Duration,
    least: Duration,
    most: Duration,
    clause: &'static str,
    /// What the exchange waits for while it runs.
    awaits: &'static str,
    /// A network may do without it.
    optional: bool,
    run_by: RunBy,
}

const fn row(
    timer: Timer,
    milliseconds: [u64; 3],
    clause: &'static str,
    awaits: &'static str,
    optional: bool,
    run_by: RunBy,
) -> Row {
    let [default, least, most] = milliseconds;
    Row {
        timer,
        default: Duration::from_millis(default),
        least: Duration::from_millis(least),
        most: Duration::from_millis(most),
        clause,
        awaits,
        optional,
        run_by,
    }
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
/// A message is sent again until its answer comes: T1, T12, T14 and so on. The least value is the
/// 4 s of the older editions and of national networks; 15 s is that of the 1999 edition.
const REPEAT: [u64; 3] = [15 * SECOND, 4 * SECOND, 60 * SECOND];
/// After this the maintenance staff is told: T5, T13, T15 and so on. The least value is the 1 min
/// of the older editions; 5 min is that of the 1999 edition.
const SUPERVISION: [u64; 3] = [5 * MINUTE, MINUTE, 15 * MINUTE];
/// A day: for timers whose range the Recommendation leaves to the network.
const OPEN: u64 = 24 * 60 * MINUTE;

const NO_SCCP: &str = "signalling connections end to end need SCCP, which the gateway has not";
const NO_ECHO_CONTROL: &str = "the gateway does not negotiate who cancels echo; NRM goes through";

/// Indexed by [`Timer`] in its order; the test `rows_are_in_order` holds it.
#[rustfmt::skip]
static ROWS: [Row; 39] = {
    use RunBy::{CallControl, Circuit, FarEnd, Group, Nobody};
    use Timer::*;
    [
        row(T1, REPEAT, "2.9.6", "RLC", false, Circuit),
        row(T2, [3 * MINUTE, MINUTE, OPEN], "2.4.1, Q.733.4", "RES (user)", true, Circuit),
        row(T3, [2 * MINUTE, MINUTE, OPEN], "2.9.9", "the end of the far end's overload", false, Circuit),
        row(T4, [5 * MINUTE, MINUTE, 15 * MINUTE], "2.13.2", "UPA or any message of the user part", false, FarEnd),
        row(T5, SUPERVISION, "2.9.6", "RLC", false, Circuit),
        row(T6, [2 * MINUTE, 10 * SECOND, OPEN], "2.4.3", "RES (network)", true, Circuit),
        row(T7, [20 * SECOND, 20 * SECOND, 30 * SECOND], "2.1.2.1", "ACM or CON", false, Circuit),
        row(T8, [10 * SECOND, 10 * SECOND, 15 * SECOND], "2.1.8", "COT", false, Circuit),
        row(T9, [2 * MINUTE, 90 * SECOND, 4 * MINUTE], "2.1.4", "ANM or CON", true, Circuit),
        row(T10, [5 * SECOND, 4 * SECOND, 6 * SECOND], "2.1.4.8", "further digits", true, CallControl),
        row(T11, [15 * SECOND, 15 * SECOND, 20 * SECOND], "2.1.4.8", "address complete from the other network", true, CallControl),
        row(T12, REPEAT, "2.9.4", "BLA", false, Circuit),
        row(T13, SUPERVISION, "2.9.4", "BLA", false, Circuit),
        row(T14, REPEAT, "2.9.4", "UBA", false, Circuit),
        row(T15, SUPERVISION, "2.9.4", "UBA", false, Circuit),
        row(T16, REPEAT, "2.9.3.1", "RLC", false, Circuit),
        row(T17, SUPERVISION, "2.9.3.1", "RLC", false, Circuit),
        row(T18, REPEAT, "2.9.4", "CGBA", false, Group),
        row(T19, SUPERVISION, "2.9.4", "CGBA", false, Group),
        row(T20, REPEAT, "2.9.4", "CGUA", false, Group),
        row(T21, SUPERVISION, "2.9.4", "CGUA", false, Group),
        row(T22, REPEAT, "2.9.3.2", "GRA", false, Group),
        row(T23, SUPERVISION, "2.9.3.2", "GRA", false, Group),
        row(T24, [1_900, 100, 2 * SECOND], "2.1.8", "the check tone coming back", false, Circuit),
        row(T25, [5 * SECOND, SECOND, 10 * SECOND], "2.1.8", "the next continuity check", false, Circuit),
        row(T26, [2 * MINUTE, MINUTE, 3 * MINUTE], "2.1.8", "the next continuity check", false, Circuit),
        row(T27, [4 * MINUTE, 4 * MINUTE, 4 * MINUTE], "2.1.8", "CCR after a failed check", false, Circuit),
        row(T28, [10 * SECOND, 10 * SECOND, 10 * SECOND], "2.8.3", "CQR", false, Group),
        row(T29, [500, 300, 600], "2.10.2", "the next congestion indication that counts", false, FarEnd),
        row(T30, [8 * SECOND, 5 * SECOND, 10 * SECOND], "2.10.2", "one step more traffic", false, FarEnd),
        row(T31, [7 * MINUTE, 6 * MINUTE, OPEN], "Q.730", "reuse of a call reference", true, Nobody(NO_SCCP)),
        row(T32, [4 * SECOND, 3 * SECOND, 5 * SECOND], "Q.730", "an answer end to end", true, Nobody(NO_SCCP)),
        row(T33, [12 * SECOND, 12 * SECOND, 15 * SECOND], "2.1.6", "INF", false, Circuit),
        row(T34, [3 * SECOND, 2 * SECOND, 4 * SECOND], "2.1.12", "SGM", false, Circuit),
        row(T35, [15 * SECOND, 15 * SECOND, 20 * SECOND], "2.2.5", "further digits", false, CallControl),
        row(T36, [13 * SECOND, 10 * SECOND, 20 * SECOND], "2.1.8", "COT or REL after a repeated check", false, Circuit),
        row(T37, [3 * SECOND, 2 * SECOND, 4 * SECOND], "2.7", "the echo control procedure", true, Nobody(NO_ECHO_CONTROL)),
        row(T38, [150 * SECOND, 10 * SECOND, OPEN], "2.4.3", "RES or REL", true, Circuit),
        row(T39, [10 * SECOND, 4 * SECOND, 15 * SECOND], "Q.731.7", "IDS", true, Circuit),
    ]
};

impl Timer {
    /// All of them, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| row.timer)
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "one row for each variant, held by a test"
    )]
    const fn row(self) -> &'static Row {
        &ROWS[self as usize]
    }

    /// The number after the T: 1 to 39.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8 + 1
    }

    /// The timer with this number, 1 to 39.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        ROWS.get(usize::from(number).checked_sub(1)?)
            .map(|row| row.timer)
    }

    /// How long it runs when configuration does not say.
    #[must_use]
    pub const fn default(self) -> Duration {
        self.row().default
    }

    /// Least and most it may be set to, both included (Q.764 Annex A; where it has no figure, 24 h).
    #[must_use]
    pub const fn range(self) -> (Duration, Duration) {
        (self.row().least, self.row().most)
    }

    /// The clause of Q.764 that it belongs to (or another Recommendation, when it says so).
    #[must_use]
    pub const fn clause(self) -> &'static str {
        self.row().clause
    }

    /// What the exchange waits for while it runs, in words for people.
    #[must_use]
    pub const fn awaits(self) -> &'static str {
        self.row().awaits
    }

    /// Who runs it.
    #[must_use]
    pub const fn run_by(self) -> RunBy {
        self.row().run_by
    }

    /// A network may do without it: it can be switched off.
    #[must_use]
    pub const fn is_optional(self) -> bool {
        self.row().optional
    }
}

impl fmt::Display for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "T{}", self.number())
    }
}

/// Not the name of a timer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("timer {0:?}, expected T1 to T39")]
pub struct UnknownTimer(pub String);

impl FromStr for Timer {
    type Err = UnknownTimer;

    /// "T7" or "t7".
    fn from_str(name: &str) -> Result<Self, UnknownTimer> {
        name.strip_prefix(['T', 't'])
            .and_then(|number| number.parse().ok())
            .and_then(Self::from_number)
            .ok_or_else(|| UnknownTimer(name.to_owned()))
    }
}

/// A timer was given a value that the Recommendation does not allow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimerError {
    /// Outside [`Timer::range`].
    #[error("{timer} is {found:?}, expected {least:?} to {most:?} (Q.764 {})", timer.clause())]
    Range {
        /// The timer.
        timer: Timer,
        /// The value given.
        found: Duration,
        /// The least it may be.
        least: Duration,
        /// The most it may be.
        most: Duration,
    },
    /// A value that would change nothing.
    #[error("{timer} is not used: {why}")]
    Unused {
        /// The timer.
        timer: Timer,
        /// Why nobody runs it.
        why: &'static str,
    },
    /// Only optional timers can be off: without the others a circuit could be lost.
    #[error("{0} cannot be off: circuits would be lost without it")]
    Off(Timer),
}

/// The values of all timers for one group of circuits.
///
/// [`Timer::run_by`] says who runs which; `docs/timers.md` has all of them in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timers([Option<Duration>; 39]);

impl Default for Timers {
    fn default() -> Self {
        Self(core::array::from_fn(|index| {
            ROWS.get(index).map(|row| row.default)
        }))
    }
}

impl Timers {
    /// How long `timer` runs; `None`: it is off.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "one value for each variant")]
    pub const fn get(&self, timer: Timer) -> Option<Duration> {
        self.0[timer as usize]
    }

    /// Sets `timer` to a value within its range, or off (`None`) when it is optional.
    ///
    /// # Errors
    /// Outside [`Timer::range`], off although circuits would be lost without it, or run by nobody.
    pub fn set(&mut self, timer: Timer, value: Option<Duration>) -> Result<(), TimerError> {
        if let RunBy::Nobody(why) = timer.run_by() {
            return Err(TimerError::Unused { timer, why });
        }
        match value {
            None if !timer.is_optional() => return Err(TimerError::Off(timer)),
            Some(found) => {
                let (least, most) = timer.range();
                if found < least || found > most {
                    return Err(TimerError::Range {
                        timer,
                        found,
                        least,
                        most,
                    });
                }
            }
            None => {}
        }
        self.set_unchecked(timer, value);
        Ok(())
    }

    /// Sets `timer` to any value, as test equipment must: a far end that gives up too early.
    #[expect(clippy::indexing_slicing, reason = "one value for each variant")]
    pub const fn set_unchecked(&mut self, timer: Timer, value: Option<Duration>) {
        self.0[timer as usize] = value;
    }
}

#[cfg(test)]
mod tests;
