//! docs/rfc.md and docs/signalling.md say no more than their tests: each that they name exists.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The RFCs that have to have a row.
const NAMED: [&str; 44] = [
    "2198", "3204", "3261", "3262", "3263", "3264", "3311", "3323", "3325", "3326", "3372", "3389",
    "3398", "3420", "3515", "3550", "3551", "3578", "3605", "3611", "3666", "3891", "3966", "4028",
    "4040", "4475", "4568", "4694", "4733", "4734", "4961", "5009", "5118", "5761", "5806", "6086",
    "6432", "7044", "7433", "7544", "7616", "8606", "8760", "8866",
];

/// The names of all functions in the Rust sources under a folder.
fn functions(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                functions(&path, found);
            }
        } else if name.ends_with(".rs") {
            for line in fs::read_to_string(&path).unwrap().lines() {
                let rest = line.split_once("fn ").map(|(_, rest)| rest);
                if let Some((name, _)) = rest.and_then(|rest| rest.split_once('(')) {
                    found.insert(name.to_owned());
                }
                // Tests that a macro makes of a list: `name: this => that;`.
                if let Some((name, _)) = line.trim().split_once(": \"") {
                    found.insert(name.to_owned());
                }
            }
        }
    }
}

/// The rows of the tables: RFC or clause, what, state, tests.
fn rows() -> Vec<[String; 4]> {
    let starts = ["| RFC ", "| Q.", "| T1."];
    [
        include_str!("../docs/rfc.md"),
        include_str!("../docs/signalling.md"),
    ]
    .into_iter()
    .flat_map(str::lines)
    .filter(|line| starts.iter().any(|start| line.starts_with(start)))
    .filter(|line| !line.starts_with("| RFC |"))
    .map(|line| {
        let cells: Vec<String> = line
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned())
            .collect();
        <[String; 4]>::try_from(cells).unwrap_or_else(|_| panic!("four cells: {line}"))
    })
    .collect()
}

#[test]
fn every_test_that_a_row_names_exists() {
    let mut found = BTreeSet::new();
    functions(Path::new(env!("CARGO_MANIFEST_DIR")), &mut found);
    for [rfc, _, state, tests] in rows() {
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        for test in &named {
            assert!(found.contains(*test), "{rfc}: there is no test {test}");
        }
        match state.split([':', ' ']).next().unwrap() {
            "done" => assert!(state == "done" && !named.is_empty(), "{rfc}: {state}"),
            "partly" => assert!(
                state.len() > "partly: ".len() && !named.is_empty(),
                "{rfc}: what is missing, and the test of the rest"
            ),
            "not" => assert!(named.is_empty(), "{rfc}: a test of nothing"),
            other => panic!("{rfc}: {other} is not done, partly or not"),
        }
    }
}

#[test]
fn every_rfc_has_a_row() {
    let rows = rows();
    for number in NAMED {
        let named = |rfc: &str| {
            rfc.split([' ', ','])
                .any(|word| word.trim_matches(',') == number)
        };
        assert!(
            rows.iter().any(|[rfc, ..]| named(rfc)),
            "RFC {number} has no row"
        );
    }
}
