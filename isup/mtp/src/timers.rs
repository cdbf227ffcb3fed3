//! Timers by the Recommendation's number, with default, range and clause.

use std::time::Duration;

use crate::Standard;

/// A timer's figures for one standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Value used when none is configured.
    pub default: Duration,
    /// Shortest value the standard allows.
    pub shortest: Duration,
    /// Longest value the standard allows.
    pub longest: Duration,
}

pub(crate) const fn figures(default: u64, shortest: u64, longest: u64) -> Figures {
    Figures {
        default: Duration::from_millis(default),
        shortest: Duration::from_millis(shortest),
        longest: Duration::from_millis(longest),
    }
}

/// A configured timer value lies outside the standard's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{layer} timer {timer} is {found:?}, expected {shortest:?} to {longest:?} ({clause})")]
pub struct OutOfRange {
    /// "MTP2" or "MTP3".
    pub layer: &'static str,
    /// Name such as "T17".
    pub timer: &'static str,
    /// The value given.
    pub found: Duration,
    /// Shortest allowed.
    pub shortest: Duration,
    /// Longest allowed.
    pub longest: Duration,
    /// Where the range is set.
    pub clause: &'static str,
}

/// Declares a timer enumeration and the table of its configured values.
macro_rules! timers {
    ($layer:literal, $(#[$doc:meta])* $timer:ident, $(#[$table_doc:meta])* $table:ident {
        $( $(#[$row_doc:meta])* $name:ident $text:literal $clause:literal itu $itu:expr, ansi $ansi:expr; )*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $timer { $( $(#[$row_doc])* $name, )* }

        impl $timer {
            /// Every timer, in order.
            pub const ALL: &[Self] = &[ $( Self::$name, )* ];

            /// The name in the Recommendation.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$name => $text, )* }
            }

            /// The clause that defines it.
            pub const fn clause(self) -> &'static str {
                match self { $( Self::$name => $clause, )* }
            }

            /// Default and range in `standard`.
            pub const fn figures(self, standard: $crate::Standard) -> $crate::timers::Figures {
                match (self, standard) {
                    $( (Self::$name, $crate::Standard::Itu) => $itu,
                       (Self::$name, $crate::Standard::Ansi) => $ansi, )*
                }
            }

            /// The timer called `name` ("T7", case does not matter).
            pub fn by_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|timer| timer.name().eq_ignore_ascii_case(name))
            }
        }

        impl std::fmt::Display for $timer {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }

        $(#[$table_doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $table(std::collections::BTreeMap<$timer, std::time::Duration>);

        impl $table {
            /// The value in force.
            pub fn get(&self, timer: $timer, standard: $crate::Standard) -> std::time::Duration {
                self.0.get(&timer).copied().unwrap_or(timer.figures(standard).default)
            }

            /// Configures a value; ranges are checked by [`Self::check`] once the standard is known.
            pub fn set(&mut self, timer: $timer, value: std::time::Duration) {
                self.0.insert(timer, value);
            }

            /// Checks every configured value.
            ///
            /// # Errors
            /// The first value outside the range of `standard`.
            pub fn check(
                &self,
                standard: $crate::Standard,
            ) -> Result<(), $crate::timers::OutOfRange> {
                for (timer, &found) in &self.0 {
                    let $crate::timers::Figures { shortest, longest, .. } = timer.figures(standard);
                    if found < shortest || found > longest {
                        return Err($crate::timers::OutOfRange {
                            layer: $layer,
                            timer: timer.name(),
                            found,
                            shortest,
                            longest,
                            clause: timer.clause(),
                        });
                    }
                }
                Ok(())
            }
        }
    };
}
pub(crate) use timers;

/// Configured timer values of both levels. The default is the standard's default for each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    /// Level 2 (Q.703 §12.3).
    pub level2: crate::mtp2::Timers,
    /// Level 3 (Q.704 §16.8, Q.707 §5.5).
    pub level3: crate::mtp3::Timers,
}

impl Timers {
    /// Checks every configured value against its range.
    ///
    /// # Errors
    /// The first value out of range.
    pub fn check(&self, standard: Standard) -> Result<(), OutOfRange> {
        self.level2.check(standard)?;
        self.level3.check(standard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mtp2, mtp3};

    #[test]
    fn every_default_is_in_its_range() {
        for standard in [Standard::Itu, Standard::Ansi] {
            let rows = mtp2::Timer::ALL
                .iter()
                .map(|timer| (timer.name(), timer.figures(standard)))
                .chain(
                    mtp3::Timer::ALL
                        .iter()
                        .map(|timer| (timer.name(), timer.figures(standard))),
                );
            for (name, row) in rows {
                assert!(
                    row.shortest <= row.default && row.default <= row.longest,
                    "{name} {row:?}"
                );
            }
        }
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let mut timers = Timers::default();
        timers.level2.set(mtp2::Timer::T7, Duration::from_secs(9));
        assert_eq!(
            timers.check(Standard::Itu).unwrap_err().to_string(),
            "MTP2 timer T7 is 9s, expected 500ms to 2s (Q.703 §12.3)"
        );
        assert_eq!(mtp3::Timer::by_name("t17"), Some(mtp3::Timer::T17));
    }
}
