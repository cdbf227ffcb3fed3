//! The two methods of error correction (Q.703 §1.4) and the figures of the preventive one.

use std::time::Duration;

use super::transmission_control::LARGEST_WINDOW;

/// How messages that the line spoiled are made good. Both ends of a link must use one method.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorCorrection {
    /// Negative acknowledgement asks for retransmission (Q.703 §5): for lines with a one-way
    /// delay below 15 ms.
    #[default]
    Basic,
    /// Preventive cyclic retransmission (Q.703 §6): unacknowledged messages are sent again and
    /// again while there is no new one; for satellite lines.
    Preventive(Thresholds),
}

/// When new messages must wait until the unacknowledged ones were sent once more: forced
/// retransmission (Q.703 §6.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// N1: unacknowledged messages, 1 to 127 (the sequence numbers are modulo 128).
    pub n1: u8,
    /// N2: octets of unacknowledged messages on the line, flag and check bits included.
    pub n2: u32,
}

impl Thresholds {
    /// Largest N1.
    pub const LARGEST_N1: u8 = LARGEST_WINDOW as u8;

    /// The largest N1, and the N2 of a line by the time from sending a message to its
    /// acknowledgement and by its bits per second (Q.703 §6.4.4).
    ///
    /// ```
    /// # use std::time::Duration;
    /// let satellite = mtp::Thresholds::for_line(Duration::from_millis(600), 64_000);
    /// assert_eq!((satellite.n1, satellite.n2), (127, 4801));
    /// ```
    pub const fn for_line(loop_delay: Duration, bit_rate: u32) -> Self {
        let octets = loop_delay.as_millis() * bit_rate as u128 / 8_000;
        let largest = (u32::MAX - 1) as u128;
        Self {
            n1: Self::LARGEST_N1,
            n2: if octets < largest { octets } else { largest } as u32 + 1,
        }
    }

    pub(super) const fn reached(self, messages: usize, octets: usize) -> bool {
        messages >= self.n1 as usize || octets >= self.n2 as usize
    }
}

impl Default for Thresholds {
    /// For a geostationary satellite: 64 kbit/s, 300 ms each way and 100 ms within the terminals.
    fn default() -> Self {
        Self::for_line(Duration::from_millis(700), 64_000)
    }
}
