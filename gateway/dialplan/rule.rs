//! One rule: what it takes, and what it makes of the number.

use std::fmt;
use std::sync::Arc;

use super::{Query, Step, UnknownTrunk, Verdict};
use crate::config::{self, Nature};

/// A trunk, by its place in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trunk {
    /// `[[trunk_group]]`.
    Group(usize),
    /// `[[sip_trunk]]`.
    Sip(usize),
}

/// A telephone number in one of the two forms that are dialled (RFC 3966 section 5.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Number {
    /// The digits without `+`: `0` to `9`, `*`, `#`, `A` to `D`.
    pub digits: String,
    /// Whether it is a global number, written with `+` (E.164).
    pub international: bool,
}

impl Number {
    /// Reads a number, `+` first where it is international; visual separators are dropped
    /// (RFC 3966 section 5.1.1). `None` when another character, or no digit, is in it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (international, rest) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let is_separator = |character: char| matches!(character, '-' | '.' | '(' | ')' | ' ');
        let digits: String = rest
            .chars()
            .filter(|character| !is_separator(*character))
            .collect();
        let is_digit = |digit: char| match digit {
            '0'..='9' => true,
            '*' | '#' | 'A'..='D' | 'a'..='d' => !international,
            _ => false,
        };
        let valid = !digits.is_empty() && digits.chars().all(is_digit);
        valid.then(|| Self {
            digits: digits.to_ascii_uppercase(),
            international,
        })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plus = if self.international { "+" } else { "" };
        write!(formatter, "{plus}{}", self.digits)
    }
}

/// Why a rule whose prefix fits does not take the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// The call came from another trunk.
    Origin,
    /// The number has more digits than numbers of the rule have.
    TooLong {
        /// How many they have at the most.
        most: usize,
    },
    /// The number has fewer digits than numbers of the rule have: no other rule takes it.
    Incomplete {
        /// How many they have at least.
        least: usize,
    },
    /// The number has fewer digits than the rule takes away, or none are left.
    TooShort {
        /// How many the rule takes away.
        strip: usize,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin => formatter.write_str("the call comes from another trunk"),
            Self::TooLong { most } => write!(formatter, "the number has more than {most} digits"),
            Self::Incomplete { least } => {
                write!(
                    formatter,
                    "the number is incomplete: {least} digits at least"
                )
            }
            Self::TooShort { strip } => {
                write!(formatter, "no digits are left when {strip} are taken away")
            }
        }
    }
}

/// A rule with its names resolved.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: Arc<str>,
    pub(super) prefix: Arc<str>,
    /// Any trunk when empty.
    from: Box<[Trunk]>,
    /// Fewest and most digits of a complete number.
    digits: (usize, usize),
    strip: usize,
    /// Without its `+`.
    prepend: Box<str>,
    /// What is prepended begins with `+`.
    globalises: bool,
    pub(super) nature: Option<Nature>,
    pub(super) to: Arc<[Trunk]>,
    pub(super) reject: Option<u8>,
}

impl Rule {
    pub(super) fn new(
        rule: &config::Rule,
        trunk: impl Fn(&str) -> Result<Trunk, UnknownTrunk>,
    ) -> Result<Self, UnknownTrunk> {
        let trunks = |names: &[String]| names.iter().map(|name| trunk(name)).collect();
        let from: Result<Box<[_]>, _> = trunks(&rule.from);
        let to: Result<Box<[_]>, _> = trunks(&rule.to);
        let (globalises, prepend) = match rule.prepend.strip_prefix('+') {
            Some(digits) => (true, digits),
            None => (false, rule.prepend.as_str()),
        };
        Ok(Self {
            name: Arc::from(rule.name.as_str()),
            prefix: Arc::from(rule.prefix.as_str()),
            from: from?,
            digits: (
                rule.min_digits.map_or(0, usize::from),
                rule.max_digits.map_or(usize::MAX, usize::from),
            ),
            strip: usize::from(rule.strip),
            prepend: Box::from(prepend),
            globalises,
            nature: rule.nature,
            to: Arc::from(to?),
            reject: rule.reject,
        })
    }

    /// The number that goes out, when the rule takes a call whose number has its prefix.
    pub(super) fn takes(&self, query: Query<'_>) -> Result<Number, Mismatch> {
        if !self.from.is_empty() && !self.from.contains(&query.from) {
            return Err(Mismatch::Origin);
        }
        let (least, most) = self.digits;
        let found = query.called.digits.len();
        if found > most {
            return Err(Mismatch::TooLong { most });
        }
        if found < least {
            return Err(Mismatch::Incomplete { least });
        }
        let too_short = Mismatch::TooShort { strip: self.strip };
        let rest = query.called.digits.get(self.strip..).ok_or(too_short)?;
        let digits = format!("{}{rest}", self.prepend);
        if digits.is_empty() {
            return Err(too_short);
        }
        let unchanged = self.strip == 0 && self.prepend.is_empty();
        let international = self.globalises || unchanged && query.called.international;
        Ok(Number {
            digits,
            international,
        })
    }

    /// A number with so many digits is complete.
    pub(super) fn is_complete(&self, digits: usize) -> bool {
        digits >= self.digits.1
    }

    /// Whether the rule could take the call with more digits.
    pub(super) fn awaits(&self, query: Query<'_>) -> bool {
        let (sign, rest) = match self.prefix.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, &*self.prefix),
        };
        let digits = query.called.digits.as_str();
        let fits = sign == query.called.international
            && rest.len() > digits.len()
            && rest.starts_with(digits);
        fits && (self.from.is_empty() || self.from.contains(&query.from))
    }

    pub(super) fn step(&self, verdict: Verdict) -> Step {
        Step {
            rule: self.name.clone(),
            prefix: self.prefix.clone(),
            verdict,
        }
    }
}
