//! A profile is the interworking tables of one standard, operator or peer, as data.
//!
//! RFC 3398 and Q.1912.5 disagree on purpose and operators disagree with both, so no mapping
//! stands in code: every one is a row of a file in `config/profiles`, or of `[[profile]]` in the
//! configuration, with the clause that it comes from. A [`Profile`] is such a file and those that
//! it inherits, compiled into arrays; [`Profiles`] are all of a configuration, by trunk.
//!
//! Which one a call goes by: that of its SIP trunk where the trunk names one, else that of its
//! trunk group; before a trunk group is chosen, and without either, `rfc3398`.

mod compile;
mod row;
mod set;
mod table;

use std::sync::Arc;

use isup::{CallingPartysCategory, Cause, NatureOfAddress, RedirectingReason};

pub use self::compile::Missing;
pub use self::row::{
    BackwardRow, CategoryRow, CauseRow, ConventionRow, Conventions, DiversionSent, FailureRow,
    NatureRow, NumberRow, Origin, ProgressRow, ReasonReceived, ReasonSent, RedirectionRow,
    StatusRow,
};
pub use self::set::{ProfileError, Profiles, builtin, builtin_names};
use self::table::Table;
pub use crate::config::profile::{
    BackwardMessage, Convention, Country, Diagnostics, Fault, Form, Key, NatureKey, Says,
};

/// The profile of trunks that name none.
pub const DEFAULT: &str = "rfc3398";

/// First status of the table of final responses.
const FIRST_FINAL: u16 = 300;
/// First status of the table of provisional responses.
const FIRST_PROVISIONAL: u16 = 100;

/// The tables of one standard, operator or peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    name: Arc<str>,
    title: Arc<str>,
    /// Whose rows hold where it has none, nearest first.
    inherits: Vec<Arc<str>>,
    causes: Table<CauseRow>,
    other_cause: CauseRow,
    statuses: Table<StatusRow>,
    other_status: StatusRow,
    failures: [FailureRow; Fault::COUNT],
    acm: [BackwardRow; ACM.len()],
    cpg: [BackwardRow; CPG.len()],
    progress: Table<ProgressRow>,
    other_progress: ProgressRow,
    natures: [NatureRow; NatureKey::COUNT],
    numbers: [NumberRow; Country::COUNT],
    categories: Vec<CategoryRow>,
    other_category: CategoryRow,
    redirections: Vec<RedirectionRow>,
    convention_rows: [ConventionRow; Convention::COUNT],
    conventions: Conventions,
}

/// What an ACM may say, in the order that it is asked.
pub(crate) const ACM: [Says; 5] = [
    Says::Cause,
    Says::InBand,
    Says::Interworking,
    Says::SubscriberFree,
    Says::NoIndication,
];
/// What a CPG may say.
pub(crate) const CPG: [Says; 7] = [
    Says::Alerting,
    Says::Progress,
    Says::InBand,
    Says::ForwardedBusy,
    Says::ForwardedNoReply,
    Says::ForwardedUnconditional,
    Says::Other,
];

impl Profile {
    /// The name that trunks use.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What it is, in a few words.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The profiles whose rows hold where it has none, nearest first.
    #[must_use]
    pub fn inherits(&self) -> &[Arc<str>] {
        &self.inherits
    }

    /// The row for a cause: the most particular one that holds, that of "other" without any.
    #[must_use]
    pub fn cause(&self, cause: &Cause) -> &CauseRow {
        let rows = self.causes.of(cause.value.into());
        let found = rows.iter().find(|row| row.holds(cause));
        found.unwrap_or(&self.other_cause)
    }

    /// The row for a final response with the code of its Warning header field.
    #[must_use]
    pub fn status(&self, status: u16, warning: Option<u16>) -> &StatusRow {
        let rows = self.statuses.of(offset(status, FIRST_FINAL));
        let holds = |row: &&StatusRow| row.warning.is_none() || row.warning == warning;
        rows.iter().find(holds).unwrap_or(&self.other_status)
    }

    /// The row for a failure of the gateway's own.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "there is a row for each fault, in their order"
    )]
    pub fn failure(&self, fault: Fault) -> &FailureRow {
        &self.failures[fault as usize]
    }

    /// The row for an ACM: the first of what it says, in the order of [`Says`].
    #[must_use]
    pub fn acm(&self, says: impl Fn(Says) -> bool) -> &BackwardRow {
        let [.., last] = &self.acm;
        self.acm.iter().find(|row| says(row.is)).unwrap_or(last)
    }

    /// The row for a CPG that says this.
    #[must_use]
    pub fn cpg(&self, says: Says) -> &BackwardRow {
        let [.., other] = &self.cpg;
        self.cpg.iter().find(|row| row.is == says).unwrap_or(other)
    }

    /// The row for a provisional response, with SDP or without.
    #[must_use]
    pub fn progress(&self, status: u16, media: bool) -> &ProgressRow {
        let rows = self.progress.of(offset(status, FIRST_PROVISIONAL));
        let holds = |row: &&ProgressRow| row.media.is_none_or(|wanted| wanted == media);
        rows.iter().find(holds).unwrap_or(&self.other_progress)
    }

    /// The row for a nature of address.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "there is a row for each key, in their order"
    )]
    pub fn nature(&self, nature: NatureOfAddress) -> &NatureRow {
        &self.natures[NatureKey::of(nature) as usize]
    }

    /// The row for a number with `+`.
    #[must_use]
    #[expect(
        clippy::indexing_slicing,
        reason = "there is a row for each form, in their order"
    )]
    pub fn number(&self, form: Country) -> &NumberRow {
        &self.numbers[form as usize]
    }

    /// The row for a `cpc`, compared without case.
    #[must_use]
    pub fn category_of(&self, cpc: &str) -> Option<&CategoryRow> {
        let mut rows = self.categories.iter();
        rows.find(|row| row.cpc.eq_ignore_ascii_case(cpc))
    }

    /// The row that tells a category by `cpc`.
    #[must_use]
    pub fn category(&self, code: CallingPartysCategory) -> Option<&CategoryRow> {
        self.categories.iter().find(|row| row.code == code)
    }

    /// The category of a caller of whom SIP says nothing, or nothing that has a row.
    #[must_use]
    pub fn other_category(&self) -> &CategoryRow {
        &self.other_category
    }

    /// The row that tells a redirecting reason.
    #[must_use]
    pub fn redirection(&self, reason: RedirectingReason) -> Option<&RedirectionRow> {
        self.redirections.iter().find(|row| row.reason == reason)
    }

    /// The row for the reason of a Diversion field, compared without case.
    #[must_use]
    pub fn redirection_of_word(&self, word: &str) -> Option<&RedirectionRow> {
        let mut rows = self.redirections.iter();
        rows.find(|row| row.diversion.eq_ignore_ascii_case(word))
    }

    /// The row for the `cause` of a History-Info entry.
    #[must_use]
    pub fn redirection_of_cause(&self, cause: u16) -> Option<&RedirectionRow> {
        self.redirections.iter().find(|row| row.cause == cause)
    }

    /// The conventions, decoded.
    #[must_use]
    pub fn conventions(&self) -> &Conventions {
        &self.conventions
    }

    /// All rows of causes, by value, those with conditions first; "other" last.
    pub fn causes(&self) -> impl Iterator<Item = &CauseRow> {
        self.causes.rows().iter().chain([&self.other_cause])
    }

    /// All rows of a cause value; that of "other" when it has none without a condition.
    pub fn causes_of(&self, value: u8) -> impl Iterator<Item = &CauseRow> {
        let rows = self.causes.of(value.into());
        let conditional = |row: &CauseRow| row.location.is_some() || row.diagnostics.is_some();
        let other = rows.iter().all(conditional).then_some(&self.other_cause);
        rows.iter().chain(other)
    }

    /// All rows of final responses, by status; "other" last.
    pub fn statuses(&self) -> impl Iterator<Item = &StatusRow> {
        self.statuses.rows().iter().chain([&self.other_status])
    }

    /// All rows of a final response; that of "other" when it has none without a condition.
    pub fn statuses_of(&self, status: u16) -> impl Iterator<Item = &StatusRow> {
        let rows = self.statuses.of(offset(status, FIRST_FINAL));
        let other = rows.iter().all(|row| row.warning.is_some());
        rows.iter().chain(other.then_some(&self.other_status))
    }

    /// All rows of failures.
    pub fn failures(&self) -> impl Iterator<Item = &FailureRow> {
        self.failures.iter()
    }

    /// All rows of ACM and CPG.
    pub fn backward(&self) -> impl Iterator<Item = &BackwardRow> {
        self.acm.iter().chain(&self.cpg)
    }

    /// All rows of provisional responses; "other" last.
    pub fn progresses(&self) -> impl Iterator<Item = &ProgressRow> {
        self.progress.rows().iter().chain([&self.other_progress])
    }

    /// All rows of natures of address.
    pub fn natures(&self) -> impl Iterator<Item = &NatureRow> {
        self.natures.iter()
    }

    /// All rows of numbers with `+`.
    pub fn numbers(&self) -> impl Iterator<Item = &NumberRow> {
        self.numbers.iter()
    }

    /// All rows of categories; "other" last.
    pub fn categories(&self) -> impl Iterator<Item = &CategoryRow> {
        self.categories.iter().chain([&self.other_category])
    }

    /// All rows of redirections.
    pub fn redirections(&self) -> impl Iterator<Item = &RedirectionRow> {
        self.redirections.iter()
    }

    /// All conventions.
    pub fn convention_rows(&self) -> impl Iterator<Item = &ConventionRow> {
        self.convention_rows.iter()
    }
}

fn offset(status: u16, first: u16) -> usize {
    status
        .checked_sub(first)
        .map_or(usize::from(u16::MAX), usize::from)
}

/// `rfc3398`, for tests that need any profile.
#[cfg(test)]
pub(crate) static RFC3398: std::sync::LazyLock<Profile> =
    std::sync::LazyLock::new(|| Profile::clone(builtin().unwrap().get(DEFAULT).unwrap()));

/// `q1912-5`, for tests.
#[cfg(test)]
pub(crate) static Q1912_5: std::sync::LazyLock<Profile> =
    std::sync::LazyLock::new(|| Profile::clone(builtin().unwrap().get("q1912-5").unwrap()));
