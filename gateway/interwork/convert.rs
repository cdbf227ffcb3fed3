//! Conversion between ITU-T and ANSI ISUP, for a body and a circuit of different variants
//! (RFC 3372 §4.4: what cannot be understood is not taken, what can be is translated).
//!
//! Both variants share most of their messages and parameters. What differs is a table: a parameter
//! that one of them lacks is mapped where the other says the same in another way, or dropped, and
//! the record tells which. Octets of what both have stay as they came.

use std::fmt;

use isup::{
    Cause, CodingStandard, GenericNumber, Layer1Protocol, Message, MessageType, NumberQualifier,
    Parameter, ParameterCode, TransferCapability, TransferRate, TransmissionMediumRequirement,
    UserServiceInformation, Variant,
};

use isup::message::PartKind;

use super::portability::PORTED;

/// A message in the other variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The message.
    pub message: Message,
    /// What was lost or changed, in the order of the message.
    pub changes: Vec<Change>,
}

/// One parameter that did not cross as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The other variant has nothing like it.
    Dropped(ParameterCode),
    /// It says the same in another way.
    Mapped(ParameterCode, ParameterCode),
    /// The message is another one there.
    Message(MessageType, MessageType),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped(code) => write!(f, "{} dropped", named(*code)),
            Self::Mapped(from, to) if from == to => write!(f, "{} recoded", named(*from)),
            Self::Mapped(from, to) => write!(f, "{} as {}", named(*from), named(*to)),
            Self::Message(from, to) => write!(f, "{from} as {to}"),
        }
    }
}

fn named(code: ParameterCode) -> String {
    match isup::parameter::row(code) {
        Some(row) => row.name.to_owned(),
        None => format!("parameter 0x{:02X}", code.0),
    }
}

/// What becomes of a parameter in the other variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It goes across as it is.
    Kept,
    /// Nothing there is like it.
    Dropped,
    /// The bearer: transmission medium requirement and user service information.
    Bearer,
    /// By its number qualifier.
    ByQualifier,
    /// By its coding standard.
    Coded,
}

/// Parameters that do not simply cross, in ascending order of their code. Those of Q.763 that
/// T1.113 does not have, and those of T1.113 that Q.763 does not have.
const FATES: &[(u8, Variant, Fate)] = &[
    // From ITU-T to ANSI.
    (0x02, Variant::Itu, Fate::Bearer), // transmission medium requirement
    (0x12, Variant::Itu, Fate::Kept),   // cause: ITU-T coding is understood
    (0x18, Variant::Itu, Fate::Dropped), // facility indicator
    (0x1D, Variant::Itu, Fate::Bearer), // user service information
    (0x2B, Variant::Itu, Fate::Dropped), // origination ISC point code
    (0x2D, Variant::Itu, Fate::Dropped), // call history information
    (0x2E, Variant::Itu, Fate::Dropped), // access delivery information
    (0x34, Variant::Itu, Fate::Dropped), // user teleservice information
    (0x35, Variant::Itu, Fate::Dropped), // transmission medium used
    (0x36, Variant::Itu, Fate::Dropped), // call diversion information
    (0x37, Variant::Itu, Fate::Dropped), // echo control information
    (0x3A, Variant::Itu, Fate::Dropped), // MLPP precedence: its networks differ
    (0x3B, Variant::Itu, Fate::Dropped), // MCID request
    (0x3C, Variant::Itu, Fate::Dropped), // MCID response
    (0x3E, Variant::Itu, Fate::Dropped), // transmission medium requirement prime
    (0x3F, Variant::Itu, Fate::Dropped), // location number
    (0x40, Variant::Itu, Fate::Dropped), // redirection number restriction
    (0xC0, Variant::Itu, Fate::ByQualifier), // generic number
    // From ANSI to ITU-T.
    (0x12, Variant::Ansi, Fate::Coded),       // cause
    (0x1D, Variant::Ansi, Fate::Bearer),      // user service information
    (0xC0, Variant::Ansi, Fate::ByQualifier), // generic address
];

/// First code of the parameters that only ITU-T has: CCSS and all after it (Q.763 §3.63 on).
const ITU_ALONE: std::ops::RangeInclusive<u8> = 0x41..=0xBF;
/// Codes of the parameters that only T1.113 has.
const ANSI_ALONE: std::ops::RangeInclusive<u8> = 0xC2..=0xEF;

fn fate(code: ParameterCode, from: Variant) -> Fate {
    let mut rows = FATES.iter();
    if let Some((.., fate)) = rows.find(|(c, variant, _)| *c == code.0 && *variant == from) {
        return *fate;
    }
    let alone = match from {
        Variant::Itu => ITU_ALONE,
        Variant::Ansi => ANSI_ALONE,
    };
    match alone.contains(&code.0) {
        true => Fate::Dropped,
        false => Fate::Kept,
    }
}

/// The message type that says it in the other variant; none where there is none. T1.113 has
/// neither CON nor SAM (RFC 3398 §13): an answer without ACM is an ANM there.
fn message_type(message: MessageType, to: Variant) -> Option<MessageType> {
    use MessageType as M;
    match (message, to) {
        (M::Con, Variant::Ansi) => Some(M::Anm),
        (M::Sam, Variant::Ansi) => None,
        (M::Exm | M::Crm | M::Cra | M::Cvt | M::Cvr, Variant::Itu) => None,
        (message, to) => isup::message::row(message, to).map(|_| message),
    }
}

/// A message in a variant; as it is when it is of that variant. `None` where the variant has no
/// message that says it.
#[must_use]
pub fn to(variant: Variant, message: &Message) -> Option<Converted> {
    if message.variant() == variant {
        return Some(Converted {
            message: message.clone(),
            changes: Vec::new(),
        });
    }
    let kind = message_type(message.message_type(), variant)?;
    let mut converted = Converted {
        message: Message::new_variant(kind, variant),
        changes: Vec::new(),
    };
    if kind != message.message_type() {
        let change = Change::Message(message.message_type(), kind);
        converted.changes.push(change);
    }
    let row = isup::message::row(kind, variant);
    for part in message.parts() {
        let code = part.code;
        match fate(code, message.variant()) {
            Fate::Bearer => converted.bearer(message, code),
            Fate::Dropped => converted.changes.push(Change::Dropped(code)),
            Fate::ByQualifier => match GenericNumber::decode(part.content) {
                Ok(number) if crosses(number.qualifier) => converted.place(code, part.content),
                _ => converted.changes.push(Change::Dropped(code)),
            },
            Fate::Coded => match Cause::decode(part.content) {
                Ok(cause) if cause.coding == CodingStandard::National => {
                    converted.message.set(recoded(cause));
                    converted.changes.push(Change::Mapped(code, code));
                }
                _ => converted.place(code, part.content),
            },
            // A mandatory parameter of the one may not be there in the other, and goes; what is
            // optional and known to both may be in any message that has an optional part.
            Fate::Kept
                if part.kind != PartKind::Optional && !row.is_some_and(|row| row.expects(code)) =>
            {
                converted.changes.push(Change::Dropped(code));
            }
            Fate::Kept => converted.place(code, part.content),
        }
    }
    Some(converted)
}

impl Converted {
    /// Puts a parameter where it belongs: a mandatory one into its place, others in their order.
    fn place(&mut self, code: ParameterCode, content: &[u8]) {
        let mandatory = self
            .message
            .part(code)
            .is_some_and(|part| part.kind != PartKind::Optional);
        let placed = match mandatory {
            true => self.message.set_content(code, content),
            false => self.message.push_content(code, content),
        };
        if placed.is_err() {
            self.changes.push(Change::Dropped(code));
        }
    }

    /// ANSI has the bearer in the user service information alone, ITU-T in the transmission medium
    /// requirement, with the other beside it where the access told it.
    fn bearer(&mut self, from: &Message, code: ParameterCode) {
        let told = from.find::<UserServiceInformation>();
        match (code, from.variant()) {
            (ParameterCode::USER_SERVICE_INFORMATION, Variant::Itu) => {
                if let Some(information) = told {
                    self.message.set(information);
                }
            }
            (_, Variant::Itu) => {
                // Told by the access, it crosses as it is.
                if told.is_none() {
                    let requirement = from.find::<TransmissionMediumRequirement>();
                    self.message.set(information(requirement));
                    let to = ParameterCode::USER_SERVICE_INFORMATION;
                    self.changes.push(Change::Mapped(code, to));
                } else {
                    self.changes.push(Change::Dropped(code));
                }
            }
            (_, Variant::Ansi) => {
                if let Some(information) = told {
                    self.message.set(requirement(&information));
                    self.message.push(information);
                }
            }
        }
    }
}

/// Whether both variants have a generic number of this kind; the ported number of T1.113 and the
/// additional numbers of Q.763 are their own.
fn crosses(qualifier: NumberQualifier) -> bool {
    qualifier != PORTED && qualifier.code() <= NumberQualifier::RedirectingTerminating.code()
}

/// The bearer of a transmission medium requirement; mu-law is the law of ANSI networks.
fn information(requirement: Option<TransmissionMediumRequirement>) -> UserServiceInformation {
    use TransmissionMediumRequirement as T;
    let mu_law = Some(Layer1Protocol::MuLaw);
    match requirement {
        Some(T::Unrestricted64 | T::AlternateUnrestricted64) => {
            UserServiceInformation::new(TransferCapability::UnrestrictedDigital, None)
        }
        Some(T::Preferred64) => {
            UserServiceInformation::new(TransferCapability::UnrestrictedDigitalTones, None)
        }
        Some(T::Audio3k1) => UserServiceInformation::new(TransferCapability::Audio3k1, mu_law),
        _ => UserServiceInformation::new(TransferCapability::Speech, mu_law),
    }
}

/// The transmission medium requirement of a bearer.
fn requirement(information: &UserServiceInformation) -> TransmissionMediumRequirement {
    use TransmissionMediumRequirement as T;
    match (information.capability(), information.rate()) {
        (TransferCapability::Speech, _) => T::Speech,
        (TransferCapability::UnrestrictedDigitalTones, _) => T::Preferred64,
        (TransferCapability::UnrestrictedDigital, TransferRate::K2x64) => T::Unrestricted2x64,
        (TransferCapability::UnrestrictedDigital, TransferRate::K384) => T::Unrestricted384,
        (TransferCapability::UnrestrictedDigital, TransferRate::K1536) => T::Unrestricted1536,
        (TransferCapability::UnrestrictedDigital, TransferRate::K1920) => T::Unrestricted1920,
        (TransferCapability::UnrestrictedDigital | TransferCapability::RestrictedDigital, _) => {
            T::Unrestricted64
        }
        _ => T::Audio3k1,
    }
}

/// Causes that T1.113 codes nationally, in the coding of ITU-T.
const NATIONAL_CAUSES: &[(u8, u8)] = &[
    (23, 1),  // unallocated destination number
    (24, 31), // undefined business group
    (25, 25), // exchange routing error
    (26, 26), // misrouted call to a ported number
    (27, 1),  // number portability query on release: not found
    (45, 8),  // preemption
    (46, 46), // precedence call blocked
    (51, 65), // call type incompatible with service request
    (54, 21), // call blocked by group restrictions
];

fn recoded(cause: Cause) -> Cause {
    let known = NATIONAL_CAUSES
        .iter()
        .find(|(value, _)| *value == cause.value);
    let value = match known {
        Some((_, value)) => *value,
        None => isup::cause::known_or_unspecified(cause.value),
    };
    Cause {
        coding: CodingStandard::Itu,
        value,
        ..cause
    }
}
