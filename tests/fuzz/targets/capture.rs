//! Captures: what `isthmus decode --pcap` reads.

use std::io;

/// A capture that somebody sent, as text of the one variant and as JSON of the other.
pub(super) fn capture(octets: &[u8]) {
    let mut text = Vec::new();
    let as_text = isthmus::cli::print_capture(octets, isup::Variant::Itu, false, &mut text);
    let _ = isthmus::cli::print_capture(octets, isup::Variant::Ansi, true, &mut io::sink());
    // What cannot be read is told in its place, and then counted.
    if as_text.is_ok() {
        let text = String::from_utf8(text).expect("text");
        assert!(!text.contains("WRONG"), "{text}");
    }
}
