//! The messages as data: what each one must carry and may carry (Q.763 §4; ANSI T1.113).
//!
//! A variant is a table of differences: a row of its own where it has another layout or another
//! message, the row of ITU-T everywhere else.

use super::MessageType;
use crate::{
    parameter::ParameterCode as P,
    variant::{Variant, VariantRow},
};

/// The layout of a message (Q.763 §1.4 to §1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// The message.
    pub message: MessageType,
    /// The mandatory fixed part: each parameter and its length in octets, in order.
    pub fixed: &'static [(P, u8)],
    /// The mandatory variable part, in the order of its pointers.
    pub variable: &'static [P],
    /// The names of the parameters that the optional part may hold; `None` when the message
    /// never has an optional part, and so no pointer to one.
    pub optional: Option<&'static [u8]>,
    /// The message has no parameters in the sense of Q.763 §1.4: what follows the message type
    /// is nationally defined (CRG) or another message (PAM).
    pub opaque: bool,
}

impl MessageRow {
    pub(crate) const fn new(
        message: MessageType,
        fixed: &'static [(P, u8)],
        variable: &'static [P],
        optional: Option<&'static [u8]>,
    ) -> Self {
        Self {
            message,
            fixed,
            variable,
            optional,
            opaque: false,
        }
    }

    const fn opaque(message: MessageType) -> Self {
        Self {
            message,
            fixed: &[],
            variable: &[],
            optional: None,
            opaque: true,
        }
    }

    /// Octets of the mandatory fixed part.
    pub(crate) fn fixed_length(&self) -> usize {
        self.fixed
            .iter()
            .map(|&(_, length)| usize::from(length))
            .sum()
    }

    /// Whether the message has this parameter, in any of its parts.
    #[must_use]
    pub fn expects(&self, parameter: P) -> bool {
        self.fixed.iter().any(|&(code, _)| code == parameter)
            || self.variable.contains(&parameter)
            || self
                .optional
                .is_some_and(|codes| codes.contains(&parameter.0))
    }
}

/// The layout of a message type in a variant; `None` for a type that the variant does not have.
#[must_use]
pub fn row(message: MessageType, variant: Variant) -> Option<&'static MessageRow> {
    let variant = variant.row();
    match variant.messages.row(message) {
        None => row(message, variant.base?),
        found => found,
    }
}

/// All messages of a variant: those of the one that it is based on that it has alike, then its own.
pub fn rows(variant: Variant) -> impl Iterator<Item = &'static MessageRow> {
    let mut all: Vec<&MessageRow> = Vec::new();
    let mut next = Some(variant);
    while let Some(variant) = next {
        let VariantRow { messages, base, .. } = variant.row();
        let has = |row: &&MessageRow| all.iter().any(|known| known.message == row.message);
        let more: Vec<_> = messages.rows.iter().filter(|row| !has(row)).collect();
        all.splice(0..0, more);
        next = *base;
    }
    all.into_iter()
}

/// Messages of a variant, and for every message type octet the place of its row plus one, 0 without
/// a row.
#[derive(Debug)]
pub(crate) struct Differences {
    rows: &'static [MessageRow],
    index: [u8; 256],
}

impl Differences {
    #[expect(
        clippy::indexing_slicing,
        reason = "a code is an octet, the index has 256 places"
    )]
    pub(crate) const fn new(rows: &'static [MessageRow]) -> Self {
        let mut index = [0; 256];
        let mut place = 0;
        while place < rows.len() {
            index[rows[place].message.code() as usize] = place as u8 + 1;
            place += 1;
        }
        Self { rows, index }
    }

    fn row(&self, message: MessageType) -> Option<&'static MessageRow> {
        let place = self.index.get(usize::from(message.code())).copied()?;
        self.rows.get(usize::from(place).checked_sub(1)?)
    }
}

/// Q.763 §4. The codes of the optional parts are those of [`crate::parameter::ParameterCode`].
#[rustfmt::skip]
pub(crate) static ITU: Differences = Differences::new(&[
    MessageRow::new(MessageType::Iam, &[(P::NATURE_OF_CONNECTION, 1), (P::FORWARD_CALL_INDICATORS, 2), (P::CALLING_PARTYS_CATEGORY, 1), (P::TRANSMISSION_MEDIUM_REQUIREMENT, 1)], &[P::CALLED_PARTY_NUMBER], Some(&[0x01, 0x03, 0x08, 0x0A, 0x0B, 0x0D, 0x13, 0x1A, 0x1D, 0x20, 0x23, 0x25, 0x28, 0x2A, 0x2B, 0x2C, 0x2F, 0x30, 0x31, 0x32, 0x33, 0x34, 0x37, 0x39, 0x3A, 0x3D, 0x3E, 0x3F, 0x4B, 0x4C, 0x4E, 0x5B, 0x65, 0x66, 0x6E, 0x6F, 0x70, 0x72, 0x75, 0x77, 0x78, 0x79, 0x7B, 0x7D, 0x7F, 0x81, 0x84, 0x85, 0x87, 0x88, 0x8A, 0x8B, 0x8D, 0xC0, 0xC1])),
    MessageRow::new(MessageType::Sam, &[], &[P::SUBSEQUENT_NUMBER], Some(&[])),
    MessageRow::new(MessageType::Inr, &[(P::INFORMATION_REQUEST_INDICATORS, 2)], &[], Some(&[0x01, 0x2F, 0x39])),
    MessageRow::new(MessageType::Inf, &[(P::INFORMATION_INDICATORS, 2)], &[], Some(&[0x01, 0x09, 0x0A, 0x0D, 0x2F, 0x39])),
    MessageRow::new(MessageType::Cot, &[(P::CONTINUITY_INDICATORS, 1)], &[], None),
    MessageRow::new(MessageType::Acm, &[(P::BACKWARD_CALL_INDICATORS, 2)], &[], Some(&[0x01, 0x03, 0x0C, 0x12, 0x20, 0x29, 0x2A, 0x2C, 0x2E, 0x2F, 0x32, 0x33, 0x35, 0x36, 0x37, 0x39, 0x40, 0x72, 0x74, 0x78, 0x7A, 0x82, 0x89, 0x8A])),
    MessageRow::new(MessageType::Con, &[(P::BACKWARD_CALL_INDICATORS, 2)], &[], Some(&[0x01, 0x03, 0x20, 0x21, 0x29, 0x2A, 0x2C, 0x2D, 0x2E, 0x2F, 0x32, 0x33, 0x35, 0x37, 0x39, 0x40, 0x4D, 0x72, 0x78, 0x82, 0x89, 0x8A, 0xC0])),
    MessageRow::new(MessageType::Fot, &[], &[], Some(&[0x01])),
    MessageRow::new(MessageType::Anm, &[], &[], Some(&[0x01, 0x03, 0x0C, 0x11, 0x20, 0x21, 0x29, 0x2A, 0x2C, 0x2D, 0x2E, 0x2F, 0x32, 0x33, 0x35, 0x37, 0x39, 0x40, 0x4D, 0x72, 0x73, 0x78, 0x89, 0x8A, 0xC0])),
    MessageRow::new(MessageType::Rel, &[], &[P::CAUSE], Some(&[0x03, 0x0C, 0x13, 0x1E, 0x20, 0x27, 0x2A, 0x2E, 0x2F, 0x32, 0x39, 0x73, 0x77, 0x82, 0x8C])),
    MessageRow::new(MessageType::Sus, &[(P::SUSPEND_RESUME_INDICATORS, 1)], &[], Some(&[0x01])),
    MessageRow::new(MessageType::Res, &[(P::SUSPEND_RESUME_INDICATORS, 1)], &[], Some(&[0x01])),
    MessageRow::new(MessageType::Rlc, &[], &[], Some(&[0x12])),
    MessageRow::new(MessageType::Ccr, &[], &[], None),
    MessageRow::new(MessageType::Rsc, &[], &[], None),
    MessageRow::new(MessageType::Blo, &[], &[], None),
    MessageRow::new(MessageType::Ubl, &[], &[], None),
    MessageRow::new(MessageType::Bla, &[], &[], None),
    MessageRow::new(MessageType::Uba, &[], &[], None),
    MessageRow::new(MessageType::Grs, &[], &[P::RANGE_AND_STATUS], None),
    MessageRow::new(MessageType::Cgb, &[(P::CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, 1)], &[P::RANGE_AND_STATUS], None),
    MessageRow::new(MessageType::Cgu, &[(P::CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, 1)], &[P::RANGE_AND_STATUS], None),
    MessageRow::new(MessageType::Cgba, &[(P::CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, 1)], &[P::RANGE_AND_STATUS], None),
    MessageRow::new(MessageType::Cgua, &[(P::CIRCUIT_GROUP_SUPERVISION_MESSAGE_TYPE, 1)], &[P::RANGE_AND_STATUS], None),
    MessageRow::new(MessageType::Far, &[(P::FACILITY_INDICATOR, 1)], &[], Some(&[0x01, 0x0D, 0x2A, 0x39])),
    MessageRow::new(MessageType::Faa, &[(P::FACILITY_INDICATOR, 1)], &[], Some(&[0x01, 0x0D, 0x2A, 0x39])),
    MessageRow::new(MessageType::Frj, &[(P::FACILITY_INDICATOR, 1)], &[P::CAUSE], Some(&[0x2A])),
    MessageRow::new(MessageType::Lpa, &[], &[], None),
    MessageRow::opaque(MessageType::Pam),
    MessageRow::new(MessageType::Gra, &[], &[P::RANGE_AND_STATUS], None),
    MessageRow::new(MessageType::Cqm, &[], &[P::RANGE_AND_STATUS], None),
    MessageRow::new(MessageType::Cqr, &[], &[P::RANGE_AND_STATUS, P::CIRCUIT_STATE_INDICATOR], None),
    MessageRow::new(MessageType::Cpg, &[(P::EVENT_INFORMATION, 1)], &[], Some(&[0x01, 0x03, 0x0C, 0x11, 0x12, 0x20, 0x21, 0x29, 0x2A, 0x2C, 0x2D, 0x2E, 0x2F, 0x32, 0x33, 0x35, 0x36, 0x37, 0x39, 0x40, 0x45, 0x4D, 0x72, 0x74, 0x78, 0x7A, 0x89, 0x8A, 0xC0])),
    MessageRow::new(MessageType::Usr, &[], &[P::USER_TO_USER_INFORMATION], Some(&[0x03])),
    MessageRow::new(MessageType::Ucic, &[], &[], None),
    MessageRow::new(MessageType::Cfn, &[], &[P::CAUSE], Some(&[])),
    MessageRow::new(MessageType::Olm, &[], &[], None),
    MessageRow::opaque(MessageType::Crg),
    MessageRow::new(MessageType::Nrm, &[], &[], Some(&[0x37, 0x38, 0x39])),
    MessageRow::new(MessageType::Fac, &[], &[], Some(&[0x03, 0x0C, 0x2C, 0x32, 0x33, 0x38, 0x39, 0x45, 0x7C, 0x86, 0x87, 0x89, 0x8A])),
    MessageRow::new(MessageType::Upt, &[], &[], Some(&[0x39])),
    MessageRow::new(MessageType::Upa, &[], &[], Some(&[0x39])),
    MessageRow::new(MessageType::Idr, &[], &[], Some(&[0x38, 0x39, 0x3B])),
    MessageRow::new(MessageType::Ids, &[], &[], Some(&[0x03, 0x0A, 0x38, 0x39, 0x3C, 0x71, 0xC0])),
    MessageRow::new(MessageType::Sgm, &[], &[], Some(&[0x03, 0x20, 0x2C, 0x38, 0xC0, 0xC1])),
    MessageRow::new(MessageType::Lop, &[], &[], Some(&[0x38, 0x39, 0x43, 0x44])),
    MessageRow::new(MessageType::Apm, &[], &[], Some(&[0x38, 0x39, 0x78])),
    MessageRow::new(MessageType::Pri, &[], &[], Some(&[0x08, 0x29, 0x38, 0x39, 0x78])),
    MessageRow::new(MessageType::Sdn, &[], &[], Some(&[0x05, 0x38])),
]);

/// What ANSI T1.113 has otherwise than Q.763.
#[rustfmt::skip]
pub(crate) static ANSI: Differences = Differences::new(&[
    MessageRow::new(MessageType::Iam, &[(P::NATURE_OF_CONNECTION, 1), (P::FORWARD_CALL_INDICATORS, 2), (P::CALLING_PARTYS_CATEGORY, 1)], &[P::USER_SERVICE_INFORMATION, P::CALLED_PARTY_NUMBER], Some(&[0x03, 0x08, 0x0A, 0x0B, 0x13, 0x1A, 0x20, 0x21, 0x23, 0x28, 0x2A, 0x30, 0x31, 0x32, 0x33, 0x39, 0x3D, 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xE2, 0xE3, 0xEA, 0xEB, 0xEC, 0xED, 0xEE, 0xEF])),
    MessageRow::new(MessageType::Cra, &[], &[], None),
    MessageRow::new(MessageType::Crm, &[(P::NATURE_OF_CONNECTION, 1)], &[], None),
    MessageRow::new(MessageType::Cvr, &[(P::CVR_RESPONSE_INDICATOR, 1), (P::CIRCUIT_GROUP_CHARACTERISTIC_INDICATOR, 1)], &[], Some(&[0xE8, 0xE9, 0x26])),
    MessageRow::new(MessageType::Cvt, &[], &[], None),
    MessageRow::new(MessageType::Exm, &[], &[], Some(&[0xE7])),
]);
