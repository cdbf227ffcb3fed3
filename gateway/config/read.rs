//! Reading a configuration: the file, then the environment, then what a type cannot say.
//!
//! `toml` reads the file first, because it alone knows lines and columns; the `config` crate then
//! lays the environment over it. The file must be right by itself.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::DeTable;

use super::place::Place;
use super::problem::{Problem, Refusal, Source, nearest};

/// Environment variables that override the file begin with this and two underscores.
pub(super) const PREFIX: &str = "ISTHMUS";

/// Variables of an environment by name.
pub type Environment = BTreeMap<String, String>;

/// The variables of this process that override a configuration.
#[must_use]
pub fn process_environment() -> Environment {
    let start = format!("{PREFIX}__");
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with(&start))
        .collect()
}

/// Something that a type cannot say, found by a check of the whole.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) place: Place,
    pub(super) message: String,
    /// What is there; the text of the file at `place` when absent.
    pub(super) found: Option<String>,
    pub(super) expected: String,
    pub(super) suggestion: Option<String>,
    pub(super) others: Vec<(Place, String)>,
}

/// What checks of the whole found.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    /// In the file itself.
    here: Vec<Complaint>,
    /// In files that it names.
    pub(super) elsewhere: Vec<Problem>,
}

impl Complaints {
    /// Nothing is wrong so far.
    pub(super) fn is_empty(&self) -> bool {
        self.here.is_empty() && self.elsewhere.is_empty()
    }

    /// The value at `place` is wrong.
    pub(super) fn add(
        &mut self,
        place: Place,
        message: impl Into<String>,
        expected: impl Into<String>,
    ) -> &mut Complaint {
        self.here.push(Complaint {
            place,
            message: message.into(),
            found: None,
            expected: expected.into(),
            suggestion: None,
            others: Vec::new(),
        });
        let last = self.here.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "one was pushed just now")]
        &mut self.here[last]
    }

    /// A name stands for nothing.
    pub(super) fn dangling<'a>(
        &mut self,
        place: Place,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'a str> + Clone,
    ) {
        let mut list: Vec<String> = known.clone().map(|name| format!("`{name}`")).collect();
        list.sort();
        list.dedup();
        let expected = match list.as_slice() {
            [] => format!("the name of a {what}, and the file has none"),
            [one] => format!("the name of a {what}: {one}"),
            list => format!("the name of a {what}, one of {}", list.join(", ")),
        };
        let complaint = self.add(place, format!("there is no {what} `{name}`"), expected);
        complaint.suggestion = nearest(name, known);
    }
}

/// Reads a file, lays the environment over it and checks the whole.
pub(super) fn load<T: DeserializeOwned>(
    path: &Path,
    environment: &Environment,
    check: impl FnOnce(&mut T, &mut Complaints),
) -> Result<T, Refusal> {
    let text = std::fs::read_to_string(path).map_err(|source| Refusal::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&path.to_string_lossy(), &text, environment, check)
}

/// [`load`] for text that came from elsewhere; `file` is what problems call it.
pub(super) fn parse<T: DeserializeOwned>(
    file: &str,
    text: &str,
    environment: &Environment,
    check: impl FnOnce(&mut T, &mut Complaints),
) -> Result<T, Refusal> {
    let source = Source::new(file, text);
    let refuse = |problems| Refusal::Problems {
        file: file.to_owned(),
        problems,
    };
    let root = DeTable::parse(text).map_err(|error| {
        let at = error.span().unwrap_or_default();
        refuse(vec![syntax(&source, &at, error.message())])
    })?;
    let mut value: T = typed(&source, &root).map_err(refuse)?;
    if !environment.is_empty() {
        value = overlaid(&source, environment).map_err(|problem| refuse(vec![*problem]))?;
    }
    let mut complaints = Complaints::default();
    check(&mut value, &mut complaints);
    let Complaints { here, elsewhere } = complaints;
    if here.is_empty() && elsewhere.is_empty() {
        return Ok(value);
    }
    let here = here
        .into_iter()
        .map(|complaint| explain(&source, &root, environment, complaint));
    Err(refuse(here.chain(elsewhere).collect()))
}

/// The file's table as the type. Unknown keys are taken out one by one so that each is told;
/// after any other problem the rest of its section could only be guessed, and is left out.
fn typed<T: DeserializeOwned>(
    source: &Source,
    root: &Spanned<DeTable<'_>>,
) -> Result<T, Vec<Problem>> {
    let mut remaining = root.clone();
    let mut problems = Vec::new();
    loop {
        let deserializer = toml::Deserializer::from(remaining.clone());
        let error = match serde_path_to_error::deserialize(deserializer) {
            Ok(value) if problems.is_empty() => return Ok(value),
            Ok(_) => return Err(problems),
            Err(error) => error,
        };
        let message = error.inner().message();
        let is_unknown_key = message.starts_with("unknown field");
        let of_key = error.inner().span().and_then(|span| Place::at(root, &span));
        let of_value = Place::from(error.path());
        let place = of_key.filter(|_| is_unknown_key).unwrap_or(of_value);
        let at = match error.inner().span() {
            Some(span) if is_unknown_key => span,
            _ => place.span(root),
        };
        problems.push(
            Complain {
                source,
                root,
                at: &at,
                place: &place,
            }
            .about(message),
        );
        let guilty = if is_unknown_key {
            place
        } else {
            place.section()
        };
        if !guilty.remove_from(remaining.get_mut()) {
            return Err(problems);
        }
    }
}

/// The file with the environment laid over it.
fn overlaid<T: DeserializeOwned>(
    source: &Source,
    environment: &Environment,
) -> Result<T, Box<Problem>> {
    let variables = environment
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()));
    let overrides = config::Environment::with_prefix(PREFIX)
        .separator("__")
        .source(Some(variables.collect()));
    let built = config::Config::builder()
        .add_source(config::File::from_str(
            source.text(),
            config::FileFormat::Toml,
        ))
        .add_source(overrides)
        .build();
    let refused = |message: String, path: &str| {
        let guilty = |variable: &str| variable.eq_ignore_ascii_case(&variable_of(path));
        let found = environment.iter().find(|(name, _)| guilty(name));
        let found = match found {
            Some((name, value)) => format!("{name}={value}"),
            None => environment
                .keys()
                .map(String::as_str)
                .collect::<Vec<_>>()
                .join(", "),
        };
        let (what, expected) = message.split_once(", expected ").unwrap_or((&message, ""));
        let expected = spelled_out(what, expected);
        Box::new(Problem::new(
            source,
            None,
            format!("{found}: {message}"),
            found,
            expected,
        ))
    };
    let built = built.map_err(|error| refused(error.to_string(), ""))?;
    serde_path_to_error::deserialize(built)
        .map_err(|error| refused(error.inner().to_string(), &error.path().to_string()))
}

fn variable_of(path: &str) -> String {
    path.split('.')
        .fold(PREFIX.to_owned(), |name, key| format!("{name}__{key}"))
}

fn syntax(source: &Source, at: &Range<usize>, message: &str) -> Problem {
    let (what, expected) = message
        .split_once(", expected ")
        .unwrap_or((message, "TOML"));
    let expected = if what == "duplicate key" {
        "each key once"
    } else {
        expected
    };
    let found = match source.excerpt(at).as_str() {
        "" => "nothing".to_owned(),
        text => format!("`{text}`"),
    };
    Problem::new(source, Some(at.clone()), what, found, expected)
}

/// The check's complaint, at its place in the file or in the environment.
fn explain(
    source: &Source,
    root: &Spanned<DeTable<'_>>,
    environment: &Environment,
    complaint: Complaint,
) -> Problem {
    let variable = complaint.place.variable(PREFIX);
    let overriding = environment
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(&variable));
    if let Some((name, value)) = overriding {
        let found = format!("{name}={value}");
        let message = format!("{}: {name}={value}", complaint.message);
        return Problem::new(source, None, message, found, complaint.expected);
    }
    let at = complaint.place.span(root);
    let found = complaint.found.unwrap_or_else(|| source.excerpt(&at));
    let problem = Problem::new(
        source,
        Some(at),
        complaint.message,
        found,
        complaint.expected,
    );
    complaint
        .others
        .into_iter()
        .fold(problem, |problem, (place, label)| {
            problem.with_other(place.span(root), label)
        })
        .with_suggestion(complaint.suggestion)
}

/// A problem of the first pass: what serde says, in the words of the file.
struct Complain<'a> {
    source: &'a Source,
    root: &'a Spanned<DeTable<'a>>,
    at: &'a Range<usize>,
    place: &'a Place,
}

impl Complain<'_> {
    fn about(&self, message: &str) -> Problem {
        let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
        let key = self.place.last_key();
        let table = self.place.table(self.root);
        if what.starts_with("unknown field") {
            let table = self.place.parent().table(self.root);
            let words = quoted(expected);
            let message = format!("unknown key `{key}` in {table}");
            let expected = match words.is_empty() {
                true => "no key at all".to_owned(),
                false => format!("one of: {}", words.join(", ")),
            };
            return self
                .problem(message, format!("`{key}`"), expected)
                .with_suggestion(nearest(key, words.into_iter()));
        }
        if let Some(missing) = what.strip_prefix("missing field ") {
            let (missing, by) = missing.split_once(", needed by ").unwrap_or((missing, ""));
            let reason = if by.is_empty() {
                String::new()
            } else {
                format!(", needed by {by}")
            };
            let message = format!("key {missing} is missing in {table}{reason}");
            return self.problem(message, table.clone(), format!("key {missing} in it"));
        }
        if what.starts_with("unknown variant") {
            let words = quoted(expected);
            let found = self.source.excerpt(self.at);
            let meant = nearest(found.trim_matches(['"', '\'']), words.iter().copied());
            let message = format!("wrong value for `{key}` in {table}");
            let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            let expected = words.join(" or ");
            return self
                .problem(message, found, expected)
                .with_suggestion(meant);
        }
        let is_of_serde = what.starts_with("invalid ");
        let message = match is_of_serde {
            true => format!("wrong value for `{key}` in {table}"),
            false => format!("{what} in {table}"),
        };
        self.problem(
            message,
            self.source.excerpt(self.at),
            spelled_out(what, expected),
        )
    }

    fn problem(&self, message: String, found: String, expected: String) -> Problem {
        Problem::new(self.source, Some(self.at.clone()), message, found, expected)
    }
}

/// The words between backquotes.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What was expected, without Rust's names of types; serde's message is cut in two at the word.
fn spelled_out(what: &str, expected: &str) -> String {
    match expected {
        "" => address(what).unwrap_or("a value without this fault"),
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" | "u64" | "usize" => "a whole number, 0 or more",
        "a boolean" => "true or false",
        "a string" => "text in quotes",
        "path string" => "a path in quotes",
        "a sequence" => "a list, as [\"a\", \"b\"]",
        "a map" => "a table",
        structure if structure.starts_with("struct ") => "a table",
        other => other,
    }
    .to_owned()
}

/// The types of the standard library that do not say what they expect.
fn address(what: &str) -> Option<&'static str> {
    match what {
        _ if what.contains("invalid socket address syntax") => {
            Some("an IP address and port, such as \"127.0.0.1:5060\"")
        }
        _ if what.contains("invalid IP address syntax") => {
            Some("an IP address, such as \"127.0.0.1\"")
        }
        _ if what.starts_with("point code") => {
            Some("a point code: \"2-10-5\" (ITU), \"250-3-17\" (ANSI), or a number such as 4178")
        }
        _ => None,
    }
}
