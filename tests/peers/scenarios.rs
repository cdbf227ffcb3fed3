//! tshark reads what crossed the wire in every scenario that has a reviewed ladder. The unit tests
//! that draw the ladders leave the captures in `target/tmp/captures`: they run first.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::peer;

/// Folders with the reviewed ladders of scenarios, and beginnings of names in them.
const LADDERS: [(&str, &str); 10] = [
    (
        "gateway/demo/tests/snapshots",
        "isthmus__demo__tests__continuity__",
    ),
    ("gateway/iwu/tests/snapshots/limits", ""),
    ("gateway/iwu/tests/snapshots/rfc3372", ""),
    ("gateway/iwu/tests/snapshots/rfc3398", ""),
    ("gateway/iwu/tests/snapshots/rfc3578", ""),
    ("gateway/iwu/tests/snapshots/rfc3666", ""),
    ("gateway/iwu/tests/snapshots/rfc5589", ""),
    (
        "isup/mtp/src/mtp2/tests/snapshots",
        "mtp__mtp2__tests__q781__",
    ),
    (
        "isup/mtp/src/mtp3/tests/snapshots",
        "mtp__mtp3__tests__q782__",
    ),
    ("isup/src/node/tests/q784/snapshots", "isup__"),
];

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// The name that the capture of each reviewed ladder begins with.
fn expected() -> Vec<String> {
    let mut names = Vec::new();
    for (folder, beginning) in LADDERS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        let document = folder.file_name().unwrap().to_string_lossy().into_owned();
        let ladders = files(&folder).into_iter().filter(|file| {
            file.extension()
                .is_some_and(|extension| extension == "snap")
                && stem(file).starts_with(beginning)
        });
        names.extend(ladders.map(|file| match beginning {
            "" => format!("{document}__{}", stem(&file)),
            _ => stem(&file),
        }));
    }
    names
}

/// Captures that tshark reads with the same options, by the beginnings and ends of their names. The
/// first that fits counts.
const KINDS: [(&str, &str, &str, &[&str]); 4] = [
    // Those of level 2 and 3 alone carry numbers in the place of messages of a higher level.
    (
        "level-2",
        "mtp__mtp2__",
        "",
        &["--disable-protocol", "mtp3"],
    ),
    (
        "level-3",
        "mtp__mtp3__",
        "",
        &["--disable-protocol", "isup"],
    ),
    ("ansi", "", "ansi", &["-o", "mtp3.standard:ANSI"]),
    ("itu", "", "", &[]),
];

/// Frames that tshark finds something wrong with.
fn wrong(capture: &Path, options: &[&str]) -> Vec<String> {
    let mut tshark = Command::new("tshark");
    tshark.args(["-n", "-T", "fields", "-r"]).arg(capture);
    let filter = "_ws.malformed || _ws.short || _ws.expert.severity >= error";
    tshark.args(["-Y", filter]).args(options);
    for field in ["frame.number", "frame.protocols", "_ws.expert.message"] {
        tshark.args(["-e", field]);
    }
    // Nobody's own preferences.
    tshark.env("HOME", capture.parent().unwrap());
    tshark.env_remove("XDG_CONFIG_HOME");
    let output = tshark.output().expect("tshark starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", capture.display());
    // It says so there when a dissector of its own fails.
    assert!(
        !said.contains("Dissector bug"),
        "{}: {said}",
        capture.display()
    );
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(str::to_owned).collect()
}

#[test]
fn tshark_finds_nothing_malformed_in_any_scenario() {
    if !peer::is_here("tshark") {
        return;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("captures");
    assert!(
        folder.is_dir(),
        "{} is not there: the unit tests leave it, `cargo test --workspace --lib`",
        folder.display()
    );
    let captures: Vec<_> = files(&folder)
        .into_iter()
        .filter(|file| !stem(file).starts_with("all-"))
        .collect();
    let names: BTreeSet<String> = captures.iter().map(|file| stem(file)).collect();
    let missing: Vec<_> = expected()
        .into_iter()
        .filter(|ladder| !names.iter().any(|name| name.starts_with(ladder)))
        .collect();
    assert!(missing.is_empty(), "no capture of {missing:#?}");
    assert!(captures.len() >= expected().len());

    // tshark takes its time to start: it reads all captures of a kind at once.
    let mut left = captures;
    for (kind, beginning, end, options) in KINDS {
        let (of_kind, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|file| {
            let name = stem(file);
            name.starts_with(beginning) && name.ends_with(end)
        });
        left = others;
        let all = folder.join(format!("all-{kind}.pcapng"));
        let mut mergecap = Command::new("mergecap");
        mergecap.args(["-a", "-F", "pcapng", "-w"]).arg(&all);
        let merged = mergecap.args(&of_kind).status().expect("mergecap starts");
        assert!(merged.success(), "{kind}");
        if !wrong(&all, options).is_empty() {
            for capture in of_kind {
                let wrong = wrong(&capture, options);
                assert!(wrong.is_empty(), "{}: {wrong:#?}", capture.display());
            }
        }
    }
}
