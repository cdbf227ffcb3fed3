//! State x event tables as text, for reviewed files.

use std::fmt::{Debug, Write};

/// One block per state: each event that does something, where it leads and what is done.
pub(crate) fn table<S: Clone + PartialEq, E: Clone + Debug, A: Debug>(
    states: &[S],
    events: &[E],
    name: impl Fn(&S) -> String,
    step: impl Fn(S, E) -> (S, Vec<A>),
) -> String {
    labelled_table(states, events, name, |event| format!("{event:?}"), step)
}

/// The same, with events called by `label`.
pub(crate) fn labelled_table<S: Clone + PartialEq, E: Clone, A: Debug>(
    states: &[S],
    events: &[E],
    name: impl Fn(&S) -> String,
    label: impl Fn(&E) -> String,
    step: impl Fn(S, E) -> (S, Vec<A>),
) -> String {
    let mut text = String::new();
    for state in states {
        writeln!(text, "{}", name(state)).unwrap();
        let mut ignored = Vec::new();
        for event in events {
            let (next, actions) = step(state.clone(), event.clone());
            if next == *state && actions.is_empty() {
                ignored.push(label(event));
                continue;
            }
            let next = if next == *state {
                "(same)".to_owned()
            } else {
                name(&next)
            };
            writeln!(text, "  {} -> {next}", label(event)).unwrap();
            for action in actions {
                writeln!(text, "      {action:?}").unwrap();
            }
        }
        if !ignored.is_empty() {
            writeln!(text, "  ignored: {}", ignored.join(", ")).unwrap();
        }
        text.push('\n');
    }
    text
}
