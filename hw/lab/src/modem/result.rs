//! Result codes of a modem (V.250 clause 5.7).

use std::fmt;

/// What a modem says to its terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResultCode {
    /// The line was obeyed.
    Ok,
    /// Data flow, at this many bits a second from the other end; 0 leaves the rate out.
    Connect(u16),
    /// A call has come.
    Ring,
    /// No connection, or no more.
    NoCarrier,
    /// The line was not understood.
    Error,
    /// The exchange has no line.
    NoDialTone,
    /// The called number is busy.
    Busy,
    /// Nobody answers.
    NoAnswer,
}

impl ResultCode {
    /// What is said of it at this level of `X`: the rate from 1, the dial tone from 2 or at 4, busy
    /// from 3 (V.250 clause 6.4.2).
    #[must_use]
    pub const fn within(self, level: u8) -> Self {
        match (self, level) {
            (Self::Connect(_), 0) => Self::Connect(0),
            (Self::NoDialTone, 0 | 1 | 3) | (Self::Busy, 0..=2) => Self::NoCarrier,
            _ => self,
        }
    }

    /// The number that stands for it.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Connect(_) => 1,
            Self::Ring => 2,
            Self::NoCarrier => 3,
            Self::Error => 4,
            Self::NoDialTone => 6,
            Self::Busy => 7,
            Self::NoAnswer => 8,
        }
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("OK"),
            Self::Connect(0) => f.write_str("CONNECT"),
            Self::Connect(rate) => write!(f, "CONNECT {rate}"),
            Self::Ring => f.write_str("RING"),
            Self::NoCarrier => f.write_str("NO CARRIER"),
            Self::Error => f.write_str("ERROR"),
            Self::NoDialTone => f.write_str("NO DIALTONE"),
            Self::Busy => f.write_str("BUSY"),
            Self::NoAnswer => f.write_str("NO ANSWER"),
        }
    }
}
