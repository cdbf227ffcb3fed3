//! Frame alignment of what arrives: of an E1 by timeslot 0, of a T1 by the F-bits.

mod e1;
mod t1;

use tdm::Framing;

pub(crate) use e1::E1;
pub(crate) use t1::T1;

/// Where the search for alignment stands, of either kind of line.
#[derive(Debug)]
pub(crate) enum Alignment {
    E1(E1),
    T1(T1),
}

impl Alignment {
    pub(crate) fn new(framing: Framing) -> Self {
        match framing {
            Framing::E1 => Self::E1(E1::default()),
            Framing::T1 => Self::T1(T1::default()),
        }
    }

    /// One more frame, by what its framing says: timeslot 0, or the F-bit.
    pub(crate) fn push(&mut self, octet: u8) {
        match self {
            Self::E1(e1) => e1.push(octet),
            Self::T1(t1) => t1.push(octet),
        }
    }

    /// Begins the search anew.
    pub(crate) fn lose(&mut self) {
        match self {
            Self::E1(e1) => e1.lose(),
            Self::T1(t1) => t1.lose(),
        }
    }

    pub(crate) const fn is_aligned(&self) -> bool {
        match self {
            Self::E1(e1) => e1.is_aligned(),
            Self::T1(t1) => t1.is_aligned(),
        }
    }

    /// In alignment, and the last alignment signal was right.
    pub(crate) const fn is_good(&self) -> bool {
        match self {
            Self::E1(e1) => e1.is_good(),
            Self::T1(t1) => t1.is_good(),
        }
    }

    /// Whether the far end tells of an alarm; means nothing out of alignment.
    pub(crate) const fn remote_alarm(&self) -> bool {
        match self {
            Self::E1(e1) => e1.remote_alarm(),
            Self::T1(t1) => t1.remote_alarm(),
        }
    }

    /// Alignment signals that arrived with an error while in alignment.
    pub(crate) const fn errors(&self) -> u64 {
        match self {
            Self::E1(e1) => e1.errors(),
            Self::T1(t1) => t1.errors(),
        }
    }
}
