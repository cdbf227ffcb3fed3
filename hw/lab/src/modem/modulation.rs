//! The modulations of a softmodem, as data.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

/// Two frequencies and a rate: one direction of a frequency-shift modem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Channel {
    /// Binary 1, in Hz: also what is sent when there is nothing to send.
    pub mark: u16,
    /// Binary 0, in Hz.
    pub space: u16,
    /// Bits a second.
    pub rate: u16,
}

/// Who placed the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// This modem dialled.
    Calling,
    /// This modem was called.
    Answering,
}

/// How a softmodem speaks: full duplex, each direction on a channel of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Modulation {
    /// ITU-T V.21: 300 bit/s both ways (clause 3).
    #[default]
    V21,
    /// Bell 103: 300 bit/s both ways.
    Bell103,
    /// ITU-T V.23: 1200 bit/s from the answering modem, 75 bit/s from the calling one (clauses 1, 2).
    V23,
    /// ITU-T V.22bis: 2400 bit/s both ways, of libspandsp.
    #[cfg(feature = "spandsp")]
    V22bis,
}

/// Name, what the calling modem sends, what the answering one sends.
const TABLE: &[(Modulation, &str, Channel, Channel)] = &[
    (
        Modulation::V21,
        "v21",
        channel(980, 1180, 300),
        channel(1650, 1850, 300),
    ),
    (
        Modulation::Bell103,
        "bell103",
        channel(1270, 1070, 300),
        channel(2225, 2025, 300),
    ),
    (
        Modulation::V23,
        "v23",
        channel(390, 450, 75),
        channel(1300, 2100, 1200),
    ),
    // Its channels are carriers with four phases and two amplitudes, not a mark and a space.
    #[cfg(feature = "spandsp")]
    (
        Modulation::V22bis,
        "v22bis",
        channel(1200, 1200, 2400),
        channel(2400, 2400, 2400),
    ),
];

const fn channel(mark: u16, space: u16, rate: u16) -> Channel {
    Channel { mark, space, rate }
}

impl Modulation {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|(modulation, ..)| *modulation)
    }

    /// The name in configurations.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What a modem of this role sends.
    #[must_use]
    pub fn sends(self, role: Role) -> Channel {
        let (_, _, calling, answering) = self.row();
        match role {
            Role::Calling => *calling,
            Role::Answering => *answering,
        }
    }

    /// What a modem of this role receives.
    #[must_use]
    pub fn receives(self, role: Role) -> Channel {
        match role {
            Role::Calling => self.sends(Role::Answering),
            Role::Answering => self.sends(Role::Calling),
        }
    }

    /// Whether the answering modem begins with 2100 Hz (V.25 clause 3). A Bell 103 modem begins with
    /// its mark, 2225 Hz, which serves as its answer tone.
    #[must_use]
    pub fn has_answer_tone(self) -> bool {
        self != Self::Bell103
    }

    #[expect(
        clippy::indexing_slicing,
        reason = "the table has a row for each modulation, in their order; a test holds it"
    )]
    fn row(self) -> &'static (Self, &'static str, Channel, Channel) {
        &TABLE[self as usize]
    }
}

impl fmt::Display for Modulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Not the name of a modulation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no modulation `{0}`, expected one of {names}", names = names())]
pub struct UnknownModulation(String);

fn names() -> String {
    Modulation::all()
        .map(Modulation::name)
        .collect::<Vec<_>>()
        .join(", ")
}

impl FromStr for Modulation {
    type Err = UnknownModulation;

    fn from_str(name: &str) -> Result<Self, UnknownModulation> {
        Self::all()
            .find(|modulation| modulation.name() == name)
            .ok_or_else(|| UnknownModulation(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_modulation_has_its_row() {
        for (modulation, name, ..) in TABLE {
            assert_eq!(modulation.row().0, *modulation);
            assert_eq!(name.parse(), Ok(*modulation));
        }
        let error = "v90".parse::<Modulation>().unwrap_err().to_string();
        for modulation in Modulation::all() {
            assert!(error.contains(modulation.name()));
        }
    }
}
