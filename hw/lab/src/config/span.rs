//! `[[span]]`: a line, and what carries it.

use std::path::PathBuf;

use serde::Deserialize;
use serial::Layout;
use tdm::Framing;

use super::value::{Timeslots, ValueError};

/// `[[span]]`: one line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SpanTable")]
pub struct Span {
    /// The name that linksets and circuits use.
    pub name: String,
    /// What carries the line, with what that driver needs.
    pub driver: Driver,
}

/// What carries a span.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Driver {
    /// An emulated line over a UNIX socket.
    Emulator {
        /// The socket.
        path: PathBuf,
        /// Which end binds the socket.
        role: Role,
        /// E1 or T1, the same at both ends.
        framing: Framing,
        /// Parts per million by which the clock of this end runs fast, slow when negative.
        drift: i32,
    },
    /// Some timeslots over a serial line.
    Serial {
        /// The device, as `/dev/ttyUSB0`.
        device: PathBuf,
        /// The timeslots that it carries at its rate.
        layout: Layout,
    },
}

/// Which end of an emulated line this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Binds the socket and waits for the other end.
    Listen,
    /// Connects to the socket, again and again until it is there.
    Connect,
}

impl Span {
    /// Whether the line carries this timeslot at 64 kbit/s, for a circuit.
    #[must_use]
    pub fn carries(&self, timeslot: u8) -> bool {
        match &self.driver {
            Driver::Emulator { framing, .. } => (1..=framing.timeslots()).contains(&timeslot),
            Driver::Serial { layout, .. } => {
                let mut carried = layout.timeslots().iter();
                carried.any(|carried| carried.number() == timeslot)
            }
        }
    }

    /// Whether a signalling link can be on this timeslot.
    #[must_use]
    pub fn signals(&self, timeslot: u8) -> bool {
        match &self.driver {
            Driver::Emulator { .. } => self.carries(timeslot),
            Driver::Serial { layout, .. } => {
                let signalling = layout.signalling();
                signalling.is_some_and(|there| there.number() == timeslot) || self.carries(timeslot)
            }
        }
    }
}

/// The keys of `[[span]]` as they stand in the file: one flat table, so that an unknown key and
/// a wrong type are found at their own place and not at the table's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SpanTable {
    name: String,
    driver: DriverName,
    path: Option<PathBuf>,
    role: Option<Role>,
    framing: Option<Framing>,
    drift_ppm: Option<i32>,
    device: Option<PathBuf>,
    rate: Option<u32>,
    timeslots: Option<Timeslots>,
    signalling: Option<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DriverName {
    Emulator,
    Serial,
}

impl DriverName {
    const fn with(self) -> &'static str {
        match self {
            Self::Emulator => "driver `emulator`",
            Self::Serial => "driver `serial`",
        }
    }
}

impl TryFrom<SpanTable> for Span {
    type Error = ValueError;

    fn try_from(table: SpanTable) -> Result<Self, ValueError> {
        let name = table.driver;
        let (emulator, serial) = (name == DriverName::Emulator, name == DriverName::Serial);
        let given = [
            ("path", table.path.is_some(), emulator),
            ("role", table.role.is_some(), emulator),
            ("framing", table.framing.is_some(), emulator),
            ("drift_ppm", table.drift_ppm.is_some(), emulator),
            ("device", table.device.is_some(), serial),
            ("rate", table.rate.is_some(), serial),
            ("timeslots", table.timeslots.is_some(), serial),
            ("signalling", table.signalling.is_some(), serial),
        ];
        for (key, is_given, has_effect) in given {
            if is_given && !has_effect {
                return Err(ValueError::without_effect(key, name.with()));
            }
        }
        let missing = |key| ValueError::missing(key, name.with());
        let driver = match name {
            DriverName::Emulator => Driver::Emulator {
                path: table.path.ok_or(missing("path"))?,
                role: table.role.ok_or(missing("role"))?,
                framing: table.framing.unwrap_or_default(),
                drift: drift(table.drift_ppm.unwrap_or_default())?,
            },
            DriverName::Serial => {
                let timeslots: Vec<u8> = table
                    .timeslots
                    .ok_or(missing("timeslots"))?
                    .iter()
                    .collect();
                let rate = table.rate.ok_or(missing("rate"))?;
                Driver::Serial {
                    device: table.device.ok_or(missing("device"))?,
                    layout: Layout::new(rate, &timeslots, table.signalling)?,
                }
            }
        };
        Ok(Self {
            name: table.name,
            driver,
        })
    }
}

/// A clock worse than any that a line has (G.703 allows 50 parts per million, T1.403 32).
const MOST_DRIFT: i32 = 1000;

fn drift(parts_per_million: i32) -> Result<i32, ValueError> {
    match (-MOST_DRIFT..=MOST_DRIFT).contains(&parts_per_million) {
        true => Ok(parts_per_million),
        false => Err(ValueError::Range {
            key: "drift_ppm",
            found: parts_per_million.into(),
            expected: "-1000 to 1000",
        }),
    }
}
