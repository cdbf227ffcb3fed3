//! Every command of docs/hardware.md.

use std::path::PathBuf;
use std::process::Command;

use super::folder;

/// The page, whose commands on the driver are run; `tests/peers` runs those from here on.
const PAGE: &str = include_str!("../../docs/hardware.md");
const NO_DRIVER: &str = "\n## A serial cable\n";
/// What a machine with the driver loaded and no network cannot run: each is a line of a script that did.
const BEFORE: &[(&str, &str)] = &[
    (
        "sudo apt install dahdi dahdi-source libclang-dev",
        include_str!("../run"),
    ),
    (
        "cargo build --release --features dahdi",
        include_str!("../run"),
    ),
    (
        "sudo modprobe dahdi auto_assign_spans=1",
        include_str!("init"),
    ),
    ("sudo modprobe dahdi_dynamic_loc", include_str!("init")),
];

/// The blocks of the page whose fence begins so, each with the rest of that line.
fn blocks(fence: &str) -> Vec<(&str, String)> {
    let (driver, _) = PAGE.split_once(NO_DRIVER).unwrap();
    let mut lines = driver.lines();
    let mut blocks = Vec::new();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix(fence) {
            let body = lines.by_ref().take_while(|line| *line != "```");
            blocks.push((name.trim(), body.map(|line| format!("{line}\n")).collect()));
        }
    }
    blocks
}

/// Every command of docs/hardware.md, in its order, with the files that the page shows. Among them are the
/// calls of `isthmus demo` both ways, octet by octet, with ringback and DTMF, over the driver's HDLC.
#[test]
fn every_command_of_the_page_is_run() {
    let folder = folder("page");
    let files = [blocks("```text "), blocks("```toml ")].concat();
    assert_eq!(files.len(), 3);
    for (name, body) in files {
        let path = match name {
            "system.conf" => PathBuf::from("/etc/dahdi/system.conf"),
            name => folder.join(name),
        };
        std::fs::write(path, body).unwrap();
    }
    let mut script = String::from("set -e\n");
    let mut before: Vec<_> = BEFORE.to_vec();
    for (_, block) in blocks("```console") {
        for line in block.lines() {
            let command = line
                .strip_prefix("$ ")
                .unwrap_or_else(|| panic!("no command: {line}"));
            if let Some(place) = before.iter().position(|(known, _)| *known == command) {
                let (known, done_by) = before.remove(place);
                let words = known
                    .split(' ')
                    .filter(|word| word.contains("dahdi") || word.contains("lib"));
                for word in words {
                    assert!(done_by.contains(word), "{word} of `{known}`");
                }
                continue;
            }
            script += command.strip_prefix("sudo ").unwrap_or(command);
            script.push('\n');
        }
    }
    assert_eq!(before, [], "no longer on the page");
    let output = Command::new("sh")
        .args(["-c", &script])
        .current_dir(&folder)
        .env("PATH", "/payload:/bin:/sbin")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}\n{errors}");
    for expected in [
        "timeslot 16     channel 16       dchan",
        " checks passed in ",
        "gateway.toml: right: a gateway with 1 span, 1 link, 30 circuits",
        "link 0: active",
        "to-exchange: SLC 0: ",
        "dahdi1: span 1 of the DAHDI driver: ",
        ", 0 wrong\n",
        "seconds   5: 5 free of errors",
    ] {
        assert!(
            text.contains(expected),
            "no {expected:?} in {text}\n{errors}"
        );
    }
}
