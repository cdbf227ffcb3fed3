//! A message that was too long comes in two: the second part is SGM (simple segmentation,
//! Q.764 §2.1.12; SSCI of its SDL).
//!
//! The first part is held until SGM comes or T34 ends, and steps the circuit only then. Nothing
//! overtakes it: what else arrives shows that no SGM follows.

use crate::{
    circuit::{Action, Circuit, CircuitAlert, Event, Request, Timer},
    message::{Message, MessageType},
    parameter::{
        ParameterCode,
        call::{OptionalBackwardCallIndicators, OptionalForwardCallIndicators},
    },
};

impl Circuit {
    /// What the circuit steps on now; `None` when it waits for the second part.
    pub(super) fn reassemble(&mut self, event: Event, actions: &mut Vec<Action>) -> Option<Event> {
        match event {
            Event::Message(segment) if segment.message_type() == MessageType::Sgm => {
                let Some(first) = self.first_part.take() else {
                    actions.push(Action::Alert(CircuitAlert::Discarded(MessageType::Sgm)));
                    return None;
                };
                actions.push(Action::Stop(Timer::T34));
                Some(Event::Message(join(first, &segment)))
            }
            Event::Expired(Timer::T34) => {
                let first = self.first_part.take()?;
                actions.push(Action::Alert(CircuitAlert::NoAnswer(Timer::T34)));
                Some(Event::Message(whole(first)))
            }
            // Call control goes on with what it knows.
            Event::Request(
                Request::Setup(_)
                | Request::Send(_)
                | Request::Checked(_)
                | Request::Block
                | Request::Unblock,
            ) => Some(event),
            Event::Request(ref request @ (Request::Release(_) | Request::Reset)) => {
                if self.accepts(request) && self.first_part.take().is_some() {
                    actions.push(Action::Stop(Timer::T34));
                }
                Some(event)
            }
            event => {
                if let Some(first) = self.first_part.take() {
                    actions.push(Action::Stop(Timer::T34));
                    self.dispatch(Event::Message(whole(first)), actions);
                }
                match event {
                    Event::Message(first) if announces_segment(&first) => {
                        self.first_part = Some(first);
                        actions.push(Action::Start(Timer::T34));
                        None
                    }
                    event => Some(event),
                }
            }
        }
    }
}

/// SGM follows. Only these messages may announce it.
fn announces_segment(message: &Message) -> bool {
    use MessageType::{Acm, Anm, Con, Cpg, Iam};
    match message.message_type() {
        Iam => message
            .find::<OptionalForwardCallIndicators>()
            .is_some_and(|bits| bits.contains(OptionalForwardCallIndicators::SIMPLE_SEGMENTATION)),
        Acm | Cpg | Anm | Con => message
            .find::<OptionalBackwardCallIndicators>()
            .is_some_and(|bits| bits.contains(OptionalBackwardCallIndicators::SIMPLE_SEGMENTATION)),
        _ => false,
    }
}

/// The message says no longer that SGM follows: whoever gets it next has nothing to wait for.
fn whole(mut message: Message) -> Message {
    if message.message_type() == MessageType::Iam {
        if let Some(bits) = message.find::<OptionalForwardCallIndicators>() {
            message.set(bits.difference(OptionalForwardCallIndicators::SIMPLE_SEGMENTATION));
        }
    } else if let Some(bits) = message.find::<OptionalBackwardCallIndicators>() {
        message.set(bits.difference(OptionalBackwardCallIndicators::SIMPLE_SEGMENTATION));
    }
    message
}

/// The parameters of SGM go behind those of the first part.
fn join(first: Message, segment: &Message) -> Message {
    let mut joined = first.clone();
    for (code, content) in segment.parameters() {
        // How to treat an unknown SGM; this one was known.
        if code == ParameterCode::MESSAGE_COMPATIBILITY_INFORMATION {
            continue;
        }
        if joined.push_content(code, content).is_err() {
            return whole(first);
        }
    }
    whole(joined)
}
