//! `isthmus decode` explains every ISUP message that `tests/vectors` holds: hexadecimal lists,
//! captures of links, and bodies of SIP messages.
//!
//! What it says must account for every octet: there is none that could be another without the
//! explanation being another. And `isthmus encode` makes the same octets of it.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

use std::fs;
use std::path::{Path, PathBuf};

use isup::json::JsonMessage;
use isup::{Begins, Variant, hex};
use pcap_file::pcap::PcapReader;

/// Files of a folder and of those below it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// What the explanation says, without the octets that it repeats for `encode`.
fn said(mut message: JsonMessage) -> JsonMessage {
    message.octets = None;
    for parameter in &mut message.parameters {
        if !parameter.fields.is_empty() {
            parameter.content = String::new();
        }
    }
    message
}

/// The vectors that carry what nobody can explain: messages and parameters that no Recommendation
/// has, and examples with their optional parameters behind a pointer that says there are none.
fn is_odd(label: &str) -> bool {
    label.contains("unknown") || matches!(label, "brief_iam" | "rfc3204_iam")
}

/// What is wrong with the explanation of a message.
fn unexplained(label: &str, octets: &[u8], variant: Variant, begins: Begins) -> Vec<String> {
    let decode = |octets: &[u8]| JsonMessage::decode(octets, variant, begins);
    let message = match decode(octets) {
        Ok(message) => message,
        Err(error) => return vec![format!("{label}: {error}")],
    };
    let mut wrong = Vec::new();
    let written = serde_json::to_string(&message).unwrap();
    let read: JsonMessage = serde_json::from_str(&written).unwrap();
    let encoded = read.encode();
    if encoded.as_deref() != Ok(octets) {
        wrong.push(format!("{label}: comes back as {encoded:?}"));
    }
    for parameter in &message.parameters {
        if let Some(reason) = &parameter.wrong {
            wrong.push(format!("{label}: {}: {reason}", parameter.name));
        }
    }
    if is_odd(label) {
        return wrong;
    }
    if !message.trailing.is_empty() {
        wrong.push(format!("{label}: {} after the end", message.trailing));
    }
    let said_of_it = said(message);
    for place in 0..octets.len() {
        let matters = (0..8).any(|bit| {
            let mut other = octets.to_vec();
            other[place] ^= 1 << bit;
            decode(&other).map_or(true, |other| said(other) != said_of_it)
        });
        if !matters {
            let octets = hex::write(octets);
            wrong.push(format!(
                "{label}: octet {place} of {octets} does not matter"
            ));
        }
    }
    for parameter in said_of_it.parameters {
        if parameter.fields.is_empty() && !parameter.content.is_empty() {
            let (name, content) = (parameter.name, parameter.content);
            wrong.push(format!("{label}: {name}: nothing is said of {content}"));
        }
    }
    wrong
}

/// Label, variant, octets, and the line that the message is.
fn list(path: &Path, wrong: &mut Vec<String>) -> usize {
    let text = fs::read_to_string(path).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let each = lines.map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let octets = hex::read(columns[2]).unwrap();
        let variant = columns[1].parse().unwrap();
        wrong.extend(unexplained(
            columns[0],
            &octets,
            variant,
            Begins::MessageType,
        ));
    });
    each.count()
}

/// The frames of a capture and their messages, as `isthmus decode --json --pcap` tells them.
fn capture(path: &Path, wrong: &mut Vec<String>) -> usize {
    let name = path.file_stem().unwrap().to_str().unwrap();
    let variant = match name.ends_with("_ansi") {
        true => Variant::Ansi,
        false => Variant::Itu,
    };
    let octets = fs::read(path).unwrap();
    let mut lines = Vec::new();
    isthmus::cli::print_capture(&octets[..], variant, true, &mut lines)
        .unwrap_or_else(|error| panic!("{name}: {error:#}"));
    let mut frames = Vec::new();
    let mut reader = PcapReader::new(&octets[..]).unwrap();
    while let Some(packet) = reader.next_packet() {
        frames.push(packet.unwrap().data.into_owned());
    }
    let mut messages = 0;
    for line in String::from_utf8(lines).unwrap().lines() {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let number = line["frame"].as_u64().unwrap() as usize;
        let label = format!("{name} frame {number}");
        if line["message"].is_null() {
            assert_ne!(line["what"].as_str().unwrap_or_default(), "", "{label}");
            continue;
        }
        messages += 1;
        let message: JsonMessage = serde_json::from_value(line["message"].take()).unwrap();
        let octets = message.encode().unwrap();
        let frame = &frames[number - 1];
        let there = frame.windows(octets.len()).any(|part| part == octets);
        assert!(there, "{label}: {} is not in it", hex::write(&octets));
        let begins = match message.cic {
            Some(_) => Begins::Cic,
            None => Begins::MessageType,
        };
        wrong.extend(unexplained(&label, &octets, message.variant, begins));
    }
    messages
}

#[test]
fn every_message_of_the_vectors_is_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut messages = 0;
    let mut wrong = Vec::new();
    for path in files(&folder) {
        let found = match path.extension().and_then(|extension| extension.to_str()) {
            Some("tsv") => list(&path, &mut wrong),
            Some("pcap") => capture(&path, &mut wrong),
            // Messages of SIP, none of which has a body of ISUP: those are in captures.
            Some("dat") => {
                let text = fs::read(&path).unwrap().to_ascii_lowercase();
                let isup = text.windows(16).any(|part| part == b"application/isup");
                assert!(!isup, "{}: decode it here", path.display());
                continue;
            }
            Some("md" | "txt") => continue,
            _ => panic!("{}: decode it here", path.display()),
        };
        assert!(found > 0, "{} has no message", path.display());
        messages += found;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(messages > 90, "{messages} messages");
}
