//! `[[span]]`: a line, and what carries it.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use dahdi::{EchoCanceller, LinkMode, SpanConfig, Taps};
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
        /// Where its bit errors begin.
        seed: u64,
    },
    /// Some timeslots over a serial line.
    Serial {
        /// The device, as `/dev/ttyUSB0`.
        device: PathBuf,
        /// The timeslots that it carries at its rate.
        layout: Layout,
    },
    /// A span of the DAHDI driver: a card, or a loop-back without one.
    Dahdi(Dahdi),
}

/// A span of the DAHDI driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dahdi {
    /// The driver's number of the span, 1 and up.
    pub number: u16,
    /// Who does the HDLC of its links; as the channel is configured when absent.
    pub signalling_mode: Option<LinkMode>,
    /// Ticks of 10 ms that the driver holds each way.
    pub buffers: u8,
    /// Ticks kept queued for sending.
    pub queued: u8,
    /// Echo canceller of the driver for calls that speak.
    pub echo_canceller: Option<EchoCanceller>,
    /// Gain on speech that arrives, in dB.
    pub receive_gain: i8,
    /// Gain on speech that is sent, in dB.
    pub transmit_gain: i8,
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

/// What carries the span, in words: of a serial line, also what its rate carries.
impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Emulator { path, framing, .. } => {
                write!(f, "emulated {framing:?} at {}", path.display())
            }
            Self::Serial { device, layout } => {
                write!(f, "serial line {}, {layout}", device.display())
            }
            Self::Dahdi(dahdi) => write!(f, "span {} of the DAHDI driver", dahdi.number),
        }
    }
}

impl Span {
    /// Whether the line carries this timeslot at 64 kbit/s, for a circuit.
    #[must_use]
    pub fn carries(&self, timeslot: u8) -> bool {
        match &self.driver {
            Driver::Emulator { framing, .. } => (1..=framing.timeslots()).contains(&timeslot),
            // How long the span is, the driver says when it is opened.
            Driver::Dahdi(_) => (1..=Framing::E1.timeslots()).contains(&timeslot),
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
            Driver::Emulator { .. } | Driver::Dahdi(_) => self.carries(timeslot),
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
    error_seed: Option<u64>,
    device: Option<PathBuf>,
    rate: Option<u32>,
    timeslots: Option<Timeslots>,
    signalling: Option<u8>,
    number: Option<u16>,
    signalling_mode: Option<SignallingMode>,
    buffers: Option<u8>,
    queued: Option<u8>,
    #[serde(default, deserialize_with = "super::optional_duration")]
    echo_canceller: Option<Duration>,
    receive_gain: Option<i8>,
    transmit_gain: Option<i8>,
}

/// `auto` takes the mode that the channel is configured for.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SignallingMode {
    Auto,
    Raw,
    Hdlc,
    Mtp2,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum DriverName {
    Emulator,
    Serial,
    Dahdi,
}

impl DriverName {
    const fn with(self) -> &'static str {
        match self {
            Self::Emulator => "driver `emulator`",
            Self::Serial => "driver `serial`",
            Self::Dahdi => "driver `dahdi`",
        }
    }
}

impl TryFrom<SpanTable> for Span {
    type Error = ValueError;

    fn try_from(table: SpanTable) -> Result<Self, ValueError> {
        let name = table.driver;
        let (emulator, serial) = (name == DriverName::Emulator, name == DriverName::Serial);
        let dahdi = name == DriverName::Dahdi;
        let given = [
            ("path", table.path.is_some(), emulator),
            ("role", table.role.is_some(), emulator),
            ("framing", table.framing.is_some(), emulator),
            ("drift_ppm", table.drift_ppm.is_some(), emulator),
            ("error_seed", table.error_seed.is_some(), emulator),
            ("device", table.device.is_some(), serial),
            ("rate", table.rate.is_some(), serial),
            ("timeslots", table.timeslots.is_some(), serial),
            ("signalling", table.signalling.is_some(), serial),
            ("number", table.number.is_some(), dahdi),
            ("signalling_mode", table.signalling_mode.is_some(), dahdi),
            ("buffers", table.buffers.is_some(), dahdi),
            ("queued", table.queued.is_some(), dahdi),
            ("echo_canceller", table.echo_canceller.is_some(), dahdi),
            ("receive_gain", table.receive_gain.is_some(), dahdi),
            ("transmit_gain", table.transmit_gain.is_some(), dahdi),
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
                seed: table.error_seed.unwrap_or_default(),
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
            DriverName::Dahdi => Driver::Dahdi(Dahdi::from_table(&table)?),
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

/// The largest of the driver's spans (`DAHDI_MAX_SPANS`).
const MOST_SPANS: u16 = 128;
/// Gains beyond this leave nothing of speech.
const MOST_GAIN: i8 = 20;

impl Dahdi {
    /// The driver's span of this number, with the default of every other key.
    #[must_use]
    pub const fn new(number: u16) -> Self {
        Self {
            number,
            signalling_mode: None,
            buffers: SpanConfig::BUFFERS,
            queued: SpanConfig::QUEUED,
            echo_canceller: None,
            receive_gain: 0,
            transmit_gain: 0,
        }
    }

    fn from_table(table: &SpanTable) -> Result<Self, ValueError> {
        let number = table.number;
        let number = number.ok_or(ValueError::missing("number", DriverName::Dahdi.with()))?;
        let buffers = table.buffers.unwrap_or(SpanConfig::BUFFERS);
        let queued = table.queued.unwrap_or(SpanConfig::QUEUED.min(buffers));
        let gains = [table.receive_gain, table.transmit_gain].map(Option::unwrap_or_default);
        let [receive_gain, transmit_gain] = gains;
        let bounded = |key, found: i64, fits, expected| match fits {
            true => Ok(()),
            false => Err(ValueError::Range {
                key,
                found,
                expected,
            }),
        };
        let decibels = |gain: i8| (-MOST_GAIN..=MOST_GAIN).contains(&gain);
        let spans = (1..=MOST_SPANS).contains(&number);
        bounded("number", number.into(), spans, "1 to 128")?;
        let most = SpanConfig::MOST_BUFFERS;
        bounded(
            "buffers",
            buffers.into(),
            (2..=most).contains(&buffers),
            "2 to 32",
        )?;
        bounded(
            "queued",
            queued.into(),
            (2..=buffers).contains(&queued),
            "2 to `buffers`",
        )?;
        bounded(
            "receive_gain",
            receive_gain.into(),
            decibels(receive_gain),
            "-20 to 20",
        )?;
        bounded(
            "transmit_gain",
            transmit_gain.into(),
            decibels(transmit_gain),
            "-20 to 20",
        )?;
        let echo_canceller = table.echo_canceller.map(echo_canceller).transpose()?;
        Ok(Self {
            number,
            signalling_mode: table.signalling_mode.and_then(|mode| match mode {
                SignallingMode::Auto => None,
                SignallingMode::Raw => Some(LinkMode::Raw),
                SignallingMode::Hdlc => Some(LinkMode::Hdlc),
                SignallingMode::Mtp2 => Some(LinkMode::Mtp2),
            }),
            buffers,
            queued,
            echo_canceller,
            receive_gain,
            transmit_gain,
        })
    }
}

/// The echo canceller that removes echoes of so long: eight taps a millisecond.
fn echo_canceller(longest: Duration) -> Result<EchoCanceller, ValueError> {
    let taps = u16::try_from(longest.as_micros() / 125).ok();
    let taps = taps.filter(|taps| Duration::from_micros(u64::from(*taps) * 125) == longest);
    match taps.and_then(Taps::new) {
        Some(taps) => Ok(EchoCanceller { taps }),
        None => Err(ValueError::Range {
            key: "echo_canceller",
            found: i64::try_from(longest.as_millis()).unwrap_or(i64::MAX),
            expected: "4ms, 8ms, 16ms, 32ms, 64ms or 128ms",
        }),
    }
}
