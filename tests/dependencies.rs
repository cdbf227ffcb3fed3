//! Which of our crates may depend on which (ARCHITECTURE.md).

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// Every crate of the workspace, and all of ours that it may name. The lab is the far end: it
/// must not share the gateway's mistakes, and never depends on `isthmus`.
const MAY_DEPEND: &[(&str, &[&str])] = &[
    (
        "isthmus",
        &[
            "isup",
            "mtp",
            "tdm",
            "media-bridge",
            "emulator",
            "dahdi",
            "lab",
        ],
    ),
    (
        "lab",
        &[
            "isup",
            "mtp",
            "tdm",
            "media-bridge",
            "emulator",
            "serial",
            "spandsp",
            "dahdi",
        ],
    ),
    ("isup", &["mtp"]),
    ("media-bridge", &["tdm"]),
    ("emulator", &["tdm"]),
    ("serial", &["tdm"]),
    ("spandsp", &[]),
    ("dahdi", &["tdm", "dahdi-sys"]),
    ("dahdi-sys", &[]),
    ("mtp", &[]),
    ("tdm", &[]),
];

/// Crates that the pure ones must not name, because they see a clock, a socket or a thread.
const ONLY_THE_SHELL: &[&str] = &["tokio", "socket2", "rustix"];
const PURE: &[&str] = &["isup", "mtp"];

fn metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
            "--locked",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

/// Names of the crates that each crate of the workspace names, those for its tests included.
fn named() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    list(&metadata, "packages")
        .map(|package| {
            (
                name(package),
                list(package, "dependencies").map(name).collect(),
            )
        })
        .collect()
}

fn name(value: &Value) -> String {
    value
        .get("name")
        .and_then(Value::as_str)
        .expect("it has a name")
        .to_owned()
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value
        .get(key)
        .and_then(Value::as_array)
        .expect("it is a list")
        .iter()
}

#[test]
fn ours_depend_on_each_other_only_downwards() {
    let named = named();
    let ours: BTreeSet<&str> = named.keys().map(String::as_str).collect();
    let ruled: BTreeSet<&str> = MAY_DEPEND.iter().map(|(name, _)| *name).collect();
    assert_eq!(ours, ruled, "a new crate needs a row in MAY_DEPEND");
    for (name, may) in MAY_DEPEND {
        let forbidden: Vec<&String> = named[*name]
            .iter()
            .filter(|dependency| ours.contains(dependency.as_str()))
            .filter(|dependency| !may.contains(&dependency.as_str()))
            .collect();
        assert!(
            forbidden.is_empty(),
            "{name} must not depend on {forbidden:?}"
        );
    }
}

#[test]
fn the_pure_crates_name_nothing_that_waits() {
    let named = named();
    for name in PURE {
        for waiting in ONLY_THE_SHELL {
            assert!(
                !named[*name].contains(*waiting),
                "{name} must not depend on {waiting}"
            );
        }
    }
}
