//! Which call a Call-ID belongs to, for ladders: those of calls that are over are remembered for
//! a while, because SIP has late words (the ACK of a refusal, repetitions).

use std::collections::{BTreeMap, VecDeque};

use crate::call::CallId;

/// Calls that are over and still remembered.
const REMEMBERED: usize = 256;

/// The Call-IDs of the calls; one call has several when several trunks were tried.
#[derive(Debug, Default)]
pub(super) struct CallIds {
    calls: BTreeMap<String, CallId>,
    ids: BTreeMap<CallId, Vec<String>>,
    over: VecDeque<CallId>,
}

impl CallIds {
    pub(super) fn insert(&mut self, call_id: String, call: CallId) {
        self.ids.entry(call).or_default().push(call_id.clone());
        self.calls.insert(call_id, call);
    }

    pub(super) fn get(&self, call_id: &str) -> Option<CallId> {
        self.calls.get(call_id).copied()
    }

    /// The call is over: its Call-IDs are forgotten when that many others have ended too.
    pub(super) fn over(&mut self, call: CallId) {
        if !self.ids.contains_key(&call) {
            return;
        }
        self.over.push_back(call);
        if self.over.len() <= REMEMBERED {
            return;
        }
        if let Some(oldest) = self.over.pop_front() {
            for id in self.ids.remove(&oldest).unwrap_or_default() {
                // A peer may have used it again.
                if self.calls.get(&id) == Some(&oldest) {
                    self.calls.remove(&id);
                }
            }
        }
    }

    /// Calls remembered that are not over.
    pub(super) fn open(&self) -> usize {
        self.ids.len() - self.over.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_is_over_is_remembered_for_a_while_and_then_forgotten() {
        let mut ids = CallIds::default();
        ids.insert("open".to_owned(), CallId(0));
        let count = REMEMBERED as u64 + 1;
        for call in 1..=count {
            ids.insert(format!("a{call}"), CallId(call));
            ids.insert(format!("b{call}"), CallId(call));
            ids.over(CallId(call));
            assert_eq!(ids.open(), 1);
        }
        assert_eq!((ids.get("a1"), ids.get("b1")), (None, None));
        assert_eq!(ids.get("a2"), Some(CallId(2)));
        assert_eq!(ids.get("open"), Some(CallId(0)));
        assert_eq!(
            (ids.ids.len(), ids.calls.len()),
            (REMEMBERED + 1, 2 * REMEMBERED + 1)
        );
    }
}
