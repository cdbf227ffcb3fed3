//! docs/hardware.md on a machine without the DAHDI driver: its serial cable and its softmodem, command by
//! command.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::peer;
use crate::ports;

/// The page, and where its sections for everybody begin; those before are run by `tests/dahdi`.
const PAGE: &str = include_str!("../../docs/hardware.md");
const BEGIN: &str = "\n## A serial cable\n";
/// What installs and builds: `tests/run` did, and has the words of it.
const BEFORE: &[(&str, &[&str])] = &[
    ("sudo apt install socat", &["socat"]),
    (
        "sudo apt install libspandsp-dev libclang-dev",
        &["libspandsp-dev", "libclang-dev"],
    ),
    (
        "cargo build --release --features spandsp",
        &["--features spandsp"],
    ),
];

/// The blocks whose fence begins so, each with the rest of that line.
fn blocks(fence: &str) -> Vec<(&'static str, String)> {
    let (_, sections) = PAGE.split_once(BEGIN).expect("the section");
    let mut lines = sections.lines();
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(fence) {
            let body = lines.by_ref().take_while(|line| *line != "```");
            blocks.push((name.trim(), body.map(|line| format!("{line}\n")).collect()));
        }
    }
    blocks
}

/// The files of the page, on ports of this test's own.
fn write_files(directory: &std::path::Path) {
    let files = blocks("```toml ");
    assert_eq!(files.len(), 5);
    for (name, body) in files {
        let (sip, rtp) = (ports::free(2), ports::free(128));
        let body = body
            .replace("127.0.0.1:5060", &format!("127.0.0.1:{sip}"))
            .replace(
                "address = \"127.0.0.1\"\n",
                &format!("address = \"127.0.0.1\"\nports = \"{rtp}-{}\"\n", rtp + 127),
            );
        fs::write(directory.join(name), body).expect("a file of ours");
    }
}

#[test]
fn every_command_of_the_page_is_run() {
    if !peer::is_here("socat") {
        return;
    }
    let directory = std::env::temp_dir().join(format!("isthmus-page-{}", std::process::id()));
    fs::create_dir_all(&directory).expect("a directory for temporary files");
    write_files(&directory);
    symlink(env!("CARGO_BIN_EXE_isthmus"), directory.join("isthmus")).expect("a link of ours");
    let mut before = BEFORE.to_vec();
    let mut script = String::from("set -e\ntrap 'kill $(jobs -p) 2>/dev/null' EXIT\n");
    for (_, block) in blocks("```console") {
        for line in block.lines() {
            let command = line.strip_prefix("$ ").expect("a command");
            if let Some(place) = before.iter().position(|(known, _)| *known == command) {
                for word in before.remove(place).1 {
                    assert!(include_str!("../run").contains(word), "{word} in tests/run");
                }
                continue;
            }
            script += &format!("{command}\n");
        }
    }
    assert_eq!(before, [], "no longer on the page");
    let path = std::env::var("PATH").expect("a path");
    let output = Command::new("bash")
        .args(["-c", &script])
        .current_dir(&directory)
        .env("PATH", format!("{}:{path}", directory.display()))
        .env_remove("ISTHMUS_CONFIG")
        .env_remove("ISTHMUS_LOG")
        .output()
        .expect("a shell");
    let text = String::from_utf8_lossy(&output.stdout).replace('\r', "");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    for expected in [
        " checks passed in ",
        "cable-gateway.toml: right: a gateway with 1 span, 1 link, 10 circuits",
        "921600 bit/s carry 10 timeslots at 64 kbit/s and signalling on timeslot 16 at 64 kbit/s",
        "CIC 1: answered\n",
        "heard 1004.0 Hz",
        "frames sent ",
        "frames received ",
        "CONNECT 300\n",
        "RING\n",
        "Hello over 300 bit/s\n",
        "NO CARRIER\n",
        "Hello beyond the real modem\n",
    ] {
        assert!(
            text.contains(expected),
            "no {expected:?} in {text}\n{errors}"
        );
    }
    let records = fs::read_to_string(directory.join("modem-records.jsonl")).expect("records");
    assert_eq!(records.matches("\"modem\":\"ans\"").count(), 2, "{records}");
    let _ = fs::remove_dir_all(directory);
}
