//! The head of a message: ten chunks follow it.

/// Octets of the head.
pub(super) const HEADER: usize = 16;

/// What it begins with; the last octet is the version.
const MAGIC: [u8; 3] = *b"E1\x01";

/// `magic (3), timeslots (1), slip (4), number (8)`, least significant octet first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) timeslots: u8,
    /// Frames by which the cable slips at this tick.
    pub(super) slip: i32,
    /// The number of the tick; each has one, whether it is sent or not.
    pub(super) number: u64,
}

impl Header {
    pub(super) fn write(self, octets: &mut [u8]) {
        let fields = MAGIC.into_iter().chain([self.timeslots]);
        let fields = fields
            .chain(self.slip.to_le_bytes())
            .chain(self.number.to_le_bytes());
        for (octet, value) in octets.iter_mut().zip(fields) {
            *octet = value;
        }
    }

    pub(super) fn read(octets: &[u8]) -> Option<Self> {
        let (magic, rest) = octets.split_first_chunk::<3>()?;
        let (&[timeslots], rest) = rest.split_first_chunk()?;
        let (slip, rest) = rest.split_first_chunk()?;
        let (number, _) = rest.split_first_chunk()?;
        (*magic == MAGIC).then(|| Self {
            timeslots,
            slip: i32::from_le_bytes(*slip),
            number: u64::from_le_bytes(*number),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let header = Header {
            timeslots: 32,
            slip: -3,
            number: 0x0102_0304_0506_0708,
        };
        let mut octets = [0xee; HEADER];
        header.write(&mut octets);
        assert_eq!(Header::read(&octets), Some(header));
        assert_eq!(Header::read(&octets[..15]), None);
        octets[2] = 2;
        assert_eq!(Header::read(&octets), None, "another version");
    }
}
