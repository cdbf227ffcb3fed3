//! Redundant RTP payloads (RFC 2198): a packet that carries, beside its own payload, those of
//! packets before it.
//!
//! Receiving: [`blocks`] takes a payload apart, oldest first; give each block to whoever the
//! payload type belongs to, as if it had come in a packet of its own with that timestamp and
//! without a sequence number ([`crate::jitter::Buffer::repair`] for audio; events know their
//! repetitions by the timestamp). Sending: [`Sender::packet`] adds what went before.

/// Largest timestamp offset of a redundant block: 14 bits.
pub const MAX_OFFSET: u32 = 0x3FFF;
/// Largest redundant block: 10 bits.
pub const MAX_BLOCK: usize = 0x3FF;
/// Most generations that we send beside the primary payload.
pub const MAX_GENERATIONS: usize = 2;
/// Longest payload that we keep for repetition: 60 ms of G.711.
const KEPT: usize = crate::rtp::MAX_PAYLOAD_SENT;
/// Octets of the longest redundant payload that we send.
pub const MAX_REDUNDANT: usize = (KEPT + 4) * MAX_GENERATIONS + 1 + KEPT;

/// One payload of a redundant packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its payload type.
    pub payload_type: u8,
    /// Its timestamp.
    pub timestamp: u32,
    /// The packet's own payload, not a repetition.
    pub primary: bool,
    /// Its octets.
    pub octets: &'a [u8],
}

/// Takes the payload of a redundant packet apart: the blocks as they lie in it, the oldest first
/// when the sender keeps to §3, the primary last. `None` when a header or block is cut short.
#[must_use]
pub fn blocks(timestamp: u32, payload: &[u8]) -> Option<impl Iterator<Item = Block<'_>>> {
    let mut headers = payload;
    let mut length = 0usize;
    let mut count = 0usize;
    while let Some((&[first, _, middle, low], rest)) = headers.split_first_chunk()
        && first & 0x80 != 0
    {
        length += usize::from(middle & 3) << 8 | usize::from(low);
        headers = rest;
        count += 1;
    }
    let (&last, data) = headers.split_first()?;
    if last & 0x80 != 0 || data.len() < length {
        return None;
    }
    let (mut redundant, primary) = data.split_at_checked(length)?;
    let headers = payload.as_chunks::<4>().0.iter().take(count);
    let older = headers.map(move |&[first, high, middle, low]| {
        let offset = u32::from(high) << 6 | u32::from(middle) >> 2;
        let length = usize::from(middle & 3) << 8 | usize::from(low);
        let (octets, rest) = redundant.split_at_checked(length).unwrap_or_default();
        redundant = rest;
        Block {
            payload_type: first & 0x7F,
            timestamp: timestamp.wrapping_sub(offset),
            primary: false,
            octets,
        }
    });
    let primary = Block {
        payload_type: last,
        timestamp,
        primary: true,
        octets: primary,
    };
    Some(older.chain(std::iter::once(primary)))
}

#[derive(Debug, Clone, Copy)]
struct Kept {
    payload_type: u8,
    timestamp: u32,
    length: usize,
    octets: [u8; KEPT],
}

/// Remembers what was sent, to send it again.
#[derive(Debug, Clone)]
pub struct Sender {
    generations: usize,
    /// The newest first.
    kept: [Option<Kept>; MAX_GENERATIONS],
}

impl Sender {
    /// Repeats each payload in the next `generations` packets, 1 or 2.
    #[must_use]
    pub fn new(generations: usize) -> Self {
        Self {
            generations: generations.clamp(1, MAX_GENERATIONS),
            kept: [None; MAX_GENERATIONS],
        }
    }

    /// Writes the redundant payload of a packet whose own payload is `payload` into `out`;
    /// returns its length. What is too old to be told (2 s) or longer than 60 ms of G.711 is not
    /// repeated. `None`, and nothing written, when `payload` does not fit.
    pub fn packet(
        &mut self,
        payload_type: u8,
        timestamp: u32,
        payload: &[u8],
        out: &mut [u8; MAX_REDUNDANT],
    ) -> Option<usize> {
        if payload.len() > KEPT {
            return None;
        }
        let mut at = 0;
        let mut put = |octets: &[u8]| {
            if let Some(place) = out.get_mut(at..at + octets.len()) {
                place.copy_from_slice(octets);
                at += octets.len();
            }
        };
        let told = |kept: &&Kept| timestamp.wrapping_sub(kept.timestamp) <= MAX_OFFSET;
        let older = || {
            let kept = self.kept.iter().take(self.generations).rev();
            kept.flatten().filter(told)
        };
        for kept in older() {
            let offset = timestamp.wrapping_sub(kept.timestamp);
            let length = kept.length as u32;
            let [_, high, middle, low] = (offset << 10 | length).to_be_bytes();
            put(&[0x80 | kept.payload_type, high, middle, low]);
        }
        put(&[payload_type & 0x7F]);
        for kept in older() {
            put(kept.octets.get(..kept.length).unwrap_or_default());
        }
        put(payload);
        let length = at;
        self.keep(payload_type, timestamp, payload);
        Some(length)
    }

    /// Forgets what was sent: a pause, or another source.
    pub fn restart(&mut self) {
        self.kept = [None; MAX_GENERATIONS];
    }

    fn keep(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) {
        self.kept.rotate_right(1);
        let mut octets = [0; KEPT];
        if let Some(place) = octets.get_mut(..payload.len()) {
            place.copy_from_slice(payload);
        }
        if let Some(newest) = self.kept.first_mut() {
            *newest = Some(Kept {
                payload_type: payload_type & 0x7F,
                timestamp,
                length: payload.len(),
                octets,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The packet of RFC 2198 §5: primary DVI4, one redundant LPC block 20 ms before.
    #[test]
    fn the_rfcs_example() {
        let mut payload = vec![
            0x87,
            (160u32 >> 6) as u8,
            ((160u32 & 0x3F) << 2) as u8,
            14,
            5,
        ];
        payload.extend([7; 14]);
        payload.extend([5; 84]);
        let blocks: Vec<_> = blocks(1_000, &payload).unwrap().collect();
        assert_eq!(blocks.len(), 2);
        assert_eq!((blocks[0].payload_type, blocks[0].timestamp), (7, 840));
        assert_eq!(blocks[0].octets, [7; 14]);
        assert_eq!((blocks[1].payload_type, blocks[1].timestamp), (5, 1_000));
        assert!(blocks[1].primary && blocks[1].octets == [5; 84]);
    }

    #[test]
    fn what_is_sent_is_taken_apart_again() {
        let mut sender = Sender::new(2);
        let mut out = [0; MAX_REDUNDANT];
        for n in 0..5u32 {
            let timestamp = (n * 160).wrapping_sub(320);
            let length = sender
                .packet(8, timestamp, &[n as u8; 160], &mut out)
                .unwrap();
            let blocks: Vec<_> = blocks(timestamp, &out[..length]).unwrap().collect();
            assert_eq!(blocks.len(), 3.min(n as usize + 1));
            for (back, block) in blocks.iter().rev().enumerate() {
                let sent = n - back as u32;
                assert_eq!(block.octets, [sent as u8; 160]);
                assert_eq!(block.timestamp, (sent * 160).wrapping_sub(320));
                assert_eq!((block.payload_type, block.primary), (8, back == 0));
            }
        }
        // After more than 2 s there is nothing to repeat.
        let length = sender.packet(8, 100_000, &[1], &mut out).unwrap();
        assert_eq!(out[..length], [8, 1]);
        assert_eq!(sender.packet(8, 0, &[0; 481], &mut out), None);
    }

    proptest! {
        #[test]
        fn any_octets_are_taken_apart_within_their_bounds(payload: Vec<u8>) {
            if let Some(blocks) = blocks(0, &payload) {
                let total: usize = blocks.map(|block| block.octets.len()).sum();
                prop_assert!(total < payload.len());
            }
        }
    }
}
