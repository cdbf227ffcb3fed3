//! What the demo prints: progress, ladders, the table of checks.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::check::{Check, Report};
use super::stage::Seen;
use crate::ladder::{Columns, Trace, draw};

/// Names of the ladder's columns.
fn columns() -> Columns {
    Columns {
        sip: "SIP user".to_owned(),
        isup: "exchange".to_owned(),
    }
}

/// The ladders of a report's calls.
#[must_use]
pub fn ladders(report: &Report, seen: &Seen) -> String {
    let mut text = String::new();
    for call in &report.calls {
        let rungs: Vec<Trace> = seen
            .traces
            .iter()
            .filter(|trace| trace.call == Some(*call))
            .cloned()
            .collect();
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{}: {}", call, report.title);
        text.push_str(&draw(&rungs, &columns()));
        text.push('\n');
    }
    text
}

/// The table of all checks.
///
/// # Errors
/// Those of the writer.
pub fn table(reports: &[Report], out: &mut impl Write) -> io::Result<()> {
    const WHAT: usize = 46;
    const VALUE: usize = 34;
    writeln!(out, "{:<WHAT$}  {:<VALUE$}  measured", "check", "expected")?;
    for report in reports {
        writeln!(out, "\n{}", report.title)?;
        for Check {
            what,
            expected,
            measured,
            passed,
        } in &report.checks
        {
            let sign = if *passed { "✓" } else { "✗" };
            let what = format!("  {sign} {what}");
            writeln!(
                out,
                "{what:<WHAT$}  {:<VALUE$}  {}",
                clip(expected, VALUE),
                if *passed {
                    clip(measured, VALUE)
                } else {
                    measured.clone()
                }
            )?;
        }
    }
    Ok(())
}

/// Cuts a long value, such as a message in hexadecimal.
fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let cut: String = text.chars().take(width - 1).collect();
    format!("{cut}…")
}
