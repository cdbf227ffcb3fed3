//! `[[subscriber]]`: a number of the exchange and what happens when it is called.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::modem::Modulation;

use super::value::{ValueError, optional_duration};

/// A number of the exchange and what happens when it is called.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SubscriberTable")]
pub struct Subscriber {
    /// E.164 number with `+`.
    pub number: String,
    /// What it does when called.
    pub behaviour: Behaviour,
}

/// What a subscriber does when called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Rings, answers and sends back the octets it hears.
    Echo {
        /// Time from ACM to ANM.
        answer_after: Duration,
    },
    /// Rings, answers and plays 1004 Hz at -16 dBm0.
    Milliwatt {
        /// Time from ACM to ANM.
        answer_after: Duration,
    },
    /// Rings, answers and sends the pattern 2^15 - 1 of O.150, while it counts what comes of it.
    Pattern {
        /// Time from ACM to ANM.
        answer_after: Duration,
    },
    /// Rings and never answers.
    Ring,
    /// REL with cause 17, user busy.
    Busy,
    /// REL with cause 1, unallocated number.
    Unallocated,
    /// ACM with in-band information, an announcement, no answer, then REL.
    Announcement {
        /// How long the announcement plays.
        duration: Duration,
        /// Q.850 cause value of the REL after it.
        cause: u8,
    },
    /// Rings, answers, collects DTMF and reports it.
    Dtmf {
        /// Time from ACM to ANM.
        answer_after: Duration,
    },
    /// Calls a number when told to; called itself, it behaves as [`Behaviour::Echo`].
    Caller {
        /// The number it calls.
        calls: String,
        /// When it hangs up after the answer; never when absent.
        hang_up_after: Option<Duration>,
        /// Time from ACM to ANM when it is called itself.
        answer_after: Duration,
    },
    /// A softmodem: calls when its terminal dials, rings when called, and answers when told to.
    Modem {
        /// How it modulates.
        modulation: Modulation,
        /// Where its terminal is.
        terminal: Terminal,
    },
}

/// The terminal of a modem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Terminal {
    /// A pseudo-terminal is made, and a symbolic link of this name leads to it.
    Pty(PathBuf),
    /// A serial line to a terminal, or to a computer that dials.
    Device {
        /// The device, as `/dev/ttyUSB0`.
        path: PathBuf,
        /// Bits a second.
        rate: u32,
    },
    /// None: a real modem at a serial line, on a telephone line of its own, is what it talks to.
    RealModem {
        /// The device, as `/dev/ttyUSB0`.
        path: PathBuf,
        /// Bits a second.
        rate: u32,
        /// The number that is called for who rings at the real modem.
        calls: Option<String>,
        /// What the real modem dials for who calls the subscriber.
        dials: Option<String>,
    },
}

/// What is at the other end of a modem's serial line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Attached {
    /// Somebody who types.
    #[default]
    Terminal,
    /// A modem.
    Modem,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscriberTable {
    number: String,
    behaviour: BehaviourName,
    #[serde(default, deserialize_with = "optional_duration")]
    answer_after: Option<Duration>,
    #[serde(default, deserialize_with = "optional_duration")]
    duration: Option<Duration>,
    cause: Option<u8>,
    calls: Option<String>,
    #[serde(default, deserialize_with = "optional_duration")]
    hang_up_after: Option<Duration>,
    modulation: Option<Modulation>,
    pty: Option<PathBuf>,
    device: Option<PathBuf>,
    rate: Option<u32>,
    attached: Option<Attached>,
    dials: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum BehaviourName {
    Echo,
    Milliwatt,
    Pattern,
    Ring,
    Busy,
    Unallocated,
    Announcement,
    Dtmf,
    Caller,
    Modem,
}

/// Time from ACM to ANM when the file does not say.
const ANSWER_AFTER: Duration = Duration::from_secs(2);
/// Length of an announcement when the file does not say.
const ANNOUNCEMENT: Duration = Duration::from_secs(5);
/// Bits a second of a modem's terminal when the file does not say.
const TERMINAL_RATE: u32 = 115_200;
/// Cause after an announcement when the file does not say: normal, unspecified (Q.850).
const ANNOUNCEMENT_CAUSE: u8 = 31;

impl TryFrom<SubscriberTable> for Subscriber {
    type Error = ValueError;

    fn try_from(table: SubscriberTable) -> Result<Self, ValueError> {
        use BehaviourName as Name;
        let name = table.behaviour;
        let answers = matches!(
            name,
            Name::Echo | Name::Milliwatt | Name::Pattern | Name::Dtmf | Name::Caller
        );
        let real = name == Name::Modem
            && table.device.is_some()
            && table.attached == Some(Attached::Modem);
        let given = [
            ("answer_after", table.answer_after.is_some(), answers),
            (
                "duration",
                table.duration.is_some(),
                name == Name::Announcement,
            ),
            ("cause", table.cause.is_some(), name == Name::Announcement),
            ("calls", table.calls.is_some(), name == Name::Caller || real),
            ("dials", table.dials.is_some(), real),
            (
                "attached",
                table.attached.is_some(),
                name == Name::Modem && table.device.is_some(),
            ),
            (
                "hang_up_after",
                table.hang_up_after.is_some(),
                name == Name::Caller,
            ),
            (
                "modulation",
                table.modulation.is_some(),
                name == Name::Modem,
            ),
            ("pty", table.pty.is_some(), name == Name::Modem),
            ("device", table.device.is_some(), name == Name::Modem),
            (
                "rate",
                table.rate.is_some(),
                name == Name::Modem && table.device.is_some(),
            ),
        ];
        for (key, is_given, has_effect) in given {
            if is_given && !has_effect {
                return Err(ValueError::without_effect(key, "this behaviour"));
            }
        }
        let answer_after = table.answer_after.unwrap_or(ANSWER_AFTER);
        let behaviour = match name {
            Name::Echo => Behaviour::Echo { answer_after },
            Name::Milliwatt => Behaviour::Milliwatt { answer_after },
            Name::Pattern => Behaviour::Pattern { answer_after },
            Name::Ring => Behaviour::Ring,
            Name::Busy => Behaviour::Busy,
            Name::Unallocated => Behaviour::Unallocated,
            Name::Announcement => Behaviour::Announcement {
                duration: table.duration.unwrap_or(ANNOUNCEMENT),
                cause: table.cause.unwrap_or(ANNOUNCEMENT_CAUSE),
            },
            Name::Dtmf => Behaviour::Dtmf { answer_after },
            Name::Caller => Behaviour::Caller {
                calls: table
                    .calls
                    .ok_or(ValueError::missing("calls", "behaviour `caller`"))?,
                hang_up_after: table.hang_up_after,
                answer_after,
            },
            Name::Modem => Behaviour::Modem {
                modulation: table.modulation.unwrap_or_default(),
                terminal: match (table.pty, table.device) {
                    (Some(path), None) => Terminal::Pty(path),
                    (None, Some(path)) if real => Terminal::RealModem {
                        path,
                        rate: table.rate.unwrap_or(TERMINAL_RATE),
                        calls: table.calls,
                        dials: table.dials,
                    },
                    (None, Some(path)) => Terminal::Device {
                        path,
                        rate: table.rate.unwrap_or(TERMINAL_RATE),
                    },
                    _ => {
                        return Err(ValueError::missing("pty` or `device", "behaviour `modem`"));
                    }
                },
            },
        };
        Ok(Self {
            number: table.number,
            behaviour,
        })
    }
}
