//! Events that wait for the caller, counted as they happen.

use std::collections::VecDeque;

use tdm::{SpanCounters, SpanEvent};

/// Events that can wait. A caller that never polls loses the oldest; the counters miss none.
const ROOM: usize = 256;

#[derive(Debug, Default)]
pub(crate) struct Events {
    waiting: VecDeque<SpanEvent>,
    pub(crate) counters: SpanCounters,
}

impl Events {
    pub(crate) fn push(&mut self, event: SpanEvent) {
        self.counters.count(event);
        if self.waiting.len() == ROOM {
            self.waiting.pop_front();
        }
        self.waiting.push_back(event);
    }

    pub(crate) fn pop(&mut self) -> Option<SpanEvent> {
        self.waiting.pop_front()
    }
}
