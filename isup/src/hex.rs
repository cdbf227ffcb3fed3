//! Octets as hexadecimal text, for people and for JSON.

use core::fmt::Write as _;

/// Why text is not a row of octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    /// A character that is no hexadecimal figure, no white space and none of `:`, `-`, `,`.
    #[error("character {character:?} at place {place}, expected hexadecimal figures")]
    Character {
        /// The character.
        character: char,
        /// Its place in the text, in characters from 0.
        place: usize,
    },
    /// An odd count of figures.
    #[error("{figures} hexadecimal figures: the last octet has only one")]
    HalfOctet {
        /// Figures there are.
        figures: usize,
    },
}

/// The octets of hexadecimal text in either case; white space, `:`, `-` and `,` may separate them.
///
/// # Errors
/// When another character stands in it, or a figure is missing.
pub fn read(text: &str) -> Result<Vec<u8>, HexError> {
    let mut octets = Vec::with_capacity(text.len() / 2);
    let mut half = None;
    for (place, character) in text.chars().enumerate() {
        if character.is_whitespace() || matches!(character, ':' | '-' | ',') {
            continue;
        }
        let figure = character
            .to_digit(16)
            .ok_or(HexError::Character { character, place })? as u8;
        match half.take() {
            None => half = Some(figure),
            Some(high) => octets.push(high << 4 | figure),
        }
    }
    match half {
        None => Ok(octets),
        Some(_) => Err(HexError::HalfOctet {
            figures: octets.len() * 2 + 1,
        }),
    }
}

/// The octets as lower case figures without separators.
#[must_use]
pub fn write(octets: &[u8]) -> String {
    octets.iter().fold(
        String::with_capacity(octets.len() * 2),
        |mut text, octet| {
            let _ = write!(text, "{octet:02x}");
            text
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_with_separators_is_read_and_written_back_plain() {
        assert_eq!(
            read("0C 02:00-02,84 90\n").unwrap(),
            [0x0C, 2, 0, 2, 0x84, 0x90]
        );
        assert_eq!(write(&[0x0C, 2, 0, 2, 0x84, 0x90]), "0c0200028490");
    }

    #[test]
    fn what_is_no_octet_is_named() {
        assert_eq!(
            read("0c0x"),
            Err(HexError::Character {
                character: 'x',
                place: 3
            })
        );
        assert_eq!(read("0c 0"), Err(HexError::HalfOctet { figures: 3 }));
    }
}
