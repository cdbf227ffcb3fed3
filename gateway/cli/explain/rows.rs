//! Rows in the words that both forms of output use.

use isup::Location;
use serde::Serialize;

use crate::interwork::profile::{CauseRow, Diagnostics, FailureRow, Origin, Profile, StatusRow};
use crate::sip;

/// One row: what it is for, under which condition, what comes out, and where it stands.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// What it is for.
    pub(super) from: String,
    /// The condition it holds under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) when: Option<String>,
    /// What comes out.
    pub(super) to: String,
    /// Where it stands.
    pub(super) clause: String,
    /// The profile that has it.
    pub(super) profile: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) note: Option<String>,
    /// Whether it is the one for what was asked; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) holds: Option<bool>,
}

impl Row {
    fn new(from: String, when: Option<String>, to: String, origin: &Origin) -> Self {
        Self {
            from,
            when,
            to,
            clause: origin.clause.to_string(),
            profile: origin.profile.to_string(),
            note: origin.note.as_ref().map(ToString::to_string),
            holds: None,
        }
    }
}

/// All rows of a profile, by table.
#[derive(Debug, Serialize)]
pub(super) struct All {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) inherits: Vec<String>,
    pub(super) tables: Vec<Table>,
}

/// The rows of one table.
#[derive(Debug, Serialize)]
pub(super) struct Table {
    /// What it maps.
    pub(super) title: &'static str,
    pub(super) rows: Vec<Row>,
}

impl All {
    pub(super) fn of(profile: &Profile) -> Self {
        let table = |title, rows: Vec<Row>| Table { title, rows };
        let backward = profile.backward().map(|row| {
            let from = format!("{} {}", row.message, row.is);
            Row::new(from, None, status_of(row.status), &row.origin)
        });
        let progress = profile.progresses().map(|row| {
            let when = row.media.map(|media| match media {
                true => "with SDP".to_owned(),
                false => "without SDP".to_owned(),
            });
            let both = if row.both { ", and the CPG" } else { "" };
            let to = format!("ACM {}{both}; later CPG {}", row.acm.name(), row.cpg.name());
            Row::new(row.status.to_string(), when, to, &row.origin)
        });
        let natures = profile.natures().map(|row| {
            Row::new(
                row.nature.to_string(),
                None,
                row.form.to_string(),
                &row.origin,
            )
        });
        let numbers = profile.numbers().map(|row| {
            let to = crate::interwork::number::nature(row.nature).name();
            Row::new(row.form.to_string(), None, to.to_owned(), &row.origin)
        });
        let categories = profile.categories().map(|row| {
            let to = format!("{} {}", row.code.code(), row.code.name());
            Row::new(row.cpc.to_string(), None, to, &row.origin)
        });
        let redirections = profile.redirections().map(|row| {
            let from = format!("{} {}", row.reason.code(), row.reason.name());
            let to = format!(
                "Diversion {}, History-Info cause {}",
                row.diversion, row.cause
            );
            Row::new(from, None, to, &row.origin)
        });
        let conventions = profile.convention_rows().map(|row| {
            Row::new(
                row.key.to_string(),
                None,
                row.value.to_string(),
                &row.origin,
            )
        });
        Self {
            name: profile.name().to_string(),
            title: profile.title().to_owned(),
            inherits: profile.inherits().iter().map(ToString::to_string).collect(),
            tables: vec![
                table(
                    "cause of a REL -> final response",
                    profile.causes().map(cause).collect(),
                ),
                table(
                    "final response -> cause of a REL",
                    profile.statuses().map(|row| status(profile, row)).collect(),
                ),
                table(
                    "failure -> final response, cause of a REL",
                    profile.failures().map(failure).collect(),
                ),
                table("ACM, CPG -> provisional response", backward.collect()),
                table("provisional response -> ACM, CPG", progress.collect()),
                table(
                    "nature of address -> form of a number in SIP",
                    natures.collect(),
                ),
                table(
                    "form of a number with + -> nature of address",
                    numbers.collect(),
                ),
                table("cpc <-> calling party's category", categories.collect()),
                table(
                    "redirecting reason <-> Diversion, History-Info",
                    redirections.collect(),
                ),
                table("conventions", conventions.collect()),
            ],
        }
    }
}

/// The rows of a cause; with a location, the one that holds is marked.
pub(super) fn of_cause(profile: &Profile, value: u8, location: Option<Location>) -> Vec<Row> {
    let mut found = location.is_none();
    let rows = profile.causes_of(value).map(|row| {
        let holds = location.map(|_| !found && super::holds(row, value, location));
        found |= holds == Some(true);
        Row {
            holds,
            ..cause(row)
        }
    });
    rows.collect()
}

/// The rows of a final response; the one that holds is marked when there are several.
pub(super) fn of_status(profile: &Profile, value: u16, warning: Option<u16>) -> Vec<Row> {
    let chosen = profile.status(value, warning);
    let rows: Vec<&StatusRow> = profile.statuses_of(value).collect();
    let several = rows.len() > 1;
    let rows = rows.into_iter().map(|row| Row {
        holds: several.then(|| std::ptr::eq(row, chosen)),
        ..status(profile, row)
    });
    rows.collect()
}

fn cause(row: &CauseRow) -> Row {
    let location = row
        .location
        .map(|l| format!("location {} ({})", l.token(), l.name()));
    let number = row
        .diagnostics
        .map(|Diagnostics::Number| "a new number".to_owned());
    let when: Vec<String> = location.into_iter().chain(number).collect();
    let when = (!when.is_empty()).then(|| when.join(", "));
    let from = match row.cause {
        crate::interwork::profile::Key::Is(value) => named_cause(value),
        crate::interwork::profile::Key::Other => "other".to_owned(),
    };
    Row::new(from, when, status_of(row.status), &row.origin)
}

fn status(profile: &Profile, row: &StatusRow) -> Row {
    let when = row.warning.map(|code| format!("Warning {code}"));
    let (from, number) = match row.status {
        crate::interwork::profile::Key::Is(status) => (status_of(status), status),
        crate::interwork::profile::Key::Other => ("other".to_owned(), 0),
    };
    let conventions = profile.conventions();
    let location = row.location.unwrap_or(match number {
        600.. => conventions.location_global,
        _ => conventions.location,
    });
    let to = format!("{}, location {}", named_cause(row.cause), location.token());
    Row::new(from, when, to, &row.origin)
}

fn failure(row: &FailureRow) -> Row {
    let to = format!("{}; {}", status_of(row.status), named_cause(row.cause));
    Row::new(row.fault.to_string(), None, to, &row.origin)
}

/// "34 no circuit/channel available".
pub(super) fn named_cause(value: u8) -> String {
    match isup::cause::name(value) {
        Some(name) => format!("{value} {name}"),
        None => format!("{value} (no cause of Q.850)"),
    }
}

/// "503 Service Unavailable".
pub(super) fn status_of(status: u16) -> String {
    format!("{status} {}", sip::phrase(status))
        .trim_end()
        .to_owned()
}
