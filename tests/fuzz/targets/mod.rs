//! What is fuzzed, and what must hold: each target takes any octets and panics when it does not.
//!
//! `cargo fuzz` runs them (see README.md), and so does the ordinary test `tests/corpus.rs`.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what a target has made itself is in its bounds, and a panic is a finding"
)]

mod capture;
mod circuit;
mod hdlc;
mod media;
mod message;
mod mtp;
mod sip;
mod text;

use std::time::Instant;

/// A target: takes octets of anybody.
pub type Target = fn(&[u8]);

/// Every target with the name of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("isup", message::isup),
    ("circuit", circuit::circuit),
    ("mtp", mtp::mtp),
    ("hdlc", hdlc::hdlc),
    ("sip", sip::sip),
    ("body", sip::body),
    ("sdp", sip::sdp),
    ("media", media::media),
    ("capture", capture::capture),
    ("replay", text::replay),
    ("config", text::config),
];

/// Runs the target of that name.
///
/// # Panics
/// When there is none, or when what must hold does not.
pub fn run(name: &str, octets: &[u8]) {
    match TARGETS.iter().find(|(known, _)| *known == name) {
        Some((_, target)) => target(octets),
        None => panic!("no target {name:?}"),
    }
}

/// The base of virtual time.
#[expect(clippy::disallowed_methods, reason = "the base of virtual time")]
fn base() -> Instant {
    Instant::now()
}

/// Octets cut into pieces: each begins with an operation and the length of what follows. What
/// is left over at the end makes a last, shorter piece.
fn pieces(octets: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let (head, tail) = rest.split_first_chunk::<2>()?;
        let [operation, length] = *head;
        let (piece, left) = tail.split_at(usize::from(length).min(tail.len()));
        rest = left;
        Some((operation, piece))
    })
}
