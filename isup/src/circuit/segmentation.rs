//! A message that is too long goes, and comes, in two: the second part is SGM (simple segmentation,
//! Q.764 §2.1.12; SSCO and SSCI of its SDL).
//!
//! The first part of one that comes is held until SGM comes or T34 ends, and steps the circuit only then. Nothing
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
                | Request::Unblock
                | Request::Check,
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

/// What SGM may carry (Q.763 Table 48), in the order in which a message is made shorter by it.
const SEGMENTED: [ParameterCode; 5] = [
    ParameterCode::USER_TO_USER_INFORMATION,
    ParameterCode::ACCESS_TRANSPORT,
    ParameterCode::GENERIC_NOTIFICATION,
    ParameterCode::GENERIC_DIGITS,
    ParameterCode::GENERIC_NUMBER,
];

/// A message of more than `most` octets, from the message type octet on, as a first part that says
/// that SGM follows, and SGM; `None` when no two messages of that length can hold it.
pub(crate) fn split(message: &Message, most: usize) -> Option<(Message, Message)> {
    let mut first = message.clone();
    match message.message_type() {
        MessageType::Iam => {
            let bits = first.find::<OptionalForwardCallIndicators>();
            let bits = bits.unwrap_or(OptionalForwardCallIndicators::empty());
            first.set(bits | OptionalForwardCallIndicators::SIMPLE_SEGMENTATION);
        }
        MessageType::Acm | MessageType::Cpg | MessageType::Anm | MessageType::Con => {
            let bits = first.find::<OptionalBackwardCallIndicators>();
            let bits = bits.unwrap_or(OptionalBackwardCallIndicators::empty());
            first.set(bits | OptionalBackwardCallIndicators::SIMPLE_SEGMENTATION);
        }
        _ => return None,
    }
    let mut segment = Message::new_variant(MessageType::Sgm, message.variant());
    for code in SEGMENTED {
        if !first.remove(code) {
            continue;
        }
        for (_, content) in message.parameters().filter(|(found, _)| *found == code) {
            segment.push_content(code, content).ok()?;
        }
        if first.octets().len() <= most {
            return (segment.octets().len() <= most).then_some((first, segment));
        }
    }
    None
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
