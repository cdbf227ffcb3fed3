//! What a line carries, and whether its rate suffices.

use std::fmt;

use tdm::{TICK, TICK_OCTETS, Timeslot};

use crate::frame;

/// Bits of an octet on the line: start, eight, stop.
const BITS: u32 = 10;
/// Of a hundred octets that the line could carry in theory, so many are used: the clocks of two
/// machines differ.
const PERCENT: u32 = 98;
/// Octets of a tick that signalling needs at least: two LSSUs, or a good part of an MSU.
const LEAST_SIGNALLING: usize = 20;
/// Octets of a tick that signalling uses at most: more than 64 kbit/s it never has.
const MOST_SIGNALLING: usize = TICK_OCTETS;

/// The timeslots that a line carries, and the room they have in a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    rate: u32,
    timeslots: Vec<Timeslot>,
    signalling: Option<Timeslot>,
    signalling_room: usize,
}

/// A line that cannot carry what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// Too many timeslots for the rate.
    #[error(
        "{rate} bit/s carry {has} octets a tick, and {timeslots} timeslots{} need {needs}, expected \
         at least {least} bit/s, or at most {fit} timeslots",
        if *.signalling { " with signalling" } else { "" }
    )]
    TooSlow {
        /// Bits a second.
        rate: u32,
        /// Octets that they carry in a tick.
        has: usize,
        /// Timeslots asked for.
        timeslots: usize,
        /// Whether signalling is carried, too.
        signalling: bool,
        /// Octets of a frame of them.
        needs: usize,
        /// The slowest usual rate that suffices.
        least: u32,
        /// The timeslots that this rate carries.
        fit: usize,
    },
    /// A timeslot that a span does not have, or that stands there twice.
    #[error(
        "timeslot {0} cannot be carried, expected each of 1 to 31 once, and the signalling timeslot not among them"
    )]
    Timeslot(u8),
    /// Nothing to carry.
    #[error("no timeslot is carried, expected at least one, or signalling")]
    Nothing,
}

/// Rates that serial hardware has.
const RATES: [u32; 12] = [
    57_600, 115_200, 230_400, 460_800, 500_000, 576_000, 921_600, 1_000_000, 1_500_000, 2_000_000,
    3_000_000, 4_000_000,
];

impl Layout {
    /// `timeslots` at full rate and `signalling` in what is left, on a line of `rate` bits a second.
    ///
    /// # Errors
    /// [`LayoutError`] when the rate does not suffice, or a timeslot is none.
    pub fn new(rate: u32, timeslots: &[u8], signalling: Option<u8>) -> Result<Self, LayoutError> {
        let mut carried: Vec<Timeslot> = Vec::with_capacity(timeslots.len());
        let timeslot = |number: u8| {
            Timeslot::new(number)
                .filter(|_| number != 0)
                .ok_or(LayoutError::Timeslot(number))
        };
        for number in timeslots {
            let timeslot = timeslot(*number)?;
            if carried.contains(&timeslot) || signalling == Some(*number) {
                return Err(LayoutError::Timeslot(*number));
            }
            carried.push(timeslot);
        }
        let signalling = signalling.map(timeslot).transpose()?;
        if carried.is_empty() && signalling.is_none() {
            return Err(LayoutError::Nothing);
        }
        let least_room = if signalling.is_some() {
            LEAST_SIGNALLING
        } else {
            0
        };
        let needs = |timeslots: usize| frame::OVERHEAD + timeslots * TICK_OCTETS + least_room;
        let has = octets_a_tick(rate);
        let Some(room) = has.checked_sub(needs(carried.len())) else {
            let least = RATES
                .into_iter()
                .find(|rate| octets_a_tick(*rate) >= needs(carried.len()));
            return Err(LayoutError::TooSlow {
                rate,
                has,
                timeslots: carried.len(),
                signalling: signalling.is_some(),
                needs: needs(carried.len()),
                least: least.unwrap_or(u32::MAX),
                fit: has.saturating_sub(needs(0)) / TICK_OCTETS,
            });
        };
        Ok(Self {
            rate,
            timeslots: carried,
            signalling,
            signalling_room: match signalling {
                Some(_) => (least_room + room).min(MOST_SIGNALLING),
                None => 0,
            },
        })
    }

    /// Bits a second on the line.
    #[must_use]
    pub const fn rate(&self) -> u32 {
        self.rate
    }

    /// The timeslots at full rate, in the order of the frame.
    #[must_use]
    pub fn timeslots(&self) -> &[Timeslot] {
        &self.timeslots
    }

    /// The signalling timeslot.
    #[must_use]
    pub const fn signalling(&self) -> Option<Timeslot> {
        self.signalling
    }

    /// Octets of a frame for signalling.
    #[must_use]
    pub const fn signalling_room(&self) -> usize {
        self.signalling_room
    }

    /// Bits a second that signalling has, where a timeslot has 64,000.
    #[must_use]
    pub const fn signalling_rate(&self) -> usize {
        self.signalling_room * 8 * (1000 / TICK.as_millis() as usize)
    }

    /// Octets of the longest frame.
    #[must_use]
    pub fn longest_frame(&self) -> usize {
        frame::OVERHEAD + self.timeslots.len() * TICK_OCTETS + self.signalling_room
    }
}

/// Bits a second of a timeslot.
const TIMESLOT_RATE: usize = 64_000;

/// What the rate carries, in words.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.timeslots.len();
        let plural = if count == 1 { "" } else { "s" };
        write!(
            f,
            "{} bit/s carry {count} timeslot{plural} at 64 kbit/s",
            self.rate
        )?;
        let Some(signalling) = self.signalling else {
            return f.write_str(" and no signalling");
        };
        let (number, rate) = (signalling.number(), self.signalling_rate());
        let kilobits = rate as f64 / 1000.0;
        match rate < TIMESLOT_RATE {
            true => write!(
                f,
                " and signalling on timeslot {number} at a reduced {kilobits} kbit/s"
            ),
            false => write!(
                f,
                " and signalling on timeslot {number} at {kilobits} kbit/s"
            ),
        }
    }
}

fn octets_a_tick(rate: u32) -> usize {
    let ticks = 1000 / TICK.as_millis() as u32;
    (rate / BITS / ticks * PERCENT / 100) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rate_carries() {
        let most = |rate: u32| {
            let numbers: Vec<u8> = (1..=31).filter(|n| *n != 16).collect();
            (0..=30)
                .take_while(|n| Layout::new(rate, &numbers[..*n], Some(16)).is_ok())
                .last()
        };
        assert_eq!(most(9_600), None);
        assert_eq!(most(57_600), Some(0));
        assert_eq!(most(115_200), Some(1));
        assert_eq!(most(230_400), Some(2));
        assert_eq!(most(460_800), Some(5));
        assert_eq!(most(921_600), Some(10));
        assert_eq!(most(3_000_000), Some(30));
    }

    #[test]
    fn what_a_rate_carries_is_said() {
        let says = |rate, timeslots: &[u8], signalling| {
            Layout::new(rate, timeslots, signalling)
                .unwrap()
                .to_string()
        };
        assert_eq!(
            says(115_200, &[1], Some(16)),
            "115200 bit/s carry 1 timeslot at 64 kbit/s and signalling on timeslot 16 at a reduced \
             16 kbit/s"
        );
        assert_eq!(
            says(921_600, &[1, 2, 3], Some(16)),
            "921600 bit/s carry 3 timeslots at 64 kbit/s and signalling on timeslot 16 at 64 kbit/s"
        );
        assert_eq!(
            says(115_200, &[1], None),
            "115200 bit/s carry 1 timeslot at 64 kbit/s and no signalling"
        );
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        let refused = |rate, timeslots: &[u8], signalling| {
            Layout::new(rate, timeslots, signalling)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refused(115_200, &[1, 2], Some(16)),
            "115200 bit/s carry 112 octets a tick, and 2 timeslots with signalling need 192, \
             expected at least 230400 bit/s, or at most 1 timeslots"
        );
        for (timeslots, signalling) in [
            (&[0][..], None),
            (&[32], None),
            (&[3, 3], None),
            (&[16], Some(16)),
            (&[1], Some(0)),
        ] {
            let error = refused(921_600, timeslots, signalling);
            assert!(error.contains("expected each of 1 to 31 once"), "{error}");
        }
        assert!(refused(921_600, &[], None).contains("no timeslot"));
    }
}
