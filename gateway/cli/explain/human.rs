//! Rows in columns.

use std::io::{self, Write};

use super::rows::{All, Row, named_cause, status_of};
use crate::interwork::profile::Profile;

/// The rows of a cause.
pub(super) fn cause(
    out: &mut impl Write,
    profile: &Profile,
    value: u8,
    rows: &[Row],
) -> io::Result<()> {
    let name = profile.name();
    writeln!(out, "cause {}, by profile {name}\n", named_cause(value))?;
    table(out, rows)
}

/// The rows of a final response.
pub(super) fn status(
    out: &mut impl Write,
    profile: &Profile,
    value: u16,
    rows: &[Row],
) -> io::Result<()> {
    let name = profile.name();
    writeln!(out, "status {}, by profile {name}\n", status_of(value))?;
    table(out, rows)
}

/// All rows of a profile.
pub(super) fn profile(out: &mut impl Write, all: &All) -> io::Result<()> {
    writeln!(out, "profile {}: {}", all.name, all.title)?;
    if !all.inherits.is_empty() {
        writeln!(out, "inherits: {}", all.inherits.join(", "))?;
    }
    for part in &all.tables {
        writeln!(out, "\n{}", part.title)?;
        table(out, &part.rows)?;
    }
    Ok(())
}

/// Rows below each other: what for, when, what, clause, profile; a note on a line of its own.
fn table(out: &mut impl Write, rows: &[Row]) -> io::Result<()> {
    let width = |text: &str| text.chars().count();
    let widest = |column: fn(&Row) -> &str| {
        let widths = rows.iter().map(|row| width(column(row)));
        widths.max().unwrap_or_default()
    };
    let from = widest(|row| &row.from);
    let when = widest(|row| row.when.as_deref().unwrap_or_default());
    let to = widest(|row| &row.to);
    let clause = widest(|row| &row.clause);
    for row in rows {
        let mark = match row.holds {
            Some(true) => "-> ",
            _ => "   ",
        };
        write!(out, "{mark}{:from$}  ", row.from)?;
        if when > 0 {
            write!(out, "{:when$}  ", row.when.as_deref().unwrap_or_default())?;
        }
        let (is, stands, profile) = (&row.to, &row.clause, &row.profile);
        writeln!(out, "{is:to$}  {stands:clause$}  {profile}")?;
        if let Some(note) = &row.note {
            writeln!(out, "     {note}")?;
        }
    }
    Ok(())
}
