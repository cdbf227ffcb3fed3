//! Messages laid out by a second hand, from the tables of the messages and random content.

use isup::{
    MessageType, Variant,
    message::{MessageRow, rows},
};
use proptest::{collection::vec, prelude::*, sample::select};

/// A message as it was laid out.
#[derive(Clone, Debug)]
pub(crate) struct Generated {
    pub(crate) variant: Variant,
    pub(crate) message: MessageType,
    /// Name octet and content of each parameter in the order of `Message::parts`.
    pub(crate) parameters: Vec<(u8, Vec<u8>)>,
    /// How many of them are mandatory.
    pub(crate) mandatory: usize,
    pub(crate) trailing: Vec<u8>,
    pub(crate) octets: Vec<u8>,
}

/// How a sender may lay out what has pointers.
#[derive(Clone, Debug)]
struct Freedom {
    /// The optional part comes before the variable parameters.
    optional_first: bool,
    /// The variable parameters come in the opposite order.
    reversed: bool,
    /// Octets that belong to nothing before each part.
    gap: usize,
}

/// Any message of any variant that has parameters, laid out as the Recommendation wants it.
pub(crate) fn usual() -> impl Strategy<Value = Generated> {
    laid_out(
        Just(Freedom {
            optional_first: false,
            reversed: false,
            gap: 0,
        }),
        0..1,
    )
}

/// Any message of any variant, laid out in any way that its pointers can describe.
pub(crate) fn unusual() -> impl Strategy<Value = Generated> {
    let freedom =
        (any::<bool>(), any::<bool>(), 0..3_usize).prop_map(|(optional_first, reversed, gap)| {
            Freedom {
                optional_first,
                reversed,
                gap,
            }
        });
    laid_out(freedom, 0..6)
}

fn laid_out(
    freedom: impl Strategy<Value = Freedom>,
    trailing: core::ops::Range<usize>,
) -> impl Strategy<Value = Generated> {
    let row = select(vec![Variant::Itu, Variant::Ansi]).prop_flat_map(|variant| {
        let rows: Vec<&MessageRow> = rows(variant).filter(|row| !row.opaque).collect();
        (Just(variant), select(rows))
    });
    let contents = vec(vec(any::<u8>(), 0..24), 2);
    let optional = vec((1..=255_u8, vec(any::<u8>(), 0..20)), 0..10);
    (
        row,
        vec(any::<u8>(), 8),
        contents,
        optional,
        vec(any::<u8>(), trailing),
        freedom,
    )
        .prop_map(
            |((variant, row), fixed, contents, optional, trailing, freedom)| {
                let optional = if row.optional.is_some() {
                    optional
                } else {
                    Vec::new()
                };
                lay_out(
                    variant, row, &fixed, &contents, &optional, trailing, &freedom,
                )
            },
        )
}

fn lay_out(
    variant: Variant,
    row: &MessageRow,
    fixed: &[u8],
    contents: &[Vec<u8>],
    optional: &[(u8, Vec<u8>)],
    trailing: Vec<u8>,
    freedom: &Freedom,
) -> Generated {
    let mut parameters = Vec::new();
    let mut octets = vec![row.message.code()];
    let mut fixed = fixed.iter().copied();
    for &(code, length) in row.fixed {
        let content: Vec<u8> = fixed.by_ref().take(usize::from(length)).collect();
        octets.extend(&content);
        parameters.push((code.0, content));
    }
    parameters.extend(
        row.variable
            .iter()
            .map(|code| code.0)
            .zip(contents.iter().cloned()),
    );
    let mandatory = parameters.len();
    parameters.extend(optional.iter().cloned());

    let pointers = octets.len();
    let optional_pointer = row.optional.map(|_| pointers + row.variable.len());
    octets.resize(pointers + row.variable.len() + row.optional.iter().len(), 0);
    let mut parts: Vec<(usize, Vec<u8>)> = (0..row.variable.len())
        .map(|place| {
            let content = &contents[place];
            (
                pointers + place,
                [&[content.len() as u8], content.as_slice()].concat(),
            )
        })
        .collect();
    if freedom.reversed {
        parts.reverse();
    }
    if let (Some(pointer), false) = (optional_pointer, optional.is_empty()) {
        let mut part = Vec::new();
        for (code, content) in optional {
            part.extend([*code, content.len() as u8]);
            part.extend(content);
        }
        part.push(0);
        // Behind 200 octets of optional part a pointer would not reach the variable ones.
        let place = if freedom.optional_first && part.len() < 180 {
            0
        } else {
            parts.len()
        };
        parts.insert(place, (pointer, part));
    }
    for (pointer, part) in parts {
        octets.resize(octets.len() + freedom.gap, 0xEE);
        octets[pointer] = u8::try_from(octets.len() - pointer).unwrap();
        octets.extend(part);
    }
    octets.extend(&trailing);
    Generated {
        variant,
        message: row.message,
        parameters,
        mandatory,
        trailing,
        octets,
    }
}
