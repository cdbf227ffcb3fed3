//! Numbers (§3.9, §3.10, §3.16, §3.26, §3.30, §3.39, §3.44, §3.46, §3.51 and alike).
//!
//! They share one shape: odd/even and nature of address, an octet of indicators, address signals
//! in half octets. What the second octet holds differs, and is a field of the type or is not.

use super::{
    Describe, Digits, Field, Parameter, ParameterCode,
    address::{NatureOfAddress, NumberQualifier, NumberingPlan, Presentation, Screening},
    first_octets,
};
use crate::error::DecodeError;

const ODD: u8 = 0x80;

/// Odd/even indicator and nature of address.
fn first(nature: NatureOfAddress, digits: &Digits) -> u8 {
    (if digits.is_odd() { ODD } else { 0 }) | nature.code() & !ODD
}

macro_rules! number {
    (@get internal_network_not_allowed, $octet:ident) => { $octet & 0x80 != 0 };
    (@get incomplete, $octet:ident) => { $octet & 0x80 != 0 };
    (@get presentation, $octet:ident) => { Presentation::from_code($octet >> 2 & 3) };
    (@get screening, $octet:ident) => { Screening::from_code($octet & 3) };
    (@put internal_network_not_allowed, $value:expr) => { u8::from($value) << 7 };
    (@put incomplete, $value:expr) => { u8::from($value) << 7 };
    (@put presentation, $value:expr) => { ($value.code() & 3) << 2 };
    (@put screening, $value:expr) => { $value.code() & 3 };
    (@field internal_network_not_allowed, $value:expr) => {
        Field::flag("routing to internal network number not allowed", $value)
    };
    (@field incomplete, $value:expr) => { Field::flag("number incomplete", $value) };
    (@field presentation, $value:expr) => {
        Field::coded("address presentation restricted indicator", $value.code(), $value.name())
    };
    (@field screening, $value:expr) => {
        Field::coded("screening indicator", $value.code(), $value.name())
    };
    (
        $(#[$meta:meta])*
        $name:ident = $code:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            /// Nature of address.
            pub nature: NatureOfAddress,
            /// Numbering plan.
            pub plan: NumberingPlan,
            $($(#[$doc])* pub $field: $type,)*
            /// The address signals.
            pub digits: Digits,
        }

        impl Parameter for $name {
            const CODE: ParameterCode = ParameterCode::$code;

            fn decode(content: &[u8]) -> Result<Self, DecodeError> {
                let [nature, octet] = first_octets(Self::CODE, content)?;
                Ok(Self {
                    nature: NatureOfAddress::from_code(nature & !ODD),
                    plan: NumberingPlan::from_code(octet >> 4 & 7),
                    $($field: number!(@get $field, octet),)*
                    digits: Digits::read(Self::CODE, content, 2, nature & ODD != 0)?,
                })
            }

            fn encode(&self, to: &mut Vec<u8>) {
                let plan = (self.plan.code() & 7) << 4;
                to.extend([
                    first(self.nature, &self.digits),
                    plan $(| number!(@put $field, self.$field))*,
                ]);
                self.digits.pack(to);
            }
        }

        impl Describe for $name {
            fn describe(&self) -> Vec<Field> {
                vec![
                    Field::coded("nature of address", self.nature.code(), self.nature.name()),
                    Field::coded("numbering plan", self.plan.code(), self.plan.name()),
                    $(number!(@field $field, self.$field),)*
                    Field::digits("address signals", self.digits),
                ]
            }
        }
    };
}

number! {
    /// Called party number (§3.9).
    CalledPartyNumber = CALLED_PARTY_NUMBER {
        /// Routing to an internal network number is not allowed (INN).
        internal_network_not_allowed: bool,
    }
}

number! {
    /// Calling party number (§3.10).
    CallingPartyNumber = CALLING_PARTY_NUMBER {
        /// The number is incomplete (NI).
        incomplete: bool,
        /// Whether it may be shown.
        presentation: Presentation,
        /// Who provided it and whether it was verified.
        screening: Screening,
    }
}

number! {
    /// Connected number (§3.16).
    ConnectedNumber = CONNECTED_NUMBER {
        /// Whether it may be shown.
        presentation: Presentation,
        /// Who provided it and whether it was verified.
        screening: Screening,
    }
}

number! {
    /// Original called number (§3.39).
    OriginalCalledNumber = ORIGINAL_CALLED_NUMBER {
        /// Whether it may be shown.
        presentation: Presentation,
    }
}

number! {
    /// Redirecting number (§3.44).
    RedirectingNumber = REDIRECTING_NUMBER {
        /// Whether it may be shown.
        presentation: Presentation,
    }
}

number! {
    /// Redirection number (§3.46).
    RedirectionNumber = REDIRECTION_NUMBER {
        /// Routing to an internal network number is not allowed (INN).
        internal_network_not_allowed: bool,
    }
}

number! {
    /// Location number (§3.30).
    LocationNumber = LOCATION_NUMBER {
        /// Routing to an internal network number is not allowed (INN).
        internal_network_not_allowed: bool,
        /// Whether it may be shown.
        presentation: Presentation,
        /// Who provided it and whether it was verified.
        screening: Screening,
    }
}

number! {
    /// Call transfer number (§3.64).
    CallTransferNumber = CALL_TRANSFER_NUMBER {
        /// Whether it may be shown.
        presentation: Presentation,
        /// Who provided it and whether it was verified.
        screening: Screening,
    }
}

number! {
    /// Called IN number (§3.73).
    CalledInNumber = CALLED_IN_NUMBER {
        /// Whether it may be shown.
        presentation: Presentation,
    }
}

number! {
    /// Original called IN number (§3.87).
    OriginalCalledInNumber = ORIGINAL_CALLED_IN_NUMBER {
        /// Whether it may be shown.
        presentation: Presentation,
    }
}

number! {
    /// Called directory number (§3.86), national use.
    CalledDirectoryNumber = CALLED_DIRECTORY_NUMBER {
        /// Routing to an internal network number is not allowed (INN).
        internal_network_not_allowed: bool,
    }
}

number! {
    /// HTR information (§3.89).
    HtrInformation = HTR_INFORMATION {}
}

impl CalledPartyNumber {
    /// An E.164 number of this nature, routing to internal network numbers allowed.
    #[must_use]
    pub const fn new(nature: NatureOfAddress, digits: Digits) -> Self {
        Self {
            nature,
            plan: NumberingPlan::Isdn,
            internal_network_not_allowed: false,
            digits,
        }
    }
}

impl CallingPartyNumber {
    /// A complete E.164 number of this nature, presentation allowed, network provided.
    #[must_use]
    pub const fn new(nature: NatureOfAddress, digits: Digits) -> Self {
        Self {
            nature,
            plan: NumberingPlan::Isdn,
            incomplete: false,
            presentation: Presentation::Allowed,
            screening: Screening::Network,
            digits,
        }
    }

    /// The number that stands for "address not available" (§3.10, note to e).
    #[must_use]
    pub const fn not_available() -> Self {
        Self {
            nature: NatureOfAddress::Other(0),
            plan: NumberingPlan::Spare,
            incomplete: false,
            presentation: Presentation::NotAvailable,
            screening: Screening::Network,
            digits: Digits::EMPTY,
        }
    }
}

/// Generic number (§3.26); may be repeated in a message. In ANSI T1.113 the generic address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GenericNumber {
    /// What the number is.
    pub qualifier: NumberQualifier,
    /// Nature of address.
    pub nature: NatureOfAddress,
    /// Numbering plan.
    pub plan: NumberingPlan,
    /// The number is incomplete (NI).
    pub incomplete: bool,
    /// Whether it may be shown.
    pub presentation: Presentation,
    /// Who provided it and whether it was verified.
    pub screening: Screening,
    /// The address signals.
    pub digits: Digits,
}

impl Parameter for GenericNumber {
    const CODE: ParameterCode = ParameterCode::GENERIC_NUMBER;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [qualifier, nature, octet] = first_octets(Self::CODE, content)?;
        Ok(Self {
            qualifier: NumberQualifier::from_code(qualifier),
            nature: NatureOfAddress::from_code(nature & !ODD),
            plan: NumberingPlan::from_code(octet >> 4 & 7),
            incomplete: octet & 0x80 != 0,
            presentation: Presentation::from_code(octet >> 2 & 3),
            screening: Screening::from_code(octet & 3),
            digits: Digits::read(Self::CODE, content, 3, nature & ODD != 0)?,
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        let indicators = u8::from(self.incomplete) << 7
            | (self.plan.code() & 7) << 4
            | (self.presentation.code() & 3) << 2
            | self.screening.code() & 3;
        to.extend([
            self.qualifier.code(),
            first(self.nature, &self.digits),
            indicators,
        ]);
        self.digits.pack(to);
    }
}

impl Describe for GenericNumber {
    fn describe(&self) -> Vec<Field> {
        vec![
            Field::coded(
                "number qualifier",
                self.qualifier.code(),
                self.qualifier.name(),
            ),
            Field::coded("nature of address", self.nature.code(), self.nature.name()),
            Field::coded("numbering plan", self.plan.code(), self.plan.name()),
            Field::flag("number incomplete", self.incomplete),
            Field::coded(
                "address presentation restricted indicator",
                self.presentation.code(),
                self.presentation.name(),
            ),
            Field::coded(
                "screening indicator",
                self.screening.code(),
                self.screening.name(),
            ),
            Field::digits("address signals", self.digits),
        ]
    }
}

/// Subsequent number (§3.51): more address signals of the called party number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubsequentNumber {
    /// The address signals.
    pub digits: Digits,
}

impl Parameter for SubsequentNumber {
    const CODE: ParameterCode = ParameterCode::SUBSEQUENT_NUMBER;

    fn decode(content: &[u8]) -> Result<Self, DecodeError> {
        let [first] = first_octets(Self::CODE, content)?;
        Ok(Self {
            digits: Digits::read(Self::CODE, content, 1, first & ODD != 0)?,
        })
    }

    fn encode(&self, to: &mut Vec<u8>) {
        to.push(if self.digits.is_odd() { ODD } else { 0 });
        self.digits.pack(to);
    }
}

impl Describe for SubsequentNumber {
    fn describe(&self) -> Vec<Field> {
        vec![Field::digits("address signals", self.digits)]
    }
}
