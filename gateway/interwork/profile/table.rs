//! Rows by a small number: one look into an array finds all rows of a key.

/// Rows sorted by key, and where those of each key begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table<R> {
    rows: Vec<R>,
    /// For each key the place of its first row; one more at the end.
    starts: Vec<u16>,
}

impl<R> Table<R> {
    /// A table of keys below `keys` from rows in ascending order of their key; what has a greater
    /// key is left out.
    pub(super) fn new(keys: usize, sorted: impl Iterator<Item = (usize, R)>) -> Self {
        let mut rows = Vec::new();
        let mut starts = vec![0];
        for (key, row) in sorted.filter(|(key, _)| *key < keys) {
            while starts.len() <= key {
                starts.push(place(rows.len()));
            }
            rows.push(row);
        }
        starts.resize(keys + 1, place(rows.len()));
        Self { rows, starts }
    }

    /// The rows of a key; none for a key that is too great.
    pub(super) fn of(&self, key: usize) -> &[R] {
        let start = self.starts.get(key).copied().map(usize::from);
        let end = self.starts.get(key + 1).copied().map(usize::from);
        let range = start.zip(end).map(|(start, end)| start..end);
        range
            .and_then(|range| self.rows.get(range))
            .unwrap_or_default()
    }

    /// All rows by key.
    pub(super) fn rows(&self) -> &[R] {
        &self.rows
    }
}

fn place(rows: usize) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_key_and_nothing_else() {
        let table = Table::new(6, [(1, 'a'), (1, 'b'), (4, 'c'), (9, 'x')].into_iter());
        assert_eq!(table.of(1), ['a', 'b']);
        assert_eq!(table.of(4), ['c']);
        for key in [0, 2, 3, 5, 6, 9, usize::MAX - 1] {
            assert!(table.of(key).is_empty(), "{key}");
        }
        assert_eq!(table.rows(), ['a', 'b', 'c']);
    }
}
