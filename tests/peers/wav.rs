//! Reads recordings: RIFF WAVE with 16-bit linear samples.

use std::path::Path;

/// A recording of one channel.
#[derive(Debug)]
pub(crate) struct Wav {
    /// Samples a second.
    pub(crate) rate: u32,
    pub(crate) samples: Vec<i16>,
}

/// Reads a file. A length that was never filled in, as of a recorder that was killed, means the
/// rest of the file.
pub(crate) fn read(path: &Path) -> Wav {
    let octets = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&octets).unwrap_or_else(|| panic!("{}: no 16-bit mono WAVE", path.display()))
}

fn parse(octets: &[u8]) -> Option<Wav> {
    const LINEAR: u16 = 1;
    let (riff, mut rest) = octets.split_at_checked(12)?;
    if !riff.starts_with(b"RIFF") || !riff.ends_with(b"WAVE") {
        return None;
    }
    let mut rate = None;
    while let Some((header, body)) = rest.split_at_checked(8) {
        let (name, length) = header.split_at(4);
        let length = u32::from_le_bytes(length.try_into().ok()?);
        let whole = usize::try_from(length).ok()?;
        let chunk = &body[..whole.min(body.len())];
        match name {
            b"fmt " => {
                let word =
                    |at: usize| Some(u16::from_le_bytes([*chunk.get(at)?, *chunk.get(at + 1)?]));
                if (word(0)?, word(2)?, word(14)?) != (LINEAR, 1, 16) {
                    return None;
                }
                rate = Some(u32::from(word(4)?) | u32::from(word(6)?) << 16);
            }
            b"data" => {
                let chunk = if matches!(length, 0 | u32::MAX) {
                    body
                } else {
                    chunk
                };
                let samples = chunk.chunks_exact(2);
                return Some(Wav {
                    rate: rate?,
                    samples: samples.map(|s| i16::from_le_bytes([s[0], s[1]])).collect(),
                });
            }
            _ => {}
        }
        // Chunks begin at even places.
        rest = body
            .get(whole.checked_next_multiple_of(2)?..)
            .unwrap_or_default();
    }
    None
}

#[test]
fn chunks_in_any_order_of_size_are_read() {
    let mut octets = b"RIFF\0\0\0\0WAVEodd \x01\0\0\0x\0fmt \x10\0\0\0".to_vec();
    octets.extend([1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0]);
    octets.extend(b"data\x04\0\0\0\x01\0\xff\xff");
    let wav = parse(&octets).expect("a recording");
    assert_eq!((wav.rate, wav.samples), (8000, vec![1, -1]));
    assert!(parse(&octets[..30]).is_none());
}
