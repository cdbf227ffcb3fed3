//! What a serial line counted beside what every span counts.

use tdm::DeviceCounters;

/// Counters only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LineCounters {
    /// Frames sent.
    pub sent: u64,
    /// Frames that the line had no room for: it is slower than configured, or stands still.
    pub not_sent: u64,
    /// Frames received whole.
    pub received: u64,
    /// Beginnings of frames that were none, or whose CRC was wrong.
    pub broken: u64,
    /// Frames that never came, by their sequence numbers.
    pub missing: u64,
    /// Frames of a far end that carries other timeslots than this one.
    pub foreign: u64,
    /// Octets that belonged to no frame.
    pub skipped: u64,
}

/// In the order of the fields.
const NAMES: [&str; 7] = [
    "frames sent",
    "frames not sent",
    "frames received",
    "broken frames",
    "missing frames",
    "foreign frames",
    "octets skipped",
];

impl From<LineCounters> for DeviceCounters {
    fn from(line: LineCounters) -> Self {
        let LineCounters {
            sent,
            not_sent,
            received,
            broken,
            missing,
            foreign,
            skipped,
        } = line;
        let counts = [
            sent, not_sent, received, broken, missing, foreign, skipped, 0,
        ];
        Self::new(&NAMES, counts)
    }
}
