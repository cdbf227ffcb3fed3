//! Signal unit formats (Q.703 §2), without flags and check bits.

use bytes::{BufMut, Bytes, BytesMut};
use nom::IResult;
use nom::number::complete::u8 as octet;

/// Status field of an LSSU (Q.703 §11.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// "O": out of alignment.
    Sio,
    /// "N": normal alignment.
    Sin,
    /// "E": emergency alignment.
    Sie,
    /// "OS": out of service.
    Sios,
    /// "PO": processor outage.
    Sipo,
    /// "B": busy.
    Sib,
}

impl Status {
    /// The three bits.
    pub const fn code(self) -> u8 {
        match self {
            Self::Sio => 0,
            Self::Sin => 1,
            Self::Sie => 2,
            Self::Sios => 3,
            Self::Sipo => 4,
            Self::Sib => 5,
        }
    }

    /// From the three low bits of the status field; 6 and 7 are spare.
    pub const fn from_code(code: u8) -> Option<Self> {
        match code & 7 {
            0 => Some(Self::Sio),
            1 => Some(Self::Sin),
            2 => Some(Self::Sie),
            3 => Some(Self::Sios),
            4 => Some(Self::Sipo),
            5 => Some(Self::Sib),
            _ => None,
        }
    }
}

/// Sequence numbers and indicator bits: the first two octets of every signal unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Backward sequence number, 0 to 127.
    pub bsn: u8,
    /// Backward indicator bit.
    pub bib: bool,
    /// Forward sequence number, 0 to 127.
    pub fsn: u8,
    /// Forward indicator bit.
    pub fib: bool,
}

impl Header {
    const fn octets(self) -> [u8; 2] {
        [
            self.bsn & 0x7F | (self.bib as u8) << 7,
            self.fsn & 0x7F | (self.fib as u8) << 7,
        ]
    }

    fn parse(input: &[u8]) -> IResult<&[u8], Self> {
        let (rest, backward) = octet(input)?;
        let (rest, forward) = octet(rest)?;
        let header = Self {
            bsn: backward & 0x7F,
            bib: backward & 0x80 != 0,
            fsn: forward & 0x7F,
            fib: forward & 0x80 != 0,
        };
        Ok((rest, header))
    }

    /// A fill-in signal unit.
    pub fn fisu(self) -> Bytes {
        let [backward, forward] = self.octets();
        Bytes::copy_from_slice(&[backward, forward, 0])
    }

    /// A link status signal unit with a status field of one octet.
    pub fn lssu(self, status: Status) -> Bytes {
        let [backward, forward] = self.octets();
        Bytes::copy_from_slice(&[backward, forward, 1, status.code()])
    }

    /// A message signal unit; `message` is SIO and SIF. Its length indicator is 63 for 63 octets
    /// and more (Q.703 §2.3.3).
    pub fn msu(self, message: &[u8]) -> Bytes {
        let mut out = BytesMut::with_capacity(3 + message.len());
        out.put_slice(&self.octets());
        out.put_u8(message.len().min(63) as u8);
        out.put_slice(message);
        out.freeze()
    }
}

/// A received signal unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignalUnit {
    /// Fill-in.
    Fisu(Header),
    /// Link status.
    Lssu(Header, Status),
    /// Message: SIO and SIF.
    Msu(Header, Bytes),
}

/// SIO and SIF together are at most this long (Q.703 §2.3.8).
pub const LARGEST_MESSAGE: usize = 273;

impl SignalUnit {
    /// Reads a signal unit; `None` when its length does not fit its length indicator or its status
    /// field is spare, in which case it counts as received in error.
    ///
    /// One octet beyond what a FISU or LSSU needs is refused too: lengths are exact.
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let (rest, header) = Header::parse(octets).ok()?;
        let (body, indicator) = octet::<_, nom::error::Error<&[u8]>>(rest).ok()?;
        let length = body.len();
        match indicator & 0x3F {
            0 => (length == 0).then_some(Self::Fisu(header)),
            li @ (1 | 2) => {
                let status = Status::from_code(*body.first()?)?;
                (length == usize::from(li)).then_some(Self::Lssu(header, status))
            }
            63 => (63..=LARGEST_MESSAGE)
                .contains(&length)
                .then(|| Self::Msu(header, Bytes::copy_from_slice(body))),
            li => {
                (length == usize::from(li)).then(|| Self::Msu(header, Bytes::copy_from_slice(body)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        bsn: 5,
        bib: true,
        fsn: 127,
        fib: false,
    };

    #[test]
    fn round_trip() {
        assert_eq!(HEADER.fisu().as_ref(), [0x85, 0x7F, 0]);
        assert_eq!(
            SignalUnit::parse(&HEADER.fisu()),
            Some(SignalUnit::Fisu(HEADER))
        );
        for code in 0..6 {
            let status = Status::from_code(code).unwrap();
            let lssu = SignalUnit::parse(&HEADER.lssu(status));
            assert_eq!(lssu, Some(SignalUnit::Lssu(HEADER, status)));
        }
        for length in 3..=LARGEST_MESSAGE {
            let message = vec![0x85; length];
            let msu = HEADER.msu(&message);
            assert_eq!(usize::from(msu[2]), length.min(63));
            assert_eq!(
                SignalUnit::parse(&msu),
                Some(SignalUnit::Msu(HEADER, message.into()))
            );
        }
    }

    #[test]
    fn lengths_must_agree() {
        for octets in [
            &[][..],
            &[0],
            &[0, 0],
            &[0, 0, 0, 0],
            &[0, 0, 1],
            &[0, 0, 1, 6],
            &[0, 0, 2, 0],
            &[0, 0, 4, 1, 2, 3],
            &[0, 0, 63, 1, 2, 3],
        ] {
            assert_eq!(SignalUnit::parse(octets), None, "{octets:?}");
        }
        assert_eq!(SignalUnit::parse(&HEADER.msu(&[0; 274])), None);
    }
}
