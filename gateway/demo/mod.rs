//! `isthmus demo`: the gateway, the far exchange and a SIP user, and the calls between them,
//! each measured. The same scenarios play in virtual time in the tests.

pub mod check;
pub mod real_time;
pub mod scenario;
pub mod settings;
pub mod show;
pub mod stage;
pub mod virtual_time;

#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use check::Report;
use real_time::{Line, Live};

use crate::recorder;
use crate::shell::thread::now;

/// Runs the demo in real time on a line, writes its files into a folder and prints what it measured.
/// False when a check failed.
///
/// # Errors
/// When a socket, a thread or a file cannot be had.
pub fn run(folder: &Path, line: Line, out: &mut impl Write) -> anyhow::Result<bool> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let progress = progress();
    step(&progress, out, "link alignment, proving, circuit reset")?;
    let begun = now();
    let mut live = Live::start(folder, line)?;
    let mut reports = Vec::new();
    let mut start = Report::new("Start");
    let in_service = scenario::in_service(&mut live)?;
    start.equal("link and circuits in service", true, in_service);
    reports.push(start);
    if in_service {
        for (title, play) in scenario::all::<Live>() {
            step(&progress, out, title)?;
            // On a starved machine a call may be gone where the script goes on with it.
            reports.push(play(&mut live).unwrap_or_else(|error| failed(title, &error)));
        }
    }
    step(&progress, out, "shutdown")?;
    let seen = live.stop();
    step(&progress, out, "replay of the recording")?;
    reports.push(replayed(folder)?);
    progress.finish_and_clear();

    let ladders: String = reports
        .iter()
        .map(|report| show::ladders(report, &seen))
        .collect();
    std::fs::write(folder.join("ladders.txt"), &ladders)?;
    writeln!(out, "{ladders}")?;
    show::table(&reports, out)?;
    let checks = reports.iter().flat_map(|report| &report.checks);
    let failed = checks.clone().filter(|check| !check.passed).count();
    let seconds = now().duration_since(begun).as_secs_f64();
    writeln!(out)?;
    match failed {
        0 => writeln!(
            out,
            "All {} checks passed in {seconds:.0} s.",
            checks.count()
        )?,
        failed => writeln!(out, "{failed} of {} checks FAILED.", checks.count())?,
    }
    writeln!(out)?;
    for (what, file) in [
        ("capture, for Wireshark", "capture.pcapng"),
        ("call records", "records.jsonl"),
        ("ladders", "ladders.txt"),
        ("recording, for isthmus replay", "recording.jsonl"),
        ("configuration of the gateway", "isthmus.toml"),
    ] {
        writeln!(out, "{what:<30} {}", folder.join(file).display())?;
    }
    Ok(failed == 0)
}

/// A call that could not be played to its end.
fn failed(title: &str, error: &anyhow::Error) -> Report {
    let mut report = Report::new(title);
    report.judged("played to its end", "yes", format!("{error:#}"), false);
    report
}

/// The recording of the run must give the same outputs once more.
fn replayed(folder: &Path) -> anyhow::Result<Report> {
    let mut report = Report::new("Recording");
    let file = BufReader::new(File::open(folder.join("recording.jsonl"))?);
    match recorder::replay(file, now()) {
        Ok(replayed) => {
            let measured = format!(
                "{} inputs, {} equal outputs",
                replayed.inputs, replayed.outputs
            );
            report.judged("replay", "the same outputs", measured, replayed.inputs > 0);
        }
        Err(error) => report.judged("replay", "the same outputs", error, false),
    }
    Ok(report)
}

/// A spinner on a terminal; lines elsewhere.
fn progress() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn step(progress: &ProgressBar, out: &mut impl Write, title: &str) -> std::io::Result<()> {
    progress.set_message(title.to_owned());
    if progress.is_hidden() {
        writeln!(out, "… {title}")?;
        out.flush()?;
    }
    Ok(())
}
