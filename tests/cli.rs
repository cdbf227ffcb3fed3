//! The program as its user meets it: what it prints, where, and its exit status.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn isthmus(arguments: &[&str], input: &str) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_isthmus"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("ISTHMUS_CONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    program
        .stdin
        .take()
        .expect("a pipe")
        .write_all(input.as_bytes())
        .expect("it reads");
    program.wait_with_output().expect("it ends")
}

/// Exit status, standard output and standard error.
fn outcome(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = isthmus(arguments, "");
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).expect("text");
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn the_files_of_the_repository_are_right() {
    let (status, out, err) = outcome(&["check", "config/isthmus.toml", "config/lab.toml"]);
    assert_eq!((status, err.as_str()), (Some(0), ""));
    assert_eq!(out.lines().count(), 2, "{out}");
    assert!(out.lines().all(|line| line.contains(": right: ")), "{out}");
}

#[test]
fn a_typo_is_pointed_at() {
    let text = std::fs::read_to_string("config/isthmus.toml").expect("the reference file");
    let wrong = Path::new(env!("CARGO_TARGET_TMPDIR")).join("typo.toml");
    std::fs::write(&wrong, text.replace("\nlisten =", "\nlisen =")).expect("written");
    let line = 1 + text
        .lines()
        .position(|line| line.starts_with("listen ="))
        .expect("it is there");
    let (status, out, err) = outcome(&["check", wrong.to_str().expect("text")]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(err.contains(&format!("typo.toml:{line}:1")), "{err}");
    assert!(err.contains("found `lisen`"), "{err}");
    assert!(err.contains("did you mean `listen`?"), "{err}");
    let (status, _, err) = outcome(&["run", "--config", wrong.to_str().expect("text")]);
    assert_eq!(status, Some(1));
    assert!(
        err.contains("did you mean `listen`?"),
        "a wrong file does not run: {err}"
    );
}

#[test]
fn exit_status_of_routes() {
    let status = |arguments: &[&str]| outcome(arguments).0;
    assert_eq!(
        status(&["route", "+49305550001", "--from", "softphone"]),
        Some(0)
    );
    assert_eq!(
        status(&["route", "+49900555", "--from", "softphone"]),
        Some(1),
        "refused"
    );
    assert_eq!(
        status(&["route", "+12125550100", "--from", "softphone"]),
        Some(1),
        "no route"
    );
    assert_eq!(
        status(&["route", "nobody", "--from", "softphone"]),
        Some(2),
        "no number"
    );
    assert_eq!(
        status(&["route", "+49305550001", "--from", "nobody"]),
        Some(2),
        "no trunk"
    );
    assert_eq!(status(&["route", "+49305550001"]), Some(2), "no origin");
    assert_eq!(status(&["--help"]), Some(0));
    assert_eq!(status(&["--version"]), Some(0));
}

#[test]
fn what_is_decoded_is_encoded_again() {
    let (status, json, _) = outcome(&["decode", "--json", "0C0200028091"]);
    assert_eq!(status, Some(0));
    let encoded = isthmus(&["encode"], &json);
    assert_eq!(encoded.stdout, b"0c0200028091\n");
    let refused = isthmus(&["encode"], "{}");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
}

/// `isthmus route ... | head` is no error.
#[test]
fn a_reader_may_go_away() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_isthmus"))
        .args(["route", "+49305550001", "--from", "softphone"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    drop(program.stdout.take());
    let output = program.wait_with_output().expect("it ends");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
