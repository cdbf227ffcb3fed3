//! Which standard a message follows. A variant is a row of data: another one that it is based on,
//! the messages that it has otherwise ([`crate::message::row`]), and its figures.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::message::table::{self, Differences};

/// The standard that a message follows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Variant {
    /// ITU-T Q.763, 1992 and later.
    #[default]
    Itu,
    /// ANSI T1.113.
    Ansi,
    /// A national one, made of data alone, that shows that data is enough: nothing in this crate
    /// asks which variant it has, or its tests would not build.
    #[cfg(test)]
    National,
}

/// What a variant is.
#[derive(Debug)]
pub(crate) struct VariantRow {
    /// Its name in configurations and commands.
    pub(crate) name: &'static str,
    /// The messages that it has otherwise than the variant that it is based on, and that it has
    /// besides.
    pub(crate) messages: &'static Differences,
    /// The variant that it is based on, none for that of ITU-T.
    pub(crate) base: Option<Variant>,
    /// The greatest circuit identification code.
    pub(crate) largest_cic: u16,
    /// Bits of the circuit identification code that select a signalling link.
    pub(crate) link_selection: u16,
    /// Octets of the routing label and the circuit identification code before a message.
    pub(crate) label_octets: usize,
    /// Messages for groups of circuits are sent twice, and count from the second copy on.
    pub(crate) groups_twice: bool,
}

static ITU: VariantRow = VariantRow {
    name: "itu",
    messages: &table::ITU,
    base: None,
    // Q.763 §1.2, Q.704 §2.2.
    largest_cic: 0x0FFF,
    link_selection: 0x0F,
    label_octets: 4 + 2,
    groups_twice: false,
};

static ANSI: VariantRow = VariantRow {
    name: "ansi",
    messages: &table::ANSI,
    base: Some(Variant::Itu),
    // T1.113.3 §1.2, T1.111.4, T1.113.4.
    largest_cic: 0x3FFF,
    link_selection: 0x1F,
    label_octets: 7 + 2,
    groups_twice: true,
};

impl Variant {
    /// Every variant.
    pub const ALL: &'static [Self] = &[Self::Itu, Self::Ansi];

    pub(crate) fn row(self) -> &'static VariantRow {
        match self {
            Self::Itu => &ITU,
            Self::Ansi => &ANSI,
            #[cfg(test)]
            Self::National => &tests::NATIONAL,
        }
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().name)
    }
}

/// The name is none of the variants'.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ISUP variant {found:?}, expected itu or ansi")]
pub struct UnknownVariant {
    /// What was given.
    pub found: String,
}

impl core::str::FromStr for Variant {
    type Err = UnknownVariant;

    fn from_str(name: &str) -> Result<Self, UnknownVariant> {
        let known = Self::ALL.iter().find(|variant| variant.row().name == name);
        known.copied().ok_or_else(|| UnknownVariant {
            found: name.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MessageRow;
    use crate::{Message, MessageType, ParameterCode as P};

    /// Based on ITU-T, with a charging message that has parameters and a continuity message that
    /// may have some, 32 links to select from.
    pub(super) static NATIONAL: VariantRow = VariantRow {
        name: "national",
        messages: &Differences::new(&[
            MessageRow::new(
                MessageType::Crg,
                &[(P::EVENT_INFORMATION, 1)],
                &[P::CALLED_PARTY_NUMBER],
                Some(&[0x39]),
            ),
            MessageRow::new(
                MessageType::Cot,
                &[(P::CONTINUITY_INDICATORS, 1)],
                &[],
                Some(&[0x39]),
            ),
        ]),
        base: Some(Variant::Itu),
        largest_cic: 0x07FF,
        link_selection: 0x1F,
        label_octets: 4 + 2,
        groups_twice: true,
    };

    #[test]
    fn a_national_variant_is_data() {
        let octets = [0x31, 0x01, 0x02, 0x00, 0x04, 0x83, 0x10, 0x21, 0x03];
        let national = Message::decode_variant(&octets, Variant::National).unwrap();
        let codes: Vec<P> = national.parts().map(|part| part.code).collect();
        assert_eq!(codes, [P::EVENT_INFORMATION, P::CALLED_PARTY_NUMBER]);
        assert_eq!(national.to_vec(), octets);
        // To ITU-T what follows is nationally defined.
        let itu = Message::decode_variant(&octets, Variant::Itu).unwrap();
        assert_eq!(itu.parts().count(), 0);
        assert_eq!(itu.to_vec(), octets);
        // What it does not have otherwise is that of its base, and the base is untouched.
        let row = |message, variant| crate::message::row(message, variant);
        for message in [MessageType::Iam, MessageType::Rel, MessageType::Apm] {
            assert_eq!(row(message, Variant::National), row(message, Variant::Itu));
        }
        assert_ne!(
            row(MessageType::Cot, Variant::National),
            row(MessageType::Cot, Variant::Itu)
        );
        let rows = |variant| crate::message::rows(variant).count();
        assert_eq!(rows(Variant::National), rows(Variant::Itu));
        assert_eq!(rows(Variant::Ansi), rows(Variant::Itu) + 5);
        assert_eq!(Variant::National.to_string(), "national");
    }

    #[test]
    fn names() {
        for variant in Variant::ALL {
            assert_eq!(variant.to_string().parse(), Ok(*variant));
        }
        assert!("national".parse::<Variant>().is_err());
    }
}
