//! `[media]`: the threads that move the lines.

use serde::Deserialize;

/// `[media]`: the threads that move the lines.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Media {
    /// How many threads share the spans; one for each core when absent. Never more than spans.
    pub threads: Option<u16>,
    /// Keep each thread on a core of its own.
    pub pin: bool,
    /// Real-time priority (`SCHED_FIFO`), 1 to 99, where the system allows it; 0 for none.
    pub priority: u8,
}

impl Default for Media {
    fn default() -> Self {
        Self {
            threads: None,
            pin: true,
            priority: 10,
        }
    }
}

impl Media {
    /// How many threads share so many spans on so many cores: at least one.
    #[must_use]
    pub fn threads(&self, spans: usize, cores: usize) -> usize {
        let wanted = self.threads.map_or(cores, usize::from);
        wanted.min(spans).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_one_a_core_and_never_more_than_spans() {
        let media = Media::default();
        assert_eq!(media.threads(8, 2), 2);
        assert_eq!(media.threads(1, 4), 1);
        assert_eq!(media.threads(0, 4), 1);
        let media = Media {
            threads: Some(3),
            ..Media::default()
        };
        assert_eq!(media.threads(8, 2), 3);
    }
}
