//! Messages for humans: one line for logs and ladders, a tree for reading.

use core::fmt;

use super::{Message, Part};
use crate::parameter::{
    self, Field, Value,
    address::NatureOfAddress,
    call::{
        BackwardCallIndicators, CalledPartysStatus, ContinuityIndicators, Event, EventInformation,
        SuspendResumeIndicators,
    },
    cause::Cause,
    circuit::{CircuitGroupSupervisionType, RangeAndStatus, SupervisionType},
    number::{CalledPartyNumber, CallingPartyNumber, SubsequentNumber},
};

/// What of a message is kept from the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mask {
    /// Everything is shown.
    #[default]
    Nothing,
    /// The last four digits of every number are `*`, and so is every text and every octet that may
    /// hold a number: for logs.
    Numbers,
}

/// How many digits at the end of a number [`Mask::Numbers`] hides.
const HIDDEN: usize = 4;

/// A message to be written, as [`Message::display`] gives it.
#[derive(Clone, Copy, Debug)]
pub struct Display<'a> {
    message: &'a Message,
    mask: Mask,
}

impl Message {
    /// The message to be written with its numbers masked or not: `{}` writes one line, `{:#}` a
    /// tree with the names of the Recommendation.
    #[must_use]
    pub fn display(&self, mask: Mask) -> Display<'_> {
        Display {
            message: self,
            mask,
        }
    }
}

impl fmt::Display for Message {
    /// One line, or with `{:#}` a tree; nothing is masked.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display(Mask::Nothing).fmt(f)
    }
}

impl fmt::Display for Display<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() {
            self.tree(f, "")
        } else {
            self.line(f)
        }
    }
}

impl Display<'_> {
    /// The acronym and what one looks for first in such a message.
    fn line(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let message = self.message;
        write!(f, "{}", message.message_type())?;
        if let Some(called) = message.find::<CalledPartyNumber>() {
            write!(f, " called={}", self.number(called.digits))?;
            nature(f, called.nature)?;
        }
        if let Some(calling) = message.find::<CallingPartyNumber>() {
            let sender = self.number(calling.digits);
            write!(
                f,
                " calling={}",
                if sender.is_empty() {
                    "unavailable"
                } else {
                    &sender
                }
            )?;
            nature(f, calling.nature)?;
        }
        if let Some(more) = message.find::<SubsequentNumber>() {
            write!(f, " subsequent={}", self.number(more.digits))?;
        }
        if let Some(cause) = message.find::<Cause>() {
            write!(
                f,
                " cause={} ({}) location={}",
                cause.value,
                cause.name(),
                cause.location.token()
            )?;
        }
        if let Some(information) = message.find::<EventInformation>() {
            write!(f, " event={}", token(information.event()))?;
        }
        if let Some(indicators) = message.find::<BackwardCallIndicators>() {
            let status = match indicators.called_partys_status() {
                CalledPartysStatus::SubscriberFree => "free",
                CalledPartysStatus::ConnectWhenFree => "connect-when-free",
                _ => "none",
            };
            write!(f, " called-status={status}")?;
        }
        if let Some(continuity) = message.find::<ContinuityIndicators>() {
            let ok = continuity.contains(ContinuityIndicators::SUCCESSFUL);
            f.write_str(if ok {
                " continuity=successful"
            } else {
                " continuity=failed"
            })?;
        }
        if let Some(indicators) = message.find::<SuspendResumeIndicators>() {
            let network = indicators.contains(SuspendResumeIndicators::NETWORK_INITIATED);
            f.write_str(if network { " by=network" } else { " by=user" })?;
        }
        if let Some(kind) = message.find::<CircuitGroupSupervisionType>() {
            f.write_str(match kind.kind() {
                SupervisionType::Maintenance => " type=maintenance",
                SupervisionType::HardwareFailure => " type=hardware-failure",
                SupervisionType::Other(_) => " type=reserved",
            })?;
        }
        if let Some(row) = message.find::<RangeAndStatus>() {
            write!(f, " range={}", row.range)?;
            if !row.status.is_empty() {
                f.write_str(" status=")?;
                row.status
                    .iter()
                    .try_for_each(|octet| write!(f, "{octet:02X}"))?;
            }
        }
        Ok(())
    }

    /// The message with every parameter and every field, a line each, behind an indent.
    fn tree(&self, f: &mut fmt::Formatter<'_>, indent: &str) -> fmt::Result {
        let message = self.message;
        let kind = message.message_type();
        let octets = message.octets().len();
        write!(f, "{} {}", kind, kind.name())?;
        write!(
            f,
            " ({}, 0x{:02X}, {octets} octets)",
            message.variant(),
            kind.code()
        )?;
        for part in message.parts() {
            write!(f, "\n{indent}  {}", part.code)?;
            write!(
                f,
                " (0x{:02X}, {}, offset {})",
                part.code.0,
                part.kind.name(),
                part.offset
            )?;
            self.content(f, &part, indent)?;
        }
        if let Some(opaque) = message.opaque() {
            self.body(f, opaque, indent)?;
        }
        if !message.trailing().is_empty() {
            write!(
                f,
                "\n{indent}  octets after the end: {}",
                self.octets(message.trailing())
            )?;
        }
        Ok(())
    }

    fn content(&self, f: &mut fmt::Formatter<'_>, part: &Part<'_>, indent: &str) -> fmt::Result {
        let described = parameter::row(part.code).map(|row| (row.describe)(part.content));
        match described {
            Some(Ok(fields)) => self.fields(f, &fields, &format!("{indent}    ")),
            Some(Err(error)) => {
                write!(f, "\n{indent}    wrong: {}", error.based(part.offset))?;
                write!(f, "\n{indent}    content: {}", self.octets(part.content))
            }
            None => write!(f, "\n{indent}    content: {}", self.octets(part.content)),
        }
    }

    fn body(&self, f: &mut fmt::Formatter<'_>, opaque: &[u8], indent: &str) -> fmt::Result {
        match self.message.passed_along() {
            Some(Ok(inner)) => {
                write!(f, "\n{indent}  message passed along: ")?;
                inner.display(self.mask).tree(f, &format!("{indent}  "))
            }
            _ if opaque.is_empty() => Ok(()),
            _ => write!(f, "\n{indent}  content: {}", self.octets(opaque)),
        }
    }

    fn fields(&self, f: &mut fmt::Formatter<'_>, fields: &[Field], indent: &str) -> fmt::Result {
        for Field { name, value } in fields {
            write!(f, "\n{indent}{name}")?;
            match value {
                Value::Flag(set) => f.write_str(if *set { ": yes" } else { ": no" })?,
                Value::Number(number) => write!(f, ": {number}")?,
                Value::Coded(code, meaning) => write!(f, ": {meaning} ({code})")?,
                Value::Digits(digits) => write!(f, ": {}", self.number(*digits))?,
                Value::Text(text) => write!(f, ": {}", self.text(text))?,
                Value::Octets(octets) => write!(f, ": {}", self.octets(octets))?,
                Value::Group(inner) => self.fields(f, inner, &format!("{indent}  "))?,
            }
        }
        Ok(())
    }

    fn number(&self, digits: crate::Digits) -> String {
        digits.masked(if self.mask == Mask::Numbers {
            HIDDEN
        } else {
            0
        })
    }

    fn text<'t>(&self, text: &'t str) -> std::borrow::Cow<'t, str> {
        match self.mask {
            Mask::Nothing => text.into(),
            Mask::Numbers => "*".repeat(text.chars().count()).into(),
        }
    }

    fn octets(&self, octets: &[u8]) -> String {
        let octet = |octet: &u8| match self.mask {
            Mask::Nothing => format!("{octet:02X}"),
            Mask::Numbers => "**".to_owned(),
        };
        octets.iter().map(octet).collect::<Vec<_>>().join(" ")
    }
}

/// One word for the nature of address, where it has one.
fn nature(f: &mut fmt::Formatter<'_>, nature: NatureOfAddress) -> fmt::Result {
    match nature {
        NatureOfAddress::Subscriber => f.write_str(" subscriber"),
        NatureOfAddress::Unknown => f.write_str(" unknown"),
        NatureOfAddress::National => f.write_str(" national"),
        NatureOfAddress::International => f.write_str(" international"),
        NatureOfAddress::NetworkSpecific => f.write_str(" network-specific"),
        NatureOfAddress::Other(0) => Ok(()),
        other => write!(f, " nature-{}", other.code()),
    }
}

/// The event in one word.
fn token(event: Event) -> String {
    match event {
        Event::InBandInformation => "in-band-information".to_owned(),
        Event::Other(code) => format!("event-{code}"),
        event => event.name().replace(' ', "-"),
    }
}
