//! RTP packets (RFC 3550 §5.1): read with `rtp-types`, written here, and the arithmetic of
//! their wrapping numbers.

use rtp_types::RtpPacket;

/// Octets of an RTP header without contributing sources or extension.
pub const HEADER_OCTETS: usize = 12;

/// Longest payload we send: 60 ms of G.711.
pub const MAX_PAYLOAD_SENT: usize = 480;

/// The fields of an RTP header that a bridge uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// M bit.
    pub marker: bool,
    /// Payload type, 0 to 127.
    pub payload_type: u8,
    /// Sequence number.
    pub sequence: u16,
    /// Timestamp, in samples.
    pub timestamp: u32,
    /// Synchronisation source.
    pub ssrc: u32,
}

impl Header {
    /// Reads a packet: header and payload, the latter without padding, contributing sources and
    /// extension. `None` when it is not RTP version 2 or is cut short.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<(Self, &[u8])> {
        let parsed = RtpPacket::parse(packet).ok()?;
        let header = Self {
            marker: parsed.marker_bit(),
            payload_type: parsed.payload_type(),
            sequence: parsed.sequence_number(),
            timestamp: parsed.timestamp(),
            ssrc: parsed.ssrc(),
        };
        let start = parsed.payload_offset();
        let payload = packet.get(start..start.checked_add(parsed.payload_len())?)?;
        Some((header, payload))
    }

    /// The header as octets, for a packet without padding, extension or contributing sources.
    #[must_use]
    pub fn to_octets(self) -> [u8; HEADER_OCTETS] {
        let [s0, s1] = self.sequence.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [r0, r1, r2, r3] = self.ssrc.to_be_bytes();
        let second = u8::from(self.marker) << 7 | (self.payload_type & 0x7F);
        [0x80, second, s0, s1, t0, t1, t2, t3, r0, r1, r2, r3]
    }
}

/// Where the payload, or the padding, of a packet begins: behind the header, contributing sources
/// and extension. `None` when it is not RTP version 2 or is cut short before that. The payload may
/// still be encrypted, and padding is not looked at.
pub(crate) fn payload_offset(packet: &[u8]) -> Option<usize> {
    let first = *packet.first()?;
    let sources = HEADER_OCTETS + 4 * usize::from(first & 0x0F);
    let mut offset = sources;
    if first & 0x10 != 0 {
        let &[_, _, l0, l1] = packet.get(sources..)?.first_chunk()?;
        offset += 4 + 4 * usize::from(u16::from_be_bytes([l0, l1]));
    }
    (first >> 6 == 2 && packet.len() >= offset).then_some(offset)
}

/// Distance from `from` to `to` on the circle of sequence numbers: positive when `to` is newer.
#[must_use]
pub const fn sequence_distance(from: u16, to: u16) -> i16 {
    to.wrapping_sub(from) as i16
}

/// Distance from `from` to `to` on the circle of timestamps, in samples: positive when `to` is
/// later.
#[must_use]
pub const fn timestamp_distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from) as i32
}

/// Interarrival jitter (RFC 3550 §6.4.1 and A.8), in sixteenths of a sample.
#[derive(Debug, Clone, Copy, Default)]
pub struct InterarrivalJitter {
    /// Arrival less timestamp of the last packet, on the circle of timestamps.
    transit: Option<u32>,
    sixteenths: i64,
}

impl InterarrivalJitter {
    /// Takes a packet of RTP `timestamp` that arrived at `arrival`, in samples of a local clock.
    pub fn update(&mut self, arrival: u64, timestamp: u32) {
        let transit = (arrival as u32).wrapping_sub(timestamp);
        if let Some(last) = self.transit {
            let difference = i64::from(timestamp_distance(last, transit)).abs();
            self.sixteenths += difference - ((self.sixteenths + 8) >> 4);
        }
        self.transit = Some(transit);
    }

    /// Forgets the last packet but not the estimate: for a new source.
    pub fn restart(&mut self) {
        self.transit = None;
    }

    /// The estimate in samples, as reports have it.
    #[must_use]
    pub fn samples(self) -> u32 {
        (self.sixteenths.max(0) as u64 >> 4) as u32
    }

    /// The estimate in microseconds.
    #[must_use]
    pub fn microseconds(self) -> u64 {
        (self.sixteenths.max(0) as u64 >> 4) * 125
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_round_trip() {
        let header = Header {
            marker: true,
            payload_type: 101,
            sequence: 65_535,
            timestamp: 7,
            ssrc: 9,
        };
        let mut packet = header.to_octets().to_vec();
        packet.extend([1, 2, 3]);
        assert_eq!(Header::parse(&packet), Some((header, &[1u8, 2, 3][..])));
    }

    #[test]
    fn padding_extension_and_sources_are_not_payload() {
        let mut packet = vec![0x80 | 0x20 | 0x10 | 1, 8, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend([0, 0, 0, 4]); // one contributing source
        packet.extend([0xBE, 0xDE, 0, 1, 9, 9, 9, 9]); // extension of one word
        packet.extend([0x55; 5]);
        packet.extend([0, 0, 3]); // three octets of padding
        let (_, payload) = Header::parse(&packet).unwrap();
        assert_eq!(payload, [0x55; 5]);
    }

    #[test]
    fn what_is_not_rtp_is_refused() {
        assert_eq!(Header::parse(&[]), None);
        assert_eq!(Header::parse(&[0x80; 11]), None);
        assert_eq!(Header::parse(&[0; 12]), None); // version 0
    }

    #[test]
    fn distances_wrap() {
        assert_eq!(sequence_distance(65_535, 1), 2);
        assert_eq!(sequence_distance(1, 65_535), -2);
        assert_eq!(timestamp_distance(u32::MAX, 159), 160);
    }

    /// A packet every 20 ms, every second one 5 ms late: |D| is 5 ms throughout, so J tends
    /// to 5 ms; and an offset or wrap of the timestamps changes nothing.
    #[test]
    fn jitter_tends_to_the_mean_difference() {
        let mut jitter = InterarrivalJitter::default();
        for n in 0..400u32 {
            let arrival = u64::from(n) * 160 + u64::from(n % 2) * 40;
            jitter.update(arrival, (n * 160).wrapping_sub(10_000));
        }
        assert!(
            (4_500..=5_500).contains(&jitter.microseconds()),
            "{}",
            jitter.microseconds()
        );
    }
}
