//! Everything that fuzzing found worth keeping, and seeded changes of it, through the targets of
//! `tests/fuzz`: no tool but cargo is needed.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test"
)]

#[path = "fuzz/targets/mod.rs"]
#[expect(unreachable_pub, reason = "the same file is a library of tests/fuzz")]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use targets::{TARGETS, Target};

/// splitmix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        word ^ (word >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// A seed with a few things changed: octets, bits, cuts, repetitions, a piece of another seed.
fn mutate(chance: &mut Chance, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut octets = seeds[chance.below(seeds.len())].clone();
    for _ in 0..=chance.below(4) {
        let at = chance.below(octets.len());
        let length = chance.below(16).min(octets.len() - at);
        match chance.below(7) {
            0 => octets.truncate(at),
            1 if !octets.is_empty() => octets[at] = chance.next() as u8,
            2 if !octets.is_empty() => octets[at] ^= 1 << chance.below(8),
            3 => drop(octets.drain(at..at + length)),
            4 => {
                let again = octets[at..at + length].to_vec();
                octets.splice(at..at, again);
            }
            5 => {
                let other = &seeds[chance.below(seeds.len())];
                let from = chance.below(other.len());
                let end = (from + chance.below(64)).min(other.len());
                octets.splice(at..at, other[from..end].iter().copied());
            }
            _ => octets.insert(at, [0, 0x7F, 0x80, 0xFF, b'\n', b'-'][chance.below(6)]),
        }
    }
    octets
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).unwrap()))
        .collect()
}

/// Runs the target; octets that break it are kept for the next run.
fn hold(name: &str, target: Target, what: &str, octets: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| target(octets))).is_err() {
        let kept = std::env::temp_dir().join(format!("isthmus-{name}.bin"));
        std::fs::write(&kept, octets).unwrap();
        panic!("{name}: {what} breaks it; kept as {}", kept.display());
    }
}

/// How often each target is tried; `MUTATIONS=1000000` for a long run.
fn mutations(name: &str) -> usize {
    let asked = std::env::var("MUTATIONS")
        .ok()
        .and_then(|value| value.parse().ok());
    asked.unwrap_or(match name {
        // Each runs a whole gateway or aligns a link.
        "replay" => 60,
        "config" | "mtp" | "media" => 300,
        "sip" => 1000,
        _ => 4000,
    })
}

fn try_all(names: &[&str]) {
    for (name, target) in TARGETS.iter().filter(|(name, _)| names.contains(name)) {
        let corpus = corpus(name);
        assert!(!corpus.is_empty(), "{name} has no corpus");
        for (path, octets) in &corpus {
            hold(name, *target, &path.display().to_string(), octets);
        }
        let seeds: Vec<_> = corpus.into_iter().map(|(_, octets)| octets).collect();
        let mut chance = Chance(1);
        for count in 0..mutations(name) {
            let octets = mutate(&mut chance, &seeds);
            hold(name, *target, &format!("mutation {count}"), &octets);
        }
    }
}

#[test]
fn octets_of_the_line_and_of_isup_break_nothing() {
    try_all(&["isup", "circuit", "mtp", "hdlc"]);
}

#[test]
fn datagrams_break_nothing() {
    try_all(&["sip", "body", "sdp", "media"]);
}

#[test]
fn files_break_nothing() {
    try_all(&["replay", "config", "capture"]);
}

#[test]
fn a_target_by_name_is_one_of_the_table() {
    let sorted = |folder: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fuzz")
            .join(folder);
        let mut names: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                entry
                    .unwrap()
                    .path()
                    .file_stem()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
            })
            .collect();
        names.sort();
        names
    };
    let mut names: Vec<_> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    assert_eq!(names, sorted("fuzz_targets"));
    assert_eq!(names, sorted("corpus"));
    targets::run("hdlc", &[0x7E]);
}
