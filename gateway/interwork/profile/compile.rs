//! A file and those that it inherits become one profile: later rows in the place of earlier ones.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use isup::Location;

use super::row::{
    BackwardRow, CategoryRow, CauseRow, ConventionRow, Conventions, DiversionSent, FailureRow,
    NatureRow, NumberRow, Origin, ProgressRow, ReasonReceived, ReasonSent, RedirectionRow,
    StatusRow,
};
use super::table::Table;
use super::{ACM, CPG, FIRST_FINAL, FIRST_PROVISIONAL, Profile};
use crate::config::profile::{
    BackwardMessage, Convention, Country, Fault, Key, NatureKey, ProfileTable, Says,
};

/// A row that a profile lacks, and all that it inherits. The shipped ones lack none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("profile `{profile}` has no row {row} and inherits none")]
pub struct Missing {
    /// The profile.
    pub profile: String,
    /// The row.
    pub row: String,
}

/// Cause value, how many conditions, location, whether with a number: the rows with more conditions
/// before others.
type CauseKey = (Option<u8>, Reverse<u8>, Option<u8>, bool);
/// Status, whether there is a condition, code of the Warning: conditional rows before others.
type StatusKey = (Option<u16>, Reverse<bool>, Option<u16>);
/// Status, whether there is a condition, whether with SDP: conditional rows before others.
type ProgressKey = (Option<u16>, Reverse<bool>, Option<bool>);

/// Rows gathered from the root of the inheritance to its leaf.
#[derive(Debug, Default)]
struct Gathered {
    causes: BTreeMap<CauseKey, CauseRow>,
    statuses: BTreeMap<StatusKey, StatusRow>,
    failures: BTreeMap<Fault, FailureRow>,
    backward: BTreeMap<(BackwardMessage, Says), BackwardRow>,
    progress: BTreeMap<ProgressKey, ProgressRow>,
    natures: BTreeMap<NatureKey, NatureRow>,
    numbers: BTreeMap<Country, NumberRow>,
    /// In the order of the file, which says what is sent.
    categories: Vec<CategoryRow>,
    /// As categories.
    redirections: Vec<RedirectionRow>,
    conventions: BTreeMap<Convention, ConventionRow>,
}

impl Profile {
    /// Compiles a chain of profiles, the root of the inheritance first. Where two have a row for
    /// the same thing and the same conditions, the later one holds.
    ///
    /// # Errors
    /// [`Missing`] where a row that must be there is in none of them.
    pub fn compile(chain: &[&ProfileTable]) -> Result<Self, Missing> {
        let mut gathered = Gathered::default();
        for table in chain {
            gathered.take(table);
        }
        let leaf = chain.last();
        let name: Arc<str> = leaf.map_or("", |table| &table.name).into();
        let title = leaf.map_or("", |table| &table.title).into();
        let inherits = chain.iter().rev().skip(1);
        let inherits = inherits.map(|table| table.name.as_str().into()).collect();
        gathered.into_profile(name, title, inherits)
    }
}

impl Gathered {
    fn take(&mut self, table: &ProfileTable) {
        let profile: Arc<str> = table.name.as_str().into();
        let origin = |clause: &Option<String>, note: &Option<String>| Origin {
            clause: match clause {
                Some(clause) => clause.as_str().into(),
                None => format!("profile {}", table.name).into(),
            },
            profile: Arc::clone(&profile),
            note: note.as_deref().map(Into::into),
        };
        for row in &table.cause {
            let cause = match row.cause {
                Key::Is(value) => Key::Is(value.0),
                Key::Other => Key::Other,
            };
            let conditions = u8::from(row.location.is_some()) + u8::from(row.diagnostics.is_some());
            let location = row.location.map(Location::code);
            let key = (
                is(cause),
                Reverse(conditions),
                location,
                row.diagnostics.is_some(),
            );
            let row = CauseRow {
                cause,
                location: row.location,
                diagnostics: row.diagnostics,
                status: row.status.0,
                origin: origin(&row.clause, &row.note),
            };
            self.causes.insert(key, row);
        }
        for row in &table.status {
            let status = match row.status {
                Key::Is(status) => Key::Is(status.0),
                Key::Other => Key::Other,
            };
            let warning = row.warning.map(|code| code.0);
            let row = StatusRow {
                status,
                warning,
                cause: row.cause.0,
                location: row.location,
                origin: origin(&row.clause, &row.note),
            };
            let key = (is(status), Reverse(warning.is_some()), warning);
            self.statuses.insert(key, row);
        }
        for row in &table.failure {
            let origin = origin(&row.clause, &row.note);
            let row = FailureRow {
                fault: row.event,
                status: row.status.0,
                cause: row.cause.0,
                clause: Arc::clone(&origin.clause),
                origin,
            };
            self.failures.insert(row.fault, row);
        }
        for row in &table.backward {
            let row = BackwardRow {
                message: row.message,
                is: row.is,
                status: row.status.0,
                origin: origin(&row.clause, &row.note),
            };
            self.backward.insert((row.message, row.is), row);
        }
        for row in &table.progress {
            let status = match row.status {
                Key::Is(status) => Key::Is(status.0),
                Key::Other => Key::Other,
            };
            let key = (is(status), Reverse(row.media.is_some()), row.media);
            let row = ProgressRow {
                status,
                media: row.media,
                acm: row.acm,
                cpg: row.cpg,
                both: row.both,
                origin: origin(&row.clause, &row.note),
            };
            self.progress.insert(key, row);
        }
        for row in &table.nature {
            let row = NatureRow {
                nature: row.nature,
                form: row.form,
                origin: origin(&row.clause, &row.note),
            };
            self.natures.insert(row.nature, row);
        }
        for row in &table.number {
            let row = NumberRow {
                form: row.form,
                nature: row.nature,
                origin: origin(&row.clause, &row.note),
            };
            self.numbers.insert(row.form, row);
        }
        // What a profile adds is found before what it inherits.
        let mut categories: Vec<CategoryRow> = Vec::new();
        for row in &table.category {
            categories.push(CategoryRow {
                cpc: row.cpc.to_ascii_lowercase().into(),
                code: row.code,
                origin: origin(&row.clause, &row.note),
            });
        }
        let inherited = std::mem::take(&mut self.categories).into_iter();
        let replaced = |row: &CategoryRow| categories.iter().any(|mine| mine.cpc == row.cpc);
        let kept: Vec<CategoryRow> = inherited.filter(|row| !replaced(row)).collect();
        categories.extend(kept);
        self.categories = categories;
        let mut redirections: Vec<RedirectionRow> = Vec::new();
        for row in &table.redirection {
            redirections.push(RedirectionRow {
                diversion: row.diversion.to_ascii_lowercase().into(),
                reason: row.reason,
                cause: row.cause.0,
                origin: origin(&row.clause, &row.note),
            });
        }
        let inherited = std::mem::take(&mut self.redirections).into_iter();
        let same = |a: &RedirectionRow, b: &RedirectionRow| {
            a.diversion == b.diversion && a.reason == b.reason
        };
        let replaced = |row: &RedirectionRow| redirections.iter().any(|mine| same(mine, row));
        let kept: Vec<RedirectionRow> = inherited.filter(|row| !replaced(row)).collect();
        redirections.extend(kept);
        self.redirections = redirections;
        for row in &table.convention {
            let row = ConventionRow {
                key: row.key,
                value: row.value.as_str().into(),
                origin: origin(&row.clause, &row.note),
            };
            self.conventions.insert(row.key, row);
        }
    }

    fn into_profile(
        mut self,
        name: Arc<str>,
        title: Arc<str>,
        inherits: Vec<Arc<str>>,
    ) -> Result<Profile, Missing> {
        let missing = |row: String| Missing {
            profile: name.to_string(),
            row,
        };
        let other_cause = self.causes.remove(&(None, Reverse(0), None, false));
        let other_status = self.statuses.remove(&(None, Reverse(false), None));
        let other_progress = self.progress.remove(&(None, Reverse(false), None));
        let other = self.categories.iter().position(|row| &*row.cpc == "other");
        let other_category = other.map(|place| self.categories.remove(place));
        let convention_rows = complete(Convention::ALL, &self.conventions)
            .map_err(|key| missing(named("convention", key)))?;
        Ok(Profile {
            causes: Table::new(128, by(self.causes, |(key, ..)| key.map(usize::from))),
            other_cause: other_cause.ok_or_else(|| missing("`other` of causes".into()))?,
            statuses: Table::new(400, by(self.statuses, |(key, ..)| above(*key, FIRST_FINAL))),
            other_status: other_status.ok_or_else(|| missing("`other` of statuses".into()))?,
            failures: complete(Fault::ALL, &self.failures)
                .map_err(|key| missing(named("failure", key)))?,
            acm: backward(&self.backward, BackwardMessage::Acm, &ACM)
                .map_err(|is| missing(named("ACM", Some(is))))?,
            cpg: backward(&self.backward, BackwardMessage::Cpg, &CPG)
                .map_err(|is| missing(named("CPG", Some(is))))?,
            progress: Table::new(
                100,
                by(self.progress, |(key, ..)| above(*key, FIRST_PROVISIONAL)),
            ),
            other_progress: other_progress
                .ok_or_else(|| missing("`other` of provisional responses".into()))?,
            natures: complete(NatureKey::ALL, &self.natures)
                .map_err(|key| missing(named("nature of address", key)))?,
            numbers: complete(Country::ALL, &self.numbers)
                .map_err(|key| missing(named("form", key)))?,
            categories: self.categories,
            redirections: self.redirections,
            other_category: other_category
                .ok_or_else(|| missing("`other` of categories".into()))?,
            conventions: conventions(&convention_rows),
            convention_rows,
            name,
            title,
            inherits,
        })
    }
}

fn named(what: &str, key: Option<impl std::fmt::Display>) -> String {
    key.map_or_else(|| what.to_owned(), |key| format!("of {what} `{key}`"))
}

fn is<T>(key: Key<T>) -> Option<T> {
    match key {
        Key::Is(value) => Some(value),
        Key::Other => None,
    }
}

fn above(status: Option<u16>, first: u16) -> Option<usize> {
    status?.checked_sub(first).map(usize::from)
}

/// Rows with the number of their key; a conditional row of "other" has none and is left out.
fn by<K, R>(
    rows: BTreeMap<K, R>,
    number: impl Fn(&K) -> Option<usize>,
) -> impl Iterator<Item = (usize, R)> {
    rows.into_iter()
        .filter_map(move |(key, row)| Some((number(&key)?, row)))
}

/// One row for each of `N` keys, in their order; else the first key without one.
fn complete<K: Ord + Copy, R: Clone, const N: usize>(
    keys: &[K; N],
    rows: &BTreeMap<K, R>,
) -> Result<[R; N], Option<K>> {
    let mut found = Vec::with_capacity(N);
    for key in keys {
        found.push(rows.get(key).cloned().ok_or(Some(*key))?);
    }
    found.try_into().map_err(|_| None)
}

fn backward<const N: usize>(
    rows: &BTreeMap<(BackwardMessage, Says), BackwardRow>,
    message: BackwardMessage,
    keys: &[Says; N],
) -> Result<[BackwardRow; N], Says> {
    let mut found = Vec::with_capacity(N);
    for is in keys {
        found.push(rows.get(&(message, *is)).cloned().ok_or(*is)?);
    }
    found.try_into().map_err(|_| Says::Other)
}

/// The words of the conventions, which the check of the configuration has read.
fn conventions(rows: &[ConventionRow; Convention::COUNT]) -> Conventions {
    let word = |key: Convention| {
        let row = rows.iter().find(|row| row.key == key);
        row.map_or("", |row| &*row.value)
    };
    let yes = |key| word(key) == "yes";
    let location = |key| {
        word(key)
            .parse()
            .unwrap_or(Location::BeyondInterworkingPoint)
    };
    let told = word(Convention::Diversion);
    Conventions {
        reason: match word(Convention::Reason) {
            "without-isup" => ReasonSent::WithoutIsup,
            "never" => ReasonSent::Never,
            _ => ReasonSent::Always,
        },
        reason_received: match word(Convention::ReasonReceived) {
            "after-isup" => ReasonReceived::AfterIsup,
            "never" => ReasonReceived::Never,
            _ => ReasonReceived::BeforeIsup,
        },
        isup_unasked: yes(Convention::IsupUnasked),
        rel_in_response: yes(Convention::RelInResponse),
        location: location(Convention::Location),
        location_global: location(Convention::LocationGlobal),
        diversion: DiversionSent {
            diversion: matches!(told, "diversion" | "both"),
            history_info: matches!(told, "history-info" | "both"),
        },
        from_number: word(Convention::FromNumber) == "additional",
        early_media: yes(Convention::EarlyMedia),
        hop_factor: word(Convention::HopFactor).parse().unwrap_or(1),
    }
}
