//! Numbers of a row, and the ranges that they have.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, Unexpected, Visitor};

/// A key of a row: a value, or the row for all that have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<T> {
    /// This value.
    Is(T),
    /// Every value without a row.
    Other,
}

impl<T: fmt::Display> fmt::Display for Key<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => value.fmt(f),
            Self::Other => f.pad("other"),
        }
    }
}

/// A number of a file within a range.
trait Ranged: Sized {
    /// What is expected, for refusals.
    const EXPECTED: &'static str;
    /// The value of a number in range.
    fn of(number: i64) -> Option<Self>;
}

macro_rules! ranged {
    ($(#[$meta:meta])* $name:ident($type:ty) = $least:literal ..= $most:literal, $expected:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $name(pub $type);

        impl Ranged for $name {
            const EXPECTED: &'static str = $expected;
            fn of(number: i64) -> Option<Self> {
                let in_range = ($least..=$most).contains(&number);
                in_range.then(|| <$type>::try_from(number).ok().map(Self)).flatten()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_i64(RangedVisitor(std::marker::PhantomData))
            }
        }
    };
}

ranged! {
    /// A Q.850 cause value.
    CauseValue(u8) = 1..=127, "a Q.850 cause value from 1 to 127"
}
ranged! {
    /// A final response that is no success.
    FinalStatus(u16) = 300..=699, "a final response from 300 to 699"
}
ranged! {
    /// A provisional response that travels end to end.
    ProvisionalStatus(u16) = 101..=199, "a provisional response from 101 to 199"
}
ranged! {
    /// A code of the Warning header.
    WarnCode(u16) = 300..=399, "a code of the Warning header from 300 to 399"
}

struct RangedVisitor<T>(std::marker::PhantomData<T>);

impl<T: Ranged> Visitor<'_> for RangedVisitor<T> {
    type Value = T;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(T::EXPECTED)
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        T::of(number).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
}

struct KeyVisitor<T>(std::marker::PhantomData<T>);

impl<T: Ranged> Visitor<'_> for KeyVisitor<T> {
    type Value = Key<T>;
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, or \"other\"", T::EXPECTED)
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Key<T>, E> {
        let value =
            T::of(number).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self));
        value.map(Key::Is)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Key<T>, E> {
        match text {
            "other" => Ok(Key::Other),
            text => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

impl<'de, T: Ranged> Deserialize<'de> for Key<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor(std::marker::PhantomData))
    }
}
