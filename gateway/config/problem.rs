//! What is wrong in a configuration, and where: drawn by `miette`, readable by a program.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// A configuration that was refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file was read and is wrong.
    #[error("{} in {file}", count(.problems))]
    Problems {
        /// The file.
        file: String,
        /// What is wrong with it, at least one.
        problems: Vec<Problem>,
    },
}

fn count(problems: &[Problem]) -> String {
    match problems {
        [_] => "one problem".to_owned(),
        problems => format!("{} problems", problems.len()),
    }
}

impl Refusal {
    /// What is wrong with the file; empty when it could not be read.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Read { .. } => &[],
            Self::Problems { problems, .. } => problems,
        }
    }
}

/// One thing wrong in a configuration: where, what was found, and what was expected.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Problem {
    message: String,
    found: String,
    expected: String,
    text: Source,
    at: Option<Range<usize>>,
    others: Vec<(Range<usize>, String)>,
    suggestion: Option<String>,
}

/// Lines between two places that one picture still shows well.
const NEAR: usize = 8;

/// The text that was read, under the name it was read by.
#[derive(Debug, Clone)]
pub(super) struct Source(Arc<NamedSource<String>>);

impl Source {
    pub(super) fn new(file: &str, text: &str) -> Self {
        Self(Arc::new(
            NamedSource::new(file, text.to_owned()).with_language("toml"),
        ))
    }

    pub(super) fn file(&self) -> &str {
        self.0.name()
    }

    pub(super) fn text(&self) -> &str {
        self.0.inner()
    }

    /// Line and column, from 1, the column in characters.
    fn position(&self, span: &Range<usize>) -> (usize, usize) {
        let before = self.text().get(..span.start).unwrap_or_default();
        let line = before.rsplit('\n').next().unwrap_or_default();
        (before.matches('\n').count() + 1, line.chars().count() + 1)
    }

    /// The octets as they stand in the file, cut to one short line.
    pub(super) fn excerpt(&self, span: &Range<usize>) -> String {
        let text = self.text().get(span.clone()).unwrap_or_default();
        let line = text.lines().next().unwrap_or_default();
        let short: String = line.chars().take(60).collect();
        match short.len() == text.len() {
            true => short,
            false => format!("{short} ..."),
        }
    }
}

impl Problem {
    pub(super) fn new(
        source: &Source,
        at: Option<Range<usize>>,
        message: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            message: message.into(),
            found: found.into(),
            expected: expected.into(),
            text: source.clone(),
            at,
            others: Vec::new(),
            suggestion: None,
        }
    }

    pub(super) fn with_other(mut self, at: Range<usize>, label: impl Into<String>) -> Self {
        self.others.push((at, label.into()));
        self
    }

    pub(super) fn with_suggestion(mut self, suggestion: Option<String>) -> Self {
        self.suggestion = suggestion;
        self
    }

    /// The file, or the name that stood for it.
    #[must_use]
    pub fn file(&self) -> &str {
        self.text.file()
    }

    /// Line and column of the place, from 1, the column in characters; `None` when the value came
    /// from the environment.
    #[must_use]
    pub fn position(&self) -> Option<(usize, usize)> {
        self.at.as_ref().map(|at| self.text.position(at))
    }

    /// Whether another place can be drawn in one picture with this one.
    fn is_near(&self, other: &Range<usize>) -> bool {
        let line = self.text.position(other).0;
        self.position()
            .is_some_and(|(mine, _)| mine.abs_diff(line) <= NEAR)
    }

    /// What stands there.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }

    /// What should have stood there.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// The word that was probably meant.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl Diagnostic for Problem {
    fn help<'a>(&'a self) -> Option<Box<dyn std::fmt::Display + 'a>> {
        let mut help = format!("expected {}", self.expected);
        if let Some(word) = &self.suggestion {
            help.push_str(&format!("\ndid you mean `{word}`?"));
        }
        for (span, label) in self.others.iter().filter(|(span, _)| !self.is_near(span)) {
            let (line, column) = self.text.position(span);
            help.push_str(&format!("\n{}:{line}:{column}: {label}", self.file()));
        }
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.at.as_ref().map(|_| &*self.text.0 as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let at = self.at.clone()?;
        let label = |text: &str, span: &Range<usize>| (Some(text.to_owned()), span.clone());
        let (text, span) = label(&format!("found {}", self.found), &at);
        let first = LabeledSpan::new_primary_with_span(text, span);
        let near = self.others.iter().filter(|(span, _)| self.is_near(span));
        let others = near.map(move |(span, text)| {
            let (text, span) = label(text, span);
            LabeledSpan::new_with_span(text, span)
        });
        Some(Box::new(std::iter::once(first).chain(others)))
    }
}

/// The one of `words` that `word` was probably meant to be.
pub(crate) fn nearest<'a>(word: &str, words: impl Iterator<Item = &'a str>) -> Option<String> {
    words
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.to_owned())
}
