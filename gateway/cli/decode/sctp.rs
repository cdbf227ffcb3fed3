//! SCTP packets (RFC 9260): the user messages in their DATA chunks, put together where they came
//! in fragments.

use std::collections::{BTreeMap, VecDeque};

use super::frame::{FrameError, short};
use super::packets::Place;

/// A message of the user of an association.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UserMessage {
    /// Payload protocol identifier: 3 for M3UA.
    pub(super) protocol: u32,
    pub(super) octets: Vec<u8>,
}

/// One direction of an association. Its verification tag alone would do (section 8.5), and the
/// addresses of a multihomed end change; the ports keep captures apart that were made by hand.
type Direction = (u16, u16, u32);
type Key = (Direction, u32);

/// A fragment of a user message: flags B and E (section 3.3.1) say where it belongs.
#[derive(Debug)]
struct Fragment {
    place: Place,
    stream: u16,
    begins: bool,
    ends: bool,
    protocol: u32,
    octets: Vec<u8>,
    /// Its message is complete. It is kept to know a retransmission by.
    done: bool,
}

/// Fragments kept, of all associations: those of a message are sent one after the other, and an
/// ISUP message has one.
const FRAGMENTS: usize = 1024;

/// Fragments that wait for the rest of their message.
#[derive(Debug, Default)]
pub(super) struct Fragments {
    kept: BTreeMap<Key, Fragment>,
    /// In the order in which they came.
    order: VecDeque<Key>,
}

/// A fragment of a message that never became complete.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Left {
    /// Where it came.
    pub(super) place: Place,
    /// Transmission sequence number.
    pub(super) tsn: u32,
}

/// DATA chunk.
const DATA: u8 = 0;
/// I-DATA chunk (RFC 8260).
const I_DATA: u8 = 64;

impl Fragments {
    /// The user messages that are complete with this packet.
    pub(super) fn packet(
        &mut self,
        place: Place,
        packet: &[u8],
    ) -> Vec<Result<UserMessage, FrameError>> {
        let Some((&[s, t, d, e, v, w, x, y, ..], mut rest)) = packet.split_first_chunk::<12>()
        else {
            return vec![Err(short("common header of SCTP", packet, 12))];
        };
        let tag = u32::from_be_bytes([v, w, x, y]);
        let direction = (u16::from_be_bytes([s, t]), u16::from_be_bytes([d, e]), tag);
        let mut messages = Vec::new();
        while !rest.is_empty() {
            let offset = packet.len() - rest.len();
            let Some((&[kind, flags, high, low], after)) = rest.split_first_chunk() else {
                messages.push(Err(FrameError::Ends {
                    what: "header of an SCTP chunk",
                    offset,
                    found: rest.len(),
                    expected: 4,
                }));
                break;
            };
            let length = u16::from_be_bytes([high, low]);
            let value = usize::from(length)
                .checked_sub(4)
                .and_then(|value| after.get(..value));
            let Some(value) = value else {
                messages.push(Err(FrameError::Length {
                    what: "SCTP chunk",
                    offset,
                    length: length.into(),
                    least: 4,
                    most: rest.len(),
                }));
                break;
            };
            match kind {
                DATA => {
                    let data = self.data(place, direction, flags, value, offset);
                    messages.extend(data.transpose());
                }
                I_DATA => messages.push(Err(FrameError::Interleaved { offset })),
                _ => {}
            }
            // Chunks are padded to four octets; the padding of the last may be cut off.
            let padded = usize::from(length).next_multiple_of(4);
            rest = rest.get(padded..).unwrap_or_default();
        }
        messages
    }

    fn data(
        &mut self,
        place: Place,
        direction: Direction,
        flags: u8,
        value: &[u8],
        offset: usize,
    ) -> Result<Option<UserMessage>, FrameError> {
        let Some((&[a, b, c, d, s, t, _, _, w, x, y, z], octets)) = value.split_first_chunk()
        else {
            return Err(FrameError::Length {
                what: "SCTP DATA chunk",
                offset,
                length: value.len() + 4,
                least: 16,
                most: usize::from(u16::MAX),
            });
        };
        let tsn = u32::from_be_bytes([a, b, c, d]);
        let protocol = u32::from_be_bytes([w, x, y, z]);
        let (begins, ends) = (flags & 2 != 0, flags & 1 != 0);
        if begins && ends {
            let octets = octets.to_vec();
            return Ok(Some(UserMessage { protocol, octets }));
        }
        let key = (direction, tsn);
        if self.kept.contains_key(&key) {
            return Ok(None);
        }
        let fragment = Fragment {
            place,
            stream: u16::from_be_bytes([s, t]),
            begins,
            ends,
            protocol,
            octets: octets.to_vec(),
            done: false,
        };
        self.kept.insert(key, fragment);
        self.order.push_back(key);
        if let Some(message) = self.complete(key) {
            return Ok(Some(message));
        }
        if self.order.len() > FRAGMENTS
            && let Some(oldest) = self.order.pop_front()
            && let Some(left) = self.kept.remove(&oldest)
            && !left.done
        {
            return Err(FrameError::Fragment {
                frame: left.place.number,
                tsn: oldest.1,
            });
        }
        Ok(None)
    }

    /// The message that the fragment is part of, when all of it is there: fragments of a message
    /// have consecutive sequence numbers, on one stream (section 6.9).
    fn complete(&mut self, (direction, tsn): Key) -> Option<UserMessage> {
        let stream = self.kept.get(&(direction, tsn))?.stream;
        let place = |tsn: u32| (direction, tsn);
        let mut first = tsn;
        let mut steps = 0;
        loop {
            let fragment = self.kept.get(&place(first))?;
            if fragment.stream != stream || fragment.done || steps > FRAGMENTS {
                return None;
            }
            if fragment.begins {
                break;
            }
            first = first.wrapping_sub(1);
            steps += 1;
        }
        let mut octets = Vec::new();
        let mut protocol = 0;
        let mut last = first;
        loop {
            let fragment = self.kept.get(&place(last))?;
            // A second beginning: the end of the first message is missing.
            if fragment.stream != stream || (fragment.begins && last != first) {
                return None;
            }
            if fragment.begins {
                protocol = fragment.protocol;
            }
            octets.extend_from_slice(&fragment.octets);
            if fragment.ends {
                break;
            }
            last = last.wrapping_add(1);
        }
        let mut next = first;
        loop {
            if let Some(fragment) = self.kept.get_mut(&place(next)) {
                fragment.done = true;
                fragment.octets = Vec::new();
            }
            if next == last {
                return Some(UserMessage { protocol, octets });
            }
            next = next.wrapping_add(1);
        }
    }

    /// At the end of the capture: fragments whose message is not complete, in the order in which
    /// they came.
    pub(super) fn left(self) -> impl Iterator<Item = Left> {
        let Self { mut kept, order } = self;
        order.into_iter().filter_map(move |key| {
            let fragment = kept.remove(&key).filter(|fragment| !fragment.done)?;
            Some(Left {
                place: fragment.place,
                tsn: key.1,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: [u8; 12] = [0x0B, 0x59, 0x0B, 0x59, 0, 0, 0, 1, 0, 0, 0, 0];

    fn chunk(kind: u8, flags: u8, value: &[u8]) -> Vec<u8> {
        let length = (value.len() + 4) as u16;
        let mut octets = [&[kind, flags][..], &length.to_be_bytes(), value].concat();
        octets.resize(octets.len().next_multiple_of(4), 0);
        octets
    }

    fn data(tsn: u32, flags: u8, octets: &[u8]) -> Vec<u8> {
        let head = [&tsn.to_be_bytes()[..], &[0, 1, 0, 0, 0, 0, 0, 3]].concat();
        chunk(DATA, flags, &[&head[..], octets].concat())
    }

    fn packet(chunks: &[Vec<u8>]) -> Vec<u8> {
        [&HEADER[..], &chunks.concat()].concat()
    }

    fn message(octets: &[u8]) -> Result<UserMessage, String> {
        Ok(UserMessage {
            protocol: 3,
            octets: octets.to_vec(),
        })
    }

    fn place(number: u64) -> Place {
        let at = std::time::Duration::from_secs(number);
        Place { number, at }
    }

    fn read(
        fragments: &mut Fragments,
        frame: u64,
        packet: &[u8],
    ) -> Vec<Result<UserMessage, String>> {
        let messages = fragments.packet(place(frame), packet).into_iter();
        messages
            .map(|message| message.map_err(|error| error.to_string()))
            .collect()
    }

    #[test]
    fn every_data_chunk_of_a_packet() {
        let sack = chunk(3, 0, &[0; 12]);
        let octets = packet(&[sack, data(1, 3, b"first"), data(2, 3, b"second")]);
        let found = read(&mut Fragments::default(), 1, &octets);
        assert_eq!(found, [message(b"first"), message(b"second")]);
    }

    #[test]
    fn fragments_in_any_order_and_repeated() {
        let mut fragments = Fragments::default();
        // The sequence numbers run over.
        let parts = [data(u32::MAX, 2, b"a"), data(0, 0, b"b"), data(1, 1, b"c")];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let mut fragments = Fragments::default();
            let found: Vec<_> = order
                .iter()
                .flat_map(|&part| read(&mut fragments, 1, &packet(&[parts[part].clone()])))
                .collect();
            assert_eq!(found, [message(b"abc")]);
            assert_eq!(fragments.left().count(), 0);
        }
        let found = read(&mut fragments, 1, &packet(&parts));
        assert_eq!(found, [message(b"abc")]);
        assert_eq!(read(&mut fragments, 2, &packet(&parts)), []);
        assert_eq!(fragments.left().count(), 0);
    }

    #[test]
    fn fragments_without_the_rest_are_told() {
        let mut fragments = Fragments::default();
        // A message that breaks off, and another that begins: they are not mixed.
        read(&mut fragments, 4, &packet(&[data(7, 2, b"a")]));
        let found = read(
            &mut fragments,
            5,
            &packet(&[data(8, 2, b"b"), data(9, 1, b"c")]),
        );
        assert_eq!(found, [message(b"bc")]);
        let left: Vec<_> = fragments.left().collect();
        assert_eq!(
            left,
            [Left {
                place: place(4),
                tsn: 7
            }]
        );
    }

    #[test]
    fn no_more_fragments_are_kept_than_the_limit() {
        let mut fragments = Fragments::default();
        for count in 0..FRAGMENTS as u32 {
            assert_eq!(
                read(&mut fragments, 1, &packet(&[data(2 * count, 2, b"a")])),
                []
            );
        }
        let found = read(&mut fragments, 2, &packet(&[data(1, 0, b"a")]));
        let [Err(error)] = &found[..] else {
            panic!("{found:?}")
        };
        assert!(error.contains("TSN 0, in frame 1"), "{error}");
        assert_eq!(fragments.kept.len(), FRAGMENTS);
    }

    #[test]
    fn lengths_that_do_not_fit_are_told_with_their_offset() {
        let told = |octets: &[u8]| {
            let found = read(&mut Fragments::default(), 1, octets);
            found.into_iter().find_map(Result::err).unwrap()
        };
        assert_eq!(
            told(&HEADER[..11]),
            "11 octets, expected the 12 of the common header of SCTP at least"
        );
        let good = data(1, 3, b"first");
        let mut octets = packet(&[good.clone(), good.clone()]);
        octets[12 + good.len() + 3] = 0xFF;
        assert_eq!(
            told(&octets),
            "SCTP chunk at offset 36 has length 255, expected 4 to 24"
        );
        octets[12 + good.len() + 3] = 3;
        assert!(told(&octets).contains("has length 3, expected 4 to 24"));
        octets[12 + good.len() + 3] = 12;
        assert!(told(&octets).contains("DATA chunk at offset 36 has length 12, expected 16 to"));
        octets.truncate(12 + good.len() + 2);
        assert_eq!(
            told(&octets),
            "2 octets at offset 36, expected the 4 of the header of an SCTP chunk"
        );
        assert!(told(&packet(&[chunk(I_DATA, 3, &[0; 20])])).contains("RFC 8260"));
    }
}
