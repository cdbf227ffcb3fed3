//! Messages out of a stream (RFC 3261 §7.5, §18.3).
//!
//! On a stream, Content-Length says where a message ends; a message without it, or with one that
//! cannot be read, leaves no place where the next one could begin, so the connection has to be
//! closed. Empty lines between messages are ignored; two of them ask for one back
//! (RFC 5626 §3.5.1, §4.4.1).

use bytes::{Buf, Bytes, BytesMut};
use thiserror::Error;

/// The largest head of a message, start line and fields.
pub const LARGEST_HEAD: usize = 32 * 1024;
/// The largest message, head and body: what a datagram could hold.
pub const LARGEST_MESSAGE: usize = 64 * 1024;

/// A piece of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A whole message.
    Message(Bytes),
    /// The keep-alive of the peer, two empty lines: one is to be sent back.
    Ping,
}

/// The answer to [`Frame::Ping`].
pub const PONG: &[u8] = b"\r\n";

/// Why a stream cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FramingError {
    /// No end of the head within [`LARGEST_HEAD`].
    #[error("a head of more than {LARGEST_HEAD} octets")]
    Head,
    /// More than [`LARGEST_MESSAGE`].
    #[error("a message of more than {LARGEST_MESSAGE} octets")]
    Message,
    /// No Content-Length (RFC 3261 §18.3 demands it on a stream).
    #[error("a message without Content-Length")]
    NoLength,
    /// A Content-Length that is no number, or two that differ.
    #[error("a message with a Content-Length that cannot be read")]
    Length,
}

/// Finds messages in a stream. After an error it gives nothing more.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: BytesMut,
    /// How far the end of the head was looked for already.
    looked: usize,
    /// Head and body of the message that has begun.
    length: Option<usize>,
    failed: Option<FramingError>,
}

impl Framer {
    /// Takes octets of the stream.
    pub fn push(&mut self, octets: &[u8]) {
        if self.failed.is_none() {
            self.buffer.extend_from_slice(octets);
        }
    }

    /// Whether a message has begun and has not ended.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.failed.is_none() && !matches!(&self.buffer[..], b"" | b"\r" | b"\r\n")
    }

    /// The next piece; `None` when more octets are needed.
    ///
    /// # Errors
    /// [`FramingError`], now and ever after: the stream is to be closed.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FramingError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        self.read().inspect_err(|error| {
            self.failed = Some(*error);
            self.buffer.clear();
        })
    }

    fn read(&mut self) -> Result<Option<Frame>, FramingError> {
        let length = match self.length {
            Some(length) => length,
            None => {
                if self.buffer.starts_with(b"\r\n\r\n") {
                    self.buffer.advance(4);
                    return Ok(Some(Frame::Ping));
                }
                // One empty line may be half of a ping.
                while self.buffer.len() > 3 && self.buffer.starts_with(b"\r\n") {
                    self.buffer.advance(2);
                }
                let Some(head) = self.head()? else {
                    return Ok(None);
                };
                let length = head + content_length(self.buffer.get(..head).unwrap_or_default())?;
                if length > LARGEST_MESSAGE {
                    return Err(FramingError::Message);
                }
                self.length = Some(length);
                length
            }
        };
        if self.buffer.len() < length {
            return Ok(None);
        }
        self.length = None;
        Ok(Some(Frame::Message(self.buffer.split_to(length).freeze())))
    }

    /// The length of the head with the empty line that ends it.
    fn head(&mut self) -> Result<Option<usize>, FramingError> {
        let from = self.looked.saturating_sub(3);
        let rest = self.buffer.get(from..).unwrap_or_default();
        let end = rest.windows(4).position(|octets| octets == b"\r\n\r\n");
        match end.map(|end| from + end + 4) {
            Some(end) if end <= LARGEST_HEAD => {
                self.looked = 0;
                Ok(Some(end))
            }
            None if self.buffer.len() <= LARGEST_HEAD => {
                self.looked = self.buffer.len();
                Ok(None)
            }
            _ => Err(FramingError::Head),
        }
    }
}

/// The value of Content-Length, or of its compact form, in a head. Every one has to say the same.
fn content_length(head: &[u8]) -> Result<usize, FramingError> {
    let mut found = None;
    let mut lines = head.split(|octet| *octet == b'\n').skip(1).peekable();
    while let Some(line) = lines.next() {
        let Some(colon) = line.iter().position(|octet| *octet == b':') else {
            continue;
        };
        let (name, value) = line.split_at(colon);
        let name = name.trim_ascii_end();
        if !name.eq_ignore_ascii_case(b"Content-Length") && !name.eq_ignore_ascii_case(b"l") {
            continue;
        }
        let mut value = value.get(1..).unwrap_or_default().trim_ascii();
        // A folded value stands on the next line (RFC 3261 §7.3.1).
        while value.is_empty() {
            match lines.next_if(|next| next.starts_with(b" ") || next.starts_with(b"\t")) {
                Some(next) => value = next.trim_ascii(),
                None => break,
            }
        }
        let digits = std::str::from_utf8(value)
            .ok()
            .filter(|value| !value.is_empty() && value.bytes().all(|octet| octet.is_ascii_digit()));
        let length = digits.ok_or(FramingError::Length)?;
        // More digits than a number holds are more octets than a message may have.
        let length: usize = length.parse().map_err(|_| FramingError::Message)?;
        if found.is_some_and(|found| found != length) {
            return Err(FramingError::Length);
        }
        if length > LARGEST_MESSAGE {
            return Err(FramingError::Message);
        }
        found = Some(length);
    }
    found.ok_or(FramingError::NoLength)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(length: &str, body: &str) -> Vec<u8> {
        format!("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP b\r\n{length}\r\n\r\n{body}")
            .into_bytes()
    }

    fn frames(framer: &mut Framer) -> Vec<Frame> {
        std::iter::from_fn(|| framer.next_frame().unwrap()).collect()
    }

    fn error(octets: &[u8]) -> FramingError {
        let mut framer = Framer::default();
        framer.push(octets);
        let error = framer.next_frame().unwrap_err();
        // It stays.
        framer.push(&message("Content-Length: 0", ""));
        assert_eq!(framer.next_frame(), Err(error));
        error
    }

    #[test]
    fn every_way_to_write_the_length() {
        for length in [
            "Content-Length: 4",
            "content-length:4",
            "l: 4",
            "L :4",
            "Content-Length:\r\n 4",
            "Content-Length: 004",
            "l: 4\r\nContent-Length: 4",
        ] {
            let mut framer = Framer::default();
            let octets = message(length, "a\r\nb");
            framer.push(&octets);
            framer.push(b"O");
            assert_eq!(
                frames(&mut framer),
                [Frame::Message(octets.into())],
                "{length}"
            );
            assert!(framer.is_partial());
        }
    }

    #[test]
    fn a_message_without_an_end_closes_the_stream() {
        assert_eq!(error(&message("Subject: x", "")), FramingError::NoLength);
        for length in ["", "-1", "four", "4 4", "0x4", "4\r\nl: 5"] {
            let length = format!("Content-Length: {length}");
            assert_eq!(
                error(&message(&length, "")),
                FramingError::Length,
                "{length}"
            );
        }
        for length in ["65537", "18446744073709551616"] {
            let length = format!("Content-Length: {length}");
            assert_eq!(
                error(&message(&length, "")),
                FramingError::Message,
                "{length}"
            );
        }
        assert_eq!(error(&vec![b'a'; LARGEST_HEAD + 1]), FramingError::Head);
    }

    #[test]
    fn the_largest_message_is_read() {
        let head = message("Content-Length: 99999", "").len();
        let body = "x".repeat(LARGEST_MESSAGE - head);
        let mut framer = Framer::default();
        let octets = message(&format!("Content-Length: {}", body.len()), &body);
        assert_eq!(octets.len(), LARGEST_MESSAGE);
        framer.push(&octets);
        assert_eq!(frames(&mut framer), [Frame::Message(octets.into())]);
    }

    #[test]
    fn empty_lines_are_no_messages_and_two_are_a_ping() {
        let mut framer = Framer::default();
        framer.push(b"\r\n");
        assert_eq!(frames(&mut framer), []);
        assert!(!framer.is_partial());
        framer.push(b"\r\n");
        assert_eq!(frames(&mut framer), [Frame::Ping]);
        let octets = message("l: 0", "");
        framer.push(b"\r\n");
        framer.push(&octets);
        framer.push(b"\r\n\r\n");
        assert_eq!(
            frames(&mut framer),
            [Frame::Message(octets.into()), Frame::Ping]
        );
        assert!(!framer.is_partial());
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_messages(
            bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..6),
            cuts in prop::collection::vec(1usize..40, 1..200),
        ) {
            let mut stream = Vec::new();
            let mut expected = Vec::new();
            for body in &bodies {
                let mut octets = message(&format!("Content-Length: {}", body.len()), "");
                octets.extend_from_slice(body);
                stream.extend_from_slice(&octets);
                expected.push(Frame::Message(octets.into()));
            }
            let mut framer = Framer::default();
            let mut found = Vec::new();
            let mut rest = &stream[..];
            for cut in cuts.iter().cycle() {
                let (piece, after) = rest.split_at((*cut).min(rest.len()));
                framer.push(piece);
                found.extend(frames(&mut framer));
                rest = after;
                if rest.is_empty() { break; }
            }
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn no_octets_break_it(octets in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut framer = Framer::default();
            framer.push(&octets);
            while let Ok(Some(_)) = framer.next_frame() {}
        }
    }
}
