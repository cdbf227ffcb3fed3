//! Which of our crates may depend on which (ARCHITECTURE.md), and under which licences the rest is.

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

fn metadata(more: &[&str]) -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(more)
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
    let metadata = metadata(&["--no-deps", "--offline"]);
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

/// Whether one of `allowed` covers an SPDX expression, or one of the older form "A/B".
fn covered(expression: &str, allowed: &BTreeSet<&str>) -> bool {
    let expression = expression.trim();
    let outside = |word: &str| {
        let mut depth = 0_i32;
        let at = expression.char_indices().find(|(at, letter)| {
            depth += i32::from(*letter == '(') - i32::from(*letter == ')');
            depth == 0 && expression[*at..].starts_with(word)
        });
        at.map(|(at, _)| (&expression[..at], &expression[at + word.len()..]))
    };
    for or in [" OR ", "/"] {
        if let Some((one, other)) = outside(or) {
            return covered(one, allowed) || covered(other, allowed);
        }
    }
    if let Some((one, other)) = outside(" AND ") {
        return covered(one, allowed) && covered(other, allowed);
    }
    match expression
        .strip_prefix('(')
        .and_then(|e| e.strip_suffix(')'))
    {
        Some(inner) => covered(inner, allowed),
        None => allowed.contains(expression),
    }
}

#[test]
fn licences_are_those_of_deny_toml() {
    let rules = include_str!("../deny.toml");
    let rules: toml::Table = rules.parse().expect("deny.toml");
    let texts = |value: &toml::Value| -> BTreeSet<String> {
        let texts = value.as_array().expect("a list").iter();
        texts
            .filter_map(|text| Some(text.as_str()?.to_owned()))
            .collect()
    };
    let allow = texts(&rules["licenses"]["allow"]);
    let metadata = metadata(&[
        "--all-features",
        "--filter-platform",
        "x86_64-unknown-linux-gnu",
    ]);
    let mut seen = 0;
    for package in list(&metadata, "packages").filter(|package| !package["source"].is_null()) {
        let name = name(package);
        let exceptions = rules["licenses"]["exceptions"].as_array().expect("a list");
        let own = exceptions
            .iter()
            .find(|own| own["crate"].as_str() == Some(&name));
        let own = own.map(|own| texts(&own["allow"])).unwrap_or_default();
        let allowed = allow.union(&own).map(String::as_str).collect();
        let licence = package["license"].as_str().unwrap_or("none");
        assert!(covered(licence, &allowed), "{name} is under {licence}");
        seen += 1;
    }
    assert!(seen > 100, "{seen} packages");
}

#[test]
fn expressions_of_licences() {
    let allowed = BTreeSet::from(["MIT", "ISC", "Apache-2.0 WITH LLVM-exception"]);
    for (expression, is) in [
        ("MIT", true),
        ("GPL-3.0-only", false),
        ("MIT OR GPL-3.0-only", true),
        ("GPL-3.0-only/MIT", true),
        ("MIT AND GPL-3.0-only", false),
        ("(MIT OR Apache-2.0) AND ISC", true),
        ("(Zlib OR Apache-2.0) AND ISC", false),
        ("Apache-2.0 WITH LLVM-exception AND MIT", true),
    ] {
        assert_eq!(covered(expression, &allowed), is, "{expression}");
    }
}
