//! pycrate's decoder (Q.763 alone), in a Python environment of its own below `target/`.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use isup::{Cic, hex};
use serde::Deserialize;

use crate::{
    generate::Generated,
    reading::{ReadParameter, Reading},
};

/// The version that the reviewed differences are those of.
const RELEASE: &str = "pycrate==0.8.1";

/// A Python that has pycrate, installed now where it was not before.
pub(crate) fn python() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("pycrate");
    let python = folder.join("bin/python");
    let works = || {
        let mut import = Command::new(&python);
        import.args(["-c", "import pycrate_mobile.ISUP"]);
        run(&mut import)
    };
    if works().is_ok() {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))
        .map_err(|error| format!("python3 -m venv (packages python3, python3-venv): {error}"))?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        RELEASE,
    ];
    run(Command::new(&python).args(pip)).map_err(|error| format!("pip: {error}"))?;
    works().map(|()| python)
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

#[derive(Deserialize)]
struct Line {
    error: Option<String>,
    message: Option<u8>,
    cic: Option<u16>,
    /// pycrate encodes what it decoded to the same octets.
    same: Option<bool>,
    #[serde(default)]
    parameters: Vec<Parameter>,
}

#[derive(Deserialize)]
struct Parameter {
    code: Option<u8>,
    length: Option<usize>,
    fields: BTreeMap<String, String>,
}

/// What pycrate reads in each message.
pub(crate) fn read(python: &Path, messages: &[Generated]) -> Vec<Reading> {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/oracles/pycrate_reads.py"
    );
    let mut process = Command::new(python)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // It reads all before it writes: neither waits for the other.
    let mut stdin = process.stdin.take().unwrap();
    for Generated { message, cic, .. } in messages {
        writeln!(stdin, "{}", hex::write(&message.encode_sif(Cic(*cic)))).unwrap();
    }
    drop(stdin);
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "{script} failed");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| reading(serde_json::from_str(line).unwrap()))
        .collect()
}

fn reading(line: Line) -> Reading {
    let mut complaints: Vec<String> = line.error.into_iter().collect();
    if line.same == Some(false) {
        complaints.push("encodes to other octets".to_owned());
    }
    let parameters = line.parameters.into_iter().map(|parameter| ReadParameter {
        code: parameter.code,
        length: parameter.length,
        fields: parameter.fields,
    });
    Reading {
        message: line.message,
        cic: line.cic,
        label: None,
        parameters: parameters.collect(),
        complaints,
    }
}
