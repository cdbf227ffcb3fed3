//! Which standard a message follows. A variant is a table of differences ([`crate::message::row`]).

use core::fmt;

use serde::{Deserialize, Serialize};

/// The standard that a message follows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// ITU-T Q.763, 1992 and later.
    #[default]
    Itu,
    /// ANSI T1.113.
    Ansi,
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Itu => "itu",
            Self::Ansi => "ansi",
        })
    }
}

/// The name is none of the variants'.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ISUP variant {found:?}, expected itu or ansi")]
pub struct UnknownVariant {
    /// What was given.
    pub found: String,
}

impl core::str::FromStr for Variant {
    type Err = UnknownVariant;

    fn from_str(name: &str) -> Result<Self, UnknownVariant> {
        match name {
            "itu" => Ok(Self::Itu),
            "ansi" => Ok(Self::Ansi),
            found => Err(UnknownVariant {
                found: found.to_owned(),
            }),
        }
    }
}
