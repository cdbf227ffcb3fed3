//! Where in a file a value stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The way from the root of a configuration to one value: keys, and places in arrays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Place(Vec<Segment>);

/// One step of a [`Place`].
#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Key(String),
    Index(usize),
}

/// A value of the file while it is walked: the root is a table that is not a [`DeValue`].
#[derive(Clone, Copy)]
enum Node<'a> {
    Table(&'a DeTable<'a>),
    Array(&'a [Spanned<DeValue<'a>>]),
    Leaf,
}

impl<'a> Node<'a> {
    fn of(value: &'a DeValue<'a>) -> Self {
        match value {
            DeValue::Table(table) => Self::Table(table),
            DeValue::Array(elements) => Self::Array(elements),
            _ => Self::Leaf,
        }
    }

    fn step(self, segment: &Segment) -> Option<&'a Spanned<DeValue<'a>>> {
        match (self, segment) {
            (Self::Table(table), Segment::Key(key)) => table.get(key.as_str()),
            (Self::Array(elements), Segment::Index(index)) => elements.get(*index),
            _ => None,
        }
    }

    /// What the table is called in the file by its own `name` or `number`.
    fn name(self) -> Option<&'a str> {
        let Self::Table(table) = self else {
            return None;
        };
        ["name", "number"]
            .iter()
            .find_map(|key| table.get(*key)?.get_ref().as_str())
    }
}

impl From<&serde_path_to_error::Path> for Place {
    fn from(path: &serde_path_to_error::Path) -> Self {
        use serde_path_to_error::Segment as Of;
        let segments = path.iter().filter_map(|segment| match segment {
            Of::Seq { index } => Some(Segment::Index(*index)),
            Of::Map { key } => Some(Segment::Key(key.clone())),
            Of::Enum { .. } | Of::Unknown => None,
        });
        Self(segments.collect())
    }
}

impl Place {
    /// The root.
    pub(super) fn root() -> Self {
        Self::default()
    }

    /// The value of `key` in the table here.
    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Segment::Key(key.to_owned()))
    }

    /// The value at `index` of the array here.
    pub(super) fn index(&self, index: usize) -> Self {
        self.with(Segment::Index(index))
    }

    fn with(&self, segment: Segment) -> Self {
        let mut segments = self.0.clone();
        segments.push(segment);
        Self(segments)
    }

    /// The octets of the file that hold the value; those of the nearest table around it when the
    /// file leaves the value out.
    pub(super) fn span<'a>(&self, root: &'a Spanned<DeTable<'a>>) -> Range<usize> {
        let mut span = root.span();
        let mut node = Node::Table(root.get_ref());
        for segment in &self.0 {
            let Some(value) = node.step(segment) else {
                break;
            };
            span = value.span();
            node = Node::of(value.get_ref());
        }
        span
    }

    /// The value, or the key, that these octets of the file are.
    pub(super) fn at<'a>(root: &'a Spanned<DeTable<'a>>, span: &Range<usize>) -> Option<Self> {
        Self::root().search(Node::Table(root.get_ref()), span)
    }

    fn search(&self, node: Node<'_>, span: &Range<usize>) -> Option<Self> {
        let visit = |place: Self, value: &Spanned<DeValue<'_>>| {
            if value.span() == *span {
                return Some(place);
            }
            place.search(Node::of(value.get_ref()), span)
        };
        match node {
            Node::Table(table) => table.iter().find_map(|(key, value)| {
                let place = self.key(key.get_ref());
                if key.span() == *span {
                    Some(place)
                } else {
                    visit(place, value)
                }
            }),
            Node::Array(elements) => elements
                .iter()
                .enumerate()
                .find_map(|(index, value)| visit(self.index(index), value)),
            Node::Leaf => None,
        }
    }

    /// Takes the value out of the file's table. True when it was there.
    pub(super) fn remove_from(&self, root: &mut DeTable<'_>) -> bool {
        let Some((Segment::Key(last), way)) = self.0.split_last() else {
            return false;
        };
        let mut table = root;
        let mut segments = way.iter();
        while let Some(Segment::Key(key)) = segments.next() {
            let Some(mut value) = table.get_mut(key.as_str()).map(Spanned::get_mut) else {
                return false;
            };
            if let DeValue::Array(elements) = value {
                let Some(Segment::Index(index)) = segments.next() else {
                    return false;
                };
                let Some(element) = elements.get_mut(*index) else {
                    return false;
                };
                value = element.get_mut();
            }
            let DeValue::Table(inner) = value else {
                return false;
            };
            table = inner;
        }
        table.remove(last.as_str()).is_some()
    }

    /// Without the last step.
    pub(super) fn parent(&self) -> Self {
        Self(
            self.0
                .split_last()
                .map(|(_, way)| way.to_vec())
                .unwrap_or_default(),
        )
    }

    /// The first step alone.
    pub(super) fn section(&self) -> Self {
        Self(self.0.iter().take(1).cloned().collect())
    }

    /// The last key on the way.
    pub(super) fn last_key(&self) -> &str {
        let key = self.0.iter().rev().find_map(|segment| match segment {
            Segment::Key(key) => Some(key.as_str()),
            Segment::Index(_) => None,
        });
        key.unwrap_or_default()
    }

    /// The innermost table on the way, in the file's own words: ``[sip]``,
    /// ``[[trunk_group]] `berlin` ``.
    pub(super) fn table<'a>(&self, root: &'a Spanned<DeTable<'a>>) -> String {
        let mut title = String::new();
        let mut table = "the file".to_owned();
        let mut node = Node::Table(root.get_ref());
        for segment in &self.0 {
            let Some(value) = node.step(segment) else {
                break;
            };
            node = Node::of(value.get_ref());
            if let Segment::Key(key) = segment {
                let dot = if title.is_empty() { "" } else { "." };
                title = format!("{title}{dot}{key}");
            }
            match (node, segment, node.name()) {
                (Node::Table(_), Segment::Key(_), _) => table = format!("[{title}]"),
                (Node::Table(_), Segment::Index(_), None) => table = format!("[[{title}]]"),
                (Node::Table(_), Segment::Index(_), Some(name)) => {
                    table = format!("[[{title}]] `{name}`");
                }
                _ => {}
            }
        }
        table
    }

    /// The environment variable that overrides the value: `ISTHMUS__SIP__LISTEN`.
    pub(super) fn variable(&self, prefix: &str) -> String {
        self.0
            .iter()
            .fold(prefix.to_owned(), |name, segment| match segment {
                Segment::Key(key) => format!("{name}__{}", key.to_uppercase()),
                Segment::Index(index) => format!("{name}__{index}"),
            })
    }
}
